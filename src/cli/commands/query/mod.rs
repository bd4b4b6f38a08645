//! `flowline query`: issues as a table, JSON or CSV.

mod mistake;
mod reporter;
mod show;

use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use super::telling::{one_connection, state_of};
use crate::cli::args::Format;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::{interrupt, services};
use crate::connectors::jira::Session;
use crate::connectors::jira::jql::{self, Parts, Text};
use crate::connectors::jira::query::{self, Search};
use crate::http::Class;

/// What one customer's issues are looked at for.
const FIELDS: &str = "summary,status,priority,created";

/// Issues as a table, JSON or CSV, e.g. all of one customer's
///
/// The query is asked as it is, its ORDER BY included. What it finds may be people's data: it
/// stands on stdout alone.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline query 'project = SUPPORT AND status != Done ORDER BY created DESC' --limit 20
  flowline query 'project = SUPPORT' --reporter jane@example.com --fields summary,status,priority,created
  flowline query 'project = SUPPORT' --fields 'summary,Story Points' --format csv > issues.csv
  flowline query 'created >= -7d' --sandbox --format json | jq '.[].fields.summary'")]
pub struct Arguments {
    /// The query, with or without an ORDER BY
    #[arg(value_name = "JQL")]
    pub jql: String,
    /// Only what this person reported: an e-mail address or an account id
    #[arg(long, value_name = "EMAIL|ACCOUNT_ID")]
    pub reporter: Option<String>,
    /// The fields, by their ids or display names
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = FIELDS)]
    pub fields: Vec<String>,
    /// At most so many issues [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// The Jira connection, where there is a choice
    #[arg(long, value_name = "NAME")]
    pub connection: Option<String>,
    /// How issues are printed
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        value_parser = PossibleValuesParser::new(["table", "json", "csv"]).map(|word| match word.as_str() {
            "json" => Format::Json,
            "csv" => Format::Csv,
            _ => Format::Human,
        })
    )]
    pub format: Format,
}

/// Asks and prints.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    match ask(arguments, context).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn ask(arguments: &Arguments, context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let parts = jql::parts(Text::new(&arguments.jql))
        .map_err(|problems| mistake::ours(&arguments.jql, problems, output))?;
    let reporter = arguments.reporter.as_deref();
    let reporter = reporter
        .map(|text| reporter::Reporter::read(text, output))
        .transpose()?;
    let (opened, _) = state_of(context)?;
    let name = one_connection(&opened, "jira", arguments.connection.as_deref(), output)?;
    let interrupt = interrupt::listen(output);
    let services = services::open(
        context,
        &opened,
        &[Arc::clone(&name)],
        None,
        &interrupt.token,
    )
    .await?;
    let session = services.connected.jira.get(&name).cloned();
    let exit = match session {
        Some(session) => asked(arguments, &parts, reporter, &session, context).await,
        None => Exit::Wrong,
    };
    services.stop().await;
    Ok(exit)
}

async fn asked(
    arguments: &Arguments,
    parts: &Parts,
    reporter: Option<reporter::Reporter>,
    session: &Session,
    context: &Context,
) -> Exit {
    match print(arguments, parts, reporter, session, context).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn print(
    arguments: &Arguments,
    parts: &Parts,
    reporter: Option<reporter::Reporter>,
    session: &Session,
    context: &Context,
) -> Result<Exit, Exit> {
    let output = &context.output;
    // The key is always there.
    let names: Vec<String> = arguments
        .fields
        .iter()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty() && name != "key")
        .collect();
    let fields = query::asked(session, &names).await;
    let fields = fields.map_err(|failure| services::failed(context, &failure))?;
    let reporter = match reporter {
        Some(reporter) => Some(reporter.account(session, context).await?),
        None => None,
    };
    let whole = together(&arguments.jql, parts, reporter.as_deref());
    let limit = arguments.limit.unwrap_or(u64::MAX);
    let mut search = Search::new(session, whole, fields.clone(), limit);
    let mut shown = show::Shown::new(fields, output);
    let mut count = 0_u64;
    loop {
        match search.next_page().await {
            Ok(Some(page)) => {
                count += page.len() as u64;
                shown.page(&page);
            }
            Ok(None) => break,
            Err(failure) if failure.class == Class::Rejected && count == 0 => {
                return Err(mistake::theirs(arguments, session, &failure, context).await);
            }
            Err(failure) => return Err(services::failed(context, &failure)),
        }
    }
    // Nothing is no proof: a query that names what is not there may be answered with nothing.
    if count == 0 {
        mistake::none_unsaid(arguments, session, context).await?;
    }
    shown.end();
    if count == 0 {
        output.say("no issue");
    }
    Ok(Exit::Done)
}

/// The query beside the reporter: the condition in parentheses, its order behind both.
fn together(jql: &str, parts: &Parts, reporter: Option<&str>) -> String {
    let Some(reporter) = reporter else {
        return jql.to_owned();
    };
    let reporter = format!("reporter = {}", jql::string(reporter));
    let text = |range: &std::ops::Range<usize>| jql.get(range.clone()).unwrap_or_default().trim();
    let condition = match &parts.clause {
        Some(clause) => format!("({}) AND {reporter}", text(clause)),
        None => reporter,
    };
    match &parts.order {
        Some(order) => format!("{condition} {}", text(order)),
        None => condition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reporter_stands_beside_the_condition_and_before_the_order() {
        for (jql, expected) in [
            (
                "a = 1 OR b = 2",
                r#"(a = 1 OR b = 2) AND reporter = "x\"y""#,
            ),
            (
                "a = 1 ORDER BY key",
                r#"(a = 1) AND reporter = "x\"y" ORDER BY key"#,
            ),
            ("order by key", r#"reporter = "x\"y" order by key"#),
        ] {
            let parts = jql::parts(Text::new(jql)).unwrap();
            assert_eq!(together(jql, &parts, Some("x\"y")), expected);
            assert_eq!(together(jql, &parts, None), jql);
        }
    }
}
