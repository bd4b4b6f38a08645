//! Markdown's escapes: text that stays the text it is.

/// What could begin at the next character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A block: nothing but white space stands on the line.
    LineStart,
    /// The item of a numbered list: nothing but digits stand on the line.
    Digits,
    Within,
}

/// What the text stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    /// Whether a pipe would end a cell.
    pub(super) in_cell: bool,
    /// Whether a tilde could strike something out.
    pub(super) has_tildes: bool,
    /// Whether more text follows on the line.
    pub(super) has_more: bool,
}

/// Writes text so that nothing in it is read as Markdown.
pub(super) fn push(out: &mut String, text: &str, place: &mut Place, around: Surroundings) {
    let mut before = out.chars().next_back();
    for (at, character) in text.char_indices() {
        let after = text.get(at + character.len_utf8()..).unwrap_or_default();
        let next = after.chars().next();
        let at_start = *place == Place::LineStart;
        let is_special = match character {
            '\\' | '*' | '[' | ']' | '<' | '`' => true,
            '_' => {
                let is_word = |side: Option<char>| side.is_some_and(char::is_alphanumeric);
                !(is_word(before) && is_word(next))
            }
            '~' => around.has_tildes || at_start,
            '&' => may_be_entity(after, around.has_more),
            '|' => around.in_cell || at_start,
            '#' | '>' | '+' | '-' | '=' => at_start,
            ':' => at_start && matches!(next, Some('-') | None),
            '.' | ')' => *place == Place::Digits && next.is_none_or(char::is_whitespace),
            _ => false,
        };
        if is_special {
            out.push('\\');
        }
        out.push(match character {
            '\r' => ' ',
            '\0' => char::REPLACEMENT_CHARACTER,
            _ => character,
        });
        *place = match *place {
            Place::LineStart | Place::Digits if character.is_ascii_digit() => Place::Digits,
            Place::LineStart if matches!(character, ' ' | '\t') => Place::LineStart,
            _ => Place::Within,
        };
        before = Some(character);
    }
}

/// Whether an ampersand before this text would begin an entity.
fn may_be_entity(after: &str, has_more: bool) -> bool {
    // No entity's name is longer than 31 characters.
    let end = after
        .char_indices()
        .take(33)
        .find(|(_, c)| !c.is_ascii_alphanumeric() && *c != '#');
    match end {
        Some((at, ';')) => at > 0,
        Some(_) => false,
        None => has_more && after.len() < 33,
    }
}

/// Writes the target of a link, in angle brackets where it could not stand alone.
pub(super) fn push_destination(out: &mut String, url: &str, in_cell: bool) {
    let url = url.trim();
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>');
    let needs_brackets = url.is_empty() || url.contains(is_odd) || !has_balanced_parentheses(url);
    if needs_brackets {
        out.push('<');
    }
    for (at, character) in url.char_indices() {
        match character {
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '\n' => out.push_str("%0A"),
            '\r' => out.push_str("%0D"),
            '\0' => out.push_str("%00"),
            '\\' => out.push_str("\\\\"),
            '|' if in_cell => out.push_str("%7C"),
            '&' if may_be_entity(url.get(at + 1..).unwrap_or_default(), false) => {
                out.push_str("&amp;");
            }
            _ => out.push(character),
        }
    }
    if needs_brackets {
        out.push('>');
    }
}

fn has_balanced_parentheses(url: &str) -> bool {
    let mut depth = 0_i32;
    for character in url.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        // Parsers bound the depth that they follow.
        if !(0..=3).contains(&depth) {
            return false;
        }
    }
    depth == 0
}

/// Writes the title of a link, quoted.
pub(super) fn push_title(out: &mut String, title: &str, in_cell: bool) {
    out.push('"');
    for (at, character) in title.char_indices() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '|' if in_cell => out.push_str("\\|"),
            '\n' | '\r' => out.push(' '),
            '&' if may_be_entity(title.get(at + 1..).unwrap_or_default(), false) => {
                out.push_str("\\&");
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// Whether the address can stand in angle brackets as a link of its own.
pub(super) fn is_autolink(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else {
        return false;
    };
    (2..=32).contains(&scheme.len())
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
        && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>'))
}

/// The length of the longest run of backticks.
pub(super) fn longest_backticks<'t>(texts: impl Iterator<Item = &'t str>) -> usize {
    let mut longest = 0;
    let mut current = 0;
    for character in texts.flat_map(str::chars) {
        current = if character == '`' { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    longest
}

/// Whether a delimiter of emphasis may stand beside the character: where words and symbols of
/// uncertain kind are, parsers would not take it for one.
pub(super) fn allows_delimiter(beside: Option<char>) -> bool {
    beside.is_none_or(|c| {
        c.is_whitespace()
            || c.is_ascii_punctuation()
            || matches!(c,
                '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{2043}' | '«' | '»' | '¿' | '¡' | '§' | '¶'
                | '、' | '。' | '〈'..='】')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        let around = Surroundings {
            in_cell: false,
            has_tildes: true,
            has_more: false,
        };
        push(&mut out, text, &mut Place::LineStart, around);
        out
    }

    #[test]
    fn what_would_be_markdown_is_escaped_and_no_more() {
        for (text, markdown) in [
            ("a*b_c_d[e]<f>`g`", r"a\*b_c_d\[e\]\<f>\`g\`"),
            ("_x_", r"\_x\_"),
            ("1. x", r"1\. x"),
            ("3.14", "3.14"),
            ("12) x", r"12\) x"),
            ("# x # y", r"\# x # y"),
            (" - x - y", r" \- x - y"),
            ("> x", r"\> x"),
            ("a > b", "a > b"),
            ("&amp; & &x", r"\&amp; & &x"),
            ("&#35;", r"\&#35;"),
            (":-|", r"\:-|"),
            ("~~x~~", r"\~\~x\~\~"),
            ("a\\b", r"a\\b"),
        ] {
            assert_eq!(escaped(text), markdown, "{text}");
        }
    }

    #[test]
    fn destinations_that_could_not_stand_alone_get_brackets() {
        for (url, written) in [
            ("https://a.example/b_c*d", "https://a.example/b_c*d"),
            ("/a b", "</a b>"),
            ("/a(b)", "/a(b)"),
            ("/a(b", "</a(b>"),
            ("/<x>\ny", "</%3Cx%3E%0Ay>"),
            ("/?a&copy;", "/?a&amp;copy;"),
        ] {
            let mut out = String::new();
            push_destination(&mut out, url, false);
            assert_eq!(out, written);
        }
    }
}
