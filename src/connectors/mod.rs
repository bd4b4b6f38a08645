//! The services: what a source or sink asks for (`spec`, pure) and how it is done on the wire.
//!
//! The engine knows sources as streams of [`Page`]s and sinks as [`Writer`]s of operations; which
//! service is behind them is not its business. What can write is a type of its own, so that a
//! plan cannot reach it.

pub mod brevo;
mod delivered;
pub mod file;
pub mod http;
pub mod jira;
mod keyed;
mod memory;
pub mod metrics;
mod oauth;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::http::Failure;
use crate::operation::{Operation, Receipt};
use crate::record::{Record, Value};
use crate::transform::Question;

pub use delivered::{Delivered, Deliveries, Mark};

pub use memory::{Known, Memory, NoMemory};

/// Where a source goes on: written and read by the source alone, kept by the state.
///
/// A cursor holds only the service's own time and ids, never a local clock's.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cursor(pub String);

/// A page of records and the cursor that is right once they are committed.
#[derive(Debug, Default)]
pub struct Page {
    /// The records in the source's order.
    pub records: Vec<Record>,
    /// What could not be read, which becomes dead letters.
    pub bad: Vec<BadRecord>,
    /// Where the next run goes on once all before it is committed; none: as it was.
    pub cursor: Option<Cursor>,
    /// What the source is to know of things in later runs, once all before it is committed.
    pub known: Vec<Known>,
    /// Things a person must be told (a comment page that was cut), in one sentence each.
    pub notices: Vec<String>,
}

/// One element of a page that could not be read as a record.
#[derive(Debug, Clone)]
pub struct BadRecord {
    /// What a person knows it by, as far as it could be read.
    pub name: Arc<str>,
    /// Why; holds no value of the record.
    pub reason: String,
}

/// From where a source reads.
#[derive(Clone, Debug)]
pub struct Start {
    /// Where the last run ended; none at the first.
    pub cursor: Option<Cursor>,
    /// `since:` or `--since`, where there is no cursor: epoch milliseconds.
    pub since: Option<i64>,
    /// All changes since this time belong to the pipeline: epoch milliseconds.
    pub floor: Option<i64>,
    /// `--jql`: narrows the source's own query.
    pub narrow: Option<String>,
    /// At most so many records.
    pub limit: Option<u64>,
}

/// A source being read: pulled, one page at a time.
pub trait Source: Send {
    /// The next page; none after the last.
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Page>, Failure>>;
}

/// What can write to a destination.
pub trait Writer: Send + Sync {
    /// How many operations [`Writer::deliver`] takes at once, at least 1.
    fn batch_size(&self) -> usize;

    /// Sends operations; answers one outcome for each, in order. A payload of null asks only that
    /// [`Operation::unites`] be added to what the key has.
    ///
    /// A rejected batch has been split down to the bad record when this returns. Retries of what
    /// is certainly not applied have been made within reason; unknown outcomes are not repeated.
    /// An operation has the receipt that the ledger keeps for its key.
    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>>;

    /// Asks the service which of these operations of unknown outcome it has applied: one answer
    /// for each, in order; none where it could not be asked now.
    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>>;

    /// For how long after a first request the service itself sees to it that a repetition has no
    /// effect, in milliseconds; none where it does not. Within it, what cannot be asked after is
    /// settled by sending it again; after it, it is held.
    fn repeatable_for(&self) -> Option<i64> {
        None
    }
}

/// What look-ups ask; it only reads.
pub trait Lookups: Send + Sync {
    /// What each finds, in order; none: there is nothing. No question is there twice.
    fn ask<'a>(
        &'a self,
        questions: &'a [Question],
    ) -> BoxFuture<'a, Result<Vec<Option<Value>>, Failure>>;
}

/// What is replaced whole by each run.
pub trait Replacing: Send + Sync {
    /// Adds operations, aside of what is there.
    fn add<'a>(&'a mut self, operations: &'a [Operation]) -> BoxFuture<'a, Result<(), Failure>>;

    /// Puts what was added in the place of what was there, also where nothing was.
    fn replace(&mut self) -> BoxFuture<'_, Result<(), Failure>>;
}

/// What became of an operation that was sent.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Applied.
    Applied(Applied),
    /// Applied: something new was made that later operations of the key will have to name.
    Made {
        /// What the service calls it.
        receipt: Receipt,
    },
    /// A part was applied and is not to be made again: the receipt is kept before the operation is
    /// delivered once more, with it.
    Begun {
        /// What the service calls that part.
        receipt: Receipt,
    },
    /// What an earlier operation of the key made is there no more.
    Gone,
    /// The service has no such contact and the sink creates none: counted, not an error.
    Unmatched,
    /// It will never work as it is: a dead letter.
    Rejected {
        /// Why, in the service's words where it gave some.
        failure: Failure,
    },
    /// Certainly not applied; another try may work.
    NotApplied {
        /// What stood in the way; decides whether the run ends.
        failure: Failure,
    },
    /// It may have been applied: it must be settled before it may be sent again.
    Unknown {
        /// What happened to the answer.
        failure: Failure,
    },
}

/// How an operation was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applied {
    /// Something new was made.
    Created,
    /// Something there was changed.
    Updated,
    /// A message was sent.
    Sent,
}

/// What asking after an unknown outcome found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Found {
    /// It has been applied.
    There,
    /// It has been applied, and this is what the service calls what it made.
    Made {
        /// See [`Outcome::Made`].
        receipt: Receipt,
    },
    /// It has been sent, and this is what the service calls it.
    Sent {
        /// See [`Outcome::Made`].
        receipt: Receipt,
    },
    /// A part has been applied: see [`Outcome::Begun`].
    Begun {
        /// What the service calls that part.
        receipt: Receipt,
    },
    /// Each of these may be it, the likeliest first: it is the first that is no other operation's.
    /// Where each is another's, it is not there.
    Among(Vec<Self>),
    /// It is not there.
    Absent,
    /// Nobody can tell: it is held, and never sent again by itself.
    Unknowable,
}

impl Found {
    /// What the service calls what was found.
    #[must_use]
    pub const fn receipt(&self) -> Option<&Receipt> {
        match self {
            Self::Made { receipt } | Self::Sent { receipt } | Self::Begun { receipt } => {
                Some(receipt)
            }
            Self::There | Self::Among(_) | Self::Absent | Self::Unknowable => None,
        }
    }
}

/// Sends operations one after the other. Once a failure ends the run, the rest is not sent.
async fn in_turn<'o, F: Future<Output = Outcome>>(
    operations: &'o [Operation],
    one: impl Fn(&'o Operation) -> F,
) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(operations.len());
    let mut ended: Option<Failure> = None;
    for operation in operations {
        let outcome = match &ended {
            Some(failure) => Outcome::NotApplied {
                failure: failure.clone(),
            },
            None => one(operation).await,
        };
        if let Outcome::NotApplied { failure } = &outcome
            && failure.ends_the_run()
        {
            ended = Some(failure.clone());
        }
        outcomes.push(outcome);
    }
    outcomes
}
