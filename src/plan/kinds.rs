//! The closed sets of sources and sinks.

use std::sync::Arc;

use crate::connectors::brevo::spec as brevo;
use crate::connectors::file::spec as file;
use crate::connectors::http::spec as http;
use crate::connectors::jira::spec as jira;
use crate::connectors::metrics::spec as metrics;
use crate::expression::Trouble;
use crate::operation::{Operation, Place};
use crate::record::Record;
use crate::shape::Shape;

/// What a source asks for.
#[derive(Debug)]
pub enum SourceKind {
    /// `jira.issues`.
    JiraIssues(Box<jira::Issues>),
    /// `http`.
    Http(Box<http::HttpSource>),
    /// `jira.webhook`.
    JiraWebhook(Box<jira::Webhook>),
    /// `brevo.webhook`.
    BrevoWebhook(Box<brevo::Webhook>),
    /// `jira.comments`.
    JiraComments(Box<jira::Comments>),
    /// `jira.worklogs`.
    JiraWorklogs(Box<jira::Worklogs>),
    /// `jira.users`.
    JiraUsers(jira::Users),
    /// `jira.projects`.
    JiraProjects,
    /// `jira.versions`.
    JiraVersions(jira::Versions),
    /// `jira.sprints`.
    JiraSprints(jira::Sprints),
    /// `file`.
    File(Box<file::FileSource>),
}

impl SourceKind {
    /// The query that it asks Jira; none where it asks none.
    #[must_use]
    pub fn jql(&self) -> Option<&jira::Jql> {
        match self {
            Self::JiraIssues(issues) => issues.jql.as_ref(),
            Self::JiraComments(comments) => comments.issues.jql.as_ref(),
            Self::JiraWorklogs(worklogs) => worklogs.issues.jql.as_ref(),
            _ => None,
        }
    }

    /// Its name, as a pipeline writes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::JiraIssues(_) => "jira.issues",
            Self::JiraComments(_) => "jira.comments",
            Self::JiraWorklogs(_) => "jira.worklogs",
            Self::JiraUsers(_) => "jira.users",
            Self::JiraProjects => "jira.projects",
            Self::JiraVersions(_) => "jira.versions",
            Self::JiraSprints(_) => "jira.sprints",
            Self::Http(_) => "http",
            Self::JiraWebhook(_) => "jira.webhook",
            Self::BrevoWebhook(_) => "brevo.webhook",
            Self::File(_) => "file",
        }
    }

    /// Where its first run starts.
    #[must_use]
    pub const fn since(&self) -> Option<crate::expression::Since> {
        match self {
            Self::JiraIssues(source) => source.since,
            Self::JiraComments(source) => source.issues.since,
            Self::JiraWorklogs(source) => source.issues.since,
            Self::JiraVersions(source) => source.since,
            Self::JiraSprints(source) => source.since,
            Self::JiraUsers(_)
            | Self::JiraProjects
            | Self::JiraWebhook(_)
            | Self::BrevoWebhook(_)
            | Self::Http(_)
            | Self::File(_) => None,
        }
    }
}

/// What a sink makes of a record.
#[derive(Debug)]
pub enum SinkKind {
    /// `brevo.contacts`.
    Contacts(Box<brevo::Contacts>),
    /// `brevo.events`.
    Events(Box<brevo::Events>),
    /// `http`.
    Http(Box<http::HttpSink>),
    /// `jira.issue`.
    JiraIssue(Box<jira::NewIssue>),
    /// `jira.comment`.
    JiraComment(Box<jira::NewComment>),
    /// `metrics`.
    Metrics(Box<metrics::Metrics>),
    /// `brevo.notes`.
    Notes(Box<brevo::Notes>),
    /// `brevo.lists`.
    Lists(Box<brevo::Members>),
    /// `brevo.campaigns`.
    Campaigns(Box<brevo::Campaigns>),
    /// `brevo.email`.
    Email(Box<brevo::Email>),
    /// `brevo.objects`.
    Objects(Box<brevo::Objects>),
    /// `file`.
    File(file::FileSink),
}

/// What a look-up asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupKind {
    /// `brevo.contact`.
    Contact,
    /// `jira.user`.
    User,
    /// `jira.issue`.
    Issue,
    /// `jira.request`.
    Request,
    /// `jira.search`.
    Search,
    /// `file`.
    File {
        /// Relative to the project and inside it.
        path: Arc<str>,
    },
}

impl LookupKind {
    /// The name that the file uses.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Contact => "brevo.contact",
            Self::User => "jira.user",
            Self::Issue => "jira.issue",
            Self::Request => "jira.request",
            Self::Search => "jira.search",
            Self::File { .. } => "file",
        }
    }
}

/// What a sink makes of a record.
#[derive(Clone, Debug)]
pub enum Made {
    /// Something to be sent.
    Operation(Box<Operation>),
    /// Several things to be sent, or nothing.
    Several(Vec<Operation>),
    /// The record has no identity for the sink.
    Unmatched,
    /// There is nothing to be done: a gauge without a value.
    Nothing,
}

impl From<brevo::Made> for Made {
    fn from(made: brevo::Made) -> Self {
        match made {
            brevo::Made::Operation(operation) => Self::Operation(operation),
            brevo::Made::Several(operations) => Self::Several(operations),
            brevo::Made::Unmatched => Self::Unmatched,
        }
    }
}

impl SinkKind {
    /// How old may be what is from before the pipeline's first run, in milliseconds; none where
    /// the sink's doing can be taken back, so that it asks for no age.
    #[must_use]
    pub fn backfill_ms(&self) -> Option<i64> {
        match self {
            Self::Events(sink) => Some(sink.backfill_ms),
            Self::Notes(sink) => Some(sink.backfill_ms),
            Self::Campaigns(sink) => Some(sink.backfill_ms),
            Self::Email(sink) => Some(sink.backfill_ms),
            Self::JiraIssue(sink) => Some(sink.backfill_ms),
            Self::JiraComment(sink) => Some(sink.backfill_ms),
            Self::Http(sink) => Some(sink.backfill_ms),
            Self::Contacts(_)
            | Self::Lists(_)
            | Self::Objects(_)
            | Self::Metrics(_)
            | Self::File(_) => None,
        }
    }

    /// The operation of a record.
    ///
    /// # Errors
    /// Where the record does not have what the sink needs.
    pub fn operation(
        &self,
        record: &Record,
        sink_index: usize,
        at: &Place,
    ) -> Result<Made, Trouble> {
        match self {
            Self::Contacts(sink) => sink.operation(record, sink_index, at).map(Made::from),
            Self::Events(sink) => sink.operation(record, sink_index, at).map(Made::from),
            Self::JiraIssue(sink) => Ok(Made::Operation(Box::new(
                sink.operation(record, sink_index, at)?,
            ))),
            Self::JiraComment(sink) => Ok(Made::Operation(Box::new(
                sink.operation(record, sink_index, at)?,
            ))),
            Self::Http(sink) => Ok(Made::Operation(Box::new(
                sink.operation(record, sink_index, at)?,
            ))),
            Self::Metrics(sink) => Ok(sink
                .operation(record, sink_index, at)?
                .map_or(Made::Nothing, |one| Made::Operation(Box::new(one)))),
            Self::Notes(sink) => sink.operation(record, sink_index, at).map(Made::from),
            Self::Lists(sink) => sink.operations(record, sink_index, at).map(Made::from),
            Self::Campaigns(sink) => sink.operation(record, sink_index, at).map(Made::from),
            Self::Email(sink) => sink.operation(record, sink_index, at).map(Made::from),
            Self::Objects(sink) => sink.operation(record, sink_index, at).map(Made::from),
            Self::File(sink) => Ok(Made::Operation(Box::new(
                sink.operation(record, sink_index, at),
            ))),
        }
    }
}

/// The kinds of records and their JSON Schemas.
pub const RECORD_KINDS: [(&str, &str); 8] = [
    (
        "jira.issue",
        include_str!("../../schemas/records/jira.issue.schema.json"),
    ),
    (
        "jira.comment",
        include_str!("../../schemas/records/jira.comment.schema.json"),
    ),
    (
        "jira.worklog",
        include_str!("../../schemas/records/jira.worklog.schema.json"),
    ),
    (
        "jira.user",
        include_str!("../../schemas/records/jira.user.schema.json"),
    ),
    (
        "jira.project",
        include_str!("../../schemas/records/jira.project.schema.json"),
    ),
    (
        "jira.version",
        include_str!("../../schemas/records/jira.version.schema.json"),
    ),
    (
        "jira.sprint",
        include_str!("../../schemas/records/jira.sprint.schema.json"),
    ),
    (
        "brevo.webhook",
        include_str!("../../schemas/records/brevo.webhook.schema.json"),
    ),
];

/// What a record of that kind can hold.
pub(super) fn record_shape(kind: &str) -> Option<Shape> {
    let (_, schema) = RECORD_KINDS.iter().find(|(name, _)| *name == kind)?;
    Shape::from_schema(schema).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{codes, compiled};
    use crate::shape::Kinds;

    /// What is said of a path into records of a kind.
    fn said(kind: &str, path: &str) -> Vec<String> {
        let text = format!(
            "sources: [file: {{ path: in.jsonl, record: {kind} }}]\n\
             transforms:\n  - keep: {path}\nsinks: [file: {{ path: a.jsonl }}]\n"
        );
        codes(&compiled(&text).1)
    }

    #[test]
    fn each_kind_is_an_object_of_known_members_with_its_site() {
        for (kind, _) in RECORD_KINDS {
            let shape = record_shape(kind).unwrap();
            assert_eq!(shape.kinds, Kinds::OBJECT, "{kind}");
            assert!(shape.member("nothing_of_that_name").is_err(), "{kind}");
            let site = shape.member("site");
            assert_eq!(site.is_ok(), kind.starts_with("jira."), "{kind}");
        }
    }

    #[test]
    fn paths_into_each_kind_are_checked() {
        for (kind, good, bad) in [
            (
                "jira.comment",
                "$.issue.fields.reporter.emailAddress",
                "$.issue.fields.reportr",
            ),
            (
                "jira.comment",
                "$.body && $.jsdPublic && $.site.url",
                "$.bodi",
            ),
            (
                "jira.worklog",
                "$.timeSpentSeconds > 60 && $.author.emailAddress",
                "$.timeSpent.x",
            ),
            (
                "jira.worklog",
                "$.issue.key && $.issue.changes",
                "$.author.email",
            ),
            ("jira.user", "$.accountId && $.accountType", "$.mail"),
            ("jira.project", "$.lead.displayName", "$.lead.emailAddress"),
            ("jira.version", "$.releaseDate && $.projectId", "$.release"),
            ("jira.sprint", "$.completeDate && $.goal", "$.complete"),
            (
                "brevo.webhook",
                "$.email && $.list_ids[0] && $.raw.anything",
                "$.mail",
            ),
        ] {
            assert!(
                said(kind, good).is_empty(),
                "{kind} {good}: {:?}",
                said(kind, good)
            );
            let codes = said(kind, bad);
            assert_eq!(codes.len(), 1, "{kind} {bad}: {codes:?}");
            assert!(codes[0].starts_with("path."), "{kind} {bad}: {codes:?}");
        }
    }
}
