//! What YAML 1.2's core schema makes of a plain scalar.

use super::ScalarValue;
use crate::record::Number;

/// The value of a plain scalar. `.inf` and `.nan`, which JSON cannot write, are text.
#[must_use]
pub fn core_schema(text: &str) -> ScalarValue {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return ScalarValue::Null,
        "true" | "True" | "TRUE" => return ScalarValue::Bool(true),
        "false" | "False" | "FALSE" => return ScalarValue::Bool(false),
        _ => {}
    }
    // Most scalars are words: one look at the first character settles them.
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) {
        return ScalarValue::Text;
    }
    number(text).map_or(ScalarValue::Text, ScalarValue::Number)
}

fn number(text: &str) -> Option<Number> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
                return None;
            }
            return u64::from_str_radix(digits, radix).ok().map(Number::from);
        }
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|digit| digit.is_ascii_digit()) {
        let signed = text.strip_prefix('+').unwrap_or(text);
        return signed
            .parse::<i64>()
            .map(Number::from)
            .or_else(|_| signed.parse::<u64>().map(Number::from))
            .ok()
            .or_else(|| signed.parse().ok().and_then(Number::from_f64));
    }
    is_float(unsigned)
        .then(|| text.parse().ok().and_then(Number::from_f64))
        .flatten()
}

/// `( "." [0-9]+ | [0-9]+ ( "." [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| {
            let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !unsigned.is_empty() && digits(unsigned)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_core_schema() {
        for text in [
            "no",
            "yes",
            "on",
            "0b11",
            "1_000",
            "1:30",
            ".",
            "-",
            "+",
            "e3",
            "1e",
            ".inf",
            "2026-01-01",
            "0x",
            "1.2.3",
        ] {
            assert_eq!(core_schema(text), ScalarValue::Text, "{text}");
        }
        for (text, number) in [
            ("010", Number::Signed(10)),
            ("0o10", Number::Signed(8)),
            ("0xff", Number::Signed(255)),
            ("-7", Number::Signed(-7)),
            ("+7", Number::Signed(7)),
            ("1.5e3", Number::Double(1500.0)),
            (".5", Number::Double(0.5)),
            ("5.", Number::Double(5.0)),
            ("18446744073709551615", Number::Unsigned(u64::MAX)),
        ] {
            assert_eq!(core_schema(text), ScalarValue::Number(number), "{text}");
        }
        assert_eq!(core_schema(""), ScalarValue::Null);
        assert_eq!(core_schema("True"), ScalarValue::Bool(true));
    }
}
