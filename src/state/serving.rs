//! What a server that runs pipelines by itself asks of the state and keeps in it.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::{GaugeOf, Limit, StateError};
use crate::connectors::Cursor;

/// How a pipeline fares from run to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// When it started failing, in epoch milliseconds; none while it does not.
    pub failing_since: Option<i64>,
    /// How many runs in a row have failed.
    pub failures: u64,
    /// When a run last ended well, in epoch milliseconds.
    pub last_success: Option<i64>,
}

/// Where a pipeline stands, as far as a server needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Who runs it now.
    pub holder: Option<String>,
    /// When its last run that ended began, in epoch milliseconds, and how it ended.
    pub last_run: Option<(i64, String)>,
    /// Each source's cursor.
    pub cursors: Vec<(Arc<str>, Cursor)>,
    /// When a run last ended well, in epoch milliseconds, whoever ran it.
    pub last_well: Option<i64>,
    /// Operations that are not settled.
    pub unsettled: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// How it fares.
    pub watched: Watched,
}

/// The state as a server sees it.
pub trait Serving: Send + Sync {
    /// Where a pipeline stands; one that never ran stands nowhere.
    fn standing<'a>(&'a self, pipeline: &'a str) -> BoxFuture<'a, Result<Standing, StateError>>;

    /// Keeps how a pipeline fares.
    fn watch<'a>(
        &'a self,
        pipeline: &'a str,
        watched: &'a Watched,
    ) -> BoxFuture<'a, Result<(), StateError>>;

    /// Gives back what a holder still has, whose runs have been given up: nobody needs to wait for
    /// its lease to end. Answers how many lanes that were.
    fn give_up<'a>(&'a self, holder: &'a str) -> BoxFuture<'a, Result<u64, StateError>>;

    /// How many deliveries of each connection are not worked off.
    fn inbox_depths(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StateError>>;

    /// The limits last seen, by connection.
    fn limits_seen(&self) -> BoxFuture<'_, Result<Vec<(String, Limit)>, StateError>>;

    /// The gauges that pipelines' last runs set, with the pipelines.
    fn gauges_set(&self) -> BoxFuture<'_, Result<Vec<GaugeOf>, StateError>>;
}
