//! The clock of this machine.

use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::http::Clock;

/// The time of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The time now.
#[expect(clippy::disallowed_methods, reason = "cli is where the clock is read")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
