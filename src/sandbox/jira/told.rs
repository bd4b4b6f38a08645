//! Webhook bodies as Jira sends them: the shape of REST v2, rich text as text, addresses without
//! `/issue/`, comments with a part of their issue.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::catalog::SITE;
use super::issue::{Comment, History, Issue};
use super::render::Want;
use super::site::Site;

/// What happened, as a webhook tells it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// The body.
    pub(super) body: Value,
}

/// What the newest issues' beginnings and last changes would have been told as.
pub(super) fn of_seed(site: &Site, newest: u32) -> Vec<Event> {
    let mut events = Vec::new();
    let total = site.seed.issues;
    for index in total.saturating_sub(newest)..total {
        let Some(issue) = site.issue(index) else {
            continue;
        };
        events.push(created(site, &issue, issue.created));
        if let Some(history) = issue.histories.last() {
            events.push(updated(site, &issue, Some(history), history.at));
        }
        if let Some(comment) = issue.comments.iter().rev().find(|comment| comment.public) {
            events.push(commented(site, &issue, comment, comment.at));
        }
    }
    events
}

fn created(site: &Site, issue: &Issue, now: i64) -> Event {
    let mut body = frame("jira:issue_created", now);
    body.insert("issue_event_type_name".into(), "issue_created".into());
    body.insert("user".into(), person(site, Some(issue.reporter)));
    body.insert("issue".into(), whole(site, issue));
    event(body)
}

fn updated(site: &Site, issue: &Issue, history: Option<&History>, now: i64) -> Event {
    let mut body = frame("jira:issue_updated", now);
    body.insert("issue_event_type_name".into(), "issue_generic".into());
    let author = history.map(|history| history.author);
    body.insert("user".into(), person(site, author));
    body.insert("issue".into(), whole(site, issue));
    if let Some(history) = history {
        let mut text = String::new();
        site.push_history(&mut text, history);
        let history: Value = serde_json::from_str(&text).unwrap_or_default();
        body.insert(
            "changelog".into(),
            json!({ "id": history["id"], "items": history["items"] }),
        );
    }
    event(body)
}

fn commented(site: &Site, issue: &Issue, comment: &Comment, now: i64) -> Event {
    let id = comment.id;
    let mut text = String::new();
    site.push_comments(&mut text, issue, std::slice::from_ref(comment), 0, 1);
    let listed: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut told = listed["comments"][0].clone();
    told["self"] = format!("{SITE}/rest/api/2/issue/{}/comment/{id}", issue.id()).into();
    told["body"] = comment.text.clone().into();
    let mut part = whole(site, issue);
    if let Some(fields) = part["fields"].as_object_mut() {
        const TOLD: [&str; 6] = [
            "summary",
            "issuetype",
            "project",
            "assignee",
            "priority",
            "status",
        ];
        fields.retain(|name, _| TOLD.contains(&name.as_str()));
    }
    let mut body = frame("comment_created", now);
    body.insert("comment".into(), told);
    body.insert("issue".into(), part);
    event(body)
}

fn event(body: Map<String, Value>) -> Event {
    Event {
        body: Value::Object(body),
    }
}

fn frame(name: &str, now: i64) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("timestamp".into(), now.into());
    body.insert("webhookEvent".into(), name.into());
    body
}

/// The issue as a webhook has it.
fn whole(site: &Site, issue: &Issue) -> Value {
    let want = Want::new([], &[], "*all");
    let mut text = String::new();
    site.push_issue(&mut text, issue, &want);
    let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
    // Broken on Cloud, in 2019 and since.
    value["self"] = format!("{SITE}/rest/api/2/{}", issue.id()).into();
    if let Some(fields) = value["fields"].as_object_mut() {
        fields.remove("comment");
        fields.remove("worklog");
        if let Some(description) = fields.get_mut("description") {
            *description = plain(description);
        }
    }
    value
}

/// Rich text as text, line by line.
fn plain(value: &Value) -> Value {
    if !value.is_object() {
        return value.clone();
    }
    let mut text = String::new();
    let mut open = vec![Cow::Borrowed(value)];
    while let Some(node) = open.pop() {
        if let Some(part) = node["text"].as_str() {
            text.push_str(part);
        }
        let block = matches!(
            node["type"].as_str(),
            Some("paragraph" | "heading" | "listItem")
        );
        if block && !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if let Some(children) = node["content"].as_array() {
            open.extend(children.iter().rev().cloned().map(Cow::Owned));
        }
    }
    text.into()
}

/// A person, whose address a webhook does not tell; the site's own account where nobody is named.
fn person(site: &Site, index: Option<u16>) -> Value {
    let mut text = String::new();
    site.push_person(&mut text, Some(index.unwrap_or(super::people::CALLER)));
    let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.remove("emailAddress");
    }
    value
}
