//! A text of a record, which knows whether it was rendered as HTML.

use std::cmp::Ordering;
use std::ops::Deref;
use std::sync::Arc;

/// A text; a clone costs nothing. What was rendered as HTML is told from what only looks like it:
/// a destination that takes HTML escapes the one and not the other. Two are equal where their
/// characters are.
#[derive(Clone, Debug)]
pub struct Text {
    text: Arc<str>,
    html: bool,
}

impl Text {
    /// A text that was rendered as HTML.
    #[must_use]
    pub fn html(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            html: true,
        }
    }

    /// True where it was rendered as HTML.
    #[must_use]
    pub const fn is_html(&self) -> bool {
        self.html
    }

    /// Another text in its place, HTML where this one is.
    #[must_use]
    pub fn with(&self, text: &str) -> Self {
        Self {
            text: text.into(),
            html: self.html,
        }
    }
}

impl Deref for Text {
    type Target = Arc<str>;

    fn deref(&self) -> &Arc<str> {
        &self.text
    }
}

impl<T: Into<Arc<str>>> From<T> for Text {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            html: false,
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}
