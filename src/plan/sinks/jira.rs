//! `jira.issue` and `jira.comment`.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::once;
use super::values::{takes, value};
use crate::config;
use crate::connectors::jira::spec::{NewComment, is_document};
use crate::diagnostic::Span;
use crate::expression::{Expression, Place};
use crate::record::Value;
use crate::shape::Kinds;

pub(super) fn comment(
    written: &config::JiraComment,
    span: Span,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<NewComment> {
    let id = once::id(written.id.as_ref(), span, "a comment", flow, compiler);
    let issue = value(&written.issue, Place::LeftOut, flow, compiler);
    if let Some(issue) = &issue {
        name("issue", "the id or key of an issue", issue, flow, compiler);
    }
    let body = value(&written.body, Place::LeftOut, flow, compiler);
    if let Some(body) = &body {
        let fits = |value: &Value| is_document(value) || says_something(value);
        let kinds = Kinds::SCALAR.union(Kinds::OBJECT);
        takes(
            "body",
            "text, or a document as Jira has it",
            kinds,
            &fits,
            body,
            flow,
            compiler,
        );
    }
    let backfill = once::backfill(written.backfill.as_ref(), compiler);
    Some(NewComment {
        id: id?,
        issue: issue?,
        body: body?,
        backfill_ms: backfill?,
    })
}

/// Says where a value can never be a name or number of something in Jira.
fn name(name: &str, what: &str, expression: &Expression, flow: &Flow, compiler: &mut Compiler<'_>) {
    let fits = |value: &Value| !matches!(value, Value::Bool(_)) && says_something(value);
    let kinds = Kinds::TEXT.union(Kinds::NUMBER);
    takes(name, what, kinds, &fits, expression, flow, compiler);
}

/// A scalar that is not blank.
fn says_something(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        value => matches!(value, Value::Number(_) | Value::Bool(_)),
    }
}
