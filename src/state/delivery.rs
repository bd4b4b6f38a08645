//! The way of an operation from the outbox to its destination.

use std::sync::Arc;

use crate::connectors::Cursor;
use crate::operation::{Operation, Receipt};

/// What waits in a lane's outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// What may be worked on now, in the order it was queued: at most one row of a key, and none
    /// that waits for an earlier sink's row of the same subject.
    pub rows: Vec<DueRow>,
    /// Where there are no rows: when the next one is due, in epoch milliseconds.
    pub next_at: Option<i64>,
    /// Where there are no rows: how many are not settled, all of them waiting.
    pub unsettled: u64,
}

/// A row of the outbox, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueRow {
    /// The row.
    pub id: i64,
    /// See [`Operation::sink_index`].
    pub sink_index: usize,
    /// Whether it is to be sent or asked after.
    pub state: RowState,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowState {
    /// To be sent.
    Pending,
    /// Being sent.
    Sending,
    /// Sent, with an unknown outcome: to be asked after.
    Unknown,
}

/// A row of the outbox with its operation.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The row.
    pub id: i64,
    /// How often it was sent before.
    pub attempts: u32,
    /// When it was last sent, in epoch milliseconds; 0: never.
    pub sent_at: i64,
    /// The remote account that it was made for; empty where there is none.
    pub account: Arc<str>,
    /// What to do. A payload of null asks only that [`Operation::unites`] be added: an older
    /// record brought a member that the key did not have, and a newer record's state is there.
    pub operation: Operation,
}

/// What became of a row that was sent or asked after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is applied: its payload is gone, the ledger knows it.
    Applied,
    /// As applied; what came of it is kept for later operations of the key.
    Made {
        /// See [`crate::operation::Operation::receipt`].
        receipt: Receipt,
    },
    /// As applied; what came of earlier operations of the key is there no more.
    Gone,
    /// A part is applied, and what came of it is kept: the row is to be sent again at once.
    Begun {
        /// See [`crate::operation::Operation::receipt`].
        receipt: Receipt,
    },
    /// There is nobody to apply it to: as if it had never been.
    Unmatched,
    /// It goes nowhere and is no dead letter (`on_error: skip`).
    Skipped,
    /// It became a dead letter.
    Dead {
        /// What kind of trouble, in one word.
        class: String,
        /// What happened.
        reason: String,
    },
    /// It is certainly not applied: to be sent again from then on, in epoch milliseconds.
    Again {
        /// When.
        at: i64,
    },
    /// It may have been applied: to be asked after from then on, in epoch milliseconds.
    Ask {
        /// When.
        at: i64,
    },
}

/// What becomes of what a guard holds back.
#[derive(Clone, Debug)]
pub enum Held {
    /// It is delivered, and the sources go on from here.
    Deliver {
        /// As [`super::Commit::cursors`].
        cursors: Vec<(Arc<str>, Cursor)>,
    },
    /// It never was.
    Discard,
}

/// What a guard compares, for one scope of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// The scope.
    pub scope: super::ScopeOf,
    /// Operations held back.
    pub held: u64,
    /// Keys that the ledger knows.
    pub known: u64,
}
