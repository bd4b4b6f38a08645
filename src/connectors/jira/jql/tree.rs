//! A query as a tree; every part knows its bytes in the text.

use std::ops::Range;

/// Something and the bytes that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranged<T> {
    /// What it is.
    pub value: T,
    /// Its bytes in the text.
    pub range: Range<usize>,
}

/// A query without its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What an issue must be.
    pub clause: Clause,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// All of these hold.
    And(Vec<Self>),
    /// One of these holds.
    Or(Vec<Self>),
    /// This does not hold.
    Not(Box<Self>),
    /// A comparison.
    Term(Term),
}

/// A comparison: `status WAS Done BEFORE -1w`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What is asked about.
    pub field: Field,
    /// How.
    pub operator: Ranged<Operator>,
    /// What it is compared with; nothing for `CHANGED`.
    pub operand: Option<Operand>,
    /// What stands behind `WAS` and `CHANGED`.
    pub predicates: Vec<Predicate>,
    /// All of it.
    pub range: Range<usize>,
}

/// A field as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, escapes undone; `cf[10016]` for a custom field by its id.
    pub name: String,
    /// The number in `cf[…]`.
    pub custom: Option<u64>,
    /// It has more behind its name: `issue.property[flag].colour`.
    pub property: bool,
    /// All of it.
    pub range: Range<usize>,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`
    Equals,
    /// `!=`
    NotEquals,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `~`
    Like,
    /// `!~`
    NotLike,
    /// `IN`
    In,
    /// `NOT IN`
    NotIn,
    /// `IS`
    Is,
    /// `IS NOT`
    IsNot,
    /// `WAS`
    Was,
    /// `WAS NOT`
    WasNot,
    /// `WAS IN`
    WasIn,
    /// `WAS NOT IN`
    WasNotIn,
    /// `CHANGED`
    Changed,
}

impl Operator {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::NotEquals => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "~",
            Self::NotLike => "!~",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Is => "is",
            Self::IsNot => "is not",
            Self::Was => "WAS",
            Self::WasNot => "WAS NOT",
            Self::WasIn => "WAS IN",
            Self::WasNotIn => "WAS NOT IN",
            Self::Changed => "CHANGED",
        }
    }

    /// True for those that take a list.
    #[must_use]
    pub const fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn | Self::WasIn | Self::WasNotIn)
    }

    /// True for those that ask for the past.
    #[must_use]
    pub const fn is_history(self) -> bool {
        matches!(
            self,
            Self::Was | Self::WasNot | Self::WasIn | Self::WasNotIn | Self::Changed
        )
    }

    /// True for `<` and its kin.
    #[must_use]
    pub const fn orders(self) -> bool {
        matches!(
            self,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual
        )
    }

    /// True for those that say what must not be.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        matches!(
            self,
            Self::NotEquals
                | Self::NotLike
                | Self::NotIn
                | Self::IsNot
                | Self::WasNot
                | Self::WasNotIn
        )
    }
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// What it is.
    pub kind: OperandKind,
    /// All of it.
    pub range: Range<usize>,
}

/// What stands on the right of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperandKind {
    /// `EMPTY` or `NULL`.
    Empty,
    /// A text or number.
    Value {
        /// Escapes undone.
        text: String,
        /// It stood in quotes.
        quoted: bool,
    },
    /// A call.
    Function(Function),
    /// `( … )`
    List(Vec<Operand>),
}

/// A call: `startOfDay(-1)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: Ranged<String>,
    /// Its arguments, all texts.
    pub arguments: Vec<Ranged<String>>,
}

/// What stands behind `WAS` and `CHANGED`: `BY currentUser()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicate {
    /// Its word.
    pub word: Ranged<PredicateWord>,
    /// What it takes.
    pub operand: Operand,
}

/// The words that stand behind `WAS` and `CHANGED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PredicateWord {
    /// `AFTER`
    After,
    /// `BEFORE`
    Before,
    /// `ON`
    On,
    /// `DURING`
    During,
    /// `BY`
    By,
    /// `FROM`, only behind `CHANGED`
    From,
    /// `TO`, only behind `CHANGED`
    To,
}

impl PredicateWord {
    /// The word, in any case.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        const WORDS: [(&str, PredicateWord); 7] = [
            ("after", PredicateWord::After),
            ("before", PredicateWord::Before),
            ("on", PredicateWord::On),
            ("during", PredicateWord::During),
            ("by", PredicateWord::By),
            ("from", PredicateWord::From),
            ("to", PredicateWord::To),
        ];
        WORDS
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map(|(_, word)| word)
    }
}

impl Clause {
    /// Each comparison, in the order of the text.
    pub fn terms(&self) -> Vec<&Term> {
        let mut terms = Vec::new();
        let mut open = vec![self];
        while let Some(clause) = open.pop() {
            match clause {
                Self::And(clauses) | Self::Or(clauses) => open.extend(clauses.iter().rev()),
                Self::Not(clause) => open.push(clause),
                Self::Term(term) => terms.push(term),
            }
        }
        terms
    }
}

impl Operand {
    /// The operands one by one: those of a list at any depth, else itself.
    pub fn each(&self) -> Vec<&Self> {
        let mut all = Vec::new();
        let mut open = vec![self];
        while let Some(operand) = open.pop() {
            match &operand.kind {
                OperandKind::List(operands) => open.extend(operands.iter().rev()),
                _ => all.push(operand),
            }
        }
        all
    }
}
