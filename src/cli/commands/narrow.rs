//! What part of a source `run` and `plan` read: `--since`, `--full`, `--limit`, `--jql`.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::connectors::jira::jql::{self, Text};
use crate::diagnostic::{Diagnostics, Source, Span};

/// What part of the source is read, instead of what is new.
#[derive(Clone, Debug, Default, Args)]
pub struct Part {
    /// Read from here instead of the cursor: a date, an RFC 3339 time, or e.g. "7 days ago"
    #[arg(long, value_name = "TIME", conflicts_with = "full")]
    pub since: Option<String>,
    /// Read everything again; what was sent stays known and is not sent again
    #[arg(long)]
    pub full: bool,
    /// At most so many records
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Only issues that also match this JQL
    #[arg(long, value_name = "JQL")]
    pub jql: Option<String>,
}

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
