//! What a source knew of things that cannot be asked for what changed, kept by the state.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::http::Failure;

/// What a source keeps of one thing (an issue): its parts (the comments), in the source's own
/// words. No parts: nothing is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Known {
    /// The thing's id.
    pub owner: Arc<str>,
    /// Its parts, without commas.
    pub parts: Vec<Arc<str>>,
}

/// What a source kept in earlier runs: what it told with a [`super::Page`] counts once that is
/// committed for good.
pub trait Memory: Send + Sync {
    /// What is kept of each of these, in order; no parts where nothing is.
    fn known<'a>(&'a self, owners: &'a [Arc<str>]) -> BoxFuture<'a, Result<Vec<Known>, Failure>>;
}

/// Nothing was kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMemory;

impl Memory for NoMemory {
    fn known<'a>(&'a self, owners: &'a [Arc<str>]) -> BoxFuture<'a, Result<Vec<Known>, Failure>> {
        let nothing = owners.iter().map(|owner| Known {
            owner: Arc::clone(owner),
            parts: Vec::new(),
        });
        let nothing = nothing.collect();
        Box::pin(async move { Ok(nothing) })
    }
}
