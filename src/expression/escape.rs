//! How what is taken from a record is made safe in another language.

use crate::record::Text;

/// How a text of a record is written in another language.
#[derive(Clone, Copy, Debug)]
pub struct Escape {
    how: fn(&str) -> String,
    keeps_html: bool,
}

impl Escape {
    /// Every text is escaped.
    pub const fn all(how: fn(&str) -> String) -> Self {
        Self {
            how,
            keeps_html: false,
        }
    }

    /// Every text but what was rendered as HTML.
    pub const fn but_html(how: fn(&str) -> String) -> Self {
        Self {
            how,
            keeps_html: true,
        }
    }

    /// A text of the record, made safe.
    pub fn of(self, text: &Text) -> Text {
        if self.keeps_html && text.is_html() {
            text.clone()
        } else {
            text.with(&(self.how)(text))
        }
    }

    /// A text that was made of the record, made safe.
    pub fn of_made(self, text: &str) -> String {
        (self.how)(text)
    }
}
