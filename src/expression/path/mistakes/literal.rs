//! Mistakes in strings and numbers.

use std::ops::Range;

use super::{Mistake, error, slice};
use crate::diagnostic::Code;

const UNCLOSED_QUOTE: Code = Code::new("path.unclosed_quote");
const BAD_ESCAPE: Code = Code::new("path.bad_escape");
const CONTROL_CHARACTER: Code = Code::new("path.control_character");
const BAD_INTEGER: Code = Code::new("path.bad_integer");
const BAD_NUMBER: Code = Code::new("condition.bad_number");
const REPLACED_PATTERN: Code = Code::new("regexp.replaced");

pub(in crate::expression::path) fn unclosed_quote(
    text: &str,
    start: usize,
    quote: char,
) -> Mistake {
    let opened = slice(text, start..text.len()).trim_end_matches([']', ')', ' ']);
    error(
        UNCLOSED_QUOTE,
        "the text is not closed",
        start..start + quote.len_utf8(),
        "opened here, never closed",
        format!("close it: `{opened}{quote}`"),
    )
}

pub(in crate::expression::path) fn bad_escape(range: Range<usize>, escaped: char) -> Mistake {
    let help = match escaped {
        '\'' | '"' => {
            format!("in the other quotes it needs no backslash: write `{escaped}`")
        }
        _ => format!("a backslash itself is written `\\\\`: `\\\\{escaped}`"),
    };
    error(
        BAD_ESCAPE,
        format!("`\\{escaped}` is no escape"),
        range,
        r"expected `\\`, `\n`, `\t`, `\u0041` …",
        help,
    )
}

pub(in crate::expression::path) fn lone_surrogate(range: Range<usize>) -> Mistake {
    error(
        BAD_ESCAPE,
        "half of a surrogate pair",
        range,
        "expected both halves",
        "write the character itself",
    )
}

pub(in crate::expression::path) fn control_character(range: Range<usize>) -> Mistake {
    error(
        CONTROL_CHARACTER,
        "a control character in a text",
        range,
        "expected an escape",
        r"write `\n`, `\t` or `\u0001`",
    )
}

/// An index or a part of a slice; `leading`: with zeros before it.
pub(in crate::expression::path) fn bad_integer(
    text: &str,
    range: Range<usize>,
    leading: bool,
) -> Mistake {
    let written = slice(text, range.clone());
    let (message, help) = if written == "-0" {
        (
            "there is no `-0`",
            "the first element is `[0]`, the last `[-1]`".to_owned(),
        )
    } else if leading {
        let digits = written.trim_start_matches(['-', '0']);
        let sign = if written.starts_with('-') { "-" } else { "" };
        let digits = if digits.is_empty() { "0" } else { digits };
        (
            "an index has no leading zeros",
            format!("write `{sign}{digits}`"),
        )
    } else {
        (
            "not an index",
            "indexes are integers from -(2^53 - 1) to 2^53 - 1".to_owned(),
        )
    };
    error(BAD_INTEGER, message, range, "expected an integer", help)
}

pub(in crate::expression::path) fn bad_number(range: Range<usize>) -> Mistake {
    error(
        BAD_NUMBER,
        "not a number as JSON writes it",
        range,
        "expected e.g. `13`, `-0.5`, `1e3`",
        "no `+` and no leading zeros, digits on both sides of the point, at most 1.8e308",
    )
}

/// A pattern that is none with what stands for a `${…}`, which no message may show.
pub(in crate::expression::path) fn replaced_pattern(range: Range<usize>) -> Mistake {
    error(
        REPLACED_PATTERN,
        "the pattern is no I-Regexp once its `${…}` is replaced",
        range,
        "not a pattern with what stands for it",
        "give the variable a value that can stand in a pattern: no `^`, `$` or `\\d`, brackets in pairs",
    )
}
