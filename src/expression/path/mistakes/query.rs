//! Mistakes in the steps of a path.

use std::ops::Range;

use super::{
    Mistake, NO_ROOT, UNCLOSED_BRACKET, balanced, error, here, is_blank, joining_word, run_end,
    slice, space_in_name, unknown_operator, word, wrong_operator,
};
use crate::diagnostic::Code;
use crate::expression::path::mistakes::WordOperator;
use crate::expression::path::scan::is_name_first;

const EMPTY: Code = Code::new("path.empty");
const CONDITION_AS_PATH: Code = Code::new("path.is_condition");
const TRAILING: Code = Code::new("path.trailing");
const CHARACTER_IN_NAME: Code = Code::new("path.character_in_name");
const NAME_EXPECTED: Code = Code::new("path.name_expected");
const UNQUOTED_NAME: Code = Code::new("path.unquoted_name");
const SELECTOR_EXPECTED: Code = Code::new("path.selector_expected");
const CURRENT: Code = Code::new("path.current_outside_filter");
const METHOD: Code = Code::new("path.method");
const TOO_DEEP: Code = Code::new("path.too_deep");

pub(in crate::expression::path) fn empty_path(text: &str) -> Mistake {
    error(
        EMPTY,
        "the path is empty",
        0..text.len(),
        "a path is expected",
        "write one, e.g. `$.fields.summary`",
    )
}

pub(in crate::expression::path) fn no_root(text: &str) -> Mistake {
    let trimmed = text.trim_start_matches(is_blank);
    let start = text.len() - trimmed.len();
    if trimmed.starts_with('$') {
        return error(
            TRAILING,
            "blanks before the path",
            0..start,
            "expected `$`",
            format!("leave them out: `{trimmed}`"),
        );
    }
    if trimmed.starts_with('!') {
        return is_condition(text, start..start + 1, None);
    }
    if let Some(rest) = text.strip_prefix('@') {
        return error(
            CURRENT,
            "`@` is the element that a filter judges, and here is none",
            0..1,
            "expected `$`",
            format!("write `${rest}`: `$` is the record"),
        );
    }
    let end = run_end(text, 0);
    let path = slice(text, 0..end);
    let (fixed, at) = if text.starts_with(['.', '[']) {
        (format!("${path}"), 0..1)
    } else {
        let name = word(text).len();
        let at = if name == 0 { here(text, 0).end } else { name };
        (format!("$.{path}"), 0..at)
    };
    let help = if text.starts_with(is_name_first) || text.starts_with(['.', '[']) {
        format!("write `{fixed}`")
    } else {
        "write one, e.g. `$.fields.summary`".to_owned()
    };
    error(
        NO_ROOT,
        "a path starts with `$`",
        at,
        "expected `$` before it",
        help,
    )
}

fn is_condition(text: &str, at: Range<usize>, path_end: Option<usize>) -> Mistake {
    let path = path_end.map_or(String::new(), |end| {
        format!("; the path is `{}`", slice(text, 0..end).trim_end())
    });
    error(
        CONDITION_AS_PATH,
        "this is a condition, and a path is expected",
        at,
        "no part of a path",
        format!("conditions stand in `keep`, `drop`, `when` and `[?…]`{path}"),
    )
}

pub(in crate::expression::path) fn after_query(text: &str, position: usize) -> Mistake {
    let rest = slice(text, position..text.len());
    let trimmed = rest.trim_start_matches(is_blank);
    let start = text.len() - trimmed.len();
    let path = slice(text, 0..position).trim_end();
    if trimmed.is_empty() {
        return error(
            TRAILING,
            "blanks after the path",
            position..text.len(),
            "expected the end",
            format!("leave them out: `{path}`"),
        );
    }
    let operator = ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "=", "&", "|"]
        .into_iter()
        .find(|one| trimmed.starts_with(one))
        .map(str::len)
        .or_else(|| joining_word(trimmed, WordOperator::And))
        .or_else(|| joining_word(trimmed, WordOperator::Or))
        .or_else(|| unknown_operator(trimmed))
        .or_else(|| wrong_operator(trimmed).map(|wrong| wrong.length))
        .filter(|_| start > position || !trimmed.starts_with(is_name_first));
    if let Some(length) = operator {
        return is_condition(text, start..start + length, Some(position));
    }
    if start == position
        && let Some(problem) = directly_after(text, position)
    {
        return problem;
    }
    if trimmed.starts_with(is_name_first)
        && path.ends_with(|one: char| is_name_first(one) || one.is_ascii_digit())
    {
        return space_in_name(text, position);
    }
    error(
        TRAILING,
        "the path does not end here",
        here(text, start),
        "expected `.`, `[` or the end",
        format!("the path up to here is `{path}`"),
    )
}

/// What stands right behind a path, without a blank.
fn directly_after(text: &str, position: usize) -> Option<Mistake> {
    let path = slice(text, 0..position);
    let rest = slice(text, position..text.len());
    let one = rest.chars().next()?;
    let at = here(text, position);
    let after_name = path.ends_with(|one: char| is_name_first(one) || one.is_ascii_digit());
    Some(match one {
        _ if is_name_first(one) => {
            let end = position + word(rest).len();
            let dotted = slice(text, position..text.len());
            error(
                TRAILING,
                "a dot is missing",
                position..end,
                "expected `.` before it",
                format!("write `{path}.{dotted}`"),
            )
        }
        '(' if after_name => {
            let start = path.rfind(['.', '[']).unwrap_or(0);
            let (value, name) = path.split_at_checked(start)?;
            let end = position + balanced(rest).unwrap_or(1);
            error(
                METHOD,
                "paths have no methods",
                start + 1..end,
                "no part of a path",
                format!(
                    "in a condition a function stands before the path: `{}({value}) > 1`",
                    name.trim_start_matches('.')
                ),
            )
        }
        '?' => error(
            TRAILING,
            "`?` is not needed: what is not there is nothing",
            at,
            "expected `.`, `[` or the end",
            format!("leave it out: `{path}{}`", slice(rest, 1..rest.len())),
        ),
        ']' | ')' => error(
            TRAILING,
            format!("`{one}` closes nothing"),
            at,
            "never opened",
            format!("leave it out: `{path}`"),
        ),
        ':' | '/' | '#' | '+' | '~' | '%' | '@' | '^' | '\\' if after_name => {
            let start = path.rfind('.').map_or(position, |dot| dot + 1);
            character_in_name(text, start..name_end(text, start), one)
        }
        _ => return None,
    })
}

/// Where the name ends that was meant, with characters that no name without quotes has.
pub(in crate::expression::path) fn name_end(text: &str, start: usize) -> usize {
    let rest = slice(text, start..text.len());
    let length = rest
        .find(|one: char| {
            !(is_name_first(one) || one.is_ascii_digit() || "-:/#+~%@^\\".contains(one))
        })
        .unwrap_or(rest.len());
    start + length
}

pub(in crate::expression::path) fn character_in_name(
    text: &str,
    range: Range<usize>,
    character: char,
) -> Mistake {
    let name = slice(text, range.clone());
    let quoted = name.replace('\\', "\\\\");
    error(
        CHARACTER_IN_NAME,
        format!("a name with `{character}` needs brackets"),
        range,
        "expected letters, digits and `_`",
        format!("write `['{quoted}']` instead of `.{name}`"),
    )
}

/// No name after the dots. `at` is what stands there.
pub(in crate::expression::path) fn name_expected(
    text: &str,
    dots: Range<usize>,
    at: Range<usize>,
) -> Mistake {
    let rest = slice(text, at.start..text.len());
    let trimmed = rest.trim_start_matches(is_blank);
    let before = slice(text, 0..dots.start);
    let from = before.rfind(is_blank).map_or(0, |blank| blank + 1);
    let before = slice(before, from..before.len());
    if trimmed.len() < rest.len()
        && trimmed.starts_with(|one: char| is_name_first(one) || one == '*')
    {
        return error(
            NAME_EXPECTED,
            "a blank after the dot",
            at.start..at.start + rest.len() - trimmed.len(),
            "expected a name or `*`",
            format!(
                "leave it out: `{before}{}{}`",
                slice(text, dots),
                slice(trimmed, 0..run_end(trimmed, 0))
            ),
        );
    }
    match trimmed.chars().next() {
        Some('[') => {
            let path = slice(trimmed, 0..run_end(trimmed, 0));
            error(
                NAME_EXPECTED,
                "no dot stands before a bracket",
                dots,
                "expected a name or `*` after it",
                format!("leave it out: `{before}{path}`"),
            )
        }
        Some(quote @ ('"' | '\'')) => {
            let length = trimmed
                .char_indices()
                .skip(1)
                .find(|(_, one)| *one == quote)
                .map_or(trimmed.len(), |(end, _)| end + 1);
            error(
                NAME_EXPECTED,
                "a name in quotes stands in brackets",
                at.start..at.start + length,
                "expected a name without quotes",
                format!("write `{before}[{}]`", slice(trimmed, 0..length)),
            )
        }
        Some(one) if one.is_ascii_digit() => {
            let name = word(trimmed);
            let help = if name.bytes().all(|byte| byte.is_ascii_digit()) {
                format!("an element is `[{name}]`, a field of that name `['{name}']`")
            } else {
                format!("write `['{name}']` instead of `.{name}`")
            };
            error(
                NAME_EXPECTED,
                "a name cannot start with a digit",
                at.start..at.start + name.len(),
                "expected a name or `*`",
                help,
            )
        }
        Some('-' | ':' | '/' | '#' | '+' | '~' | '%' | '@' | '^' | '\\') => {
            let range = at.start..name_end(text, at.start);
            let character = trimmed.chars().next().unwrap_or('-');
            character_in_name(text, range, character)
        }
        Some('$' | '{' | '}' | ';' | '?' | '.') => error(
            NAME_EXPECTED,
            "a name is expected after the dot",
            at,
            "expected a name or `*`",
            "a name of other characters stands in brackets and quotes: `['a b']`",
        ),
        _ => error(
            NAME_EXPECTED,
            "the path ends in a dot",
            dots,
            "expected a name after it",
            format!("leave it out: `{before}`"),
        ),
    }
}

fn unclosed_bracket(text: &str, open: usize) -> Mistake {
    let opened = slice(text, open..text.len()).trim_end();
    let help = if opened == "[" {
        "close it: `[0]`, `['name']`, `[*]`".to_owned()
    } else {
        format!("close it: `{opened}]`")
    };
    error(
        UNCLOSED_BRACKET,
        "the bracket is not closed",
        open..open + 1,
        "opened here, never closed",
        help,
    )
}

/// No selector where one is expected in the bracket at `open`.
pub(in crate::expression::path) fn selector_expected(
    text: &str,
    open: usize,
    position: usize,
) -> Mistake {
    let rest = slice(text, position..text.len());
    let at = here(text, position);
    let expected = "expected a name in quotes, an index, `*` or `?`";
    let wrong = |message: &str, at: Range<usize>, help: String| {
        error(SELECTOR_EXPECTED, message, at, expected, help)
    };
    let last = "the last element is `[-1]`; a condition is `[?@.field == \"status\"]`".to_owned();
    match rest.chars().next() {
        None => unclosed_bracket(text, open),
        Some('(') => wrong("scripts are not part of RFC 9535", at, last),
        Some(']') => {
            let before = slice(text, open..position).trim_end_matches(is_blank);
            if before.ends_with(',') {
                let comma = open + before.len() - 1;
                return wrong(
                    "nothing after the comma",
                    comma..comma + 1,
                    format!("leave it out: `{}]`", before.trim_end_matches([',', ' '])),
                );
            }
            wrong(
                "nothing is selected",
                open..position + 1,
                "all elements are `[*]`, the first is `[0]`".to_owned(),
            )
        }
        Some(',') => wrong(
            "nothing before the comma",
            at,
            "leave the comma out, or write what it parts".to_owned(),
        ),
        Some(one @ ('@' | '$')) => {
            let path = slice(text, position..run_end(text, position));
            wrong(
                &format!("`{one}` stands in a filter, which starts with `?`"),
                at,
                format!("write `[?{path}]` for the elements for which it is there"),
            )
        }
        Some('+') => wrong("an index has no `+`", at, "leave it out".to_owned()),
        Some(one) if is_name_first(one) => {
            let name = slice(rest, 0..rest.find([']', ',', ' ']).unwrap_or(rest.len()));
            if name.contains('(') {
                return wrong(
                    "functions stand in filters only",
                    position..position + word(rest).len(),
                    last,
                );
            }
            error(
                UNQUOTED_NAME,
                "a name in brackets needs quotes",
                position..position + name.len(),
                "expected a quote before it",
                format!("write `['{name}']`"),
            )
        }
        Some(_) => wrong(
            "nothing that can be selected",
            at,
            "e.g. `[0]`, `[-1]`, `['name']`, `[*]`, `[?@.id == \"1\"]`".to_owned(),
        ),
    }
}

/// The bracket at `open` goes on with what cannot follow a selector.
pub(in crate::expression::path) fn bracket(
    text: &str,
    open: usize,
    position: usize,
    filter: bool,
) -> Mistake {
    let rest = slice(text, position..text.len());
    if rest.is_empty() || (!filter && !rest.contains(']')) {
        let closed = slice(text, open..position).trim_end();
        return error(
            UNCLOSED_BRACKET,
            "the bracket is not closed",
            open..open + 1,
            "opened here, never closed",
            format!("close it: `{closed}]`"),
        );
    }
    if filter {
        return super::after_condition(text, position);
    }
    let before = slice(text, open..position).trim_end();
    let start = open + before.rfind(['[', ',', ':']).map_or(0, |at| at + 1);
    if rest.starts_with('.')
        || rest.starts_with(['e', 'E']) && before.ends_with(|one: char| one.is_ascii_digit())
    {
        let length = rest.find([']', ',', ':', ' ']).unwrap_or(rest.len());
        return super::bad_integer(text, start..position + length, false);
    }
    if rest.starts_with(|one: char| {
        is_name_first(one) || one.is_ascii_digit() || "'\"*?-".contains(one)
    }) {
        let length = rest.find([']', ',', ' ']).unwrap_or(rest.len());
        return error(
            SELECTOR_EXPECTED,
            "a comma is missing",
            position..position + length,
            "expected `,` or `]` before it",
            format!(
                "write `{before}, {}`",
                slice(rest, 0..rest.find(']').map_or(rest.len(), |at| at + 1))
            ),
        );
    }
    error(
        SELECTOR_EXPECTED,
        "the bracket does not end here",
        here(text, position),
        "expected `]` or `,`",
        format!("close it: `{before}]`"),
    )
}

pub(in crate::expression::path) fn too_deep(range: Range<usize>) -> Mistake {
    error(
        TOO_DEEP,
        "nested more than 128 levels deep",
        range,
        "one level too many",
        "split the condition over several steps",
    )
}
