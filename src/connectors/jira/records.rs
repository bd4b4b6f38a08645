//! Records beside issues, made of what Jira gives, the same however it was come by.
//!
//! An identity is the one id that Jira never changes: an account's for a user, the own id of
//! everything else.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::connectors::BadRecord;
use crate::expression::conversion::read_time;
use crate::record::{Happened, Identity, Object, Projection, Record, Value};

/// A kind of record that is one element of a list of Jira's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::connectors::jira) enum Kind {
    /// A user: no time.
    User,
    /// A project: no time.
    Project,
    /// A version: its time is midnight of its release.
    Version,
    /// A sprint: its time is when it was closed.
    Sprint,
    /// A comment: its time is when it was written or edited.
    Comment,
    /// A worklog: its time is when it was logged or edited.
    Worklog,
}

impl Kind {
    const fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
            Self::Version => "version",
            Self::Sprint => "sprint",
            Self::Comment => "comment",
            Self::Worklog => "worklog",
        }
    }

    /// The member that never changes.
    pub(in crate::connectors::jira) const fn id(self) -> &'static str {
        match self {
            Self::User => "accountId",
            _ => "id",
        }
    }

    const fn time(self) -> Option<&'static str> {
        match self {
            Self::User | Self::Project => None,
            Self::Version => Some("releaseDate"),
            Self::Sprint => Some("completeDate"),
            Self::Comment | Self::Worklog => Some("updated"),
        }
    }

    /// What of an element is read so that a record can be made of it that holds what is read of it.
    pub(in crate::connectors::jira) fn asked(self, reads: &Projection) -> Projection {
        let further: &[&str] = match self {
            Self::User => &["accountType", "active"],
            Self::Project => &["key"],
            Self::Version => &["released", "name"],
            Self::Sprint => &["state", "name"],
            Self::Comment => &["jsdPublic", "visibility"],
            Self::Worklog => &["issueId", "visibility"],
        };
        let mut asked = reads.clone();
        for name in [self.id()].iter().chain(&self.time()).chain(further) {
            asked.add(&[Arc::from(*name)], &Projection::Whole);
        }
        asked
    }
}

/// An id, which comes as a text or a number.
pub(in crate::connectors::jira) fn id_of(value: Option<&Value>) -> Option<Arc<str>> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(Arc::clone(text)),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

/// The record of an element: as Jira gives it, plus `site`, and `issue` where it belongs to one.
///
/// A date alone is midnight in `zone`, which is the pipeline's.
///
/// # Errors
/// Where it is no object, or has no id.
pub(in crate::connectors::jira) fn record_of(
    kind: Kind,
    given: &Value,
    issue: Option<&Value>,
    site: Option<&Value>,
    zone: &TimeZone,
) -> Result<Record, BadRecord> {
    let name = name(kind, given, issue.or_else(|| given.get("issue")));
    let bad = |reason: String| BadRecord {
        name: Arc::clone(&name),
        reason,
    };
    let Value::Object(members) = given else {
        return Err(bad(format!("the {} is no object", kind.noun())));
    };
    let Some(id) = id_of(given.get(kind.id())) else {
        return Err(bad(format!("the {} has no {}", kind.noun(), kind.id())));
    };
    let time = kind.time().and_then(|member| given.get(member));
    let time = time.and_then(|time| read_time(time, zone).ok());
    let mut members = (**members).clone();
    if let Some(issue) = issue {
        members.insert("issue", issue.clone());
    }
    if let Some(site) = site {
        members.insert("site", site.clone());
    }
    let deleted = members.get("deleted") == Some(&Value::Bool(true));
    Ok(Record {
        value: members.into(),
        identity: Some(Identity::of(id)),
        time,
        name,
        deleted,
        happened: Happened::default(),
    })
}

/// What comes once more of something that is gone: its id and its issue are all that is known
/// then. Its time is that of the issue, since when it is gone.
pub(in crate::connectors::jira) fn gone(
    kind: Kind,
    id: &Arc<str>,
    issue: &Value,
    site: &Value,
    at: Option<jiff::Timestamp>,
) -> Record {
    let mut members = Object::with_capacity(4);
    members.insert("id", Arc::clone(id));
    members.insert("issue", issue.clone());
    members.insert("site", site.clone());
    members.insert("deleted", true);
    let value = Value::from(members);
    Record {
        name: name(kind, &value, Some(issue)),
        value,
        identity: Some(Identity::of(Arc::clone(id))),
        time: at,
        deleted: true,
        happened: Happened::default(),
    }
}

/// What a person knows it by.
fn name(kind: Kind, given: &Value, issue: Option<&Value>) -> Arc<str> {
    let text = |member: &str| given.get(member).and_then(Value::as_str);
    let id = id_of(given.get(kind.id()));
    let known = match kind {
        Kind::User => id,
        Kind::Project => text("key").map(Arc::from),
        Kind::Version | Kind::Sprint => text("name").map(Arc::from).or(id),
        Kind::Comment | Kind::Worklog => {
            let key = issue.and_then(|issue| issue.get("key")?.as_str());
            match (key, id) {
                (Some(key), Some(id)) => Some(format!("{} {id} of {key}", kind.noun()).into()),
                (None, Some(id)) => Some(format!("{} {id}", kind.noun()).into()),
                _ => None,
            }
        }
    };
    known.unwrap_or_else(|| format!("a {} without an id", kind.noun()).into())
}

/// True for a comment or worklog that not everybody who sees the issue may see.
pub(in crate::connectors::jira) fn is_internal(one: &Value) -> bool {
    one.get("jsdPublic") == Some(&Value::Bool(false))
        || one
            .get("visibility")
            .is_some_and(|who| !matches!(who, Value::Null))
}

/// True for a user who is a person that works here: no app, no customer of a portal, not inactive.
pub(in crate::connectors::jira) fn is_person(user: &Value) -> bool {
    user.get("accountType").and_then(Value::as_str) == Some("atlassian")
        && user.get("active") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, json: &str) -> Record {
        let given = Value::from_json(json).unwrap();
        record_of(kind, &given, None, None, &TimeZone::UTC).unwrap()
    }

    #[test]
    fn each_kind_has_its_own_id_and_time() {
        for (kind, json, id, time) in [
            (
                Kind::User,
                r#"{"accountId":"557058:a","updated":"2026-01-01"}"#,
                "557058:a",
                None,
            ),
            (
                Kind::Project,
                r#"{"id":"10000","key":"SUP"}"#,
                "10000",
                None,
            ),
            (
                Kind::Version,
                r#"{"id":"7","name":"1.0","releaseDate":"2026-11-24"}"#,
                "7",
                Some("2026-11-24T00:00:00Z"),
            ),
            (
                Kind::Sprint,
                r#"{"id":31,"name":"S","completeDate":"2026-11-20T16:00:00.000Z"}"#,
                "31",
                Some("2026-11-20T16:00:00Z"),
            ),
            (
                Kind::Comment,
                r#"{"id":"9","created":"2026-01-01T00:00:00.000+0000","updated":"2026-01-02T00:00:00.000+0100"}"#,
                "9",
                Some("2026-01-01T23:00:00Z"),
            ),
        ] {
            let record = of(kind, json);
            assert_eq!(record.identity.unwrap().to_string(), id);
            let told = record.time.map(|time| time.to_string());
            assert_eq!(told.as_deref(), time, "{kind:?}");
        }
    }

    #[test]
    fn midnight_is_that_of_the_pipeline() {
        let given = Value::from_json(r#"{"id":"7","releaseDate":"2026-11-24"}"#).unwrap();
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let record = record_of(Kind::Version, &given, None, None, &zone).unwrap();
        assert_eq!(record.time.unwrap().to_string(), "2026-11-23T23:00:00Z");
    }

    #[test]
    fn what_has_no_id_is_named_as_far_as_it_can_be() {
        for (kind, json, reason) in [
            (Kind::User, "{}", "the user has no accountId"),
            (Kind::Sprint, "[]", "the sprint is no object"),
            (Kind::Comment, r#"{"id":""}"#, "the comment has no id"),
        ] {
            let given = Value::from_json(json).unwrap();
            let bad = record_of(kind, &given, None, None, &TimeZone::UTC).unwrap_err();
            assert_eq!(bad.reason, reason);
        }
    }
}
