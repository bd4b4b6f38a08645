//! `POST /contacts/import` and `/processes/{id}`: asynchronous, with the traps of the real one.

use serde_json::{Map, Value, json};

use super::account::{Account, List, Process};
use super::contacts::{Given, address};
use super::errors::{self, flag, ids, invalid, missing, not_found};
use crate::sandbox::exchange::{Reply, Request};

/// Bytes that an import may have.
const LARGEST: usize = 10 * 1024 * 1024;

/// `POST /contacts/import`: 202 with a process.
pub(super) fn start(account: &mut Account, request: &Request, now: i64) -> Result<Reply, Reply> {
    if request.body.len() > LARGEST {
        return Err(errors::error(
            413,
            "payload_too_large",
            "The import exceeds 10 MB",
        ));
    }
    let mut body = errors::object(request)?;
    let bodies = ["jsonBody", "fileBody", "fileUrl"]
        .iter()
        .filter(|name| body.contains_key(**name))
        .count();
    if bodies != 1 {
        return Err(missing(
            "Exactly one of jsonBody, fileBody, fileUrl is required",
        ));
    }
    match body.get("jsonBody") {
        Some(Value::Array(rows)) if !rows.is_empty() => {}
        Some(_) => return Err(invalid("jsonBody should be a non-empty array")),
        None => return Err(invalid("This emulator imports jsonBody only")),
    }
    for name in [
        "updateExistingContacts",
        "emptyContactsAttributes",
        "emailBlacklist",
        "smsBlacklist",
        "disableNotification",
    ] {
        flag(&body, name)?;
    }
    let lists = ids(&body, "listIds")?.unwrap_or_default();
    if let Some(unknown) = lists.iter().find(|id| !account.lists.contains_key(id)) {
        return Err(invalid(&format!("List ID {unknown} does not exist")));
    }
    if lists.is_empty() {
        let new = body
            .get("newList")
            .ok_or_else(|| missing("listIds or newList is required"))?;
        let name = new
            .get("listName")
            .and_then(Value::as_str)
            .ok_or_else(|| missing("listName is missing"))?;
        let folder = new.get("folderId").and_then(Value::as_u64).unwrap_or(1);
        let id = account.lists.keys().last().copied().unwrap_or_default() + 1;
        account.put_list(List {
            id,
            name: name.to_owned(),
            folder,
        });
        body.insert("listIds".to_owned(), json!([id]));
    }
    let id = account.processes.keys().last().copied().unwrap_or(100) + 1;
    account.put_process(Process {
        id,
        started: now,
        body: Value::Object(body),
        info: None,
    });
    Ok(Reply::json(202, &json!({ "processId": id })).wrote())
}

/// `GET /processes/{id}`. Completed does not mean that every row was taken.
pub(super) fn process(account: &Account, id: &str, now: i64) -> Result<Reply, Reply> {
    let process = id
        .parse::<u64>()
        .ok()
        .and_then(|id| account.processes.get(&id))
        .ok_or_else(|| not_found("Process not found"))?;
    let mut shown = json!({ "id": process.id, "name": "IMPORT_CONTACTS", "status": "completed" });
    if process.body.get("objects").is_some() {
        shown["name"] = json!("UPSERT_OBJECT_RECORDS");
        if now - process.started < 500 {
            shown["status"] = json!("queued");
        }
        return Ok(Reply::json(200, &shown));
    }
    match &process.info {
        Some(info) => shown["info"] = json!({ "import": info }),
        None if now - process.started < 500 => shown["status"] = json!("queued"),
        None => shown["status"] = json!("in_process"),
    }
    Ok(Reply::json(200, &shown))
}

/// Carries out the imports whose time has come.
pub(super) fn finish(account: &mut Account, now: i64) {
    let takes = (account.settings.import_takes_s * 1000.0) as i64;
    let due: Vec<Process> = account
        .processes
        .values()
        .filter(|process| process.info.is_none() && process.started + takes <= now)
        .cloned()
        .collect();
    for mut process in due {
        let info = carry_out(account, &process.body, now);
        process.info = Some(info);
        account.put_process(process);
    }
}

fn carry_out(account: &mut Account, body: &Value, now: i64) -> Value {
    let update = body.get("updateExistingContacts") != Some(&Value::Bool(false));
    let empties = body.get("emptyContactsAttributes") == Some(&Value::Bool(true));
    let (mut invalid_emails, mut duplicate_ext_ids, mut duplicate_phones) = (0, 0, 0);
    for row in body
        .get("jsonBody")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let Some(email) = row.get("email").and_then(Value::as_str).and_then(address) else {
            invalid_emails += 1;
            continue;
        };
        if account.with_email(&email).is_some() && !update {
            continue;
        }
        let mut attributes = row
            .get("attributes")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        // A false is lost on this way, and so are nulls; an empty text empties only where asked to.
        attributes.retain(|_, value| {
            *value != Value::Bool(false)
                && !value.is_null()
                && (empties || value.as_str() != Some(""))
        });
        let mut given = Map::new();
        given.insert("email".to_owned(), json!(email));
        given.insert("attributes".to_owned(), Value::Object(attributes));
        given.insert(
            "listIds".to_owned(),
            body.get("listIds").cloned().unwrap_or_else(|| json!([])),
        );
        if body.get("emailBlacklist") == Some(&Value::Bool(true)) {
            given.insert("emailBlacklisted".to_owned(), json!(true));
        }
        let Ok(given) = Given::read(account, &given) else {
            continue;
        };
        match given.import(account, now) {
            Ok(()) => {}
            Err("ext_id") => duplicate_ext_ids += 1,
            Err(_) => duplicate_phones += 1,
        }
    }
    let url = |count: u32, name: &str| {
        if count == 0 {
            Value::Null
        } else {
            json!(format!("https://reports.acme.example/{name}.csv"))
        }
    };
    json!({
        "invalid_emails": url(invalid_emails, "invalid_emails"),
        "duplicate_contact_id": null,
        "duplicate_ext_id": url(duplicate_ext_ids, "duplicate_ext_id"),
        "duplicate_email_id": null,
        "duplicate_phone_id": url(duplicate_phones, "duplicate_phone_id"),
        "duplicate_whatsapp_id": null,
        "duplicate_landline_number_id": null
    })
}
