//! How fast calls of one endpoint family may follow one another: GCRA with burst 1, the ceiling
//! from each answer's headers, additive increase, multiplicative decrease.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// At most this share of a limit is used: the services' windows are fixed, ours are not theirs.
const SHARE: f64 = 0.98;
/// The windows that services count in, in seconds.
const WINDOWS: [f64; 3] = [1.0, 60.0, 3600.0];
/// How much slower than its ceiling a family may become.
const SLOWEST: f64 = 64.0;

/// What an answer's headers say of a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LimitSeen {
    /// How many calls a window takes.
    pub limit: Option<u64>,
    /// How many are left in this one.
    pub remaining: Option<u64>,
    /// When the next one begins.
    pub reset: Option<Duration>,
}

/// The pace of each family of one credential.
#[derive(Debug, Default)]
pub struct Pacer {
    families: Mutex<HashMap<&'static str, Pace>>,
}

#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Between two calls at the ceiling, in microseconds; 0: no limit is known.
    floor_us: f64,
    /// How much slower than the ceiling it goes now, from 1.
    slower: f64,
    /// The window that the headers count in, in seconds; grows only.
    window: f64,
    /// When the next call may start, in microseconds of the epoch.
    next_us: i64,
}

impl Pacer {
    /// Starts a family at a documented limit: so many calls in a window of so many seconds.
    pub fn documented(&self, family: &'static str, calls: f64, window: f64) {
        self.with(family, |pace| {
            pace.floor_us = window * 1e6 / (calls * SHARE);
        });
    }

    /// Takes the next slot of a family: how long to wait for it.
    pub fn reserve(&self, family: &'static str, now_us: i64) -> Duration {
        self.with(family, |pace| {
            let slot = pace.next_us.max(now_us);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "at most hours in microseconds"
            )]
            let interval = (pace.floor_us * pace.slower) as i64;
            pace.next_us = slot.saturating_add(interval);
            Duration::from_micros(u64::try_from(slot.saturating_sub(now_us)).unwrap_or_default())
        })
    }

    /// Nobody calls the family before so long: its service asked for it.
    pub fn pause(&self, family: &'static str, now_us: i64, wait: Duration) {
        self.with(family, |pace| {
            let until = now_us.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
            pace.next_us = pace.next_us.max(until);
            pace.slower = (pace.slower * 2.0).min(SLOWEST);
        });
    }

    /// An answer that was no refusal, and what its headers say.
    pub fn answered(&self, family: &'static str, now_us: i64, seen: Option<LimitSeen>) {
        self.with(family, |pace| {
            pace.slower = (pace.slower - 0.05).max(1.0);
            let Some(seen) = seen else { return };
            if let (Some(limit), Some(reset)) = (seen.limit, seen.reset)
                && limit > 0
            {
                let fits = WINDOWS
                    .into_iter()
                    .find(|window| reset.as_secs_f64() <= *window);
                pace.window = pace.window.max(fits.unwrap_or(reset.as_secs_f64()));
                #[expect(clippy::cast_precision_loss, reason = "limits are small")]
                let calls = limit as f64;
                pace.floor_us = pace.window * 1e6 / (calls * SHARE);
            }
            if let (Some(0), Some(reset)) = (seen.remaining, seen.reset) {
                let until =
                    now_us.saturating_add(i64::try_from(reset.as_micros()).unwrap_or(i64::MAX));
                pace.next_us = pace.next_us.max(until);
            }
        });
    }

    fn with<T>(&self, family: &'static str, change: impl FnOnce(&mut Pace) -> T) -> T {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Pace {
            floor_us: 0.0,
            slower: 1.0,
            window: 0.0,
            next_us: 0,
        };
        change(families.entry(family).or_insert(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_spaced_below_the_limit_that_the_headers_state() {
        let pacer = Pacer::default();
        pacer.documented("contacts", 10.0, 1.0);
        assert_eq!(pacer.reserve("contacts", 0), Duration::ZERO);
        assert_eq!(pacer.reserve("contacts", 0).as_millis(), 102);
        let seen = LimitSeen {
            limit: Some(60),
            remaining: Some(50),
            reset: Some(Duration::from_secs(1)),
        };
        pacer.answered("contacts", 0, Some(seen));
        pacer.reserve("contacts", 1_000_000);
        assert_eq!(pacer.reserve("contacts", 1_000_000).as_millis(), 17);
    }

    #[test]
    fn a_refusal_pauses_and_slows_down_and_answers_speed_up_again() {
        let pacer = Pacer::default();
        pacer.documented("other", 100.0, 1.0);
        pacer.pause("other", 0, Duration::from_secs(5));
        assert_eq!(pacer.reserve("other", 0), Duration::from_secs(5));
        assert_eq!(pacer.reserve("other", 5_000_000).as_millis(), 20);
        for _ in 0..20 {
            pacer.answered("other", 0, None);
        }
        pacer.reserve("other", 9_000_000);
        assert_eq!(pacer.reserve("other", 9_000_000).as_millis(), 10);
        let spent = LimitSeen {
            limit: None,
            remaining: Some(0),
            reset: Some(Duration::from_secs(30)),
        };
        pacer.answered("other", 20_000_000, Some(spent));
        assert_eq!(pacer.reserve("other", 20_000_000), Duration::from_secs(30));
    }
}
