//! What is wrong with a query, under its characters.

use super::Arguments;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::services;
use crate::connectors::jira::Session;
use crate::connectors::jira::jql;
use crate::connectors::jira::query;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span};
use crate::expression::Problem;
use crate::http::Failure;

const REFUSED: Code = Code::new("jql.refused");

/// A query that Jira would not even read.
pub(super) fn ours(jql: &str, problems: Vec<Problem>, output: &Output) -> Exit {
    let source = Source::new("JQL", jql);
    let found: Diagnostics = problems
        .into_iter()
        .map(|problem| {
            let one = problem.locate(|range| Span::new(range.start, range.end));
            one.in_source(&source)
        })
        .collect();
    output.diagnostics(&found);
    Exit::Wrong
}

/// A query that Jira refuses: what it says, under the characters that it is about.
pub(super) async fn theirs(
    arguments: &Arguments,
    session: &Session,
    failure: &Failure,
    context: &Context,
) -> Exit {
    match refused(arguments, session, context).await {
        Ok(true) => Exit::Wrong,
        Ok(false) if arguments.reporter.is_some() => {
            let failure = failure
                .clone()
                .help("the query alone is taken: the site knows nobody by what --reporter says");
            services::failed(context, &failure)
        }
        Ok(false) => {
            // A query that can be read and may not be asked: one without bounds.
            let (_, said) = failure.message.rsplit_once(": 400: ").unwrap_or_default();
            if said.is_empty() {
                return services::failed(context, failure);
            }
            let source = Source::new("JQL", arguments.jql.as_str());
            let one = refusal_of(&arguments.jql, said).in_source(&source);
            context.output.diagnostics(&one.into());
            Exit::Wrong
        }
        Err(exit) => exit,
    }
}

/// Makes sure that a query which found nothing is one that Jira takes.
pub(super) async fn none_unsaid(
    arguments: &Arguments,
    session: &Session,
    context: &Context,
) -> Result<(), Exit> {
    if refused(arguments, session, context).await? {
        return Err(Exit::Wrong);
    }
    Ok(())
}

/// Asks Jira to read the query; true where it refuses, which has been said.
async fn refused(
    arguments: &Arguments,
    session: &Session,
    context: &Context,
) -> Result<bool, Exit> {
    let refusals = query::refusals(session, &[&arguments.jql]).await;
    let refusals = refusals.map_err(|failure| services::failed(context, &failure))?;
    let refusals: Vec<String> = refusals.into_iter().flatten().collect();
    if refusals.is_empty() {
        return Ok(false);
    }
    let source = Source::new("JQL", arguments.jql.as_str());
    let found: Diagnostics = refusals
        .iter()
        .map(|refusal| refusal_of(&arguments.jql, refusal).in_source(&source))
        .collect();
    context.output.diagnostics(&found);
    Ok(true)
}

fn refusal_of(jql: &str, refusal: &str) -> Diagnostic {
    let at = jql::place(jql, refusal);
    let message = refusal.trim().trim_end_matches('.');
    Diagnostic::error(REFUSED, format!("Jira refuses the query: {message}"))
        .label(Span::new(at.start, at.end), "refused")
        .help("`flowline fields` lists the site's fields, statuses, priorities and projects")
}
