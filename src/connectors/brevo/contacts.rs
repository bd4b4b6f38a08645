//! Writing contacts: one upsert each, a few at a time, one contact's in order.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use serde_json::{Map, Value as Json, json};

use super::account::AccountFacts;
use super::dialect::ErrorBody;
use super::session::{CONTACTS, Session};
use super::spec::{Contacts, ListRef};
use crate::config::AttributeType;
use crate::connectors::{Applied, Found, Outcome, Writer};
use crate::http::{Class, Failure, Method, Safety};
use crate::operation::Operation;
use crate::record::{Object, Value};

/// How many contacts are written at once: enough to reach the rate, too few to be a burst.
const AT_ONCE: usize = 4;
/// How many operations are settled together.
const BATCH: usize = 40;

/// Writes contacts of one sink.
pub struct ContactWriter {
    session: Arc<Session>,
    account: Arc<AccountFacts>,
}

impl ContactWriter {
    /// A writer to an account that has what the sink writes.
    #[must_use]
    pub const fn new(session: Arc<Session>, account: Arc<AccountFacts>) -> Self {
        Self { session, account }
    }

    async fn write(&self, operation: &Operation) -> Outcome {
        let only_lists;
        let operation = if operation.payload.is_null() {
            only_lists = of_key(operation);
            &only_lists
        } else {
            operation
        };
        let body = match self.body(operation) {
            Ok(body) => body,
            Err(reason) => {
                return Outcome::Rejected {
                    failure: Failure::new(Class::Rejected, reason),
                };
            }
        };
        let mode = operation
            .payload
            .get("mode")
            .and_then(Value::as_str)
            .unwrap_or("upsert");
        let written = match mode {
            "update" => self.update(operation, body).await,
            "create" => self.create(body, false).await,
            _ => self.upsert(operation, body).await,
        };
        match written {
            Ok(outcome) => outcome,
            Err(failure) => outcome(failure),
        }
    }

    /// Creates or updates. Black-list flags and what the file does not map stay as they are.
    async fn upsert(
        &self,
        operation: &Operation,
        body: Map<String, Json>,
    ) -> Result<Outcome, Failure> {
        let by_email = body.contains_key("email");
        if !by_email || body.contains_key("unlinkListIds") {
            // Without an e-mail as key, or with lists to leave, the update comes first: only it can
            // name a contact by what it is, and take it from lists.
            return match self.update(operation, body.clone()).await? {
                Outcome::Unmatched => self.create(body, true).await,
                done => Ok(done),
            };
        }
        self.create(body, true).await
    }

    async fn create(&self, mut body: Map<String, Json>, update: bool) -> Result<Outcome, Failure> {
        body.insert("updateEnabled".to_owned(), update.into());
        body.remove("unlinkListIds");
        body.remove("contact_id");
        let sent = Json::Object(body).to_string().into_bytes();
        let answer = self
            .session
            .send(
                Method::Post,
                CONTACTS,
                "/contacts",
                Some(sent),
                Safety::Repeatable,
            )
            .await;
        match answer {
            // An update is answered by 204 without an id.
            Ok(answer) if answer.status == 204 => Ok(Outcome::Applied(Applied::Updated)),
            Ok(_) => Ok(Outcome::Applied(Applied::Created)),
            Err(failure) => Err(failure),
        }
    }

    async fn update(
        &self,
        operation: &Operation,
        mut body: Map<String, Json>,
    ) -> Result<Outcome, Failure> {
        let Some((kind, value)) = operation
            .payload
            .get("identify")
            .and_then(Value::as_object)
            .and_then(|all| {
                all.iter()
                    .next()
                    .map(|(kind, value)| (Arc::clone(kind), value.clone()))
            })
        else {
            return Ok(Outcome::Unmatched);
        };
        let (parameter, member) = match &*kind {
            "contact_id" => ("contact_id", "contact_id"),
            "ext_id" => ("ext_id", "ext_id"),
            "phone" => ("phone_id", "SMS"),
            _ => ("email_id", "email"),
        };
        body.remove(member);
        let text = value
            .as_str()
            .map_or_else(|| value.to_json(), str::to_owned);
        let path = format!(
            "/contacts/{}?identifierType={parameter}",
            percent_encoded(&text)
        );
        let sent = Json::Object(body).to_string().into_bytes();
        let answer = self
            .session
            .send(Method::Put, CONTACTS, &path, Some(sent), Safety::Repeatable)
            .await;
        match answer {
            Ok(_) => Ok(Outcome::Applied(Applied::Updated)),
            Err(failure) if failure.class == Class::NotFound => Ok(Outcome::Unmatched),
            Err(failure) => Err(failure),
        }
    }

    /// The body: what the account would drop without a word is refused.
    fn body(&self, operation: &Operation) -> Result<Map<String, Json>, String> {
        let payload = &operation.payload;
        let mut body = Map::new();
        let mut attributes = Map::new();
        for (name, value) in payload
            .get("identify")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(crate::record::Object::iter)
        {
            let value = to_json(value)?;
            match &**name {
                "email" => body.insert("email".to_owned(), value),
                "ext_id" => body.insert("ext_id".to_owned(), value),
                "phone" => attributes.insert("SMS".to_owned(), value),
                _ => None,
            };
        }
        for (name, value) in payload
            .get("attributes")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(crate::record::Object::iter)
        {
            attributes.insert(
                name.to_uppercase(),
                to_json(&self.account.fitted(name, value)?)?,
            );
        }
        for name in payload
            .get("clear")
            .and_then(Value::as_array)
            .unwrap_or_default()
        {
            if let Some(name) = name.as_str() {
                attributes.insert(name.to_uppercase(), self.emptied(name));
            }
        }
        if !attributes.is_empty() {
            body.insert("attributes".to_owned(), attributes.into());
        }
        let lists = self.ids(&operation.unites)?;
        if !lists.is_empty() {
            body.insert("listIds".to_owned(), lists.into());
        }
        let unlinked = self.ids(
            payload
                .get("unlink_lists")
                .and_then(Value::as_array)
                .unwrap_or_default(),
        )?;
        if !unlinked.is_empty() {
            body.insert("unlinkListIds".to_owned(), unlinked.into());
        }
        for (name, flag) in payload
            .get("consent")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(crate::record::Object::iter)
        {
            let member = if &**name == "email_blacklisted" {
                "emailBlacklisted"
            } else {
                "smsBlacklisted"
            };
            body.insert(member.to_owned(), to_json(flag)?);
        }
        Ok(body)
    }

    /// Brevo takes no nulls: an empty text, or an empty list, empties an attribute.
    fn emptied(&self, name: &str) -> Json {
        match self
            .account
            .attributes
            .get(&name.to_uppercase())
            .map(|attribute| attribute.kind)
        {
            Some(AttributeType::MultipleChoice) => json!([]),
            _ => json!(""),
        }
    }

    fn ids(&self, lists: &[Value]) -> Result<Vec<i64>, String> {
        lists
            .iter()
            .map(|value| {
                let list = ListRef::from_value(value).ok_or("an entry that names no list")?;
                self.account.list_id(&list).ok_or_else(|| match list {
                    ListRef::Id(id) => format!("the account has no list {id}"),
                    ListRef::Name(name) => format!("the account has no list `{name}`"),
                })
            })
            .collect()
    }
}

impl Writer for ContactWriter {
    fn batch_size(&self) -> usize {
        BATCH
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        // The outbox holds one operation a contact: their order among contacts is free.
        let writes = operations.iter().map(|operation| self.write(operation));
        Box::pin(futures::stream::iter(writes).buffered(AT_ONCE).collect())
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        // Writing a contact twice is writing it once: what is unknown is written again.
        Box::pin(async move { vec![Some(Found::Absent); operations.len()] })
    }
}

/// An operation that only adds a contact to lists: an older record brought them, and the newer
/// one's state stands. The key alone says who it is.
fn of_key(operation: &Operation) -> Operation {
    let mut identify = Object::with_capacity(1);
    if let Some((kind, text)) = operation.key.split_once(':') {
        let value = match text.parse::<i64>() {
            Ok(id) if kind == "contact_id" => Value::from(id),
            _ => Value::from(text),
        };
        identify.insert(kind, value);
    }
    let mut payload = Object::with_capacity(1);
    payload.insert("identify", identify);
    Operation {
        payload: payload.into(),
        ..operation.clone()
    }
}

/// Creates the lists that operations name and the account lacks, where the sink says so.
///
/// # Errors
/// What stands in the way.
pub async fn create_lists(
    session: &Session,
    account: &mut AccountFacts,
    sink: &Contacts,
    names: &[String],
) -> Result<(), Failure> {
    if !sink.create_lists {
        return Ok(());
    }
    for name in names {
        if account.list_id(&ListRef::Name(name.clone())).is_some() {
            continue;
        }
        let folder = super::account::folder(session, sink.folder.as_ref()).await?;
        let body = json!({ "name": name, "folderId": folder })
            .to_string()
            .into_bytes();
        let answer = session
            .send(
                Method::Post,
                CONTACTS,
                "/contacts/lists",
                Some(body),
                Safety::Once,
            )
            .await?;
        let id = serde_json::from_slice::<Json>(&answer.body)
            .ok()
            .and_then(|answer| answer.get("id")?.as_i64());
        if let Some(id) = id {
            account.lists.insert(id, name.clone());
        }
    }
    Ok(())
}

fn to_json(value: &Value) -> Result<Json, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}

/// What became of a contact that was not written.
fn outcome(failure: Failure) -> Outcome {
    if failure.is_retryable() || failure.ends_the_run() {
        // Also what may have been applied: writing a contact twice is writing it once.
        return Outcome::NotApplied { failure };
    }
    Outcome::Rejected { failure }
}

/// A conflict: the identifiers belong to another contact.
#[must_use]
pub fn is_conflict(response: &crate::http::Response) -> bool {
    let body = ErrorBody::of(response);
    body.metadata
        .is_some_and(|metadata| !metadata.duplicate_identifiers.is_empty())
}

/// Everything but `A-Z a-z 0-9 - . _ ~` as `%XX`.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
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
    use crate::operation::{Place, Policy, Version};

    #[test]
    fn what_only_adds_to_lists_names_the_contact_by_its_key() {
        let of = |key: &str| {
            let operation = Operation {
                sink: "brevo.contacts".into(),
                sink_index: 0,
                scope: "brevo.contacts/A".into(),
                key: key.into(),
                policy: Policy::Latest,
                version: Version::default(),
                payload: Value::Null,
                unites: vec![Value::from(22_i64)],
                subject: None,
                happened_at: None,
                record: "SUP-1".into(),
                at: Place {
                    file: "pipelines/a.yaml".into(),
                    line: 1,
                    column: 1,
                },
            };
            of_key(&operation).payload.to_json()
        };
        assert_eq!(of("email:a:b@x.de"), r#"{"identify":{"email":"a:b@x.de"}}"#);
        assert_eq!(of("ext_id:17"), r#"{"identify":{"ext_id":"17"}}"#);
        assert_eq!(of("contact_id:17"), r#"{"identify":{"contact_id":17}}"#);
    }
}
