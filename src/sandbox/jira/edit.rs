//! Edits that tests make: kept in the journal as asked, so that a second start makes them again.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::catalog::{CLOSED, DONE, PRIORITIES, TIERS};
use super::issue::{
    Comment, Description, History, Issue, priority_item, resolution_item, status_item, summary_item,
};
use super::more::{self, More};
use super::people::{CALLER, Email, Person, account_id};
use super::site::Site;
use super::words;
use super::worklogs::{Change, Worklog};
use crate::sandbox::random::Random;

/// An edit. Issues are named by id or key; people by address, account id or name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::sandbox) enum Edit {
    /// Moves an issue to a status, with a changelog entry.
    Status {
        issue: String,
        to: String,
        by: Option<String>,
    },
    /// Adds a comment.
    Comment {
        issue: String,
        text: String,
        public: Option<bool>,
        by: Option<String>,
        /// Its document, where it is more than its text.
        body: Option<Value>,
        /// Entity properties by their keys.
        properties: Option<Value>,
    },
    /// Makes an issue. A reporter with an unknown address is a new person.
    Create {
        project: String,
        issue_type: String,
        summary: String,
        reporter: String,
        description: Option<Value>,
        priority: Option<String>,
        labels: Option<Vec<String>>,
        /// What the API was given besides.
        given: Option<Given>,
    },
    /// Changes fields.
    Fields {
        issue: String,
        summary: Option<String>,
        description: Option<Value>,
        priority: Option<String>,
    },
    /// Deletes an issue.
    Delete { issue: String },
    /// Edits a comment; an empty `visibility` is none.
    ChangeComment {
        issue: String,
        comment: String,
        text: Option<String>,
        public: Option<bool>,
        visibility: Option<String>,
    },
    /// Deletes a comment.
    DeleteComment { issue: String, comment: String },
    /// Logs work.
    Worklog {
        issue: String,
        seconds: u64,
        text: Option<String>,
        visibility: Option<String>,
        by: Option<String>,
    },
    /// Edits a worklog; an empty `visibility` is none.
    ChangeWorklog {
        worklog: String,
        seconds: Option<u64>,
        text: Option<String>,
        visibility: Option<String>,
    },
    /// Deletes a worklog.
    DeleteWorklog { worklog: String },
    /// Releases a version, named by its id, today.
    Release { version: String },
    /// Closes an active sprint, named by its id.
    CloseSprint { sprint: String },
    /// Edits a user.
    ChangeUser {
        user: String,
        name: Option<String>,
        active: Option<bool>,
    },
    /// Renames a project, named by its key.
    RenameProject { project: String, name: String },
    /// Adds what a user's own files name, with issues of its own.
    Extend(More),
}

impl Edit {
    /// The issue that is edited; none where one is made.
    pub(super) fn issue(&self) -> Option<&str> {
        match self {
            Self::Status { issue, .. }
            | Self::Comment { issue, .. }
            | Self::Fields { issue, .. }
            | Self::ChangeComment { issue, .. }
            | Self::DeleteComment { issue, .. }
            | Self::Worklog { issue, .. }
            | Self::Delete { issue } => Some(issue),
            _ => None,
        }
    }

    /// The worklog that is edited, by its id.
    pub(super) fn worklog(&self) -> Option<u64> {
        match self {
            Self::ChangeWorklog { worklog, .. } | Self::DeleteWorklog { worklog } => {
                worklog.parse().ok()
            }
            _ => None,
        }
    }
}

/// What an issue may be given besides.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Given {
    /// An account id.
    pub(super) assignee: Option<String>,
    /// The customer tier: its name or id.
    pub(super) tier: Option<String>,
    pub(super) story_points: Option<f64>,
    /// Entity properties by their keys.
    pub(super) properties: Option<Value>,
}

/// Makes an edit at a time; gives the id and key of the issue, the id of what else it made, or what is wrong.
pub(super) fn apply(site: &mut Site, edit: &Edit, now: i64) -> Result<Value, String> {
    let mut made = None;
    let issue = match edit {
        Edit::Release { version } => return site.release(version, now),
        Edit::CloseSprint { sprint } => return site.close_sprint(sprint, now),
        Edit::ChangeUser { user, name, active } => {
            let index = person(site, Some(user))?;
            let found = site.people.get_mut(usize::from(index));
            let found = found.ok_or_else(|| format!("no person {user}"))?;
            found.active = active.unwrap_or(found.active);
            if let Some(name) = name {
                found.name.clone_from(name);
            }
            let named = json!({ "accountId": found.account_id });
            site.version += 1;
            return Ok(named);
        }
        Edit::RenameProject { project, name } => {
            let projects = site.projects();
            let (index, known) = projects
                .iter()
                .find(|(_, known)| known.key.eq_ignore_ascii_case(project))
                .ok_or_else(|| format!("no project {project}"))?;
            site.project_names.insert(*index as u8, name.clone());
            site.version += 1;
            let id = known.id;
            return Ok(json!({ "id": id, "key": project }));
        }
        Edit::Extend(more) => {
            more.extend(site);
            return Ok(Value::Null);
        }
        Edit::Status { issue, to, by } => {
            let mut issue = existing(site, issue)?;
            let to = position(
                more::statuses().iter().map(|status| status.name),
                to,
                "status",
            )?;
            let author = person(site, by.as_deref())?;
            let mut items = vec![status_item(issue.status, to, Cow::Borrowed("status"))];
            let done = matches!(to, DONE | CLOSED);
            if done != issue.resolution.is_some() {
                let resolution = done.then_some(0);
                items.push(resolution_item(issue.resolution, resolution));
                issue.resolution = resolution;
                issue.resolved = done.then_some(now);
            }
            issue.status = to;
            site.last_id += 1;
            issue.histories.push(History {
                id: site.last_id,
                at: now,
                author,
                items,
            });
            issue
        }
        Edit::Comment {
            issue,
            text,
            public,
            by,
            body,
            properties,
        } => {
            let mut issue = existing(site, issue)?;
            let author = person(site, by.as_deref())?;
            site.last_id += 1;
            if let Some(Value::Object(properties)) = properties {
                site.comment_properties
                    .insert(site.last_id, properties.clone());
            }
            issue.comments.push(Comment {
                id: site.last_id,
                author,
                at: now,
                updated: now,
                text: text.clone(),
                public: public.unwrap_or(true),
                visibility: None,
                adf: body.as_ref().map(Value::to_string),
            });
            made = Some(("comment", site.last_id));
            issue
        }
        Edit::ChangeComment {
            issue,
            comment,
            text,
            public,
            visibility,
        } => {
            let mut issue = existing(site, issue)?;
            let known = issue.comments.iter_mut();
            let found = known
                .into_iter()
                .find(|one| one.id.to_string() == *comment)
                .ok_or_else(|| format!("no comment {comment}"))?;
            found.updated = now;
            if let Some(text) = text {
                found.text.clone_from(text);
                found.adf = None;
            }
            found.public = public.unwrap_or(found.public);
            if let Some(role) = visibility {
                found.visibility = Some(role.clone()).filter(|role| !role.is_empty());
            }
            issue
        }
        Edit::DeleteComment { issue, comment } => {
            let mut issue = existing(site, issue)?;
            let before = issue.comments.len();
            issue.comments.retain(|one| one.id.to_string() != *comment);
            if issue.comments.len() == before {
                return Err(format!("no comment {comment}"));
            }
            issue
        }
        Edit::Worklog {
            issue,
            seconds,
            text,
            visibility,
            by,
        } => {
            let issue = existing(site, issue)?;
            let author = person(site, by.as_deref())?;
            site.last_id += 1;
            let worklog = Worklog {
                id: site.last_id,
                author,
                created: now,
                updated: now,
                started: now - *seconds as i64 * 1_000,
                seconds: *seconds,
                text: text.clone().unwrap_or_default(),
                visibility: visibility.clone(),
            };
            site.worklogs.add(issue.index, worklog);
            made = Some(("worklog", site.last_id));
            issue
        }
        Edit::ChangeWorklog {
            worklog,
            seconds,
            text,
            visibility,
        } => {
            let change = Change {
                seconds: *seconds,
                text: text.as_deref(),
                visibility: visibility.as_deref(),
            };
            let changed = worklog.parse().ok();
            let changed = changed.and_then(|id| site.worklogs.change(id, &change, now));
            of_index(site, changed, worklog)?
        }
        Edit::DeleteWorklog { worklog } => {
            let gone = worklog.parse().ok();
            let gone = gone.and_then(|id| site.worklogs.delete(id, now));
            of_index(site, gone, worklog)?
        }
        Edit::Create {
            project,
            issue_type,
            summary,
            reporter,
            description,
            priority,
            labels,
            given,
        } => {
            let from_api = given.is_some();
            let given = given.clone().unwrap_or_default();
            let assignee = given.assignee.as_deref();
            let assignee = assignee.map(|one| person(site, Some(one))).transpose()?;
            let tier = given.tier.as_deref().and_then(|tier| {
                let known = |(id, name): &(&str, &str)| *id == tier || *name == tier;
                TIERS.iter().position(known).map(|tier| tier as u8)
            });
            let projects = site.projects();
            let (project, _) = projects
                .iter()
                .find(|(_, known)| known.key.eq_ignore_ascii_case(project))
                .ok_or_else(|| format!("no project {project}"))?;
            let project = *project as u8;
            let kind = position(
                more::types().iter().map(|kind| kind.name),
                issue_type,
                "issue type",
            )?;
            let priority = priority.as_deref().map(named_priority).transpose()?;
            let reporter = match person(site, Some(reporter)) {
                Ok(known) => known,
                Err(_) if reporter.contains('@') => new_person(site, reporter),
                Err(message) => return Err(message),
            };
            let (index, number) = site.next(project);
            if let Some(Value::Object(properties)) = given.properties {
                site.issue_properties.insert(index, properties);
            }
            Issue {
                index,
                number,
                project,
                kind,
                status: 0,
                priority,
                resolution: None,
                resolved: None,
                reporter,
                creator: if from_api { CALLER } else { reporter },
                assignee,
                created: now,
                updated: now,
                summary: summary.clone(),
                description: description.as_ref().map_or(Description::None, described),
                labels: labels.iter().flatten().cloned().map(Cow::Owned).collect(),
                story_points: given.story_points,
                tier,
                histories: Vec::new(),
                comments: Vec::new(),
            }
        }
        Edit::Fields {
            issue,
            summary,
            description,
            priority,
        } => {
            let mut issue = existing(site, issue)?;
            let mut items = Vec::new();
            if let Some(summary) = summary {
                items.push(summary_item(&issue.summary, summary));
                issue.summary.clone_from(summary);
            }
            if let Some(description) = description {
                issue.description = described(description);
            }
            if let Some(priority) = priority {
                let to = Some(named_priority(priority)?);
                items.push(priority_item(issue.priority, to));
                issue.priority = to;
            }
            if !items.is_empty() {
                site.last_id += 1;
                issue.histories.push(History {
                    id: site.last_id,
                    at: now,
                    author: CALLER,
                    items,
                });
            }
            issue
        }
        Edit::Delete { issue } => {
            let issue = existing(site, issue)?;
            site.delete(issue.index, now);
            return Ok(json!({ "id": issue.id().to_string(), "key": issue.key() }));
        }
    };
    let mut named = json!({ "id": issue.id().to_string(), "key": issue.key() });
    if let Some((what, id)) = made {
        named[what] = json!(id.to_string());
    }
    site.put(
        Issue {
            updated: now,
            ..issue
        },
        now,
    );
    Ok(named)
}

fn existing(site: &Site, id_or_key: &str) -> Result<Issue, String> {
    site.find(id_or_key)
        .and_then(|index| site.issue(index))
        .map(Cow::into_owned)
        .ok_or_else(|| format!("no issue {id_or_key}"))
}

fn of_index(site: &Site, index: Option<u32>, worklog: &str) -> Result<Issue, String> {
    index
        .and_then(|index| site.issue(index))
        .map(Cow::into_owned)
        .ok_or_else(|| format!("no worklog {worklog}"))
}

fn position<'a>(
    mut names: impl Iterator<Item = &'a str>,
    wanted: &str,
    what: &str,
) -> Result<u8, String> {
    names
        .position(|name| name.eq_ignore_ascii_case(wanted))
        .map(|index| index as u8)
        .ok_or_else(|| format!("no {what} {wanted}"))
}

fn named_priority(name: &str) -> Result<u8, String> {
    position(
        PRIORITIES.iter().map(|priority| priority.name),
        name,
        "priority",
    )
}

fn person(site: &Site, named: Option<&str>) -> Result<u16, String> {
    let Some(named) = named else {
        return Ok(CALLER);
    };
    site.people
        .iter()
        .position(|person| {
            person.account_id == named
                || person.name == named
                || person
                    .address()
                    .is_some_and(|address| address.eq_ignore_ascii_case(named))
        })
        .map(|index| index as u16)
        .ok_or_else(|| format!("no person {named}"))
}

fn new_person(site: &mut Site, address: &str) -> u16 {
    let index = site.people.len();
    let mut random = Random::new(site.seed.seed, 0x7_0000_0000 | index as u64);
    let name = address
        .split('@')
        .next()
        .unwrap_or_default()
        .replace(['.', '_'], " ");
    site.people.push(Person {
        account_id: account_id(&mut random, index),
        account_type: "atlassian",
        name,
        email: Email::Shown(address.to_owned()),
        zone: "UTC",
        active: true,
    });
    index as u16
}

/// A text becomes a paragraph; ADF stays what it is.
fn described(value: &Value) -> Description {
    match value {
        Value::Null => Description::None,
        Value::String(text) => Description::Given(words::paragraph(text)),
        other => Description::Given(other.to_string()),
    }
}
