//! `http` as a source.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::Auth;
use crate::config::SecretSource;
use crate::expression::conversion::read_time;
use crate::expression::{Path, Reference, StepKind};
use crate::record::{Happened, Identity, Projection, Record, Value};

/// The elements of a JSON API's list.
#[derive(Debug)]
pub struct HttpSource {
    /// What is asked for; may hold a `${…}` that is not set.
    pub url: String,
    /// How to get in.
    pub auth: Option<Auth>,
    /// Further headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// Further headers that are secrets.
    pub secret_headers: Vec<(String, SecretSource)>,
    /// The records in an answer.
    pub records: Path,
    /// A record's id.
    pub id: Option<Path>,
    /// A record's time.
    pub time: Option<Path>,
    /// How the next page is found; none: there is one.
    pub pages: Option<Pages>,
    /// How only what is new is asked for.
    pub cursor: Option<HttpCursor>,
}

/// How the next page is found.
#[derive(Debug)]
pub enum Pages {
    /// The answer's `Link` header.
    Link,
    /// A token in the answer, given back in the query.
    Token {
        /// The token in an answer.
        read: Path,
        /// The query's parameter.
        query: String,
    },
    /// The offset of the first record, in the query; a short page is the last.
    Offset {
        /// The query's parameter.
        query: String,
        /// The parameter that says how many records a page has.
        limit: String,
        /// How many.
        size: u64,
    },
    /// The page's number, in the query; an empty page is the last.
    Number {
        /// The query's parameter.
        query: String,
        /// The number of the first page.
        first: u64,
    },
    /// The next page's URL in the answer.
    Url(Path),
}

/// How only what is new is asked for.
#[derive(Debug)]
pub struct HttpCursor {
    /// What grows, in a record.
    pub read: Path,
    /// The query's parameter that takes the greatest one read.
    pub query: String,
}

impl HttpSource {
    /// What is read of an answer, given what is read of a record.
    #[must_use]
    pub fn answer(&self, record: &Projection) -> Projection {
        let mut answer = Projection::nothing();
        for selection in self.records.selections() {
            add(selection, record, &mut answer);
        }
        for reference in self.records.references() {
            let selects = self.records.selections().iter();
            if !selects
                .map(|one| &one.steps)
                .any(|steps| *steps == reference.steps)
            {
                add(reference, &Projection::Whole, &mut answer);
            }
        }
        if let Some(Pages::Token { read, .. } | Pages::Url(read)) = &self.pages {
            for reference in read.references() {
                add(reference, &Projection::Whole, &mut answer);
            }
        }
        answer
    }

    /// The record of an element, `number` counting from 1.
    #[must_use]
    pub fn recorded(&self, zone: &TimeZone, value: Value, number: u64) -> Record {
        let id = self.id.as_ref().and_then(|path| path.first(&value));
        let id = id.as_ref().and_then(scalar);
        let time = self.time.as_ref().and_then(|path| path.first(&value));
        let time = time.and_then(|time| read_time(&time, zone).ok());
        let name = match &id {
            Some(id) => Arc::clone(id),
            None => format!("http#{number}").into(),
        };
        Record {
            value,
            identity: id.map(Identity::of),
            time,
            name,
            deleted: false,
            happened: Happened::default(),
        }
    }
}

/// Reads what a reference selects as the projection says, lists passed through.
fn add(reference: &Reference, end: &Projection, answer: &mut Projection) {
    let mut names = Vec::new();
    for step in &reference.steps {
        match &step.kind {
            StepKind::Name(name) => names.push(Arc::clone(name)),
            StepKind::Index(_) | StepKind::Each => {}
            StepKind::Descendants => {
                answer.add(&names, &Projection::Whole);
                return;
            }
        }
    }
    answer.add(&names, end);
}

/// Text that is not empty, or a number as JSON writes it.
#[must_use]
pub fn scalar(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) if !text.is_empty() => Some(Arc::clone(text)),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

impl HttpCursor {
    /// The greater of two values: of numbers and of times by what they are, else as text.
    #[must_use]
    pub fn greater(one: Option<Arc<str>>, other: Option<Arc<str>>) -> Option<Arc<str>> {
        match (one, other) {
            (Some(one), Some(other)) if order(&one, &other).is_lt() => Some(other),
            (Some(one), _) => Some(one),
            (None, other) => other,
        }
    }
}

fn order(one: &str, other: &str) -> Ordering {
    if let (Ok(one), Ok(other)) = (one.parse::<i128>(), other.parse::<i128>()) {
        return one.cmp(&other);
    }
    if let (Ok(one), Ok(other)) = (one.parse::<f64>(), other.parse::<f64>()) {
        return one.total_cmp(&other);
    }
    let time = |text: &str| read_time(&Value::from(text), &TimeZone::UTC);
    match (time(one), time(other)) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_compared_as_what_they_are() {
        for (less, more) in [
            ("9", "10"),
            ("1.5", "1e1"),
            ("18446744073709551614", "18446744073709551615"),
            ("2026-11-24T10:00:00+02:00", "2026-11-24T09:00:00Z"),
            ("2026-11-24T10:00:00.000+0000", "2026-11-24T10:00:00.001Z"),
            ("2026-11-24", "2026-11-24T00:00:01Z"),
            ("a-9", "b-1"),
        ] {
            assert!(order(less, more).is_lt(), "{less} {more}");
            let (one, other) = (Some(less.into()), Some(more.into()));
            assert_eq!(HttpCursor::greater(one.clone(), other.clone()), other);
            assert_eq!(HttpCursor::greater(other.clone(), one.clone()), other);
            assert_eq!(HttpCursor::greater(None, one.clone()), one);
        }
    }
}
