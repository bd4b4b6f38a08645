//! What sinks of messages have in common: an id, a time from which on they are sent.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::values::{optional, takes};
use crate::config::Written;
use crate::connectors::brevo::spec as brevo;
use crate::diagnostic::{Code, Span, Spanned};
use crate::expression::{Expression, Place, parse_duration};
use crate::record::Value;
use crate::shape::Kinds;

const NO_IDENTITY: Code = Code::new("sink.no_identity");
const BAD_DURATION: Code = Code::new("pipeline.bad_duration");

/// What makes an operation one; records without identity need an `id` here.
pub(super) fn id(
    written: Option<&Written>,
    span: Span,
    what: &str,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Option<Expression>> {
    let id = optional(written, Place::LeftOut, flow, compiler)?;
    match &id {
        Some(id) => {
            let fits = |value: &Value| match value {
                Value::String(text) => !text.trim().is_empty(),
                value => matches!(value, Value::Number(_)),
            };
            let kinds = Kinds::TEXT.union(Kinds::NUMBER);
            takes("id", "text or a number", kinds, &fits, id, flow, compiler);
        }
        None if !flow.has_identity => compiler.mistake(
            NO_IDENTITY,
            format!("{what} needs an id, and these records have none"),
            span,
            "no identity",
            "say `id:` here, or `id:` at the source",
        ),
        None => {}
    }
    Some(id)
}

/// How old may be what is sent, in milliseconds.
pub(super) fn backfill(
    written: Option<&Spanned<String>>,
    compiler: &mut Compiler<'_>,
) -> Option<i64> {
    let Some(duration) = written else {
        return Some(0);
    };
    let parsed = parse_duration(&duration.value);
    if parsed.is_none() {
        compiler.mistake(
            BAD_DURATION,
            format!("`{}` is no duration", duration.value),
            duration.span,
            "expected e.g. `7 days`",
            "write a number and seconds, minutes, hours, days or weeks",
        );
    }
    parsed
}

/// Says where a template's id can never be one.
pub(super) fn template(expression: &Expression, flow: &Flow, compiler: &mut Compiler<'_>) {
    let fits = |value: &Value| brevo::template_id(value).is_some();
    let kinds = Kinds::TEXT.union(Kinds::NUMBER);
    takes(
        "template",
        "the id of a template",
        kinds,
        &fits,
        expression,
        flow,
        compiler,
    );
}

/// Says where a value can never be text.
pub(super) fn text(name: &str, expression: &Expression, flow: &Flow, compiler: &mut Compiler<'_>) {
    let fits = |value: &Value| match value {
        Value::String(text) => !text.trim().is_empty(),
        value => matches!(value, Value::Number(_) | Value::Bool(_)),
    };
    let kinds = Kinds::TEXT.union(Kinds::NUMBER).union(Kinds::BOOLEAN);
    takes(name, "text", kinds, &fits, expression, flow, compiler);
}
