//! `file`.

use super::super::compiler::Compiler;
use super::super::sources;
use super::super::steps::Flow;
use crate::config::{self, Sink};
use crate::connectors::file::spec::{FileFormat, FileSink};
use crate::diagnostic::Code;

const TAKEN: Code = Code::new("file.taken");
const FILE_FORMAT: Code = Code::new("file.sink_format");

pub(super) fn file(
    written: &config::FileSink,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<FileSink> {
    // Each record is written whole.
    flow.reads.whole(compiler);
    if !sources::inside(&written.path, compiler) {
        return None;
    }
    let format = match written.format.map(|format| format.value) {
        Some(config::FileSinkFormat::Jsonl) => Some(FileFormat::JsonLines),
        Some(config::FileSinkFormat::Csv) => Some(FileFormat::Csv),
        None => sources::named_format(&written.path, &["jsonl", "csv"], compiler),
    }?;
    if format == FileFormat::Json {
        compiler.mistake(
            FILE_FORMAT,
            "a `file` sink writes JSON Lines or CSV",
            written.path.span,
            "expected `.jsonl` or `.csv`",
            "name the file `….jsonl`, or say `format: jsonl`",
        );
        return None;
    }
    Some(FileSink {
        path: written.path.value.clone(),
        format,
    })
}

/// What of a project no run may replace.
const OWN: [&str; 5] = ["flowline.yaml", ".env", ".flowline", "pipelines", "catalog"];

/// Says of each `file` sink whose file is the project's own, is read by the pipeline, or is written
/// by an earlier sink.
pub(in crate::plan) fn files_of_their_own(
    pipeline: &config::Pipeline,
    compiler: &mut Compiler<'_>,
) {
    let normal = |path: &str| -> Vec<String> {
        path.split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .map(str::to_owned)
            .collect()
    };
    let mut taken: Vec<(Vec<String>, &str)> = pipeline
        .sources
        .iter()
        .filter_map(|source| match &source.value {
            config::Source::File(file) => Some((normal(&file.path.value), "read by this pipeline")),
            _ => None,
        })
        .collect();
    for sink in &pipeline.sinks {
        let Sink::File(file) = &sink.value else {
            continue;
        };
        let path = normal(&file.path.value);
        let own = path
            .first()
            .is_some_and(|first| OWN.contains(&first.as_str()))
            .then_some("the project's own");
        let by = own.or_else(|| {
            let known = taken.iter().find(|(known, _)| *known == path);
            known.map(|(_, by)| *by)
        });
        if let Some(by) = by {
            compiler.mistake(
                TAKEN,
                format!("the file `{}` is {by}", file.path.value),
                file.path.span,
                "a run would replace it",
                "name another file",
            );
        }
        taken.push((path, "written by an earlier sink"));
    }
}
