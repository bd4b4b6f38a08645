//! What a run is asked to do.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::{Gauges, Guard, Observer};
use crate::connectors::{Lookups, Memory, Replacing, Source, Start, Writer};
use crate::http::{Clock, Failure, Random};

/// One run of one pipeline.
pub struct Job {
    /// The pipeline's name.
    pub pipeline: Arc<str>,
    /// This process, as others are told who runs the pipeline.
    pub holder: String,
    /// How long to wait for another process that runs the pipeline, in milliseconds.
    pub patience_ms: i64,
    /// Where records come from, read one after the other.
    pub sources: Vec<JobSource>,
    /// What `enrich` asks; none where nothing is looked up.
    pub lookups: Option<Box<dyn Lookups>>,
    /// Where operations go, by [`crate::operation::Operation::sink_index`].
    pub sinks: Vec<JobSink>,
    /// The zone of the days that records say they happened on, where they say no more.
    pub by_day: Option<TimeZone>,
    /// What stops the run before anything is written; none: nothing does, or `--yes`.
    pub guard: Option<Guard>,
    /// True where all records must be seen at every run (`aggregate`): cursors are neither used
    /// nor kept.
    pub reads_whole: bool,
    /// True where records are held until the sources have ended (`aggregate`, `dedupe`): cursors
    /// are committed after them, with the last of them.
    pub holds: bool,
    /// `--full`: reads as the first run did.
    pub full: bool,
    /// `--since`, in epoch milliseconds: reads from there instead of the cursor.
    pub since: Option<i64>,
    /// `--jql`.
    pub narrow: Option<String>,
    /// `--limit`: at most so many records.
    pub limit: Option<u64>,
}

impl Job {
    /// True where the run sees all records that the file asks for: only then is a group that it
    /// lacks gone.
    pub(super) const fn sees_all(&self) -> bool {
        self.limit.is_none() && self.narrow.is_none() && self.since.is_none()
    }
}

/// From when on what happens is news to a pipeline, in epoch milliseconds: its first run. `later` is
/// a run after that one: where records say no more than their day (`by_day`, its zone), what such
/// a run finds new of the first run's day happened after it.
#[must_use]
pub fn news_from(first_run: i64, later: bool, by_day: Option<&TimeZone>) -> i64 {
    let midnight = |zone: &TimeZone| {
        let at = Timestamp::from_millisecond(first_run).ok()?;
        let midnight = at.to_zoned(zone.clone()).start_of_day().ok()?;
        Some(midnight.timestamp().as_millisecond())
    };
    by_day
        .filter(|_| later)
        .and_then(midnight)
        .unwrap_or(first_run)
}

/// A source of a job.
pub struct JobSource {
    /// Its name within the pipeline, under which its cursor is kept: must outlive edits of the
    /// rest of the file.
    pub name: Arc<str>,
    /// Where it starts without a cursor.
    pub since: Since,
    /// Opens it.
    pub open: Box<dyn OpenSource>,
}

/// Where a source starts without a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// At the beginning.
    Beginning,
    /// At a time in epoch milliseconds.
    At(i64),
    /// So many milliseconds before the pipeline's first run began.
    BeforeFirstRun(i64),
    /// So many milliseconds before this run began.
    BeforeThisRun(i64),
}

impl Since {
    /// The time in epoch milliseconds.
    pub(super) const fn at(self, first_run: i64, now: i64) -> Option<i64> {
        match self {
            Self::Beginning => None,
            Self::At(time) => Some(time),
            Self::BeforeFirstRun(ms) => Some(first_run.saturating_sub(ms)),
            Self::BeforeThisRun(ms) => Some(now.saturating_sub(ms)),
        }
    }
}

/// Opens a source.
pub trait OpenSource: Send + Sync {
    /// Opens it where it is to start; `memory` is what it kept in earlier runs.
    fn open<'a>(
        &'a self,
        start: Start,
        memory: &'a dyn Memory,
    ) -> BoxFuture<'a, Result<Box<dyn Source + 'a>, Failure>>;
}

/// A sink of a job.
pub struct JobSink {
    /// Its kind as the pipeline writes it, for the summary: `brevo.contacts`.
    pub name: Arc<str>,
    /// The remote account; empty where there is none.
    pub account: Arc<str>,
    /// How operations get there.
    pub route: Route,
    /// What becomes of an operation that can't be delivered.
    pub on_error: OnError,
    /// How long before the pipeline's first run something may have happened that can't be taken
    /// back, and still be sent: milliseconds.
    pub backfill_ms: i64,
    /// How long to wait before absence is believed, in milliseconds.
    pub visible_after_ms: i64,
    /// Scopes of messages: a pipeline without state whose scopes these are was renamed.
    pub once_scopes: Vec<Arc<str>>,
    /// True where its operations are contacts: what `max_share` compares.
    pub contacts: bool,
}

/// How operations get to their destination.
pub enum Route {
    /// Through the ledger and the outbox.
    Outbox(Box<dyn Writer>),
    /// All of a run, in order, replacing what was there (a file).
    Replace(Box<dyn Replacing>),
    /// Kept in the state, replacing what the last run set.
    Gauges(Gauges),
}

/// What becomes of what cannot be handled or delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnError {
    /// It is kept with the reason.
    #[default]
    DeadLetter,
    /// It is passed over.
    Skip,
    /// What came before is delivered, then the run ends.
    Stop,
}

/// What a run gets from its caller.
pub struct Context<'a> {
    /// Time, for everything but leases.
    pub clock: &'a dyn Clock,
    /// Chance, for jitter.
    pub random: &'a dyn Random,
    /// Who is told what happens.
    pub observer: &'a dyn Observer,
    /// Cancelled: nothing new is begun, what is under way is settled.
    pub cancel: &'a CancellationToken,
}

impl Context<'_> {
    /// The time in epoch milliseconds.
    pub(super) fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_a_later_run_finds_new_is_the_first_runs_own_too() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let first = at("2026-11-24T09:30:00Z");
        let paris = TimeZone::get("Europe/Paris").unwrap();
        assert_eq!(news_from(first, true, None), first);
        assert_eq!(news_from(first, false, Some(&paris)), first);
        let midnight = at("2026-11-23T23:00:00Z");
        assert_eq!(news_from(first, true, Some(&paris)), midnight);
    }
}
