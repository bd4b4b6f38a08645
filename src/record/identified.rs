//! A record: a value with the identity and time that its source gives it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::Value;

/// What a record is, made of the service's immutable ids; grows where a record is split.
///
/// It is no field of the record: `map`, `set`, `remove` and `mask` do not touch it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Identity(Vec<Arc<str>>);

impl Identity {
    /// An identity of one part.
    #[must_use]
    pub fn of(part: impl Into<Arc<str>>) -> Self {
        Self(vec![part.into()])
    }

    /// This identity and one more part.
    #[must_use]
    pub fn with(&self, part: impl Into<Arc<str>>) -> Self {
        let mut parts = self.0.clone();
        parts.push(part.into());
        Self(parts)
    }

    /// The parts in order.
    #[must_use]
    pub fn parts(&self) -> &[Arc<str>] {
        &self.0
    }
}

/// The parts joined by `-`: `10001-20002-status`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("-")?;
            }
            f.write_str(part)?;
        }
        Ok(())
    }
}

/// What a source yields and transforms change.
#[derive(Clone, Debug)]
pub struct Record {
    /// The fields.
    pub value: Value,
    /// What it is; none for a source without `id`.
    pub identity: Option<Identity>,
    /// When it was last updated, by its service's clock; none for a source without `time`.
    pub time: Option<Timestamp>,
    /// What a person knows it by (an issue's key), for messages and for `plan`.
    pub name: Arc<str>,
    /// Gone at its source: sinks pass it over unless their `when:` asks for it.
    pub deleted: bool,
}
