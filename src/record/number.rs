//! Numbers: 64-bit integers are exact, all others are doubles; they compare by value.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A JSON number.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// An integer that fits 64 bits with a sign.
    Signed(i64),
    /// An integer above `i64::MAX` that fits 64 bits.
    Unsigned(u64),
    /// Any other; always finite.
    Double(f64),
}

impl Number {
    /// A double; none for infinities and NaN, which JSON cannot write.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self::Double(value))
    }

    /// The integer that it is, `13.0` included; none where it has a fraction or exceeds `i64`.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Signed(value) => Some(value),
            Self::Unsigned(_) => None,
            Self::Double(value) => exact_integer(value).and_then(|wide| i64::try_from(wide).ok()),
        }
    }

    /// The nearest double.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "the nearest double is what is asked for"
    )]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Signed(value) => value as f64,
            Self::Unsigned(value) => value as f64,
            Self::Double(value) => value,
        }
    }

    /// The integer that it is, however large; none where it has a fraction.
    pub(super) fn exact(self) -> Option<i128> {
        match self {
            Self::Signed(value) => Some(i128::from(value)),
            Self::Unsigned(value) => Some(i128::from(value)),
            Self::Double(value) => exact_integer(value),
        }
    }
}

/// The integer that a double is exactly, within ±2^100.
#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded on the line before"
)]
fn exact_integer(value: f64) -> Option<i128> {
    (value.fract() == 0.0 && value.abs() < 1.27e30).then_some(value as i128)
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Signed(value)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Unsigned(value), Self::Signed)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.exact(), other.exact()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => {
                // Equal doubles may be -0.0 and 0.0, which are one number; NaN cannot be here.
                self.as_f64()
                    .partial_cmp(&other.as_f64())
                    .unwrap_or(Ordering::Equal)
            }
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.exact() {
            Some(integer) => integer.hash(state),
            None => self.as_f64().to_bits().hash(state),
        }
    }
}

/// As JSON writes it: integers in full, doubles in their shortest form.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(value) => value.fmt(f),
            Self::Unsigned(value) => value.fmt(f),
            Self::Double(value) => match serde_json::Number::from_f64(*value) {
                Some(number) => number.fmt(f),
                None => f.write_str("null"),
            },
        }
    }
}

impl serde::Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Signed(value) => serializer.serialize_i64(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Double(value) => serializer.serialize_f64(*value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact_and_numbers_compare_by_value() {
        let big = Number::from(9_223_372_036_854_776_000_u64);
        assert_eq!(big.to_string(), "9223372036854776000");
        assert_eq!(Number::Signed(13), Number::Double(13.0));
        assert!(Number::Unsigned(u64::MAX) > Number::Signed(i64::MAX));
        assert!(Number::Signed(9_007_199_254_740_993) > Number::Double(9_007_199_254_740_992.0));
        assert_eq!(Number::Double(0.1).to_string(), "0.1");
    }
}
