//! Issues by their ids, as they are now: `POST /rest/api/3/issue/bulkfetch`, which no index stands
//! before.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;

use super::super::answer::Answer;
use super::super::session::broken;
use super::{IssueSource, text};
use crate::connectors::{BadRecord, Page};
use crate::http::{Class, Failure};
use crate::record::{Record, Value};

const BULK: &str = "/rest/api/3/issue/bulkfetch";
/// Jira's most.
const AT_ONCE: usize = 100;
/// How many are asked for again at once of those that Jira could not give, try by try.
const AGAIN: [usize; 3] = [20, 5, 1];

impl IssueSource<'_> {
    /// The records of issues by ids or keys, at most [`AT_ONCE`]; what is not there, or may not be
    /// seen, is not among them.
    pub(in crate::connectors::jira) async fn of(
        &self,
        ids: &[&str],
    ) -> Result<Vec<Record>, Failure> {
        let records = self.fetched(ids, &mut Vec::new()).await?;
        Ok(records.into_iter().filter_map(Result::ok).collect())
    }

    /// Reads issues by their ids as they are now, whatever the query says; what is gone or hidden
    /// is not among them.
    pub(in crate::connectors::jira) async fn by_ids(
        &self,
        ids: &[Arc<str>],
        page: &mut Page,
    ) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::with_capacity(ids.len());
        for ids in ids.chunks(AT_ONCE) {
            let ids: Vec<&str> = ids.iter().map(|id| &**id).collect();
            for read in self.fetched(&ids, &mut page.notices).await? {
                match read {
                    Ok(record) => records.push(record),
                    Err(bad) => page.bad.push(bad),
                }
            }
        }
        Ok(records)
    }

    /// The records of issues, by their ids. What is gone, or may not be seen, is not among them.
    pub(in crate::connectors::jira) async fn of_ids(
        &self,
        ids: &[Arc<str>],
        notices: &mut Vec<String>,
    ) -> Result<HashMap<Arc<str>, Result<Record, BadRecord>>, Failure> {
        let mut found = HashMap::new();
        for ids in ids.chunks(AT_ONCE) {
            let ids: Vec<&str> = ids.iter().map(|id| &**id).collect();
            let answer = self.bulkfetch(&ids).await?;
            let tops = [("names", &answer.names), ("schema", &answer.schema)];
            for issue in answer.issues {
                let Some(id) = issue.get("id").and_then(text) else {
                    continue;
                };
                let record = self.record(issue, tops, notices).await?;
                found.insert(id, record);
            }
        }
        Ok(found)
    }

    async fn fetched(
        &self,
        ids: &[&str],
        notices: &mut Vec<String>,
    ) -> Result<Vec<Result<Record, BadRecord>>, Failure> {
        let answer = self.bulkfetch(ids).await?;
        let tops = [("names", &answer.names), ("schema", &answer.schema)];
        let mut records = Vec::with_capacity(answer.issues.len());
        for issue in answer.issues {
            records.push(self.record(issue, tops, notices).await?);
        }
        Ok(records)
    }

    /// Issues as Jira gives them. What is not there is not among them; what is there and could not
    /// be given is asked for again, fewer at once, as it may have been too much for one answer.
    async fn bulkfetch(&self, ids: &[&str]) -> Result<Answer, Failure> {
        let mut answer = self.asked_for(ids).await?;
        for at_once in AGAIN {
            let failed = std::mem::take(&mut answer.failed);
            for ids in failed.chunks(at_once) {
                let ids: Vec<&str> = ids.iter().map(|id| &**id).collect();
                let more = self.asked_for(&ids).await?;
                answer.issues.extend(more.issues);
                answer.failed.extend(more.failed);
            }
        }
        if answer.failed.is_empty() {
            return Ok(answer);
        }
        let message = format!(
            "Jira: {BULK}: {} of the issues could not be given, also when asked for alone",
            answer.failed.len()
        );
        Err(Failure::new(Class::Unavailable, message)
            .help("Jira has trouble, see https://status.atlassian.com; run again later"))
    }

    async fn asked_for(&self, ids: &[&str]) -> Result<Answer, Failure> {
        // Here `expand` is a list, unlike in a search.
        let mut body = json!({ "issueIdsOrKeys": ids, "fields": self.asked.fields });
        if let Some(members) = body.as_object_mut() {
            if !self.asked.expand.is_empty() {
                members.insert("expand".to_owned(), self.asked.expand.clone().into());
            }
            if !self.asked.properties.is_empty() {
                let properties = self.asked.properties.clone();
                members.insert("properties".to_owned(), properties.into());
            }
        }
        let response = self
            .session
            .post(BULK, body.to_string().into_bytes())
            .await?;
        Answer::read(&response.body, &self.asked.issue)
            .map_err(|error| broken(BULK, &error.to_string()))
    }

    /// Where changes begin to belong to the pipeline, once that is known.
    pub(in crate::connectors::jira) const fn set_floor(&mut self, floor: i64) {
        self.floor = Some(floor);
    }

    /// The record's `site`.
    pub(in crate::connectors::jira) const fn site_value(&self) -> &Value {
        &self.site
    }
}
