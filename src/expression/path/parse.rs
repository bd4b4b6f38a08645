//! Parsing queries and conditions: RFC 9535 to the letter.

use std::ops::Range;

use super::mistakes;
use super::scan::{Parsed, Scanner};
use super::tree::{
    Comparison, Logical, Matching, Operand, Operator, PatternOperand, Query, Root, Segment,
    Selector, SelectorKind,
};
use crate::expression::regexp::Pattern;
use crate::record::Value;

/// How deep brackets and parentheses may nest.
const MAX_NESTING: usize = 128;

/// Parses a whole text as a query.
pub(super) fn query(text: &str) -> Parsed<Query> {
    let mut parser = Parser {
        scanner: Scanner { text, position: 0 },
        nesting: 0,
        in_filter: 0,
        condition: false,
    };
    if text.trim().is_empty() {
        return Err(mistakes::empty("path", text));
    }
    if !text.starts_with('$') {
        return Err(mistakes::no_root(text));
    }
    let query = parser.query()?;
    if !parser.scanner.at_end() {
        return Err(mistakes::after_query(text, parser.scanner.position));
    }
    Ok(query)
}

/// Parses a whole text as a condition: a filter's expression in which `$` is the record.
pub(in crate::expression) fn condition(text: &str) -> Parsed<Logical> {
    let mut parser = Parser {
        scanner: Scanner { text, position: 0 },
        nesting: 0,
        in_filter: 0,
        condition: true,
    };
    parser.scanner.blanks();
    if parser.scanner.at_end() {
        return Err(mistakes::empty("condition", text));
    }
    let logical = parser.or()?;
    parser.scanner.blanks();
    if !parser.scanner.at_end() {
        return Err(mistakes::after_condition(text, parser.scanner.position));
    }
    Ok(logical)
}

struct Parser<'t> {
    scanner: Scanner<'t>,
    nesting: usize,
    /// How many filters surround this place.
    in_filter: usize,
    condition: bool,
}

/// What stands where a test or comparison is expected.
enum Term {
    Literal(Value, Range<usize>),
    Query(Query),
    Function(Function, Range<usize>),
}

enum Function {
    Value(Operand),
    Logical(Logical),
}

impl Parser<'_> {
    fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= MAX_NESTING {
            return Err(mistakes::too_deep(self.scanner.here()));
        }
        self.nesting += 1;
        let done = inside(self);
        self.nesting -= 1;
        done
    }

    fn query(&mut self) -> Parsed<Query> {
        let start = self.scanner.position;
        let root = if self.scanner.take("$") {
            Root::Record
        } else {
            self.scanner.position += 1;
            Root::Current
        };
        let mut segments = Vec::new();
        let mut end = self.scanner.position;
        loop {
            // Blanks belong to the query only where a segment follows them.
            self.scanner.blanks();
            match self.segment()? {
                Some(segment) => segments.push(segment),
                None => break,
            }
            end = self.scanner.position;
        }
        self.scanner.position = end;
        Ok(Query {
            root,
            segments,
            range: start..end,
        })
    }

    fn segment(&mut self) -> Parsed<Option<Segment>> {
        let start = self.scanner.position;
        if self.scanner.take("..") {
            let selectors = if self.scanner.starts_with("[") {
                self.bracketed()?
            } else {
                vec![self.shorthand(start)?]
            };
            return Ok(Some(Segment {
                descendant: true,
                selectors,
            }));
        }
        if self.scanner.take(".") {
            return Ok(Some(Segment {
                descendant: false,
                selectors: vec![self.shorthand(start)?],
            }));
        }
        if self.scanner.starts_with("[") {
            return Ok(Some(Segment {
                descendant: false,
                selectors: self.bracketed()?,
            }));
        }
        Ok(None)
    }

    fn shorthand(&mut self, dot: usize) -> Parsed<Selector> {
        let here = self.scanner.here();
        if self.scanner.take("*") {
            return Ok(Selector {
                kind: SelectorKind::Wildcard,
                range: here,
            });
        }
        match self.scanner.name() {
            Some((name, range)) => {
                if self.scanner.starts_with("-") && !self.condition_ends_name() {
                    return Err(mistakes::dash_in_name(self.scanner.text, range));
                }
                Ok(Selector {
                    kind: SelectorKind::Name(name),
                    range,
                })
            }
            None => Err(mistakes::name_expected(
                self.scanner.text,
                dot..self.scanner.position,
                here,
            )),
        }
    }

    /// In RFC 9535 nothing can follow a name with a dash.
    fn condition_ends_name(&self) -> bool {
        false
    }

    fn bracketed(&mut self) -> Parsed<Vec<Selector>> {
        let open = self.scanner.position;
        self.scanner.position += 1;
        self.deeper(|parser| {
            let mut selectors = Vec::new();
            loop {
                parser.scanner.blanks();
                selectors.push(parser.selector(open)?);
                parser.scanner.blanks();
                if parser.scanner.take("]") {
                    return Ok(selectors);
                }
                if !parser.scanner.take(",") {
                    return Err(mistakes::bracket(
                        parser.scanner.text,
                        open,
                        parser.scanner.here(),
                    ));
                }
            }
        })
    }

    fn selector(&mut self, open: usize) -> Parsed<Selector> {
        let start = self.scanner.position;
        let kind = match self.scanner.peek() {
            Some('"' | '\'') => SelectorKind::Name(self.scanner.string()?.0.into()),
            Some('*') => {
                self.scanner.position += 1;
                SelectorKind::Wildcard
            }
            Some('?') => {
                self.scanner.position += 1;
                self.scanner.blanks();
                self.in_filter += 1;
                let logical = self.or();
                self.in_filter -= 1;
                SelectorKind::Filter(logical?)
            }
            Some(':' | '-' | '0'..='9') => self.index_or_slice()?,
            _ => {
                return Err(mistakes::selector_expected(
                    self.scanner.text,
                    open,
                    self.scanner.here(),
                ));
            }
        };
        Ok(Selector {
            kind,
            range: start..self.scanner.position,
        })
    }

    fn index_or_slice(&mut self) -> Parsed<SelectorKind> {
        let start = self.scanner.integer()?;
        let after = self.scanner.position;
        self.scanner.blanks();
        if !self.scanner.take(":") {
            self.scanner.position = after;
            return match start {
                Some((index, _)) => Ok(SelectorKind::Index(index)),
                None => Err(mistakes::bad_integer(self.scanner.here(), false)),
            };
        }
        self.scanner.blanks();
        let end = self.scanner.integer()?;
        let after = self.scanner.position;
        self.scanner.blanks();
        let mut step = 1;
        if self.scanner.take(":") {
            let after = self.scanner.position;
            self.scanner.blanks();
            match self.scanner.integer()? {
                Some((value, _)) => step = value,
                None => self.scanner.position = after,
            }
        } else {
            self.scanner.position = after;
        }
        let value = |integer: Option<(i64, Range<usize>)>| integer.map(|(value, _)| value);
        Ok(SelectorKind::Slice {
            start: value(start),
            end: value(end),
            step,
        })
    }

    fn or(&mut self) -> Parsed<Logical> {
        let mut terms = vec![self.and()?];
        loop {
            let before = self.scanner.position;
            self.scanner.blanks();
            if !self.scanner.take("||") {
                if let Some(problem) =
                    mistakes::word_operator(self.scanner.text, self.scanner.position)
                {
                    return Err(problem);
                }
                self.scanner.position = before;
                break;
            }
            self.scanner.blanks();
            terms.push(self.and()?);
        }
        Ok(one_or(terms, Logical::Or))
    }

    fn and(&mut self) -> Parsed<Logical> {
        let mut terms = vec![self.basic()?];
        loop {
            let before = self.scanner.position;
            self.scanner.blanks();
            if !self.scanner.take("&&") {
                self.scanner.position = before;
                break;
            }
            self.scanner.blanks();
            terms.push(self.basic()?);
        }
        Ok(one_or(terms, Logical::And))
    }

    fn basic(&mut self) -> Parsed<Logical> {
        let start = self.scanner.position;
        if self.scanner.take("!") {
            self.scanner.blanks();
            if self.scanner.starts_with("(") {
                return Ok(Logical::Not(Box::new(self.parenthesised()?)));
            }
            if self.scanner.starts_with("!") {
                return Err(mistakes::double_not(start..self.scanner.position + 1));
            }
            let term = self.term()?;
            let test = self.test(term)?;
            let after = self.scanner.position;
            self.scanner.blanks();
            if self.operator()?.is_some() {
                return Err(mistakes::not_before_comparison(self.scanner.text, start));
            }
            self.scanner.position = after;
            return Ok(Logical::Not(Box::new(test)));
        }
        if self.scanner.starts_with("(") {
            return self.parenthesised();
        }
        let left = self.term()?;
        let after = self.scanner.position;
        self.scanner.blanks();
        let at = self.scanner.position;
        let Some(operator) = self.operator()? else {
            self.scanner.position = after;
            return self.test(left);
        };
        self.scanner.blanks();
        if self.scanner.at_end() {
            return Err(mistakes::operand_expected(at..self.scanner.position));
        }
        let right = self.term()?;
        let left = self.operand(left)?;
        let right = self.operand(right)?;
        let range = start..self.scanner.position;
        Ok(Logical::Compare(Box::new(Comparison {
            left,
            operator,
            right,
            range,
        })))
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
            Err(mistakes::parenthesis(open, parser.scanner.here()))
        })
    }

    fn operator(&mut self) -> Parsed<Option<Operator>> {
        if let Some(problem) = mistakes::wrong_operator(self.scanner.text, self.scanner.position) {
            return Err(problem);
        }
        let operators = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        Ok(operators
            .into_iter()
            .find(|(token, _)| self.scanner.take(token))
            .map(|(_, operator)| operator))
    }

    fn term(&mut self) -> Parsed<Term> {
        let start = self.scanner.position;
        match self.scanner.peek() {
            Some('$') => Ok(Term::Query(self.query()?)),
            Some('@') if self.condition && self.in_filter == 0 => {
                Err(mistakes::current_in_condition(self.scanner.text, start))
            }
            Some('@') => Ok(Term::Query(self.query()?)),
            Some('"' | '\'') => {
                let (text, range) = self.scanner.string()?;
                Ok(Term::Literal(text.into(), range))
            }
            Some('-' | '0'..='9') => match self.scanner.number()? {
                Some((value, range)) => Ok(Term::Literal(value, range)),
                None => Err(mistakes::term_expected(
                    self.scanner.text,
                    self.scanner.here(),
                )),
            },
            _ => self.word(start),
        }
    }

    /// `true`, `false`, `null` or a function.
    fn word(&mut self, start: usize) -> Parsed<Term> {
        let rest = self.scanner.rest();
        let length = rest
            .find(|one: char| !(one.is_ascii_alphanumeric() || one == '_'))
            .unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        if length > 0
            && rest
                .get(length..)
                .is_some_and(|after| after.starts_with('('))
        {
            return self.function(word, start..start + length);
        }
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => {
                return Err(mistakes::term_expected(
                    self.scanner.text,
                    start..start + length.max(self.scanner.here().len()),
                ));
            }
        };
        self.scanner.position += length;
        Ok(Term::Literal(value, start..self.scanner.position))
    }

    fn function(&mut self, name: &str, at: Range<usize>) -> Parsed<Term> {
        let takes = match name {
            "length" | "count" | "value" => 1,
            "match" | "search" => 2,
            _ => return Err(mistakes::unknown_function(self.scanner.text, name, at)),
        };
        let open = at.end;
        self.scanner.position = open + 1;
        let arguments = self.deeper(|parser| parser.arguments(open))?;
        let range = at.start..self.scanner.position;
        if arguments.len() != takes {
            return Err(mistakes::arguments(name, takes, arguments.len(), range));
        }
        let mut arguments = arguments.into_iter();
        let (first, second) = (arguments.next(), arguments.next());
        let function = match (name, first, second) {
            ("length", Some(of), None) => Function::Value(Operand::Length(Box::new(
                self.value_argument("length", of)?,
            ))),
            ("count", Some(of), None) => {
                Function::Value(Operand::Count(nodes_argument("count", of)?))
            }
            ("value", Some(of), None) => {
                Function::Value(Operand::Value(nodes_argument("value", of)?))
            }
            (_, Some(text), Some(pattern)) => {
                let text = self.value_argument(name, text)?;
                let pattern = match pattern {
                    Term::Literal(Value::String(written), range) => {
                        let pattern = Pattern::parse(&written).map_err(|mistake| {
                            Box::new(mistake.in_literal(self.scanner.text, range.clone(), name))
                        })?;
                        PatternOperand::Literal {
                            pattern,
                            text: written,
                        }
                    }
                    other => PatternOperand::Found(self.value_argument(name, other)?),
                };
                Function::Logical(Logical::Matches(Box::new(Matching {
                    whole: name == "match",
                    text,
                    pattern,
                })))
            }
            // The number of arguments was just compared.
            _ => return Err(mistakes::arguments(name, takes, 0, range)),
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
                return Err(mistakes::parenthesis(open, self.scanner.here()));
            }
            arguments.push(self.term()?);
            self.scanner.blanks();
            if self.scanner.take(")") {
                return Ok(arguments);
            }
            if !self.scanner.take(",") {
                return Err(mistakes::parenthesis(open, self.scanner.here()));
            }
        }
    }

    fn value_argument(&self, function: &str, term: Term) -> Parsed<Operand> {
        match term {
            Term::Literal(value, _) => Ok(Operand::Literal { value }),
            Term::Query(query) if query.is_singular() => Ok(Operand::Singular(query)),
            Term::Query(query) => Err(mistakes::not_singular(
                self.scanner.text,
                &query.range,
                function,
            )),
            Term::Function(Function::Value(operand), _) => Ok(operand),
            Term::Function(Function::Logical(_), range) => Err(mistakes::logical_as_value(range)),
        }
    }

    fn test(&self, term: Term) -> Parsed<Logical> {
        match term {
            Term::Query(query) => Ok(Logical::Exists(query)),
            Term::Function(Function::Logical(logical), _) => Ok(logical),
            Term::Function(Function::Value(_), range) => {
                Err(mistakes::value_as_test(self.scanner.text, range))
            }
            Term::Literal(_, range) => Err(mistakes::literal_as_test(self.scanner.text, range)),
        }
    }

    fn operand(&self, term: Term) -> Parsed<Operand> {
        match term {
            Term::Query(query) if !query.is_singular() => {
                Err(mistakes::compares_many(self.scanner.text, &query.range))
            }
            Term::Query(query) => Ok(Operand::Singular(query)),
            Term::Literal(value, _) => Ok(Operand::Literal { value }),
            Term::Function(Function::Value(operand), _) => Ok(operand),
            Term::Function(Function::Logical(_), range) => Err(mistakes::logical_as_value(range)),
        }
    }
}

fn nodes_argument(function: &str, term: Term) -> Parsed<Query> {
    match term {
        Term::Query(query) => Ok(query),
        Term::Literal(_, range) | Term::Function(_, range) => {
            Err(mistakes::path_argument(function, range))
        }
    }
}

fn one_or(mut terms: Vec<Logical>, many: impl FnOnce(Vec<Logical>) -> Logical) -> Logical {
    match terms.len() {
        1 => terms.remove(0),
        _ => many(terms),
    }
}
