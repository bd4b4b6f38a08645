//! What happens to every request before and after its service answers it: control, limits,
//! faults, journal, counts, log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::brevo::{self, Brevo, Change};
use super::clock::{SandboxClock, timestamp};
use super::counts::{Counts, route};
use super::exchange::{Reply, Request, Service};
use super::faults::{Fault, FaultKind, Injector};
use super::hooks::{Hooks, Postman, lock};
use super::jira::{self, Edit, Jira, Seed};
use super::journal::Journal;
use super::limits::Windows;
use super::log::ExchangeLog;
use super::random::Random;
use super::{Options, SandboxError, SeededWebhook, control, gzip};

/// Requests beyond this many bytes are refused.
const LARGEST_BODY: usize = 12 * 1024 * 1024;

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is broken off on purpose")]
pub(super) struct Broken;

/// Everything that the two services share.
pub(super) struct World {
    pub(super) clock: SandboxClock,
    pub(super) counts: Counts,
    pub(super) faults: Injector,
    pub(super) limits: AtomicBool,
    pub(super) jira: Jira,
    pub(super) brevo: Brevo,
    pub(super) hooks: Mutex<Hooks>,
    pub(super) postman: Postman,
    epoch: i64,
    windows: Mutex<Windows>,
    journal: Journal,
    log: Option<ExchangeLog>,
}

impl World {
    /// Builds both services, and makes again what the state folder's journal holds.
    pub(super) fn new(options: Options) -> Result<Self, SandboxError> {
        let log = options.log.as_deref().map(ExchangeLog::open).transpose()?;
        let clock = SandboxClock::new(options.clock);
        let (journal, entries) = Journal::open(options.state.as_deref())?;
        let issues = u32::try_from(options.issues).unwrap_or(u32::MAX);
        let mut entries = entries.into_iter();
        let epoch = match entries.next() {
            None => {
                let epoch = clock.now();
                journal.append(
                    &json!({ "made": { "seed": options.seed, "issues": issues, "epoch": epoch } }),
                );
                epoch
            }
            Some(first) => {
                let made = &first["made"];
                if made["seed"] != json!(options.seed) || made["issues"] != json!(issues) {
                    return Err(SandboxError::OtherSeed {
                        path: options.state.unwrap_or_default(),
                        made_with: format!("seed {} and {} issues", made["seed"], made["issues"]),
                    });
                }
                made["epoch"].as_i64().unwrap_or_default()
            }
        };
        let seed = Seed {
            seed: options.seed,
            issues,
            epoch,
        };
        let world = Self {
            clock,
            counts: Counts::default(),
            faults: Injector::new(options.faults, Random::new(options.seed, 0xfa)),
            limits: AtomicBool::new(options.limits),
            jira: Jira::new(seed, options.issue_bytes, options.index_lag),
            brevo: Brevo::new(epoch),
            hooks: Mutex::default(),
            postman: Postman::new(Random::new(options.seed, 0x4b)),
            epoch,
            windows: Mutex::new(Windows::default()),
            journal,
            log,
        };
        for mut entry in entries {
            if let Ok(hooks) = serde_json::from_value::<Hooks>(entry["hooks"].take()) {
                *lock(&world.hooks) = hooks;
                continue;
            }
            if let Ok(change) = serde_json::from_value::<Change>(entry["brevo"].take()) {
                world.brevo.replay(change);
            } else if let Ok(edit) = serde_json::from_value::<Edit>(entry["jira"].take()) {
                // It was accepted when it was made, so it is now.
                world
                    .jira
                    .edit(&edit, entry["at"].as_i64().unwrap_or_default())
                    .map(drop)
                    .unwrap_or_default();
            }
        }
        Ok(world)
    }

    /// Makes an edit in Jira, and keeps it.
    pub(super) fn edit(&self, edit: &Edit) -> Result<Value, String> {
        let now = self.clock.now();
        let hooks = lock(&self.hooks).clone();
        let (named, posts) = self.jira.edit_and_tell(edit, &hooks, now)?;
        self.postman.send(posts);
        if self.journal.keeps() {
            self.journal.append(&json!({ "jira": edit, "at": now }));
        }
        Ok(named)
    }

    /// Adds what is lacking of projects, types, statuses and lists, and keeps it.
    pub(super) fn extend(&self, more: &jira::More, lists: &[(Option<u64>, String)]) {
        if let Some(lacking) = self.jira.lacking(more) {
            // A site takes whatever is lacking.
            self.edit(&Edit::Extend(lacking))
                .map(drop)
                .unwrap_or_default();
        }
        self.brevo.add_lists(lists, |change| self.keep(change));
    }

    /// The webhooks of what the seed holds, each with what tells it from others.
    pub(super) fn seeded_webhooks(&self, service: Service) -> Vec<SeededWebhook> {
        let bodies = match service {
            Service::Jira => self.jira.seeded_webhooks(),
            Service::Brevo => self.brevo.seeded_webhooks(self.epoch),
        };
        let numbered = bodies.into_iter().enumerate();
        numbered
            .map(|(number, body)| SeededWebhook {
                identifier: format!("seeded-{number}"),
                body: body.to_string(),
            })
            .collect()
    }

    /// Keeps a change of Brevo's.
    pub(super) fn keep(&self, change: &Change) {
        if self.journal.keeps() {
            self.journal.append(&json!({ "brevo": change }));
        }
    }

    /// The service's own answer, within its limits.
    fn serve(&self, service: Service, request: &Request) -> Reply {
        let now = self.clock.now();
        let headers = if self.limits.load(Ordering::Relaxed) {
            let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
            let verdict = match service {
                Service::Jira => jira::limit(&mut windows, request, now),
                Service::Brevo => brevo::limit(&mut windows, request, now),
            };
            match verdict {
                Ok(stated) => stated,
                Err(refusal) => return refusal,
            }
        } else {
            // Whoever keeps to what is stated goes as fast as it can.
            match service {
                Service::Jira => jira::unlimited(),
                Service::Brevo => brevo::unlimited(),
            }
        };
        let mut reply = match service {
            _ if self.about_webhooks(service, request) => self.webhooks(service, request, now),
            Service::Jira => self.jira.answer(request, now, |edit| self.edit(edit)),
            Service::Brevo => self.brevo.answer(request, now, |change| self.keep(change)),
        };
        // A refused credential is answered before the limits are looked at.
        if reply.status != 401 {
            reply.headers.extend(headers);
        }
        if reply.changed {
            self.counts.write(service);
        }
        reply
    }

    /// True for what is asked of registered webhooks, with a credential where Brevo is asked.
    fn about_webhooks(&self, service: Service, request: &Request) -> bool {
        match (service, request.route().as_slice()) {
            (
                Service::Jira,
                ["rest", "webhooks", "1.0", "webhook", ..]
                | ["rest", "api", "3", "webhook", ..]
                | ["ex", "jira", _, "rest", "webhooks", "1.0", "webhook", ..]
                | ["ex", "jira", _, "rest", "api", "3", "webhook", ..],
            ) => true,
            (Service::Brevo, ["v3", "webhooks", ..]) => {
                request.header("api-key") == Some(brevo::KEY)
            }
            _ => false,
        }
    }

    fn webhooks(&self, service: Service, request: &Request, now: i64) -> Reply {
        let mut hooks = lock(&self.hooks);
        let reply = match service {
            Service::Jira => self.jira.webhooks(&mut hooks, request, now),
            Service::Brevo => Brevo::webhooks(&mut hooks, request, now),
        };
        let reply = reply.unwrap_or_else(|| Reply::empty(404));
        if reply.changed && self.journal.keeps() {
            self.journal.append(&json!({ "hooks": &*hooks }));
        }
        reply
    }

    /// An answer that a fault gives instead of the service.
    fn instead(&self, service: Service, fault: &Fault) -> Option<Reply> {
        let wait = fault.retry_after.unwrap_or(1);
        let failed = |status: u16, message: &str| match service {
            Service::Jira => {
                Reply::json(status, &json!({ "errorMessages": [message], "errors": {} }))
            }
            Service::Brevo => brevo::failed(status, "internal_error", message),
        };
        Some(match fault.kind {
            FaultKind::RateLimited | FaultKind::RateLimitedHtml => match service {
                Service::Jira => jira::rate_limited(wait, fault.kind == FaultKind::RateLimitedHtml),
                Service::Brevo => brevo::rate_limited(wait),
            },
            FaultKind::ServerError => failed(500, "Internal server error"),
            FaultKind::BadGateway => Reply::html(502, "502 Bad Gateway"),
            FaultKind::Unavailable => {
                failed(503, "Service unavailable").with_header("retry-after", wait.to_string())
            }
            FaultKind::TooEarly => {
                brevo::failed(425, "account_in_process", "Account is in process")
            }
            FaultKind::Unauthorized => failed(401, "Unauthorized"),
            FaultKind::Html => Reply::html(200, "Page Unavailable"),
            FaultKind::Reset
            | FaultKind::Truncated
            | FaultKind::Slow
            | FaultKind::LostAnswer
            | FaultKind::AppliedServerError => return None,
        })
    }
}

/// Answers a request, or breaks the connection off.
pub(super) async fn answer(
    world: &World,
    service: Service,
    request: axum::http::Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(Body::new(body), LARGEST_BODY).await else {
        let reply = Reply::json(413, &json!({ "message": "Payload Too Large" }));
        return Ok(response(world, reply, false, None));
    };
    let request = Request {
        path: parts.uri.path().to_owned(),
        segments: segments(parts.uri.path()),
        query: url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect(),
        method: parts.method,
        headers: parts.headers,
        body,
    };
    if request
        .segments
        .first()
        .is_some_and(|first| first == "_sandbox")
    {
        return Ok(response(
            world,
            control::answer(world, &request),
            false,
            None,
        ));
    }
    let gzip = request
        .header("accept-encoding")
        .is_some_and(|accepted| accepted.contains("gzip"));
    let fault = world.faults.draw(service, &request);
    let kind = fault.as_ref().map(|fault| fault.kind);
    let instead = fault
        .as_ref()
        .and_then(|fault| world.instead(service, fault));
    let reply = match (instead, kind) {
        (Some(reply), _) => reply,
        (None, Some(FaultKind::Reset)) => Reply::empty(0),
        (None, _) => world.serve(service, &request),
    };
    let reply = if kind == Some(FaultKind::AppliedServerError) {
        Reply::json(500, &json!({ "message": "Internal server error" }))
    } else {
        reply
    };
    let broken = matches!(kind, Some(FaultKind::Reset | FaultKind::LostAnswer));
    let outcome = match kind {
        Some(FaultKind::Reset) => "reset".to_owned(),
        Some(FaultKind::LostAnswer) => "lost".to_owned(),
        Some(FaultKind::Truncated) => "truncated".to_owned(),
        _ => reply.status.to_string(),
    };
    world.counts.exchange(
        service,
        route(request.method.as_str(), &request.segments),
        &outcome,
    );
    if let Some(log) = &world.log {
        log.write(world.clock.now(), service, &request, &reply, &outcome);
    }
    if broken {
        return Err(Broken);
    }
    if kind == Some(FaultKind::Slow) {
        let delay = fault
            .as_ref()
            .and_then(|fault| fault.delay_ms)
            .unwrap_or(300);
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let cut = (kind == Some(FaultKind::Truncated)).then_some(reply.body.len() / 2);
    Ok(response(world, reply, gzip && cut.is_none(), cut))
}

/// The reply on the wire; `cut` is after how many bytes it ends too early.
fn response(world: &World, reply: Reply, gzip: bool, cut: Option<usize>) -> Response<Body> {
    let wrap = gzip && reply.body.len() > 1_024;
    let body = if wrap {
        Bytes::from(gzip::wrap(&reply.body))
    } else {
        reply.body
    };
    let length = body.len();
    let mut response = Response::new(Body::empty());
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let date = timestamp(world.clock.now())
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    };
    set("date", &date);
    if let Some(kind) = reply.content_type {
        set("content-type", kind);
    }
    if wrap {
        set("content-encoding", "gzip");
    }
    for (name, value) in &reply.headers {
        set(name, value);
    }
    let Some(cut) = cut else {
        *response.body_mut() = Body::from(body);
        return response;
    };
    // One byte more than there is, where the whole body would otherwise have been sent.
    set("content-length", &(length.max(cut + 1)).to_string());
    let start = body.slice(..cut.min(length));
    let parts = futures::stream::unfold(Some(start), |start| async move {
        match start {
            Some(start) => Some((Ok(start), None)),
            None => {
                // What was sent so far goes out before the connection ends.
                tokio::time::sleep(Duration::from_millis(10)).await;
                Some((Err(Broken), None))
            }
        }
    });
    *response.body_mut() = Body::from_stream(parts);
    response
}

/// A path's segments, percent-decoded.
fn segments(path: &str) -> Vec<String> {
    path.trim_start_matches('/')
        .split('/')
        .map(|segment| {
            // A plus is a plus in a path.
            let segment = segment.replace('+', "%2B").replace('&', "%26");
            url::form_urlencoded::parse(format!("x={segment}").as_bytes())
                .next()
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default()
        })
        .collect()
}
