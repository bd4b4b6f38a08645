//! Parsing queries: RFC 9535 to the letter. What its filters ask is parsed in `logical`.
//!
//! A mistake that leaves no doubt about what was meant is noted and parsing goes on, so that all of
//! them are told at once; any other ends it.

use std::ops::Range;

use super::mistakes;
use super::scan::{Parsed, Scanner, Text};
use super::tree::{Logical, Query, Root, Segment, Selector, SelectorKind};
use crate::expression::Problem;

/// How deep brackets and parentheses may nest.
const MAX_NESTING: usize = 128;

/// Parses a whole text as a query.
pub(super) fn query(text: &str) -> Result<Query, Vec<Problem>> {
    if text.trim().is_empty() {
        return Err(vec![*mistakes::empty_path(text)]);
    }
    if !text.starts_with('$') {
        return Err(vec![*mistakes::no_root(text)]);
    }
    let mut parser = Parser::new(text, false);
    let parsed = parser.query();
    parser.finish(parsed, mistakes::after_query)
}

/// Parses a whole text as a condition: a filter's expression in which `$` is the record.
pub(in crate::expression) fn condition(text: &str) -> Result<Logical, Vec<Problem>> {
    if text.trim().is_empty() {
        return Err(vec![*mistakes::empty_condition(text)]);
    }
    let mut parser = Parser::new(text, true);
    parser.scanner.blanks();
    let parsed = parser.or();
    parser.scanner.blanks();
    parser.finish(parsed, mistakes::after_condition)
}

pub(super) struct Parser<'t> {
    pub(super) scanner: Scanner<'t>,
    nesting: usize,
    /// How many filters surround this place.
    in_filter: usize,
    condition: bool,
    /// The mistakes that did not end it.
    found: Vec<Problem>,
}

impl<'t> Parser<'t> {
    const fn new(text: &'t str, condition: bool) -> Self {
        Self {
            scanner: Scanner { text, position: 0 },
            nesting: 0,
            in_filter: 0,
            condition,
            found: Vec::new(),
        }
    }

    /// What was parsed, or all mistakes in the text's order.
    fn finish<T>(
        mut self,
        parsed: Parsed<T>,
        after: impl FnOnce(&str, usize) -> Box<Problem>,
    ) -> Result<T, Vec<Problem>> {
        let parsed = match parsed {
            Ok(_) if !self.scanner.at_end() => Err(after(self.scanner.text, self.scanner.position)),
            parsed => parsed,
        };
        match parsed {
            Ok(parsed) if self.found.is_empty() => Ok(parsed),
            parsed => {
                self.found.extend(parsed.err().map(|problem| *problem));
                self.found.sort_by_key(|problem| {
                    let first = problem.labels.first();
                    first.map_or(0, |(range, _)| range.start)
                });
                Err(self.found)
            }
        }
    }

    #[expect(
        clippy::boxed_local,
        reason = "mistakes are made boxed, for the results that end parsing"
    )]
    pub(super) fn note(&mut self, problem: Box<Problem>) {
        self.found.push(*problem);
    }

    /// True where `@` stands for nothing.
    pub(super) const fn has_no_current(&self) -> bool {
        self.condition && self.in_filter == 0
    }

    pub(super) fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= MAX_NESTING {
            return Err(mistakes::too_deep(self.scanner.here()));
        }
        self.nesting += 1;
        let done = inside(self);
        self.nesting -= 1;
        done
    }

    /// A string, what is wrong in it noted.
    pub(super) fn string(&mut self) -> Parsed<Text> {
        let mut text = self.scanner.string()?;
        if let Some(mistake) = text.mistake.take() {
            self.note(mistake);
        }
        Ok(text)
    }

    pub(super) fn query(&mut self) -> Parsed<Query> {
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
        let descendant = self.scanner.take("..");
        let selectors = if self.scanner.starts_with("[") {
            self.bracketed()?
        } else if descendant || self.scanner.take(".") {
            vec![self.shorthand(start)?]
        } else {
            return Ok(None);
        };
        Ok(Some(Segment {
            descendant,
            selectors,
        }))
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
            Some((name, mut range)) => {
                // In RFC 9535 nothing can follow a name with a dash.
                if self.scanner.starts_with("-") {
                    range.end = mistakes::name_end(self.scanner.text, range.start);
                    self.scanner.position = range.end;
                    self.note(mistakes::character_in_name(
                        self.scanner.text,
                        range.clone(),
                        '-',
                    ));
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

    fn bracketed(&mut self) -> Parsed<Vec<Selector>> {
        let open = self.scanner.position;
        self.scanner.position += 1;
        self.deeper(|parser| {
            let mut selectors = Vec::new();
            loop {
                parser.scanner.blanks();
                let selector = parser.selector(open)?;
                let filter = matches!(selector.kind, SelectorKind::Filter(_));
                selectors.push(selector);
                parser.scanner.blanks();
                if parser.scanner.take("]") {
                    return Ok(selectors);
                }
                if !parser.scanner.take(",") {
                    let here = parser.scanner.position;
                    return Err(mistakes::bracket(parser.scanner.text, open, here, filter));
                }
            }
        })
    }

    fn selector(&mut self, open: usize) -> Parsed<Selector> {
        let start = self.scanner.position;
        let kind = match self.scanner.peek() {
            Some('"' | '\'') => SelectorKind::Name(self.string()?.value.into()),
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
            Some(':' | '-' | '0'..='9') => self.index_or_slice(open)?,
            _ => {
                return Err(mistakes::selector_expected(self.scanner.text, open, start));
            }
        };
        Ok(Selector {
            kind,
            range: start..self.scanner.position,
        })
    }

    fn index_or_slice(&mut self, open: usize) -> Parsed<SelectorKind> {
        let start = self.scanner.integer()?;
        let after = self.scanner.position;
        self.scanner.blanks();
        if !self.scanner.take(":") {
            self.scanner.position = after;
            return match start {
                Some((index, _)) => Ok(SelectorKind::Index(index)),
                None => Err(mistakes::selector_expected(self.scanner.text, open, after)),
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
}
