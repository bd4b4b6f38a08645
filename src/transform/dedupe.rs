//! `dedupe`: within the run, one record of those whose value is equal.

use std::sync::Arc;

use super::spill::{Spill, SpillError, SpillPlace};
use crate::expression::{Expression, Trouble};
use crate::record::{Record, canonical_json};

/// Keeps one record of those whose value is equal; what is missing is one value.
#[derive(Debug)]
pub struct Dedupe {
    /// The value that is compared.
    pub by: Expression,
    /// Which record survives.
    pub keep: Survivor,
}

/// Which of several equal records survives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Survivor {
    /// The first read.
    First,
    /// The last read.
    #[default]
    Last,
}

impl Dedupe {
    /// Takes a record; survivors are given at the end of the run, in the order in which they came.
    /// Answers the name of the record that does not survive beside another.
    ///
    /// # Errors
    /// A value that cannot be made of this record, or rows that cannot be kept.
    pub fn take(
        &self,
        record: &Record,
        seen: &mut dyn Spill,
    ) -> Result<Result<Option<Arc<str>>, Trouble>, SpillError> {
        let key = match self.by.evaluate(&record.value) {
            Ok(Some(value)) if !value.is_null() => canonical_json(&value),
            // What is missing has no JSON: no value can be equal to it.
            Ok(_) => String::new(),
            Err(trouble) => return Ok(Err(trouble)),
        };
        let known = seen.get(&key)?;
        if self.keep == Survivor::First && known.is_some() {
            return Ok(Ok(Some(Arc::clone(&record.name))));
        }
        seen.put(&key, &record.to_json(), SpillPlace::End)?;
        let gone = known.map(|row| read(&row)).transpose()?;
        Ok(Ok(gone.map(|record| record.name)))
    }

    /// The next survivors, at most so many; none are left after an empty answer.
    ///
    /// # Errors
    /// Where the rows cannot be read.
    pub fn give(&self, seen: &mut dyn Spill, at_most: usize) -> Result<Vec<Record>, SpillError> {
        let rows = seen.take_first(at_most)?;
        rows.iter().map(|row| read(row)).collect()
    }
}

fn read(row: &str) -> Result<Record, SpillError> {
    Record::from_json(row).ok_or_else(|| SpillError("a row is no record".to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::plan::Stage;
    use crate::plan::testing::{record, stages};
    use crate::transform::MemorySpill;

    /// The survivors of records by their `n`, and who went, in order.
    fn survivors(options: &str, records: &[&str]) -> (String, String) {
        let mut stages = stages(&format!("  - dedupe: {{ {options} }}"));
        let Some(Stage::Dedupe(dedupe, _)) = stages.pop() else {
            panic!("{stages:?}")
        };
        let mut seen = MemorySpill::default();
        let mut gone = Vec::new();
        for (number, json) in records.iter().enumerate() {
            let mut one = record(json);
            one.name = number.to_string().into();
            gone.extend(dedupe.take(&one, &mut seen).unwrap().unwrap());
        }
        let mut given = Vec::new();
        loop {
            let some = dedupe.give(&mut seen, 2).unwrap();
            if some.is_empty() {
                break;
            }
            given.extend(some.into_iter().map(|one| one.name));
        }
        (given.join(" "), gone.join(" "))
    }

    #[test]
    fn the_last_survives_unless_first_is_said_and_survivors_keep_their_order() {
        let records = [
            r#"{"k":"a"}"#,
            r#"{"k":"b"}"#,
            r#"{"k":"a"}"#,
            r#"{"k":"c"}"#,
            r#"{"k":"b"}"#,
            r#"{"k":"a"}"#,
        ];
        let of = |kept: &str, gone: &str| (kept.to_owned(), gone.to_owned());
        assert_eq!(survivors("by: $.k", &records), of("3 4 5", "0 1 2"));
        assert_eq!(
            survivors("by: $.k, keep: last", &records),
            of("3 4 5", "0 1 2")
        );
        assert_eq!(
            survivors("by: $.k, keep: first", &records),
            of("0 1 3", "2 4 5")
        );
    }

    #[test]
    fn equal_is_what_is_equal_as_json_and_what_is_missing_is_one_value() {
        let records = [
            r#"{"k":1}"#,
            r#"{"k":"1"}"#,
            r#"{"k":1.0}"#,
            r#"{"k":{"a":1,"b":[2]}}"#,
            r#"{"k":{"b":[2.0],"a":1}}"#,
            r#"{"k":null}"#,
            "{}",
            r#"{"k":""}"#,
            r#"{"k":"null"}"#,
            r#"{"k":[]}"#,
        ];
        let (kept, gone) = survivors("by: $.k, keep: first", &records);
        assert_eq!(kept, "0 1 3 5 7 8 9");
        assert_eq!(gone, "2 4 6");
    }

    #[test]
    fn a_survivor_comes_out_as_it_went_in() {
        let mut stages = stages("  - dedupe: { by: $.k }");
        let Some(Stage::Dedupe(dedupe, _)) = stages.pop() else {
            panic!("{stages:?}")
        };
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        let mut before = record(&format!(r#"{{"z":1.5,"a":{deep},"n":null}}"#));
        before.identity = before.identity.map(|identity| identity.with("two"));
        before.deleted = true;
        let mut seen = MemorySpill::default();
        dedupe.take(&before, &mut seen).unwrap().unwrap();
        let after = dedupe.give(&mut seen, 9).unwrap().remove(0);
        assert_eq!(after.value.to_json(), before.value.to_json());
        assert_eq!(
            (after.identity, after.time, after.name, after.deleted),
            (before.identity, before.time, before.name, true)
        );
    }

    #[test]
    fn a_record_without_the_value_asked_for_is_refused() {
        let mut stages = stages("  - dedupe: { by: { path: $.k, required: true } }");
        let Some(Stage::Dedupe(dedupe, _)) = stages.pop() else {
            panic!("{stages:?}")
        };
        let mut seen = MemorySpill::default();
        let trouble = dedupe.take(&record("{}"), &mut seen).unwrap().unwrap_err();
        assert!(
            trouble.to_string().contains("`$.k` is missing"),
            "{trouble}"
        );
        assert!(dedupe.give(&mut seen, 9).unwrap().is_empty());
    }
}
