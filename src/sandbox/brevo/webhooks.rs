//! `/webhooks`: at most 40 an account.

use serde_json::{Value, json};

use super::errors;
use crate::sandbox::clock::utc;
use crate::sandbox::exchange::{Reply, Request};
use crate::sandbox::hooks::{BrevoHook, Hooks};

const MOST: usize = 40;
const MARKETING: &[&str] = &[
    "spam",
    "opened",
    "click",
    "hardBounce",
    "softBounce",
    "unsubscribed",
    "listAddition",
    "delivered",
    "contactUpdated",
    "contactDeleted",
];
const TRANSACTIONAL: &[&str] = &[
    "sent",
    "hardBounce",
    "softBounce",
    "blocked",
    "spam",
    "delivered",
    "request",
    "click",
    "invalid",
    "deferred",
    "opened",
    "uniqueOpened",
    "unsubscribed",
];

/// Answers a request about webhooks.
pub(super) fn answer(
    hooks: &mut Hooks,
    request: &Request,
    rest: &[&str],
    now: i64,
) -> Result<Reply, Reply> {
    let found = |hooks: &Hooks, id: &str| {
        let found = hooks
            .brevo
            .iter()
            .position(|hook| hook.id.to_string() == id);
        found.ok_or_else(|| errors::not_found("Webhook ID does not exist"))
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let kind = request.query("type").unwrap_or("transactional");
            let all: Vec<Value> = hooks
                .brevo
                .iter()
                .filter(|hook| hook.body["type"] == kind)
                .map(shown)
                .collect();
            Ok(Reply::json(200, &json!({ "webhooks": all })))
        }
        ("GET", [id]) => {
            let at = found(hooks, id)?;
            Ok(Reply::json(
                200,
                &hooks.brevo.get(at).map(shown).unwrap_or_default(),
            ))
        }
        ("POST", []) => {
            if hooks.brevo.len() >= MOST {
                return Err(errors::invalid("The limit of webhooks is reached"));
            }
            let mut body = Value::Object(errors::object(request)?);
            if body["type"].is_null() {
                body["type"] = "transactional".into();
            }
            check(&body)?;
            let id = hooks.next();
            hooks.brevo.push(BrevoHook {
                id,
                body,
                created: now,
                modified: now,
            });
            Ok(Reply::json(201, &json!({ "id": id })).wrote())
        }
        ("PUT", [id]) => {
            let at = found(hooks, id)?;
            let Some(hook) = hooks.brevo.get_mut(at) else {
                return Err(errors::not_found("Webhook ID does not exist"));
            };
            let mut body = hook.body.clone();
            for (name, value) in errors::object(request)? {
                if name != "type" {
                    body[name.as_str()] = value;
                }
            }
            check(&body)?;
            hook.body = body;
            hook.modified = now;
            Ok(Reply::empty(204).wrote())
        }
        ("DELETE", [id]) => {
            let at = found(hooks, id)?;
            hooks.brevo.remove(at);
            Ok(Reply::empty(204).wrote())
        }
        _ => Err(errors::error(
            405,
            "method_not_allowed",
            "Method not allowed",
        )),
    }
}

fn check(body: &Value) -> Result<(), Reply> {
    let known = match body["type"].as_str() {
        Some("marketing") => MARKETING,
        Some("transactional") => TRANSACTIONAL,
        _ => return Err(errors::invalid("type is invalid")),
    };
    let url = body["url"].as_str().unwrap_or_default();
    if url::Url::parse(url).is_err() {
        return Err(errors::invalid("url is invalid"));
    }
    let events = body["events"]
        .as_array()
        .filter(|events| !events.is_empty());
    let Some(events) = events else {
        return Err(errors::missing("events is missing"));
    };
    let other = events
        .iter()
        .find(|event| !known.iter().any(|name| *event == name));
    match other {
        Some(_) => Err(errors::invalid("events are invalid for this type")),
        None => Ok(()),
    }
}

/// As it is shown: without the token.
fn shown(hook: &BrevoHook) -> Value {
    json!({
        "id": hook.id, "url": hook.body["url"], "description": hook.body["description"],
        "events": hook.body["events"], "type": hook.body["type"],
        "createdAt": utc(hook.created), "modifiedAt": utc(hook.modified),
    })
}
