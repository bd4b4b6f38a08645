//! `jira.worklogs`: Jira's own feeds of worklogs that changed and that are gone, which leave out
//! the last minute; each worklog with its issue, which the query must find.
//!
//! The feed of what is gone knows ids alone. So the state keeps, of each worklog that came, its
//! issue and when it changed last; what the feeds repeat does not come again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::json;

use super::comments::{before_since, issue_reads, own_reads, owner, site_name, split};
use super::issues::IssueSource;
use super::records::{Kind, gone, id_of, is_internal, record_of};
use super::session::{Session, broken};
use super::spec::Worklogs;
use crate::connectors::{BadRecord, Cursor, Known, Memory, Page, Source, Start};
use crate::http::{Class, Failure};
use crate::record::{Projection, Record, Value};

const LIST: &str = "/rest/api/3/worklog/list";
const MATCH: &str = "/rest/api/3/jql/match";
/// How far before what was seen a feed is asked from: what it repeats is known.
const OVERLAP_MS: i64 = 60_000;
/// How many issues are held against a query at once.
const MATCHED: usize = 100;

/// Worklogs being read.
pub struct WorklogSource<'s> {
    session: &'s Session,
    memory: &'s dyn Memory,
    issues: IssueSource<'s>,
    /// Queries that must all find an issue.
    queries: Vec<String>,
    /// What is read of a worklog.
    element: Projection,
    list: String,
    site: Value,
    zone: TimeZone,
    since: Option<i64>,
    anew: bool,
    left: u64,
    /// What has been seen of each feed: the time of the newest change and of the newest deletion.
    seen: (Option<i64>, Option<i64>),
    feed: Feed,
}

/// Which feed is read, from when.
enum Feed {
    Updated(i64),
    Deleted(i64),
    End,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    values: Vec<Change>,
    until: Option<i64>,
    last_page: Option<bool>,
    next_page: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    worklog_id: u64,
    updated_time: i64,
}

#[derive(Deserialize)]
struct Matches {
    matches: Vec<Matched>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matched {
    matched_issues: Vec<u64>,
    #[serde(default)]
    errors: Vec<String>,
}

impl<'s> WorklogSource<'s> {
    /// Opens the source where it is to start; `reads` is what the plan reads of a record.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn open(
        session: &'s Session,
        spec: &'s Worklogs,
        reads: &Projection,
        zone: &TimeZone,
        start: &Start,
        memory: &'s dyn Memory,
    ) -> Result<Self, Failure> {
        let asked = spec.issues.asked(&issue_reads(reads), &[]);
        let issues = IssueSource::asking(session, &spec.issues, asked, start).await?;
        let seen = start.cursor.as_ref().map(|cursor| split(&cursor.0));
        let seen = seen.map(|(updated, deleted)| (updated.parse().ok(), deleted.parse().ok()));
        let seen = seen.unwrap_or_default();
        let from = seen.0.map(|seen: i64| seen - OVERLAP_MS).or(start.since);
        let jql = spec.issues.jql.as_ref().map(|jql| jql.text.clone());
        let queries = jql.into_iter().chain(start.narrow.clone());
        let with_properties = match reads {
            Projection::Members(_) => reads.member("properties").is_some(),
            _ => false,
        };
        Ok(Self {
            session,
            memory,
            issues,
            queries: queries.filter(|jql| !jql.trim().is_empty()).collect(),
            element: Kind::Worklog.asked(&own_reads(reads)),
            list: if with_properties {
                format!("{LIST}?expand=properties")
            } else {
                LIST.to_owned()
            },
            site: session.site(site_name(reads)).await?,
            zone: zone.clone(),
            since: start.since,
            anew: start.cursor.is_none(),
            left: start.limit.unwrap_or(u64::MAX),
            seen,
            feed: Feed::Updated(from.unwrap_or(0).max(0)),
        })
    }

    async fn page(&mut self) -> Result<Option<Page>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut page = Page::default();
        match self.feed {
            Feed::End => return Ok(None),
            Feed::Updated(since) => {
                let changed = self.changes("updated", since).await?;
                let complete = self.updated(&changed.values, &mut page).await?;
                if complete {
                    let newest = changed
                        .values
                        .iter()
                        .map(|change| change.updated_time)
                        .max();
                    self.seen.0 = self.seen.0.max(newest);
                }
                self.feed = match next("updated", &changed, since)? {
                    Some(next) => Feed::Updated(next),
                    // What was gone before this source saw anything is none of its worklogs.
                    None => Feed::Deleted(self.seen.1.map_or_else(
                        || self.seen.0.or(self.since).unwrap_or(0),
                        |seen| seen - OVERLAP_MS,
                    )),
                };
            }
            Feed::Deleted(since) => {
                let changed = self.changes("deleted", since).await?;
                let complete = self.deleted(&changed.values, &mut page).await?;
                if complete {
                    let newest = changed
                        .values
                        .iter()
                        .map(|change| change.updated_time)
                        .max();
                    self.seen.1 = self.seen.1.max(newest).or(Some(since));
                }
                self.feed = match next("deleted", &changed, since)? {
                    Some(next) => Feed::Deleted(next),
                    None => Feed::End,
                };
            }
        }
        if let Some(updated) = self.seen.0 {
            let deleted = self.seen.1.map(|seen| seen.to_string()).unwrap_or_default();
            page.cursor = Some(Cursor(format!("{updated}:{deleted}")));
        }
        Ok(Some(page))
    }

    /// A page of a feed, oldest first.
    async fn changes(&self, feed: &str, since: i64) -> Result<Changed, Failure> {
        let path = format!("/rest/api/3/worklog/{feed}?since={since}");
        self.session.get(&path).await.map_err(|failure: Failure| {
            if failure.class != Class::NotFound {
                return failure;
            }
            Failure {
                class: Class::Rejected,
                message: "Jira: time tracking is switched off: the site has no worklogs".to_owned(),
                help: Some(
                    "an administrator switches it on under Settings → Issues → Time tracking"
                        .to_owned(),
                ),
                ..failure
            }
        })
    }

    /// Worklogs that changed; false where the rest of them is still to be read.
    async fn updated(&mut self, changes: &[Change], page: &mut Page) -> Result<bool, Failure> {
        let ids: Vec<Arc<str>> = changes.iter().map(Change::id).collect();
        let known = self.memory.known(&ids).await?;
        let known: HashMap<Arc<str>, Known> = known
            .into_iter()
            .map(|known| (Arc::clone(&known.owner), known))
            .collect();
        let changed_at: HashMap<Arc<str>, i64> = changes
            .iter()
            .map(|change| (change.id(), change.updated_time))
            .collect();
        let mut wanted: Vec<u64> = Vec::new();
        for change in changes {
            let at = issue_and_time(known.get(&change.id())).map(|(_, at)| at.to_owned());
            let again = at == Some(change.updated_time.to_string());
            if (self.anew || !again) && !wanted.contains(&change.worklog_id) {
                wanted.push(change.worklog_id);
            }
        }
        if wanted.is_empty() {
            return Ok(true);
        }
        let body = json!({ "ids": wanted });
        let answer = self.session.ask(&self.list, &body, &self.element).await?;
        let Some(worklogs) = answer.as_array() else {
            return Err(broken(LIST, "it is no list of worklogs"));
        };
        let issues = self.issues_of(worklogs, page).await?;
        for worklog in worklogs {
            let Some(id) = id_of(worklog.get("id")) else {
                page.bad.push(nameless());
                continue;
            };
            let before = issue_and_time(known.get(&id));
            let issue = id_of(worklog.get("issueId")).and_then(|id| issues.get(&id));
            let Some(issue) = issue else {
                // The query does not find its issue.
                continue;
            };
            if self.left == 0 {
                return Ok(false);
            }
            if is_internal(worklog) {
                // One that only some may see from now on is gone for the others.
                if before.is_some() {
                    let time = changed_at.get(&id).and_then(|at| time_of(*at));
                    let gone = gone(Kind::Worklog, &id, &issue.value, &self.site, time);
                    self.push(gone, page);
                    page.known.push(forgotten(&id));
                }
                continue;
            }
            let (site, value) = (Some(&self.site), Some(&issue.value));
            match record_of(Kind::Worklog, worklog, value, site, &self.zone) {
                Ok(record) => {
                    let time = record.time.map(Timestamp::as_millisecond);
                    if before_since(time, self.since) {
                        continue;
                    }
                    if let (Some(at), Some(owner)) = (changed_at.get(&id), owner(issue)) {
                        page.known.push(Known {
                            owner: Arc::clone(&id),
                            parts: vec![format!("{owner}:{at}").into()],
                        });
                    }
                    self.push(record, page);
                }
                Err(bad) => page.bad.push(bad),
            }
        }
        Ok(true)
    }

    fn push(&mut self, record: Record, page: &mut Page) {
        self.left -= 1;
        page.records.push(record);
    }

    /// The issues of worklogs that the query finds, by id.
    async fn issues_of(
        &self,
        worklogs: &[Value],
        page: &mut Page,
    ) -> Result<HashMap<Arc<str>, Record>, Failure> {
        let mut once = HashSet::new();
        let ids: Vec<Arc<str>> = worklogs
            .iter()
            .filter_map(|worklog| id_of(worklog.get("issueId")))
            .filter(|id| once.insert(Arc::clone(id)))
            .collect();
        let ids = self.matched(ids).await?;
        let issues = self.issues.by_ids(&ids, page).await?;
        Ok(issues
            .into_iter()
            .filter_map(|issue| Some((owner(&issue)?, issue)))
            .collect())
    }

    /// Those of the issues that every query finds.
    async fn matched(&self, ids: Vec<Arc<str>>) -> Result<Vec<Arc<str>>, Failure> {
        if self.queries.is_empty() {
            return Ok(ids);
        }
        let mut found = Vec::new();
        for ids in ids.chunks(MATCHED) {
            let numbers: Vec<u64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            let body = json!({ "jqls": self.queries, "issueIds": numbers });
            let response = self
                .session
                .post(MATCH, body.to_string().into_bytes())
                .await?;
            let answer: Matches = super::session::parsed(MATCH, &response)?;
            if let Some(error) = answer.matches.iter().flat_map(|one| &one.errors).next() {
                let message = format!("Jira: the query is refused: {error}");
                return Err(Failure::new(Class::Rejected, message).help("check `jql:`"));
            }
            if answer.matches.len() != self.queries.len() {
                return Err(broken(MATCH, "it does not answer each query"));
            }
            found.extend(
                ids.iter()
                    .filter(|id| {
                        let id = id.parse::<u64>().ok();
                        let in_it =
                            |one: &Matched| id.is_some_and(|id| one.matched_issues.contains(&id));
                        answer.matches.iter().all(in_it)
                    })
                    .cloned(),
            );
        }
        Ok(found)
    }

    /// Worklogs that are gone; false where the rest of them is still to be read.
    async fn deleted(&mut self, changes: &[Change], page: &mut Page) -> Result<bool, Failure> {
        let ids: Vec<Arc<str>> = changes.iter().map(Change::id).collect();
        let known = self.memory.known(&ids).await?;
        let mut once = HashSet::new();
        let known: Vec<(Arc<str>, Arc<str>, i64)> = known
            .iter()
            .zip(changes)
            .filter_map(|(known, change)| {
                let (issue, _) = issue_and_time(Some(known))?;
                Some((change.id(), Arc::from(issue), change.updated_time))
            })
            .filter(|(id, ..)| once.insert(Arc::clone(id)))
            .collect();
        let mut issues: Vec<Arc<str>> = known.iter().map(|(_, issue, _)| issue.clone()).collect();
        issues.sort();
        issues.dedup();
        let issues = self.issues.by_ids(&issues, page).await?;
        for (id, issue_id, at) in known {
            if self.left == 0 {
                return Ok(false);
            }
            let issue = issues
                .iter()
                .find(|one| owner(one).as_ref() == Some(&issue_id));
            // Its issue may be gone with it.
            let issue = issue.map_or_else(
                || Value::from(json!({ "id": &*issue_id })),
                |issue| issue.value.clone(),
            );
            let record = gone(Kind::Worklog, &id, &issue, &self.site, time_of(at));
            self.push(record, page);
            page.known.push(forgotten(&id));
        }
        Ok(true)
    }
}

impl Change {
    fn id(&self) -> Arc<str> {
        self.worklog_id.to_string().into()
    }
}

/// From when the next page is; none after the last.
fn next(feed: &str, changed: &Changed, since: i64) -> Result<Option<i64>, Failure> {
    // Only what says that more follows has more.
    let more = changed
        .last_page
        .map_or(changed.next_page.is_some(), |last| !last);
    if !more || changed.values.is_empty() {
        return Ok(None);
    }
    match changed.until {
        Some(until) if until > since => Ok(Some(until)),
        _ => {
            let path = format!("/rest/api/3/worklog/{feed}");
            Err(broken(&path, "the same page comes again"))
        }
    }
}

fn issue_and_time(known: Option<&Known>) -> Option<(&str, &str)> {
    known?.parts.first().map(|part| split(part))
}

fn time_of(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

fn forgotten(id: &Arc<str>) -> Known {
    Known {
        owner: Arc::clone(id),
        parts: Vec::new(),
    }
}

fn nameless() -> BadRecord {
    BadRecord {
        name: "a worklog without an id".into(),
        reason: "the worklog has no id".to_owned(),
    }
}

impl Source for WorklogSource<'_> {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Page>, Failure>> {
        Box::pin(self.page())
    }
}
