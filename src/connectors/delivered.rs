//! What services delivered to us, as a source reads it.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::http::Failure;

/// One delivery.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// Its number, growing.
    pub number: i64,
    /// What tells it from all others of its connection.
    pub identifier: Arc<str>,
    /// When it was accepted, in epoch milliseconds.
    pub accepted_at: i64,
    /// The body as it came: JSON.
    pub body: Arc<str>,
}

/// The deliveries of one connection.
pub trait Deliveries: Send + Sync {
    /// Those after a number, oldest first: some, or none where there are no more.
    fn after(&self, number: i64) -> BoxFuture<'_, Result<Vec<Delivered>, Failure>>;
}

/// Where a source of deliveries goes on: the number of the last one it has read, and the floor of
/// its records where the source has one of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The last delivery that was read.
    pub number: i64,
    /// When the first one happened, in epoch milliseconds.
    pub floor: Option<i64>,
}

impl Mark {
    /// Reads a cursor: `12`, `12@1795514400000`.
    #[must_use]
    pub fn read(cursor: &str) -> Option<Self> {
        let (number, floor) = match cursor.split_once('@') {
            Some((number, floor)) => (number, Some(floor.parse().ok()?)),
            None => (cursor, None),
        };
        Some(Self {
            number: number.parse().ok()?,
            floor,
        })
    }

    /// As a cursor.
    #[must_use]
    pub fn cursor(self) -> super::Cursor {
        super::Cursor(match self.floor {
            Some(floor) => format!("{}@{floor}", self.number),
            None => self.number.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Mark;

    #[test]
    fn a_mark_is_read_as_it_is_written() {
        for mark in [
            Mark::default(),
            Mark {
                number: 12,
                floor: Some(1_795_514_400_000),
            },
        ] {
            assert_eq!(Mark::read(&mark.cursor().0), Some(mark));
        }
        for other in ["", "a", "1@", "1@a", "2026-11-24"] {
            assert_eq!(Mark::read(other), None, "{other}");
        }
    }
}
