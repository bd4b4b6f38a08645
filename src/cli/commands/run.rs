//! `flowline run`: one sync.

use std::sync::Arc;

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::telling::{cursor_text, is_of_inbox, refuse};
use crate::cli::commands::narrow::Part;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::key::project_key;
use crate::cli::progress::Progress;
use crate::cli::services::{self, Services};
use crate::cli::time::{SystemClock, now};
use crate::connectors::Cursor;
use crate::engine::{self, End, Finished, SinkCounts, Summary};
use crate::expression::Since;
use crate::http::SystemRandom;
use crate::plan::Plan;
use crate::project::Opened;
use crate::runtime::{self, Ask, Connected, Keys, NotBegun, run_once, source_names};
use crate::state::{DatabaseTime, Permits, SqliteStore, StateError, Vault};
use crate::transform::MaskKey;

/// How long to wait for another process that runs the pipeline, in milliseconds.
const PATIENCE_MS: i64 = 60_000;

/// Sync once: read what is new, transform it, deliver what differs
///
/// A second run right after the first sends nothing. Interrupted (Ctrl-C, a crash, kill -9), run
/// it again: nothing is lost and no event is sent twice.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline run support-tickets --sandbox
  flowline run support-tickets
  flowline run support-tickets --since \"7 days ago\" --limit 50
  flowline run support-tickets --jql 'assignee is EMPTY'
  flowline run support-tickets --format json | tail -n 1 | jq .summary.operations")]
pub struct Arguments {
    /// The pipelines: names of files in pipelines/ without their ending
    #[arg(required = true, value_name = "PIPELINE")]
    pub pipelines: Vec<String>,
    /// The same as `plan`: show what would be sent and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What part of the source is read
    #[command(flatten)]
    pub part: Part,
    /// Go on past a guard
    #[arg(long)]
    pub yes: bool,
}

/// Runs the pipelines one after the other.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    if arguments.dry_run {
        let plan = super::plan::Arguments {
            pipelines: arguments.pipelines.clone(),
            exit_code: false,
            part: arguments.part.clone(),
        };
        return super::plan::run(&plan, context).await;
    }
    let (opened, plans) = match context.open_for(&arguments.pipelines, true) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    if let Err(exit) = check_since(arguments.part.since.as_deref(), context) {
        return exit;
    }
    if let Err(exit) = super::narrow::check(arguments.part.jql.as_deref(), context) {
        return exit;
    }
    let interrupt = interrupt::listen(&context.output);
    let store = match SqliteStore::open(&services::state_file(context, &opened), DatabaseTime::Own)
    {
        Ok(store) => Arc::new(store),
        Err(error) => return refuse(&error, &context.output),
    };
    let permits: Arc<dyn Permits> = Arc::clone(&store) as Arc<dyn Permits>;
    let used = services::used(&plans);
    let services =
        match services::open(context, &opened, &used, Some(&permits), &interrupt.token).await {
            Ok(services) => services,
            Err(exit) => return exit,
        };
    if let Err(error) = services.gateway.deliver_seeded(&opened, &*store).await {
        services.stop().await;
        return refuse(&error, &context.output);
    }
    let around = Around {
        context,
        opened: &opened,
        services: &services,
        store: &store,
        interrupt: &interrupt,
    };
    let mut exit = Exit::Done;
    for plan in &plans {
        let one = one(plan, arguments, &around).await;
        exit = exit.worst(one);
        if interrupt.token.is_cancelled() {
            break;
        }
    }
    if let Err(error) = drop_worked_off(&opened, &store).await {
        // The next run drops them.
        output_more(context, &error);
    }
    services.stop().await;
    exit
}

/// Drops what was delivered and is worked off; not while a pipeline that may want it cannot be
/// read.
async fn drop_worked_off(opened: &Opened, store: &SqliteStore) -> Result<(), StateError> {
    let complete = opened
        .names
        .iter()
        .all(|name| opened.plans.contains_key(name));
    if !complete {
        return Ok(());
    }
    let plans: Vec<Arc<Plan>> = opened.plans.values().cloned().collect();
    runtime::drop_worked_off(store, &plans).await
}

fn output_more(context: &Context, error: &StateError) {
    let message = format!("webhooks that are worked off are kept for now: {error}");
    context.output.say_more(&message);
}

/// Refuses a `--since` that is no time.
///
/// # Errors
/// Where it is none; it has been said.
pub(super) fn check_since(text: Option<&str>, context: &Context) -> Result<(), Exit> {
    let Some(text) = text else { return Ok(()) };
    if Since::parse(text, &TimeZone::UTC).is_some() {
        return Ok(());
    }
    let output = &context.output;
    output.error(&format!("--since: `{text}` is no time"));
    output.help("write a date (2026-11-24), an RFC 3339 time, or \"7 days ago\"");
    Err(Exit::Wrong)
}

/// `--since` in epoch milliseconds; a date is midnight in the pipeline's zone.
pub(super) fn since(text: Option<&str>, plan: &Plan) -> Option<i64> {
    let since = Since::parse(text?, &plan.zone)?;
    Some(since.resolve(now().as_millisecond()))
}

/// What all pipelines of a command run with.
struct Around<'a> {
    context: &'a Context,
    opened: &'a Opened,
    services: &'a Services,
    store: &'a SqliteStore,
    interrupt: &'a interrupt::Interrupt,
}

async fn one(plan: &Arc<Plan>, arguments: &Arguments, around: &Around<'_>) -> Exit {
    let Around {
        context,
        opened,
        services,
        store,
        interrupt,
    } = *around;
    let output = &context.output;
    if !plan.enabled {
        output.say(&format!("{}: is off (`enabled: false`)", plan.name));
        if output.json() {
            output.result_json(&json!({ "summary": nothing(plan) }));
        }
        return Exit::Done;
    }
    let keys = match keys(plan, opened, context) {
        Ok(keys) => keys,
        Err(exit) => return exit,
    };
    // One that is to stay under a share of a quota has sessions of its own.
    let own = match own_sessions(plan, opened, services, context).await {
        Ok(own) => own,
        Err(exit) => return exit,
    };
    let ask = Ask {
        holder: format!("flowline run, process {}", std::process::id()),
        patience_ms: PATIENCE_MS,
        full: arguments.part.full,
        since: since(arguments.part.since.as_deref(), plan),
        narrow: arguments.part.jql.clone(),
        limit: arguments.part.limit,
        past_guard: arguments.yes,
    };
    let progress = Progress::start(output, &plan.name);
    let ran = run_once(
        plan,
        own.as_ref().unwrap_or(&services.connected),
        &opened.root,
        store,
        (&keys, ask),
        &|told| progress.say(told),
        &engine::Context {
            clock: &SystemClock,
            random: &SystemRandom,
            observer: &progress,
            cancel: &interrupt.token,
        },
    )
    .await;
    progress.finish();
    if let Err(error) = services.quota.save(store).await {
        // Only `status` misses it.
        output.say_more(&format!("the quota left is not kept: {error}"));
    }
    match ran {
        Ok(finished) => report(&finished, context, plan),
        Err(NotBegun::State(error)) => refuse(&error, output),
        Err(NotBegun::Failed(failure)) => services::refused(context, &failure),
        Err(NotBegun::SetAside(reason)) => {
            output.error(&reason);
            Exit::Unsettled
        }
    }
}

/// Sessions of a pipeline that is to stay under a share of a quota.
///
/// # Errors
/// Where they cannot be opened; it has been said.
async fn own_sessions(
    plan: &Arc<Plan>,
    opened: &Opened,
    services: &Services,
    context: &Context,
) -> Result<Option<Connected>, Exit> {
    let Some(loaded) = opened.loaded.as_ref().filter(|_| !plan.limits.is_empty()) else {
        return Ok(None);
    };
    let kept = services::kept(context, opened)?;
    let used = services::used(std::slice::from_ref(plan));
    services
        .gateway
        .connect(loaded, &opened.root, &kept, &used, &plan.limits)
        .await
        .map(Some)
        .map_err(|why| why.say(context))
}

/// What `mask` hashes with and what seals the groups of `aggregate`: the project's key is made by
/// the first run that needs one.
pub(super) fn keys(plan: &Plan, opened: &Opened, context: &Context) -> Result<Keys, Exit> {
    if !plan.masks() && !plan.reads_whole() {
        return Ok(Keys {
            mask: MaskKey::stand_in([0; 32]),
            seal: None,
        });
    }
    let file = services::state_file(context, opened);
    let key = project_key(&opened.root, &file, context)?;
    let seal = if plan.reads_whole() {
        // From now on the state knows its key: another one is told, not taken for damage.
        Vault::open(&file, key.seal(context)?).map_err(|error| refuse(&error, &context.output))?;
        Some(key.seal(context)?)
    } else {
        None
    };
    Ok(Keys {
        mask: key.mask(),
        seal,
    })
}

/// The summary of a pipeline that is off.
fn nothing(plan: &Plan) -> Summary {
    let mut summary = Summary {
        pipeline: plan.name.to_string(),
        ..Summary::default()
    };
    for sink in &plan.sinks {
        summary
            .operations
            .insert(sink.name.to_string(), SinkCounts::default());
    }
    summary
}

/// The summary with its cursor as `status` shows it.
fn readable(summary: &Summary, plan: &Plan) -> Summary {
    let text = |name: &str, cursor: &Json| {
        let known = cursor.as_str().map(|text| Cursor(text.to_owned()));
        known.map_or(Json::Null, |cursor| cursor_text(name, &cursor).into())
    };
    let cursor = match &summary.cursor {
        Json::Object(cursors) => {
            let told: serde_json::Map<_, _> = cursors
                .iter()
                .filter(|(name, _)| !is_of_inbox(name))
                .map(|(name, cursor)| (name.clone(), text(name, cursor)))
                .collect();
            // What reads one source has one cursor, whether or not it also reads the inbox.
            match (plan.sources.len(), told.values().next()) {
                (1, Some(only)) => only.clone(),
                _ => told.into(),
            }
        }
        cursor => match source_names(plan).first() {
            Some(name) => text(name, cursor),
            None => cursor.clone(),
        },
    };
    Summary {
        cursor,
        ..summary.clone()
    }
}

fn report(finished: &Finished, context: &Context, plan: &Plan) -> Exit {
    let output = &context.output;
    // A run that ended before it had read anything has nothing to count.
    let began = finished.summary.read > 0 || finished.summary.unsettled > 0;
    let ended = matches!(finished.end, End::Done | End::DeadLetters | End::Unsettled);
    if output.json() {
        output.result_json(&json!({ "summary": readable(&finished.summary, plan) }));
    } else if !output.quiet && (began || ended) {
        output.result(&summary(&finished.summary));
    }
    match &finished.end {
        End::Done => {}
        End::DeadLetters => output.say(&format!(
            "dead letters: see `flowline dead-letters list {}`",
            plan.name
        )),
        End::Guarded { reason } => {
            output.error(&format!(
                "a guard stopped the run: {reason}; nothing was written"
            ));
            output.help("look at `flowline plan`, then run with --yes");
        }
        End::Stopped { reason } => {
            output.error(&format!("stopped, as `on_error: stop` says: {reason}"));
        }
        End::Failed(failure) => {
            services::refused(context, failure);
        }
        End::Interrupted => output.say("interrupted: run again to resume"),
        End::Unsettled => output.say("some operations are unsettled: run again to resume"),
        End::Busy { holder } => {
            output.error(&format!("{holder} is running this pipeline"));
            output.help("wait for it, or stop it");
        }
        End::State(error) => return refuse(error, output),
        End::SetAside { reason } => output.error(reason),
    }
    code(&finished.end)
}

fn code(end: &End) -> Exit {
    match end.exit_code() {
        0 => Exit::Done,
        1 => Exit::Incomplete,
        2 => Exit::Wrong,
        3 => Exit::Refused,
        4 => Exit::Unsettled,
        _ => Exit::Defect,
    }
}

/// The summary that a person understands.
fn summary(summary: &Summary) -> String {
    let mut lines = vec![format!(
        "{}: {} read, {} kept, {} dropped, {} unmatched in {}",
        summary.pipeline,
        summary.read,
        summary.kept,
        summary.dropped,
        summary.unmatched,
        duration(summary.duration_ms)
    )];
    for (sink, counts) in &summary.operations {
        lines.push(format!("  {sink:<16} {}", counted(counts)));
    }
    if summary.dead_letters > 0 {
        lines.push(match summary.dead_letters {
            1 => "  1 dead letter".to_owned(),
            many => format!("  {many} dead letters"),
        });
    }
    if summary.unsettled > 0 {
        lines.push(format!("  {} unsettled", summary.unsettled));
    }
    lines.join("\n")
}

fn counted(counts: &SinkCounts) -> String {
    let parts = [
        (counts.created, "created"),
        (counts.updated, "updated"),
        (counts.sent, "sent"),
        (counts.unchanged, "unchanged"),
        (counts.too_old, "too old to send (see `backfill`)"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() {
        "nothing to do".to_owned()
    } else {
        parts.join(", ")
    }
}

fn duration(ms: i64) -> String {
    if ms < 1000 {
        format!("{ms} ms")
    } else {
        format!("{}.{} s", ms / 1000, ms % 1000 / 100)
    }
}
