//! When what failed is tried again, and when unknown outcomes are asked after.

use crate::http::{Failure, Random};

/// How often an operation is sent within one run before it is left to the next one.
pub(super) const TRIES: u32 = 6;

/// How far what cannot be worked on now is put off: beyond what a run waits for.
pub(super) const NEXT_RUN: i64 = 10 * 60_000;

const FIRST: u64 = 1_000;
const LONGEST: u64 = 30_000;

/// After how many milliseconds to try again: exponential with full jitter, or what the service
/// asks for.
pub(super) fn again_in(failure: &Failure, attempts: u32, random: &dyn Random) -> i64 {
    if let Some(asked) = failure.retry_after {
        return i64::try_from(asked.as_millis()).unwrap_or(NEXT_RUN);
    }
    let ceiling = FIRST.saturating_mul(1 << attempts.min(16)).min(LONGEST);
    i64::try_from(random.next_u64() % ceiling).unwrap_or(0) + 1
}

/// When to ask after an outcome, given when it was sent and how long absence is not believed:
/// 5 s, 15 s and `visible_after` after it was sent; none once the last has passed.
pub(super) fn next_ask(sent_at: i64, visible_after: i64, now: i64) -> Option<i64> {
    [5_000, 15_000]
        .into_iter()
        .filter(|step| *step < visible_after)
        .chain([visible_after])
        .map(|step| sent_at.saturating_add(step))
        .find(|at| *at > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_outcomes_are_asked_after_three_times() {
        assert_eq!(next_ask(1_000, 60_000, 1_000), Some(6_000));
        assert_eq!(next_ask(1_000, 60_000, 6_000), Some(16_000));
        assert_eq!(next_ask(1_000, 60_000, 16_000), Some(61_000));
        assert_eq!(next_ask(1_000, 60_000, 61_000), None);
        assert_eq!(next_ask(1_000, 2_000, 1_000), Some(3_000));
    }
}
