//! What a run asks of the state.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::connectors::Known;
use crate::operation::Receipt;

use super::{
    Claim, Commit, Decision, Delivery, Due, Group, GroupId, Guarded, Held, Lane, LaneView, Lease,
    Origin, RetriedRecord, RunRecord, ScopeOf, Settlement, StateError,
};

/// The state of a run. Every changing call is durable when it returns; one that carries an
/// outdated lease changes nothing and fails with [`StateError::LeaseLost`].
pub trait Store: Send + Sync {
    /// Asks for a lane; `holder` describes this process to others.
    fn claim<'a>(
        &'a self,
        lane: &'a Lane,
        holder: &'a str,
    ) -> BoxFuture<'a, Result<Claim, StateError>>;

    /// Renews a lease for 60 s.
    fn extend<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<(), StateError>>;

    /// Opens a run: keeps `origin` where the lane has none yet (or takes over that of a pipeline
    /// whose `scopes` these are), drops what an interrupted run held back, and turns what it was
    /// sending into what must be settled. Answers where the lane stands.
    fn begin<'a>(
        &'a self,
        lease: &'a Lease,
        origin: &'a Origin,
        scopes: &'a [ScopeOf],
        now: i64,
    ) -> BoxFuture<'a, Result<LaneView, StateError>>;

    /// Makes a page durable: cursors, operations folded with what is known, dead letters.
    /// Answers one decision for each operation, in order.
    fn commit<'a>(
        &'a self,
        lease: &'a Lease,
        commit: Arc<Commit>,
    ) -> BoxFuture<'a, Result<Vec<Decision>, StateError>>;

    /// What is held back and what is known, for each of the lane's scopes.
    fn guarded<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Vec<Guarded>, StateError>>;

    /// Decides on what a guard held back.
    fn held<'a>(
        &'a self,
        lease: &'a Lease,
        held: Held,
        now: i64,
    ) -> BoxFuture<'a, Result<(), StateError>>;

    /// What may be worked on now, at most `limit` rows.
    fn due<'a>(
        &'a self,
        lease: &'a Lease,
        now: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Due, StateError>>;

    /// Those of these receipts that no other key of the row's scope is known by.
    fn unclaimed<'a>(
        &'a self,
        lease: &'a Lease,
        row: i64,
        receipts: Vec<Receipt>,
    ) -> BoxFuture<'a, Result<Vec<Receipt>, StateError>>;

    /// The operations of rows, to ask after them.
    fn load<'a>(
        &'a self,
        lease: &'a Lease,
        rows: &'a [i64],
    ) -> BoxFuture<'a, Result<Vec<Delivery>, StateError>>;

    /// Marks pending rows as being sent and answers them; what is answered, and nothing else, may
    /// be sent. A row that a newer operation has overtaken is dropped and not answered.
    fn sending<'a>(
        &'a self,
        lease: &'a Lease,
        rows: &'a [i64],
        now: i64,
    ) -> BoxFuture<'a, Result<Vec<Delivery>, StateError>>;

    /// Keeps what became of rows.
    fn settle<'a>(
        &'a self,
        lease: &'a Lease,
        settled: Vec<(i64, Settlement)>,
        now: i64,
    ) -> BoxFuture<'a, Result<(), StateError>>;

    /// Records whose dead letters are to be tried again, at most `limit`, after the number given.
    fn retried_records<'a>(
        &'a self,
        lease: &'a Lease,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RetriedRecord>, StateError>>;

    /// Groups that an aggregate made in the last run, at most `limit`, after the one given.
    fn groups<'a>(
        &'a self,
        lease: &'a Lease,
        after: Option<GroupId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Group>, StateError>>;

    /// What a source kept of things in earlier runs, in order; no parts where nothing is kept.
    fn known<'a>(
        &'a self,
        lease: &'a Lease,
        source: &'a str,
        owners: &'a [Arc<str>],
    ) -> BoxFuture<'a, Result<Vec<Known>, StateError>>;

    /// Ends a run: keeps how it went and gives the lane back.
    fn finish<'a>(
        &'a self,
        lease: &'a Lease,
        run: &'a RunRecord,
    ) -> BoxFuture<'a, Result<(), StateError>>;
}
