//! What Jira's sources ask for: pure, no client and no wire.

mod comment;
mod fields;
mod issue;
mod others;
mod webhook;

use std::sync::Arc;

use crate::connectors::jira::jql::Filter;
use crate::expression::Since;

pub use comment::{NewComment, is_document};
pub use fields::{Asked, issue_properties};
pub use issue::NewIssue;
pub use others::{Comments, Sprints, Users, Versions, Worklogs};
pub use webhook::{EVENTS, Thing, Webhook, event, jiras_name};

/// A query without `ORDER BY`.
#[derive(Debug, Clone)]
pub struct Jql {
    /// Its text, which Jira is asked with.
    pub text: String,
    /// How events are judged, where the source is live.
    pub filter: Option<Filter>,
}

impl Jql {
    /// A query that only Jira is asked.
    pub fn asked(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            filter: None,
        }
    }
}

/// Issues by JQL.
#[derive(Debug, Default)]
pub struct Issues {
    /// The query; all that the account may see where there is none.
    pub jql: Option<Jql>,
    /// Where the first run starts.
    pub since: Option<Since>,
    /// Also by webhook, under `serve`.
    pub live: bool,
    /// Custom fields: name in the record, display name in Jira.
    pub custom_fields: Vec<(Arc<str>, String)>,
    /// Comments are complete in the record.
    pub comments: bool,
    /// Worklogs are complete in the record.
    pub worklogs: bool,
}
