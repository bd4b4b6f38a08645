//! Values towards a destination: compiled, and held against what a sink takes there.

use std::sync::Arc;

use super::super::check;
use super::super::compiler::Compiler;
use super::super::fit::{self, Wanted};
use super::super::steps::Flow;
use crate::config::{Members, Written};
use crate::diagnostic::Code;
use crate::expression::conversion::read_time;
use crate::expression::{Expression, Place};
use crate::record::Value;
use crate::shape::Kinds;

const WRONG_VALUE: Code = Code::new("sink.wrong_value");

/// Compiles a value towards a destination and checks what it reads.
pub(super) fn value(
    written: &Written,
    place: Place,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Expression> {
    let expression = compiler.expression(written, place)?;
    check::expression(&expression, flow, compiler);
    Some(expression)
}

pub(super) fn optional(
    written: Option<&Written>,
    place: Place,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Option<Expression>> {
    match written {
        None => Some(None),
        Some(written) => value(written, place, flow, compiler).map(Some),
    }
}

pub(super) fn values(
    members: &Members<Written>,
    place: Place,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Vec<(Arc<str>, Expression)>> {
    let compiled: Vec<_> = members
        .iter()
        .map(|(name, written)| {
            Some((
                Arc::clone(&name.value),
                value(written, place, flow, compiler)?,
            ))
        })
        .collect();
    compiled.into_iter().collect()
}

/// Says where a value can never be what a sink takes there.
pub(super) fn takes(
    name: &str,
    what: &str,
    kinds: Kinds,
    fits: &dyn Fn(&Value) -> bool,
    expression: &Expression,
    flow: &Flow,
    compiler: &mut Compiler<'_>,
) {
    let wanted = Wanted {
        kinds,
        fits,
        element: None,
    };
    let mut found = Vec::new();
    fit::unfit(expression, &wanted, &flow.shape, &mut found);
    for (span, reason) in found {
        let help = match path_meant(compiler.source.slice(span)) {
            Some(path) => format!("did you mean `{path}`?"),
            None => format!("give `{name}` {what}, or leave it out"),
        };
        compiler.mistake(
            WRONG_VALUE,
            format!("`{name}` takes {what}, and this is {reason}"),
            span,
            format!("expected {what}"),
            help,
        );
    }
}

/// The path that a literal was probably meant to be: `fields.created`.
fn path_meant(written: &str) -> Option<String> {
    let is_name = |name: &str| {
        name.starts_with(char::is_alphabetic)
            && name.chars().all(|one| one.is_alphanumeric() || one == '_')
    };
    (written.contains('.') && written.split('.').all(is_name)).then(|| format!("$.{written}"))
}

/// A time, or what orders records.
pub(super) fn time_or_number(
    name: &str,
    what: &str,
    expression: Option<&Expression>,
    flow: &Flow,
    compiler: &mut Compiler<'_>,
) {
    let Some(expression) = expression else {
        return;
    };
    let kinds = Kinds::TEXT.union(Kinds::NUMBER);
    let fits = |value: &Value| read_time(value, &jiff::tz::TimeZone::UTC).is_ok();
    takes(name, what, kinds, &fits, expression, flow, compiler);
}
