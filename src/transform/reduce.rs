//! What `aggregate` makes of the values of a group, one after the other.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::record::{Number, Value};

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

/// What is known of one value of a group so far: a part of a row of the spill.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// How many values there were; of `distinct`, how many different ones.
    pub(super) count: u64,
    integers: i128,
    /// The bits of the sum of the doubles: JSON has no infinities.
    doubles: u64,
    any_double: bool,
    /// The value kept, as JSON.
    value: Option<String>,
}

impl State {
    /// Takes a value that is not missing; `distinct` keeps its values elsewhere.
    ///
    /// # Errors
    /// Where the function cannot take it, in words that follow the value's name.
    pub(super) fn take(&mut self, function: Function, value: &Value) -> Result<(), String> {
        match function {
            Function::Count | Function::Distinct => {}
            Function::Sum | Function::Avg => match value {
                Value::Number(Number::Double(double)) => {
                    self.any_double = true;
                    self.doubles = (self.doubles() + double).to_bits();
                }
                Value::Number(Number::Signed(integer)) => self.integers += i128::from(*integer),
                Value::Number(Number::Unsigned(integer)) => self.integers += i128::from(*integer),
                other => return Err(format!("takes numbers; a record gave {}", other.kind())),
            },
            Function::Min => self.keep(value, Ordering::Less)?,
            Function::Max => self.keep(value, Ordering::Greater)?,
            Function::First if self.count > 0 => {}
            Function::First | Function::Last => self.value = Some(value.to_aside()),
        }
        self.count += 1;
        Ok(())
    }

    fn keep(&mut self, value: &Value, wanted: Ordering) -> Result<(), String> {
        let order = match (value, &self.kept()) {
            (Value::Number(_) | Value::String(_), None) => wanted,
            (Value::Number(new), Some(Value::Number(known))) => new.cmp(known),
            (Value::String(new), Some(Value::String(known))) => new.cmp(known),
            (other, None) => {
                let kind = other.kind();
                return Err(format!("compares numbers or texts; a record gave {kind}"));
            }
            (other, Some(known)) => {
                return Err(format!(
                    "compares numbers with numbers and texts with texts; this group has {} and {}",
                    known.kind(),
                    other.kind()
                ));
            }
        };
        if order == wanted {
            self.value = Some(value.to_aside());
        }
        Ok(())
    }

    fn kept(&self) -> Option<Value> {
        Value::from_aside(self.value.as_ref()?).ok()
    }

    fn doubles(&self) -> f64 {
        f64::from_bits(self.doubles)
    }

    #[expect(clippy::cast_precision_loss, reason = "with doubles the sum is one")]
    fn wide_sum(&self) -> f64 {
        self.doubles() + self.integers as f64
    }

    /// What the values came to; none where that is missing.
    ///
    /// # Errors
    /// Where no number can hold it, in words that follow the value's name.
    #[expect(clippy::cast_precision_loss, reason = "a mean is a double")]
    pub(super) fn value(&self, function: Function) -> Result<Option<Value>, String> {
        let double = |value: f64| {
            Number::from_f64(value)
                .map(|number| Some(Value::Number(number)))
                .ok_or_else(|| "is beyond what a double holds".to_owned())
        };
        match function {
            Function::Count => Ok(Some(self.count.into())),
            Function::Sum if self.any_double => double(self.wide_sum()),
            Function::Sum => i64::try_from(self.integers)
                .map(Value::from)
                .or_else(|_| u64::try_from(self.integers).map(Value::from))
                .map(Some)
                .map_err(|_| "is beyond 64 bits".to_owned()),
            Function::Avg if self.count == 0 => Ok(None),
            Function::Avg => double(self.wide_sum() / self.count as f64),
            Function::Min | Function::Max | Function::First | Function::Last => Ok(self.kept()),
            Function::Distinct => Ok(None),
        }
    }
}
