//! Events as recorded in files, made to what the source yields.

use std::sync::Arc;

use super::source::as_event;
use super::told::Told;
use crate::connectors::BadRecord;
use crate::connectors::jira::recorded;
use crate::connectors::jira::spec::{Thing, Webhook};
use crate::record::{Identity, Record, Value};

/// The record of a recorded event: as the source yields it, or the body of a webhook.
///
/// # Errors
/// Where it is neither.
pub fn recorded_event(given: &Value, spec: &Webhook, number: u64) -> Result<Record, BadRecord> {
    let identifier = format!("recorded-{number}");
    let told = Told::read(given, &identifier).ok();
    let mut record = if spec.thing == Thing::Issue {
        recorded(given, &spec.issues)?
    } else {
        let thing = told.as_ref().map_or(given, |told| &told.value);
        let id = match thing.get("id").or_else(|| thing.get("accountId")) {
            Some(Value::String(id)) => Arc::clone(id),
            Some(Value::Number(id)) => id.to_string().into(),
            _ => {
                return Err(BadRecord {
                    name: format!("record {number}").into(),
                    reason: format!("the {} has no id", spec.thing.member()),
                });
            }
        };
        Record {
            name: format!("{} {id}", spec.thing.member()).into(),
            value: thing.clone(),
            identity: Some(Identity::of(id).with(identifier)),
            time: None,
            deleted: given.get("deleted") == Some(&Value::Bool(true)),
        }
    };
    if let Some(told) = told {
        record.deleted |= told.deleted;
        record = as_event(record, &told);
    }
    Ok(record)
}
