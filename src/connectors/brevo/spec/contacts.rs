//! `brevo.contacts`: the whole wished state of a contact.
//!
//! The payload of its operations:
//!
//! ```json
//! { "identify": { "email": "jane@example.com", "ext_id": "…" },
//!   "mode": "upsert",
//!   "attributes": { "LAST_TICKET_KEY": "SUP-1" },
//!   "clear": ["LAST_TICKET_RESOLUTION"],
//!   "unlink_lists": [24],
//!   "consent": { "email_blacklisted": true } }
//! ```
//!
//! Members that hold nothing are left out, `mode` where it is `upsert`. The lists to be in are the
//! operation's united set.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Identify, Lists, Made};
use crate::config::IfMissing;
use crate::expression::{Expression, Trouble, TroubleKind, Wish, conversion};
use crate::operation::{Operation, Order, Place, Policy, Version};
use crate::record::{Object, Record, Value};

/// Contacts, folded per contact: the newest record counts whole, lists unite.
#[derive(Debug)]
pub struct Contacts {
    /// Whom a record concerns.
    pub identify: Identify,
    /// Attributes in the file's order.
    pub attributes: Vec<(Arc<str>, Expression)>,
    /// Lists to be in.
    pub lists: Option<Lists>,
    /// Lists not to be in.
    pub unlink_lists: Option<Lists>,
    /// What makes a record newer than another; the record's time where there is none.
    pub order_by: Option<Expression>,
    /// How contacts are written.
    pub mode: Mode,
    /// Attributes that the account lacks are created.
    pub create_attributes: bool,
    /// Lists that the account lacks are created.
    pub create_lists: bool,
    /// The folder, a name or an id, that lists are created in.
    pub folder: Option<Value>,
    /// Black-list flags, written only where mapped.
    pub consent: Consent,
    /// What a missing value does to an attribute that does not say so itself.
    pub if_missing: IfMissing,
}

/// How contacts are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Created, or updated where there is one.
    #[default]
    Upsert,
    /// Only where there is one.
    Update,
    /// Only where there is none.
    Create,
}

/// Black-list flags.
#[derive(Debug, Default)]
pub struct Consent {
    /// Gets no e-mails.
    pub email_blacklisted: Option<Expression>,
    /// Gets no text messages.
    pub sms_blacklisted: Option<Expression>,
}

impl Mode {
    /// The name that pipelines and payloads use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upsert => "upsert",
            Self::Update => "update",
            Self::Create => "create",
        }
    }
}

impl Contacts {
    /// What the ledger knows these operations by: the attribute set, whichever file asks for it.
    #[must_use]
    pub fn scope(&self) -> Arc<str> {
        let mut names: Vec<&str> = self.attributes.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        format!("brevo.contacts/{}", names.join(",")).into()
    }

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
        let mut payload = Object::with_capacity(4);
        payload.push("identify".into(), identity.all.into());
        if self.mode != Mode::Upsert {
            payload.push("mode".into(), self.mode.name().into());
        }
        let mut attributes = Object::with_capacity(self.attributes.len());
        let mut clear: Vec<Value> = Vec::new();
        for (name, expression) in &self.attributes {
            match expression.wish(&record.value, self.if_missing)? {
                Wish::Set(value) => attributes.push(Arc::clone(name), value),
                Wish::Keep => {}
                Wish::Clear => clear.push(Arc::clone(name).into()),
            }
        }
        payload.push("attributes".into(), attributes.into());
        if !clear.is_empty() {
            payload.push("clear".into(), clear.into());
        }
        if let Some(lists) = &self.unlink_lists {
            let lists: Vec<Value> = lists
                .of(record)?
                .iter()
                .map(super::ListRef::to_value)
                .collect();
            if !lists.is_empty() {
                payload.push("unlink_lists".into(), lists.into());
            }
        }
        self.consent.add(record, &mut payload)?;
        let unites = match &self.lists {
            Some(lists) => lists
                .of(record)?
                .iter()
                .map(super::ListRef::to_value)
                .collect(),
            None => Vec::new(),
        };
        Ok(Made::Operation(Box::new(Operation {
            sink: "brevo.contacts".into(),
            sink_index,
            scope: self.scope(),
            subject: Some(Arc::clone(&identity.key)),
            key: identity.key,
            policy: Policy::Latest,
            version: self.version(record)?,
            payload: payload.into(),
            unites,
            happened_at: None,
            record: Arc::clone(&record.name),
            at: at.clone(),
            receipt: None,
        })))
    }

    fn version(&self, record: &Record) -> Result<Version, Trouble> {
        let time = record.time.map(jiff::Timestamp::as_millisecond);
        let order = match &self.order_by {
            #[expect(
                clippy::cast_precision_loss,
                reason = "times are far below 2^53 milliseconds"
            )]
            None => time.map_or(Order::Missing, |time| Order::Number(time as f64)),
            Some(expression) => match expression.evaluate(&record.value)? {
                Some(value) => order_of(&value, expression.zone()),
                None => Order::Missing,
            },
        };
        Ok(Version { order, time })
    }
}

/// What a value is ordered by: numbers and times as numbers (a date alone is midnight in the
/// zone), any other text as text.
#[expect(
    clippy::cast_precision_loss,
    reason = "times are far below 2^53 milliseconds"
)]
fn order_of(value: &Value, zone: &TimeZone) -> Order {
    match value {
        Value::Number(number) => Order::Number(number.as_f64()),
        Value::String(text) => match conversion::read_time_text(text, zone) {
            Some(time) => Order::Number(time.as_millisecond() as f64),
            None => Order::Text(text.to_string()),
        },
        Value::Null => Order::Missing,
        other => Order::Text(other.to_json()),
    }
}

impl Consent {
    fn add(&self, record: &Record, payload: &mut Object) -> Result<(), Trouble> {
        let mut flags = Object::new();
        for (name, expression) in [
            ("email_blacklisted", &self.email_blacklisted),
            ("sms_blacklisted", &self.sms_blacklisted),
        ] {
            let Some(expression) = expression else {
                continue;
            };
            match expression.evaluate(&record.value)? {
                None | Some(Value::Null) => {}
                Some(Value::Bool(flag)) => flags.insert(name, flag),
                Some(other) => {
                    let message = format!("`{name}` is {}", other.kind());
                    return Err(Trouble::new(
                        TroubleKind::WrongKind,
                        message,
                        "true or false",
                        0..0,
                    )
                    .located(expression.source(), expression.span()));
                }
            }
        }
        if !flags.is_empty() {
            payload.push("consent".into(), flags.into());
        }
        Ok(())
    }
}
