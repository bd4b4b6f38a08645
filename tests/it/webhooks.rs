//! `POST /webhooks/CONNECTION`, by HTTP against the router and its listener.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowline::http::{ManualClock, Secret};
use flowline::server::serve_connections;
use flowline::server::webhooks::{LARGEST_BODY, Outcome, Verification, Webhooks, router};
use flowline::state::{DatabaseTime, InboxView as _, SqliteStore};
use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use tokio_util::sync::CancellationToken;

const SECRET: &str = "It's a Secret to Everybody";

struct Endpoint {
    url: String,
    store: Arc<SqliteStore>,
    webhooks: Arc<Webhooks>,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

async fn endpoint() -> Endpoint {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let store = Arc::new(SqliteStore::open(&file, DatabaseTime::Own).unwrap());
    let clock = ManualClock::at("2026-11-24T10:00:00Z".parse().unwrap());
    let jira = Verification::Jira {
        secret: Some(Secret::new(SECRET)),
        client_secret: None,
    };
    let brevo = Verification::Brevo {
        token: Some(Secret::new("token-1")),
    };
    let connections = BTreeMap::from([("acme".into(), jira), ("mail".into(), brevo)]);
    let webhooks = Arc::new(Webhooks::new(store.clone(), Arc::new(clock), connections));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let served = serve_connections(
        listener,
        router(Arc::clone(&webhooks)),
        stop.clone(),
        Duration::from_secs(1),
    );
    tokio::spawn(served);
    Endpoint {
        url,
        store,
        webhooks,
        stop,
        _folder: folder,
    }
}

fn signature(body: &[u8]) -> String {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let code = mac.chain_update(body).finalize().into_bytes();
    let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

fn client() -> reqwest::Client {
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap_or_default();
    reqwest::Client::builder().build().unwrap()
}

impl Endpoint {
    async fn post(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = client()
            .post(format!("{}{path}", self.url))
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    }

    async fn signed(&self, body: &str, identifier: &str) -> u16 {
        let signature = signature(body.as_bytes());
        let headers = [
            ("x-hub-signature", &*signature),
            ("x-atlassian-webhook-identifier", identifier),
        ];
        self.post("/webhooks/acme", body, &headers).await
    }

    fn counted(&self, connection: &str, outcome: Outcome) -> u64 {
        self.webhooks
            .counted()
            .into_iter()
            .find(|(name, one, _)| &**name == connection && *one == outcome)
            .map_or(0, |(_, _, count)| count)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_judged_kept_and_then_answered() {
    let endpoint = endpoint().await;
    assert_eq!(endpoint.counted("mail", Outcome::Stored), 0);
    assert_eq!(endpoint.signed(r#"{"a":1}"#, "one").await, 200);
    let kept = endpoint.store.inbox_after("acme", 0, 10).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(&*kept[0].body, r#"{"a":1}"#);
    // The same identifier is the same delivery, whatever the body says.
    assert_eq!(endpoint.signed(r#"{"a":2}"#, "one").await, 200);
    assert_eq!(endpoint.counted("acme", Outcome::Duplicate), 1);
    // Without one, the body is what tells it.
    let body = r#"{"a":3}"#;
    let signature = signature(body.as_bytes());
    for _ in 0..2 {
        let headers = [("X-Hub-Signature", &*signature)];
        assert_eq!(endpoint.post("/webhooks/acme", body, &headers).await, 200);
    }
    assert_eq!(endpoint.counted("acme", Outcome::Stored), 2);
    assert_eq!(endpoint.counted("acme", Outcome::Duplicate), 2);
    endpoint.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_refused_in_its_order() {
    let endpoint = endpoint().await;
    let bad = [("x-hub-signature", "sha256=00")];
    assert_eq!(endpoint.post("/webhooks/acme", "{}", &[]).await, 401);
    assert_eq!(endpoint.post("/webhooks/acme", "{", &bad).await, 401);
    assert_eq!(endpoint.post("/webhooks/none", "{", &bad).await, 404);
    assert_eq!(endpoint.post("/webhooks/mail", "{}", &bad).await, 401);
    let token = [("authorization", "Bearer token-1")];
    assert_eq!(endpoint.post("/webhooks/mail", "{}", &token).await, 200);
    assert_eq!(endpoint.signed("{", "x").await, 400);
    assert_eq!(endpoint.signed("", "x").await, 400);
    let large = " ".repeat(LARGEST_BODY + 1);
    for path in ["/webhooks/acme", "/webhooks/none"] {
        assert_eq!(endpoint.post(path, &large, &bad).await, 413, "{path}");
    }
    // As large as may be, and as deep.
    let fits = "[".repeat(LARGEST_BODY / 2) + &"]".repeat(LARGEST_BODY / 2);
    assert_eq!(endpoint.signed(&fits, "deep").await, 200);
    let get = client().get(format!("{}/webhooks/acme", endpoint.url));
    assert_eq!(get.send().await.unwrap().status().as_u16(), 405);
    assert_eq!(endpoint.counted("acme", Outcome::Unsigned), 2);
    assert_eq!(endpoint.counted("acme", Outcome::Malformed), 2);
    assert_eq!(endpoint.counted("acme", Outcome::Oversized), 1);
    assert_eq!(endpoint.counted("", Outcome::Unknown), 1);
    endpoint.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_a_length_is_measured_while_it_is_read() {
    let endpoint = endpoint().await;
    let address = endpoint.url.trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(
                b"POST /webhooks/acme HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
            )
            .unwrap();
        let chunk = [b' '; 65_536];
        for _ in 0..130 {
            let written = stream
                .write_all(b"10000\r\n")
                .and_then(|()| stream.write_all(&chunk))
                .and_then(|()| stream.write_all(b"\r\n"));
            if written.is_err() {
                break;
            }
        }
        let mut answer = [0; 16];
        let read = stream.read(&mut answer).unwrap_or_default();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    });
    let answer = answer.await.unwrap();
    assert!(answer.is_empty() || answer.contains("413"), "{answer}");
    assert_eq!(endpoint.counted("acme", Outcome::Oversized), 1);
    endpoint.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_slow_connections_keep_nobody_out() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // Both ends are of this process, whose bound is 1,024 files on many systems.
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = Some(maximum.map_or(4096, |most| most.min(4096)));
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
    let endpoint = endpoint().await;
    let address = endpoint.url.trim_start_matches("http://").to_owned();
    let mut slow = Vec::new();
    for _ in 0..1000 {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream
            .write_all(b"POST /webhooks/acme HTTP/1.1\r\n")
            .unwrap_or_default();
        slow.push(stream);
    }
    for index in 0..20 {
        let begun = Instant::now();
        assert_eq!(endpoint.signed("{}", &format!("s{index}")).await, 200);
        // They are let go after ten seconds: who waits for one of them waits so long.
        assert!(begun.elapsed() < Duration::from_secs(8));
    }
    drop(slow);
    endpoint.stop.cancel();
}
