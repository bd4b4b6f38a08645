//! Mistakes that quotes would have prevented, each with the line as it should be.

use std::sync::Arc;

use super::meant::{is_expression, meant_at, unclosed_quote, with_quotes};
use crate::diagnostic::{Code, Diagnostic, Source, Span};

const TEMPLATE: Code = Code::new("yaml.unquoted_template");
const NEGATION: Code = Code::new("yaml.unquoted_negation");
const IN_FLOW: Code = Code::new("yaml.unquoted_in_flow");
const AFTER_QUOTE: Code = Code::new("yaml.text_after_quote");
const COLON: Code = Code::new("yaml.unquoted_colon");
const INDICATOR: Code = Code::new("yaml.unquoted_indicator");
const COMMENT: Code = Code::new("yaml.cut_by_comment");

/// The line that holds a byte, without its break, and where it starts.
pub(super) fn line_at(source: &Source, byte: usize) -> (usize, &str) {
    let text = source.text();
    let before = text.get(..byte).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    (start, rest.lines().next().unwrap_or_default())
}

/// Where the quote opens that is closed just before a byte, where that is in an earlier line.
pub(super) fn opened_above(text: &str, byte: usize) -> Option<usize> {
    let before = text.get(..byte)?.trim_end();
    let quote = before
        .chars()
        .next_back()
        .filter(|one| matches!(one, '"' | '\''))?;
    let inside = before.get(..before.len() - 1)?;
    let open = inside.rfind(quote)?;
    inside.get(open..)?.contains('\n').then_some(open)
}

/// What a mistake at a byte is, where quotes around the value there would have prevented it.
fn quotes_missing(source: &Source, byte: usize, in_flow: bool) -> Option<Diagnostic> {
    unquoted(source, byte, in_flow).map(|(mistake, _)| mistake)
}

/// What a mistake at a byte is, where quotes around a value would have prevented it, and the value.
pub(super) fn unquoted(source: &Source, byte: usize, in_flow: bool) -> Option<(Diagnostic, Span)> {
    let (start, line) = line_at(source, byte);
    let value = meant_at(line, in_flow, byte.saturating_sub(start))?;
    let text = line.get(value.range.clone())?;
    let first = text.chars().next()?;
    let whole = Span::new(start + value.range.start, start + value.range.end);
    let help = format!("write `{}`", with_quotes(line, &value.range));
    let (code, message, at, label) = match first {
        '{' if text.starts_with("{{") => (
            TEMPLATE,
            "a template that starts a value needs quotes",
            whole,
            "a map to YAML",
        ),
        '!' => (
            NEGATION,
            "a value that starts with `!` needs quotes",
            whole,
            "a tag to YAML",
        ),
        '"' | '\'' => {
            let close = text.get(1..)?.find(first)? + 2;
            let rest = text.get(close..)?;
            if rest.trim().is_empty() {
                return None;
            }
            let from = whole.start + close + rest.len() - rest.trim_start().len();
            (
                AFTER_QUOTE,
                "a value that starts with a quote ends with it",
                Span::new(from, whole.end),
                "after the closing quote",
            )
        }
        '@' | '`' | '%' => (
            INDICATOR,
            "no value starts with this character without quotes",
            Span::new(whole.start, whole.start + 1),
            "needs quotes",
        ),
        _ if value.flow && text.contains(['[', ']', '{', '}', ',']) => {
            (IN_FLOW, in_flow_message(text), whole, "cut up by YAML")
        }
        _ if !value.flow && text.contains(": ") => (
            COLON,
            "a value that holds `: ` needs quotes",
            {
                let colon = whole.start + text.find(": ")?;
                Span::new(colon, colon + 1)
            },
            "a key ends here, to YAML",
        ),
        _ => return None,
    };
    let mistake = Diagnostic::error(code, message).label(at, label).help(help);
    Some((mistake, whole))
}

fn in_flow_message(text: &str) -> &'static str {
    if text.contains("{{") {
        "between brackets or braces a template needs quotes"
    } else if text.contains("${") {
        "between brackets or braces what holds `${…}` needs quotes"
    } else {
        "between brackets or braces a path or condition that holds `[ ] { } ,` needs quotes"
    }
}

/// `keep: !$.x`, or a tag that nobody knows.
pub(super) fn custom_tag(
    source: &Arc<Source>,
    tag: Span,
    node: Span,
    code: Code,
    in_flow: bool,
) -> Diagnostic {
    let written = source.slice(tag);
    let (_, line) = line_at(source, tag.start);
    let after_dashes = line.trim_start_matches([' ', '-', '\u{feff}']);
    let condition = ["keep:", "drop:", "when:", "condition:"]
        .iter()
        .any(|key| after_dashes.starts_with(key) || line.contains(&format!(" {key} !")));
    let negation = written.starts_with("!$") || written.starts_with("!(") || written == "!";
    if (negation || condition)
        && let Some(mistake) = quotes_missing(source, tag.start, in_flow)
    {
        return mistake;
    }
    let tag = if tag.is_empty() { node } else { tag };
    Diagnostic::error(
        code,
        format!("the tag `{}` is not known", source.slice(tag)),
    )
    .label(tag, "an unknown tag")
    .help("leave it out; a text that starts with `!` needs quotes")
}

/// `link: {{key}}`: a map as a key.
pub(super) fn collection_key(source: &Source, at: Span, code: Code, in_flow: bool) -> Diagnostic {
    // The inner brace is the parser's; the template begins one before it.
    let braces = source
        .text()
        .get(at.start.saturating_sub(1)..)
        .is_some_and(|rest| rest.starts_with("{{"));
    if braces
        && let Some(mistake) = quotes_missing(source, at.start, in_flow)
        && mistake.code == TEMPLATE
    {
        return mistake;
    }
    Diagnostic::error(code, "a key is a scalar")
        .label(at, "a list or map")
        .help("write a name before the colon")
}

/// A plain scalar that ends inside quotes of its own: cut off by a comment or a comma.
pub(super) fn cut_off(source: &Source, text: &str, at: Span, in_flow: bool) -> Option<Diagnostic> {
    if !is_expression(text) {
        return None;
    }
    let quote = unclosed_quote(text)?;
    let (start, line) = line_at(source, at.start);
    if at.end > start + line.len() {
        return None;
    }
    let rest = line.get(at.end - start..)?;
    let next = rest.trim_start();
    if !rest.get(1..)?.contains(quote) {
        return None;
    }
    if next.starts_with('#') && next.len() < rest.len() {
        let from = at.end + rest.len() - next.len();
        let begin = at.start - start;
        let close = begin + line.get(begin..)?.rfind(quote)? + 1;
        return Some(
            Diagnostic::error(COMMENT, "the value is cut off by a comment")
                .label(
                    Span::new(from, start + line.trim_end().len()),
                    "a comment to YAML",
                )
                .help(format!("write `{}`", with_quotes(line, &(begin..close)))),
        );
    }
    if in_flow && next.starts_with([',', ']', '}']) {
        return quotes_missing(source, at.start, false)
            .or_else(|| quotes_missing(source, at.start, true))
            .filter(|mistake| mistake.code == IN_FLOW);
    }
    None
}
