//! What has been seen to go wrong with Jira: each trap has a test named after it, by theme.

mod answers;
mod changelog;
mod comments;
mod credential;
mod embedded;
mod feeds;
mod lists;
mod lookups;
mod refusals;
mod search;
mod values;
mod webhooks;
mod writes;

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::spec::{Issues, Jql};
use super::testing::{Script, beginning, issues, reads};
use super::{Basic, Entrance, Listed, ListedSource, Session, Site};
use crate::connectors::NoMemory;
use crate::connectors::{Cursor, Known, Memory, Page, Source, Start};
use crate::http::{Class, Failure, Response, Secret};
use crate::record::{Projection, Value};

fn issue(id: u64) -> Json {
    json!({ "id": id.to_string(), "key": format!("SUP-{id}"),
            "fields": { "updated": "2026-11-24T10:00:00.000+0100" } })
}

fn keys(pages: &[Page]) -> Vec<&str> {
    let records = pages.iter().flat_map(|page| &page.records);
    records.map(|record| &*record.name).collect()
}

fn from(cursor: i64) -> Start {
    Start {
        cursor: Some(Cursor(cursor.to_string())),
        ..beginning()
    }
}

fn changes_of(page: &Page) -> Vec<&str> {
    let changes = page.records[0].value.get("changes");
    let changes = changes.and_then(Value::as_array).unwrap();
    let ids = changes.iter().map(|change| change.get("id").unwrap());
    ids.map(|id| id.as_str().unwrap()).collect()
}

fn limited(limit: u64) -> Start {
    Start {
        limit: Some(limit),
        ..beginning()
    }
}

/// All pages of a source, until its end or a failure.
async fn all(source: &mut dyn Source) -> Result<Vec<Page>, Failure> {
    let mut pages = Vec::new();
    while let Some(page) = source.next_page().await? {
        pages.push(page);
    }
    Ok(pages)
}

/// All pages of a list that is read whole.
async fn listed(script: &Script, what: Listed<'_>) -> Result<Vec<Page>, Failure> {
    let session = script.session().await;
    let (reads, zone, start) = (reads(&["name"]), TimeZone::UTC, beginning());
    let source = ListedSource::open(&session, what, &reads, &zone, &start, &NoMemory);
    all(&mut source.await?).await
}

fn told(pages: &[Page]) -> Vec<&str> {
    let notices = pages.iter().flat_map(|page| &page.notices);
    notices.map(String::as_str).collect()
}

/// Parts that earlier runs kept, by their owners.
struct Kept(&'static [(&'static str, &'static [&'static str])]);

impl Memory for Kept {
    fn known<'a>(&'a self, owners: &'a [Arc<str>]) -> BoxFuture<'a, Result<Vec<Known>, Failure>> {
        let known = owners.iter().map(|owner| {
            let found = self.0.iter().find(|(known, _)| **known == **owner);
            let parts = found.map_or(&[][..], |(_, parts)| parts);
            Known {
                owner: Arc::clone(owner),
                parts: parts.iter().map(|part| Arc::from(*part)).collect(),
            }
        });
        let known = known.collect();
        Box::pin(async move { Ok(known) })
    }
}

/// A page for browsers where nothing is, or a site that is down.
fn page_of_404() -> Response {
    Response::new(404, "<!DOCTYPE html><title>Page Unavailable</title>")
}

/// A refusal as Jira writes it.
fn refusal(status: u16, message: &str) -> Response {
    Response::new(
        status,
        json!({ "errorMessages": [message], "errors": {} }).to_string(),
    )
}
