//! Mistakes in what joins comparisons: `AND`, `OR`, parentheses, the order.

use std::ops::Range;

use crate::connectors::jira::jql::text::Text;
use crate::diagnostic::Code;
use crate::expression::Problem;

const EMPTY: Code = Code::new("jql.empty");
const ORDER: Code = Code::new("jql.order_by");
const UNOPENED: Code = Code::new("jql.unopened_parenthesis");
const UNCLOSED: Code = Code::new("jql.unclosed_parenthesis");
const EMPTY_PARENTHESES: Code = Code::new("jql.empty_parentheses");
const TOO_DEEP: Code = Code::new("jql.too_deep");
const MISSING: Code = Code::new("jql.connective_expected");
const MISSPELT: Code = Code::new("jql.misspelt_connective");
const DANGLING: Code = Code::new("jql.dangling_connective");

/// Nothing but blanks.
pub(in super::super) fn empty(text: Text<'_>) -> Problem {
    Problem::error(
        EMPTY,
        "the query is empty",
        0..text.as_str().len(),
        "expected a comparison",
    )
    .help(
        "write one, e.g. `project = SUPPORT`, or leave `jql` out for all that the account may see",
    )
}

/// An order, where flowline states its own.
pub(in super::super) fn order(range: Range<usize>, alone: bool) -> Problem {
    let help = if alone {
        "issues are read in the order of their last change: leave `jql` out for all that the account may see"
    } else {
        "remove it: issues are read in the order of their last change"
    };
    Problem::error(
        ORDER,
        "a query has no `ORDER BY` here",
        range,
        "not allowed",
    )
    .help(help)
}

/// `)` or `]` without an opening one.
pub(in super::super) fn unopened(range: Range<usize>) -> Problem {
    Problem::error(UNOPENED, "this closes nothing", range, "none is open")
        .help("leave it out, or open it before")
}

/// `(` that nothing closes.
pub(in super::super) fn unclosed(
    text: Text<'_>,
    open: Range<usize>,
    inside: Range<usize>,
) -> Problem {
    let shown = text.show(inside);
    Problem::error(
        UNCLOSED,
        "the parenthesis is not closed",
        open,
        "no `)` closes this",
    )
    .help(format!("close it: `({shown})`"))
}

/// True for a parenthesis that is not closed: those around it are not either.
pub(in super::super) fn is_unclosed(problem: &Problem) -> bool {
    problem.code == UNCLOSED
}

/// `()` in place of a condition.
pub(in super::super) fn empty_parentheses(range: Range<usize>) -> Problem {
    Problem::error(
        EMPTY_PARENTHESES,
        "nothing stands in the parentheses",
        range,
        "expected a comparison",
    )
    .help("leave them out, or write a comparison in them: `(project = SUPPORT)`")
}

/// Nested beyond measure.
pub(in super::super) fn too_deep(range: Range<usize>) -> Problem {
    let deepest = crate::connectors::jira::jql::parse::MAX_DEPTH;
    Problem::error(
        TOO_DEEP,
        format!("the query nests deeper than {deepest} levels"),
        range,
        "too deep",
    )
    .help("leave out parentheses that join nothing")
}

/// Something behind a comparison without `AND` or `OR`.
pub(in super::super) fn missing(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    Problem::error(
        MISSING,
        format!("`{shown}` is joined with nothing before it"),
        range,
        "expected `AND` or `OR`",
    )
    .help(format!("join comparisons: `AND {shown} …`"))
}

/// A comma between comparisons.
pub(in super::super) fn comma(range: Range<usize>) -> Problem {
    Problem::error(
        MISSING,
        "a comma joins nothing outside a list",
        range,
        "expected `AND` or `OR`",
    )
    .help("join comparisons by `AND` or `OR`; several values are `in (A, B)`")
}

/// The connective that a word was meant to be.
pub(in super::super) fn misspelt(word: &str) -> Option<&'static str> {
    const MEANT: [(&str, &str); 16] = [
        ("adn", "AND"),
        ("nad", "AND"),
        ("and", "AND"),
        ("an", "AND"),
        ("andd", "AND"),
        ("ad", "AND"),
        ("amd", "AND"),
        ("und", "AND"),
        ("et", "AND"),
        ("y", "AND"),
        ("plus", "AND"),
        ("ro", "OR"),
        ("orr", "OR"),
        ("oder", "OR"),
        ("ou", "OR"),
        ("xor", "OR"),
    ];
    MEANT
        .into_iter()
        .find(|(wrong, _)| wrong.eq_ignore_ascii_case(word))
        .map(|(_, meant)| meant)
}

/// `adn` for `AND`.
pub(in super::super) fn misspelt_connective(
    text: Text<'_>,
    range: Range<usize>,
    meant: &str,
) -> Problem {
    Problem::error(
        MISSPELT,
        format!("`{}` joins nothing", text.show(range.clone())),
        range,
        "expected `AND` or `OR`",
    )
    .help(format!("did you mean `{meant}`?"))
}

/// `AND` with nothing behind it, at the bytes of the connective.
pub(in super::super) fn nothing_behind(text: Text<'_>, connective: Range<usize>) -> Problem {
    let shown = text.show(connective.clone());
    Problem::error(
        DANGLING,
        format!("nothing stands behind `{shown}`"),
        connective,
        "expected a comparison behind this",
    )
    .help("write a comparison behind it, e.g. `project = SUPPORT`, or leave it out")
}

/// `AND` with nothing before it.
pub(in super::super) fn nothing_before(text: Text<'_>, connective: Range<usize>) -> Problem {
    let shown = text.show(connective.clone());
    Problem::error(
        DANGLING,
        format!("nothing stands before `{shown}`"),
        connective,
        "expected a comparison before this",
    )
    .help("leave it out, or write a comparison before it")
}

/// `AND OR`, at the bytes of the second one.
pub(in super::super) fn doubled(
    text: Text<'_>,
    first: Range<usize>,
    second: Range<usize>,
) -> Problem {
    let (one, other) = (text.show(first), text.show(second.clone()));
    Problem::error(
        DANGLING,
        format!("nothing stands between `{one}` and `{other}`"),
        second,
        "expected a comparison",
    )
    .help("leave one of them out")
}
