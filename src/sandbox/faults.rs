//! Faults on demand: which request fails, and how.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::exchange::{Request, Service};
use super::random::Random;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 429 with the service's headers.
    RateLimited,
    /// 429 as an HTML page, as Jira sometimes answers.
    RateLimitedHtml,
    /// 500.
    ServerError,
    /// 502 as an HTML page.
    BadGateway,
    /// 503.
    Unavailable,
    /// 425, as Brevo answers for a contact that is being worked on.
    TooEarly,
    /// 401, as for a wrong credential.
    Unauthorized,
    /// The connection is reset without an answer, and the request not carried out.
    Reset,
    /// The request is carried out and its answer cut in the middle.
    Truncated,
    /// 200 with an HTML page instead of JSON; the request is not carried out.
    Html,
    /// The request is carried out and answered late, by `delay_ms` (default 300).
    Slow,
    /// The request is carried out and the connection closed without an answer.
    LostAnswer,
    /// The request is carried out and answered with a 500.
    AppliedServerError,
}

/// One rule: which requests it concerns and what share of them fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// The share of the matching requests that fails, from 0 to 1; all by default.
    #[serde(default = "all")]
    pub share: f64,
    /// Only requests to this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Only requests of this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only requests whose path contains this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only the first so many failures; then the rule is spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// Lets so many matching requests pass before the rule begins.
    #[serde(default)]
    pub skip: u64,
    /// What 429 and 503 say of the wait, in seconds (default 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// How late a slow answer is, in milliseconds (default 300).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
}

fn all() -> f64 {
    1.0
}

impl Fault {
    /// A rule for all requests of both services.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            share: 1.0,
            service: None,
            method: None,
            path: None,
            first: None,
            skip: 0,
            retry_after: None,
            delay_ms: None,
        }
    }

    /// Whether the rule concerns this request.
    fn concerns(&self, service: Service, request: &Request) -> bool {
        self.service.is_none_or(|wanted| wanted == service)
            && self
                .method
                .as_ref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(request.method.as_str()))
            && self
                .path
                .as_ref()
                .is_none_or(|wanted| request.path.contains(wanted.as_str()))
    }
}

/// The rules, in order; the first that strikes decides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// The rules.
    #[serde(default)]
    pub rules: Vec<Fault>,
}

impl Faults {
    /// No faults.
    pub fn none() -> Self {
        Self::default()
    }

    /// Faults of every kind that a client must survive, together this share of all requests
    /// (from 0 to 1). `retry_after` is what limits and outages ask for, in seconds.
    pub fn share(share: f64, retry_after: u64) -> Self {
        let kinds = [
            FaultKind::RateLimited,
            FaultKind::ServerError,
            FaultKind::Unavailable,
            FaultKind::BadGateway,
            FaultKind::Reset,
            FaultKind::Truncated,
            FaultKind::Html,
            FaultKind::Slow,
            FaultKind::LostAnswer,
            FaultKind::AppliedServerError,
        ];
        let mut untouched = 1.0;
        let each = share / kinds.len() as f64;
        let rules = kinds
            .into_iter()
            .map(|kind| {
                // A rule sees only what the rules before it let through.
                let of_those_left = if untouched > 0.0 {
                    each / untouched
                } else {
                    0.0
                };
                untouched -= each;
                Fault {
                    share: of_those_left,
                    retry_after: Some(retry_after),
                    delay_ms: Some(200),
                    ..Fault::new(kind)
                }
            })
            .collect();
        Self { rules }
    }
}

/// The rules at work.
pub(super) struct Injector {
    state: Mutex<State>,
}

struct State {
    faults: Faults,
    /// Of each rule: matching requests seen, failures made.
    used: Vec<(u64, u64)>,
    random: Random,
}

impl Injector {
    pub(super) fn new(faults: Faults, random: Random) -> Self {
        let used = vec![(0, 0); faults.rules.len()];
        Self {
            state: Mutex::new(State {
                faults,
                used,
                random,
            }),
        }
    }

    /// The rules as they stand.
    pub(super) fn rules(&self) -> Faults {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .faults
            .clone()
    }

    /// Replaces the rules; their counts begin anew.
    pub(super) fn replace(&self, faults: Faults) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.used = vec![(0, 0); faults.rules.len()];
        state.faults = faults;
    }

    /// What goes wrong with this request, if anything.
    pub(super) fn draw(&self, service: Service, request: &Request) -> Option<Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State {
            faults,
            used,
            random,
        } = &mut *state;
        for (rule, (seen, made)) in faults.rules.iter().zip(used.iter_mut()) {
            if !rule.concerns(service, request) || rule.first.is_some_and(|first| *made >= first) {
                continue;
            }
            *seen += 1;
            if *seen > rule.skip && random.chance(rule.share) {
                *made += 1;
                return Some(rule.clone());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str) -> Request {
        Request {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            segments: Vec::new(),
            query: Vec::new(),
            headers: axum::http::HeaderMap::new(),
            body: bytes::Bytes::new(),
        }
    }

    #[test]
    fn the_share_is_kept_and_split_evenly() {
        let injector = Injector::new(Faults::share(0.3, 1), Random::new(5, 5));
        let mut kinds = std::collections::HashMap::new();
        for _ in 0..20_000 {
            if let Some(fault) = injector.draw(Service::Brevo, &request("POST", "/v3/contacts")) {
                *kinds.entry(format!("{:?}", fault.kind)).or_insert(0) += 1;
            }
        }
        let total: i32 = kinds.values().sum();
        assert!((5_700..6_300).contains(&total), "{total}");
        assert_eq!(kinds.len(), 10);
        assert!(
            kinds.values().all(|count| (450..750).contains(count)),
            "{kinds:?}"
        );
    }

    #[test]
    fn first_skip_and_filters_hold() {
        let rule = Fault {
            first: Some(2),
            skip: 1,
            method: Some("post".to_owned()),
            path: Some("/events".to_owned()),
            ..Fault::new(FaultKind::Reset)
        };
        let injector = Injector::new(Faults { rules: vec![rule] }, Random::new(1, 1));
        let hit = |method, path| {
            injector
                .draw(Service::Brevo, &request(method, path))
                .is_some()
        };
        assert!(!hit("GET", "/v3/events"));
        assert!(!hit("POST", "/v3/contacts"));
        assert!(!hit("POST", "/v3/events"));
        assert!(hit("POST", "/v3/events"));
        assert!(hit("POST", "/v3/events/batch"));
        assert!(!hit("POST", "/v3/events"));
    }
}
