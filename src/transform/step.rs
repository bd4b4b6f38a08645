//! The closed set of steps that see one record at a time.

use super::{Each, Expect, Keep, Map, Mask, MaskKey, Remove, RichText, Set};
use crate::diagnostic::Span;
use crate::expression::Trouble;
use crate::record::Record;

/// A step and where it is written.
#[derive(Debug)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// The step's key in the pipeline file.
    pub span: Span,
}

/// What a step does.
#[derive(Debug)]
pub enum StepKind {
    /// `keep` and `drop`.
    Keep(Keep),
    /// `map`.
    Map(Map),
    /// `set`.
    Set(Set),
    /// `remove`.
    Remove(Remove),
    /// `each`.
    Each(Each),
    /// `adf_to_text`.
    RichText(RichText),
    /// `mask`.
    Mask(Mask),
    /// `expect`.
    Expect(Expect),
}

impl Step {
    /// What the step makes of one record.
    ///
    /// # Errors
    /// The record and why nothing can be made of it.
    pub fn apply(
        &self,
        record: Record,
        key: &MaskKey,
        out: &mut Vec<Record>,
    ) -> Result<(), Box<(Record, Trouble)>> {
        match &self.kind {
            StepKind::Keep(step) => {
                if step.passes(&record) {
                    out.push(record);
                }
            }
            StepKind::Map(step) => out.push(step.apply(record)?),
            StepKind::Set(step) => out.push(step.apply(record)?),
            StepKind::Remove(step) => out.push(step.apply(record)),
            StepKind::Each(step) => step.apply(&record, out),
            StepKind::RichText(step) => out.push(step.apply(record)),
            StepKind::Mask(step) => out.push(step.apply(record, key)),
            StepKind::Expect(step) => match step.check(&record) {
                Ok(()) => out.push(record),
                Err(trouble) => return Err(Box::new((record, trouble))),
            },
        }
        Ok(())
    }
}
