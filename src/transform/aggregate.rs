//! `aggregate`: one record a group, in order of first appearance.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::reduce::{Function, State};
use super::spill::{Spill, SpillError, SpillPlace};
use crate::diagnostic::{Source, Span};
use crate::expression::{Expression, Trouble, TroubleKind};
use crate::record::{Happened, Identity, Object, Record, Value, canonical_json};

/// Groups records and reduces each group to one.
#[derive(Debug)]
pub struct Aggregate {
    /// What a group is: a missing value is a group in which the name is left out.
    pub by: Vec<(Arc<str>, Expression)>,
    /// What is made of each group.
    pub values: Vec<Reduced>,
    /// The pipeline file.
    pub file: Arc<Source>,
    /// The step's characters in it.
    pub span: Span,
}

/// One value of a group.
#[derive(Debug)]
pub struct Reduced {
    /// Its name.
    pub name: Arc<str>,
    /// How it is made.
    pub function: Function,
    /// Of what; what is missing is passed over.
    pub of: Expression,
}

/// The groups of a run while its records come.
pub struct Groups {
    rows: Box<dyn Spill>,
    /// The values of `distinct`: in a row of their group they would be read for every record.
    distinct: Box<dyn Spill>,
}

/// A group as a record.
#[derive(Debug)]
pub struct Given {
    /// The record, or what is known of it.
    pub record: Record,
    /// Why it cannot be reduced.
    pub trouble: Option<Trouble>,
    /// What the next run must know of it.
    pub news: Option<News>,
}

/// A group that the last run had not, or that this one lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// This run has it and the last had not: its values of `by` as JSON, the same for equal ones.
    New(String),
    /// The last run had it and this one lacks it: the same.
    Gone(String),
}

/// What is known of a group so far: a row of the spill.
#[derive(Serialize, Deserialize)]
struct Group {
    /// The values of `by` as JSON.
    by: String,
    states: Vec<State>,
    trouble: Option<String>,
    standing: Standing,
}

/// What is known of a group's past.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    /// The last run had not got it.
    New,
    /// The last run had it, and no record of it has come yet.
    Awaited,
    /// No record of it has come; it is given after those that have one.
    Lacking,
    /// Both runs have it.
    Known,
}

impl Groups {
    /// None yet; both rooms are empty.
    #[must_use]
    pub fn new(rows: Box<dyn Spill>, distinct: Box<dyn Spill>) -> Self {
        Self { rows, distinct }
    }

    /// True where the value was not known of the group.
    fn is_new(&mut self, group: &str, index: usize, value: &Value) -> Result<bool, SpillError> {
        let key = format!("{}:{group}{index}:{}", group.len(), canonical_json(value));
        if self.distinct.get(&key)?.is_some() {
            return Ok(false);
        }
        self.distinct.put(&key, "", SpillPlace::End)?;
        Ok(true)
    }

    fn put(&mut self, key: &str, group: &Group, place: SpillPlace) -> Result<(), SpillError> {
        let row = serde_json::to_string(group).map_err(|error| SpillError(error.to_string()))?;
        self.rows.put(key, &row, place)
    }

    fn add(&mut self, at: &str, value: &Value) -> Result<(), SpillError> {
        self.distinct.put(at, &value.to_aside(), SpillPlace::End)
    }
}

/// The key of the value of `distinct` that came so many values after the first.
fn place_of(group: &str, index: usize, number: u64) -> String {
    format!("{}:{group}{index}#{number}", group.len())
}

impl Aggregate {
    /// Takes a record into its group; what was deleted is in none.
    ///
    /// # Errors
    /// A value that cannot be made of this record, or rows that cannot be kept.
    pub fn take(
        &self,
        record: &Record,
        groups: &mut Groups,
    ) -> Result<Result<(), Trouble>, SpillError> {
        if record.deleted {
            return Ok(Ok(()));
        }
        let (by, inputs) = match self.read(record) {
            Ok(read) => read,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let key = canonical_json(&by);
        let mut group = match groups.rows.get(&key)? {
            Some(row) => read_group(&row)?,
            None => Group {
                by: by.to_json(),
                states: self.nothing(),
                trouble: None,
                standing: Standing::New,
            },
        };
        let place = if group.standing == Standing::Awaited {
            // It appears here first, not where it was remembered.
            group.standing = Standing::Known;
            SpillPlace::End
        } else {
            SpillPlace::Stay
        };
        for (index, input) in inputs.into_iter().enumerate() {
            let (Some(value), Some(reduced), Some(state)) =
                (input, self.values.get(index), group.states.get_mut(index))
            else {
                continue;
            };
            if reduced.function == Function::Distinct {
                if !groups.is_new(&key, index, &value)? {
                    continue;
                }
                groups.add(&place_of(&key, index, state.count), &value)?;
            }
            if let Err(reason) = state.take(reduced.function, &value) {
                group
                    .trouble
                    .get_or_insert_with(|| format!("`{}` {reason}", reduced.name));
            }
        }
        groups.put(&key, &group, place)?;
        Ok(Ok(()))
    }

    /// A group that the last run had, by its values of `by` as JSON: where no record of it comes,
    /// it is given once more with the values of nothing.
    ///
    /// # Errors
    /// Where rows cannot be kept.
    pub fn remember(&self, by: &str, groups: &mut Groups) -> Result<(), SpillError> {
        let value = Value::from_json(by).map_err(|error| SpillError(error.to_string()))?;
        let group = Group {
            by: by.to_owned(),
            states: self.nothing(),
            trouble: None,
            standing: Standing::Awaited,
        };
        groups.put(&canonical_json(&value), &group, SpillPlace::End)
    }

    fn nothing(&self) -> Vec<State> {
        vec![State::default(); self.values.len()]
    }

    /// The next groups as records, at most so many; none are left after an empty answer.
    ///
    /// # Errors
    /// Where the rows cannot be read.
    pub fn give(
        &self,
        groups: &mut Groups,
        run_time: jiff::Timestamp,
        at_most: usize,
    ) -> Result<Vec<Given>, SpillError> {
        loop {
            let rows = groups.rows.take_first(at_most)?;
            let end = rows.is_empty();
            let mut given = Vec::new();
            for row in rows {
                let mut group = read_group(&row)?;
                if group.standing == Standing::Awaited {
                    group.standing = Standing::Lacking;
                    let by = Value::from_json(&group.by)
                        .map_err(|error| SpillError(error.to_string()))?;
                    groups.put(&canonical_json(&by), &group, SpillPlace::End)?;
                } else {
                    given.push(self.record(group, groups, run_time)?);
                }
            }
            if end || !given.is_empty() {
                return Ok(given);
            }
        }
    }

    /// The values of `by` that are there, and those that are to be reduced.
    fn read(&self, record: &Record) -> Result<(Value, Vec<Option<Value>>), Trouble> {
        let there = |expression: &Expression| -> Result<Option<Value>, Trouble> {
            let value = expression.evaluate(&record.value)?;
            Ok(value.filter(|value| !value.is_null()))
        };
        let mut by = Object::with_capacity(self.by.len());
        for (name, expression) in &self.by {
            if let Some(value) = there(expression)? {
                by.push(Arc::clone(name), value);
            }
        }
        let inputs = self.values.iter().map(|reduced| there(&reduced.of));
        let inputs = inputs.collect::<Result<Vec<_>, Trouble>>()?;
        Ok((by.into(), inputs))
    }

    fn record(
        &self,
        group: Group,
        groups: &mut Groups,
        run_time: jiff::Timestamp,
    ) -> Result<Given, SpillError> {
        let by = Value::from_json(&group.by).map_err(|error| SpillError(error.to_string()))?;
        let mut members = by.as_object().cloned().unwrap_or_default();
        let gone = group.standing == Standing::Lacking;
        let mut broken = group.trouble;
        let key = canonical_json(&by);
        for (index, (reduced, state)) in self.values.iter().zip(&group.states).enumerate() {
            let value = match reduced.function {
                Function::Distinct => Ok(different(groups, &key, index, state.count)?),
                function => state.value(function),
            };
            match value {
                Ok(Some(value)) => members.insert(Arc::clone(&reduced.name), value),
                // A field that was sent must be told from one that is left alone.
                Ok(None) if gone => members.insert(Arc::clone(&reduced.name), Value::Null),
                Ok(None) => {}
                Err(reason) => {
                    broken.get_or_insert_with(|| format!("`{}` {reason}", reduced.name));
                }
            }
        }
        let trouble = broken.map(|reason| {
            Trouble::new(TroubleKind::Aggregate, reason, "", 0..0).located(&self.file, self.span)
        });
        let identity = self.identity(&by);
        Ok(Given {
            record: Record {
                value: members.into(),
                name: identity.to_string().into(),
                identity: Some(identity),
                time: Some(run_time),
                deleted: false,
                happened: Happened::default(),
            },
            trouble,
            news: match group.standing {
                Standing::New => Some(News::New(key)),
                Standing::Awaited | Standing::Lacking => Some(News::Gone(key)),
                Standing::Known => None,
            },
        })
    }

    /// The values of `by`, texts as they are and all else as JSON: a part each, so that `10001`
    /// and not `"10001"` is in the id of an event. A missing one is an empty part, and an empty
    /// text is written as JSON to be told from it.
    fn identity(&self, by: &Value) -> Identity {
        if self.by.is_empty() {
            // The one group of all records; an identity without parts would be none.
            return Identity::of("{}");
        }
        let parts = self.by.iter().map(|(name, _)| match by.get(name) {
            None => String::new(),
            Some(Value::String(text)) if !text.is_empty() => text.to_string(),
            Some(value) => value.to_json(),
        });
        parts.fold(Identity::default(), |identity, part| identity.with(part))
    }
}

fn read_group(row: &str) -> Result<Group, SpillError> {
    serde_json::from_str(row).map_err(|error| SpillError(error.to_string()))
}

/// The different values of a group in the order in which they came; none where there are none.
fn different(
    groups: &mut Groups,
    group: &str,
    index: usize,
    count: u64,
) -> Result<Option<Value>, SpillError> {
    let mut values = Vec::new();
    for number in 0..count {
        let row = groups.distinct.get(&place_of(group, index, number))?;
        let value = Value::from_aside(&row.unwrap_or_default());
        values.push(value.map_err(|error| SpillError(error.to_string()))?);
    }
    Ok((!values.is_empty()).then(|| values.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Stage;
    use crate::plan::testing::{codes, compiled, record, said_of, stages};
    use crate::transform::MemorySpill;

    fn aggregate(options: &str) -> Aggregate {
        match stages(&format!("  - aggregate: {{ {options} }}")).pop() {
            Some(Stage::Aggregate(aggregate)) => aggregate,
            other => panic!("{other:?}"),
        }
    }

    fn groups() -> Groups {
        Groups::new(Box::<MemorySpill>::default(), Box::<MemorySpill>::default())
    }

    fn run_time() -> jiff::Timestamp {
        "2026-11-24T10:15:00Z".parse().unwrap()
    }

    fn given(options: &str, records: &[&str]) -> Vec<Given> {
        let aggregate = aggregate(options);
        let mut groups = groups();
        for json in records {
            let taken = aggregate.take(&record(json), &mut groups).unwrap();
            taken.unwrap();
        }
        let mut given = Vec::new();
        loop {
            // Two at once: more come than fit.
            let some = aggregate.give(&mut groups, run_time(), 2).unwrap();
            if some.is_empty() {
                return given;
            }
            given.extend(some);
        }
    }

    fn records(options: &str, records: &[&str]) -> Vec<String> {
        let given = given(options, records);
        let json = given.iter().map(|one| {
            assert!(one.trouble.is_none(), "{one:?}");
            one.record.value.to_json()
        });
        json.collect()
    }

    #[test]
    fn one_record_a_group_in_order_of_first_appearance() {
        assert_eq!(
            records(
                "by: { key: $.k, month: '{{m}}' }, values: { n: { count: $ } }",
                &[
                    r#"{"k":"b","m":1}"#,
                    r#"{"k":"a","m":1}"#,
                    r#"{"k":"b","m":2}"#,
                    r#"{"k":"b","m":1}"#,
                ],
            ),
            [
                r#"{"key":"b","month":"1","n":2}"#,
                r#"{"key":"a","month":"1","n":1}"#,
                r#"{"key":"b","month":"2","n":1}"#,
            ]
        );
    }

    #[test]
    fn a_missing_value_of_by_is_a_group_without_the_name() {
        assert_eq!(
            records(
                "by: { key: $.k }, values: { n: { count: $ } }",
                &[
                    "{}",
                    r#"{"k":""}"#,
                    r#"{"k":null}"#,
                    r#"{"k":1.0}"#,
                    r#"{"k":1}"#
                ],
            ),
            [r#"{"n":2}"#, r#"{"key":"","n":1}"#, r#"{"key":1.0,"n":2}"#]
        );
    }

    #[test]
    fn no_value_of_by_is_one_group_and_no_record_is_none() {
        let all = "by: {}, values: { n: { count: $ } }";
        assert_eq!(records(all, &["{}", r#"{"k":1}"#]), [r#"{"n":2}"#]);
        assert!(records(all, &[]).is_empty());
    }

    #[test]
    fn each_function_passes_over_what_is_missing() {
        let values = "by: {}, values: { count: { count: $.v }, sum: { sum: $.v }, min: { min: $.v }, max: { max: $.v }, \
                      avg: { avg: $.v }, first: { first: $.v }, last: { last: $.v }, distinct: { distinct: $.v } }";
        assert_eq!(
            records(
                values,
                &[
                    "{}",
                    r#"{"v":3}"#,
                    r#"{"v":null}"#,
                    r#"{"v":1}"#,
                    r#"{"v":3}"#,
                    "{}"
                ],
            ),
            [
                r#"{"count":3,"sum":7,"min":1,"max":3,"avg":2.3333333333333335,"first":3,"last":3,"distinct":[3,1]}"#
            ]
        );
        assert_eq!(
            records(values, &["{}", r#"{"v":null}"#]),
            [r#"{"count":0,"sum":0}"#],
            "of nothing: the others are missing"
        );
    }

    #[test]
    fn sums_of_integers_are_integers_and_exact() {
        let sum = |records_of: &[&str]| records("by: {}, values: { s: { sum: $.v } }", records_of);
        assert_eq!(sum(&[r#"{"v":1}"#, r#"{"v":-3}"#]), [r#"{"s":-2}"#]);
        assert_eq!(
            sum(&[
                r#"{"v":9223372036854775807}"#,
                r#"{"v":9223372036854775807}"#,
                r#"{"v":1}"#
            ]),
            [r#"{"s":18446744073709551615}"#]
        );
        assert_eq!(
            sum(&[r#"{"v":18446744073709551615}"#, r#"{"v":1}"#, r#"{"v":-2}"#]),
            [r#"{"s":18446744073709551614}"#],
            "only the end counts"
        );
        assert_eq!(sum(&[r#"{"v":1}"#, r#"{"v":0.5}"#]), [r#"{"s":1.5}"#]);
    }

    #[test]
    fn min_and_max_compare_numbers_or_texts() {
        let both = "by: {}, values: { min: { min: $.v }, max: { max: $.v } }";
        assert_eq!(
            records(both, &[r#"{"v":10}"#, r#"{"v":9.5}"#, r#"{"v":-1e3}"#]),
            [r#"{"min":-1000.0,"max":10}"#]
        );
        assert_eq!(
            records(both, &[r#"{"v":"b"}"#, r#"{"v":"a"}"#, r#"{"v":"B"}"#]),
            [r#"{"min":"B","max":"b"}"#]
        );
    }

    #[test]
    fn distinct_is_each_value_once_in_order() {
        assert_eq!(
            records(
                "by: { k: $.k }, values: { a: { distinct: $.v }, b: { distinct: $.w } }",
                &[
                    r#"{"k":1,"v":"x","w":"x"}"#,
                    r#"{"k":2,"v":"x"}"#,
                    r#"{"k":1,"v":1,"w":[1,{"a":1,"b":2}]}"#,
                    r#"{"k":1,"v":1.0,"w":[1.0,{"b":2,"a":1}]}"#,
                    r#"{"k":1,"v":"1"}"#,
                    r#"{"k":1,"v":"x"}"#,
                ],
            ),
            [
                r#"{"k":1,"a":["x",1,"1"],"b":["x",[1,{"a":1,"b":2}]]}"#,
                r#"{"k":2,"a":["x"]}"#
            ]
        );
    }

    #[test]
    fn what_no_number_can_be_made_of_refuses_the_group_alone() {
        for (value, records, said) in [
            ("min: $.v", [r#"1"#, r#""a""#], "numbers with numbers"),
            ("max: $.v", [r#""a""#, "1"], "numbers with numbers"),
            ("min: $.v", ["true", "true"], "a record gave a boolean"),
            ("max: $.v", ["[1]", "1"], "a record gave a list"),
            ("sum: $.v", ["1", r#""2""#], "a record gave text"),
            ("avg: $.v", ["1", "{}"], "a record gave an object"),
            ("sum: $.v", ["18446744073709551615", "1"], "beyond 64 bits"),
            ("sum: $.v", ["-9223372036854775808", "-1"], "beyond 64 bits"),
            ("sum: $.v", ["1e308", "1e308"], "beyond what a double holds"),
            ("avg: $.v", ["1e308", "1e308"], "beyond what a double holds"),
        ] {
            let of = |k: u8, v: &str| format!(r#"{{"k":{k},"v":{v}}}"#);
            let json = [
                of(1, records[0]),
                of(2, "1"),
                of(1, records[1]),
                of(1, records[1]),
            ];
            let json: Vec<&str> = json.iter().map(String::as_str).collect();
            let given = given(
                &format!("by: {{ k: $.k }}, values: {{ x: {{ {value} }} }}"),
                &json,
            );
            let [broken, good] = &given[..] else {
                panic!("{given:?}")
            };
            let trouble = broken.trouble.as_ref().unwrap().to_string();
            assert!(
                trouble.starts_with("pipelines/a.yaml:4:5: `x` "),
                "{trouble}"
            );
            assert!(trouble.contains(said), "{value}: {trouble}");
            assert_eq!(broken.record.value.get("k"), Some(&Value::from(1_i64)));
            assert!(good.trouble.is_none(), "{good:?}");
        }
    }

    #[test]
    fn the_identity_is_the_values_of_by_and_the_time_the_runs() {
        let by = "by: { a: $.a, b: $.b }, values: {}";
        let identities: Vec<String> = given(
            by,
            &[
                r#"{"a":"SUP","b":"2026-11"}"#,
                r#"{"a":10001,"b":true}"#,
                r#"{"a":"SUP"}"#,
                r#"{"a":"SUP","b":""}"#,
                r#"{"a":["x"],"b":{"y":1}}"#,
            ],
        )
        .into_iter()
        .map(|one| {
            assert_eq!(one.record.time, Some(run_time()));
            one.record.identity.unwrap().to_string()
        })
        .collect();
        assert_eq!(
            identities,
            [
                "SUP-2026-11",
                "10001-true",
                "SUP-",
                r#"SUP-"""#,
                r#"["x"]-{"y":1}"#
            ]
        );
        let all = given("by: {}, values: {}", &["{}"]);
        assert_eq!(all[0].record.identity.as_ref().unwrap().to_string(), "{}");
    }

    #[test]
    fn a_group_of_the_last_run_without_a_record_is_given_once_more_with_the_values_of_nothing() {
        let aggregate = aggregate(
            "by: { k: $.k, m: $.m }, values: { n: { count: $ }, s: { sum: $.v }, a: { avg: $.v }, d: { distinct: $.v }, l: { last: $.v } }",
        );
        let mut groups = groups();
        for by in [r#"{"k":"gone","m":[1]}"#, r#"{"k":"stays"}"#, r#"{"m":2}"#] {
            aggregate.remember(by, &mut groups).unwrap();
        }
        for json in [
            r#"{"k":"new","v":1}"#,
            r#"{"k":"stays","v":2}"#,
            r#"{"k":"stays"}"#,
        ] {
            aggregate.take(&record(json), &mut groups).unwrap().unwrap();
        }
        let mut given = Vec::new();
        loop {
            let some = aggregate.give(&mut groups, run_time(), 1).unwrap();
            if some.is_empty() {
                break;
            }
            given.extend(some);
        }
        let made: Vec<(String, Option<News>)> = given
            .into_iter()
            .map(|one| (one.record.value.to_json(), one.news))
            .collect();
        assert_eq!(
            made,
            [
                (
                    r#"{"k":"new","n":1,"s":1,"a":1.0,"d":[1],"l":1}"#.to_owned(),
                    Some(News::New(r#"{"k":"new"}"#.to_owned()))
                ),
                (
                    r#"{"k":"stays","n":2,"s":2,"a":2.0,"d":[2],"l":2}"#.to_owned(),
                    None
                ),
                (
                    r#"{"k":"gone","m":[1],"n":0,"s":0,"a":null,"d":null,"l":null}"#.to_owned(),
                    Some(News::Gone(r#"{"k":"gone","m":[1]}"#.to_owned()))
                ),
                (
                    r#"{"m":2,"n":0,"s":0,"a":null,"d":null,"l":null}"#.to_owned(),
                    Some(News::Gone(r#"{"m":2}"#.to_owned()))
                ),
            ],
            "those with records first, in order of first appearance"
        );
    }

    #[test]
    fn deleted_records_are_in_no_group() {
        let aggregate = aggregate("by: {}, values: { n: { count: $ } }");
        let mut groups = groups();
        let mut gone = record("{}");
        gone.deleted = true;
        aggregate.take(&gone, &mut groups).unwrap().unwrap();
        assert!(
            aggregate
                .give(&mut groups, run_time(), 9)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn a_value_that_a_record_cannot_give_refuses_the_record() {
        for options in [
            "by: { k: { path: $.v, as: integer } }, values: { n: { count: $ } }",
            "by: {}, values: { n: { sum: { path: $.v, as: integer } } }",
        ] {
            let aggregate = aggregate(options);
            let mut groups = groups();
            let bad = aggregate
                .take(&record(r#"{"v":"x"}"#), &mut groups)
                .unwrap();
            assert!(bad.is_err(), "{options}");
            assert!(
                aggregate
                    .give(&mut groups, run_time(), 9)
                    .unwrap()
                    .is_empty()
            );
        }
    }

    #[test]
    fn validate_follows_the_fields() {
        let then = |rest: &str| {
            said_of(&format!(
                "  - aggregate: {{ by: {{ k: $.k }}, values: {{ n: {{ count: $ }}, d: {{ distinct: $.v }} }} }}\n  - {rest}"
            ))
        };
        assert!(then("keep: $.k == 1 && $.n > 1 && $.d[0]").is_empty());
        assert_eq!(then("keep: $.v"), ["path.unknown_field"]);
        assert_eq!(then("keep: $.n.x"), ["path.no_members"]);
        assert_eq!(
            said_of("  - aggregate: { by: { n: $.k }, values: { n: { count: $ } } }"),
            ["aggregate.name_taken"]
        );
    }

    #[test]
    fn counting_records_reads_nothing_of_them() {
        let reads = |transforms: &str| {
            let text = format!(
                "sources: [jira.issues: {{}}]\ntransforms:\n  - {transforms}\nsinks: [file: {{ path: a.csv }}]\n"
            );
            let (plan, diagnostics) = compiled(&text);
            let plan = plan.unwrap_or_else(|| panic!("{:?}", codes(&diagnostics)));
            format!("{:?}", plan.reads)
        };
        let count = "aggregate: { by: { key: $.fields.project.key }, values: { n: { count: $ } } }";
        let keys = "map: { key: $.fields.project.key }";
        assert_eq!(reads(count), reads(keys));
    }
}
