//! Renewing: once, in whatever number of tasks and processes, and never on a guess.

use std::collections::VecDeque;
use std::sync::Mutex as Plain;

use futures::future::{join_all, ready};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::http::{
    ManualClock, NoExchanges, Response, SeededRandom, Transport, TransportError, TransportTrouble,
};

/// What happened, in order.
type Told = Arc<Plain<Vec<String>>>;

/// A store that several processes share.
#[derive(Clone)]
struct Shared {
    held: Arc<Plain<Option<Held>>>,
    alone: Arc<Mutex<()>>,
    told: Told,
}

impl Shared {
    fn tell(&self, what: &str) {
        self.told.lock().unwrap().push(what.to_owned());
    }

    fn change<T>(&self, set: impl FnOnce(&mut Held) -> T) -> T {
        set(self.held.lock().unwrap().as_mut().unwrap())
    }
}

impl TokenStore for Shared {
    fn load(&self) -> BoxFuture<'_, Result<Option<Held>, Failure>> {
        Box::pin(ready(Ok(self.held.lock().unwrap().clone())))
    }

    fn alone(&self) -> BoxFuture<'_, Result<Box<dyn Send>, Failure>> {
        Box::pin(async {
            let guard = Arc::clone(&self.alone).lock_owned().await;
            Ok(Box::new(guard) as Box<dyn Send>)
        })
    }

    fn exchanging(&self, version: i64, _: i64) -> BoxFuture<'_, Result<bool, Failure>> {
        self.tell("exchanging");
        let marked = self.change(|held| {
            held.exchanging |= held.version == version;
            held.version == version
        });
        Box::pin(ready(Ok(marked)))
    }

    fn not_exchanged(&self, _: i64) -> BoxFuture<'_, Result<(), Failure>> {
        self.tell("not exchanged");
        self.change(|held| held.exchanging = false);
        Box::pin(ready(Ok(())))
    }

    fn keep<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<i64, Failure>> {
        self.tell("keep");
        let version = self.change(|held| {
            *held = Held {
                tokens: tokens.clone(),
                version: held.version + 1,
                exchanging: false,
                refused: false,
            };
            held.version
        });
        Box::pin(ready(Ok(version)))
    }

    fn refused(&self) -> BoxFuture<'_, Result<(), Failure>> {
        self.tell("refused");
        self.change(|held| held.refused = true);
        Box::pin(ready(Ok(())))
    }
}

/// A server that answers in order what a test says, then with new tokens.
struct Server {
    answers: Plain<VecDeque<Result<Response, TransportError>>>,
    told: Told,
}

impl Transport for Server {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let body: serde_json::Value =
            serde_json::from_slice(request.body.as_deref().unwrap_or_default()).unwrap();
        assert_eq!(request.url.path(), "/oauth/token");
        assert_eq!(body["grant_type"], "refresh_token");
        let presented = body["refresh_token"].as_str().unwrap();
        self.told
            .lock()
            .unwrap()
            .push(format!("present {presented}"));
        let next = presented.trim_start_matches('r').parse::<u32>().unwrap() + 1;
        let granted = json!({
            "access_token": format!("a{next}"), "refresh_token": format!("r{next}"),
            "expires_in": 3600,
        });
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            // Others have their turn while an answer is on its way.
            tokio::task::yield_now().await;
            answer.unwrap_or_else(|| Ok(Response::new(200, granted.to_string())))
        })
    }
}

/// A connection whose token has `left_s` to go, and what serves it.
struct Bench {
    shared: Shared,
    server: Arc<Server>,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new(left_s: i64) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-24T10:00:00Z".parse().unwrap()));
        let told = Told::default();
        let tokens = Tokens {
            access: Secret::new("a1"),
            expires_at: clock.now().as_millisecond() + left_s * 1_000,
            refresh: Secret::new("r1"),
            scopes: vec!["read:jira-user".to_owned()],
        };
        let held = Held {
            tokens,
            version: 1,
            exchanging: false,
            refused: false,
        };
        Self {
            shared: Shared {
                held: Arc::new(Plain::new(Some(held))),
                alone: Arc::default(),
                told: Arc::clone(&told),
            },
            server: Arc::new(Server {
                answers: Plain::default(),
                told,
            }),
            clock,
        }
    }

    fn will(&self, answer: Result<Response, TransportError>) {
        self.server.answers.lock().unwrap().push_back(answer);
    }

    fn trouble(&self, kind: TransportTrouble) {
        self.will(Err(TransportError::new(kind, "as the test says")));
    }

    /// What one process has.
    fn process(&self) -> OAuth {
        let parts = Parts {
            transport: Arc::clone(&self.server) as _,
            clock: Arc::clone(&self.clock) as _,
            random: Arc::new(SeededRandom::new(1)),
            exchanges: Arc::new(NoExchanges),
            cancel: CancellationToken::new(),
            pace: None,
            share: None,
        };
        let app = App {
            auth_server: "https://auth.atlassian.com".parse().unwrap(),
            client_id: "id".to_owned(),
            client_secret: Secret::new("secret"),
        };
        OAuth::new(parts, app, Arc::new(self.shared.clone()), "support".into())
    }

    fn told(&self) -> Vec<String> {
        self.shared.told.lock().unwrap().clone()
    }
}

async fn header(of: &OAuth) -> Result<String, Failure> {
    of.header()
        .await
        .map(|(_, value)| value.expose().to_owned())
}

const ONE_EXCHANGE: [&str; 3] = ["exchanging", "present r1", "keep"];

#[tokio::test]
async fn tasks_and_processes_that_find_a_token_ending_exchange_it_once() {
    // 60 seconds are too few: it might end on the way.
    let bench = Bench::new(60);
    let processes = [bench.process(), bench.process(), bench.process()];
    let tasks = processes
        .iter()
        .flat_map(|one| (0..20).map(|_| header(one)));
    for value in join_all(tasks).await {
        assert_eq!(value.unwrap(), "Bearer a2");
    }
    assert_eq!(bench.told(), ONE_EXCHANGE, "and kept before it was used");

    let bench = Bench::new(61);
    assert_eq!(header(&bench.process()).await.unwrap(), "Bearer a1");
    assert!(bench.told().is_empty());
}

#[tokio::test]
async fn tasks_and_processes_that_are_refused_one_token_exchange_it_once() {
    let bench = Bench::new(3_600);
    let processes = [bench.process(), bench.process()];
    let ended = Secret::new("Bearer a1");
    let tasks = processes
        .iter()
        .flat_map(|one| (0..20).map(|_| one.refused(&ended)));
    for again in join_all(tasks).await {
        assert!(again.unwrap());
    }
    assert_eq!(bench.told(), ONE_EXCHANGE);
    // Late news of a token that is gone already renews nothing.
    assert!(processes[0].refused(&ended).await.unwrap());
    assert_eq!(bench.told(), ONE_EXCHANGE);
}

#[tokio::test]
async fn an_answer_that_is_lost_has_the_same_token_presented_once_more() {
    for kind in [TransportTrouble::Timeout, TransportTrouble::Cut] {
        let bench = Bench::new(0);
        bench.trouble(kind);
        assert_eq!(header(&bench.process()).await.unwrap(), "Bearer a2");
        let told = ["exchanging", "present r1", "present r1", "keep"];
        assert_eq!(bench.told(), told);
    }
    // Lost twice: the mark stays, and the next process presents it again.
    let bench = Bench::new(0);
    bench.trouble(TransportTrouble::Timeout);
    bench.trouble(TransportTrouble::Timeout);
    let failure = header(&bench.process()).await.unwrap_err();
    assert_eq!(failure.class, Class::Timeout);
    assert!(bench.shared.change(|held| held.exchanging));
    assert_eq!(header(&bench.process()).await.unwrap(), "Bearer a2");
    assert!(!bench.shared.change(|held| held.exchanging));
}

#[tokio::test]
async fn what_certainly_was_not_exchanged_leaves_no_mark() {
    let bench = Bench::new(0);
    for _ in 0..3 {
        bench.trouble(TransportTrouble::Connect);
    }
    let failure = header(&bench.process()).await.unwrap_err();
    assert_eq!(failure.class, Class::Unreachable);
    assert!(!bench.shared.change(|held| held.exchanging));
    assert_eq!(bench.told().last().unwrap(), "not exchanged");
    assert_eq!(header(&bench.process()).await.unwrap(), "Bearer a2");
}

#[tokio::test]
async fn a_token_that_is_refused_is_presented_by_nobody_again() {
    let bench = Bench::new(0);
    let body =
        r#"{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}"#;
    bench.will(Ok(Response::new(403, body)));
    let processes = [bench.process(), bench.process()];
    let tasks = processes.iter().flat_map(|one| (0..5).map(|_| header(one)));
    for failure in join_all(tasks).await {
        let failure = failure.unwrap_err();
        assert_eq!(failure.class, Class::Authentication);
        assert_eq!(failure.help.as_deref(), Some("flowline connect support"));
    }
    assert_eq!(bench.told(), ["exchanging", "present r1", "refused"]);

    // A wrong secret of the app is another thing: the token stays good.
    let bench = Bench::new(0);
    let body = r#"{"error":"access_denied","error_description":"Unauthorized"}"#;
    bench.will(Ok(Response::new(401, body)));
    let failure = header(&bench.process()).await.unwrap_err();
    assert!(failure.help.unwrap().contains("client_secret"));
    assert!(!bench.shared.change(|held| held.refused));
    assert_eq!(header(&bench.process()).await.unwrap(), "Bearer a2");
}
