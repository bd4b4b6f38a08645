//! Reading a file's records, a page at a time.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::tz::TimeZone;

use super::spec::{FileFormat, FileSource};
use crate::connectors::{BadRecord, Page, Source, Start};
use crate::expression::conversion::read_time;
use crate::http::{Class, Failure};
use crate::record::{Happened, Identity, Object, Projection, Record, Value};

/// How many records a page has.
const PAGE: usize = 500;
/// How large a JSON file or a line may be, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A file being read.
pub struct FileReader<'s> {
    spec: &'s FileSource,
    projection: Projection,
    zone: &'s TimeZone,
    rows: Rows,
    left: u64,
    number: u64,
}

enum Rows {
    Json(std::vec::IntoIter<Value>),
    Lines {
        reader: BufReader<File>,
        line: u64,
    },
    Csv {
        reader: Box<csv::Reader<BufReader<File>>>,
        header: Vec<Arc<str>>,
    },
}

impl<'s> FileReader<'s> {
    /// Opens a file inside the project.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn open(
        root: &Path,
        spec: &'s FileSource,
        reads: &Projection,
        zone: &'s TimeZone,
        start: &Start,
    ) -> Result<Self, Failure> {
        let path = root.join(&spec.path);
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(
                Class::Rejected,
                format!("{} cannot be read: {error}", spec.path),
            )
            .help("check `path` of the source and the file's permissions")
        };
        let file = File::open(&path).map_err(|error| failed(&error))?;
        let mut reader = BufReader::new(file);
        skip_mark(&mut reader).map_err(|error| failed(&error))?;
        let rows = match spec.format {
            FileFormat::Json => {
                let mut bytes = Vec::new();
                reader
                    .take(MAX_BYTES + 1)
                    .read_to_end(&mut bytes)
                    .map_err(|error| failed(&error))?;
                if bytes.len() as u64 > MAX_BYTES {
                    return Err(failed(&"it is larger than 64 MiB: use JSON Lines"));
                }
                let value = Value::read(&bytes, reads).map_err(|error| failed(&error))?;
                let records = match value {
                    Value::Array(elements) => elements.to_vec(),
                    one => vec![one],
                };
                Rows::Json(records.into_iter())
            }
            FileFormat::JsonLines => Rows::Lines { reader, line: 0 },
            FileFormat::Csv => {
                let mut reader = csv::ReaderBuilder::new()
                    .flexible(false)
                    .from_reader(reader);
                let header = reader.headers().map_err(|error| failed(&error))?;
                let header: Vec<Arc<str>> = header.iter().map(Arc::from).collect();
                let mut names = std::collections::HashSet::new();
                if let Some(twice) = header.iter().find(|name| !names.insert(Arc::clone(name))) {
                    return Err(failed(&format!("the header names `{twice}` twice")));
                }
                Rows::Csv {
                    reader: Box::new(reader),
                    header,
                }
            }
        };
        Ok(Self {
            spec,
            projection: reads.clone(),
            zone,
            rows,
            left: start.limit.unwrap_or(u64::MAX),
            number: 0,
        })
    }

    fn page(&mut self) -> Result<Option<Page>, Failure> {
        let mut page = Page::default();
        while page.records.len() + page.bad.len() < PAGE && self.left > 0 {
            match self.row()? {
                None => break,
                Some(Ok(value)) => {
                    self.left -= 1;
                    self.number += 1;
                    page.records
                        .push(recorded(self.spec, self.zone, value, self.number));
                }
                Some(Err(bad)) => page.bad.push(bad),
            }
        }
        let empty = page.records.is_empty() && page.bad.is_empty();
        Ok((!empty).then_some(page))
    }

    fn row(&mut self) -> Result<Option<Result<Value, BadRecord>>, Failure> {
        let path = &self.spec.path;
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(Class::Rejected, format!("{path} cannot be read: {error}"))
        };
        match &mut self.rows {
            Rows::Json(values) => Ok(values.next().map(Ok)),
            Rows::Lines { reader, line } => loop {
                let mut text = Vec::new();
                let read = reader
                    .by_ref()
                    .take(MAX_BYTES)
                    .read_until(b'\n', &mut text)
                    .map_err(|error| failed(&error))?;
                if read == 0 {
                    return Ok(None);
                }
                *line += 1;
                let trimmed = text.trim_ascii();
                if trimmed.is_empty() {
                    continue;
                }
                return Ok(Some(Value::read(trimmed, &self.projection).map_err(
                    |error| BadRecord {
                        name: format!("{path}:{line}").into(),
                        reason: format!("the line is not JSON: {}", error.classify_words()),
                    },
                )));
            },
            Rows::Csv { reader, header } => loop {
                let mut row = csv::StringRecord::new();
                let error = match reader.read_record(&mut row) {
                    Ok(false) => return Ok(None),
                    Ok(true) => {
                        let members: Object = header
                            .iter()
                            .zip(row.iter())
                            .map(|(name, cell)| (Arc::clone(name), cell.into()))
                            .collect();
                        return Ok(Some(Ok(members.into())));
                    }
                    Err(error) => error,
                };
                // A line of nothing but blanks says nothing.
                if row.len() == 1 && row.iter().all(|cell| cell.trim().is_empty()) {
                    continue;
                }
                let line = error.position().map_or(0, csv::Position::line);
                let reason = match error.kind() {
                    csv::ErrorKind::UnequalLengths {
                        expected_len, len, ..
                    } => format!("the row has {len} cells, and the header {expected_len}"),
                    csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8".to_owned(),
                    _ => "the line is no row of CSV".to_owned(),
                };
                return Ok(Some(Err(BadRecord {
                    name: format!("{path}:{line}").into(),
                    reason,
                })));
            },
        }
    }
}

/// The record of a value read from a source's file, `number` counting from 1.
#[must_use]
pub fn recorded(spec: &FileSource, zone: &TimeZone, value: Value, number: u64) -> Record {
    let text = |value: Value| match value {
        Value::String(text) if !text.is_empty() => Some(Arc::clone(&text)),
        Value::Number(number) => Some(Arc::from(number.to_string())),
        _ => None,
    };
    let id = spec.id.as_ref().and_then(|path| path.first(&value));
    let id = id.and_then(text);
    let time = spec.time.as_ref().and_then(|path| path.first(&value));
    let time = time.and_then(|time| read_time(&time, zone).ok());
    let name = match &id {
        Some(id) => Arc::clone(id),
        None => format!("{}#{number}", spec.path).into(),
    };
    Record {
        value,
        identity: id.map(Identity::of),
        time,
        name,
        deleted: false,
        happened: Happened::default(),
    }
}

/// An error of a line without anything of the line.
trait ClassifyWords {
    fn classify_words(&self) -> &'static str;
}

impl ClassifyWords for serde_json::Error {
    fn classify_words(&self) -> &'static str {
        if self.is_eof() {
            "it ends too early"
        } else {
            "a character is wrong"
        }
    }
}

pub(super) fn skip_mark(reader: &mut BufReader<File>) -> std::io::Result<()> {
    if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    Ok(())
}

impl Source for FileReader<'_> {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Page>, Failure>> {
        Box::pin(std::future::ready(self.page()))
    }
}
