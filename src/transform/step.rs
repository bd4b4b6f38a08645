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

/// What became of a record in a list of steps.
#[derive(Debug, Default)]
pub struct Transformed {
    /// What came out.
    pub records: Vec<Record>,
    /// The steps that dropped what did not, and how many each.
    pub dropped: Vec<Span>,
    /// What could not be made, with the record's name.
    pub troubles: Vec<(Record, Trouble)>,
}

impl Step {
    /// What the step makes of one record.
    ///
    /// # Errors
    /// Where it cannot be made of this record.
    pub fn apply(&self, record: Record, key: &MaskKey, out: &mut Vec<Record>) -> Result<(), Trouble> {
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
            StepKind::Expect(step) => {
                step.check(&record)?;
                out.push(record);
            }
        }
        Ok(())
    }
}

/// Takes one record through all the steps.
pub fn apply_all(steps: &[Step], record: Record, key: &MaskKey) -> Transformed {
    let mut done = Transformed { records: vec![record], ..Transformed::default() };
    for step in steps {
        let mut next = Vec::with_capacity(done.records.len());
        for record in std::mem::take(&mut done.records) {
            let before = next.len();
            // A record is shared, not copied: the clone is what a dead letter shows.
            let shown = record.clone();
            match step.apply(record, key, &mut next) {
                Ok(()) if next.len() == before => done.dropped.push(step.span),
                Ok(()) => {}
                Err(trouble) => done.troubles.push((shown, trouble)),
            }
        }
        done.records = next;
        if done.records.is_empty() {
            break;
        }
    }
    done
}
