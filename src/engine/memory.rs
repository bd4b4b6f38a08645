//! What a source kept in earlier runs, out of the state.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};

use crate::connectors::{Known, Memory};
use crate::http::{Class, Failure};
use crate::state::{Lane, Lease, StateError, Store, View};

/// What a source of a run kept.
pub(super) struct StoreMemory<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) lease: &'a Lease,
    pub(super) source: Arc<str>,
}

impl Memory for StoreMemory<'_> {
    fn known<'a>(&'a self, owners: &'a [Arc<str>]) -> BoxFuture<'a, Result<Vec<Known>, Failure>> {
        let known = self.store.known(self.lease, &self.source, owners);
        async move { known.await.map_err(|error| failed(&error)) }.boxed()
    }
}

/// What a source kept, for one who only looks; nothing where there is no state yet.
pub struct ViewMemory<'a> {
    /// The state.
    pub view: Option<&'a (dyn View + Sync)>,
    /// The pipeline's lane.
    pub lane: Lane,
    /// The source's name in the pipeline.
    pub source: Arc<str>,
}

impl Memory for ViewMemory<'_> {
    fn known<'a>(&'a self, owners: &'a [Arc<str>]) -> BoxFuture<'a, Result<Vec<Known>, Failure>> {
        let Some(view) = self.view else {
            return crate::connectors::NoMemory.known(owners);
        };
        let known = view.known_of(&self.lane, &self.source, owners);
        async move { known.await.map_err(|error| failed(&error)) }.boxed()
    }
}

fn failed(error: &StateError) -> Failure {
    Failure::new(Class::Rejected, error.to_string())
}
