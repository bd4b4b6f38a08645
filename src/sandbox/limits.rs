//! Fixed windows of requests, as both services count them.

use std::collections::HashMap;

/// What a window says of one more request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    /// Whether the request is within the limit.
    pub(super) allowed: bool,
    /// Requests a window.
    pub(super) limit: u32,
    /// Requests left in this window, this one counted.
    pub(super) remaining: u32,
    /// Milliseconds until the window ends.
    pub(super) resets_in: i64,
}

/// Counters by name, each in windows aligned to the clock.
#[derive(Debug, Default)]
pub(super) struct Windows {
    counters: HashMap<String, (i64, u32)>,
}

impl Windows {
    /// Counts a request at `now` (epoch milliseconds) in windows of `length` milliseconds.
    pub(super) fn count(&mut self, name: &str, limit: u32, length: i64, now: i64) -> Verdict {
        let window = now.div_euclid(length);
        let counter = match self.counters.get_mut(name) {
            Some(counter) => counter,
            None => self.counters.entry(name.to_owned()).or_insert((window, 0)),
        };
        if counter.0 != window {
            *counter = (window, 0);
        }
        let allowed = counter.1 < limit;
        if allowed {
            counter.1 += 1;
        }
        Verdict {
            allowed,
            limit,
            remaining: limit - counter.1,
            resets_in: (window + 1).saturating_mul(length).saturating_sub(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_fills_and_empties_at_its_end() {
        let mut windows = Windows::default();
        assert!(windows.count("a", 2, 1000, 10_100).allowed);
        assert_eq!(windows.count("a", 2, 1000, 10_200).remaining, 0);
        let refused = windows.count("a", 2, 1000, 10_300);
        assert!(!refused.allowed);
        assert_eq!(refused.resets_in, 700);
        assert!(windows.count("b", 2, 1000, 10_300).allowed);
        assert!(windows.count("a", 2, 1000, 11_000).allowed);
    }
}
