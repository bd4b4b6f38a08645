//! What people write in paths and conditions that is not one, each with what to write instead.

mod call;
mod condition;
mod literal;
mod operator;
mod query;
mod term;

use std::ops::Range;

pub(super) use call::{
    argument_end, arguments, blank_in_call, is_function, logical_as_value, not_singular,
    path_argument, unknown_function, value_as_test,
};
pub(super) use condition::{
    after_condition, compares_many, current_in_condition, double_not, empty_condition,
    literal_as_test, not_before_comparison, not_in_words, parenthesis,
};
pub(super) use literal::{
    bad_escape, bad_integer, bad_number, control_character, lone_surrogate, replaced_pattern,
    unclosed_quote,
};
pub(super) use operator::{
    WordOperator, joined_by_word, joining_word, negating_word, no_comparison, operator_unknown,
    slashed, unknown_operator, wrong_operator,
};
pub(super) use query::{
    after_query, bracket, character_in_name, empty_path, name_end, name_expected, no_root,
    selector_expected, too_deep,
};
pub(super) use term::{term_expected, wrong_term};

use super::scan::is_name_first;
use crate::diagnostic::Code;
use crate::expression::Problem;

/// A path without its `$`, alone or in a condition.
const NO_ROOT: Code = Code::new("path.no_root");
/// `first name` without brackets, alone or in a condition.
const SPACE_IN_NAME: Code = Code::new("path.space_in_name");
/// `[` without `]`.
const UNCLOSED_BRACKET: Code = Code::new("path.unclosed_bracket");

type Mistake = Box<Problem>;

fn error(
    code: Code,
    message: impl Into<String>,
    at: Range<usize>,
    label: &str,
    help: impl Into<String>,
) -> Mistake {
    Box::new(Problem::error(code, message, at, label).help(help))
}

fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

const fn is_blank(one: char) -> bool {
    matches!(one, ' ' | '\t' | '\n' | '\r')
}

/// The bytes of the character at a position; empty at the end.
fn here(text: &str, position: usize) -> Range<usize> {
    let one = slice(text, position..text.len()).chars().next();
    position..position + one.map_or(0, char::len_utf8)
}

/// The letters, digits and `_` that a text starts with.
pub(super) fn word(rest: &str) -> &str {
    let end = rest
        .find(|one: char| !(is_name_first(one) || one.is_ascii_digit()))
        .unwrap_or(rest.len());
    slice(rest, 0..end)
}

/// How long what stands in brackets at the start of a text is, with them.
pub(super) fn balanced(rest: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, one) in rest.char_indices() {
        match quote {
            _ if escaped => escaped = false,
            Some(_) if one == '\\' => escaped = true,
            Some(open) if one == open => quote = None,
            Some(_) => {}
            None => match one {
                '"' | '\'' => quote = Some(one),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.checked_sub(1)?,
                _ => {}
            },
        }
        if depth == 0 {
            return (quote.is_none() && at > 0).then_some(at + 1);
        }
    }
    None
}

/// Where what looks like a path or a word ends: at a blank or operator outside of brackets.
fn run_end(text: &str, start: usize) -> usize {
    let rest = slice(text, start..text.len());
    let mut depth = 0_usize;
    for (at, one) in rest.char_indices() {
        match one {
            '[' => depth += 1,
            ']' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            '=' | '!' | '<' | '>' | '&' | '|' | '(' | ')' | ']' | ',' | '"' | '\'' => {
                return start + at;
            }
            one if is_blank(one) => return start + at,
            _ => {}
        }
    }
    text.len()
}

/// `$.first name`: the whole of it in brackets. `position` is where the path ends, a name follows.
fn space_in_name(text: &str, position: usize) -> Mistake {
    let before = slice(text, 0..position);
    let start = before
        .rfind(['.', ']', '$', '@', '(', ' '])
        .map_or(0, |at| at + 1);
    let rest = slice(text, position..text.len());
    let blanks = rest.len() - rest.trim_start_matches(is_blank).len();
    // All words that follow are part of the name, up to an operator or the next step.
    let mut end = position + blanks;
    let mut at = end;
    loop {
        let next = word(slice(text, at..text.len()));
        let is_operator = joining_word(next, WordOperator::And).is_some()
            || joining_word(next, WordOperator::Or).is_some()
            || unknown_operator(next).is_some();
        if next.is_empty() || is_operator {
            break;
        }
        end = at + next.len();
        let after = slice(text, end..text.len());
        at = end + after.len() - after.trim_start_matches(is_blank).len();
        if at == end {
            break;
        }
    }
    let name = slice(text, start..end);
    let path = slice(text, 0..start);
    let path = path.strip_suffix('.').unwrap_or(path);
    let from = path.rfind(is_blank).map_or(0, |blank| blank + 1);
    let path = slice(path, from..path.len()).trim_start_matches(['(', '!', '?']);
    let step_end = run_end(text, end);
    error(
        SPACE_IN_NAME,
        "a name with a blank needs brackets",
        position + blanks..end,
        "the path ends before this",
        format!("write `{path}['{name}']{}`", slice(text, end..step_end)),
    )
}
