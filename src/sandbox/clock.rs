//! The sandbox's time: the caller's clock, which control requests may shift or fix.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The clock that the sandbox was given.
pub(super) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How the sandbox's time follows the clock that it was given.
#[derive(Debug, Clone, Copy)]
enum Mode {
    /// Runs with the clock, this many milliseconds ahead of it.
    Shifted(i64),
    /// Stands at this time, in epoch milliseconds.
    Fixed(i64),
}

/// The time that both services go by, in epoch milliseconds.
pub(super) struct SandboxClock {
    clock: Clock,
    mode: Mutex<Mode>,
}

impl SandboxClock {
    /// A clock that runs with the given one.
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            mode: Mutex::new(Mode::Shifted(0)),
        }
    }

    /// The time, in epoch milliseconds.
    pub(super) fn now(&self) -> i64 {
        match *self.mode.lock().unwrap_or_else(PoisonError::into_inner) {
            Mode::Shifted(ahead) => (self.clock)().as_millisecond().saturating_add(ahead),
            Mode::Fixed(at) => at,
        }
    }

    /// Moves the time by this many milliseconds; a fixed time stays fixed.
    pub(super) fn advance(&self, by: i64) {
        let mut mode = self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        *mode = match *mode {
            Mode::Shifted(ahead) => Mode::Shifted(ahead.saturating_add(by)),
            Mode::Fixed(at) => Mode::Fixed(at.saturating_add(by)),
        };
    }

    /// Stops the time at this one, in epoch milliseconds.
    pub(super) fn fix(&self, at: i64) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = Mode::Fixed(at);
    }

    /// Lets the time run with the caller's clock again.
    pub(super) fn release(&self) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = Mode::Shifted(0);
    }
}

/// The zone of the caller's Jira profile, in which Jira reads and writes dates. Deliberately not
/// UTC, and one with daylight saving.
pub(super) const PROFILE_ZONE: &str = "America/Los_Angeles";

/// [`PROFILE_ZONE`] as a zone. Where the machine has no time zone database, the zone's winter
/// offset stands in.
pub(super) fn profile_zone() -> TimeZone {
    TimeZone::get(PROFILE_ZONE).unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(-8)))
}

/// Epoch milliseconds as a timestamp; what lies outside the calendar is the epoch.
pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `2026-11-24T10:15:30.123Z`.
pub(super) fn utc(milliseconds: i64) -> String {
    timestamp(milliseconds)
        .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        .to_string()
}
