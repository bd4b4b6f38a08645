//! Who is in which list: many contacts of a list in one request.
//!
//! Where none of a request's contacts qualifies Brevo says only that each of them is there already
//! or does not exist; of those that it names as failed it says no more. These are asked for one
//! by one.

use std::sync::Arc;

use futures::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::account::AccountFacts;
use super::contacts::{ListBook, rejected};
use super::gate::Gate;
use super::session::{CONTACTS, Session};
use super::spec::{IdentityKind, Members};
use super::{people, verdict};
use crate::connectors::{Applied, Found, Outcome, Writer};
use crate::http::{Class, Failure, Method, Safety};
use crate::operation::Operation;
use crate::record::Value;

/// The most contacts of a request.
const BATCH: usize = 150;

/// Puts contacts into lists and takes them out, for one sink.
pub struct MemberWriter {
    session: Arc<Session>,
    lists: ListBook,
}

/// A list, whether to be in it, and how contacts are named.
type Way = (i64, bool, IdentityKind);

/// Contacts of one request: the index of each one's operation, and what names it.
type Named = Vec<(usize, Value)>;

impl MemberWriter {
    /// A writer to an account.
    #[must_use]
    pub fn new(session: Arc<Session>, account: &AccountFacts, sink: &Members) -> Self {
        let create = sink.create_lists.then(|| sink.folder.clone());
        Self {
            lists: ListBook::new(Arc::clone(&session), account.lists.clone(), create),
            session,
        }
    }

    async fn deliver_all(&self, operations: &[Operation]) -> Vec<Outcome> {
        let gate = Gate::default();
        let mut done: Vec<Option<Outcome>> = vec![None; operations.len()];
        let mut ways: IndexMap<Way, Named> = IndexMap::new();
        for (index, operation) in operations.iter().enumerate() {
            let placed = match gate.closed() {
                Some(failure) => Err(failure),
                None => self.place(operation).await,
            };
            match placed {
                Ok(Placed::By(way, value)) => ways.entry(way).or_default().push((index, value)),
                Ok(Placed::Done(outcome)) => put(&mut done, index, outcome),
                Err(failure) => {
                    gate.see(&failure);
                    put(&mut done, index, verdict::repeatable(failure));
                }
            }
        }
        for (way, named) in ways {
            self.send(way, &named, operations, &gate, &mut done).await;
        }
        let lost = || Outcome::NotApplied {
            failure: Failure::new(Class::BrokenAnswer, "Brevo: the answer does not name it"),
        };
        done.into_iter()
            .map(|outcome| outcome.unwrap_or_else(lost))
            .collect()
    }

    /// Which request an operation belongs to.
    async fn place(&self, operation: &Operation) -> Result<Placed, Failure> {
        let payload = &operation.payload;
        let inside = is_in(operation);
        let list = payload.get("list").cloned().unwrap_or(Value::Null);
        let Some(list) = self.lists.list_ids(&[list], inside).await?.first().copied() else {
            // A list that is not there has nobody in it.
            return Ok(Placed::Done(Outcome::Applied(Applied::Updated)));
        };
        let identities = payload.get("identify").unwrap_or(&Value::Null);
        let key = IdentityKind::ALL
            .into_iter()
            .find_map(|kind| Some((kind, identities.get(kind.name())?.clone())));
        match key {
            None => Err(rejected("the operation names no contact")),
            // Phone numbers name nobody here.
            Some((IdentityKind::Phone, _)) => {
                match people::find(&self.session, identities).await? {
                    Some(contact) => {
                        let way = (list, inside, IdentityKind::ContactId);
                        Ok(Placed::By(way, contact.id.into()))
                    }
                    None => Ok(Placed::Done(Outcome::Unmatched)),
                }
            }
            Some((kind, value)) => Ok(Placed::By((list, inside, kind), value)),
        }
    }

    async fn send(
        &self,
        way: Way,
        named: &Named,
        operations: &[Operation],
        gate: &Gate,
        done: &mut [Option<Outcome>],
    ) {
        let mut chunks: Vec<&[(usize, Value)]> = named.chunks(BATCH).rev().collect();
        while let Some(chunk) = chunks.pop() {
            if let Some(failure) = gate.closed() {
                for (index, _) in chunk {
                    let failure = failure.clone();
                    put(done, *index, Outcome::NotApplied { failure });
                }
                continue;
            }
            let succeeded = match self.request(way, chunk).await {
                Ok(succeeded) => succeeded,
                Err(failure) if is_ambiguous(&failure) => Vec::new(),
                // One bad contact has all of them refused: by halves down to it.
                Err(failure)
                    if failure.class == Class::Rejected
                        && failure.status.is_some()
                        && chunk.len() > 1 =>
                {
                    let (first, second) = chunk.split_at(chunk.len() / 2);
                    chunks.extend([second, first]);
                    continue;
                }
                Err(failure) => {
                    gate.see(&failure);
                    for (index, _) in chunk {
                        put(done, *index, verdict::repeatable(failure.clone()));
                    }
                    continue;
                }
            };
            for (index, value) in chunk {
                let outcome = if succeeded.iter().any(|one| is_it(one, value)) {
                    Outcome::Applied(Applied::Updated)
                } else if let Some(operation) = operations.get(*index) {
                    self.settle(way, operation).await.unwrap_or_else(|failure| {
                        gate.see(&failure);
                        verdict::repeatable(failure)
                    })
                } else {
                    continue;
                };
                put(done, *index, outcome);
            }
        }
    }

    /// The contacts that a request changed.
    async fn request(
        &self,
        (list, inside, kind): Way,
        chunk: &[(usize, Value)],
    ) -> Result<Vec<Json>, Failure> {
        let what = match kind {
            IdentityKind::Email => "emails",
            IdentityKind::ExtId => "extIds",
            IdentityKind::ContactId | IdentityKind::Phone => "ids",
        };
        let named: Vec<Json> = chunk
            .iter()
            .filter_map(|(_, value)| serde_json::to_value(value).ok())
            .collect();
        let verb = if inside { "add" } else { "remove" };
        let path = format!("/contacts/lists/{list}/contacts/{verb}");
        let body = json!({ what: named }).to_string().into_bytes();
        let answer = self
            .session
            .send(
                Method::Post,
                CONTACTS,
                &path,
                Some(body),
                Safety::Repeatable,
            )
            .await?;
        let answer: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        // The definition nests what Brevo's own example has at the top.
        let answer = answer.get("contacts").unwrap_or(&answer);
        Ok(match answer.get("success") {
            Some(Json::Array(succeeded)) => succeeded.clone(),
            // `{ ids, total }`, as it has come as well.
            Some(Json::Object(members)) => {
                let lists = members.values().filter_map(Json::as_array);
                lists.flatten().cloned().collect()
            }
            _ => Vec::new(),
        })
    }

    /// What became of a contact that a request did not change: it is as wanted, or is nobody.
    async fn settle(
        &self,
        (list, inside, kind): Way,
        operation: &Operation,
    ) -> Result<Outcome, Failure> {
        let identities = operation.payload.get("identify").unwrap_or(&Value::Null);
        let Some(contact) = people::find(&self.session, identities).await? else {
            return Ok(Outcome::Unmatched);
        };
        if contact.lists.contains(&list) == inside {
            return Ok(Outcome::Applied(Applied::Updated));
        }
        // It is known by another of its identities; its id names it in any case.
        let by_id = (list, inside, IdentityKind::ContactId);
        if kind == IdentityKind::ContactId {
            return Err(rejected("the list did not take the contact")
                .help("look at the contact in Brevo, then retry the dead letter"));
        }
        match self.request(by_id, &[(0, contact.id.into())]).await {
            Ok(changed) if changed.is_empty() => Err(rejected("the list did not take the contact")
                .help("look at the contact in Brevo, then retry the dead letter")),
            Ok(_) => Ok(Outcome::Applied(Applied::Updated)),
            // Meanwhile somebody else did it.
            Err(failure) if is_ambiguous(&failure) => Ok(Outcome::Applied(Applied::Updated)),
            Err(failure) => Err(failure),
        }
    }
}

/// What is to be done with an operation.
enum Placed {
    By(Way, Value),
    Done(Outcome),
}

fn is_in(operation: &Operation) -> bool {
    !matches!(operation.payload.get("in"), Some(Value::Bool(false)))
}

fn put(done: &mut [Option<Outcome>], index: usize, outcome: Outcome) {
    if let Some(place) = done.get_mut(index) {
        *place = Some(outcome);
    }
}

/// True for the answer that says of contacts only that they are there already or do not exist.
fn is_ambiguous(failure: &Failure) -> bool {
    failure.status == Some(400)
        && failure.message.contains("does not exist")
        && failure.message.contains("Contact already")
}

/// True for one contact in two ways of writing it.
fn is_it(answered: &Json, asked: &Value) -> bool {
    match (answered, asked) {
        (Json::String(answered), Value::String(asked)) => answered.eq_ignore_ascii_case(asked),
        (Json::Number(answered), Value::Number(asked)) => answered.as_i64() == asked.as_i64(),
        _ => false,
    }
}

impl Writer for MemberWriter {
    fn batch_size(&self) -> usize {
        BATCH
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(self.deliver_all(operations))
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        // Being in a list twice is being in it once: what is unknown is written again.
        Box::pin(async move { vec![Some(Found::Absent); operations.len()] })
    }
}

#[cfg(test)]
mod tests;
