//! What a run did, as `run --format json` gives it.

use indexmap::IndexMap;
use serde::Serialize;

/// The members that scripts rely on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The pipeline.
    pub pipeline: String,
    /// Records read, those that could not be read among them.
    pub read: u64,
    /// Records that came through the pipeline's own transforms and were taken by a sink.
    pub kept: u64,
    /// Records that no sink got anything of, because a step or a `when` let them go: as many as
    /// `plan` lists.
    pub dropped: u64,
    /// Records without an identity for a sink, and operations whose contact is not there.
    pub unmatched: u64,
    /// By which identity records were matched.
    pub matched: Matched,
    /// What became of the operations of each sink.
    pub operations: IndexMap<String, SinkCounts>,
    /// New dead letters.
    pub dead_letters: u64,
    /// Operations that are not settled.
    pub unsettled: u64,
    /// Where the next run goes on: text, or an object by source where there are several; null
    /// where there is none.
    pub cursor: serde_json::Value,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// Records by the identity that matched them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matched {
    /// By e-mail.
    pub email: u64,
    /// By an id of ours.
    pub ext_id: u64,
    /// By Brevo's id.
    pub contact_id: u64,
    /// By telephone number.
    pub phone: u64,
}

/// What became of the operations of a sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SinkCounts {
    /// Something new was made.
    pub created: u64,
    /// Something there was changed.
    pub updated: u64,
    /// Nothing was to be done.
    pub unchanged: u64,
    /// A message was sent.
    pub sent: u64,
    /// Older than `backfill` lets through: marked as known. In JSON the events of the commits
    /// tell it (`marked_known`).
    #[serde(skip)]
    pub too_old: u64,
}
