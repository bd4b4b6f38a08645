//! `/crm/notes` and `/objects/{type}/batch/upsert`.

use serde_json::{Map, Value, json};

use super::account::{Account, Process};
use super::errors::{self, error, invalid, missing, not_found};
use crate::sandbox::clock::utc;
use crate::sandbox::exchange::{Reply, Request};

/// Characters that a note may have.
const LONGEST_NOTE: usize = 10_000;
/// Tags that a note may have.
const TAGS: [&str; 8] = ["p", "b", "strong", "i", "em", "u", "br", "a"];
/// Bytes that a batch of objects may have.
const LARGEST_BATCH: usize = 1_000_000;

/// `POST /crm/notes`.
pub(super) fn create(account: &mut Account, request: &Request, now: i64) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    let text = text(&body)?;
    let contacts = contacts(account, &body)?;
    let number = account.next("note");
    // 24 hexadecimal digits, as the service's own.
    let id = format!("61a5cd07{number:016x}");
    let note = json!({
        "id": id, "text": text, "contactIds": contacts, "dealIds": [], "companyIds": [],
        "authorId": { "id": "61a5ce58c5d4795761045991" }, "createdAt": utc(now),
        "updatedAt": utc(now), "number": number
    });
    account.keep("notes", &id, note);
    Ok(Reply::json(200, &json!({ "id": id })).wrote())
}

/// `PATCH /crm/notes/{id}`.
pub(super) fn edit(
    account: &mut Account,
    request: &Request,
    id: &str,
    now: i64,
) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    let text = text(&body)?;
    let mut note = account.kept("notes", id).ok_or_else(no_note)?;
    if body.contains_key("contactIds") {
        note["contactIds"] = json!(contacts(account, &body)?);
    }
    note["text"] = json!(text);
    note["updatedAt"] = json!(utc(now));
    account.keep("notes", id, note);
    Ok(Reply::empty(204).wrote())
}

/// `DELETE /crm/notes/{id}`.
pub(super) fn delete(account: &mut Account, id: &str) -> Result<Reply, Reply> {
    account.kept("notes", id).ok_or_else(no_note)?;
    account.keep("notes", id, Value::Null);
    Ok(Reply::empty(204).wrote())
}

/// `GET /crm/notes/{id}`.
pub(super) fn one(account: &Account, id: &str) -> Result<Reply, Reply> {
    let note = account.kept("notes", id).ok_or_else(no_note)?;
    Ok(Reply::json(200, &shown(note)))
}

/// `GET /crm/notes`: a list without a frame.
pub(super) fn list(account: &Account, request: &Request) -> Result<Reply, Reply> {
    let (limit, offset) = errors::page(request, 50, 100)?;
    let contact = match (request.query("entity"), request.query("entityIds")) {
        (Some("contacts"), Some(id)) => Some(
            id.parse::<u64>()
                .map_err(|_| invalid("entityIds should be integers"))?,
        ),
        (None, None) => None,
        (Some("companies" | "deals"), _) => return Ok(Reply::json(200, &json!([]))),
        _ => return Err(invalid("Invalid entity")),
    };
    let mut notes: Vec<Value> = account.all("notes");
    notes.retain(|note| {
        contact.is_none_or(|contact| {
            let ids = note["contactIds"].as_array();
            ids.is_some_and(|ids| ids.contains(&json!(contact)))
        })
    });
    notes.sort_by_key(|note| note["number"].as_u64());
    if request.query("sort") != Some("asc") {
        notes.reverse();
    }
    let page: Vec<Value> = notes
        .into_iter()
        .skip(offset)
        .take(limit)
        .map(shown)
        .collect();
    Ok(Reply::json(200, &json!(page)))
}

fn shown(mut note: Value) -> Value {
    if let Some(members) = note.as_object_mut() {
        members.remove("number");
    }
    note
}

fn no_note() -> Reply {
    not_found("Note not found")
}

fn text(body: &Map<String, Value>) -> Result<String, Reply> {
    let text = match body.get("text") {
        None => return Err(missing("text is missing")),
        Some(Value::String(text)) => text,
        Some(_) => return Err(invalid("text should be a string")),
    };
    if text.is_empty() || text.chars().count() > LONGEST_NOTE {
        return Err(invalid("text should be of 1 to 10000 characters"));
    }
    for tag in text.split('<').skip(1) {
        let tag = tag.trim_start_matches('/');
        let name: String = tag
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        if !TAGS.contains(&name.as_str()) {
            return Err(invalid("text has a tag that is not allowed"));
        }
    }
    Ok(text.clone())
}

fn contacts(account: &Account, body: &Map<String, Value>) -> Result<Vec<u64>, Reply> {
    let ids = errors::ids(body, "contactIds")?.unwrap_or_default();
    if ids.iter().any(|id| !account.contacts.contains_key(id)) {
        return Err(invalid("Contact does not exist"));
    }
    Ok(ids)
}

/// `POST /objects/{type}/batch/upsert`: worked on afterwards.
pub(super) fn objects(
    account: &mut Account,
    request: &Request,
    kind: &str,
    now: i64,
) -> Result<Reply, Reply> {
    if request.body.len() > LARGEST_BATCH {
        return Err(error(413, "payload_too_large", "The batch exceeds 1 MB"));
    }
    if !matches!(kind, "ticket" | "subscription") {
        return Err(not_found("Invalid object type"));
    }
    let body = errors::object(request)?;
    let records = match body.get("records") {
        Some(Value::Array(records)) if !records.is_empty() => records,
        Some(_) => return Err(invalid("records should be a non-empty array")),
        None => return Err(missing("records is missing")),
    };
    if records.len() > 1_000 {
        return Err(invalid("A batch takes at most 1000 records"));
    }
    let mut checked = Vec::with_capacity(records.len());
    for record in records {
        checked.push(object(record)?);
    }
    for (ext_id, attributes, contacts) in checked {
        let id = format!("{kind}/{ext_id}");
        let mut kept = account.kept("objects", &id).unwrap_or_else(
            || json!({ "type": kind, "ext_id": ext_id, "attributes": {}, "contacts": [] }),
        );
        for (name, value) in attributes {
            kept["attributes"][name] = value;
        }
        for contact in contacts {
            // It cannot create contacts: one that is not there is passed over.
            let known = account.contacts.contains_key(&contact);
            let list = kept["contacts"].as_array_mut();
            if let Some(list) = list.filter(|list| known && !list.contains(&json!(contact))) {
                list.push(json!(contact));
            }
        }
        account.keep("objects", &id, kept);
    }
    let id = account.processes.keys().last().copied().unwrap_or_default() + 1;
    account.put_process(Process {
        id,
        started: now,
        body: json!({ "objects": kind }),
        info: Some(json!({})),
    });
    let answer = json!({ "processId": id, "message": "Records are being processed" });
    Ok(Reply::json(202, &answer).wrote())
}

type Checked = (String, Map<String, Value>, Vec<u64>);

fn object(record: &Value) -> Result<Checked, Reply> {
    let ext_id = record
        .pointer("/identifiers/ext_id")
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty())
        .ok_or_else(|| missing("identifiers.ext_id is missing"))?;
    let attributes = match record.get("attributes") {
        None => Map::new(),
        Some(Value::Object(attributes)) if attributes.len() <= 500 => attributes.clone(),
        Some(_) => return Err(invalid("attributes should be an object of at most 500")),
    };
    let mut contacts = Vec::new();
    let associations = match record.get("associations") {
        None => &[],
        Some(Value::Array(list)) if list.len() <= 20 => list.as_slice(),
        Some(_) => return Err(invalid("associations should be an array of at most 20")),
    };
    for association in associations {
        if association.get("object_type") != Some(&json!("contact")) {
            return Err(invalid("Invalid association"));
        }
        let records = association.get("records").and_then(Value::as_array);
        for record in records.ok_or_else(|| missing("records is missing"))? {
            let id = record.pointer("/identifiers/id").and_then(Value::as_u64);
            contacts.push(id.ok_or_else(|| invalid("Invalid identifiers"))?);
        }
    }
    Ok((ext_id.to_owned(), attributes, contacts))
}
