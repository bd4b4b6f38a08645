//! A run: pulls pages, takes records through the pipeline's stages, commits what they ask for,
//! delivers it out of the outbox, tells what happens. Never prints; time comes from a clock that
//! is passed in.
//!
//! ```text
//! claim → begin → settle what an earlier run left
//!       → page → stages → commit (cursor, operations, dead letters) → deliver what is due
//!       → … → settle the rest → finish
//! ```
//!
//! Must not know how a pipeline is written, which service is behind a source or a writer, or how
//! the state is kept.

mod backoff;
mod claims;
mod counting;
mod delivering;
mod end;
mod event;
mod gauges;
mod groups;
mod guard;
mod job;
mod looking;
mod memory;
mod planned;
mod reading;
mod run;
mod sources;
mod stages;
mod summary;

pub use end::End;
pub use event::{Observer, RunEvent};
pub use gauges::Gauges;
pub use groups::Recalled;
pub use guard::Guard;
pub use job::{Context, Job, JobSink, JobSource, OnError, OpenSource, Route, Since, news_from};
pub use memory::ViewMemory;
pub use planned::Planned;
pub use run::{Finished, ONLY_A_PART, run};
pub use stages::{Staged, Stages, Trouble};
pub use summary::{Matched, SinkCounts, Summary};

#[cfg(test)]
mod tests;
