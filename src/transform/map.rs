//! `map` and `set`: new fields out of values.

use std::sync::Arc;

use crate::expression::{Expression, Trouble};
use crate::record::{Object, Record, Value};

/// `map`: a new record of exactly these fields; nothing leaves a field out, null stays null.
#[derive(Debug)]
pub struct Map {
    /// The fields in the file's order.
    pub fields: Vec<(Arc<str>, Expression)>,
}

/// `set`: adds or replaces fields and keeps the rest; nothing leaves a field as it was.
#[derive(Debug)]
pub struct Set {
    /// The fields in the file's order; all read the record before the step.
    pub fields: Vec<(Arc<str>, Expression)>,
}

impl Map {
    /// The record with only these fields.
    ///
    /// # Errors
    /// Where a value cannot be made of this record.
    pub fn apply(&self, record: Record) -> Result<Record, Trouble> {
        let mut members = Object::with_capacity(self.fields.len());
        for (name, expression) in &self.fields {
            if let Some(value) = expression.field(&record.value)? {
                members.push(Arc::clone(name), value);
            }
        }
        Ok(Record { value: members.into(), ..record })
    }
}

impl Set {
    /// The record with these fields set.
    ///
    /// # Errors
    /// Where a value cannot be made of this record.
    pub fn apply(&self, record: Record) -> Result<Record, Trouble> {
        let values = self
            .fields
            .iter()
            .map(|(name, expression)| Ok((name, expression.field(&record.value)?)))
            .collect::<Result<Vec<_>, Trouble>>()?;
        let mut record = record;
        for (name, value) in values {
            if let Some(value) = value {
                set_member(&mut record.value, name, value);
            }
        }
        Ok(record)
    }
}

/// Sets a member of a record; the other members are shared, not copied.
pub(super) fn set_member(record: &mut Value, name: &Arc<str>, value: Value) {
    match record {
        Value::Object(members) => Arc::make_mut(members).insert(Arc::clone(name), value),
        other => {
            let mut members = Object::with_capacity(1);
            members.push(Arc::clone(name), value);
            *other = members.into();
        }
    }
}
