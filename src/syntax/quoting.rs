//! Mistakes that quotes would have prevented, each with the line as it should be.

use std::sync::Arc;

use super::Style;
use crate::diagnostic::{Code, Diagnostic, Source, Span};

const TEMPLATE: Code = Code::new("yaml.unquoted_template");
const NEGATION: Code = Code::new("yaml.unquoted_negation");
const FLOW_PATH: Code = Code::new("yaml.unquoted_in_flow");
const AFTER_QUOTE: Code = Code::new("yaml.text_after_quote");

/// The line that holds a byte, without its break, and where it starts.
fn line_at(source: &Source, byte: usize) -> (usize, &str) {
    let text = source.text();
    let before = text.get(..byte).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    (start, rest.lines().next().unwrap_or_default())
}

/// The line with quotes around everything after its first `: `.
fn quoted_value(line: &str) -> Option<(usize, String)> {
    let colon = line.find(": ")? + 2;
    let value = line.get(colon..)?.trim();
    let quote = if value.contains('\'') && !value.contains('"') {
        '"'
    } else {
        '\''
    };
    let inside = if quote == '\'' {
        value.replace('\'', "''")
    } else {
        value.to_owned()
    };
    Some((
        colon,
        format!("{}{quote}{inside}{quote}", line.get(..colon)?.trim_start()),
    ))
}

/// `keep: !$.x`, or a tag that nobody knows.
pub(super) fn custom_tag(
    source: &Arc<Source>,
    tag: Span,
    node: Span,
    _: Style,
    code: Code,
) -> Diagnostic {
    let written = source.slice(tag);
    let (_, line) = line_at(source, tag.start);
    if written.starts_with("!$") || written.starts_with("!(") || written == "!" {
        let fixed = quoted_value(line).map_or_else(
            || "put the value in quotes".to_owned(),
            |(_, fixed)| format!("write `{fixed}`"),
        );
        return Diagnostic::error(NEGATION, "a value that starts with `!` is a tag to YAML")
            .label(tag, "needs quotes")
            .help(fixed);
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
pub(super) fn collection_key(source: &Arc<Source>, at: Span, code: Code) -> Diagnostic {
    let (start, line) = line_at(source, at.start);
    if let Some(open) = line.find("{{") {
        let end = line.rfind("}}").map_or(line.len(), |end| end + 2);
        let fixed = quoted_value(line).map_or_else(
            || "put the template in quotes".to_owned(),
            |(_, fixed)| format!("write `{fixed}`"),
        );
        return Diagnostic::error(TEMPLATE, "a template that starts a value needs quotes")
            .label(Span::new(start + open, start + end), "a map to YAML")
            .help(fixed);
    }
    Diagnostic::error(code, "a key is a scalar")
        .label(at, "a list or map")
        .help("write a name before the colon")
}

/// What the YAML parser refuses, told from what people mean.
pub(super) fn syntax_error(
    source: &Arc<Source>,
    byte: usize,
    message: &str,
    code: Code,
) -> Diagnostic {
    let (start, line) = line_at(source, byte);
    let in_line = byte.saturating_sub(start);
    if let Some(colon) = line.find(": ") {
        let value = line.get(colon + 2..).unwrap_or_default().trim_start();
        let value_start =
            start + line.len() - line.get(colon + 2..).unwrap_or_default().trim_start().len();
        // `keep: "x" == $.a`: a quoted text with something after it.
        if let Some(quote) = value.chars().next().filter(|one| matches!(one, '"' | '\''))
            && let Some(close) = value.get(1..).and_then(|rest| rest.find(quote))
            && value.get(close + 2..).is_some_and(|rest| {
                !rest.trim().is_empty() && !rest.trim_start().starts_with(['#', ',', '}', ']'])
            })
        {
            let fixed = quoted_value(line).map_or_else(String::new, |(_, fixed)| fixed);
            return Diagnostic::error(AFTER_QUOTE, "a value that starts with a quote ends with it")
                .label(
                    Span::new(value_start + close + 2, start + line.trim_end().len()),
                    "after the closing quote",
                )
                .help(format!("put the whole value in quotes: `{fixed}`"));
        }
        if value.starts_with("{{") {
            let fixed = quoted_value(line).map_or_else(String::new, |(_, fixed)| fixed);
            let end = value_start + value.trim_end().len();
            return Diagnostic::error(TEMPLATE, "a template that starts a value needs quotes")
                .label(Span::new(value_start, end), "a map to YAML")
                .help(format!("write `{fixed}`"));
        }
        // `{ path: $.labels[0] }`: a path that holds what flow style takes for its own.
        let flow = value.starts_with('{') || value.starts_with('[');
        if flow && let Some(path) = value.find(" $").or_else(|| value.find("[$")) {
            let from = value.get(path + 1..).unwrap_or_default();
            let length = bracketed_length(from);
            let path_text = from.get(..length).unwrap_or_default().trim_end();
            if path_text.contains(['[', '{', ',']) {
                let at = value_start + path + 1;
                return Diagnostic::error(
                    FLOW_PATH,
                    "in flow style a path with brackets needs quotes",
                )
                .label(Span::new(at, at + path_text.len()), "needs quotes")
                .help(format!(
                    "write `{}`",
                    line.trim()
                        .replace(path_text, &format!("'{}'", path_text.replace('\'', "''")))
                ));
            }
        }
    }
    let width = source
        .text()
        .get(byte..)
        .and_then(|rest| rest.chars().next())
        .filter(|one| *one != '\n')
        .map_or(0, char::len_utf8);
    let at = Span::new(byte, byte + width);
    let mut diagnostic = Diagnostic::error(code, format!("not YAML: {message}")).label(at, "here");
    let tab = line
        .get(..in_line.min(line.len()))
        .is_some_and(|before| before.contains('\t'));
    diagnostic = diagnostic.help(if tab || line.starts_with('\t') {
        "YAML is indented by spaces, not by tabs"
    } else {
        "a value with `: `, ` #`, `{{` or a leading quote, bracket or `!` needs quotes around it"
    });
    diagnostic
}

/// How long a path is whose brackets are closed, up to the `,` or `}` that ends it.
fn bracketed_length(text: &str) -> usize {
    let mut depth = 0_i32;
    for (index, one) in text.char_indices() {
        match one {
            '[' => depth += 1,
            ']' if depth == 0 => return index,
            ']' => depth -= 1,
            ',' | '}' if depth == 0 => return index,
            _ => {}
        }
    }
    text.len()
}
