//! What is no issue, re-read through REST, so that its records are the very same as those of the
//! sources that poll.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use jiff::tz::TimeZone;
use serde_json::json;

use super::told::Told;
use crate::connectors::BadRecord;
use crate::connectors::jira::Session;
use crate::connectors::jira::comments::own_reads;
use crate::connectors::jira::listed::expand;
use crate::connectors::jira::records::{Kind, gone, id_of, is_internal, record_of};
use crate::connectors::jira::session::broken;
use crate::connectors::jira::spec::Thing;
use crate::http::{Class, Failure};
use crate::record::{Projection, Record, Value};

const WORKLOGS: &str = "/rest/api/3/worklog/list";
const USERS: &str = "/rest/api/3/user/bulk";
const PROJECTS: &str = "/rest/api/3/project/search";
/// Jira's most of users and projects at once: of users it gives ten where not told how many.
const BATCH: usize = 50;
/// How many are asked for at a time where each is asked for alone.
const AT_ONCE: usize = 4;

/// The kind of record; none for issues, which have a source of their own.
const fn kind(thing: Thing) -> Option<Kind> {
    match thing {
        Thing::Issue => None,
        Thing::Comment => Some(Kind::Comment),
        Thing::Worklog => Some(Kind::Worklog),
        Thing::Version => Some(Kind::Version),
        Thing::Sprint => Some(Kind::Sprint),
        Thing::User => Some(Kind::User),
        Thing::Project => Some(Kind::Project),
    }
}

/// What is read of the issue of a record: itself, or its `issue`.
pub(super) fn issue_reads(thing: Thing, reads: &Projection) -> Projection {
    match (thing, reads) {
        (Thing::Issue, _) | (_, Projection::Whole) => reads.clone(),
        (Thing::Comment | Thing::Worklog, _) => {
            let mut issue = reads
                .member("issue")
                .cloned()
                .unwrap_or_else(Projection::nothing);
            // A record's name is made of it.
            issue.add(&["key".into()], &Projection::Whole);
            for member in ["fields", "names"] {
                // What filters read was added at the top.
                if let Some(inner) = reads.member(member) {
                    issue.add(&[member.into()], inner);
                }
            }
            issue
        }
        _ => Projection::nothing(),
    }
}

/// Things of one kind as they are now, by their ids; what is gone, or not to be seen, is not there.
pub(super) async fn read(
    session: &Session,
    thing: Thing,
    told: &[Told],
    reads: &Projection,
) -> Result<HashMap<Arc<str>, Value>, Failure> {
    let Some(kind) = kind(thing) else {
        return Ok(HashMap::new());
    };
    let mut once = HashSet::new();
    let told: Vec<&Told> = told
        .iter()
        .filter(|one| !one.deleted && once.insert(Arc::clone(&one.id)))
        .collect();
    let element = match kind {
        Kind::Comment | Kind::Worklog => kind.asked(&own_reads(reads)),
        _ => kind.asked(reads),
    };
    let ids: Vec<&str> = told.iter().map(|one| &*one.id).collect();
    let mut found = HashMap::new();
    match thing {
        Thing::Issue => {}
        Thing::Worklog => {
            let numbers: Vec<u64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            if !numbers.is_empty() {
                let path = match is_read(reads, "properties") {
                    true => format!("{WORKLOGS}?expand=properties"),
                    false => WORKLOGS.to_owned(),
                };
                let body = json!({ "ids": numbers });
                let answer = session.ask(&path, &body, &element).await?;
                keep(kind, answer.as_array(), WORKLOGS, &mut found)?;
            }
        }
        Thing::User | Thing::Project => {
            let (path, name) = match thing {
                Thing::User => (format!("{USERS}?maxResults={BATCH}"), "accountId"),
                _ => {
                    let expand = expand(reads);
                    let first = if expand.is_empty() { "?" } else { "&" };
                    let states = "status=live&status=archived";
                    (
                        format!("{PROJECTS}{expand}{first}maxResults={BATCH}&{states}"),
                        "id",
                    )
                }
            };
            let page = Projection::Members(vec![("values".into(), element)]);
            for ids in ids.chunks(BATCH) {
                let query: String = ids
                    .iter()
                    .map(|id| format!("&{name}={}", encoded(id)))
                    .collect();
                let answer = session.read(&format!("{path}{query}"), &page).await?;
                let values = answer.get("values").and_then(Value::as_array);
                keep(kind, values, &path, &mut found)?;
            }
        }
        Thing::Comment | Thing::Version | Thing::Sprint => {
            let paths = told.iter().filter_map(|one| {
                let expand = match is_read(reads, "renderedBody") {
                    true => "?expand=renderedBody",
                    false => "",
                };
                let id = encoded(&one.id);
                match thing {
                    Thing::Comment => {
                        let issue = encoded(one.issue.as_ref()?);
                        Some(format!("/rest/api/3/issue/{issue}/comment/{id}{expand}"))
                    }
                    Thing::Version => Some(format!("/rest/api/3/version/{id}")),
                    _ => Some(format!("/rest/agile/1.0/sprint/{id}")),
                }
            });
            let element = &element;
            let each = paths.map(|path| async move {
                let mut read = session.read(&path, element).await;
                if matches!(&read, Err(failure) if failure.class == Class::Gone) {
                    // Listings beside it have moved there.
                    let moved = path.replacen("/rest/agile/1.0/", "/rest/software/1.0/", 1);
                    read = session.read(&moved, element).await;
                }
                match read {
                    Ok(value) => Ok(Some(value)),
                    Err(failure) if failure.class == Class::NotFound => Ok(None),
                    Err(failure) => Err(failure),
                }
            });
            // Collected first: the futures borrow what is told.
            let each: Vec<_> = each.collect();
            let values: Vec<Option<Value>> = futures::stream::iter(each)
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
            let values: Vec<Value> = values.into_iter().flatten().collect();
            keep(kind, Some(&values), "", &mut found)?;
        }
    }
    Ok(found)
}

/// Keeps what was found by its id.
fn keep(
    kind: Kind,
    values: Option<&[Value]>,
    path: &str,
    found: &mut HashMap<Arc<str>, Value>,
) -> Result<(), Failure> {
    let values = values.ok_or_else(|| broken(path, "it is no list"))?;
    for value in values {
        if let Some(id) = id_of(value.get(kind.id())) {
            found.insert(id, value.clone());
        }
    }
    Ok(())
}

/// True where the plan reads this member by its name: what is asked for in whole is not expanded.
fn is_read(reads: &Projection, member: &str) -> bool {
    matches!(reads, Projection::Members(_)) && reads.member(member).is_some()
}

/// The record of a thing as it is now, or as the webhook had it where it is gone; none where it
/// never was for everybody's eyes, or went away meanwhile.
///
/// # Errors
/// Where no record can be made of it.
pub(super) fn record(
    told: &Told,
    now: Option<&Value>,
    issue: Option<&Record>,
    site: &Value,
) -> Result<Option<Record>, BadRecord> {
    let Some(kind) = kind(told.thing) else {
        return Ok(None);
    };
    let value = if told.deleted {
        &told.value
    } else {
        let Some(value) = now else { return Ok(None) };
        value
    };
    let hangs = matches!(kind, Kind::Comment | Kind::Worklog);
    let issue = issue.map(|issue| &issue.value);
    if hangs && is_internal(value) {
        // What only some may see counts as gone, and nothing is told of what it says.
        if told.event.ends_with("_created") {
            return Ok(None);
        }
        let issue = match (issue, &told.issue) {
            (Some(issue), _) => issue.clone(),
            (None, Some(id)) => json!({ "id": &**id }).into(),
            (None, None) => Value::Null,
        };
        return Ok(Some(gone(kind, &told.id, &issue, site, told.time)));
    }
    if hangs && issue.is_none() && !told.deleted {
        // Its issue went away meanwhile.
        return Ok(None);
    }
    let mut record = record_of(kind, value, issue, Some(site), &TimeZone::UTC)?;
    if told.deleted {
        record.deleted = true;
        if let Value::Object(members) = &mut record.value {
            Arc::make_mut(members).insert("deleted", true);
        }
    }
    Ok(Some(record))
}

fn encoded(text: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}
