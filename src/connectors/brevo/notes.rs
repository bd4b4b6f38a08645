//! Notes: each made once, then edited or deleted by what Brevo called it.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::contacts::Shown;
use super::gate::Gate;
use super::session::{OTHER, Session};
use super::{people, verdict};
use crate::connectors::{Applied, Found, Outcome, Writer};
use crate::http::{Class, Failure, Method, Safety};
use crate::operation::Operation;
use crate::record::Value;

/// How many notes are settled together: a hundred requests are an hour's.
const BATCH: usize = 5;
/// How many notes a page has.
const A_PAGE: usize = 50;
/// How many pages of a contact's notes are looked through.
const PAGES: usize = 10;

/// Writes notes of one sink.
pub struct NoteWriter {
    session: Arc<Session>,
}

#[derive(Deserialize)]
struct Note {
    id: Option<String>,
    #[serde(default)]
    text: String,
}

impl NoteWriter {
    /// A writer to an account.
    #[must_use]
    pub const fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    async fn deliver_all(&self, operations: &[Operation]) -> Vec<Outcome> {
        let gate = Gate::default();
        let mut outcomes = Vec::with_capacity(operations.len());
        for operation in operations {
            outcomes.push(match gate.closed() {
                Some(failure) => Outcome::NotApplied { failure },
                None => self.one(operation).await,
            });
            if let Some(Outcome::NotApplied { failure }) = outcomes.last() {
                gate.see(failure);
            }
        }
        outcomes
    }

    async fn one(&self, operation: &Operation) -> Outcome {
        let text = text_of(operation);
        match (&operation.receipt, operation.deletes()) {
            (None, true) => Outcome::Gone,
            (Some(id), true) => match self.change(Method::Delete, id, None).await {
                Ok(_) => Outcome::Gone,
                Err(failure) => verdict::repeatable(failure),
            },
            (Some(id), false) => {
                let body = json!({ "text": text });
                match self.change(Method::Patch, id, Some(&body)).await {
                    Ok(true) => Outcome::Applied(Applied::Updated),
                    // Somebody deleted it there: it is made anew.
                    Ok(false) => self.create(operation, text).await,
                    Err(failure) => verdict::repeatable(failure),
                }
            }
            (None, false) => self.create(operation, text).await,
        }
    }

    /// Edits or deletes a note; false where there is none.
    async fn change(&self, method: Method, id: &str, body: Option<&Json>) -> Result<bool, Failure> {
        let path = path_of(id)?;
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = self
            .session
            .send(method, OTHER, &path, body, Safety::Repeatable)
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(failure) if failure.class == Class::NotFound => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    async fn create(&self, operation: &Operation, text: &str) -> Outcome {
        let contact = match self.contact(operation).await {
            Ok(Some(contact)) => contact,
            Ok(None) => return Outcome::Unmatched,
            Err(failure) => return verdict::repeatable(failure),
        };
        let body = json!({ "text": text, "contactIds": [contact.id] });
        let answer = self
            .session
            .send(
                Method::Post,
                OTHER,
                "/crm/notes",
                Some(body.to_string().into_bytes()),
                Safety::Once,
            )
            .await;
        match answer {
            Ok(answer) => match serde_json::from_slice::<Note>(&answer.body) {
                Ok(Note { id: Some(id), .. }) => Outcome::Made { receipt: id.into() },
                _ => Outcome::Unknown {
                    failure: Failure::new(
                        Class::BrokenAnswer,
                        "Brevo: POST /crm/notes: the answer names no note",
                    ),
                },
            },
            Err(failure) => verdict::once(failure),
        }
    }

    async fn contact(&self, operation: &Operation) -> Result<Option<Shown>, Failure> {
        let identities = operation.payload.get("identify").unwrap_or(&Value::Null);
        people::find(&self.session, identities).await
    }

    /// Whether the note is there as the operation wants it: by what Brevo called it, else by
    /// contact and text, which notes of other operations may have too.
    async fn look(&self, operation: &Operation) -> Result<Found, Failure> {
        if operation.deletes() {
            // Deleting what is gone does no harm.
            return Ok(Found::Absent);
        }
        let text = text_of(operation);
        if let Some(id) = &operation.receipt {
            let note: Result<Note, Failure> = self.session.get(OTHER, &path_of(id)?).await;
            match note {
                Ok(note) if note.text == text => return Ok(Found::There),
                Ok(_) => return Ok(Found::Absent),
                Err(failure) if failure.class == Class::NotFound => {}
                Err(failure) => return Err(failure),
            }
        }
        let Some(contact) = self.contact(operation).await? else {
            return Ok(Found::Absent);
        };
        let mut alike = Vec::new();
        let mut offset = 0;
        for _ in 0..PAGES {
            let path = format!(
                "/crm/notes?entity=contacts&entityIds={}&limit={A_PAGE}&offset={offset}&sort=desc",
                contact.id
            );
            let notes: Vec<Note> = self.session.get(OTHER, &path).await?;
            offset += notes.len();
            let last = notes.len() < A_PAGE;
            let same = notes.into_iter().filter(|note| note.text == text);
            let receipts = same.filter_map(|note| note.id).map(Into::into);
            alike.extend(receipts.map(|receipt| Found::Made { receipt }));
            if last {
                break;
            }
        }
        Ok(Found::Among(alike))
    }
}

impl Writer for NoteWriter {
    fn batch_size(&self) -> usize {
        BATCH
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(self.deliver_all(operations))
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(operations.len());
            for operation in operations {
                found.push(self.look(operation).await.ok());
            }
            found
        })
    }
}

fn text_of(operation: &Operation) -> &str {
    let text = operation.payload.get("text").and_then(Value::as_str);
    text.unwrap_or_default()
}

/// The path of a note; its id is one that Brevo gave.
fn path_of(id: &str) -> Result<String, Failure> {
    if !id.is_empty()
        && id
            .bytes()
            .all(|one| one.is_ascii_alphanumeric() || one == b'-')
    {
        return Ok(format!("/crm/notes/{id}"));
    }
    Err(Failure::new(
        Class::Rejected,
        "Brevo: what it called the note is no id",
    ))
}

#[cfg(test)]
mod tests;
