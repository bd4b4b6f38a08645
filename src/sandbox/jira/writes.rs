//! Issues and comments that the API creates: held to the definitions, then made as edits are.

use serde_json::{Map, Value, json};

use super::catalog::SITE;
use super::edit::Edit;
use super::errors;
use super::site::Site;
use crate::sandbox::exchange::{Reply, Request};

/// The longest key of an entity property.
const LONGEST_PROPERTY: usize = 255;

/// `POST /issue/{idOrKey}/comment` as an edit.
pub(super) fn comment(site: &Site, request: &Request, id_or_key: &str) -> Result<Edit, Reply> {
    if site.find(id_or_key).is_none() {
        return Err(errors::no_issue());
    }
    let body = errors::object(request)?;
    errors::only(&body, &["body", "properties", "visibility"])?;
    let refused = |why: &str| errors::fields(&[("comment", why)]);
    let text = match body.get("body") {
        None | Some(Value::Null) => return Err(refused("Comment body can not be empty!")),
        Some(adf) if !is_document(adf) => return Err(refused("Comment body is not valid!")),
        Some(adf) => text_of(adf),
    };
    if text.trim().is_empty() {
        return Err(refused("Comment body can not be empty!"));
    }
    if text.chars().count() > 32_767 {
        return Err(refused(
            "The entered text is too long. It exceeds the allowed limit of 32,767 characters.",
        ));
    }
    Ok(Edit::Comment {
        issue: id_or_key.to_owned(),
        text,
        public: None,
        by: None,
        body: body.get("body").cloned(),
        properties: properties(&body)?,
    })
}

/// Entity properties by their keys; none where there are none.
pub(super) fn properties(body: &Map<String, Value>) -> Result<Option<Value>, Reply> {
    let list = match body.get("properties") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(errors::payload()),
    };
    let mut found = Map::new();
    for property in list {
        let Some(property) = property.as_object() else {
            return Err(errors::payload());
        };
        errors::only(property, &["key", "value"])?;
        let key = property.get("key").and_then(Value::as_str);
        let value = property.get("value").filter(|value| !value.is_null());
        let (Some(key), Some(value)) = (key, value) else {
            return Err(errors::payload());
        };
        if key.is_empty() || key.len() > LONGEST_PROPERTY || value.to_string().len() > 32_768 {
            return Err(errors::messages(
                400,
                &["The key or the value of a property is too long."],
            ));
        }
        found.insert(key.to_owned(), value.clone());
    }
    Ok((!found.is_empty()).then_some(Value::Object(found)))
}

/// True for a document of rich text.
pub(super) fn is_document(value: &Value) -> bool {
    value["type"] == "doc" && value["version"] == json!(1) && value["content"].is_array()
}

/// The text of a document, a line a block.
pub(super) fn text_of(adf: &Value) -> String {
    let mut text = String::new();
    let mut open = vec![adf];
    while let Some(node) = open.pop() {
        match node["type"].as_str() {
            Some("text") => text.push_str(node["text"].as_str().unwrap_or_default()),
            Some("hardBreak") => text.push('\n'),
            Some("paragraph" | "heading") if !text.is_empty() => text.push('\n'),
            _ => {}
        }
        if let Some(children) = node["content"].as_array() {
            open.extend(children.iter().rev());
        }
    }
    text
}

/// `POST /comment/list`: comments by ids, at most 1,000; what is not there is simply not there.
pub(super) fn listed(site: &Site, request: &Request) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    errors::only(&body, &["ids"])?;
    let ids: Option<Vec<u64>> = body
        .get("ids")
        .and_then(Value::as_array)
        .and_then(|ids| ids.iter().map(Value::as_u64).collect());
    let ids = ids.ok_or_else(errors::payload)?;
    if ids.is_empty() || ids.len() > 1_000 {
        return Err(errors::messages(
            400,
            &["The number of ids must be between 1 and 1000."],
        ));
    }
    let with_properties = request.query_list("expand").contains(&"properties");
    let mut values = Vec::new();
    for id in ids {
        let Some(issue) = site.commented(id) else {
            continue;
        };
        let Some(comment) = issue.comments.iter().find(|one| one.id == id) else {
            continue;
        };
        let mut text = String::new();
        site.push_comment(&mut text, &issue, comment);
        let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
        if with_properties {
            let known = site.properties_of_comment(id);
            value["properties"] = known
                .map(|(key, value)| json!({ "key": key, "value": value }))
                .collect();
        }
        values.push(value);
    }
    Ok(Reply::json(
        200,
        &json!({
            "maxResults": 1_048_576, "startAt": 0, "total": values.len(), "isLast": true,
            "values": values
        }),
    ))
}

/// `GET /comment/{id}/properties/{key}`.
pub(super) fn property_of_comment(site: &Site, id: &str, key: &str) -> Result<Reply, Reply> {
    let number: u64 = id.parse().unwrap_or_default();
    let found = site
        .properties_of_comment(number)
        .find(|(known, _)| *known == key);
    found.map_or_else(
        || {
            Err(errors::messages(
                404,
                &["The property does not exist or you do not have permission to see it."],
            ))
        },
        |(key, value)| Ok(Reply::json(200, &json!({ "key": key, "value": value }))),
    )
}

/// `GET /issue/{idOrKey}/properties/{key}`.
pub(super) fn property_of_issue(site: &Site, issue: &str, key: &str) -> Result<Reply, Reply> {
    let index = site.find(issue).ok_or_else(errors::no_issue)?;
    let value = site
        .issue_properties
        .get(&index)
        .and_then(|known| known.get(key));
    value.map_or_else(
        || {
            Err(errors::messages(
                404,
                &["The property does not exist or you do not have permission to see it."],
            ))
        },
        |value| Ok(Reply::json(200, &json!({ "key": key, "value": value }))),
    )
}

/// The answer to what was created.
pub(super) fn created(site: &Site, made: &Value) -> Reply {
    if made["comment"].is_null() {
        let id = made["id"].as_str().unwrap_or_default();
        let url = format!("{SITE}/rest/api/3/issue/{id}");
        return Reply::json(201, &json!({ "id": id, "key": made["key"], "self": url }));
    }
    let id = made["comment"].as_str().and_then(|id| id.parse().ok());
    let text = id.and_then(|id: u64| {
        let issue = site.commented(id)?;
        let comment = issue.comments.iter().find(|one| one.id == id)?;
        let mut text = String::new();
        site.push_comment(&mut text, &issue, comment);
        Some(text)
    });
    Reply::json_text(201, text.unwrap_or_default())
}
