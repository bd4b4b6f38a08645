//! `jira.comments`: the issues that changed, and of each the comments.
//!
//! Jira tells neither which comments changed nor which are gone. So the state keeps, of each
//! issue, the ids of the comments that came and when each was written or edited last: what is
//! there and was not, or is newer, comes; what was there and is not any more comes once more as
//! deleted, with its id and its issue.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::issues::IssueSource;
use super::lists::{hide_internal_of, number};
use super::pages::Pages;
use super::records::{Kind, gone, id_of, is_internal, record_of};
use super::session::Session;
use super::spec::Comments;
use crate::connectors::{Cursor, Known, Memory, Page, Source, Start};
use crate::http::{Class, Failure};
use crate::record::{Projection, Record, Value};

/// How many comments a page is asked to have: Jira's most.
const PAGE: usize = 100;
/// How many records make a page, where issues have that many comments.
const RECORDS: usize = 500;

/// Comments being read.
pub struct CommentSource<'s> {
    session: &'s Session,
    memory: &'s dyn Memory,
    internal: bool,
    issues: IssueSource<'s>,
    /// What is read of a comment.
    element: Projection,
    /// The issue's record keeps the comments that Jira embeds.
    keeps_embedded: bool,
    /// Jira gives what is read of a comment only where it is asked for the comments themselves.
    expand: &'static str,
    site: Value,
    zone: TimeZone,
    since: Option<i64>,
    /// All comments come, also those that are known.
    anew: bool,
    left: u64,
    /// Issues that were found and not looked at yet, with what was known of them.
    found: VecDeque<(Record, Known)>,
    newest: Option<i64>,
    ended: bool,
}

/// What is read of the issue of a comment or worklog.
pub(super) fn issue_reads(reads: &Projection) -> Projection {
    reads
        .member("issue")
        .cloned()
        .unwrap_or_else(Projection::nothing)
}

/// What is read of a comment or worklog itself.
pub(super) fn own_reads(reads: &Projection) -> Projection {
    match reads {
        Projection::Members(members) => {
            let own = members.iter();
            let own = own.filter(|(name, _)| !matches!(&**name, "issue" | "site" | "deleted"));
            Projection::Members(own.cloned().collect())
        }
        whole => whole.clone(),
    }
}

/// The name of the site is read, which costs a call.
pub(super) fn site_name(reads: &Projection) -> bool {
    let site = reads.member("site");
    site.is_some_and(|site| site.member("name").is_some())
}

impl<'s> CommentSource<'s> {
    /// Opens the source where it is to start; `reads` is what the plan reads of a record.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn open(
        session: &'s Session,
        spec: &'s Comments,
        reads: &Projection,
        zone: &TimeZone,
        start: &Start,
        memory: &'s dyn Memory,
    ) -> Result<Self, Failure> {
        let of_issue = issue_reads(reads);
        let element = Kind::Comment.asked(&own_reads(reads));
        let mut asked = spec.issues.asked(&of_issue, &[]);
        let comment = of_issue
            .member("fields")
            .and_then(|fields| fields.member("comment"));
        let keeps_embedded = comment.is_some();
        // Most issues have few comments: those come with the issue.
        let path = ["fields", "comment", "comments"].map(Arc::from);
        asked.issue.add(&path, &element);
        let path = ["fields", "comment", "total"].map(Arc::from);
        asked.issue.add(&path, &Projection::Whole);
        if !asked
            .fields
            .iter()
            .any(|field| field == "*all" || field == "comment")
        {
            asked.fields.push("comment".to_owned());
        }
        // How many records come of an issue is not known before.
        let of_issues = Start {
            limit: None,
            ..start.clone()
        };
        let mut issues = IssueSource::asking(session, &spec.issues, asked, &of_issues).await?;
        issues.with_internal = true;
        let rendered = match reads {
            Projection::Members(_) => reads.member("renderedBody").is_some(),
            _ => false,
        };
        Ok(Self {
            session,
            memory,
            internal: spec.internal,
            issues,
            element,
            keeps_embedded,
            expand: if rendered { "&expand=renderedBody" } else { "" },
            site: session.site(site_name(reads)).await?,
            zone: zone.clone(),
            since: start.since,
            anew: start.cursor.is_none(),
            left: start.limit.unwrap_or(u64::MAX),
            found: VecDeque::new(),
            newest: start
                .cursor
                .as_ref()
                .and_then(|cursor| cursor.0.parse().ok()),
            ended: false,
        })
    }

    async fn page(&mut self) -> Result<Option<Page>, Failure> {
        let mut page = Page::default();
        while page.records.len() < RECORDS && self.left > 0 {
            let Some((issue, known)) = self.found.pop_front() else {
                if !page.records.is_empty() {
                    break;
                }
                if !self.find(&mut page).await? {
                    self.ended = true;
                    break;
                }
                continue;
            };
            self.issue(issue, known, &mut page).await?;
        }
        page.cursor = self.newest.map(|newest| Cursor(newest.to_string()));
        let says = !page.bad.is_empty() || !page.notices.is_empty() || !page.known.is_empty();
        if page.records.is_empty() && !says && (self.ended || self.left == 0) {
            return Ok(None);
        }
        Ok(Some(page))
    }

    /// Finds further issues; false after the last.
    async fn find(&mut self, page: &mut Page) -> Result<bool, Failure> {
        if self.ended {
            return Ok(false);
        }
        let Some(found) = self.issues.next_page().await? else {
            return Ok(false);
        };
        page.notices.extend(found.notices);
        page.bad.extend(found.bad);
        let owners: Vec<Arc<str>> = found.records.iter().filter_map(owner).collect();
        let known = self.memory.known(&owners).await?;
        self.found = found.records.into_iter().zip(known).collect();
        Ok(true)
    }

    async fn issue(
        &mut self,
        mut issue: Record,
        known: Known,
        page: &mut Page,
    ) -> Result<(), Failure> {
        let Some(comments) = self.comments(&mut issue, &mut page.notices).await? else {
            return Ok(());
        };
        let known_at: HashMap<&str, &str> = known.parts.iter().map(|part| split(part)).collect();
        let mut parts = Vec::new();
        let (mut records, mut visible) = (Vec::new(), std::collections::HashSet::new());
        for comment in &comments {
            if !self.internal && is_internal(comment) {
                continue;
            }
            let issue = Some(&issue.value);
            let record =
                match record_of(Kind::Comment, comment, issue, Some(&self.site), &self.zone) {
                    Ok(record) => record,
                    Err(bad) => {
                        page.bad.push(bad);
                        continue;
                    }
                };
            let Some(id) = id_of(comment.get("id")) else {
                continue;
            };
            let time = record.time.map(Timestamp::as_millisecond);
            let at = time.map(|time| time.to_string()).unwrap_or_default();
            let before = known_at.get(&*id).copied();
            let wanted = !before_since(time, self.since);
            if wanted || before.is_some() {
                parts.push(Arc::from(format!("{id}:{at}")));
            }
            if wanted && (self.anew || before != Some(at.as_str())) {
                records.push(record);
            }
            visible.insert(id);
        }
        for part in &known.parts {
            let id: Arc<str> = split(part).0.into();
            if !visible.contains(&id) {
                records.push(gone(
                    Kind::Comment,
                    &id,
                    &issue.value,
                    &self.site,
                    issue.time,
                ));
            }
        }
        let count = records.len() as u64;
        if count > self.left {
            // The rest of this issue is still to be read: nothing of it is known yet.
            records.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left = 0;
            page.records.extend(records);
            return Ok(());
        }
        self.left -= count;
        page.records.extend(records);
        let parts_known = Known {
            owner: known.owner,
            parts,
        };
        if parts_known.parts != known.parts {
            page.known.push(parts_known);
        }
        self.newest = self.newest.max(issue.time.map(Timestamp::as_millisecond));
        Ok(())
    }

    /// All comments of an issue, internal ones too; none where the issue is gone.
    async fn comments(
        &self,
        issue: &mut Record,
        notices: &mut Vec<String>,
    ) -> Result<Option<Vec<Value>>, Failure> {
        let embedded = issue.value.at(&["fields", "comment"]).cloned();
        if !self.internal {
            hide_internal_of(&mut issue.value);
        }
        if !self.keeps_embedded
            && let Value::Object(members) = &mut issue.value
            && let Some(Value::Object(fields)) = Arc::make_mut(members).get_mut("fields")
        {
            Arc::make_mut(fields).remove("comment");
        }
        let embedded = embedded.unwrap_or_default();
        let list = embedded.get("comments").and_then(Value::as_array);
        let list = list.unwrap_or_default();
        let total = number(embedded.get("total"));
        let complete = total.is_some_and(|total| total <= list.len());
        if complete && (self.expand.is_empty() || list.is_empty()) {
            return Ok(Some(list.to_vec()));
        }
        let Some(id) = owner(issue) else {
            return Ok(None);
        };
        let path = format!(
            "/rest/api/3/issue/{id}/comment?orderBy=created{}",
            self.expand
        );
        let mut pages = Pages::of(path, "comments", PAGE, self.element.clone());
        let mut all = Vec::new();
        // A new comment moves those after it to a later page.
        let mut ids = std::collections::HashSet::new();
        loop {
            match pages.next(self.session).await {
                Ok(None) => break,
                Ok(Some(comments)) => all.extend(
                    comments
                        .into_iter()
                        .filter(|comment| id_of(comment.get("id")).is_none_or(|id| ids.insert(id))),
                ),
                // The search still shows an issue that is gone: it is not the comments that are.
                Err(failure) if failure.class == Class::NotFound => {
                    notices.push(format!(
                        "{} went away while its comments were read",
                        issue.name
                    ));
                    return Ok(None);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(Some(all))
    }
}

/// The id of an issue's record.
pub(super) fn owner(issue: &Record) -> Option<Arc<str>> {
    let identity = issue.identity.as_ref()?;
    identity.parts().first().cloned()
}

/// The two sides of a part.
pub(super) fn split(part: &str) -> (&str, &str) {
    part.split_once(':').unwrap_or((part, ""))
}

/// True for what happened before the source is to start; what has no time is not before any.
pub(super) fn before_since(time: Option<i64>, since: Option<i64>) -> bool {
    time.zip(since).is_some_and(|(time, since)| time < since)
}

impl Source for CommentSource<'_> {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Page>, Failure>> {
        Box::pin(self.page())
    }
}
