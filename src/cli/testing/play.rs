//! Playing a case: the way of a run from its records up to the operations.

use super::case::Recorded;
use crate::connectors::{brevo, file, jira};
use crate::plan::{Plan, Processed, Processor, SourceKind, snapshot};
use crate::record::{Projection, Record, Value};
use crate::transform::{MaskKey, MemorySpill, Question};

/// The key that `mask` hashes with in tests: snapshots are the same on every machine.
const MASK_KEY: [u8; 32] = *b"flowline: the key of every test.";

/// What the pipeline would send for a case, as its snapshot.
///
/// # Errors
/// Where a record of the case is none that the pipeline's source could yield.
pub(in crate::cli) fn play(plan: &Plan, case: &Recorded) -> Result<String, String> {
    let key = MaskKey::new(MASK_KEY);
    let mut processed = Processed::default();
    let mut processor = Processor::new(plan, &key, case.clock, &mut || {
        Ok(Box::new(MemorySpill::default()))
    })
    .map_err(|error| error.to_string())?;
    for (number, value) in (1..).zip(&case.records) {
        let mut record = record(plan, value, number)?;
        // A run builds of a record only what the plan reads.
        record.value = Value::read(record.value.to_json().as_bytes(), &plan.reads)
            .map_err(|error| error.to_string())?;
        loop {
            let open = processor
                .questions(&record)
                .map_err(|error| error.to_string())?;
            if !answer(plan, case, &open, &mut processor)? {
                break;
            }
        }
        processor
            .process(record, &mut processed)
            .map_err(|error| error.to_string())?;
    }
    loop {
        let open = processor
            .questions_of_held()
            .map_err(|error| error.to_string())?;
        if answer(plan, case, &open, &mut processor)? {
            continue;
        }
        if !processor
            .release(&mut processed)
            .map_err(|error| error.to_string())?
        {
            break;
        }
    }
    snapshot(plan, processed).map_err(|error| error.to_string())
}

/// Answers what look-ups are asked by what the case says; false where nothing is asked.
fn answer(
    plan: &Plan,
    case: &Recorded,
    open: &[Question],
    processor: &mut Processor<'_>,
) -> Result<bool, String> {
    for question in open {
        let lookup = plan.lookups.get(question.lookup);
        let name = lookup.map_or("", |lookup| lookup.kind.name());
        let known = case.lookups.iter().find(|known| {
            // Addresses are asked for in lower case.
            let argument = &known.argument;
            let lower = argument.as_str().map(str::to_lowercase);
            known.lookup == name
                && (*argument == question.argument
                    || lower.is_some_and(|lower| Some(&*lower) == question.argument.as_str()))
        });
        let Some(known) = known else {
            let asked = question.argument.to_json();
            return Err(format!(
                "the case does not say what `{name}` finds for {asked}: add to its `lookups` \
                 `{{ \"lookup\": \"{name}\", \"argument\": {asked}, \"found\": … }}`, null for nothing"
            ));
        };
        // A run builds of it only what the plan reads.
        let reads = lookup.map_or(&Projection::Whole, |lookup| &lookup.reads);
        let found = match &known.found {
            Value::Null => None,
            found => Some(
                Value::read(found.to_json().as_bytes(), reads)
                    .map_err(|error| error.to_string())?,
            ),
        };
        processor
            .answer(question, found.as_ref())
            .map_err(|error| error.to_string())?;
    }
    Ok(!open.is_empty())
}

/// A recorded record as the plan's source would have yielded it.
fn record(plan: &Plan, value: &Value, number: u64) -> Result<Record, String> {
    match plan.sources.first().map(|source| &source.kind) {
        Some(SourceKind::JiraIssues(spec)) => jira::recorded(value, spec)
            .map_err(|bad| format!("record {number} ({}): {}", bad.name, bad.reason)),
        Some(SourceKind::Http(spec)) => Ok(spec.recorded(&plan.zone, value.clone(), number)),
        Some(SourceKind::JiraWebhook(spec)) => jira::recorded_event(value, spec, number)
            .map_err(|bad| format!("record {number} ({}): {}", bad.name, bad.reason)),
        Some(SourceKind::BrevoWebhook(_)) => Ok(brevo::recorded_event(value, number)),
        Some(
            kind @ (SourceKind::JiraComments(_)
            | SourceKind::JiraWorklogs(_)
            | SourceKind::JiraUsers(_)
            | SourceKind::JiraProjects
            | SourceKind::JiraVersions(_)
            | SourceKind::JiraSprints(_)),
        ) => jira::recorded_other(value, kind.name(), &plan.zone)
            .map_err(|bad| format!("record {number} ({}): {}", bad.name, bad.reason)),
        Some(SourceKind::File(spec)) => Ok(file::recorded(spec, &plan.zone, value.clone(), number)),
        None => Err("the pipeline has no source".to_owned()),
    }
}
