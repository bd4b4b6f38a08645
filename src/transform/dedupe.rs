//! `dedupe`: within the run, one record of those whose value is equal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::spill::{Spill, SpillError, SpillPlace};
use crate::expression::{Expression, Trouble};
use crate::record::{Identity, Record, Value, canonical_json};

/// Keeps one record of those whose value is equal; what is missing is one value.
#[derive(Debug)]
pub struct Dedupe {
    /// The value that is compared.
    pub by: Expression,
    /// Which record survives.
    pub keep: Survivor,
}

/// Which of several equal records survives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Survivor {
    /// The first read.
    First,
    /// The last read.
    #[default]
    Last,
}

/// A record as a row of the spill.
#[derive(Serialize, Deserialize)]
struct Row {
    value: serde_json::Value,
    identity: Option<Vec<String>>,
    time_ms: Option<i64>,
    name: String,
    deleted: bool,
}

impl Dedupe {
    /// Takes a record; survivors are given at the end of the run, in the order in which they came.
    ///
    /// # Errors
    /// A value that cannot be made of this record, or rows that cannot be kept.
    pub fn take(
        &self,
        record: &Record,
        seen: &mut dyn Spill,
    ) -> Result<Result<(), Trouble>, SpillError> {
        let key = match self.by.evaluate(&record.value) {
            Ok(Some(value)) => canonical_json(&value),
            // What is missing has no JSON: no value can be equal to it.
            Ok(None) => String::new(),
            Err(trouble) => return Ok(Err(trouble)),
        };
        if self.keep == Survivor::First && seen.get(&key)?.is_some() {
            return Ok(Ok(()));
        }
        let row = serde_json::to_string(&Row::of(record)?)
            .map_err(|error| SpillError(error.to_string()))?;
        seen.put(&key, &row, SpillPlace::End)?;
        Ok(Ok(()))
    }

    /// The next survivors, at most so many; none are left after an empty answer.
    ///
    /// # Errors
    /// Where the rows cannot be read.
    pub fn give(&self, seen: &mut dyn Spill, at_most: usize) -> Result<Vec<Record>, SpillError> {
        seen.take_first(at_most)?
            .into_iter()
            .map(|row| {
                let row: Row =
                    serde_json::from_str(&row).map_err(|error| SpillError(error.to_string()))?;
                Ok(row.record())
            })
            .collect()
    }
}

impl Row {
    fn of(record: &Record) -> Result<Self, SpillError> {
        let parts =
            |identity: &Identity| identity.parts().iter().map(ToString::to_string).collect();
        Ok(Self {
            value: serde_json::to_value(&record.value)
                .map_err(|error| SpillError(error.to_string()))?,
            identity: record.identity.as_ref().map(parts),
            time_ms: record.time.map(jiff::Timestamp::as_millisecond),
            name: record.name.to_string(),
            deleted: record.deleted,
        })
    }

    fn record(self) -> Record {
        let identity = self.identity.map(|parts| {
            parts
                .into_iter()
                .map(Arc::from)
                .fold(Identity::default(), |identity, part: Arc<str>| {
                    identity.with(part)
                })
        });
        Record {
            value: Value::from(self.value),
            identity,
            time: self
                .time_ms
                .and_then(|time| jiff::Timestamp::from_millisecond(time).ok()),
            name: self.name.into(),
            deleted: self.deleted,
        }
    }
}
