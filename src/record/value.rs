//! JSON values that are cheap to clone: text, lists and objects are shared, not copied.

use std::fmt;
use std::sync::Arc;

use super::{Number, Object};

/// How many levels of lists and objects are read into a tree; what lies deeper stays raw text.
///
/// Recursion over a value is thereby bounded: nothing that comes from outside can exhaust the stack.
pub const MAX_DEPTH: usize = 128;

/// A JSON value.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(super::Text),
    /// A list.
    Array(Arc<Vec<Self>>),
    /// An object, its members in the order they were read.
    Object(Arc<Object>),
    /// An object or list kept as its JSON text: rich text until a transform renders it, and
    /// whatever is nested deeper than [`MAX_DEPTH`].
    Raw(Arc<str>),
}

impl Value {
    /// True for null: what is null counts as missing.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, where it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, where it is a list read into a tree.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, where it is an object read into a tree.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// A member of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object().and_then(|members| members.get(name))
    }

    /// A member of a member …, passing over none.
    #[must_use]
    pub fn at(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |value, name| value.get(name))
    }

    /// What kind of value it is, for messages: `text`, `a number`, `a list` …
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "text",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
            Self::Raw(json) if json.starts_with('[') => "a list",
            Self::Raw(_) => "an object",
        }
    }

    /// Compact JSON, members in the record's order.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }

    /// Appends compact JSON.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => {
                use fmt::Write as _;
                // Writing to a string cannot fail.
                write!(out, "{number}").unwrap_or_default();
            }
            Self::String(text) => write_json_string(text, out),
            Self::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    element.write_json(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_json_string(name, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
            Self::Raw(json) => out.push_str(json),
        }
    }
}

/// Appends a text as a JSON string, quotes included.
pub fn write_json_string(text: &str, out: &mut String) {
    out.push('"');
    // Most text needs no escape.
    if !text
        .bytes()
        .any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut plain = 0;
    for (index, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(text.get(plain..index).unwrap_or_default());
        if escape.is_empty() {
            use fmt::Write as _;
            write!(out, "\\u{byte:04x}").unwrap_or_default();
        } else {
            out.push_str(escape);
        }
        plain = index + 1;
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

/// How many bytes the JSON of a value takes.
#[must_use]
pub fn json_size(value: &Value) -> usize {
    let list = |sizes: &mut dyn Iterator<Item = usize>| {
        let (count, sum) = sizes.fold((0_usize, 0), |(count, sum), size| (count + 1, sum + size));
        2 + count.saturating_sub(1) + sum
    };
    match value {
        Value::Null => 4,
        Value::Bool(flag) => 5 - usize::from(*flag),
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text_size(text),
        Value::Raw(json) => json.len(),
        Value::Array(elements) => list(&mut elements.iter().map(json_size)),
        Value::Object(members) => list(
            &mut members
                .iter()
                .map(|(name, value)| text_size(name) + 1 + json_size(value)),
        ),
    }
}

fn text_size(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    };
    2 + text.len() + text.bytes().map(escaped).sum::<usize>()
}

/// JSON equality: numbers by value, members whatever their order.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::String(left), Self::String(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => left == right,
            (Self::Object(left), Self::Object(right)) => left == right,
            (Self::Raw(left), Self::Raw(right)) if left == right => true,
            (Self::Raw(_), _) | (_, Self::Raw(_)) => {
                super::canonical_json(self) == super::canonical_json(other)
            }
            _ => false,
        }
    }
}

impl Eq for Value {}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error as _, SerializeMap as _, SerializeSeq as _};
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => {
                let mut list = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements.iter() {
                    list.serialize_element(element)?;
                }
                list.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members.iter() {
                    map.serialize_entry(&**name, value)?;
                }
                map.end()
            }
            Self::Raw(json) => serde_json::value::RawValue::from_string(String::from(&**json))
                .map_err(S::Error::custom)?
                .serialize(serializer),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<super::Text> for Value {
    fn from(text: super::Text) -> Self {
        Self::String(text)
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Vec<Self>> for Value {
    fn from(elements: Vec<Self>) -> Self {
        Self::Array(Arc::new(elements))
    }
}

impl From<Object> for Value {
    fn from(members: Object) -> Self {
        Self::Object(Arc::new(members))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// From the JSON crate's tree, for tests and for what is small.
impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => {
                if let Some(signed) = number.as_i64() {
                    Self::from(signed)
                } else if let Some(unsigned) = number.as_u64() {
                    Self::from(unsigned)
                } else {
                    number
                        .as_f64()
                        .and_then(Number::from_f64)
                        .map_or(Self::Null, Self::Number)
                }
            }
            serde_json::Value::String(text) => text.into(),
            serde_json::Value::Array(elements) => elements
                .into_iter()
                .map(Self::from)
                .collect::<Vec<_>>()
                .into(),
            serde_json::Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect::<Object>()
                .into(),
        }
    }
}
