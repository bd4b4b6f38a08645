//! What `jira.webhook` asks for, and what Jira's events are called.

use super::Issues;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Thing {
    /// An issue.
    Issue,
    /// A comment.
    Comment,
    /// A worklog.
    Worklog,
    /// A version.
    Version,
    /// A sprint.
    Sprint,
    /// A user.
    User,
    /// A project.
    Project,
}

impl Thing {
    /// The kind of its records: `jira.issue`.
    #[must_use]
    pub const fn record(self) -> &'static str {
        match self {
            Self::Issue => "jira.issue",
            Self::Comment => "jira.comment",
            Self::Worklog => "jira.worklog",
            Self::Version => "jira.version",
            Self::Sprint => "jira.sprint",
            Self::User => "jira.user",
            Self::Project => "jira.project",
        }
    }

    /// The member of a webhook's body that holds it.
    #[must_use]
    pub const fn member(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Comment => "comment",
            Self::Worklog => "worklog",
            Self::Version => "version",
            Self::Sprint => "sprint",
            Self::User => "user",
            Self::Project => "project",
        }
    }
}

/// Jira's events without a prefix, what each is about, and the prefix that Jira gives it.
pub const EVENTS: [(&str, Thing, &str); 31] = [
    ("issue_created", Thing::Issue, "jira:"),
    ("issue_updated", Thing::Issue, "jira:"),
    ("issue_deleted", Thing::Issue, "jira:"),
    ("comment_created", Thing::Comment, ""),
    ("comment_updated", Thing::Comment, ""),
    ("comment_deleted", Thing::Comment, ""),
    ("worklog_created", Thing::Worklog, ""),
    ("worklog_updated", Thing::Worklog, ""),
    ("worklog_deleted", Thing::Worklog, ""),
    ("version_created", Thing::Version, "jira:"),
    ("version_updated", Thing::Version, "jira:"),
    ("version_moved", Thing::Version, "jira:"),
    ("version_released", Thing::Version, "jira:"),
    ("version_unreleased", Thing::Version, "jira:"),
    ("version_deleted", Thing::Version, "jira:"),
    ("sprint_created", Thing::Sprint, ""),
    ("sprint_updated", Thing::Sprint, ""),
    ("sprint_started", Thing::Sprint, ""),
    ("sprint_closed", Thing::Sprint, ""),
    ("sprint_deleted", Thing::Sprint, ""),
    ("user_created", Thing::User, ""),
    ("user_updated", Thing::User, ""),
    ("user_deleted", Thing::User, ""),
    ("project_created", Thing::Project, ""),
    ("project_updated", Thing::Project, ""),
    ("project_deleted", Thing::Project, ""),
    ("project_soft_deleted", Thing::Project, ""),
    ("project_restored_deleted", Thing::Project, ""),
    ("project_archived", Thing::Project, ""),
    ("project_restored_archived", Thing::Project, ""),
    ("project_restored", Thing::Project, ""),
];

/// What an event is about; none where Jira has no such event.
#[must_use]
pub fn event(name: &str) -> Option<Thing> {
    EVENTS
        .iter()
        .find(|(known, _, _)| *known == name)
        .map(|(_, thing, _)| *thing)
}

/// The name that Jira gives an event: `jira:issue_created`.
#[must_use]
pub fn jiras_name(event: &str) -> String {
    let prefix = EVENTS
        .iter()
        .find(|(known, _, _)| *known == event)
        .map_or("", |(_, _, prefix)| *prefix);
    format!("{prefix}{event}")
}

/// What Jira's webhooks say.
#[derive(Debug)]
pub struct Webhook {
    /// What all its events are about.
    pub thing: Thing,
    /// The events, by their names without a prefix.
    pub events: Vec<String>,
    /// Which issues, and what a record holds of one.
    pub issues: Issues,
    /// The pipeline polls such things, too: what a webhook tells of one is the record of the poll.
    pub also_polled: bool,
}
