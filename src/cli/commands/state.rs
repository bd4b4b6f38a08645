//! `flowline state`: cursors and the ledger.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};

use super::telling::{agreed, cursor_text, look, no_pipeline, open, refuse, state_of, time};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::time::now;
use crate::connectors::Cursor;
use crate::expression::Since;
use crate::project::Opened;
use crate::runtime::source_names;
use crate::state::{Admin as _, LaneView, Reset, StateReader, View as _};

/// Cursors and the ledger of what was sent
///
/// The cursor is where the next run goes on reading; the ledger is what was sent, so that nothing
/// is sent twice. On a terminal `reset` and `set` ask first; elsewhere nobody can be asked.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline state show
  flowline state set support-tickets \"7 days ago\"
  flowline state reset support-tickets
  flowline state reset support-tickets --forget-sent")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the state.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Show the cursors, floors and counts
    Show {
        /// The pipelines [default: all]
        #[arg(value_name = "PIPELINE")]
        pipelines: Vec<String>,
    },
    /// Forget the cursors: the next run reads from `since` again; what was sent stays known
    Reset {
        /// The pipelines
        #[arg(required = true, value_name = "PIPELINE")]
        pipelines: Vec<String>,
        /// Also forget what was sent: everything is sent again, events included
        #[arg(long)]
        forget_sent: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Set a pipeline's cursor
    Set {
        /// The pipeline
        #[arg(value_name = "PIPELINE")]
        pipeline: String,
        /// From where the next run reads: a date, an RFC 3339 time, or e.g. "7 days ago"
        #[arg(value_name = "TIME")]
        time: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Does what is asked.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    let done = match &arguments.action {
        Action::Show { pipelines } => show(pipelines, context).await,
        Action::Reset {
            pipelines,
            forget_sent,
            yes,
        } => reset(pipelines, *forget_sent, *yes, context).await,
        Action::Set {
            pipeline,
            time,
            yes,
        } => set(pipeline, time, *yes, context).await,
    };
    match done {
        Ok(exit) | Err(exit) => exit,
    }
}

/// The lanes of these pipelines, or of all.
async fn lanes(
    state: Option<&StateReader>,
    pipelines: &[String],
    output: &Output,
) -> Result<Vec<LaneView>, Exit> {
    let Some(state) = state else {
        return Ok(Vec::new());
    };
    let lanes = state.lanes().await;
    let mut lanes = lanes.map_err(|error| refuse(&error, output))?;
    lanes.retain(|view| {
        pipelines.is_empty() || pipelines.iter().any(|name| *name == *view.lane.pipeline)
    });
    Ok(lanes)
}

async fn show(pipelines: &[String], context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let (opened, file) = state_of(context)?;
    let state = look(&file, output)?;
    let lanes = lanes(state.as_ref(), pipelines, output).await?;
    for name in pipelines {
        let known = lanes.iter().any(|view| *name == *view.lane.pipeline);
        if !known && !opened.names.contains(name) {
            return Err(no_pipeline(name, &opened, output));
        }
    }
    let shown = file.strip_prefix(&opened.root).unwrap_or(&file).display();
    if output.json() {
        let list: Map<String, Json> = lanes
            .iter()
            .map(|view| (view.lane.pipeline.to_string(), as_json(view)))
            .collect();
        return Ok(output.result_json(&json!({
            "path": shown.to_string(),
            "exists": state.is_some(),
            "pipelines": list,
        })));
    }
    if state.is_none() {
        output.result(&format!("no state yet: {shown} is made by the first run"));
        return Ok(Exit::Done);
    }
    if lanes.is_empty() {
        output.result(&format!("{shown} knows of no run"));
        return Ok(Exit::Done);
    }
    for view in &lanes {
        output.result(&as_text(view));
    }
    Ok(Exit::Done)
}

fn as_json(view: &LaneView) -> Json {
    let cursors: Map<String, Json> = view
        .cursors
        .iter()
        .map(|(source, cursor)| (source.to_string(), cursor_text(source, cursor).into()))
        .collect();
    let origin = view.origin.as_ref();
    json!({
        "cursors": cursors,
        "moved_at": view.moved_at.map(time),
        "floor": origin.and_then(|origin| origin.floor).map(time),
        "first_run": origin.map(|origin| time(origin.first_run)),
        "taken_over_from": origin.and_then(|origin| origin.taken_over_from.as_deref()),
        "running": view.holder,
        "known": view.known,
        "unsettled": view.unsettled,
        "dead_letters": view.dead_letters,
    })
}

fn as_text(view: &LaneView) -> String {
    let mut lines = vec![view.lane.pipeline.to_string()];
    for (source, cursor) in &view.cursors {
        let text = cursor_text(source, cursor);
        lines.push(format!("  cursor of {source}: {text}"));
    }
    if view.cursors.is_empty() {
        lines.push("  no cursor: the next run reads from `since`".to_owned());
    }
    if let Some(origin) = &view.origin {
        lines.push(format!("  first run: {}", time(origin.first_run)));
        if let Some(floor) = origin.floor {
            lines.push(format!("  changes count from: {}", time(floor)));
        }
        if let Some(other) = &origin.taken_over_from {
            lines.push(format!("  taken over from: {other}"));
        }
    }
    if let Some(holder) = &view.holder {
        lines.push(format!("  is being run by: {holder}"));
    }
    lines.push(format!(
        "  {} known as sent, {} unsettled, {} dead letters",
        view.known, view.unsettled, view.dead_letters
    ));
    lines.join("\n")
}

/// The pipelines' state, to be changed; what has none is an error.
async fn known_lanes(
    pipelines: &[String],
    context: &Context,
) -> Result<(Opened, PathBuf, Vec<LaneView>), Exit> {
    let output = &context.output;
    let (opened, file) = state_of(context)?;
    let lanes = lanes(look(&file, output)?.as_ref(), pipelines, output).await?;
    for name in pipelines {
        if lanes.iter().any(|view| *name == *view.lane.pipeline) {
            continue;
        }
        if !opened.names.contains(name) {
            return Err(no_pipeline(name, &opened, output));
        }
        output.error(&format!("pipeline `{name}` has no state: it never ran"));
        output
            .help("nothing was changed; the first run makes the state, `--since` says from where");
        return Err(Exit::Wrong);
    }
    Ok((opened, file, lanes))
}

async fn reset(
    pipelines: &[String],
    forget_sent: bool,
    yes: bool,
    context: &Context,
) -> Result<Exit, Exit> {
    let output = &context.output;
    let (_, file, lanes) = known_lanes(pipelines, context).await?;
    let names = pipelines.join(", ");
    let question = if forget_sent {
        let known: u64 = lanes.iter().map(|view| view.known).sum();
        format!(
            "Forget the cursors of {names} and the {known} operations known as sent? \
             The next run sends everything again, events included."
        )
    } else {
        format!("Forget the cursors of {names}? The next run reads from `since` again.")
    };
    if !agreed(yes, &question, output) {
        output.say("nothing was changed");
        return Ok(Exit::Done);
    }
    let Some(store) = open(&file, output)? else {
        return Err(Exit::Wrong);
    };
    let what = if forget_sent {
        Reset::ForgetSent
    } else {
        Reset::Cursors
    };
    for name in pipelines {
        let done = store.reset(name, what).await;
        done.map_err(|error| refuse(&error, output))?;
    }
    if output.json() {
        return Ok(output.result_json(&json!({ "reset": pipelines, "forget_sent": forget_sent })));
    }
    output.result(&if forget_sent {
        format!("{names}: cursors and what was sent are forgotten")
    } else {
        format!("{names}: cursors are forgotten; what was sent stays known")
    });
    Ok(Exit::Done)
}

async fn set(pipeline: &str, text: &str, yes: bool, context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let named = [pipeline.to_owned()];
    let (opened, file, _) = known_lanes(&named, context).await?;
    let now = now().as_millisecond();
    let zone = opened
        .plans
        .get(pipeline)
        .map_or(TimeZone::UTC, |plan| plan.zone.clone());
    let Some(since) = Since::parse(text, &zone) else {
        output.error(&format!("`{text}` is no time"));
        output.help("write a date (2026-11-24), an RFC 3339 time, or \"7 days ago\"");
        return Err(Exit::Wrong);
    };
    let at = since.resolve(now);
    let Some(plan) = opened.plans.get(pipeline) else {
        output.error(&format!("pipeline `{pipeline}` cannot be read"));
        output.help("`flowline validate` shows its mistakes");
        return Err(Exit::Wrong);
    };
    let sources: Vec<String> = source_names(plan)
        .into_iter()
        .filter(|name| name.starts_with("jira."))
        .collect();
    if sources.is_empty() {
        output.error(&format!(
            "no source of `{pipeline}` has a cursor that is a time"
        ));
        output.help("files are read whole at each run");
        return Err(Exit::Wrong);
    }
    let question = format!(
        "Let the next run of {pipeline} read from {}? What is before that is passed over.",
        time(at)
    );
    if !agreed(yes, &question, output) {
        output.say("nothing was changed");
        return Ok(Exit::Done);
    }
    let Some(store) = open(&file, output)? else {
        return Err(Exit::Wrong);
    };
    let cursor = Cursor(at.to_string());
    for source in &sources {
        let done = store.set_cursor(pipeline, source, &cursor, now).await;
        done.map_err(|error| refuse(&error, output))?;
    }
    if output.json() {
        return Ok(output.result_json(&json!({ "pipeline": pipeline, "cursor": time(at) })));
    }
    output.result(&format!("{pipeline}: the next run reads from {}", time(at)));
    Ok(Exit::Done)
}
