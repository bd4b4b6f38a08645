//! Compiled JSONPath, conditions, templates and conversions, and the paths that they read.

pub mod conversion;
mod problem;
mod reference;
mod template;
mod trouble;

pub use conversion::Conversion;
pub use problem::Problem;
pub use reference::{Reference, Step, StepKind, Usage};
pub use template::Template;
pub use trouble::{Trouble, TroubleKind};
