//! `jira.issues`: `POST /rest/api/3/search/jql`, token pages, read in the order of `updated`.

mod by_id;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::json;

use super::answer::Answer;
use super::changes::{changes, histories};
use super::lists::{all_pages, hide_internal, number, without_internal};
use super::session::{Session, broken};
use super::spec::{Asked, Issues};
use crate::connectors::{BadRecord, Cursor, Page, Source, Start};
use crate::diagnostic::nearest;
use crate::expression::conversion::read_time;
use crate::http::{Class, Failure};
use crate::record::{Happened, Identity, Object, Projection, Record, Value};

const SEARCH: &str = "/rest/api/3/search/jql";
/// How many issues a page is asked to have; Jira gives fewer where they are large.
const PAGE: u64 = 100;
/// How far before the cursor the next run starts: the index lags by seconds to minutes.
const OVERLAP_MS: i64 = 5 * 60_000;
/// The earliest time that is asked for: shorter numbers are none of epoch milliseconds to Jira, and
/// nothing there is older.
const EARLIEST_MS: i64 = 100_000_000_000;
/// More pages than any site has: the end of a search that does not end.
const MAX_PAGES: u64 = 100_000;

/// Issues being read.
pub struct IssueSource<'s> {
    session: &'s Session,
    spec: &'s Issues,
    asked: Asked,
    custom: Vec<(Arc<str>, String)>,
    site: Value,
    jql: String,
    floor: Option<i64>,
    /// Internal comments are left in: whoever reads the records takes them out.
    pub(super) with_internal: bool,
    left: u64,
    token: Token,
    /// Hashes of the tokens so far: one that comes again is a search that goes in circles.
    tokens: HashSet<u64>,
    pages: u64,
    newest: Option<i64>,
}

enum Token {
    First,
    Next(String),
    End,
}

#[derive(Deserialize)]
struct Field {
    id: String,
    name: String,
}

impl<'s> IssueSource<'s> {
    /// Opens the source where it is to start; `reads` is what the plan reads of a record.
    ///
    /// # Errors
    /// What stands in the way; a custom field that the site does not have.
    pub async fn open(
        session: &'s Session,
        spec: &'s Issues,
        reads: &Projection,
        start: &Start,
    ) -> Result<Self, Failure> {
        let custom = custom_ids(session, spec).await?;
        let ids: Vec<String> = custom.iter().map(|(_, id)| id.clone()).collect();
        let asked = spec.asked(reads, &ids);
        let source = Self::asking(session, spec, asked, start).await?;
        Ok(Self { custom, ..source })
    }

    /// Opens the source with what is asked of each issue; without custom fields.
    pub(super) async fn asking(
        session: &'s Session,
        spec: &'s Issues,
        asked: Asked,
        start: &Start,
    ) -> Result<Self, Failure> {
        let site = session.site(asked.site_name).await?;
        let from = match &start.cursor {
            Some(cursor) => cursor
                .0
                .parse::<i64>()
                .ok()
                .map(|cursor| cursor - OVERLAP_MS),
            None => start.since,
        };
        Ok(Self {
            session,
            spec,
            asked,
            custom: Vec::new(),
            site,
            jql: query(
                spec.jql.as_ref().map(|jql| jql.text.as_str()),
                start.narrow.as_deref(),
                from,
            ),
            floor: start.floor,
            with_internal: false,
            left: start.limit.unwrap_or(u64::MAX),
            token: Token::First,
            tokens: HashSet::new(),
            pages: 0,
            newest: start
                .cursor
                .as_ref()
                .and_then(|cursor| cursor.0.parse().ok()),
        })
    }

    async fn page(&mut self) -> Result<Option<Page>, Failure> {
        if self.left == 0 || matches!(self.token, Token::End) {
            return Ok(None);
        }
        self.pages += 1;
        if self.pages > MAX_PAGES {
            return Err(broken(SEARCH, "the search does not end"));
        }
        let answer = self.search().await?;
        let mut page = Page::default();
        let Answer {
            issues,
            names,
            schema,
            ..
        } = answer;
        for issue in issues {
            if self.left == 0 {
                break;
            }
            let tops = [("names", &names), ("schema", &schema)];
            match self.record(issue, tops, &mut page.notices).await? {
                Ok(record) => {
                    let time = record.time.map(Timestamp::as_millisecond);
                    self.newest = self.newest.max(time);
                    self.left -= 1;
                    page.records.push(record);
                }
                Err(bad) => page.bad.push(bad),
            }
        }
        // With `--limit` the rest of the search is still to be read: the cursor stays right, since
        // issues come in the order of `updated`.
        page.cursor = self.newest.map(|newest| Cursor(newest.to_string()));
        Ok(Some(page))
    }

    async fn search(&mut self) -> Result<Answer, Failure> {
        let mut body = json!({
            "jql": self.jql,
            "fields": self.asked.fields,
            "maxResults": PAGE.min(self.left),
        });
        if let Some(members) = body.as_object_mut() {
            if !self.asked.expand.is_empty() {
                members.insert("expand".to_owned(), self.asked.expand.join(",").into());
            }
            if !self.asked.properties.is_empty() {
                members.insert(
                    "properties".to_owned(),
                    self.asked.properties.clone().into(),
                );
            }
            if let Token::Next(token) = &self.token {
                members.insert("nextPageToken".to_owned(), token.as_str().into());
            }
        }
        let response = self
            .session
            .post(SEARCH, body.to_string().into_bytes())
            .await?;
        let answer = Answer::read(&response.body, &self.asked.issue)
            .map_err(|error| broken(SEARCH, &error.to_string()))?;
        self.token = match &answer.token {
            // The token is absent on the last page: nothing else tells it.
            None => Token::End,
            Some(token) => {
                let mut hasher = DefaultHasher::new();
                token.hash(&mut hasher);
                if !self.tokens.insert(hasher.finish()) {
                    return Err(broken(SEARCH, "the same page comes again"));
                }
                Token::Next(token.clone())
            }
        };
        Ok(answer)
    }

    async fn record(
        &self,
        issue: Value,
        tops: [(&str, &Value); 2],
        notices: &mut Vec<String>,
    ) -> Result<Result<Record, BadRecord>, Failure> {
        let name: Arc<str> = match issue.get("key") {
            Some(Value::String(key)) => Arc::clone(key),
            _ => "an issue without a key".into(),
        };
        let bad = |reason: &str| BadRecord {
            name: Arc::clone(&name),
            reason: reason.to_owned(),
        };
        let id = issue.get("id").and_then(text);
        let Value::Object(members) = issue else {
            return Ok(Err(bad("the issue is no object")));
        };
        let Some(id) = id else {
            return Ok(Err(bad("the issue has no id")));
        };
        let mut members = Arc::try_unwrap(members).unwrap_or_else(|shared| (*shared).clone());
        let updated = members
            .get("fields")
            .and_then(|fields| fields.get("updated"));
        let time = updated.and_then(|updated| read_time(updated, &TimeZone::UTC).ok());
        if self.spec.comments {
            self.complete(&id, &name, &mut members, ("comment", "comments"), notices)
                .await?;
        }
        if self.spec.worklogs {
            self.complete(&id, &name, &mut members, ("worklog", "worklogs"), notices)
                .await?;
        }
        if !self.with_internal {
            hide_internal(&mut members);
        }
        if self.asked.changes {
            let changes = self.changes(&id, &name, &members, notices).await?;
            if !self.asked.changelog {
                members.remove("changelog");
            }
            members.insert("changes", changes);
        }
        members.insert("site", self.site.clone());
        // A search tells these once a page.
        for (name, top) in tops {
            if self.asked.expand.contains(&name) && !top.is_null() {
                members.insert(name, top.clone());
            }
        }
        if !self.custom.is_empty() {
            let fields = members.get("fields").cloned().unwrap_or_default();
            let custom: Object = self
                .custom
                .iter()
                .map(|(name, id)| (Arc::clone(name), custom_value(fields.get(id))))
                .collect();
            members.insert("custom", custom);
        }
        Ok(Ok(Record {
            value: members.into(),
            identity: Some(Identity::of(id)),
            time,
            name,
            deleted: false,
            happened: Happened::default(),
        }))
    }

    /// The changes, also where the embedded changelog is cut or not there.
    async fn changes(
        &self,
        id: &str,
        name: &str,
        members: &Object,
        notices: &mut Vec<String>,
    ) -> Result<Vec<Value>, Failure> {
        let fields = members.get("fields");
        let created = fields.and_then(|fields| fields.get("created"));
        let creator = fields.and_then(|fields| fields.get("creator"));
        let changelog = members.get("changelog");
        let mut known = changelog.map(histories).unwrap_or_default();
        let total = changelog.and_then(|changelog| number(changelog.get("total")));
        if total.is_none_or(|total| total > known.len()) {
            let path = format!("/rest/api/3/issue/{id}/changelog");
            known = all_pages(self.session, &path, "values").await?;
            notices.extend(lacking("changes", name, known.len(), total));
        }
        Ok(changes(&known, created, creator, self.floor))
    }

    /// Comments and worklogs, also where the embedded ones are cut; internal ones are left out.
    async fn complete(
        &self,
        id: &str,
        name: &str,
        members: &mut Object,
        (field, list): (&str, &str),
        notices: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let embedded = members
            .get("fields")
            .and_then(|fields| fields.get(field))
            .cloned()
            .unwrap_or_default();
        let known = embedded.get(list).and_then(Value::as_array);
        let mut all = known.unwrap_or_default().to_vec();
        let total = number(embedded.get("total"));
        if total.is_none_or(|total| total > all.len()) {
            let path = format!("/rest/api/3/issue/{id}/{field}");
            all = all_pages(self.session, &path, list).await?;
            notices.extend(lacking(list, name, all.len(), total));
        }
        let complete = without_internal(&embedded, list, all);
        if let Some(Value::Object(fields)) = members.get_mut("fields") {
            Arc::make_mut(fields).insert(field, complete);
        }
        Ok(())
    }
}

/// What to tell where a list has fewer elements than Jira said it has.
fn lacking(list: &str, name: &str, given: usize, total: Option<usize>) -> Option<String> {
    let total = total.filter(|total| given < *total)?;
    Some(format!(
        "{list} of {name} are not complete: Jira gave {given} of {total}"
    ))
}

impl Source for IssueSource<'_> {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Page>, Failure>> {
        Box::pin(self.page())
    }
}

/// The query: parts in parentheses, never a local date, no upper bound, a stated order.
fn query(jql: Option<&str>, narrow: Option<&str>, from: Option<i64>) -> String {
    let mut parts: Vec<String> = jql
        .into_iter()
        .chain(narrow)
        .filter(|part| !part.trim().is_empty())
        .map(|part| format!("({part})"))
        .collect();
    if let Some(from) = from.filter(|from| *from >= EARLIEST_MS) {
        parts.push(format!("updated >= {from}"));
    }
    // Jira refuses a query without a restriction: here is one that holds for every issue.
    if parts.is_empty() {
        parts.push("project is not EMPTY".to_owned());
    }
    format!("{} ORDER BY updated ASC, key ASC", parts.join(" AND "))
}

async fn custom_ids(session: &Session, spec: &Issues) -> Result<Vec<(Arc<str>, String)>, Failure> {
    if spec.custom_fields.is_empty() {
        return Ok(Vec::new());
    }
    let fields: Vec<Field> = session.get("/rest/api/3/field").await?;
    let mut ids = Vec::new();
    for (name, display) in &spec.custom_fields {
        let found: Vec<&Field> = fields
            .iter()
            .filter(|field| field.name == *display || field.id == *display)
            .collect();
        match found.as_slice() {
            [one] => ids.push((Arc::clone(name), one.id.clone())),
            [] => {
                let near = nearest(display, fields.iter().map(|field| field.name.as_str()));
                let help = near.map_or_else(
                    || "see `flowline fields` for the site's fields".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(Failure::new(
                    Class::Rejected,
                    format!("the site has no field `{display}`"),
                )
                .help(help));
            }
            several => {
                let list = several
                    .iter()
                    .map(|field| field.id.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                let message = format!("the site has several fields `{display}`");
                return Err(Failure::new(Class::Rejected, message)
                    .help(format!("name it by its id, one of {list}")));
            }
        }
    }
    Ok(ids)
}

/// Jira puts an error in the place of a value that may not be edited: nothing is there.
pub(super) fn custom_value(value: Option<&Value>) -> Value {
    match value {
        Some(value) if value.get("nonEditableReason").is_some() => Value::Null,
        Some(value) => value.clone(),
        None => Value::Null,
    }
}

fn text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) if !text.is_empty() => Some(Arc::clone(text)),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn the_query_is_bounded_ordered_and_knows_no_local_date() {
        assert_eq!(
            query(
                Some("project = A OR project = B"),
                None,
                Some(1_800_000_000_000)
            ),
            "(project = A OR project = B) AND updated >= 1800000000000 ORDER BY updated ASC, key ASC"
        );
        // Numbers that are too short to be a time are no bound.
        for from in [None, Some(0), Some(-5), Some(99_999_999_999)] {
            assert_eq!(
                query(None, None, from),
                "project is not EMPTY ORDER BY updated ASC, key ASC"
            );
        }
        assert_eq!(
            query(Some("a = b"), Some("c = d"), None),
            "(a = b) AND (c = d) ORDER BY updated ASC, key ASC"
        );
    }
}
