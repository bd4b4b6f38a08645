//! What writing contacts would change: the contacts as they are, read, and nothing written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::body::{Mode, Wanted, unlinked};
use super::write::{Shown, is_same, path, text};
use super::{AT_ONCE, rejected};
use crate::connectors::brevo::account::{AccountFacts, find_list};
use crate::connectors::brevo::session::{CONTACTS, Session};
use crate::connectors::brevo::spec::{Contacts, IdentityKind, ListRef};
use crate::http::Failure;
use crate::operation::Operation;
use crate::record::Value;

/// From how many contacts on all of the account's are read in pages, where that is fewer calls.
const MANY: usize = 100;
/// How many contacts a page has: Brevo's most.
const A_PAGE: usize = 1_000;

/// Reads contacts and compares them with what operations ask for. It writes nothing.
pub struct ContactReader {
    session: Arc<Session>,
    account: Arc<AccountFacts>,
    /// Lists that the account lacks would be created.
    creates_lists: bool,
    zone: TimeZone,
}

/// What one operation would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreseen {
    /// What becomes of the contact.
    pub standing: Standing,
    /// What of it would be other than it is.
    pub changes: Vec<FieldChange>,
    /// How many calls it takes.
    pub calls: u64,
}

/// What becomes of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It would be created.
    New,
    /// It is there, and would be written.
    There,
    /// The sink writes nobody like that: none is there, or one is.
    Unmatched,
    /// It would be a dead letter, for this reason.
    Refused(String),
}

/// A field that would change.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Its name.
    pub name: String,
    /// What it holds; null where nothing.
    pub old: Json,
    /// What it would hold.
    pub new: Json,
}

/// Contacts that were read in pages, by their identities.
type Known = HashMap<String, Arc<Shown>>;

#[derive(Deserialize)]
struct ContactPage {
    #[serde(default)]
    contacts: Vec<Shown>,
    count: Option<usize>,
}

impl ContactReader {
    /// A reader of an account for one sink; days are those of `zone`.
    #[must_use]
    pub const fn new(
        session: Arc<Session>,
        account: Arc<AccountFacts>,
        sink: &Contacts,
        zone: TimeZone,
    ) -> Self {
        Self {
            session,
            account,
            creates_lists: sink.create_lists,
            zone,
        }
    }

    /// What each operation would do, in their order.
    ///
    /// # Errors
    /// What stands in the way of reading.
    pub async fn foresee(&self, operations: &[&Operation]) -> Result<Vec<Foreseen>, Failure> {
        let wanted: Vec<Result<Wanted, Failure>> = operations
            .iter()
            .map(|operation| Wanted::of(operation, &self.account, &self.zone))
            .collect();
        let known = self.all_of(&wanted).await?;
        let mut asked = Vec::with_capacity(operations.len());
        for (operation, wanted) in operations.iter().zip(wanted) {
            asked.push(self.one(operation, wanted, known.as_ref()));
        }
        futures::stream::iter(asked)
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn one(
        &self,
        operation: &Operation,
        wanted: Result<Wanted, Failure>,
        known: Option<&Known>,
    ) -> Result<Foreseen, Failure> {
        let lists = self
            .lists(&operation.unites)
            .and_then(|to| Ok((to, self.lists(unlinked(operation))?)));
        let (wanted, (to, out_of)) = match (wanted, lists) {
            (Ok(wanted), Ok(lists)) => (wanted, lists),
            (Err(failure), _) | (_, Err(failure)) => return Ok(refused(failure.message)),
        };
        let Some((key, key_value)) = wanted.identities.first() else {
            return Ok(refused("the operation names no contact"));
        };
        let (key, others) = (*key, wanted.identities.get(1..).unwrap_or_default());
        let found = self.shown(key, key_value, known).await?;
        let simple = wanted.mode == Mode::Upsert
            && others.is_empty()
            && key != IdentityKind::ContactId
            && out_of.is_empty();
        if let Some(shown) = found {
            if wanted.mode == Mode::Create {
                return Ok(alone(Standing::Unmatched));
            }
            let changes = self.changes(&shown, &wanted, (&to, &out_of));
            return Ok(there(changes, 1));
        }
        let mut calls = if wanted.mode == Mode::Upsert && !simple {
            2
        } else {
            1
        };
        if wanted.mode != Mode::Create {
            for (kind, value) in others {
                let shown = self.shown(*kind, value, known).await?;
                calls += 1;
                let Some(shown) = shown else { continue };
                let has = shown.value_of(key);
                if let Some(has) = &has
                    && !is_same(key, has, &text(key_value))
                {
                    return Ok(refused(format!(
                        "the contact with this {} has another {}",
                        kind.name(),
                        key.name()
                    )));
                }
                let mut changes = self.changes(&shown, &wanted, (&to, &out_of));
                changes.insert(0, new(key.name(), json_of(key_value)));
                return Ok(there(changes, calls + 1));
            }
        }
        Ok(match (wanted.mode, key) {
            (Mode::Update, _) => Foreseen {
                calls,
                ..alone(Standing::Unmatched)
            },
            (_, IdentityKind::ContactId) => refused(
                "the account has no contact with this contact_id, and Brevo alone gives them",
            ),
            _ => Foreseen {
                standing: Standing::New,
                changes: created(&wanted, others, &to),
                // Nobody has another identity: that is only asked where creating is refused.
                calls: calls
                    - if wanted.mode == Mode::Create {
                        0
                    } else {
                        others.len() as u64
                    },
            },
        })
    }

    /// The ids of lists; a name that would be created stands for itself.
    fn lists(&self, lists: &[Value]) -> Result<Vec<Json>, Failure> {
        let mut ids = Vec::with_capacity(lists.len());
        for value in lists {
            let list = ListRef::from_value(value)
                .ok_or_else(|| rejected("an entry of the lists names none"))?;
            let id = match (
                find_list(&self.account.lists, &list).map_err(rejected)?,
                list,
            ) {
                (Some(id), _) => json!(id),
                (None, ListRef::Name(name)) if self.creates_lists => json!(name),
                (None, ListRef::Name(name)) => {
                    return Err(rejected(format!("the account has no list `{name}`")));
                }
                (None, ListRef::Id(id)) => {
                    return Err(rejected(format!("the account has no list {id}")));
                }
            };
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// What of a contact that is there would be other than it is.
    fn changes(
        &self,
        shown: &Shown,
        wanted: &Wanted,
        (to, out_of): (&[Json], &[Json]),
    ) -> Vec<FieldChange> {
        let mut changes = Vec::new();
        let (written, cleared) = wanted.attributes();
        let old_of = |name: &str| shown.attributes.get(name).cloned().unwrap_or_default();
        for (name, value) in written {
            let old = old_of(name);
            if !is_equal(&old, value) {
                changes.push(FieldChange {
                    name: name.clone(),
                    old,
                    new: value.clone(),
                });
            }
        }
        for name in cleared.keys() {
            let old = old_of(name);
            if !is_nothing(&old) {
                changes.push(FieldChange {
                    name: name.clone(),
                    old,
                    new: Json::Null,
                });
            }
        }
        let old: Vec<Json> = shown.lists.iter().map(|id| json!(id)).collect();
        let mut lists: Vec<Json> = old.clone();
        lists.extend(to.iter().filter(|list| !old.contains(list)).cloned());
        lists.retain(|list| !out_of.contains(list));
        if lists != old {
            changes.push(FieldChange {
                name: "lists".to_owned(),
                old: old.into(),
                new: lists.into(),
            });
        }
        for (name, flag) in wanted.consent() {
            let old = json!(match name.as_str() {
                "emailBlacklisted" => shown.email_blacklisted,
                _ => shown.sms_blacklisted,
            });
            if old != *flag {
                changes.push(FieldChange {
                    name: consent_name(name).to_owned(),
                    old,
                    new: flag.clone(),
                });
            }
        }
        changes
    }

    /// A contact; none where the account has none like that.
    async fn shown(
        &self,
        kind: IdentityKind,
        value: &Value,
        known: Option<&Known>,
    ) -> Result<Option<Arc<Shown>>, Failure> {
        if let Some(known) = known {
            return Ok(known.get(&named(kind, &text(value))).map(Arc::clone));
        }
        // A URL would resolve these, and the path of something else come out.
        if matches!(value.as_str(), Some("." | "..")) {
            return Ok(None);
        }
        let shown = self.session.contact::<Shown>(&path(kind, value)).await?;
        Ok(shown.map(Arc::new))
    }

    /// All contacts that are asked for, read in pages; none where asking one by one is less.
    async fn all_of(&self, wanted: &[Result<Wanted, Failure>]) -> Result<Option<Known>, Failure> {
        if wanted.len() <= MANY {
            return Ok(None);
        }
        let asked: HashSet<String> = wanted
            .iter()
            .flatten()
            .flat_map(|wanted| &wanted.identities)
            .map(|(kind, value)| named(*kind, &text(value)))
            .collect();
        let mut known = Known::new();
        let mut offset = 0;
        loop {
            let path = format!("/contacts?limit={A_PAGE}&offset={offset}&sort=asc");
            let page: ContactPage = self.session.get(CONTACTS, &path).await?;
            let read = page.contacts.len();
            if let Some(count) = page.count
                && offset == 0
                && count.div_ceil(A_PAGE) > wanted.len()
            {
                return Ok(None);
            }
            for contact in page.contacts.into_iter().map(Arc::new) {
                for kind in IdentityKind::ALL {
                    let name = contact.value_of(kind).map(|value| named(kind, &value));
                    if let Some(name) = name.filter(|name| asked.contains(name)) {
                        known.insert(name, Arc::clone(&contact));
                    }
                }
            }
            offset += read;
            if read == 0 || page.count.is_some_and(|count| offset >= count) {
                return Ok(Some(known));
            }
        }
    }
}

/// An identity in the one way in which it is compared.
fn named(kind: IdentityKind, value: &str) -> String {
    let value = match kind {
        IdentityKind::Email => value.to_lowercase(),
        IdentityKind::Phone => {
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            digits.trim_start_matches('0').to_owned()
        }
        IdentityKind::ContactId | IdentityKind::ExtId => value.to_owned(),
    };
    format!("{}:{value}", kind.name())
}

/// What a contact that is not there would get.
fn created(wanted: &Wanted, others: &[(IdentityKind, Value)], lists: &[Json]) -> Vec<FieldChange> {
    let mut changes: Vec<FieldChange> = others
        .iter()
        .map(|(kind, value)| new(kind.name(), json_of(value)))
        .collect();
    let (written, _) = wanted.attributes();
    changes.extend(written.iter().map(|(name, value)| new(name, value.clone())));
    if !lists.is_empty() {
        changes.push(new("lists", lists.to_vec().into()));
    }
    let flags = wanted.consent().iter();
    changes.extend(flags.map(|(name, flag)| new(consent_name(name), flag.clone())));
    changes
}

/// A flag by the name that pipelines use.
fn consent_name(name: &str) -> &'static str {
    match name {
        "emailBlacklisted" => "email_blacklisted",
        _ => "sms_blacklisted",
    }
}

fn json_of(value: &Value) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

fn new(name: &str, value: Json) -> FieldChange {
    FieldChange {
        name: name.to_owned(),
        old: Json::Null,
        new: value,
    }
}

const fn alone(standing: Standing) -> Foreseen {
    Foreseen {
        standing,
        changes: Vec::new(),
        calls: 1,
    }
}

const fn there(changes: Vec<FieldChange>, calls: u64) -> Foreseen {
    Foreseen {
        standing: Standing::There,
        changes,
        calls,
    }
}

fn refused(reason: impl Into<String>) -> Foreseen {
    let reason: String = reason.into();
    let reason = reason.trim_start_matches("Brevo: ").to_owned();
    Foreseen {
        calls: 0,
        ..alone(Standing::Refused(reason))
    }
}

/// True for what an attribute without a value shows.
fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        _ => false,
    }
}

/// True where Brevo shows what is asked for: numbers by value, labels in any order, a day with or
/// without its midnight.
fn is_equal(shown: &Json, asked: &Json) -> bool {
    match (shown, asked) {
        (Json::Number(left), Json::Number(right)) => left.as_f64() == right.as_f64(),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && right.iter().all(|one| left.contains(one))
        }
        (Json::String(left), Json::String(right)) => {
            left == right || left.strip_suffix("T00:00:00.000Z") == Some(right)
        }
        (left, right) => left == right || (is_nothing(left) && is_nothing(right)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::brevo::account::tests::account;
    use crate::connectors::brevo::testing::{Script, operation};

    async fn reader(script: &Script) -> ContactReader {
        ContactReader {
            session: script.session().await,
            account: Arc::new(account()),
            creates_lists: false,
            zone: TimeZone::UTC,
        }
    }

    fn asked(mut payload: Json, lists: &[i64]) -> Operation {
        let identify = json!({ "email": "jane@example.com" });
        if let Some(payload) = payload.as_object_mut() {
            payload.entry("identify").or_insert(identify);
        }
        let mut operation = operation("brevo.contacts", "email:jane@example.com", payload);
        operation.unites = lists.iter().map(|id| Value::from(*id)).collect();
        operation
    }

    #[tokio::test]
    async fn only_what_differs_is_a_change_with_what_was_there_before() {
        let script = Script::default();
        script.answer(
            200,
            json!({ "id": 7, "email": "jane@example.com", "listIds": [23], "attributes":
                { "TEXT": "same", "NUMBER": 5.0, "DAY": "2026-11-24", "ON": true, "TIER": "Gold" } }),
        );
        let reader = reader(&script).await;
        let operation = asked(
            json!({ "attributes": { "TEXT": "same", "NUMBER": 5, "DAY": "2026-11-25" },
                "clear": ["TIER", "TAGS"], "consent": { "email_blacklisted": true } }),
            &[22],
        );
        let foreseen = reader.foresee(&[&operation]).await.unwrap().remove(0);
        assert_eq!(foreseen.standing, Standing::There);
        assert_eq!(foreseen.calls, 1);
        let shown: Vec<String> = foreseen
            .changes
            .iter()
            .map(|change| format!("{}: {} → {}", change.name, change.old, change.new))
            .collect();
        assert_eq!(
            shown,
            [
                r#"DAY: "2026-11-24" → "2026-11-25""#,
                r#"TIER: "Gold" → null"#,
                "lists: [23] → [23,22]",
                "email_blacklisted: false → true",
            ]
        );
        assert_eq!(
            script.calls().last().unwrap(),
            "GET /contacts/jane%40example.com?identifierType=email_id"
        );
    }

    #[tokio::test]
    async fn who_is_not_there_is_created_or_not_as_the_mode_says() {
        for (mode, standing, calls) in [
            (json!({}), Standing::New, 1),
            (json!({ "mode": "create" }), Standing::New, 1),
            (json!({ "mode": "update" }), Standing::Unmatched, 1),
            (
                json!({ "identify": { "contact_id": 5 } }),
                Standing::Refused(
                    "the account has no contact with this contact_id, and Brevo alone gives them"
                        .to_owned(),
                ),
                0,
            ),
        ] {
            let script = Script::default();
            script.answer(
                404,
                json!({ "code": "document_not_found", "message": "no" }),
            );
            let reader = reader(&script).await;
            let operation = asked(mode.clone(), &[]);
            let foreseen = reader.foresee(&[&operation]).await.unwrap().remove(0);
            assert_eq!(
                (foreseen.standing, foreseen.calls),
                (standing, calls),
                "{mode}"
            );
        }
    }

    #[tokio::test]
    async fn another_identity_is_taken_over_or_a_conflict() {
        let payload = json!({ "identify": { "ext_id": "x", "email": "jane@example.com" } });
        for (ext_id, refused) in [(Json::Null, false), (json!("y"), true)] {
            let script = Script::default();
            script.answer(
                404,
                json!({ "code": "document_not_found", "message": "no" }),
            );
            script.answer(
                200,
                json!({ "id": 7, "email": "jane@example.com", "ext_id": ext_id }),
            );
            let reader = reader(&script).await;
            let operation = asked(payload.clone(), &[]);
            let foreseen = reader.foresee(&[&operation]).await.unwrap().remove(0);
            if refused {
                let reason = "the contact with this email has another ext_id";
                assert_eq!(foreseen.standing, Standing::Refused(reason.to_owned()));
            } else {
                assert_eq!(foreseen.standing, Standing::There);
                assert_eq!(foreseen.changes, [new("ext_id", json!("x"))]);
                // An update, a creation that is refused, the question whose it is, an update.
                assert_eq!(foreseen.calls, 4);
            }
        }
    }

    #[tokio::test]
    async fn many_are_read_in_pages() {
        let script = Script::default();
        let contacts: Vec<Json> = (0..150)
            .map(|n| json!({ "id": n, "email": format!("P{n}@example.com"), "attributes": { "TEXT": "x" } }))
            .collect();
        script.answer(200, json!({ "count": 150, "contacts": contacts }));
        let reader = reader(&script).await;
        let operations: Vec<Operation> = (0..=150)
            .map(|n| {
                asked(
                    json!({ "identify": { "email": format!("p{n}@example.com") },
                        "attributes": { "TEXT": "x" } }),
                    &[],
                )
            })
            .collect();
        let operations: Vec<&Operation> = operations.iter().collect();
        let foreseen = reader.foresee(&operations).await.unwrap();
        let there = |one: &&Foreseen| one.standing == Standing::There && one.changes.is_empty();
        assert_eq!(foreseen.iter().filter(there).count(), 150);
        assert_eq!(foreseen.last().unwrap().standing, Standing::New);
        assert_eq!(script.calls().len(), 2);
    }
}
