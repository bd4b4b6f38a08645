//! When a pipeline runs under `serve`: intervals, and cron expressions in a time zone.
//!
//! A cron expression speaks of the clock on the wall. A time that a clock change skips is the next
//! minute that exists; one that is there twice is the first of the two.

use croner::Cron;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};

/// How many times of a cron expression are passed over at most to find one that is later: those of
/// an hour that is there twice, once a minute, and a day to spare.
const PASSED_OVER: usize = 2_000;

/// When a pipeline runs.
#[derive(Clone, Debug)]
pub enum Timing {
    /// So many milliseconds after the start of the last run.
    Every(i64),
    /// At the times of a cron expression.
    Cron {
        /// The expression.
        cron: Box<Cron>,
        /// Whose clock it speaks of.
        zone: TimeZone,
    },
}

impl Timing {
    /// When the run after one that began at `last` is due; without one, an interval is due now and
    /// a cron expression at its next time. What lies in the past is due: late runs are caught up,
    /// all of them by one. None where there is no such time.
    #[must_use]
    pub fn next(&self, last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(interval) => Some(last.map_or(now, |last| {
                last.checked_add(SignedDuration::from_millis(*interval))
                    .unwrap_or(Timestamp::MAX)
            })),
            Self::Cron { cron, zone } => after(cron, zone, last.unwrap_or(now).min(now)),
        }
    }

    /// How far apart runs are after this time, in milliseconds; zero where that is not known.
    #[must_use]
    pub fn interval_ms(&self, now: Timestamp) -> i64 {
        match self {
            Self::Every(interval) => *interval,
            Self::Cron { cron, zone } => {
                let next = after(cron, zone, now);
                let other = next.and_then(|next| after(cron, zone, next));
                match (next, other) {
                    (Some(next), Some(other)) => other.as_millisecond() - next.as_millisecond(),
                    _ => 0,
                }
            }
        }
    }
}

/// The first time of an expression after another.
fn after(cron: &Cron, zone: &TimeZone, time: Timestamp) -> Option<Timestamp> {
    let mut wall = zone.to_datetime(time);
    for _ in 0..PASSED_OVER {
        // The clock on the wall, without the changes of any zone.
        let from = wall.to_zoned(TimeZone::UTC).ok()?;
        let next: Zoned = cron.find_next_occurrence(&from, false).ok()?;
        wall = next.datetime();
        let at = exists(zone, wall)?;
        if at > time {
            return Some(at);
        }
    }
    None
}

/// The instant of a time on the wall.
fn exists(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
            ambiguous.earlier().ok()
        }
        AmbiguousOffset::Gap { .. } => {
            // It is read as before the change; the change itself is the next minute there is.
            let before = ambiguous.earlier().ok()?;
            zone.following(before)
                .next()
                .map(|change| change.timestamp())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    fn cron(text: &str, zone: &str) -> Timing {
        Timing::Cron {
            cron: Box::new(Cron::from_str(text).unwrap()),
            zone: TimeZone::get(zone).unwrap(),
        }
    }

    /// The times of a schedule after one, as the zone's clock shows them.
    fn times(timing: &Timing, zone: &str, from: &str, count: usize) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let mut at: Timestamp = from.parse().unwrap();
        (0..count)
            .map(|_| {
                at = timing.next(Some(at), Timestamp::MAX).unwrap();
                at.to_zoned(zone.clone())
                    .strftime("%m-%d %H:%M %:z")
                    .to_string()
            })
            .collect()
    }

    #[test]
    fn an_interval_counts_from_the_start_of_the_last_run_and_is_due_at_once_without_one() {
        let every = Timing::Every(300_000);
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        assert_eq!(every.next(None, now), Some(now));
        let last: Timestamp = "2026-11-24T09:58:00Z".parse().unwrap();
        let due: Timestamp = "2026-11-24T10:03:00Z".parse().unwrap();
        assert_eq!(every.next(Some(last), now), Some(due));
        // Many were missed: the time lies in the past, once.
        let last: Timestamp = "2026-11-20T09:58:00Z".parse().unwrap();
        assert!(every.next(Some(last), now).unwrap() < now);
    }

    #[test]
    fn a_cron_expression_speaks_of_its_zone_and_waits_for_its_first_time() {
        let berlin = cron("0 6 * * MON-FRI", "Europe/Berlin");
        let now: Timestamp = "2026-11-27T10:00:00Z".parse().unwrap();
        let monday: Timestamp = "2026-11-30T05:00:00Z".parse().unwrap();
        assert_eq!(berlin.next(None, now), Some(monday));
        assert_eq!(berlin.interval_ms(now), 86_400_000);
        // A run that was missed lies in the past.
        let last: Timestamp = "2026-11-25T05:00:00Z".parse().unwrap();
        assert!(berlin.next(Some(last), now).unwrap() < now);
    }

    #[test]
    fn times_that_a_clock_change_skips_run_at_the_next_minute_there_is() {
        let (zone, from) = ("Europe/Berlin", "2026-03-28T12:00:00Z");
        assert_eq!(
            times(&cron("30 2 * * *", zone), zone, from, 3),
            [
                "03-29 03:00 +02:00",
                "03-30 02:30 +02:00",
                "03-31 02:30 +02:00"
            ]
        );
        // Several that fall on that minute are one run.
        assert_eq!(
            times(&cron("*/20 2,3 * * *", zone), zone, from, 4),
            [
                "03-29 03:00 +02:00",
                "03-29 03:20 +02:00",
                "03-29 03:40 +02:00",
                "03-30 02:00 +02:00"
            ]
        );
        let zone = "America/New_York";
        assert_eq!(
            times(&cron("15 2 * * *", zone), zone, "2026-03-07T12:00:00Z", 2),
            ["03-08 03:00 -04:00", "03-09 02:15 -04:00"]
        );
        // Midnight itself is skipped there.
        let zone = "Africa/Cairo";
        assert_eq!(
            times(&cron("0 0 * * *", zone), zone, "2026-04-23T12:00:00Z", 2),
            ["04-24 01:00 +03:00", "04-25 00:00 +03:00"]
        );
        // Half an hour only.
        let zone = "Australia/Lord_Howe";
        assert_eq!(
            times(&cron("15 2 * * *", zone), zone, "2026-10-03T10:00:00Z", 1),
            ["10-04 02:30 +11:00"]
        );
        // A whole day that was not there.
        let zone = "Pacific/Apia";
        assert_eq!(
            times(&cron("0 9 * * *", zone), zone, "2011-12-29T20:00:00Z", 2),
            ["12-31 00:00 +14:00", "12-31 09:00 +14:00"]
        );
    }

    #[test]
    fn times_that_a_clock_change_repeats_run_once() {
        let (zone, from) = ("Europe/Berlin", "2026-10-24T12:00:00Z");
        assert_eq!(
            times(&cron("30 2 * * *", zone), zone, from, 2),
            ["10-25 02:30 +02:00", "10-26 02:30 +01:00"]
        );
        assert_eq!(
            times(&cron("0,30 * * * *", zone), zone, "2026-10-24T23:45:00Z", 4),
            [
                "10-25 02:00 +02:00",
                "10-25 02:30 +02:00",
                "10-25 03:00 +01:00",
                "10-25 03:30 +01:00"
            ]
        );
        // From within the second of the two hours.
        assert_eq!(
            times(&cron("* * * * *", zone), zone, "2026-10-25T01:10:00Z", 1),
            ["10-25 03:00 +01:00"]
        );
        let zone = "America/New_York";
        assert_eq!(
            times(&cron("30 1 * * *", zone), zone, "2026-10-31T12:00:00Z", 2),
            ["11-01 01:30 -04:00", "11-02 01:30 -05:00"]
        );
    }

    #[test]
    fn days_that_only_some_months_have_are_waited_for() {
        let leap = cron("0 0 29 2 *", "UTC");
        assert_eq!(
            times(&leap, "UTC", "2026-01-01T00:00:00Z", 1),
            ["02-29 00:00 +00:00"]
        );
        // There is no such day.
        let never = cron("0 0 31 2 *", "UTC");
        assert_eq!(
            never.next(None, "2026-01-01T00:00:00Z".parse().unwrap()),
            None
        );
    }
}
