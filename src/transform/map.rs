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

#[cfg(test)]
mod tests {
    use crate::plan::testing::{applied, key, one, record, said_of, step};

    #[test]
    fn map_makes_exactly_these_fields() {
        let map = "  - map: { a: $.a, gone: $.x, none: $.n, both: [$.x, $.n, 1], in: { x: $.x, n: $.n }, text: '{{a}}!', dot.ted: 5 }";
        assert_eq!(
            one(map, r#"{"a":"v","n":null,"rest":1}"#),
            r#"{"a":"v","none":null,"both":[null,1],"in":{"n":null},"text":"v!","dot.ted":5}"#
        );
        assert_eq!(one("  - map: {}", r#"{"a":1}"#), "{}");
    }

    #[test]
    fn set_adds_or_replaces_and_keeps_the_rest() {
        let set = "  - set: { a: $.b, b: $.a, new: 1, x: $.gone, n: $.null, c.d: 2 }";
        assert_eq!(
            one(
                set,
                r#"{"a":1,"k":true,"b":2,"x":"as it was","n":3,"null":null}"#
            ),
            r#"{"a":2,"k":true,"b":1,"x":"as it was","n":null,"null":null,"new":1,"c.d":2}"#,
            "all values read the record before the step; a dot in a name is a character"
        );
    }

    #[test]
    fn what_cannot_be_made_is_trouble_with_the_record_as_it_was() {
        for step in ["map", "set"] {
            let transforms = format!("  - {step}: {{ a: 1, n: {{ path: $.n, as: integer }} }}");
            let message = applied(&transforms, r#"{"n":"x"}"#).unwrap_err();
            assert!(message.starts_with("pipelines/a.yaml:4:"), "{message}");
            let mut out = Vec::new();
            let failed = crate::plan::testing::step(&transforms)
                .apply(record(r#"{"n":"x"}"#), &key(), &mut out)
                .unwrap_err();
            assert_eq!(failed.0.value.to_json(), r#"{"n":"x"}"#);
            assert!(out.is_empty());
        }
    }

    #[test]
    fn identity_and_time_are_no_fields() {
        for transforms in [
            "  - map: { id: 9 }",
            "  - set: { id: 9 }",
            "  - remove: [$.id]",
            "  - mask: [$.id]",
        ] {
            let before = record(r#"{"id":"1","updated":"2020-01-01"}"#);
            let mut out = Vec::new();
            step(transforms)
                .apply(before.clone(), &key(), &mut out)
                .unwrap();
            assert_eq!(
                (&out[0].identity, out[0].time),
                (&before.identity, before.time),
                "{transforms}"
            );
        }
    }

    #[test]
    fn validate_follows_the_fields() {
        let then = |first: &str, path: &str| said_of(&format!("  - {first}\n  - keep: {path}"));
        assert_eq!(then("map: { a: 1 }", "$.b"), ["path.unknown_field"]);
        assert!(then("map: { a: 1 }", "$.a").is_empty());
        assert!(then("set: { a: 1 }", "$.b").is_empty());
        assert_eq!(
            then("set: { a: { b: 1 } }", "$.a.c"),
            ["path.unknown_field"]
        );
    }
}
