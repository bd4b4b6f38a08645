//! YAML text to a tree with byte spans; the only user of the YAML crate.

mod node;

pub use node::{Entry, Kind, Node, Run, Scalar, ScalarValue, Style};
