//! Parsing what filters and conditions ask: RFC 9535 to the letter, calls checked for their types.

use std::ops::Range;
use std::sync::Arc;

use super::mistakes::{self, WordOperator};
use super::parse::Parser;
use super::read::is_replaced;
use super::scan::{Parsed, Text, is_name_first, written_at};
use super::tree::{Comparison, Logical, Matching, Operand, Operator, PatternOperand, Query};
use crate::expression::regexp::{Pattern, PatternCache};
use crate::record::Value;

/// What stands where a test or comparison is expected.
enum Term {
    Literal(Value, Range<usize>),
    /// A string, with what is wrong in it: as a pattern it is judged as one.
    Text(Text),
    Query(Query),
    Function(Function, Range<usize>),
    /// A mistake that is noted.
    Wrong(Range<usize>),
}

enum Function {
    Value(Operand),
    Logical(Logical),
}

impl Term {
    fn range(&self) -> Range<usize> {
        match self {
            Self::Literal(_, range) | Self::Function(_, range) | Self::Wrong(range) => {
                range.clone()
            }
            Self::Text(text) => text.range.clone(),
            Self::Query(query) => query.range.clone(),
        }
    }
}

/// What stands in the tree for a mistake that is noted; such a tree is never asked.
const fn noted_test() -> Logical {
    Logical::Or(Vec::new())
}

const fn noted_value() -> Operand {
    Operand::Literal { value: Value::Null }
}

impl Parser<'_> {
    pub(super) fn or(&mut self) -> Parsed<Logical> {
        let mut terms = vec![self.and()?];
        while self.joined("||", WordOperator::Or) {
            terms.push(self.and()?);
        }
        Ok(one_or(terms, Logical::Or))
    }

    fn and(&mut self) -> Parsed<Logical> {
        let mut terms = vec![self.basic()?];
        while self.joined("&&", WordOperator::And) {
            terms.push(self.basic()?);
        }
        Ok(one_or(terms, Logical::And))
    }

    /// Takes an operator between tests, also where it is written as a word or once.
    fn joined(&mut self, token: &str, word: WordOperator) -> bool {
        let before = self.scanner.position;
        self.scanner.blanks();
        let start = self.scanner.position;
        let mut found = self.scanner.take(token);
        if !found && let Some(length) = mistakes::joining_word(self.scanner.rest(), word) {
            self.scanner.position += length;
            let range = start..self.scanner.position;
            self.note(mistakes::joined_by_word(self.scanner.text, range, token));
            found = true;
        }
        if found {
            self.scanner.blanks();
        } else {
            self.scanner.position = before;
        }
        found
    }

    fn basic(&mut self) -> Parsed<Logical> {
        let start = self.scanner.position;
        if self.negation() {
            self.scanner.blanks();
            if self.scanner.starts_with("(") {
                return Ok(Logical::Not(Box::new(self.parenthesised()?)));
            }
            let again = self.scanner.position;
            if self.scanner.take("!") {
                self.note(mistakes::double_not(start..again + 1));
                self.scanner.blanks();
                if self.scanner.starts_with("(") {
                    return self.parenthesised();
                }
            }
            let term = self.term()?;
            let after = self.scanner.position;
            self.scanner.blanks();
            if self.operator().is_some() {
                self.scanner.blanks();
                self.term()?;
                let written = start..self.scanner.position;
                self.note(mistakes::not_before_comparison(self.scanner.text, written));
                return Ok(noted_test());
            }
            self.scanner.position = after;
            return Ok(Logical::Not(Box::new(self.test(term))));
        }
        if self.scanner.starts_with("(") {
            return self.parenthesised();
        }
        let left = self.term()?;
        let after = self.scanner.position;
        self.scanner.blanks();
        if let Some(operator) = self.operator() {
            self.scanner.blanks();
            let right = self.term()?;
            let left = self.operand(left);
            let right = self.operand(right);
            return Ok(Logical::Compare(Box::new(Comparison {
                left,
                operator,
                right,
                range: start..self.scanner.position,
            })));
        }
        if let Some(length) = mistakes::unknown_operator(self.scanner.rest()) {
            let at = self.scanner.position..self.scanner.position + length;
            self.scanner.position = at.end;
            return self.unknown_operator(&left, at);
        }
        self.scanner.position = after;
        Ok(self.test(left))
    }

    /// Takes `!`, also where it is written `not`.
    fn negation(&mut self) -> bool {
        let start = self.scanner.position;
        if self.scanner.take("!") {
            return true;
        }
        let Some(length) = mistakes::negating_word(self.scanner.rest()) else {
            return false;
        };
        self.scanner.position += length;
        self.note(mistakes::not_in_words(
            self.scanner.text,
            start..self.scanner.position,
        ));
        true
    }

    /// `in`, `contains`, `=~` and the like, and what stands after them.
    fn unknown_operator(&mut self, left: &Term, at: Range<usize>) -> Parsed<Logical> {
        self.scanner.blanks();
        let start = self.scanner.position;
        if let Some(length) = mistakes::slashed(self.scanner.rest()) {
            self.scanner.position += length;
        } else if !self.scanner.at_end() && !self.balanced() {
            self.term()?;
        }
        self.note(mistakes::operator_unknown(
            self.scanner.text,
            &left.range(),
            at,
            &(start..self.scanner.position),
        ));
        Ok(noted_test())
    }

    /// Passes over what stands in brackets here; false where nothing does, or it is never closed.
    fn balanced(&mut self) -> bool {
        let length = mistakes::balanced(self.scanner.rest());
        self.scanner.position += length.unwrap_or(0);
        length.is_some()
    }

    fn parenthesised(&mut self) -> Parsed<Logical> {
        let open = self.scanner.position;
        self.scanner.position += 1;
        self.deeper(|parser| {
            parser.scanner.blanks();
            let inside = parser.or()?;
            parser.scanner.blanks();
            if parser.scanner.take(")") {
                return Ok(inside);
            }
            let here = parser.scanner.position;
            Err(mistakes::parenthesis(parser.scanner.text, open, here))
        })
    }

    fn operator(&mut self) -> Option<Operator> {
        let start = self.scanner.position;
        if let Some(wrong) = mistakes::wrong_operator(self.scanner.rest()) {
            self.scanner.position += wrong.length;
            let range = start..self.scanner.position;
            self.note(mistakes::no_comparison(self.scanner.text, range, &wrong));
            return Some(wrong.meant);
        }
        let operators = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        operators
            .into_iter()
            .find(|(token, _)| self.scanner.take(token))
            .map(|(_, operator)| operator)
    }

    fn term(&mut self) -> Parsed<Term> {
        let start = self.scanner.position;
        match self.scanner.peek() {
            Some('@') if self.has_no_current() => {
                let query = self.query()?;
                let range = query.range;
                self.note(mistakes::current_in_condition(
                    self.scanner.text,
                    range.clone(),
                ));
                Ok(Term::Wrong(range))
            }
            Some('$' | '@') => Ok(Term::Query(self.query()?)),
            Some('"' | '\'') => Ok(Term::Text(self.scanner.string()?)),
            Some('-' | '0'..='9') => match self.scanner.number() {
                Ok(Some((value, range))) => Ok(Term::Literal(value, range)),
                Ok(None) => Err(mistakes::term_expected(self.scanner.text, start)),
                Err(mistake) => {
                    self.note(mistake);
                    Ok(Term::Wrong(start..self.scanner.position))
                }
            },
            Some(one) if is_name_first(one) => self.word(start),
            _ => self.wrong_term(start),
        }
    }

    /// `true`, `false`, `null` or a function.
    fn word(&mut self, start: usize) -> Parsed<Term> {
        let word = mistakes::word(self.scanner.rest());
        let end = start + word.len();
        let after = self.scanner.text.get(end..).unwrap_or_default();
        if after.starts_with('(') {
            return self.function(word, start..end);
        }
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ if mistakes::is_function(word) && after.trim_start().starts_with('(') => {
                let blank = end..end + after.len() - after.trim_start().len();
                self.note(mistakes::blank_in_call(word, blank.clone()));
                return self.function(word, start..blank.end);
            }
            _ => return self.wrong_term(start),
        };
        self.scanner.position = end;
        Ok(Term::Literal(value, start..end))
    }

    /// What is none of the terms, where it is plain what it was meant for.
    fn wrong_term(&mut self, start: usize) -> Parsed<Term> {
        let (mistake, end) = mistakes::wrong_term(self.scanner.text, start)?;
        self.scanner.position = end;
        self.note(mistake);
        Ok(Term::Wrong(start..end))
    }

    /// A call; `at` are the bytes before its parenthesis.
    fn function(&mut self, name: &str, at: Range<usize>) -> Parsed<Term> {
        let open = at.end;
        self.scanner.position = open;
        if !mistakes::is_function(name) {
            let Some(length) = mistakes::balanced(self.scanner.rest()) else {
                return Err(mistakes::parenthesis(
                    self.scanner.text,
                    open,
                    self.scanner.text.len(),
                ));
            };
            self.scanner.position = open + length;
            let range = at.start..self.scanner.position;
            self.note(mistakes::unknown_function(
                self.scanner.text,
                name,
                at,
                open..range.end,
            ));
            return Ok(Term::Wrong(range));
        }
        self.scanner.position = open + 1;
        let arguments = self.deeper(|parser| parser.arguments(open))?;
        let range = at.start..self.scanner.position;
        let takes = if matches!(name, "match" | "search") {
            2
        } else {
            1
        };
        if arguments.len() != takes {
            let extra = arguments
                .get(takes)
                .zip(arguments.last())
                .map(|(first, last)| first.range().start..last.range().end);
            self.note(mistakes::arguments(
                name,
                takes,
                arguments.len(),
                extra.unwrap_or_else(|| range.clone()),
            ));
            return Ok(Term::Wrong(range));
        }
        let mut arguments = arguments.into_iter();
        let function = match (arguments.next(), arguments.next()) {
            (Some(text), Some(pattern)) => {
                let text = self.value_argument(name, text);
                let pattern = self.pattern(name, pattern);
                Function::Logical(Logical::Matches(Box::new(Matching {
                    whole: name == "match",
                    text,
                    pattern,
                })))
            }
            (Some(of), None) if name == "length" => {
                Function::Value(Operand::Length(Box::new(self.value_argument(name, of))))
            }
            (Some(of), None) => Function::Value(match self.nodes_argument(name, of) {
                Some(query) if name == "count" => Operand::Count(query),
                Some(query) => Operand::Value(query),
                None => noted_value(),
            }),
            // One or two arguments were just counted.
            (None, _) => return Ok(Term::Wrong(range)),
        };
        Ok(Term::Function(function, range))
    }

    fn arguments(&mut self, open: usize) -> Parsed<Vec<Term>> {
        let mut arguments = Vec::new();
        self.scanner.blanks();
        if self.scanner.take(")") {
            return Ok(arguments);
        }
        loop {
            self.scanner.blanks();
            if self.scanner.at_end() {
                let end = self.scanner.position;
                return Err(mistakes::parenthesis(self.scanner.text, open, end));
            }
            arguments.push(self.term()?);
            self.scanner.blanks();
            if self.scanner.take(")") {
                return Ok(arguments);
            }
            if !self.scanner.take(",") {
                let here = self.scanner.position;
                return Err(mistakes::argument_end(self.scanner.text, open, here));
            }
        }
    }

    /// What a string says, what is wrong in it noted.
    fn text(&mut self, text: Text) -> Value {
        if let Some(mistake) = text.mistake {
            self.note(mistake);
        }
        text.value.into()
    }

    fn pattern(&mut self, function: &str, term: Term) -> PatternOperand {
        let Term::Text(text) = term else {
            let operand = self.value_argument(function, term);
            return PatternOperand::Found(operand, PatternCache::default());
        };
        let written: Arc<str> = text.value.as_str().into();
        let mut pattern = None;
        // What a `${…}` stands for is judged once it is known.
        if is_replaced(&written) {
            if let Some(mistake) = text.mistake {
                self.note(mistake);
            }
        } else {
            match Pattern::written(&written, function == "match") {
                Ok(compiled) => {
                    pattern = Some(compiled);
                    if let Some(mistake) = text.mistake {
                        self.note(mistake);
                    }
                }
                // `\d` is no escape of a string either; what it is in a pattern helps more.
                Err(mistake) => {
                    let literal = text.range.start;
                    let range = written_at(self.scanner.text, literal, mistake.range());
                    self.note(Box::new(mistake.at(range, &written, function)));
                }
            }
        }
        PatternOperand::Literal {
            pattern,
            text: written,
            range: text.range,
        }
    }

    fn value_argument(&mut self, function: &str, term: Term) -> Operand {
        match term {
            Term::Query(query) if !query.is_singular() => {
                self.note(mistakes::not_singular(
                    self.scanner.text,
                    &query.range,
                    function,
                ));
                noted_value()
            }
            other => self.operand(other),
        }
    }

    fn nodes_argument(&mut self, function: &str, term: Term) -> Option<Query> {
        match term {
            Term::Query(query) => Some(query),
            Term::Wrong(_) => None,
            other => {
                self.note(mistakes::path_argument(function, other.range()));
                None
            }
        }
    }

    fn test(&mut self, term: Term) -> Logical {
        let mistake = match term {
            Term::Query(query) => return Logical::Exists(query),
            Term::Function(Function::Logical(logical), _) => return logical,
            Term::Wrong(_) => return noted_test(),
            Term::Function(Function::Value(_), range) => {
                mistakes::value_as_test(self.scanner.text, range)
            }
            Term::Literal(_, range) | Term::Text(Text { range, .. }) => {
                mistakes::literal_as_test(self.scanner.text, range)
            }
        };
        self.note(mistake);
        noted_test()
    }

    fn operand(&mut self, term: Term) -> Operand {
        let mistake = match term {
            Term::Query(query) if query.is_singular() => return Operand::Singular(query),
            Term::Literal(value, _) => return Operand::Literal { value },
            Term::Text(text) => {
                return Operand::Literal {
                    value: self.text(text),
                };
            }
            Term::Function(Function::Value(operand), _) => return operand,
            Term::Wrong(_) => return noted_value(),
            Term::Query(query) => mistakes::compares_many(self.scanner.text, &query.range),
            Term::Function(Function::Logical(_), range) => {
                mistakes::logical_as_value(self.scanner.text, range)
            }
        };
        self.note(mistake);
        noted_value()
    }
}

fn one_or(mut terms: Vec<Logical>, many: impl FnOnce(Vec<Logical>) -> Logical) -> Logical {
    match terms.len() {
        1 => terms.remove(0),
        _ => many(terms),
    }
}
