//! Sending events: in batches, each once; what is unknown is settled by reading back.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::session::{BATCHES, Session};
use crate::connectors::{Applied, Found, Outcome, Writer};
use crate::http::{Class, Effect, Failure, Method, Safety};
use crate::operation::Operation;
use crate::record::Value;

/// The most events of a batch.
const BATCH: usize = 200;
/// The most bytes of a batch: 512 KB, with room for what stands around the events.
const BATCH_BYTES: usize = 500 * 1024;
/// How many events one question answers at most.
const ASKED: usize = 10_000;

/// Sends events of one sink.
pub struct EventWriter {
    session: Arc<Session>,
}

/// What a batch that was not wholly taken says.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Partial {
    status: Option<String>,
    errors: Vec<PartialError>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PartialError {
    event_index: Json,
    message: Option<String>,
}

impl PartialError {
    /// The positions: an array of them, or one.
    fn indexes(&self) -> Vec<usize> {
        let one = |value: &Json| value.as_u64().and_then(|index| usize::try_from(index).ok());
        match &self.event_index {
            Json::Array(indexes) => indexes.iter().filter_map(one).collect(),
            other => one(other).into_iter().collect(),
        }
    }
}

#[derive(Deserialize)]
struct Seen {
    #[serde(default)]
    events: Vec<SeenEvent>,
}

#[derive(Deserialize)]
struct SeenEvent {
    #[serde(default)]
    event_properties: Json,
}

impl EventWriter {
    /// A writer to an account.
    #[must_use]
    pub const fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    async fn send(&self, operations: &[Operation]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(operations.len());
        for chunk in chunks(operations) {
            outcomes.extend(self.batch(chunk).await);
        }
        outcomes
    }

    async fn batch(&self, operations: &[Operation]) -> Vec<Outcome> {
        let events: Vec<Json> = operations.iter().map(event).collect();
        let body = json!({ "events": events }).to_string().into_bytes();
        let answer = self
            .session
            .send(
                Method::Post,
                BATCHES,
                "/events/batch",
                Some(body),
                Safety::Once,
            )
            .await;
        match answer {
            Ok(answer) if answer.status == 207 => {
                match serde_json::from_slice::<Partial>(&answer.body) {
                    Ok(partial) => split(operations.len(), &partial, None),
                    Err(_) => {
                        // Some were taken and nobody says which.
                        let failure = Failure::new(
                            Class::BrokenAnswer,
                            "Brevo: POST /events/batch: 207 that does not say which events",
                        );
                        vec![Outcome::Unknown { failure }; operations.len()]
                    }
                }
            }
            Ok(_) => vec![Outcome::Applied(Applied::Sent); operations.len()],
            Err(failure) => self.refused(operations, failure).await,
        }
    }

    async fn refused(&self, operations: &[Operation], failure: Failure) -> Vec<Outcome> {
        if failure.effect() == Effect::Unknown {
            return vec![Outcome::Unknown { failure }; operations.len()];
        }
        if failure.is_retryable() || failure.ends_the_run() {
            return vec![Outcome::NotApplied { failure }; operations.len()];
        }
        // The whole batch is refused for the sake of one: halves find it.
        match operations {
            [] | [_] => vec![Outcome::Rejected { failure }; operations.len()],
            _ => {
                let (left, right) = operations.split_at(operations.len() / 2);
                let mut outcomes = Box::pin(self.batch(left)).await;
                outcomes.extend(Box::pin(self.batch(right)).await);
                outcomes
            }
        }
    }

    /// Asks for all events of a name in a span of time; none where there may be more than one
    /// answer holds.
    async fn seen(&self, name: &str, from: i64, to: i64) -> Option<HashSet<String>> {
        let date = |ms: i64| {
            jiff::Timestamp::from_millisecond(ms)
                .ok()
                .map(|time| time.strftime("%Y-%m-%d").to_string())
        };
        // Days around it: the account's zone may be another.
        let (start, end) = (date(from - 86_400_000)?, date(to + 86_400_000)?);
        let path =
            format!("/events?event_name={name}&startDate={start}&endDate={end}&limit={ASKED}");
        let seen: Seen = self.session.get(BATCHES, &path).await.ok()?;
        if seen.events.len() >= ASKED {
            return None;
        }
        let id = |event: &SeenEvent| {
            event
                .event_properties
                .get("event_id")
                .and_then(Json::as_str)
                .map(str::to_owned)
        };
        Some(seen.events.iter().filter_map(id).collect())
    }

    async fn look(&self, operations: &[Operation]) -> Vec<Option<Found>> {
        // One question for each name and span of a month settles all its unknowns.
        let mut groups: BTreeMap<(String, i64), (i64, i64)> = BTreeMap::new();
        for operation in operations {
            let (name, at) = name_and_time(operation);
            let window = groups.entry((name, at / MONTH)).or_insert((at, at));
            *window = (window.0.min(at), window.1.max(at));
        }
        let mut known = BTreeMap::new();
        for ((name, month), (from, to)) in groups {
            let seen = self.seen(&name, from, to).await;
            known.insert((name, month), seen);
        }
        operations
            .iter()
            .map(|operation| {
                let (name, at) = name_and_time(operation);
                let seen = known.get(&(name, at / MONTH))?.as_ref()?;
                Some(if seen.contains(&*operation.key) {
                    Found::There
                } else {
                    Found::Absent
                })
            })
            .collect()
    }
}

const MONTH: i64 = 30 * 86_400_000;

fn name_and_time(operation: &Operation) -> (String, i64) {
    let name = operation
        .payload
        .get("event_name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    (name.to_owned(), operation.happened_at.unwrap_or_default())
}

impl Writer for EventWriter {
    fn batch_size(&self) -> usize {
        BATCH
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(self.send(operations))
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        Box::pin(self.look(operations))
    }
}

/// Slices that a batch can hold.
fn chunks(operations: &[Operation]) -> Vec<&[Operation]> {
    let mut out = Vec::new();
    let mut rest = operations;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(BATCH).take_while(|operation| {
            bytes += operation.payload.to_json().len() + 64;
            bytes <= BATCH_BYTES
        });
        let count = fits.count().max(1);
        let (batch, after) = rest.split_at(count);
        out.push(batch);
        rest = after;
    }
    out
}

/// An outcome for each event of a batch that was partly taken.
fn split(count: usize, partial: &Partial, failure: Option<&Failure>) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::Applied(Applied::Sent); count];
    for error in &partial.errors {
        let said = error
            .message
            .as_deref()
            .or(partial.status.as_deref())
            .unwrap_or("refused");
        for index in error.indexes() {
            if let Some(place) = outcomes.get_mut(index) {
                let failure = failure.cloned().unwrap_or_else(|| {
                    Failure::new(
                        Class::Rejected,
                        format!("Brevo: POST /events/batch: {said}"),
                    )
                });
                *place = Outcome::Rejected { failure };
            }
        }
    }
    outcomes
}

/// An event as Brevo takes it.
fn event(operation: &Operation) -> Json {
    let payload = serde_json::to_value(&operation.payload).unwrap_or_default();
    let identifiers: serde_json::Map<String, Json> = payload
        .get("identify")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(kind, value)| {
            let name = match kind.as_str() {
                "email" => "email_id",
                "phone" => "phone_id",
                other => other,
            };
            (name.to_owned(), value.clone())
        })
        .collect();
    let mut event = json!({
        "event_name": payload.get("event_name"),
        "event_date": payload.get("event_date"),
        "identifiers": identifiers,
        "event_properties": payload.get("properties"),
    });
    if let (Some(members), Some(attributes)) =
        (event.as_object_mut(), payload.get("contact_attributes"))
    {
        members.insert("contact_properties".to_owned(), attributes.clone());
    }
    event
}
