//! I-Regexp (RFC 9485), the patterns of `match` and `search`, compiled to the regex crate.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use crate::diagnostic::Code;
use crate::expression::Problem;

const NOT_IREGEXP: Code = Code::new("regexp.not_iregexp");
const ANCHOR: Code = Code::new("regexp.anchor");
const TOO_LARGE: Code = Code::new("regexp.too_large");

/// How large a compiled pattern may be, in bytes.
const SIZE_LIMIT: usize = 1 << 20;
/// How deep groups may nest.
const MAX_NESTING: usize = 64;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    whole: Regex,
    part: Regex,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PatternMistake {
    code: Code,
    message: String,
    /// Its bytes in the pattern.
    range: Range<usize>,
    expected: String,
    help: String,
}

impl PatternMistake {
    /// The problem in a query whose literal, quotes included, stands at `literal`.
    pub(super) fn in_literal(self, query: &str, literal: Range<usize>, function: &str) -> Problem {
        let written = query
            .get(literal.start + 1..literal.end.saturating_sub(1))
            .unwrap_or_default();
        // Where an escape stands before it the place in the literal is not that of the pattern.
        let range = if written.contains('\\') && !same_until(written, self.range.end) {
            literal.clone()
        } else {
            literal.start + 1 + self.range.start..literal.start + 1 + self.range.end
        };
        let help = if self.code == ANCHOR {
            let bare = written.trim_start_matches('^').trim_end_matches('$');
            let how = match function {
                "match" => format!("`match` compares the whole text: write `match(…, '{bare}')`"),
                _ => format!("write `match(…, '{}')`", anchored(written)),
            };
            format!("{how}; to mean the character, write `[$]` or `\\\\^`")
        } else {
            self.help
        };
        Problem::error(self.code, self.message, range, self.expected).help(help)
    }
}

fn same_until(written: &str, end: usize) -> bool {
    written
        .get(..end)
        .is_some_and(|start| !start.contains('\\'))
}

/// The pattern of a `match` that says what anchors in a `search` meant.
fn anchored(written: &str) -> String {
    let start = if written.starts_with('^') { "" } else { ".*" };
    let end = if written.ends_with('$') { "" } else { ".*" };
    format!(
        "{start}{}{end}",
        written.trim_start_matches('^').trim_end_matches('$')
    )
}

impl Pattern {
    /// Compiles an I-Regexp.
    pub(super) fn parse(text: &str) -> Result<Self, PatternMistake> {
        let mut translator = Translator {
            text,
            position: 0,
            out: String::new(),
            nesting: 0,
        };
        translator.alternatives()?;
        if let Some(one) = translator.peek() {
            return Err(mistake(
                translator.here(),
                format!("`{one}` without its opening"),
                "expected the end",
                "write `\\)` for the character",
            ));
        }
        let out = translator.out;
        let build = |pattern: &str| {
            RegexBuilder::new(pattern)
                .size_limit(SIZE_LIMIT)
                .dfa_size_limit(SIZE_LIMIT)
                .build()
        };
        match (build(&format!("^(?:{out})$")), build(&out)) {
            (Ok(whole), Ok(part)) => Ok(Self { whole, part }),
            _ => Err(PatternMistake {
                code: TOO_LARGE,
                message: "the pattern is too large, or names what does not exist".to_owned(),
                range: 0..text.len(),
                expected: "expected a smaller pattern".to_owned(),
                help: "use smaller repetitions than `{1,1000}`, and categories such as `\\p{L}`"
                    .to_owned(),
            }),
        }
    }

    /// A pattern that matches nothing.
    pub(super) fn nothing() -> Self {
        let never = || {
            // An empty class can match no character.
            Regex::new(r"[^\s\S]").or_else(|_| Regex::new("a^"))
        };
        match (never(), never()) {
            (Ok(whole), Ok(part)) => Self { whole, part },
            _ => unreachable_pattern(),
        }
    }

    /// True where the whole text, or a part of it, matches.
    pub(super) fn matches(&self, text: &str, whole: bool) -> bool {
        if whole {
            self.whole.is_match(text)
        } else {
            self.part.is_match(text)
        }
    }
}

/// Both fixed patterns are valid; a text of one character is the last resort.
fn unreachable_pattern() -> Pattern {
    Pattern::parse("\u{0}").unwrap_or_else(|_| Pattern::nothing())
}

fn mistake(
    range: Range<usize>,
    message: impl Into<String>,
    expected: &str,
    help: impl Into<String>,
) -> PatternMistake {
    PatternMistake {
        code: NOT_IREGEXP,
        message: message.into(),
        range,
        expected: expected.to_owned(),
        help: help.into(),
    }
}

struct Translator<'t> {
    text: &'t str,
    position: usize,
    out: String,
    nesting: usize,
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
            let at_end = matches!(self.rest().chars().nth(1), None | Some('|' | ')'));
            if (one == '^' && self.position == start) || (one == '$' && at_end) {
                return Err(PatternMistake {
                    code: ANCHOR,
                    message: format!("`{one}` is a character here, not an anchor"),
                    range: self.here(),
                    expected: "I-Regexp has no anchors".to_owned(),
                    help: String::new(),
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
                    return Err(mistake(
                        at.start..at.end + 1,
                        "special groups are not part of I-Regexp",
                        "expected a plain group",
                        "write `(…)`",
                    ));
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
                return Err(mistake(
                    at,
                    format!("`{one}` repeats nothing"),
                    "expected something before it",
                    format!("write `\\{one}` for the character"),
                ));
            }
            Some(one @ (']' | '}')) => {
                return Err(mistake(
                    at,
                    format!("`{one}` without its opening"),
                    "expected it escaped",
                    format!("write `\\{one}` for the character"),
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
                let written = written.to_owned();
                self.position += written.len();
                self.out.push_str(&written);
            }
            _ => return Ok(()),
        }
        if let Some(one @ ('?' | '+' | '*' | '{')) = self.peek() {
            return Err(mistake(
                self.here(),
                format!("`{one}` after a repetition"),
                "expected something else",
                "lazy and possessive repetitions are not part of I-Regexp: leave it out",
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
                return Err(mistake(
                    start..self.position,
                    format!("`\\{one}` is not part of I-Regexp"),
                    "expected a class",
                    instead(one, alone),
                ));
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
                        return Err(mistake(
                            self.here(),
                            "`-` between what is no range",
                            "expected it first, last or escaped",
                            "write `\\-`",
                        ));
                    }
                    self.position += 1;
                    self.out.push_str("\\-");
                }
                Some('[') => {
                    return Err(mistake(
                        self.here(),
                        "a class in a class",
                        "expected it escaped",
                        "write `\\[` for the character",
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

/// What an escape of other regular expressions is in I-Regexp.
fn instead(escaped: char, alone: bool) -> String {
    let (class, inside) = match escaped {
        'd' => ("[0-9]", "0-9"),
        'D' => ("[^0-9]", "0-9 in a `[^…]`"),
        'w' => ("[A-Za-z0-9_]", "A-Za-z0-9_"),
        'W' => ("[^A-Za-z0-9_]", "A-Za-z0-9_ in a `[^…]`"),
        's' => ("[ \\t\\n\\r]", " \\t\\n\\r"),
        'S' => ("[^ \\t\\n\\r]", " \\t\\n\\r in a `[^…]`"),
        '$' => ("[$]", "$"),
        'b' | 'B' | 'A' | 'z' | 'Z' => {
            return "there are no anchors and word boundaries: name the characters around it"
                .to_owned();
        }
        '0'..='9' => return "there are no back-references: write the part again".to_owned(),
        other => return format!("write `{other}` without the backslash"),
    };
    format!("write `{}`", if alone { class } else { inside })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(text, true)
    }

    fn help(pattern: &str) -> String {
        let mistake = Pattern::parse(pattern).unwrap_err();
        format!("{}; {}", mistake.message, mistake.help)
    }

    #[test]
    fn means_what_rfc_9485_means() {
        assert!(matches("SUP-[0-9]+", "SUP-12"));
        assert!(!matches("SUP-[0-9]+", "xSUP-12"));
        assert!(!matches("a.b", "a\nb") && !matches("a.b", "a\rb") && matches("a.b", "a\u{2028}b"));
        assert!(matches("a|bc", "bc") && !matches("a|bc", "abc"));
        assert!(matches("\\p{Lu}\\P{L}", "É1"));
        assert!(matches("[$]a\\^", "$a^"));
        assert!(matches("a$b^c", "a$b^c"));
        assert!(matches("[-a&&~#]", "&") && matches("[^-]", "x"));
    }

    #[test]
    fn what_it_has_not_is_shown_as_it_has_it() {
        assert_eq!(help("\\d+"), "`\\d` is not part of I-Regexp; write `[0-9]`");
        assert_eq!(
            help("[\\w]"),
            "`\\w` is not part of I-Regexp; write `A-Za-z0-9_`"
        );
        assert!(help("^a").contains("not an anchor"));
        assert!(help("a|b$").contains("not an anchor"));
        assert!(help("(?:a)").contains("special groups"));
        assert!(help("a*?").contains("after a repetition"));
        assert!(Pattern::parse("(x{1,1000}){1,1000}").is_err());
    }

    #[test]
    fn nothing_matches_nothing() {
        assert!(!Pattern::nothing().matches("", true) && !Pattern::nothing().matches("a", false));
    }
}
