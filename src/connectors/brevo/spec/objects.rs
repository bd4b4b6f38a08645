//! `brevo.objects`: custom objects of a type, by an id of another system.
//!
//! The payload of its operations:
//!
//! ```json
//! { "type": "ticket", "ext_id": "10001", "attributes": { "status": "Done" },
//!   "contacts": [{ "email": "jane@example.com" }] }
//! ```

use std::sync::Arc;

use super::message::{Making, text_of};
use super::{IdentityKind, Made, normal_identity};
use crate::config::IfMissing;
use crate::expression::{Expression, Trouble, TroubleKind, Wish};
use crate::operation::{Place, Policy};
use crate::record::{Object, Record, Value};

/// Custom objects, each known by its type and id.
#[derive(Debug)]
pub struct Objects {
    /// The objects' type.
    pub kind: Expression,
    /// The id that the record's system knows the object by.
    pub ext_id: Expression,
    /// Attributes and their values, in the file's order.
    pub attributes: Vec<(Arc<str>, Expression)>,
    /// The contacts that it belongs to.
    pub contacts: Option<Expression>,
    /// What becomes of attributes whose value is missing.
    pub if_missing: IfMissing,
}

/// What names a contact of an object, for messages.
pub const CONTACTS: &str =
    "e-mails, ids as numbers, or maps of `contact_id`, `ext_id`, `email` and `phone`";

impl Objects {
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
        let kind = text_of(&self.kind, record, "the object's type")?;
        if !is_object_type(&kind) {
            let message = "the object's type is none";
            return Err(Trouble::new(
                TroubleKind::WrongKind,
                message,
                "1 to 32 of a-z 0-9 _",
                0..0,
            )
            .located(self.kind.source(), self.kind.span()));
        }
        let ext_id = text_of(&self.ext_id, record, "the object's `ext_id`")?;
        let mut attributes = Object::with_capacity(self.attributes.len());
        for (name, expression) in &self.attributes {
            match expression.wish(&record.value, self.if_missing)? {
                Wish::Set(value) => attributes.push(Arc::clone(name), value),
                Wish::Keep => {}
                Wish::Clear => attributes.push(Arc::clone(name), Value::Null),
            }
        }
        let mut payload = Object::with_capacity(4);
        payload.push("type".into(), Arc::clone(&kind).into());
        payload.push("ext_id".into(), Arc::clone(&ext_id).into());
        payload.push("attributes".into(), attributes.into());
        let mut subject = None;
        if let Some(expression) = &self.contacts {
            let mut contacts = Vec::new();
            if let Some(value) = expression.evaluate(&record.value)? {
                let read = collect(&value, &mut contacts);
                read.map_err(|()| {
                    let message = "a contact of the object is named by what names none";
                    Trouble::new(TroubleKind::WrongKind, message, CONTACTS, 0..0)
                        .located(expression.source(), expression.span())
                })?;
            }
            if contacts.is_empty() {
                return Ok(Made::Unmatched);
            }
            if let [only] = contacts.as_slice() {
                subject = only.as_object().and_then(|identities| {
                    let (kind, value) = identities.iter().next()?;
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_json(), str::to_owned);
                    Some(Arc::from(format!("{kind}:{text}")))
                });
            }
            payload.push("contacts".into(), contacts.into());
        }
        let making = Making {
            sink: "brevo.objects",
            sink_index,
            at,
            record,
            policy: Policy::Latest,
        };
        let scope = format!("brevo.objects/{kind}");
        let operation = making.operation(scope, ext_id, subject, payload.into());
        Ok(Made::Operation(Box::new(operation)))
    }
}

/// True for what Brevo takes as an objects' type.
#[must_use]
pub fn is_object_type(name: &str) -> bool {
    let valid = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'_';
    !name.is_empty() && name.len() <= 32 && name.bytes().all(valid)
}

/// True for what names contacts.
#[must_use]
pub fn are_contacts(value: &Value) -> bool {
    collect(value, &mut Vec::new()).is_ok()
}

/// The contacts that a value names, each as its identities; the key first.
fn collect(value: &Value, found: &mut Vec<Value>) -> Result<(), ()> {
    let one = |kind: IdentityKind, value: &Value| {
        let value = normal_identity(kind, value).ok_or(())?;
        let mut identities = Object::with_capacity(1);
        identities.push(kind.name().into(), value);
        Ok(Value::from(identities))
    };
    let contact = match value {
        Value::Null => return Ok(()),
        Value::Array(elements) => {
            return elements.iter().try_for_each(|one| collect(one, found));
        }
        Value::Number(_) => one(IdentityKind::ContactId, value)?,
        Value::String(_) => one(IdentityKind::Email, value)?,
        Value::Object(members) => {
            let mut identities = Object::with_capacity(members.len());
            for kind in IdentityKind::ALL {
                match members.get(kind.name()) {
                    None | Some(Value::Null) => {}
                    Some(value) => {
                        identities
                            .push(kind.name().into(), normal_identity(kind, value).ok_or(())?);
                    }
                }
            }
            let known = |name: &str| IdentityKind::ALL.iter().any(|kind| kind.name() == name);
            if members.iter().any(|(name, _)| !known(name)) {
                return Err(());
            }
            if identities.is_empty() {
                return Ok(());
            }
            identities.into()
        }
        _ => return Err(()),
    };
    if !found.contains(&contact) {
        found.push(contact);
    }
    Ok(())
}
