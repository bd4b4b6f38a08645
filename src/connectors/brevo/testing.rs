//! A Brevo that answers what a test says, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::Session;
pub(super) use crate::connectors::testing::{letters, operation};
use crate::http::{
    ManualClock, NoExchanges, Parts, Request, Response, Secret, SeededRandom, Transport,
    TransportError, TransportTrouble,
};

type Answer = Result<Response, TransportError>;

/// Answers in order, whatever is asked.
#[derive(Clone, Default)]
pub(super) struct Script {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    asked: Vec<(String, Json)>,
}

impl Script {
    /// Answers JSON; null is an empty body.
    pub(super) fn answer(&self, status: u16, body: Json) {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.response(Response::new(status, text));
    }

    pub(super) fn response(&self, response: Response) {
        self.state.lock().unwrap().answers.push_back(Ok(response));
    }

    /// Gives no answer.
    pub(super) fn trouble(&self, kind: TransportTrouble) {
        let error = TransportError::new(kind, "as the test says");
        self.state.lock().unwrap().answers.push_back(Err(error));
    }

    /// Method, path and query of each call, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.asked.iter().map(|(call, _)| call.clone()).collect()
    }

    /// The bodies of all calls to `call`, in order.
    pub(super) fn bodies(&self, call: &str) -> Vec<Json> {
        let state = self.state.lock().unwrap();
        let of = state.asked.iter().filter(|(asked, _)| asked == call);
        of.map(|(_, body)| body.clone()).collect()
    }

    /// A session with this Brevo; the answers so far are for what it asks after its account.
    pub(super) async fn session(&self) -> Arc<Session> {
        self.session_with(Vec::new()).await
    }

    /// What a client of it is made of.
    pub(super) fn parts(&self) -> Parts {
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

    /// A session whose first answer has these headers.
    pub(super) async fn session_with(&self, headers: Vec<(&str, &str)>) -> Arc<Session> {
        let account = json!({ "organization_id": "o1", "email": "owner@acme.example" });
        let mut account = Response::new(200, account.to_string());
        account.headers = headers.into_iter().collect();
        self.state.lock().unwrap().answers.push_front(Ok(account));
        let url = "http://127.0.0.1:1/v3".parse().unwrap();
        Arc::new(
            Session::open(self.parts(), &url, Secret::new("key"))
                .await
                .unwrap(),
        )
    }
}

impl Transport for Script {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let query = request.url.query().map(|query| format!("?{query}"));
        let path = request.url.path().trim_start_matches("/v3");
        let call = format!("{} {path}{}", request.method, query.unwrap_or_default());
        let body = request.body.as_deref().unwrap_or_default();
        let body = serde_json::from_slice(body).unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        state.asked.push((call.clone(), body));
        let answer = state.answers.pop_front();
        Box::pin(async move { answer.unwrap_or_else(|| panic!("nothing is said of {call}")) })
    }
}
