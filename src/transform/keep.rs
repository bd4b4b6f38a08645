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

#[cfg(test)]
mod tests {
    use crate::plan::testing::applied;

    #[test]
    fn keep_lets_pass_what_holds_and_drop_what_does_not() {
        let condition = r#"$.state.key == "done" && $.priority"#;
        for (json, holds) in [
            (r#"{"state":{"key":"done"},"priority":0}"#, true),
            (r#"{"state":{"key":"done"},"priority":""}"#, true),
            (r#"{"state":{"key":"done"},"priority":null}"#, false),
            (r#"{"state":{"key":"done"}}"#, false),
            (r#"{"state":{"key":"open"},"priority":1}"#, false),
            (r#"{"state":null,"priority":1}"#, false),
        ] {
            let expected = |passes: bool| {
                if passes {
                    vec![json.to_owned()]
                } else {
                    Vec::new()
                }
            };
            let kept = applied(&format!("  - keep: {condition}"), json).unwrap();
            assert_eq!(kept, expected(holds), "keep {json}");
            let left = applied(&format!("  - drop: {condition}"), json).unwrap();
            assert_eq!(left, expected(!holds), "drop {json}");
        }
    }
}
