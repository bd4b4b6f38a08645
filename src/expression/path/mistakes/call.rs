//! Mistakes in calls: unknown functions, wrong arguments, results that are no test.

use std::ops::Range;

use super::{Mistake, error, here, is_blank, slice};
use crate::diagnostic::{Code, nearest};

const UNKNOWN_FUNCTION: Code = Code::new("condition.unknown_function");
const BLANK_IN_CALL: Code = Code::new("condition.blank_in_call");
const ARGUMENTS: Code = Code::new("condition.argument_count");
const ARGUMENT: Code = Code::new("condition.argument_kind");
const VALUE_TEST: Code = Code::new("condition.value_as_test");
const LOGICAL_VALUE: Code = Code::new("condition.logical_as_value");

const FUNCTIONS: [&str; 5] = ["length", "count", "match", "search", "value"];

pub(in crate::expression::path) fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(&name)
}

pub(in crate::expression::path) fn blank_in_call(name: &str, blank: Range<usize>) -> Mistake {
    error(
        BLANK_IN_CALL,
        format!("a blank between `{name}` and its parenthesis"),
        blank,
        "expected `(`",
        format!("leave it out: `{name}(`"),
    )
}

/// A call to what is none of the five; `at` is its name, `parentheses` all that stands in them.
pub(in crate::expression::path) fn unknown_function(
    text: &str,
    name: &str,
    at: Range<usize>,
    parentheses: Range<usize>,
) -> Mistake {
    let inside = slice(
        text,
        parentheses.start + 1..parentheses.end.saturating_sub(1),
    );
    let mut arguments = inside.splitn(2, ',').map(str::trim);
    let first = match arguments.next() {
        None | Some("") => "$.x",
        Some(first) => first,
    };
    let second = match arguments.next() {
        None | Some("") => "'x'",
        Some(second) => second,
    };
    let inner = second.trim_matches(['\'', '"']);
    let help = match name.to_ascii_lowercase().as_str() {
        "startswith" | "starts_with" => format!("write `match({first}, '{inner}.*')`"),
        "endswith" | "ends_with" => format!("write `match({first}, '.*{inner}')`"),
        "contains" | "includes" => format!(
            "a part of a text: `search({first}, {second})`; an element of a list: `{first}[?@ == {second}]`"
        ),
        "in" | "any_of" | "anyof" => {
            format!(
                "one of several: `{first} == \"x\" || {first} == \"y\"`; an element of a list: `$.list[?@ == {first}]`"
            )
        }
        "nin" | "none_of" | "noneof" => {
            format!("none of several: `!({first} == \"x\" || {first} == \"y\")`")
        }
        "exists" | "has" | "isset" | "defined" | "present" => {
            format!("write the path alone: `{first}`; `!{first}` for the opposite")
        }
        "empty" | "isempty" | "is_empty" | "blank" => {
            format!("nothing there: `!{first}`; an empty text or list: `length({first}) == 0`")
        }
        "isnull" | "is_null" => format!("write `!{first}`"),
        "size" | "len" => format!("write `length({first})`"),
        "regex" | "regexp" | "matches" | "test" | "like" => {
            format!(
                "write `match({first}, '…')` for the whole text, `search({first}, '…')` for a part"
            )
        }
        "lower" | "upper" | "tolower" | "toupper" => {
            format!("name both letters in a pattern: `match({first}, '[Yy]es')`")
        }
        "first" => format!("write `{first}[0]`"),
        "last" => format!("write `{first}[-1]`"),
        _ => match nearest(name, FUNCTIONS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "there are `length`, `count`, `match`, `search` and `value`".to_owned(),
        },
    };
    error(
        UNKNOWN_FUNCTION,
        format!("there is no function `{name}`"),
        at,
        "no such function",
        help,
    )
}

/// The arguments in the parenthesis at `open` go on with what is no comma.
pub(in crate::expression::path) fn argument_end(
    text: &str,
    open: usize,
    position: usize,
) -> Mistake {
    let rest = slice(text, position..text.len());
    let operators = ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "="];
    if let Some(operator) = operators.into_iter().find(|one| rest.starts_with(one)) {
        return error(
            ARGUMENT,
            "a function takes paths and values, not conditions",
            position..position + operator.len(),
            "expected `,` or `)`",
            "compare the result: `length($.labels) > 2`",
        );
    }
    let before = slice(text, 0..position).trim_end_matches(is_blank);
    if rest.starts_with(['$', '@', '"', '\'']) && before.len() > open + 1 {
        return error(
            ARGUMENT,
            "a comma is missing",
            here(text, position),
            "expected `,` before it",
            format!(
                "write `{}, {}`",
                slice(before, open..before.len()),
                slice(rest, 0..1)
            ),
        );
    }
    super::parenthesis(text, open, position)
}

/// `range` is the call, or the arguments that are too many.
pub(in crate::expression::path) fn arguments(
    name: &str,
    takes: usize,
    got: usize,
    range: Range<usize>,
) -> Mistake {
    let expected = if takes == 1 {
        "one argument".to_owned()
    } else {
        format!("{takes} arguments")
    };
    let example = match name {
        "match" | "search" => format!("{name}($.key, 'SUP-.*')"),
        _ => format!("{name}($.labels)"),
    };
    error(
        ARGUMENTS,
        format!("`{name}` takes {expected}, not {got}"),
        range,
        &format!("expected {expected}"),
        format!("e.g. `{example}`"),
    )
}

pub(in crate::expression::path) fn value_as_test(text: &str, range: Range<usize>) -> Mistake {
    let call = slice(text, range.clone()).to_owned();
    let compared = if call.starts_with("value") {
        format!("{call} == …")
    } else {
        format!("{call} > 0")
    };
    error(
        VALUE_TEST,
        format!("`{call}` is a value, not a test"),
        range,
        "expected a comparison",
        format!("compare it: `{compared}`"),
    )
}

pub(in crate::expression::path) fn logical_as_value(text: &str, range: Range<usize>) -> Mistake {
    let call = slice(text, range.clone()).to_owned();
    error(
        LOGICAL_VALUE,
        "`match` and `search` are tests, not values",
        range,
        "expected a value",
        format!("let it stand alone: `{call}`, or `!{call}` for the opposite"),
    )
}

pub(in crate::expression::path) fn not_singular(
    text: &str,
    range: &Range<usize>,
    function: &str,
) -> Mistake {
    let path = slice(text, range.clone());
    let help = match function {
        "length" => format!("how many are selected is `count({path})`"),
        _ => match path.strip_suffix("[*]") {
            Some(list) => {
                format!("ask for one that matches by a filter: `{list}[?{function}(@, '…')]`")
            }
            None => format!("name one of them, or write `value({path})` for the only one"),
        },
    };
    error(
        ARGUMENT,
        format!("`{function}` takes a path to one value"),
        range.clone(),
        "can select several",
        help,
    )
}

pub(in crate::expression::path) fn path_argument(function: &str, range: Range<usize>) -> Mistake {
    error(
        ARGUMENT,
        format!("`{function}` takes a path"),
        range,
        "expected a path",
        format!("e.g. `{function}($.labels[*])`"),
    )
}
