//! `flowline status`: what the state knows.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::telling::{
    ago, cursor_text, cursor_time, day, is_of_inbox, look, refuse, short_time, state_of, table,
    time,
};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::services;
use crate::cli::time::now;
use crate::config::{Connection, JiraAuth, Loaded};
use crate::connectors::Cursor;
use crate::plan::Plan;
use crate::project::Opened;
use crate::runtime::{Kept, endpoints};
use crate::state::{
    Binding, CredentialView, LaneView, Limit, RunRecord, StateError, StateReader, Tracked,
    View as _,
};

/// Connections, last sync, cursors, counts, dead letters, quota left; no network
///
/// What is shown is what the runs so far have left in the state: nobody is asked anything.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline status
  flowline status --sandbox
  flowline status --format json | jq '.pipelines[] | select(.dead_letters > 0)'")]
pub struct Arguments {}

/// From how long before its end a token is warned of: 30 days.
const SOON_MS: i64 = 30 * DAY_MS;
const DAY_MS: i64 = 86_400_000;

/// What the state says; all of it empty where there is none yet.
#[derive(Default)]
struct Known {
    lanes: Vec<LaneView>,
    bindings: Vec<Binding>,
    limits: Vec<(String, Limit)>,
    tracked: Tracked,
    credentials: Vec<CredentialView>,
    kept: Kept,
}

impl Known {
    async fn of(state: Option<&StateReader>) -> Result<Self, StateError> {
        let Some(state) = state else {
            return Ok(Self::default());
        };
        Ok(Self {
            lanes: state.lanes().await?,
            bindings: state.bindings().await?,
            limits: state.limits().await?,
            tracked: state.tracked().await?,
            credentials: state.credentials().await?,
            kept: Kept::default(),
        })
    }

    /// When a run last ended well, in epoch milliseconds.
    fn last_sync(&self) -> Option<i64> {
        let runs = self.lanes.iter().filter_map(|lane| lane.last_run.as_ref());
        runs.filter(|run| matches!(run.result.as_str(), "done" | "dead_letters"))
            .map(|run| run.ended_at)
            .max()
    }
}

/// Shows what is known.
pub async fn run(_: &Arguments, context: &Context) -> Exit {
    match status(context).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn status(context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let (opened, file) = state_of(context)?;
    let Some(loaded) = &opened.loaded else {
        return Err(Exit::Wrong);
    };
    let state = look(&file, output)?;
    let known = Known::of(state.as_ref()).await;
    let mut known = known.map_err(|error| refuse(&error, output))?;
    // What cannot be opened has been said, and is not connected.
    known.kept = services::kept(context, &opened).unwrap_or_default();
    let now = now();
    if output.json() {
        warn_of_ends(loaded, &known, now, context);
        return Ok(output.result_json(&as_json(&opened, loaded, &known, now, context)));
    }
    show_connections(&opened, loaded, &known, now, context);
    show_pipelines(&opened, &known, now, output);
    if state.is_none() {
        output.result("\nno run yet: there is no state");
    } else {
        let Tracked {
            issues,
            projects,
            users_linked,
        } = known.tracked;
        let last = known.last_sync();
        output.result(&format!(
            "\nlast sync: {}",
            last.map_or_else(
                || "none yet".to_owned(),
                |at| format!("{} ({})", short_time(at), ago(at, now))
            )
        ));
        output.result(&format!(
            "{issues} issues tracked, {projects} projects monitored, {users_linked} users linked"
        ));
    }
    show_quota(loaded, &known, now, output);
    say_what_is_missing(&opened, loaded, &known, context);
    warn_of_ends(loaded, &known, now, context);
    warn_of_persons(loaded, context);
    if opened.diagnostics.has_errors() {
        output.warn("some pipelines have mistakes: see `flowline validate`");
    }
    Ok(Exit::Done)
}

/// True where the credentials of a connection are there.
fn connected(
    name: &Arc<str>,
    loaded: &Loaded,
    root: &Path,
    kept: &Kept,
    context: &Context,
) -> bool {
    context.global.sandbox
        || (endpoints(loaded, &[Arc::clone(name)], root, kept).is_ok() && !has_ended(name, kept))
}

/// True where the authorisation server has taken back the consent that the kept tokens came with.
fn has_ended(name: &str, kept: &Kept) -> bool {
    let credential = kept.credential(name).ok().flatten();
    credential
        .and_then(|credential| credential.tokens)
        .is_some_and(|tokens| tokens.refused)
}

/// When a kept credential ends unless a person makes a new one, in words.
fn ends(name: &str, known: &Known, now: Timestamp) -> Option<String> {
    let at = token_expires(known, name)?;
    Some(match at.saturating_sub(now.as_millisecond()) {
        ..=0 => format!("ended {}", day(at)),
        _ => format!("until {} at the latest", day(at)),
    })
}

/// Warns of credentials that end within 30 days: somebody has to make new ones in time.
fn warn_of_ends(loaded: &Loaded, known: &Known, now: Timestamp, context: &Context) {
    if context.global.sandbox {
        return;
    }
    for (name, _) in loaded.project.connections.iter() {
        let name = &name.value;
        let Some(at) = token_expires(known, name) else {
            continue;
        };
        let left = at.saturating_sub(now.as_millisecond());
        if left >= SOON_MS {
            continue;
        }
        let when = match left {
            ..=0 => format!("ended {}", day(at)),
            _ => format!("ends {} at the latest, in {} days", day(at), left / DAY_MS),
        };
        context
            .output
            .warn(&format!("what `{name}` gets in with {when}"));
        context.output.help(&format!(
            "make a new token where it is one, then: flowline connect {name}"
        ));
    }
}

fn account<'k>(known: &'k Known, connection: &str) -> Option<&'k str> {
    let mut bindings = known.bindings.iter();
    bindings
        .find(|binding| binding.connection == connection)
        .map(|binding| binding.account.as_str())
}

fn token_expires(known: &Known, connection: &str) -> Option<i64> {
    let mut credentials = known.credentials.iter();
    credentials
        .find(|credential| credential.connection == connection)
        .and_then(|credential| credential.expires_at)
}

fn lane<'k>(known: &'k Known, pipeline: &str) -> Option<&'k LaneView> {
    known
        .lanes
        .iter()
        .find(|view| &*view.lane.pipeline == pipeline)
}

/// The pipelines of the project, and those that are gone and left something behind.
fn pipelines<'a>(opened: &'a Opened, known: &'a Known) -> BTreeSet<&'a str> {
    let left = known.lanes.iter().map(|view| &*view.lane.pipeline);
    opened
        .names
        .iter()
        .map(String::as_str)
        .chain(left)
        .collect()
}

fn resets_in(limit: &Limit, now: Timestamp) -> Option<i64> {
    let until = limit.resets_at?.saturating_sub(now.as_millisecond());
    Some(until.max(0).saturating_add(999) / 1_000)
}

/// What is left of the quota: as last seen, the whole of it once its window is over.
fn remaining(limit: &Limit, now: Timestamp) -> Option<i64> {
    match limit.resets_at {
        Some(at) if at <= now.as_millisecond() => limit.limit,
        _ => limit.remaining,
    }
}

fn as_json(
    opened: &Opened,
    loaded: &Loaded,
    known: &Known,
    now: Timestamp,
    context: &Context,
) -> Json {
    let mut connections = Map::new();
    for (name, connection) in loaded.project.connections.iter() {
        let limits: Vec<Json> = known
            .limits
            .iter()
            .filter(|(of, _)| **of == *name.value)
            .map(|(_, limit)| {
                json!({
                    "family": limit.family,
                    "limit": limit.limit,
                    "remaining": remaining(limit, now),
                    "resets_in_s": resets_in(limit, now),
                })
            })
            .collect();
        let one = json!({
            "kind": connection.value.service(),
            "connected": connected(&name.value, loaded, &opened.root, &known.kept, context),
            "account": account(known, &name.value),
            // One that the file or the environment names does not say when it ends.
            "token_expires": token_expires(known, &name.value).map(time),
            "limits": limits,
        });
        connections.insert(name.value.to_string(), one);
    }
    let mut list = Map::new();
    for name in pipelines(opened, known) {
        list.insert(name.to_owned(), pipeline(name, opened, known, now));
    }
    json!({
        "connections": connections,
        "pipelines": list,
        "last_sync": known.last_sync().map(time),
        "issues_tracked": known.tracked.issues,
        "projects_monitored": known.tracked.projects,
        "users_linked": known.tracked.users_linked,
    })
}

fn pipeline(name: &str, opened: &Opened, known: &Known, now: Timestamp) -> Json {
    let plan = opened.plans.get(name);
    let view = lane(known, name);
    let last = view.and_then(|view| view.last_run.as_ref());
    let cursors = cursors(view);
    let cursor = match cursors.as_slice() {
        [] => Json::Null,
        [(source, cursor)] => cursor_text(source, cursor).into(),
        several => several
            .iter()
            .map(|(source, cursor)| (source.to_string(), cursor_text(source, cursor).into()))
            .collect::<Map<_, _>>()
            .into(),
    };
    json!({
        "enabled": plan.map(|plan| plan.enabled),
        "schedule": plan.and_then(|plan| plan.schedule.as_deref()),
        "last_run": last.map(|run| time(run.ended_at)),
        "last_result": last.map(|run| run.result.as_str()),
        "next_run": next_run(plan, last, now).map(|at| time(at.as_millisecond())),
        "cursor": cursor,
        "lag_s": lag(view, now),
        "dead_letters": view.map_or(0, |view| view.dead_letters),
        "unsettled": view.map_or(0, |view| view.unsettled),
    })
}

/// How far each source has come.
fn cursors(view: Option<&LaneView>) -> Vec<&(Arc<str>, Cursor)> {
    let all = view.map(|view| view.cursors.as_slice()).unwrap_or_default();
    all.iter()
        .filter(|(source, _)| !is_of_inbox(source))
        .collect()
}

/// When a server runs it next, as far as the last run tells; what is late runs now.
fn next_run(
    plan: Option<&Arc<Plan>>,
    last: Option<&RunRecord>,
    now: Timestamp,
) -> Option<Timestamp> {
    let plan = plan.filter(|plan| plan.enabled)?;
    let last = last.and_then(|run| Timestamp::from_millisecond(run.started_at).ok());
    let due = plan.timing.as_ref()?.next(last, now)?;
    Some(due.max(now))
}

/// How far the oldest cursor is behind, in seconds.
fn lag(view: Option<&LaneView>, now: Timestamp) -> Option<i64> {
    let times = view?
        .cursors
        .iter()
        .filter_map(|(source, cursor)| cursor_time(source, cursor));
    let oldest = times.min()?;
    Some(now.as_millisecond().saturating_sub(oldest).max(0) / 1_000)
}

fn show_connections(
    opened: &Opened,
    loaded: &Loaded,
    known: &Known,
    now: Timestamp,
    context: &Context,
) {
    let rows = loaded.project.connections.iter().map(|(name, connection)| {
        let state = if context.global.sandbox {
            "sandbox".to_owned()
        } else if has_ended(&name.value, &known.kept) {
            format!("consent ended: `flowline connect {}`", name.value)
        } else if connected(&name.value, loaded, &opened.root, &known.kept, context) {
            match ends(&name.value, known, now) {
                Some(ends) => format!("set, {ends}"),
                None => "set".to_owned(),
            }
        } else {
            "missing".to_owned()
        };
        let place = match &connection.value {
            Connection::Jira(_) | Connection::Brevo(_) => account(known, &name.value),
        };
        vec![
            name.value.to_string(),
            connection.value.service().to_owned(),
            state,
            place.unwrap_or("–").to_owned(),
        ]
    });
    let header = ["connection", "kind", "credentials", "account"];
    context.output.result(&table(&header, rows));
}

/// What is left of each connection's quota, as last seen.
fn show_quota(loaded: &Loaded, known: &Known, now: Timestamp, output: &Output) {
    let of = |name: &str| -> Vec<String> {
        let here = known.limits.iter().filter(|(of, _)| **of == *name);
        here.filter_map(|(_, limit)| {
            let left = remaining(limit, now)?;
            let whole = limit
                .limit
                .map_or_else(String::new, |all| format!("/{all}"));
            Some(format!("{} {left}{whole}", limit.family))
        })
        .collect()
    };
    let connections = loaded.project.connections.iter();
    let left: Vec<String> = connections
        .map(|(name, _)| (&name.value, of(&name.value)))
        .filter(|(_, left)| !left.is_empty())
        .map(|(name, left)| format!("{name}: {}", left.join(", ")))
        .collect();
    if !left.is_empty() {
        output.result(&format!("quota left: {}", left.join("; ")));
    }
}

/// Says of connections that cannot be used what is missing.
fn say_what_is_missing(opened: &Opened, loaded: &Loaded, known: &Known, context: &Context) {
    if context.global.sandbox {
        return;
    }
    let output = &context.output;
    for (name, _) in loaded.project.connections.iter() {
        let names = [Arc::clone(&name.value)];
        let found = endpoints(loaded, &names, &opened.root, &known.kept);
        for trouble in found.err().into_iter().flatten() {
            let about = if trouble.message.contains(&format!("`{}`", name.value)) {
                trouble.message
            } else {
                format!("`{}`: {}", name.value, trouble.message)
            };
            output.warn(&about);
            output.help(&trouble.help);
        }
    }
}

/// A way in that is a person's ends with that person's account.
fn warn_of_persons(loaded: &Loaded, context: &Context) {
    if context.global.sandbox {
        return;
    }
    for (name, connection) in loaded.project.connections.iter() {
        if is_a_persons(&connection.value) {
            context.output.warn(&format!(
                "`{}` gets in with a person's API token: it breaks when that person leaves, and after a year at most; `auth: oauth2` or a service account's `auth: token` does not depend on one",
                name.value
            ));
        }
    }
}

/// True where a connection gets in with what belongs to one person.
pub(super) fn is_a_persons(connection: &Connection) -> bool {
    matches!(connection, Connection::Jira(jira) if matches!(jira.auth.value, JiraAuth::Basic(_)))
}

fn show_pipelines(opened: &Opened, known: &Known, now: Timestamp, output: &Output) {
    let rows: Vec<Vec<String>> = pipelines(opened, known)
        .into_iter()
        .map(|name| {
            let view = lane(known, name);
            let last = view.and_then(|view| view.last_run.as_ref());
            let ran = last.map_or_else(
                || "never".to_owned(),
                |run| format!("{} ({})", ago(run.ended_at, now), run.result),
            );
            let cursors: Vec<String> = cursors(view)
                .into_iter()
                .map(|(source, cursor)| {
                    // To the millisecond it stands in `state show` and in JSON.
                    match cursor_time(source, cursor) {
                        Some(at) => ago(at, now),
                        None => cursor_text(source, cursor),
                    }
                })
                .collect();
            let note = match opened.plans.get(name) {
                Some(plan) if !plan.enabled => " (off)",
                None if opened.names.iter().any(|known| known == name) => " (has mistakes)",
                None => " (no file any more)",
                Some(_) => "",
            };
            vec![
                format!("{name}{note}"),
                ran,
                if cursors.is_empty() {
                    "–".to_owned()
                } else {
                    cursors.join(", ")
                },
                view.map_or(0, |view| view.dead_letters).to_string(),
                view.map_or(0, |view| view.unsettled).to_string(),
            ]
        })
        .collect();
    if rows.is_empty() {
        output.result("\nno pipelines");
        return;
    }
    let header = [
        "pipeline",
        "last run",
        "cursor",
        "dead letters",
        "unsettled",
    ];
    output.result(&format!("\n{}", table(&header, rows)));
}
