//! What people ask of the state: show, reset, set, dead letters, counts.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::{
    CredentialView, DeadLetter, Decision, GaugeOf, Group, GroupId, Lane, Origin, RunRecord,
    ScopeOf, SinkTerms, StateError,
};
use crate::connectors::{Cursor, Known};
use crate::operation::Operation;

/// A connection and the account behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The connection's name.
    pub connection: String,
    /// The account: Jira's cloud id, Brevo's account.
    pub account: String,
}

/// A lane as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneView {
    /// The lane.
    pub lane: Lane,
    /// Where it began; none before its first run.
    pub origin: Option<Origin>,
    /// Each source's cursor.
    pub cursors: Vec<(Arc<str>, Cursor)>,
    /// When a cursor last moved, in epoch milliseconds.
    pub moved_at: Option<i64>,
    /// Who runs it now.
    pub holder: Option<String>,
    /// Rows of the outbox that are not settled.
    pub unsettled: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Keys that the ledger knows in its scopes.
    pub known: u64,
    /// The last run that ended.
    pub last_run: Option<RunRecord>,
}

/// What `reset` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reset {
    /// The next run reads from the beginning; what was sent stays known.
    Cursors,
    /// What was sent is forgotten too.
    ForgetSent,
}

/// What the ledger has seen, for `status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tracked {
    /// Issues.
    pub issues: u64,
    /// Projects that these lie in.
    pub projects: u64,
    /// Contacts that were written with an identity of a Jira user.
    pub users_linked: u64,
}

/// A limit as a service's headers last stated it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The endpoint family.
    pub family: String,
    /// Calls a window.
    pub limit: Option<i64>,
    /// Calls left.
    pub remaining: Option<i64>,
    /// When the window ends, in epoch milliseconds.
    pub resets_at: Option<i64>,
    /// When it was seen, in epoch milliseconds.
    pub seen_at: i64,
}

/// Changes that people make by hand.
pub trait Admin: Send + Sync {
    /// Holds the state to the accounts that it was made with.
    ///
    /// # Errors
    /// [`StateError::OtherAccount`] where a connection has another account than before.
    fn bind<'a>(&'a self, bindings: &'a [Binding]) -> BoxFuture<'a, Result<(), StateError>>;

    /// Sends dead letters again: operations at once, records with the pipeline's next run.
    /// Answers how many there were; what a newer operation has overtaken is dropped.
    fn retry_dead_letters<'a>(
        &'a self,
        ids: &'a [i64],
        now: i64,
    ) -> BoxFuture<'a, Result<u64, StateError>>;

    /// Drops dead letters; what they asked for stays known and is not sent.
    fn discard_dead_letters<'a>(&'a self, ids: &'a [i64])
    -> BoxFuture<'a, Result<u64, StateError>>;

    /// Moves a pipeline's cursors back to the beginning.
    ///
    /// # Errors
    /// [`StateError::Busy`] while it runs; [`StateError::NotFound`] where it has no state.
    fn reset<'a>(
        &'a self,
        pipeline: &'a str,
        reset: Reset,
    ) -> BoxFuture<'a, Result<(), StateError>>;

    /// Sets the cursor of one of a pipeline's sources.
    ///
    /// # Errors
    /// [`StateError::Busy`] while it runs; [`StateError::NotFound`] where it has no state.
    fn set_cursor<'a>(
        &'a self,
        pipeline: &'a str,
        source: &'a str,
        cursor: &'a Cursor,
        now: i64,
    ) -> BoxFuture<'a, Result<(), StateError>>;
}

/// The state as it is read by those who may not change it.
pub trait View: Send + Sync {
    /// Every lane, by name.
    fn lanes(&self) -> BoxFuture<'_, Result<Vec<LaneView>, StateError>>;

    /// The dead letters of a pipeline, or of all, oldest first.
    fn dead_letters<'a>(
        &'a self,
        pipeline: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<DeadLetter>, StateError>>;

    /// What the ledger has seen.
    fn tracked(&self) -> BoxFuture<'_, Result<Tracked, StateError>>;

    /// How many keys are known in all scopes that begin so: contacts by `brevo.contacts/`.
    fn known<'a>(&'a self, scope_prefix: &'a str) -> BoxFuture<'a, Result<u64, StateError>>;

    /// The limits last seen, by connection.
    fn limits(&self) -> BoxFuture<'_, Result<Vec<(String, Limit)>, StateError>>;

    /// Holds the state to the accounts that it was made with, as [`Admin::bind`] does, and writes
    /// nothing.
    ///
    /// # Errors
    /// [`StateError::OtherAccount`] where a connection has another account than before.
    fn holds<'a>(&'a self, bindings: &'a [Binding]) -> BoxFuture<'a, Result<(), StateError>>;

    /// The accounts that the state was made with.
    fn bindings(&self) -> BoxFuture<'_, Result<Vec<Binding>, StateError>>;

    /// The names of the secrets that are kept.
    fn secret_names(&self) -> BoxFuture<'_, Result<Vec<String>, StateError>>;

    /// What is known of the credentials that are kept, without opening them.
    fn credentials(&self) -> BoxFuture<'_, Result<Vec<CredentialView>, StateError>>;

    /// Where a lane began, or would begin by taking over the origin of a pipeline whose scopes
    /// these are; none where it would begin anew.
    fn origin<'a>(
        &'a self,
        lane: &'a Lane,
        scopes: &'a [ScopeOf],
    ) -> BoxFuture<'a, Result<Option<Origin>, StateError>>;

    /// Groups that an aggregate made in a lane's last run, at most `limit`, after the one given.
    fn groups<'a>(
        &'a self,
        lane: &'a Lane,
        after: Option<GroupId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Group>, StateError>>;

    /// The gauges that pipelines' last runs set, with the pipelines, by name.
    fn gauges(&self) -> BoxFuture<'_, Result<Vec<GaugeOf>, StateError>>;
    /// What a lane's source kept of things, in order, as [`super::Store::known`] tells it.
    fn known_of<'a>(
        &'a self,
        lane: &'a Lane,
        source: &'a str,
        owners: &'a [Arc<str>],
    ) -> BoxFuture<'a, Result<Vec<Known>, StateError>>;

    /// What a commit of these operations would decide, each judged alone: those of one key must
    /// have been folded.
    fn decide<'a>(
        &'a self,
        sinks: &'a [SinkTerms],
        operations: &'a [Operation],
    ) -> BoxFuture<'a, Result<Vec<Decision>, StateError>>;
}
