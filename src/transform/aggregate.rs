//! `aggregate`: one record a group, in order of first appearance.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::spill::{Spill, SpillError, SpillPlace};
use crate::diagnostic::{Source, Span};
use crate::expression::{Expression, Trouble, TroubleKind};
use crate::record::{Identity, Number, Object, Record, Value, canonical_json};

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

/// A group as a record, or what is known of it and why it cannot be reduced.
pub type Given = Result<Record, (Record, Trouble)>;

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

/// How many values become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Function {
    /// How many there are; 0 of nothing.
    Count,
    /// Their sum; of integers an integer; 0 of nothing.
    Sum,
    /// The smallest number or text.
    Min,
    /// The greatest number or text.
    Max,
    /// The mean of numbers.
    Avg,
    /// The first.
    First,
    /// The last.
    Last,
    /// Each once, in order.
    Distinct,
}

impl Function {
    /// All of them by the names that pipelines write.
    pub const ALL: [(&'static str, Self); 8] = [
        ("count", Self::Count),
        ("sum", Self::Sum),
        ("min", Self::Min),
        ("max", Self::Max),
        ("avg", Self::Avg),
        ("first", Self::First),
        ("last", Self::Last),
        ("distinct", Self::Distinct),
    ];
}

/// What is known of a group so far: a row of the spill.
#[derive(Serialize, Deserialize)]
struct Group {
    by: serde_json::Value,
    states: Vec<State>,
    trouble: Option<String>,
}

/// What is known of one value of a group so far.
#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    count: u64,
    integers: i128,
    doubles: f64,
    any_double: bool,
    value: Option<serde_json::Value>,
    list: Vec<serde_json::Value>,
}

impl Aggregate {
    /// Takes a record into its group.
    ///
    /// # Errors
    /// A value that cannot be made of this record, or rows that cannot be kept.
    pub fn take(
        &self,
        record: &Record,
        groups: &mut dyn Spill,
    ) -> Result<Result<(), Trouble>, SpillError> {
        let (by, inputs) = match self.read(record) {
            Ok(read) => read,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let key = canonical_json(&by);
        let mut group = match groups.get(&key)? {
            Some(row) => {
                serde_json::from_str(&row).map_err(|error| SpillError(error.to_string()))?
            }
            None => Group {
                by: json(&by)?,
                states: vec![State::default(); self.values.len()],
                trouble: None,
            },
        };
        for ((reduced, state), input) in self.values.iter().zip(&mut group.states).zip(inputs) {
            if let Some(value) = input
                && let Err(reason) = state.take(reduced.function, &value)
            {
                group
                    .trouble
                    .get_or_insert_with(|| format!("`{}` {reason}", reduced.name));
            }
        }
        let row = serde_json::to_string(&group).map_err(|error| SpillError(error.to_string()))?;
        groups.put(&key, &row, SpillPlace::Stay)?;
        Ok(Ok(()))
    }

    /// The next groups as records, at most so many; none are left after an empty answer.
    ///
    /// # Errors
    /// Where the rows cannot be read.
    pub fn give(
        &self,
        groups: &mut dyn Spill,
        run_time: jiff::Timestamp,
        at_most: usize,
    ) -> Result<Vec<Given>, SpillError> {
        groups
            .take_first(at_most)?
            .into_iter()
            .map(|row| {
                let group: Group =
                    serde_json::from_str(&row).map_err(|error| SpillError(error.to_string()))?;
                Ok(self.record(group, run_time))
            })
            .collect()
    }

    fn read(&self, record: &Record) -> Result<(Value, Vec<Option<Value>>), Trouble> {
        let mut by = Object::with_capacity(self.by.len());
        for (name, expression) in &self.by {
            if let Some(value) = expression.evaluate(&record.value)? {
                by.push(Arc::clone(name), value);
            }
        }
        let inputs = self
            .values
            .iter()
            .map(|reduced| reduced.of.evaluate(&record.value))
            .collect::<Result<Vec<_>, Trouble>>()?;
        Ok((by.into(), inputs))
    }

    fn record(&self, group: Group, run_time: jiff::Timestamp) -> Result<Record, (Record, Trouble)> {
        let by = Value::from(group.by);
        let name: Arc<str> = canonical_json(&by).into();
        let mut members = by.as_object().cloned().unwrap_or_default();
        let mut broken = group.trouble;
        for (reduced, state) in self.values.iter().zip(group.states) {
            match state.value(reduced.function) {
                Ok(Some(value)) => members.insert(Arc::clone(&reduced.name), value),
                Ok(None) => {}
                Err(reason) => {
                    broken.get_or_insert_with(|| format!("`{}` {reason}", reduced.name));
                }
            }
        }
        let record = Record {
            value: members.into(),
            identity: Some(Identity::of(Arc::clone(&name))),
            time: Some(run_time),
            name,
            deleted: false,
        };
        match broken {
            None => Ok(record),
            Some(reason) => {
                let trouble = Trouble::new(TroubleKind::Aggregate, reason, "", 0..0);
                Err((record, trouble.located(&self.file, self.span)))
            }
        }
    }
}

fn json(value: &Value) -> Result<serde_json::Value, SpillError> {
    serde_json::to_value(value).map_err(|error| SpillError(error.to_string()))
}

impl State {
    fn take(&mut self, function: Function, value: &Value) -> Result<(), String> {
        self.count += 1;
        match function {
            Function::Count => {}
            Function::Sum | Function::Avg => match value {
                Value::Number(Number::Double(double)) => {
                    self.any_double = true;
                    self.doubles += double;
                }
                Value::Number(Number::Signed(integer)) => self.integers += i128::from(*integer),
                Value::Number(Number::Unsigned(integer)) => self.integers += i128::from(*integer),
                other => return Err(format!("takes numbers; a record gave {}", other.kind())),
            },
            Function::Min => self.keep(value, Ordering::Less)?,
            Function::Max => self.keep(value, Ordering::Greater)?,
            Function::First => {
                if self.value.is_none() {
                    self.value = Some(stored(value)?);
                }
            }
            Function::Last => self.value = Some(stored(value)?),
            Function::Distinct => {
                if !self
                    .list
                    .iter()
                    .any(|known| Value::from(known.clone()) == *value)
                {
                    self.list.push(stored(value)?);
                }
            }
        }
        Ok(())
    }

    fn keep(&mut self, value: &Value, wanted: Ordering) -> Result<(), String> {
        let Some(known) = self.value.clone().map(Value::from) else {
            return match value {
                Value::Number(_) | Value::String(_) => {
                    self.value = Some(stored(value)?);
                    Ok(())
                }
                other => Err(format!(
                    "compares numbers or texts; a record gave {}",
                    other.kind()
                )),
            };
        };
        let order = match (value, &known) {
            (Value::Number(new), Value::Number(known)) => new.cmp(known),
            (Value::String(new), Value::String(known)) => new.cmp(known),
            _ => {
                return Err(format!(
                    "compares numbers with numbers and texts with texts; this group has {} and {}",
                    known.kind(),
                    value.kind()
                ));
            }
        };
        if order == wanted {
            self.value = Some(stored(value)?);
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "a mean is a double")]
    fn value(self, function: Function) -> Result<Option<Value>, String> {
        Ok(match function {
            Function::Count => Some(self.count.into()),
            Function::Sum if self.any_double => {
                let sum = Number::from_f64(self.doubles + self.integers as f64);
                Some(Value::Number(sum.ok_or("is beyond what a double holds")?))
            }
            Function::Sum => Some(
                i64::try_from(self.integers)
                    .map(Value::from)
                    .or_else(|_| u64::try_from(self.integers).map(Value::from))
                    .map_err(|_| "is beyond 64 bits")?,
            ),
            Function::Avg if self.count == 0 => None,
            Function::Avg => {
                let mean = (self.doubles + self.integers as f64) / self.count as f64;
                Number::from_f64(mean).map(Value::Number)
            }
            Function::Distinct if self.list.is_empty() => None,
            Function::Distinct => Some(
                self.list
                    .into_iter()
                    .map(Value::from)
                    .collect::<Vec<_>>()
                    .into(),
            ),
            Function::Min | Function::Max | Function::First | Function::Last => {
                self.value.map(Value::from)
            }
        })
    }
}

fn stored(value: &Value) -> Result<serde_json::Value, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}
