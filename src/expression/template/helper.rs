//! The helpers of the language and what they take.

use std::ops::RangeInclusive;

/// A helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Helper {
    First,
    Or,
    And,
    Not,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Json,
    Date,
    Lower,
    Upper,
    Trim,
    FirstWord,
    Truncate,
    Replace,
    Join,
    UrlEncode,
    EscapeHtml,
    Lookup,
}

/// A helper with its name, the numbers of arguments that it takes, and how it is written.
type Row = (&'static str, Helper, RangeInclusive<usize>, &'static str);

const MANY: usize = usize::MAX;

const HELPERS: [Row; 22] = [
    ("first", Helper::First, 1..=MANY, "first A B …"),
    ("or", Helper::Or, 2..=MANY, "or A B …"),
    ("and", Helper::And, 2..=MANY, "and A B …"),
    ("not", Helper::Not, 1..=1, "not A"),
    ("eq", Helper::Eq, 2..=2, "eq A B"),
    ("ne", Helper::Ne, 2..=2, "ne A B"),
    ("lt", Helper::Lt, 2..=2, "lt A B"),
    ("le", Helper::Le, 2..=2, "le A B"),
    ("gt", Helper::Gt, 2..=2, "gt A B"),
    ("ge", Helper::Ge, 2..=2, "ge A B"),
    ("json", Helper::Json, 1..=1, "json VALUE"),
    ("date", Helper::Date, 2..=2, "date VALUE \"%Y-%m-%d\""),
    ("lower", Helper::Lower, 1..=1, "lower VALUE"),
    ("upper", Helper::Upper, 1..=1, "upper VALUE"),
    ("trim", Helper::Trim, 1..=1, "trim VALUE"),
    ("first_word", Helper::FirstWord, 1..=1, "first_word VALUE"),
    ("truncate", Helper::Truncate, 2..=2, "truncate VALUE 100"),
    (
        "replace",
        Helper::Replace,
        3..=3,
        "replace VALUE \"from\" \"to\"",
    ),
    ("join", Helper::Join, 2..=2, "join LIST \", \""),
    ("url_encode", Helper::UrlEncode, 1..=1, "url_encode VALUE"),
    (
        "escape_html",
        Helper::EscapeHtml,
        1..=1,
        "escape_html VALUE",
    ),
    ("lookup", Helper::Lookup, 2..=2, "lookup MAP_OR_LIST KEY"),
];

impl Helper {
    pub(super) fn named(name: &str) -> Option<Self> {
        HELPERS.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        HELPERS.iter().map(|row| row.0)
    }

    pub(super) fn name(self) -> &'static str {
        self.row().map_or("", |row| row.0)
    }

    /// How it is written.
    pub(super) fn usage(self) -> &'static str {
        self.row().map_or("", |row| row.3)
    }

    pub(super) fn takes(self, arguments: usize) -> bool {
        self.row().is_some_and(|row| row.2.contains(&arguments))
    }

    fn row(self) -> Option<&'static Row> {
        HELPERS.iter().find(|row| row.1 == self)
    }
}
