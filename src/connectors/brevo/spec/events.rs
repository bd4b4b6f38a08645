//! `brevo.events`: events on contacts' timelines, each sent once.
//!
//! The payload of its operations:
//!
//! ```json
//! { "event_name": "ticket_status_changed",
//!   "event_date": "2026-11-24T10:15:30.123Z",
//!   "identify": { "email": "jane@example.com" },
//!   "properties": { "event_id": "10001-20002-status", "key": "SUP-1" },
//!   "contact_attributes": { "LAST_EVENT": "status" } }
//! ```

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::message::id_of;
use super::{Identify, Made};
use crate::expression::{Expression, Trouble, TroubleKind, conversion};
use crate::operation::{Operation, Place, Policy, Version};
use crate::record::{Object, Record, Value, json_size};

/// The most bytes that an event's properties may take: Brevo's limit of 50 KB.
const MAX_PROPERTIES: usize = 50 * 1024;
/// The most characters of an event's or property's name.
const MAX_NAME: usize = 255;

/// Events, each sent once, known by name and id.
#[derive(Debug)]
pub struct Events {
    /// The event's name.
    pub name: Expression,
    /// When it happened; the record's time where there is none.
    pub at: Option<Expression>,
    /// Whom it concerns.
    pub identify: Identify,
    /// What it tells, in the file's order.
    pub properties: Vec<(Arc<str>, Expression)>,
    /// Attributes of the contact that it changes.
    pub contact_attributes: Vec<(Arc<str>, Expression)>,
    /// What makes it one; the record's identity where there is none.
    pub id: Option<Expression>,
    /// How old an event may be that happened before the pipeline's first run, in milliseconds; 0:
    /// none is sent, they are marked as known.
    pub backfill_ms: i64,
    /// The zone of dates alone.
    pub zone: TimeZone,
    /// Its key in the file, for what no value of its own is to blame for.
    pub at_key: Place,
}

impl Events {
    /// The operation of a record.
    ///
    /// # Errors
    /// Where the record does not have what the sink needs.
    pub fn operation(
        &self,
        record: &Record,
        sink_index: usize,
        at: &Place,
    ) -> Result<Made, Trouble> {
        let Some(identity) = self.identify.of(record)? else {
            return Ok(Made::Unmatched);
        };
        let name = self.name_of(record)?;
        let id = id_of(self.id.as_ref(), record, "the event", &self.name)?;
        let time = self.time_of(record)?;
        let mut properties = Object::with_capacity(self.properties.len() + 1);
        properties.push("event_id".into(), Arc::clone(&id).into());
        for (name, expression) in &self.properties {
            if let Some(value) = expression.evaluate(&record.value)?
                && let Some(value) = without_nulls(&value)
            {
                properties.insert(Arc::clone(name), value);
            }
        }
        let properties = Value::from(properties);
        let size = json_size(&properties);
        if size > MAX_PROPERTIES {
            let message = format!("the event's properties take {size} bytes");
            let span = self.name.span();
            return Err(Trouble::new(
                TroubleKind::TooLarge,
                message,
                "at most 50 KB: cut long texts with `max_length`",
                0..0,
            )
            .located(self.name.source(), span));
        }
        let mut identify = Object::with_capacity(1);
        if let Some((kind, value)) = identity.all.iter().next() {
            identify.push(Arc::clone(kind), value.clone());
        }
        let mut payload = Object::with_capacity(5);
        payload.push("event_name".into(), name.as_str().into());
        payload.push("event_date".into(), conversion::write_datetime(time).into());
        payload.push("identify".into(), identify.into());
        payload.push("properties".into(), properties);
        let mut attributes = Object::new();
        for (name, expression) in &self.contact_attributes {
            if let Some(value) = expression
                .evaluate(&record.value)?
                .filter(|value| !value.is_null())
            {
                attributes.insert(Arc::clone(name), value);
            }
        }
        if !attributes.is_empty() {
            payload.push("contact_attributes".into(), attributes.into());
        }
        Ok(Made::Operation(Box::new(Operation {
            sink: "brevo.events".into(),
            sink_index,
            scope: format!("brevo.events/{name}").into(),
            key: id,
            policy: Policy::Once,
            version: Version::default(),
            payload: payload.into(),
            unites: Vec::new(),
            subject: Some(identity.key),
            happened_at: record.happened_at(Some(time)),
            record: Arc::clone(&record.name),
            at: at.clone(),
            receipt: None,
        })))
    }

    fn name_of(&self, record: &Record) -> Result<String, Trouble> {
        let value = self.name.evaluate(&record.value)?;
        match value.as_ref().and_then(Value::as_str) {
            Some(name) if is_event_name(name) => Ok(name.to_owned()),
            _ => Err(Trouble::new(
                TroubleKind::WrongKind,
                "the event's name is none that Brevo takes",
                "1 to 255 of A-Z a-z 0-9 _ -",
                0..0,
            )
            .located(self.name.source(), self.name.span())),
        }
    }

    fn time_of(&self, record: &Record) -> Result<jiff::Timestamp, Trouble> {
        let located = |trouble: Trouble, expression: &Expression| {
            trouble.located(expression.source(), expression.span())
        };
        match &self.at {
            None => record.time.ok_or_else(|| {
                let trouble = Trouble::new(
                    TroubleKind::Missing,
                    "the record has no time",
                    "`at:` with a time",
                    0..0,
                );
                located(trouble, &self.name)
            }),
            Some(expression) => match expression.evaluate(&record.value)? {
                None | Some(Value::Null) => {
                    let trouble = Trouble::new(
                        TroubleKind::Missing,
                        "the event has no time",
                        "a date or time",
                        0..0,
                    );
                    Err(located(trouble, expression))
                }
                Some(value) => conversion::read_time(&value, &self.zone).map_err(|_| {
                    let trouble = Trouble::new(
                        TroubleKind::Conversion,
                        "the event's time is none",
                        "a date, an RFC 3339 time or epoch milliseconds",
                        0..0,
                    );
                    located(trouble, expression)
                }),
            },
        }
    }
}

/// True for what Brevo takes as an event's or property's name (`jira:issue_updated` is none).
#[must_use]
pub fn is_event_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Brevo takes no nulls: members and elements that are null are left out.
fn without_nulls(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(elements) => Some(
            elements
                .iter()
                .filter_map(without_nulls)
                .collect::<Vec<_>>()
                .into(),
        ),
        Value::Object(members) => Some(
            members
                .iter()
                .filter_map(|(name, value)| Some((Arc::clone(name), without_nulls(value)?)))
                .collect::<Object>()
                .into(),
        ),
        scalar => Some(scalar.clone()),
    }
}
