//! The seam to the pure part: records in, operations out.

use std::sync::Arc;

use super::OnError;
use crate::operation::{Operation, Place};
use crate::record::Record;
use crate::record::Value;
use crate::state::{Fact, Group, GroupId};
use crate::transform::Question;

/// A pipeline's stages at work; pure but for what they set aside.
pub trait Stages: Send {
    /// Takes up groups that the last run made, before any record comes.
    ///
    /// # Errors
    /// Where they cannot be kept, in one sentence.
    fn recall(&mut self, groups: &[Group]) -> Result<(), String>;

    /// What look-ups must answer before these records are processed.
    ///
    /// # Errors
    /// Where answers cannot be read, in one sentence.
    fn questions(&mut self, _: &[Record]) -> Result<Vec<Question>, String> {
        Ok(Vec::new())
    }

    /// What look-ups must answer before what was held back is released.
    ///
    /// # Errors
    /// Where what was held back cannot be read, in one sentence.
    fn questions_of_held(&mut self) -> Result<Vec<Question>, String> {
        Ok(Vec::new())
    }

    /// Takes what a look-up found; none: there is nothing.
    ///
    /// # Errors
    /// Where it cannot be kept, in one sentence.
    fn answer(&mut self, _: &Question, _: Option<&Value>) -> Result<(), String> {
        Ok(())
    }

    /// Takes a record as far as it gets.
    ///
    /// # Errors
    /// Where records that are held back cannot be kept, in one sentence.
    fn process(&mut self, record: Record, out: &mut Staged) -> Result<(), String>;

    /// Gives on some of what was held back once the sources have ended; false once nothing is
    /// left.
    ///
    /// # Errors
    /// Where what was held back cannot be read.
    fn release(&mut self, out: &mut Staged) -> Result<bool, String>;

    /// What a person must be told once all records have gone through (a path that matched
    /// nothing in any of them), in one sentence each.
    fn notices(&mut self) -> Vec<String>;
}

/// What became of records.
#[derive(Debug, Default)]
pub struct Staged {
    /// What is to be sent.
    pub operations: Vec<Operation>,
    /// Records that came through the pipeline's own transforms and were taken by a sink.
    pub kept: u64,
    /// Records that no sink got anything of, because a step or a `when` let them go.
    pub dropped: u64,
    /// Records without an identity for a sink.
    pub unmatched: u64,
    /// Records that could not be handled.
    pub troubles: Vec<Trouble>,
    /// What `status` counts.
    pub facts: Vec<Fact>,
    /// Groups that the last run did not have.
    pub groups: Vec<Group>,
    /// Groups that it had and the next one need not know.
    pub gone: Vec<GroupId>,
}

/// A record that could not be handled.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What a person knows the record by.
    pub record: Arc<str>,
    /// The sink's kind; none in the pipeline's own transforms.
    pub sink: Option<Arc<str>>,
    /// What kind of trouble, in one word.
    pub class: String,
    /// What happened.
    pub reason: String,
    /// The line of the pipeline.
    pub at: Option<Place>,
    /// What becomes of it.
    pub on_error: OnError,
}
