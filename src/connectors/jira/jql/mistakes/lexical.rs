//! Mistakes in characters: quotes, escapes, what is reserved.

use std::ops::Range;

use crate::connectors::jira::jql::text::Text;
use crate::diagnostic::Code;
use crate::expression::Problem;

const UNCLOSED_QUOTE: Code = Code::new("jql.unclosed_quote");
const BAD_ESCAPE: Code = Code::new("jql.bad_escape");
const RESERVED_CHARACTER: Code = Code::new("jql.reserved_character");
const RESERVED_WORD: Code = Code::new("jql.reserved_word");
const CONTROL: Code = Code::new("jql.control_character");
const OTHER_QUOTES: Code = Code::new("jql.other_quotes");
const OTHER_BLANK: Code = Code::new("jql.other_blank");

/// True for what makes all that follows it meaningless.
pub(in super::super) fn swallows_the_rest(problem: &Problem) -> bool {
    problem.code == UNCLOSED_QUOTE
}

/// A text that is opened and never closed.
pub(in super::super) fn unclosed_quote(text: Text<'_>, start: usize, quote: char) -> Problem {
    let raw = text.as_str();
    let before = raw.get(..start).unwrap_or_default();
    let inside_word = before.ends_with(|one: char| one.is_alphanumeric());
    let help = if inside_word && quote == '\'' {
        let word_start = before
            .rfind(|one: char| !one.is_alphanumeric())
            .map_or(0, |at| {
                at + before
                    .get(at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(1, char::len_utf8)
            });
        let after = raw.get(start + 1..).unwrap_or_default();
        let length = after
            .find(|one: char| !one.is_alphanumeric())
            .unwrap_or(after.len());
        format!(
            "a text with `'` stands in double quotes: `{}`",
            text.quoted(word_start..start + 1 + length)
        )
    } else {
        let meant = start + 1..end_of_meant(raw, start + 1);
        if meant.is_empty() {
            format!("close it with `{quote}`, or leave it out")
        } else {
            format!("close it: `{quote}{}{quote}`", text.show(meant))
        }
    };
    Problem::error(
        UNCLOSED_QUOTE,
        "the text is not closed",
        start..start + 1,
        format!("no `{quote}` closes this"),
    )
    .help(help)
}

/// Where the text that is not closed was probably meant to end.
fn end_of_meant(raw: &str, from: usize) -> usize {
    let rest = raw.get(from..).unwrap_or_default();
    let lower = rest.to_ascii_lowercase();
    let end = [" and ", " or ", " order by ", ")", ","]
        .iter()
        .filter_map(|mark| lower.find(mark))
        .min()
        .unwrap_or(rest.len());
    from + rest.get(..end).unwrap_or(rest).trim_end().len()
}

/// A backslash before what is no escape.
pub(in super::super) fn bad_escape(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    let help = if shown == "\\u" || shown.starts_with("\\u") {
        "four hexadecimal digits follow `\\u`: `\\u00e9`"
    } else {
        "a backslash itself is written `\\\\`; the escapes are `\\\"` `\\'` `\\\\` `\\t` `\\n` `\\r` `\\ ` `\\u00e9`"
    };
    Problem::error(
        BAD_ESCAPE,
        format!("`{shown}` is no escape of JQL"),
        range,
        "no such escape",
    )
    .help(help)
}

/// A character that JQL keeps for itself.
pub(in super::super) fn reserved_character(
    text: Text<'_>,
    at: usize,
    word: Range<usize>,
) -> Problem {
    let raw = text.raw(word.clone());
    let character = text.raw(at..word.end).chars().next().unwrap_or_default();
    let range = at..at + character.len_utf8();
    let quoted = text.quoted(word.clone());
    let before = text.as_str().get(..word.start).unwrap_or_default();
    let help = match raw {
        "*" if before.trim().eq_ignore_ascii_case("select") => {
            "JQL begins with a comparison: leave all before it out, e.g. `project = SUPPORT`"
                .to_owned()
        }
        _ if raw.contains("{{") => {
            "templates are not filled in here; `${NAME}` and `${var:NAME}` are".to_owned()
        }
        "#" | "//" | "/*" => "JQL has no comments: write it behind `#` in YAML".to_owned(),
        _ if raw.starts_with("/*") || raw.starts_with("//") || raw.starts_with('#') => {
            "JQL has no comments: write it behind `#` in YAML".to_owned()
        }
        ";" => "leave it out".to_owned(),
        _ if character == ';' && at + 1 == word.end => "leave it out".to_owned(),
        _ if is_date(raw) => format!(
            "write `{quoted}` or `{}`",
            text.show(word).replace('/', "-")
        ),
        _ if character == '*' || character == '?' => {
            format!("write `{quoted}`; it stands for other characters only behind `~`")
        }
        _ => format!("put it in quotes: `{quoted}`"),
    };
    Problem::error(
        RESERVED_CHARACTER,
        format!("`{character}` cannot stand outside quotes"),
        range,
        "reserved by JQL",
    )
    .help(help)
}

/// True for `2026/11/24`.
fn is_date(raw: &str) -> bool {
    let mut parts = raw.split('/');
    let digits = |part: Option<&str>, longest: usize| {
        part.is_some_and(|part| {
            !part.is_empty()
                && part.len() <= longest
                && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    digits(parts.next(), 4)
        && digits(parts.next(), 2)
        && digits(parts.next(), 2)
        && parts.next().is_none()
}

/// True for words that begin queries of other languages.
pub(in super::super) fn begins_sql(word: &str) -> bool {
    ["select", "where", "from", "with", "if"]
        .iter()
        .any(|sql| word.eq_ignore_ascii_case(sql))
}

/// A word that JQL keeps for itself.
pub(in super::super) fn reserved_word(text: Text<'_>, range: Range<usize>, first: bool) -> Problem {
    let word = text.show(range.clone());
    let help = if first && begins_sql(&word) {
        format!("JQL begins with a comparison: leave `{word}` out, e.g. `project = SUPPORT`")
    } else {
        format!("put it in quotes: `{}`", text.quoted(range.clone()))
    };
    let subject = if text.is_literal(range.clone()) {
        format!("`{word}`")
    } else {
        format!("what stands for `{word}`")
    };
    Problem::error(
        RESERVED_WORD,
        format!("{subject} is a word that JQL keeps for itself"),
        range,
        "reserved by JQL",
    )
    .help(help)
}

/// A character that cannot be seen.
pub(in super::super) fn control(character: char, range: Range<usize>) -> Problem {
    let help = if character == '\t' {
        "write `\\t`, or a blank".to_owned()
    } else {
        format!("leave it out, or write `\\u{:04x}`", u32::from(character))
    };
    Problem::error(
        CONTROL,
        format!("a control character (U+{:04X})", u32::from(character)),
        range,
        "not allowed here",
    )
    .help(help)
}

/// A quote of a word processor.
pub(in super::super) fn other_quotes(
    text: Text<'_>,
    quote: Range<usize>,
    inside: Range<usize>,
) -> Problem {
    Problem::error(
        OTHER_QUOTES,
        format!("`{}` is no quote that JQL knows", text.show(quote.clone())),
        quote,
        "expected `\"`",
    )
    .help(format!("write `{}`", text.quoted(inside)))
}

/// A blank that is none to JQL.
pub(in super::super) fn other_blank(character: char, range: Range<usize>) -> Problem {
    Problem::error(
        OTHER_BLANK,
        format!(
            "a blank of another kind (U+{:04X}), which JQL takes for a part of the word",
            u32::from(character)
        ),
        range,
        "expected a blank",
    )
    .help("type it anew as an ordinary blank; inside quotes it may stand")
}
