//! What people write in paths and conditions that is not one, each with what to write instead.

use std::ops::Range;

use super::scan::is_name_first;
use crate::diagnostic::{Code, nearest};
use crate::expression::Problem;

const EMPTY: Code = Code::new("path.empty");
const NO_ROOT: Code = Code::new("path.no_root");
const SPACE_IN_NAME: Code = Code::new("path.space_in_name");
const CONDITION_AS_PATH: Code = Code::new("path.is_condition");
const TRAILING: Code = Code::new("path.trailing");
const DASH: Code = Code::new("path.dash_in_name");
const NAME_EXPECTED: Code = Code::new("path.name_expected");
const UNQUOTED_NAME: Code = Code::new("path.unquoted_name");
const SELECTOR_EXPECTED: Code = Code::new("path.selector_expected");
const UNCLOSED_BRACKET: Code = Code::new("path.unclosed_bracket");
const UNCLOSED_QUOTE: Code = Code::new("path.unclosed_quote");
const BAD_ESCAPE: Code = Code::new("path.bad_escape");
const CONTROL_CHARACTER: Code = Code::new("path.control_character");
const BAD_INTEGER: Code = Code::new("path.bad_integer");
const BAD_NUMBER: Code = Code::new("condition.bad_number");
const TOO_DEEP: Code = Code::new("path.too_deep");
const SINGLE_EQUALS: Code = Code::new("condition.single_equals");
const TRIPLE_EQUALS: Code = Code::new("condition.triple_equals");
const WORD_OPERATOR: Code = Code::new("condition.word_operator");
const SINGLE_OPERATOR: Code = Code::new("condition.single_operator");
const UNKNOWN_OPERATOR: Code = Code::new("condition.unknown_operator");
const CONDITION_TRAILING: Code = Code::new("condition.trailing");
const OPERAND_EXPECTED: Code = Code::new("condition.operand_expected");
const TERM_EXPECTED: Code = Code::new("condition.term_expected");
const WRONG_CONSTANT: Code = Code::new("condition.wrong_constant");
const UNQUOTED_TEXT: Code = Code::new("condition.unquoted_text");
const NOT_COMPARISON: Code = Code::new("condition.not_before_comparison");
const DOUBLE_NOT: Code = Code::new("condition.double_not");
const UNCLOSED_PARENTHESIS: Code = Code::new("condition.unclosed_parenthesis");
const CURRENT: Code = Code::new("condition.current_outside_filter");
const COMPARES_MANY: Code = Code::new("condition.compares_many");
const LITERAL_TEST: Code = Code::new("condition.literal_alone");
const COLLECTION_LITERAL: Code = Code::new("condition.collection_literal");
const UNKNOWN_FUNCTION: Code = Code::new("condition.unknown_function");
const ARGUMENTS: Code = Code::new("condition.argument_count");
const ARGUMENT: Code = Code::new("condition.argument_kind");
const VALUE_TEST: Code = Code::new("condition.value_as_test");
const LOGICAL_VALUE: Code = Code::new("condition.logical_as_value");

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

pub(super) fn empty(what: &str, text: &str) -> Mistake {
    let example = if what == "path" {
        "`$.fields.summary`"
    } else {
        "`$.fields.priority.name == \"High\"`"
    };
    error(
        EMPTY,
        format!("the {what} is empty"),
        0..text.len(),
        &format!("a {what} is expected"),
        format!("write one, e.g. {example}"),
    )
}

pub(super) fn no_root(text: &str) -> Mistake {
    let fixed = if text.starts_with(['.', '[']) {
        format!("${text}")
    } else {
        format!("$.{text}")
    };
    let end = text
        .find(['.', '[', ' '])
        .filter(|end| *end > 0)
        .unwrap_or(text.len());
    error(
        NO_ROOT,
        "a path starts with `$`",
        0..end,
        "expected `$`",
        format!("write `{fixed}`"),
    )
}

pub(super) fn after_query(text: &str, position: usize) -> Mistake {
    let rest = slice(text, position..text.len());
    let trimmed = rest.trim_start();
    let start = text.len() - trimmed.len();
    if trimmed.is_empty() {
        return error(
            TRAILING,
            "blanks after the path",
            position..text.len(),
            "expected the end",
            "leave them out",
        );
    }
    let operator = ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "="]
        .into_iter()
        .find(|one| trimmed.starts_with(one));
    if let Some(operator) = operator {
        return error(
            CONDITION_AS_PATH,
            "this is a condition, and a path is expected",
            start..start + operator.len(),
            "a path ends before this",
            format!(
                "conditions stand in `keep`, `drop`, `when` and `[?…]`; the path is `{}`",
                slice(text, 0..position).trim_end()
            ),
        );
    }
    if trimmed.starts_with(is_name_first) && start > position {
        let words: Vec<&str> = trimmed.split_whitespace().collect();
        let before = slice(text, 0..position);
        let cut = before.rfind(['.', ']']).map_or(0, |dot| dot + 1);
        let name = format!("{} {}", slice(before, cut..before.len()), words.join(" "));
        let root = slice(before, 0..cut).trim_end_matches('.');
        return error(
            SPACE_IN_NAME,
            "a name with a blank needs brackets",
            position..text.len(),
            "the path ends before this",
            format!("write `{root}['{name}']`"),
        );
    }
    let end = start + trimmed.chars().next().map_or(0, char::len_utf8);
    error(
        TRAILING,
        "the path does not end here",
        start..end,
        "expected `.`, `[` or the end",
        format!(
            "the path up to here is `{}`",
            slice(text, 0..position).trim_end()
        ),
    )
}

pub(super) fn dash_in_name(text: &str, range: Range<usize>) -> Mistake {
    let rest = slice(text, range.start..text.len());
    let length = rest
        .find(|one: char| !(is_name_first(one) || one.is_ascii_digit() || one == '-'))
        .unwrap_or(rest.len());
    let name = slice(rest, 0..length);
    error(
        DASH,
        "a name with `-` needs brackets",
        range.start..range.start + length,
        "expected letters, digits and `_`",
        format!("write `['{name}']` instead of `.{name}`"),
    )
}

pub(super) fn name_expected(text: &str, dots: Range<usize>, here: Range<usize>) -> Mistake {
    if here.is_empty() {
        let fixed = slice(text, 0..dots.start);
        return error(
            NAME_EXPECTED,
            "the path ends in a dot",
            dots,
            "expected a name after it",
            format!("leave it out: `{fixed}`"),
        );
    }
    let digit = slice(text, here.clone()).starts_with(|one: char| one.is_ascii_digit());
    if digit {
        let rest = slice(text, here.start..text.len());
        let length = rest
            .find(|one: char| !(is_name_first(one) || one.is_ascii_digit()))
            .unwrap_or(rest.len());
        let name = slice(rest, 0..length);
        let help = format!("an element is `[{name}]`, a field of that name `['{name}']`");
        return error(
            NAME_EXPECTED,
            "a name cannot start with a digit",
            here.start..here.start + length,
            "expected a name or `*`",
            help,
        );
    }
    let help = "a name of other characters stands in brackets and quotes: `['a b']`";
    error(
        NAME_EXPECTED,
        "a name is expected after the dot",
        here,
        "expected a name or `*`",
        help,
    )
}

pub(super) fn selector_expected(text: &str, open: usize, here: Range<usize>) -> Mistake {
    let rest = slice(text, here.start..text.len());
    if rest.is_empty() {
        return error(
            UNCLOSED_BRACKET,
            "the bracket is not closed",
            open..open + 1,
            "expected `]` after it",
            "close it: `[0]`, `['name']`, `[*]`",
        );
    }
    if rest.starts_with('(') {
        return error(
            SELECTOR_EXPECTED,
            "scripts are not part of RFC 9535",
            here,
            "expected a name, an index, `*` or `?`",
            "the last element is `[-1]`; a condition is `[?@.field == \"status\"]`",
        );
    }
    if rest.starts_with(is_name_first) {
        let length = rest.find([']', ',', ' ']).unwrap_or(rest.len());
        let name = slice(rest, 0..length);
        return error(
            UNQUOTED_NAME,
            "a name in brackets needs quotes",
            here.start..here.start + length,
            "expected a quote before it",
            format!("write `['{name}']`"),
        );
    }
    error(
        SELECTOR_EXPECTED,
        "nothing that can be selected",
        here,
        "expected a name in quotes, an index, `*` or `?`",
        "e.g. `[0]`, `[-1]`, `['name']`, `[*]`, `[?@.id == \"1\"]`",
    )
}

pub(super) fn bracket(text: &str, open: usize, here: Range<usize>) -> Mistake {
    if here.is_empty() {
        return error(
            UNCLOSED_BRACKET,
            "the bracket is not closed",
            open..open + 1,
            "expected `]` after it",
            format!("close it: `{}]`", slice(text, open..text.len()).trim_end()),
        );
    }
    if let Some(problem) = word_operator(text, here.start) {
        return problem;
    }
    if let Some(problem) = wrong_operator(text, here.start) {
        return problem;
    }
    error(
        UNCLOSED_BRACKET,
        "the bracket is not closed here",
        here,
        "expected `]` or `,`",
        "close the bracket before it",
    )
}

pub(super) fn unclosed_quote(start: usize, quote: char) -> Mistake {
    error(
        UNCLOSED_QUOTE,
        "the text is not closed",
        start..start + quote.len_utf8(),
        "opened here, never closed",
        format!("close it with `{quote}`"),
    )
}

pub(super) fn bad_escape(range: Range<usize>, escaped: char) -> Mistake {
    error(
        BAD_ESCAPE,
        format!("`\\{escaped}` is no escape"),
        range,
        r#"expected `\\`, `\"`, `\n`, `\t`, `\u0041` …"#,
        format!("a backslash itself is written `\\\\{escaped}`"),
    )
}

pub(super) fn lone_surrogate(range: Range<usize>) -> Mistake {
    error(
        BAD_ESCAPE,
        "half of a surrogate pair",
        range,
        "expected both halves",
        "write the character itself",
    )
}

pub(super) fn control_character(range: Range<usize>) -> Mistake {
    error(
        CONTROL_CHARACTER,
        "a control character in a text",
        range,
        "expected an escape",
        r"write `\n`, `\t` or `\u0001`",
    )
}

pub(super) fn bad_integer(range: Range<usize>, leading_zero: bool) -> Mistake {
    let (message, help) = if leading_zero {
        ("an index has no leading zeros", "write it without")
    } else {
        (
            "not an index",
            "indexes are integers from -(2^53 - 1) to 2^53 - 1",
        )
    };
    error(BAD_INTEGER, message, range, "expected an integer", help)
}

pub(super) fn bad_number(range: Range<usize>) -> Mistake {
    error(
        BAD_NUMBER,
        "not a number as JSON writes it",
        range,
        "expected e.g. `13`, `-0.5`, `1e3`",
        "no leading zeros, digits on both sides of the point",
    )
}

pub(super) fn too_deep(range: Range<usize>) -> Mistake {
    error(
        TOO_DEEP,
        "nested more than 128 levels deep",
        range,
        "one level too many",
        "split the condition over several steps",
    )
}

/// `and`, `or`, `not`, `&`, `|` where an operator is expected.
pub(super) fn word_operator(text: &str, position: usize) -> Option<Mistake> {
    let rest = slice(text, position..text.len());
    let word: &str = rest
        .split(|one: char| !one.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    let meant = match word.to_ascii_lowercase().as_str() {
        "and" => "&&",
        "or" => "||",
        "is" => "==",
        "in" | "nin" | "contains" | "like" | "matches" | "not" => {
            let help = "one of several: `$.a == \"x\" || $.a == \"y\"`; an element: `$.labels[?@ == \"vip\"]`; a part of a text: `search($.a, 'x')`";
            return Some(error(
                UNKNOWN_OPERATOR,
                format!("there is no operator `{word}`"),
                position..position + word.len(),
                "expected `==`, `!=`, `<`, `&&` …",
                help,
            ));
        }
        _ => "",
    };
    if !meant.is_empty() {
        return Some(error(
            WORD_OPERATOR,
            format!("`{word}` is written `{meant}`"),
            position..position + word.len(),
            &format!("expected `{meant}`"),
            format!("write `{meant}`"),
        ));
    }
    for (one, two) in [('&', "&&"), ('|', "||")] {
        if rest.starts_with(one) && !rest.starts_with(two) {
            return Some(error(
                SINGLE_OPERATOR,
                format!("`{one}` is written twice"),
                position..position + 1,
                &format!("expected `{two}`"),
                format!("write `{two}`"),
            ));
        }
    }
    None
}

/// `=`, `===`, `=~`, `<>` and the like where a comparison is expected.
pub(super) fn wrong_operator(text: &str, position: usize) -> Option<Mistake> {
    let rest = slice(text, position..text.len());
    let found = |code, wrong: &str, right: &str, help: String| {
        Some(error(
            code,
            format!("`{wrong}` is no comparison"),
            position..position + wrong.len(),
            &format!("expected `{right}`"),
            help,
        ))
    };
    if rest.starts_with("===") {
        return found(
            TRIPLE_EQUALS,
            "===",
            "==",
            "write `==`: values are compared with their kinds".to_owned(),
        );
    }
    if rest.starts_with("!==") {
        return found(TRIPLE_EQUALS, "!==", "!=", "write `!=`".to_owned());
    }
    if rest.starts_with("=~") {
        return found(
            UNKNOWN_OPERATOR,
            "=~",
            "match(…)",
            "write `match($.key, 'SUP-.*')` or `search($.summary, 'refund')`".to_owned(),
        );
    }
    if rest.starts_with("<>") {
        return found(UNKNOWN_OPERATOR, "<>", "!=", "write `!=`".to_owned());
    }
    if rest.starts_with('=') && !rest.starts_with("==") {
        return found(SINGLE_EQUALS, "=", "==", "write `==`".to_owned());
    }
    None
}

pub(super) fn after_condition(text: &str, position: usize) -> Mistake {
    if let Some(problem) = word_operator(text, position).or_else(|| wrong_operator(text, position))
    {
        return problem;
    }
    let rest = slice(text, position..text.len());
    let end = position + rest.chars().next().map_or(0, char::len_utf8);
    if rest.starts_with(',') {
        return error(
            CONDITION_TRAILING,
            "only one condition stands here",
            position..end,
            "expected the end",
            "join conditions by `&&` or `||`",
        );
    }
    let operator = ["==", "!=", "<=", ">=", "<", ">"]
        .into_iter()
        .find(|one| rest.starts_with(one));
    if let Some(operator) = operator {
        return error(
            CONDITION_TRAILING,
            "comparisons do not chain",
            position..position + operator.len(),
            "the comparison ended before this",
            "write `$.a == 1 && $.b == 1`",
        );
    }
    error(
        CONDITION_TRAILING,
        "the condition does not end here",
        position..end,
        "expected `&&`, `||`, a comparison or the end",
        "a text stands in quotes: `$.status.name == \"In Progress\"`",
    )
}

pub(super) fn operand_expected(range: Range<usize>) -> Mistake {
    error(
        OPERAND_EXPECTED,
        "nothing to compare with",
        range,
        "expected a value after it",
        "e.g. `== \"done\"`, `== 3`, `== $.fields.other`",
    )
}

pub(super) fn term_expected(text: &str, range: Range<usize>) -> Mistake {
    let word = slice(text, range.clone());
    let lower = word.to_ascii_lowercase();
    let constant = match lower.as_str() {
        "null" | "none" | "nil" | "undefined" => "null",
        "true" | "yes" => "true",
        "false" | "no" => "false",
        _ => "",
    };
    if !constant.is_empty() {
        return error(
            WRONG_CONSTANT,
            format!("`{word}` is written `{constant}`"),
            range,
            &format!("expected `{constant}`"),
            format!("write `{constant}`, or the text `\"{word}\"`"),
        );
    }
    if lower == "not" {
        return error(
            WORD_OPERATOR,
            format!("`{word}` is written `!`"),
            range,
            "expected `!`",
            "write `!$.a`, or `!($.a == 1)` around a comparison",
        );
    }
    if word.starts_with(['[', '{']) {
        return error(
            COLLECTION_LITERAL,
            "lists and objects cannot be written in conditions",
            range,
            "expected a text, a number, true, false or null",
            "compare their parts, e.g. `$.labels[0] == \"vip\"`",
        );
    }
    if word.starts_with(is_name_first) {
        let rest = slice(text, range.start..text.len());
        if rest
            .get(word.len()..)
            .is_some_and(|after| after.starts_with(['.', '[']))
        {
            return error(
                NO_ROOT,
                "a path starts with `$`",
                range,
                "expected `$.` before it",
                format!("write `$.{word}…`"),
            );
        }
        return error(
            UNQUOTED_TEXT,
            format!("`{word}` is neither a path nor a text"),
            range,
            "expected quotes around it, or `$.` before it",
            format!("a text is `\"{word}\"`, a field `$.{word}`"),
        );
    }
    if word.starts_with('.') {
        return error(
            NO_ROOT,
            "a path starts with `$`",
            range,
            "expected `$` before it",
            "write `$.` and the name",
        );
    }
    error(
        TERM_EXPECTED,
        "a path, a text, a number or a function is expected",
        range,
        "expected e.g. `$.key`",
        "e.g. `$.fields.priority.name == \"High\"`",
    )
}

pub(super) fn not_before_comparison(text: &str, start: usize) -> Mistake {
    let rest = slice(text, start + 1..text.len());
    let end = rest
        .find("&&")
        .into_iter()
        .chain(rest.find("||"))
        .min()
        .unwrap_or(rest.len());
    let comparison = slice(rest, 0..end).trim();
    error(
        NOT_COMPARISON,
        "`!` stands before a test, not before a comparison",
        start..start + 1,
        "expected parentheses after it",
        format!("write `!({comparison})`"),
    )
}

pub(super) fn double_not(range: Range<usize>) -> Mistake {
    error(
        DOUBLE_NOT,
        "`!!` says nothing",
        range,
        "expected a test",
        "leave both out",
    )
}

pub(super) fn parenthesis(open: usize, here: Range<usize>) -> Mistake {
    if here.is_empty() {
        return error(
            UNCLOSED_PARENTHESIS,
            "the parenthesis is not closed",
            open..open + 1,
            "opened here, never closed",
            "close it with `)`",
        );
    }
    error(
        UNCLOSED_PARENTHESIS,
        "the parenthesis is not closed here",
        here,
        "expected `)` or an operator",
        "close it with `)`",
    )
}

pub(super) fn current_in_condition(text: &str, start: usize) -> Mistake {
    let rest = slice(text, start + 1..text.len());
    let length = rest
        .find([' ', '=', '!', '<', '>', '&', '|', ')', ','])
        .unwrap_or(rest.len());
    error(
        CURRENT,
        "`@` is the element that a filter judges, and here is none",
        start..start + 1,
        "expected `$`",
        format!(
            "write `${}`: in a condition `$` is the record",
            slice(rest, 0..length)
        ),
    )
}

pub(super) fn compares_many(text: &str, range: &Range<usize>) -> Mistake {
    let path = slice(text, range.clone());
    error(
        COMPARES_MANY,
        "a path that can select several values cannot be compared",
        range.clone(),
        "expected a path to one value",
        format!(
            "ask for one that is equal by a filter: `{}`",
            filter_instead(path)
        ),
    )
}

fn filter_instead(path: &str) -> String {
    match path.strip_suffix("[*]") {
        Some(list) => format!("{list}[?@ == …]"),
        None => format!("{path}[?@ == …]"),
    }
}

pub(super) fn literal_as_test(text: &str, range: Range<usize>) -> Mistake {
    let literal = slice(text, range.clone()).to_owned();
    error(
        LITERAL_TEST,
        format!("`{literal}` alone asks nothing"),
        range,
        "expected a comparison or a path",
        format!("compare a field with it: `$.field == {literal}`"),
    )
}

pub(super) fn value_as_test(text: &str, range: Range<usize>) -> Mistake {
    let call = slice(text, range.clone()).to_owned();
    error(
        VALUE_TEST,
        format!("`{call}` is a value, not a test"),
        range,
        "expected a comparison",
        format!("compare it: `{call} > 0`"),
    )
}

pub(super) fn logical_as_value(range: Range<usize>) -> Mistake {
    error(
        LOGICAL_VALUE,
        "`match` and `search` are tests, not values",
        range,
        "expected a value",
        "let it stand alone, with `!` before it for the opposite",
    )
}

pub(super) fn not_singular(text: &str, range: &Range<usize>, function: &str) -> Mistake {
    let path = slice(text, range.clone());
    let help = match function {
        "length" => format!("how many are selected is `count({path})`"),
        _ => format!(
            "ask for one that matches by a filter: `{}`",
            path.strip_suffix("[*]").map_or_else(
                || format!("{path}[?{function}(@, '…')]"),
                |list| format!("{list}[?{function}(@, '…')]")
            )
        ),
    };
    error(
        ARGUMENT,
        format!("`{function}` takes a path to one value"),
        range.clone(),
        "can select several",
        help,
    )
}

pub(super) fn path_argument(function: &str, range: Range<usize>) -> Mistake {
    error(
        ARGUMENT,
        format!("`{function}` takes a path"),
        range,
        "expected a path",
        format!("e.g. `{function}($.labels[*])`"),
    )
}

pub(super) fn arguments(name: &str, takes: usize, got: usize, range: Range<usize>) -> Mistake {
    let expected = if takes == 1 {
        "one argument".to_owned()
    } else {
        format!("{takes} arguments")
    };
    let example = match name {
        "match" | "search" => format!("{name}($.key, 'SUP-.*')"),
        _ => format!("{name}($.labels)"),
    };
    error(
        ARGUMENTS,
        format!("`{name}` takes {expected}, not {got}"),
        range,
        &format!("expected {expected}"),
        format!("e.g. `{example}`"),
    )
}

pub(super) fn unknown_function(text: &str, name: &str, range: Range<usize>) -> Mistake {
    let lower = name.to_ascii_lowercase();
    let argument = text
        .get(range.end + 1..)
        .and_then(|rest| rest.split([',', ')']).next())
        .unwrap_or("$.x")
        .trim();
    let help = match lower.as_str() {
        "startswith" | "starts_with" => format!("write `match({argument}, 'PREFIX.*')`"),
        "endswith" | "ends_with" => format!("write `match({argument}, '.*SUFFIX')`"),
        "contains" | "includes" => format!(
            "a part of a text: `search({argument}, 'x')`; an element of a list: `{argument}[?@ == 'x']`"
        ),
        "exists" | "has" | "isset" | "defined" | "empty" => {
            format!("write the path alone: `{argument}`; `!{argument}` for the opposite")
        }
        "size" | "len" => format!("write `length({argument})`"),
        "regex" | "matches" | "test" => {
            format!("write `match({argument}, '…')` or `search({argument}, '…')`")
        }
        "lower" | "upper" | "tolower" | "toupper" => {
            "compare with a pattern: `match($.x, '[Yy]es')`".to_owned()
        }
        _ => match nearest(name, ["length", "count", "match", "search", "value"]) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "there are `length`, `count`, `match`, `search` and `value`".to_owned(),
        },
    };
    error(
        UNKNOWN_FUNCTION,
        format!("there is no function `{name}`"),
        range,
        "no such function",
        help,
    )
}
