//! A pipeline as meant: closed enums, everything compiled; does no I/O.

mod kinds;
mod pipeline;
mod process;
mod snapshot;

pub use kinds::{Made, SinkKind, SourceKind};
pub use pipeline::{Guard, OnError, OnUnmatched, Plan, SinkPlan, SourcePlan, Stage};
pub use process::{Dropped, Processed, Processor, Troubled, Unmatched};
pub use snapshot::snapshot;
