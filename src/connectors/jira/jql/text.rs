//! The text of a query, and how its stretches are shown to a person.

use std::fmt;
use std::ops::Range;

/// A text that is read as JQL.
#[derive(Clone, Copy)]
pub struct Text<'t> {
    text: &'t str,
    shown: Option<&'t dyn Fn(Range<usize>) -> String>,
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text")
            .field("text", &self.text)
            .finish_non_exhaustive()
    }
}

/// Longer stretches are cut where a message shows them.
const MAX_SHOWN: usize = 60;

impl<'t> Text<'t> {
    /// A text that may be shown as it is.
    #[must_use]
    pub const fn new(text: &'t str) -> Self {
        Self { text, shown: None }
    }

    /// A text whose stretches are shown in another way: what stands for a `${…}` is never shown.
    #[must_use]
    pub const fn shown_by(text: &'t str, shown: &'t dyn Fn(Range<usize>) -> String) -> Self {
        Self {
            text,
            shown: Some(shown),
        }
    }

    /// The text itself.
    #[must_use]
    pub const fn as_str(&self) -> &'t str {
        self.text
    }

    /// The bytes of a range; nothing where it is none.
    #[must_use]
    pub fn raw(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// A stretch as a message may show it.
    #[must_use]
    pub fn show(&self, range: Range<usize>) -> String {
        let shown = match self.shown {
            Some(shown) => shown(range),
            None => self.raw(range).to_owned(),
        };
        let mut words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((cut, _)) = words.char_indices().nth(MAX_SHOWN) {
            words.truncate(cut);
            words.push('…');
        }
        words
    }

    /// A stretch as a text of JQL in double quotes.
    #[must_use]
    pub fn quoted(&self, range: Range<usize>) -> String {
        let shown = self.show(range);
        let bare = shown.trim_matches(|one| matches!(one, '"' | '\''));
        if bare.contains('"') && !bare.contains('\'') {
            format!("'{bare}'")
        } else {
            format!("\"{}\"", bare.replace('"', "\\\""))
        }
    }

    /// True where the stretch is shown as it is read.
    #[must_use]
    pub fn is_literal(&self, range: Range<usize>) -> bool {
        self.shown
            .is_none_or(|shown| shown(range.clone()) == self.raw(range))
    }
}
