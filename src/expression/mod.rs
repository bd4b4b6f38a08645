//! Compiled JSONPath, conditions, templates and conversions, and the paths that they read.

mod problem;
mod reference;

pub use problem::Problem;
pub use reference::{Reference, Step, StepKind, Usage};
