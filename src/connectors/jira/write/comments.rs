//! New comments.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Deserialize;

use super::pace::IssuePace;
use super::{PROPERTY, document, no_payload, properties, refused};
use crate::connectors::jira::lookup::encoded;
use crate::connectors::jira::pages::Pages;
use crate::connectors::jira::session::{Session, parsed};
use crate::connectors::{Found, Outcome, Writer, in_turn};
use crate::http::{Class, Failure};
use crate::operation::Operation;
use crate::record::{Projection, Value};

/// The ids of comments by the keys that they carry.
type Ids = HashMap<Arc<str>, Arc<str>>;

/// How many comments are asked for by their ids at once.
const BY_ID: usize = 1_000;

/// Writes comments to a site.
pub struct CommentWriter {
    session: Arc<Session>,
    pace: IssuePace,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

impl CommentWriter {
    /// A writer to a site.
    #[must_use]
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            pace: IssuePace::default(),
        }
    }

    async fn one(&self, operation: &Operation) -> Outcome {
        let (Some(issue), Some(body)) = (issue_of(operation), operation.payload.get("body")) else {
            return no_payload("issue or body");
        };
        let body = format!(
            r#"{{"body":{},"properties":{}}}"#,
            document(body),
            properties(&operation.key)
        );
        let now = self.session.now().as_millisecond();
        let wait = self.pace.turn(issue, now);
        let path = format!("/rest/api/3/issue/{}/comment", encoded(issue));
        let answer = self.session.create(&path, body.into_bytes(), wait).await;
        match answer.and_then(|answer| parsed::<Made>(&path, &answer)) {
            Ok(made) => Outcome::Made {
                receipt: made.id.into(),
            },
            Err(failure) => refused(failure),
        }
    }

    async fn look(&self, operations: &[Operation]) -> Vec<Option<Found>> {
        let mut issues: HashMap<&str, Option<Ids>> = HashMap::new();
        let mut found = Vec::with_capacity(operations.len());
        for operation in operations {
            let issue = issue_of(operation).unwrap_or_default();
            if !issues.contains_key(issue) {
                issues.insert(issue, self.known(issue).await.ok());
            }
            let known = issues.get(issue).and_then(Option::as_ref);
            found.push(known.map(|known| match known.get(&operation.key) {
                Some(id) => Found::Made {
                    receipt: Arc::clone(id),
                },
                None => Found::Absent,
            }));
        }
        found
    }

    /// The ids of an issue's comments by the keys that they carry.
    async fn known(&self, issue: &str) -> Result<Ids, Failure> {
        let me = self.session.myself().await?.account_id;
        let mut ids = Vec::new();
        let path = format!(
            "/rest/api/3/issue/{}/comment?orderBy=-created",
            encoded(issue)
        );
        let mut wanted = Projection::nothing();
        wanted.add(&["id".into()], &Projection::Whole);
        wanted.add(&["author".into(), "accountId".into()], &Projection::Whole);
        let mut pages = Pages::of(path, "comments", 100, wanted);
        loop {
            let page = match pages.next(&self.session).await {
                Ok(page) => page,
                // No issue, no comments.
                Err(failure) if failure.class == Class::NotFound => return Ok(HashMap::new()),
                Err(failure) => return Err(failure),
            };
            let Some(comments) = page else { break };
            for comment in comments {
                let author = comment.get("author").and_then(|one| one.get("accountId"));
                if author.and_then(Value::as_str) == Some(&me)
                    && let Some(Value::String(id)) = comment.get("id")
                {
                    ids.push(Arc::clone(id));
                }
            }
        }
        let mut known = HashMap::new();
        for ids in ids.chunks(BY_ID) {
            self.carried(ids, &mut known).await?;
        }
        Ok(known)
    }

    /// Adds the keys that comments carry. The list of an issue's comments has no properties, the
    /// list by ids has.
    async fn carried(
        &self,
        ids: &[Arc<str>],
        known: &mut HashMap<Arc<str>, Arc<str>>,
    ) -> Result<(), Failure> {
        let path = "/rest/api/3/comment/list?expand=properties";
        let numbers: Vec<u64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let body = serde_json::json!({ "ids": numbers }).to_string();
        let answer = self.session.post(path, body.into_bytes()).await?;
        let answer: Listed = parsed(path, &answer)?;
        for comment in answer.values {
            for property in comment.properties {
                if property.key == PROPERTY
                    && let Some(key) = property.value.as_str()
                {
                    known.insert(key.into(), comment.id.as_str().into());
                }
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Listed {
    values: Vec<Comment>,
}

#[derive(Deserialize)]
struct Comment {
    id: String,
    #[serde(default)]
    properties: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    key: String,
    #[serde(default)]
    value: serde_json::Value,
}

fn issue_of(operation: &Operation) -> Option<&str> {
    operation.payload.get("issue").and_then(Value::as_str)
}

impl Writer for CommentWriter {
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
