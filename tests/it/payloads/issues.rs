//! Issues in pages, alone and in webhooks, through the source and as recorded cases.

use std::collections::BTreeMap;

use flowline::connectors::Page;
use flowline::connectors::jira::recorded;
use flowline::record::{Identity, Record, Value};
use jiff::Timestamp;
use jiff::fmt::strtime;
use serde_json::{Value as Json, json};

use super::jira_files;
use super::kinds::{Kind, kind};
use super::transport::{Recorded, issues, reads};

/// A body that holds issues.
pub(super) struct Body {
    pub(super) name: String,
    pub(super) issues: Vec<Json>,
    /// Beside the issue, where a webhook tells of it.
    pub(super) changelog: Option<Json>,
    pub(super) body: Json,
}

/// All bodies with issues.
pub(super) fn bodies() -> Vec<Body> {
    let bodies = jira_files().into_iter();
    bodies
        .filter_map(|(name, body)| {
            let (issues, changelog) = match kind(&body)? {
                Kind::Issue | Kind::Fragment => (vec![body.clone()], None),
                Kind::IssuePage => (body["issues"].as_array().unwrap().clone(), None),
                Kind::Webhook => (vec![body["issue"].clone()], body.get("changelog").cloned()),
                _ => return None,
            };
            Some(Body {
                name,
                issues,
                changelog,
                body,
            })
        })
        .collect()
}

/// A time, read by other code than the product's.
pub(super) fn time(value: &Json) -> Option<Timestamp> {
    if let Some(milliseconds) = value.as_i64() {
        return Timestamp::from_millisecond(milliseconds).ok();
    }
    let text = value.as_str()?;
    ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.f%:z"]
        .iter()
        .find_map(|form| {
            strtime::parse(form, text)
                .ok()
                .and_then(|time| time.to_timestamp().ok())
        })
        .or_else(|| text.parse().ok())
}

/// The histories of a changelog, whatever its form.
pub(super) fn histories_of(changelog: &Json) -> Vec<Json> {
    for list in [
        changelog,
        &changelog["histories"],
        &changelog["values"],
        &json!([changelog]),
    ] {
        if let Some(list) = list.as_array() {
            return list
                .iter()
                .filter(|one| one["items"].is_array())
                .cloned()
                .collect();
        }
    }
    Vec::new()
}

/// The ids of the changes that a list of histories must give, oldest first.
pub(super) fn expected_changes(histories: &[Json]) -> Vec<String> {
    let mut sorted: Vec<(Timestamp, u64, &Json)> = histories
        .iter()
        .map(|history| {
            let at = time(&history["created"]);
            let id = plain(&history["id"]).parse().unwrap_or(0);
            (at.unwrap_or(Timestamp::MAX), id, history)
        })
        .collect();
    sorted.sort_by_key(|(at, id, _)| (*at, *id));
    let mut ids = Vec::new();
    for (_, _, history) in sorted {
        let mut times = BTreeMap::new();
        for item in history["items"].as_array().unwrap() {
            let field = match item["fieldId"].as_str() {
                Some(id) if !id.is_empty() => id,
                _ => item["field"].as_str().unwrap(),
            };
            let count = times.entry(field).or_insert(0);
            *count += 1;
            let id = plain(&history["id"]);
            ids.push(match count {
                1 => format!("{id}-{field}"),
                count => format!("{id}-{field}-{count}"),
            });
        }
    }
    ids
}

fn plain(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The value as other code sees it.
pub(super) fn json_of(value: &Value) -> Json {
    serde_json::from_str(&value.to_json()).unwrap()
}

/// The ids of a record's changes but for the creation, whose times must not go back.
pub(super) fn changes_of(record: &Record) -> Vec<String> {
    let changes = json_of(record.value.get("changes").unwrap());
    let mut last = Timestamp::MIN;
    let mut ids = Vec::new();
    for change in changes.as_array().unwrap() {
        assert_eq!(change.as_object().unwrap().len(), 9, "{change}");
        if change["id"] == "created" {
            continue;
        }
        let at = time(&change["at"]).unwrap_or_else(|| panic!("no time: {change}"));
        assert!(at >= last, "{change} is older than what is before it");
        last = at;
        ids.push(change["id"].as_str().unwrap().to_owned());
    }
    ids
}

/// The page that a search would have given: what belongs to the page stands at its top.
fn page_of(body: &Body) -> Json {
    if body.body["issues"].is_array() {
        return body.body.clone();
    }
    let mut page = json!({ "issues": body.issues });
    if let Some(names) = body.issues[0].get("names") {
        page["names"] = names.clone();
    }
    page
}

/// An issue without what is internal of the comments and worklogs that it holds.
pub(super) fn for_all_eyes(issue: &Json) -> Json {
    let mut issue = issue.clone();
    for (field, list) in [("comment", "comments"), ("worklog", "worklogs")] {
        let given = issue["fields"][field][list].as_array().cloned();
        let internal: Vec<Json> = given
            .unwrap_or_default()
            .into_iter()
            .filter(|one| one["jsdPublic"] == false || !one["visibility"].is_null())
            .map(|one| one["id"].clone())
            .collect();
        for fields in ["fields", "renderedFields"] {
            let Some(held) = issue.pointer_mut(&format!("/{fields}/{field}")) else {
                continue;
            };
            let Some(all) = held.get_mut(list).and_then(Json::as_array_mut) else {
                continue;
            };
            let before = all.len();
            all.retain(|one| !internal.contains(&one["id"]));
            let gone = (before - all.len()) as u64;
            if let Some(total) = held["total"].as_u64().filter(|_| gone > 0) {
                held["total"] = total.saturating_sub(gone).into();
            }
        }
    }
    issue
}

fn compare_issue(name: &str, given: &Json, record: &Record) {
    let identity = Identity::of(plain(&given["id"]));
    assert_eq!(record.identity, Some(identity), "{name}");
    assert_eq!(record.time, time(&given["fields"]["updated"]), "{name}");
    let mut value = json_of(&record.value);
    let members = value.as_object_mut().unwrap();
    for added in ["changes", "site", "custom", "names", "deleted"] {
        members.remove(added);
    }
    let mut given = for_all_eyes(given);
    given.as_object_mut().unwrap().remove("names");
    assert_eq!(value, given, "{name}");
}

#[tokio::test]
async fn every_issue_of_every_page_comes_whole_through_the_source() {
    let (mut records, mut told) = (0, 0);
    for body in bodies() {
        let site = Recorded::default();
        site.page_of_issues(page_of(&body).to_string());
        for issue in &body.issues {
            // Where the changelog came as a bare list, Jira's own endpoint is asked.
            if issue["changelog"].is_array() {
                let path = format!("/rest/api/3/issue/{}/changelog", plain(&issue["id"]));
                site.put(&path, json!({ "values": issue["changelog"] }).to_string());
            }
        }
        let pages = site
            .read(&issues(), &flowline::record::Projection::Whole)
            .await
            .unwrap_or_else(|failure| panic!("{}: {failure}", body.name));
        let [page] = pages.as_slice() else {
            panic!("{}: {} pages", body.name, pages.len())
        };
        assert_eq!(
            page.records.len() + page.bad.len(),
            body.issues.len(),
            "{}: a row is lost",
            body.name
        );
        check(&body, page);
        records += page.records.len();
        told += page.bad.len();
    }
    assert!(
        super::data().is_none() || records >= 200,
        "{records} records, {told} told as none"
    );
}

/// Each record is what the issue at its place is, each that is none is told.
fn check(body: &Body, page: &Page) {
    let mut records = page.records.iter();
    for issue in &body.issues {
        if plain(&issue["id"]) == "null" {
            assert!(
                page.bad
                    .iter()
                    .any(|bad| &*bad.reason == "the issue has no id"),
                "{}",
                body.name
            );
            continue;
        }
        let record = records.next().unwrap();
        compare_issue(&body.name, issue, record);
        let expected = expected_changes(&histories_of(&issue["changelog"]));
        assert_eq!(changes_of(record), expected, "{}", body.name);
    }
    assert!(records.next().is_none(), "{}", body.name);
}

#[tokio::test]
async fn only_what_is_read_of_an_issue_is_built_and_it_is_the_same() {
    const PATHS: [&str; 7] = [
        "key",
        "fields.summary",
        "fields.status.name",
        "fields.priority.name",
        "fields.labels",
        "fields.workratio",
        "fields.description",
    ];
    for body in bodies() {
        let site = Recorded::default();
        site.page_of_issues(page_of(&body).to_string());
        let pages = site.read(&issues(), &reads(&PATHS)).await.unwrap();
        let with_id = body.issues.iter().filter(|issue| !issue["id"].is_null());
        assert_eq!(pages[0].records.len(), with_id.clone().count());
        for (issue, record) in with_id.zip(&pages[0].records) {
            let value = json_of(&record.value);
            for path in PATHS {
                let pointer = format!("/{}", path.replace('.', "/"));
                assert_eq!(
                    value.pointer(&pointer),
                    issue.pointer(&pointer),
                    "{}: {path}",
                    body.name
                );
            }
            assert!(value["fields"].get("reporter").is_none());
        }
    }
}

#[test]
fn every_issue_is_a_recorded_case_with_all_its_changes() {
    let mut shapes = BTreeMap::new();
    for body in bodies() {
        // A webhook is a case as it came.
        let webhook = kind(&body.body) == Some(Kind::Webhook);
        for issue in &body.issues {
            let given = if webhook { &body.body } else { issue };
            let value = Value::from_json(&given.to_string()).unwrap();
            let record = recorded(&value, &issues());
            if issue["id"].is_null() {
                assert_eq!(record.unwrap_err().reason, "the issue has no id");
                continue;
            }
            let record = record.unwrap_or_else(|bad| panic!("{}: {}", body.name, bad.reason));
            let mut compared = issue.clone();
            let mut histories = histories_of(&issue["changelog"]);
            if webhook && let Some(changelog) = &body.changelog {
                let mut told = changelog.clone();
                let at = &body.body["timestamp"];
                let updated = &issue["fields"]["updated"];
                told["created"] = if at.is_number() { at } else { updated }.clone();
                told["author"] = body.body["user"].clone();
                compared["changelog"] = told.clone();
                histories = vec![told];
            }
            // A Cloud webhook's `self` lacks `/issue/`: where the site is, it still tells.
            let address = issue["self"].as_str().unwrap_or_default();
            let parts: Vec<&str> = address.split('/').collect();
            let site = record.value.get("site").map(json_of).unwrap_or_default();
            // The gateway's tells the site's id alone.
            if let ["https:", "", "api.atlassian.com", "ex", "jira", id, ..] = parts.as_slice() {
                assert_eq!((&site["id"], &site["url"]), (&json!(id), &Json::Null));
            } else if let [scheme, _, host, ..] = parts.as_slice() {
                assert_eq!(site["url"], format!("{scheme}//{host}"), "{}", body.name);
            }
            let deleted = body.body["webhookEvent"] == "jira:issue_deleted";
            assert_eq!(record.deleted, deleted, "{}", body.name);
            if !webhook || !record.value.get("changelog").is_none_or(Value::is_null) {
                let shape = shape(if webhook {
                    body.changelog.as_ref()
                } else {
                    issue.get("changelog")
                });
                *shapes.entry(shape).or_insert(0) += 1;
            }
            compare_issue(&body.name, &compared, &record);
            assert_eq!(
                changes_of(&record),
                expected_changes(&histories),
                "{}",
                body.name
            );
            let created = json_of(record.value.get("changes").unwrap())
                .as_array()
                .unwrap()
                .iter()
                .filter(|change| change["id"] == "created")
                .count();
            let known = usize::from(time(&issue["fields"]["created"]).is_some());
            assert_eq!(created, known, "{}", body.name);
        }
    }
    if super::data().is_some() {
        for shape in ["histories", "items", "list", "none"] {
            assert!(shapes.contains_key(shape), "none of {shape}: {shapes:?}");
        }
    }
}

fn shape(changelog: Option<&Json>) -> &'static str {
    match changelog {
        Some(Json::Array(_)) => "list",
        Some(changelog) if changelog["histories"].is_array() => "histories",
        Some(changelog) if changelog["items"].is_array() => "items",
        _ => "none",
    }
}
