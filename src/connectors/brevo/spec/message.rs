//! What notes, e-mails and campaigns have in common: an id that makes each of them one.

use std::sync::Arc;

use crate::expression::{Expression, Trouble, TroubleKind};
use crate::operation::{Operation, Order, Place, Policy, Version};
use crate::record::{Record, Value};

/// The id of what a sink makes of a record: `id:`, or the record's identity.
///
/// # Errors
/// One that is missing, empty, or neither text nor number; `anchor` stands for what is not written.
pub(super) fn id_of(
    id: Option<&Expression>,
    record: &Record,
    what: &str,
    anchor: &Expression,
) -> Result<Arc<str>, Trouble> {
    let value = match id {
        Some(expression) => expression.evaluate(&record.value)?,
        None => record
            .identity
            .as_ref()
            .map(|identity| identity.to_string().into()),
    };
    let trouble = |kind, message: String, expected: &str| {
        let blamed = id.unwrap_or(anchor);
        Trouble::new(kind, message, expected, 0..0).located(blamed.source(), blamed.span())
    };
    match value {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Arc::clone(&text)),
        Some(Value::Number(number)) => Ok(number.to_string().into()),
        Some(Value::Bool(flag)) => Ok(flag.to_string().into()),
        Some(Value::String(_) | Value::Null) | None => Err(trouble(
            TroubleKind::Missing,
            format!("{what} has no id"),
            "text that is not empty",
        )),
        Some(other) => Err(trouble(
            TroubleKind::WrongKind,
            format!("the id of {what} is {}", other.kind()),
            "text or a number",
        )),
    }
}

/// The id of what is made of a thing, whatever told of it: `id:`, or what the record is. A comment
/// that a webhook tells of, its edit and its deletion, and the same comment by a poll are one note.
///
/// # Errors
/// As [`id_of`].
pub(super) fn id_of_thing(
    id: Option<&Expression>,
    record: &Record,
    what: &str,
    anchor: &Expression,
) -> Result<Arc<str>, Trouble> {
    match (id, &record.identity) {
        (None, Some(identity)) => Ok(identity.thing().to_string().into()),
        _ => id_of(id, record, what, anchor),
    }
}

/// Text that must be there.
///
/// # Errors
/// What is missing, blank, or a list or map.
pub(super) fn text_of(
    expression: &Expression,
    record: &Record,
    what: &str,
) -> Result<Arc<str>, Trouble> {
    let trouble = |kind, message: String| {
        Trouble::new(kind, message, "text that is not empty", 0..0)
            .located(expression.source(), expression.span())
    };
    match expression.evaluate(&record.value)? {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Arc::clone(&text)),
        Some(Value::Number(number)) => Ok(number.to_string().into()),
        Some(Value::Bool(flag)) => Ok(flag.to_string().into()),
        None | Some(Value::Null | Value::String(_)) => {
            Err(trouble(TroubleKind::Missing, format!("{what} is missing")))
        }
        Some(other) => Err(trouble(
            TroubleKind::WrongKind,
            format!("{what} is {}", other.kind()),
        )),
    }
}

/// The id of a template.
///
/// # Errors
/// What is none.
pub(super) fn template_of(expression: &Expression, record: &Record) -> Result<i64, Trouble> {
    let value = expression.evaluate(&record.value)?;
    value.as_ref().and_then(template_id).ok_or_else(|| {
        Trouble::new(
            TroubleKind::WrongKind,
            "the template is no id",
            "a positive integer",
            0..0,
        )
        .located(expression.source(), expression.span())
    })
}

/// The id of a template, as a number or its digits.
#[must_use]
pub fn template_id(value: &Value) -> Option<i64> {
    let id = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    id.filter(|id| *id > 0)
}

/// What is common to the operations of a sink's records.
pub(super) struct Making<'r> {
    pub(super) sink: &'static str,
    pub(super) sink_index: usize,
    pub(super) at: &'r Place,
    pub(super) record: &'r Record,
    pub(super) policy: Policy,
}

impl Making<'_> {
    /// The operation of a scope and key.
    pub(super) fn operation(
        &self,
        scope: impl Into<Arc<str>>,
        key: impl Into<Arc<str>>,
        subject: Option<Arc<str>>,
        payload: Value,
    ) -> Operation {
        let time = self.record.time.map(jiff::Timestamp::as_millisecond);
        #[expect(
            clippy::cast_precision_loss,
            reason = "times are far below 2^53 milliseconds"
        )]
        let version = match self.policy {
            Policy::Once => Version::default(),
            Policy::Latest | Policy::Edited => Version {
                order: time.map_or(Order::Missing, |time| Order::Number(time as f64)),
                time,
            },
        };
        Operation {
            sink: self.sink.into(),
            sink_index: self.sink_index,
            scope: scope.into(),
            key: key.into(),
            policy: self.policy,
            version,
            payload,
            unites: Vec::new(),
            subject,
            happened_at: self
                .record
                .happened_at(self.record.time)
                .filter(|_| self.policy != Policy::Latest),
            record: Arc::clone(&self.record.name),
            at: self.at.clone(),
            receipt: None,
        }
    }
}
