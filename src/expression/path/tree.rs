//! The tree of a JSONPath query (RFC 9535), every part with its bytes.

use std::ops::Range;
use std::sync::Arc;

use crate::expression::regexp::{Pattern, PatternCache};
use crate::record::Value;

/// A query: `$` or `@` and segments.
#[derive(Clone, Debug)]
pub(in crate::expression) struct Query {
    pub(in crate::expression) root: Root,
    pub(in crate::expression) segments: Vec<Segment>,
    pub(in crate::expression) range: Range<usize>,
}

/// Where a query starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::expression) enum Root {
    /// `$`: the record.
    Record,
    /// `@`: what a filter judges.
    Current,
}

/// One step of a query.
#[derive(Clone, Debug)]
pub(in crate::expression) struct Segment {
    /// `..`: of the value itself and of everything below it.
    pub(in crate::expression) descendant: bool,
    pub(in crate::expression) selectors: Vec<Selector>,
}

/// What a segment selects.
#[derive(Clone, Debug)]
pub(in crate::expression) struct Selector {
    pub(in crate::expression) kind: SelectorKind,
    pub(in crate::expression) range: Range<usize>,
}

/// What a segment selects.
#[derive(Clone, Debug)]
pub(in crate::expression) enum SelectorKind {
    Name(Arc<str>),
    Wildcard,
    Index(i64),
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    Filter(Logical),
}

/// What a filter or condition asks.
#[derive(Clone, Debug)]
pub(in crate::expression) enum Logical {
    Or(Vec<Self>),
    And(Vec<Self>),
    Not(Box<Self>),
    /// A query alone: does it select anything?
    Exists(Query),
    /// `match(…)` or `search(…)`.
    Matches(Box<Matching>),
    Compare(Box<Comparison>),
}

/// `match` or `search`.
#[derive(Clone, Debug)]
pub(in crate::expression) struct Matching {
    /// The whole text must match, not a part of it.
    pub(in crate::expression) whole: bool,
    pub(in crate::expression) text: Operand,
    pub(in crate::expression) pattern: PatternOperand,
}

/// The pattern of a `match` or `search`.
#[derive(Clone, Debug)]
pub(in crate::expression) enum PatternOperand {
    /// Written in the query: compiled once; not yet where a `${…}` in it is to be replaced.
    Literal {
        pattern: Option<Pattern>,
        text: Arc<str>,
        range: Range<usize>,
    },
    /// Found in the record: the last few are kept compiled.
    Found(Operand, PatternCache),
}

/// Two values compared.
#[derive(Clone, Debug)]
pub(in crate::expression) struct Comparison {
    pub(in crate::expression) left: Operand,
    pub(in crate::expression) operator: Operator,
    pub(in crate::expression) right: Operand,
    pub(in crate::expression) range: Range<usize>,
}

/// How values are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::expression) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// One value, or nothing.
#[derive(Clone, Debug)]
pub(in crate::expression) enum Operand {
    Literal { value: Value },
    Singular(Query),
    Length(Box<Self>),
    Count(Query),
    Value(Query),
}

impl Query {
    /// True where it selects at most one value, whatever it is asked of.
    pub(in crate::expression) fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| {
            !segment.descendant
                && matches!(
                    segment.selectors.as_slice(),
                    [Selector {
                        kind: SelectorKind::Name(_) | SelectorKind::Index(_),
                        ..
                    }]
                )
        })
    }
}
