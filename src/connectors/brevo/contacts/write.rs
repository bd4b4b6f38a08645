//! One contact: who it is, and what is written of it.
//!
//! What identifies a contact beside its key is set on creation only. A plain upsert would set it
//! on contacts that are there too, and a new address resubscribes whoever had opted out; so where
//! there is more than the key, the update comes first.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::body::{Given, Mode, Wanted, give};
use super::{ContactWriter, rejected};
use crate::connectors::brevo::dialect::Said;
use crate::connectors::brevo::session::CONTACTS;
use crate::connectors::brevo::spec::IdentityKind;
use crate::connectors::{Applied, Outcome};
use crate::http::{Class, Failure, Method, Response, Safety};
use crate::operation::Operation;
use crate::record::Value;

/// What Brevo did.
enum Wrote {
    Done(Applied),
    /// There is no such contact.
    Nobody,
    /// Another contact has one of the identifiers.
    Taken(Failure),
}

/// A contact as Brevo shows it.
#[derive(Debug, Deserialize)]
pub(in crate::connectors::brevo) struct Shown {
    pub(in crate::connectors::brevo) id: i64,
    email: Option<String>,
    ext_id: Option<Json>,
    #[serde(default, rename = "emailBlacklisted")]
    pub(super) email_blacklisted: bool,
    #[serde(default, rename = "smsBlacklisted")]
    pub(super) sms_blacklisted: bool,
    #[serde(default, rename = "listIds")]
    pub(in crate::connectors::brevo) lists: Vec<i64>,
    #[serde(default)]
    pub(super) attributes: Map<String, Json>,
}

impl ContactWriter {
    /// Writes what an operation asks for.
    pub(super) async fn write(&self, operation: &Operation) -> Result<Outcome, Failure> {
        let wanted = self.wanted(operation).await?;
        let Some((kind, value)) = wanted.identities.first() else {
            return Err(rejected("the operation names no contact"));
        };
        let (kind, value) = (*kind, value.clone());
        let dots = |value: &Value| matches!(value.as_str(), Some("." | ".."));
        if wanted.identities.iter().any(|(_, value)| dots(value)) {
            // A URL would resolve it, and the path of something else come out.
            return Err(rejected("an identity of dots alone names no contact"));
        }
        match wanted.mode {
            Mode::Create => self.only_create(&wanted, kind).await,
            Mode::Update => self.update_first(&wanted, kind, &value).await,
            Mode::Upsert => {
                let key_alone = wanted.identities.len() == 1 && kind != IdentityKind::ContactId;
                // Only an update takes a contact out of lists.
                if key_alone && wanted.unlinked.is_empty() {
                    settled(self.post(wanted.create(true)?).await?)
                } else {
                    self.update_first(&wanted, kind, &value).await
                }
            }
        }
    }

    async fn only_create(&self, wanted: &Wanted, kind: IdentityKind) -> Result<Outcome, Failure> {
        if kind == IdentityKind::ContactId {
            return Err(no_such_id());
        }
        match self.post(wanted.create(false)?).await? {
            // It is there: nothing is to be done.
            Wrote::Taken(_) => Ok(Outcome::Unmatched),
            wrote => settled(wrote),
        }
    }

    async fn update_first(
        &self,
        wanted: &Wanted,
        kind: IdentityKind,
        value: &Value,
    ) -> Result<Outcome, Failure> {
        match self.put(kind, value, wanted.update()).await? {
            Wrote::Nobody => {}
            wrote => return settled(wrote),
        }
        if wanted.mode == Mode::Update {
            return match self.adopt(wanted, kind, value).await? {
                Some(outcome) => Ok(outcome),
                None => Ok(Outcome::Unmatched),
            };
        }
        if kind == IdentityKind::ContactId {
            return Err(no_such_id());
        }
        match self.post(wanted.create(false)?).await? {
            Wrote::Taken(conflict) => match self.adopt(wanted, kind, value).await? {
                Some(outcome) => Ok(outcome),
                // Nobody has one of the others: someone made it with the key meanwhile (a first
                // try whose answer was lost), or an attribute is what another contact has.
                None => match self.put(kind, value, wanted.update()).await? {
                    Wrote::Nobody => Err(conflict),
                    wrote => settled(wrote),
                },
            },
            wrote => settled(wrote),
        }
    }

    /// A contact that has none of the key but one of the others is that contact, and gets the key;
    /// none where nobody has one of the others.
    async fn adopt(
        &self,
        wanted: &Wanted,
        key: IdentityKind,
        key_value: &Value,
    ) -> Result<Option<Outcome>, Failure> {
        for (kind, value) in wanted.identities.iter().skip(1) {
            let Some(shown) = self.session.contact::<Shown>(&path(*kind, value)).await? else {
                continue;
            };
            match shown.value_of(key) {
                Some(known) if is_same(key, &known, &text(key_value)) => {}
                Some(_) => {
                    return Err(rejected(format!(
                        "the contact with this {} has another {}",
                        kind.name(),
                        key.name()
                    ))
                    .help("correct one of the two in Brevo or at the source, then retry the dead letter"));
                }
                None => {
                    let mut body = wanted.update();
                    give(&mut body, key, key_value, Given::There)?;
                    if shown.email_blacklisted {
                        // A new address would resubscribe it.
                        body.entry("emailBlacklisted").or_insert(json!(true));
                    }
                    let wrote = self
                        .put(IdentityKind::ContactId, &shown.id.into(), body)
                        .await?;
                    return settled(wrote).map(Some);
                }
            }
            let wrote = self.put(key, key_value, wanted.update()).await?;
            return settled(wrote).map(Some);
        }
        Ok(None)
    }

    async fn post(&self, body: Map<String, Json>) -> Result<Wrote, Failure> {
        let body = Json::Object(body).to_string().into_bytes();
        let answer = self
            .session
            .send(
                Method::Post,
                CONTACTS,
                "/contacts",
                Some(body),
                Safety::Repeatable,
            )
            .await?;
        Ok(wrote(&answer))
    }

    async fn put(
        &self,
        kind: IdentityKind,
        value: &Value,
        body: Map<String, Json>,
    ) -> Result<Wrote, Failure> {
        let body = Json::Object(body).to_string().into_bytes();
        match self.session.put_contact(&path(kind, value), body).await {
            Ok(answer) => Ok(wrote(&answer)),
            Err(failure) if failure.class == Class::NotFound => Ok(Wrote::Nobody),
            Err(failure) => Err(failure),
        }
    }
}

impl Shown {
    pub(in crate::connectors::brevo) fn value_of(&self, kind: IdentityKind) -> Option<String> {
        let attribute = |name: &str| self.attributes.get(name).and_then(json_text);
        let value = match kind {
            IdentityKind::ContactId => Some(self.id.to_string()),
            IdentityKind::ExtId => self
                .ext_id
                .as_ref()
                .and_then(json_text)
                .or_else(|| attribute("EXT_ID")),
            IdentityKind::Email => self.email.clone(),
            IdentityKind::Phone => attribute("SMS"),
        };
        value.filter(|value| !value.trim().is_empty())
    }
}

fn json_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// True for one identity in two ways of writing it.
pub(in crate::connectors::brevo) fn is_same(kind: IdentityKind, left: &str, right: &str) -> bool {
    let digits = |text: &str| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').to_owned()
    };
    match kind {
        IdentityKind::Email => left.to_lowercase() == right.to_lowercase(),
        IdentityKind::Phone => digits(left) == digits(right),
        IdentityKind::ContactId | IdentityKind::ExtId => left == right,
    }
}

/// What an answer says was done; it has been judged to be no failure.
fn wrote(answer: &Response) -> Wrote {
    match answer.status {
        201 => Wrote::Done(Applied::Created),
        // An update is answered by 204 without an id.
        200..=299 => Wrote::Done(Applied::Updated),
        status => {
            let said = Said::by(answer);
            let whose = said.duplicates().unwrap_or_default();
            let which = if whose.is_empty() {
                "an identifier".to_owned()
            } else {
                whose.join(", ")
            };
            let words = said.words().unwrap_or_default();
            let mut failure = rejected(format!("another contact has the same {which}: {words}"))
                .help("correct one of the two in Brevo or at the source, then retry the dead letter; contacts are never merged by flowline");
            failure.status = Some(status);
            Wrote::Taken(failure)
        }
    }
}

fn settled(wrote: Wrote) -> Result<Outcome, Failure> {
    match wrote {
        Wrote::Done(how) => Ok(Outcome::Applied(how)),
        Wrote::Nobody => Ok(Outcome::Unmatched),
        Wrote::Taken(conflict) => Err(conflict),
    }
}

fn no_such_id() -> Failure {
    rejected("the account has no contact with this contact_id, and Brevo alone gives them")
        .help("identify the contact by `email` or `ext_id` to have it created")
}

/// The path of the contact that an identity names. Its kind is always said: bare, a numeric
/// external id would be read as a contact's id.
pub(in crate::connectors::brevo) fn path(kind: IdentityKind, value: &Value) -> String {
    let named = match kind {
        IdentityKind::ContactId => "contact_id",
        IdentityKind::ExtId => "ext_id",
        IdentityKind::Email => "email_id",
        IdentityKind::Phone => "phone_id",
    };
    format!(
        "/contacts/{}?identifierType={named}",
        percent_encoded(&text(value))
    )
}

pub(in crate::connectors::brevo) fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_json(), str::to_owned)
}

/// Everything but `A-Z a-z 0-9 - . _ ~` as `%XX`.
pub(in crate::connectors::brevo) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            write!(out, "%{byte:02X}").unwrap_or_default();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_percent_encoded_and_their_kind_is_said() {
        let of = |kind, value: &str| path(kind, &value.into());
        assert_eq!(
            of(IdentityKind::Email, "a+b/c@exämple.de"),
            "/contacts/a%2Bb%2Fc%40ex%C3%A4mple.de?identifierType=email_id"
        );
        assert_eq!(
            of(IdentityKind::ExtId, "557058:1?x#y"),
            "/contacts/557058%3A1%3Fx%23y?identifierType=ext_id"
        );
        assert_eq!(
            path(IdentityKind::ContactId, &17_i64.into()),
            "/contacts/17?identifierType=contact_id"
        );
    }

    #[test]
    fn a_phone_number_is_one_in_every_way_of_writing_it() {
        let same = |right| is_same(IdentityKind::Phone, "4930123456", right);
        assert!(same("+49 30 123456") && same("004930123456"));
        assert!(!same("+49301234567"));
    }
}
