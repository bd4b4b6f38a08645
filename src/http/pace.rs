//! How fast calls of one endpoint family may follow one another: GCRA with burst 1, the ceiling
//! from each answer's headers, additive increase, multiplicative decrease.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// At most this share of a limit is used: the services' windows are fixed, ours are not theirs.
const SHARE: f64 = 0.98;
/// The windows that services count in, in seconds.
const WINDOWS: [f64; 3] = [1.0, 60.0, 3600.0];
/// The shortest window; what is left of it is told in whole seconds.
const SECOND: Duration = Duration::from_secs(1);
/// How much slower than its ceiling a family may become.
const SLOWEST: f64 = 64.0;
/// A window longer than this, in seconds, is a quota: what is left of it may be used at once.
const QUOTA: f64 = 60.0;
/// Of a quota, one part in so many is spaced out instead: others may count for it too.
const SPACED: u64 = 5;

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
    /// The share of every limit to stay under, at most 1; none: all of it.
    share: Option<f64>,
}

/// When a call may start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// In microseconds of the epoch.
    pub(super) at_us: i64,
    /// How far the next one is, in microseconds; none where calls are not spaced: no limit is
    /// known, or the headers, which count everybody's calls, say that enough is left.
    pub(super) spaced_us: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Between two calls at the ceiling, in microseconds; 0: no limit is known.
    floor_us: f64,
    /// How much slower than the ceiling it goes now, from 1.
    slower: f64,
    /// The window that the headers count in, in seconds; grows only.
    window: f64,
    /// When the next spaced call may start, in microseconds of the epoch.
    next_us: i64,
    /// Nothing starts before this, in microseconds of the epoch: the service asked for it.
    paused_us: i64,
    /// How many calls of a quota may start without being spaced.
    free: u64,
}

impl Pace {
    /// Between two calls at the present pace, in microseconds.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most hours in microseconds"
    )]
    fn interval_us(&self) -> i64 {
        (self.floor_us * self.slower) as i64
    }

    /// The same for one who is to stay under a share of the limit.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most weeks in microseconds"
    )]
    fn own_interval_us(&self, share: f64) -> i64 {
        (self.floor_us * self.slower / share) as i64
    }

    /// When a call may start that is asked for now.
    fn slot_us(&self, now_us: i64) -> i64 {
        let spaced = if self.free > 0 { now_us } else { self.next_us };
        spaced.max(self.paused_us).max(now_us)
    }
}

impl Pacer {
    /// Stays under a share of every limit, above 0 and at most 1.
    pub const fn stay_under(&mut self, share: f64) {
        self.share = Some(share.clamp(0.001, 1.0));
    }

    fn share(&self) -> f64 {
        self.share.unwrap_or(1.0)
    }

    /// Starts a family at a documented limit: so many calls in a window of so many seconds.
    pub fn documented(&self, family: &'static str, calls: f64, window: f64) {
        self.with(family, |pace| {
            pace.floor_us = window * 1e6 / (calls * SHARE);
            pace.window = window;
        });
    }

    /// Says in which window of so many seconds a family is counted, where its limit is not known
    /// before its first answer: near a window's end the headers alone do not show its length.
    pub fn counted_in(&self, family: &'static str, window: f64) {
        self.with(family, |pace| pace.window = window);
    }

    /// How long a call of a family would have to wait now, and how long each further one.
    pub fn outlook(&self, family: &'static str, now_us: i64) -> (Duration, Duration) {
        let share = self.share();
        self.with(family, |pace| {
            let micros = |us: i64| Duration::from_micros(u64::try_from(us).unwrap_or_default());
            (
                micros(pace.slot_us(now_us).saturating_sub(now_us)),
                micros(pace.own_interval_us(share)),
            )
        })
    }

    /// How long so many calls of a family would take from now on, by its limit alone.
    pub fn forecast(&self, family: &'static str, now_us: i64, calls: u64) -> Duration {
        let share = self.share();
        self.with(family, |pace| {
            let Some(spaced) = calls.checked_sub(pace.free).filter(|left| *left > 0) else {
                return Duration::ZERO;
            };
            let gaps = i64::try_from(spaced - 1).unwrap_or(i64::MAX);
            let first = pace.next_us.max(pace.paused_us).max(now_us);
            let last = first.saturating_add(pace.own_interval_us(share).saturating_mul(gaps));
            Duration::from_micros(u64::try_from(last.saturating_sub(now_us)).unwrap_or_default())
        })
    }

    /// Takes the next slot of a family: how long to wait for it.
    pub fn reserve(&self, family: &'static str, now_us: i64) -> Duration {
        let slot = self.slot(family, now_us).at_us;
        Duration::from_micros(u64::try_from(slot.saturating_sub(now_us)).unwrap_or_default())
    }

    /// Takes the next slot of a family.
    pub(super) fn slot(&self, family: &'static str, now_us: i64) -> Slot {
        let share = self.share();
        self.with(family, |pace| {
            let at_us = pace.slot_us(now_us);
            let interval_us = pace.interval_us();
            if pace.free > 0 {
                pace.free -= 1;
                return Slot {
                    at_us,
                    spaced_us: None,
                };
            }
            // Slots are shared as far apart as all may have them together.
            pace.next_us = at_us.saturating_add(pace.own_interval_us(share));
            Slot {
                at_us,
                spaced_us: (interval_us > 0).then_some(interval_us),
            }
        })
    }

    /// True while the family is paused.
    pub(super) fn is_paused(&self, family: &'static str, now_us: i64) -> bool {
        self.with(family, |pace| pace.paused_us > now_us)
    }

    /// This family and all others that are known.
    pub(super) fn families(&self, family: &'static str) -> Vec<&'static str> {
        self.with(family, |_| ());
        let families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<&'static str> = families.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// Nobody calls the family before so long: its service asked for it.
    pub fn pause(&self, family: &'static str, now_us: i64, wait: Duration) {
        self.with(family, |pace| {
            let until = now_us.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
            // Calls that were on their way together are refused together: that is one sign.
            if pace.paused_us <= now_us {
                pace.slower = (pace.slower * 2.0).min(SLOWEST);
            }
            pace.paused_us = pace.paused_us.max(until);
            pace.free = 0;
        });
    }

    /// An answer that was no refusal, and what its headers say.
    pub fn answered(&self, family: &'static str, now_us: i64, seen: Option<LimitSeen>) {
        let share = self.share();
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
                if let Some(remaining) = seen.remaining
                    && pace.window > QUOTA
                {
                    pace.free =
                        remaining.saturating_sub((limit / SPACED).max(others(limit, share)));
                }
            }
            // Of a second's window nothing is left in most seconds: that is the pace that is kept.
            if let (Some(0), Some(reset)) = (seen.remaining, seen.reset)
                && reset > SECOND
            {
                let until =
                    now_us.saturating_add(i64::try_from(reset.as_micros()).unwrap_or(i64::MAX));
                pace.paused_us = pace.paused_us.max(until);
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
            paused_us: 0,
            free: 0,
        };
        change(families.entry(family).or_insert(fresh))
    }
}

/// How many calls of a limit are not for one who is to stay under a share of it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "limits are small, and a share is at most 1"
)]
fn others(limit: u64, share: f64) -> u64 {
    (limit as f64 * (1.0 - share)).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_limit_is_stayed_under() {
        let mut pacer = Pacer::default();
        pacer.documented("contacts", 10.0, 1.0);
        pacer.stay_under(0.5);
        let slot = pacer.slot("contacts", 0);
        // The slots of all are as far apart as before.
        assert_eq!((slot.at_us, slot.spaced_us), (0, Some(102_040)));
        assert_eq!(pacer.slot("contacts", 0).at_us, 204_081);
        assert_eq!(pacer.outlook("contacts", 0).1.as_millis(), 204);
        // Of a quota, what is not its share is left to the others.
        pacer.counted_in("other", 3_600.0);
        let seen = LimitSeen {
            limit: Some(100),
            remaining: Some(52),
            reset: Some(Duration::from_secs(1_000)),
        };
        pacer.answered("other", 0, Some(seen));
        assert_eq!(pacer.slot("other", 0).spaced_us, None);
        assert_eq!(pacer.slot("other", 0).spaced_us, None);
        assert!(pacer.slot("other", 0).spaced_us.is_some());
        assert_eq!(pacer.slot("other", 0).at_us, 73_469_387);
    }

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

    #[test]
    fn what_is_left_of_an_hour_is_used_at_once_and_its_last_fifth_is_spaced() {
        let pacer = Pacer::default();
        pacer.counted_in("other", 3_600.0);
        assert_eq!(pacer.reserve("other", 0), Duration::ZERO);
        let seen = |remaining, reset| LimitSeen {
            limit: Some(100),
            remaining: Some(remaining),
            reset: Some(Duration::from_secs(reset)),
        };
        // The last second of the hour: still a hundred an hour, not a hundred a second.
        pacer.answered("other", 0, Some(seen(22, 1)));
        assert_eq!(pacer.reserve("other", 0), Duration::ZERO);
        assert_eq!(pacer.reserve("other", 0), Duration::ZERO);
        assert_eq!(pacer.outlook("other", 0).1.as_secs(), 36);
        assert_eq!(pacer.reserve("other", 0), Duration::ZERO);
        assert_eq!(pacer.outlook("other", 0).0.as_secs(), 36);
        assert_eq!(pacer.reserve("other", 0).as_secs(), 36);
        // The next hour.
        pacer.answered("other", 2_000_000, Some(seen(99, 3_598)));
        assert_eq!(pacer.reserve("other", 2_000_000), Duration::ZERO);
        pacer.pause("other", 2_000_000, Duration::from_secs(90));
        assert_eq!(pacer.reserve("other", 2_000_000).as_secs(), 90);
    }

    #[test]
    fn calls_that_are_refused_together_slow_down_once() {
        let pacer = Pacer::default();
        pacer.documented("contacts", 10.0, 1.0);
        for _ in 0..8 {
            pacer.pause("contacts", 0, Duration::from_secs(2));
        }
        assert_eq!(pacer.outlook("contacts", 0).1.as_millis(), 204);
        assert!(pacer.is_paused("contacts", 1_999_999));
        assert!(!pacer.is_paused("contacts", 2_000_000));
        pacer.pause("contacts", 2_000_000, Duration::from_secs(1));
        assert_eq!(pacer.outlook("contacts", 0).1.as_millis(), 408);
    }

    #[test]
    fn a_seconds_window_that_is_used_up_is_the_pace_that_is_kept() {
        let pacer = Pacer::default();
        let seen = LimitSeen {
            limit: Some(10),
            remaining: Some(0),
            reset: Some(Duration::from_secs(1)),
        };
        pacer.answered("contacts", 0, Some(seen));
        assert_eq!(pacer.reserve("contacts", 0), Duration::ZERO);
        assert_eq!(pacer.reserve("contacts", 0).as_millis(), 102);
    }
}
