//! `flowline check`: connections tested step by step, as a person would debug them.

mod allowed;
mod brevo;
mod jira;
mod steps;
mod webhooks;
mod wire;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde_json::Value as Json;
use url::Url;

use self::steps::{Row, Steps, Wrong};
use super::status::is_a_persons;
use super::telling::{named_connections, state_of};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::output::Output;
use crate::cli::services::{self, Gateway, NotConnected};
use crate::cli::wrap::wrapped;
use crate::config::{Connection, Loaded};
use crate::diagnostic::Diagnostics;
use crate::http::Transport;
use crate::plan::Plan;
use crate::project::Opened;
use crate::runtime::{Connected, EndpointTrouble, Kept};

/// Test connections step by step; each ✗ says what to do
///
/// Jira: resolve, tls, authenticate, scopes, projects, search, jql, users, webhooks. Brevo: resolve,
/// tls, authenticate, plan, attributes, lists, campaigns. What the pipelines do not need is well.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline check
  flowline check support
  flowline check --sandbox
  flowline check --format json | jq '.[] | select(.ok != true)'")]
pub struct Arguments {
    /// The connections [default: all]
    #[arg(value_name = "NAME")]
    pub connections: Vec<String>,
}

/// What a connection is checked against.
pub(super) struct Subject<'c> {
    /// Its name.
    pub(super) name: &'c Arc<str>,
    /// All pipelines without mistakes.
    pub(super) plans: Vec<&'c Arc<Plan>>,
    /// The URL under which the services reach the server.
    pub(super) public_url: Option<&'c str>,
    /// Asks without a credential.
    pub(super) transport: &'c dyn Transport,
    /// The project, and where it is.
    pub(super) loaded: &'c Loaded,
    pub(super) root: &'c Path,
    /// What it keeps sealed.
    pub(super) kept: &'c Kept,
    /// The services are emulated.
    pub(super) sandbox: bool,
}

/// What was found of a connection: its steps, and its queries' mistakes in their files.
struct Found {
    name: Arc<str>,
    kind: &'static str,
    rows: Vec<Row>,
    mistakes: Diagnostics,
}

/// Checks and shows.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    match check(arguments, context).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn check(arguments: &Arguments, context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let (opened, _) = state_of(context)?;
    let Some(loaded) = &opened.loaded else {
        return Err(Exit::Wrong);
    };
    let wanted = named_connections(&opened, &arguments.connections, output)?;
    if wanted.is_empty() {
        output.say("flowline.yaml has no connections: there is nothing to check");
    }
    if opened.plans.len() < opened.names.len() {
        output.warn(
            "some pipelines have mistakes: what they need is not looked at; see `flowline validate`",
        );
    }
    let interrupt = interrupt::listen(output);
    let kept = services::kept(context, &opened)?;
    let gateway = Gateway::start(context, &opened, None, &interrupt.token).await?;
    let server = loaded.project.server.as_ref();
    let public_url = server.and_then(|server| server.public_url.as_ref());
    let public_url = public_url.filter(|url| !url.value.contains("${"));
    let transport = gateway.shared_transport();
    let all = Everything {
        context,
        opened: &opened,
        loaded,
        kept: &kept,
        gateway: &gateway,
        public_url: public_url.map(|url| url.value.trim_end_matches('/').to_owned()),
    };
    // All services at once.
    let found = wanted.iter().map(|name| checked(name, &all, &*transport));
    let found = futures::future::join_all(found).await;
    gateway.stop().await;
    Ok(show(&found, output))
}

/// What all connections are checked with.
struct Everything<'c> {
    context: &'c Context,
    opened: &'c Opened,
    loaded: &'c Loaded,
    kept: &'c Kept,
    gateway: &'c Gateway,
    public_url: Option<String>,
}

async fn checked(name: &Arc<str>, all: &Everything<'_>, transport: &dyn Transport) -> Found {
    let mut steps = Steps::of(&all.gateway.quota, name);
    let mut mistakes = Diagnostics::new();
    let subject = Subject {
        name,
        plans: all.opened.plans.values().collect(),
        public_url: all.public_url.as_deref(),
        transport,
        loaded: all.loaded,
        root: &all.opened.root,
        kept: all.kept,
        sandbox: all.context.global.sandbox,
    };
    let connections = &all.loaded.project.connections;
    let kind = connections
        .get(name)
        .map_or("", |connection| connection.value.service());
    let url = all.gateway.address(all.loaded, name);
    reach(&subject, url.as_ref(), all.context, &mut steps).await;
    let connected = steps.tried("authenticate", true, authenticated(name, all));
    let connected = connected.await.unwrap_or_default();
    if kind == "jira" {
        jira::check(&subject, &connected, &mut steps, &mut mistakes).await;
    } else {
        let session = connected.brevo.get(name);
        brevo::check(&subject, session.map(Arc::as_ref), &mut steps).await;
    }
    Found {
        name: Arc::clone(name),
        kind,
        rows: steps.finish(),
        mistakes,
    }
}

async fn reach(subject: &Subject<'_>, url: Option<&Url>, context: &Context, steps: &mut Steps) {
    match url {
        Some(url) => {
            let proxied = |name: &str| context.environment.get(name).is_some();
            wire::reached(url, &proxied, subject.transport, steps).await;
        }
        None => {
            steps.known("resolve", Err(no_address(subject)));
            steps.block("resolve");
            steps.known("tls", Ok(String::new()));
        }
    }
}

/// Why it is not known where a service is.
fn no_address(subject: &Subject<'_>) -> Wrong {
    let connection = subject.loaded.project.connections.get(subject.name);
    let (member, text) = match connection.map(|one| &one.value) {
        Some(Connection::Jira(jira)) => ("site", jira.site.as_ref().or(jira.gateway.as_ref())),
        Some(Connection::Brevo(brevo)) => ("url", brevo.url.as_ref()),
        None => ("site", None),
    };
    let text = text.map(|text| text.value.as_str()).unwrap_or_default();
    let unset = text
        .split_once("${")
        .and_then(|(_, rest)| rest.split_once('}'));
    match unset {
        Some((name, _)) => Wrong::new(
            format!("the address is not known: `{name}`, which `{member}` names, is not set"),
            "set it in the environment or in .env, or try without an account: --sandbox",
        ),
        None => Wrong::new(
            format!("the address is not known: `{member}` is none"),
            format!("correct `{member}` of `{}` in flowline.yaml", subject.name),
        ),
    }
}

async fn authenticated(
    name: &Arc<str>,
    all: &Everything<'_>,
) -> Result<(Connected, String), Wrong> {
    let names = [Arc::clone(name)];
    let whole = BTreeMap::new();
    let connected = all
        .gateway
        .connect(all.loaded, &all.opened.root, all.kept, &names, &whole)
        .await;
    let connected = connected.map_err(|why| match why {
        NotConnected::Refused(failure) => Wrong::from(failure),
        NotConnected::Written(troubles) => {
            let of = |part: &dyn Fn(&EndpointTrouble) -> &str| {
                let parts: Vec<&str> = troubles.iter().map(part).collect();
                parts.join("; ")
            };
            Wrong::new(of(&|one| &one.message), of(&|one| &one.help))
        }
    })?;
    let who = match (connected.jira.get(name), connected.brevo.get(name)) {
        (Some(session), _) => {
            let myself = session.myself().await?;
            let zone = myself.time_zone.unwrap_or_else(|| "unknown".to_owned());
            let connection = all.loaded.project.connections.get(name);
            let persons = !all.context.global.sandbox
                && connection.is_some_and(|connection| is_a_persons(&connection.value));
            let note = if persons {
                "; a person's API token, which breaks when that person leaves"
            } else {
                ""
            };
            format!("account {}, time zone {zone}{note}", myself.account_id)
        }
        // An account may be named by its owner's address.
        (_, Some(session)) if session.account.contains('@') => "the key is taken".to_owned(),
        (_, Some(session)) => format!("account {}", session.account),
        (None, None) => String::new(),
    };
    Ok((connected, who))
}

fn show(found: &[Found], output: &Output) -> Exit {
    let rows = found.iter().flat_map(|one| &one.rows);
    let exit = if rows.clone().all(|row| row.ok == Some(true)) {
        Exit::Done
    } else {
        Exit::Refused
    };
    if output.json() {
        let all: Vec<Json> = found
            .iter()
            .flat_map(|one| one.rows.iter().map(|row| row.to_json(&one.name)))
            .collect();
        return output.result_json(&all).worst(exit);
    }
    for (place, one) in found.iter().enumerate() {
        if place > 0 {
            output.result("");
        }
        output.result(&format!("{} ({})", one.name, one.kind));
        for row in &one.rows {
            show_row(row, output);
        }
        if !one.mistakes.is_empty() {
            output.diagnostics(&one.mistakes);
        }
    }
    exit
}

fn show_row(row: &Row, output: &Output) {
    let (mark, colour) = match row.ok {
        Some(true) => ("✓", "32"),
        Some(false) => ("✗", "31;1"),
        None => ("–", "2"),
    };
    let mark = if output.colour_results {
        format!("\u{1b}[{colour}m{mark}\u{1b}[0m")
    } else {
        mark.to_owned()
    };
    let detail = wrapped(&row.detail, 18, output.results_width);
    let line = format!("  {mark} {:<13} {detail}", row.step);
    output.result(line.trim_end());
    if row.ok == Some(false) && !row.help.is_empty() {
        let help = wrapped(&row.help, 24, output.results_width);
        output.result(&format!("                  help: {help}"));
    }
}
