//! From I-Regexp (RFC 9485) to the syntax of the regex crate, one character after the other.

use std::ops::Range;

use super::{ANCHOR, NOT_IREGEXP, PatternMistake};

/// How deep groups may nest.
const MAX_NESTING: usize = 64;

/// What is wrong and what to do, where nothing can simply be put in its place.
fn mistake(
    range: Range<usize>,
    message: impl Into<String>,
    expected: &str,
    advice: impl Into<String>,
) -> PatternMistake {
    PatternMistake {
        code: NOT_IREGEXP,
        message: message.into(),
        range,
        expected: expected.to_owned(),
        advice: advice.into(),
        instead: None,
    }
}

/// What is wrong and what stands in its place in an I-Regexp.
fn misspelt(
    range: Range<usize>,
    message: impl Into<String>,
    expected: &str,
    instead: impl Into<String>,
) -> PatternMistake {
    PatternMistake {
        instead: Some(instead.into()),
        ..mistake(range, message, expected, "")
    }
}

/// The I-Regexp of the regex crate's syntax. `anchors_refused`: `^` and `$` at the end of a branch
/// are a mistake, not the characters that they are.
pub(super) fn translate(text: &str, anchors_refused: bool) -> Result<String, PatternMistake> {
    let mut translator = Translator {
        text,
        position: 0,
        out: String::new(),
        nesting: 0,
        anchors_refused,
    };
    translator.alternatives()?;
    match translator.peek() {
        None => Ok(translator.out),
        // Only a closing parenthesis ends the alternatives before the text does.
        Some(one) => Err(misspelt(
            translator.here(),
            format!("`{one}` without its opening"),
            "expected the end, or it escaped",
            "\\)",
        )),
    }
}

/// The I-Regexp of `^` or `$` where it is at the end of a branch.
pub(super) const fn literally(anchor: char) -> &'static str {
    match anchor {
        '$' => "[$]",
        _ => "\\^",
    }
}

struct Translator<'t> {
    text: &'t str,
    position: usize,
    out: String,
    nesting: usize,
    anchors_refused: bool,
}

type Translated = Result<(), PatternMistake>;

impl Translator<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn here(&self) -> Range<usize> {
        self.position..self.position + self.peek().map_or(0, char::len_utf8)
    }

    fn take(&mut self) -> Option<char> {
        let one = self.peek()?;
        self.position += one.len_utf8();
        Some(one)
    }

    fn alternatives(&mut self) -> Translated {
        loop {
            self.branch()?;
            if self.peek() != Some('|') {
                return Ok(());
            }
            self.position += 1;
            self.out.push('|');
        }
    }

    fn branch(&mut self) -> Translated {
        let start = self.position;
        while let Some(one) = self.peek() {
            if matches!(one, '|' | ')') {
                break;
            }
            let at_start = self.position == start;
            let at_end = matches!(self.rest().chars().nth(1), None | Some('|' | ')'));
            if self.anchors_refused && matches!(one, '^' | '$') && (at_start || at_end) {
                let meant = (one == '^') == at_start;
                return Err(PatternMistake {
                    code: ANCHOR,
                    message: format!("`{one}` is a character here, not an anchor"),
                    range: self.here(),
                    expected: "I-Regexp has no anchors".to_owned(),
                    advice: String::new(),
                    instead: Some(if meant { "" } else { literally(one) }.to_owned()),
                });
            }
            self.piece()?;
        }
        Ok(())
    }

    fn piece(&mut self) -> Translated {
        let at = self.here();
        match self.peek() {
            Some('(') => {
                if self.rest().starts_with("(?") {
                    return Err(self.special_group(at.start));
                }
                if self.nesting >= MAX_NESTING {
                    return Err(mistake(
                        at,
                        "groups nested more than 64 deep",
                        "one level too many",
                        "write a simpler pattern",
                    ));
                }
                self.position += 1;
                self.nesting += 1;
                self.out.push_str("(?:");
                self.alternatives()?;
                self.nesting -= 1;
                if self.take() != Some(')') {
                    return Err(mistake(
                        at,
                        "the group is not closed",
                        "opened here, never closed",
                        "close it with `)`, or write `\\(` for the character",
                    ));
                }
                self.out.push(')');
            }
            Some('.') => {
                self.position += 1;
                self.out.push_str("[^\\n\\r]");
            }
            Some('\\') => self.escape(true)?,
            Some('[') => self.class()?,
            Some(one @ ('*' | '+' | '?' | '{')) => {
                return Err(misspelt(
                    at,
                    format!("`{one}` repeats nothing"),
                    "expected something before it, or it escaped",
                    format!("\\{one}"),
                ));
            }
            Some(one @ (']' | '}')) => {
                return Err(misspelt(
                    at,
                    format!("`{one}` without its opening"),
                    "expected it escaped",
                    format!("\\{one}"),
                ));
            }
            Some(one) => {
                self.position += one.len_utf8();
                self.literal(one);
            }
            None => return Ok(()),
        }
        self.quantifier()
    }

    /// `(?…`: what it was meant for.
    fn special_group(&self, start: usize) -> PatternMistake {
        let message = "special groups are not part of I-Regexp";
        let rest = self.rest();
        if rest.starts_with("(?:") {
            return misspelt(start..start + 3, message, "expected a plain group", "(");
        }
        let flags = rest
            .get(2..)
            .and_then(|flags| flags.split([')', ':']).next())
            .is_some_and(|flags| !flags.is_empty() && flags.chars().all(char::is_alphabetic));
        let advice = if flags {
            "there are no flags: name both letters, `[Ss][Uu][Pp]`"
        } else {
            "write a plain group: `(…)`"
        };
        mistake(start..start + 2, message, "expected a plain group", advice)
    }

    fn literal(&mut self, one: char) {
        let mut buffer = [0; 4];
        let escaped = regex::escape(one.encode_utf8(&mut buffer));
        self.out.push_str(&escaped);
    }

    fn quantifier(&mut self) -> Translated {
        match self.peek() {
            Some(one @ ('*' | '+' | '?')) => {
                self.position += 1;
                self.out.push(one);
            }
            Some('{') => {
                let start = self.position;
                let length = self.rest().find('}').map(|length| length + 1);
                let written = length
                    .and_then(|length| self.rest().get(..length))
                    .unwrap_or_default();
                let inside = written.trim_start_matches('{').trim_end_matches('}');
                let mut numbers = inside.splitn(2, ',');
                let first = numbers.next().unwrap_or_default();
                let second = numbers.next();
                let digits =
                    |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                if written.is_empty()
                    || !digits(first)
                    || !second.is_none_or(|second| second.is_empty() || digits(second))
                {
                    return Err(mistake(
                        start..start + written.len().max(1),
                        "not a repetition",
                        "expected `{2}`, `{2,}` or `{2,5}`",
                        "write `\\{` for the character",
                    ));
                }
                // Leading zeros are allowed, so the texts do not order as the numbers do.
                let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
                if let Some(second) = second.filter(|second| !second.is_empty())
                    && number(second) < number(first)
                {
                    return Err(misspelt(
                        start..start + written.len(),
                        "the repetition ends before it starts",
                        "expected the smaller number first",
                        format!("{{{second},{first}}}"),
                    ));
                }
                let written = written.to_owned();
                self.position += written.len();
                self.out.push_str(&written);
            }
            _ => return Ok(()),
        }
        if let Some(one @ ('?' | '+' | '*' | '{')) = self.peek() {
            if one == '{' {
                return Err(mistake(
                    self.here(),
                    "a repetition of a repetition",
                    "expected something else",
                    "put what is repeated in a group: `(…)`",
                ));
            }
            return Err(misspelt(
                self.here(),
                format!("`{one}` after a repetition"),
                "I-Regexp has no lazy or possessive repetitions",
                "",
            ));
        }
        Ok(())
    }

    /// An escape, outside (`alone`) or inside a class.
    fn escape(&mut self, alone: bool) -> Translated {
        let start = self.position;
        self.position += 1;
        let Some(one) = self.take() else {
            return Err(mistake(
                start..start + 1,
                "nothing is escaped",
                "expected a character after it",
                "write `\\\\` for the character",
            ));
        };
        match one {
            '(' | ')' | '*' | '+' | '-' | '.' | '?' | '[' | '\\' | ']' | '^' | '{' | '|' | '}' => {
                self.literal(one);
            }
            'n' => self.out.push_str("\\n"),
            'r' => self.out.push_str("\\r"),
            't' => self.out.push_str("\\t"),
            'p' | 'P' => {
                let length = self
                    .rest()
                    .find('}')
                    .filter(|_| self.rest().starts_with('{'));
                let category = length
                    .and_then(|length| self.rest().get(1..length))
                    .unwrap_or_default()
                    .to_owned();
                if !is_category(&category) {
                    return Err(mistake(
                        start..self.position,
                        "not a Unicode category",
                        "expected e.g. `\\p{L}`",
                        "there are L M N P Z S C and their parts: `\\p{Lu}`, `\\p{Nd}` …",
                    ));
                }
                self.position += category.len() + 2;
                for part in ["\\", one.encode_utf8(&mut [0; 4]), "{", &category, "}"] {
                    self.out.push_str(part);
                }
            }
            _ => {
                let range = start..self.position;
                let message = format!("`\\{one}` is not part of I-Regexp");
                return Err(match instead(one, alone) {
                    Ok(instead) => misspelt(range, message, "I-Regexp has no such escape", instead),
                    Err(advice) => mistake(range, message, "I-Regexp has no such escape", advice),
                });
            }
        }
        Ok(())
    }

    fn class(&mut self) -> Translated {
        let open = self.here();
        self.position += 1;
        self.out.push('[');
        if self.peek() == Some('^') {
            self.position += 1;
            self.out.push('^');
        }
        if self.peek() == Some('-') {
            self.position += 1;
            self.out.push_str("\\-");
        } else if self.peek() == Some(']') {
            return Err(mistake(
                open.start..self.position + 1,
                "the class is empty",
                "expected a character",
                "write `\\]` for the character",
            ));
        }
        loop {
            match self.peek() {
                None => {
                    return Err(mistake(
                        open,
                        "the class is not closed",
                        "opened here, never closed",
                        "close it with `]`",
                    ));
                }
                Some(']') => {
                    self.position += 1;
                    self.out.push(']');
                    return Ok(());
                }
                Some('-') => {
                    if !self.rest().starts_with("-]") {
                        return Err(misspelt(
                            self.here(),
                            "`-` between what is no range",
                            "expected it first, last or escaped",
                            "\\-",
                        ));
                    }
                    self.position += 1;
                    self.out.push_str("\\-");
                }
                Some('[') => {
                    return Err(misspelt(
                        self.here(),
                        "a class in a class",
                        "expected it escaped",
                        "\\[",
                    ));
                }
                Some(_) => self.class_part()?,
            }
        }
    }

    fn class_part(&mut self) -> Translated {
        let start = self.position;
        let category = self.rest().starts_with("\\p") || self.rest().starts_with("\\P");
        self.class_character()?;
        let ranges = self.peek() == Some('-') && !self.rest().starts_with("-]");
        if !ranges {
            return Ok(());
        }
        if category {
            return Err(mistake(
                start..self.position + 1,
                "a range from a category",
                "expected a character",
                "write `\\-` for the character",
            ));
        }
        self.position += 1;
        self.out.push('-');
        if matches!(self.peek(), None | Some('-' | '[')) {
            return Err(mistake(
                self.here(),
                "the range has no end",
                "expected a character",
                "write `\\-` for the character",
            ));
        }
        self.class_character()?;
        let written = self.text.get(start..self.position).unwrap_or_default();
        let ends: Vec<char> = written.chars().filter(|one| *one != '\\').collect();
        if let [from, '-', to] = ends.as_slice()
            && from > to
            && !written.contains('\\')
        {
            return Err(mistake(
                start..self.position,
                "the range ends before it starts",
                "expected the smaller one first",
                format!("write `{to}-{from}`"),
            ));
        }
        Ok(())
    }

    fn class_character(&mut self) -> Translated {
        match self.peek() {
            Some('\\') => self.escape(false),
            Some(one) => {
                self.position += one.len_utf8();
                // In a class of the regex crate more characters are special than in I-Regexp.
                if one.is_ascii_punctuation() {
                    self.out.push('\\');
                }
                self.out.push(one);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// What an escape of other regular expressions is in I-Regexp, or what to do without it.
fn instead(escaped: char, alone: bool) -> Result<String, String> {
    let (class, inside) = match escaped {
        'd' => ("[0-9]", Some("0-9")),
        'D' => ("[^0-9]", None),
        'w' => ("[A-Za-z0-9_]", Some("A-Za-z0-9_")),
        'W' => ("[^A-Za-z0-9_]", None),
        's' => ("[ \\t\\n\\r]", Some(" \\t\\n\\r")),
        'S' => ("[^ \\t\\n\\r]", None),
        '$' => ("[$]", Some("$")),
        'b' | 'B' | 'A' | 'z' | 'Z' => {
            return Err(
                "there are no anchors and word boundaries: name the characters around it"
                    .to_owned(),
            );
        }
        '0'..='9' => return Err("there are no back-references: write the part again".to_owned()),
        other if other.is_ascii_alphanumeric() => {
            return Err(format!(
                "for the character write `{other}` without the backslash"
            ));
        }
        other => return Ok(other.to_string()),
    };
    match inside {
        _ if alone => Ok(class.to_owned()),
        Some(inside) => Ok(inside.to_owned()),
        None => Err(format!("write it as a class of its own: `{class}`")),
    }
}

fn is_category(name: &str) -> bool {
    let mut letters = name.chars();
    let parts = match letters.next() {
        Some('L') => "lmotu",
        Some('M') => "cen",
        Some('N') => "dlo",
        Some('P') => "cdefios",
        Some('Z') => "lps",
        Some('S') => "ckmo",
        Some('C') => "cfno",
        _ => return false,
    };
    match (letters.next(), letters.next()) {
        (None, None) => true,
        (Some(part), None) => parts.contains(part),
        _ => false,
    }
}
