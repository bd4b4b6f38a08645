//! A query and its order apart, where a command takes both.

use std::ops::Range;

use super::lex::{Kind, lex};
use super::parse::parse;
use super::text::Text;
use crate::expression::Problem;

/// Where a query's condition and its order stand in the text.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Parts {
    /// The condition; none where the text has an order only, or nothing.
    pub clause: Option<Range<usize>>,
    /// From `ORDER BY` to the end; none where there is none.
    pub order: Option<Range<usize>>,
}

/// Takes a query and its order apart; what the order names is Jira's business.
///
/// # Errors
/// What is wrong with the condition, in ranges of the whole text.
pub fn parts(text: Text<'_>) -> Result<Parts, Vec<Problem>> {
    let (tokens, _) = lex(text);
    let mut depth = 0_usize;
    let mut order = None;
    for (place, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        let by = tokens.get(place + 1).is_some_and(|next| next.is("by"));
        if depth == 0 && by && token.is("order") {
            order = Some(token.range.start);
            break;
        }
    }
    let whole = text.as_str();
    let end = order.unwrap_or(whole.len());
    let clause = whole.get(..end).unwrap_or_default();
    let kept = clause.trim_end().len();
    let empty = clause.trim().is_empty();
    if !empty || order.is_none() {
        // The condition stands at the start of the text: its ranges are those of the text.
        parse(Text::new(clause))?;
    }
    Ok(Parts {
        clause: (!empty).then_some(0..kept),
        order: order.map(|start| start..whole.trim_end().len()),
    })
}

/// A text from outside as a string of JQL, in double quotes.
#[must_use]
pub fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for one in text.chars() {
        if matches!(one, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(one);
    }
    quoted.push('"');
    quoted
}

/// The characters of a query that a refusal of Jira's is about: what it quotes, else where it says
/// that reading ended, else all of the query.
#[must_use]
pub fn place(query: &str, refusal: &str) -> Range<usize> {
    let quoted = refusal.split('\'').skip(1).step_by(2);
    for part in quoted.filter(|part| !part.is_empty()) {
        if let Some(at) = whole_word(query, part) {
            return at;
        }
    }
    said(query, refusal).unwrap_or_else(|| {
        let start = query.len() - query.trim_start().len();
        start..query.trim_end().len().max(start)
    })
}

/// Where a text stands, in any case, not as a part of another word.
fn whole_word(query: &str, part: &str) -> Option<Range<usize>> {
    let is_word = |one: Option<char>| one.is_some_and(|one| one.is_alphanumeric() || one == '_');
    let starts = query.char_indices().map(|(start, _)| start);
    starts.map(|start| start..start + part.len()).find(|range| {
        let there = query.get(range.clone());
        there.is_some_and(|there| there.eq_ignore_ascii_case(part) || there == part)
            && !is_word(
                query
                    .get(..range.start)
                    .and_then(|text| text.chars().last()),
            )
            && !is_word(query.get(range.end..).and_then(|text| text.chars().next()))
    })
}

/// The character that `(line 1, character 9)` names, with the word that starts there.
fn said(query: &str, refusal: &str) -> Option<Range<usize>> {
    let number = |word: &str| -> Option<usize> {
        let rest = refusal.split_once(word)?.1.trim_start();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let (line, character) = (number("line ")?, number("character ")?);
    let start: usize = query
        .split_inclusive('\n')
        .take(line.checked_sub(1)?)
        .map(str::len)
        .sum();
    let rest = query.get(start..)?;
    let (inside, _) = rest.char_indices().nth(character.checked_sub(1)?)?;
    let start = start + inside;
    let word = query.get(start..)?;
    let length = word
        .char_indices()
        .find(|(_, one)| one.is_whitespace())
        .map_or(word.len(), |(end, _)| end);
    let first = word.chars().next().map_or(0, char::len_utf8);
    Some(start..start + length.max(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_apart(query: &str) -> (String, String) {
        let parts = parts(Text::new(query)).unwrap_or_else(|problems| panic!("{problems:?}"));
        let text = |range: Option<Range<usize>>| {
            let part = range.and_then(|range| query.get(range));
            part.unwrap_or_default().to_owned()
        };
        (text(parts.clause), text(parts.order))
    }

    #[test]
    fn a_query_and_its_order_are_taken_apart() {
        for (query, clause, order) in [
            ("project = A", "project = A", ""),
            (
                "project = A ORDER BY created DESC, key",
                "project = A",
                "ORDER BY created DESC, key",
            ),
            (
                "project = A order\n by rank ",
                "project = A",
                "order\n by rank",
            ),
            ("ORDER BY created", "", "ORDER BY created"),
            ("summary ~ \"order by\"", "summary ~ \"order by\"", ""),
            (
                "text ~ 'a ORDER BY b' ORDER BY key",
                "text ~ 'a ORDER BY b'",
                "ORDER BY key",
            ),
            (
                "a = 1 or b = 2 ORDER BY \"Story Points\"",
                "a = 1 or b = 2",
                "ORDER BY \"Story Points\"",
            ),
        ] {
            assert_eq!(taken_apart(query), (clause.to_owned(), order.to_owned()));
        }
        let problems = parts(Text::new("project = = A ORDER BY key")).unwrap_err();
        assert!(problems[0].labels[0].0.start < 14, "{problems:?}");
        assert!(parts(Text::new("  ")).is_err());
    }

    #[test]
    fn a_text_from_outside_cannot_leave_its_quotes() {
        assert_eq!(string(r#"a" OR 1 = 1 OR "\"#), r#""a\" OR 1 = 1 OR \"\\""#);
        let query = format!("reporter = {}", string("x\" OR project = B ORDER BY \""));
        assert_eq!(taken_apart(&query).1, "");
    }

    #[test]
    fn a_refusal_is_placed_under_what_it_is_about() {
        for (query, refusal, expected) in [
            (
                "projekt = A",
                "Field 'projekt' does not exist or you do not have permission to view it.",
                "projekt",
            ),
            (
                "project = NONE",
                "The value 'NONE' does not exist for the field 'project'.",
                "NONE",
            ),
            (
                "a = b AND c d",
                "Error in the JQL Query: Expecting operator but got 'd'. (line 1, character 13)",
                "d",
            ),
            (
                "é = b\nAND c !",
                "Error in the JQL Query. (line 2, character 7)",
                "!",
            ),
            (
                " a = b ",
                "Unbounded JQL queries are not allowed here.",
                "a = b",
            ),
            (
                "team = x AND teams = y",
                "Field 'teams' does not exist",
                "teams",
            ),
        ] {
            assert_eq!(
                query.get(place(query, refusal)),
                Some(expected),
                "{refusal}"
            );
        }
    }
}
