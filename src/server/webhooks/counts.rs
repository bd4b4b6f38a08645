//! What came of deliveries, by connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What came of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It is kept.
    Stored,
    /// It was kept before.
    Duplicate,
    /// It carries no signature of ours.
    Unsigned,
    /// It is not JSON, or did not come whole.
    Malformed,
    /// It is larger than what is taken.
    Oversized,
    /// There is no such connection.
    Unknown,
    /// It could not be kept.
    Full,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Stored,
        Self::Duplicate,
        Self::Unsigned,
        Self::Malformed,
        Self::Oversized,
        Self::Unknown,
        Self::Full,
    ];

    /// Its name, as the metrics have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::Unsigned => "unsigned",
            Self::Malformed => "malformed",
            Self::Oversized => "oversized",
            Self::Unknown => "unknown",
            Self::Full => "full",
        }
    }
}

/// Counters by connection and outcome. Names come from the project, never from a request.
#[derive(Debug, Default)]
pub struct Counts(Mutex<BTreeMap<Arc<str>, BTreeMap<Outcome, u64>>>);

impl Counts {
    /// Makes a connection's counters, at 0.
    pub(super) fn know(&self, connection: &Arc<str>) {
        self.change(|counts| {
            let of_connection = counts.entry(Arc::clone(connection)).or_default();
            for outcome in Outcome::ALL {
                of_connection.entry(outcome).or_default();
            }
        });
    }

    /// Counts one.
    pub(super) fn count(&self, connection: &Arc<str>, outcome: Outcome) {
        self.change(|counts| {
            *counts
                .entry(Arc::clone(connection))
                .or_default()
                .entry(outcome)
                .or_default() += 1;
        });
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(Arc<str>, Outcome, u64)> {
        let mut all = Vec::new();
        self.change(|counts| {
            for (connection, outcomes) in counts {
                for (outcome, count) in outcomes {
                    all.push((Arc::clone(connection), *outcome, *count));
                }
            }
        });
        all
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<Arc<str>, BTreeMap<Outcome, u64>>)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
