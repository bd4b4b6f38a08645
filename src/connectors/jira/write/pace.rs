//! How often one issue may be written: 20 times in 2 seconds, 100 times in 30.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many writes in so many milliseconds, somewhat below what Jira allows.
const LIMITS: [(usize, i64); 2] = [(18, 2_000), (90, 30_000)];
/// What is older no limit asks for.
const LONGEST_MS: i64 = 30_000;

/// The writes of the last half minute, with their issues.
#[derive(Default)]
pub(super) struct IssuePace {
    writes: Mutex<VecDeque<(i64, String)>>,
}

impl IssuePace {
    /// Takes a turn for an issue, asked for at `now` in epoch milliseconds: how long to wait.
    pub(super) fn turn(&self, issue: &str, now: i64) -> Duration {
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        while writes
            .front()
            .is_some_and(|(at, _)| *at <= now - LONGEST_MS)
        {
            writes.pop_front();
        }
        let mut at = now;
        for (most, window) in LIMITS {
            let mut of_issue = writes.iter().rev().filter(|(_, one)| one == issue);
            // The write that must be out of the window by then.
            if let Some((earlier, _)) = of_issue.nth(most - 1) {
                at = at.max(earlier + window);
            }
        }
        writes.push_back((at, issue.to_owned()));
        Duration::from_millis(u64::try_from(at - now).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_of_one_issue_keep_to_both_limits_and_others_do_not_wait() {
        let pace = IssuePace::default();
        let mut now = 0;
        let mut sent = Vec::new();
        for _ in 0..200 {
            now += i64::try_from(pace.turn("A-1", now).as_millis()).unwrap();
            sent.push(now);
            assert_eq!(
                pace.turn(&format!("B-{now}-{}", sent.len()), now),
                Duration::ZERO
            );
        }
        for (most, window) in [(20, 2_000), (100, 30_000)] {
            for (index, at) in sent.iter().enumerate() {
                let within = sent[index..].iter().filter(|one| **one < at + window);
                assert!(within.count() <= most, "{most} in {window} from {at}");
            }
        }
        assert!(now > 30_000 && now < 70_000, "{now}");
    }
}
