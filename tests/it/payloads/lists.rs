//! Lists beside the issues: changelogs, comments, worklogs, what a site has, and files.

use std::collections::BTreeSet;

use flowline::connectors::file::FileReader;
use flowline::connectors::file::spec::{FileFormat, FileSource};
use flowline::connectors::jira::spec::Issues;
use flowline::connectors::jira::{catalog, changes, histories};
use flowline::connectors::{Source as _, Start};
use flowline::record::{Projection, Record, Value};
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::issues::{bodies, changes_of, expected_changes, histories_of, json_of};
use super::kinds::{Kind, kind};
use super::transport::{Recorded, issues, reads};
use super::{data, files, jira_files};

/// The files of a kind.
fn of(wanted: Kind) -> Vec<(String, Json)> {
    let files = jira_files().into_iter();
    files
        .filter(|(_, body)| kind(body) == Some(wanted))
        .collect()
}

/// An issue whose own lists hold nothing of what they say they have.
fn issue_without(total: usize) -> Json {
    let fields = json!({
        "updated": "2026-11-24T10:00:00.000+0000",
        "comment": { "total": total, "comments": [] },
        "worklog": { "total": total, "worklogs": [] },
    });
    json!({ "issues": [{ "id": "1", "key": "A-1", "fields": fields,
                         "changelog": { "total": total, "histories": [] } }] })
}

#[tokio::test]
async fn every_page_of_a_changelog_gives_all_its_changes_oldest_first() {
    let mut shapes = BTreeSet::new();
    let pages = of(Kind::ChangelogPage).into_iter();
    for (name, body) in pages.chain(of(Kind::History)) {
        let page = if body["values"].is_array() {
            shapes.insert("page");
            body.clone()
        } else {
            shapes.insert("history");
            json!({ "values": [body] })
        };
        let given = histories_of(&page);
        let total = page["total"].as_u64().unwrap_or(given.len() as u64);
        let total = usize::try_from(total).unwrap();
        let site = Recorded::default();
        site.page_of_issues(issue_without(total.max(1)).to_string());
        site.put("/rest/api/3/issue/1/changelog", page.to_string());
        let read = site.read(&issues(), &reads(&["changes"])).await.unwrap();
        assert_eq!(
            changes_of(&read[0].records[0]),
            expected_changes(&given),
            "{name}"
        );
        // What the page says it has and does not is told.
        let cut = !read[0].notices.is_empty();
        assert_eq!(cut, total > given.len(), "{name}: {:?}", read[0].notices);
    }
    assert!(data().is_none() || shapes.len() == 2, "{shapes:?}");
}

#[test]
fn the_values_of_every_change_are_those_of_its_item() {
    let mut seen = 0;
    let embedded = bodies().into_iter().flat_map(|body| {
        let changelogs = body.issues.iter().map(|issue| issue["changelog"].clone());
        let all: Vec<Json> = changelogs.chain(body.changelog.clone()).collect();
        all
    });
    let alone = [Kind::ChangelogPage, Kind::History];
    let alone = alone.into_iter().flat_map(of).map(|(_, body)| body);
    for changelog in embedded.chain(alone) {
        let value = Value::from_json(&changelog.to_string()).unwrap();
        let read = changes(&histories(&value), None, None, None);
        let items: Vec<Json> = histories_of(&changelog)
            .iter()
            .flat_map(|history| history["items"].as_array().unwrap().clone())
            .collect();
        assert_eq!(read.len(), items.len());
        let mut wanted: Vec<String> = items.iter().map(four).collect();
        let mut found: Vec<String> = read
            .iter()
            .map(|change| {
                let change = json_of(change);
                let members = ["from_id", "from", "to_id", "to"];
                json!(members.map(|name| change[name].clone())).to_string()
            })
            .collect();
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted);
        seen += items.len();
    }
    assert!(data().is_none() || seen >= 500, "{seen}");
}

/// What an item says, empty text as nothing.
fn four(item: &Json) -> String {
    let members = ["from", "fromString", "to", "toString"];
    json!(members.map(|name| match &item[name] {
        Json::String(text) if text.is_empty() => Json::Null,
        value => value.clone(),
    }))
    .to_string()
}

#[tokio::test]
async fn every_comment_and_worklog_comes_but_for_internal_ones() {
    let mut seen = 0;
    for (wanted, field, list) in [
        (Kind::Comments, "comment", "comments"),
        (Kind::Worklogs, "worklog", "worklogs"),
    ] {
        let alone = of(wanted).into_iter().map(|(name, body)| {
            let all = [&body[list], &body, &json!([body])]
                .into_iter()
                .find_map(|list| list.as_array().cloned());
            (name, all.unwrap())
        });
        let embedded = bodies().into_iter().flat_map(|body| {
            let issues = body.issues.into_iter();
            let name = body.name;
            issues
                .filter_map(|issue| issue["fields"][field][list].as_array().cloned())
                .map(move |all| (name.clone(), all))
                .collect::<Vec<_>>()
        });
        for (name, given) in alone.chain(embedded) {
            let site = Recorded::default();
            site.page_of_issues(issue_without(given.len().max(1)).to_string());
            let page = json!({ "total": given.len(), list: given });
            site.put(&format!("/rest/api/3/issue/1/{field}"), page.to_string());
            let spec = Issues {
                comments: wanted == Kind::Comments,
                worklogs: wanted == Kind::Worklogs,
                ..issues()
            };
            let read = site.read(&spec, &reads(&["key"])).await.unwrap();
            let value = json_of(&read[0].records[0].value);
            let public: Vec<Json> = given
                .into_iter()
                .filter(|one| one["jsdPublic"] != false && one["visibility"].is_null())
                .collect();
            seen += public.len();
            assert_eq!(value["fields"][field][list], Json::from(public), "{name}");
        }
    }
    assert!(data().is_none() || seen >= 30, "{seen}");
}

#[tokio::test]
async fn every_list_of_what_a_site_has_is_read_whole() {
    let names = |list: &Json, name: &str| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|one| one[name].as_str().unwrap().to_owned())
            .collect()
    };
    let empty = || json!({ "isLast": true, "values": [] });
    let lists = [Kind::FieldList, Kind::StatusList, Kind::ProjectList];
    for (name, list) in lists.into_iter().flat_map(of) {
        let wanted = kind(&list).unwrap();
        let site = Recorded::default();
        let or = |kind, path: &str, none: Json| {
            let body = match (wanted == kind, none.is_array()) {
                (false, _) => none,
                (true, true) => list.clone(),
                (true, false) => json!({ "isLast": true, "values": list }),
            };
            site.put(path, body.to_string());
        };
        or(Kind::FieldList, "/rest/api/3/field", json!([]));
        or(Kind::StatusList, "/rest/api/3/status", json!([]));
        or(Kind::ProjectList, "/rest/api/3/project/search", empty());
        site.put("/rest/api/3/priority/search", empty().to_string());
        let read = catalog(&site.session().await, "2026-11-24T10:00:00Z")
            .await
            .unwrap_or_else(|failure| panic!("{name}: {failure}"));
        match wanted {
            Kind::FieldList => {
                let ids: Vec<String> = read.fields.keys().map(ToString::to_string).collect();
                assert_eq!(ids, names(&list, "id"), "{name}");
                for (id, field) in &read.fields {
                    let given = list.as_array().unwrap().iter();
                    let given = given.clone().find(|one| one["id"] == *id).unwrap();
                    assert_eq!(field.name, given["name"], "{name}");
                    assert_eq!(field.schema, given["schema"], "{name}");
                }
            }
            Kind::StatusList => {
                let given: BTreeSet<String> = names(&list, "name").into_iter().collect();
                assert_eq!(
                    read.statuses,
                    given.into_iter().collect::<Vec<_>>(),
                    "{name}"
                );
            }
            _ => {
                let keys: Vec<String> = read.projects.keys().map(ToString::to_string).collect();
                assert_eq!(keys, names(&list, "key"), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn every_body_of_every_service_is_read_by_a_file_source() {
    let Some(root) = data() else { return };
    let mut seen = 0;
    for file in files().iter().filter(|file| file.is_json()) {
        let given = file.json();
        let rows = match &given {
            Json::Array(rows) => rows.clone(),
            one => vec![one.clone()],
        };
        let spec = FileSource {
            path: file.name.clone(),
            format: FileFormat::of_name(&file.name).unwrap(),
            record: None,
            id: None,
            time: None,
        };
        let start = Start {
            cursor: None,
            since: None,
            floor: None,
            narrow: None,
            limit: None,
        };
        let zone = TimeZone::UTC;
        let mut source = FileReader::open(&root, &spec, &Projection::Whole, &zone, &start).unwrap();
        let mut read: Vec<Record> = Vec::new();
        while let Some(page) = source.next_page().await.unwrap() {
            assert!(page.bad.is_empty(), "{}", file.name);
            read.extend(page.records);
        }
        let read: Vec<Json> = read.iter().map(|record| json_of(&record.value)).collect();
        assert_eq!(read, rows, "{}", file.name);
        seen += read.len();
    }
    assert!(seen >= 250, "{seen}");
}
