//! `/events` and `/events/batch`.

use serde_json::{Map, Value, json};

use super::account::{Account, Event};
use super::contacts::Given;
use super::errors::{self, invalid};
use crate::sandbox::clock::utc;
use crate::sandbox::exchange::{Reply, Request};

/// Bytes that the properties of one event may have.
const LARGEST_PROPERTIES: usize = 50 * 1024;
/// Bytes that a batch may have.
const LARGEST_BATCH: usize = 512 * 1024;
/// Events that a batch may have.
const MOST_EVENTS: usize = 200;

/// `POST /events`.
pub(super) fn one(account: &mut Account, request: &Request, now: i64) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    let event = Checked::read(&Value::Object(body)).map_err(|message| invalid(&message))?;
    event.apply(account, now);
    Ok(Reply::empty(204).wrote())
}

/// `POST /events/batch`: 202 where all are good, 207 where some are, 400 where none is.
pub(super) fn batch(account: &mut Account, request: &Request, now: i64) -> Result<Reply, Reply> {
    if request.body.len() > LARGEST_BATCH {
        return Err(errors::error(
            413,
            "payload_too_large",
            "The batch exceeds 512 KB",
        ));
    }
    let body = errors::object(request)?;
    let events = match body.get("events") {
        Some(Value::Array(events)) if !events.is_empty() => events,
        Some(_) => return Err(invalid("events should be a non-empty array")),
        None => return Err(errors::missing("events is missing")),
    };
    if events.len() > MOST_EVENTS {
        return Err(invalid("A batch takes at most 200 events"));
    }
    // Mistakes that read the same are told together, with the places of their events.
    let mut mistakes: Vec<(String, Vec<usize>)> = Vec::new();
    let mut good = Vec::new();
    for (place, event) in events.iter().enumerate() {
        match Checked::read(event) {
            Ok(event) => good.push(event),
            Err(message) => match mistakes.iter_mut().find(|(known, _)| *known == message) {
                Some((_, places)) => places.push(place),
                None => mistakes.push((message, vec![place])),
            },
        }
    }
    let (total, successful) = (events.len(), good.len());
    for event in good {
        event.apply(account, now);
    }
    if mistakes.is_empty() {
        let answer =
            json!({ "message": "Events batch accepted and queued for processing", "count": total });
        return Ok(Reply::json(202, &answer).wrote());
    }
    let status = if successful == 0 {
        "failed"
    } else {
        "partiallyQueued"
    };
    let list: Vec<Value> = mistakes
        .into_iter()
        .map(|(message, places)| json!({ "eventIndex": places, "message": message }))
        .collect();
    let answer = json!({
        "status": status, "total_events": total, "successful_events": successful,
        "failed_events": total - successful, "errors": list
    });
    if successful == 0 {
        return Err(Reply::json(400, &answer));
    }
    Ok(Reply::json(207, &answer).wrote())
}

/// `GET /events`: newest first, of the last six months by default.
pub(super) fn list(account: &Account, request: &Request, now: i64) -> Result<Reply, Reply> {
    const HALF_A_YEAR: i64 = 183 * 86_400_000;
    let (limit, offset) = errors::page(request, 100, 10_000)?;
    let time = |name: &str, default: i64, end: bool| match request.query(name) {
        None => Ok(default),
        Some(text) => moment(text, end).ok_or_else(|| invalid(&format!("Invalid {name}"))),
    };
    let from = time("startDate", now - HALF_A_YEAR, false)?;
    let to = time("endDate", i64::MAX, true)?;
    if to < from {
        return Err(invalid("endDate should be after startDate"));
    }
    let names = request.query_list("event_name");
    let contacts: Vec<u64> = request
        .query_list("contact_id")
        .iter()
        .map(|id| {
            id.parse()
                .map_err(|_| invalid("contact_id should be an integer"))
        })
        .collect::<Result<_, _>>()?;
    let kinds = request.query_list("object_type");
    let delay = (account.settings.event_visible_after_s * 1000.0) as i64;
    let mut found: Vec<&Event> = account
        .events
        .iter()
        .filter(|event| {
            event.at >= from
                && event.at <= to
                && event.received + delay <= now
                && (names.is_empty() || names.contains(&event.name.as_str()))
                && (contacts.is_empty() || contacts.contains(&event.contact))
                && (kinds.is_empty()
                    || event
                        .object_type
                        .as_deref()
                        .is_some_and(|kind| kinds.contains(&kind)))
        })
        .collect();
    found.sort_by_key(|event| std::cmp::Reverse(event.at));
    let page: Vec<Value> = found
        .iter()
        .skip(offset)
        .take(limit)
        .map(|event| shown(event))
        .collect();
    Ok(Reply::json(
        200,
        &json!({ "count": found.len(), "events": page }),
    ))
}

/// An event as `GET /events` shows it.
pub(super) fn shown(event: &Event) -> Value {
    let mut shown = json!({
        "contact_id": event.contact, "event_name": event.name, "event_date": utc(event.at),
        "event_properties": event.properties
    });
    if let Some(kind) = &event.object_type {
        shown["object_type"] = json!(kind);
    }
    shown
}

/// A date, or a date-time; a date alone is its first or last moment, in UTC.
fn moment(text: &str, end: bool) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let start = date
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?
        .timestamp()
        .as_millisecond();
    Some(if end { start + 86_399_999 } else { start })
}

/// An event that may be queued.
struct Checked {
    name: String,
    identifiers: Map<String, Value>,
    at: Option<i64>,
    properties: Value,
    contact_properties: Map<String, Value>,
    object_type: Option<String>,
}

fn legal(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl Checked {
    fn read(event: &Value) -> Result<Self, String> {
        let event = event.as_object().ok_or("event should be an object")?;
        let name = match event.get("event_name") {
            None => return Err("undefined event_name".to_owned()),
            Some(name) => name
                .as_str()
                .filter(|name| legal(name))
                .ok_or("invalid event_name")?,
        };
        let identifiers = match event.get("identifiers") {
            None => return Err("undefined identifiers".to_owned()),
            Some(Value::Object(identifiers)) if !identifiers.is_empty() => identifiers,
            Some(_) => return Err("invalid identifiers".to_owned()),
        };
        for (name, value) in identifiers {
            let good = match name.as_str() {
                "contact_id" => value.is_u64(),
                "email_id" | "ext_id" | "phone_id" | "whatsapp_id" | "landline_number_id" => {
                    value.as_str().is_some_and(|text| !text.is_empty())
                }
                _ => false,
            };
            if !good {
                return Err(format!("invalid identifier {name}"));
            }
        }
        let at = match event.get("event_date") {
            None => None,
            Some(date) => {
                let at = date.as_str().and_then(|text| moment(text, false));
                Some(at.ok_or("invalid event_date")?)
            }
        };
        let properties = event
            .get("event_properties")
            .cloned()
            .unwrap_or_else(|| json!({}));
        let map = properties.as_object().ok_or("invalid event_properties")?;
        if let Some(key) = map.keys().find(|key| !legal(key)) {
            return Err(format!("invalid event_properties key {key}"));
        }
        if map.values().any(Value::is_null) {
            return Err("event_properties values should not be null".to_owned());
        }
        if properties.to_string().len() > LARGEST_PROPERTIES {
            return Err("event_properties exceed 50 KB".to_owned());
        }
        let contact_properties = match event.get("contact_properties") {
            None => Map::new(),
            Some(Value::Object(map))
                if map
                    .values()
                    .all(|v| v.is_string() || v.is_number() || v.is_boolean()) =>
            {
                map.clone()
            }
            Some(_) => return Err("invalid contact_properties".to_owned()),
        };
        let object_type = event
            .get("object")
            .and_then(|object| object.get("type"))
            .and_then(Value::as_str);
        Ok(Self {
            name: name.to_owned(),
            identifiers: identifiers.clone(),
            at,
            properties,
            contact_properties,
            object_type: object_type.map(str::to_owned),
        })
    }

    /// Gives the event to its contact. Where no contact has the identifiers it is accepted and has
    /// no effect: that contacts are created is documented nowhere.
    fn apply(self, account: &mut Account, now: i64) {
        let text = |name: &str| self.identifiers.get(name).and_then(Value::as_str);
        // A contact id overrides the rest.
        let contact = match self.identifiers.get("contact_id").and_then(Value::as_u64) {
            Some(id) => account.contacts.contains_key(&id).then_some(id),
            None => text("email_id")
                .and_then(|email| account.with_email(email))
                .or_else(|| text("ext_id").and_then(|id| account.with_ext_id(id)))
                .or_else(|| text("phone_id").and_then(|phone| account.with_phone(phone))),
        };
        let Some(contact) = contact else {
            account.ignore_event();
            return;
        };
        account.put_event(Event {
            contact,
            name: self.name,
            at: self.at.unwrap_or(now),
            received: now,
            properties: self.properties,
            object_type: self.object_type,
        });
        if !self.contact_properties.is_empty() {
            let mut body = Map::new();
            body.insert(
                "attributes".to_owned(),
                Value::Object(self.contact_properties),
            );
            if let (Ok(given), Some(contact)) = (
                Given::read(account, &body),
                account.contacts.get(&contact).cloned(),
            ) {
                given.apply(account, contact, now);
            }
        }
    }
}
