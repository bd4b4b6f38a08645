//! A query judged here, over an issue's record: whether an event is one that the query asks for.

mod compile;
mod judge;
mod reads;
mod search;
mod value;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::dates::Moment;
use super::tree::Operator;
use crate::record::Value;
pub use reads::Reads;
use search::Search;

/// Whether an issue matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// The record does not tell, or only Jira knows: it is let through.
    CannotTell,
}

impl Answer {
    /// True for what is not certainly left out.
    #[must_use]
    pub const fn lets_through(self) -> bool {
        !matches!(self, Self::No)
    }

    const fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    const fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::CannotTell => Self::CannotTell,
        }
    }

    /// Yes where one is, no where all are.
    fn any(all: impl IntoIterator<Item = Self>) -> Self {
        let mut answer = Self::No;
        for one in all {
            match one {
                Self::Yes => return Self::Yes,
                Self::CannotTell => answer = Self::CannotTell,
                Self::No => {}
            }
        }
        answer
    }

    /// No where one is, yes where all are.
    fn all(all: impl IntoIterator<Item = Self>) -> Self {
        Self::any(all.into_iter().map(Self::negated)).negated()
    }
}

/// What a query is asked of.
pub trait View {
    /// A member of the issue itself: `key`, `id`.
    fn member(&self, name: &str) -> Option<&Value>;

    /// A field by its id; none where the record does not have it, null where it is empty.
    fn field(&self, id: &str) -> Option<&Value>;

    /// The ids of the fields with this display name, in any case.
    fn named(&self, name: &str) -> Vec<&str>;

    /// The account that asks.
    fn current_user(&self) -> Option<&str>;

    /// When it is asked.
    fn now(&self) -> Timestamp;

    /// The zone of the account that asks: Jira reads dates by its clocks.
    fn zone(&self) -> &TimeZone;
}

/// An issue's record, asked by an account at a time.
#[derive(Clone, Debug)]
pub struct IssueView<'r> {
    /// The record, with `names`.
    pub record: &'r Value,
    /// The account's id.
    pub current_user: Option<&'r str>,
    /// When.
    pub now: Timestamp,
    /// The account's zone.
    pub zone: TimeZone,
}

impl View for IssueView<'_> {
    fn member(&self, name: &str) -> Option<&Value> {
        self.record.get(name)
    }

    fn field(&self, id: &str) -> Option<&Value> {
        self.record.at(&["fields", id])
    }

    fn named(&self, name: &str) -> Vec<&str> {
        let lower = name.to_lowercase();
        self.record
            .get("names")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|names| names.iter())
            .filter(|(_, display)| {
                display
                    .as_str()
                    .is_some_and(|display| display.to_lowercase() == lower)
            })
            .map(|(id, _)| &**id)
            .collect()
    }

    fn current_user(&self) -> Option<&str> {
        self.current_user
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

/// A query that can be judged here.
#[derive(Clone, Debug)]
pub struct Filter {
    test: Test,
}

/// What holds; negation has gone into the comparisons, where what is empty stays out.
#[derive(Clone, Debug)]
enum Test {
    All(Vec<Self>),
    Any(Vec<Self>),
    One(Check),
}

/// One comparison.
#[derive(Clone, Debug)]
struct Check {
    subject: Subject,
    operator: Operator,
    wanted: Vec<Wanted>,
    /// `EMPTY` is among what is wanted.
    empty: bool,
}

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    /// The issue, by key or id.
    Issue,
    /// A field, and a part of it.
    Field(Vec<&'static str>, Sort),
    /// All text of the issue.
    AllText,
    /// The comments.
    Comments,
    /// A custom field by its id.
    Custom(String),
    /// A field by its display name.
    Named(String),
}

/// How a field's value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// By names, keys or ids; each of a list.
    Name,
    Person,
    Time,
    Day,
    Number,
    Text,
}

/// What a value is compared with.
#[derive(Clone, Debug)]
enum Wanted {
    Text(String),
    CurrentUser,
    Moment(Moment),
    /// Words to be found.
    Words(Search),
}

#[cfg(test)]
mod tests;
