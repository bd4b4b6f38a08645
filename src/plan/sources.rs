//! Compiling sources; all of one pipeline yield the same kind of record.

use std::sync::Arc;

use super::compile::{Surroundings, connection};
use super::compiler::{Compiler, located};
use super::{SourceKind, SourcePlan};
use crate::config::{self, Keyed, Source};
use crate::connectors::file::spec::{self as file, FileFormat};
use crate::connectors::jira::spec as jira;
use crate::diagnostic::{Code, Span, Spanned, nearest};
use crate::expression::{LocatedReference, Since};
use crate::shape::{Kinds, Shape};

const NOT_YET: Code = Code::new("source.not_supported");
const DIFFERENT_KINDS: Code = Code::new("source.different_kinds");
const BAD_SINCE: Code = Code::new("source.bad_since");
const OUTSIDE: Code = Code::new("file.outside_project");
const UNKNOWN_FORMAT: Code = Code::new("file.unknown_format");
const UNKNOWN_KIND: Code = Code::new("file.unknown_record_kind");

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
    (plans, kind)
}

fn one(
    written: &Keyed<Source>,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let span = written.key;
    match &written.value {
        Source::JiraIssues(source) => issues(source, span, surroundings, compiler),
        Source::File(source) => file(source, span, compiler),
        other => {
            compiler.mistake(
                NOT_YET,
                format!("`{}` is not supported by this version", other.name()),
                span,
                "not supported",
                "there are `jira.issues` and `file`",
            );
            // What its records are is not known: nothing that reads them is a mistake of its own.
            Compiled {
                source: None,
                record: Some(other.name().to_owned()),
                shape: Shape::any(),
                has_identity: true,
                has_time: true,
                reads: Vec::new(),
            }
        }
    }
}

fn issues(
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
    let catalog =
        connection
            .as_ref()
            .and_then(|connection| match surroundings.catalogs.get(connection) {
                Some(config::Catalog::Jira(catalog)) => Some(catalog),
                _ => None,
            });
    let jql = source
        .jql
        .as_ref()
        .and_then(|written| super::query::compile(written, live, catalog, compiler));
    let since = since(source.since.as_ref(), compiler);
    let custom_fields: Vec<(Arc<str>, String)> = source
        .custom_fields
        .iter()
        .map(|(name, display)| (Arc::clone(&name.value), display.value.clone()))
        .collect();
    let mut shape = super::kinds::record_shape("jira.issue").unwrap_or_else(Shape::any);
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

fn since(written: Option<&Spanned<String>>, compiler: &mut Compiler<'_>) -> Option<Since> {
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

fn file(source: &config::FileSource, span: Span, compiler: &mut Compiler<'_>) -> Compiled {
    let inside = inside(&source.path, compiler);
    let format = match source.format.map(|format| format.value) {
        Some(config::FileSourceFormat::Json) => Some(FileFormat::Json),
        Some(config::FileSourceFormat::Jsonl) => Some(FileFormat::JsonLines),
        Some(config::FileSourceFormat::Csv) => Some(FileFormat::Csv),
        None if !inside => None,
        None => named_format(&source.path, &["json", "jsonl", "csv"], compiler),
    };
    let record = source.record.as_ref().map(|record| record.value.clone());
    let mut shape = match format {
        Some(FileFormat::Csv) => {
            let text = Shape::of(Kinds::TEXT).or_missing();
            let members = crate::shape::Members {
                others: Some(Arc::new(text)),
                ..crate::shape::Members::default()
            };
            Shape {
                members: Some(Arc::new(members)),
                ..Shape::of(Kinds::OBJECT)
            }
        }
        _ => Shape {
            optional: false,
            ..Shape::any()
        },
    };
    if let Some(written) = &source.record {
        match super::kinds::record_shape(&written.value) {
            Some(known) => shape = known,
            None => {
                let near = nearest(
                    &written.value,
                    super::kinds::RECORD_KINDS.iter().map(|(name, _)| *name),
                );
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "see `flowline schema records` for the kinds".to_owned(),
                };
                compiler.mistake(
                    UNKNOWN_KIND,
                    format!("there is no kind of record `{}`", written.value),
                    written.span,
                    "no such kind",
                    help,
                );
            }
        }
    }
    let mut reads = Vec::new();
    let mut path = |written: &Option<config::Written>| {
        let path = compiler.path(written.as_ref()?)?;
        reads.extend(located(path.value.references(), &path.node));
        Some(path.value)
    };
    let (id, time) = (path(&source.id), path(&source.time));
    let (has_identity, has_time) = (source.id.is_some(), source.time.is_some());
    let plan = format.map(|format| SourcePlan {
        kind: SourceKind::File(Box::new(file::FileSource {
            path: source.path.value.clone(),
            format,
            record: record.clone(),
            id,
            time,
        })),
        connection: None,
        span,
    });
    Compiled {
        source: plan,
        record,
        shape,
        has_identity,
        has_time,
        reads,
    }
}

/// The format that a file's name says.
pub(super) fn named_format(
    path: &Spanned<String>,
    formats: &[&str],
    compiler: &mut Compiler<'_>,
) -> Option<FileFormat> {
    let format = FileFormat::of_name(&path.value);
    if format.is_none() {
        compiler.mistake(
            UNKNOWN_FORMAT,
            format!(
                "the name `{}` does not say how the file is written",
                path.value
            ),
            path.span,
            "no format",
            format!("say `format:` with one of {}", formats.join(", ")),
        );
    }
    format
}

/// A path stays inside the project; false where it does not, which has been said then.
pub(super) fn inside(path: &Spanned<String>, compiler: &mut Compiler<'_>) -> bool {
    if file::is_inside(&path.value) {
        return true;
    }
    let message = if path.value.trim().is_empty() {
        "the path names no file".to_owned()
    } else {
        format!("`{}` leaves the project", path.value)
    };
    compiler.mistake(
        OUTSIDE,
        message,
        path.span,
        "expected a path inside the project",
        "write a relative path without `..`",
    );
    false
}
