//! What a value's options say.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::IfMissing;
use crate::diagnostic::{Span, Spanned};
use crate::expression::Conversion;
use crate::record::Value;

/// The options of a value, in the order in which they are applied.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `lookup:`.
    pub lookup: Option<Lookup>,
    /// `as:`.
    pub conversion: Option<Spanned<Conversion>>,
    /// `default:`.
    pub default: Option<Spanned<Value>>,
    /// `max_length:`, in Unicode scalar values.
    pub max_length: Option<usize>,
    /// `required:`.
    pub required: Option<bool>,
    /// `if_missing:`, as written.
    pub if_missing: Option<IfMissing>,
    /// The names in single braces in the literal texts of `default` and `lookup`.
    pub(super) names: Vec<(Arc<str>, Span)>,
}

/// A table from texts to literal values.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    rows: Vec<(Arc<str>, Spanned<Value>)>,
    index: HashMap<Arc<str>, usize>,
}

impl Lookup {
    /// A table; its keys are unique.
    pub(super) fn new(rows: Vec<(Arc<str>, Spanned<Value>)>) -> Self {
        let mut index: HashMap<Arc<str>, usize> = rows
            .iter()
            .enumerate()
            .map(|(index, (key, _))| (Arc::clone(key), index))
            .collect();
        // A number is also found by the way in which JSON writes it: `1e2` by `100.0`.
        for (at, (key, _)) in rows.iter().enumerate() {
            if let Ok(Value::Number(number)) = Value::from_json(key) {
                index.entry(number.to_string().into()).or_insert(at);
            }
        }
        Self { rows, index }
    }

    /// The value beside a text.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let index = *self.index.get(key)?;
        self.rows.get(index).map(|(_, value)| &value.value)
    }

    /// Each key and the value beside it, with its place in the file.
    #[must_use]
    pub fn rows(&self) -> &[(Arc<str>, Spanned<Value>)] {
        &self.rows
    }
}

impl Options {
    /// No option changes what was found.
    #[must_use]
    pub fn change_nothing(&self) -> bool {
        self.lookup.is_none()
            && self.conversion.is_none()
            && self.default.is_none()
            && self.max_length.is_none()
            && self.required != Some(true)
    }
}
