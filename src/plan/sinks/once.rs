//! What sinks have in common that do a thing once: its id, and how far back they begin.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::values::{optional, takes};
use crate::config::Written;
use crate::diagnostic::{Code, Span, Spanned};
use crate::expression::{Expression, Place, parse_duration};
use crate::record::Value;
use crate::shape::Kinds;

const NO_ID: Code = Code::new("sink.no_id");
const BAD_BACKFILL: Code = Code::new("sink.bad_backfill");

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
            NO_ID,
            format!("{what} needs an id, and these records have none"),
            span,
            "no identity",
            "say `id:` here, or `id:` at the source",
        ),
        None => {}
    }
    Some(id)
}

/// How old a record may be that is from before the first run, in milliseconds.
pub(super) fn backfill(
    written: Option<&Spanned<String>>,
    compiler: &mut Compiler<'_>,
) -> Option<i64> {
    let Some(written) = written else {
        return Some(0);
    };
    let parsed = parse_duration(&written.value);
    if parsed.is_none() {
        compiler.mistake(
            BAD_BACKFILL,
            format!("`{}` is no duration", written.value),
            written.span,
            "expected e.g. `7 days`",
            "write a number and seconds, minutes, hours, days or weeks",
        );
    }
    parsed
}
