//! What one page adds to the state, and what becomes of each of its operations.

use std::sync::Arc;

use super::{Gauge, Group, GroupId, NewDeadLetter};
use crate::connectors::{Cursor, Known};
use crate::operation::Operation;

/// Everything of one page, made durable at once.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Where each source goes on, by the source's name in the pipeline.
    pub cursors: Vec<(Arc<str>, Cursor)>,
    /// What holds for the operations of each sink, by [`Operation::sink_index`].
    pub sinks: Arc<[SinkTerms]>,
    /// The operations, in the order they were made.
    pub operations: Vec<Operation>,
    /// What could not be read or transformed.
    pub dead_letters: Vec<NewDeadLetter>,
    /// Dead letters of records that went through the pipeline again and are thereby gone.
    pub retried: Vec<i64>,
    /// What `status` counts.
    pub facts: Vec<Fact>,
    /// Groups that an aggregate made and the last run did not have.
    pub groups: Vec<Group>,
    /// Groups of the last run that are gone, or cannot be read any more.
    pub gone: Vec<GroupId>,
    /// All gauges of the pipeline, in the place of those before; none leaves them as they are.
    pub gauges: Option<Vec<Gauge>>,
    /// What sources are to know in later runs.
    pub known: Vec<SourceKnown>,
    /// `known` counts only with the commit that says `settles`: what was made of the page is held
    /// until the sources have ended.
    pub waits: bool,
    /// What waited counts from now on.
    pub settles: bool,
    /// Held back until [`super::Store::held`] decides, as a guard wants it; then `cursors` and
    /// `gone` must be empty.
    pub hold: bool,
    /// When, in epoch milliseconds.
    pub now: i64,
}

/// What a source is to know in later runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceKnown {
    /// The source's name in the pipeline.
    pub source: Arc<str>,
    /// What it is to know.
    pub known: Known,
}

/// What holds for the operations of one sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkTerms {
    /// The remote account that they go to; empty where there is none.
    pub account: Arc<str>,
    /// What happened before this and can't be taken back is marked as known instead of sent:
    /// epoch milliseconds; none: all is sent.
    pub known_before: Option<i64>,
}

/// What became of an operation of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It waits to be delivered.
    Queued(Change),
    /// The ledger knows the very same.
    Unchanged,
    /// It can be sent only once, and has been, or will be.
    Known,
    /// A newer one of its key is known.
    Older,
    /// It happened before the pipeline's first run: marked as known, never to be sent.
    MarkedKnown,
}

/// How a queued operation differs from what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Nothing of its key was known.
    New,
    /// Something else was known.
    Changed,
}

/// One thing that `status` counts; only its keyed hash is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// An issue that the pipelines know.
    Issue(Arc<str>),
    /// A project that such an issue lies in.
    Project(Arc<str>),
    /// The key of a contact's operation that holds an identity of a Jira user.
    Linked(Arc<str>),
}
