//! Playing a case: the way of a run from its records up to the operations.

use super::case::Recorded;
use crate::connectors::{file, jira};
use crate::plan::{Plan, Processed, Processor, SourceKind, snapshot};
use crate::record::{Record, Value};
use crate::transform::{MaskKey, MemorySpill};

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
        processor
            .process(record, &mut processed)
            .map_err(|error| error.to_string())?;
    }
    processor
        .finish(&mut processed)
        .map_err(|error| error.to_string())?;
    snapshot(plan, processed).map_err(|error| error.to_string())
}

/// A recorded record as the plan's source would have yielded it.
fn record(plan: &Plan, value: &Value, number: u64) -> Result<Record, String> {
    match plan.sources.first().map(|source| &source.kind) {
        Some(SourceKind::JiraIssues(spec)) => jira::recorded(value, spec)
            .map_err(|bad| format!("record {number} ({}): {}", bad.name, bad.reason)),
        Some(SourceKind::Http(spec)) => Ok(spec.recorded(&plan.zone, value.clone(), number)),
        Some(SourceKind::File(spec)) => Ok(file::recorded(spec, &plan.zone, value.clone(), number)),
        None => Err("the pipeline has no source".to_owned()),
    }
}
