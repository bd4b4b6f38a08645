//! `jira.issue`: new issues, each created once.
//!
//! The payload of its operations, its fields as the pipeline gives them:
//! `{ "project": "SUPPORT", "type": "Task", "fields": { "summary": "…", "labels": ["a"] } }`.

use std::sync::Arc;

use super::comment::{missing, once};
use crate::connectors::keyed::key_of;
use crate::expression::{Expression, Trouble};
use crate::operation::{Operation, Place};
use crate::record::{Object, Record, Value};

/// New issues, each known by its id.
#[derive(Debug)]
pub struct NewIssue {
    /// What makes it one; none: the record's identity.
    pub id: Option<Expression>,
    /// The project: its key, or its id as a number.
    pub project: Expression,
    /// The issue type: its name, or its id as a number.
    pub kind: Expression,
    /// Fields by id or display name, in the file's order.
    pub fields: Vec<(Arc<str>, Expression)>,
    /// How old a record may be that is from before the first run, in milliseconds.
    pub backfill_ms: i64,
}

/// What all issues' ids are unique in, within one site.
const SCOPE: &str = "jira.issue";

impl NewIssue {
    /// The operation of a record.
    ///
    /// # Errors
    /// Where the record has no id, or not what every issue needs.
    pub fn operation(
        &self,
        record: &Record,
        sink_index: usize,
        at: &Place,
    ) -> Result<Operation, Trouble> {
        let key = key_of(self.id.as_ref(), record)?;
        let project = named(&self.project, record, "`project`")?;
        let kind = named(&self.kind, record, "`type`")?;
        let mut fields = Object::with_capacity(self.fields.len());
        for (name, expression) in &self.fields {
            let value = expression
                .evaluate(&record.value)?
                .filter(|value| !value.is_null());
            match value {
                Some(value) => {
                    fields.insert(Arc::clone(name), value);
                }
                None if &**name == "summary" => return Err(missing(expression, "`summary`")),
                None => {}
            }
        }
        let mut payload = Object::with_capacity(3);
        payload.push("project".into(), project);
        payload.push("type".into(), kind);
        payload.push("fields".into(), fields.into());
        Ok(once(SCOPE, key, payload, record, sink_index, at))
    }
}

/// A name as text, or an id as a number.
fn named(expression: &Expression, record: &Record, what: &str) -> Result<Value, Trouble> {
    match expression.evaluate(&record.value)? {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim().into()),
        Some(Value::Number(number)) => Ok(Value::Number(number)),
        _ => Err(missing(expression, what)),
    }
}
