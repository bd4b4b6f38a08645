//! `/smtp/…` and `/emailCampaigns`.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::errors::{self, error, invalid, missing, not_found};
use crate::sandbox::clock::utc;
use crate::sandbox::exchange::{Reply, Request};

/// For how long a key of an e-mail is known, in milliseconds.
const KEY_KNOWN: i64 = 30 * 60_000;

/// The templates of the account: 7 and 12 are active, 9 is not.
fn template(id: i64) -> Option<Value> {
    let (name, active) = match id {
        7 => ("Ticket news", true),
        9 => ("Draft", false),
        12 => ("Release", true),
        _ => return None,
    };
    Some(json!({
        "id": id, "name": name, "subject": format!("{name} of Acme"), "isActive": active,
        "testSent": true, "replyTo": "marketing@acme.example", "toField": "",
        "tag": "", "htmlContent": "<html><body>{{ params.key }}</body></html>",
        "sender": { "id": "3", "name": "Acme", "email": "news@acme.example" },
        "createdAt": "2026-01-05T09:00:00.000Z", "modifiedAt": "2026-01-05T09:00:00.000Z"
    }))
}

/// `GET /smtp/templates/{id}`.
pub(super) fn one_template(id: &str) -> Result<Reply, Reply> {
    let id: i64 = id
        .parse()
        .map_err(|_| invalid("Template ID should be an integer"))?;
    let template = template(id).ok_or_else(|| not_found("Template ID does not exist"))?;
    Ok(Reply::json(200, &template))
}

/// `POST /smtp/email`.
pub(super) fn send(account: &mut Account, request: &Request, now: i64) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    let id = match body.get("templateId") {
        Some(_) => Some(active_template(&body)?),
        None => {
            written(&body)?;
            None
        }
    };
    let to = match body.get("to") {
        Some(Value::Array(to)) if !to.is_empty() && to.len() <= 99 => to,
        Some(_) => return Err(invalid("to should be a non-empty array")),
        None => return Err(missing("to is missing")),
    };
    let email = |one: &Value| {
        let email = one.get("email").and_then(Value::as_str);
        email.is_some_and(|email| email.contains('@'))
    };
    if !to.iter().all(email) {
        return Err(invalid("email is not valid in to"));
    }
    if !matches!(body.get("params"), None | Some(Value::Object(_))) {
        return Err(invalid("params should be an object"));
    }
    let key = match body.get("headers") {
        None => None,
        Some(Value::Object(headers)) => headers.get("idempotencyKey").and_then(Value::as_str),
        Some(_) => return Err(invalid("headers should be an object")),
    };
    if key.is_some_and(|key| !is_uuid(key)) {
        return Err(invalid("idempotencyKey should be a UUID"));
    }
    if let Some(key) = key {
        let known = account.all("emails").iter().any(|email| {
            let at = email["at"].as_i64().unwrap_or_default();
            email["key"].as_str() == Some(key) && now - at < KEY_KNOWN
        });
        if known {
            let message = "Duplicate idempotencyKey";
            return Err(error(400, "duplicate_parameter", message));
        }
    }
    let number = account.next("email");
    let message = format!("<2026.{number}@smtp-relay.mailin.fr>");
    let email = json!({
        "messageId": message, "templateId": id, "to": to, "params": body.get("params"),
        "sender": body.get("sender"), "subject": body.get("subject"),
        "textContent": body.get("textContent"),
        "key": key, "at": now
    });
    account.keep("emails", &format!("{number:08}"), email);
    Ok(Reply::json(201, &json!({ "messageId": message })).wrote())
}

/// What an e-mail without a template must say itself.
fn written(body: &Map<String, Value>) -> Result<(), Reply> {
    let is_text = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str);
        text.is_some_and(|text| !text.is_empty())
    };
    let sender = body
        .get("sender")
        .ok_or_else(|| missing("sender is missing"))?;
    // As registered senders are: the account's own address, and that of its templates.
    let known = [super::OWNER_EMAIL, "news@acme.example"];
    let email = sender.get("email").and_then(Value::as_str);
    if !email.is_some_and(|email| known.contains(&email)) {
        return Err(invalid(
            "Sending has been rejected because the sender you used is not valid",
        ));
    }
    if !is_text(body.get("subject")) {
        return Err(missing("subject is missing"));
    }
    if !is_text(body.get("textContent")) && !is_text(body.get("htmlContent")) {
        return Err(missing("Either of htmlContent or textContent is required"));
    }
    Ok(())
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
        && text
            .bytes()
            .all(|one| one == b'-' || one.is_ascii_hexdigit())
}

fn active_template(body: &Map<String, Value>) -> Result<i64, Reply> {
    let id = match body.get("templateId") {
        None => return Err(missing("templateId is missing")),
        Some(id) => id
            .as_i64()
            .ok_or_else(|| invalid("templateId should be an integer"))?,
    };
    match template(id) {
        Some(template) if template["isActive"] == json!(true) => Ok(id),
        _ => Err(invalid("Template ID does not exist or is inactive")),
    }
}

/// `POST /emailCampaigns`: a draft.
pub(super) fn create_campaign(
    account: &mut Account,
    request: &Request,
    now: i64,
) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    if body.contains_key("tag") {
        return Err(error(405, "method_not_allowed", "tag is not allowed"));
    }
    let text = |name: &str| {
        let text = body.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| missing(&format!("{name} is missing")))
    };
    let (name, subject) = (text("name")?, text("subject")?);
    let sender = body.get("sender").and_then(Value::as_object);
    let sender = sender.ok_or_else(|| missing("sender is missing"))?;
    let (email, id) = (
        sender.get("email").is_some_and(Value::is_string),
        sender.get("id").is_some_and(Value::is_u64),
    );
    if email == id {
        return Err(invalid("Either email or id of the sender is required"));
    }
    let template = active_template(&body)?;
    let recipients = body.get("recipients").and_then(Value::as_object);
    let lists = match recipients {
        None => Vec::new(),
        Some(recipients) => errors::ids(recipients, "listIds")?.unwrap_or_default(),
    };
    if lists.iter().any(|list| !account.lists.contains_key(list)) {
        return Err(invalid("List ID does not exist"));
    }
    let id = account.next("campaign");
    let campaign = json!({
        "id": id, "name": name, "subject": subject, "type": "classic", "status": "draft",
        "templateId": template, "sender": sender,
        "recipients": { "lists": lists, "exclusionLists": [] },
        "header": "[DEFAULT_HEADER]", "footer": "[DEFAULT_FOOTER]", "testSent": false,
        "replyTo": super::OWNER_EMAIL, "htmlContent": "<html><body>News</body></html>",
        "statistics": no_statistics(),
        "createdAt": utc(now), "modifiedAt": utc(now), "sends": 0
    });
    account.keep("campaigns", &format!("{id:08}"), campaign);
    Ok(Reply::json(201, &json!({ "id": id })).wrote())
}

/// The numbers of a campaign that nobody has opened.
fn no_statistics() -> Value {
    let all: Map<String, Value> = [
        "uniqueClicks",
        "clickers",
        "complaints",
        "delivered",
        "sent",
        "softBounces",
        "hardBounces",
        "uniqueViews",
        "unsubscriptions",
        "viewed",
        "trackableViews",
        "trackableViewsRate",
        "estimatedViews",
        "deferred",
    ]
    .into_iter()
    .map(|name| (name.to_owned(), json!(0)))
    .collect();
    json!({
        "globalStats": all, "campaignStats": [], "mirrorClick": 0, "remaining": 0,
        "linksStats": {}, "statsByDomain": {}, "statsByDevice": {}, "statsByBrowser": {}
    })
}

fn campaign(account: &Account, id: &str) -> Result<(String, Value), Reply> {
    let id: u64 = id
        .parse()
        .map_err(|_| invalid("Campaign ID should be an integer"))?;
    let id = format!("{id:08}");
    let campaign = account.kept("campaigns", &id);
    let campaign = campaign.ok_or_else(|| not_found("Campaign ID does not exist"))?;
    Ok((id, campaign))
}

/// `GET /emailCampaigns/{id}`.
pub(super) fn one_campaign(account: &Account, id: &str) -> Result<Reply, Reply> {
    Ok(Reply::json(200, &campaign(account, id)?.1))
}

/// `GET /emailCampaigns`.
pub(super) fn campaigns(account: &Account, request: &Request) -> Result<Reply, Reply> {
    let (limit, offset) = errors::page(request, 50, 100)?;
    let mut all = account.all("campaigns");
    if let Some(status) = request.query("status") {
        all.retain(|one| one["status"] == json!(status));
    }
    if request.query("sort") != Some("asc") {
        all.reverse();
    }
    let count = all.len();
    let mut page: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
    if request.query("excludeHtmlContent") == Some("true") {
        for one in page.iter_mut().filter_map(Value::as_object_mut) {
            one.remove("htmlContent");
        }
    }
    Ok(Reply::json(
        200,
        &json!({ "campaigns": page, "count": count }),
    ))
}

/// `POST /emailCampaigns/{id}/sendNow`: what is sent is sent again, whoever asks.
pub(super) fn send_now(account: &mut Account, id: &str) -> Result<Reply, Reply> {
    let (id, mut campaign) = campaign(account, id)?;
    if account.settings.no_credits {
        return Err(error(402, "not_enough_credits", "Not enough credits"));
    }
    campaign["status"] = json!("sent");
    campaign["sends"] = json!(campaign["sends"].as_u64().unwrap_or_default() + 1);
    account.keep("campaigns", &id, campaign);
    Ok(Reply::empty(204).wrote())
}
