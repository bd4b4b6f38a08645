//! What `file` sources and sinks ask for: pure, nothing is opened here.

use std::sync::Arc;

use crate::expression::Path;
use crate::operation::{Operation, Place, Policy, Version};
use crate::record::Record;

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileFormat {
    /// One JSON value: a list of records, or one record.
    Json,
    /// A JSON value a line.
    JsonLines,
    /// RFC 4180 with a header.
    Csv,
}

impl FileFormat {
    /// The format that a file's name says.
    #[must_use]
    pub fn of_name(path: &str) -> Option<Self> {
        let ending = path.rsplit_once('.')?.1.to_ascii_lowercase();
        Some(match ending.as_str() {
            "json" => Self::Json,
            "jsonl" | "ndjson" => Self::JsonLines,
            "csv" => Self::Csv,
            _ => return None,
        })
    }
}

/// The records of a file, read whole at each run.
#[derive(Debug)]
pub struct FileSource {
    /// Relative to the project and inside it.
    pub path: String,
    /// How it is written.
    pub format: FileFormat,
    /// The kind of its records, where the file says so.
    pub record: Option<String>,
    /// A record's id.
    pub id: Option<Path>,
    /// A record's time.
    pub time: Option<Path>,
}

/// A file of the records, each whole, in order.
#[derive(Debug)]
pub struct FileSink {
    /// Relative to the project and inside it.
    pub path: String,
    /// How it is written; never [`FileFormat::Json`].
    pub format: FileFormat,
}

impl FileSink {
    /// The operation of a record: the record itself.
    #[must_use]
    pub fn operation(&self, record: &Record, sink_index: usize, at: &Place) -> Operation {
        Operation {
            sink: "file".into(),
            sink_index,
            scope: format!("file/{}", self.path).into(),
            key: Arc::clone(&record.name),
            policy: Policy::Latest,
            version: Version::default(),
            payload: record.value.clone(),
            unites: Vec::new(),
            subject: None,
            happened_at: None,
            record: Arc::clone(&record.name),
            at: at.clone(),
            receipt: None,
        }
    }
}

/// True for a path inside the project: relative, and never upwards.
#[must_use]
pub fn is_inside(path: &str) -> bool {
    let parts = std::path::Path::new(path).components();
    !path.is_empty()
        && !path.contains('\\')
        && parts.into_iter().all(|part| {
            matches!(
                part,
                std::path::Component::Normal(_) | std::path::Component::CurDir
            )
        })
}
