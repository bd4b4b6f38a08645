//! What a body is, by its form alone.

use serde_json::Value as Json;

use super::{files, things, unread, webhooks};

/// What a body of Jira is, as far as something reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An issue.
    Issue,
    /// A page of issues, or of what stands in their place.
    IssuePage,
    /// `fields` of an issue without its id.
    Fragment,
    /// A page of histories.
    ChangelogPage,
    /// A history alone.
    History,
    /// A webhook's body with an issue.
    Webhook,
    /// Comments: a page, a list, or one.
    Comments,
    /// Worklogs: a page, or one.
    Worklogs,
    /// One user, or a list of them.
    Users,
    /// The value of a sprint field.
    Sprint,
    /// All fields of a site.
    FieldList,
    /// All statuses of a site.
    StatusList,
    /// All projects of an account.
    ProjectList,
}

fn has(value: &Json, names: &[&str]) -> bool {
    names.iter().all(|name| value.get(name).is_some())
}

/// The first element of a list, or the value itself.
fn first(value: &Json) -> &Json {
    value.get(0).unwrap_or(value)
}

/// The kind of a body; none for what nothing reads.
pub(super) fn kind(body: &Json) -> Option<Kind> {
    if body["issues"].is_array() {
        return Some(Kind::IssuePage);
    }
    if body["fields"].is_object() {
        let id = has(body, &["id"]);
        return Some(if id { Kind::Issue } else { Kind::Fragment });
    }
    if body["issue"].is_object() {
        return Some(Kind::Webhook);
    }
    if body["values"].is_array() && has(first(&body["values"]), &["created", "items"]) {
        return Some(Kind::ChangelogPage);
    }
    if has(body, &["items", "created"]) {
        return Some(Kind::History);
    }
    let comment = |one: &Json| has(one, &["id", "body", "author"]);
    if body["comments"].is_array() || comment(first(body)) {
        return Some(Kind::Comments);
    }
    let worklog = |one: &Json| has(one, &["id", "timeSpentSeconds", "author"]);
    if body["worklogs"].is_array() || worklog(first(body)) {
        return Some(Kind::Worklogs);
    }
    if is_user(first(body)) {
        return Some(Kind::Users);
    }
    if has(body, &["id", "state", "name", "originBoardId"]) {
        return Some(Kind::Sprint);
    }
    if !body.is_array() {
        return None;
    }
    let one = first(body);
    if has(one, &["id", "name", "schema"]) || has(one, &["id", "name", "orderable"]) {
        Some(Kind::FieldList)
    } else if has(one, &["id", "name", "statusCategory"]) {
        Some(Kind::StatusList)
    } else if has(one, &["id", "key", "name", "projectTypeKey"]) {
        Some(Kind::ProjectList)
    } else {
        None
    }
}

/// A person or an app, in whatever set of keys.
pub(super) fn is_user(value: &Json) -> bool {
    has(value, &["displayName"])
        && ["accountId", "emailAddress", "name", "key"]
            .iter()
            .any(|name| value.get(name).is_some())
}

/// True for what a reader of Jira's takes, see `lists`, `issues`, `things` and `webhooks`.
fn is_read(body: &Json) -> bool {
    let list = body["values"].as_array().or_else(|| body.as_array());
    let things = list.into_iter().flatten().chain([body]);
    kind(body).is_some()
        || webhooks::thing_of(body).is_some()
        || things
            .into_iter()
            .any(|one| things::Thing::of(one).is_some())
}

#[test]
fn every_file_is_taken_by_a_reader_or_listed_with_the_reason_why_not() {
    let files = files();
    if files.is_empty() {
        return;
    }
    let mut wrong = Vec::new();
    for file in &files {
        let listed = unread::reason(&file.name);
        // Errors and the headers of answers are read by the dialects, see `errors` and `brevo`.
        let taken = file.name.starts_with("errors/")
            || file.bytes.starts_with(b"HTTP ")
            || (file.is_json() && file.name.starts_with("brevo/webhooks/"))
            || (file.is_json() && file.name.starts_with("jira/") && is_read(&file.json()));
        match (taken, listed) {
            (true, Some(reason)) => {
                wrong.push(format!("{} is read, but listed: {reason}", file.name));
            }
            (false, None) => wrong.push(format!("{} is neither read nor listed", file.name)),
            _ => {}
        }
    }
    for (reason, names) in unread::UNREAD {
        for name in *names {
            if !files.iter().any(|file| file.name == *name) {
                wrong.push(format!("{name} is listed ({reason}), but not there"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
