//! `flowline run`: one sync.

use std::sync::Arc;

use clap::Args;
use jiff::tz::TimeZone;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::key::project_key;
use crate::cli::progress::Progress;
use crate::cli::services::{self, Services};
use crate::cli::time::{SystemClock, now};
use crate::cli::{interrupt, output::Output};
use crate::engine::{self, End, Finished, Job, Planned, SinkCounts, Summary};
use crate::expression::Since;
use crate::http::SystemRandom;
use crate::plan::Plan;
use crate::project::Opened;
use crate::runtime::prepare;
use crate::state::{Admin as _, Binding, DatabaseTime, Permits, Seal, SqliteStore};
use crate::transform::MaskKey;

/// Sync once: read what is new, transform it, deliver what differs.
///
/// A second run right after the first sends nothing. Interrupted (Ctrl-C, a crash, kill -9), run
/// it again: nothing is lost and no event is sent twice.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The pipelines: names of files in pipelines/ without their ending
    #[arg(required = true, value_name = "PIPELINE")]
    pub pipelines: Vec<String>,
    /// The same as `plan`: show what would be sent and write nothing
    #[arg(long)]
    pub dry_run: bool,
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
            since: arguments.since.clone(),
            full: arguments.full,
            limit: arguments.limit,
            jql: arguments.jql.clone(),
        };
        return super::plan::run(&plan, context).await;
    }
    let (opened, plans) = match context.open_for(&arguments.pipelines, true) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let since = match since(arguments.since.as_deref(), context) {
        Ok(since) => since,
        Err(exit) => return exit,
    };
    if let Err(exit) = super::narrow::check(arguments.jql.as_deref(), context) {
        return exit;
    }
    let interrupt = interrupt::listen(&context.output);
    let store = match SqliteStore::open(&services::state_file(context, &opened), DatabaseTime::Own)
    {
        Ok(store) => Arc::new(store),
        Err(error) => return state_error(&context.output, &error),
    };
    let permits: Arc<dyn Permits> = Arc::clone(&store) as Arc<dyn Permits>;
    let used = services::used(&plans);
    let services =
        match services::open(context, &opened, &used, Some(&permits), &interrupt.token).await {
            Ok(services) => services,
            Err(exit) => return exit,
        };
    let around = Around {
        context,
        opened: &opened,
        services: &services,
        store: &store,
        interrupt: &interrupt,
    };
    let mut exit = Exit::Done;
    for plan in &plans {
        let one = one(plan, arguments, since, &around).await;
        exit = exit.worst(one);
        if interrupt.token.is_cancelled() {
            break;
        }
    }
    services.stop().await;
    exit
}

/// `--since` in epoch milliseconds.
pub(super) fn since(text: Option<&str>, context: &Context) -> Result<Option<i64>, Exit> {
    let Some(text) = text else { return Ok(None) };
    match Since::parse(text, &TimeZone::UTC) {
        Some(since) => Ok(Some(since.resolve(now().as_millisecond()))),
        None => {
            context
                .output
                .error(&format!("--since: `{text}` is no time"));
            context
                .output
                .help("write a date (2026-11-24), an RFC 3339 time, or \"7 days ago\"");
            Err(Exit::Wrong)
        }
    }
}

/// What all pipelines of a command run with.
struct Around<'a> {
    context: &'a Context,
    opened: &'a Opened,
    services: &'a Services,
    store: &'a SqliteStore,
    interrupt: &'a interrupt::Interrupt,
}

async fn one(
    plan: &Arc<Plan>,
    arguments: &Arguments,
    since: Option<i64>,
    around: &Around<'_>,
) -> Exit {
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
        return Exit::Done;
    }
    let bindings: Vec<Binding> = services::bindings(&services.connected);
    if let Err(error) = store.bind(&bindings).await {
        return state_error(output, &error);
    }
    let prepared = match prepare(plan, &services.connected, &opened.root).await {
        Ok(prepared) => prepared,
        Err(failure) => return services::refused(context, &failure),
    };
    for told in &prepared.told {
        output.say(told);
    }
    let (key, seal) = match keys(plan, opened, context) {
        Ok(keys) => keys,
        Err(exit) => return exit,
    };
    let mut stages = match Planned::new(plan, &key, seal.as_ref(), now()) {
        Ok(stages) => stages,
        Err(error) => {
            output.error(&error.to_string());
            return Exit::Unsettled;
        }
    };
    let job = Job {
        pipeline: Arc::clone(&plan.name),
        holder: format!("flowline run, process {}", std::process::id()),
        sources: prepared.sources,
        sinks: prepared.sinks,
        guard: prepared.guard.filter(|_| !arguments.yes),
        reads_whole: plan.reads_whole(),
        holds: plan.holds(),
        full: arguments.full,
        since,
        narrow: arguments.jql.clone(),
        limit: arguments.limit,
    };
    let progress = Progress::start(output, &plan.name);
    let finished = engine::run(
        job,
        &mut stages,
        store,
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
    report(&finished, context, plan)
}

/// What `mask` hashes with and what seals the groups of `aggregate`: the project's key is made by
/// the first run that needs one.
fn keys(plan: &Plan, opened: &Opened, context: &Context) -> Result<(MaskKey, Option<Seal>), Exit> {
    if !plan.masks() && !plan.reads_whole() {
        return Ok((MaskKey::stand_in([0; 32]), None));
    }
    let key = project_key(&opened.root, context)?;
    let seal = plan.reads_whole().then(|| key.seal(context)).transpose()?;
    Ok((key.mask(), seal))
}

fn report(finished: &Finished, context: &Context, plan: &Plan) -> Exit {
    let output = &context.output;
    if output.json() {
        output.result_json(&serde_json::json!({ "summary": finished.summary }));
    } else if !output.quiet {
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
            return services::refused(context, failure).worst(code(&finished.end));
        }
        End::Interrupted => output.say("interrupted: run again to resume"),
        End::Unsettled => output.say("some operations are unsettled: run again to resume"),
        End::Busy { holder } => {
            output.error(&format!("{holder} is running this pipeline"));
            output.help("wait for it, or stop it");
        }
        End::State(error) => return state_error(output, error),
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

pub(super) fn state_error(output: &Output, error: &crate::state::StateError) -> Exit {
    output.error(&error.to_string());
    match error.exit_code() {
        2 => Exit::Wrong,
        4 => Exit::Unsettled,
        3 => Exit::Refused,
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
        lines.push(format!("  {} dead letters", summary.dead_letters));
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
