//! `flowline webhooks`: what is registered with the services.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::telling::{refuse, table, time};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::services;
use crate::cli::time::now;
use crate::config::{Connection, Loaded};
use crate::http::Secret;
use crate::plan::Plan;
use crate::runtime::registration::{
    Ask, Outcome, Standing, Verb, Wanted, Way, by_hand, delivery_url, settle, wanted, way,
};
use crate::state::{SecretMarks, StateError};

/// Register, list, refresh or remove the webhooks that pipelines want
///
/// Webhooks deliver to `server.public_url` + `/webhooks/CONNECTION`; those of others are never
/// touched. `flowline serve` does the same as `register` at its start and every hour.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline webhooks register
  flowline webhooks list --format json
  flowline webhooks remove support")]
pub struct Arguments {
    /// What to do
    #[arg(value_enum)]
    pub verb: What,
    /// Connections [default: all whose webhooks a pipeline wants]
    #[arg(value_name = "CONNECTION")]
    pub connections: Vec<String>,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Register what is missing, renew what expires within 7 days, correct what moved.
    Register,
    /// Show ours.
    List,
    /// Renew those that expire.
    Refresh,
    /// Remove ours.
    Remove,
}

impl From<What> for Verb {
    fn from(what: What) -> Self {
        match what {
            What::Register => Self::Register,
            What::List => Self::List,
            What::Refresh => Self::Refresh,
            What::Remove => Self::Remove,
        }
    }
}

/// Does it.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    let opened = match context.open() {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let output = &context.output;
    let Some(loaded) = opened
        .loaded
        .as_ref()
        .filter(|_| opened.names.len() == opened.plans.len())
    else {
        output.diagnostics(&opened.diagnostics);
        return Exit::Wrong;
    };
    let public_url = loaded
        .project
        .server
        .as_ref()
        .and_then(|server| server.public_url.as_ref());
    let Some(public_url) = public_url.filter(|url| !url.value.contains("${")) else {
        output.error("flowline.yaml does not say where the services reach `flowline serve`");
        output.help("add `server: { public_url: \"https://…\" }`");
        return Exit::Wrong;
    };
    let plans: Vec<Arc<Plan>> = opened.plans.values().cloned().collect();
    let mut all = wanted(&plans);
    if let Some(unknown) = unknown(arguments, loaded) {
        output.error(&format!("there is no connection `{unknown}`"));
        output.help("see `connections` in flowline.yaml");
        return Exit::Wrong;
    }
    if !arguments.connections.is_empty() {
        all.retain(|one| {
            arguments
                .connections
                .iter()
                .any(|name| **name == *one.connection)
        });
    }
    let kept = match services::kept(context, &opened) {
        Ok(kept) => kept,
        Err(exit) => return exit,
    };
    let mut ways = Vec::new();
    for one in &all {
        match way(loaded, one, &opened.root, &kept) {
            way if context.global.sandbox => ways.push(emulated(way.ok(), one, loaded)),
            Ok(way) => ways.push(way),
            Err(trouble) => {
                output.error(&trouble.message);
                output.help(&trouble.help);
                return Exit::Wrong;
            }
        }
    }
    let mut pairs = all.iter().zip(&ways);
    if let Some((one, _)) = pairs.find(|(_, way)| matches!(way, Way::ByHand)) {
        let url = delivery_url(&public_url.value, &one.connection);
        return services::refused(context, &by_hand(one, &url));
    }
    let marks = SecretMarks::of(&services::state_file(context, &opened));
    let names: Vec<Arc<str>> = all.iter().map(|one| Arc::clone(&one.connection)).collect();
    let interrupt = interrupt::listen(output);
    let services = match services::open(context, &opened, &names, None, &interrupt.token).await {
        Ok(services) => services,
        Err(exit) => return exit,
    };
    let mut outcome = Outcome::default();
    let mut exit = Exit::Done;
    for (one, way) in all.iter().zip(&ways) {
        let url = delivery_url(&public_url.value, &one.connection);
        let same_secret = match same_secret(&marks, way, one) {
            Ok(same) => same,
            Err(error) => {
                exit = exit.worst(refuse(&error, output));
                continue;
            }
        };
        let ask = Ask {
            verb: arguments.verb.into(),
            url: &url,
            now: now().as_millisecond(),
            same_secret,
        };
        let settled = settle(&services.connected, way, one, ask, &mut outcome).await;
        match settled {
            Err(failure) => {
                exit = exit.worst(services::refused(context, &failure).max(Exit::Refused));
            }
            Ok(()) if ask.verb == Verb::Register => {
                if let Err(error) = keep_secret(&marks, way, one, same_secret) {
                    exit = exit.worst(refuse(&error, output));
                }
            }
            Ok(()) => {}
        }
    }
    services.stop().await;
    for refused in &outcome.refused {
        output.error(refused);
        exit = exit.worst(Exit::Refused);
    }
    show(&outcome.standing, context);
    exit
}

/// The sandbox lets everybody in as an account, whatever the file says.
fn emulated(way: Option<Way>, wanted: &Wanted, loaded: &Loaded) -> Way {
    let secret = way.as_ref().and_then(Way::secret).cloned();
    let secret = secret.unwrap_or_else(|| Secret::new("sandbox"));
    let connection = loaded.project.connections.get(&wanted.connection);
    match connection.map(|one| &one.value) {
        Some(Connection::Brevo(_)) => Way::Brevo(secret),
        _ => Way::Admin(secret),
    }
}

/// True where what there is was registered with the secret that the file has.
pub(super) fn same_secret(
    marks: &SecretMarks,
    way: &Way,
    wanted: &Wanted,
) -> Result<bool, StateError> {
    match way.secret() {
        Some(secret) => marks.is(&wanted.connection, secret.expose()),
        None => Ok(true),
    }
}

/// Remembers the secret that it was registered with just now.
pub(super) fn keep_secret(
    marks: &SecretMarks,
    way: &Way,
    wanted: &Wanted,
    same: bool,
) -> Result<(), StateError> {
    match way.secret() {
        Some(secret) if !same => marks.keep(&wanted.connection, secret.expose()),
        _ => Ok(()),
    }
}

fn unknown<'a>(arguments: &'a Arguments, loaded: &Loaded) -> Option<&'a String> {
    let known = |name: &str| loaded.project.connections.get(name).is_some();
    arguments.connections.iter().find(|name| !known(name))
}

fn show(standing: &[Standing], context: &Context) {
    let output = &context.output;
    if output.json() {
        let rows: Vec<_> = standing
            .iter()
            .map(|one| {
                json!({
                    "connection": &*one.connection, "kind": one.kind, "url": one.url,
                    "events": one.events, "filter": one.filter,
                    "expires": one.expires_at.map(time), "done": one.done,
                    "current": one.current,
                })
            })
            .collect();
        output.result_json(&json!(rows));
        return;
    }
    if standing.is_empty() {
        output.say("no pipeline wants webhooks");
        return;
    }
    let rows = standing.iter().map(|one| {
        vec![
            one.connection.to_string(),
            one.kind.to_owned(),
            one.done.to_owned(),
            one.expires_at.map(time).unwrap_or_default(),
            one.events.join(" "),
            one.filter.clone(),
        ]
    });
    let header = ["connection", "kind", "state", "expires", "events", "filter"];
    output.result(&table(&header, rows));
}
