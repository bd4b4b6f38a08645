//! New issues.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::sync::OnceCell;

use super::fields::Fields;
use super::{PROPERTY, no_payload, properties, refused};
use crate::connectors::jira::session::{Session, broken, parsed};
use crate::connectors::{Found, Outcome, Writer, in_turn};
use crate::http::{Class, Failure};
use crate::operation::Operation;
use crate::record::Value;

/// How many issues a page of the search has.
const PAGE: usize = 100;

/// Creates issues in a site.
pub struct IssueWriter {
    session: Arc<Session>,
    /// What the site's fields take: asked for once.
    fields: OnceCell<Fields>,
}

#[derive(Deserialize)]
struct Created {
    key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    issues: Vec<Seen>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Seen {
    key: String,
    #[serde(default)]
    properties: HashMap<String, Json>,
}

impl IssueWriter {
    /// A writer to a site.
    #[must_use]
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            fields: OnceCell::new(),
        }
    }

    async fn one(&self, operation: &Operation) -> Outcome {
        let fields = match self
            .fields
            .get_or_try_init(|| Fields::of(&self.session))
            .await
        {
            Ok(fields) => fields,
            // Nothing has been sent, whatever became of the question.
            Err(failure) => return Outcome::NotApplied { failure },
        };
        let payload = &operation.payload;
        let (Some(project), Some(kind)) = (payload.get("project"), payload.get("type")) else {
            return no_payload("project or type");
        };
        let Some(given) = payload.get("fields").and_then(Value::as_object) else {
            return no_payload("fields");
        };
        let mut encoded = match fields.encoded(given) {
            Ok(encoded) => encoded,
            Err(why) => {
                let failure = Failure::new(Class::Rejected, format!("Jira: {why}"))
                    .help("flowline fields shows the site's fields");
                return Outcome::Rejected { failure };
            }
        };
        encoded.insert("project".to_owned(), named("key", project));
        encoded.insert("issuetype".to_owned(), named("name", kind));
        let body = json!({ "fields": encoded, "properties": properties(&operation.key) });
        let path = "/rest/api/3/issue";
        let body = body.to_string().into_bytes();
        let answer = self.session.create(path, body, Duration::ZERO).await;
        match answer.and_then(|answer| parsed::<Created>(path, &answer)) {
            Ok(created) => Outcome::Made {
                receipt: created.key.into(),
            },
            Err(failure) => refused(failure),
        }
    }

    async fn look(&self, operations: &[Operation]) -> Vec<Option<Found>> {
        let mut projects: HashMap<String, Vec<&str>> = HashMap::new();
        for operation in operations {
            let keys = projects.entry(project_of(operation)).or_default();
            keys.push(&operation.key);
        }
        let mut known = HashMap::new();
        for (project, keys) in projects {
            let found = self.created(&project, &keys).await.ok();
            known.insert(project, found);
        }
        let found = operations.iter().map(|operation| {
            let found = known.get(&project_of(operation))?.as_ref()?;
            Some(match found.get(&*operation.key) {
                Some(key) => Found::Made {
                    receipt: key.as_str().into(),
                },
                None => Found::Absent,
            })
        });
        found.collect()
    }

    /// The keys of the project's issues that this account created and that carry these keys of
    /// operations. An app alone may search by a property, so the newest are read until all are
    /// found.
    async fn created(
        &self,
        project: &str,
        wanted: &[&str],
    ) -> Result<HashMap<String, String>, Failure> {
        let project = project.replace('\\', "\\\\").replace('"', "\\\"");
        let jql = format!(
            "creator = currentUser() AND project = \"{project}\" ORDER BY created DESC, id DESC"
        );
        let path = "/rest/api/3/search/jql";
        let mut found = HashMap::new();
        let mut token: Option<String> = None;
        let mut tokens = HashSet::new();
        loop {
            let mut body = json!({
                "jql": jql, "maxResults": PAGE, "fields": ["key"], "properties": [PROPERTY]
            });
            if let Some(token) = &token {
                body["nextPageToken"] = token.as_str().into();
            }
            let answer = self.session.post(path, body.to_string().into_bytes()).await;
            let page: Page = parsed(path, &answer?)?;
            for issue in page.issues {
                if let Some(key) = issue.properties.get(PROPERTY).and_then(Json::as_str)
                    && wanted.contains(&key)
                {
                    found.insert(key.to_owned(), issue.key);
                }
            }
            let Some(next) = page.next_page_token else {
                return Ok(found);
            };
            if found.len() == wanted.len() {
                return Ok(found);
            }
            if !tokens.insert(next.clone()) {
                return Err(broken(path, "the same page comes again"));
            }
            token = Some(next);
        }
    }
}

/// A name as text, or an id as a number.
fn named(name: &str, value: &Value) -> Json {
    match value {
        Value::Number(number) => json!({ "id": number.to_string() }),
        value => json!({ name: value.as_str().unwrap_or_default() }),
    }
}

fn project_of(operation: &Operation) -> String {
    match operation.payload.get("project") {
        Some(Value::Number(number)) => number.to_string(),
        project => project
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
    }
}

impl Writer for IssueWriter {
    fn batch_size(&self) -> usize {
        // What waits in a batch behind one whose process dies would be unknown as well.
        1
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(in_turn(operations, |operation| self.one(operation)))
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        Box::pin(self.look(operations))
    }
}

#[cfg(test)]
mod tests;
