//! I-Regexp (RFC 9485), the patterns of `match` and `search`, compiled to the regex crate.
//!
//! A pattern that is written in an expression is refused where it says what I-Regexp has not; one
//! that is found in a record and is none matches nothing.

mod cache;
mod mistake;
mod translate;

pub(super) use cache::PatternCache;
pub(super) use mistake::PatternMistake;
use regex::{Regex, RegexBuilder};
use translate::translate;

use crate::diagnostic::Code;

const NOT_IREGEXP: Code = Code::new("regexp.not_iregexp");
const ANCHOR: Code = Code::new("regexp.anchor");
const TOO_LARGE: Code = Code::new("regexp.too_large");

/// How large a compiled pattern may be, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// A compiled pattern: of a whole text, or of a part of it.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern that somebody wrote: `^` and `$` at the ends of a branch are refused.
    pub(super) fn written(text: &str, whole: bool) -> Result<Self, PatternMistake> {
        Self::compile(text, whole, true)
    }

    /// Compiles a pattern that was found in a record, RFC 9485 to the letter.
    pub(super) fn found(text: &str, whole: bool) -> Option<Self> {
        Self::compile(text, whole, false).ok()
    }

    fn compile(text: &str, whole: bool, anchors_refused: bool) -> Result<Self, PatternMistake> {
        let mut pattern = translate(text, anchors_refused)?;
        if whole {
            pattern = format!("^(?:{pattern})$");
        }
        RegexBuilder::new(&pattern)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map(Self)
            .map_err(|_| PatternMistake::too_large(text))
    }

    /// True where the text matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::written(pattern, true).unwrap().matches(text)
    }

    /// The message, the characters under which it stands, and help.
    #[track_caller]
    fn mistake(function: &str, pattern: &str) -> String {
        let mistake = Pattern::written(pattern, function == "match").unwrap_err();
        let range = mistake.range();
        let problem = mistake.at(range.clone(), pattern, function);
        format!(
            "{} | {} | {}",
            problem.message,
            pattern.get(range).unwrap(),
            problem.help.unwrap()
        )
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
        assert!(matches("(a|(b))?c{2,3}", "bcc") && matches("", "") && matches("a|", ""));
        assert!(!matches("a", "a\n"), "the end is the end, not a line's");
        assert!(matches("[^a]", "\n"), "only the dot passes over line ends");
        assert!(matches("x{02}", "xx") && matches("[\\n\\t]", "\t"));
        assert!(matches("é\u{1d11e}/#&~ ", "é\u{1d11e}/#&~ "));
    }

    #[test]
    fn a_part_is_found_anywhere() {
        assert!(Pattern::written("b", false).unwrap().matches("abc"));
        assert!(Pattern::written("a|c$x|b", false).unwrap().matches("xbx"));
    }

    #[test]
    fn escapes_of_other_languages_are_shown_as_classes() {
        assert_eq!(
            mistake("match", "SUP-\\d+"),
            "`\\d` is not part of I-Regexp | \\d | write `[0-9]`: `'SUP-[0-9]+'`"
        );
        assert_eq!(
            mistake("match", "\\d"),
            "`\\d` is not part of I-Regexp | \\d | write `[0-9]`"
        );
        assert_eq!(
            mistake("match", "[\\w-]+\\s\\."),
            "`\\w` is not part of I-Regexp | \\w | write `A-Za-z0-9_`: `'[A-Za-z0-9_-]+[ \\\\t\\\\n\\\\r]\\\\.'`"
        );
        assert_eq!(
            mistake("match", "a\\/b"),
            "`\\/` is not part of I-Regexp | \\/ | write `/`: `'a/b'`"
        );
        assert!(mistake("match", "\\bword").contains("| \\b | there are no anchors"));
        assert!(mistake("match", "(a)\\1").contains("| \\1 | there are no back-references"));
        assert!(mistake("match", "[\\D]").contains("a class of its own: `[^0-9]`"));
    }

    #[test]
    fn anchors_are_refused_where_somebody_writes_them() {
        let help = |function, pattern| {
            let text = mistake(function, pattern);
            let (_, help) = text.rsplit_once(" | ").unwrap();
            help.split(';').next().unwrap().to_owned()
        };
        assert_eq!(
            mistake("search", "^SUP-"),
            "`^` is a character here, not an anchor | ^ | write `match(…, 'SUP-.*')`; to mean the character there, write `[$]` or `\\\\^`"
        );
        assert_eq!(help("match", "^SUP-"), "write `match(…, 'SUP-.*')`");
        assert_eq!(help("match", "^SUP-.*$"), "write `match(…, 'SUP-.*')`");
        assert_eq!(help("search", "SUP$"), "write `match(…, '.*SUP')`");
        assert_eq!(help("match", "SUP-.*$"), "write `match(…, 'SUP-.*')`");
        assert_eq!(help("match", "^a|b$"), "write `match(…, 'a.*|b')`");
        assert_eq!(help("match", "a|^b$"), "write `match(…, 'a|b')`");
        assert_eq!(help("search", "a|^b"), "write `match(…, '.*a.*|b.*')`");
        assert_eq!(help("match", "(^a|b$)c"), "write `match(…, '(a|b)c')`");
        assert_eq!(help("match", "$5"), "write `match(…, '[$]5')`");
        assert_eq!(help("match", "a^"), "write `match(…, 'a\\\\^')`");
        assert!(mistake("match", "a|b$").contains("| $ |"));
    }

    #[test]
    fn what_else_it_has_not() {
        assert!(mistake("match", "(?:a)b").ends_with("| (?: | write `(`: `'(a)b'`"));
        assert!(mistake("match", "(?i)sup").contains("| (? | there are no flags"));
        assert!(mistake("match", "(?=a)").contains("| (? | write a plain group"));
        assert!(mistake("match", "a.*?b").ends_with("| ? | leave it out: `'a.*b'`"));
        assert!(mistake("match", "a**").ends_with("| * | leave it out: `'a*'`"));
        assert!(mistake("match", "a{2}{3}").contains("| { | put what is repeated in a group"));
        assert!(mistake("match", "x{3,2}").ends_with("| {3,2} | write `{2,3}`: `'x{2,3}'`"));
        assert!(mistake("match", "*a").ends_with("| * | write `\\*`: `'\\\\*a'`"));
        assert!(mistake("match", "a)").ends_with("| ) | write `\\)`: `'a\\\\)'`"));
        assert!(mistake("match", "[z-a]").contains("| z-a |"));
        assert!(mistake("match", "(a").contains("| ( | close it"));
        assert!(mistake("match", "[a").contains("| [ | close it"));
        assert!(mistake("match", "\\p{Greek}").contains("not a Unicode category"));
        assert!(mistake("match", "(x{1,1000}){1,1000}").contains("too large"));
        assert!(mistake("match", "x{99999999999}").contains("too large"));
        let deep = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(Pattern::written(&deep, true).is_err());
    }
}
