//! One comparison: a field, an operator, a value, and what stands behind `WAS` and `CHANGED`.

use std::ops::Range;

use super::{Parser, Read};
use crate::connectors::jira::jql::lex::Kind;
use crate::connectors::jira::jql::mistakes::{connective, lexical, operand, operator};
use crate::connectors::jira::jql::tree::{Field, Operator, Predicate, PredicateWord, Ranged, Term};
use crate::connectors::jira::jql::words::is_reserved;
use crate::expression::Problem;

impl Parser<'_> {
    pub(super) fn term(&mut self) -> Read<Term> {
        let start = self.here().start;
        let field = self.field()?;
        let operator = self.operator(&field)?;
        let operand = if operator.value == Operator::Changed {
            None
        } else {
            Some(self.operand_of(&operator)?)
        };
        let predicates = self.predicates(&operator)?;
        Ok(Term {
            field,
            operator,
            operand,
            predicates,
            range: self.since(start),
        })
    }

    fn field(&mut self) -> Read<Field> {
        let range = self.here();
        let Some(token) = self.peek() else {
            return Err(self.nothing_here());
        };
        let name = match &token.kind {
            Kind::Word { text, .. } | Kind::Quoted(text) => text.clone(),
            _ => return Err(self.no_field()),
        };
        if let Some(word) = token.keyword() {
            if word.eq_ignore_ascii_case("cf") {
                return self.custom_field();
            }
            if is_reserved(word) {
                return Err(self.reserved_field());
            }
        }
        self.at += 1;
        let mut field = Field {
            name,
            custom: None,
            property: false,
            range: range.clone(),
        };
        while self.kind() == Some(&Kind::OpenBracket) {
            self.property()?;
            field.property = true;
            field.range = self.since(range.start);
        }
        Ok(field)
    }

    /// `[KEY].path` behind a field.
    fn property(&mut self) -> Read<()> {
        let open = self.here();
        self.at += 1;
        if self.peek().and_then(|token| token.text()).is_none() {
            return Err(operand::property(self.text, open));
        }
        self.at += 1;
        if self.kind() != Some(&Kind::CloseBracket) {
            return Err(operand::property(self.text, open));
        }
        self.at += 1;
        while let Some(Kind::Word { text, .. }) = self.kind() {
            if !text.starts_with('.') {
                break;
            }
            let alone = text == ".";
            self.at += 1;
            if alone {
                if self.peek().and_then(|token| token.text()).is_none() {
                    return Err(operand::property(self.text, open));
                }
                self.at += 1;
            }
        }
        Ok(())
    }

    /// `cf[10016]`, at its `cf`.
    fn custom_field(&mut self) -> Read<Field> {
        let start = self.here().start;
        self.at += 1;
        let number = match (self.kind(), self.peek_at(1).map(|token| &token.kind)) {
            (Some(Kind::OpenBracket), Some(Kind::Word { text, plain: true })) => text
                .parse::<u64>()
                .ok()
                .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())),
            _ => None,
        };
        let closed = self
            .peek_at(2)
            .is_some_and(|token| token.kind == Kind::CloseBracket);
        match number {
            Some(number) if closed => {
                self.at += 3;
                Ok(Field {
                    name: format!("cf[{number}]"),
                    custom: Some(number),
                    property: false,
                    range: self.since(start),
                })
            }
            _ => {
                let range = self.since(start);
                Err(operand::custom_field(range))
            }
        }
    }

    /// At the end of the text, where a comparison is expected.
    fn nothing_here(&self) -> Problem {
        let last = self.last();
        let before_not = self
            .at
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .is_some_and(|token| token.kind == Kind::Open);
        if before_not {
            let end = last.end;
            return connective::unclosed(self.text, last, end..end);
        }
        connective::nothing_behind(self.text, last)
    }

    /// At what begins no comparison.
    fn no_field(&self) -> Problem {
        let range = self.here();
        match self.kind() {
            Some(Kind::And | Kind::Or) => self.misplaced(range),
            Some(Kind::Close) => connective::nothing_behind(self.text, self.last()),
            Some(Kind::OpenBracket) => operand::custom_field(range),
            Some(Kind::Operator(_) | Kind::NoOperator(_)) => {
                operator::nothing_before(self.text, range)
            }
            _ => operand::no_field(self.text, range),
        }
    }

    /// At a connective where a comparison is expected.
    fn misplaced(&self, range: Range<usize>) -> Problem {
        match self
            .at
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
        {
            Some(last) if last.kind != Kind::Open => {
                connective::doubled(self.text, last.range.clone(), range)
            }
            _ => connective::nothing_before(self.text, range),
        }
    }

    /// At a reserved word where a field is expected.
    fn reserved_field(&self) -> Problem {
        let range = self.here();
        if self.is_and() || self.is_or() {
            return self.misplaced(range);
        }
        if self.is_order() {
            return connective::nothing_behind(self.text, self.last());
        }
        if ["in", "is", "was", "changed"]
            .iter()
            .any(|word| self.is(word))
        {
            let compares = self
                .peek_at(1)
                .is_some_and(|next| matches!(next.kind, Kind::Operator(_)));
            if !compares {
                return operator::nothing_before(self.text, range);
            }
        }
        let several = self
            .peek_at(1)
            .is_some_and(|next| matches!(next.kind, Kind::Word { .. }) && !next.is("not"))
            .then(|| self.field_of_words(range.start))
            .flatten();
        match several {
            Some(words)
                if words.end > range.end && !lexical::begins_sql(self.text.raw(range.clone())) =>
            {
                operator::unquoted_field(self.text, words)
            }
            _ => lexical::reserved_word(self.text, range, self.at == 0),
        }
    }

    fn predicates(&mut self, operator: &Ranged<Operator>) -> Read<Vec<Predicate>> {
        let mut predicates = Vec::new();
        while let Some(word) = self
            .peek()
            .and_then(|token| token.keyword())
            .and_then(PredicateWord::read)
        {
            let range = self.here();
            if !operator.value.is_history() {
                return Err(operand::predicate_without_history(
                    self.text,
                    range,
                    operator.value,
                ));
            }
            let changes = operator.value == Operator::Changed;
            if matches!(word, PredicateWord::From | PredicateWord::To) && !changes {
                return Err(operand::only_behind_changed(self.text, range));
            }
            self.at += 1;
            if self.ends_term() {
                return Err(operand::predicate_value(self.text, range, word));
            }
            let operand = self.operand(true)?;
            predicates.push(Predicate {
                word: Ranged { value: word, range },
                operand,
            });
        }
        if operator.value == Operator::Changed
            && predicates.is_empty()
            && !self.ends_term()
            && self.peek().is_some_and(|token| token.text().is_some())
            && !self.is_and()
            && !self.is_or()
        {
            return Err(operand::behind_changed(self.text, self.here()));
        }
        Ok(predicates)
    }

    /// True where a comparison is over: nothing more of it can stand here.
    pub(super) fn ends_term(&self) -> bool {
        self.kind().is_none()
            || matches!(self.kind(), Some(Kind::Close | Kind::Comma))
            || self.is_and()
            || self.is_or()
            || self.is_order()
    }
}
