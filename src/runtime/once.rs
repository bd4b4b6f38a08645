//! One run of one pipeline, for whoever asks: a person or the server.

use std::path::Path;
use std::sync::Arc;

use super::{Connected, lookups, prepare};
use crate::engine::{self, Context, Finished, Job, Planned};
use crate::http::Failure;
use crate::plan::Plan;
use crate::state::{Admin, Binding, Seal, StateError, Store};
use crate::transform::MaskKey;

/// How a run is asked for.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// This process, as others are told who runs the pipeline.
    pub holder: String,
    /// How long to wait for another process that runs the pipeline, in milliseconds.
    pub patience_ms: i64,
    /// Reads as the first run did.
    pub full: bool,
    /// Reads from here instead of the cursor, in epoch milliseconds.
    pub since: Option<i64>,
    /// Only records that also match this query.
    pub narrow: Option<String>,
    /// At most so many records.
    pub limit: Option<u64>,
    /// Goes on past a guard.
    pub past_guard: bool,
}

/// What stands outside the state and its pipelines need.
pub struct Keys {
    /// What `mask` hashes with.
    pub mask: MaskKey,
    /// What seals the groups of `aggregate`; there where the pipeline has one.
    pub seal: Option<Seal>,
}

/// Why a run did not begin.
#[derive(Clone, Debug)]
pub enum NotBegun {
    /// The state refuses.
    State(StateError),
    /// An account lacks something, or a service refused.
    Failed(Failure),
    /// What is set aside cannot be kept.
    SetAside(String),
}

/// Runs a pipeline once on open connections. `said` is told what was created before the first
/// write.
///
/// # Errors
/// Where it could not begin.
pub async fn run_once(
    plan: &Arc<Plan>,
    connected: &Connected,
    root: &Path,
    store: &(impl Store + Admin),
    (keys, ask): (&Keys, Ask),
    said: &(dyn Fn(&str) + Sync),
    context: &Context<'_>,
) -> Result<Finished, NotBegun> {
    store
        .bind(&bindings(connected))
        .await
        .map_err(NotBegun::State)?;
    let prepared = prepare(plan, connected, root)
        .await
        .map_err(NotBegun::Failed)?;
    for told in &prepared.told {
        said(told);
    }
    let mut stages = Planned::new(plan, &keys.mask, keys.seal.as_ref(), context.clock.now())
        .map_err(|error| NotBegun::SetAside(error.to_string()))?;
    let job = Job {
        pipeline: Arc::clone(&plan.name),
        holder: ask.holder,
        patience_ms: ask.patience_ms,
        sources: prepared.sources,
        lookups: lookups(plan, connected, root),
        sinks: prepared.sinks,
        by_day: plan.by_day().cloned(),
        guard: prepared.guard.filter(|_| !ask.past_guard),
        reads_whole: plan.reads_whole(),
        holds: plan.holds(),
        full: ask.full,
        since: ask.since,
        narrow: ask.narrow,
        limit: ask.limit,
    };
    Ok(engine::run(job, &mut stages, store, context).await)
}

/// The accounts that the state is bound to.
#[must_use]
pub fn bindings(connected: &Connected) -> Vec<Binding> {
    let jira = connected
        .jira
        .iter()
        .map(|(name, session)| (name, session.cloud_id.clone()));
    let brevo = connected
        .brevo
        .iter()
        .map(|(name, session)| (name, session.account.clone()));
    jira.chain(brevo)
        .map(|(name, account)| Binding {
            connection: name.to_string(),
            account,
        })
        .collect()
}
