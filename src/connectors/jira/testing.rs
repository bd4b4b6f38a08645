//! A Jira that answers what a test says, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::spec::Issues;
use super::{Basic, IssueSource, Session, Site};
pub(super) use crate::connectors::testing::{letters, operation};
use crate::connectors::{Page, Source as _, Start};
use crate::http::{
    Failure, HeaderValue, ManualClock, NoExchanges, Parts, Request, Response, Secret, SeededRandom,
    Transport, TransportError, TransportTrouble,
};
use crate::record::Projection;

/// Answers in order, whatever is asked.
#[derive(Clone)]
pub(super) struct Script {
    state: Arc<Mutex<State>>,
    clock: Arc<ManualClock>,
}

#[derive(Default)]
struct State {
    answers: VecDeque<Result<Response, TransportError>>,
    asked: Vec<(String, Json)>,
    headers: Vec<Vec<(String, String)>>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            state: Arc::default(),
            clock: Arc::new(ManualClock::at("2026-11-24T10:00:00Z".parse().unwrap())),
        }
    }
}

impl Script {
    /// Answers JSON with 200.
    #[expect(clippy::needless_pass_by_value, reason = "json!() stands in the call")]
    pub(super) fn answer(&self, body: Json) {
        self.response(Response::new(200, body.to_string()));
    }

    pub(super) fn response(&self, response: Response) {
        self.state.lock().unwrap().answers.push_back(Ok(response));
    }

    /// Gives no answer.
    pub(super) fn trouble(&self, kind: TransportTrouble) {
        let error = TransportError::new(kind, "as the test says");
        self.state.lock().unwrap().answers.push_back(Err(error));
    }

    /// The bodies of all calls to `call`, in order.
    pub(super) fn bodies(&self, call: &str) -> Vec<Json> {
        let state = self.state.lock().unwrap();
        let of = state.asked.iter().filter(|(asked, _)| asked == call);
        of.map(|(_, body)| body.clone()).collect()
    }

    /// Method, path and query of each call, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.asked.iter().map(|(call, _)| call.clone()).collect()
    }

    /// The bodies of all searches, in order.
    pub(super) fn searches(&self) -> Vec<Json> {
        let state = self.state.lock().unwrap();
        let of = state.asked.iter();
        of.filter(|(call, _)| call == "POST /rest/api/3/search/jql")
            .map(|(_, body)| body.clone())
            .collect()
    }

    /// The plain headers of each call, in order.
    pub(super) fn headers(&self) -> Vec<Vec<(String, String)>> {
        self.state.lock().unwrap().headers.clone()
    }

    /// How long each wait so far was.
    pub(super) fn waits(&self) -> Vec<Duration> {
        self.clock.slept()
    }

    /// What a client of it is made of.
    pub(super) fn parts(&self) -> Parts {
        Parts {
            transport: Arc::new(self.clone()),
            clock: Arc::clone(&self.clock) as _,
            random: Arc::new(SeededRandom::new(1)),
            exchanges: Arc::new(NoExchanges),
            cancel: CancellationToken::new(),
            pace: None,
            share: None,
        }
    }

    /// Opens a session at this address, with the answers that stand.
    pub(super) async fn open(&self, site: &str) -> Result<Session, Failure> {
        let site = Site {
            url: site.parse().unwrap(),
        };
        let basic = Basic {
            email: "me@acme.example".to_owned(),
            token: Secret::new("token"),
        };
        Session::open(self.parts(), &site, &basic).await
    }

    /// A session whose calls are not counted; the answers so far are for what is asked next.
    pub(super) async fn session(&self) -> Session {
        let opening = Self {
            state: Arc::default(),
            clock: Arc::clone(&self.clock),
        };
        opening.answer(json!({ "accountId": "a" }));
        opening.answer(json!({ "cloudId": "c1" }));
        std::mem::swap(
            &mut *opening.state.lock().unwrap(),
            &mut *self.state.lock().unwrap(),
        );
        let session = self.open("https://acme.atlassian.net/").await.unwrap();
        std::mem::swap(
            &mut *opening.state.lock().unwrap(),
            &mut *self.state.lock().unwrap(),
        );
        session
    }

    /// All pages of the source with these answers, until its end or a failure.
    pub(super) async fn read(
        &self,
        spec: &Issues,
        reads: &Projection,
        start: &Start,
    ) -> Result<Vec<Page>, Failure> {
        let session = self.session().await;
        let mut source = IssueSource::open(&session, spec, reads, start).await?;
        let mut pages = Vec::new();
        while let Some(page) = source.next_page().await? {
            pages.push(page);
        }
        Ok(pages)
    }
}

impl Transport for Script {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let query = request.url.query().map(|query| format!("?{query}"));
        let call = format!(
            "{} {}{}",
            request.method,
            request.url.path(),
            query.unwrap_or_default()
        );
        let body = request.body.as_deref().unwrap_or_default();
        assert!(
            request.method != crate::http::Method::Get || body.is_empty(),
            "a GET with a body is refused before Jira sees it"
        );
        let body = serde_json::from_slice(body).unwrap_or_default();
        let plain = request.headers.iter().filter_map(|(name, value)| {
            let HeaderValue::Plain(value) = value else {
                return None;
            };
            Some((name.clone(), value.clone()))
        });
        let mut state = self.state.lock().unwrap();
        state.headers.push(plain.collect());
        state.asked.push((call.clone(), body));
        let answer = state.answers.pop_front();
        Box::pin(async move { answer.unwrap_or_else(|| panic!("nothing is said of {call}")) })
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

/// From the beginning, all of it.
pub(super) const fn beginning() -> Start {
    Start {
        cursor: None,
        since: None,
        floor: None,
        narrow: None,
        limit: None,
    }
}
