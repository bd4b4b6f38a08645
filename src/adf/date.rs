//! The day of a date node: UTC, of no locale.

use super::document::number;

const MILLISECONDS_OF_A_DAY: f64 = 86_400_000.0;

/// `YYYY-MM-DD`, or the value as it was where it is no time in the years 1 to 9999. Small values
/// are seconds: the format's own documentation writes them so.
pub(super) fn shown(timestamp: &str) -> String {
    match number(timestamp).and_then(day) {
        Some((year, month, day)) => format!("{year:04}-{month:02}-{day:02}"),
        None => timestamp.to_owned(),
    }
}

fn day(value: f64) -> Option<(i64, i64, i64)> {
    let milliseconds = if value.abs() < 1e11 {
        value * 1000.0
    } else {
        value
    };
    let days = (milliseconds / MILLISECONDS_OF_A_DAY).floor();
    // 0001-01-01 to 9999-12-31.
    if !(-719_162.0..=2_932_896.0).contains(&days) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked above"
    )]
    let days = days as i64;
    // Days since 0000-03-01, so that the leap day ends a year; all values are positive from here.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    Some((year, month, day))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn timestamps_are_days_in_utc() {
        for (timestamp, day) in [
            ("1700000000000", "2023-11-14"),
            ("1700000000", "2023-11-14"),
            ("0", "1970-01-01"),
            ("-1", "1969-12-31"),
            ("951782400000", "2000-02-29"),
            ("1.7e12", "2023-11-14"),
            ("-62135596800000", "0001-01-01"),
            ("253402300799999", "9999-12-31"),
            ("253402300800000", "253402300800000"),
            ("tomorrow", "tomorrow"),
            ("NaN", "NaN"),
        ] {
            assert_eq!(shown(timestamp), day, "{timestamp}");
        }
    }
}
