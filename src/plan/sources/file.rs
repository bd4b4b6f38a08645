//! `file`.

use std::sync::Arc;

use super::super::compiler::{Compiler, located};
use super::super::{SourceKind, SourcePlan, kinds};
use super::Compiled;
use crate::config;
use crate::connectors::file::spec::{self as file, FileFormat};
use crate::diagnostic::{Code, Span, Spanned, nearest};
use crate::shape::{Kinds, Shape};

const OUTSIDE: Code = Code::new("file.outside_project");
const UNKNOWN_FORMAT: Code = Code::new("file.unknown_format");
const UNKNOWN_KIND: Code = Code::new("file.unknown_record_kind");

pub(super) fn file(
    source: &config::FileSource,
    span: Span,
    compiler: &mut Compiler<'_>,
) -> Compiled {
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
        match kinds::record_shape(&written.value) {
            Some(known) => shape = known,
            None => {
                let near = nearest(
                    &written.value,
                    kinds::RECORD_KINDS.iter().map(|(name, _)| *name),
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
pub(in crate::plan) fn named_format(
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
pub(in crate::plan) fn inside(path: &Spanned<String>, compiler: &mut Compiler<'_>) -> bool {
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
