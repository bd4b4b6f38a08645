//! Literals: what they are, and what looks as if it were meant to be something else.

use std::ops::Range;
use std::sync::Arc;

use super::compile::{Classified, Compiling, classify};
use super::locate;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::record::{Object, Value};
use crate::syntax::{Kind, Node, Scalar, ScalarValue};

const LOOKS_LIKE_PATH: Code = Code::new("value.looks_like_path");
const NOT_LITERAL: Code = Code::new("value.not_literal");

/// The value that a node literally is, `${…}` put in.
pub(super) fn literal(node: &Node, compiling: &Compiling<'_>) -> Value {
    match &node.kind {
        Kind::Scalar(scalar)
            if scalar.value == ScalarValue::Text
                && !scalar.replaced
                && scalar.text.contains("${") =>
        {
            compiling.strings.expand(&scalar.text).text.into()
        }
        Kind::Scalar(_) => node.to_value(),
        Kind::List(elements) => elements
            .iter()
            .map(|element| literal(element, compiling))
            .collect::<Vec<_>>()
            .into(),
        Kind::Map(entries) => entries
            .iter()
            .map(|entry| {
                (
                    Arc::clone(&entry.key.value),
                    literal(&entry.value, compiling),
                )
            })
            .collect::<Object>()
            .into(),
    }
}

/// A literal of `default` or `lookup`: what looks like a path or template is a mistake. The names
/// in its single braces are added to `names`.
pub(super) fn strict_literal(
    node: &Node,
    option: &str,
    names: &mut Vec<(Arc<str>, Span)>,
    compiling: &mut Compiling<'_>,
) -> Option<Value> {
    let sound = refuse_expressions(node, option, names, compiling);
    sound.then(|| literal(node, compiling))
}

/// False where an expression was found.
fn refuse_expressions(
    node: &Node,
    option: &str,
    names: &mut Vec<(Arc<str>, Span)>,
    compiling: &mut Compiling<'_>,
) -> bool {
    match &node.kind {
        Kind::Scalar(scalar) => {
            let what = match classify(scalar) {
                Classified::Path => "a path",
                Classified::Template => "a template",
                Classified::Literal => {
                    warn_of_path(node, scalar, compiling);
                    names.extend(names_in_braces(scalar));
                    return true;
                }
            };
            let text = &scalar.text;
            let written = if text.contains("{{") {
                format!("'{}'", text.replace('\'', "''"))
            } else {
                text.to_string()
            };
            let help = match option {
                "default" => format!("write `{{ first: [ …, {written} ] }}`"),
                _ => format!(
                    "what depends on the record stands in `{{ first: [ {{ path: …, lookup: … }}, {written} ] }}`"
                ),
            };
            compiling.diagnostics.push(
                Diagnostic::error(
                    NOT_LITERAL,
                    format!("`{option}` takes literal values, this looks like {what}"),
                )
                .label(node.span, "expected a literal")
                .help(help)
                .in_source(compiling.source),
            );
            false
        }
        Kind::List(elements) => {
            let parts = elements.iter();
            let sound = parts.map(|part| refuse_expressions(part, option, names, compiling));
            // All of them are looked at: each mistake is told.
            sound.filter(|sound| !sound).count() == 0
        }
        Kind::Map(entries) => {
            let parts = entries.iter().map(|entry| &entry.value);
            let sound = parts.map(|part| refuse_expressions(part, option, names, compiling));
            sound.filter(|sound| !sound).count() == 0
        }
    }
}

/// Warns of `$name`, where `$.name` was probably meant.
pub(super) fn warn_of_path(node: &Node, scalar: &Scalar, compiling: &mut Compiling<'_>) {
    if scalar.replaced || scalar.value != ScalarValue::Text {
        return;
    }
    let Some(rest) = scalar.text.strip_prefix('$') else {
        return;
    };
    if !rest.starts_with(char::is_alphabetic) {
        return;
    }
    let end = rest
        .find(|character: char| !(character.is_alphanumeric() || "_.[]'\"*-".contains(character)))
        .unwrap_or(rest.len());
    let name = rest.get(..end).unwrap_or_default();
    compiling.diagnostics.push(
        Diagnostic::warning(LOOKS_LIKE_PATH, format!("`${name}` is a literal text here"))
            .label(locate(node, 0..1 + end), "literal text")
            .help(format!(
                "did you mean `$.{name}`? what is meant literally stands in `{{ value: … }}`"
            ))
            .in_source(compiling.source),
    );
}

/// The names that stand in single braces in a literal text.
pub(super) fn names_in_braces(scalar: &Scalar) -> Vec<(Arc<str>, Span)> {
    if scalar.replaced || scalar.value != ScalarValue::Text {
        return Vec::new();
    }
    braced(&scalar.text)
        .map(|(name, range)| (name.into(), scalar.locate(range)))
        .collect()
}

fn braced(text: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    text.match_indices('{').filter_map(move |(open, _)| {
        if text.get(..open)?.ends_with('$') {
            return None;
        }
        let inside = text.get(open + 1..)?;
        let name = inside.get(..inside.find('}')?)?;
        let is_name = |character: char| character.is_alphanumeric() || "_.-".contains(character);
        (!name.is_empty() && name.chars().all(is_name)).then(|| (name, open..open + name.len() + 2))
    })
}
