//! Writing contacts: one upsert each, some at a time.

mod body;
mod foresee;
mod lists;
mod write;

pub use foresee::{ContactReader, FieldChange, Foreseen, Standing};
pub(super) use lists::ListBook;
pub use lists::create_lists;
pub(super) use write::percent_encoded;
pub(super) use write::{Shown, is_same, path, text};

use std::sync::Arc;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use jiff::tz::TimeZone;

use super::account::AccountFacts;
use super::gate::Gate;
use super::session::Session;
use super::spec::Contacts;
use crate::connectors::{Found, Outcome, Writer};
use crate::http::{Class, Failure};
use crate::operation::Operation;
use crate::record::Value;

/// How many contacts are written at once: enough to reach the rate of each plan at a usual delay.
const AT_ONCE: usize = 8;
/// How many operations are settled together.
const BATCH: usize = 40;

/// Writes contacts of one sink.
pub struct ContactWriter {
    session: Arc<Session>,
    account: Arc<AccountFacts>,
    lists: ListBook,
    zone: TimeZone,
}

impl ContactWriter {
    /// A writer to an account that has the attributes that the sink writes; days are those of
    /// `zone`.
    #[must_use]
    pub fn new(
        session: Arc<Session>,
        account: Arc<AccountFacts>,
        sink: &Contacts,
        zone: TimeZone,
    ) -> Self {
        let create_lists = sink.create_lists.then(|| sink.folder.clone());
        Self::with(session, account, create_lists, zone)
    }

    fn with(
        session: Arc<Session>,
        account: Arc<AccountFacts>,
        create_lists: Option<Option<Value>>,
        zone: TimeZone,
    ) -> Self {
        Self {
            lists: ListBook::new(Arc::clone(&session), account.lists.clone(), create_lists),
            session,
            account,
            zone,
        }
    }

    async fn deliver_all(&self, operations: &[Operation]) -> Vec<Outcome> {
        let gate = Gate::default();
        let mut writes = Vec::with_capacity(operations.len());
        for (index, operation) in operations.iter().enumerate() {
            writes.push(self.one(index, operation, &gate));
        }
        // The outbox holds one operation a contact: their order among contacts is free, and one
        // that takes long holds no other up.
        let mut done: Vec<(usize, Outcome)> = futures::stream::iter(writes)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        done.sort_unstable_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, outcome)| outcome).collect()
    }

    async fn one(&self, index: usize, operation: &Operation, gate: &Gate) -> (usize, Outcome) {
        if let Some(failure) = gate.closed() {
            return (index, Outcome::NotApplied { failure });
        }
        let outcome = self.write(operation).await.unwrap_or_else(|failure| {
            gate.see(&failure);
            outcome(failure)
        });
        (index, outcome)
    }
}

impl Writer for ContactWriter {
    fn batch_size(&self) -> usize {
        BATCH
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(self.deliver_all(operations))
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        // Writing a contact twice is writing it once: what is unknown is written again.
        Box::pin(async move { vec![Some(Found::Absent); operations.len()] })
    }
}

/// What became of a contact that was not written.
fn outcome(failure: Failure) -> Outcome {
    if failure.is_retryable() || failure.ends_the_run() {
        // Also what may have been applied: writing a contact twice is writing it once.
        return Outcome::NotApplied { failure };
    }
    Outcome::Rejected { failure }
}

/// Something that will never work as it is; `message` holds no value of the record.
pub(super) fn rejected(message: impl Into<String>) -> Failure {
    Failure::new(Class::Rejected, format!("Brevo: {}", message.into()))
        .help("check the record and the sink")
}

#[cfg(test)]
mod tests;
