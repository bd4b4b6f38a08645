//! Writing records to a file, which is replaced at the end of the run.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;

use super::spec::{FileFormat, FileSink};
use crate::connectors::Replacing;
use crate::http::{Class, Failure};
use crate::operation::Operation;
use crate::record::Value;

/// A file being written aside of the one that it replaces.
pub struct FileWriter {
    path: PathBuf,
    aside: PathBuf,
    shown: String,
    format: FileFormat,
    out: Option<BufWriter<File>>,
    /// The rows of a CSV wait here: its columns are known only when all have been seen.
    rows: Option<BufWriter<File>>,
    columns: Vec<Arc<str>>,
}

impl FileWriter {
    /// Starts a file inside the project; what is there stays until the end of the run.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn open(root: &Path, spec: &FileSink) -> Result<Self, Failure> {
        let path = root.join(&spec.path);
        let mut aside = path.clone().into_os_string();
        aside.push(".writing");
        let writer = Self {
            path,
            aside: aside.into(),
            shown: spec.path.clone(),
            format: spec.format,
            out: None,
            rows: None,
            columns: Vec::new(),
        };
        if let Some(parent) = writer.path.parent() {
            fs::create_dir_all(parent).map_err(|error| writer.failed(&error))?;
        }
        Ok(writer)
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::new(
            Class::Rejected,
            format!("{} cannot be written: {error}", self.shown),
        )
        .help("check `path` of the sink, the folder's permissions and the disk")
    }

    fn add_all(&mut self, operations: &[Operation]) -> Result<(), Failure> {
        let file = match self.format {
            FileFormat::Csv => &mut self.rows,
            FileFormat::Json | FileFormat::JsonLines => &mut self.out,
        };
        if file.is_none() {
            let name = if self.format == FileFormat::Csv {
                self.aside.with_extension("rows")
            } else {
                self.aside.clone()
            };
            match File::create(name) {
                Ok(created) => *file = Some(BufWriter::new(created)),
                Err(error) => return Err(self.failed(&error)),
            }
        }
        let Some(out) = file else { return Ok(()) };
        let mut line = String::new();
        for operation in operations {
            line.clear();
            operation.payload.write_json(&mut line);
            line.push('\n');
            if let Err(error) = out.write_all(line.as_bytes()) {
                return Err(self.failed(&error));
            }
            if self.format == FileFormat::Csv {
                for (name, _) in operation
                    .payload
                    .as_object()
                    .into_iter()
                    .flat_map(crate::record::Object::iter)
                {
                    if !self.columns.contains(name) {
                        self.columns.push(Arc::clone(name));
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let done = match self.format {
            FileFormat::Csv => self.finish_csv(),
            FileFormat::Json | FileFormat::JsonLines => self.finish_lines(),
        };
        done.and_then(|()| fs::rename(&self.aside, &self.path))
            .map_err(|error| self.failed(&error))
    }

    fn finish_lines(&mut self) -> std::io::Result<()> {
        let mut out = match self.out.take() {
            Some(out) => out,
            None => BufWriter::new(File::create(&self.aside)?),
        };
        out.flush()?;
        out.get_ref().sync_all()
    }

    fn finish_csv(&mut self) -> std::io::Result<()> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_path(&self.aside)
            .map_err(std::io::Error::other)?;
        if !self.columns.is_empty() {
            writer.write_record(self.columns.iter().map(|name| name.as_bytes()))?;
        }
        if let Some(mut rows) = self.rows.take() {
            rows.flush()?;
            let path = self.aside.with_extension("rows");
            let lines = std::io::BufRead::lines(std::io::BufReader::new(File::open(&path)?));
            for line in lines {
                let record = Value::from_json(&line?).map_err(std::io::Error::other)?;
                writer.write_record(self.columns.iter().map(|name| cell(record.get(name))))?;
            }
            fs::remove_file(path)?;
        }
        writer.flush()?;
        File::open(&self.aside)?.sync_all()
    }
}

/// Texts as they are, what is missing empty, nested values as JSON.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_json(),
    }
}

impl Replacing for FileWriter {
    fn add<'a>(&'a mut self, operations: &'a [Operation]) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(std::future::ready(self.add_all(operations)))
    }

    fn replace(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(std::future::ready(self.finish()))
    }
}
