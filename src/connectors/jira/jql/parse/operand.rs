//! What stands on the right of an operator: a value, `EMPTY`, a call, a list.

use std::ops::Range;

use super::{MAX_DEPTH, Parser, Read};
use crate::connectors::jira::jql::lex::{Kind, Token};
use crate::connectors::jira::jql::mistakes::{connective, lexical, operand as mistake};
use crate::connectors::jira::jql::tree::{
    Function, Operand, OperandKind, Operator, PredicateWord, Ranged,
};
use crate::connectors::jira::jql::words::is_reserved;
use crate::expression::Problem;

impl Parser<'_> {
    /// The operand of an operator, checked against what the operator takes.
    pub(super) fn operand_of(&mut self, operator: &Ranged<Operator>) -> Read<Operand> {
        let start = self.here().start;
        if self.ends_term() {
            return Err(mistake::missing(
                self.text,
                operator.range.clone(),
                operator.value,
            ));
        }
        if let Some(problem) = self.second_operator(operator) {
            return Err(problem);
        }
        match operator.value {
            Operator::Is | Operator::IsNot => self.emptiness(operator),
            operator_ if operator_.takes_list() => self.list_operand(operator),
            operator_ => {
                if matches!(self.kind(), Some(Kind::Open | Kind::OpenBracket)) {
                    return Err(self.list_unexpected(operator));
                }
                let operand = self.operand(operator_.is_history())?;
                if operand.kind == OperandKind::Empty && operator_.orders() {
                    return Err(mistake::empty_compared(self.text, operand.range, operator_));
                }
                if self.kind() == Some(&Kind::Comma) {
                    return Err(self.comma_behind_value(start, operator_, &operand));
                }
                Ok(operand)
            }
        }
    }

    /// An operator behind an operator: `= in (A)`, `is = Done`, `in not`.
    fn second_operator(&self, first: &Ranged<Operator>) -> Option<Problem> {
        let range = first.range.start..self.here().end;
        match self.kind()? {
            Kind::Operator(second) => Some(mistake::two_operators(self.text, range, *second)),
            Kind::NoOperator(second) => Some(mistake::two_operators(self.text, range, *second)),
            Kind::Bang => Some(mistake::two_operators(
                self.text,
                range,
                Operator::NotEquals,
            )),
            Kind::Word { plain: true, .. } => {
                let before_list = self.peek_at(1).is_some_and(|next| next.kind == Kind::Open);
                if self.is("in") && before_list {
                    let meant = if first.value.is_negative() {
                        Operator::NotIn
                    } else {
                        Operator::In
                    };
                    return Some(mistake::two_operators(self.text, range, meant));
                }
                None
            }
            _ => None,
        }
    }

    fn emptiness(&mut self, operator: &Ranged<Operator>) -> Read<Operand> {
        let range = self.here();
        if self.is("empty") || self.is("null") {
            self.at += 1;
            return Ok(Operand {
                kind: OperandKind::Empty,
                range,
            });
        }
        let is_list = self.kind() == Some(&Kind::Open);
        let run = self.run();
        let range = if is_list { range } else { run.range };
        Err(mistake::not_emptiness(
            self.text,
            range,
            operator.value,
            is_list,
        ))
    }

    fn list_operand(&mut self, operator: &Ranged<Operator>) -> Read<Operand> {
        match self.kind() {
            Some(Kind::Open) => {
                let list = self.list()?;
                return Ok(list);
            }
            Some(Kind::OpenBracket) => {
                let range = self.bracketed();
                return Err(mistake::brackets(self.text, range));
            }
            _ => {}
        }
        let is_call = self.peek_at(1).is_some_and(|next| next.kind == Kind::Open)
            && self.peek().is_some_and(|token| token.text().is_some());
        if is_call {
            return self.operand(true);
        }
        let start = self.here().start;
        let empty = self.is("empty") || self.is("null");
        // The values that were meant as a list: `in A, B`.
        let mut end = start;
        while let Some(token) = self.peek() {
            let joins = self.is_and() || self.is_or() || self.is_order();
            if joins || token.text().is_none() && token.kind != Kind::Comma {
                break;
            }
            end = token.range.end;
            self.at += 1;
        }
        Err(mistake::no_list(
            self.text,
            start..end.max(start),
            operator.value,
            empty,
        ))
    }

    /// The bytes of `[ … ]`, as far as it goes.
    fn bracketed(&self) -> Range<usize> {
        let start = self.here().start;
        let mut end = self.here().end;
        for token in self.tokens.iter().skip(self.at) {
            if matches!(token.kind, Kind::Open | Kind::Close) {
                break;
            }
            end = token.range.end;
            if token.kind == Kind::CloseBracket {
                break;
            }
        }
        start..end
    }

    /// A list behind an operator that takes none.
    fn list_unexpected(&mut self, operator: &Ranged<Operator>) -> Problem {
        if self.kind() == Some(&Kind::OpenBracket) {
            return mistake::brackets_of_one(self.text, self.bracketed());
        }
        match self.list() {
            Err(problem) => problem,
            Ok(list) => mistake::list_unexpected(
                self.text,
                list.range,
                operator.range.clone(),
                operator.value,
            ),
        }
    }

    /// `= A, B`.
    fn comma_behind_value(&mut self, start: usize, operator: Operator, first: &Operand) -> Problem {
        let comma = self.here();
        let begins = self
            .peek_at(1)
            .is_some_and(|next| begins_comparison(next, self.peek_at(2)));
        if begins {
            return connective::comma(comma);
        }
        let mut end = first.range.end;
        while let Some(token) = self.peek() {
            let joins = self.is_and() || self.is_or() || self.is_order();
            if joins || token.text().is_none() && token.kind != Kind::Comma {
                break;
            }
            if token.text().is_some() {
                end = token.range.end;
            }
            self.at += 1;
        }
        mistake::comma(self.text, comma, start..end, operator)
    }

    /// A value, `EMPTY`, a call or a list. `predicates` may follow it.
    pub(super) fn operand(&mut self, predicates: bool) -> Read<Operand> {
        let range = self.here();
        let Some(token) = self.peek() else {
            return Err(mistake::value(self.text, range));
        };
        let (text, quoted) = match &token.kind {
            Kind::Word { text, .. } => (text.clone(), false),
            Kind::Quoted(text) => (text.clone(), true),
            Kind::Open => return self.list(),
            Kind::OpenBracket => return Err(mistake::brackets_of_one(self.text, self.bracketed())),
            Kind::Comma => return Err(mistake::comma_alone(range)),
            _ => return Err(mistake::value(self.text, range)),
        };
        if self.peek_at(1).is_some_and(|next| next.kind == Kind::Open)
            && !(self.is("empty") || self.is("null"))
        {
            return self.call(text);
        }
        if !quoted {
            self.run_is_one(predicates)?;
            let empty = self.is("empty") || self.is("null");
            if empty {
                self.at += 1;
                return Ok(Operand {
                    kind: OperandKind::Empty,
                    range,
                });
            }
        }
        self.at += 1;
        Ok(Operand {
            kind: OperandKind::Value { text, quoted },
            range,
        })
    }

    /// The words from here that are no part of JQL: a text that lacks its quotes.
    fn run(&self) -> Run {
        let start = self.here().start;
        let mut run = Run {
            range: start..start,
            words: 0,
            field: None,
        };
        for (index, token) in self.tokens.iter().enumerate().skip(self.at) {
            let next = self.tokens.get(index + 1);
            let joins = token.is("and")
                || token.is("or")
                || token.is("order") && next.is_some_and(|next| next.is("by"));
            if joins || !matches!(token.kind, Kind::Word { .. }) {
                break;
            }
            if index > self.at && begins_comparison(token, next) {
                run.field = Some(token.range.clone());
                break;
            }
            run.words += 1;
            run.range.end = token.range.end;
        }
        run
    }

    /// A value outside quotes is one word.
    fn run_is_one(&self, predicates: bool) -> Read<()> {
        let run = self.run();
        let first = self.here();
        let reserved = self
            .peek()
            .and_then(Token::keyword)
            .is_some_and(|word| is_reserved(word) && !is_empty_word(word));
        if run.words <= 1 {
            if reserved {
                return Err(lexical::reserved_word(self.text, first, false));
            }
            return match run.field {
                Some(field) => Err(connective::missing(self.text, field)),
                None => Ok(()),
            };
        }
        let second = self.peek_at(1);
        let second_word = second.and_then(Token::keyword);
        let predicate = second_word.and_then(PredicateWord::read);
        if predicate.is_some() && !reserved && (predicates || self.predicate_meant(predicate)) {
            return Ok(());
        }
        if !reserved && let (Some(second), Some(word)) = (second, second_word) {
            if run.words == 2
                && run.field.is_some()
                && let Some(meant) = connective::misspelt(word)
            {
                let range = second.range.clone();
                return Err(connective::misspelt_connective(self.text, range, meant));
            }
            if let Some(range) = self.order_meant() {
                return Err(connective::order(range, false));
            }
        }
        Err(mistake::unquoted(self.text, run.range))
    }

    /// True where `after`, `before`, `during` and a time follow a value.
    fn predicate_meant(&self, word: Option<PredicateWord>) -> bool {
        let time = self.peek_at(2).is_some_and(|token| match &token.kind {
            Kind::Word { text, .. } => {
                text.starts_with('-') || text.starts_with(|one: char| one.is_ascii_digit())
            }
            Kind::Quoted(_) | Kind::Open => true,
            _ => false,
        }) || self
            .peek_at(3)
            .is_some_and(|token| token.kind == Kind::Open);
        matches!(
            word,
            Some(PredicateWord::After | PredicateWord::Before | PredicateWord::During)
        ) && time
    }

    /// A misspelt `ORDER BY` behind a value, up to the end.
    fn order_meant(&self) -> Option<Range<usize>> {
        let first = self.peek_at(1)?;
        let word = first.keyword()?.to_ascii_lowercase();
        let by = self.peek_at(2).is_some_and(|next| next.is("by"));
        let joined = ["orderby", "sortby", "limit"].contains(&&*word);
        let spelt = word == "sort"
            || word == "group"
            || crate::diagnostic::nearest(&word, ["order"]).is_some();
        let end = self.tokens.last()?.range.end;
        (joined || word == "order" || by && spelt).then_some(first.range.start..end)
    }

    fn list(&mut self) -> Read<Operand> {
        let open = self.here();
        if self.depth >= MAX_DEPTH {
            self.report(connective::too_deep(open.clone()), open.clone());
            self.abort();
            return Err(connective::too_deep(open));
        }
        self.depth += 1;
        let read = self.elements(&open);
        self.depth -= 1;
        Ok(Operand {
            kind: OperandKind::List(read?),
            range: self.since(open.start),
        })
    }

    fn elements(&mut self, open: &Range<usize>) -> Read<Vec<Operand>> {
        self.at += 1;
        if self.kind() == Some(&Kind::Close) {
            return Err(mistake::empty_list(open.start..self.here().end));
        }
        let mut operands = Vec::new();
        loop {
            if self.kind() == Some(&Kind::Close) {
                let comma = self.last();
                return Err(mistake::trailing_comma(comma));
            }
            if self.kind().is_none() {
                return Err(self.unclosed_list(open));
            }
            let joined = self
                .peek()
                .is_some_and(|token| matches!(token.kind, Kind::Word { .. }))
                && self.run().words > 1;
            if joined {
                let run = self.run();
                return Err(mistake::words_in_list(self.text, run.range));
            }
            operands.push(self.operand(false)?);
            match self.kind() {
                Some(Kind::Comma) => self.at += 1,
                Some(Kind::Close) => {
                    self.at += 1;
                    return Ok(operands);
                }
                None => return Err(self.unclosed_list(open)),
                _ if self.is_and() || self.is_or() || self.is_order() => {
                    return Err(self.unclosed_list(open));
                }
                Some(Kind::Operator(_)) => return Err(self.unclosed_list(open)),
                _ => return Err(mistake::no_comma(self.text, self.here())),
            }
        }
    }

    fn unclosed_list(&self, open: &Range<usize>) -> Problem {
        let mut inside = open.end..self.last().end.max(open.end);
        if self
            .tokens
            .get(self.at.wrapping_sub(1))
            .is_some_and(|last| last.kind == Kind::Comma)
        {
            inside.end = self.last().start;
        }
        connective::unclosed(self.text, open.clone(), inside)
    }

    /// A call, at its name.
    fn call(&mut self, name: String) -> Read<Operand> {
        let start = self.here();
        if self
            .peek()
            .and_then(Token::keyword)
            .is_some_and(is_reserved)
        {
            return Err(lexical::reserved_word(self.text, start, false));
        }
        self.at += 1;
        let open = self.here();
        let apart = open.start > start.end;
        self.at += 1;
        let mut arguments = Vec::new();
        if self.kind() == Some(&Kind::Close) {
            self.at += 1;
        } else {
            loop {
                arguments.push(self.argument(&open, apart)?);
                match self.kind() {
                    Some(Kind::Comma) => self.at += 1,
                    Some(Kind::Close) => {
                        self.at += 1;
                        break;
                    }
                    None => return Err(self.unclosed_list(&open)),
                    Some(Kind::Operator(_)) if apart => {
                        return Err(connective::missing(self.text, open));
                    }
                    _ if self.is_and() || self.is_or() || self.is_order() => {
                        return Err(self.unclosed_list(&open));
                    }
                    _ => return Err(mistake::argument(self.text, self.here())),
                }
            }
        }
        Ok(Operand {
            kind: OperandKind::Function(Function {
                name: Ranged {
                    value: name,
                    range: start.clone(),
                },
                arguments,
            }),
            range: self.since(start.start),
        })
    }

    fn argument(&mut self, open: &Range<usize>, apart: bool) -> Read<Ranged<String>> {
        let range = self.here();
        let Some(token) = self.peek() else {
            return Err(self.unclosed_list(open));
        };
        let Some(value) = token.text().map(str::to_owned) else {
            return Err(match token.kind {
                Kind::Close => mistake::trailing_comma(self.last()),
                _ => mistake::argument(self.text, range),
            });
        };
        if token.keyword().is_some_and(is_reserved) {
            return Err(if is_empty_word(&value) {
                mistake::argument(self.text, range)
            } else {
                lexical::reserved_word(self.text, range, false)
            });
        }
        let run = self.run();
        if run.words > 1 && !apart {
            return Err(mistake::unquoted(self.text, run.range));
        }
        self.at += 1;
        Ok(Ranged { value, range })
    }
}

/// Words that stand together outside quotes.
struct Run {
    range: Range<usize>,
    words: usize,
    /// The field of a comparison that follows without `AND`.
    field: Option<Range<usize>>,
}

fn is_empty_word(word: &str) -> bool {
    word.eq_ignore_ascii_case("empty") || word.eq_ignore_ascii_case("null")
}

/// True where a word and what follows it begin a comparison.
fn begins_comparison(token: &Token, next: Option<&Token>) -> bool {
    let reserved = token.keyword().is_some_and(is_reserved);
    !reserved
        && next.is_some_and(|next| {
            matches!(
                next.kind,
                Kind::Operator(_) | Kind::NoOperator(_) | Kind::OpenBracket
            ) || next.is("in")
                || next.is("is")
                || next.is("was")
                || next.is("changed")
        })
}
