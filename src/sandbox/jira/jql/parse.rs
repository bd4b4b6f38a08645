//! Tokens to clauses.

use super::lex::{Kind, Place, Token, lex};

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Clause {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Term(Term),
}

/// What a term compares with.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Operand {
    /// `EMPTY` or `NULL`.
    Empty,
    /// A text or number as written; whether it stood in quotes.
    Value(String, bool),
    /// A function and its arguments.
    Function(String, Vec<String>),
    /// A parenthesised list.
    List(Vec<Self>),
    /// Of `CHANGED`: nothing.
    None,
}

/// How a term compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Operator {
    Equals,
    NotEquals,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    NotLike,
    In,
    NotIn,
    Is,
    IsNot,
    Was,
    WasNot,
    WasIn,
    WasNotIn,
    Changed,
    NotChanged,
}

impl Operator {
    /// As the user wrote it.
    pub(super) fn shown(self) -> &'static str {
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
            Self::Was => "was",
            Self::WasNot => "was not",
            Self::WasIn => "was in",
            Self::WasNotIn => "was not in",
            Self::Changed | Self::NotChanged => "changed",
        }
    }

    /// The operator that holds where this one does not.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Equals => Self::NotEquals,
            Self::NotEquals => Self::Equals,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
            Self::Like => Self::NotLike,
            Self::NotLike => Self::Like,
            Self::In => Self::NotIn,
            Self::NotIn => Self::In,
            Self::Is => Self::IsNot,
            Self::IsNot => Self::Is,
            Self::Was => Self::WasNot,
            Self::WasNot => Self::Was,
            Self::WasIn => Self::WasNotIn,
            Self::WasNotIn => Self::WasIn,
            Self::Changed => Self::NotChanged,
            Self::NotChanged => Self::Changed,
        }
    }
}

/// `AFTER`, `BY`, `FROM`… behind `WAS` and `CHANGED`.
pub(in super::super) type Predicate = (String, Operand);

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Term {
    pub(in super::super) field: String,
    pub(in super::super) operator: Operator,
    pub(in super::super) operand: Operand,
    pub(in super::super) predicates: Vec<Predicate>,
}

/// A query: an optional condition and an order, each field with whether it descends.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Query {
    pub(in super::super) clause: Option<Clause>,
    pub(in super::super) order: Vec<(String, bool)>,
}

/// How deep conditions may nest.
const DEEPEST: usize = 100;

/// Reads a query; an error is a message as Jira words it.
pub(in super::super) fn parse(text: &str) -> Result<Query, String> {
    let mut parser = Parser {
        tokens: lex(text)?,
        at: 0,
        depth: 0,
    };
    let clause = match parser.word() {
        _ if parser.peek().is_none() => None,
        Some(word) if word.eq_ignore_ascii_case("order") => None,
        _ => Some(parser.or()?),
    };
    let order = parser.order()?;
    match parser.peek() {
        None => Ok(Query { clause, order }),
        Some(token) if order.is_empty() => {
            Err(token.expected("Expecting either 'OR' or 'AND' but got"))
        }
        Some(token) => Err(token.expected("Expecting ',' but got")),
    }
}

impl Token {
    fn expected(&self, what: &str) -> String {
        let Place { line, character } = self.place;
        format!(
            "Error in the JQL Query: {what} '{}'. (line {line}, character {character})",
            self.shown()
        )
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word(&self) -> Option<&str> {
        match self.peek() {
            Some(Token {
                kind: Kind::Word(word),
                ..
            }) => Some(word),
            _ => None,
        }
    }

    /// Takes the next word where it is this one, in any case.
    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self
            .word()
            .is_some_and(|word| word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn take(&mut self, wanted: &Kind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *wanted);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Clause, String> {
        let mut clauses = vec![self.and()?];
        while self.take_word("or") || self.take(&Kind::Connective("|")) {
            clauses.push(self.and()?);
        }
        Ok(only(clauses, Clause::Or))
    }

    fn and(&mut self) -> Result<Clause, String> {
        let mut clauses = vec![self.not()?];
        while self.take_word("and") || self.take(&Kind::Connective("&")) {
            clauses.push(self.not()?);
        }
        Ok(only(clauses, Clause::And))
    }

    fn not(&mut self) -> Result<Clause, String> {
        if self.depth >= DEEPEST {
            return Err("Error in the JQL Query: The query is nested too deeply.".to_owned());
        }
        self.depth += 1;
        let clause = if self.take_word("not") || self.take(&Kind::Connective("!")) {
            Clause::Not(Box::new(self.not()?))
        } else if self.take(&Kind::Open) {
            let clause = self.or()?;
            if !self.take(&Kind::Close) {
                return Err(match self.peek() {
                    Some(token) => token.expected("Expecting ')' but got"),
                    None => "Error in the JQL Query: Expecting ')' before the end of the query."
                        .to_owned(),
                });
            }
            clause
        } else {
            Clause::Term(self.term()?)
        };
        self.depth -= 1;
        Ok(clause)
    }

    fn term(&mut self) -> Result<Term, String> {
        const RESERVED: [&str; 11] = [
            "and", "or", "not", "in", "is", "was", "changed", "order", "by", "empty", "null",
        ];
        let field = match self.peek() {
            None => {
                return Err(
                    "Error in the JQL Query: Expecting a field name at the end of the query."
                        .to_owned(),
                );
            }
            Some(Token {
                kind: Kind::Word(word),
                ..
            }) if !RESERVED
                .iter()
                .any(|reserved| reserved.eq_ignore_ascii_case(word)) =>
            {
                word.clone()
            }
            Some(Token {
                kind: Kind::Quoted(text),
                ..
            }) => text.clone(),
            Some(token) => return Err(token.expected("Expecting a field name but got")),
        };
        self.at += 1;
        let operator = self.operator()?;
        let operand = match operator {
            Operator::Changed => Operand::None,
            _ => self.operand()?,
        };
        let predicates = match operator {
            Operator::Changed
            | Operator::Was
            | Operator::WasIn
            | Operator::WasNot
            | Operator::WasNotIn => self.predicates()?,
            _ => Vec::new(),
        };
        Ok(Term {
            field,
            operator,
            operand,
            predicates,
        })
    }

    fn operator(&mut self) -> Result<Operator, String> {
        const VALID: &str = "The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'.";
        let Some(token) = self.peek().cloned() else {
            return Err(format!(
                "Error in the JQL Query: Expecting operator before the end of the query. {VALID}"
            ));
        };
        if let Kind::Operator(text) = token.kind {
            self.at += 1;
            return Ok(match text {
                "=" => Operator::Equals,
                "!=" => Operator::NotEquals,
                "<" => Operator::Less,
                "<=" => Operator::LessOrEqual,
                ">" => Operator::Greater,
                ">=" => Operator::GreaterOrEqual,
                "~" => Operator::Like,
                _ => Operator::NotLike,
            });
        }
        if self.take_word("in") {
            return Ok(Operator::In);
        }
        if self.take_word("is") {
            return Ok(if self.take_word("not") {
                Operator::IsNot
            } else {
                Operator::Is
            });
        }
        if self.take_word("was") {
            return Ok(match (self.take_word("not"), self.take_word("in")) {
                (false, false) => Operator::Was,
                (true, false) => Operator::WasNot,
                (false, true) => Operator::WasIn,
                (true, true) => Operator::WasNotIn,
            });
        }
        if self.take_word("changed") {
            return Ok(Operator::Changed);
        }
        if self.take_word("not") && self.take_word("in") {
            return Ok(Operator::NotIn);
        }
        let Place { line, character } = token.place;
        Err(format!(
            "Error in the JQL Query: Expecting operator but got '{}'. {VALID} (line {line}, character {character})",
            token.shown()
        ))
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let Some(token) = self.peek().cloned() else {
            return Err("Error in the JQL Query: Expecting either a value, list or function before the end of the query.".to_owned());
        };
        self.at += 1;
        match token.kind {
            Kind::Quoted(text) => Ok(Operand::Value(text, true)),
            Kind::Word(word) => {
                if word.eq_ignore_ascii_case("empty") || word.eq_ignore_ascii_case("null") {
                    return Ok(Operand::Empty);
                }
                if self.take(&Kind::Open) {
                    return self
                        .arguments()
                        .map(|arguments| Operand::Function(word, arguments));
                }
                Ok(Operand::Value(word, false))
            }
            Kind::Open => {
                let mut list = vec![self.operand()?];
                while self.take(&Kind::Comma) {
                    list.push(self.operand()?);
                }
                self.close()?;
                Ok(Operand::List(list))
            }
            Kind::Operator(_) | Kind::Close | Kind::Comma | Kind::Connective(_) => {
                Err(token.expected("Expecting either a value, list or function but got"))
            }
        }
    }

    fn arguments(&mut self) -> Result<Vec<String>, String> {
        let mut arguments = Vec::new();
        if self.take(&Kind::Close) {
            return Ok(arguments);
        }
        loop {
            match self.operand()? {
                Operand::Value(text, _) => arguments.push(text),
                _ => {
                    return Err(
                        "Error in the JQL Query: Expecting a function's argument.".to_owned()
                    );
                }
            }
            if !self.take(&Kind::Comma) {
                break;
            }
        }
        self.close()?;
        Ok(arguments)
    }

    fn close(&mut self) -> Result<(), String> {
        if self.take(&Kind::Close) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(token) => token.expected("Expecting either ')' or ',' but got"),
            None => "Error in the JQL Query: Expecting ')' before the end of the query.".to_owned(),
        })
    }

    fn predicates(&mut self) -> Result<Vec<Predicate>, String> {
        const NAMES: [&str; 7] = ["after", "before", "on", "during", "by", "from", "to"];
        let mut predicates = Vec::new();
        while let Some(name) = NAMES.into_iter().find(|name| {
            self.word()
                .is_some_and(|word| word.eq_ignore_ascii_case(name))
        }) {
            self.at += 1;
            predicates.push((name.to_owned(), self.operand()?));
        }
        Ok(predicates)
    }

    fn order(&mut self) -> Result<Vec<(String, bool)>, String> {
        let mut order = Vec::new();
        if !self.take_word("order") {
            return Ok(order);
        }
        if !self.take_word("by") {
            return Err(match self.peek() {
                Some(token) => token.expected("Expecting 'by' but got"),
                None => {
                    "Error in the JQL Query: Expecting 'by' before the end of the query.".to_owned()
                }
            });
        }
        loop {
            let field = match self.peek() {
                Some(Token {
                    kind: Kind::Word(text) | Kind::Quoted(text),
                    ..
                }) => text.clone(),
                Some(token) => return Err(token.expected("Expecting a field name but got")),
                None => {
                    return Err(
                        "Error in the JQL Query: Expecting a field name at the end of the query."
                            .to_owned(),
                    );
                }
            };
            self.at += 1;
            let descends = self.take_word("desc");
            if !descends {
                self.take_word("asc");
            }
            order.push((field, descends));
            if !self.take(&Kind::Comma) {
                return Ok(order);
            }
        }
    }
}

fn only(mut clauses: Vec<Clause>, many: fn(Vec<Clause>) -> Clause) -> Clause {
    match clauses.pop() {
        Some(clause) if clauses.is_empty() => clause,
        Some(clause) => {
            clauses.push(clause);
            many(clauses)
        }
        None => many(clauses),
    }
}
