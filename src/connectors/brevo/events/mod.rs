//! Sending events, each once: in batches where that is faster, else one by one; what is unknown is
//! settled by reading back.

mod batch;
mod encode;
mod find;
mod foresee;

pub use foresee::{EventCalls, event_calls};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use indexmap::IndexMap;
use jiff::tz::TimeZone;

use self::batch::Verdict;
use super::account::AccountFacts;
use super::gate::Gate;
use super::session::{EVENTS, OTHER, Session};
use crate::connectors::{Applied, Found, Outcome, Writer};
use crate::http::{Class, Effect, Failure, Method, Safety};
use crate::operation::Operation;

/// The most events of a batch.
const BATCH: usize = 200;
/// The most bytes of a batch: 512 KB, whichever way they are counted.
const BATCH_BYTES: usize = 500 * 1000;
/// How many contacts' events are sent at once, where they go one by one.
const AT_ONCE: usize = 8;
/// What a request takes at the least, however high its limit is: several are on their way at once.
const ROUND_TRIP: Duration = Duration::from_millis(5);
/// What can go one by one within this time does, where batches have a quota: it is kept for more.
const SOON: Duration = Duration::from_secs(1);

/// Sends events of one sink.
pub struct EventWriter {
    session: Arc<Session>,
    account: Arc<AccountFacts>,
    zone: TimeZone,
    /// The account has no batches.
    no_batches: AtomicBool,
}

/// An event as Brevo takes it, and whose outcome it is.
struct Encoded<'a> {
    index: usize,
    operation: &'a Operation,
    json: String,
}

/// Outcomes by the index of their operations.
type Outcomes = Vec<(usize, Outcome)>;

impl EventWriter {
    /// A writer to an account; days of contact attributes are those of `zone`.
    #[must_use]
    pub const fn new(session: Arc<Session>, account: Arc<AccountFacts>, zone: TimeZone) -> Self {
        Self {
            session,
            account,
            zone,
            no_batches: AtomicBool::new(false),
        }
    }

    async fn send(&self, operations: &[Operation]) -> Vec<Outcome> {
        let mut done: Outcomes = Vec::with_capacity(operations.len());
        let mut events = Vec::with_capacity(operations.len());
        for (index, operation) in operations.iter().enumerate() {
            match encode::event(operation, &self.account, &self.zone) {
                Ok(json) => events.push(Encoded {
                    index,
                    operation,
                    json,
                }),
                Err(reason) => {
                    let failure = Failure::new(Class::Rejected, format!("Brevo: {reason}"))
                        .help("check the record and the sink");
                    done.push((index, Outcome::Rejected { failure }));
                }
            }
        }
        let gate = Gate::default();
        for chunk in chunks(events) {
            done.extend(self.chunk(chunk, &gate).await);
        }
        done.sort_unstable_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// What fits one batch, by the faster way.
    async fn chunk(&self, mut events: Vec<Encoded<'_>>, gate: &Gate) -> Outcomes {
        let mut done = Vec::with_capacity(events.len());
        while !events.is_empty() {
            if let Some(failure) = gate.closed() {
                let outcome = Outcome::NotApplied { failure };
                done.extend(all(&events, &outcome));
                break;
            }
            if self.one_by_one(events.len()) {
                done.extend(self.singles(&events, gate).await);
                break;
            }
            match self.batch(&events).await {
                Verdict::Settled(outcomes) => {
                    if let Some((_, Outcome::NotApplied { failure })) = outcomes.first() {
                        gate.see(failure);
                    }
                    done.extend(outcomes);
                    break;
                }
                // None was taken for the sake of some: the others go again.
                Verdict::NoneTaken(refused) if !refused.is_empty() => {
                    events.retain(|event| !refused.iter().any(|(index, _)| *index == event.index));
                    done.extend(refused);
                }
                Verdict::NoneTaken(_) => {
                    done.extend(self.singles(&events, gate).await);
                    break;
                }
            }
        }
        done
    }

    /// True where so many events are there sooner one by one: the quota of batches is an hour's,
    /// and when it is spent a batch would wait for minutes.
    fn one_by_one(&self, count: usize) -> bool {
        if self.no_batches.load(Ordering::Relaxed) {
            return true;
        }
        sooner_one_by_one(&self.session, count)
    }

    /// One by one: each contact's in order, some contacts' at once.
    async fn singles(&self, events: &[Encoded<'_>], gate: &Gate) -> Outcomes {
        let mut queues: IndexMap<&str, Vec<&Encoded<'_>>> = IndexMap::new();
        for event in events {
            let subject = event.operation.subject.as_deref();
            queues
                .entry(subject.unwrap_or(&event.operation.key))
                .or_default()
                .push(event);
        }
        let mut sends = Vec::with_capacity(queues.len());
        for queue in queues.into_values() {
            sends.push(self.queue(queue, gate));
        }
        let done: Vec<Outcomes> = futures::stream::iter(sends)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        done.into_iter().flatten().collect()
    }

    /// One contact's events, in order.
    async fn queue(&self, queue: Vec<&Encoded<'_>>, gate: &Gate) -> Outcomes {
        let mut done = Vec::with_capacity(queue.len());
        for event in queue {
            let outcome = match gate.closed() {
                Some(failure) => Outcome::NotApplied { failure },
                None => self.single(event, gate).await,
            };
            done.push((event.index, outcome));
        }
        done
    }

    async fn single(&self, event: &Encoded<'_>, gate: &Gate) -> Outcome {
        let body = event.json.clone().into_bytes();
        let answer = self
            .session
            .send(Method::Post, EVENTS, "/events", Some(body), Safety::Once)
            .await;
        match answer {
            Ok(answer) if answer.is_success() => Outcome::Applied(Applied::Sent),
            Ok(answer) => Outcome::Rejected {
                failure: batch::refused("POST /events", answer.status, None),
            },
            Err(failure) if failure.effect() == Effect::Unknown => Outcome::Unknown { failure },
            Err(failure) if failure.is_retryable() || failure.ends_the_run() => {
                gate.see(&failure);
                Outcome::NotApplied { failure }
            }
            Err(failure) => Outcome::Rejected { failure },
        }
    }
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

/// True where so many events are there sooner one by one, by what is left of the quotas.
fn sooner_one_by_one(session: &Session, count: usize) -> bool {
    let (batch, spacing) = session.outlook(OTHER);
    if spacing.is_zero() {
        return false;
    }
    let (first, each) = session.outlook(EVENTS);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let each = each.max(ROUND_TRIP);
    let singles = first + each.saturating_mul(count.saturating_sub(1));
    // A batch that costs less than what it saves is never spared.
    (singles <= SOON && singles < spacing) || singles < batch
}

/// The same outcome for all.
fn all(events: &[Encoded<'_>], outcome: &Outcome) -> Outcomes {
    events
        .iter()
        .map(|event| (event.index, outcome.clone()))
        .collect()
}

/// Parts that a batch can hold, in order.
fn chunks(events: Vec<Encoded<'_>>) -> Vec<Vec<Encoded<'_>>> {
    let mut out: Vec<Vec<Encoded<'_>>> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let size = event.json.len() + 1;
        match out.last_mut() {
            Some(chunk) if chunk.len() < BATCH && bytes + size <= BATCH_BYTES => {
                bytes += size;
                chunk.push(event);
            }
            _ => {
                bytes = size;
                out.push(vec![event]);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
