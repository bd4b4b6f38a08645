//! What makes an operation of a sink that does a thing once that one thing.

use std::sync::Arc;

use crate::expression::{Expression, Trouble, TroubleKind};
use crate::record::{Record, Value};

/// What makes an operation one: the value of `id`, or the record's identity.
///
/// # Errors
/// Where there is none: it is missing or empty.
pub(super) fn key_of(id: Option<&Expression>, record: &Record) -> Result<Arc<str>, Trouble> {
    let key = match id {
        Some(id) => id.evaluate(&record.value)?.as_ref().and_then(scalar),
        None => record
            .identity
            .as_ref()
            .map(|identity| identity.to_string().into()),
    };
    key.filter(|key| !key.trim().is_empty())
        .ok_or_else(|| Trouble::new(TroubleKind::Missing, "`id` is missing or empty", "", 0..0))
}

/// A scalar as text.
pub(super) fn scalar(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(Arc::clone(text)),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(flag) => Some(flag.to_string().into()),
        Value::Null | Value::Array(_) | Value::Object(_) | Value::Raw(_) => None,
    }
}
