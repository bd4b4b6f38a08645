//! What is said of a contact.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use super::{ContactWriter, rejected};
use crate::connectors::brevo::account::AccountFacts;
use crate::connectors::brevo::spec::IdentityKind;
use crate::http::Failure;
use crate::operation::Operation;
use crate::record::{Object, Value};

/// What an operation asks for, in Brevo's words.
pub(super) struct Wanted {
    /// What is the key, then what is set on creation only.
    pub(super) identities: Vec<(IdentityKind, Value)>,
    pub(super) mode: Mode,
    attributes: Map<String, Json>,
    cleared: Map<String, Json>,
    lists: Vec<i64>,
    pub(super) unlinked: Vec<i64>,
    consent: Map<String, Json>,
}

/// How a contact is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    Upsert,
    Update,
    Create,
}

impl ContactWriter {
    /// What an operation asks for: what the account would drop without a word is refused.
    pub(super) async fn wanted(&self, operation: &Operation) -> Result<Wanted, Failure> {
        let mut wanted = Wanted::of(operation, &self.account, &self.zone)?;
        wanted.lists = self.list_ids(&operation.unites, true).await?;
        wanted.unlinked = self.list_ids(unlinked(operation), false).await?;
        Ok(wanted)
    }
}

/// The lists that an operation takes its contact out of.
pub(super) fn unlinked(operation: &Operation) -> &[Value] {
    let lists = operation.payload.get("unlink_lists");
    lists.and_then(Value::as_array).unwrap_or_default()
}

impl Wanted {
    /// What an operation asks for, lists aside.
    pub(super) fn of(
        operation: &Operation,
        account: &AccountFacts,
        zone: &TimeZone,
    ) -> Result<Self, Failure> {
        let payload = &operation.payload;
        let mut wanted = Self {
            identities: identities(operation),
            mode: match payload.get("mode").and_then(Value::as_str) {
                // An older record brings lists alone: whoever it means was written by a newer one.
                _ if payload.is_null() => Mode::Update,
                Some("update") => Mode::Update,
                Some("create") => Mode::Create,
                _ => Mode::Upsert,
            },
            attributes: Map::new(),
            cleared: Map::new(),
            lists: Vec::new(),
            unlinked: Vec::new(),
            consent: Map::new(),
        };
        for (name, value) in members(payload, "attributes") {
            let fitted = account.fitted(name, value, zone).map_err(rejected)?;
            wanted
                .attributes
                .insert(name.to_uppercase(), json(&fitted)?);
        }
        let cleared = payload.get("clear").and_then(Value::as_array);
        for name in cleared.unwrap_or_default().iter().filter_map(Value::as_str) {
            let emptied = json(&account.emptied(name))?;
            wanted.cleared.insert(name.to_uppercase(), emptied);
        }
        for (name, flag) in members(payload, "consent") {
            let member = match &**name {
                "email_blacklisted" => "emailBlacklisted",
                "sms_blacklisted" => "smsBlacklisted",
                _ => continue,
            };
            wanted.consent.insert(member.to_owned(), json(flag)?);
        }
        Ok(wanted)
    }
}

impl Wanted {
    /// The attributes that are written, and those that are emptied.
    pub(super) const fn attributes(&self) -> (&Map<String, Json>, &Map<String, Json>) {
        (&self.attributes, &self.cleared)
    }

    /// The flags that are written, by Brevo's names.
    pub(super) const fn consent(&self) -> &Map<String, Json> {
        &self.consent
    }

    /// The body for a contact that is there: nothing of what is set on creation only.
    pub(super) fn update(&self) -> Map<String, Json> {
        let mut body = self.consent.clone();
        let mut attributes = self.attributes.clone();
        attributes.extend(self.cleared.clone());
        body.insert("attributes".to_owned(), attributes.into());
        for (member, ids) in [("listIds", &self.lists), ("unlinkListIds", &self.unlinked)] {
            if !ids.is_empty() {
                body.insert(member.to_owned(), ids.clone().into());
            }
        }
        body
    }

    /// The body for a contact that is not there; where `there_too`, it may be.
    pub(super) fn create(&self, there_too: bool) -> Result<Map<String, Json>, Failure> {
        let mut body = self.update();
        body.remove("unlinkListIds");
        if !there_too {
            // What is new has nothing to empty.
            body.insert("attributes".to_owned(), self.attributes.clone().into());
        }
        for (kind, value) in &self.identities {
            give(&mut body, *kind, value, Given::New)?;
        }
        body.insert("updateEnabled".to_owned(), there_too.into());
        Ok(body)
    }
}

/// To whom an identity is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// To a contact that is created.
    New,
    /// To a contact that is there.
    There,
}

/// Adds an identity to a body.
pub(super) fn give(
    body: &mut Map<String, Json>,
    kind: IdentityKind,
    value: &Value,
    to: Given,
) -> Result<(), Failure> {
    let value = json(value)?;
    let attribute = match (kind, to) {
        (IdentityKind::ContactId, _) => return Ok(()),
        (IdentityKind::ExtId, _) => {
            body.insert("ext_id".to_owned(), value);
            return Ok(());
        }
        (IdentityKind::Email, Given::New) => {
            body.insert("email".to_owned(), value);
            return Ok(());
        }
        (IdentityKind::Email, Given::There) => "EMAIL",
        (IdentityKind::Phone, _) => "SMS",
    };
    let attributes = body
        .entry("attributes")
        .or_insert_with(|| Json::Object(Map::new()));
    if let Some(attributes) = attributes.as_object_mut() {
        attributes.insert(attribute.to_owned(), value);
    }
    Ok(())
}

/// The identities of an operation, the key first. One that only adds to lists has its key alone.
fn identities(operation: &Operation) -> Vec<(IdentityKind, Value)> {
    let kind_of = |name: &str| {
        IdentityKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
    };
    if !operation.payload.is_null() {
        return members(&operation.payload, "identify")
            .filter_map(|(name, value)| Some((kind_of(name)?, value.clone())))
            .collect();
    }
    let key = operation.key.split_once(':');
    let key = key.and_then(|(name, text)| Some((kind_of(name)?, text)));
    key.map(|(kind, text)| {
        let id = text.parse::<i64>();
        let value = match (kind, id) {
            (IdentityKind::ContactId, Ok(id)) => Value::from(id),
            _ => Value::from(text),
        };
        (kind, value)
    })
    .into_iter()
    .collect()
}

fn members<'a>(
    payload: &'a Value,
    name: &str,
) -> impl Iterator<Item = (&'a Arc<str>, &'a Value)> + use<'a> {
    payload
        .get(name)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Object::iter)
}

fn json(value: &Value) -> Result<Json, Failure> {
    serde_json::to_value(value).map_err(|_| rejected("a value is no JSON"))
}
