//! `POST /webhooks/{connection}`: what services tell, judged, kept in the inbox, then answered.
//!
//! Order of judgement: size, connection, signature, JSON. A delivery is answered with 200 only
//! after it is durable; deliveries that come together become durable together.

mod counts;
mod jwt;
mod take;
mod verify;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::routing::post;
use tokio::sync::Semaphore;

use super::Wakes;
use crate::http::Clock;
use crate::state::Inbox;

pub use counts::{Counts, Outcome};
pub use verify::Verification;

/// The largest body that is taken, in bytes.
pub const LARGEST_BODY: usize = 8 << 20;

/// How many bodies are read at the same time at most: others wait, up to the time that a body may
/// take. Bounds the memory that bodies under way can use.
const BODIES_AT_ONCE: usize = 64;

/// What the endpoint works with; shared by all requests.
pub struct Webhooks {
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    connections: RwLock<BTreeMap<Arc<str>, Arc<Verification>>>,
    counts: Counts,
    large_bodies: Semaphore,
    wakes: Arc<Wakes>,
}

impl Webhooks {
    /// An endpoint for these connections.
    #[must_use]
    pub fn new(
        inbox: Arc<dyn Inbox>,
        clock: Arc<dyn Clock>,
        connections: BTreeMap<Arc<str>, Verification>,
    ) -> Self {
        let webhooks = Self {
            inbox,
            clock,
            connections: RwLock::default(),
            counts: Counts::default(),
            large_bodies: Semaphore::new(BODIES_AT_ONCE),
            wakes: Arc::default(),
        };
        webhooks.set_connections(connections);
        webhooks
    }

    /// Replaces what is known of connections, as after an edit of the project; what was counted
    /// stays counted.
    pub fn set_connections(&self, connections: BTreeMap<Arc<str>, Verification>) {
        for name in connections.keys() {
            self.counts.know(name);
        }
        let connections = connections
            .into_iter()
            .map(|(name, verification)| (name, Arc::new(verification)))
            .collect();
        *self
            .connections
            .write()
            .unwrap_or_else(PoisonError::into_inner) = connections;
    }

    /// Who is woken by what is kept.
    #[must_use]
    pub const fn wakes(&self) -> &Arc<Wakes> {
        &self.wakes
    }

    /// What came of the deliveries so far, by connection and outcome: each connection's series are
    /// there from the start. Those to no connection at all are counted under the empty name.
    #[must_use]
    pub fn counted(&self) -> Vec<(Arc<str>, Outcome, u64)> {
        self.counts.all()
    }

    fn connection(&self, name: &str) -> Option<(Arc<str>, Arc<Verification>)> {
        self.connections
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get_key_value(name)
            .map(|(name, verification)| (Arc::clone(name), Arc::clone(verification)))
    }
}

/// The route `POST /webhooks/{connection}`; methods other than POST are answered with 405. To be
/// merged into the server's router.
pub fn router(webhooks: Arc<Webhooks>) -> Router {
    Router::new()
        .route("/webhooks/{connection}", post(take::take))
        .with_state(webhooks)
}
