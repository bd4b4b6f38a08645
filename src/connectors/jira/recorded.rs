//! Issues as recorded in files, made to what the source yields.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::changes::changes;
use super::issues::custom_value;
use super::spec::Issues;
use crate::connectors::BadRecord;
use crate::expression::conversion::read_time;
use crate::record::{Identity, Object, Record, Value};

/// The record of a recorded issue: as the source yields it, or as Jira gives it, in which case
/// `changes` is made of its `changelog`, `site` of its `self`, and `custom` of its `names`.
///
/// # Errors
/// Where it is no issue: no object, or without an id.
pub fn recorded(issue: &Value, spec: &Issues) -> Result<Record, BadRecord> {
    let name: Arc<str> = match issue.get("key") {
        Some(Value::String(key)) => Arc::clone(key),
        _ => "an issue without a key".into(),
    };
    let bad = |reason: &str| BadRecord {
        name: Arc::clone(&name),
        reason: reason.to_owned(),
    };
    let Value::Object(members) = issue else {
        return Err(bad("the issue is no object"));
    };
    let mut members = (**members).clone();
    let id: Arc<str> = match members.get("id") {
        Some(Value::String(id)) if !id.is_empty() => Arc::clone(id),
        Some(Value::Number(id)) => id.to_string().into(),
        _ => return Err(bad("the issue has no id")),
    };
    let fields = members.get("fields").cloned().unwrap_or_default();
    let updated = fields.get("updated");
    let time = updated.and_then(|updated| read_time(updated, &TimeZone::UTC).ok());
    if members.get("changes").is_none() {
        let histories = issue.at(&["changelog", "histories"]);
        let histories = histories.and_then(Value::as_array).unwrap_or_default();
        let list = changes(
            histories,
            fields.get("created"),
            fields.get("creator"),
            None,
        );
        members.insert("changes", list);
    }
    if members.get("site").is_none()
        && let Some(site) = issue.get("self").and_then(Value::as_str).and_then(site)
    {
        members.insert("site", site);
    }
    if members.get("custom").is_none() && !spec.custom_fields.is_empty() {
        let custom: Object = spec
            .custom_fields
            .iter()
            .map(|(name, display)| {
                let id = id_of(issue.get("names"), display);
                (Arc::clone(name), custom_value(fields.get(&id)))
            })
            .collect();
        members.insert("custom", custom);
    }
    let deleted = matches!(members.get("deleted"), Some(Value::Bool(true)));
    Ok(Record {
        value: members.into(),
        identity: Some(Identity::of(id)),
        time,
        name,
        deleted,
    })
}

/// The id of a field by its display name; the name itself where it is an id.
fn id_of(names: Option<&Value>, display: &str) -> String {
    let mut known = names
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Object::iter);
    known
        .find(|(_, name)| name.as_str() == Some(display))
        .map_or_else(|| display.to_owned(), |(id, _)| id.to_string())
}

/// The site that an issue's own address tells of.
fn site(address: &str) -> Option<Value> {
    let url = url::Url::parse(address).ok()?;
    let host = url.host_str()?.to_owned();
    let mut members = Object::with_capacity(4);
    // Which of the account's sites it is, the address does not say.
    members.insert("id", "");
    members.insert("url", url.origin().ascii_serialization());
    members.insert("host", host);
    members.insert("name", Value::Null);
    Some(members.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Issues {
        Issues {
            jql: None,
            since: None,
            live: false,
            custom_fields: vec![("points".into(), "Story Points".to_owned())],
            comments: false,
            worklogs: false,
        }
    }

    #[test]
    fn an_issue_as_jira_gives_it_becomes_what_the_source_yields() {
        let issue = Value::from_json(
            r#"{"id":"7","key":"SUP-7","self":"https://acme.atlassian.net/rest/api/3/issue/7",
                "names":{"customfield_1":"Story Points"},
                "fields":{"created":"2026-01-01T00:00:00.000+0000","updated":"2026-01-02T00:00:00.000+0000","customfield_1":3},
                "changelog":{"histories":[{"id":"9","created":"2026-01-02T00:00:00.000+0000","items":[
                  {"field":"status","fieldId":"status","fromString":"Open","toString":"Done"}]}]}}"#,
        )
        .unwrap();
        let record = recorded(&issue, &spec()).unwrap();
        let value = &record.value;
        assert_eq!(value.at(&["custom", "points"]), Some(&Value::from(3_i64)));
        assert_eq!(
            value.at(&["site", "url"]).and_then(Value::as_str),
            Some("https://acme.atlassian.net")
        );
        let ids: Vec<&str> = value
            .get("changes")
            .and_then(Value::as_array)
            .unwrap()
            .iter()
            .filter_map(|change| change.get("id")?.as_str())
            .collect();
        assert_eq!(ids, ["created", "9-status"]);
        assert_eq!(record.time.unwrap().to_string(), "2026-01-02T00:00:00Z");
    }

    #[test]
    fn what_is_no_issue_is_named_as_far_as_it_can_be() {
        for (json, reason) in [
            ("[]", "the issue is no object"),
            (r#"{"key":"SUP-1"}"#, "the issue has no id"),
        ] {
            let bad = recorded(&Value::from_json(json).unwrap(), &spec()).unwrap_err();
            assert_eq!(bad.reason, reason);
        }
    }
}
