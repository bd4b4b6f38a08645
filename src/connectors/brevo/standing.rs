//! Who of what would be sent is nobody in the account: read, and nothing written.

use std::collections::HashMap;

use super::contacts::{FieldChange, Foreseen, Shown, Standing};
use super::people;
use super::session::Session;
use super::spec::ListRef;
use crate::connectors::brevo::account::AccountFacts;
use crate::http::{Class, Failure};
use crate::operation::Operation;
use crate::record::Value;

/// How many contacts are remembered at once.
const MOST: usize = 10_000;

/// Looks contacts up, each once.
#[derive(Default)]
struct Seen {
    /// The contact's id and lists; none where there is none.
    known: HashMap<String, Option<(i64, Vec<i64>)>>,
}

impl Seen {
    async fn of(
        &mut self,
        session: &Session,
        identities: &Value,
    ) -> Result<Option<(i64, Vec<i64>)>, Failure> {
        let name = identities.to_json();
        if let Some(known) = self.known.get(&name) {
            return Ok(known.clone());
        }
        let found = people::find(session, identities).await?;
        let found = found.map(|Shown { id, lists, .. }| (id, lists));
        if self.known.len() < MOST {
            self.known.insert(name, found.clone());
        }
        Ok(found)
    }
}

/// What notes, lists and objects would come to: each operation's standing where looking changes
/// what is known of it.
///
/// # Errors
/// What stands in the way of reading.
pub async fn foresee_standings(
    session: &Session,
    account: &AccountFacts,
    operations: &[&Operation],
    edits: &[bool],
) -> Result<Vec<Option<Foreseen>>, Failure> {
    let mut seen = Seen::default();
    let mut foreseen = Vec::with_capacity(operations.len());
    for (operation, edits) in operations.iter().zip(edits) {
        // What edits names what is there; what deletes needs nobody.
        let one = match &*operation.sink {
            "brevo.notes" if !edits && !operation.deletes() => {
                note(session, &mut seen, operation).await
            }
            "brevo.lists" => member(session, account, &mut seen, operation).await,
            "brevo.objects" => object(session, &mut seen, operation).await,
            _ => Ok(None),
        };
        foreseen.push(match one {
            Ok(one) => one,
            Err(failure) if failure.class == Class::Rejected => Some(Foreseen {
                standing: Standing::Refused(failure.message),
                changes: Vec::new(),
                calls: 1,
            }),
            Err(failure) => return Err(failure),
        });
    }
    Ok(foreseen)
}

fn unmatched() -> Foreseen {
    Foreseen {
        standing: Standing::Unmatched,
        changes: Vec::new(),
        calls: 1,
    }
}

async fn note(
    session: &Session,
    seen: &mut Seen,
    operation: &Operation,
) -> Result<Option<Foreseen>, Failure> {
    let identities = operation.payload.get("identify").unwrap_or(&Value::Null);
    let found = seen.of(session, identities).await?;
    Ok(found.is_none().then(unmatched))
}

async fn member(
    session: &Session,
    account: &AccountFacts,
    seen: &mut Seen,
    operation: &Operation,
) -> Result<Option<Foreseen>, Failure> {
    let payload = &operation.payload;
    let identities = payload.get("identify").unwrap_or(&Value::Null);
    let Some((_, lists)) = seen.of(session, identities).await? else {
        return Ok(Some(unmatched()));
    };
    let list = payload.get("list").and_then(ListRef::from_value);
    let id = list.and_then(|list| account.list_id(&list).ok().flatten());
    let is_in = id.is_some_and(|id| lists.contains(&id));
    let wanted = !matches!(payload.get("in"), Some(Value::Bool(false)));
    let change = FieldChange {
        name: "in".to_owned(),
        old: is_in.into(),
        new: wanted.into(),
    };
    Ok(Some(Foreseen {
        standing: Standing::There,
        changes: (is_in != wanted).then_some(change).into_iter().collect(),
        calls: 1,
    }))
}

async fn object(
    session: &Session,
    seen: &mut Seen,
    operation: &Operation,
) -> Result<Option<Foreseen>, Failure> {
    let contacts = operation.payload.get("contacts");
    let Some(contacts) = contacts.and_then(Value::as_array) else {
        return Ok(None);
    };
    for contact in contacts {
        if seen.of(session, contact).await?.is_some() {
            return Ok(None);
        }
    }
    Ok(Some(unmatched()))
}
