//! What could not be delivered or read, and why.

use std::sync::Arc;

use crate::operation::{Operation, Place};
use crate::record::{Record, Value};

/// A dead letter as it is kept. What it holds of people is for stdout alone.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// Its number, never used again.
    pub id: i64,
    /// The pipeline.
    pub pipeline: Arc<str>,
    /// The sink's kind; none where the record did not come that far.
    pub sink: Option<Arc<str>>,
    /// The operation's key, or what a person knows the record by.
    pub key: Arc<str>,
    /// What a person knows the record by.
    pub record: Arc<str>,
    /// What kind of trouble, in one word: `rejected`, `transform`, `unreadable`, `unknown` …
    pub class: String,
    /// What happened.
    pub reason: String,
    /// The line of the pipeline; none where no line is to blame.
    pub at: Option<Place>,
    /// When it happened last, in epoch milliseconds.
    pub time: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// Waits for the next run, which puts the record through the pipeline again.
    pub retrying: bool,
    /// What is left to try again with, as a person reads it.
    pub payload: Value,
}

/// A dead letter to be kept. The same trouble of the same record at the same place is one.
#[derive(Clone, Debug)]
pub struct NewDeadLetter {
    /// The sink's kind; none where the record did not come that far.
    pub sink: Option<Arc<str>>,
    /// What a person knows the record by.
    pub record: Arc<str>,
    /// What kind of trouble, in one word.
    pub class: String,
    /// What happened.
    pub reason: String,
    /// The line of the pipeline.
    pub at: Option<Place>,
    /// What is left to try again with.
    pub remains: Remains,
}

/// What is left of what became a dead letter.
#[derive(Clone, Debug)]
pub enum Remains {
    /// Nothing: it could not be read.
    Nothing,
    /// The record before the transforms.
    Record(Box<Record>),
    /// The operation.
    Operation(Box<Operation>),
}

/// A record whose dead letter is to be tried again.
#[derive(Clone, Debug)]
pub struct RetriedRecord {
    /// The dead letter.
    pub id: i64,
    /// The record.
    pub record: Record,
}
