//! A record: a value with the identity and time that its source gives it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Object, Value};

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

impl Record {
    /// The record with its identity and time as JSON, for where it is set aside.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut members = Object::with_capacity(5);
        members.push("value".into(), self.value.clone());
        if let Some(identity) = &self.identity {
            let parts: Vec<Value> = identity.parts().iter().cloned().map(Value::from).collect();
            members.push("identity".into(), parts.into());
        }
        if let Some(time) = self.time {
            members.push("time".into(), time.to_string().into());
        }
        members.push("name".into(), Arc::clone(&self.name).into());
        members.push("deleted".into(), self.deleted.into());
        Value::from(members).to_json()
    }

    /// The record of such JSON; none where the text is another.
    #[must_use]
    pub fn from_json(json: &str) -> Option<Self> {
        let value = Value::from_json(json).ok()?;
        let identity = value
            .get("identity")
            .and_then(Value::as_array)
            .map(|parts| {
                let parts = parts.iter().filter_map(Value::as_str);
                parts.fold(Identity::default(), |identity, part| identity.with(part))
            });
        let time = value.get("time").and_then(Value::as_str);
        Some(Self {
            identity,
            time: time.and_then(|text| text.parse().ok()),
            name: value.get("name").and_then(Value::as_str)?.into(),
            deleted: matches!(value.get("deleted"), Some(Value::Bool(true))),
            value: value.get("value").cloned()?,
        })
    }
}
