//! What an expression reads of the record, step by step, each step with its characters.

use std::ops::Range;
use std::sync::Arc;

/// One path into the record that an expression reads.
///
/// Serves three: the read set (what is fetched and parsed), the check against the record's shape
/// ("did you mean"), and the diagnostics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The steps from the record's root.
    pub steps: Vec<Step>,
    /// What is done with what it finds.
    pub usage: Usage,
    /// Its bytes in the expression's text.
    pub range: Range<usize>,
}

/// One step of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it goes.
    pub kind: StepKind,
    /// Its bytes in the expression's text (a name without its dot or brackets).
    pub range: Range<usize>,
}

/// Where a step goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// A member.
    Name(Arc<str>),
    /// An element; negative from the end.
    Index(i64),
    /// Elements or members: a wildcard, slice or filter. (What a filter asks for is a reference
    /// of its own, with the steps up to the filter before it.)
    Each,
    /// Anything below (`..`).
    Descendants,
}

/// What is done with what a reference finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Usage {
    /// Taken as it is: the whole of it is read.
    Taken,
    /// Rendered as rich text only: it may stay raw.
    Rendered,
    /// Printed or compared: a scalar is expected.
    Scalar,
    /// Only asked whether it is there.
    Tested,
}
