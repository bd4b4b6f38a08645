//! A pipeline as meant: closed enums, everything compiled; does no I/O.

mod catalog;
mod check;
mod compile;
mod compiler;
mod enrich;
mod fit;
mod http;
mod keys;
mod kinds;
mod pipeline;
mod process;
mod query;
mod schedule;
mod sinks;
mod snapshot;
mod sources;
mod steps;
#[cfg(test)]
pub(crate) mod testing;
mod timing;
mod whole;

pub use catalog::literal_lists;
pub use compile::{Surroundings, compile};
pub use keys::Keys;
pub use kinds::{LookupKind, Made, RECORD_KINDS, SinkKind, SourceKind};
pub use pipeline::{
    Guard, LookupPlan, OnError, OnUnmatched, Plan, SinkPlan, SourcePlan, Stage, When,
};
pub use process::{Dropped, GroupNews, Processed, Processor, Troubled, Unmatched};
pub use schedule::Notified;
pub use snapshot::snapshot;
pub use timing::Timing;
