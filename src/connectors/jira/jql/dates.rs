//! Times as JQL writes them: dates in the account's zone, periods, calls of the calendar.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan as _, Zoned};

use super::tree::Function;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A time that stands for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// A day, or a minute of a day, by the clocks of the account's zone.
    Civil(DateTime, i64),
    /// Milliseconds since 1970.
    Epoch(i64),
    /// So many milliseconds from now.
    Period(i64),
}

impl Literal {
    /// Reads `2026-11-24`, `2026/11/24 10:15`, `-1w 2d`, and digits outside quotes.
    pub(super) fn read(text: &str, quoted: bool) -> Option<Self> {
        let text = text.trim();
        if !quoted && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().map(Self::Epoch);
        }
        civil(text).or_else(|| period(text).map(Self::Period))
    }
}

fn civil(text: &str) -> Option<Literal> {
    let (date, time) = match text.split_once(' ') {
        Some((date, time)) => (date, Some(time.trim())),
        None => (text, None),
    };
    let separator = if date.contains('/') { '/' } else { '-' };
    let mut parts = date.split(separator);
    let mut number = |longest: usize| {
        let part = parts.next()?;
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        (digits && !part.is_empty() && part.len() <= longest).then_some(part)
    };
    let year = number(4).filter(|year| year.len() == 4)?.parse().ok()?;
    let month = number(2)?.parse().ok()?;
    let day = number(2)?.parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    let date = Date::new(year, month, day).ok()?;
    let Some(time) = time else {
        return Some(Literal::Civil(date.to_datetime(Time::midnight()), DAY));
    };
    let (hour, minute) = time.split_once(':')?;
    let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?;
    Some(Literal::Civil(date.to_datetime(time), MINUTE))
}

/// A period in milliseconds; its sign holds for all of it.
fn period(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total = 0_i64;
    let mut digits = String::new();
    let mut any = false;
    for one in rest.chars() {
        let unit = match one {
            '0'..='9' => {
                digits.push(one);
                continue;
            }
            ' ' if digits.is_empty() => continue,
            'm' => MINUTE,
            'h' => 60 * MINUTE,
            'd' => DAY,
            'w' => 7 * DAY,
            _ => return None,
        };
        let count: i64 = digits.parse().ok()?;
        total = total.checked_add(count.checked_mul(unit)?)?;
        digits.clear();
        any = true;
    }
    (any && digits.is_empty()).then_some(sign * total)
}

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// A time that a query compares with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Literal(Literal),
    Now,
    /// The start or end of a unit, so many units or so much time away.
    Calendar {
        end: bool,
        unit: Unit,
        units: i64,
        further: Span,
    },
}

/// A moment and for how many milliseconds from it on `=` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    pub(super) at: Timestamp,
    pub(super) width: i64,
}

impl Moment {
    /// `now()`, `startOfDay(-1)`, `endOfMonth("+15d")`; nothing for other calls.
    pub(super) fn of_call(function: &Function) -> Option<Self> {
        let name = function.name.value.to_ascii_lowercase();
        let arguments = function.arguments.as_slice();
        if name == "now" {
            return arguments.is_empty().then_some(Self::Now);
        }
        let (end, unit) = match name.strip_prefix("startof") {
            Some(unit) => (false, unit),
            None => (true, name.strip_prefix("endof")?),
        };
        let unit = match unit {
            "day" => Unit::Day,
            "week" => Unit::Week,
            "month" => Unit::Month,
            "year" => Unit::Year,
            _ => return None,
        };
        let (units, further) = match arguments {
            [] => (0, Span::new()),
            [offset] => offset_of(&offset.value, unit)?,
            _ => return None,
        };
        Some(Self::Calendar {
            end,
            unit,
            units,
            further,
        })
    }

    /// When it is; nothing where that is beyond the calendar.
    pub(super) fn at(&self, now: Timestamp, zone: &TimeZone) -> Option<Instant> {
        let (at, width) = match *self {
            Self::Literal(Literal::Civil(civil, width)) => {
                (civil.to_zoned(zone.clone()).ok()?.timestamp(), width)
            }
            Self::Literal(Literal::Epoch(ms)) => (Timestamp::from_millisecond(ms).ok()?, 1),
            Self::Literal(Literal::Period(ms)) => {
                let by = SignedDuration::from_millis(ms);
                (now.checked_add(by).ok()?, MINUTE)
            }
            Self::Now => (now, MINUTE),
            Self::Calendar {
                end,
                unit,
                units,
                further,
            } => {
                let here = now.to_zoned(zone.clone());
                let start = start_of(&here, unit)?;
                let start = start.checked_add(unit.span(units)).ok()?;
                let edge = if end {
                    let next = start.checked_add(unit.span(1)).ok()?;
                    next.checked_sub(1.millisecond()).ok()?
                } else {
                    start
                };
                (edge.checked_add(further).ok()?.timestamp(), MINUTE)
            }
        };
        Some(Instant { at, width })
    }
}

impl Unit {
    fn span(self, count: i64) -> Span {
        match self {
            Self::Day => count.days(),
            Self::Week => count.weeks(),
            Self::Month => count.months(),
            Self::Year => count.years(),
        }
    }
}

/// The start of the unit that a time is in; weeks start on Sunday, as Jira's do.
fn start_of(at: &Zoned, unit: Unit) -> Option<Zoned> {
    let date = at.date();
    let date = match unit {
        Unit::Day => date,
        Unit::Week => {
            let back = i64::from(date.weekday().since(Weekday::Sunday));
            date.checked_sub(back.days()).ok()?
        }
        Unit::Month => date.first_of_month(),
        Unit::Year => date.first_of_year(),
    };
    date.to_zoned(at.time_zone().clone()).ok()
}

/// `-1`, `+2d`, `1M`: units of the call's own, or a further span.
fn offset_of(text: &str, unit: Unit) -> Option<(i64, Span)> {
    let text = text.trim();
    let suffix = text.chars().next_back().filter(char::is_ascii_alphabetic);
    let number = match suffix {
        Some(suffix) => text.strip_suffix(suffix)?,
        None => text,
    };
    let count: i64 = number
        .parse()
        .ok()
        .filter(|count: &i64| count.unsigned_abs() < 10_000)?;
    let own = match unit {
        Unit::Day => 'd',
        Unit::Week => 'w',
        Unit::Month => 'M',
        Unit::Year => 'y',
    };
    let further = match suffix {
        None => return Some((count, Span::new())),
        Some(suffix) if suffix == own => return Some((count, Span::new())),
        Some('m') => count.minutes(),
        Some('h') => count.hours(),
        Some('d') => count.days(),
        Some('w') => count.weeks(),
        Some('M') => count.months(),
        Some('y') => count.years(),
        Some(_) => return None,
    };
    Some((0, further))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::jira::jql::tree::Ranged;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn zone() -> TimeZone {
        TimeZone::get("America/Los_Angeles").unwrap()
    }

    fn literal(text: &str) -> Option<Timestamp> {
        let literal = Literal::read(text, true)?;
        let instant = Moment::Literal(literal).at(time("2026-11-24T10:00:00Z"), &zone())?;
        Some(instant.at)
    }

    fn call(name: &str, arguments: &[&str]) -> Option<Timestamp> {
        let ranged = |text: &str| Ranged {
            value: text.to_owned(),
            range: 0..0,
        };
        let function = Function {
            name: ranged(name),
            arguments: arguments.iter().map(|text| ranged(text)).collect(),
        };
        let moment = Moment::of_call(&function)?;
        Some(moment.at(time("2026-11-24T10:00:00Z"), &zone())?.at)
    }

    #[test]
    fn dates_are_read_by_the_clocks_of_the_account() {
        assert_eq!(
            literal("2026-11-24 02:15"),
            Some(time("2026-11-24T10:15:00Z"))
        );
        assert_eq!(literal("2026/7/1"), Some(time("2026-07-01T07:00:00Z")));
        for no in [
            "24/11/2026",
            "2026-11-24T10:15:00Z",
            "2026-13-01",
            "today",
            "",
            "-",
            "1732877091000",
        ] {
            assert_eq!(literal(no), None, "{no}");
        }
        assert_eq!(
            Literal::read("1732877091000", false),
            Some(Literal::Epoch(1_732_877_091_000))
        );
    }

    #[test]
    fn periods_count_from_now() {
        assert_eq!(literal("-17m"), Some(time("2026-11-24T09:43:00Z")));
        assert_eq!(literal("-1w 2d"), Some(time("2026-11-15T10:00:00Z")));
        assert_eq!(literal("4h"), Some(time("2026-11-24T14:00:00Z")));
        for no in ["-7", "7x", "-1w -2d", "d", "99999999999999999d"] {
            assert_eq!(literal(no), None, "{no}");
        }
    }

    #[test]
    fn calls_follow_the_calendar() {
        assert_eq!(call("startOfDay", &[]), Some(time("2026-11-24T08:00:00Z")));
        assert_eq!(call("STARTOFWEEK", &[]), Some(time("2026-11-22T08:00:00Z")));
        assert_eq!(
            call("startOfMonth", &["-1"]),
            Some(time("2026-10-01T07:00:00Z"))
        );
        assert_eq!(
            call("startOfMonth", &["+14d"]),
            Some(time("2026-11-15T08:00:00Z"))
        );
        assert_eq!(
            call("endOfMonth", &["-1"]),
            Some(time("2026-11-01T06:59:59.999Z"))
        );
        assert_eq!(
            call("endOfDay", &["-1d"]),
            Some(time("2026-11-24T07:59:59.999Z"))
        );
        assert_eq!(
            call("endOfYear", &[]),
            Some(time("2027-01-01T07:59:59.999Z"))
        );
        assert_eq!(call("now", &[]), Some(time("2026-11-24T10:00:00Z")));
        for (name, arguments) in [
            ("membersOf", &["x"][..]),
            ("now", &["1"]),
            ("startOfDay", &["x"]),
        ] {
            assert_eq!(call(name, arguments), None, "{name}");
        }
    }
}
