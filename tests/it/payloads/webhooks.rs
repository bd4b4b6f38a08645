//! Bodies of webhooks that Jira and Brevo have sent, through the sources that read an inbox; as they
//! were, and changed at random.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowline::connectors::brevo::WebhookSource;
use flowline::connectors::brevo::spec::{WEBHOOK_EVENTS, Webhook as BrevoWebhook, webhook_event};
use flowline::connectors::jira::spec::{EVENTS, Thing, Webhook};
use flowline::connectors::jira::{InboxSource, Session, Wanted};
use flowline::connectors::{Delivered, Deliveries, Page, Source, Start};
use flowline::http::{Failure, Request, Response, Transport, TransportError};
use flowline::record::Projection;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};

use super::mutated::Mutator;
use super::transport::{issues, session};
use super::{data, files, jira_files};

/// A site that has everything that it is asked for.
struct Echo;

impl Echo {
    fn answer(request: &Request) -> Json {
        let body = request.body.as_deref().unwrap_or_default();
        let body: Json = serde_json::from_slice(body).unwrap_or_default();
        let ids = |name: &str| -> Vec<Json> {
            let pairs = request.url.query_pairs().filter(|(key, _)| key == name);
            pairs.map(|(_, id)| json!(id)).collect()
        };
        let path = request.url.path();
        let last = path.rsplit('/').next().unwrap_or_default();
        let at = "2026-11-24T10:00:00.000+0000";
        match last {
            "myself" => json!({ "accountId": "a" }),
            "tenant_info" => json!({ "cloudId": "c1" }),
            "serverInfo" => json!({ "serverTitle": "Acme" }),
            "bulkfetch" => {
                let asked = body["issueIdsOrKeys"].as_array().unwrap();
                let issues = asked.iter().map(|id| {
                    json!({ "id": id, "key": "A-1", "fields": { "updated": at },
                            "changelog": { "total": 0, "histories": [] } })
                });
                json!({ "issues": issues.collect::<Vec<_>>() })
            }
            "list" => {
                let asked = body["ids"].as_array().unwrap();
                let worklogs = asked
                    .iter()
                    .map(|id| json!({ "id": id.to_string(), "issueId": "1", "updated": at }));
                Json::Array(worklogs.collect())
            }
            "bulk" => {
                let users = ids("accountId").into_iter();
                let users = users.map(|id| json!({ "accountId": id }));
                json!({ "values": users.collect::<Vec<_>>() })
            }
            "search" => {
                let projects = ids("id").into_iter();
                let projects = projects.map(|id| json!({ "id": id, "key": "A" }));
                json!({ "values": projects.collect::<Vec<_>>() })
            }
            "changelog" => json!({ "values": [], "isLast": true }),
            id => json!({ "id": id, "name": "x", "updated": at }),
        }
    }
}

impl Transport for Echo {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let answer = Self::answer(&request).to_string();
        Box::pin(async move { Ok(Response::new(200, answer)) })
    }
}

/// One body that was delivered.
struct Inbox(String);

impl Deliveries for Inbox {
    fn after(&self, number: i64) -> BoxFuture<'_, Result<Vec<Delivered>, Failure>> {
        let one = Delivered {
            number: 1,
            identifier: "sha256:1".into(),
            accepted_at: 1_795_514_400_000,
            body: self.0.as_str().into(),
        };
        let new = if number < 1 { vec![one] } else { Vec::new() };
        Box::pin(async move { Ok(new) })
    }
}

const fn from_the_start() -> Start {
    Start {
        cursor: None,
        since: None,
        floor: None,
        narrow: None,
        limit: None,
    }
}

async fn all(source: &mut dyn Source) -> Vec<Page> {
    let mut pages = Vec::new();
    while let Some(page) = source.next_page().await.unwrap() {
        pages.push(page);
    }
    assert!(pages.len() < 3);
    pages
}

/// What a body comes to for a pipeline that reads all events of this kind.
async fn told(session: &Session, thing: Thing, body: &Json) -> Vec<Page> {
    let of = EVENTS.iter().filter(|(_, of, _)| *of == thing);
    let webhook = Webhook {
        thing,
        events: of.map(|(name, ..)| (*name).to_owned()).collect(),
        issues: issues(),
        also_polled: false,
    };
    let inbox = Inbox(body.to_string());
    let wanted = Wanted::Events(&webhook);
    let (reads, start) = (Projection::Whole, from_the_start());
    let source = InboxSource::open(session, wanted, &inbox, &reads, (&start, true));
    all(&mut source.await.unwrap()).await
}

const THINGS: [Thing; 7] = [
    Thing::Issue,
    Thing::Comment,
    Thing::Worklog,
    Thing::Version,
    Thing::Sprint,
    Thing::User,
    Thing::Project,
];

/// The kind of thing that a body names; none where no source yields its event.
pub(super) fn thing_of(body: &Json) -> Option<Thing> {
    let event = body["webhookEvent"].as_str()?;
    let event = event.rsplit(':').next()?;
    let known = EVENTS.iter().find(|(name, ..)| *name == event);
    known.map(|(_, thing, _)| *thing)
}

fn bodies() -> Vec<(String, Json)> {
    let files = jira_files().into_iter();
    files
        .filter(|(name, body)| name.starts_with("jira/webhooks/") || thing_of(body).is_some())
        .collect()
}

#[tokio::test]
async fn every_body_that_jira_posted_is_a_record_or_said_to_be_none() {
    let session = session(Arc::new(Echo)).await;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, body) in bodies() {
        let thing = thing_of(&body);
        for wanted in THINGS {
            let pages = told(&session, wanted, &body).await;
            let records: Vec<_> = pages.iter().flat_map(|page| &page.records).collect();
            let bad: usize = pages.iter().map(|page| page.bad.len()).sum();
            let notices: usize = pages.iter().map(|page| page.notices.len()).sum();
            let expected = match thing {
                None => (0, 0, 1),
                Some(thing) if thing != wanted => (0, usize::from(!is_told(thing, &body)), 0),
                // Its logger left out the issue: a comment of nobody knows where.
                Some(thing) if !is_told(thing, &body) => (0, 1, 0),
                Some(Thing::Comment) if !has_issue(&body) => (0, 0, 1),
                Some(_) => (1, 0, 0),
            };
            let found = (records.len(), bad, notices);
            let gone = body["webhookEvent"]
                .as_str()
                .is_some_and(|event| event.ends_with("_deleted"));
            // What is gone is as the webhook had it, wherever it belonged.
            let fits = found == expected || gone && found == (1, 0, 0);
            assert!(fits, "{name} as {wanted:?}: {found:?}, not {expected:?}");
            for record in records {
                assert!(record.identity.is_some(), "{name}");
                // Those of one origin have its logger's text for a time.
                let logged = name.contains("mobitel__");
                assert!(record.time.is_some() || logged, "{name}");
                *seen.entry(wanted.member()).or_default() += 1;
            }
        }
    }
    if data().is_some() {
        for (thing, least) in [
            ("issue", 40),
            ("comment", 8),
            ("worklog", 2),
            ("version", 1),
        ] {
            assert!(
                seen.get(thing).copied().unwrap_or_default() >= least,
                "{seen:?}"
            );
        }
    }
}

/// True where the body holds the thing with its id.
fn is_told(thing: Thing, body: &Json) -> bool {
    let id = &body[thing.member()]["id"];
    let user = &body[thing.member()]["accountId"];
    let server = &body[thing.member()]["name"];
    let is = |id: &Json| id.is_number() || id.as_str().is_some_and(|id| !id.is_empty());
    match thing {
        Thing::User => is(user) || is(server),
        _ => is(id),
    }
}

fn has_issue(body: &Json) -> bool {
    let address = body["comment"]["self"].as_str().unwrap_or_default();
    !body["issue"]["id"].is_null() || address.contains("/issue/")
}

#[tokio::test]
async fn whatever_a_body_of_jira_holds_nothing_ends_for_it() {
    let session = session(Arc::new(Echo)).await;
    let mutator = Mutator::seeded(22);
    for (_, body) in bodies() {
        let thing = thing_of(&body).unwrap_or(Thing::Issue);
        for _ in 0..25 {
            let mut mutated = body.clone();
            mutator.mutate(&mut mutated);
            for page in told(&session, thing, &mutated).await {
                let records = page.records.iter();
                assert!(
                    records.clone().all(|one| one.identity.is_some()),
                    "{mutated}"
                );
                assert!(page.cursor.is_some(), "{mutated}");
            }
        }
    }
}

/// What a body of Brevo comes to for a pipeline that reads all its events.
async fn brevo(body: &Json) -> Vec<Page> {
    let spec = BrevoWebhook {
        events: WEBHOOK_EVENTS.iter().map(|(name, _)| *name).collect(),
    };
    let inbox = Inbox(body.to_string());
    let mut source = WebhookSource::open(&spec, &inbox, &from_the_start()).unwrap();
    all(&mut source).await
}

#[tokio::test]
async fn every_body_that_brevo_posted_is_a_record_or_said_to_be_none() {
    let mut seen = 0;
    let mutator = Mutator::seeded(23);
    for file in files() {
        if !file.name.starts_with("brevo/webhooks/") || !file.is_json() {
            continue;
        }
        let body = file.json();
        let known = body["event"].as_str().and_then(webhook_event).is_some();
        let pages = brevo(&body).await;
        assert!(pages[0].bad.is_empty(), "{}", file.name);
        assert_eq!(pages[0].records.is_empty(), !known, "{}", file.name);
        assert_eq!(pages[0].notices.is_empty(), known, "{}", file.name);
        for record in &pages[0].records {
            assert!(
                record.identity.is_some() && record.time.is_some(),
                "{}",
                file.name
            );
            let email = record.value.get("email").and_then(|email| email.as_str());
            assert!(
                email.is_some_and(|email| email.contains('@')),
                "{}",
                file.name
            );
            seen += 1;
        }
        // Several in one body are each of them.
        let pages = brevo(&json!([body, body])).await;
        let twice = pages[0].records.len();
        assert!(twice.is_multiple_of(2), "{}", file.name);
        for _ in 0..40 {
            let mut mutated = body.clone();
            mutator.mutate(&mut mutated);
            for page in brevo(&mutated).await {
                let records = page.records.iter();
                assert!(
                    records.clone().all(|one| one.identity.is_some()),
                    "{mutated}"
                );
                assert!(page.cursor.is_some(), "{mutated}");
            }
        }
    }
    assert!(data().is_none() || seen >= 10, "{seen}");
}
