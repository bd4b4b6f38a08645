//! Pipelines compiled from text, and records, for the tests of this layer and of the transforms.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Plan, Stage, Surroundings, compile};
use crate::config::{Pipeline, Strings, lower};
use crate::diagnostic::{Diagnostics, Source};
use crate::record::{Happened, Identity, Record, Value};
use crate::transform::{MaskKey, Step};

/// A pipeline compiled from its text; `marketing` is a connection to Brevo, `support` to Jira.
pub(crate) fn compiled(text: &str) -> (Option<Plan>, Diagnostics) {
    let file = Source::new("pipelines/a.yaml", text);
    let (node, mistakes) = crate::syntax::parse(&file);
    let Some(node) = node else {
        return (None, mistakes);
    };
    let strings = Strings::default();
    let pipeline: Pipeline = lower(&node, &strings).unwrap();
    let connections = BTreeMap::from([("marketing".into(), "brevo"), ("support".into(), "jira")]);
    let surroundings = Surroundings {
        connections: &connections,
        strings: &strings,
        catalogs: &BTreeMap::new(),
    };
    compile("a", &file, &pipeline, &surroundings)
}

/// The plan of a pipeline without mistakes.
#[track_caller]
pub(crate) fn plan(text: &str) -> Plan {
    let (plan, diagnostics) = compiled(text);
    plan.unwrap_or_else(|| panic!("{:?}", codes(&diagnostics)))
}

/// The stages of transforms over records of which nothing is known.
#[track_caller]
pub(crate) fn stages(transforms: &str) -> Vec<Stage> {
    plan(&around(transforms)).stages
}

/// The codes of what is said of transforms over records of which nothing is known.
pub(crate) fn said_of(transforms: &str) -> Vec<String> {
    codes(&compiled(&around(transforms)).1)
}

/// The codes of diagnostics, in order.
pub(crate) fn codes(diagnostics: &Diagnostics) -> Vec<String> {
    let codes = diagnostics.iter().map(|one| one.code.as_str().to_owned());
    codes.collect()
}

fn around(transforms: &str) -> String {
    format!(
        "sources:\n  - file: {{ path: in.jsonl, id: $.id }}\ntransforms:\n{transforms}\n\
         sinks:\n  - file: {{ path: out.jsonl }}\n"
    )
}

/// The only step of transforms.
#[track_caller]
pub(crate) fn step(transforms: &str) -> Step {
    match stages(transforms).pop() {
        Some(Stage::Step(step)) => step,
        other => panic!("{other:?}"),
    }
}

/// What a step makes of a record: the records' JSON, or the message.
#[track_caller]
pub(crate) fn applied(transforms: &str, json: &str) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    match step(transforms).apply(record(json), &key(), &mut out) {
        Ok(()) => Ok(out.iter().map(|one| one.value.to_json()).collect()),
        Err(failed) => Err(failed.1.to_string()),
    }
}

/// The one record that a step makes of a record, as JSON.
#[track_caller]
pub(crate) fn one(transforms: &str, json: &str) -> String {
    let mut made = applied(transforms, json).unwrap();
    assert_eq!(made.len(), 1, "{made:?}");
    made.remove(0)
}

/// A record named `R-1` with the identity `1`.
pub(crate) fn record(json: &str) -> Record {
    Record {
        value: Value::from_json(json).unwrap(),
        identity: Some(Identity::of("1")),
        time: "2026-11-24T10:15:00Z".parse().ok(),
        name: Arc::from("R-1"),
        deleted: false,
        happened: Happened::default(),
    }
}

/// The key that `mask` hashes with in tests.
pub(crate) const fn key() -> MaskKey {
    MaskKey::new(*b"a key of thirty-two bytes, fixed")
}
