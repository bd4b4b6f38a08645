//! `brevo.notes`: notes on contacts, each made once and then edited.
//!
//! The payload of its operations:
//!
//! ```json
//! { "identify": { "email": "jane@example.com" }, "text": "<p>SUP-1</p><p>It works.</p>" }
//! ```
//!
//! or, where the record was deleted, `{ "deleted": true }`.

use super::message::{Making, id_of_thing, text_of};
use super::{Identify, Made, markup};
use crate::adf;
use crate::expression::{Expression, Trouble, TroubleKind};
use crate::operation::{Place, Policy};
use crate::record::{Object, Record, Value};

/// The most characters of a note.
const MOST: usize = 10_000;

/// Notes on contacts, each known by its id.
#[derive(Debug)]
pub struct Notes {
    /// Whom it concerns.
    pub identify: Identify,
    /// The note, HTML; what it takes of the record is escaped already.
    pub text: Expression,
    /// What makes it one; what the record is where there is none.
    pub id: Option<Expression>,
    /// How old a record may be that is from before the pipeline's first run, in milliseconds.
    pub backfill_ms: i64,
}

impl Notes {
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
        let making = Making {
            sink: "brevo.notes",
            sink_index,
            at,
            record,
            policy: Policy::Edited,
        };
        let deleted = record.deleted || record.value.get("deleted") == Some(&Value::Bool(true));
        let identity = match self.identify.of(record) {
            // What was deleted may not say any more whom it was about.
            Err(_) if deleted => None,
            identity => identity?,
        };
        if deleted {
            let id = id_of_thing(self.id.as_ref(), record, "the note", &self.text)?;
            let mut payload = Object::with_capacity(1);
            payload.push("deleted".into(), true.into());
            let subject = identity.map(|identity| identity.key);
            let operation = making.operation("brevo.notes", id, subject, payload.into());
            return Ok(Made::Operation(Box::new(operation)));
        }
        let Some(identity) = identity else {
            return Ok(Made::Unmatched);
        };
        let id = id_of_thing(self.id.as_ref(), record, "the note", &self.text)?;
        let written = text_of(&self.text, record, "the note's text")?;
        let text = adf::cut_html(markup::of_a_note(&written), MOST);
        if text.trim().is_empty() {
            let message = "the note has no text that Brevo takes";
            return Err(Trouble::new(
                TroubleKind::Missing,
                message,
                "text that is not empty",
                0..0,
            )
            .located(self.text.source(), self.text.span()));
        }
        let mut payload = Object::with_capacity(2);
        payload.push("identify".into(), identity.all.into());
        payload.push("text".into(), text.into());
        let operation = making.operation("brevo.notes", id, Some(identity.key), payload.into());
        Ok(Made::Operation(Box::new(operation)))
    }
}
