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
    /// The record and why a value cannot be made of it.
    pub fn apply(&self, record: Record) -> Result<Record, Box<(Record, Trouble)>> {
        let mut members = Object::with_capacity(self.fields.len());
        for (name, expression) in &self.fields {
            match expression.evaluate(&record.value) {
                Ok(Some(value)) => members.push(Arc::clone(name), value),
                Ok(None) => {}
                Err(trouble) => return Err(Box::new((record, trouble))),
            }
        }
        Ok(Record {
            value: members.into(),
            ..record
        })
    }
}

impl Set {
    /// The record with these fields set.
    ///
    /// # Errors
    /// The record and why a value cannot be made of it.
    pub fn apply(&self, mut record: Record) -> Result<Record, Box<(Record, Trouble)>> {
        let mut values = Vec::with_capacity(self.fields.len());
        for (name, expression) in &self.fields {
            match expression.evaluate(&record.value) {
                Ok(Some(value)) => values.push((name, value)),
                Ok(None) => {}
                Err(trouble) => return Err(Box::new((record, trouble))),
            }
        }
        for (name, value) in values {
            set_member(&mut record.value, name, value);
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
