//! A query's parts to a tree. After a mistake reading goes on behind the next `AND` or `OR`, so
//! that all mistakes of a query are told at once.

mod operand;
mod operator;
mod term;

use std::ops::Range;

use super::lex::{Kind, Token, lex};
use super::mistakes::{connective, lexical};
use super::text::Text;
use super::tree::{Clause, Query};
use crate::expression::Problem;

/// How deep parentheses, `NOT`s and lists may nest: bounds recursion over a query.
pub(super) const MAX_DEPTH: usize = 100;

/// More mistakes of one query help nobody.
pub(super) const MAX_FOUND: usize = 50;

/// Reads a query that has no order; or all that is wrong with it.
///
/// # Errors
/// The mistakes, in the order of the text.
pub fn parse(text: Text<'_>) -> Result<Query, Vec<Problem>> {
    let (tokens, lexical) = lex(text);
    if tokens.is_empty() && lexical.is_empty() {
        return Err(vec![connective::empty(text)]);
    }
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        depth: 0,
        open: 0,
        found: Vec::new(),
        aborted: false,
    };
    let clause = parser.query();
    let problems = united(lexical, parser.found);
    match clause {
        Some(clause) if problems.is_empty() => Ok(Query { clause }),
        _ => Err(problems),
    }
}

/// The mistakes in their order, without those that only follow from one in the characters.
fn united(lexical: Vec<Problem>, found: Vec<Found>) -> Vec<Problem> {
    let starts: Vec<usize> = lexical.iter().filter_map(start_of).collect();
    let swallowed = lexical
        .iter()
        .filter(|problem| lexical::swallows_the_rest(problem))
        .filter_map(start_of)
        .min();
    let mut problems = lexical;
    for one in found {
        let follows = starts.iter().any(|start| one.within.contains(start))
            || swallowed.is_some_and(|start| {
                one.within.end > start || connective::is_unclosed(&one.problem)
            });
        if !follows {
            problems.push(one.problem);
        }
    }
    problems.sort_by_key(start_of);
    problems
}

fn start_of(problem: &Problem) -> Option<usize> {
    problem.labels.first().map(|(range, _)| range.start)
}

/// A mistake and the stretch that could not be read because of it.
struct Found {
    problem: Problem,
    within: Range<usize>,
}

/// What reading a part gives.
type Read<T> = Result<T, Problem>;

struct Parser<'t> {
    text: Text<'t>,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// How many parentheses are open.
    open: usize,
    found: Vec<Found>,
    aborted: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn peek_at(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    fn kind(&self) -> Option<&Kind> {
        self.peek().map(|token| &token.kind)
    }

    fn is(&self, keyword: &str) -> bool {
        self.peek().is_some_and(|token| token.is(keyword))
    }

    /// The bytes of the next part; nothing at the end of the text.
    fn here(&self) -> Range<usize> {
        self.peek().map_or_else(
            || {
                let end = self.text.as_str().trim_end().len();
                end..end
            },
            |token| token.range.clone(),
        )
    }

    /// The bytes of the part before.
    fn last(&self) -> Range<usize> {
        self.at
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .map_or(0..0, |token| token.range.clone())
    }

    /// From the start of a part to the end of the part before.
    fn since(&self, start: usize) -> Range<usize> {
        start..self.last().end.max(start)
    }

    fn is_and(&self) -> bool {
        self.is("and") || self.kind() == Some(&Kind::And)
    }

    fn is_or(&self) -> bool {
        self.is("or") || self.kind() == Some(&Kind::Or)
    }

    /// True at `ORDER BY`.
    fn is_order(&self) -> bool {
        self.is("order") && self.peek_at(1).is_some_and(|next| next.is("by"))
    }

    fn report(&mut self, problem: Problem, within: Range<usize>) {
        if !self.aborted {
            self.found.push(Found { problem, within });
        }
        if self.found.len() >= MAX_FOUND {
            self.abort();
        }
    }

    /// Ends reading: what comes is not to be judged.
    fn abort(&mut self) {
        self.aborted = true;
        self.at = self.tokens.len();
    }

    fn query(&mut self) -> Option<Clause> {
        let clause = if self.is_order() {
            None
        } else {
            self.clauses(false)
        };
        if self.is_order() {
            let alone = self.at == 0;
            let start = self.here().start;
            self.at = self.tokens.len();
            let range = self.since(start);
            self.report(connective::order(range.clone(), alone), range);
        }
        clause
    }

    /// Conditions up to the end, or `inside` parentheses up to what closes them.
    fn clauses(&mut self, inside: bool) -> Option<Clause> {
        let clause = self.or();
        loop {
            match self.kind() {
                None => break,
                Some(Kind::Close) if inside => break,
                _ if self.is_order() => break,
                Some(Kind::Close) => {
                    let range = self.here();
                    self.report(connective::unopened(range.clone()), range);
                    self.at += 1;
                }
                _ if self.is_and() || self.is_or() => {
                    self.at += 1;
                    self.or();
                }
                _ => {
                    let problem = self.no_connective();
                    let start = self.here().start;
                    self.skip(inside);
                    let within = self.since(start);
                    self.report(problem, within);
                }
            }
        }
        clause
    }

    fn or(&mut self) -> Option<Clause> {
        let mut all = true;
        let mut clauses = Vec::new();
        loop {
            match self.and() {
                Some(clause) => clauses.push(clause),
                None => all = false,
            }
            if !self.is_or() {
                return if all {
                    joined(clauses, Clause::Or)
                } else {
                    None
                };
            }
            self.at += 1;
        }
    }

    fn and(&mut self) -> Option<Clause> {
        let mut all = true;
        let mut clauses = Vec::new();
        loop {
            match self.not() {
                Some(clause) => clauses.push(clause),
                None => all = false,
            }
            if !self.is_and() {
                return if all {
                    joined(clauses, Clause::And)
                } else {
                    None
                };
            }
            self.at += 1;
        }
    }

    fn not(&mut self) -> Option<Clause> {
        let start = self.here().start;
        if self.depth >= MAX_DEPTH {
            let range = self.here();
            self.report(connective::too_deep(range.clone()), range);
            self.abort();
            return None;
        }
        self.depth += 1;
        let clause = if self.is("not") || self.kind() == Some(&Kind::Bang) {
            self.at += 1;
            self.not().map(|clause| Clause::Not(Box::new(clause)))
        } else if self.kind() == Some(&Kind::Open) {
            self.parentheses()
        } else {
            match self.term() {
                Ok(term) => Some(Clause::Term(term)),
                Err(problem) => {
                    self.skip(self.open > 0);
                    let within = self.since(start);
                    self.report(problem, within);
                    None
                }
            }
        };
        self.depth -= 1;
        clause
    }

    fn parentheses(&mut self) -> Option<Clause> {
        let open = self.here();
        self.at += 1;
        if self.kind() == Some(&Kind::Close) {
            let range = open.start..self.here().end;
            self.at += 1;
            self.report(connective::empty_parentheses(range.clone()), range);
            return None;
        }
        self.open += 1;
        let clause = self.clauses(true);
        self.open -= 1;
        if self.kind() == Some(&Kind::Close) {
            self.at += 1;
        } else if !self.aborted {
            let told = self
                .found
                .iter()
                .any(|one| connective::is_unclosed(&one.problem));
            if !told {
                let inside = open.end..self.last().end.max(open.end);
                let problem = connective::unclosed(self.text, open.clone(), inside);
                self.report(problem, open);
            }
            return None;
        }
        clause
    }

    /// Goes on to the next `AND`, `OR` or `ORDER BY`, inside parentheses also to their end.
    fn skip(&mut self, inside: bool) {
        let mut depth = 0_usize;
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Open => depth += 1,
                Kind::Close if depth > 0 => depth -= 1,
                Kind::Close if inside => return,
                _ if depth == 0 && (self.is_and() || self.is_or() || self.is_order()) => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// What stands behind a comparison and joins it with nothing.
    fn no_connective(&self) -> Problem {
        let range = self.here();
        match self.kind() {
            Some(Kind::Comma) => connective::comma(range),
            Some(Kind::CloseBracket) => connective::unopened(range),
            _ => {
                let near = self
                    .peek()
                    .and_then(Token::keyword)
                    .and_then(connective::misspelt);
                match near {
                    Some(near) => connective::misspelt_connective(self.text, range, near),
                    None => connective::missing(self.text, range),
                }
            }
        }
    }
}

fn joined(mut clauses: Vec<Clause>, many: fn(Vec<Clause>) -> Clause) -> Option<Clause> {
    match clauses.pop() {
        Some(clause) if clauses.is_empty() => Some(clause),
        Some(clause) => {
            clauses.push(clause);
            Some(many(clauses))
        }
        None => None,
    }
}
