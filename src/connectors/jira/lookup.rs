//! Looking up users, issues, customers, searches.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt as _;

use super::query::refusals_in_english as refusals;
use super::session::broken;
use super::spec::{Issues, Jql};
use super::{IssueSource, Session};
use crate::connectors::{Source as _, Start};
use crate::http::{Class, Failure};
use crate::record::{Object, Projection, Record, Value};

/// Jira's most of issues at once, and ours of users.
const BATCH: usize = 100;
/// How many issues a search finds at most.
const MOST_FOUND: u64 = 1_000;
/// How many customers are asked for at a time.
const AT_ONCE: usize = 4;

/// Issues by JQL, without anything that a source has besides.
fn asking(jql: Option<Jql>) -> Issues {
    Issues {
        jql,
        since: None,
        live: false,
        custom_fields: Vec::new(),
        comments: false,
        worklogs: false,
    }
}

const fn whole(limit: Option<u64>) -> Start {
    Start {
        cursor: None,
        since: None,
        floor: None,
        narrow: None,
        limit,
    }
}

/// The users with these account ids; none where there is no such user.
///
/// # Errors
/// What stands in the way.
pub async fn users(session: &Session, ids: &[Arc<str>]) -> Result<Vec<Option<Value>>, Failure> {
    const PATH: &str = "/rest/api/3/user/bulk";
    let site = session.site(false).await?;
    let mut known: HashMap<Arc<str>, Value> = HashMap::new();
    for ids in ids.chunks(BATCH) {
        let ids: Vec<String> = ids.iter().map(|id| encoded(id)).collect();
        let query = ids.join("&accountId=");
        let path = format!("{PATH}?maxResults={BATCH}&accountId={query}");
        let answer = session.value(&path).await?;
        let Some(users) = answer.get("values").and_then(Value::as_array) else {
            return Err(broken(PATH, "it has no `values`"));
        };
        for user in users {
            let (Some(Value::String(id)), Some(members)) =
                (user.get("accountId"), user.as_object())
            else {
                continue;
            };
            let mut members = members.clone();
            members.insert("site", site.clone());
            known.insert(Arc::clone(id), members.into());
        }
    }
    Ok(ids.iter().map(|id| known.get(id).cloned()).collect())
}

/// The records of issues by ids or keys, also keys that they had before they moved; none where
/// there is no such issue.
///
/// # Errors
/// What stands in the way.
pub async fn issues_of(
    session: &Session,
    ids: &[Arc<str>],
    reads: &Projection,
) -> Result<Vec<Option<Value>>, Failure> {
    let spec = asking(None);
    let source = IssueSource::open(session, &spec, reads, &whole(None)).await?;
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(BATCH) {
        let asked: Vec<&str> = ids.iter().map(|id| &**id).collect();
        let records = source.of(&asked).await?;
        // One issue may be asked for by several names: its id, its key in lower case.
        let of = |id: &&str| records.iter().find(|record| is(record, id));
        let mut values: Vec<Option<Value>> = asked
            .iter()
            .map(|id| of(id).map(|record| record.value.clone()))
            .collect();
        // A key that is not among them may be one that an issue had before it moved: each is asked
        // for alone, so that it is known whose.
        for (id, value) in asked.iter().zip(&mut values) {
            if value.is_none() && id.contains('-') && !records.is_empty() {
                *value = source.of(&[id]).await?.pop().map(|record| record.value);
            }
        }
        found.extend(values);
    }
    Ok(found)
}

/// True for an issue of that id or key.
fn is(record: &Record, id: &str) -> bool {
    let identity = record.identity.as_ref();
    let of_id = identity.and_then(|identity| identity.parts().first());
    of_id.is_some_and(|known| **known == *id) || record.name.eq_ignore_ascii_case(id)
}

/// The records of the issues that JQL finds, at most 1,000.
///
/// # Errors
/// What stands in the way.
pub async fn search(session: &Session, jql: &str, reads: &Projection) -> Result<Value, Failure> {
    let spec = asking(Some(Jql::asked(jql)));
    let start = whole(Some(MOST_FOUND));
    let mut source = IssueSource::open(session, &spec, reads, &start).await?;
    let mut found = Vec::new();
    loop {
        match source.next_page().await {
            Ok(None) => return Ok(found.into()),
            Ok(Some(page)) => found.extend(page.records.into_iter().map(|record| record.value)),
            Err(failure) if failure.status == Some(400) && is_of_nobody(session, jql).await => {
                return Ok(found.into());
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// True where a query is refused for nothing but values of nobody and nothing that Jira knows: a
/// customer who has no account on the site has no issues there.
///
/// A refusal is in the language of the account, and says only in words what it is about; so the
/// query is judged once more in English.
async fn is_of_nobody(session: &Session, jql: &str) -> bool {
    let found = refusals(session, jql).await.unwrap_or_default();
    // "… for the field 'reporter'", "An issue with key … for field 'key'".
    let of_nobody = |error: &String| error.contains("does not exist for ");
    !found.is_empty() && found.iter().all(of_nobody)
}

/// The customers of Jira Service Management's requests, `{ accountId, email, displayName }`; none
/// where there is no such request.
///
/// # Errors
/// What stands in the way.
pub async fn customers(
    session: &Session,
    keys: &[Arc<str>],
) -> Result<Vec<Option<Value>>, Failure> {
    let calls: Vec<_> = keys.iter().map(|key| customer(session, key)).collect();
    let mut answers = futures::stream::iter(calls).buffered(AT_ONCE);
    let mut found = Vec::with_capacity(keys.len());
    while let Some(answer) = answers.next().await {
        found.push(answer?);
    }
    Ok(found)
}

/// As a part of an address.
pub(super) fn encoded(text: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}

async fn customer(session: &Session, key: &str) -> Result<Option<Value>, Failure> {
    let path = format!("/rest/servicedeskapi/request/{}", encoded(key));
    let request = match session.value(&path).await {
        Ok(request) => request,
        Err(failure) if failure.class == Class::NotFound => return Ok(None),
        // It comes with an empty body: nobody else says why.
        Err(failure) if failure.class == Class::Permission => {
            return Err(failure.help(
                "`jira.request` needs an account with a Jira Service Management agent licence that may see the request",
            ));
        }
        Err(failure) => return Err(failure),
    };
    let reporter = request.get("reporter").cloned().unwrap_or_default();
    if reporter.is_null() {
        return Ok(None);
    }
    let mut customer = Object::with_capacity(3);
    for (name, member) in [
        ("accountId", "accountId"),
        ("email", "emailAddress"),
        ("displayName", "displayName"),
    ] {
        // What is not to be seen is absent, null or empty.
        let value = reporter.get(member).cloned().unwrap_or_default();
        let value = if value.as_str() == Some("") {
            Value::Null
        } else {
            value
        };
        customer.push(name.into(), value);
    }
    Ok(Some(customer.into()))
}
