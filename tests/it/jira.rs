//! Jira's source against the sandbox: each trap of the service that shows over whole flows has a
//! test named after it. Those of single answers stand beside the source.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowline::connectors::jira::spec::Issues;
use flowline::connectors::jira::{Basic, IssueSource, Session, Site, catalog};
use flowline::connectors::{Cursor, Page, Source as _, Start};
use flowline::http::{
    Class, Failure, HttpTransport, ManualClock, NoExchanges, Parts, Secret, SeededRandom,
};
use flowline::record::{Projection, Value};
use flowline::sandbox::{Fault, FaultKind, Faults, Options, Sandbox};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

const NOW: &str = "2026-11-24T10:00:00Z";

struct World {
    sandbox: Sandbox,
}

impl World {
    /// At a time that stands still, without limits and without index lag.
    async fn start() -> Self {
        Self::of(|options| options.index_lag = false).await
    }

    async fn of(set: impl FnOnce(&mut Options)) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let at: Timestamp = NOW.parse().unwrap();
        let mut options = Options::new(Arc::new(move || at));
        options.limits = false;
        set(&mut options);
        Self {
            sandbox: Sandbox::start(options).await.unwrap(),
        }
    }

    async fn open(&self, token: &str) -> Result<Session, Failure> {
        let parts = Parts {
            transport: Arc::new(HttpTransport::new().unwrap()),
            clock: Arc::new(ManualClock::at(NOW.parse().unwrap())),
            random: Arc::new(SeededRandom::new(7)),
            exchanges: Arc::new(NoExchanges),
            cancel: CancellationToken::new(),
            pace: None,
            share: None,
        };
        let site = Site {
            url: self.sandbox.jira_url().parse().unwrap(),
        };
        let basic = Basic {
            email: self.sandbox.jira_email().to_owned(),
            token: Secret::new(token),
        };
        Session::open(parts, &site, &basic).await
    }

    async fn session(&self) -> Session {
        self.open(self.sandbox.jira_token()).await.unwrap()
    }

    /// Reads all pages.
    async fn read(&self, spec: &Issues, paths: &[&str], start: Start) -> Vec<Page> {
        let session = self.session().await;
        let mut reads = Projection::nothing();
        for path in paths {
            let names: Vec<Arc<str>> = path.split('.').map(Arc::from).collect();
            reads.add(&names, &Projection::Whole);
        }
        let mut source = IssueSource::open(&session, spec, &reads, &start)
            .await
            .unwrap();
        let mut pages = Vec::new();
        while let Some(page) = source.next_page().await.unwrap() {
            pages.push(page);
        }
        pages
    }

    async fn control(&self, method: reqwest::Method, path: &str, body: &Json) -> Json {
        let url = format!("{}{path}", self.sandbox.control_url());
        let request = reqwest::Client::new().request(method, url).json(body);
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn edit(&self, edit: Json) -> Json {
        self.control(reqwest::Method::POST, "/jira/edit", &edit)
            .await
    }
}

const fn all() -> Issues {
    Issues {
        jql: None,
        since: None,
        live: false,
        custom_fields: Vec::new(),
        comments: false,
        worklogs: false,
    }
}

const fn beginning() -> Start {
    Start {
        cursor: None,
        since: None,
        floor: None,
        narrow: None,
        limit: None,
    }
}

fn keys(pages: &[Page]) -> Vec<String> {
    let records = pages.iter().flat_map(|page| &page.records);
    records.map(|record| record.name.to_string()).collect()
}

fn cursor(pages: &[Page]) -> Cursor {
    pages.last().unwrap().cursor.clone().unwrap()
}

#[tokio::test]
async fn every_issue_comes_once_in_the_order_of_updated_and_the_old_search_is_not_asked() {
    let world = World::of(|options| options.issues = 350).await;
    let pages = world.read(&all(), &["key"], beginning()).await;
    assert!(pages.len() >= 4, "{} pages", pages.len());
    let mut keys = keys(&pages);
    let times: Vec<Timestamp> = pages
        .iter()
        .flat_map(|page| &page.records)
        .map(|record| record.time.unwrap())
        .collect();
    assert!(times.is_sorted());
    let newest = times.last().unwrap().as_millisecond();
    assert_eq!(cursor(&pages), Cursor(newest.to_string()));
    keys.sort();
    let read = keys.len();
    keys.dedup();
    assert_eq!((keys.len(), read), (350, 350));
    let requests = world
        .control(reqwest::Method::GET, "/requests", &Json::Null)
        .await
        .to_string();
    assert!(requests.contains("/rest/api/3/search/jql"), "{requests}");
    assert!(!requests.contains("/rest/api/3/search\""), "{requests}");
}

#[tokio::test]
async fn an_edit_that_the_index_shows_late_is_read_by_the_next_run() {
    let world = World::of(|options| options.index_lag = true).await;
    let first = world.read(&all(), &["key"], beginning()).await;
    // One edit that the index has not seen, and a later one of another issue that it has.
    world
        .edit(json!({ "status": { "issue": "10001", "to": "Waiting for customer" } }))
        .await;
    let advance = json!({ "advance_s": 60 });
    world
        .control(reqwest::Method::POST, "/clock", &advance)
        .await;
    let after = |cursor| Start {
        cursor: Some(cursor),
        ..beginning()
    };
    // The cursor stands a minute after the edit, as if the other one had been seen first.
    let at: Timestamp = NOW.parse().unwrap();
    let seen_first = Cursor((at.as_millisecond() + 60_000).to_string());
    let second = world.read(&all(), &["key"], after(seen_first)).await;
    assert_eq!(keys(&second).len(), 1, "{:?}", keys(&second));
    let third = world.read(&all(), &["key"], after(cursor(&first))).await;
    assert!(keys(&third).contains(&keys(&second)[0]));
    assert!(keys(&third).len() < 120, "the overlap is minutes, not all");
}

#[tokio::test]
async fn a_time_asked_for_is_not_read_in_the_zone_of_the_account() {
    // The account's zone is eight hours behind: a local date would find nothing, or all of a day.
    let world = World::start().await;
    let made = world
        .edit(
            json!({ "create": { "project": "SUPPORT", "issue_type": "Bug", "summary": "New",
                                  "reporter": "new.person@acme.example" } }),
        )
        .await;
    let at = NOW.parse::<Timestamp>().unwrap().as_millisecond();
    for (since, found) in [(at, 1), (at + 1, 0)] {
        let start = Start {
            since: Some(since),
            ..beginning()
        };
        let pages = world.read(&all(), &["key"], start).await;
        assert_eq!(keys(&pages).len(), found, "{made}");
    }
}

#[tokio::test]
async fn a_changelog_that_is_cut_at_forty_comes_whole() {
    let world = World::start().await;
    let spec = Issues {
        jql: Some(flowline::connectors::jira::spec::Jql::asked("id = 10008")),
        ..all()
    };
    let pages = world.read(&spec, &["changes"], beginning()).await;
    let changes = pages[0].records[0].value.get("changes");
    let changes = changes.and_then(Value::as_array).unwrap();
    assert!(changes.len() > 60, "{} changes", changes.len());
    let at = |change: &Value| change.get("at").unwrap().as_str().unwrap().to_owned();
    assert!(changes.is_sorted_by_key(at));
    assert!(pages[0].notices.is_empty());
}

#[tokio::test]
async fn more_comments_than_a_page_has_are_read_and_internal_ones_left_out() {
    let world = World::start().await;
    for number in 0..130 {
        let comment = json!({ "comment": { "issue": "10001", "text": format!("Number {number}"), "public": number % 13 != 0 } });
        let made = world.edit(comment).await;
        assert!(made.get("message").is_none(), "{made}");
    }
    let spec = Issues {
        jql: Some(flowline::connectors::jira::spec::Jql::asked("id = 10001")),
        comments: true,
        ..all()
    };
    let pages = world.read(&spec, &["key"], beginning()).await;
    let comments = pages[0].records[0]
        .value
        .at(&["fields", "comment", "comments"]);
    let text = comments.unwrap().to_json();
    let found = (0..130)
        .filter(|number| text.contains(&format!("Number {number}\"")))
        .count();
    assert_eq!(found, 120);
    assert!(!text.contains("\"jsdPublic\":false"));
}

#[tokio::test]
async fn a_reporter_whose_e_mail_is_hidden_is_a_record_like_any_other() {
    let world = World::start().await;
    let pages = world
        .read(
            &all(),
            &["fields.reporter.emailAddress", "fields.reporter.accountId"],
            beginning(),
        )
        .await;
    let mut kinds: BTreeMap<bool, usize> = BTreeMap::new();
    for record in pages.iter().flat_map(|page| &page.records) {
        let reporter = record.value.at(&["fields", "reporter"]).unwrap();
        let email = reporter.get("emailAddress").and_then(Value::as_str);
        *kinds.entry(email.is_some()).or_default() += 1;
    }
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert_eq!(kinds.values().sum::<usize>(), 120);
}

#[tokio::test]
async fn a_dead_credential_is_refused_before_an_empty_search_can_be_believed() {
    let world = World::start().await;
    let failure = world.open("expired").await.err().unwrap();
    assert_eq!(failure.class, Class::Authentication);
    assert!(failure.help.unwrap().contains("may have expired"));
}

#[tokio::test]
async fn what_fails_for_a_while_loses_no_page() {
    let world = World::of(|options| options.issues = 350).await;
    for kind in [
        FaultKind::RateLimitedHtml,
        FaultKind::BadGateway,
        FaultKind::Html,
        FaultKind::Truncated,
        FaultKind::Reset,
    ] {
        let rule = Fault {
            path: Some("/search/jql".to_owned()),
            skip: 1,
            first: Some(2),
            retry_after: Some(0),
            ..Fault::new(kind)
        };
        let faults = serde_json::to_value(Faults { rules: vec![rule] }).unwrap();
        world
            .control(reqwest::Method::PUT, "/faults", &faults)
            .await;
        let pages = world.read(&all(), &["key"], beginning()).await;
        assert_eq!(keys(&pages).len(), 350, "{kind:?}");
    }
}

#[tokio::test]
async fn what_a_site_has_is_read() {
    let world = World::start().await;
    let catalog = catalog(&world.session().await, NOW).await.unwrap();
    assert!(catalog.fields.len() > 10);
    assert!(catalog.projects.contains_key("SUPPORT"));
    assert!(!catalog.statuses.is_empty() && !catalog.priorities.is_empty());
}
