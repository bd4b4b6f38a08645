//! What a run tells while it goes on: a closed set.

use serde::Serialize;

use super::Summary;

/// Something happened. Holds no value of a record but its name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent {
    /// The run began.
    Started {
        /// The pipeline.
        pipeline: String,
        /// True where no run of the pipeline began before.
        first_run: bool,
        /// The pipeline whose beginning was taken over, because this one has its events.
        taken_over_from: Option<String>,
        /// Operations that an earlier run left unsettled.
        unsettled: u64,
    },
    /// Another process runs the pipeline.
    Waiting {
        /// The process.
        holder: String,
    },
    /// A page was read.
    Page {
        /// The source.
        source: String,
        /// Its records.
        records: u64,
        /// All records read so far.
        read: u64,
    },
    /// A page is durable.
    Committed {
        /// Operations that wait to be delivered.
        queued: u64,
        /// Operations that changed nothing.
        unchanged: u64,
        /// Messages that were sent before.
        known: u64,
        /// Operations older than what is known.
        older: u64,
        /// Messages older than the first run, marked as known.
        marked_known: u64,
    },
    /// Operations were delivered.
    Delivered {
        /// The sink.
        sink: String,
        /// How many were applied.
        applied: u64,
        /// How many are to be tried again.
        retried: u64,
        /// How many have an unknown outcome.
        unknown: u64,
        /// How many can never be applied.
        failed: u64,
    },
    /// Nothing can be delivered before some time has passed.
    Wait {
        /// How long, in milliseconds.
        ms: i64,
        /// Operations that wait.
        unsettled: u64,
    },
    /// Something that a person must be told.
    Notice {
        /// One sentence.
        message: String,
    },
    /// A dead letter was kept, or something was passed over as `on_error: skip` says.
    Dead {
        /// The record.
        record: String,
        /// The sink; none before the sinks.
        sink: Option<String>,
        /// What kind of trouble, in one word.
        class: String,
        /// What happened.
        reason: String,
        /// True where it was passed over.
        skipped: bool,
    },
    /// The run has ended.
    Finished {
        /// What it did.
        summary: Summary,
    },
}

/// Who is told what happens.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn told(&self, event: RunEvent);
}
