//! Which pipeline runs when: schedules, back-off, deliveries that wake. Pure; the time is passed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::http::Random;
use crate::plan::Timing;

/// Intervals shorter than this have no jitter, in milliseconds.
const JITTER_FROM: i64 = 60_000;
/// Of an interval, one part in so many is jitter at most.
const JITTER_PART: i64 = 10;
/// How long a failing pipeline waits at most, in milliseconds, where its own interval is shorter.
const LONGEST_BACKOFF: i64 = 300_000;
/// The first wait of a failing pipeline without a schedule, in milliseconds.
const FIRST_BACKOFF: i64 = 1_000;

/// How long a run of a process that has died keeps others from running the pipeline, in
/// milliseconds.
const LEASE: i64 = 60_000;

/// What a pipeline runs by.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// When it runs; none: only when it is woken.
    pub timing: Option<Timing>,
    /// Connections whose deliveries wake it.
    pub wakes: Vec<Arc<str>>,
}

/// What the state knows of a pipeline when it is put on the timetable.
#[derive(Clone, Copy, Debug, Default)]
pub struct Past {
    /// When the last run began.
    pub last: Option<Timestamp>,
    /// True where a run was begun and did not end: it is gone on with at once.
    pub interrupted: bool,
    /// How many runs in a row have failed.
    pub failures: u64,
}

/// How a run ended, for the timetable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// Well.
    Well,
    /// It failed.
    Failed,
    /// Another process was first: when its last run began, where that is known.
    ByAnother(Option<Timestamp>),
}

struct Line {
    entry: Entry,
    past: Past,
    due: Option<Timestamp>,
    running: bool,
    /// Woken while it ran.
    again: bool,
}

/// The pipelines that run by themselves.
#[derive(Default)]
pub struct Timetable {
    lines: BTreeMap<Arc<str>, Line>,
}

impl Timetable {
    /// Puts a pipeline on the timetable, or changes what it runs by; `past` is asked for where it
    /// is new.
    pub fn put(&mut self, name: &Arc<str>, entry: Entry, past: Past, now: Timestamp) {
        let known = self.lines.remove(name);
        let (running, past) = known
            .as_ref()
            .map_or((false, past), |line| (line.running, line.past));
        let wakes = known.is_none() && !entry.wakes.is_empty() && entry.timing.is_none();
        let before = known.as_ref().and_then(|line| line.due);
        let due = if wakes || (known.is_none() && past.interrupted) {
            // What came while nobody served, and what was begun, is gone on with at once.
            Some(now)
        } else if entry.timing.is_none() {
            before.filter(|_| !entry.wakes.is_empty())
        } else {
            // Who was woken, or late, stays so.
            before
                .filter(|due| *due <= now)
                .or_else(|| next(&entry, past.last, now))
        };
        let again = known.is_some_and(|line| line.again);
        let line = Line {
            entry,
            past,
            due,
            running,
            again,
        };
        self.lines.insert(Arc::clone(name), line);
    }

    /// Takes off what is not among the names; a run that is under way ends by itself.
    pub fn keep_only(&mut self, names: &[Arc<str>]) {
        self.lines.retain(|name, _| names.contains(name));
    }

    /// True where the pipeline is on the timetable.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.lines.contains_key(name)
    }

    /// The pipelines that are due and not running.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<Arc<str>> {
        self.lines
            .iter()
            .filter(|(_, line)| !line.running && line.due.is_some_and(|due| due <= now))
            .map(|(name, _)| Arc::clone(name))
            .collect()
    }

    /// When the next pipeline is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let idle = self.lines.values().filter(|line| !line.running);
        idle.filter_map(|line| line.due).min()
    }

    /// When each pipeline is due; none for one that waits to be woken.
    pub fn all(&self) -> impl Iterator<Item = (&Arc<str>, Option<Timestamp>)> {
        self.lines.iter().map(|(name, line)| (name, line.due))
    }

    /// When a pipeline is due; none where it waits to be woken.
    #[must_use]
    pub fn due_at(&self, name: &str) -> Option<Timestamp> {
        self.lines.get(name)?.due
    }

    /// How many runs of a pipeline in a row have failed.
    #[must_use]
    pub fn failures(&self, name: &str) -> u64 {
        self.lines.get(name).map_or(0, |line| line.past.failures)
    }

    /// A run begins.
    pub fn begins(&mut self, name: &str, now: Timestamp) {
        if let Some(line) = self.lines.get_mut(name) {
            line.running = true;
            line.again = false;
            line.past.last = Some(now);
        }
    }

    /// A run has ended.
    pub fn ended(&mut self, name: &str, ran: Ran, now: Timestamp, random: &dyn Random) {
        let Some(line) = self.lines.get_mut(name) else {
            return;
        };
        line.running = false;
        line.past.failures = match ran {
            Ran::Well => 0,
            Ran::Failed => line.past.failures.saturating_add(1),
            Ran::ByAnother(_) => line.past.failures,
        };
        if let Ran::ByAnother(Some(last)) = ran {
            line.past.last = Some(last);
        }
        let regular = next(&line.entry, line.past.last, now).map(|due| match &line.entry.timing {
            Some(Timing::Every(interval)) => later(due, jitter(*interval, random)),
            _ => due,
        });
        line.due = match ran {
            Ran::Failed => {
                let interval = line.entry.timing.as_ref();
                let interval = interval.map_or(0, |timing| timing.interval_ms(now));
                let retry = later(now, backoff(interval, line.past.failures));
                Some(regular.map_or(retry, |regular| regular.max(retry)))
            }
            _ if line.again => Some(now),
            // Whoever has it may have died: its lease ends.
            Ran::ByAnother(None) => {
                let free = later(now, LEASE);
                let due = regular.map_or(free, |due| due.min(free));
                Some(due.max(later(now, FIRST_BACKOFF)))
            }
            Ran::ByAnother(Some(_)) => regular.map(|due| due.max(later(now, FIRST_BACKOFF))),
            Ran::Well => regular,
        };
        line.again = false;
    }

    /// A connection's inbox has something new: pipelines that read it run at once, those that are
    /// failing when they would have been tried again.
    pub fn woken(&mut self, connection: &str, now: Timestamp) {
        for line in self.lines.values_mut() {
            if !line.entry.wakes.iter().any(|wakes| **wakes == *connection) {
                continue;
            }
            if line.running {
                line.again = true;
            } else if line.past.failures == 0 || line.due.is_none() {
                line.due = Some(line.due.map_or(now, |due| due.min(now)));
            }
        }
    }
}

fn next(entry: &Entry, last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    entry.timing.as_ref()?.next(last, now)
}

fn later(time: Timestamp, milliseconds: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_millis(milliseconds))
        .unwrap_or(Timestamp::MAX)
}

/// Keeps pipelines that were started together from running together for ever.
fn jitter(interval: i64, random: &dyn Random) -> i64 {
    if interval < JITTER_FROM {
        return 0;
    }
    let most = u64::try_from(interval / JITTER_PART).unwrap_or(1).max(1);
    i64::try_from(random.next_u64() % most).unwrap_or(0)
}

/// How long a pipeline waits after so many failures in a row: twice as long after each, up to 5
/// minutes or its own interval.
fn backoff(interval: i64, failures: u64) -> i64 {
    let doublings = u32::try_from(failures.min(30)).unwrap_or(30);
    interval
        .max(FIRST_BACKOFF)
        .saturating_mul(2_i64.saturating_pow(doublings))
        .min(LONGEST_BACKOFF.max(interval))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::SeededRandom;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn every(milliseconds: i64) -> Entry {
        Entry {
            timing: Some(Timing::Every(milliseconds)),
            wakes: Vec::new(),
        }
    }

    fn table(entry: Entry, past: Past) -> Timetable {
        let mut table = Timetable::default();
        table.put(&"a".into(), entry, past, at(0));
        table
    }

    /// Seconds until it is due.
    fn due(table: &Timetable) -> i64 {
        table.next_due().unwrap().as_second() - at(0).as_second()
    }

    fn run(table: &mut Timetable, from: i64, to: i64, ran: Ran) {
        table.begins("a", at(from));
        assert!(
            table.due(at(1_000_000)).is_empty(),
            "it runs once at a time"
        );
        table.ended("a", ran, at(to), &SeededRandom::new(1));
    }

    #[test]
    fn an_interval_counts_from_the_start_of_the_last_run_also_after_a_restart() {
        let past = Past {
            last: Some(at(-20)),
            ..Past::default()
        };
        let mut table = table(every(30_000), past);
        assert_eq!(due(&table), 10);
        run(&mut table, 10, 25, Ran::Well);
        assert_eq!(due(&table), 40);
        // It took longer than its interval: one run is late, not many.
        run(&mut table, 40, 200, Ran::Well);
        assert_eq!(due(&table), 70);
        run(&mut table, 200, 201, Ran::Well);
        assert_eq!(due(&table), 230);
    }

    #[test]
    fn a_run_that_was_interrupted_is_resumed_at_once() {
        let past = Past {
            last: Some(at(-20)),
            interrupted: true,
            failures: 0,
        };
        assert_eq!(due(&table(every(3_600_000), past)), 0);
    }

    #[test]
    fn a_failing_pipeline_waits_twice_as_long_each_time_up_to_five_minutes() {
        let mut table = table(every(10_000), Past::default());
        let mut now = 0;
        for wait in [20, 40, 80, 160, 300, 300] {
            run(&mut table, now, now + 1, Ran::Failed);
            assert_eq!(due(&table), now + 1 + wait);
            now += 1 + wait;
        }
        run(&mut table, now, now + 1, Ran::Well);
        assert_eq!(due(&table), now + 10);
        run(&mut table, now + 10, now + 11, Ran::Failed);
        assert_eq!(due(&table), now + 11 + 20);
    }

    #[test]
    fn a_failing_pipeline_with_a_longer_interval_keeps_to_it() {
        let mut table = table(every(3_600_000), Past::default());
        for hour in 0..3 {
            run(&mut table, hour * 4_000, hour * 4_000 + 10, Ran::Failed);
            let wait = due(&table) - hour * 4_000 - 10;
            assert!((3_590..=3_960).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn jitter_is_at_most_a_tenth_and_only_from_a_minute_on() {
        for seed in 0..200 {
            let random = SeededRandom::new(seed);
            assert_eq!(jitter(59_999, &random), 0);
            assert!((0..6_000).contains(&jitter(60_000, &random)));
        }
        let random = SeededRandom::new(3);
        assert!((0..50).any(|_| jitter(600_000, &random) > 30_000));
    }

    #[test]
    fn a_delivery_wakes_who_reads_it_at_once_and_once_more_where_it_came_during_a_run() {
        let live = Entry {
            timing: Some(Timing::Every(300_000)),
            wakes: vec!["support".into()],
        };
        let past = Past {
            last: Some(at(0)),
            ..Past::default()
        };
        let mut table = table(live, past);
        table.woken("marketing", at(5));
        assert_eq!(due(&table), 300);
        table.woken("support", at(5));
        assert_eq!(table.due(at(5)).len(), 1);
        table.begins("a", at(5));
        table.woken("support", at(6));
        assert!(table.due(at(6)).is_empty());
        table.ended("a", Ran::Well, at(7), &SeededRandom::new(1));
        assert_eq!(due(&table), 7);
        // Who fails is not tried more often by what comes.
        run(&mut table, 7, 8, Ran::Failed);
        let later = due(&table);
        table.woken("support", at(9));
        assert_eq!(due(&table), later);
    }

    #[test]
    fn one_that_only_reads_deliveries_looks_once_at_the_start_and_then_waits() {
        let waits = Entry {
            timing: None,
            wakes: vec!["support".into()],
        };
        let mut table = table(waits, Past::default());
        assert_eq!(due(&table), 0);
        run(&mut table, 0, 1, Ran::Well);
        assert_eq!(table.next_due(), None);
        table.woken("support", at(50));
        assert_eq!(due(&table), 50);
        run(&mut table, 50, 51, Ran::Failed);
        assert_eq!(due(&table), 53);
    }

    #[test]
    fn what_another_process_ran_counts_as_run() {
        let mut table = table(every(30_000), Past::default());
        run(&mut table, 0, 0, Ran::ByAnother(Some(at(-3))));
        assert_eq!(due(&table), 27);
        run(&mut table, 27, 27, Ran::ByAnother(None));
        assert_eq!(due(&table), 57);
    }

    #[test]
    fn what_another_process_runs_is_looked_at_again_once_its_lease_would_have_ended() {
        let mut table = table(every(3_600_000), Past::default());
        run(&mut table, 0, 0, Ran::ByAnother(None));
        assert_eq!(due(&table), 60);
        run(&mut table, 60, 60, Ran::ByAnother(Some(at(30))));
        assert!((3_630..=3_990).contains(&due(&table)));
    }

    #[test]
    fn edits_change_schedules_and_keep_what_runs() {
        let mut table = table(every(30_000), Past::default());
        table.begins("a", at(0));
        table.put(&"a".into(), every(5_000), Past::default(), at(1));
        assert!(table.due(at(100)).is_empty());
        table.ended("a", Ran::Well, at(2), &SeededRandom::new(1));
        assert_eq!(due(&table), 5);
        table.keep_only(&[]);
        assert!(!table.has("a") && table.next_due().is_none());
    }
}
