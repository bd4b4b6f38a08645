//! What stands where a path, literal or call is expected and is none of them.

use std::ops::Range;

use super::{
    Mistake, NO_ROOT, UNCLOSED_BRACKET, WordOperator, balanced, error, here, is_blank,
    joining_word, run_end, slice, unknown_operator, word,
};
use crate::diagnostic::Code;
use crate::expression::path::scan::is_name_first;

const TERM_EXPECTED: Code = Code::new("condition.term_expected");
const WRONG_CONSTANT: Code = Code::new("condition.wrong_constant");
const UNQUOTED_TEXT: Code = Code::new("condition.unquoted_text");
const COLLECTION_LITERAL: Code = Code::new("condition.collection_literal");
const OTHER_QUOTES: Code = Code::new("condition.other_quotes");
const KEYWORD: Code = Code::new("condition.keyword");

/// The mistake and where it ends, where it is plain what was meant.
///
/// # Errors
/// The mistake after which nothing can be read.
pub(in crate::expression::path) fn wrong_term(
    text: &str,
    start: usize,
) -> Result<(Mistake, usize), Mistake> {
    let rest = slice(text, start..text.len());
    match rest.chars().next() {
        Some(open @ ('[' | '{')) => collection(text, start, open),
        Some('.') => Ok(leading_dot(text, start)),
        Some('+') if second_is_digit(rest) => {
            let end = run_end(text, start);
            Ok((super::bad_number(start..end), end))
        }
        Some(quote @ ('“' | '”' | '‘' | '’' | '„' | '«' | '»' | '`' | '´')) => {
            Ok(other_quotes(text, start, quote))
        }
        Some(one) if is_name_first(one) => bare_word(text, start),
        _ => Err(term_expected(text, start)),
    }
}

fn second_is_digit(rest: &str) -> bool {
    rest.chars().nth(1).is_some_and(|one| one.is_ascii_digit())
}

fn collection(text: &str, start: usize, open: char) -> Result<(Mistake, usize), Mistake> {
    let rest = slice(text, start..text.len());
    let Some(length) = balanced(rest) else {
        return Err(error(
            UNCLOSED_BRACKET,
            format!("`{open}` is not closed"),
            start..start + 1,
            "opened here, never closed",
            "lists and objects cannot be written in conditions",
        ));
    };
    if rest.starts_with("[?") {
        let mistake = error(
            NO_ROOT,
            "a path starts with `$`",
            start..start + 1,
            "expected `$` before it",
            format!("write `${}`", slice(rest, 0..length)),
        );
        return Ok((mistake, start + length));
    }
    let help = if open == '[' {
        "compare with each: `$.a == \"x\" || $.a == \"y\"`; an element: `$.labels[?@ == \"vip\"]`"
    } else {
        "compare their parts, e.g. `$.fields.status.name == \"Done\"`"
    };
    let mistake = error(
        COLLECTION_LITERAL,
        "lists and objects cannot be written in conditions",
        start..start + length,
        "expected a text, a number, true, false or null",
        help,
    );
    Ok((mistake, start + length))
}

fn leading_dot(text: &str, start: usize) -> (Mistake, usize) {
    let end = run_end(text, start).max(start + 1);
    if second_is_digit(slice(text, start..text.len())) {
        return (super::bad_number(start..end), end);
    }
    let path = slice(text, start..end);
    let mistake = error(
        NO_ROOT,
        "a path starts with `$`",
        start..start + 1,
        "expected `$` before it",
        format!("write `${path}`"),
    );
    (mistake, end)
}

fn other_quotes(text: &str, start: usize, quote: char) -> (Mistake, usize) {
    let from = start + quote.len_utf8();
    let rest = slice(text, from..text.len());
    let closing = rest
        .char_indices()
        .find(|(_, one)| "“”‘’«»`´\"'".contains(*one));
    let (inner, end) = match closing {
        Some((at, one)) => (from + at, from + at + one.len_utf8()),
        None => (text.len(), text.len()),
    };
    let mistake = error(
        OTHER_QUOTES,
        format!("`{quote}` is no quote that conditions know"),
        start..from,
        "expected `\"` or `'`",
        format!("write `\"{}\"`", slice(text, from..inner)),
    );
    (mistake, end)
}

fn bare_word(text: &str, start: usize) -> Result<(Mistake, usize), Mistake> {
    let rest = slice(text, start..text.len());
    let word = word(rest);
    let end = start + word.len();
    let after = slice(text, end..text.len());
    let constant = match word.to_ascii_lowercase().as_str() {
        "null" | "none" | "nil" | "undefined" => "null",
        "true" | "yes" => "true",
        "false" | "no" => "false",
        _ => "",
    };
    if !constant.is_empty() && !after.starts_with(['.', '[']) {
        let mistake = error(
            WRONG_CONSTANT,
            format!("`{word}` is written `{constant}`"),
            start..end,
            &format!("expected `{constant}`"),
            format!("write `{constant}`, or the text `\"{word}\"`"),
        );
        return Ok((mistake, end));
    }
    let trimmed = after.trim_start_matches(is_blank);
    if trimmed.len() < after.len() && trimmed.starts_with(['$', '@', '!', '(']) {
        return Err(error(
            KEYWORD,
            format!("`{word}` is no part of a condition"),
            start..end,
            "expected a path, a text, a number or a function",
            "leave it out",
        ));
    }
    if after.starts_with(['.', '[']) {
        let run = run_end(text, start);
        let mistake = error(
            NO_ROOT,
            "a path starts with `$`",
            start..end,
            "expected `$.` before it",
            format!("write `$.{}`", slice(text, start..run)),
        );
        return Ok((mistake, run));
    }
    // Several words are one text.
    let mut end = run_end(text, start);
    loop {
        let after = slice(text, end..text.len());
        let next = after.trim_start_matches(is_blank);
        let operator = joining_word(next, WordOperator::And)
            .or_else(|| joining_word(next, WordOperator::Or))
            .or_else(|| unknown_operator(next));
        if next.len() == after.len() || !next.starts_with(is_name_first) || operator.is_some() {
            break;
        }
        end = run_end(text, text.len() - next.len());
    }
    let words = slice(text, start..end);
    let field = if words
        .chars()
        .all(|one| is_name_first(one) || one.is_ascii_digit())
    {
        format!("$.{words}")
    } else {
        format!("$['{words}']")
    };
    let mistake = error(
        UNQUOTED_TEXT,
        format!("`{words}` is neither a path nor a text"),
        start..end,
        "expected quotes around it, or `$.` before it",
        format!("a text is `\"{words}\"`, a field `{field}`"),
    );
    Ok((mistake, end))
}

/// The operator, bracket or comma that stands last before a position.
fn previous(text: &str, position: usize) -> Option<Range<usize>> {
    let before = slice(text, 0..position).trim_end_matches(is_blank);
    let operators = [
        "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", "?", ",",
    ];
    let last = operators.into_iter().find(|one| before.ends_with(one))?;
    Some(before.len() - last.len()..before.len())
}

/// Nothing, or what starts no term.
pub(in crate::expression::path) fn term_expected(text: &str, start: usize) -> Mistake {
    let expected = "a path, a text, a number or a function is expected";
    let example = "e.g. `$.fields.priority.name == \"High\"`";
    let rest = slice(text, start..text.len());
    let operators = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "=", "&", "|"];
    let operator = operators.into_iter().find(|one| rest.starts_with(one));
    let ends = rest.is_empty() || operator.is_some() || rest.starts_with([')', ']', ',', '}']);
    if let Some(before) = previous(text, start).filter(|_| ends) {
        let written = slice(text, before.clone());
        let (message, help) = match written {
            "(" if rest.starts_with(')') => (
                "nothing stands in the parentheses".to_owned(),
                "leave them out".to_owned(),
            ),
            "&&" | "||" => (
                format!("nothing stands after `{written}`"),
                format!("write what is asked there, or leave `{written}` out"),
            ),
            "?" => (
                "the filter asks nothing".to_owned(),
                "e.g. `[?@.field == \"status\"]`; all elements are `[*]`".to_owned(),
            ),
            _ => (
                format!("nothing stands after `{written}`"),
                "e.g. `== \"done\"`, `== 3`, `== $.fields.other`".to_owned(),
            ),
        };
        return error(
            TERM_EXPECTED,
            message,
            before,
            "expected something after it",
            help,
        );
    }
    if let Some(operator) = operator {
        return error(
            TERM_EXPECTED,
            format!("nothing stands before `{operator}`"),
            start..start + operator.len(),
            "expected something before it",
            example,
        );
    }
    if rest.starts_with('?') {
        return error(
            TERM_EXPECTED,
            "a condition has no `?`, which starts the filter of a path",
            here(text, start),
            "expected the condition alone",
            "leave it out",
        );
    }
    error(
        TERM_EXPECTED,
        expected,
        here(text, start),
        "expected e.g. `$.key`",
        example,
    )
}
