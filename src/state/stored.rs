//! Operations and records as text, for rows.

use std::sync::Arc;

use crate::operation::{Operation, Place, Policy, Version};
use crate::record::{Identity, Object, Record, Value};

/// The text of a row does not say what it should.
#[derive(Debug)]
pub(super) struct Unreadable;

pub(super) fn write_operation(operation: &Operation) -> String {
    let mut members = Object::with_capacity(12);
    members.push("sink".into(), Arc::clone(&operation.sink).into());
    let index = i64::try_from(operation.sink_index).unwrap_or(i64::MAX);
    members.push("sink_index".into(), index.into());
    members.push("scope".into(), Arc::clone(&operation.scope).into());
    members.push("key".into(), Arc::clone(&operation.key).into());
    members.push("once".into(), (operation.policy == Policy::Once).into());
    members.push("version".into(), write_version(&operation.version).into());
    members.push("payload".into(), operation.payload.clone());
    members.push("unites".into(), operation.unites.clone().into());
    if let Some(subject) = &operation.subject {
        members.push("subject".into(), Arc::clone(subject).into());
    }
    if let Some(happened_at) = operation.happened_at {
        members.push("happened_at".into(), happened_at.into());
    }
    members.push("record".into(), Arc::clone(&operation.record).into());
    members.push("at".into(), write_place(&operation.at).into());
    Value::from(members).to_json()
}

pub(super) fn read_operation(text: &str) -> Result<Operation, Unreadable> {
    let value = Value::from_json(text).map_err(|_| Unreadable)?;
    let text_of = |name: &str| match value.get(name) {
        Some(Value::String(text)) => Ok(Arc::clone(text)),
        _ => Err(Unreadable),
    };
    let integer_of = |name: &str| match value.get(name) {
        Some(Value::Number(number)) => number.as_i64(),
        _ => None,
    };
    Ok(Operation {
        sink: text_of("sink")?,
        sink_index: integer_of("sink_index")
            .and_then(|index| usize::try_from(index).ok())
            .ok_or(Unreadable)?,
        scope: text_of("scope")?,
        key: text_of("key")?,
        policy: match value.get("once") {
            Some(Value::Bool(true)) => Policy::Once,
            Some(Value::Bool(false)) => Policy::Latest,
            _ => return Err(Unreadable),
        },
        version: read_version(&text_of("version")?)?,
        payload: value.get("payload").cloned().ok_or(Unreadable)?,
        unites: read_set(value.get("unites").ok_or(Unreadable)?)?,
        subject: text_of("subject").ok(),
        happened_at: integer_of("happened_at"),
        record: text_of("record")?,
        at: read_place(&text_of("at")?)?,
    })
}

/// The members of a list, also of one that is nested too deep for a tree.
pub(super) fn read_set(value: &Value) -> Result<Vec<Value>, Unreadable> {
    value.as_array().map(<[Value]>::to_vec).ok_or(Unreadable)
}

pub(super) fn write_version(version: &Version) -> String {
    serde_json::to_string(version).unwrap_or_default()
}

pub(super) fn read_version(text: &str) -> Result<Version, Unreadable> {
    serde_json::from_str(text).map_err(|_| Unreadable)
}

pub(super) fn write_place(place: &Place) -> String {
    serde_json::to_string(place).unwrap_or_default()
}

pub(super) fn read_place(text: &str) -> Result<Place, Unreadable> {
    serde_json::from_str(text).map_err(|_| Unreadable)
}

pub(super) fn write_record(record: &Record) -> String {
    let mut members = Object::with_capacity(5);
    members.push("value".into(), record.value.clone());
    if let Some(identity) = &record.identity {
        let parts: Vec<Value> = identity.parts().iter().cloned().map(Value::from).collect();
        members.push("identity".into(), parts.into());
    }
    if let Some(time) = record.time {
        members.push("time".into(), time.to_string().into());
    }
    members.push("name".into(), Arc::clone(&record.name).into());
    members.push("deleted".into(), record.deleted.into());
    Value::from(members).to_json()
}

pub(super) fn read_record(text: &str) -> Result<Record, Unreadable> {
    let value = Value::from_json(text).map_err(|_| Unreadable)?;
    let identity =
        match value.get("identity").and_then(Value::as_array) {
            Some(parts) => parts.iter().filter_map(Value::as_str).fold(
                None,
                |so_far: Option<Identity>, part| {
                    Some(so_far.map_or_else(|| Identity::of(part), |known| known.with(part)))
                },
            ),
            None => None,
        };
    Ok(Record {
        value: value.get("value").cloned().ok_or(Unreadable)?,
        identity,
        time: value
            .get("time")
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok()),
        name: value
            .get("name")
            .and_then(Value::as_str)
            .map(Arc::from)
            .ok_or(Unreadable)?,
        deleted: matches!(value.get("deleted"), Some(Value::Bool(true))),
    })
}
