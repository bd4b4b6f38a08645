//! Compiled JSONPath, conditions, templates and conversions, and the paths that they read.

mod condition;
pub mod conversion;
mod escape;
mod path;
mod problem;
mod reference;
mod regexp;
mod template;
mod times;
mod trouble;
mod value;

pub use handlebars::html_escape as escape_html;

pub use condition::{Condition, NullComparison};
pub use conversion::{Conversion, rendered};
pub use escape::Escape;
pub use path::{LocationStep, Path};
pub use problem::Problem;
pub use reference::{Reference, Step, StepKind, Usage};
pub use template::Template;
pub use times::{Since, parse_duration, parse_share};
pub use trouble::{Trouble, TroubleKind};
pub use value::{Compiling, Expression, Kind, LocatedReference, Lookup, Options, Place, Wish};
