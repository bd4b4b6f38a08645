//! Webhook bodies as Jira sends them: the shape of REST v2, rich text as text, addresses without
//! `/issue/`, comments with a part of their issue.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::agile;
use super::catalog::SITE;
use super::edit::Edit;
use super::issue::{Comment, History, Issue};
use super::render::Want;
use super::site::Site;
use super::worklogs::Worklog;

/// What happened, as a webhook tells it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Jira's name of it: `jira:issue_updated`.
    pub(super) name: &'static str,
    /// The issue that it is about, or that it belongs to.
    pub(super) issue: Option<u32>,
    /// The body.
    pub(super) body: Value,
}

/// What an edit is about, as it was before.
pub(super) struct Before {
    issue: Option<Issue>,
    worklog: Option<(u32, Worklog)>,
}

impl Before {
    /// What of the site an edit is about.
    pub(super) fn of(site: &Site, edit: &Edit) -> Self {
        let index = edit.issue().and_then(|issue| site.find(issue));
        let worklog = edit.worklog().and_then(|id| site.worklogs.get(id));
        Self {
            issue: index
                .and_then(|index| site.issue(index))
                .map(Cow::into_owned),
            worklog: worklog.map(|(issue, worklog)| (issue, worklog.clone())),
        }
    }
}

/// What is told of an edit that was made; `named` is what it made or changed.
pub(super) fn of_edit(
    site: &Site,
    edit: &Edit,
    before: &Before,
    named: &Value,
    now: i64,
) -> Vec<Event> {
    let found = named["key"].as_str().and_then(|key| site.find(key));
    let after = found.and_then(|index| site.issue(index));
    match edit {
        Edit::Release { version } => {
            let told = agile::version(site, version, now);
            let told = told.map(|mut version| {
                if let Some(members) = version.as_object_mut() {
                    // It is told for people only.
                    members.remove("releaseDate");
                }
                version
            });
            thing("jira:version_released", "version", told, now)
        }
        Edit::CloseSprint { sprint } => {
            thing("sprint_closed", "sprint", agile::sprint(site, sprint), now)
        }
        Edit::ChangeUser { .. } => {
            let id = named["accountId"].as_str();
            let mut people = site.people.iter();
            let index = people.position(|person| Some(person.account_id.as_str()) == id);
            let told = index.map(|index| person(site, Some(index as u16)));
            thing("user_updated", "user", told, now)
        }
        Edit::RenameProject { .. } => {
            let id = named["id"].as_str();
            let mut projects = site.projects().into_iter();
            let found = projects.find(|(_, project)| Some(project.id) == id);
            let told = found.map(|(index, _)| {
                let mut text = String::new();
                site.push_project(&mut text, index as u8);
                let mut told: Value = serde_json::from_str(&text).unwrap_or_default();
                // A number here, a text in REST.
                told["id"] = id.and_then(|id| id.parse::<u64>().ok()).into();
                told
            });
            thing("project_updated", "project", told, now)
        }
        Edit::Worklog { .. } => {
            let id = named["worklog"].as_str().and_then(|id| id.parse().ok());
            let new = id.and_then(|id| site.worklogs.get(id));
            let told =
                new.map(|(issue, worklog)| worked("worklog_created", site, (issue, worklog), now));
            told.into_iter().collect()
        }
        Edit::ChangeWorklog { .. } | Edit::DeleteWorklog { .. } => {
            let id = edit.worklog();
            let left = id.and_then(|id| site.worklogs.get(id));
            let told = match (left, &before.worklog) {
                (Some((issue, worklog)), _) => {
                    Some(worked("worklog_updated", site, (issue, worklog), now))
                }
                (None, Some((issue, worklog))) => {
                    Some(worked("worklog_deleted", site, (*issue, worklog), now))
                }
                (None, None) => None,
            };
            told.into_iter().collect()
        }
        _ => of_issue(site, before.issue.as_ref(), after.as_deref(), now),
    }
}

/// What is no part of an issue.
fn thing(name: &'static str, member: &str, told: Option<Value>, now: i64) -> Vec<Event> {
    let told = told.map(|mut told| {
        if let Some(address) = told["self"].as_str() {
            told["self"] = address.replace("/rest/api/3/", "/rest/api/2/").into();
        }
        let mut body = frame(name, now);
        body.insert(member.to_owned(), told);
        Event {
            name,
            issue: None,
            body: Value::Object(body),
        }
    });
    told.into_iter().collect()
}

/// A worklog, without its issue: only its id is told.
fn worked(name: &'static str, site: &Site, (issue, worklog): (u32, &Worklog), now: i64) -> Event {
    let id = 10_001 + u64::from(issue);
    let mut text = String::new();
    site.push_worklog(&mut text, id, worklog);
    let mut told: Value = serde_json::from_str(&text).unwrap_or_default();
    told["self"] = format!("{SITE}/rest/api/2/issue/{id}/worklog/{}", worklog.id).into();
    told["comment"] = worklog.text.clone().into();
    for who in ["author", "updateAuthor"] {
        if let Some(members) = told[who].as_object_mut() {
            members.remove("emailAddress");
        }
    }
    let mut body = frame(name, now);
    body.insert("worklog".into(), told);
    Event {
        name,
        issue: Some(issue),
        body: Value::Object(body),
    }
}

/// What is told of an issue before and after an edit.
fn of_issue(site: &Site, before: Option<&Issue>, after: Option<&Issue>, now: i64) -> Vec<Event> {
    match (before, after) {
        (None, Some(issue)) => vec![created(site, issue, now)],
        (Some(issue), None) => {
            let mut body = frame("jira:issue_deleted", now);
            body.insert("user".into(), person(site, None));
            body.insert("issue".into(), whole(site, issue));
            vec![event("jira:issue_deleted", issue, body)]
        }
        (Some(before), Some(after)) => {
            let mut events = Vec::new();
            let of = |issue: &Issue, id: u64| {
                let mut comments = issue.comments.iter();
                comments.find(|comment| comment.id == id).cloned()
            };
            for comment in &after.comments {
                match of(before, comment.id) {
                    None => events.push(commented("comment_created", site, after, comment, now)),
                    Some(known) if known != *comment => {
                        events.push(commented("comment_updated", site, after, comment, now));
                    }
                    Some(_) => {}
                }
            }
            for comment in &before.comments {
                if of(after, comment.id).is_none() {
                    events.push(commented("comment_deleted", site, after, comment, now));
                }
            }
            if events.is_empty() {
                let history = after.histories.get(before.histories.len());
                events.push(updated(site, after, history, now));
            }
            events
        }
        (None, None) => Vec::new(),
    }
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
            events.push(commented(
                "comment_created",
                site,
                &issue,
                comment,
                comment.at,
            ));
        }
    }
    events
}

fn created(site: &Site, issue: &Issue, now: i64) -> Event {
    let mut body = frame("jira:issue_created", now);
    body.insert("issue_event_type_name".into(), "issue_created".into());
    body.insert("user".into(), person(site, Some(issue.reporter)));
    body.insert("issue".into(), whole(site, issue));
    event("jira:issue_created", issue, body)
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
    event("jira:issue_updated", issue, body)
}

fn commented(name: &'static str, site: &Site, issue: &Issue, comment: &Comment, now: i64) -> Event {
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
    let mut body = frame(name, now);
    body.insert("comment".into(), told);
    body.insert("issue".into(), part);
    event(name, issue, body)
}

fn event(name: &'static str, issue: &Issue, body: Map<String, Value>) -> Event {
    Event {
        name,
        issue: Some(issue.index),
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
