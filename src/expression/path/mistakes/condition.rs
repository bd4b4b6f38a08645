//! Mistakes in the form of a condition.

use std::ops::Range;

use super::operator::WORD_OPERATOR;
use super::{Mistake, error, here, is_blank, run_end, slice, space_in_name, word};
use crate::diagnostic::Code;
use crate::expression::path::scan::is_name_first;

const EMPTY: Code = Code::new("condition.empty");
const TRAILING: Code = Code::new("condition.trailing");
const NOT_COMPARISON: Code = Code::new("condition.not_before_comparison");
const DOUBLE_NOT: Code = Code::new("condition.double_not");
const UNCLOSED_PARENTHESIS: Code = Code::new("condition.unclosed_parenthesis");
const CURRENT: Code = Code::new("condition.current_outside_filter");
const COMPARES_MANY: Code = Code::new("condition.compares_many");
const LITERAL_TEST: Code = Code::new("condition.literal_alone");
const ARITHMETIC: Code = Code::new("condition.arithmetic");
const METHOD: Code = Code::new("condition.method");

pub(in crate::expression::path) fn empty_condition(text: &str) -> Mistake {
    error(
        EMPTY,
        "the condition is empty",
        0..text.len(),
        "a condition is expected",
        "write one, e.g. `$.fields.priority.name == \"High\"`",
    )
}

/// What follows a condition, or the condition of a filter.
pub(in crate::expression::path) fn after_condition(text: &str, position: usize) -> Mistake {
    let rest = slice(text, position..text.len());
    let before = slice(text, 0..position).trim_end_matches(is_blank);
    let parted = before.len() < position;
    let at = here(text, position);
    let trailing = |message: String, at: Range<usize>, label: &str, help: String| {
        error(TRAILING, message, at, label, help)
    };
    let operator = ["==", "!=", "<=", ">=", "<", ">"]
        .into_iter()
        .find(|one| rest.starts_with(one));
    if let Some(operator) = operator {
        let at = position..position + operator.len();
        if before.ends_with(')') {
            return trailing(
                "a test has no value to compare".to_owned(),
                at,
                "the test ended before this",
                "let it stand alone, with `!` before it for the opposite".to_owned(),
            );
        }
        return trailing(
            "comparisons do not chain".to_owned(),
            at,
            "the comparison ended before this",
            "write `$.a == 1 && $.b == 1`".to_owned(),
        );
    }
    if let Some(problem) = method(text, position, before) {
        return problem;
    }
    match rest.chars().next() {
        Some(',') => trailing(
            "only one condition stands here".to_owned(),
            at,
            "expected the end",
            "join conditions by `&&` or `||`".to_owned(),
        ),
        Some(one @ (')' | ']' | '}')) => trailing(
            format!("`{one}` closes nothing"),
            at,
            "never opened",
            "leave it out, or open it before".to_owned(),
        ),
        Some(quote @ ('"' | '\'')) if before.ends_with(quote) && !parted => trailing(
            "one quote too many".to_owned(),
            at,
            "the text ended before this",
            format!("leave it out; in a text it is written `\\{quote}`"),
        ),
        Some(one @ ('+' | '-' | '*' | '/' | '%')) => error(
            ARITHMETIC,
            format!("there is no arithmetic: `{one}` means nothing here"),
            at,
            "expected a comparison, `&&` or `||`",
            "compare with the result: `$.hours > 8`",
        ),
        Some('{') => trailing(
            "`${…}` stands only inside a text".to_owned(),
            at,
            "no part of a condition",
            "write `\"${NAME}\"`".to_owned(),
        ),
        Some(one) if is_name_first(one) => name_after(text, position, before, parted),
        _ => trailing(
            "the condition does not end here".to_owned(),
            at,
            "expected `&&`, `||`, a comparison or the end",
            "a text stands in quotes: `$.status.name == \"In Progress\"`".to_owned(),
        ),
    }
}

/// A word follows: the rest of a name, or of a text whose quote ended too early.
fn name_after(text: &str, position: usize, before: &str, parted: bool) -> Mistake {
    let rest = slice(text, position..text.len());
    let path_start = before
        .rfind(|one: char| is_blank(one) || "(!&|=<>?".contains(one))
        .map_or(0, |at| at + 1);
    let path = slice(before, path_start..before.len());
    let named = before.ends_with(|one: char| is_name_first(one) || one.is_ascii_digit());
    if parted && path.starts_with(['$', '@']) && path.len() > 1 && named {
        return space_in_name(text, before.len());
    }
    let quote = before
        .chars()
        .next_back()
        .filter(|one| matches!(one, '"' | '\''));
    let length = word(rest).len();
    if let Some(quote) = quote.filter(|_| !parted) {
        let other = if quote == '"' { '\'' } else { '"' };
        return error(
            TRAILING,
            "the text ended before this",
            position..position + length,
            "expected `&&`, `||` or the end",
            format!("inside it the quote is written `\\{quote}`, or put it in {other}{other}"),
        );
    }
    error(
        TRAILING,
        "the condition does not end here",
        position..position + length,
        "expected `&&`, `||`, a comparison or the end",
        "a text stands in quotes: `$.status.name == \"In Progress\"`",
    )
}

/// `$.a.length()`: what stands in parentheses follows the last name of a path.
fn method(text: &str, position: usize, before: &str) -> Option<Mistake> {
    let rest = slice(text, position..text.len());
    let start = before
        .rfind(|one: char| is_blank(one) || "(!&|=<>?".contains(one))
        .map_or(0, |at| at + 1);
    let (value, name) = slice(before, start..before.len()).rsplit_once('.')?;
    let is_name = name.starts_with(is_name_first) && word(name) == name;
    if !rest.starts_with('(') || !value.starts_with(['$', '@']) || !is_name {
        return None;
    }
    let end = position + super::balanced(rest).unwrap_or(1);
    Some(error(
        METHOD,
        "paths have no methods",
        before.len() - name.len()..end,
        "no part of a path",
        format!("a function stands before the path: `{name}({value})`"),
    ))
}

/// `not` before a test.
pub(in crate::expression::path) fn not_in_words(text: &str, range: Range<usize>) -> Mistake {
    let word = slice(text, range.clone());
    let rest = slice(text, range.end..text.len()).trim_start_matches(is_blank);
    let term = slice(rest, 0..run_end(rest, 0));
    let help = if term.is_empty() {
        "write `!(…)`".to_owned()
    } else {
        format!("write `!{term}`, or `!({term} == …)` around a comparison")
    };
    error(
        WORD_OPERATOR,
        format!("`{word}` is written `!`"),
        range,
        "expected `!`",
        help,
    )
}

/// `written` is all of it, `!` and comparison.
pub(in crate::expression::path) fn not_before_comparison(
    text: &str,
    written: Range<usize>,
) -> Mistake {
    let all = slice(text, written.clone());
    let comparison = all.strip_prefix('!').unwrap_or(all).trim_start();
    error(
        NOT_COMPARISON,
        "`!` stands before a test, not before a comparison",
        written.start..written.start + 1,
        "expected parentheses after it",
        format!("write `!({comparison})`"),
    )
}

pub(in crate::expression::path) fn double_not(range: Range<usize>) -> Mistake {
    error(
        DOUBLE_NOT,
        "`!!` says nothing",
        range,
        "expected a test",
        "leave both out",
    )
}

/// The parenthesis at `open` goes on with what cannot follow there.
pub(in crate::expression::path) fn parenthesis(
    text: &str,
    open: usize,
    position: usize,
) -> Mistake {
    let rest = slice(text, position..text.len());
    if !rest.is_empty() && !rest.starts_with([']', '}']) {
        return after_condition(text, position);
    }
    let opened = slice(text, open..position).trim_end();
    error(
        UNCLOSED_PARENTHESIS,
        "the parenthesis is not closed",
        open..open + 1,
        "opened here, never closed",
        format!("close it: `{opened})`"),
    )
}

pub(in crate::expression::path) fn current_in_condition(
    text: &str,
    range: Range<usize>,
) -> Mistake {
    let path = slice(text, range.start + 1..range.end);
    error(
        CURRENT,
        "`@` is the element that a filter judges, and here is none",
        range.start..range.start + 1,
        "expected `$`",
        format!("write `${path}`: in a condition `$` is the record"),
    )
}

pub(in crate::expression::path) fn compares_many(text: &str, range: &Range<usize>) -> Mistake {
    let path = slice(text, range.clone());
    let list = path.strip_suffix("[*]").or_else(|| path.strip_suffix(".*"));
    let help = match list {
        Some(list) => format!("ask for one that is equal by a filter: `{list}[?@ == …]`"),
        None => {
            format!("name one of them, e.g. by an index, or write `value({path})` for the only one")
        }
    };
    error(
        COMPARES_MANY,
        "a path that can select several values cannot be compared",
        range.clone(),
        "expected a path to one value",
        help,
    )
}

pub(in crate::expression::path) fn literal_as_test(text: &str, range: Range<usize>) -> Mistake {
    let literal = slice(text, range.clone()).to_owned();
    let help = match literal.as_str() {
        "true" => {
            "leave it out: what is not dropped is kept; to compare, `$.field == true`".to_owned()
        }
        _ => format!("compare a field with it: `$.field == {literal}`"),
    };
    error(
        LITERAL_TEST,
        format!("`{literal}` alone asks nothing"),
        range,
        "expected a comparison or a path",
        help,
    )
}
