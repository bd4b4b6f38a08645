//! `flowline plan`: a run without its last step.

use std::sync::Arc;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::key;
use crate::cli::services::{self, Services};
use crate::cli::time::now;
use crate::cli::{interrupt, output::Output};
use crate::connectors::{Cursor, Start};
use crate::engine::{End, ONLY_A_PART, Recalled, Since};
use crate::operation::{Operation, Policy, fold_all};
use crate::plan::{Plan, Processed, Processor};
use crate::project::Opened;
use crate::record::{Object, Value};
use crate::runtime::open_sources;
use crate::state::{
    Change, Decision, Lane, Origin, ScratchTable, Seal, SinkTerms, StateError, StateReader,
    View as _,
};
use crate::transform::{Spill, SpillError};

/// Show exactly what a run would send; write nothing, neither there nor in the state.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The pipelines: names of files in pipelines/ without their ending
    #[arg(required = true, value_name = "PIPELINE")]
    pub pipelines: Vec<String>,
    /// Exit with 5 when there are changes
    #[arg(long)]
    pub exit_code: bool,
    /// Read from here instead of the cursor: a date, an RFC 3339 time, or e.g. "7 days ago"
    #[arg(long, value_name = "TIME", conflicts_with = "full")]
    pub since: Option<String>,
    /// Read everything
    #[arg(long)]
    pub full: bool,
    /// At most so many records
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Only issues that also match this JQL
    #[arg(long, value_name = "JQL")]
    pub jql: Option<String>,
}

/// What a plan found.
struct Planned {
    processed: Processed,
    read: u64,
    bad: Vec<(Arc<str>, String)>,
    /// When the pipeline's first run began, or would begin, in epoch milliseconds.
    first_run: i64,
    /// What a person must know of the plan, in one sentence each.
    notes: Vec<String>,
}

/// Plans the pipelines one after the other.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    let (opened, plans) = match context.open_for(&arguments.pipelines, true) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let since = match super::run::since(arguments.since.as_deref(), context) {
        Ok(since) => since,
        Err(exit) => return exit,
    };
    if let Err(exit) = super::narrow::check(arguments.jql.as_deref(), context) {
        return exit;
    }
    let interrupt = interrupt::listen(&context.output);
    let services = match services::open(
        context,
        &opened,
        &services::used(&plans),
        None,
        &interrupt.token,
    )
    .await
    {
        Ok(services) => services,
        Err(exit) => return exit,
    };
    let mut exit = Exit::Done;
    for plan in &plans {
        exit = exit.worst(one(plan, arguments, since, context, &opened, &services).await);
    }
    services.stop().await;
    exit
}

async fn one(
    plan: &Arc<Plan>,
    arguments: &Arguments,
    since: Option<i64>,
    context: &Context,
    opened: &Opened,
    services: &Services,
) -> Exit {
    let reader = match StateReader::open_existing(&services::state_file(context, opened)) {
        Ok(reader) => reader,
        Err(error) => return super::run::state_error(&context.output, &error),
    };
    let planned = match read(
        plan,
        arguments,
        since,
        context,
        opened,
        services,
        reader.as_ref(),
    )
    .await
    {
        Ok(planned) => planned,
        Err(exit) => return exit,
    };
    for note in &planned.notes {
        context.output.say(&format!("note: {note}"));
    }
    let operations = fold_all(planned.processed.operations.clone());
    let terms = services::terms(plan, &services.connected, planned.first_run);
    let decisions = match &reader {
        Some(reader) => match reader.decide(&terms, &operations).await {
            Ok(decisions) => decisions,
            Err(error) => return super::run::state_error(&context.output, &error),
        },
        None => operations
            .iter()
            .map(|operation| without_state(operation, &terms))
            .collect(),
    };
    let shown: Vec<(&'static str, Operation)> = operations
        .into_iter()
        .zip(decisions)
        .map(|(operation, decision)| (action(&operation, decision), operation))
        .collect();
    let changes = shown.iter().any(|(action, _)| *action != "unchanged");
    if context.output.json() {
        context
            .output
            .result(&as_json(plan, &planned, &shown).to_string());
    } else {
        as_text(plan, &planned, &shown, &context.output);
    }
    if arguments.exit_code && changes {
        Exit::Changes
    } else {
        Exit::Done
    }
}

async fn read(
    plan: &Arc<Plan>,
    arguments: &Arguments,
    since: Option<i64>,
    context: &Context,
    opened: &Opened,
    services: &Services,
    reader: Option<&StateReader>,
) -> Result<Planned, Exit> {
    let output = &context.output;
    let mut notes = Vec::new();
    let project_key = key::existing(&opened.root, context)?;
    let mask_key = match &project_key {
        Some(key) => key.mask(),
        None => key::mask_without_key(context)?,
    };
    if plan.masks() && project_key.is_none() {
        notes.push(
            "the first run makes the key of `mask`: `masked-…` stands for what it will send".into(),
        );
    }
    let mut spill = || -> Result<Box<dyn Spill>, SpillError> { Ok(Box::new(ScratchTable::new()?)) };
    let set_aside = |error: SpillError| {
        output.error(&error.to_string());
        Exit::Unsettled
    };
    let mut processor = Processor::new(plan, &mask_key, now(), &mut spill).map_err(set_aside)?;
    let begun = now().as_millisecond();
    let (origin, cursors) = known(plan, services, reader)
        .await
        .map_err(|error| super::run::state_error(output, &error))?;
    if let Some(other) = origin
        .as_ref()
        .and_then(|origin| origin.taken_over_from.as_ref())
    {
        notes.push(format!("takes over from `{other}`: its events are known"));
    }
    if plan.reads_whole() {
        notes.push("reads its sources whole at every run, for `aggregate`".into());
        if arguments.limit.is_none() && arguments.jql.is_none() && since.is_none() {
            let seal = project_key.map(|key| key.seal(context)).transpose()?;
            let recalled = recall(plan, reader, seal.as_ref(), &mut processor);
            notes.extend(recalled.await.map_err(|end| match end {
                End::State(error) => super::run::state_error(output, &error),
                End::SetAside { reason } => {
                    output.error(&reason);
                    Exit::Unsettled
                }
                _ => Exit::Defect,
            })?);
        } else {
            notes.push(ONLY_A_PART.into());
        }
    }
    let first_run = origin.as_ref().map_or(begun, |origin| origin.first_run);
    let mut planned = Planned {
        processed: Processed::default(),
        read: 0,
        bad: Vec::new(),
        first_run,
        notes,
    };
    for source in open_sources(plan, &services.connected, &opened.root) {
        let cursor = cursors
            .iter()
            .find(|(name, _)| *name == source.name)
            .map(|(_, cursor)| cursor.clone());
        let cursor = cursor.filter(|_| !arguments.full && since.is_none() && !plan.reads_whole());
        let from = since.or(match source.since {
            Since::Beginning => None,
            Since::At(time) => Some(time),
            Since::BeforeFirstRun(ms) => Some(first_run - ms),
            Since::BeforeThisRun(ms) => Some(begun - ms),
        });
        let floor = match &origin {
            Some(origin) => origin.floor,
            None => from,
        };
        let start = Start {
            cursor,
            since: from,
            floor,
            narrow: arguments.jql.clone(),
            limit: arguments.limit,
        };
        let mut pages = source
            .open
            .open(start)
            .await
            .map_err(|failure| services::refused(context, &failure))?;
        while let Some(page) = pages
            .next_page()
            .await
            .map_err(|failure| services::refused(context, &failure))?
        {
            planned.notes.extend(page.notices);
            planned.read += (page.records.len() + page.bad.len()) as u64;
            planned
                .bad
                .extend(page.bad.into_iter().map(|bad| (bad.name, bad.reason)));
            for record in page.records {
                processor
                    .process(record, &mut planned.processed)
                    .map_err(set_aside)?;
            }
        }
    }
    processor
        .finish(&mut planned.processed)
        .map_err(set_aside)?;
    Ok(planned)
}

/// Gives the processor the groups of the last run; answers what is to be said of them.
async fn recall(
    plan: &Plan,
    reader: Option<&StateReader>,
    seal: Option<&Seal>,
    processor: &mut Processor<'_>,
) -> Result<Option<String>, End> {
    let lane = Lane::of(Arc::clone(&plan.name));
    let mut recalled = Recalled::default();
    let mut after = None;
    while let Some(reader) = reader {
        let groups = reader.groups(&lane, after, 500).await?;
        let Some(last) = groups.last() else {
            break;
        };
        after = Some(last.id);
        recalled
            .recall(&groups, seal, processor)
            .map_err(|reason| End::SetAside { reason })?;
    }
    Ok(recalled.notice())
}

/// Where the pipeline began and where its sources go on.
async fn known(
    plan: &Plan,
    services: &Services,
    reader: Option<&StateReader>,
) -> Result<(Option<Origin>, Vec<(Arc<str>, Cursor)>), StateError> {
    let Some(reader) = reader else {
        return Ok((None, Vec::new()));
    };
    let lane = Lane::of(Arc::clone(&plan.name));
    let scopes = services::once_scopes(plan, &services.connected);
    let origin = reader.origin(&lane, &scopes).await?;
    let lanes = reader.lanes().await?;
    let cursors = lanes
        .into_iter()
        .find(|view| view.lane == lane)
        .map(|view| view.cursors)
        .unwrap_or_default();
    Ok((origin, cursors))
}

/// Without a state nothing is known but that what is too old for `backfill` is not sent.
fn without_state(operation: &Operation, terms: &[SinkTerms]) -> Decision {
    let before = terms
        .get(operation.sink_index)
        .and_then(|terms| terms.known_before);
    let old = operation
        .happened_at
        .zip(before)
        .is_some_and(|(at, before)| at < before);
    if operation.policy == Policy::Once && old {
        Decision::MarkedKnown
    } else {
        Decision::Queued(Change::New)
    }
}

const fn action(operation: &Operation, decision: Decision) -> &'static str {
    match (operation.policy, decision) {
        (_, Decision::Unchanged | Decision::Known | Decision::Older | Decision::MarkedKnown) => {
            "unchanged"
        }
        (Policy::Once, Decision::Queued(_)) => "send",
        (Policy::Latest, Decision::Queued(Change::Changed)) => "update",
        (Policy::Latest, Decision::Queued(Change::New)) => "create",
    }
}

fn fields(operation: &Operation) -> Object {
    let mut fields = Object::new();
    for (name, value) in operation
        .payload
        .as_object()
        .into_iter()
        .flat_map(Object::iter)
    {
        match (&**name, value) {
            ("attributes" | "properties", Value::Object(members)) => {
                for (name, value) in members.iter() {
                    fields.insert(Arc::clone(name), value.clone());
                }
            }
            ("clear", Value::Array(names)) => {
                for name in names.iter().filter_map(Value::as_str) {
                    fields.insert(name, Value::Null);
                }
            }
            ("identify" | "mode", _) => {}
            _ => fields.insert(Arc::clone(name), value.clone()),
        }
    }
    if !operation.unites.is_empty() {
        fields.insert("lists", operation.unites.clone());
    }
    fields
}

fn as_json(plan: &Plan, planned: &Planned, shown: &[(&'static str, Operation)]) -> Json {
    let operations: Vec<Json> = shown
        .iter()
        .map(|(action, operation)| {
            let changes: serde_json::Map<String, Json> = fields(operation)
                .iter()
                .map(|(name, value)| (name.to_string(), json!({ "old": null, "new": value })))
                .collect();
            json!({
                "sink": &*operation.sink, "key": &*operation.key, "action": action, "changes": changes,
                "at": { "file": &*operation.at.file, "line": operation.at.line },
            })
        })
        .chain(planned.processed.unmatched.iter().map(|one| {
            let sink = plan.sinks.get(one.sink);
            let at = sink.map(|sink| json!({ "file": &*sink.place.file, "line": sink.place.line }));
            let sink = sink.map(|sink| &*sink.name);
            json!({ "sink": sink, "key": &*one.record, "action": "unmatched", "changes": {}, "at": at })
        }))
        .chain(planned.processed.troubles.iter().map(|one| {
            let sink = one.sink.and_then(|sink| plan.sinks.get(sink)).map(|sink| &*sink.name);
            let place = one.trouble.place.as_ref().map(|(_, span)| plan.place(*span));
            let at = place.map(|place| json!({ "file": &*place.file, "line": place.line }));
            json!({ "sink": sink, "key": &*one.record.name, "action": "refused", "changes": {}, "at": at, "why": one.trouble.message })
        }))
        .collect();
    let dropped: Vec<Json> = planned
        .processed
        .dropped
        .iter()
        .map(|one| {
            let place = plan.place(one.at);
            json!({ "key": &*one.record, "at": { "file": &*place.file, "line": place.line }, "why": plan.line(one.at) })
        })
        .collect();
    json!({
        "pipeline": &*plan.name, "operations": operations, "dropped": dropped,
        "calls": calls(shown), "estimate_s": estimate(shown), "notes": planned.notes,
    })
}

/// How many calls of each family a run would make.
fn calls(shown: &[(&'static str, Operation)]) -> Json {
    let count = |sink: &str| {
        shown
            .iter()
            .filter(|(action, operation)| *action != "unchanged" && &*operation.sink == sink)
            .count()
    };
    json!({ "contacts": count("brevo.contacts"), "events": count("brevo.events").div_ceil(200) })
}

/// About how long that takes at the smallest plan's limits, in seconds.
fn estimate(shown: &[(&'static str, Operation)]) -> u64 {
    let calls = calls(shown);
    let number = |name: &str| calls.get(name).and_then(Json::as_u64).unwrap_or_default();
    (number("contacts") + number("events")).div_ceil(9)
}

fn as_text(plan: &Plan, planned: &Planned, shown: &[(&'static str, Operation)], output: &Output) {
    let paint = |text: &str, code: &str| {
        if output.colour_results {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    };
    for (action, operation) in shown {
        if *action == "unchanged" && output.verbose == 0 {
            continue;
        }
        let (sign, colour) = match *action {
            "create" | "send" => ("+", "32"),
            "update" => ("~", "33"),
            _ => ("=", "2"),
        };
        output.result(&format!(
            "{} {} {} ({action}, from {}, {}:{})",
            paint(sign, colour),
            operation.sink,
            paint(&operation.key, "1"),
            operation.record,
            operation.at.file,
            operation.at.line
        ));
        for (name, value) in fields(operation).iter() {
            output.result(&format!("    {name}: {}", shortened(&value.to_json())));
        }
    }
    if output.verbose > 0 {
        for one in &planned.processed.dropped {
            let place = plan.place(one.at);
            let line = shortened(plan.line(one.at));
            output.result(&format!(
                "- {} (dropped by {line}, {}:{})",
                one.record, place.file, place.line
            ));
        }
    }
    for one in &planned.processed.unmatched {
        let sink = plan.sinks.get(one.sink).map_or("", |sink| &*sink.name);
        output.result(&format!("? {sink} {} (unmatched: no identity)", one.record));
    }
    for one in &planned.processed.troubles {
        output.result(&format!("! {} (refused: {})", one.record.name, one.trouble));
    }
    for (name, reason) in &planned.bad {
        output.result(&format!("! {name} (cannot be read: {reason})"));
    }
    let count = |wanted: &str| shown.iter().filter(|(action, _)| *action == wanted).count();
    output.result(&format!(
        "{}: {} read; {} to create, {} to update, {} to send, {} unchanged; {} dropped, {} unmatched, {} refused. Nothing was written.",
        plan.name, planned.read, count("create"), count("update"), count("send"), count("unchanged"),
        planned.processed.dropped.len(), planned.processed.unmatched.len(), planned.processed.troubles.len() + planned.bad.len()
    ));
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 100 {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(99).collect();
    cut.push('…');
    cut
}
