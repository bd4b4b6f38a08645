//! Out of the outbox to the destinations, each outcome settled before the next window.

use std::collections::BTreeMap;

use super::backoff::{NEXT_RUN, TRIES, again_in, next_ask};
use super::claims;
use super::counting::{Counting, public_name};
use super::{Context, End, JobSink, OnError, Route, RunEvent};
use crate::connectors::{Applied, Found, Outcome, Writer};
use crate::http::{Class, Failure};
use crate::operation::{Operation, Policy};
use crate::state::{Delivery, DueRow, Lease, RowState, Settlement, Store};

/// How many rows are worked on at once.
const WINDOW: usize = 1_000;

/// How long before a service forgets a repetition none is sent any more, in milliseconds.
const MARGIN: i64 = 60_000;

/// How long beyond `visible_after` a run waits for what is not settled, in milliseconds.
const PATIENCE: i64 = 2 * 60_000;

/// Whether to wait for what is not due yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// Only what is due now.
    No,
    /// Until all is settled, as far as a run waits.
    Yes,
}

/// What delivers.
pub(super) struct Delivering<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) lease: &'a Lease,
    pub(super) context: &'a Context<'a>,
}

/// Outcomes that are not kept yet.
type Settled = Vec<(i64, Settlement)>;

/// The sinks of a job that write out of the outbox.
pub(super) type Writers<'a> = [&'a JobSink];

impl Delivering<'_> {
    /// Delivers and settles what is due, window after window.
    pub(super) async fn deliver(
        &self,
        sinks: &Writers<'_>,
        counting: &mut Counting,
        waiting: Waiting,
    ) -> Result<(), End> {
        loop {
            if self.context.cancel.is_cancelled() {
                return Err(End::Interrupted);
            }
            let now = self.context.now();
            let due = self.store.due(self.lease, now, WINDOW).await?;
            if due.rows.is_empty() {
                let Some(next_at) = due.next_at.filter(|_| waiting == Waiting::Yes) else {
                    return Ok(());
                };
                let wait = next_at - now;
                if wait > self.patience(sinks) {
                    return Ok(());
                }
                self.wait(wait, due.unsettled).await?;
                continue;
            }
            self.window(sinks, counting, &due.rows).await?;
        }
    }

    /// The longest that a run waits for its next row.
    fn patience(&self, sinks: &Writers<'_>) -> i64 {
        let longest = sinks.iter().map(|sink| sink.visible_after_ms).max();
        longest.unwrap_or(0).max(60_000) + PATIENCE
    }

    async fn wait(&self, ms: i64, unsettled: u64) -> Result<(), End> {
        let context = self.context;
        context.observer.told(RunEvent::Wait { ms, unsettled });
        let duration = std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        tokio::select! {
            () = context.cancel.cancelled() => Err(End::Interrupted),
            () = context.clock.sleep(duration) => Ok(()),
        }
    }

    /// One window: the sinks in the file's order, each in batches; then what is unknown.
    async fn window(
        &self,
        sinks: &Writers<'_>,
        counting: &mut Counting,
        rows: &[DueRow],
    ) -> Result<(), End> {
        let mut by_sink: BTreeMap<(usize, bool), Vec<i64>> = BTreeMap::new();
        for row in rows {
            let unknown = row.state == RowState::Unknown;
            by_sink
                .entry((row.sink_index, unknown))
                .or_default()
                .push(row.id);
        }
        let mut settled = Vec::new();
        let done = self.batches(sinks, counting, by_sink, &mut settled).await;
        // What became of a batch is kept before anything else is done, however it ended.
        let kept = self.settle(settled).await;
        done.and(kept)
    }

    async fn batches(
        &self,
        sinks: &Writers<'_>,
        counting: &mut Counting,
        by_sink: BTreeMap<(usize, bool), Vec<i64>>,
        settled: &mut Settled,
    ) -> Result<(), End> {
        for ((index, unknown), ids) in by_sink {
            let size = sinks
                .get(index)
                .and_then(|sink| writer_of(sink))
                .map_or(1, Writer::batch_size);
            for batch in ids.chunks(size.max(1)) {
                if self.context.cancel.is_cancelled() {
                    return Err(End::Interrupted);
                }
                self.batch(sinks, counting, (batch, unknown), settled)
                    .await?;
            }
        }
        Ok(())
    }

    async fn settle(&self, settled: Settled) -> Result<(), End> {
        if settled.is_empty() {
            return Ok(());
        }
        let now = self.context.now();
        Ok(self.store.settle(self.lease, settled, now).await?)
    }

    /// Rows of one sink: each goes where its operation belongs, whatever was edited since.
    async fn batch(
        &self,
        sinks: &Writers<'_>,
        counting: &mut Counting,
        (ids, unknown): (&[i64], bool),
        settled: &mut Settled,
    ) -> Result<(), End> {
        let sent_at = self.context.now();
        let deliveries = if unknown {
            self.store.load(self.lease, ids)
        } else {
            self.store.sending(self.lease, ids, sent_at)
        };
        // One transaction keeps the last batch's outcomes and marks this one.
        let last = self.settle(std::mem::take(settled));
        let (last, deliveries) = futures::future::join(last, deliveries).await;
        last?;
        let deliveries = deliveries?;
        let mut orphans = Vec::new();
        let mut by_sink: BTreeMap<usize, Vec<Delivery>> = BTreeMap::new();
        for delivery in deliveries {
            match place_of(sinks, &delivery) {
                Some(index) => by_sink.entry(index).or_default().push(delivery),
                None => orphans.push(delivery),
            }
        }
        if !orphans.is_empty() {
            self.orphans(orphans, counting, settled);
        }
        for (index, deliveries) in by_sink {
            let Some((sink, writer)) = sinks
                .get(index)
                .and_then(|sink| Some((*sink, writer_of(sink)?)))
            else {
                continue;
            };
            if unknown {
                self.ask(sink, writer, counting, deliveries, settled)
                    .await?;
            } else {
                self.send(sink, writer, counting, (deliveries, sent_at), settled)
                    .await?;
            }
        }
        Ok(())
    }

    /// Rows of a sink that the pipeline no longer has wait for a person.
    fn orphans(&self, deliveries: Vec<Delivery>, counting: &mut Counting, settled: &mut Settled) {
        let class = "orphaned";
        let reason = "the pipeline no longer has the sink that this was made for";
        for Delivery { id, operation, .. } in deliveries {
            counting.dead(
                self.context,
                &operation.record,
                Some(&operation.sink),
                (class, reason),
                false,
            );
            let dead = Settlement::Dead {
                class: class.into(),
                reason: reason.into(),
            };
            settled.push((id, dead));
        }
    }

    /// Sends operations and judges what became of them.
    async fn send(
        &self,
        sink: &JobSink,
        writer: &dyn Writer,
        counting: &mut Counting,
        (deliveries, sent_at): (Vec<Delivery>, i64),
        settled: &mut Settled,
    ) -> Result<(), End> {
        let (rows, operations) = split(deliveries);
        let mut outcomes = writer.deliver(&operations).await.into_iter();
        let mut batch = Batch::new(self.context, sink, counting, sent_at);
        for (row, operation) in rows.iter().zip(&operations) {
            let outcome = outcomes.next().unwrap_or_else(|| Outcome::Unknown {
                failure: Failure::new(Class::BrokenAnswer, "there was no outcome for it"),
            });
            settled.push((row.id, batch.settlement(row.attempts, operation, outcome)));
        }
        batch.tell().map_or(Ok(()), Err)
    }

    /// Asks after unknown outcomes.
    async fn ask(
        &self,
        sink: &JobSink,
        writer: &dyn Writer,
        counting: &mut Counting,
        deliveries: Vec<Delivery>,
        settled: &mut Settled,
    ) -> Result<(), End> {
        let (rows, operations) = split(deliveries);
        let answers = writer.find(&operations).await;
        let ids = rows.iter().map(|row| row.id);
        let answers = claims::settled(self.store, self.lease, ids, answers).await?;
        let mut answers = answers.into_iter();
        let now = self.context.now();
        let mut batch = Batch::new(self.context, sink, counting, now);
        for (row, operation) in rows.iter().zip(&operations) {
            let settlement = match answers.next().flatten() {
                Some(found) => batch.found(row, operation, found, now),
                None => match writer.repeatable_for() {
                    Some(known_for) => batch.repeated(writer, row, operation, known_for).await,
                    // It could not be asked: absence is not shown, so it is asked again.
                    None => batch.later(row, 10_000),
                },
            };
            settled.push((row.id, settlement));
        }
        batch.tell().map_or(Ok(()), Err)
    }
}

/// What writes to a sink out of the outbox.
fn writer_of(sink: &JobSink) -> Option<&dyn Writer> {
    match &sink.route {
        Route::Outbox(writer) => Some(writer.as_ref()),
        Route::Replace(_) | Route::Gauges(_) => None,
    }
}

/// The sink that an operation was made for: where it was, or wherever it has gone in the file.
fn place_of(sinks: &Writers<'_>, delivery: &Delivery) -> Option<usize> {
    let fits = |sink: &JobSink| {
        sink.name == delivery.operation.sink
            && sink.account == delivery.account
            && writer_of(sink).is_some()
    };
    let index = delivery.operation.sink_index;
    match sinks.get(index) {
        Some(sink) if fits(sink) => Some(index),
        _ => sinks.iter().position(|sink| fits(sink)),
    }
}

/// A row without its operation.
struct Sent {
    id: i64,
    attempts: u32,
    sent_at: i64,
}

fn split(deliveries: Vec<Delivery>) -> (Vec<Sent>, Vec<Operation>) {
    deliveries
        .into_iter()
        .map(|delivery| {
            let sent = Sent {
                id: delivery.id,
                attempts: delivery.attempts,
                sent_at: delivery.sent_at,
            };
            (sent, delivery.operation)
        })
        .unzip()
}

/// A batch whose outcomes are being judged.
struct Batch<'a> {
    context: &'a Context<'a>,
    sink: &'a JobSink,
    counting: &'a mut Counting,
    sent_at: i64,
    applied: u64,
    retried: u64,
    unknown: u64,
    failed: u64,
    end: Option<End>,
}

impl<'a> Batch<'a> {
    fn new(
        context: &'a Context<'a>,
        sink: &'a JobSink,
        counting: &'a mut Counting,
        sent_at: i64,
    ) -> Self {
        Self {
            context,
            sink,
            counting,
            sent_at,
            applied: 0,
            retried: 0,
            unknown: 0,
            failed: 0,
            end: None,
        }
    }

    /// What asking found means for an operation of unknown outcome.
    fn found(&mut self, row: &Sent, operation: &Operation, found: Found, now: i64) -> Settlement {
        match found {
            Found::There => {
                self.applied += 1;
                self.counting.sink(&self.sink.name).sent += 1;
                Settlement::Applied
            }
            Found::Made { receipt } => {
                self.applied += 1;
                self.counting.sink(&self.sink.name).created += 1;
                Settlement::Made { receipt }
            }
            Found::Sent { receipt } => {
                self.applied += 1;
                self.counting.sink(&self.sink.name).sent += 1;
                Settlement::Made { receipt }
            }
            Found::Begun { receipt } => {
                self.retried += 1;
                Settlement::Begun { receipt }
            }
            Found::Absent | Found::Among(_) => {
                match next_ask(row.sent_at, self.sink.visible_after_ms, now) {
                    None => {
                        self.retried += 1;
                        let tired = row.attempts.is_multiple_of(TRIES);
                        let wait = if tired { NEXT_RUN } else { 0 };
                        Settlement::Again { at: now + wait }
                    }
                    Some(at) => {
                        self.unknown += 1;
                        Settlement::Ask { at }
                    }
                }
            }
            Found::Unknowable => self.held(operation),
        }
    }

    /// Sends once more what nobody can be asked after, as long as the service knows it again. It
    /// stays of unknown outcome since it was first sent, so that a crash on the way changes
    /// nothing; after that time it is held.
    async fn repeated(
        &mut self,
        writer: &dyn Writer,
        row: &Sent,
        operation: &Operation,
        known_for: i64,
    ) -> Settlement {
        let since = self.context.now().saturating_sub(row.sent_at);
        if since >= known_for.saturating_sub(MARGIN) {
            return self.held(operation);
        }
        let outcome = writer.deliver(std::slice::from_ref(operation)).await.pop();
        match outcome {
            Some(Outcome::Unknown { failure } | Outcome::NotApplied { failure }) => {
                if failure.ends_the_run() {
                    self.end.get_or_insert(failure.into());
                }
                self.later(row, since.clamp(1_000, 60_000))
            }
            Some(outcome) => self.settlement(row.attempts, operation, outcome),
            None => self.later(row, 10_000),
        }
    }

    /// It is not settled, and tried again after so many milliseconds, or in another run where this
    /// one has waited long enough.
    fn later(&mut self, row: &Sent, wait: i64) -> Settlement {
        self.unknown += 1;
        let now = self.context.now();
        let last = row.sent_at.saturating_add(self.sink.visible_after_ms);
        let tired = now > last.saturating_add(PATIENCE);
        let wait = if tired { NEXT_RUN } else { wait };
        Settlement::Ask { at: now + wait }
    }

    /// What becomes of an operation of which nobody can tell whether it was applied.
    fn held(&mut self, operation: &Operation) -> Settlement {
        const CLASS: &str = "unknown";
        self.failed += 1;
        let reason = "there was no answer: it may have been applied, and nobody can be asked";
        let skipped = self.sink.on_error == OnError::Skip;
        let place = (&operation.record, Some(&self.sink.name));
        let said = (CLASS, reason);
        self.counting
            .dead(self.context, place.0, place.1, said, skipped);
        if self.sink.on_error == OnError::Stop {
            self.end.get_or_insert(End::Stopped {
                reason: format!("{}: {reason}", public_name(&operation.record)),
            });
        }
        if skipped {
            return Settlement::Skipped;
        }
        Settlement::Dead {
            class: CLASS.into(),
            reason: reason.into(),
        }
    }

    fn settlement(&mut self, attempts: u32, operation: &Operation, outcome: Outcome) -> Settlement {
        match outcome {
            Outcome::Applied(how) => {
                self.applied += 1;
                let counts = self.counting.sink(&self.sink.name);
                match how {
                    Applied::Created => counts.created += 1,
                    Applied::Updated => counts.updated += 1,
                    Applied::Sent => counts.sent += 1,
                }
                Settlement::Applied
            }
            Outcome::Made { receipt } => {
                self.applied += 1;
                self.counting.sink(&self.sink.name).created += 1;
                Settlement::Made { receipt }
            }
            Outcome::Begun { receipt } => Settlement::Begun { receipt },
            Outcome::Gone => {
                self.applied += 1;
                self.counting.sink(&self.sink.name).updated += 1;
                Settlement::Gone
            }
            Outcome::Unmatched => {
                self.counting.summary.unmatched += 1;
                Settlement::Unmatched
            }
            Outcome::Rejected { failure } => self.rejected(operation, failure),
            Outcome::NotApplied { failure } => self.again(attempts, failure),
            Outcome::Unknown { failure } if operation.policy == Policy::Latest => {
                self.again(attempts, failure)
            }
            Outcome::Unknown { failure } => {
                self.unknown += 1;
                if failure.ends_the_run() {
                    self.end.get_or_insert(failure.into());
                }
                let now = self.context.now();
                let at = next_ask(self.sent_at, self.sink.visible_after_ms, now);
                Settlement::Ask {
                    at: at.unwrap_or(now),
                }
            }
        }
    }

    fn rejected(&mut self, operation: &Operation, failure: Failure) -> Settlement {
        self.failed += 1;
        let skipped = self.sink.on_error == OnError::Skip;
        self.counting.dead(
            self.context,
            &operation.record,
            Some(&self.sink.name),
            ("rejected", &failure.message),
            skipped,
        );
        if self.sink.on_error == OnError::Stop {
            self.end.get_or_insert(End::Stopped {
                reason: format!("{}: {}", public_name(&operation.record), failure.message),
            });
        }
        if skipped {
            return Settlement::Skipped;
        }
        Settlement::Dead {
            class: "rejected".into(),
            reason: failure.message,
        }
    }

    fn again(&mut self, attempts: u32, failure: Failure) -> Settlement {
        self.retried += 1;
        let now = self.context.now();
        if failure.ends_the_run() {
            self.end.get_or_insert(failure.into());
            return Settlement::Again { at: now };
        }
        // Counted over runs, so that each run tries a few times.
        if (attempts + 1).is_multiple_of(TRIES) {
            if failure.class == Class::Unreachable {
                self.end.get_or_insert(failure.into());
                return Settlement::Again { at: now };
            }
            return Settlement::Again { at: now + NEXT_RUN };
        }
        let wait = again_in(&failure, attempts % TRIES, self.context.random);
        Settlement::Again { at: now + wait }
    }

    fn tell(self) -> Option<End> {
        self.context.observer.told(RunEvent::Delivered {
            sink: self.sink.name.to_string(),
            applied: self.applied,
            retried: self.retried,
            unknown: self.unknown,
            failed: self.failed,
        });
        self.end
    }
}
