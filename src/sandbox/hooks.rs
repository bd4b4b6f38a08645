//! Webhooks that were registered, and posting to them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use url::Url;

use super::random::Random;

/// How long an answer to a post may take: Jira waits 20 s.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a post is repeated. Jira waits minutes between; here it is a part of a second, since
/// what is tested is that a repeated delivery is one.
const RETRIES: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(200);

/// An admin webhook of Jira.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AdminHook {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) events: Vec<String>,
    /// The filter of issue-related events; empty for all.
    pub(super) jql: String,
    pub(super) exclude_body: bool,
    pub(super) enabled: bool,
    pub(super) secret: Option<String>,
    pub(super) updated: i64,
}

/// A dynamic webhook of Jira's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DynamicHook {
    pub(super) id: u64,
    pub(super) url: String,
    pub(super) events: Vec<String>,
    pub(super) jql: String,
    /// Until when it delivers, in epoch milliseconds.
    pub(super) expires: i64,
    /// What its tokens are signed with.
    pub(super) client_secret: String,
}

/// A webhook of Brevo's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BrevoHook {
    pub(super) id: u64,
    pub(super) body: Value,
    pub(super) created: i64,
    pub(super) modified: i64,
}

/// What is registered.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Hooks {
    pub(super) last_id: u64,
    pub(super) admin: Vec<AdminHook>,
    pub(super) dynamic: Vec<DynamicHook>,
    pub(super) brevo: Vec<BrevoHook>,
}

impl Hooks {
    /// A new id.
    pub(super) const fn next(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

/// How deliveries go wrong.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Delivering {
    /// This share of them is never posted.
    pub(super) lose: f64,
    /// This share is posted twice.
    pub(super) duplicate: f64,
    /// They wait in pairs, and the second goes first.
    pub(super) reorder: bool,
    /// Nothing is posted by itself.
    pub(super) off: bool,
}

/// One post.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// What was posted, for tests.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Posted {
    pub(super) delivered: u64,
    pub(super) failed: u64,
    pub(super) lost: u64,
    pub(super) under_way: u64,
}

/// Posts what happens.
pub(super) struct Postman {
    pub(super) how: Mutex<Delivering>,
    random: Mutex<Random>,
    waiting: Mutex<Vec<Post>>,
    under_way: Mutex<JoinSet<()>>,
    pub(super) posted: Arc<Mutex<Posted>>,
}

impl Postman {
    pub(super) fn new(random: Random) -> Self {
        Self {
            how: Mutex::default(),
            random: Mutex::new(random),
            waiting: Mutex::default(),
            under_way: Mutex::default(),
            posted: Arc::default(),
        }
    }

    /// Sends posts on their way, as well as deliveries go. Must be called inside the runtime.
    pub(super) fn send(&self, posts: Vec<Post>) {
        let how = lock(&self.how).clone();
        if how.off {
            return;
        }
        let mut going = Vec::new();
        for post in posts {
            let share = || f64::from(lock(&self.random).below(1_000_000) as u32) / 1e6;
            if share() < how.lose {
                lock(&self.posted).lost += 1;
                continue;
            }
            if share() < how.duplicate {
                going.push(post.clone());
            }
            going.push(post);
        }
        if how.reorder {
            let mut waiting = lock(&self.waiting);
            waiting.extend(going);
            if waiting.len() < 2 {
                return;
            }
            going = waiting.drain(..).rev().collect();
        }
        for post in going {
            let posted = Arc::clone(&self.posted);
            lock(&posted).under_way += 1;
            let mut under_way = lock(&self.under_way);
            while under_way.try_join_next().is_some() {}
            under_way.spawn(async move {
                let delivered = deliver(&post).await;
                let mut posted = lock(&posted);
                posted.under_way -= 1;
                if delivered {
                    posted.delivered += 1;
                } else {
                    posted.failed += 1;
                }
            });
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Posts, again where the answer allows it; true where it was taken.
async fn deliver(post: &Post) -> bool {
    for attempt in 0..=RETRIES {
        if attempt > 0 {
            tokio::time::sleep(BETWEEN * attempt).await;
        }
        match tokio::time::timeout(PATIENCE, once(post, attempt)).await {
            Ok(Some(200..=299)) => return true,
            // Other refusals are never tried again.
            Ok(Some(status)) if !matches!(status, 408 | 409 | 425 | 429 | 500..=599) => {
                return false;
            }
            _ => {}
        }
    }
    false
}

/// One try; the answer's status. Plain HTTP to this machine is all that the sandbox speaks.
async fn once(post: &Post, attempt: u32) -> Option<u16> {
    let url = Url::parse(&post.url)
        .ok()
        .filter(|url| url.scheme() == "http")?;
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
        .await
        .ok()?;
    let query = url
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    let mut head = format!(
        "POST {}{query} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\nuser-agent: Atlassian HttpClient\r\n",
        url.path(),
        post.body.len()
    );
    for (name, value) in &post.headers {
        head = format!("{head}{name}: {value}\r\n");
    }
    if attempt > 0 {
        head = format!("{head}X-Atlassian-Webhook-Retry: {attempt}\r\n");
    }
    stream
        .write_all(format!("{head}\r\n").as_bytes())
        .await
        .ok()?;
    stream.write_all(post.body.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let mut part = [0; 512];
    while !answer.contains(&b'\n') {
        match stream.read(&mut part).await {
            Ok(read) if read > 0 => answer.extend_from_slice(part.get(..read)?),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&answer);
    text.split_whitespace().nth(1)?.parse().ok()
}

/// `sha256=HEX` over a body.
pub(super) fn signature(secret: &str, body: &str) -> Option<String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    let code = mac.chain_update(body.as_bytes()).finalize().into_bytes();
    let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("sha256={hex}"))
}

/// A JWT of HS256 over these claims.
pub(super) fn token(secret: &str, claims: &Value) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    let code = mac.chain_update(signed.as_bytes()).finalize().into_bytes();
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(code)))
}
