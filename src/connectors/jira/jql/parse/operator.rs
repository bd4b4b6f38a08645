//! Operators, and what is written for them.

use std::ops::Range;

use super::{Parser, Read};
use crate::connectors::jira::jql::lex::Kind;
use crate::connectors::jira::jql::mistakes::operator as mistake;
use crate::connectors::jira::jql::tree::{Field, Operator, Ranged};
use crate::expression::Problem;

impl Parser<'_> {
    pub(super) fn operator(&mut self, field: &Field) -> Read<Ranged<Operator>> {
        let start = self.here().start;
        let value = match self.kind() {
            Some(Kind::Operator(operator)) => {
                let operator = *operator;
                self.at += 1;
                self.signs_apart(operator, start)?;
                operator
            }
            Some(Kind::NoOperator(meant)) => {
                return Err(mistake::signs(self.text, self.here(), *meant));
            }
            Some(Kind::Bang) => return Err(self.bang()),
            Some(Kind::Word { plain: true, .. }) => self.word_operator(field)?,
            _ => return Err(self.no_operator(field.range.clone())),
        };
        Ok(Ranged {
            value,
            range: self.since(start),
        })
    }

    /// The words behind a field up to the end of the comparison.
    fn tail(&self) -> Range<usize> {
        let start = self.here().start;
        let mut end = start;
        for (index, token) in self.tokens.iter().enumerate().skip(self.at) {
            let joins = token.is("and")
                || token.is("or")
                || token.is("order")
                    && self.tokens.get(index + 1).is_some_and(|next| next.is("by"));
            if joins || token.text().is_none() {
                break;
            }
            end = token.range.end;
        }
        start..end
    }

    /// `< =`: an operator taken apart by a blank.
    fn signs_apart(&self, operator: Operator, start: usize) -> Read<()> {
        let Some(Kind::Operator(next)) = self.kind() else {
            return Ok(());
        };
        let range = start..self.here().end;
        let meant = match (operator, next) {
            (Operator::Less, Operator::Equals) | (Operator::Equals, Operator::Less) => {
                Operator::LessOrEqual
            }
            (Operator::Greater, Operator::Equals) | (Operator::Equals, Operator::Greater) => {
                Operator::GreaterOrEqual
            }
            (Operator::Less, Operator::Greater) => Operator::NotEquals,
            (first, _) => first,
        };
        Err(mistake::signs(self.text, range, meant))
    }

    /// `!` behind a field.
    fn bang(&self) -> Problem {
        let start = self.here();
        let next = self.peek_at(1);
        let (range, meant) = match next {
            Some(next) if next.kind == Kind::Operator(Operator::Equals) => {
                (start.start..next.range.end, "!=")
            }
            Some(next) if next.kind == Kind::Operator(Operator::Like) => {
                (start.start..next.range.end, "!~")
            }
            Some(next) if next.is("in") => (start.start..next.range.end, "not in"),
            Some(next) if next.is("is") => (start.start..next.range.end, "is not"),
            _ => (start, "!="),
        };
        mistake::unknown(self.text, range, &format!("write `{meant}`"))
    }

    fn word_operator(&mut self, field: &Field) -> Read<Operator> {
        let range = self.here();
        let next_is = |word: &str| self.peek_at(1).is_some_and(|next| next.is(word));
        if self.is("in") {
            self.at += 1;
            return Ok(Operator::In);
        }
        if self.is("changed") {
            self.at += 1;
            return Ok(Operator::Changed);
        }
        if self.is("is") {
            let not = next_is("not");
            self.at += if not { 2 } else { 1 };
            return Ok(if not { Operator::IsNot } else { Operator::Is });
        }
        if self.is("was") {
            let not = next_is("not");
            self.at += if not { 2 } else { 1 };
            if self.is("in") {
                self.at += 1;
                return Ok(if not {
                    Operator::WasNotIn
                } else {
                    Operator::WasIn
                });
            }
            return Ok(if not { Operator::WasNot } else { Operator::Was });
        }
        if self.is("not") {
            if next_is("in") {
                self.at += 2;
                return Ok(Operator::NotIn);
            }
            return Err(self.misplaced_not());
        }
        let word = self
            .peek()
            .and_then(|token| token.keyword())
            .unwrap_or_default()
            .to_owned();
        if let Some(meant) = mistake::meant(&word) {
            let help = mistake::instead(self.text, field.range.clone(), meant);
            if meant == mistake::Meant::Between {
                // The `and` of `between A and B` joins no comparisons.
                while !self.ends_term() {
                    self.at += 1;
                }
                self.at += usize::from(self.is("and"));
            }
            return Err(mistake::unknown(self.text, range, &help));
        }
        let followed = self.peek_at(1).is_some_and(|next| {
            matches!(next.kind, Kind::Open | Kind::Quoted(_)) || next.text().is_some()
        });
        let near = mistake::misspelt(&word).filter(|near| followed || *near == "changed");
        if let Some(near) = near {
            return Err(mistake::unknown(
                self.text,
                range,
                &format!("did you mean `{near}`?"),
            ));
        }
        Err(self.no_operator(field.range.clone()))
    }

    fn no_operator(&self, field: Range<usize>) -> Problem {
        match self.field_of_words(field.start) {
            Some(range) => mistake::unquoted_field(self.text, range),
            None => mistake::missing(self.text, field, self.tail()),
        }
    }

    /// The words from `start` up to an operator, where this part is one of them.
    pub(super) fn field_of_words(&self, start: usize) -> Option<Range<usize>> {
        let mut end = None;
        for token in self.tokens.iter().skip(self.at) {
            if matches!(token.kind, Kind::Operator(_) | Kind::NoOperator(_)) {
                break;
            }
            token.text()?;
            let word = |word: &str| token.is(word);
            if word("and") || word("or") || word("order") {
                return None;
            }
            if end.is_some() && ["in", "is", "was", "changed", "not"].into_iter().any(word) {
                break;
            }
            end = Some(token.range.end);
        }
        let last = self.tokens.last()?.range.end;
        end.filter(|end| *end < last).map(|end| start..end)
    }

    /// `not` behind a field, and no `in` behind it.
    fn misplaced_not(&self) -> Problem {
        let start = self.here();
        let Some(next) = self.peek_at(1) else {
            return mistake::not(
                self.text,
                start,
                "write e.g. `!= Done`, `not in (A, B)`, `is not EMPTY`",
            );
        };
        let joined = start.start..next.range.end;
        match &next.kind {
            Kind::Operator(Operator::Equals) => mistake::not(self.text, joined, "write `!=`"),
            Kind::Operator(Operator::Like) => mistake::not(self.text, joined, "write `!~`"),
            Kind::Open => mistake::not(self.text, start, "write `not in (…)`"),
            _ if next.is("empty") || next.is("null") => {
                mistake::not(self.text, start, "write `is not EMPTY`")
            }
            _ if next.is("like") || next.is("contains") => {
                mistake::not(self.text, joined, "write `!~`")
            }
            _ if next.text().is_some() => {
                let value = self.text.show(next.range.clone());
                mistake::not(self.text, start, &format!("write `!= {value}`"))
            }
            _ => mistake::not(self.text, start, "write `!=`, `not in` or `is not`"),
        }
    }
}
