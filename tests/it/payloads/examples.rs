//! The examples in the official definitions, which are answers as well, through the readers.

use std::path::PathBuf;
use std::sync::Arc;

use flowline::connectors::brevo::{self, AccountFacts, CampaignWriter};
use flowline::connectors::jira::spec::{Comments, Issues, Sprints, Users, Versions, Worklogs};
use flowline::connectors::jira::{
    Basic, CommentSource, IssueSource, Listed, ListedSource, Session, Site, WorklogSource, catalog,
    check, users,
};
use flowline::connectors::{Found, NoMemory, Page, Source, Start, Writer as _};
use flowline::http::{
    ManualClock, NoExchanges, Parts, Request, Response, Secret, SeededRandom, Transport,
    TransportError,
};
use flowline::operation::{Operation, Place, Policy, Version};
use flowline::record::{Projection, Value};
use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::transport::{issues, reads};

/// Answers each call with the example of its definition, and further pages with nothing.
#[derive(Clone)]
struct Examples {
    documents: Arc<Vec<Json>>,
}

impl Examples {
    /// None, and a note, where the definitions are not at hand.
    #[expect(clippy::print_stdout, reason = "a skipped test says so")]
    fn of(names: &[&str]) -> Option<Self> {
        let Some(folder) = std::env::var_os("FLOWLINE_SHARED_SPECS").map(PathBuf::from) else {
            println!("skipped: FLOWLINE_SHARED_SPECS is not set");
            return None;
        };
        let documents = names.iter().map(|name| {
            let text = std::fs::read(folder.join(name)).unwrap();
            serde_json::from_slice(&text).unwrap()
        });
        Some(Self {
            documents: Arc::new(documents.collect()),
        })
    }

    fn jira() -> Option<Self> {
        Self::of(&[
            "jira-platform-v3.openapi.json",
            "jira-software-2022.openapi.json",
        ])
    }

    /// The example of a call's answer, by its path in the definition.
    fn example(&self, method: &str, path: &str) -> Option<Json> {
        let asked: Vec<&str> = path.trim_matches('/').split('/').collect();
        let fits = |known: &str| {
            let known: Vec<&str> = known.trim_matches('/').split('/').collect();
            known.len() == asked.len()
                && known
                    .iter()
                    .zip(&asked)
                    .all(|(known, asked)| known.starts_with('{') || known == asked)
        };
        let paths = self.documents.iter().flat_map(|document| {
            let paths = document["paths"].as_object().unwrap();
            paths.iter().filter(|(known, _)| fits(known))
        });
        let (_, item) = paths.min_by_key(|(known, _)| known.matches('{').count())?;
        let answers = &item[method.to_lowercase()]["responses"];
        let found = ["200", "201", "202"].into_iter().find_map(|status| {
            let json = &answers[status]["content"]["application/json"];
            let several = || json["examples"].as_object()?.values().next()?.get("value");
            json.get("example").or_else(several)
        })?;
        // Jira's are texts.
        Some(match found.as_str() {
            Some(text) => serde_json::from_str(text).unwrap(),
            None => found.clone(),
        })
    }

    fn answer(&self, request: &Request) -> Json {
        let path = request.url.path();
        let path = path.strip_prefix("/v3").unwrap_or(path);
        if path == "/_edge/tenant_info" {
            return json!({ "cloudId": "c1" });
        }
        let example = self.example(request.method.as_str(), path);
        let mut example = example.unwrap_or_else(|| panic!("no example of {path}"));
        let further = request.url.query_pairs().any(|(name, value)| {
            matches!(&*name, "startAt" | "offset") && value.parse::<u64>().unwrap() > 0
        });
        if further {
            match &mut example {
                Json::Array(all) => all.clear(),
                Json::Object(members) => {
                    let lists = members.values_mut().filter_map(Json::as_array_mut);
                    lists.for_each(Vec::clear);
                }
                _ => {}
            }
        }
        example
    }

    fn parts(&self) -> Parts {
        Parts {
            transport: Arc::new(self.clone()),
            clock: Arc::new(ManualClock::at("2026-11-24T10:00:00Z".parse().unwrap())),
            random: Arc::new(SeededRandom::new(1)),
            exchanges: Arc::new(NoExchanges),
            cancel: CancellationToken::new(),
            pace: None,
            share: None,
        }
    }

    async fn site(&self) -> Session {
        let site = Site {
            url: "https://acme.atlassian.net".parse().unwrap(),
        };
        let basic = Basic {
            email: "me@acme.example".to_owned(),
            token: Secret::new("token"),
        };
        Session::open(self.parts(), &site, &basic).await.unwrap()
    }
}

impl Transport for Examples {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let answer = self.answer(&request).to_string();
        Box::pin(async move { Ok(Response::new(200, answer)) })
    }
}

const fn start() -> Start {
    Start {
        cursor: None,
        since: None,
        floor: None,
        narrow: None,
        limit: None,
    }
}

/// How many records a source gives; none of what it reads is bad.
async fn count(source: &mut dyn Source) -> usize {
    let mut records = 0;
    while let Some(Page {
        records: read, bad, ..
    }) = source.next_page().await.unwrap()
    {
        assert!(bad.is_empty(), "{bad:?}");
        records += read.len();
    }
    records
}

#[tokio::test]
async fn what_jira_documents_of_its_lists_is_read() {
    let Some(examples) = Examples::jira() else {
        return;
    };
    let session = examples.site().await;
    let of = |method: &str, path: &str| examples.example(method, path).unwrap();
    let all = Users { all: true };
    let versions = Versions {
        projects: vec!["PR".to_owned()],
        since: None,
    };
    let sprints = Sprints {
        boards: vec![84],
        since: None,
    };
    let released = of("GET", "/rest/api/3/project/PR/version");
    let released = released["values"].as_array().unwrap().iter();
    let closed = of("GET", "/rest/agile/1.0/board/84/sprint");
    let closed = closed["values"].as_array().unwrap().iter();
    for (what, expected) in [
        (Listed::Users(&all), 2),
        (Listed::Projects, 2),
        (
            Listed::Versions(&versions),
            released.filter(|one| one["released"] == true).count(),
        ),
        (
            Listed::Sprints(&sprints),
            closed.filter(|one| one["state"] == "closed").count(),
        ),
    ] {
        let (reads, zone, start) = (Projection::Whole, TimeZone::UTC, start());
        let source = ListedSource::open(&session, what, &reads, &zone, &start, &NoMemory);
        assert_eq!(count(&mut source.await.unwrap()).await, expected);
    }
    let read = catalog(&session, "2026-11-24T10:00:00Z").await.unwrap();
    assert_eq!((read.fields.len(), read.projects.len()), (2, 2));
    assert_eq!((read.statuses.len(), read.priorities.len()), (2, 2));
}

#[tokio::test]
async fn what_jira_documents_of_issues_comments_and_worklogs_is_read() {
    let Some(examples) = Examples::jira() else {
        return;
    };
    let session = examples.site().await;
    let (zone, start) = (TimeZone::UTC, start());
    let spec = Issues {
        comments: true,
        worklogs: true,
        ..issues()
    };
    let reads = reads(&["changes", "fields.summary"]);
    let source = IssueSource::open(&session, &spec, &reads, &start).await;
    assert_eq!(count(&mut source.unwrap()).await, 1);
    let comments = Comments {
        issues: issues(),
        internal: true,
    };
    let reads = Projection::Whole;
    let source = CommentSource::open(&session, &comments, &reads, &zone, &start, &NoMemory);
    assert_eq!(count(&mut source.await.unwrap()).await, 1);
    let worklogs = Worklogs { issues: issues() };
    let source = WorklogSource::open(&session, &worklogs, &reads, &zone, &start, &NoMemory);
    // Those of the list belong to issues that the other example does not have.
    count(&mut source.await.unwrap()).await;
}

#[tokio::test]
async fn what_jira_documents_of_people_permissions_and_webhooks_is_read() {
    let Some(examples) = Examples::jira() else {
        return;
    };
    let session = examples.site().await;
    let ids: [Arc<str>; 2] = ["5b10a2844c20165700ede21g".into(), "nobody".into()];
    let found = users(&session, &ids).await.unwrap();
    assert!(found[0].is_some() && found[1].is_none());
    let lacking = check::lacking(&session, &["EDIT_ISSUES", "ADMINISTER"], None).await;
    assert_eq!(lacking.unwrap(), ["ADMINISTER"]);
    let webhooks = session.dynamic_webhooks().await.unwrap();
    assert_eq!(webhooks.len(), 3);
    assert!(
        webhooks.iter().all(|one| one.expires_at.is_some()),
        "{webhooks:?}"
    );
}

#[tokio::test]
async fn what_brevo_documents_is_read() {
    let Some(examples) = Examples::of(&["brevo-v3.openapi.json"]) else {
        return;
    };
    let url = "https://api.brevo.com/v3".parse().unwrap();
    let session = brevo::Session::open(examples.parts(), &url, Secret::new("key")).await;
    let session = Arc::new(session.unwrap());
    let facts = AccountFacts::read(&session).await.unwrap();
    assert!(facts.attributes.contains_key("LASTNAME"));
    assert!(facts.lists.contains_key(&53));
    let emails: [Arc<str>; 1] = ["peggy.rain@example.com".into()];
    let found = brevo::lookup_contacts(&session, &emails, &Projection::Whole).await;
    let contact = found.unwrap().remove(0).unwrap();
    assert_eq!(contact.get("id"), Some(&Value::from(42_i64)));
    assert!(!session.webhooks("marketing").await.unwrap().is_empty());

    let campaigns = examples.example("GET", "/emailCampaigns").unwrap();
    let writer = CampaignWriter::new(Arc::clone(&session), Arc::new(facts));
    for campaign in campaigns["campaigns"].as_array().unwrap() {
        let operation = Operation {
            sink: "brevo.campaigns".into(),
            sink_index: 0,
            scope: "brevo.campaigns".into(),
            key: "1".into(),
            policy: Policy::Once,
            version: Version::default(),
            payload: Value::from(json!({ "name": campaign["name"] })),
            unites: Vec::new(),
            subject: None,
            happened_at: None,
            record: "1".into(),
            receipt: None,
            at: Place {
                file: "a.yaml".into(),
                line: 1,
                column: 1,
            },
        };
        let found = writer.find(&[operation]).await.remove(0);
        let draft = campaign["status"] == "draft";
        let Some(Found::Among(found)) = found else {
            panic!("{found:?}: {campaign}");
        };
        assert_eq!(found.len(), 1, "{campaign}");
        match &found[0] {
            Found::Begun { .. } => assert!(draft),
            Found::Sent { .. } => assert!(!draft),
            other => panic!("{other:?}: {campaign}"),
        }
    }
}
