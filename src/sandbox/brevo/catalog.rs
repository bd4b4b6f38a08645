//! Attributes, lists and folders.

use serde_json::{Value, json};

use super::account::{Account, Attribute, List};
use super::errors::{self, error, invalid, missing, not_found};
use crate::sandbox::exchange::{Reply, Request};

/// `GET /contacts/attributes`.
pub(super) fn attributes(account: &Account) -> Reply {
    let list: Vec<Value> = account
        .attributes
        .values()
        .map(|attribute| {
            let mut shown = json!({ "name": attribute.name, "category": attribute.category });
            match attribute.kind.as_str() {
                // The type of a category stands in its category alone.
                "category" => {
                    shown["enumeration"] = attribute
                        .enumeration
                        .iter()
                        .map(|(value, label)| json!({ "value": value, "label": label }))
                        .collect();
                }
                "multiple-choice" => {
                    shown["type"] = json!("multiple-choice");
                    shown["multiCategoryOptions"] = json!(attribute.options);
                }
                kind => shown["type"] = json!(kind),
            }
            shown
        })
        .collect();
    Reply::json(200, &json!({ "attributes": list }))
}

/// `POST /contacts/attributes/{category}/{NAME}`.
pub(super) fn create_attribute(
    account: &mut Account,
    request: &Request,
    category: &str,
    name: &str,
) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    if !matches!(
        category,
        "normal" | "transactional" | "category" | "calculated" | "global"
    ) {
        return Err(invalid("Invalid attribute category"));
    }
    let legal = !name.is_empty()
        && name.len() <= 50
        && name
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if !legal {
        return Err(invalid(
            "Attribute name should be in capital letters, digits and underscores",
        ));
    }
    if account.attributes.contains_key(name) {
        return Err(error(
            400,
            "duplicate_parameter",
            "Attribute name must be unique",
        ));
    }
    let kind = match (category, body.get("type").and_then(Value::as_str)) {
        ("category", None | Some("category")) => "category",
        (
            "normal",
            Some(kind @ ("text" | "date" | "float" | "boolean" | "multiple-choice" | "user")),
        ) => kind,
        ("transactional", Some(kind @ ("id" | "text" | "date" | "float" | "boolean"))) => kind,
        ("calculated" | "global", _) => "text",
        ("normal" | "transactional", None) => return Err(missing("type is missing")),
        _ => return Err(invalid("Invalid attribute type")),
    };
    let mut attribute = Attribute {
        name: name.to_owned(),
        category: category.to_owned(),
        kind: kind.to_owned(),
        enumeration: Vec::new(),
        options: Vec::new(),
    };
    if kind == "category" {
        let list = body.get("enumeration").and_then(Value::as_array);
        for option in list.ok_or_else(|| missing("enumeration is missing"))? {
            let value = option.get("value").and_then(Value::as_i64);
            let label = option
                .get("label")
                .and_then(Value::as_str)
                .filter(|label| label.len() <= 200);
            let (Some(value), Some(label)) = (value, label) else {
                return Err(invalid("Invalid enumeration"));
            };
            attribute.enumeration.push((value, label.to_owned()));
        }
    }
    if kind == "multiple-choice" {
        let list = body.get("multiCategoryOptions").and_then(Value::as_array);
        attribute.options = list
            .ok_or_else(|| missing("multiCategoryOptions is missing"))?
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
    }
    account.put_attribute(attribute);
    Ok(Reply::empty(201).wrote())
}

/// A list with its counts.
fn shown(account: &Account, list: &List) -> Value {
    let members = account
        .contacts
        .values()
        .filter(|contact| contact.lists.contains(&list.id));
    let (mut all, mut blocked) = (0, 0);
    for member in members {
        all += 1;
        blocked += u64::from(member.email_blacklisted);
    }
    json!({
        "id": list.id, "name": list.name, "folderId": list.folder, "totalBlacklisted": blocked,
        "totalSubscribers": all - blocked, "uniqueSubscribers": all
    })
}

/// `GET /contacts/lists`: at most 50 a page, 10 by default.
pub(super) fn lists(account: &Account, request: &Request, of: Option<u64>) -> Result<Reply, Reply> {
    let (limit, offset) = errors::page(request, 10, 50)?;
    let mut all: Vec<&List> = account
        .lists
        .values()
        .filter(|list| of.is_none_or(|folder| list.folder == folder))
        .collect();
    if request.query("sort") != Some("asc") {
        all.reverse();
    }
    let page: Vec<Value> = all
        .iter()
        .skip(offset)
        .take(limit)
        .map(|list| shown(account, list))
        .collect();
    Ok(Reply::json(
        200,
        &json!({ "lists": page, "count": all.len() }),
    ))
}

/// `GET /contacts/lists/{id}`.
pub(super) fn list(account: &Account, id: &str) -> Result<Reply, Reply> {
    let list = known(account, id)?;
    Ok(Reply::json(200, &shown(account, list)))
}

/// The list of this id.
pub(super) fn known<'a>(account: &'a Account, id: &str) -> Result<&'a List, Reply> {
    let id: u64 = id
        .parse()
        .map_err(|_| invalid("List ID should be an integer"))?;
    account
        .lists
        .get(&id)
        .ok_or_else(|| not_found("List ID does not exist"))
}

/// `POST /contacts/lists`.
pub(super) fn create_list(account: &mut Account, request: &Request) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    let name = body
        .get("name")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| missing("name is missing"))?.to_owned();
    let folder = body
        .get("folderId")
        .ok_or_else(|| missing("folderId is missing"))?;
    let folder = folder
        .as_u64()
        .ok_or_else(|| invalid("folderId should be an integer"))?;
    if !account.folders.contains_key(&folder) {
        return Err(invalid("Folder ID does not exist"));
    }
    let id = account
        .lists
        .keys()
        .last()
        .copied()
        .unwrap_or_default()
        .max(41)
        + 1;
    account.put_list(List { id, name, folder });
    Ok(Reply::json(201, &json!({ "id": id })).wrote())
}

/// `GET /contacts/folders`.
pub(super) fn folders(account: &Account, request: &Request) -> Result<Reply, Reply> {
    let (limit, offset) = errors::page(request, 10, 50)?;
    let page: Vec<Value> = account
        .folders
        .iter()
        .skip(offset)
        .take(limit)
        .map(|(id, name)| {
            json!({ "id": id, "name": name, "totalBlacklisted": 0, "totalSubscribers": 0, "uniqueSubscribers": 0 })
        })
        .collect();
    Ok(Reply::json(
        200,
        &json!({ "folders": page, "count": account.folders.len() }),
    ))
}

/// `POST /contacts/folders`.
pub(super) fn create_folder(account: &mut Account, request: &Request) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    let name = body
        .get("name")
        .and_then(Value::as_str)
        .ok_or_else(|| missing("name is missing"))?;
    let id = account.folders.keys().last().copied().unwrap_or_default() + 1;
    account.put_folder(id, name.to_owned());
    Ok(Reply::json(201, &json!({ "id": id })).wrote())
}

/// `POST /contacts/lists/{id}/contacts/add|remove`: 400 where none of the contacts qualifies.
pub(super) fn members(
    account: &mut Account,
    request: &Request,
    id: &str,
    add: bool,
    now: i64,
) -> Result<Reply, Reply> {
    let list = known(account, id)?.id;
    let body = errors::object(request)?;
    let named = ["emails", "ids", "extIds"]
        .into_iter()
        .filter_map(|name| Some((name, body.get(name)?)));
    let named: Vec<_> = named.collect();
    let [(what, Value::Array(wanted))] = named.as_slice() else {
        return Err(missing("Exactly one of emails, ids, extIds is required"));
    };
    if wanted.len() > 150 {
        return Err(error(
            400,
            "out_of_range",
            "A maximum of 150 contacts can be passed",
        ));
    }
    let (mut success, mut failure) = (Vec::new(), Vec::new());
    for item in wanted {
        let found = match *what {
            "emails" => item.as_str().and_then(|email| account.with_email(email)),
            "ids" => item.as_u64().filter(|id| account.contacts.contains_key(id)),
            _ => item.as_str().and_then(|id| account.with_ext_id(id)),
        };
        let contact = found.and_then(|id| account.contacts.get(&id)).cloned();
        match contact.filter(|contact| contact.lists.contains(&list) != add) {
            Some(mut contact) => {
                if add {
                    contact.lists.insert(list);
                } else {
                    contact.lists.remove(&list);
                }
                contact.modified = now;
                account.put(contact);
                success.push(item.clone());
            }
            None => failure.push(item.clone()),
        }
    }
    if success.is_empty() {
        return Err(invalid(if add {
            "Contact already in list and/or does not exist"
        } else {
            "Contact already removed from list and/or does not exist"
        }));
    }
    Ok(Reply::json(
        201,
        &json!({ "contacts": { "success": success, "failure": failure } }),
    )
    .wrote())
}
