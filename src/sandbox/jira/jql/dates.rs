//! Dates as JQL writes them, read in the caller's zone.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _, Zoned};

use crate::sandbox::clock::timestamp;

/// A moment, and how many milliseconds it stands for when compared by `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: i64,
    pub(super) width: i64,
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// Reads a literal: a date, a date with minutes, a period such as `-17m` or `4w 2d`, or, where it
/// stands unquoted, epoch milliseconds.
pub(super) fn literal(text: &str, quoted: bool, zone: &TimeZone, now: i64) -> Option<Moment> {
    let text = text.trim();
    if !quoted && text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(|at| Moment { at, width: 1 });
    }
    if let Some(moment) = civil(text, zone) {
        return Some(moment);
    }
    period(text).map(|by| Moment {
        at: now.saturating_add(by),
        width: MINUTE,
    })
}

/// `yyyy/MM/dd HH:mm`, `yyyy-MM-dd HH:mm`, and both without the time.
fn civil(text: &str, zone: &TimeZone) -> Option<Moment> {
    let (date, time) = match text.split_once(' ') {
        Some((date, time)) => (date, Some(time.trim())),
        None => (text, None),
    };
    let separator = if date.contains('/') { '/' } else { '-' };
    let mut parts = date.split(separator);
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    let date = Date::new(year, month, day).ok()?;
    let (time, width) = match time {
        None => (Time::midnight(), DAY),
        Some(time) => {
            let (hour, minute) = time.split_once(':')?;
            (
                Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?,
                MINUTE,
            )
        }
    };
    let zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
    Some(Moment {
        at: zoned.timestamp().as_millisecond(),
        width,
    })
}

/// A period in milliseconds: `-1w 2d 3h 4m`; the sign holds for all of it.
fn period(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total = 0i64;
    let mut any = false;
    for part in rest.split_whitespace() {
        let unit = part.chars().next_back()?;
        let number: i64 = part.strip_suffix(unit)?.parse().ok()?;
        let length = match unit {
            'm' => MINUTE,
            'h' => 60 * MINUTE,
            'd' => DAY,
            'w' => 7 * DAY,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(length)?)?;
        any = true;
    }
    (any && !rest.contains(['-', '+'])).then_some(sign * total)
}

/// `now()`, `startOfDay(-1)`, `endOfMonth("+1M")` and the like; nothing for other functions.
pub(super) fn function(
    name: &str,
    arguments: &[String],
    zone: &TimeZone,
    now: i64,
) -> Option<Moment> {
    let name = name.to_ascii_lowercase();
    if name == "now" {
        return arguments.is_empty().then_some(Moment {
            at: now,
            width: MINUTE,
        });
    }
    let (end, unit) = match name.strip_prefix("startof") {
        Some(unit) => (false, unit),
        None => (true, name.strip_prefix("endof")?),
    };
    let here = timestamp(now).to_zoned(zone.clone());
    let start = start_of(&here, unit)?;
    let shifted = match arguments {
        [] => start,
        [offset] => start.checked_add(shift(offset, unit)?).ok()?,
        _ => return None,
    };
    let shifted = start_of(&shifted, unit)
        .filter(|_| arguments.is_empty())
        .unwrap_or(shifted);
    let at = if end {
        let next = shifted.checked_add(one(unit)?).ok()?;
        next.timestamp().as_millisecond() - 1
    } else {
        shifted.timestamp().as_millisecond()
    };
    Some(Moment { at, width: MINUTE })
}

fn one(unit: &str) -> Option<Span> {
    Some(match unit {
        "day" => 1.day(),
        "week" => 1.week(),
        "month" => 1.month(),
        "year" => 1.year(),
        _ => return None,
    })
}

fn start_of(at: &Zoned, unit: &str) -> Option<Zoned> {
    let date = at.date();
    let date = match unit {
        "day" => date,
        // The site's weeks start on Sunday, as Jira's do by default.
        "week" => {
            let back = date.weekday().since(Weekday::Sunday);
            date.checked_sub(i64::from(back).days()).ok()?
        }
        "month" => date.first_of_month(),
        "year" => date.first_of_year(),
        _ => return None,
    };
    date.to_zoned(at.time_zone().clone()).ok()
}

/// An offset such as `-1`, `+2d` or `1M`; without a unit it is the function's own.
fn shift(text: &str, unit: &str) -> Option<Span> {
    let (number, suffix) = match text.chars().next_back()? {
        c if c.is_ascii_alphabetic() => (text.strip_suffix(c)?, Some(c)),
        _ => (text, None),
    };
    let number: i64 = number
        .parse()
        .ok()
        .filter(|number: &i64| number.abs() < 10_000)?;
    Some(match suffix {
        None => match unit {
            "day" => number.days(),
            "week" => number.weeks(),
            "month" => number.months(),
            _ => number.years(),
        },
        Some('m') => number.minutes(),
        Some('h') => number.hours(),
        Some('d') => number.days(),
        Some('w') => number.weeks(),
        Some('M') => number.months(),
        Some('y') => number.years(),
        Some(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    fn zone() -> TimeZone {
        TimeZone::get("America/Los_Angeles").unwrap()
    }

    #[test]
    fn literals_are_read_in_the_callers_zone() {
        let read = |text| literal(text, true, &zone(), at("2026-11-24T10:00:00Z")).map(|m| m.at);
        assert_eq!(read("2026-11-24 02:15"), Some(at("2026-11-24T10:15:00Z")));
        assert_eq!(read("2026/07/01"), Some(at("2026-07-01T07:00:00Z")));
        assert_eq!(read("-17m"), Some(at("2026-11-24T09:43:00Z")));
        assert_eq!(read("-1w 2d"), Some(at("2026-11-15T10:00:00Z")));
        assert_eq!(read("24/11/2026"), None);
        assert_eq!(read("2026-11-24T10:15:00Z"), None);
        assert_eq!(
            read("1732877091000"),
            None,
            "epoch milliseconds count unquoted only"
        );
    }

    #[test]
    fn unquoted_digits_are_epoch_milliseconds() {
        assert_eq!(
            literal("1732877091000", false, &zone(), 0).map(|m| m.at),
            Some(1_732_877_091_000)
        );
    }

    #[test]
    fn functions_follow_the_calendar() {
        let call = |name, arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(|&text| text.to_owned()).collect();
            function(name, &arguments, &zone(), at("2026-11-24T10:00:00Z")).map(|m| m.at)
        };
        assert_eq!(call("startOfDay", &[]), Some(at("2026-11-24T08:00:00Z")));
        assert_eq!(call("startOfWeek", &[]), Some(at("2026-11-22T08:00:00Z")));
        assert_eq!(
            call("startOfMonth", &["-1"]),
            Some(at("2026-10-01T07:00:00Z"))
        );
        assert_eq!(
            call("endOfDay", &["-1"]),
            Some(at("2026-11-24T08:00:00Z") - 1)
        );
        assert_eq!(call("membersOf", &["x"]), None);
    }
}
