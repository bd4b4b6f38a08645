//! YAML text to a tree with byte spans; the only user of the YAML crate.

mod core_schema;
mod meant;
mod node;
mod parse;
mod quoting;
mod repair;
mod runs;

pub use core_schema::core_schema;
pub use node::{Entry, Kind, Node, Run, Scalar, ScalarValue, Style};
pub use parse::parse;
