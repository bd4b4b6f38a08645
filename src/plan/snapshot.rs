//! What a plan makes of recorded records, as text that a person reviews and a test compares.

use super::{Plan, Processed};
use crate::operation::{Operation, fold_all};
use crate::record::{Object, Value};

/// The snapshot of processed records: YAML, stable for equal input.
///
/// # Errors
/// Where a value cannot be written as YAML: a defect.
pub fn snapshot(plan: &Plan, mut processed: Processed) -> Result<String, serde_yaml::Error> {
    let mut members = Object::new();
    let operations = fold_all(std::mem::take(&mut processed.operations));
    members.insert(
        "operations",
        operations.iter().map(operation).collect::<Vec<_>>(),
    );
    let line = |span| {
        let place = plan.place(span);
        format!("{}:{}", place.file, place.line)
    };
    let dropped = processed.dropped.iter().map(|one| {
        named([
            ("record", Value::from(one.record.clone())),
            ("at", line(one.at).into()),
        ])
    });
    insert_list(&mut members, "dropped", dropped.collect());
    let sink_name = |index: usize| {
        plan.sinks
            .get(index)
            .map_or(Value::Null, |sink| Value::from(sink.name.clone()))
    };
    let unmatched = processed.unmatched.iter().map(|one| {
        named([
            ("record", Value::from(one.record.clone())),
            ("sink", sink_name(one.sink)),
        ])
    });
    insert_list(&mut members, "unmatched", unmatched.collect());
    let dead = processed.troubles.iter().map(|one| {
        let sink = one.sink.map_or(Value::Null, sink_name);
        let reason = one.trouble.to_string();
        named([
            ("record", Value::from(one.record.name.clone())),
            ("sink", sink),
            ("reason", reason.into()),
        ])
    });
    insert_list(&mut members, "dead_letters", dead.collect());
    serde_yaml::to_string(&Value::from(members))
}

fn insert_list(members: &mut Object, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        members.insert(name, list);
    }
}

fn named<const N: usize>(parts: [(&str, Value); N]) -> Value {
    let parts = parts.into_iter().filter(|(_, value)| !value.is_null());
    parts
        .map(|(name, value)| (name.into(), value))
        .collect::<Object>()
        .into()
}

fn operation(operation: &Operation) -> Value {
    let mut members = Object::new();
    members.insert(operation.sink.clone(), operation.key.clone());
    members.insert("record", operation.record.clone());
    for (name, value) in operation
        .payload
        .as_object()
        .into_iter()
        .flat_map(Object::iter)
    {
        members.insert(name.clone(), value.clone());
    }
    if !operation.unites.is_empty() {
        members.insert("lists", operation.unites.clone());
    }
    members.into()
}
