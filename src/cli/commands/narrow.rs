//! `--jql`, which narrows what a pipeline reads.

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::connectors::jira::jql::{self, Text};
use crate::diagnostic::{Diagnostics, Source, Span};

/// Checks the text of `--jql`.
///
/// # Errors
/// Where it has a mistake, which has been shown under its characters.
pub(super) fn check(text: Option<&str>, context: &Context) -> Result<(), Exit> {
    let Some(text) = text else { return Ok(()) };
    let problems = match jql::parse(Text::new(text)) {
        Ok(query) => jql::advise(&query, Text::new(text), None),
        Err(problems) => problems,
    };
    let source = Source::new("--jql", text);
    let diagnostics: Diagnostics = problems
        .into_iter()
        .map(|problem| {
            problem
                .locate(|range| Span::new(range.start, range.end))
                .in_source(&source)
        })
        .collect();
    let output = &context.output;
    if diagnostics.has_errors() {
        output.diagnostics(&diagnostics);
        return Err(Exit::Wrong);
    }
    if !diagnostics.is_empty() && !output.quiet && !output.json() {
        output.diagnostics(&diagnostics);
    }
    Ok(())
}
