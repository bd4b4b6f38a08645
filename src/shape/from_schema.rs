//! The shape that a JSON Schema describes.
//!
//! Reads what the record schemas under `schemas/records/` use: `type`, `properties`, `required`,
//! `patternProperties` by prefix, `additionalProperties`, `items`, `enum`, `const`, `format`,
//! `$ref` to `#/$defs/…`, `anyOf` and `oneOf`. What it does not know leaves more possible.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Format, Kinds, Members, Shape};
use crate::record::Value;

/// How deep definitions that name each other are followed: a record is read by paths of a few steps.
const MAX_REFERENCES: usize = 6;

/// A schema that could not be read as one: a defect of the schema file.
#[derive(Debug, thiserror::Error)]
#[error("not a JSON Schema: {0}")]
pub struct SchemaTrouble(#[from] serde_json::Error);

impl Shape {
    /// The shape of the values that a JSON Schema lets pass.
    ///
    /// # Errors
    /// Where the text is no JSON.
    pub fn from_schema(schema: &str) -> Result<Self, SchemaTrouble> {
        let root: Json = serde_json::from_str(schema)?;
        Ok(Self::from_schema_value(&root))
    }

    /// The same of a parsed schema.
    #[must_use]
    pub fn from_schema_value(root: &Json) -> Self {
        read(root, root, 0)
    }
}

fn read(schema: &Json, root: &Json, references: usize) -> Shape {
    let Some(schema) = schema.as_object() else {
        return Shape::any();
    };
    if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
        let target = name
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return match target {
            Some(target) if references < MAX_REFERENCES => read(target, root, references + 1),
            _ => Shape {
                optional: false,
                ..Shape::any()
            },
        };
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(key).and_then(Json::as_array) {
            let shapes = choices.iter().map(|choice| read(choice, root, references));
            return shapes
                .reduce(|left, right| left.union(&right))
                .unwrap_or_else(Shape::any);
        }
    }
    let values = fixed_values(schema);
    let kinds = kinds_of(schema).unwrap_or_else(|| match &values {
        Some(values) => values
            .iter()
            .map(kind_of_value)
            .fold(Kinds::NONE, Kinds::union),
        None => Kinds::ANY,
    });
    Shape {
        kinds,
        optional: false,
        format: schema
            .get("format")
            .and_then(Json::as_str)
            .and_then(format_of),
        values,
        items: schema
            .get("items")
            .map(|items| Arc::new(read(items, root, references))),
        members: members_of(schema, root, references).map(Arc::new),
    }
}

fn kinds_of(schema: &Map<String, Json>) -> Option<Kinds> {
    match schema.get("type")? {
        Json::String(name) => Kinds::of_schema_type(name),
        Json::Array(names) => Some(
            names
                .iter()
                .filter_map(|name| Kinds::of_schema_type(name.as_str()?))
                .fold(Kinds::NONE, Kinds::union),
        ),
        _ => None,
    }
}

fn fixed_values(schema: &Map<String, Json>) -> Option<Arc<[Value]>> {
    if let Some(value) = schema.get("const") {
        return Some([Value::from(value.clone())].into());
    }
    let values = schema.get("enum")?.as_array()?;
    Some(values.iter().cloned().map(Value::from).collect())
}

const fn kind_of_value(value: &Value) -> Kinds {
    match value {
        Value::Null => Kinds::NULL,
        Value::Bool(_) => Kinds::BOOLEAN,
        Value::Number(_) => Kinds::NUMBER,
        Value::String(_) => Kinds::TEXT,
        Value::Array(_) => Kinds::LIST,
        Value::Object(_) | Value::Raw(_) => Kinds::OBJECT,
    }
}

fn format_of(name: &str) -> Option<Format> {
    Some(match name {
        "date" => Format::Date,
        "date-time" => Format::DateTime,
        "email" => Format::Email,
        "adf" => Format::RichText,
        _ => return None,
    })
}

fn members_of(schema: &Map<String, Json>, root: &Json, references: usize) -> Option<Members> {
    let properties = schema.get("properties").and_then(Json::as_object);
    let patterns = schema.get("patternProperties").and_then(Json::as_object);
    let others = schema.get("additionalProperties");
    if properties.is_none() && patterns.is_none() && others.is_none() {
        return None;
    }
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Json::as_array)
        .map(|names| names.iter().filter_map(Json::as_str).collect())
        .unwrap_or_default();
    let mut members = Members::default();
    for (name, member) in properties.into_iter().flatten() {
        let mut shape = read(member, root, references);
        shape.optional = !required.contains(&name.as_str());
        members.named.insert(name.as_str().into(), shape);
    }
    for (pattern, member) in patterns.into_iter().flatten() {
        let prefix = pattern.strip_prefix('^').unwrap_or(pattern);
        members
            .prefixed
            .push((prefix.into(), read(member, root, references).or_missing()));
    }
    members.others = match others {
        Some(Json::Bool(false)) => None,
        Some(other) => Some(Arc::new(read(other, root, references).or_missing())),
        None => Some(Arc::new(Shape::any())),
    };
    Some(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::NoSuchStep;

    fn shape() -> Shape {
        Shape::from_schema(
            r##"{"type":"object","additionalProperties":false,"required":["key","fields"],
            "properties":{"key":{"type":"string"},
              "fields":{"type":"object","additionalProperties":false,
                "patternProperties":{"^customfield_":{}},
                "properties":{"reporter":{"anyOf":[{"$ref":"#/$defs/user"},{"type":"null"}]},
                  "labels":{"type":"array","items":{"type":"string"}}}}},
            "$defs":{"user":{"type":"object","required":["accountId"],"additionalProperties":false,
              "properties":{"accountId":{"type":"string"},"emailAddress":{"type":["string","null"],"format":"email"}}}}}"##,
        )
        .unwrap()
    }

    #[test]
    fn follows_members_and_says_what_may_be_missing() {
        let fields = shape().member("fields").unwrap();
        assert!(!shape().member("key").unwrap().may_be_missing());
        let account = fields
            .member("reporter")
            .unwrap()
            .member("accountId")
            .unwrap();
        assert_eq!(account.kinds, Kinds::TEXT);
        assert!(account.may_be_missing(), "the reporter may be null");
        assert_eq!(
            fields.member("customfield_10020").unwrap().kinds,
            Kinds::ANY
        );
        assert_eq!(
            fields.member("labels").unwrap().each().unwrap().kinds,
            Kinds::TEXT
        );
    }

    #[test]
    fn knows_what_is_not_there() {
        let fields = shape().member("fields").unwrap();
        let Err(NoSuchStep::Member { known }) = fields.member("reportr") else {
            panic!("found")
        };
        assert!(known.iter().any(|name| &**name == "reporter"));
        assert_eq!(
            shape().member("key").unwrap().member("x"),
            Err(NoSuchStep::NotAnObject(Kinds::TEXT))
        );
        let email = fields
            .member("reporter")
            .unwrap()
            .member("emailAddress")
            .unwrap();
        assert_eq!(email.kinds.to_string(), "text");
    }
}
