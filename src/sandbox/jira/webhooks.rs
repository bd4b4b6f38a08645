//! Registering webhooks, both kinds, as strict as the definitions and reports have it.

use serde_json::{Map, Value, json};

use super::catalog::SITE;
use super::errors;
use super::jql::{self, Look};
use super::site::Site;
use super::told::Event;
use crate::sandbox::exchange::{Reply, Request};
use crate::sandbox::hooks::{AdminHook, DynamicHook, Hooks, Post, signature, token};

/// How many admin webhooks a site takes.
const MOST_ADMIN: usize = 100;
/// How many dynamic webhooks an app has on a site, for one user.
const MOST_DYNAMIC: usize = 5;
/// How long a dynamic webhook lives, in milliseconds.
const LIFE_MS: i64 = 30 * 86_400_000;

/// What admin webhooks can be told.
const ADMIN_EVENTS: &[&str] = &[
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
    "worklog_created",
    "worklog_updated",
    "worklog_deleted",
    "attachment_created",
    "attachment_deleted",
    "issuelink_created",
    "issuelink_deleted",
    "issue_property_set",
    "issue_property_deleted",
    "jira:version_released",
    "jira:version_unreleased",
    "jira:version_created",
    "jira:version_moved",
    "jira:version_updated",
    "jira:version_deleted",
    "user_created",
    "user_updated",
    "user_deleted",
    "project_created",
    "project_updated",
    "project_deleted",
    "project_soft_deleted",
    "project_restored_deleted",
    "project_archived",
    "project_restored_archived",
    "sprint_created",
    "sprint_deleted",
    "sprint_updated",
    "sprint_started",
    "sprint_closed",
    "board_created",
    "board_updated",
    "board_deleted",
    "board_configuration_changed",
];

/// What dynamic webhooks can be told: no worklogs, users, projects, boards.
const DYNAMIC_EVENTS: &[&str] = &[
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
    "issue_property_set",
    "issue_property_deleted",
    "sprint_created",
    "sprint_deleted",
    "sprint_closed",
    "sprint_updated",
    "sprint_started",
    "jira:version_released",
    "jira:version_unreleased",
    "jira:version_created",
    "jira:version_moved",
    "jira:version_updated",
    "jira:version_merged",
    "jira:version_deleted",
];

/// What of an issue a dynamic webhook's filter can ask.
const FILTER_FIELDS: &[&str] = &[
    "issuekey",
    "key",
    "issue",
    "id",
    "project",
    "issuetype",
    "type",
    "status",
    "assignee",
    "reporter",
];

/// `…/rest/webhooks/1.0/webhook…`, for whoever administers the site.
pub(super) fn admin(
    site: &Site,
    hooks: &mut Hooks,
    request: &Request,
    rest: &[&str],
    now: i64,
) -> Result<Reply, Reply> {
    let found = |hooks: &Hooks, id: &str| {
        hooks
            .admin
            .iter()
            .position(|hook| hook.id.to_string() == id)
            .ok_or_else(|| errors::messages(404, &["The webhook does not exist."]))
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => Ok(Reply::json(200, &hooks.admin.iter().map(shown).collect())),
        ("GET", [id]) => {
            let at = found(hooks, id)?;
            Ok(Reply::json(
                200,
                &hooks.admin.get(at).map(shown).unwrap_or_default(),
            ))
        }
        ("POST", []) => {
            if hooks.admin.len() >= MOST_ADMIN {
                return Err(errors::messages(
                    400,
                    &["The limit of 100 webhooks is reached."],
                ));
            }
            let mut hook = AdminHook {
                id: 0,
                name: String::new(),
                url: String::new(),
                events: Vec::new(),
                jql: String::new(),
                exclude_body: false,
                enabled: true,
                secret: None,
                updated: now,
            };
            put(site, &mut hook, &errors::object(request)?, now)?;
            if hook.name.is_empty() || hook.url.is_empty() {
                return Err(errors::messages(400, &["name and url are required."]));
            }
            hook.id = hooks.next();
            let reply = Reply::json(201, &shown(&hook));
            hooks.admin.push(hook);
            Ok(reply.wrote())
        }
        ("PUT", [id]) => {
            let at = found(hooks, id)?;
            let Some(mut hook) = hooks.admin.get(at).cloned() else {
                return Err(errors::messages(404, &["The webhook does not exist."]));
            };
            put(site, &mut hook, &errors::object(request)?, now)?;
            let reply = Reply::json(200, &shown(&hook));
            if let Some(place) = hooks.admin.get_mut(at) {
                *place = hook;
            }
            Ok(reply.wrote())
        }
        ("DELETE", [id]) => {
            let at = found(hooks, id)?;
            hooks.admin.remove(at);
            Ok(Reply::empty(204).wrote())
        }
        _ => Err(errors::messages(405, &["Method Not Allowed"])),
    }
}

fn shown(hook: &AdminHook) -> Value {
    json!({
        "name": hook.name,
        "url": hook.url,
        "excludeBody": hook.exclude_body,
        "filters": { "issue-related-events-section": hook.jql },
        "events": hook.events,
        "enabled": hook.enabled,
        "isSigned": hook.secret.is_some(),
        "self": format!("{SITE}/rest/webhooks/1.0/webhook/{}", hook.id),
        "lastUpdatedUser": "sandbox",
        "lastUpdatedDisplayName": "Sandbox",
        "lastUpdated": hook.updated,
    })
}

fn put(
    site: &Site,
    hook: &mut AdminHook,
    body: &Map<String, Value>,
    now: i64,
) -> Result<(), Reply> {
    errors::only(
        body,
        &[
            "name",
            "description",
            "url",
            "events",
            "filters",
            "excludeBody",
            "secret",
            "enabled",
        ],
    )?;
    let bad = |message: &str| errors::messages(400, &[message]);
    for (name, value) in body {
        match name.as_str() {
            "name" => {
                hook.name = value
                    .as_str()
                    .ok_or_else(|| bad("name is a text"))?
                    .to_owned();
            }
            "url" => {
                let url = value.as_str().ok_or_else(|| bad("url is a text"))?;
                if !is_reachable(url) {
                    return Err(bad("The URL of a webhook must use https."));
                }
                hook.url = url.to_owned();
            }
            "events" => {
                hook.events = errors::texts(value)?
                    .into_iter()
                    .map(str::to_owned)
                    .collect();
                if let Some(other) = hook
                    .events
                    .iter()
                    .find(|one| !ADMIN_EVENTS.contains(&one.as_str()))
                {
                    return Err(bad(&format!("Unknown event: {other}")));
                }
            }
            "filters" => {
                let jql = value["issue-related-events-section"]
                    .as_str()
                    .unwrap_or_default();
                if !jql.is_empty() && jql::matcher(site, jql, now).is_err() {
                    return Err(bad("The JQL filter is invalid."));
                }
                hook.jql = jql.to_owned();
            }
            "excludeBody" => hook.exclude_body = value.as_bool().unwrap_or_default(),
            "enabled" => hook.enabled = value.as_bool().unwrap_or(true),
            "secret" => hook.secret = value.as_str().map(str::to_owned),
            _ => {}
        }
    }
    hook.updated = now;
    Ok(())
}

/// HTTPS, or this machine, which the sandbox runs on.
fn is_reachable(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| {
        url.scheme() == "https"
            || matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
    })
}

/// `…/rest/api/3/webhook…`, for OAuth apps alone. `client_secret` is what the app's tokens are
/// signed with.
pub(super) fn dynamic(
    site: &Site,
    hooks: &mut Hooks,
    request: &Request,
    rest: &[&str],
    (now, client_secret): (i64, Option<&str>),
) -> Result<Reply, Reply> {
    let Some(client_secret) = client_secret else {
        return Err(errors::messages(
            403,
            &["Only Connect and OAuth 2.0 apps can use this operation."],
        ));
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let values: Vec<Value> = hooks
                .dynamic
                .iter()
                .filter(|hook| hook.expires > now)
                .map(|hook| {
                    json!({
                        "id": hook.id,
                        "jqlFilter": hook.jql,
                        "events": hook.events,
                        "url": hook.url,
                        // Typed as a number, shown as a text.
                        "expirationDate": hook.expires.to_string(),
                    })
                })
                .collect();
            let start: usize = request
                .query("startAt")
                .and_then(|text| text.parse().ok())
                .unwrap_or_default();
            let size: usize = request
                .query("maxResults")
                .and_then(|text| text.parse().ok())
                .unwrap_or(100);
            let shown: Vec<&Value> = values.iter().skip(start).take(size).collect();
            Ok(Reply::json(
                200,
                &json!({
                    "startAt": start, "maxResults": size, "total": values.len(),
                    "isLast": start + shown.len() >= values.len(), "values": shown,
                }),
            ))
        }
        ("POST", []) => {
            let body = errors::object(request)?;
            errors::only(&body, &["url", "webhooks"])?;
            let url = body.get("url").and_then(Value::as_str).unwrap_or_default();
            if !is_reachable(url) {
                return Err(errors::messages(400, &["The URL must use https."]));
            }
            if hooks
                .dynamic
                .iter()
                .any(|hook| hook.expires > now && hook.url != url)
            {
                return Err(errors::messages(
                    400,
                    &["Only a single URL per app is allowed to be registered."],
                ));
            }
            let wanted = body
                .get("webhooks")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            if wanted.is_empty() {
                return Err(errors::messages(400, &["webhooks is required."]));
            }
            let mut results = Vec::new();
            for one in &wanted {
                results.push(match item(site, one, now) {
                    Err(messages) => json!({ "errors": messages }),
                    Ok(_)
                        if hooks
                            .dynamic
                            .iter()
                            .filter(|hook| hook.expires > now)
                            .count()
                            >= MOST_DYNAMIC =>
                    {
                        json!({ "errors": ["The limit of webhooks for this user is reached."] })
                    }
                    Ok((events, filter)) => {
                        let id = hooks.next();
                        hooks.dynamic.push(DynamicHook {
                            id,
                            url: url.to_owned(),
                            events,
                            jql: filter,
                            expires: now + LIFE_MS,
                            client_secret: client_secret.to_owned(),
                        });
                        json!({ "createdWebhookId": id })
                    }
                });
            }
            Ok(Reply::json(200, &json!({ "webhookRegistrationResult": results })).wrote())
        }
        ("PUT", ["refresh"]) => {
            let ids = ids(request)?;
            for hook in &mut hooks.dynamic {
                if ids.contains(&hook.id) && hook.expires > now {
                    hook.expires = now + LIFE_MS;
                }
            }
            Ok(Reply::json(
                200,
                &json!({ "expirationDate": (now + LIFE_MS).to_string() }),
            )
            .wrote())
        }
        ("DELETE", []) => {
            let ids = ids(request)?;
            hooks.dynamic.retain(|hook| !ids.contains(&hook.id));
            Ok(Reply::empty(202).wrote())
        }
        ("GET", ["failed"]) => Err(errors::messages(
            403,
            &["Only Connect apps can use this operation."],
        )),
        _ => Err(errors::messages(405, &["Method Not Allowed"])),
    }
}

fn ids(request: &Request) -> Result<Vec<u64>, Reply> {
    let body = errors::object(request)?;
    errors::only(&body, &["webhookIds"])?;
    let ids = body.get("webhookIds").and_then(Value::as_array);
    let ids: Vec<u64> = ids
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    if ids.is_empty() {
        return Err(errors::messages(400, &["webhookIds is required."]));
    }
    Ok(ids)
}

/// One webhook of a registration: its events and its filter, or what is wrong.
fn item(site: &Site, one: &Value, now: i64) -> Result<(Vec<String>, String), Vec<String>> {
    let events: Vec<String> = one["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|event| event.as_str().map(str::to_owned))
        .collect();
    let mut wrong = Vec::new();
    if events.is_empty() {
        wrong.push("events is required.".to_owned());
    }
    for event in events
        .iter()
        .filter(|event| !DYNAMIC_EVENTS.contains(&event.as_str()))
    {
        wrong.push(format!("The event {event} is not supported."));
    }
    let Some(filter) = one["jqlFilter"].as_str() else {
        wrong.push("jqlFilter is required.".to_owned());
        return Err(wrong);
    };
    if !filter.is_empty() {
        if jql::matcher(site, filter, now).is_err() {
            wrong.push("The jqlFilter is not valid JQL.".to_owned());
        } else {
            wrong.extend(beyond_a_filter(filter));
        }
    }
    if wrong.is_empty() {
        Ok((events, filter.to_owned()))
    } else {
        Err(wrong)
    }
}

/// What of a filter a dynamic webhook cannot ask: other fields, other operators.
fn beyond_a_filter(filter: &str) -> Vec<String> {
    let Ok(terms) = jql::terms_of(filter) else {
        return vec!["The jqlFilter is not valid JQL.".to_owned()];
    };
    let mut wrong = Vec::new();
    for (field, operator) in terms {
        let known = FILTER_FIELDS.contains(&field.to_lowercase().as_str())
            || field.to_lowercase().starts_with("issue.property");
        if !known {
            wrong.push(format!(
                "The field {field} is not supported in a jqlFilter."
            ));
        }
        if !matches!(
            operator.to_lowercase().as_str(),
            "=" | "!=" | "in" | "not in"
        ) {
            wrong.push(format!(
                "The operator {operator} is not supported in a jqlFilter."
            ));
        }
    }
    wrong
}

/// The posts that tell of events to whom they concern.
pub(super) fn posts(site: &Site, hooks: &Hooks, events: &[Event], now: i64) -> Vec<Post> {
    let mut posts = Vec::new();
    for event in events {
        let concerns = |filter: &str| {
            let Some(facet) = event.issue.and_then(|issue| site.facet(issue)) else {
                return true;
            };
            filter.is_empty()
                || jql::matcher(site, filter, now)
                    .is_ok_and(|query| query.matches(&Look::new(site, facet)))
        };
        let number = site.version;
        for hook in hooks.admin.iter().filter(|hook| hook.enabled) {
            if !hook.events.iter().any(|name| name == event.name) || !concerns(&hook.jql) {
                continue;
            }
            let body = match hook.exclude_body {
                true => String::new(),
                false => event.body.to_string(),
            };
            let identifier = format!("{}-{number}-{now}-{}", hook.id, event.name);
            let mut headers = vec![("X-Atlassian-Webhook-Identifier".to_owned(), identifier)];
            let signature = hook
                .secret
                .as_deref()
                .and_then(|secret| signature(secret, &body));
            headers.extend(signature.map(|code| ("X-Hub-Signature".to_owned(), code)));
            posts.push(Post {
                url: hook.url.clone(),
                headers,
                body,
            });
        }
        for hook in hooks.dynamic.iter().filter(|hook| hook.expires > now) {
            if !hook.events.iter().any(|name| name == event.name) || !concerns(&hook.jql) {
                continue;
            }
            let mut body = event.body.clone();
            body["matchedWebhookIds"] = json!([hook.id]);
            let claims = json!({ "iss": "sandbox", "iat": now / 1_000, "exp": now / 1_000 + 180 });
            let identifier = format!("{}-{number}-{now}-{}", hook.id, event.name);
            let mut headers = vec![("X-Atlassian-Webhook-Identifier".to_owned(), identifier)];
            let token = token(&hook.client_secret, &claims);
            headers
                .extend(token.map(|token| ("Authorization".to_owned(), format!("Bearer {token}"))));
            posts.push(Post {
                url: hook.url.clone(),
                headers,
                body: body.to_string(),
            });
        }
    }
    posts
}
