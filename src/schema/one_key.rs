//! A map of one key out of several: written so that what is wrong is said of that key, not "not
//! valid under any of the given schemas".

use serde_json::{Map, Value as Json, json};

/// Rewrites every `oneOf` of one-key objects as one object with all keys, of which there is one.
pub(super) fn rewrite(schema: &mut Json) {
    match schema {
        Json::Array(elements) => elements.iter_mut().for_each(rewrite),
        Json::Object(members) => {
            members.values_mut().for_each(rewrite);
            if let Some(properties) = one_key_properties(members) {
                members.remove("oneOf");
                members.insert("type".to_owned(), json!("object"));
                members.insert("properties".to_owned(), Json::Object(properties));
                members.insert("additionalProperties".to_owned(), json!(false));
                members.insert("minProperties".to_owned(), json!(1));
                members.insert("maxProperties".to_owned(), json!(1));
            }
        }
        _ => {}
    }
}

fn one_key_properties(members: &Map<String, Json>) -> Option<Map<String, Json>> {
    let choices = members.get("oneOf")?.as_array()?;
    let mut properties = Map::new();
    for choice in choices {
        let own = choice.get("properties")?.as_object()?;
        let (name, schema) = own.iter().next()?;
        if own.len() != 1 {
            return None;
        }
        let mut schema = schema.clone();
        if let (Some(description), Some(members)) =
            (choice.get("description"), schema.as_object_mut())
        {
            members
                .entry("description")
                .or_insert_with(|| description.clone());
        }
        properties.insert(name.clone(), schema);
    }
    Some(properties)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_of_one_key_become_one_object() {
        let mut schema = json!({ "oneOf": [
            { "type": "object", "description": "A.", "properties": { "a": { "type": "string" } }, "required": ["a"] },
            { "type": "object", "properties": { "b": true }, "required": ["b"] } ] });
        rewrite(&mut schema);
        assert_eq!(schema["maxProperties"], 1);
        assert_eq!(schema["properties"]["a"]["description"], "A.");
        assert!(schema.get("oneOf").is_none());
    }
}
