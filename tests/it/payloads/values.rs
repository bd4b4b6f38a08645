//! Values that are not what they seem: people, sprints, numbers, times, errors in their place.

use std::collections::{BTreeMap, BTreeSet};

use flowline::connectors::jira::spec::Issues;
use flowline::connectors::jira::{Myself, changes};
use flowline::expression::conversion::read_time;
use flowline::record::Value;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::issues::{bodies, for_all_eyes, json_of, time};
use super::kinds::{Kind, is_user, kind};
use super::transport::{Recorded, issues, reads};
use super::{data, jira_files};

/// All values inside a body, itself included.
fn all(body: &Json) -> Vec<&Json> {
    let mut found = Vec::new();
    let mut left = vec![body];
    while let Some(value) = left.pop() {
        found.push(value);
        match value {
            Json::Array(elements) => left.extend(elements),
            Json::Object(members) => left.extend(members.values()),
            _ => {}
        }
    }
    found
}

#[test]
fn every_user_in_whatever_set_of_keys_is_an_actor() {
    let mut sets = BTreeSet::new();
    for (name, body) in jira_files() {
        for user in all(&body).into_iter().filter(|value| is_user(value)) {
            let keys: Vec<&str> = user
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            sets.insert(keys.join(" "));
            let given = Value::from_json(&user.to_string()).unwrap();
            let created = Value::from("2026-11-24T10:00:00.000+0000");
            let changes = changes(&[], Some(&created), Some(&given), None);
            let actor = json_of(changes[0].get("actor").unwrap());
            let expected = ["accountId", "displayName", "emailAddress"].map(|name| {
                let value = match &user[name] {
                    Json::String(text) if text.is_empty() => Json::Null,
                    Json::Number(number) => Json::from(number.to_string()),
                    value => value.clone(),
                };
                (name.to_owned(), value)
            });
            let expected: serde_json::Map<String, Json> = expected.into_iter().collect();
            assert_eq!(actor, Json::Object(expected), "{name}");
            // As the answer to who asks: an account, or told to be none.
            let myself = serde_json::from_value::<Myself>(user.clone());
            assert_eq!(
                myself.is_ok(),
                user["accountId"].is_string(),
                "{name}: {user}"
            );
        }
    }
    assert!(data().is_none() || sets.len() >= 15, "{sets:#?}");
}

/// What a trap is known by.
fn trap(name: &str, value: &Json) -> Option<&'static str> {
    let text = value.as_str().unwrap_or_default();
    let first = value.get(0).unwrap_or(value);
    if value.get("nonEditableReason").is_some() {
        Some("an error in the place of a value")
    } else if first["state"].is_string() && (first["id"].is_number() || name == "sprint") {
        Some("a sprint")
    } else if first
        .as_str()
        .is_some_and(|text| text.contains("greenhopper.service.sprint.Sprint@"))
    {
        Some("a sprint in text")
    } else if text == "{}" || text.starts_with("{repository=") || text.starts_with("{pullrequest=")
    {
        Some("development in text")
    } else if value.as_u64().is_some() && value.as_i64().is_none() {
        Some("a number above 64 bits with a sign")
    } else if value.as_i64() == Some(i64::MAX) {
        Some("the greatest number of 64 bits with a sign")
    } else if text.contains("_*:*_") {
        Some("time in status")
    } else if text.ends_with("+0800") {
        Some("a time with an offset without a colon")
    } else if value.is_f64() {
        Some("a number with a point")
    } else {
        None
    }
}

#[tokio::test]
async fn every_field_of_every_issue_is_a_custom_field_with_its_value() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let lone_sprints: Vec<Json> = jira_files()
        .into_iter()
        .filter(|(_, body)| kind(body) == Some(Kind::Sprint))
        .map(|(_, body)| json!({ "id": "1", "fields": { "customfield_1": [body] } }))
        .collect();
    // Fragments are fields of an issue whose id is not told: here they get one.
    let given = bodies().into_iter().flat_map(|body| body.issues);
    for mut issue in given.chain(lone_sprints) {
        if issue["id"].is_null() {
            issue["id"] = json!("1");
        }
        let shown = for_all_eyes(&issue);
        let Some(fields) = shown["fields"].as_object().cloned() else {
            continue;
        };
        let site = Recorded::default();
        let list: Vec<Json> = fields
            .keys()
            .map(|id| json!({ "id": id, "name": format!("The {id}") }))
            .collect();
        site.put("/rest/api/3/field", Json::from(list).to_string());
        site.page_of_issues(json!({ "issues": [issue] }).to_string());
        let spec = Issues {
            custom_fields: fields
                .keys()
                .map(|id| (format!("the_{id}").into(), format!("The {id}")))
                .collect(),
            ..issues()
        };
        let pages = site.read(&spec, &reads(&["custom"])).await.unwrap();
        let value = json_of(&pages[0].records[0].value);
        assert_eq!(value["custom"].as_object().unwrap().len(), fields.len());
        for (id, given) in &fields {
            let found = &value["custom"][format!("the_{id}")];
            let trap = trap(id, given);
            if let Some(trap) = trap {
                *seen.entry(trap).or_default() += 1;
            }
            if trap == Some("an error in the place of a value") {
                assert!(found.is_null(), "{id}: {found}");
            } else {
                assert_eq!(found, given, "{id}");
            }
        }
    }
    if data().is_some() {
        assert!(seen.len() >= 8, "{seen:#?}");
    }
}

#[test]
fn every_text_that_is_a_time_is_read_as_one_and_no_other() {
    let mut seen = [0, 0];
    for (name, body) in jira_files() {
        for text in all(&body).into_iter().filter_map(Json::as_str) {
            let read = read_time(&Value::from(text), &TimeZone::UTC).ok();
            let date = || {
                text.parse::<jiff::civil::Date>()
                    .ok()
                    .filter(|_| text.len() == 10)
            };
            let midnight = || date()?.to_zoned(TimeZone::UTC).ok();
            let expected =
                time(&Json::from(text)).or_else(|| midnight().map(|midnight| midnight.timestamp()));
            assert_eq!(read, expected, "{name}: {text}");
            seen[usize::from(read.is_some())] += 1;
        }
    }
    assert!(
        data().is_none() || seen.iter().all(|seen| *seen > 1_000),
        "{seen:?}"
    );
}
