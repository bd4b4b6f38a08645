//! A site that answers with recorded bodies, and the source that reads it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use flowline::connectors::jira::spec::Issues;
use flowline::connectors::jira::{Basic, IssueSource, Session, Site};
use flowline::connectors::{Page, Source as _, Start};
use flowline::http::{
    Failure, ManualClock, NoExchanges, Parts, Request, Response, Secret, SeededRandom, Transport,
    TransportError,
};
use flowline::record::Projection;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

/// A session at a site that answers by itself.
pub(super) async fn session(transport: Arc<dyn Transport>) -> Session {
    let parts = Parts {
        transport,
        clock: Arc::new(ManualClock::at("2026-11-24T10:00:00Z".parse().unwrap())),
        random: Arc::new(SeededRandom::new(1)),
        exchanges: Arc::new(NoExchanges),
        cancel: CancellationToken::new(),
        pace: None,
        share: None,
    };
    let site = Site {
        url: "https://acme.atlassian.net".parse().unwrap(),
    };
    let basic = Basic {
        email: "me@acme.example".to_owned(),
        token: Secret::new("token"),
    };
    Session::open(parts, &site, &basic).await.unwrap()
}

/// What the site answers, by path; a path with several bodies gives them in order, then empty
/// pages.
#[derive(Clone, Default)]
pub(super) struct Recorded {
    bodies: Arc<Mutex<HashMap<String, Vec<Vec<u8>>>>>,
}

impl Recorded {
    pub(super) fn put(&self, path: &str, body: impl Into<Vec<u8>>) {
        let mut bodies = self.bodies.lock().unwrap();
        bodies.entry(path.to_owned()).or_default().push(body.into());
    }

    pub(super) fn page_of_issues(&self, body: impl Into<Vec<u8>>) {
        self.put("/rest/api/3/search/jql", body);
    }

    pub(super) async fn session(&self) -> Session {
        self.put("/rest/api/3/myself", r#"{"accountId":"a"}"#);
        self.put("/_edge/tenant_info", r#"{"cloudId":"c1"}"#);
        session(Arc::new(self.clone())).await
    }

    /// Reads all pages through the source.
    pub(super) async fn read(
        &self,
        spec: &Issues,
        reads: &Projection,
    ) -> Result<Vec<Page>, Failure> {
        self.put("/rest/api/3/serverInfo", r#"{"serverTitle":"Acme"}"#);
        let session = self.session().await;
        let start = Start {
            cursor: None,
            since: None,
            floor: None,
            narrow: None,
            limit: None,
        };
        let mut source = IssueSource::open(&session, spec, reads, &start).await?;
        let mut pages = Vec::new();
        while let Some(page) = source.next_page().await? {
            pages.push(page);
        }
        Ok(pages)
    }
}

impl Transport for Recorded {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let path = request.url.path().to_owned();
        let mut bodies = self.bodies.lock().unwrap();
        let body = match bodies.get_mut(&path) {
            Some(bodies) if !bodies.is_empty() => bodies.remove(0),
            // Beyond what was recorded there is nothing more.
            _ => match path.rsplit('/').next().unwrap() {
                "changelog" => json!({ "values": [], "isLast": true }),
                "comment" => json!({ "comments": [], "total": 0 }),
                "worklog" => json!({ "worklogs": [], "total": 0 }),
                "serverInfo" => json!({ "serverTitle": "Acme" }),
                "field" | "search" => Json::Array(Vec::new()),
                _ => panic!("nothing is recorded of {path}"),
            }
            .to_string()
            .into_bytes(),
        };
        Box::pin(async move { Ok(Response::new(200, body)) })
    }
}

/// A source of all issues.
pub(super) const fn issues() -> Issues {
    Issues {
        jql: None,
        since: None,
        live: false,
        custom_fields: Vec::new(),
        comments: false,
        worklogs: false,
    }
}

/// A plan that reads these paths.
pub(super) fn reads(paths: &[&str]) -> Projection {
    let mut reads = Projection::nothing();
    for path in paths {
        let names: Vec<Arc<str>> = path.split('.').map(Arc::from).collect();
        reads.add(&names, &Projection::Whole);
    }
    reads
}
