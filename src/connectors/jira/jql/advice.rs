//! What parses, and is almost certainly not what was meant: warnings, since only Jira knows.

use super::names::{self, Kind};
use super::text::Text;
use super::tree::{OperandKind, Operator, Query, Term};
use crate::config::JiraCatalog;
use crate::diagnostic::{Code, nearest};
use crate::expression::Problem;

const UNKNOWN_FIELD: Code = Code::new("jql.unknown_field");
const UNKNOWN_FUNCTION: Code = Code::new("jql.unknown_function");
const UNKNOWN_VALUE: Code = Code::new("jql.unknown_value");
const OPERATOR_OF_FIELD: Code = Code::new("jql.operator_of_field");
const BAD_DATE: Code = Code::new("jql.bad_date");

/// What a query that parses is to be warned of; the catalog tells what the site has.
#[must_use]
pub fn advise(query: &Query, text: Text<'_>, catalog: Option<&JiraCatalog>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for term in query.clause.terms() {
        problems.extend(field(term, text, catalog));
        problems.extend(operator(term, text));
        functions(term, text, &mut problems);
        dates(term, text, &mut problems);
        if let Some(catalog) = catalog {
            values(term, text, catalog, &mut problems);
        }
    }
    problems
}

fn field(term: &Term, text: Text<'_>, catalog: Option<&JiraCatalog>) -> Option<Problem> {
    let written = &term.field;
    if names::field(&written.name).is_some() || written.property {
        return None;
    }
    let shown = text.show(written.range.clone());
    let warning = |label: &str, help: String| {
        Problem::warning(
            UNKNOWN_FIELD,
            format!("`{shown}` is no field that is known here"),
            written.range.clone(),
            label,
        )
        .help(help)
    };
    if let Some(number) = written
        .name
        .to_lowercase()
        .strip_prefix("customfield_")
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Some(warning(
            "the id of the REST API",
            format!("JQL writes it `cf[{number}]`"),
        ));
    }
    let Some(catalog) = catalog.filter(|catalog| !catalog.fields.is_empty()) else {
        let near = names::one_slip(&written.name, names::field_names())?;
        return Some(warning(
            "probably misspelt",
            format!("did you mean `{near}`?"),
        ));
    };
    if is_of_catalog(&written.name, written.custom, catalog) {
        return None;
    }
    let mut all: Vec<&str> = names::field_names().collect();
    all.extend(catalog.fields.values().map(|field| field.name.as_str()));
    let near = nearest(&written.name, all);
    let help = match near {
        Some(near) if near.contains(|one: char| !one.is_alphanumeric()) => {
            format!("did you mean `\"{near}\"`?")
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            "see `flowline fields`; after a change in Jira: `flowline fields --save`".to_owned()
        }
    };
    Some(warning("not in the catalog", help))
}

/// True for a field of the site by its name, also as `Name[Type]`, or by its number.
fn is_of_catalog(name: &str, custom: Option<u64>, catalog: &JiraCatalog) -> bool {
    if let Some(number) = custom {
        return catalog
            .fields
            .contains_key(&format!("customfield_{number}"));
    }
    let lower = name.to_lowercase();
    let bare = lower
        .split_once('[')
        .map_or(&*lower, |(bare, _)| bare)
        .trim();
    catalog.fields.iter().any(|(id, field)| {
        let known = field.name.to_lowercase();
        known == lower || known == bare || id.to_lowercase() == lower
    })
}

/// An operator that Jira refuses for a field of its own.
fn operator(term: &Term, text: Text<'_>) -> Option<Problem> {
    use Operator::{Equals, In, NotEquals, NotIn};

    let kind = names::field(&term.field.name)?.kind;
    let operator = term.operator.value;
    let empty = term
        .operand
        .as_ref()
        .is_some_and(|operand| operand.kind == OperandKind::Empty);
    let likes = matches!(operator, Operator::Like | Operator::NotLike);
    let help = match kind {
        Kind::Text if matches!(operator, Equals | In) && !empty => {
            "write `~`: texts are searched by their words".to_owned()
        }
        Kind::Text if matches!(operator, NotEquals | NotIn) && !empty => {
            "write `!~`: texts are searched by their words".to_owned()
        }
        Kind::Text if operator.orders() => "texts are searched by their words, with `~`".to_owned(),
        Kind::Choice | Kind::Ranked | Kind::Person | Kind::Time | Kind::Day | Kind::Issue
            if likes =>
        {
            "write `=`, or `in (…)` for several values".to_owned()
        }
        Kind::Choice | Kind::Person | Kind::Labels | Kind::Components if operator.orders() => {
            "its values have no order: write `=`, or `in (…)` for several values".to_owned()
        }
        _ => return None,
    };
    let field = text.show(term.field.range.clone());
    Some(
        Problem::warning(
            OPERATOR_OF_FIELD,
            format!("Jira knows no `{}` for `{field}`", operator.as_str()),
            term.operator.range.clone(),
            "another operator is needed",
        )
        .help(help),
    )
}

fn functions(term: &Term, text: Text<'_>, problems: &mut Vec<Problem>) {
    let predicates = term.predicates.iter().map(|predicate| &predicate.operand);
    for operand in term
        .operand
        .iter()
        .chain(predicates)
        .flat_map(|operand| operand.each())
    {
        let OperandKind::Function(function) = &operand.kind else {
            continue;
        };
        if names::is_function(&function.name.value) {
            continue;
        }
        if let Some(near) = names::meant_function(&function.name.value) {
            let range = function.name.range.clone();
            let shown = text.show(range.clone());
            problems.push(
                Problem::warning(
                    UNKNOWN_FUNCTION,
                    format!("`{shown}` is no function that is known here"),
                    range,
                    "probably misspelt",
                )
                .help(format!("did you mean `{near}`?")),
            );
        }
    }
}

/// Texts that Jira cannot read as a time, where one is compared.
fn dates(term: &Term, text: Text<'_>, problems: &mut Vec<Problem>) {
    let timed = names::field(&term.field.name)
        .is_some_and(|known| matches!(known.kind, Kind::Time | Kind::Day));
    if !timed || term.operator.value.is_history() {
        return;
    }
    for operand in term.operand.iter().flat_map(|operand| operand.each()) {
        let OperandKind::Value {
            text: value,
            quoted,
        } = &operand.kind
        else {
            continue;
        };
        if super::dates::Literal::read(value, *quoted).is_some() {
            continue;
        }
        let shown = text.show(operand.range.clone());
        problems.push(
            Problem::warning(
                BAD_DATE,
                format!("Jira reads no time from `{shown}`"),
                operand.range.clone(),
                "expected a date or a period",
            )
            .help("write `2026-11-24`, `\"2026-11-24 10:15\"`, `-7d`, `\"-1w 2d\"`, `startOfDay(-1)` …"),
        );
    }
}

/// Projects, statuses and priorities that the site did not have.
fn values(term: &Term, text: Text<'_>, catalog: &JiraCatalog, problems: &mut Vec<Problem>) {
    let Some(field) = names::field(&term.field.name) else {
        return;
    };
    let known: Vec<&str> = match field.path {
        ["project"] => catalog
            .projects
            .iter()
            .flat_map(|(key, name)| [key.as_str(), name.as_str()])
            .collect(),
        ["status"] => catalog.statuses.iter().map(String::as_str).collect(),
        ["priority"] => catalog.priorities.iter().map(String::as_str).collect(),
        _ => return,
    };
    if known.is_empty() || term.operator.value.is_history() {
        return;
    }
    for operand in term.operand.iter().flat_map(|operand| operand.each()) {
        let OperandKind::Value { text: value, .. } = &operand.kind else {
            continue;
        };
        let is_id = value.bytes().all(|byte| byte.is_ascii_digit());
        let lower = value.to_lowercase();
        if is_id || known.iter().any(|known| known.to_lowercase() == lower) {
            continue;
        }
        let what = field.names.first().copied().unwrap_or_default();
        let help = nearest(value, known.iter().copied()).map_or_else(
            || "see `flowline fields`; after a change in Jira: `flowline fields --save`".to_owned(),
            |near| {
                if near.contains(' ') {
                    format!("did you mean `\"{near}\"`?")
                } else {
                    format!("did you mean `{near}`?")
                }
            },
        );
        let shown = text.show(operand.range.clone());
        problems.push(
            Problem::warning(
                UNKNOWN_VALUE,
                format!("the site has no {what} `{shown}`"),
                operand.range.clone(),
                "not in the catalog",
            )
            .help(help),
        );
    }
}
