//! `jira.comment`: new comments on issues, each written once.
//!
//! The payload of its operations: `{ "issue": "SUPPORT-1", "body": "text, or a document" }`.

use std::sync::Arc;

use crate::connectors::keyed::{key_of, scalar};
use crate::expression::{Expression, Trouble, TroubleKind};
use crate::operation::{Operation, Place, Policy, Version};
use crate::record::{Object, Record, Value};

/// New comments, each known by its id.
#[derive(Debug)]
pub struct NewComment {
    /// What makes it one; none: the record's identity.
    pub id: Option<Expression>,
    /// The issue's id or key.
    pub issue: Expression,
    /// What it says: text, or a document as Jira has it.
    pub body: Expression,
    /// How old a record may be that is from before the first run, in milliseconds.
    pub backfill_ms: i64,
}

/// What all comments' ids are unique in, within one site.
const SCOPE: &str = "jira.comment";

impl NewComment {
    /// The operation of a record.
    ///
    /// # Errors
    /// Where the record has no id, names no issue or has nothing to say.
    pub fn operation(
        &self,
        record: &Record,
        sink_index: usize,
        at: &Place,
    ) -> Result<Operation, Trouble> {
        let key = key_of(self.id.as_ref(), record)?;
        let issue = text_of(&self.issue, record, "`issue`")?;
        let body = self.body.evaluate(&record.value)?.and_then(rich);
        let Some(body) = body else {
            return Err(missing(&self.body, "`body`"));
        };
        let mut payload = Object::with_capacity(2);
        payload.push("issue".into(), issue.trim().into());
        payload.push("body".into(), body);
        Ok(once(SCOPE, key, payload, record, sink_index, at))
    }
}

/// The operation of a thing that is made once.
pub(super) fn once(
    scope: &'static str,
    key: Arc<str>,
    payload: Object,
    record: &Record,
    sink_index: usize,
    at: &Place,
) -> Operation {
    Operation {
        sink: scope.into(),
        sink_index,
        scope: scope.into(),
        key,
        policy: Policy::Once,
        version: Version::default(),
        payload: payload.into(),
        unites: Vec::new(),
        receipt: None,
        subject: None,
        happened_at: record.happened_at(record.time),
        record: Arc::clone(&record.name),
        at: at.clone(),
    }
}

/// Text that must be there.
pub(super) fn text_of(
    expression: &Expression,
    record: &Record,
    what: &str,
) -> Result<Arc<str>, Trouble> {
    let value = expression.evaluate(&record.value)?;
    value
        .as_ref()
        .and_then(scalar)
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| missing(expression, what))
}

pub(super) fn missing(expression: &Expression, what: &str) -> Trouble {
    let message = format!("{what} is missing, blank or no text");
    Trouble::new(
        TroubleKind::Missing,
        message,
        "text that is not empty",
        0..0,
    )
    .located(expression.source(), expression.span())
}

/// Text, or a document as Jira has it; none where it says nothing.
pub(super) fn rich(value: Value) -> Option<Value> {
    if is_document(&value) {
        return Some(value);
    }
    scalar(&value)
        .filter(|text| !text.trim().is_empty())
        .map(Value::from)
}

/// True for rich text as Jira has it, read whole or kept as its text.
#[must_use]
pub fn is_document(value: &Value) -> bool {
    match value {
        Value::Object(_) => value.get("type").and_then(Value::as_str) == Some("doc"),
        Value::Raw(json) => crate::adf::is_node(json),
        _ => false,
    }
}
