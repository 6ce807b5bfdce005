//! Days and times since 1970, and their text in the form of ISO 8601.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

const SECONDS_OF_A_DAY: i64 = 86_400;
const NANOSECONDS: i64 = 1_000_000_000;

/// Parses a date of ISO 8601, with or without a time of day, as days since the beginning of 1970.
pub(crate) fn days(text: &str) -> Option<f64> {
    let digits = |range: std::ops::Range<usize>| {
        text.as_bytes().get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    if !(digits(0..4) && digits(5..7) && digits(8..10)) || text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let seconds = match text.parse::<Timestamp>() {
        Ok(time) => time.as_duration().as_secs_f64(),
        Err(_) => {
            text.parse::<DateTime>().ok()?.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_secs_f64()
        }
    };
    Some(seconds / SECONDS_OF_A_DAY as f64)
}

/// Writes a number of days as a date, with the time of day unless it is midnight.
pub(crate) fn date_text(days: f64) -> String {
    let seconds = (days * SECONDS_OF_A_DAY as f64).round() as i64;
    match Timestamp::from_second(seconds) {
        Ok(time) if seconds.rem_euclid(SECONDS_OF_A_DAY) == 0 => time.strftime("%Y-%m-%d").to_string(),
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        Err(_) => days.to_string(),
    }
}

/// The unit of a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    Month,
    Day,
    /// Ticks since the beginning of 1970. A second has this many ticks: 1, 10³, 10⁶ or 10⁹.
    Tick(i64),
    /// Ticks since midnight.
    TickOfDay(i64),
}

/// Writes the moment this many units after the beginning of 1970 as text: 1970-01-01,
/// 1970-01-01T13:45:00.25, or 13:45:00.25. Before the year −9999 and after 9999 it writes the
/// number.
pub(crate) fn moment(count: i128, unit: Unit) -> String {
    let (nanoseconds, form) = match unit {
        Unit::Month => return month(count).map_or_else(|| count.to_string(), |day| day.to_string()),
        Unit::Day => (SECONDS_OF_A_DAY * NANOSECONDS, "%Y-%m-%d"),
        Unit::Tick(per_second) => (NANOSECONDS / per_second, "%Y-%m-%dT%H:%M:%S%.f"),
        Unit::TickOfDay(per_second) => (NANOSECONDS / per_second, "%H:%M:%S%.f"),
    };
    let moment = Timestamp::from_nanosecond(count.saturating_mul(nanoseconds.into()));
    moment.map_or_else(|_| count.to_string(), |moment| moment.strftime(form).to_string())
}

/// The first day of the month that is this many months after January 1970.
fn month(count: i128) -> Option<Date> {
    let year = i16::try_from(count.div_euclid(12).saturating_add(1970)).ok()?;
    Date::new(year, count.rem_euclid(12) as i8 + 1, 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_that_are_known() {
        for (days, text) in [(0, "1970-01-01"), (-1, "1969-12-31"), (19_782, "2024-02-29"), (-25_508, "1900-03-01")] {
            assert_eq!(moment(days, Unit::Day), text);
        }
        assert_eq!(moment(1_709_214_300, Unit::Tick(1)), "2024-02-29T13:45:00");
        assert_eq!(moment(1_709_214_300_250, Unit::Tick(1000)), "2024-02-29T13:45:00.25");
        assert_eq!(moment(-1, Unit::Tick(1_000_000)), "1969-12-31T23:59:59.999999");
    }

    #[test]
    fn what_no_calendar_has_stays_a_number() {
        assert_eq!(moment(i64::MIN.into(), Unit::Day), "-9223372036854775808");
        assert_eq!(moment(i128::MAX, Unit::Tick(1)), i128::MAX.to_string());
        assert_eq!(moment(-1, Unit::Month), "1969-12-01");
        assert_eq!(moment(i64::MAX.into(), Unit::Month), "9223372036854775807");
        assert_eq!(moment(i64::MIN.into(), Unit::TickOfDay(1)), "-9223372036854775808");
    }
}
