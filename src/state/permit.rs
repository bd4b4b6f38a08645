//! The pace of calls that all processes with one credential share.

use futures::future::BoxFuture;

use super::StateError;

/// A reserved slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// When the first call may start, in microseconds of the epoch by the database's time.
    pub at_us: i64,
    /// The database's time when it was given, likewise.
    pub now_us: i64,
}

/// Rates shared through the state, by the database's time (GCRA with burst 1).
pub trait Permits: Send + Sync {
    /// Reserves `calls` consecutive slots, `interval_us` microseconds apart, of a credential's
    /// endpoint family.
    fn permit<'a>(
        &'a self,
        family: &'a str,
        interval_us: i64,
        calls: u32,
    ) -> BoxFuture<'a, Result<Permit, StateError>>;

    /// Nobody gets a slot of the family for so long: a service asked to wait.
    fn pause<'a>(&'a self, family: &'a str, for_ms: i64) -> BoxFuture<'a, Result<(), StateError>>;

    /// Keeps what a service's headers said of a limit, for `status`.
    fn saw_limit<'a>(
        &'a self,
        connection: &'a str,
        limit: super::Limit,
    ) -> BoxFuture<'a, Result<(), StateError>>;
}
