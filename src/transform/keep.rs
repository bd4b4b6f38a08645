//! `keep` and `drop`: records that hold a condition, or that do not.

use crate::expression::Condition;
use crate::record::Record;

/// Lets pass the records for which the condition holds, or those for which it does not.
#[derive(Debug)]
pub struct Keep {
    /// The condition.
    pub condition: Condition,
    /// Which records pass.
    pub passing: Passing,
}

/// Which records pass a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passing {
    /// `keep`: those for which it holds.
    Holding,
    /// `drop`: those for which it does not.
    NotHolding,
}

impl Keep {
    /// True where the record passes.
    #[must_use]
    pub fn passes(&self, record: &Record) -> bool {
        self.condition.holds(&record.value) == (self.passing == Passing::Holding)
    }
}
