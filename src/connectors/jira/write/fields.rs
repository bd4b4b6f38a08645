//! Values as the fields of a site take them, by what the site says of its fields.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::document;
use crate::connectors::jira::session::Session;
use crate::diagnostic::nearest;
use crate::http::Failure;
use crate::record::{Object, Value};

/// The fields of a site.
pub(super) struct Fields {
    by_id: HashMap<String, Kind>,
    /// Ids by display names in lower case; none where several fields have it.
    by_name: HashMap<String, Option<String>>,
}

/// What a field takes.
#[derive(Clone, Debug, Default, Deserialize)]
struct Kind {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    items: Option<String>,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    custom: Option<String>,
}

#[derive(Deserialize)]
struct Field {
    id: String,
    name: String,
    #[serde(default)]
    schema: Option<Kind>,
}

impl Fields {
    /// Asks the site.
    pub(super) async fn of(session: &Session) -> Result<Self, Failure> {
        let fields: Vec<Field> = session.get("/rest/api/3/field").await?;
        let mut known = Self {
            by_id: HashMap::with_capacity(fields.len()),
            by_name: HashMap::with_capacity(fields.len()),
        };
        for field in fields {
            let several = known.by_name.contains_key(&field.name.to_lowercase());
            known.by_name.insert(
                field.name.to_lowercase(),
                (!several).then(|| field.id.clone()),
            );
            known
                .by_id
                .insert(field.id, field.schema.unwrap_or_default());
        }
        Ok(known)
    }

    /// The fields of an issue as Jira takes them.
    ///
    /// # Errors
    /// A field that the site does not have.
    pub(super) fn encoded(&self, fields: &Object) -> Result<Map<String, Json>, String> {
        let mut encoded = Map::new();
        for (name, value) in fields.iter() {
            let (id, kind) = self.field(name)?;
            encoded.insert(id.to_owned(), kind.encoded(value));
        }
        Ok(encoded)
    }

    fn field(&self, name: &str) -> Result<(&str, &Kind), String> {
        let by_id = self.by_id.get_key_value(name);
        let by_name = || match self.by_name.get(&name.to_lowercase()) {
            Some(Some(id)) => Ok(self.by_id.get_key_value(id)),
            Some(None) => Err(format!(
                "the site has several fields `{name}`: name it by its id (`flowline fields`)"
            )),
            None => Ok(None),
        };
        let found = match by_id {
            Some(found) => Some(found),
            None => by_name()?,
        };
        found.map(|(id, kind)| (id.as_str(), kind)).ok_or_else(|| {
            let known = self.by_id.keys().chain(self.by_name.keys());
            match nearest(name, known.map(String::as_str)) {
                Some(near) => format!("the site has no field `{name}`: did you mean `{near}`?"),
                None => format!("the site has no field `{name}`"),
            }
        })
    }
}

impl Kind {
    /// True for what takes rich text.
    fn is_rich(&self) -> bool {
        let system = self.system.as_deref();
        matches!(system, Some("description" | "environment"))
            || self
                .custom
                .as_deref()
                .is_some_and(|custom| custom.ends_with(":textarea"))
    }

    fn encoded(&self, value: &Value) -> Json {
        if self.is_rich() {
            return serde_json::from_str(&document(value)).unwrap_or_default();
        }
        if self.kind == "array" {
            let items = self.items.as_deref().unwrap_or_default();
            return match value.as_array() {
                Some(list) => list.iter().map(|one| encoded(items, one)).collect(),
                None => Json::Array(vec![encoded(items, value)]),
            };
        }
        match (self.system.as_deref(), value) {
            // A summary is one line.
            (Some("summary"), Value::String(text)) => {
                text.split_whitespace().collect::<Vec<_>>().join(" ").into()
            }
            _ => encoded(&self.kind, value),
        }
    }
}

/// A value of a type: a name as text, an id as a number; what is an object is Jira's own form.
fn encoded(kind: &str, value: &Value) -> Json {
    let (text, id) = match value {
        Value::String(text) => (text.to_string(), None),
        Value::Number(number) => (number.to_string(), Some(number.to_string())),
        Value::Bool(flag) => (flag.to_string(), None),
        other => return serde_json::from_str(&other.to_json()).unwrap_or_default(),
    };
    let by = |name: &str| match &id {
        Some(id) => json!({ "id": id }),
        None => json!({ name: text }),
    };
    match kind {
        "user" => json!({ "id": text }),
        "option" | "option-with-child" => by("value"),
        "priority" | "version" | "component" | "issuetype" | "resolution" | "securitylevel"
        | "status" => by("name"),
        "group" => json!({ "name": text }),
        "project" | "issuelink" => by("key"),
        "number" => match (text.trim().parse::<i64>(), text.trim().parse::<f64>()) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => text.into(),
        },
        "string" | "date" | "datetime" => text.into(),
        _ => serde_json::from_str(&value.to_json()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let field = |id: &str, name: &str, schema: Json| (id.to_owned(), name.to_owned(), schema);
        let mut known = Fields {
            by_id: HashMap::new(),
            by_name: HashMap::new(),
        };
        for (id, name, schema) in [
            field(
                "summary",
                "Summary",
                json!({ "type": "string", "system": "summary" }),
            ),
            field(
                "description",
                "Description",
                json!({ "type": "string", "system": "description" }),
            ),
            field(
                "labels",
                "Labels",
                json!({ "type": "array", "items": "string" }),
            ),
            field(
                "components",
                "Components",
                json!({ "type": "array", "items": "component" }),
            ),
            field("priority", "Priority", json!({ "type": "priority" })),
            field("assignee", "Assignee", json!({ "type": "user" })),
            field("parent", "Parent", json!({ "type": "issuelink" })),
            field(
                "customfield_1",
                "Notes",
                json!({ "type": "string", "custom": "x:textarea" }),
            ),
            field("customfield_2", "Points", json!({ "type": "number" })),
            field("customfield_3", "Tier", json!({ "type": "option" })),
            field(
                "customfield_4",
                "Line",
                json!({ "type": "string", "custom": "x:textfield" }),
            ),
        ] {
            known.by_name.insert(name.to_lowercase(), Some(id.clone()));
            known
                .by_id
                .insert(id, serde_json::from_value(schema).unwrap());
        }
        known.by_name.insert("twice".to_owned(), None);
        known
    }

    fn of(json: &str) -> Result<Json, String> {
        let value = Value::from_json(json).unwrap();
        fields()
            .encoded(value.as_object().unwrap())
            .map(Json::Object)
    }

    #[test]
    fn plain_values_take_the_form_that_jira_wants_of_the_field() {
        let doc = |text: &str| {
            json!({ "type": "doc", "version": 1, "content": [
                { "type": "paragraph", "content": [{ "type": "text", "text": text }] }] })
        };
        for (given, sent) in [
            (r#"{"summary":"a\n b"}"#, json!({ "summary": "a b" })),
            (r#"{"description":"a"}"#, json!({ "description": doc("a") })),
            (r#"{"Notes":"a"}"#, json!({ "customfield_1": doc("a") })),
            (r#"{"customfield_4":7}"#, json!({ "customfield_4": "7" })),
            (r#"{"labels":["a","b"]}"#, json!({ "labels": ["a", "b"] })),
            (r#"{"labels":"a"}"#, json!({ "labels": ["a"] })),
            (
                r#"{"components":["UI",7]}"#,
                json!({ "components": [{ "name": "UI" }, { "id": "7" }] }),
            ),
            (
                r#"{"priority":"High"}"#,
                json!({ "priority": { "name": "High" } }),
            ),
            (r#"{"priority":2}"#, json!({ "priority": { "id": "2" } })),
            (
                r#"{"priority":{"id":"3"}}"#,
                json!({ "priority": { "id": "3" } }),
            ),
            (
                r#"{"assignee":"5b10:a"}"#,
                json!({ "assignee": { "id": "5b10:a" } }),
            ),
            (r#"{"parent":"A-1"}"#, json!({ "parent": { "key": "A-1" } })),
            (r#"{"points":"3"}"#, json!({ "customfield_2": 3 })),
            (r#"{"customfield_2":2.5}"#, json!({ "customfield_2": 2.5 })),
            (
                r#"{"tier":"Gold"}"#,
                json!({ "customfield_3": { "value": "Gold" } }),
            ),
        ] {
            assert_eq!(of(given).unwrap(), sent, "{given}");
        }
    }

    #[test]
    fn a_field_that_the_site_lacks_is_said_with_what_was_meant() {
        assert!(
            of(r#"{"descripton":"a"}"#)
                .unwrap_err()
                .contains("`description`")
        );
        assert!(of(r#"{"twice":"a"}"#).unwrap_err().contains("several"));
    }
}
