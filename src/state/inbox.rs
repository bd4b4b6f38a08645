//! What was delivered to us and is not worked off yet.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::StateError;
use crate::connectors::Cursor;

/// One delivery from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// Its number, growing; a cursor over the inbox is the last one worked off.
    pub id: i64,
    /// The connection that it came for.
    pub connection: Arc<str>,
    /// What tells duplicates.
    pub identifier: Arc<str>,
    /// When it came, in epoch milliseconds.
    pub received_at: i64,
    /// The body as it came.
    pub body: Arc<str>,
}

/// Whether a delivery was there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Appended {
    /// It is kept.
    New,
    /// It was kept before.
    Duplicate,
}

/// Where the sources of a pipeline go on, by their names.
pub type Cursors = Vec<(Arc<str>, Cursor)>;

/// The inbox of a project as it is read, also by those who may not change it.
pub trait InboxView: Send + Sync {
    /// The deliveries after a number whose bodies are still there, oldest first: at most `limit`,
    /// and fewer where they are large.
    fn inbox_after<'a>(
        &'a self,
        connection: &'a str,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<InboxItem>, StateError>>;

    /// How many deliveries of each connection are not worked off.
    fn inbox_depths(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StateError>>;

    /// The cursors of a pipeline's sources, by their names.
    fn cursors<'a>(&'a self, pipeline: &'a str) -> BoxFuture<'a, Result<Cursors, StateError>>;
}

/// The inbox of a project.
pub trait Inbox: InboxView {
    /// Keeps a delivery; durable when it returns.
    fn append<'a>(
        &'a self,
        connection: &'a str,
        identifier: &'a str,
        body: &'a str,
        now: i64,
    ) -> BoxFuture<'a, Result<Appended, StateError>>;

    /// Drops the bodies up to and including a number; their identifiers stay known.
    fn worked_off<'a>(
        &'a self,
        connection: &'a str,
        up_to: i64,
    ) -> BoxFuture<'a, Result<(), StateError>>;
}
