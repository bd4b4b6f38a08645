//! What a failed call means for what it was to do.

use crate::connectors::Outcome;
use crate::http::{Effect, Failure};

/// Of a call that may be repeated without harm.
pub(super) fn repeatable(failure: Failure) -> Outcome {
    if failure.is_retryable() || failure.ends_the_run() || failure.effect() == Effect::Unknown {
        return Outcome::NotApplied { failure };
    }
    Outcome::Rejected { failure }
}

/// Of a call that may not: what may have been done is to be asked after.
pub(super) fn once(failure: Failure) -> Outcome {
    if failure.effect() == Effect::Unknown {
        return Outcome::Unknown { failure };
    }
    repeatable(failure)
}
