//! Compiling sources, one file a source; all of one pipeline yield the same kind of record.

mod file;
mod hanging;
mod http;
mod issues;
mod listed;
mod webhook;

use super::compile::Surroundings;
use super::compiler::Compiler;
use super::{SourceKind, SourcePlan};
use crate::config::{Keyed, Source};
use crate::connectors::jira::spec::issue_properties;
use crate::diagnostic::{Code, Spanned};
use crate::expression::{LocatedReference, Since};
use crate::record::Projection;
use crate::shape::Shape;

pub(super) use file::{inside, named_format};

const DIFFERENT_KINDS: Code = Code::new("source.different_kinds");
const BAD_SINCE: Code = Code::new("source.bad_since");
const PROPERTIES: Code = Code::new("source.unnamed_properties");

/// What is known of the records of a pipeline's sources.
pub(super) struct RecordKind {
    pub(super) shape: Shape,
    pub(super) has_identity: bool,
    pub(super) has_time: bool,
    /// What their identity and time are made of.
    pub(super) reads: Vec<LocatedReference>,
}

/// A source and what its records are called: `jira.issue`.
struct Compiled {
    source: Option<SourcePlan>,
    record: Option<String>,
    shape: Shape,
    has_identity: bool,
    has_time: bool,
    reads: Vec<LocatedReference>,
}

/// Compiles the sources and answers what their records are.
pub(super) fn compile(
    sources: &[Keyed<Source>],
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> (Vec<SourcePlan>, RecordKind) {
    let mut plans = Vec::new();
    let mut kind: Option<(RecordKind, Option<String>)> = None;
    for written in sources {
        let compiled = one(written, surroundings, compiler);
        match &mut kind {
            None => {
                let known = RecordKind {
                    shape: compiled.shape,
                    has_identity: compiled.has_identity,
                    has_time: compiled.has_time,
                    reads: compiled.reads,
                };
                kind = Some((known, compiled.record));
            }
            Some((known, record)) => {
                if *record != compiled.record {
                    let name = |record: &Option<String>| {
                        record
                            .clone()
                            .unwrap_or_else(|| "records of no known kind".to_owned())
                    };
                    compiler.mistake(
                        DIFFERENT_KINDS,
                        format!(
                            "this source yields {}, the first one {}",
                            name(&compiled.record),
                            name(record)
                        ),
                        written.key,
                        "another kind of record",
                        "all sources of a pipeline yield one kind: write a pipeline for each",
                    );
                }
                known.shape = known.shape.union(&compiled.shape);
                known.has_identity &= compiled.has_identity;
                known.has_time &= compiled.has_time;
                known.reads.extend(compiled.reads);
            }
        }
        plans.extend(compiled.source);
    }
    let kind = kind.map_or_else(
        || RecordKind {
            shape: Shape::any(),
            has_identity: true,
            has_time: true,
            reads: Vec::new(),
        },
        |(kind, _)| kind,
    );
    tell_what_is_polled(&mut plans);
    (plans, kind)
}

/// Webhooks are told whether what they tell of is polled as well, of the same site.
fn tell_what_is_polled(sources: &mut [SourcePlan]) {
    let polls = |source: &&SourcePlan| {
        matches!(
            source.kind,
            SourceKind::JiraComments(_)
                | SourceKind::JiraWorklogs(_)
                | SourceKind::JiraUsers(_)
                | SourceKind::JiraProjects
                | SourceKind::JiraVersions(_)
                | SourceKind::JiraSprints(_)
        )
    };
    let polled = sources.iter().filter(polls);
    let polled: Vec<_> = polled.map(|source| source.connection.clone()).collect();
    for source in sources {
        if let SourceKind::JiraWebhook(webhook) = &mut source.kind {
            webhook.also_polled = polled.contains(&source.connection);
        }
    }
}

fn one(
    written: &Keyed<Source>,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let span = written.key;
    match &written.value {
        Source::JiraIssues(source) => issues::issues(source, span, surroundings, compiler),
        Source::JiraWebhook(source) => webhook::jira(source, span, surroundings, compiler),
        Source::BrevoWebhook(source) => webhook::brevo(source, span, surroundings, compiler),
        Source::JiraComments(source) => hanging::comments(source, span, surroundings, compiler),
        Source::JiraWorklogs(source) => hanging::worklogs(source, span, surroundings, compiler),
        Source::JiraUsers(source) => listed::users(source, span, surroundings, compiler),
        Source::JiraProjects(source) => listed::projects(source, span, surroundings, compiler),
        Source::JiraVersions(source) => listed::versions(source, span, surroundings, compiler),
        Source::JiraSprints(source) => listed::sprints(source, span, surroundings, compiler),
        Source::File(source) => file::file(source, span, compiler),
        Source::Http(source) => http::http(source, span, compiler),
    }
}

pub(super) fn since(
    written: Option<&Spanned<String>>,
    compiler: &mut Compiler<'_>,
) -> Option<Since> {
    let written = written?;
    let parsed = Since::parse(&written.value, &compiler.zone);
    if parsed.is_none() {
        compiler.mistake(
            BAD_SINCE,
            format!("`{}` is no starting point", written.value),
            written.span,
            "expected e.g. `30 days ago`",
            "write `30 days ago`, a date (`2026-11-24`) or an RFC 3339 time (`2026-11-24T10:15:00Z`)",
        );
    }
    parsed
}

/// Says where properties of issues are read of which Jira is not asked: it gives them by their
/// names alone.
pub(super) fn named_properties(
    sources: &[SourcePlan],
    reads: &Projection,
    compiler: &mut Compiler<'_>,
) {
    let Some(source) = sources.iter().find(|source| {
        matches!(
            source.kind,
            SourceKind::JiraIssues(_) | SourceKind::JiraWebhook(_)
        )
    }) else {
        return;
    };
    if issue_properties(reads).is_none() {
        compiler.mistake(
            PROPERTIES,
            "Jira gives properties of issues by their names alone, at most five",
            source.span,
            "is read for all properties, or for more than five",
            "read each as `$.properties.NAME`",
        );
    }
}
