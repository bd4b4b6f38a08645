//! `jira.comments`, `jira.worklogs`: what hangs on the issues that a query finds.

use super::super::compile::{Surroundings, connection};
use super::super::compiler::Compiler;
use super::super::{SourceKind, SourcePlan, kinds, query};
use super::{Compiled, since};
use crate::config;
use crate::connectors::jira::spec as jira;
use crate::diagnostic::{Span, Spanned};
use crate::shape::Shape;

pub(super) fn comments(
    source: &config::JiraComments,
    span: Span,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let internal = source.internal.is_some_and(|internal| internal.value);
    let written = (source.jql.as_ref(), source.since.as_ref());
    let kind = |issues| SourceKind::JiraComments(Box::new(jira::Comments { issues, internal }));
    let named = Spanned::new("jira.comments", span);
    let connection = source.connection.as_ref();
    hanging(kind, named, connection, written, surroundings, compiler)
}

pub(super) fn worklogs(
    source: &config::JiraWorklogs,
    span: Span,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let written = (source.jql.as_ref(), source.since.as_ref());
    let kind = |issues| SourceKind::JiraWorklogs(Box::new(jira::Worklogs { issues }));
    let named = Spanned::new("jira.worklogs", span);
    let connection = source.connection.as_ref();
    hanging(kind, named, connection, written, surroundings, compiler)
}

fn hanging(
    kind: impl FnOnce(jira::Issues) -> SourceKind,
    named: Spanned<&'static str>,
    written: Option<&Spanned<String>>,
    (jql, from): (Option<&config::Written>, Option<&Spanned<String>>),
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let span = named.span;
    let connection = connection("jira", written, named, surroundings, compiler);
    let catalog = surroundings.jira(connection.as_ref());
    let issues = jira::Issues {
        jql: jql.and_then(|jql| query::compile(jql, false, catalog, compiler)),
        since: since(from, compiler),
        ..jira::Issues::default()
    };
    let kind = kind(issues);
    let record = match kind {
        SourceKind::JiraWorklogs(_) => "jira.worklog",
        _ => "jira.comment",
    };
    Compiled {
        source: connection.map(|connection| SourcePlan {
            kind,
            connection: Some(connection),
            span,
        }),
        record: Some(record.to_owned()),
        shape: kinds::record_shape(record).unwrap_or_else(Shape::any),
        has_identity: true,
        has_time: true,
        reads: Vec::new(),
    }
}
