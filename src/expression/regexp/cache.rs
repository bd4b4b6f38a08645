//! Patterns that are found in records: the last few are kept compiled.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::Pattern;

/// How many patterns are kept.
const KEPT: usize = 8;

/// The patterns of one `match` or `search` that were seen last, the latest first.
///
/// A record's pattern is judged against each element of a list, and the next record mostly has the
/// same one: compiling costs a thousand times as much as matching.
#[derive(Clone, Default)]
pub(in crate::expression) struct PatternCache(Arc<Mutex<Vec<Entry>>>);

struct Entry {
    text: Arc<str>,
    /// None for what is no pattern.
    pattern: Option<Pattern>,
}

impl PatternCache {
    /// True where the text matches the pattern; never where that is none.
    pub(in crate::expression) fn matches(
        &self,
        pattern: &Arc<str>,
        whole: bool,
        text: &str,
    ) -> bool {
        let compiled = self.compiled(pattern, whole);
        compiled.is_some_and(|compiled| compiled.matches(text))
    }

    fn compiled(&self, text: &Arc<str>, whole: bool) -> Option<Pattern> {
        // An entry is whole or not there: what another thread left behind is good.
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = entries.iter().position(|entry| entry.text == *text) {
            if let Some(front) = entries.get_mut(..=at) {
                front.rotate_right(1);
            }
        } else {
            entries.truncate(KEPT - 1);
            entries.insert(
                0,
                Entry {
                    text: Arc::clone(text),
                    pattern: Pattern::found(text, whole),
                },
            );
        }
        // A clone shares the program and its memory.
        entries.first().and_then(|entry| entry.pattern.clone())
    }
}

impl fmt::Debug for PatternCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatternCache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_few_and_answers_alike_whether_kept_or_not() {
        let cache = PatternCache::default();
        for _ in 0..2 {
            for number in 0..2 * KEPT {
                let pattern: Arc<str> = format!("a{{{number}}}").into();
                assert!(cache.matches(&pattern, true, &"a".repeat(number)));
                assert!(!cache.matches(&pattern, true, &"a".repeat(number + 1)));
            }
            assert!(!cache.matches(&"(".into(), true, "("));
        }
        assert_eq!(cache.0.lock().unwrap().len(), KEPT);
    }

    #[test]
    fn anchors_found_in_a_record_are_characters() {
        let cache = PatternCache::default();
        assert!(cache.matches(&"^a$".into(), true, "^a$"));
        assert!(!cache.matches(&"^a$".into(), true, "a"));
    }
}
