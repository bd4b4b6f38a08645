//! Users, projects, versions, sprints, comments and worklogs that Jira has sent, wherever they
//! stood in a body, through the sources that read such things; as they were, and changed at random.

use std::collections::BTreeMap;

use flowline::connectors::jira::spec::{Comments, Sprints, Users, Versions, Worklogs};
use flowline::connectors::jira::{CommentSource, Listed, ListedSource, WorklogSource};
use flowline::connectors::{NoMemory, Page, Source, Start};
use flowline::http::Failure;
use flowline::record::Projection;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::issues::json_of;
use super::jira_files;
use super::mutated::Mutator;
use super::transport::{Recorded, issues};

/// What a thing is; an issue and what is part of a type is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    User,
    Project,
    Version,
    Sprint,
    Comment,
    Worklog,
}

impl Thing {
    /// What stands anywhere in a body.
    pub(super) fn of(value: &Json) -> Option<Self> {
        let has = |names: &[&str]| names.iter().all(|name| value.get(name).is_some());
        let any = |names: &[&str]| names.iter().any(|name| value.get(name).is_some());
        if !value.is_object() || has(&["fields"]) {
            None
        } else if has(&["id", "timeSpentSeconds"]) && any(&["started", "author"]) {
            Some(Self::Worklog)
        } else if has(&["id", "body"]) && any(&["author", "updateAuthor"]) {
            Some(Self::Comment)
        } else if any(&["accountId", "emailAddress"]) && has(&["displayName"]) {
            Some(Self::User)
        } else if has(&["id", "key", "name"]) && any(&["projectTypeKey", "lead", "assigneeType"]) {
            Some(Self::Project)
        } else if has(&["id", "name", "released"]) {
            Some(Self::Version)
        } else if has(&["id", "name", "state"]) && any(&["originBoardId", "self", "boardId"]) {
            Some(Self::Sprint)
        } else {
            None
        }
    }

    /// The member that names it for ever.
    fn id(self) -> &'static str {
        match self {
            Self::User => "accountId",
            _ => "id",
        }
    }

    /// True for what its source yields.
    fn is_wanted(self, given: &Json) -> bool {
        match self {
            Self::Version => given["released"] == true,
            Self::Sprint => given["state"]
                .as_str()
                .is_some_and(|state| state.eq_ignore_ascii_case("closed")),
            _ => true,
        }
    }

    /// Reads it through its source.
    async fn read(self, given: &Json) -> Result<Vec<Page>, Failure> {
        let site = Recorded::default();
        let session = site.session().await;
        let (reads, zone) = (Projection::Whole, TimeZone::UTC);
        let start = Start {
            cursor: None,
            since: None,
            floor: None,
            narrow: None,
            limit: None,
        };
        let values = json!({ "isLast": true, "values": [given] }).to_string();
        let (users, boards) = (Users { all: true }, vec![1]);
        let (versions, sprints) = (
            Versions {
                projects: vec!["A".to_owned()],
                since: None,
            },
            Sprints {
                boards,
                since: None,
            },
        );
        let listed = match self {
            Self::User => {
                site.put("/rest/api/3/users/search", json!([given]).to_string());
                Listed::Users(&users)
            }
            Self::Project => {
                site.put("/rest/api/3/project/search", values);
                Listed::Projects
            }
            Self::Version => {
                site.put("/rest/api/3/project/A/version", values);
                Listed::Versions(&versions)
            }
            Self::Sprint => {
                site.put("/rest/agile/1.0/board/1/sprint", values);
                Listed::Sprints(&sprints)
            }
            Self::Comment => {
                let mut issue = issue();
                issue["fields"]["comment"] = json!({ "total": 1, "comments": [given] });
                site.page_of_issues(json!({ "issues": [issue] }).to_string());
                // One with `renderedBody` is asked for by itself.
                let page = json!({ "total": 1, "comments": [given] });
                site.put("/rest/api/3/issue/1/comment", page.to_string());
                let spec = Comments {
                    issues: issues(),
                    internal: true,
                };
                let source = CommentSource::open(&session, &spec, &reads, &zone, &start, &NoMemory);
                return all(&mut source.await?).await;
            }
            Self::Worklog => {
                let feed = |values: Json| json!({ "values": values, "until": 1, "lastPage": true });
                let change = json!([{ "worklogId": 10001, "updatedTime": 5 }]);
                site.put("/rest/api/3/worklog/updated", feed(change).to_string());
                site.put("/rest/api/3/worklog/list", json!([given]).to_string());
                site.put("/rest/api/3/worklog/deleted", feed(json!([])).to_string());
                let mut of = issue();
                of["id"] = match &given["issueId"] {
                    Json::Null => json!("1"),
                    id => id.clone(),
                };
                let bulk = json!({ "issues": [of] });
                site.put("/rest/api/3/issue/bulkfetch", bulk.to_string());
                let spec = Worklogs { issues: issues() };
                let source = WorklogSource::open(&session, &spec, &reads, &zone, &start, &NoMemory);
                return all(&mut source.await?).await;
            }
        };
        let source = ListedSource::open(&session, listed, &reads, &zone, &start, &NoMemory);
        all(&mut source.await?).await
    }
}

fn issue() -> Json {
    json!({ "id": "1", "key": "A-1", "fields": { "updated": "2026-11-24T10:00:00.000+0000" },
            "changelog": { "total": 0, "histories": [] } })
}

async fn all(source: &mut dyn Source) -> Result<Vec<Page>, Failure> {
    let mut pages = Vec::new();
    while let Some(page) = source.next_page().await? {
        pages.push(page);
    }
    Ok(pages)
}

/// Everything that stands anywhere in the recorded bodies, with its file.
fn things() -> Vec<(String, Thing, Json)> {
    fn walk(file: &str, value: &Json, found: &mut Vec<(String, Thing, Json)>) {
        if let Some(thing) = Thing::of(value) {
            found.push((file.to_owned(), thing, value.clone()));
        }
        match value {
            Json::Object(members) => members.values().for_each(|one| walk(file, one, found)),
            Json::Array(elements) => elements.iter().for_each(|one| walk(file, one, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for (name, body) in jira_files() {
        walk(&name, &body, &mut found);
    }
    let mut known = std::collections::HashSet::new();
    found.retain(|(_, _, value)| known.insert(value.to_string()));
    found
}

/// True for an id that a record can have.
fn is_id(value: &Json) -> bool {
    value.is_number() || value.as_str().is_some_and(|id| !id.is_empty())
}

#[tokio::test]
async fn every_thing_that_jira_has_sent_comes_through_its_source_whole() {
    let mut seen: BTreeMap<Thing, usize> = BTreeMap::new();
    for (file, thing, given) in things() {
        // Many are alike but for their texts.
        let pages = thing.read(&given).await;
        let pages = pages.unwrap_or_else(|failure| panic!("{file}: {failure}"));
        let records: Vec<_> = pages.iter().flat_map(|page| &page.records).collect();
        let bad: usize = pages.iter().map(|page| page.bad.len()).sum();
        if !thing.is_wanted(&given) {
            assert_eq!((records.len(), bad), (0, 0), "{file}");
            continue;
        }
        let hidden =
            thing == Thing::Worklog && given.get("visibility").is_some_and(|who| !who.is_null());
        let named = is_id(&given[thing.id()]);
        let expected = if hidden {
            (0, 0)
        } else {
            (usize::from(named), usize::from(!named))
        };
        let orphan = thing == Thing::Worklog && !is_id(&given["issueId"]);
        if orphan {
            // Inside of an issue a worklog need not say whose it is.
            continue;
        }
        assert_eq!((records.len(), bad), expected, "{file}: {given}");
        let Some(record) = records.first() else {
            continue;
        };
        let read = json_of(&record.value);
        for (name, value) in given.as_object().unwrap() {
            assert_eq!(&read[name], value, "{file}: {name}");
        }
        assert_eq!(read["site"]["id"], "c1", "{file}");
        *seen.entry(thing).or_default() += 1;
    }
    if super::data().is_none() {
        return;
    }
    for (thing, least) in [
        (Thing::User, 100),
        (Thing::Project, 30),
        (Thing::Version, 10),
        (Thing::Sprint, 1),
        (Thing::Comment, 30),
        (Thing::Worklog, 5),
    ] {
        let count = seen.get(&thing).copied().unwrap_or_default();
        assert!(count >= least, "{thing:?}: {seen:?}");
    }
}

#[tokio::test]
async fn whatever_a_thing_holds_it_is_a_record_or_told_as_none() {
    let mutator = Mutator::seeded(21);
    let mut kinds: BTreeMap<Thing, usize> = BTreeMap::new();
    for (file, thing, given) in things() {
        // So many of a kind tell as much as all.
        let count = kinds.entry(thing).or_default();
        *count += 1;
        if *count > 40 {
            continue;
        }
        for _ in 0..12 {
            let mut mutated = given.clone();
            mutator.mutate(&mut mutated);
            let pages = thing.read(&mutated).await;
            let pages = pages.unwrap_or_else(|failure| panic!("{file}: {failure}: {mutated}"));
            let records = pages.iter().flat_map(|page| &page.records);
            for record in records {
                assert!(record.identity.is_some(), "{file}: {mutated}");
            }
            for bad in pages.iter().flat_map(|page| &page.bad) {
                assert!(!bad.reason.is_empty(), "{file}: {mutated}");
            }
        }
    }
}

#[tokio::test]
async fn ids_are_texts_or_numbers_of_any_size() {
    for thing in [
        Thing::User,
        Thing::Project,
        Thing::Version,
        Thing::Sprint,
        Thing::Comment,
        Thing::Worklog,
    ] {
        for id in [
            json!(7),
            json!("7"),
            json!(9_007_199_254_740_993_i64),
            json!(i64::MAX),
            json!(u64::MAX),
            json!("10000000000000000000000000"),
        ] {
            let mut given = json!({ "released": true, "state": "closed", "issueId": "1" });
            given[thing.id()] = id.clone();
            let pages = thing.read(&given).await.unwrap();
            let identity = pages[0].records[0].identity.as_ref().unwrap();
            let text = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            assert_eq!(identity.to_string(), text, "{thing:?}");
        }
    }
}
