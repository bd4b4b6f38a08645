//! `brevo.campaigns`: campaigns, each made and then sent, once.
//!
//! The payload of its operations:
//!
//! ```json
//! { "name": "1.2 released", "template": 12, "subject": "1.2 is out",
//!   "sender": { "email": "news@acme.example" }, "lists": [22] }
//! ```

use super::message::{Making, id_of_thing, template_of, text_of};
use super::{ListRef, Lists, Made, is_email};
use crate::expression::{Expression, Trouble, TroubleKind};
use crate::operation::{Place, Policy};
use crate::record::{Object, Record, Value};

/// Campaigns, each known by its id.
#[derive(Debug)]
pub struct Campaigns {
    /// What makes it one; what the record is where there is none.
    pub id: Option<Expression>,
    /// The campaign's name.
    pub name: Expression,
    /// The id of its template.
    pub template: Expression,
    /// Its subject; the template's where there is none.
    pub subject: Option<Expression>,
    /// Its sender; the template's where there is none.
    pub sender: Option<Expression>,
    /// The lists that get it.
    pub lists: Lists,
    /// How old a record may be that is from before the pipeline's first run, in milliseconds.
    pub backfill_ms: i64,
}

impl Campaigns {
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
        let id = id_of_thing(self.id.as_ref(), record, "the campaign", &self.name)?;
        let mut payload = Object::with_capacity(5);
        let name = text_of(&self.name, record, "the campaign's name")?;
        payload.push("name".into(), name.into());
        payload.push(
            "template".into(),
            template_of(&self.template, record)?.into(),
        );
        if let Some(subject) = &self.subject {
            let subject = text_of(subject, record, "the campaign's subject")?;
            payload.push("subject".into(), subject.into());
        }
        if let Some(sender) = &self.sender {
            payload.push("sender".into(), sender_of(sender, record)?);
        }
        let lists = self.lists.of(record)?;
        if lists.is_empty() {
            let message = "the campaign goes to no list";
            return Err(
                Trouble::new(TroubleKind::Missing, message, "at least one list", 0..0)
                    .located(self.lists.value.source(), self.lists.value.span()),
            );
        }
        let lists: Vec<Value> = lists.iter().map(ListRef::to_value).collect();
        payload.push("lists".into(), lists.into());
        let making = Making {
            sink: "brevo.campaigns",
            sink_index,
            at,
            record,
            policy: Policy::Once,
        };
        let operation = making.operation("brevo.campaigns", id, None, payload.into());
        Ok(Made::Operation(Box::new(operation)))
    }
}

fn sender_of(expression: &Expression, record: &Record) -> Result<Value, Trouble> {
    let value = expression.evaluate(&record.value)?;
    value.filter(is_sender).ok_or_else(|| {
        let message = "the campaign's sender is none";
        Trouble::new(TroubleKind::WrongKind, message, SENDER, 0..0)
            .located(expression.source(), expression.span())
    })
}

/// What a sender is, for messages.
pub const SENDER: &str = "`{ email: …, name: … }` or `{ id: … }`";

/// True for what names a sender: an e-mail or an id, and not both.
#[must_use]
pub fn is_sender(value: &Value) -> bool {
    let Some(members) = value.as_object() else {
        return false;
    };
    let known = members
        .iter()
        .all(|(name, _)| matches!(&**name, "email" | "name" | "id"));
    let email = match members.get("email") {
        None => false,
        Some(Value::String(email)) if is_email(email) => true,
        Some(_) => return false,
    };
    let id = match members.get("id") {
        None => false,
        Some(Value::Number(id)) if id.as_i64().is_some_and(|id| id > 0) => true,
        Some(_) => return false,
    };
    let name = members
        .get("name")
        .is_none_or(|name| matches!(name, Value::String(_)));
    known && name && email != id
}
