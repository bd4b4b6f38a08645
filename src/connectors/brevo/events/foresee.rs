//! How many calls sending events takes, by the same rules as sending them.

use jiff::tz::TimeZone;

use super::{BATCH, Encoded, chunks, encode, sooner_one_by_one};
use crate::connectors::brevo::account::AccountFacts;
use crate::connectors::brevo::session::{EVENTS, OTHER, Session};
use crate::operation::Operation;

/// How many calls events take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCalls {
    /// Events that go one by one.
    pub singles: u64,
    /// Batches.
    pub batches: u64,
}

impl EventCalls {
    /// By endpoint family.
    #[must_use]
    pub const fn by_family(self) -> [(&'static str, u64); 2] {
        [(EVENTS, self.singles), (OTHER, self.batches)]
    }
}

/// The calls that events take which come to be sent together, by what is left of the quotas now.
#[must_use]
pub fn event_calls(
    session: &Session,
    account: &AccountFacts,
    zone: &TimeZone,
    together: &[&Operation],
) -> EventCalls {
    let mut calls = EventCalls::default();
    for rows in together.chunks(BATCH) {
        // What Brevo would never take is not sent.
        let events = rows.iter().enumerate().filter_map(|(index, operation)| {
            let json = encode::event(operation, account, zone).ok()?;
            Some(Encoded {
                index,
                operation,
                json,
            })
        });
        for chunk in chunks(events.collect()) {
            if sooner_one_by_one(session, chunk.len()) {
                calls.singles += chunk.len() as u64;
            } else {
                calls.batches += 1;
            }
        }
    }
    calls
}
