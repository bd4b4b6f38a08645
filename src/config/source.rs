//! Sources as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{HttpAuth, Keyed, Members, Written};
use crate::diagnostic::Spanned;

/// Where records come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Source {
    /// Jira's issues.
    #[serde(rename = "jira.issues")]
    JiraIssues(JiraIssues),
    /// What Jira's webhooks say.
    #[serde(rename = "jira.webhook")]
    JiraWebhook(JiraWebhook),
    /// Comments, each with its issue.
    #[serde(rename = "jira.comments")]
    JiraComments(JiraComments),
    /// Worklogs, each with its issue and author.
    #[serde(rename = "jira.worklogs")]
    JiraWorklogs(JiraWorklogs),
    /// Jira's users.
    #[serde(rename = "jira.users")]
    JiraUsers(JiraUsers),
    /// Jira's projects.
    #[serde(rename = "jira.projects")]
    JiraProjects(JiraProjects),
    /// Released versions.
    #[serde(rename = "jira.versions")]
    JiraVersions(JiraVersions),
    /// Closed sprints.
    #[serde(rename = "jira.sprints")]
    JiraSprints(JiraSprints),
    /// What Brevo's webhooks say.
    #[serde(rename = "brevo.webhook")]
    BrevoWebhook(BrevoWebhook),
    /// The elements of a JSON API's list.
    #[serde(rename = "http")]
    Http(HttpSource),
    /// A file's records.
    #[serde(rename = "file")]
    File(FileSource),
}

impl Source {
    /// Its name, as the file writes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::JiraIssues(_) => "jira.issues",
            Self::JiraWebhook(_) => "jira.webhook",
            Self::JiraComments(_) => "jira.comments",
            Self::JiraWorklogs(_) => "jira.worklogs",
            Self::JiraUsers(_) => "jira.users",
            Self::JiraProjects(_) => "jira.projects",
            Self::JiraVersions(_) => "jira.versions",
            Self::JiraSprints(_) => "jira.sprints",
            Self::BrevoWebhook(_) => "brevo.webhook",
            Self::Http(_) => "http",
            Self::File(_) => "file",
        }
    }

    /// The connection that it names.
    #[must_use]
    pub const fn connection(&self) -> Option<&Spanned<String>> {
        match self {
            Self::JiraIssues(source) => source.connection.as_ref(),
            Self::JiraWebhook(source) => source.connection.as_ref(),
            Self::JiraComments(source) => source.connection.as_ref(),
            Self::JiraWorklogs(source) => source.connection.as_ref(),
            Self::JiraUsers(source) => source.connection.as_ref(),
            Self::JiraProjects(source) => source.connection.as_ref(),
            Self::JiraVersions(source) => source.connection.as_ref(),
            Self::JiraSprints(source) => source.connection.as_ref(),
            Self::BrevoWebhook(source) => source.connection.as_ref(),
            Self::Http(_) | Self::File(_) => None,
        }
    }

    /// Where its first run starts, as written.
    #[must_use]
    pub const fn since(&self) -> Option<&Spanned<String>> {
        match self {
            Self::JiraIssues(source) => source.since.as_ref(),
            Self::JiraComments(source) => source.since.as_ref(),
            Self::JiraWorklogs(source) => source.since.as_ref(),
            Self::JiraVersions(source) => source.since.as_ref(),
            Self::JiraSprints(source) => source.since.as_ref(),
            _ => None,
        }
    }
}

/// Jira's issues, as REST v3 gives them, plus `site`, `changes`, `names` and `custom`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraIssues {
    /// The Jira connection, where there is a choice.
    pub connection: Option<Spanned<String>>,
    /// Which issues, without `ORDER BY`; default: all that the account may see.
    #[serde(default)]
    #[schemars(schema_with = "super::form::query")]
    pub jql: Option<Written>,
    /// Where the first run starts: `30 days ago`, a date, an RFC 3339 time.
    pub since: Option<Spanned<String>>,
    /// Also by webhook, under `serve`.
    pub live: Option<Spanned<bool>>,
    /// Custom fields by their display names; they land in `$.custom.NAME`.
    #[serde(default)]
    pub custom_fields: Members<Spanned<String>>,
    /// All comments but internal ones, in `$.fields.comment.comments`.
    pub comments: Option<Spanned<bool>>,
    /// All worklogs, in `$.fields.worklog.worklogs`.
    pub worklogs: Option<Spanned<bool>>,
}

/// What Jira's webhooks say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraWebhook {
    /// The Jira connection, where there is a choice.
    pub connection: Option<Spanned<String>>,
    /// Jira's names without a prefix, all of one kind: `issue_created`, `comment_updated` …
    pub events: Vec<Spanned<String>>,
    /// Which issues.
    #[serde(default)]
    #[schemars(schema_with = "super::form::query")]
    pub jql: Option<Written>,
}

/// Comments, each with its issue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraComments {
    /// The Jira connection, where there is a choice.
    pub connection: Option<Spanned<String>>,
    /// The issues whose comments are read.
    #[serde(default)]
    #[schemars(schema_with = "super::form::query")]
    pub jql: Option<Written>,
    /// Where the first run starts.
    pub since: Option<Spanned<String>>,
    /// Internal comments too.
    pub internal: Option<Spanned<bool>>,
}

/// Worklogs, each with its issue and author.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraWorklogs {
    /// The Jira connection, where there is a choice.
    pub connection: Option<Spanned<String>>,
    /// The issues whose worklogs are read.
    #[serde(default)]
    #[schemars(schema_with = "super::form::query")]
    pub jql: Option<Written>,
    /// Where the first run starts.
    pub since: Option<Spanned<String>>,
}

/// Jira's users.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraUsers {
    /// The Jira connection, where there is a choice.
    pub connection: Option<Spanned<String>>,
    /// Apps and inactive accounts too.
    pub all: Option<Spanned<bool>>,
}

/// Jira's projects.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraProjects {
    /// The Jira connection, where there is a choice.
    pub connection: Option<Spanned<String>>,
}

/// Released versions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraVersions {
    /// The Jira connection, where there is a choice.
    pub connection: Option<Spanned<String>>,
    /// The keys of the projects; default: all that the account may see.
    #[serde(default)]
    pub projects: Vec<Spanned<String>>,
    /// Where the first run starts.
    pub since: Option<Spanned<String>>,
}

/// Closed sprints.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraSprints {
    /// The Jira connection, where there is a choice.
    pub connection: Option<Spanned<String>>,
    /// The ids of the boards; default: all that the account may see.
    #[serde(default)]
    pub boards: Vec<Spanned<u64>>,
    /// Where the first run starts.
    pub since: Option<Spanned<String>>,
}

/// What Brevo's webhooks say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrevoWebhook {
    /// The Brevo connection, where there is a choice.
    pub connection: Option<Spanned<String>>,
    /// Which events: `unsubscribed`, `hard_bounce`, `contact_updated` …
    pub events: Vec<Spanned<String>>,
}

/// The elements of a JSON API's list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpSource {
    /// What is asked for.
    pub url: Spanned<String>,
    /// How to get in.
    pub auth: Option<Keyed<HttpAuth>>,
    /// Further headers; those of `Authorization`, `Cookie` and `X-Api-Key` are secrets.
    #[serde(default)]
    pub headers: Members<Written>,
    /// The path to the records in an answer: `$.items[*]`.
    #[schemars(schema_with = "super::form::path")]
    pub records: Written,
    /// The path to a record's id.
    #[serde(default)]
    #[schemars(schema_with = "super::form::path")]
    pub id: Option<Written>,
    /// The path to a record's time.
    #[serde(default)]
    #[schemars(schema_with = "super::form::path")]
    pub time: Option<Written>,
    /// How the next page is found: `link`, `{ token: … }`, `{ offset: … }`, `{ page: … }`, `{ url: PATH }`.
    pub pages: Option<Pages>,
    /// How only what is new is asked for.
    pub cursor: Option<HttpCursor>,
}

/// How the next page is found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Pages {
    /// The answer's `Link` header (RFC 8288).
    Link,
    /// A token in the answer, given back in the query.
    Token(TokenPages),
    /// The offset of the first record, in the query.
    Offset(OffsetPages),
    /// The page's number, in the query.
    Page(NumberPages),
    /// The path to the next page's URL in the answer.
    #[schemars(with = "String")]
    Url(Written),
}

/// A token in the answer, given back in the query.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenPages {
    /// The path to the token in the answer.
    #[schemars(schema_with = "super::form::path")]
    pub read: Written,
    /// The query's parameter.
    pub query: Spanned<String>,
}

/// The offset of the first record, in the query.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OffsetPages {
    /// The query's parameter.
    pub query: Spanned<String>,
    /// How many records a page has.
    pub limit: PageLimit,
}

/// How many records a page has.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageLimit {
    /// The query's parameter.
    pub query: Spanned<String>,
    /// How many.
    pub size: Spanned<u64>,
}

/// The page's number, in the query.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberPages {
    /// The query's parameter.
    pub query: Spanned<String>,
    /// The number of the first page; default 1.
    pub first: Option<Spanned<u64>>,
}

/// How only what is new is asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpCursor {
    /// The path to what grows in a record.
    #[schemars(schema_with = "super::form::path")]
    pub read: Written,
    /// The query's parameter that takes the greatest one read.
    pub query: Spanned<String>,
}

/// A file's records: JSON, JSON Lines or CSV.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSource {
    /// The file, relative to the project and inside it.
    pub path: Spanned<String>,
    /// How it is written; default: by the name.
    pub format: Option<Spanned<FileSourceFormat>>,
    /// The kind of its records, as a source yields them: `jira.issue`.
    pub record: Option<Spanned<String>>,
    /// The path to a record's id.
    #[serde(default)]
    #[schemars(schema_with = "super::form::path")]
    pub id: Option<Written>,
    /// The path to a record's time.
    #[serde(default)]
    #[schemars(schema_with = "super::form::path")]
    pub time: Option<Written>,
}

/// How a file that is read is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileSourceFormat {
    /// One JSON value: a list of records, or one.
    Json,
    /// A JSON value a line.
    Jsonl,
    /// RFC 4180 with a header.
    Csv,
}
