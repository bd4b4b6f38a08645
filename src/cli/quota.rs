//! What the services said of their limits, for the log while a run goes on and for `status` after it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::time::now;
use crate::http::{Exchange, Exchanges};
use crate::server::metrics::Metrics;
use crate::state::{Limit, Permits, StateError};

/// The limits last seen, by connection and endpoint family.
#[derive(Debug, Default)]
pub(super) struct Quota {
    seen: Mutex<BTreeMap<(Arc<str>, &'static str), Limit>>,
    calls: Mutex<Calls>,
    /// What the next try of each connection waits for.
    waits: Mutex<BTreeMap<Arc<str>, String>>,
    /// Where a server counts requests.
    metrics: OnceLock<Arc<Metrics>>,
}

/// Calls by connection and endpoint family.
pub(super) type Calls = BTreeMap<(Arc<str>, &'static str), u64>;

impl Quota {
    /// Counts requests there too, from now on.
    pub(super) fn count_in(&self, metrics: &Arc<Metrics>) {
        self.metrics.get_or_init(|| Arc::clone(metrics));
    }

    /// The calls made so far; tries that followed a failed one are none.
    pub(super) fn calls(&self) -> Calls {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.clone()
    }

    /// Why the last try of a connection failed that is to be tried again; told once.
    pub(super) fn waits_for(&self, connection: &str) -> Option<String> {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.remove(connection)
    }

    /// Keeps them in the state.
    ///
    /// # Errors
    /// Where the state cannot be written.
    pub(super) async fn save(&self, permits: &dyn Permits) -> Result<(), StateError> {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        for ((connection, _), limit) in seen {
            permits.saw_limit(&connection, limit).await?;
        }
        Ok(())
    }
}

/// The exchanges of one connection: logged with `--log-api-calls`, values never among them.
pub(super) struct Logged {
    pub(super) connection: Arc<str>,
    pub(super) quota: Arc<Quota>,
}

impl Exchanges for Logged {
    fn ended(&self, exchange: &Exchange) {
        tracing::info!(
            target: "flowline::api",
            service = exchange.service,
            call = exchange.call,
            status = exchange.status,
            took_ms = exchange.took_ms,
            attempt = exchange.attempt,
            limit = exchange.limit.and_then(|limit| limit.limit),
            remaining = exchange.limit.and_then(|limit| limit.remaining),
            resets_in_s = exchange.limit.and_then(|limit| limit.reset).map(|wait| wait.as_secs()),
            "api call"
        );
        if let Some(metrics) = self.quota.metrics.get() {
            let status = exchange.status.unwrap_or(0);
            metrics.requested(&self.connection, exchange.family, status);
        }
        if exchange.attempt == 1 {
            let calls = &self.quota.calls;
            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
            *calls
                .entry((Arc::clone(&self.connection), exchange.family))
                .or_default() += 1;
        }
        let Some(seen) = exchange.limit else { return };
        let number = |count: u64| i64::try_from(count).ok();
        let at = now().as_millisecond();
        let resets_at = seen
            .reset
            .and_then(|wait| i64::try_from(wait.as_millis()).ok())
            .map(|wait| at.saturating_add(wait));
        let limit = Limit {
            family: exchange.family.to_owned(),
            limit: seen.limit.and_then(number),
            remaining: seen.remaining.and_then(number),
            resets_at,
            seen_at: at,
        };
        let mut known = self
            .quota
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert((Arc::clone(&self.connection), exchange.family), limit);
    }

    fn waits(&self, service: &'static str, reason: &str, wait: Duration) {
        let waits = &self.quota.waits;
        let mut waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.insert(Arc::clone(&self.connection), reason.to_owned());
        drop(waits);
        tracing::warn!(
            service,
            reason,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "waits before the next try"
        );
    }
}
