//! How many requests came, by service, method and path, and how they were answered.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::exchange::Service;

/// Counts since the start or the last reset.
#[derive(Default)]
pub(super) struct Counts {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: BTreeMap<(&'static str, String), BTreeMap<String, u64>>,
    writes: BTreeMap<&'static str, u64>,
}

fn name(service: Service) -> &'static str {
    match service {
        Service::Jira => "jira",
        Service::Brevo => "brevo",
    }
}

impl Counts {
    /// Counts one exchange. `route` is the method and the path with its identifiers left out;
    /// `outcome` is the status, or what became of the connection.
    pub(super) fn exchange(&self, service: Service, route: String, outcome: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = state.requests.entry((name(service), route)).or_default();
        *outcomes.entry(outcome.to_owned()).or_default() += 1;
    }

    /// Counts a request that changed something.
    pub(super) fn write(&self, service: Service) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state.writes.entry(name(service)).or_default() += 1;
    }

    /// Begins anew.
    pub(super) fn reset(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    /// `{requests:{SERVICE:{"METHOD /path":{count, outcomes:{STATUS:n}}}}, writes:{…},
    /// rate_limited:{…}, total}`.
    pub(super) fn report(&self) -> Value {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut requests = json!({ "jira": {}, "brevo": {} });
        let mut limited = json!({ "jira": 0, "brevo": 0 });
        let mut total = 0;
        for ((service, route), outcomes) in &state.requests {
            let count: u64 = outcomes.values().sum();
            total += count;
            requests[*service][route] = json!({ "count": count, "outcomes": outcomes });
            let refused = limited[*service].as_u64().unwrap_or_default()
                + outcomes.get("429").copied().unwrap_or_default();
            limited[*service] = json!(refused);
        }
        let writes = |service: &str| state.writes.get(service).copied().unwrap_or_default();
        json!({
            "requests": requests,
            "writes": { "jira": writes("jira"), "brevo": writes("brevo") },
            "rate_limited": limited,
            "total": total,
        })
    }
}

/// The method and path of a request with its identifiers replaced by `*`, so that counts stay few.
pub(super) fn route(method: &str, segments: &[String]) -> String {
    let mut out = method.to_owned();
    out.push(' ');
    for (index, segment) in segments.iter().enumerate() {
        out.push('/');
        let identifier = segment.chars().any(|c| c.is_ascii_digit() || c == '@')
            && !(index < 4 && matches!(segment.as_str(), "3" | "2" | "v3" | "1.0"));
        out.push_str(if identifier { "*" } else { segment });
    }
    out
}
