//! Operations and outcomes of tests.

use serde_json::Value as Json;

use super::Outcome;
use crate::operation::{Operation, Place, Policy, Version};
use crate::record::Value;

/// An operation of a sink.
pub(in crate::connectors) fn operation(sink: &str, key: &str, payload: Json) -> Operation {
    let payload = Value::from(payload);
    Operation {
        sink: sink.into(),
        sink_index: 0,
        scope: sink.into(),
        key: key.into(),
        policy: Policy::Latest,
        version: Version::default(),
        payload,
        unites: Vec::new(),
        subject: Some(key.into()),
        happened_at: None,
        record: "SUP-1".into(),
        receipt: None,
        at: Place {
            file: "pipelines/a.yaml".into(),
            line: 1,
            column: 1,
        },
    }
}

/// One letter an outcome: applied, made, begun, gone, unmatched (`-`), rejected, not applied,
/// unknown.
pub(in crate::connectors) fn letters(outcomes: &[Outcome]) -> String {
    let letter = |outcome: &Outcome| match outcome {
        Outcome::Applied(_) => 'a',
        Outcome::Made { .. } => 'm',
        Outcome::Begun { .. } => 'b',
        Outcome::Gone => 'g',
        Outcome::Unmatched => '-',
        Outcome::Rejected { .. } => 'r',
        Outcome::NotApplied { .. } => 'n',
        Outcome::Unknown { .. } => 'u',
    };
    outcomes.iter().map(letter).collect()
}
