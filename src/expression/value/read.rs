//! Small things that options hold: names, numbers, booleans.

use crate::record::Number;
use crate::syntax::{Node, ScalarValue};

/// The text of a scalar.
pub(super) fn text(node: &Node) -> Option<&str> {
    node.as_text()
}

/// A whole number from 1; what was put in for a `${…}` is read as one.
pub(super) fn count(node: &Node) -> Option<usize> {
    let scalar = node.as_scalar()?;
    let number = match &scalar.value {
        ScalarValue::Number(number) => *number,
        ScalarValue::Text if scalar.replaced => Number::Signed(scalar.text.parse().ok()?),
        _ => return None,
    };
    number
        .as_i64()
        .and_then(|count| usize::try_from(count).ok())
        .filter(|count| *count > 0)
}

/// A boolean; what was put in for a `${…}` is read as one.
pub(super) fn boolean(node: &Node) -> Option<bool> {
    let scalar = node.as_scalar()?;
    match &scalar.value {
        ScalarValue::Bool(value) => Some(*value),
        ScalarValue::Text if scalar.replaced => scalar.text.parse().ok(),
        _ => None,
    }
}
