//! What is known of a record before it is read: which members it has and what they can be.
//!
//! A shape is made of a record's JSON Schema and followed through every transform; paths are
//! checked against it, so that a misspelt step is found before anything runs. It is a promise
//! about what *can* be there: where nothing is known, anything may be.

mod from_schema;
mod kinds;
mod walk;

use std::sync::Arc;

use indexmap::IndexMap;

pub use from_schema::SchemaTrouble;
pub use kinds::Kinds;
pub use walk::NoSuchStep;

use crate::record::Value;

/// What a value can be.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// The kinds of value that it can be; null says that the service writes null for nothing.
    pub kinds: Kinds,
    /// It may not be there at all.
    pub optional: bool,
    /// What a text holds, where that is known.
    pub format: Option<Format>,
    /// The only values that it takes, where they are known.
    pub values: Option<Arc<[Value]>>,
    /// What the elements of a list are.
    pub items: Option<Arc<Self>>,
    /// What the members of an object are.
    pub members: Option<Arc<Members>>,
}

/// What a text, or a rich text's object, holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A day: `2026-11-24`.
    Date,
    /// A time with an offset.
    DateTime,
    /// An e-mail address.
    Email,
    /// An ADF document, or wiki text where it is a string.
    RichText,
}

/// What the members of an object are.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Members {
    /// Those known by name.
    pub named: IndexMap<Arc<str>, Shape>,
    /// Those whose names start with this, and what they are (`customfield_`).
    pub prefixed: Vec<(Arc<str>, Shape)>,
    /// What any other member is; none where there are no others.
    pub others: Option<Arc<Shape>>,
}

impl Shape {
    /// Nothing is known.
    #[must_use]
    pub fn any() -> Self {
        Self {
            kinds: Kinds::ANY,
            optional: true,
            ..Self::of(Kinds::ANY)
        }
    }

    /// Always there, one of these kinds, nothing more is known.
    #[must_use]
    pub const fn of(kinds: Kinds) -> Self {
        Self {
            kinds,
            optional: false,
            format: None,
            values: None,
            items: None,
            members: None,
        }
    }

    /// An object of exactly these members.
    #[must_use]
    pub fn object(named: IndexMap<Arc<str>, Self>) -> Self {
        let members = Members {
            named,
            prefixed: Vec::new(),
            others: None,
        };
        Self {
            members: Some(Arc::new(members)),
            ..Self::of(Kinds::OBJECT)
        }
    }

    /// A list of such elements.
    #[must_use]
    pub fn list(items: Self) -> Self {
        Self {
            items: Some(Arc::new(items)),
            ..Self::of(Kinds::LIST)
        }
    }

    /// The same, perhaps not there.
    #[must_use]
    pub fn or_missing(mut self) -> Self {
        self.optional = true;
        self
    }

    /// True where it may be missing: not there, or null.
    #[must_use]
    pub const fn may_be_missing(&self) -> bool {
        self.optional || self.kinds.contains(Kinds::NULL)
    }

    /// This with a member added or replaced, which makes it an object.
    #[must_use]
    pub fn with_member(&self, name: impl Into<Arc<str>>, member: Self) -> Self {
        let mut members = self.members.as_deref().cloned().unwrap_or_default();
        if self.members.is_none() {
            members.others = Some(Arc::new(Self::any()));
        }
        members.named.insert(name.into(), member);
        Self {
            members: Some(Arc::new(members)),
            ..Self::of(Kinds::OBJECT)
        }
    }

    /// What is one or the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let both = |left: &Option<Arc<Self>>, right: &Option<Arc<Self>>| match (left, right) {
            (Some(left), Some(right)) => Some(Arc::new(left.union(right))),
            (one, None) | (None, one) => one.clone(),
        };
        let members = match (&self.members, &other.members) {
            (Some(left), Some(right)) => Some(Arc::new(left.union(right))),
            // An object of which nothing is known may have any member.
            (Some(_), None) if other.kinds.contains(Kinds::OBJECT) => None,
            (None, Some(_)) if self.kinds.contains(Kinds::OBJECT) => None,
            (one, None) | (None, one) => one.clone(),
        };
        let values = match (&self.values, &other.values) {
            (Some(left), Some(right)) => Some(left.iter().chain(right.iter()).cloned().collect()),
            _ => None,
        };
        Self {
            kinds: self.kinds.union(other.kinds),
            optional: self.optional || other.optional,
            format: self
                .format
                .filter(|_| self.format == other.format || other.kinds == Kinds::NULL),
            values,
            items: both(&self.items, &other.items),
            members,
        }
    }
}

impl Members {
    fn union(&self, other: &Self) -> Self {
        let mut named = self.named.clone();
        for (name, shape) in &mut named {
            match other.named.get(name) {
                Some(theirs) => *shape = shape.union(theirs),
                None => shape.optional = true,
            }
        }
        for (name, shape) in &other.named {
            named
                .entry(Arc::clone(name))
                .or_insert_with(|| shape.clone().or_missing());
        }
        let mut prefixed = self.prefixed.clone();
        prefixed.extend(other.prefixed.iter().cloned());
        let others = match (&self.others, &other.others) {
            (Some(left), Some(right)) => Some(Arc::new(left.union(right))),
            (one, None) | (None, one) => one.clone(),
        };
        Self {
            named,
            prefixed,
            others,
        }
    }
}
