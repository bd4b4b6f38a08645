//! Time, passed in: every test of waiting, retrying and crashing depends on it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

/// What time it is, and waiting.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Ends when so much time has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// A clock for tests: it stands still until something sleeps, which moves it at once.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<ManualState>,
}

#[derive(Debug)]
struct ManualState {
    now: Timestamp,
    slept: Vec<Duration>,
}

impl ManualClock {
    /// A clock that stands at a time.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self {
            state: Mutex::new(ManualState {
                now,
                slept: Vec::new(),
            }),
        }
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = later(state.now, by);
    }

    /// How long each sleep so far was, in order.
    #[must_use]
    pub fn slept(&self) -> Vec<Duration> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.slept.clone()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .now
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = later(state.now, duration);
        state.slept.push(duration);
        // Others get their turn, as they would while a real clock runs.
        Box::pin(tokio::task::yield_now())
    }
}

/// A time so much later; the end of time where it lies beyond.
#[must_use]
pub fn later(time: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| time.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

/// How long until a time; zero where it has passed.
#[must_use]
pub fn until(now: Timestamp, time: Timestamp) -> Duration {
    Duration::try_from(time.duration_since(now)).unwrap_or_default()
}
