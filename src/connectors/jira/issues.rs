//! `jira.issues`: `POST /rest/api/3/search/jql`, token pages, read in the order of `updated`.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::json;

use super::changes::changes;
use super::session::{Session, broken};
use super::spec::{Asked, Issues};
use crate::connectors::{BadRecord, Cursor, Page, Source, Start};
use crate::diagnostic::nearest;
use crate::expression::conversion::read_time;
use crate::http::{Class, Failure};
use crate::record::{Identity, Object, Projected, Projection, Record, Value};

const SEARCH: &str = "/rest/api/3/search/jql";
/// How many issues a page is asked to have; Jira gives fewer where they are large.
const PAGE: u64 = 100;
/// How far before the cursor the next run starts: the index lags by seconds to minutes.
const OVERLAP_MS: i64 = 5 * 60_000;
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
    left: u64,
    token: Token,
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
            custom,
            site,
            jql: query(spec.jql.as_deref(), start.narrow.as_deref(), from),
            floor: start.floor,
            left: start.limit.unwrap_or(u64::MAX),
            token: Token::First,
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
        for issue in answer.issues {
            if self.left == 0 {
                break;
            }
            match self.record(issue, &answer.names, &mut page.notices).await? {
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
            if let Token::Next(token) = &self.token {
                members.insert("nextPageToken".to_owned(), token.as_str().into());
            }
        }
        let response = self
            .session
            .post(SEARCH, body.to_string().into_bytes())
            .await?;
        let mut deserializer = serde_json::Deserializer::from_slice(&response.body);
        deserializer.disable_recursion_limit();
        let answer = AnswerReader(&self.asked.issue)
            .deserialize(&mut deserializer)
            .map_err(|error| broken(SEARCH, &error.to_string()))?;
        self.token = match (&self.token, &answer.token) {
            // The token is absent on the last page, never null.
            (_, None) => Token::End,
            (Token::Next(last), Some(token)) if last == token => {
                return Err(broken(SEARCH, "the same page comes again"));
            }
            (_, Some(token)) => Token::Next(token.clone()),
        };
        Ok(answer)
    }

    async fn record(
        &self,
        issue: Value,
        names: &Value,
        notices: &mut Vec<String>,
    ) -> Result<Result<Record, BadRecord>, Failure> {
        let name: Arc<str> = match issue.get("key") {
            Some(Value::String(key)) => Arc::clone(key),
            _ => "an issue without a key".into(),
        };
        let Some(id) = issue.get("id").and_then(text) else {
            return Ok(Err(BadRecord {
                name,
                reason: "the issue has no id".to_owned(),
            }));
        };
        let Value::Object(members) = issue else {
            return Ok(Err(BadRecord {
                name,
                reason: "the issue is no object".to_owned(),
            }));
        };
        let mut members = Arc::try_unwrap(members).unwrap_or_else(|shared| (*shared).clone());
        let updated = members
            .get("fields")
            .and_then(|fields| fields.get("updated"));
        let time = updated.and_then(|updated| read_time(updated, &TimeZone::UTC).ok());
        if self.spec.comments {
            self.complete(&id, &mut members, "comment", "comments", notices)
                .await?;
        }
        if self.spec.worklogs {
            self.complete(&id, &mut members, "worklog", "worklogs", notices)
                .await?;
        }
        if self.asked.changes {
            let changes = self.changes(&id, &members).await?;
            if self.asked.issue != Projection::Whole {
                members.remove("changelog");
            }
            members.insert("changes", changes);
        }
        members.insert("site", self.site.clone());
        if self.asked.names {
            members.insert("names", names.clone());
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
        }))
    }

    /// The changelog, also where the embedded one is cut.
    async fn changes(&self, id: &str, members: &Object) -> Result<Vec<Value>, Failure> {
        let fields = members.get("fields");
        let created = fields.and_then(|fields| fields.get("created"));
        let creator = fields.and_then(|fields| fields.get("creator"));
        let changelog = members.get("changelog");
        let embedded = changelog
            .and_then(|changelog| changelog.get("histories"))
            .and_then(Value::as_array);
        let embedded = embedded.unwrap_or_default();
        let total = changelog.and_then(|changelog| changelog.get("total"));
        let total = total.and_then(|total| match total {
            Value::Number(number) => number
                .as_i64()
                .and_then(|total| usize::try_from(total).ok()),
            _ => None,
        });
        if total.is_none_or(|total| total <= embedded.len()) {
            return Ok(changes(embedded, created, creator, self.floor));
        }
        let path = format!("/rest/api/3/issue/{id}/changelog");
        let histories = self.all_pages(&path, "values").await?;
        Ok(changes(&histories, created, creator, self.floor))
    }

    /// Comments and worklogs, also where the embedded ones are cut; internal ones are left out.
    async fn complete(
        &self,
        id: &str,
        members: &mut Object,
        field: &str,
        list: &str,
        notices: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let embedded = members
            .get("fields")
            .and_then(|fields| fields.get(field))
            .cloned()
            .unwrap_or_default();
        let known = embedded
            .get(list)
            .and_then(Value::as_array)
            .unwrap_or_default()
            .to_vec();
        let total = match embedded.get("total") {
            Some(Value::Number(total)) => {
                total.as_i64().and_then(|total| usize::try_from(total).ok())
            }
            _ => None,
        };
        let mut all = known;
        if total.is_none_or(|total| total > all.len()) {
            all = self
                .all_pages(&format!("/rest/api/3/issue/{id}/{field}"), list)
                .await?;
            if total.is_some_and(|total| all.len() < total) {
                notices.push(format!(
                    "{list} of an issue are not complete: Jira gave {} of {}",
                    all.len(),
                    total.unwrap_or_default()
                ));
            }
        }
        all.retain(|one| {
            one.get("jsdPublic") != Some(&Value::Bool(false))
                && one.get("visibility").is_none_or(Value::is_null)
        });
        let mut complete = embedded.as_object().cloned().unwrap_or_default();
        complete.insert("total", all.len() as u64);
        complete.insert(list, all);
        if let Some(Value::Object(fields)) = members.get_mut("fields") {
            Arc::make_mut(fields).insert(field, complete);
        }
        Ok(())
    }

    async fn all_pages(&self, path: &str, list: &str) -> Result<Vec<Value>, Failure> {
        let mut all: Vec<Value> = Vec::new();
        for _ in 0..MAX_PAGES {
            let page: serde_json::Value = self
                .session
                .get(&format!("{path}?startAt={}&maxResults=100", all.len()))
                .await?;
            let page = Value::from(page);
            let values = page.get(list).and_then(Value::as_array).unwrap_or_default();
            all.extend(values.iter().cloned());
            let total = match page.get("total") {
                Some(Value::Number(total)) => {
                    total.as_i64().and_then(|total| usize::try_from(total).ok())
                }
                _ => None,
            };
            let last = page.get("isLast") == Some(&Value::Bool(true));
            if values.is_empty() || last || total.is_some_and(|total| all.len() >= total) {
                break;
            }
        }
        Ok(all)
    }
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
    // Jira refuses a query without a restriction.
    if let Some(from) = from.or(parts.is_empty().then_some(0)) {
        parts.push(format!("updated >= {}", from.max(0)));
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

/// A page of the search.
#[derive(Default)]
struct Answer {
    issues: Vec<Value>,
    token: Option<String>,
    names: Value,
}

/// Reads a page in one pass, of each issue what the plan reads.
struct AnswerReader<'p>(&'p Projection);

impl<'de> DeserializeSeed<'de> for AnswerReader<'_> {
    type Value = Answer;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Answer, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AnswerReader<'_> {
    type Value = Answer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of issues")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answer, A::Error> {
        let mut answer = Answer::default();
        let mut has_issues = false;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match &*key {
                "issues" => {
                    has_issues = true;
                    answer.issues = map.next_value_seed(IssueList(self.0))?;
                }
                "nextPageToken" => answer.token = map.next_value()?,
                "names" => {
                    answer.names = map.next_value_seed(Projected::new(&Projection::Whole))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if has_issues {
            Ok(answer)
        } else {
            Err(serde::de::Error::missing_field("issues"))
        }
    }
}

struct IssueList<'p>(&'p Projection);

impl<'de> DeserializeSeed<'de> for IssueList<'_> {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Value>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for IssueList<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of issues")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Value>, A::Error> {
        let mut issues = Vec::new();
        while let Some(issue) = list.next_element_seed(Projected::new(self.0))? {
            issues.push(issue);
        }
        Ok(issues)
    }
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn the_query_is_bounded_ordered_and_knows_no_local_date() {
        assert_eq!(
            query(Some("project = A OR project = B"), None, Some(5)),
            "(project = A OR project = B) AND updated >= 5 ORDER BY updated ASC, key ASC"
        );
        assert_eq!(
            query(None, None, None),
            "updated >= 0 ORDER BY updated ASC, key ASC"
        );
        assert_eq!(
            query(Some("a = b"), Some("c = d"), None),
            "(a = b) AND (c = d) ORDER BY updated ASC, key ASC"
        );
    }
}
