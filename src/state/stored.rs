//! Operations and records as text, for rows.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::operation::{Operation, Order, Place, Policy, Version};
use crate::record::{Number, Value, write_json_string};

/// The text of a row does not say what it should.
#[derive(Debug)]
pub(super) struct Unreadable;

pub(super) fn write_operation(operation: &Operation) -> String {
    let mut out = String::with_capacity(1024);
    let text = |out: &mut String, name: &str, value: &str| {
        out.push_str(name);
        write_json_string(value, out);
    };
    text(&mut out, "{\"sink\":", &operation.sink);
    text(&mut out, ",\"scope\":", &operation.scope);
    text(&mut out, ",\"key\":", &operation.key);
    text(&mut out, ",\"record\":", &operation.record);
    text(&mut out, ",\"file\":", &operation.at.file);
    if let Some(subject) = &operation.subject {
        text(&mut out, ",\"subject\":", subject);
    }
    match &operation.version.order {
        Order::Missing => {}
        Order::Text(order) => text(&mut out, ",\"order\":", order),
        Order::Number(order) => {
            if let Some(order) = Number::from_f64(*order) {
                out.push_str(",\"order\":");
                Value::Number(order).write_json(&mut out);
            }
        }
    }
    let times = [
        (",\"time\":", operation.version.time),
        (",\"happened_at\":", operation.happened_at),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            out.push_str(name);
            Value::from(time).write_json(&mut out);
        }
    }
    let once = match operation.policy {
        Policy::Latest => 0,
        Policy::Once => 1,
        Policy::Edited => 2,
    };
    let numbers = write!(
        out,
        ",\"sink_index\":{},\"line\":{},\"column\":{},\"once\":{once},\"payload\":",
        operation.sink_index, operation.at.line, operation.at.column
    );
    // Writing to a string cannot fail.
    numbers.unwrap_or_default();
    operation.payload.write_json(&mut out);
    if !operation.unites.is_empty() {
        out.push_str(",\"unites\":");
        Value::from(operation.unites.clone()).write_json(&mut out);
    }
    out.push('}');
    out
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
    let count_of = |name: &str| {
        integer_of(name)
            .and_then(|count| usize::try_from(count).ok())
            .ok_or(Unreadable)
    };
    Ok(Operation {
        sink: text_of("sink")?,
        sink_index: count_of("sink_index")?,
        scope: text_of("scope")?,
        key: text_of("key")?,
        policy: match integer_of("once") {
            Some(2) => Policy::Edited,
            Some(1) => Policy::Once,
            Some(0) => Policy::Latest,
            _ => return Err(Unreadable),
        },
        version: Version {
            order: match value.get("order") {
                None => Order::Missing,
                Some(Value::String(text)) => Order::Text(text.to_string()),
                Some(Value::Number(number)) => Order::Number(number.as_f64()),
                Some(_) => return Err(Unreadable),
            },
            time: integer_of("time"),
        },
        payload: value.get("payload").cloned().ok_or(Unreadable)?,
        unites: value.get("unites").map_or(Ok(Vec::new()), read_set)?,
        subject: text_of("subject").ok(),
        happened_at: integer_of("happened_at"),
        record: text_of("record")?,
        at: Place {
            file: text_of("file")?,
            line: count_of("line")?,
            column: count_of("column")?,
        },
        receipt: None,
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
