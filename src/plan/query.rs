//! JQL of pipelines.

use std::ops::Range;

use super::compiler::Compiler;
use crate::config::{Expanded, JiraCatalog, Written};
use crate::connectors::jira::jql::{self, Filter, Text};
use crate::connectors::jira::spec::Jql;
use crate::diagnostic::{Code, Severity};
use crate::expression::Problem;
use crate::syntax::Scalar;

const NOT_TEXT: Code = Code::new("jql.not_text");

/// Compiles a query; none where it has a mistake.
///
/// One that parses is let pass, whatever its names mean; a `live` one is also judged here.
pub(super) fn compile(
    written: &Written,
    live: bool,
    catalog: Option<&JiraCatalog>,
    compiler: &mut Compiler<'_>,
) -> Option<Jql> {
    let scalar = written.as_scalar().filter(|_| written.as_text().is_some());
    let Some(scalar) = scalar else {
        compiler.mistake(
            NOT_TEXT,
            format!("{} where JQL is expected", written.describe()),
            written.span,
            "JQL",
            "write e.g. `jql: project = SUPPORT`",
        );
        return None;
    };
    // What cannot be replaced is said once for the whole file, where it is read.
    let expanded = compiler.strings.expand_query(&scalar.text);
    if expanded.is_open() {
        return Some(Jql::asked(expanded.text));
    }
    let whole = compiler.source.slice(written.span).to_owned();
    let shown = |range: Range<usize>| shown(&expanded, scalar, &whole, range);
    let text = Text::shown_by(&expanded.text, &shown);
    let (filter, problems) = judge(text, live, catalog);
    let passes = problems
        .iter()
        .all(|problem| problem.severity != Severity::Error);
    let problems = problems
        .into_iter()
        .map(|problem| problem.map_ranges(|range| expanded.written(range)))
        .collect();
    compiler.problems(problems, written);
    passes.then(|| Jql {
        text: expanded.text.clone(),
        filter,
    })
}

fn judge(
    text: Text<'_>,
    live: bool,
    catalog: Option<&JiraCatalog>,
) -> (Option<Filter>, Vec<Problem>) {
    let query = match jql::parse(text) {
        Ok(query) => query,
        Err(problems) => return (None, problems),
    };
    let mut problems = jql::advise(&query, text, catalog);
    if !live {
        return (None, problems);
    }
    match Filter::compile(&query, text) {
        Ok(filter) => (Some(filter), problems),
        Err(refusals) => {
            // What is refused need not be warned of too.
            let start = |problem: &Problem| problem.labels.first().map(|(range, _)| range.clone());
            problems.retain(|warning| !refusals.iter().any(|one| start(one) == start(warning)));
            problems.extend(refusals);
            (None, problems)
        }
    }
}

/// A stretch of the query as the file has it: what stands for a `${…}` is never shown.
fn shown(expanded: &Expanded, scalar: &Scalar, whole: &str, range: Range<usize>) -> String {
    if scalar.replaced {
        return whole.trim_matches(['"', '\'']).to_owned();
    }
    let written = expanded.written(range);
    scalar.text.get(written).unwrap_or_default().to_owned()
}
