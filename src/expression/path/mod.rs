//! JSONPath (RFC 9535): parsed with the bytes of every part, evaluated over our own values.

pub(in crate::expression) mod evaluate;
mod logical;
mod mistakes;
mod parse;
mod read;
mod scan;
#[cfg(test)]
mod tests;
pub(in crate::expression) mod tree;

use std::sync::Arc;

use evaluate::{Scope, Trail};
pub(in crate::expression) use parse::condition as parse_condition;
pub(in crate::expression) use read::{references_in, references_of, replace_in};
use tree::Query;

use super::{Problem, Reference};
use crate::record::Value;

/// A compiled path.
#[derive(Clone, Debug)]
pub struct Path {
    text: Arc<str>,
    query: Query,
    singular: bool,
    references: Vec<Reference>,
    /// How many of the references say what it selects.
    own: usize,
}

/// One step to a place in a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LocationStep {
    /// Into a member.
    Name(Arc<str>),
    /// Into an element.
    Index(usize),
}

impl Path {
    /// Compiles the text of a path.
    ///
    /// # Errors
    /// What is wrong with it, by ranges of the text.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let query = parse::query(text)?;
        let mut references = Vec::new();
        let own = references_of(&query, &[], super::Usage::Taken, &mut references);
        Ok(Self {
            own,
            text: text.into(),
            singular: query.is_singular(),
            query,
            references,
        })
    }

    /// True where it selects at most one value, whatever the record.
    #[must_use]
    pub const fn is_singular(&self) -> bool {
        self.singular
    }

    /// The first value that it selects, null included.
    #[must_use]
    pub fn first(&self, record: &Value) -> Option<Value> {
        if self.singular {
            return evaluate::singular(&self.query, scope(record));
        }
        self.select(record).into_iter().next()
    }

    /// All values that it selects, in order.
    #[must_use]
    pub fn select(&self, record: &Value) -> Vec<Value> {
        if self.singular {
            return evaluate::singular(&self.query, scope(record))
                .into_iter()
                .collect();
        }
        evaluate::select(&self.query, scope(record), ())
            .into_iter()
            .map(|(value, ())| value)
            .collect()
    }

    /// The one value of a singular path, or nothing; the list of matches of any other.
    #[must_use]
    pub fn value(&self, record: &Value) -> Option<Value> {
        if self.singular {
            self.first(record)
        } else {
            Some(self.select(record).into())
        }
    }

    /// Where the values stand that it selects, in order.
    #[must_use]
    pub fn locations(&self, record: &Value) -> Vec<Vec<LocationStep>> {
        let found = evaluate::select(&self.query, scope(record), Link(None));
        found.into_iter().map(|(_, link)| link.steps()).collect()
    }

    /// What it reads: its own steps first, then what its filters ask for.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// What it selects: one reference, or one for each of the names that it ends in.
    #[must_use]
    pub fn selections(&self) -> &[Reference] {
        self.references.get(..self.own).unwrap_or_default()
    }

    /// The text that it was compiled from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the text of its string literals, names in brackets included, where it holds a
    /// `${…}`; answers what is wrong then: a pattern that is none.
    pub fn replace_literals(&mut self, mut replace: impl FnMut(&str) -> String) -> Vec<Problem> {
        let mut problems = Vec::new();
        read::replace_in_query(&mut self.query, &mut replace, &mut problems);
        self.references.clear();
        let taken = super::Usage::Taken;
        self.own = references_of(&self.query, &[], taken, &mut self.references);
        problems
    }
}

const fn scope(record: &Value) -> Scope<'_> {
    Scope {
        record,
        current: record,
        null_is_missing: false,
    }
}

/// A trail that remembers: each link knows the one before it.
#[derive(Clone)]
struct Link(Option<Arc<(Self, LocationStep)>>);

impl Trail for Link {
    fn member(&self, name: &Arc<str>) -> Self {
        Self(Some(Arc::new((
            self.clone(),
            LocationStep::Name(Arc::clone(name)),
        ))))
    }

    fn element(&self, index: usize) -> Self {
        Self(Some(Arc::new((self.clone(), LocationStep::Index(index)))))
    }
}

impl Link {
    fn steps(&self) -> Vec<LocationStep> {
        let mut steps = Vec::new();
        let mut at = self;
        while let Some(link) = &at.0 {
            steps.push(link.1.clone());
            at = &link.0;
        }
        steps.reverse();
        steps
    }
}

/// Long trails are let go link by link.
impl Drop for Link {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(link) = next.and_then(|link| Arc::try_unwrap(link).ok()) {
            let (mut before, _) = link;
            next = before.0.take();
        }
    }
}
