//! A record: a value with the identity and time that its source gives it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Object, Value};

/// What a record is, made of the service's immutable ids; grows where a record is split.
///
/// It is no field of the record: `map`, `set`, `remove` and `mask` do not touch it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Identity {
    parts: Vec<Arc<str>>,
    /// The second part tells how the record came, not what it is.
    told: bool,
}

impl Identity {
    /// An identity of one part.
    #[must_use]
    pub fn of(part: impl Into<Arc<str>>) -> Self {
        Self {
            parts: vec![part.into()],
            told: false,
        }
    }

    /// An identity of a thing and of the webhook that told of it, where that tells no change of
    /// its own from others.
    #[must_use]
    pub fn told(thing: impl Into<Arc<str>>, by: impl Into<Arc<str>>) -> Self {
        Self {
            parts: vec![thing.into(), by.into()],
            told: true,
        }
    }

    /// What the record is, however it came: what is made of a thing once, and edited with it, is
    /// known by this.
    #[must_use]
    pub fn thing(&self) -> Self {
        let mut thing = self.clone();
        if std::mem::take(&mut thing.told) && thing.parts.len() > 1 {
            thing.parts.remove(1);
        }
        thing
    }

    /// This identity and one more part.
    #[must_use]
    pub fn with(&self, part: impl Into<Arc<str>>) -> Self {
        let mut more = self.clone();
        more.parts.push(part.into());
        more
    }

    /// The parts in order.
    #[must_use]
    pub fn parts(&self) -> &[Arc<str>] {
        &self.parts
    }
}

/// The parts joined by `-`: `10001-20002-status`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str("-")?;
            }
            f.write_str(part)?;
        }
        Ok(())
    }
}

/// How what a record tells lies to the pipeline's runs, where its time says too little.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Happened {
    /// When its time says.
    #[default]
    AtItsTime,
    /// Some time before the pipeline's first run.
    Before,
    /// Since the pipeline's last run: a version has the day of its release alone.
    SinceLastRun,
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
    /// What is known of when it happened besides its time.
    pub happened: Happened,
}

impl Record {
    /// When what happened at that time happened, in epoch milliseconds, as far as `backfill` is
    /// concerned; none: not before the pipeline's first run.
    #[must_use]
    pub fn happened_at(&self, time: Option<Timestamp>) -> Option<i64> {
        match self.happened {
            Happened::AtItsTime => time.map(Timestamp::as_millisecond),
            Happened::Before => Some(time.map_or(i64::MIN, Timestamp::as_millisecond)),
            Happened::SinceLastRun => None,
        }
    }

    /// The record with its identity and time as JSON, for where it is set aside.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut members = Object::with_capacity(6);
        members.push("value".into(), self.value.clone());
        if let Some(identity) = &self.identity {
            let parts: Vec<Value> = identity.parts().iter().cloned().map(Value::from).collect();
            members.push("identity".into(), parts.into());
            if identity.told {
                members.push("told".into(), true.into());
            }
        }
        if let Some(time) = self.time {
            members.push("time".into(), time.to_string().into());
        }
        members.push("name".into(), Arc::clone(&self.name).into());
        members.push("deleted".into(), self.deleted.into());
        let happened = match self.happened {
            Happened::AtItsTime => None,
            Happened::Before => Some("before"),
            Happened::SinceLastRun => Some("since"),
        };
        if let Some(happened) = happened {
            members.push("happened".into(), happened.into());
        }
        Value::from(members).to_aside()
    }

    /// The record of such JSON; none where the text is another.
    #[must_use]
    pub fn from_json(json: &str) -> Option<Self> {
        let value = Value::from_aside(json).ok()?;
        let identity = value
            .get("identity")
            .and_then(Value::as_array)
            .map(|parts| {
                let parts = parts.iter().filter_map(Value::as_str);
                Identity {
                    parts: parts.map(Arc::from).collect(),
                    told: value.get("told") == Some(&Value::Bool(true)),
                }
            });
        let time = value.get("time").and_then(Value::as_str);
        Some(Self {
            identity,
            time: time.and_then(|text| text.parse().ok()),
            name: value.get("name").and_then(Value::as_str)?.into(),
            deleted: matches!(value.get("deleted"), Some(Value::Bool(true))),
            happened: match value.get("happened").and_then(Value::as_str) {
                Some("before") => Happened::Before,
                Some("since") => Happened::SinceLastRun,
                _ => Happened::AtItsTime,
            },
            value: value.get("value").cloned()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_webhook_told_is_no_part_of_the_thing_also_where_the_record_was_set_aside() {
        let told = Identity::told("10", "created").with("part");
        assert_eq!(told.to_string(), "10-created-part");
        assert_eq!(told.thing().to_string(), "10-part");
        assert_eq!(told.thing().thing(), told.thing());
        let plain = Identity::of("10").with("20002-status");
        assert_eq!(plain.thing(), plain);
        for identity in [told, plain] {
            let record = Record {
                value: Value::Null,
                identity: Some(identity.clone()),
                time: None,
                name: "SUP-1".into(),
                deleted: false,
                happened: Happened::SinceLastRun,
            };
            let back = Record::from_json(&record.to_json()).unwrap();
            assert_eq!(back.identity, Some(identity));
            assert_eq!(back.happened, Happened::SinceLastRun);
        }
    }
}
