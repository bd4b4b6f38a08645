//! Mistakes in operators.

use std::ops::Range;

use crate::connectors::jira::jql::text::Text;
use crate::connectors::jira::jql::tree::Operator;
use crate::diagnostic::Code;
use crate::expression::Problem;

const UNKNOWN: Code = Code::new("jql.unknown_operator");
const MISSING: Code = Code::new("jql.operator_expected");
const NO_FIELD: Code = Code::new("jql.field_expected");
const UNQUOTED_FIELD: Code = Code::new("jql.unquoted_field");
const NOT: Code = Code::new("jql.misplaced_not");

/// What other languages write for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Meant {
    /// This operator.
    Operator(&'static str),
    /// Words with it.
    Words(&'static str),
    /// Two comparisons.
    Between,
}

/// What a word in the place of an operator was meant to be.
pub(in super::super) fn meant(word: &str) -> Option<Meant> {
    const WORDS: [(&str, Meant); 24] = [
        ("like", Meant::Operator("~")),
        ("contains", Meant::Operator("~")),
        ("contain", Meant::Operator("~")),
        ("matches", Meant::Operator("~")),
        ("has", Meant::Operator("~")),
        ("ilike", Meant::Operator("~")),
        ("equals", Meant::Operator("=")),
        ("equal", Meant::Operator("=")),
        ("eq", Meant::Operator("=")),
        ("ne", Meant::Operator("!=")),
        ("neq", Meant::Operator("!=")),
        ("gt", Meant::Operator(">")),
        ("ge", Meant::Operator(">=")),
        ("gte", Meant::Operator(">=")),
        ("lt", Meant::Operator("<")),
        ("le", Meant::Operator("<=")),
        ("lte", Meant::Operator("<=")),
        ("≠", Meant::Operator("!=")),
        ("≤", Meant::Operator("<=")),
        ("≥", Meant::Operator(">=")),
        ("notin", Meant::Words("not in (…)")),
        ("isempty", Meant::Words("is EMPTY")),
        ("isnull", Meant::Words("is EMPTY")),
        ("between", Meant::Between),
    ];
    let isnot = word.eq_ignore_ascii_case("isnot");
    WORDS
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map(|(_, meant)| meant)
        .or_else(|| isnot.then_some(Meant::Words("is not EMPTY")))
}

/// What to type instead.
pub(in super::super) fn instead(text: Text<'_>, field: Range<usize>, meant: Meant) -> String {
    match meant {
        Meant::Operator(operator) => format!("write `{operator}`"),
        Meant::Words(words) => format!("write `{words}`"),
        Meant::Between => {
            let field = text.show(field);
            format!("write `{field} >= … AND {field} <= …`")
        }
    }
}

/// The operator that a word was probably meant to be.
pub(in super::super) fn misspelt(word: &str) -> Option<&'static str> {
    const MISSPELT: [(&str, &str); 11] = [
        ("ni", "in"),
        ("inn", "in"),
        ("iin", "in"),
        ("si", "is"),
        ("iss", "is"),
        ("wsa", "was"),
        ("wass", "was"),
        ("nto", "not"),
        ("nit", "not"),
        ("nott", "not"),
        ("ont", "not"),
    ];
    MISSPELT
        .into_iter()
        .find(|(wrong, _)| wrong.eq_ignore_ascii_case(word))
        .map(|(_, right)| right)
        .or_else(|| {
            let near = crate::diagnostic::nearest(word, ["changed"])?;
            (word.len() + 1 >= near.len()).then_some(near)
        })
}

/// Signs that are no operator of JQL.
pub(in super::super) fn signs(text: Text<'_>, range: Range<usize>, meant: Operator) -> Problem {
    unknown(text, range, &format!("write `{}`", meant.as_str()))
}

/// What is no operator of JQL.
pub(in super::super) fn unknown(text: Text<'_>, range: Range<usize>, help: &str) -> Problem {
    Problem::error(
        UNKNOWN,
        format!("`{}` is no operator of JQL", text.show(range.clone())),
        range,
        "expected an operator",
    )
    .help(help)
}

/// A field with no operator behind it; `tail` is what stands there.
pub(in super::super) fn missing(
    text: Text<'_>,
    field: Range<usize>,
    tail: Range<usize>,
) -> Problem {
    let name = text.show(field.clone());
    let help = if tail.is_empty() {
        match name.split_once(':') {
            Some((before, after)) if !before.is_empty() && !after.is_empty() => {
                format!("write `{before} = {after}`")
            }
            _ => format!(
                "write e.g. `{name} = …`; words alone are looked for by `text ~ {}`",
                text.quoted(field.clone())
            ),
        }
    } else {
        let value = text.show(tail.clone());
        let value = if value.contains(' ') && !value.starts_with(['"', '\'']) {
            text.quoted(tail.clone())
        } else {
            value
        };
        let all = text.quoted(field.start..tail.end);
        format!("write `{name} = {value}`; words alone are looked for by `text ~ {all}`")
    };
    let at = if tail.is_empty() { field } else { tail };
    Problem::error(
        MISSING,
        format!("no operator stands behind `{name}`"),
        at,
        "expected an operator: `=`, `in`, `~`, `is` …",
    )
    .help(help)
}

/// A field of several words that lacks its quotes.
pub(in super::super) fn unquoted_field(text: Text<'_>, range: Range<usize>) -> Problem {
    let quoted = text.quoted(range.clone());
    Problem::error(
        UNQUOTED_FIELD,
        "a field of several words stands in quotes",
        range,
        "expected one word, or quotes",
    )
    .help(format!("write `{quoted}`"))
}

/// An operator with no field before it.
pub(in super::super) fn nothing_before(text: Text<'_>, range: Range<usize>) -> Problem {
    let shown = text.show(range.clone());
    Problem::error(
        NO_FIELD,
        format!("no field stands before `{shown}`"),
        range,
        "expected a field before this",
    )
    .help(format!("name it: `project {shown} …`"))
}

/// `not` where it means nothing.
pub(in super::super) fn not(text: Text<'_>, range: Range<usize>, help: &str) -> Problem {
    Problem::error(
        NOT,
        format!("`{}` is no operator", text.show(range.clone())),
        range,
        "behind a field `not` stands only before `in`",
    )
    .help(help)
}
