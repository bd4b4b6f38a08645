//! Custom objects: many of a type in one request, which Brevo works on by itself.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::contacts::rejected;
use super::session::{OTHER, Session};
use super::{people, verdict};
use crate::connectors::{Applied, Found, Outcome, Writer};
use crate::http::{Class, Failure, Method, Safety};
use crate::operation::Operation;
use crate::record::Value;

/// The most objects of a request.
const BATCH: usize = 1_000;
/// The most bytes of a request: 1 MB, whichever way they are counted.
const BATCH_BYTES: usize = 990 * 1000;
/// How long to wait before each question after a process, in seconds: a hundred are an hour's.
const WAITS: [u64; 10] = [1, 2, 5, 10, 20, 30, 60, 60, 60, 60];

/// Writes custom objects of one sink.
pub struct ObjectWriter {
    session: Arc<Session>,
}

#[derive(Deserialize)]
struct Started {
    #[serde(rename = "processId")]
    process: i64,
}

#[derive(Deserialize)]
struct Process {
    #[serde(default)]
    status: String,
}

/// Objects of one type, as Brevo takes them: the index of each one's operation, and its JSON.
type Encoded = Vec<(usize, String)>;

impl ObjectWriter {
    /// A writer to an account.
    #[must_use]
    pub const fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    async fn deliver_all(&self, operations: &[Operation]) -> Vec<Outcome> {
        let mut done: Vec<Option<Outcome>> = vec![None; operations.len()];
        let mut kinds: IndexMap<&str, Vec<Encoded>> = IndexMap::new();
        for (index, operation) in operations.iter().enumerate() {
            let encoded = match self.encode(operation).await {
                Ok(Some(encoded)) => encoded,
                Ok(None) => {
                    put(&mut done, index, Outcome::Unmatched);
                    continue;
                }
                Err(failure) => {
                    put(&mut done, index, verdict::repeatable(failure));
                    continue;
                }
            };
            let kind = operation.payload.get("type").and_then(Value::as_str);
            let parts = kinds.entry(kind.unwrap_or_default()).or_default();
            let fits = parts.last().is_some_and(|part| {
                let bytes: usize = part.iter().map(|(_, json)| json.len() + 1).sum();
                part.len() < BATCH && bytes + encoded.len() <= BATCH_BYTES
            });
            if !fits {
                parts.push(Vec::new());
            }
            if let Some(part) = parts.last_mut() {
                part.push((index, encoded));
            }
        }
        for (kind, parts) in kinds {
            for part in parts {
                self.part(kind, part, &mut done).await;
            }
        }
        let lost = || Outcome::NotApplied {
            failure: Failure::new(Class::BrokenAnswer, "Brevo: it was not sent"),
        };
        done.into_iter()
            .map(|outcome| outcome.unwrap_or_else(lost))
            .collect()
    }

    /// Sends a part; where Brevo refuses it whole, by halves down to the bad one.
    fn part<'a>(
        &'a self,
        kind: &'a str,
        mut part: Encoded,
        done: &'a mut [Option<Outcome>],
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let outcome = match self.send(kind, &part).await {
                Ok(()) => Outcome::Applied(Applied::Updated),
                Err(failure)
                    if failure.class == Class::Rejected
                        && failure.status.is_some()
                        && part.len() > 1 =>
                {
                    let second = part.split_off(part.len() / 2);
                    self.part(kind, part, done).await;
                    self.part(kind, second, done).await;
                    return;
                }
                Err(failure) if failure.class == Class::NotFound => Outcome::Rejected {
                    failure: failure.help("create the object's type in Brevo first"),
                },
                Err(failure) => verdict::repeatable(failure),
            };
            for (index, _) in part {
                put(done, index, outcome.clone());
            }
        })
    }

    async fn send(&self, kind: &str, part: &Encoded) -> Result<(), Failure> {
        if !super::spec::is_object_type(kind) {
            return Err(rejected("the object's type is none"));
        }
        let records: Vec<&str> = part.iter().map(|(_, json)| json.as_str()).collect();
        let body = format!("{{\"records\":[{}]}}", records.join(","));
        let answer = self
            .session
            .send(
                Method::Post,
                OTHER,
                &format!("/objects/{kind}/batch/upsert"),
                Some(body.into_bytes()),
                Safety::Repeatable,
            )
            .await?;
        let Ok(Started { process }) = serde_json::from_slice(&answer.body) else {
            return Err(Failure::new(
                Class::BrokenAnswer,
                "Brevo: the answer names no process",
            ));
        };
        for seconds in WAITS {
            self.session.sleep(Duration::from_secs(seconds)).await;
            let found: Process = self
                .session
                .get(OTHER, &format!("/processes/{process}"))
                .await?;
            match found.status.as_str() {
                "completed" => return Ok(()),
                "failed" | "cancelled" => {
                    return Err(rejected(format!(
                        "the process {process} of the objects was {}",
                        found.status
                    ))
                    .help("see it in Brevo, then retry the dead letters"));
                }
                _ => {}
            }
        }
        Err(Failure::new(
            Class::Busy,
            format!("Brevo: the process {process} of the objects is not at its end yet"),
        ))
    }

    /// An object as Brevo takes it; none where it belongs to contacts that Brevo lacks.
    async fn encode(&self, operation: &Operation) -> Result<Option<String>, Failure> {
        let payload = &operation.payload;
        let json = |name: &str| {
            let value = payload.get(name);
            value.and_then(|value| serde_json::to_value(value).ok())
        };
        let mut record = json!({
            "identifiers": { "ext_id": json("ext_id") },
            "attributes": json("attributes").unwrap_or_else(|| json!({})),
        });
        if let Some(contacts) = payload.get("contacts").and_then(Value::as_array) {
            let mut ids: Vec<i64> = Vec::new();
            for contact in contacts {
                if let Some(contact) = people::find(&self.session, contact).await?
                    && !ids.contains(&contact.id)
                {
                    ids.push(contact.id);
                }
            }
            if ids.is_empty() {
                return Ok(None);
            }
            let ids: Vec<Json> = ids
                .into_iter()
                .map(|id| json!({ "identifiers": { "id": id } }))
                .collect();
            let associations = json!([{ "object_type": "contact", "records": ids }]);
            if let Some(record) = record.as_object_mut() {
                record.insert("associations".into(), associations);
            }
        }
        let text = record.to_string();
        if text.len() > BATCH_BYTES {
            return Err(rejected("the object takes more than 1 MB"));
        }
        Ok(Some(text))
    }
}

fn put(done: &mut [Option<Outcome>], index: usize, outcome: Outcome) {
    if let Some(place) = done.get_mut(index) {
        *place = Some(outcome);
    }
}

impl Writer for ObjectWriter {
    fn batch_size(&self) -> usize {
        BATCH
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(self.deliver_all(operations))
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        // Writing an object twice is writing it once: what is unknown is written again.
        Box::pin(async move { vec![Some(Found::Absent); operations.len()] })
    }
}

#[cfg(test)]
mod tests;
