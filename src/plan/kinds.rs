//! The closed sets of sources and sinks.

use crate::connectors::brevo::spec as brevo;
use crate::connectors::file::spec as file;
use crate::connectors::jira::spec as jira;
use crate::expression::Trouble;
use crate::operation::{Operation, Place};
use crate::record::Record;
use crate::shape::Shape;

/// What a source asks for.
#[derive(Debug)]
pub enum SourceKind {
    /// `jira.issues`.
    JiraIssues(Box<jira::Issues>),
    /// `file`.
    File(Box<file::FileSource>),
}

/// What a sink makes of a record.
#[derive(Debug)]
pub enum SinkKind {
    /// `brevo.contacts`.
    Contacts(Box<brevo::Contacts>),
    /// `brevo.events`.
    Events(Box<brevo::Events>),
    /// `file`.
    File(file::FileSink),
}

/// What a sink makes of a record.
#[derive(Clone, Debug)]
pub enum Made {
    /// Something to be sent.
    Operation(Box<Operation>),
    /// The record has no identity for the sink.
    Unmatched,
}

impl From<brevo::Made> for Made {
    fn from(made: brevo::Made) -> Self {
        match made {
            brevo::Made::Operation(operation) => Self::Operation(operation),
            brevo::Made::Unmatched => Self::Unmatched,
        }
    }
}

impl SinkKind {
    /// The operation of a record.
    ///
    /// # Errors
    /// Where the record does not have what the sink needs.
    pub fn operation(
        &self,
        record: &Record,
        sink_index: usize,
        at: &Place,
    ) -> Result<Made, Trouble> {
        match self {
            Self::Contacts(sink) => sink.operation(record, sink_index, at).map(Made::from),
            Self::Events(sink) => sink.operation(record, sink_index, at).map(Made::from),
            Self::File(sink) => Ok(Made::Operation(Box::new(
                sink.operation(record, sink_index, at),
            ))),
        }
    }
}

/// The kinds of records and their JSON Schemas.
pub const RECORD_KINDS: [(&str, &str); 1] = [(
    "jira.issue",
    include_str!("../../schemas/records/jira.issue.schema.json"),
)];

/// What a record of that kind can hold.
pub(super) fn record_shape(kind: &str) -> Option<Shape> {
    let (_, schema) = RECORD_KINDS.iter().find(|(name, _)| *name == kind)?;
    Shape::from_schema(schema).ok()
}
