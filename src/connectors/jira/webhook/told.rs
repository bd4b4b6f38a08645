//! What a webhook's body says, as far as it decides what becomes of it.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::connectors::jira::spec::{Thing, event};
use crate::expression::conversion::read_time;
use crate::record::Value;

/// What a webhook says.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// Its name without a prefix: `issue_updated`.
    pub event: Arc<str>,
    /// What it is about.
    pub thing: Thing,
    /// That thing's id.
    pub id: Arc<str>,
    /// The id of the issue that the thing is, or belongs to, where the webhook tells.
    pub issue: Option<Arc<str>>,
    /// The second part of the identity: the history's id, `created` or `deleted`, or what tells
    /// the delivery from others.
    pub announces: Arc<str>,
    /// It announces a history: a change that is told from the thing's others.
    pub of_history: bool,
    /// When it happened.
    pub time: Option<Timestamp>,
    /// The thing as the webhook has it.
    pub value: Value,
    /// It is gone.
    pub deleted: bool,
}

/// Why a body says nothing that a source could yield.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untold {
    /// It names no event, or one that no source yields.
    NoEvent,
    /// What it is about is not there, or has no id.
    NoThing,
}

impl Told {
    /// Reads a body; `identifier` tells the delivery from others.
    ///
    /// # Errors
    /// Where it is none that a source could yield.
    pub(super) fn read(body: &Value, identifier: &str) -> Result<Self, Untold> {
        let name = body.get("webhookEvent").and_then(Value::as_str);
        let name = name.ok_or(Untold::NoEvent)?;
        let name = name.rsplit(':').next().unwrap_or(name);
        let thing = event(name).ok_or(Untold::NoEvent)?;
        let value = body.get(thing.member()).ok_or(Untold::NoThing)?.clone();
        let id = match thing {
            Thing::User => value.get("accountId").or_else(|| value.get("name")),
            _ => value.get("id"),
        };
        let id = id.and_then(text).ok_or(Untold::NoThing)?;
        let issue = match thing {
            Thing::Issue => Some(Arc::clone(&id)),
            _ => body
                .at(&["issue", "id"])
                .or_else(|| value.get("issueId"))
                .and_then(text)
                .or_else(|| issue_of_address(value.get("self")?.as_str()?)),
        };
        let changelog = body
            .get("changelog")
            .filter(|changelog| !changelog.is_null());
        let history = changelog
            .and_then(|changelog| changelog.get("id"))
            .and_then(text);
        let of_history = history.is_some();
        let announces = history.unwrap_or_else(|| match name.rsplit('_').next() {
            Some(word @ ("created" | "deleted")) => word.into(),
            _ => identifier.into(),
        });
        Ok(Self {
            event: name.into(),
            thing,
            id,
            issue,
            announces,
            of_history,
            time: body.get("timestamp").and_then(milliseconds),
            deleted: name.ends_with("_deleted") && name != "project_restored_deleted",
            value,
        })
    }
}

/// When what a body tells happened, in epoch milliseconds: the thing's own time where it is told,
/// which lies a little before the webhook's.
#[must_use]
pub(super) fn happened(body: &Value) -> Option<i64> {
    let told = body
        .get("timestamp")
        .and_then(milliseconds)?
        .as_millisecond();
    let event = body.get("webhookEvent").and_then(Value::as_str)?;
    let updated = event
        .contains("issue_")
        .then(|| body.at(&["issue", "fields", "updated"]))
        .flatten()
        .and_then(|updated| read_time(updated, &TimeZone::UTC).ok())
        .map(Timestamp::as_millisecond);
    Some(updated.map_or(told, |updated| updated.min(told)))
}

/// Epoch milliseconds, as a number or as text.
fn milliseconds(value: &Value) -> Option<Timestamp> {
    let milliseconds = match value {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Timestamp::from_millisecond(milliseconds).ok()
}

/// The id of the issue in a comment's address: `…/issue/10040/comment/10200`.
fn issue_of_address(address: &str) -> Option<Arc<str>> {
    let (_, rest) = address.split_once("/issue/")?;
    let id = rest.split('/').next()?;
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| id.into())
}

/// An id, which is text or a number.
fn text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) if !text.is_empty() => Some(Arc::clone(text)),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> Result<Told, Untold> {
        Told::read(&Value::from_json(body).unwrap(), "id:x")
    }

    #[test]
    fn the_history_or_a_word_or_the_identifier_is_announced() {
        for (body, announces) in [
            (
                r#"{"webhookEvent":"jira:issue_updated","issue":{"id":"1"},"changelog":{"id":"12","items":[]}}"#,
                "12",
            ),
            (
                r#"{"webhookEvent":"jira:issue_updated","issue":{"id":"1"},"changelog":{"id":12}}"#,
                "12",
            ),
            (
                r#"{"webhookEvent":"jira:issue_created","issue":{"id":"1"},"changelog":{"id":"12"}}"#,
                "12",
            ),
            (
                r#"{"webhookEvent":"jira:issue_created","issue":{"id":"1"}}"#,
                "created",
            ),
            (
                r#"{"webhookEvent":"jira:issue_deleted","issue":{"id":"1"}}"#,
                "deleted",
            ),
            (
                r#"{"webhookEvent":"jira:issue_updated","issue":{"id":"1"}}"#,
                "id:x",
            ),
            (
                r#"{"webhookEvent":"jira:version_released","version":{"id":"1"}}"#,
                "id:x",
            ),
        ] {
            assert_eq!(&*told(body).unwrap().announces, announces, "{body}");
        }
    }

    #[test]
    fn ids_are_text_or_numbers_and_the_issue_is_found_where_it_is_told() {
        for (body, id, issue) in [
            (
                r#"{"webhookEvent":"project_created","project":{"id":10001}}"#,
                "10001",
                None,
            ),
            (
                r#"{"webhookEvent":"comment_created","comment":{"id":"5","self":"https://x/rest/api/2/issue/10040/comment/5"}}"#,
                "5",
                Some("10040"),
            ),
            (
                r#"{"webhookEvent":"comment_created","comment":{"id":"5"},"issue":{"id":"7"}}"#,
                "5",
                Some("7"),
            ),
            (
                r#"{"webhookEvent":"worklog_deleted","worklog":{"id":"5","issueId":"9"},"isFromIssueLimitTransformation":false}"#,
                "5",
                Some("9"),
            ),
            (
                r#"{"webhookEvent":"jira:worklog_updated","worklog":{"id":"5"}}"#,
                "5",
                None,
            ),
            (
                r#"{"webhookEvent":"user_created","user":{"accountId":"a"}}"#,
                "a",
                None,
            ),
        ] {
            let told = told(body).unwrap();
            assert_eq!((&*told.id, told.issue.as_deref()), (id, issue), "{body}");
        }
    }

    /// Recorded bodies: each says something, or is one of those that no source yields.
    #[test]
    fn every_recorded_webhook_is_read() {
        let Some(data) = option_env!("FLOWLINE_SHARED_DATA") else {
            return;
        };
        let folder = std::path::Path::new(data).join("payloads/jira/webhooks");
        let mut read = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match told(&text) {
                Ok(told) => {
                    // Those of one origin have its logger's text for a time.
                    let logged = name.starts_with("mobitel__");
                    assert!(told.time.is_some() || logged, "{name}");
                    read += 1;
                }
                Err(why) => {
                    let known = [
                        ("issuelink", Untold::NoEvent),
                        ("zulip__", Untold::NoEvent),
                        // A server's word for an issue's update: it names no worklog.
                        ("laravel-webhook__jira_worklog_updated", Untold::NoThing),
                    ];
                    let listed = known
                        .iter()
                        .any(|(part, because)| name.contains(part) && *because == why);
                    assert!(listed, "{name}: {why:?}");
                }
            }
        }
        assert!(read > 60, "{read}");
    }

    #[test]
    fn bodies_without_an_event_or_a_thing_are_told_apart() {
        for (body, why) in [
            ("{}", Untold::NoEvent),
            ("[]", Untold::NoEvent),
            ("3", Untold::NoEvent),
            (r#"{"webhookEvent":"attachment_created"}"#, Untold::NoEvent),
            (r#"{"webhookEvent":"jira:issue_updated"}"#, Untold::NoThing),
            (
                r#"{"webhookEvent":"jira:issue_updated","issue":{"key":"A-1"}}"#,
                Untold::NoThing,
            ),
        ] {
            assert_eq!(told(body).unwrap_err(), why, "{body}");
        }
    }
}
