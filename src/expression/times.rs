//! Durations and starting points as pipelines write them.

use jiff::tz::TimeZone;

use super::conversion::read_time_text;

/// Where the first run of a source starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since {
    /// So many milliseconds before the run begins.
    Ago(i64),
    /// At this time, in epoch milliseconds.
    At(i64),
}

impl Since {
    /// Reads `30 days ago`, a date (midnight in the pipeline's zone) or an RFC 3339 time.
    #[must_use]
    pub fn parse(text: &str, zone: &TimeZone) -> Option<Self> {
        let text = text.trim();
        if let Some(duration) = text.strip_suffix("ago") {
            return parse_duration(duration).map(Self::Ago);
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        read_time_text(text, zone).map(|time| Self::At(time.as_millisecond()))
    }

    /// The time in epoch milliseconds for a run that begins at `now`.
    #[must_use]
    pub const fn resolve(self, now: i64) -> i64 {
        match self {
            Self::Ago(ago) => now.saturating_sub(ago),
            Self::At(time) => time,
        }
    }
}

/// Reads `20 seconds`, `5 minutes`, `2 hours`, `7 days` or `2 weeks` as milliseconds.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    let mut words = text.split_whitespace();
    let (number, unit, None) = (words.next()?, words.next()?, words.next()) else {
        return None;
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = number.parse().ok()?;
    let milliseconds = match unit {
        "second" | "seconds" => 1_000,
        "minute" | "minutes" => 60_000,
        "hour" | "hours" => 3_600_000,
        "day" | "days" => 86_400_000,
        "week" | "weeks" => 604_800_000,
        _ => return None,
    };
    number.checked_mul(milliseconds)
}

/// Reads `20%` as 0.2; none beyond 0 to 100.
#[must_use]
pub fn parse_share(text: &str) -> Option<f64> {
    let number: f64 = text.trim().strip_suffix('%')?.trim_end().parse().ok()?;
    (0.0..=100.0).contains(&number).then_some(number / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_pipelines_write() {
        let utc = TimeZone::UTC;
        assert_eq!(
            Since::parse("30 days ago", &utc),
            Some(Since::Ago(30 * 86_400_000))
        );
        assert_eq!(
            Since::parse("1970-01-02", &utc),
            Some(Since::At(86_400_000))
        );
        assert_eq!(
            Since::parse("1970-01-01T00:00:01Z", &utc),
            Some(Since::At(1_000))
        );
        for wrong in [
            "yesterday",
            "30 days",
            "ago",
            "-3 days ago",
            "2026",
            "3 fortnights ago",
        ] {
            assert_eq!(Since::parse(wrong, &utc), None, "{wrong}");
        }
        assert_eq!(parse_duration("7 days"), Some(7 * 86_400_000));
        assert_eq!(parse_duration("999999999999999999 days"), None);
        assert_eq!(parse_share("20%"), Some(0.2));
        assert_eq!(parse_share("120%"), None);
    }
}
