//! `jira.users`, `jira.projects`, `jira.versions`, `jira.sprints`.

use super::super::compile::{Surroundings, connection};
use super::super::compiler::Compiler;
use super::super::{SourceKind, SourcePlan, kinds};
use super::{Compiled, since};
use crate::config;
use crate::connectors::jira::spec as jira;
use crate::diagnostic::{Span, Spanned};
use crate::shape::Shape;

pub(super) fn users(
    source: &config::JiraUsers,
    span: Span,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let all = source.all.is_some_and(|all| all.value);
    let kind = SourceKind::JiraUsers(jira::Users { all });
    let connection = source.connection.as_ref();
    listed(kind, "jira.user", connection, span, surroundings, compiler)
}

pub(super) fn projects(
    source: &config::JiraProjects,
    span: Span,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let kind = SourceKind::JiraProjects;
    let connection = source.connection.as_ref();
    listed(
        kind,
        "jira.project",
        connection,
        span,
        surroundings,
        compiler,
    )
}

pub(super) fn versions(
    source: &config::JiraVersions,
    span: Span,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let projects = source.projects.iter();
    let kind = SourceKind::JiraVersions(jira::Versions {
        projects: projects.map(|project| project.value.clone()).collect(),
        since: since(source.since.as_ref(), compiler),
    });
    let connection = source.connection.as_ref();
    listed(
        kind,
        "jira.version",
        connection,
        span,
        surroundings,
        compiler,
    )
}

pub(super) fn sprints(
    source: &config::JiraSprints,
    span: Span,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let kind = SourceKind::JiraSprints(jira::Sprints {
        boards: source.boards.iter().map(|board| board.value).collect(),
        since: since(source.since.as_ref(), compiler),
    });
    let connection = source.connection.as_ref();
    listed(
        kind,
        "jira.sprint",
        connection,
        span,
        surroundings,
        compiler,
    )
}

fn listed(
    kind: SourceKind,
    record: &str,
    written: Option<&Spanned<String>>,
    span: Span,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let named = Spanned::new(kind.name(), span);
    let connection = connection("jira", written, named, surroundings, compiler);
    let has_time = matches!(
        kind,
        SourceKind::JiraVersions(_) | SourceKind::JiraSprints(_)
    );
    Compiled {
        source: connection.map(|connection| SourcePlan {
            kind,
            connection: Some(connection),
            span,
        }),
        record: Some(record.to_owned()),
        shape: kinds::record_shape(record).unwrap_or_else(Shape::any),
        has_identity: true,
        has_time,
        reads: Vec::new(),
    }
}
