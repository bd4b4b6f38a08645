//! `/contacts` and `/contacts/{identifier}`.

use serde_json::{Map, Value, json};

use super::account::{Account, Attribute, Contact, digits};
use super::errors::{self, duplicate, flag, ids, invalid, missing, not_found};
use crate::sandbox::exchange::{Reply, Request};

/// `POST /contacts`: 201 with the id where made, 204 without one where updated.
pub(super) fn upsert(account: &mut Account, request: &Request, now: i64) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    let given = Given::read(account, &body)?;
    let update = flag(&body, "updateEnabled")?.unwrap_or(false);
    let merge = flag(&body, "forceMerge")?.unwrap_or(false);
    let get_id = flag(&body, "getId")?.unwrap_or(false);
    if given.email.is_none() && given.ext_id.is_none() && given.phone.is_none() {
        return Err(missing(
            "At least one of email, ext_id, SMS is required to create a contact",
        ));
    }
    let owners = given.owners(account);
    let Some((first, owner)) = owners.first().copied() else {
        let id = account.new_id();
        given.apply(account, Contact::new(id, now), now);
        return Ok(Reply::json(201, &json!({ "id": id })).wrote());
    };
    if !update {
        return Err(duplicate("duplicate_parameter", "create", &[first]));
    }
    let others: Vec<(&str, u64)> = owners
        .iter()
        .copied()
        .filter(|(_, id)| *id != owner)
        .collect();
    let mut survivor = owner;
    if !others.is_empty() {
        if !merge {
            let names: Vec<&str> = others.iter().map(|(name, _)| *name).collect();
            return Err(duplicate("invalid_parameter", "update", &names));
        }
        survivor = merged(account, &owners);
    }
    if let Some(contact) = account.contacts.get(&survivor).cloned() {
        given.apply(account, contact, now);
    }
    if get_id {
        return Ok(Reply::json(200, &json!({ "id": survivor })).wrote());
    }
    Ok(Reply::empty(204).wrote())
}

/// Merges the contacts: the one modified last stays and takes over what it lacks.
fn merged(account: &mut Account, owners: &[(&'static str, u64)]) -> u64 {
    let mut contacts: Vec<Contact> = owners
        .iter()
        .filter_map(|(_, id)| account.contacts.get(id).cloned())
        .collect();
    contacts.sort_by_key(|contact| (contact.modified, contact.id));
    contacts.dedup_by_key(|contact| contact.id);
    let Some(mut survivor) = contacts.pop() else {
        return 0;
    };
    for other in contacts {
        survivor.email = survivor.email.take().or(other.email);
        survivor.ext_id = survivor.ext_id.take().or(other.ext_id);
        survivor.lists.extend(other.lists);
        for (name, value) in other.attributes {
            survivor.attributes.entry(name).or_insert(value);
        }
        account.delete(other.id);
    }
    let id = survivor.id;
    account.put(survivor);
    id
}

/// `PUT /contacts/{identifier}`.
pub(super) fn update(
    account: &mut Account,
    request: &Request,
    identifier: &str,
    now: i64,
) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    let id = find(account, request, identifier)?;
    let given = Given::read(account, &body)?;
    let names: Vec<&str> = given
        .owners(account)
        .into_iter()
        .filter(|(_, owner)| *owner != id)
        .map(|(name, _)| name)
        .collect();
    if !names.is_empty() {
        return Err(duplicate("duplicate_parameter", "update", &names));
    }
    if let Some(contact) = account.contacts.get(&id).cloned() {
        given.apply(account, contact, now);
    }
    Ok(Reply::empty(204).wrote())
}

/// `GET /contacts/{identifier}`.
pub(super) fn one(account: &Account, request: &Request, identifier: &str) -> Result<Reply, Reply> {
    let id = find(account, request, identifier)?;
    let mut shown = account
        .contacts
        .get(&id)
        .map(Contact::shown)
        .unwrap_or_default();
    shown["statistics"] = json!({
        "messagesSent": [], "hardBounces": [], "softBounces": [], "complaints": [], "opened": [],
        "clicked": [], "delivered": [],
        "unsubscriptions": { "userUnsubscription": [], "adminUnsubscription": [] }
    });
    Ok(Reply::json(200, &shown))
}

/// `DELETE /contacts/{identifier}`.
pub(super) fn delete(
    account: &mut Account,
    request: &Request,
    identifier: &str,
) -> Result<Reply, Reply> {
    let id = find(account, request, identifier)?;
    let own = account
        .contacts
        .get(&id)
        .and_then(|contact| contact.email.as_deref());
    if own == Some(super::OWNER_EMAIL) {
        return Err(errors::error(
            405,
            "method_not_allowed",
            "The account's own contact cannot be deleted",
        ));
    }
    account.delete(id);
    Ok(Reply::empty(204).wrote())
}

/// `GET /contacts`.
pub(super) fn list(account: &Account, request: &Request, of: Option<u64>) -> Result<Reply, Reply> {
    let (limit, offset) = errors::page(request, 50, if of.is_some() { 500 } else { 1_000 })?;
    let since = |name: &str| match request.query(name) {
        None => Ok(i64::MIN),
        Some(text) => text
            .parse::<jiff::Timestamp>()
            .map(|at| at.as_millisecond())
            .map_err(|_| invalid(&format!("{name} is not a valid date-time"))),
    };
    let (modified, created) = (since("modifiedSince")?, since("createdSince")?);
    let lists: Vec<u64> = request
        .query_list("listIds")
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    let ids: Vec<u64> = request
        .query_list("ids")
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    let filter = match request.query("filter") {
        None => None,
        Some(text) => Some(
            text.strip_prefix("equals(")
                .and_then(|rest| rest.strip_suffix(')'))
                .and_then(|rest| rest.split_once(','))
                .map(|(name, value)| {
                    (
                        name.trim().to_owned(),
                        value.trim().trim_matches('"').to_owned(),
                    )
                })
                .ok_or_else(|| invalid("Invalid filter"))?,
        ),
    };
    let mut found: Vec<&Contact> = account
        .contacts
        .values()
        .filter(|contact| {
            of.is_none_or(|list| contact.lists.contains(&list))
                && (lists.is_empty() || lists.iter().any(|list| contact.lists.contains(list)))
                && (ids.is_empty() || ids.contains(&contact.id))
                && contact.modified >= modified
                && contact.created >= created
                && filter.as_ref().is_none_or(|(name, value)| {
                    contact
                        .attributes
                        .get(name)
                        .is_some_and(|there| match there {
                            Value::String(text) => text == value,
                            other => {
                                let text = other.to_string();
                                text == value.as_str()
                            }
                        })
                })
        })
        .collect();
    match request.query("sort") {
        Some("asc") => {}
        None | Some("desc") => found.reverse(),
        Some(_) => return Err(invalid("sort should be asc or desc")),
    }
    let shown: Vec<Value> = found
        .iter()
        .skip(offset)
        .take(limit)
        .map(|contact| contact.shown())
        .collect();
    Ok(Reply::json(
        200,
        &json!({ "contacts": shown, "count": found.len() }),
    ))
}

/// The contact that a path names. Without a type only addresses and contact ids are known, so that
/// a numeric external id sent bare is another contact's id.
fn find(account: &Account, request: &Request, identifier: &str) -> Result<u64, Reply> {
    let bare = || {
        if identifier.contains('@') {
            return Ok(account.with_email(identifier));
        }
        match identifier.parse::<u64>() {
            Ok(id) => Ok(account.contacts.contains_key(&id).then_some(id)),
            Err(_) => Err(invalid("Invalid email/id format")),
        }
    };
    let found = match request.query("identifierType") {
        None => bare()?,
        Some("email_id") => account.with_email(identifier),
        Some("contact_id") => {
            let id = identifier
                .parse::<u64>()
                .map_err(|_| invalid("Invalid contact id"))?;
            account.contacts.contains_key(&id).then_some(id)
        }
        Some("ext_id") => account.with_ext_id(identifier),
        Some("phone_id") => account.with_phone(identifier),
        Some("whatsapp_id" | "landline_number_id") => None,
        Some(_) => return Err(invalid("Invalid identifierType")),
    };
    found.ok_or_else(|| not_found("Contact does not exist"))
}

/// What a body says of a contact, checked.
pub(super) struct Given {
    email: Option<String>,
    new_email: Option<String>,
    ext_id: Option<String>,
    phone: Option<String>,
    clear_phone: bool,
    /// Values to set, and nothing for those to empty.
    attributes: Vec<(String, Option<Value>)>,
    email_blacklisted: Option<bool>,
    sms_blacklisted: Option<bool>,
    link: Vec<u64>,
    unlink: Vec<u64>,
}

impl Given {
    pub(super) fn read(account: &Account, body: &Map<String, Value>) -> Result<Self, Reply> {
        let text = |name: &str| match body.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(invalid(&format!("{name} should be a string"))),
        };
        let email = match text("email")? {
            None => None,
            Some(email) => Some(address(&email).ok_or_else(|| invalid("Invalid email address"))?),
        };
        let mut given = Self {
            email,
            new_email: None,
            ext_id: text("ext_id")?.filter(|ext_id| !ext_id.is_empty()),
            phone: None,
            clear_phone: false,
            attributes: Vec::new(),
            email_blacklisted: flag(body, "emailBlacklisted")?,
            sms_blacklisted: flag(body, "smsBlacklisted")?,
            link: ids(body, "listIds")?.unwrap_or_default(),
            unlink: ids(body, "unlinkListIds")?.unwrap_or_default(),
        };
        if let Some(unknown) = given.link.iter().find(|id| !account.lists.contains_key(id)) {
            return Err(invalid(&format!("List ID {unknown} does not exist")));
        }
        let attributes = match body.get("attributes") {
            None => return Ok(given),
            Some(Value::Object(attributes)) => attributes,
            Some(_) => return Err(invalid("attributes should be an object")),
        };
        for (name, value) in attributes {
            given.attribute(account, name, value)?;
        }
        Ok(given)
    }

    fn attribute(&mut self, account: &Account, name: &str, value: &Value) -> Result<(), Reply> {
        if value.is_null() || value.is_object() {
            return Err(invalid(&format!("Invalid value for attribute {name}")));
        }
        if name == "EMAIL" {
            let email = value.as_str().and_then(address);
            self.new_email = Some(email.ok_or_else(|| invalid("Invalid email address"))?);
            return Ok(());
        }
        if name == "EXT_ID" {
            self.ext_id = value.as_str().map(str::to_owned);
            return Ok(());
        }
        let Some(attribute) = account.attributes.get(name) else {
            if account.settings.reject_unknown_attributes {
                return Err(invalid(&format!("Attribute {name} does not exist")));
            }
            // Passed over without a word, as reports say.
            return Ok(());
        };
        let empty = value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
        if name == "SMS" {
            if empty {
                self.clear_phone = true;
                return Ok(());
            }
            let phone = match value {
                Value::String(text) => digits(text),
                Value::Number(number) => digits(&number.to_string()),
                _ => None,
            };
            self.phone = Some(phone.ok_or_else(|| invalid("Invalid phone number"))?);
            return Ok(());
        }
        if empty {
            self.attributes.push((name.to_owned(), None));
        } else if let Some(value) = fitting(attribute, value) {
            self.attributes.push((name.to_owned(), Some(value)));
        }
        Ok(())
    }

    /// The contacts that have one of the identifiers, with its name.
    fn owners(&self, account: &Account) -> Vec<(&'static str, u64)> {
        let mut owners = Vec::new();
        for email in [&self.email, &self.new_email].into_iter().flatten() {
            owners.extend(account.with_email(email).map(|id| ("email", id)));
        }
        owners.extend(
            self.ext_id
                .as_deref()
                .and_then(|id| account.with_ext_id(id))
                .map(|id| ("ext_id", id)),
        );
        owners.extend(
            self.phone
                .as_deref()
                .and_then(|id| account.with_phone(id))
                .map(|id| ("SMS", id)),
        );
        owners
    }

    /// Writes a row of an import; the name of the identifier where it belongs to another contact.
    pub(super) fn import(self, account: &mut Account, now: i64) -> Result<(), &'static str> {
        let known = self
            .email
            .as_deref()
            .and_then(|email| account.with_email(email));
        if let Some((name, _)) = self
            .owners(account)
            .into_iter()
            .find(|(_, id)| Some(*id) != known)
        {
            return Err(name);
        }
        let contact = match known.and_then(|id| account.contacts.get(&id)).cloned() {
            Some(contact) => contact,
            None => Contact::new(account.new_id(), now),
        };
        self.apply(account, contact, now);
        Ok(())
    }

    /// Writes what was given.
    pub(super) fn apply(self, account: &mut Account, mut contact: Contact, now: i64) {
        if let Some(email) = self.new_email.or(self.email)
            && contact.email.as_ref() != Some(&email)
        {
            // A new address of a contact that had opted out is subscribed again.
            if contact.email.is_some() {
                contact.email_blacklisted = false;
            }
            contact.email = Some(email);
        }
        if self.ext_id.is_some() {
            contact.ext_id = self.ext_id;
        }
        if self.clear_phone {
            contact.attributes.shift_remove("SMS");
        }
        if let Some(phone) = self.phone {
            contact.attributes.insert("SMS".to_owned(), json!(phone));
        }
        for (name, value) in self.attributes {
            match value {
                Some(value) => {
                    contact.attributes.insert(name, value);
                }
                None => {
                    contact.attributes.shift_remove(&name);
                }
            }
        }
        contact.email_blacklisted = self.email_blacklisted.unwrap_or(contact.email_blacklisted);
        contact.sms_blacklisted = self.sms_blacklisted.unwrap_or(contact.sms_blacklisted);
        contact.lists.extend(self.link);
        for list in self.unlink {
            contact.lists.remove(&list);
        }
        contact.modified = now;
        account.put(contact);
    }
}

/// An address in lower case; nothing where it is none.
pub(super) fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, host) = text.rsplit_once('@')?;
    let plain = |part: &str| {
        !part.is_empty()
            && !part.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | '@'))
    };
    let dotted = host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
    (plain(local) && plain(host) && dotted && text.len() <= 254).then(|| text.to_lowercase())
}

/// The value as an attribute takes it; one of the wrong type is nothing, and is passed over.
pub(super) fn fitting(attribute: &Attribute, value: &Value) -> Option<Value> {
    match (attribute.kind.as_str(), value) {
        ("text" | "id" | "user", Value::String(_))
        | ("float", Value::Number(_))
        | ("boolean", Value::Bool(_)) => Some(value.clone()),
        ("date", Value::String(text)) => {
            let iso = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
            iso.then(|| value.clone())
        }
        ("category", Value::String(text)) => attribute
            .enumeration
            .iter()
            .find(|(_, label)| label == text)
            .map(|(_, label)| json!(label)),
        ("category", Value::Number(number)) => attribute
            .enumeration
            .iter()
            .find(|(value, _)| Some(*value) == number.as_i64())
            .map(|(_, label)| json!(label)),
        ("multiple-choice", Value::Array(list)) => list
            .iter()
            .all(|item| {
                item.as_str()
                    .is_some_and(|text| attribute.options.iter().any(|o| o == text))
            })
            .then(|| value.clone()),
        _ => None,
    }
}
