//! Issues as recorded in files, made to what the source yields.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::changes::{changes, histories};
use super::issues::custom_value;
use super::lists::{hide_internal, hide_internal_of, without_internal};
use super::records::{Kind, record_of};
use super::spec::Issues;
use crate::connectors::BadRecord;
use crate::expression::conversion::read_time;
use crate::record::{Happened, Identity, Object, Record, Value};

/// Where the sites are that are asked by way of the gateway.
const GATEWAY: &str = "https://api.atlassian.com/ex/jira/";

/// The record of a recorded issue: as the source yields it; as Jira gives it, in which case
/// `changes` is made of its `changelog`, `site` of its `self`, and `custom` of its `names`; or the
/// body of a webhook that holds an issue.
///
/// # Errors
/// Where it is no issue: no object, or without an id.
pub fn recorded(given: &Value, spec: &Issues) -> Result<Record, BadRecord> {
    let told = told(given);
    let issue = told.as_ref().unwrap_or(given);
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
        let histories = issue.get("changelog").map(histories).unwrap_or_default();
        let list = changes(
            &histories,
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
    for (wanted, field, list) in [
        (spec.comments, "comment", "comments"),
        (spec.worklogs, "worklog", "worklogs"),
    ] {
        let embedded = fields.get(field);
        if wanted
            && let Some(embedded) = embedded
            && let Some(all) = embedded.get(list).and_then(Value::as_array)
            && let Some(Value::Object(fields)) = members.get_mut("fields")
        {
            let complete = without_internal(embedded, list, all.to_vec());
            Arc::make_mut(fields).insert(field, complete);
        }
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
    hide_internal(&mut members);
    let deleted = matches!(members.get("deleted"), Some(Value::Bool(true)));
    Ok(Record {
        value: members.into(),
        identity: Some(Identity::of(id)),
        time,
        name,
        deleted,
        happened: Happened::default(),
    })
}

/// The record of what another source than `jira.issues` yields, by the source's name: as the source
/// yields it, as Jira gives it, or the body of a webhook that tells of it.
///
/// # Errors
/// Where it is none: no object, or without an id.
pub fn recorded_other(given: &Value, source: &str, zone: &TimeZone) -> Result<Record, BadRecord> {
    let (kind, member) = match source {
        "jira.users" => (Kind::User, "user"),
        "jira.projects" => (Kind::Project, "project"),
        "jira.versions" => (Kind::Version, "version"),
        "jira.sprints" => (Kind::Sprint, "sprint"),
        "jira.worklogs" => (Kind::Worklog, "worklog"),
        _ => (Kind::Comment, "comment"),
    };
    let event = given.get("webhookEvent").and_then(Value::as_str);
    let told = event.and_then(|_| given.get(member)).cloned();
    let mut one = told.unwrap_or_else(|| given.clone());
    if let Value::Object(members) = &mut one {
        let members = Arc::make_mut(members);
        if event.is_some_and(|event| event.ends_with("_deleted")) {
            members.insert("deleted", true);
        }
        if members.get("site").is_none()
            && let Some(site) = members.get("self").and_then(Value::as_str).and_then(site)
        {
            members.insert("site", site);
        }
        if let Some(issue) = members.get_mut("issue") {
            hide_internal_of(issue);
        }
    }
    let mut issue = event.and_then(|_| given.get("issue")).cloned();
    if let Some(issue) = &mut issue {
        hide_internal_of(issue);
    }
    record_of(kind, &one, issue.as_ref(), None, zone)
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

/// The issue that a webhook's body tells of, with the one history of its changelog; none for what
/// is no such body.
fn told(body: &Value) -> Option<Value> {
    let issue = body.get("issue")?.as_object()?;
    if body.get("fields").is_some() {
        return None;
    }
    let mut issue = issue.clone();
    if let Some(change) = body.get("changelog").and_then(Value::as_object) {
        let mut change = change.clone();
        // A webhook says when and by whom beside the changelog, not in it.
        let times = [
            body.get("timestamp"),
            issue.get("fields").and_then(|fields| fields.get("updated")),
        ];
        let at = times
            .into_iter()
            .flatten()
            .find(|time| read_time(time, &TimeZone::UTC).is_ok());
        for (member, value) in [("created", at), ("author", body.get("user"))] {
            if change.get(member).is_none() {
                change.insert(member, value.cloned());
            }
        }
        issue.insert("changelog", change);
    }
    if body.get("webhookEvent").and_then(Value::as_str) == Some("jira:issue_deleted") {
        issue.insert("deleted", true);
    }
    Some(issue.into())
}

/// The site that an issue's own address tells of.
fn site(address: &str) -> Option<Value> {
    let mut members = Object::with_capacity(4);
    if let Some(rest) = address.strip_prefix(GATEWAY) {
        // The gateway knows a site by its id alone.
        members.insert("id", rest.split('/').next());
        members.insert("url", Value::Null);
        members.insert("host", Value::Null);
    } else {
        let url = url::Url::parse(address).ok()?;
        let host = url.host_str()?.to_owned();
        // Which of the account's sites it is, the address does not say.
        members.insert("id", "");
        members.insert("url", url.origin().ascii_serialization());
        members.insert("host", host);
    }
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

    #[test]
    fn the_body_of_a_webhook_is_its_issue_with_the_change_it_tells_of() {
        let body = r#"{"timestamp":1577836800000,"webhookEvent":"jira:issue_updated","user":{"accountId":"u"},
            "issue":{"id":"7","key":"SUP-7","self":"https://acme.atlassian.net/rest/api/2/7","fields":{"updated":"2020-01-01T00:00:01.000+0000"}},
            "changelog":{"id":"9","items":[{"field":"status","fieldId":"status","toString":"Done"}]}}"#;
        let change = |body: &str| {
            let record = recorded(&Value::from_json(body).unwrap(), &spec()).unwrap();
            assert_eq!(&*record.name, "SUP-7");
            let changes = record.value.get("changes").and_then(Value::as_array);
            changes.unwrap().first().unwrap().clone()
        };
        let told = change(body);
        assert_eq!(told.get("id"), Some(&Value::from("9-status")));
        assert_eq!(told.at(&["actor", "accountId"]), Some(&Value::from("u")));
        assert_eq!(
            told.get("at"),
            Some(&Value::from("2020-01-01T00:00:00.000Z"))
        );
        // A log's time in the place of Jira's.
        let logged = change(&body.replace("1577836800000", r#""2019-1-30 19:48:08,900""#));
        assert_eq!(
            logged.get("at"),
            Some(&Value::from("2020-01-01T00:00:01.000Z"))
        );

        let deleted = body.replace("issue_updated", "issue_deleted");
        let record = recorded(&Value::from_json(&deleted).unwrap(), &spec()).unwrap();
        assert!(record.deleted);
        assert_eq!(record.value.get("deleted"), Some(&Value::Bool(true)));
    }

    #[test]
    fn the_gateways_address_is_no_sites() {
        let issue = r#"{"id":"7","self":"https://api.atlassian.com/ex/jira/11223344-a1b2/rest/api/3/issue/7"}"#;
        let record = recorded(&Value::from_json(issue).unwrap(), &spec()).unwrap();
        assert_eq!(
            record.value.get("site").unwrap().to_json(),
            r#"{"id":"11223344-a1b2","url":null,"host":null,"name":null}"#
        );
    }

    #[test]
    fn internal_comments_are_left_out_as_the_source_leaves_them_out() {
        let issue = r#"{"id":"7","fields":{"comment":{"total":2,"comments":[{"id":"1"},{"id":"2","jsdPublic":false}]}}}"#;
        for comments in [true, false] {
            let spec = Issues { comments, ..spec() };
            let record = recorded(&Value::from_json(issue).unwrap(), &spec).unwrap();
            let held = record.value.at(&["fields", "comment"]).unwrap().to_json();
            assert_eq!(held, r#"{"total":1,"comments":[{"id":"1"}]}"#);
        }
        let issue = Value::from_json(issue).unwrap().to_json();
        let public = r#"{"id":"7","fields":{"comment":{"total":1,"comments":[{"id":"1"}]}}}"#;
        for body in [
            format!(r#"{{"id":"1","issue":{issue}}}"#),
            format!(
                r#"{{"webhookEvent":"comment_created","comment":{{"id":"1"}},"issue":{issue}}}"#
            ),
        ] {
            let body = Value::from_json(&body).unwrap();
            let record = recorded_other(&body, "jira.comments", &TimeZone::UTC).unwrap();
            assert_eq!(record.value.get("issue").unwrap().to_json(), public);
        }
    }
}
