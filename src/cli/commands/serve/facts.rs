//! What the state and the webhooks say at a scrape.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt as _};

use crate::cli::commands::telling::cursor_time;
use crate::cli::time::now;
use crate::server::health::AskState;
use crate::server::metrics::{Facts, PipelineFacts};
use crate::server::webhooks::Webhooks;
use crate::state::{Serving as _, SqliteStore, Standing, StateError};

/// Asks the state.
pub(super) struct StateFacts {
    store: Arc<SqliteStore>,
    webhooks: Arc<Webhooks>,
    pipelines: Mutex<Vec<Arc<str>>>,
}

impl StateFacts {
    pub(super) fn new(store: Arc<SqliteStore>, webhooks: Arc<Webhooks>) -> Self {
        Self {
            store,
            webhooks,
            pipelines: Mutex::default(),
        }
    }

    /// Says which pipelines there are.
    pub(super) fn know(&self, pipelines: Vec<Arc<str>>) {
        *self
            .pipelines
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = pipelines;
    }

    async fn ask(&self) -> Result<Facts, StateError> {
        let names = self
            .pipelines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut facts = Facts {
            inbox: self.store.inbox_depths().await?.into_iter().collect(),
            ..Facts::default()
        };
        for name in &names {
            let standing = self.store.standing(name).await?;
            facts.pipelines.insert(name.to_string(), of(&standing));
        }
        let limits = self.store.limits_seen().await?;
        facts.limits = limits
            .into_iter()
            .filter_map(|(connection, limit)| {
                let over = limit
                    .resets_at
                    .is_some_and(|at| at <= now().as_millisecond());
                let left = if over { limit.limit } else { limit.remaining };
                Some(((connection, limit.family), left?))
            })
            .collect();
        facts.gauges = self
            .store
            .gauges_set()
            .await?
            .into_iter()
            .filter(|(pipeline, _)| names.contains(pipeline))
            .map(|(_, gauge)| gauge)
            .collect();
        let counted = self.webhooks.counted();
        facts.webhooks = counted
            .into_iter()
            .map(|(name, outcome, count)| ((name.to_string(), outcome.as_str()), count))
            .collect::<BTreeMap<_, _>>();
        Ok(facts)
    }
}

impl AskState for StateFacts {
    fn facts(&self) -> BoxFuture<'_, Result<Facts, StateError>> {
        self.ask().boxed()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times in milliseconds are far below 2^53"
)]
fn of(standing: &Standing) -> PipelineFacts {
    let seconds = |milliseconds: i64| milliseconds as f64 / 1_000.0;
    let cursors = standing.cursors.iter();
    let oldest = cursors
        .filter_map(|(source, cursor)| cursor_time(source, cursor))
        .min();
    PipelineFacts {
        dead_letters: standing.dead_letters,
        unsettled: standing.unsettled,
        lag_seconds: oldest.map_or(0.0, |at| {
            seconds(now().as_millisecond().saturating_sub(at).max(0))
        }),
        // Also that of a `run` of its own.
        last_success: standing
            .last_well
            .max(standing.watched.last_success)
            .map_or(0.0, seconds),
    }
}
