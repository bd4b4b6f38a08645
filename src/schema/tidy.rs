//! What schemars writes, said more plainly: so that a mistake has one cause, and an editor's
//! suggestion one form.

use serde_json::{Map, Value as Json, json};

/// Marks what is checked where it is compiled; see `config::form`.
const COMPILED: &str = "x-compiled";

/// Takes out the nulls of optional members, and writes words as one enumeration.
pub(super) fn tidy(schema: &mut Json) {
    match schema {
        Json::Array(elements) => elements.iter_mut().for_each(tidy),
        Json::Object(members) => {
            members.values_mut().for_each(tidy);
            drop_null(members);
            words(members);
            if let Some(Json::String(text)) = members.get_mut("description") {
                *text = text.replace('\n', " ");
            }
        }
        _ => {}
    }
}

/// An optional member is left out, not null.
fn drop_null(members: &mut Map<String, Json>) {
    if let Some(Json::Array(types)) = members.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    let optional = matches!(members.get("anyOf"), Some(Json::Array(choices))
        if choices.len() == 2 && choices.get(1) == Some(&json!({ "type": "null" })));
    if optional
        && let Some(Json::Array(mut choices)) = members.remove("anyOf")
        && let Json::Object(inner) = choices.swap_remove(0)
    {
        for (key, value) in inner {
            members.entry(key).or_insert(value);
        }
    }
    let nothing = members.get("default").is_some_and(Json::is_null);
    if nothing {
        members.remove("default");
    }
}

/// `oneOf` constants become `enum`; where one-key maps stand among them, the map comes second.
fn words(members: &mut Map<String, Json>) {
    let Some(Json::Array(choices)) = members.get("oneOf") else {
        return;
    };
    let (words, maps): (Vec<Json>, Vec<Json>) = choices
        .iter()
        .cloned()
        .partition(|choice| choice.get("const").is_some());
    if words.is_empty() {
        return;
    }
    let described: Vec<Json> = words
        .iter()
        .map(|word| {
            word.get("description")
                .cloned()
                .unwrap_or_else(|| json!(""))
        })
        .collect();
    let words: Vec<Json> = words
        .into_iter()
        .filter_map(|mut word| word.get_mut("const").map(Json::take))
        .collect();
    members.remove("oneOf");
    if maps.is_empty() {
        members.insert("type".to_owned(), json!("string"));
        members.insert("enum".to_owned(), words.into());
        members.insert("enumDescriptions".to_owned(), described.into());
    } else {
        members.insert("type".to_owned(), json!(["string", "object"]));
        members.insert("if".to_owned(), json!({ "type": "string" }));
        members.insert("then".to_owned(), json!({ "enum": words }));
        members.insert("else".to_owned(), json!({ "oneOf": maps }));
    }
}

/// The schema for editors: without marks of our own.
pub(super) fn without_marks(schema: &mut Json) {
    match schema {
        Json::Array(elements) => elements.iter_mut().for_each(without_marks),
        Json::Object(members) => {
            members.remove(COMPILED);
            members.values_mut().for_each(without_marks);
        }
        _ => {}
    }
}

/// The schema for our own check: what is compiled later is let pass.
pub(super) fn without_compiled(schema: &mut Json) {
    match schema {
        Json::Array(elements) => elements.iter_mut().for_each(without_compiled),
        Json::Object(members) if members.contains_key(COMPILED) => *schema = json!(true),
        Json::Object(members) => {
            if !members.contains_key("properties") {
                members.remove("minProperties");
                members.remove("maxProperties");
            }
            members.values_mut().for_each(without_compiled);
            if let Some(definitions) = members.get_mut("$defs").and_then(Json::as_object_mut)
                && let Some(value) = definitions.get_mut("Value")
            {
                *value = json!(true);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_members_are_left_out_and_words_are_one_enumeration() {
        let mut schema = json!({ "properties": {
            "a": { "type": ["string", "null"], "default": null },
            "b": { "anyOf": [{ "$ref": "#/$defs/B" }, { "type": "null" }], "description": "B." },
            "c": { "oneOf": [{ "const": "x", "description": "X." }, { "const": "y" }] },
        } });
        tidy(&mut schema);
        assert_eq!(schema["properties"]["a"], json!({ "type": "string" }));
        assert_eq!(
            schema["properties"]["b"],
            json!({ "$ref": "#/$defs/B", "description": "B." })
        );
        assert_eq!(schema["properties"]["c"]["enum"], json!(["x", "y"]));
    }
}
