//! `jira.issues`.

use std::sync::Arc;

use super::super::compile::{Surroundings, connection};
use super::super::compiler::Compiler;
use super::super::{SourceKind, SourcePlan, kinds, query};
use super::{Compiled, since};
use crate::config;
use crate::connectors::jira::spec as jira;
use crate::diagnostic::{Span, Spanned};
use crate::shape::Shape;

pub(super) fn issues(
    source: &config::JiraIssues,
    span: Span,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let connection = connection(
        "jira",
        source.connection.as_ref(),
        Spanned::new("jira.issues", span),
        surroundings,
        compiler,
    );
    let live = source.live.is_some_and(|live| live.value);
    let catalog = surroundings.jira(connection.as_ref());
    let jql = source
        .jql
        .as_ref()
        .and_then(|written| query::compile(written, live, catalog, compiler));
    let since = since(source.since.as_ref(), compiler);
    let custom_fields: Vec<(Arc<str>, String)> = source
        .custom_fields
        .iter()
        .map(|(name, display)| (Arc::clone(&name.value), display.value.clone()))
        .collect();
    let mut shape = kinds::record_shape("jira.issue").unwrap_or_else(Shape::any);
    let custom = custom_fields
        .iter()
        .map(|(name, _)| (Arc::clone(name), Shape::any()))
        .collect();
    shape = shape.with_member("custom", Shape::object(custom));
    let spec = jira::Issues {
        jql,
        since,
        live,
        custom_fields,
        comments: source.comments.is_some_and(|on| on.value),
        worklogs: source.worklogs.is_some_and(|on| on.value),
    };
    let source = connection.map(|connection| SourcePlan {
        kind: SourceKind::JiraIssues(Box::new(spec)),
        connection: Some(connection),
        span,
    });
    Compiled {
        source,
        record: Some("jira.issue".to_owned()),
        shape,
        has_identity: true,
        has_time: true,
        reads: Vec::new(),
    }
}
