//! The spanned tree of a YAML text.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Span, Spanned};
use crate::record::{Number, Value};

/// A value as written. Aliases share the node that they name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its characters; of a list or map from its first to the end of its last child.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Arc<Node>>),
    /// A mapping; its keys are unique.
    Map(Vec<Entry>),
}

/// One key of a map and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key and its characters.
    pub key: Spanned<Arc<str>>,
    /// The value.
    pub value: Arc<Node>,
}

/// A scalar: its text with all escapes and folds undone, and what the core schema makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The decoded text.
    pub text: Arc<str>,
    /// The value by YAML 1.2's core schema; text for all that is quoted.
    pub value: ScalarValue,
    /// How it is written.
    pub style: Style,
    /// Where stretches of the decoded text stand in the source, in order; the first starts at 0.
    pub runs: Vec<Run>,
    /// It stands for a `${…}` that was the whole scalar: it is never a path, template or
    /// condition, and where a number or boolean is expected its text is read as one.
    pub replaced: bool,
}

/// A stretch of decoded text that stands in the source byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its first byte in the decoded text.
    pub decoded: usize,
    /// Its first byte in the source.
    pub source: usize,
    /// How many bytes of the source it takes (an escape takes more than it yields).
    pub length: usize,
}

/// What the core schema makes of a scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScalarValue {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'…'`.
    SingleQuoted,
    /// In `"…"`.
    DoubleQuoted,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

impl Node {
    /// The scalar, where it is one.
    #[must_use]
    pub const fn as_scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The decoded text, where it is a scalar that is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        self.as_scalar()
            .filter(|scalar| scalar.value == ScalarValue::Text)
            .map(|scalar| &*scalar.text)
    }

    /// The elements, where it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Arc<Self>]> {
        match &self.kind {
            Kind::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries, where it is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry of a key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_map()?.iter().find(|entry| &*entry.key.value == key)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Arc<Self>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// What kind of value it is, for messages.
    #[must_use]
    pub const fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
            Kind::Scalar(scalar) => match scalar.value {
                ScalarValue::Null => "null",
                ScalarValue::Bool(_) => "a boolean",
                ScalarValue::Number(_) => "a number",
                ScalarValue::Text => "text",
            },
        }
    }

    /// The value that it literally is.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(scalar) => match &scalar.value {
                ScalarValue::Null => Value::Null,
                ScalarValue::Bool(value) => Value::Bool(*value),
                ScalarValue::Number(number) => Value::Number(*number),
                ScalarValue::Text => Arc::clone(&scalar.text).into(),
            },
            Kind::List(elements) => elements
                .iter()
                .map(|one| one.to_value())
                .collect::<Vec<_>>()
                .into(),
            Kind::Map(entries) => entries
                .iter()
                .map(|entry| (Arc::clone(&entry.key.value), entry.value.to_value()))
                .collect::<crate::record::Object>()
                .into(),
        }
    }
}

impl Scalar {
    /// Where a stretch of the decoded text stands in the source.
    #[must_use]
    pub fn locate(&self, range: Range<usize>) -> Span {
        let at = |decoded: usize, end: bool| {
            let index = self.runs.partition_point(|run| {
                if end {
                    run.decoded < decoded
                } else {
                    run.decoded <= decoded
                }
            });
            self.runs.get(index.saturating_sub(1)).map_or(0, |run| {
                let next = self
                    .runs
                    .get(index.max(1))
                    .map_or(usize::MAX, |next| next.decoded);
                let inside = decoded.saturating_sub(run.decoded);
                // At the end of an escape its whole length counts, not that of what it yields.
                if decoded >= next {
                    run.source + run.length
                } else {
                    run.source + inside.min(run.length)
                }
            })
        };
        let start = at(range.start, false);
        if range.is_empty() {
            return Span::new(start, start);
        }
        Span::new(start, at(range.end, true).max(start))
    }
}
