//! Times as the services write them, and as the language writes them.

use std::fmt::Write as _;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, civil};

use super::convert::Unconvertible;
use crate::record::Value;

/// What a time may be, for messages.
const FORMS: &str = "an RFC 3339 time, a date as `2026-11-24`, or epoch milliseconds";

/// Reads RFC 3339, Jira's `2026-11-24T10:15:30.123+0000`, a date alone (midnight in the zone), or
/// a number (epoch milliseconds).
///
/// # Errors
/// Where it is none of these, or outside the years 0000 to 9999.
pub fn read_time(value: &Value, zone: &TimeZone) -> Result<Timestamp, Unconvertible> {
    match value {
        Value::String(text) => read_time_text(text, zone)
            .ok_or_else(|| Unconvertible::new("this text is not a time", FORMS)),
        Value::Number(number) => number
            .as_i64()
            .ok_or_else(|| {
                Unconvertible::new(
                    "a number with a fraction, or too large, is not a time",
                    "whole epoch milliseconds",
                )
            })
            .and_then(|milliseconds| {
                Timestamp::from_millisecond(milliseconds)
                    .ok()
                    .filter(|time| in_range(*time))
                    .ok_or_else(|| {
                        Unconvertible::new(
                            "this number of milliseconds lies outside the years 0000 to 9999",
                            "epoch milliseconds",
                        )
                    })
            }),
        other => Err(Unconvertible::new(
            format!("{} is not a time", other.kind()),
            FORMS,
        )),
    }
}

/// Reads the text of a time as [`read_time`] does; none where it is not one.
#[must_use]
pub fn read_time_text(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let mut rest = Digits(text.as_bytes());
    let year = i16::try_from(rest.number(4)?).ok()?;
    rest.byte(b"-")?;
    let month = i8::try_from(rest.number(2)?).ok()?;
    rest.byte(b"-")?;
    let day = i8::try_from(rest.number(2)?).ok()?;
    let date = civil::Date::new(year, month, day).ok()?;
    if rest.0.is_empty() {
        return date
            .to_zoned(zone.clone())
            .ok()
            .map(|midnight| midnight.timestamp())
            .filter(|time| in_range(*time));
    }
    rest.byte(b"Tt ")?;
    let hour = i8::try_from(rest.number(2)?).ok()?;
    rest.byte(b":")?;
    let minute = i8::try_from(rest.number(2)?).ok()?;
    rest.byte(b":")?;
    let second = i8::try_from(rest.number(2)?).ok()?;
    let nanosecond = match rest.byte(b".") {
        Some(_) => rest.fraction()?,
        None => 0,
    };
    // A leap second is read as the second before it: no clock here counts it.
    let second = if second == 60 { 59 } else { second };
    let time = civil::Time::new(hour, minute, second, nanosecond).ok()?;
    let offset = match rest.byte(b"Zz+-")? {
        sign @ (b'+' | b'-') => {
            let hours = i32::try_from(rest.number(2)?).ok()?;
            rest.byte(b":");
            let minutes = i32::try_from(rest.number(2)?).ok()?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = (hours * 60 + minutes) * 60;
            Offset::from_seconds(if sign == b'-' { -seconds } else { seconds }).ok()?
        }
        _ => Offset::UTC,
    };
    if !rest.0.is_empty() {
        return None;
    }
    offset
        .to_timestamp(date.to_datetime(time))
        .ok()
        .filter(|time| in_range(*time))
}

/// `YYYY-MM-DD` in the zone.
#[must_use]
pub fn write_date(time: Timestamp, zone: &TimeZone) -> String {
    let date = zone.to_datetime(time).date();
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// `YYYY-MM-DDTHH:MM:SS.sssZ`.
#[must_use]
pub fn write_datetime(time: Timestamp) -> String {
    let at = Offset::UTC.to_datetime(time);
    let mut text = String::with_capacity(24);
    // Writing to a string cannot fail.
    write!(
        text,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
    .unwrap_or_default();
    text
}

/// Only years of four digits can be written.
fn in_range(time: Timestamp) -> bool {
    (0..=9999).contains(&Offset::UTC.to_datetime(time).year())
}

struct Digits<'t>(&'t [u8]);

impl Digits<'_> {
    /// One of these bytes.
    fn byte(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        allowed.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// A number of exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let (head, rest) = self.0.split_at_checked(digits)?;
        let number = head.iter().try_fold(0, |number, byte| {
            byte.is_ascii_digit()
                .then(|| number * 10 + u32::from(byte - b'0'))
        })?;
        self.0 = rest;
        Some(number)
    }

    /// Digits after the point, as nanoseconds; finer ones are passed over.
    fn fraction(&mut self) -> Option<i32> {
        let count = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (digits, rest) = self.0.split_at_checked(count).filter(|_| count > 0)?;
        self.0 = rest;
        let padded = digits.iter().copied().chain(std::iter::repeat(b'0'));
        Some(
            padded
                .take(9)
                .fold(0, |all, digit| all * 10 + i32::from(digit - b'0')),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        read_time_text(text, &TimeZone::UTC).map(write_datetime)
    }

    #[test]
    fn reads_what_the_services_write() {
        let expected = Some("2026-11-24T10:15:30.123Z".to_owned());
        assert_eq!(read("2026-11-24T10:15:30.123+0000"), expected);
        assert_eq!(read("2026-11-24T10:15:30.123Z"), expected);
        assert_eq!(read("2026-11-24t10:15:30.1239z"), expected);
        assert_eq!(read("2026-11-24 12:15:30.123+02:00"), expected);
        assert_eq!(read("2026-11-24T05:15:30.123-0500"), expected);
        assert_eq!(
            read("2026-11-24").as_deref(),
            Some("2026-11-24T00:00:00.000Z")
        );
        assert_eq!(
            read("2016-12-31T23:59:60Z").as_deref(),
            Some("2016-12-31T23:59:59.000Z")
        );
    }

    #[test]
    fn refuses_what_is_not_exactly_a_time() {
        for text in [
            "24/11/2026",
            "20261124",
            "2026-11-24T10:15:30",
            "2026-11-24T10:15Z",
            "2026-02-30",
            "2026-13-01",
            "2026-11-24T24:00:00Z",
            "2026-11-24T10:15:30.Z",
            "2026-11-24T10:15:30Z ",
            "2026-11-24T10:15:30+24:00",
            "",
            "1700000000000",
            "é026-11-24",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_alone_is_midnight_in_the_zone_and_is_written_back_as_itself() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let time = read_time_text("2026-11-24", &zone).unwrap();
        assert_eq!(write_datetime(time), "2026-11-23T22:00:00.000Z");
        assert_eq!(write_date(time, &zone), "2026-11-24");
        assert_eq!(write_date(time, &TimeZone::UTC), "2026-11-23");
    }

    #[test]
    fn numbers_are_epoch_milliseconds() {
        let read = |value: Value| read_time(&value, &TimeZone::UTC).map(write_datetime);
        assert_eq!(
            read(Value::from(1_700_000_000_123_i64)).unwrap(),
            "2023-11-14T22:13:20.123Z"
        );
        assert!(read(Value::from_json("1.5").unwrap()).is_err());
        assert!(read(Value::from(i64::MAX)).is_err());
        assert!(read(Value::from(i64::MIN)).is_err());
        assert!(read(Value::from(true)).is_err());
        assert_eq!(
            read(Value::from_json("-1").unwrap()).unwrap(),
            "1969-12-31T23:59:59.999Z"
        );
    }
}
