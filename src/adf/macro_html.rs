//! The visible text of the HTML that a nested-table macro keeps in its parameters.

/// The lines that a reader sees: tags removed, entities decoded, white space collapsed.
pub(super) fn visible_lines(html: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut rest = html;
    while let Some(character) = rest.chars().next() {
        rest = match character {
            '<' if starts_a_tag(rest) => {
                let end = rest.find('>').map_or(rest.len(), |at| at + 1);
                let (tag, after) = rest.split_at(end);
                if ends_a_line(tag) {
                    lines.push(std::mem::take(&mut line));
                } else if ends_a_cell(tag) {
                    line.push(' ');
                }
                after
            }
            '&' => {
                let (decoded, after) = entity(rest);
                line.push_str(decoded.encode_utf8(&mut [0; 4]));
                after
            }
            _ => {
                line.push(character);
                rest.get(character.len_utf8()..).unwrap_or_default()
            }
        };
    }
    lines.push(line);
    lines
        .iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect()
}

fn starts_a_tag(text: &str) -> bool {
    text.get(1..).is_some_and(|after| {
        after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    })
}

fn name_of(tag: &str) -> &str {
    let name = tag.trim_start_matches(['<', '/']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric());
    name.get(..end.unwrap_or(name.len())).unwrap_or_default()
}

fn ends_a_line(tag: &str) -> bool {
    let is_end = tag.starts_with("</");
    let name = name_of(tag);
    let is_block = [
        "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table",
    ]
    .iter()
    .any(|block| name.eq_ignore_ascii_case(block));
    name.eq_ignore_ascii_case("br") || (is_end && is_block)
}

fn ends_a_cell(tag: &str) -> bool {
    tag.starts_with("</")
        && ["td", "th"]
            .iter()
            .any(|cell| name_of(tag).eq_ignore_ascii_case(cell))
}

/// The character that an entity at the start of the text stands for, and what follows it. An
/// ampersand that starts none is itself.
fn entity(text: &str) -> (char, &str) {
    let itself = ('&', text.get(1..).unwrap_or_default());
    let name: &str = text
        .get(1..)
        .map(|after| {
            let end = after
                .char_indices()
                .take(12)
                .find(|(_, c)| !c.is_ascii_alphanumeric() && *c != '#');
            after.get(..end.map_or(0, |(at, _)| at)).unwrap_or_default()
        })
        .unwrap_or_default();
    let Some(after) = text
        .get(1 + name.len()..)
        .and_then(|rest| rest.strip_prefix(';'))
    else {
        return itself;
    };
    let decoded = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" | "rsquo" => Some(if name == "apos" { '\'' } else { '’' }),
        "lsquo" => Some('‘'),
        "ldquo" => Some('“'),
        "rdquo" => Some('”'),
        "ndash" => Some('–'),
        "mdash" => Some('—'),
        "hellip" => Some('…'),
        "nbsp" => Some('\u{a0}'),
        "bull" => Some('•'),
        "middot" => Some('·'),
        "rarr" => Some('→'),
        "larr" => Some('←'),
        "copy" => Some('©'),
        "reg" => Some('®'),
        "trade" => Some('™'),
        "euro" => Some('€'),
        "pound" => Some('£'),
        "auml" => Some('ä'),
        "ouml" => Some('ö'),
        "uuml" => Some('ü'),
        "Auml" => Some('Ä'),
        "Ouml" => Some('Ö'),
        "Uuml" => Some('Ü'),
        "szlig" => Some('ß'),
        "eacute" => Some('é'),
        "egrave" => Some('è'),
        "agrave" => Some('à'),
        _ => numeric(name),
    };
    decoded.map_or(itself, |character| (character, after))
}

fn numeric(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    char::from_u32(code.ok()?)
}

#[cfg(test)]
mod tests {
    use super::visible_lines;

    #[test]
    fn tags_go_and_entities_are_decoded() {
        let html = "<table><tr><th>A &amp; B</th><td>1 &lt; 2</td></tr><tr><td>&#x2713;&nbsp;x<br/>y</td></tr></table>";
        assert_eq!(visible_lines(html), ["A & B 1 < 2", "✓ x", "y"]);
        assert_eq!(visible_lines("a < b & c <b"), ["a < b & c"]);
        assert!(visible_lines("<p></p>").is_empty());
    }
}
