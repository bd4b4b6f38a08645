//! What is no issue, re-read through REST.

use std::sync::Arc;

use super::told::Told;
use crate::connectors::jira::Session;
use crate::connectors::jira::spec::Thing;
use crate::http::{Class, Failure};
use crate::record::{Identity, Projection, Record, Value};

/// What is read of the issue of a record: itself, or its `issue`.
pub(super) fn issue_reads(thing: Thing, reads: &Projection) -> Projection {
    match (thing, reads) {
        (Thing::Issue, _) | (_, Projection::Whole) => reads.clone(),
        (Thing::Comment | Thing::Worklog, _) => {
            let mut issue = reads
                .member("issue")
                .cloned()
                .unwrap_or_else(Projection::nothing);
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

/// The record of a thing as it is now; none where it is gone, or is not for everybody's eyes.
pub(super) async fn record(
    session: &Session,
    told: &Told,
    issue: Option<&Record>,
    site: &Value,
) -> Result<Option<Record>, Failure> {
    let id = &told.id;
    let below = |list: &str| {
        let issue = told.issue.as_ref()?;
        Some(format!("/rest/api/3/issue/{issue}/{list}/{id}"))
    };
    let path = match told.thing {
        Thing::Issue => None,
        Thing::Comment => below("comment"),
        Thing::Worklog => below("worklog"),
        Thing::Version => Some(format!("/rest/api/3/version/{id}")),
        Thing::Sprint => Some(format!("/rest/agile/1.0/sprint/{id}")),
        Thing::User => Some(format!("/rest/api/3/user?accountId={}", encoded(id))),
        Thing::Project => Some(format!("/rest/api/3/project/{id}")),
    };
    let Some(path) = path else { return Ok(None) };
    let value = match session.value(&path).await {
        Ok(value) => value,
        Err(failure) if failure.class == Class::NotFound => return Ok(None),
        Err(failure) => return Err(failure),
    };
    if told.thing == Thing::Comment && is_internal(&value) {
        return Ok(None);
    }
    let Value::Object(members) = value else {
        return Ok(None);
    };
    let mut members = Arc::unwrap_or_clone(members);
    if let Some(issue) = issue {
        members.insert("issue", issue.value.clone());
    }
    members.insert("site", site.clone());
    Ok(Some(Record {
        name: name(told, issue),
        value: members.into(),
        identity: Some(Identity::of(Arc::clone(id))),
        time: told.time,
        deleted: false,
    }))
}

/// What a person knows it by.
pub(super) fn name(told: &Told, issue: Option<&Record>) -> Arc<str> {
    let key = told.value.get("key").and_then(Value::as_str);
    match (told.thing, key, issue) {
        (Thing::Issue | Thing::Project, Some(key), _) => key.into(),
        (Thing::Comment | Thing::Worklog, _, Some(issue)) => {
            format!("{} {} of {}", told.thing.member(), told.id, issue.name).into()
        }
        _ => format!("{} {}", told.thing.member(), told.id).into(),
    }
}

/// True for a comment that not everybody who sees the issue may see.
fn is_internal(comment: &Value) -> bool {
    comment.get("jsdPublic") == Some(&Value::Bool(false))
        || comment.get("visibility").is_some_and(|who| !who.is_null())
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
