//! Lanes: what one process at a time works on, in order.

use std::sync::Arc;

/// A pipeline, or one of its shards.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lane {
    /// The pipeline's name.
    pub pipeline: Arc<str>,
    /// The shard, from 0.
    pub shard: u32,
}

impl Lane {
    /// The only shard of a pipeline.
    pub fn of(pipeline: impl Into<Arc<str>>) -> Self {
        Self {
            pipeline: pipeline.into(),
            shard: 0,
        }
    }
}

/// The right to change a lane: for 60 s from when it was claimed or last extended, and after
/// that until somebody else claims it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The lane.
    pub lane: Lane,
    /// The lane's number in this state.
    pub number: i64,
    /// Grows with each claim; what carries an older one is refused.
    pub fence: i64,
}

/// What came of asking for a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours.
    Granted(Lease),
    /// Another process has it.
    Held {
        /// The process, as it described itself.
        holder: String,
        /// How long its lease still runs, in milliseconds.
        remaining_ms: i64,
    },
}

/// Where a pipeline began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Where its first run started reading, in epoch milliseconds; none: from the beginning.
    pub floor: Option<i64>,
    /// When its first run began, in epoch milliseconds.
    pub first_run: i64,
    /// The pipeline whose origin was taken over, because its events are ours (a renamed file).
    pub taken_over_from: Option<String>,
}

/// A scope of keys within a remote account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScopeOf {
    /// The remote account; empty where there is none.
    pub account: Arc<str>,
    /// See [`crate::operation::Operation::scope`].
    pub scope: Arc<str>,
}

/// A run that has ended, for `status` and for comparing the next one with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunRecord {
    /// When it began, in epoch milliseconds.
    pub started_at: i64,
    /// When it ended, in epoch milliseconds.
    pub ended_at: i64,
    /// How it ended, in one word: `done`, `dead_letters`, `failed`, `interrupted` …
    pub result: String,
    /// How many records it read.
    pub read: u64,
    /// True where it read from a cursor on, so that few records are no surprise.
    pub incremental: bool,
    /// Its summary as JSON.
    pub summary: String,
}
