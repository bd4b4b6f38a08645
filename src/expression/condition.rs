//! Conditions: filter expressions of RFC 9535 in which `$` is the record.
//!
//! One stated deviation: a path that stands alone as a test asks for something that is not null.
//! Inside the `[?…]` of a path the RFC holds without it.

use std::ops::Range;
use std::sync::Arc;

use super::path::evaluate::{Scope, holds};
use super::path::parse_condition;
use super::path::tree::{Logical, Operand, Operator};
use super::path::{references_of, replace_in};
use super::{Problem, Reference, Usage};
use crate::record::Value;

/// A compiled condition.
#[derive(Clone, Debug)]
pub struct Condition {
    text: Arc<str>,
    logical: Logical,
    references: Vec<Reference>,
}

/// A comparison `path != null`, which also holds where nothing is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NullComparison {
    /// The path.
    pub reference: Reference,
    /// The bytes of the whole comparison.
    pub range: Range<usize>,
}

impl Condition {
    /// Compiles the text of a condition.
    ///
    /// # Errors
    /// What is wrong with it, by ranges of the text.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let logical = parse_condition(text).map_err(|problem| vec![*problem])?;
        let mut references = Vec::new();
        super::path::references_in(&logical, &[], &mut references);
        Ok(Self {
            text: text.into(),
            logical,
            references,
        })
    }

    /// True where it holds for a record.
    #[must_use]
    pub fn holds(&self, record: &Value) -> bool {
        holds(
            &self.logical,
            Scope {
                record,
                current: record,
                null_is_missing: true,
            },
        )
    }

    /// What it reads.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The text that it was compiled from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the text of its string literals.
    pub fn replace_literals(&mut self, mut replace: impl FnMut(&str) -> String) {
        replace_in(&mut self.logical, &mut replace);
    }

    /// Comparisons that also hold where the path finds nothing.
    #[must_use]
    pub fn comparisons_with_null(&self) -> Vec<NullComparison> {
        let mut found = Vec::new();
        collect(&self.logical, &mut found);
        found
    }
}

fn collect(logical: &Logical, found: &mut Vec<NullComparison>) {
    match logical {
        Logical::Or(parts) | Logical::And(parts) => {
            for part in parts {
                collect(part, found);
            }
        }
        Logical::Not(inner) => collect(inner, found),
        Logical::Compare(comparison) if comparison.operator == Operator::NotEqual => {
            let ((Operand::Singular(query), Operand::Literal { value: Value::Null })
            | (Operand::Literal { value: Value::Null }, Operand::Singular(query))) =
                (&comparison.left, &comparison.right)
            else {
                return;
            };
            let mut references = Vec::new();
            references_of(query, &[], Usage::Tested, &mut references);
            if let Some(reference) = references.into_iter().next() {
                found.push(NullComparison {
                    reference,
                    range: comparison.range.clone(),
                });
            }
        }
        Logical::Exists(_) | Logical::Matches(_) | Logical::Compare(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn holds(json: &str, condition: &str) -> bool {
        Condition::parse(condition)
            .unwrap()
            .holds(&Value::from_json(json).unwrap())
    }

    /// Message, the characters under which it stands, and help.
    #[track_caller]
    fn mistake(condition: &str) -> String {
        let problem = Condition::parse(condition).unwrap_err().remove(0);
        let (range, _) = problem.labels.first().cloned().unwrap();
        format!(
            "{} | {} | {}",
            problem.message,
            condition.get(range).unwrap(),
            problem.help.unwrap()
        )
    }

    #[test]
    fn a_path_alone_asks_for_what_is_not_null() {
        assert!(
            holds(r#"{"a":0}"#, "$.a")
                && holds(r#"{"a":""}"#, "$.a")
                && holds(r#"{"a":[]}"#, "$.a")
        );
        assert!(!holds(r#"{"a":null}"#, "$.a") && !holds("{}", "$.a"));
        assert!(holds(r#"{"a":null}"#, "!$.a"));
        // In the filter of a path the RFC holds.
        assert!(holds(r#"{"l":[{"x":null}]}"#, "$.l[?@.x]"));
        assert!(!holds(r#"{"l":[null]}"#, "$.l[*]"));
    }

    #[test]
    fn compares_and_joins() {
        let json = r#"{"s":{"key":"done"},"p":"High","n":3,"t":"In Progress","k":"SUP-1"}"#;
        assert!(holds(json, "$.s.key == \"done\" && $.p"));
        assert!(holds(json, "$.n >= 3 && ($.p == 'Low' || $.p == 'High')"));
        assert!(holds(json, "match($.k, 'SUP-.*')") && holds(json, "search($.t, 'Prog')"));
        assert!(holds(json, "!($.n == 4)"));
        assert!(!holds(json, "$.missing == null"));
        assert!(holds(json, "$.missing != null"));
        assert!(holds(r#"{"l":["a","b"],"want":"b"}"#, "$.l[?@ == $.want]"));
    }

    #[test]
    fn mistakes_stand_under_their_characters_with_what_to_write() {
        assert_eq!(mistake("$.a = 1"), "`=` is no comparison | = | write `==`");
        assert_eq!(
            mistake("$.a and $.b"),
            "`and` is written `&&` | and | write `&&`"
        );
        assert_eq!(
            mistake("$.a | $.b"),
            "`|` is written twice | | | write `||`"
        );
        assert_eq!(
            mistake("!$.a == 1"),
            "`!` stands before a test, not before a comparison | ! | write `!($.a == 1)`"
        );
        assert!(mistake("@.a == 1").ends_with("write `$.a`: in a condition `$` is the record"));
        assert!(mistake("$.l[*] == 1").ends_with("`$.l[?@ == …]`"));
        assert!(mistake("$.a == None").contains("| None | write `null`"));
        assert!(mistake("$.a == done").ends_with("a text is `\"done\"`, a field `$.done`"));
        assert!(
            mistake("startsWith($.a, 'x')")
                .contains("| startsWith | write `match($.a, 'PREFIX.*')`")
        );
        assert!(mistake("true").contains("alone asks nothing | true |"));
        assert!(mistake("length($.a)").contains("is a value, not a test"));
        assert!(mistake("match($.a, '^SUP')").contains("| ^ |"));
        assert!(mistake("$.a == \"x").contains("| \" | close it"));
        assert!(mistake("($.a").contains("| ( | close it"));
        assert!(mistake("$.a, $.b").contains("only one condition"));
        assert!(mistake("").contains("the condition is empty"));
    }

    #[test]
    fn not_null_also_holds_of_nothing_and_is_told() {
        let found = Condition::parse("$.a != null && $.b == null")
            .unwrap()
            .comparisons_with_null();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].range, 0..11);
    }
}
