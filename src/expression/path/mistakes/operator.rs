//! Operators of other languages.

use std::ops::Range;

use super::{Mistake, error, is_blank, slice, word};
use crate::diagnostic::Code;
use crate::expression::path::tree::Operator;

const SINGLE_EQUALS: Code = Code::new("condition.single_equals");
const TRIPLE_EQUALS: Code = Code::new("condition.triple_equals");
pub(super) const WORD_OPERATOR: Code = Code::new("condition.word_operator");
const SINGLE_OPERATOR: Code = Code::new("condition.single_operator");
const UNKNOWN_OPERATOR: Code = Code::new("condition.unknown_operator");

/// Which of the two operators between tests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::expression::path) enum WordOperator {
    And,
    Or,
}

/// The length of `and`, `or`, `&`, `|` at the start of a text.
pub(in crate::expression::path) fn joining_word(rest: &str, word: WordOperator) -> Option<usize> {
    let (name, single) = match word {
        WordOperator::And => ("and", '&'),
        WordOperator::Or => ("or", '|'),
    };
    let mut characters = rest.chars();
    if characters.next() == Some(single) {
        return (characters.next() != Some(single)).then_some(1);
    }
    let written = super::word(rest);
    written.eq_ignore_ascii_case(name).then_some(written.len())
}

pub(in crate::expression::path) fn joined_by_word(
    text: &str,
    range: Range<usize>,
    token: &str,
) -> Mistake {
    let written = slice(text, range.clone());
    let single = written.len() == 1;
    let message = if single {
        format!("`{written}` is written twice")
    } else {
        format!("`{written}` is written `{token}`")
    };
    error(
        if single {
            SINGLE_OPERATOR
        } else {
            WORD_OPERATOR
        },
        message,
        range,
        &format!("expected `{token}`"),
        format!("write `{token}`"),
    )
}

/// The length of `not` before a test.
pub(in crate::expression::path) fn negating_word(rest: &str) -> Option<usize> {
    let written = word(rest);
    let after = slice(rest, written.len()..rest.len());
    let stands_before = after.starts_with('(') || after.starts_with(is_blank);
    (written.eq_ignore_ascii_case("not") && stands_before).then_some(written.len())
}

/// A comparison as other languages write it.
pub(in crate::expression::path) struct WrongOperator {
    pub(in crate::expression::path) length: usize,
    pub(in crate::expression::path) meant: Operator,
    /// As it is written here.
    right: &'static str,
}

/// `=`, `===`, `<>`, `is` and the like where a comparison is expected.
pub(in crate::expression::path) fn wrong_operator(rest: &str) -> Option<WrongOperator> {
    let found = |length, meant, right| {
        Some(WrongOperator {
            length,
            meant,
            right,
        })
    };
    let symbols = [
        ("===", Operator::Equal, "=="),
        ("!==", Operator::NotEqual, "!="),
        ("<>", Operator::NotEqual, "!="),
        ("=>", Operator::GreaterOrEqual, ">="),
        ("=<", Operator::LessOrEqual, "<="),
        ("=!", Operator::NotEqual, "!="),
    ];
    if is_pattern_operator(rest) {
        return None;
    }
    for (wrong, meant, right) in symbols {
        if rest.starts_with(wrong) {
            return found(wrong.len(), meant, right);
        }
    }
    let parted = [
        ('=', Operator::Equal, "=="),
        ('!', Operator::NotEqual, "!="),
        ('<', Operator::LessOrEqual, "<="),
        ('>', Operator::GreaterOrEqual, ">="),
    ];
    for (first, meant, right) in parted {
        if let Some(after) = rest.strip_prefix(first) {
            let trimmed = after.trim_start_matches(is_blank);
            if trimmed.len() < after.len() && trimmed.starts_with('=') {
                return found(1 + after.len() - trimmed.len() + 1, meant, right);
            }
        }
    }
    if rest.starts_with('=') && !rest.starts_with("==") {
        return found(1, Operator::Equal, "==");
    }
    let written = word(rest);
    let (meant, right) = match written.to_ascii_lowercase().as_str() {
        "is" => {
            let after = slice(rest, written.len()..rest.len());
            let trimmed = after.trim_start_matches(is_blank);
            let not = word(trimmed);
            if not.eq_ignore_ascii_case("not") {
                let length = rest.len() - trimmed.len() + not.len();
                return found(length, Operator::NotEqual, "!=");
            }
            (Operator::Equal, "==")
        }
        "eq" | "equals" => (Operator::Equal, "=="),
        "ne" | "neq" => (Operator::NotEqual, "!="),
        "lt" => (Operator::Less, "<"),
        "gt" => (Operator::Greater, ">"),
        "le" | "lte" => (Operator::LessOrEqual, "<="),
        "ge" | "gte" => (Operator::GreaterOrEqual, ">="),
        _ => return None,
    };
    found(written.len(), meant, right)
}

pub(in crate::expression::path) fn no_comparison(
    text: &str,
    range: Range<usize>,
    wrong: &WrongOperator,
) -> Mistake {
    let written = slice(text, range.clone());
    let right = wrong.right;
    let (code, help) = match written {
        "=" => (SINGLE_EQUALS, "write `==`".to_owned()),
        "===" => (
            TRIPLE_EQUALS,
            "write `==`: values are compared with their kinds".to_owned(),
        ),
        "!==" => (TRIPLE_EQUALS, "write `!=`".to_owned()),
        _ if written.starts_with(|one: char| one.is_ascii_alphabetic()) => {
            let after = slice(text, range.end..text.len());
            let compared = word(after.trim_start_matches(is_blank));
            let help = match (compared.to_ascii_lowercase().as_str(), right) {
                // `== null` is false of what is not there at all.
                ("null" | "none" | "empty", "==") => {
                    "that there is no value is asked by `!` and the path: `!$.a`".to_owned()
                }
                ("null" | "none" | "empty", "!=") => {
                    "that there is a value is asked by the path alone: `$.a`".to_owned()
                }
                _ => format!("write `{right}`"),
            };
            (WORD_OPERATOR, help)
        }
        _ => (UNKNOWN_OPERATOR, format!("write `{right}`")),
    };
    let message = if code == WORD_OPERATOR {
        format!("`{written}` is written `{right}`")
    } else {
        format!("`{written}` is no comparison")
    };
    error(code, message, range, &format!("expected `{right}`"), help)
}

/// True for what asks elsewhere whether a text has a pattern.
fn is_pattern_operator(rest: &str) -> bool {
    rest.starts_with("=~") || rest.starts_with("!~")
}

/// The length of a pattern as other languages write it: `/…/i`.
pub(in crate::expression::path) fn slashed(rest: &str) -> Option<usize> {
    let mut escaped = false;
    let inside = rest.strip_prefix('/')?;
    let (end, _) = inside.char_indices().find(|&(_, one)| {
        let ends = one == '/' && !escaped;
        escaped = one == '\\' && !escaped;
        ends
    })?;
    let after = slice(inside, end + 1..inside.len());
    Some(end + 2 + word(after).len())
}

/// The length of `in`, `contains`, `=~` and others that compare elsewhere and have no sign here.
pub(in crate::expression::path) fn unknown_operator(rest: &str) -> Option<usize> {
    if is_pattern_operator(rest) {
        return Some(2);
    }
    let written = word(rest);
    let lower = written.to_ascii_lowercase();
    let known = matches!(
        lower.as_str(),
        "in" | "nin"
            | "contains"
            | "includes"
            | "has"
            | "like"
            | "ilike"
            | "matches"
            | "startswith"
            | "starts_with"
            | "endswith"
            | "ends_with"
            | "between"
    );
    if known {
        return Some(written.len());
    }
    if lower != "not" {
        return None;
    }
    // `not in`, `not contains`: one operator of two words.
    let after = slice(rest, written.len()..rest.len());
    let trimmed = after.trim_start_matches(is_blank);
    let second = unknown_operator(trimmed).filter(|_| word(trimmed) != "not")?;
    Some(rest.len() - trimmed.len() + second)
}

/// What to write for such a word between two values; `right` may be empty.
pub(in crate::expression::path) fn operator_unknown(
    text: &str,
    left: &Range<usize>,
    at: Range<usize>,
    right: &Range<usize>,
) -> Mistake {
    let written = slice(text, at.clone());
    let lower = written.to_ascii_lowercase();
    let (negated, name) = match lower.strip_prefix("not") {
        Some(rest) => (true, rest.trim_start()),
        None if lower == "nin" => (true, "in"),
        None if lower == "!~" => (true, "=~"),
        None => (false, lower.as_str()),
    };
    let left = slice(text, left.clone());
    let right = match slice(text, right.clone()).trim_end() {
        "" => "'x'",
        right => right,
    };
    let inner = right.trim_matches(['\'', '"']);
    let not = |positive: String| match negated {
        true => format!("!{positive}"),
        false => positive,
    };
    let help = match name {
        "in" => match elements(right) {
            Some(elements) => {
                let (compared, joined) = if negated {
                    ("!=", " && ")
                } else {
                    ("==", " || ")
                };
                let tests: Vec<String> = elements
                    .iter()
                    .map(|element| format!("{left} {compared} {element}"))
                    .collect();
                format!("write `{}`", tests.join(joined))
            }
            None => format!("write `{}`", not(format!("{right}[?@ == {left}]"))),
        },
        "contains" | "includes" | "has" => format!(
            "an element of a list: `{}`; a part of a text: `{}`",
            not(format!("{left}[?@ == {right}]")),
            not(format!("search({left}, {right})"))
        ),
        "startswith" | "starts_with" => {
            format!("write `{}`", not(format!("match({left}, '{inner}.*')")))
        }
        "endswith" | "ends_with" => {
            format!("write `{}`", not(format!("match({left}, '.*{inner}')")))
        }
        "like" | "ilike" => format!(
            "write `{}`",
            not(format!("match({left}, '{}')", inner.replace('%', ".*")))
        ),
        "=~" => {
            let inside = right
                .strip_prefix('/')
                .and_then(|text| text.rsplit_once('/'));
            let pattern = inside.map_or(inner, |(pattern, _)| pattern);
            format!("write `{}`", not(format!("search({left}, '{pattern}')")))
        }
        "between" => format!("write `{left} >= … && {left} <= …`"),
        _ => format!("write `{}`", not(format!("match({left}, {right})"))),
    };
    error(
        UNKNOWN_OPERATOR,
        format!("there is no operator `{written}`"),
        at,
        "expected `==`, `!=`, `<`, `&&` …",
        help,
    )
}

/// The elements of a list as other languages write it, where they are plain.
fn elements(list: &str) -> Option<Vec<&str>> {
    let inside = list
        .strip_prefix(['[', '(', '{'])?
        .strip_suffix([']', ')', '}'])?;
    let elements: Vec<&str> = inside.split(',').map(str::trim).collect();
    let plain = elements
        .iter()
        .all(|element| !element.is_empty() && !element.contains(['[', '(', '{']));
    (plain && elements.len() <= 8).then_some(elements)
}
