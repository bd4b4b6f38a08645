//! `adf_to_text`: rich text rendered in place.

use super::edit::{Edit, edit};
use crate::adf::{self, Format};
use crate::expression::Path;
use crate::record::{Record, Value};

/// Renders rich text in place; strings, null and what is not there stay as they are.
#[derive(Debug)]
pub struct RichText {
    /// Where the rich text stands.
    pub paths: Vec<Path>,
    /// What it becomes.
    pub format: Format,
    /// At most so many Unicode scalar values.
    pub max_length: Option<usize>,
}

impl RichText {
    /// The record with its rich text rendered.
    #[must_use]
    pub fn apply(&self, mut record: Record) -> Record {
        let render = &mut |value: &Value| {
            let json = match value {
                Value::Raw(json) => json.to_string(),
                Value::Object(_) | Value::Array(_) => value.to_json(),
                _ => return Ok(Edit::Keep),
            };
            let text = match self.max_length {
                Some(length) => adf::render_within(&json, self.format, length),
                None => adf::render(&json, self.format),
            };
            Ok(Edit::Replace(text.into()))
        };
        let done: Result<(), std::convert::Infallible> =
            edit(&mut record.value, &self.paths, render);
        match done {
            Ok(()) => record,
            Err(never) => match never {},
        }
    }
}
