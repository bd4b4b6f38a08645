//! Mistakes in what stands on the right of an operator.

use std::ops::Range;

use crate::connectors::jira::jql::text::Text;
use crate::connectors::jira::jql::tree::{Operator, PredicateWord};
use crate::diagnostic::Code;
use crate::expression::Problem;

const NO_FIELD: Code = Code::new("jql.not_a_field");
const CUSTOM_FIELD: Code = Code::new("jql.custom_field");
const PROPERTY: Code = Code::new("jql.property");
const MISSING: Code = Code::new("jql.value_expected");
const UNQUOTED: Code = Code::new("jql.unquoted_value");
const NOT_EMPTINESS: Code = Code::new("jql.emptiness_expected");
const EMPTY_COMPARED: Code = Code::new("jql.empty_compared");
const LIST_EXPECTED: Code = Code::new("jql.list_expected");
const LIST_UNEXPECTED: Code = Code::new("jql.list_unexpected");
const EMPTY_LIST: Code = Code::new("jql.empty_list");
const LIST_COMMA: Code = Code::new("jql.list_comma");
const BRACKETS: Code = Code::new("jql.brackets");
const TWO_OPERATORS: Code = Code::new("jql.two_operators");
const ARGUMENT: Code = Code::new("jql.function_argument");
const PREDICATE: Code = Code::new("jql.history_predicate");

/// What can be no field.
pub(in super::super) fn no_field(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    Problem::error(
        NO_FIELD,
        format!("`{shown}` is no field"),
        range,
        "expected a field",
    )
    .help("a comparison begins with a field: `project = SUPPORT`, `\"Story Points\" > 3`")
}

/// `cf` or `[…]` that is not `cf[10016]`.
pub(in super::super) fn custom_field(range: Range<usize>) -> Problem {
    Problem::error(
        CUSTOM_FIELD,
        "a custom field is named by the number of its id",
        range,
        "expected `cf[…]`",
    )
    .help("write e.g. `cf[10016]`, or its name in quotes: `\"Story Points\"`")
}

/// `issue.property[` that does not go on as one.
pub(in super::super) fn property(text: Text<'_>, open: Range<usize>) -> Problem {
    let shown = text.show(open.clone());
    Problem::error(
        PROPERTY,
        format!("behind `{shown}` stand a key and `]`"),
        open,
        "not a property",
    )
    .help("write e.g. `issue.property[flag].colour = red`; a name with brackets stands in quotes: `\"Team[Team]\"`")
}

/// Nothing behind an operator.
pub(in super::super) fn missing(
    text: Text<'_>,
    range: Range<usize>,
    operator: Operator,
) -> Problem {
    let shown = text.show(range.clone());
    let example = match operator {
        Operator::Is | Operator::IsNot => "EMPTY",
        Operator::In | Operator::NotIn | Operator::WasIn | Operator::WasNotIn => "(Open, Done)",
        Operator::Like | Operator::NotLike => "\"some words\"",
        operator if operator.orders() => "-7d",
        _ => "Done",
    };
    Problem::error(
        MISSING,
        format!("nothing stands behind `{shown}`"),
        range,
        "expected a value behind this",
    )
    .help(format!(
        "write e.g. `{shown} {example}`; to ask for what is empty: `is EMPTY`"
    ))
}

/// What is no value.
pub(in super::super) fn value(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    Problem::error(
        MISSING,
        format!("`{shown}` is no value"),
        range,
        "expected a value",
    )
    .help("a value is a word, a text in quotes, a number, `EMPTY` or a call: `Done`, `\"In Progress\"`, `currentUser()`")
}

/// Words that lack their quotes.
pub(in super::super) fn unquoted(text: Text<'_>, range: Range<usize>) -> Problem {
    let quoted = text.quoted(range.clone());
    Problem::error(
        UNQUOTED,
        "a value of several words stands in quotes",
        range,
        "expected one word, or quotes",
    )
    .help(format!("write `{quoted}`"))
}

/// Words in a list that lack their quotes or a comma.
pub(in super::super) fn words_in_list(text: Text<'_>, range: Range<usize>) -> Problem {
    let quoted = text.quoted(range.clone());
    let apart = text.show(range.clone()).replace(' ', ", ");
    Problem::error(
        UNQUOTED,
        "a value of several words stands in quotes",
        range,
        "expected a comma, or quotes",
    )
    .help(format!(
        "write `{quoted}` for one value, `{apart}` for several"
    ))
}

/// Something else than `EMPTY` behind `is`.
pub(in super::super) fn not_emptiness(
    text: Text<'_>,
    range: Range<usize>,
    operator: Operator,
    is_list: bool,
) -> Problem {
    let negated = operator == Operator::IsNot;
    let shown = text.show(range.clone());
    let near = (!is_list)
        .then(|| crate::diagnostic::nearest(&shown, ["EMPTY", "NULL"]))
        .flatten();
    let value = if shown.contains(' ') && !shown.starts_with(['"', '\'']) {
        text.quoted(range.clone())
    } else {
        shown
    };
    let help = match (near, is_list) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) if negated => "write `not in (…)`".to_owned(),
        (None, true) => "write `in (…)`".to_owned(),
        (None, false) if negated => format!("write `!= {value}`"),
        (None, false) => format!("write `= {value}`"),
    };
    Problem::error(
        NOT_EMPTINESS,
        format!("`{}` asks only whether a field is empty", operator.as_str()),
        range,
        "expected `EMPTY`",
    )
    .help(help)
}

/// `< EMPTY`.
pub(in super::super) fn empty_compared(
    text: Text<'_>,
    range: Range<usize>,
    operator: Operator,
) -> Problem {
    Problem::error(
        EMPTY_COMPARED,
        format!(
            "`{}` compares with a value, not with `{}`",
            operator.as_str(),
            text.show(range.clone())
        ),
        range,
        "expected a value",
    )
    .help("to ask whether a field is empty: `is EMPTY`, `is not EMPTY`")
}

/// `in` without a list.
pub(in super::super) fn no_list(
    text: Text<'_>,
    range: Range<usize>,
    operator: Operator,
    empty: bool,
) -> Problem {
    let shown = text.show(range.clone());
    let help = match (empty, operator) {
        (true, Operator::In) => "write `is EMPTY`".to_owned(),
        (true, Operator::NotIn) => "write `is not EMPTY`".to_owned(),
        (true, Operator::WasIn) => "write `WAS EMPTY`".to_owned(),
        (true, Operator::WasNotIn) => "write `WAS NOT EMPTY`".to_owned(),
        _ if range.is_empty() => format!("write `{} (A, B)`", operator.as_str()),
        _ => format!(
            "write `{} ({})`",
            operator.as_str(),
            shown.trim_end_matches(',')
        ),
    };
    Problem::error(
        LIST_EXPECTED,
        format!("`{}` takes a list", operator.as_str()),
        range,
        "expected parentheses",
    )
    .help(help)
}

/// A list in brackets.
pub(in super::super) fn brackets(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    let inside = shown.trim_matches(['[', ']']);
    Problem::error(
        BRACKETS,
        "a list of JQL stands in parentheses",
        range,
        "expected `(`",
    )
    .help(format!("write `({inside})`"))
}

/// A value in brackets.
pub(in super::super) fn brackets_of_one(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    let inside = shown.trim_matches(['[', ']']);
    let help = if inside.contains(',') {
        format!("several values are `in ({inside})`")
    } else {
        format!("write `{inside}`, in quotes where it has blanks")
    };
    Problem::error(
        BRACKETS,
        "a value does not stand in brackets",
        range,
        "expected a value",
    )
    .help(help)
}

/// A list behind `=`.
pub(in super::super) fn list_unexpected(
    text: Text<'_>,
    range: Range<usize>,
    sign: Range<usize>,
    operator: Operator,
) -> Problem {
    let list = text.show(range.clone());
    let help = match operator {
        Operator::Equals => format!("write `in {list}`"),
        Operator::NotEquals => format!("write `not in {list}`"),
        Operator::Was => format!("write `WAS IN {list}`"),
        Operator::WasNot => format!("write `WAS NOT IN {list}`"),
        Operator::Like | Operator::NotLike => {
            format!("write a comparison for each, joined by `OR`, not `{list}`")
        }
        _ => "compare with one value".to_owned(),
    };
    Problem::error(
        LIST_UNEXPECTED,
        format!("`{}` takes one value, not a list", text.show(sign)),
        range,
        "expected a value",
    )
    .help(help)
}

/// `= A, B`.
pub(in super::super) fn comma(
    text: Text<'_>,
    comma: Range<usize>,
    values: Range<usize>,
    operator: Operator,
) -> Problem {
    let values = text.show(values);
    let help = match operator {
        Operator::NotEquals | Operator::NotLike => format!("write `not in ({values})`"),
        _ => format!("write `in ({values})`"),
    };
    Problem::error(
        LIST_UNEXPECTED,
        format!("`{}` takes one value", operator.as_str()),
        comma,
        "no further value can stand here",
    )
    .help(help)
}

/// `()` behind `in`.
pub(in super::super) fn empty_list(range: Range<usize>) -> Problem {
    Problem::error(
        EMPTY_LIST,
        "the list has no value",
        range,
        "expected a value",
    )
    .help("write at least one: `(Open)`; to ask for what is empty: `is EMPTY`")
}

/// A comma with nothing behind it.
pub(in super::super) fn trailing_comma(range: Range<usize>) -> Problem {
    Problem::error(
        LIST_COMMA,
        "no value stands behind the comma",
        range,
        "expected a value behind this",
    )
    .help("leave the comma out, or write a value behind it")
}

/// A comma with nothing before it.
pub(in super::super) fn comma_alone(range: Range<usize>) -> Problem {
    Problem::error(
        LIST_COMMA,
        "no value stands before the comma",
        range,
        "expected a value before this",
    )
    .help("leave the comma out, or write a value before it")
}

/// Two values of a list with nothing between them.
pub(in super::super) fn no_comma(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    Problem::error(
        LIST_COMMA,
        "the values of a list stand apart by commas",
        range,
        "expected `,` or `)`",
    )
    .help(format!("write `, {shown}`"))
}

/// An operator behind an operator.
pub(in super::super) fn two_operators(
    text: Text<'_>,
    range: Range<usize>,
    meant: Operator,
) -> Problem {
    Problem::error(
        TWO_OPERATORS,
        format!("`{}` are two operators", text.show(range.clone())),
        range,
        "expected one operator",
    )
    .help(format!("write `{}`", meant.as_str()))
}

/// What is no argument of a function.
pub(in super::super) fn argument(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    Problem::error(
        ARGUMENT,
        format!("`{shown}` is no argument of a function"),
        range,
        "expected a word, a number or a text in quotes",
    )
    .help("write e.g. `membersOf(\"jira-users\")`, `startOfDay(-1)`; functions do not nest")
}

/// `AFTER` behind what does not ask for the past.
pub(in super::super) fn predicate_without_history(
    text: Text<'_>,
    range: Range<usize>,
    operator: Operator,
) -> Problem {
    let shown = text.show(range.clone());
    let help = match operator {
        Operator::Equals => {
            "did you mean `WAS` instead of `=`? Otherwise join a comparison by `AND`"
        }
        Operator::NotEquals => {
            "did you mean `WAS NOT` instead of `!=`? Otherwise join a comparison by `AND`"
        }
        Operator::In => {
            "did you mean `WAS IN` instead of `in`? Otherwise join a comparison by `AND`"
        }
        _ => "join a comparison by `AND`, e.g. `AND updated >= -1w`",
    };
    Problem::error(
        PREDICATE,
        format!("`{shown}` stands only behind `WAS` and `CHANGED`"),
        range,
        "not behind this comparison",
    )
    .help(help)
}

/// `FROM` behind `WAS`.
pub(in super::super) fn only_behind_changed(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    Problem::error(
        PREDICATE,
        format!("`{shown}` stands only behind `CHANGED`"),
        range,
        "not behind `WAS`",
    )
    .help(format!("write `CHANGED {} …`", shown.to_uppercase()))
}

/// `AFTER` with nothing behind it.
pub(in super::super) fn predicate_value(
    text: Text<'_>,
    range: Range<usize>,
    word: PredicateWord,
) -> Problem {
    let shown = text.show(range.clone());
    let example = match word {
        PredicateWord::By => "currentUser()",
        PredicateWord::From | PredicateWord::To => "Done",
        PredicateWord::During => "(\"2026-11-01\", \"2026-11-30\")",
        PredicateWord::After | PredicateWord::Before | PredicateWord::On => "-7d",
    };
    Problem::error(
        PREDICATE,
        format!("nothing stands behind `{shown}`"),
        range,
        "expected a value behind this",
    )
    .help(format!("write e.g. `{shown} {example}`"))
}

/// A value behind `CHANGED`.
pub(in super::super) fn behind_changed(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    Problem::error(
        PREDICATE,
        format!("`{shown}` says nothing behind `CHANGED`"),
        range,
        "expected `FROM`, `TO`, `BY`, `AFTER`, `BEFORE`, `ON` or `DURING`",
    )
    .help(format!("write `CHANGED TO {shown}`"))
}
