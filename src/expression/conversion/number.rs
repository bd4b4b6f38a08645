//! Numbers out of texts, exactly or not at all.

use crate::record::Number;

/// A decimal number: `±digits × 10^exponent`, without zeros at either end of the digits.
#[derive(PartialEq, Eq, Debug)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

/// The number that a text is as JSON writes numbers; none where it is not one or no number here
/// holds it without loss.
pub(super) fn read_number(text: &str) -> Option<Number> {
    let written = decimal(text)?;
    if let Some(integer) = integer(&written) {
        return Some(integer);
    }
    let double = text.parse::<f64>().ok().and_then(Number::from_f64)?;
    // The shortest form of the double must say the same as the text did.
    (decimal(&double.to_string())? == written).then_some(double)
}

/// The 64-bit integer that a number is; none where it has a fraction or is larger.
pub(super) fn as_integer(number: Number) -> Option<Number> {
    match number {
        Number::Signed(_) | Number::Unsigned(_) => Some(number),
        Number::Double(_) => number.as_i64().map(Number::Signed).or_else(|| {
            // Between 2^63 and 2^64 a double is an integer that only the unsigned kind holds.
            decimal(&format!("{:.0}", number.as_f64()))
                .filter(|_| number.as_f64().fract() == 0.0)
                .and_then(|exact| integer(&exact))
        }),
    }
}

fn integer(decimal: &Decimal) -> Option<Number> {
    let zeros = u32::try_from(decimal.exponent)
        .ok()
        .filter(|zeros| *zeros < 20)?;
    let mut number = 0_i128;
    for digit in &decimal.digits {
        number = number.checked_mul(10)?.checked_add(i128::from(*digit))?;
    }
    number = number.checked_mul(10_i128.pow(zeros))?;
    if decimal.negative {
        number = -number;
    }
    i64::try_from(number)
        .map(Number::Signed)
        .or_else(|_| u64::try_from(number).map(Number::Unsigned))
        .ok()
}

/// Reads JSON's grammar of numbers.
fn decimal(text: &str) -> Option<Decimal> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let signless = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if signless.is_empty() || !signless.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            (mantissa, exponent.parse::<i64>().ok()?)
        }
        None => (rest, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let mut digits: Vec<u8> = whole
        .bytes()
        .chain(fraction.bytes())
        .map(|byte| byte - b'0')
        .collect();
    let mut exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    while digits.last() == Some(&0) {
        digits.pop();
        exponent = exponent.checked_add(1)?;
    }
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    digits.drain(..zeros);
    if digits.is_empty() {
        return Some(Decimal {
            negative: false,
            digits,
            exponent: 0,
        });
    }
    Some(Decimal {
        negative,
        digits,
        exponent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbers_only_where_nothing_is_lost() {
        let read = |text: &str| read_number(text).map(|number| number.to_string());
        for (text, number) in [
            ("42", "42"),
            ("-0", "0"),
            ("42.0", "42"),
            ("1e3", "1000"),
            ("1.50", "1.5"),
            ("0.1", "0.1"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9007199254740993.0", "9007199254740993"),
            ("1e-2", "0.01"),
        ] {
            assert_eq!(read(text).as_deref(), Some(number), "{text}");
        }
        for text in [
            "",
            " 1",
            "1 ",
            "+1",
            "007",
            "1.",
            ".5",
            "1e",
            "0x10",
            "NaN",
            "inf",
            "1e999",
            "18446744073709551617",
            "0.12345678901234567890123",
            "1,5",
            "1e99999999999999999999",
            "٣",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn integers_out_of_doubles_are_exact() {
        let of = |double: f64| as_integer(Number::Double(double)).map(|number| number.to_string());
        assert_eq!(of(13.0).as_deref(), Some("13"));
        assert_eq!(of(42.5), None);
        assert_eq!(of(1.0e19).as_deref(), Some("10000000000000000000"));
        assert_eq!(of(1.0e30), None);
    }
}
