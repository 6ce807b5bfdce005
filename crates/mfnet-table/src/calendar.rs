//! Days and times since 1970, and their text in the form of ISO 8601.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

const SECONDS_OF_A_DAY: i64 = 86_400;
const NANOSECONDS: i64 = 1_000_000_000;

/// Days since the beginning of 1970 of a date as ISO 8601 has it, alone or with a time of day.
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

/// The date of a number of days, with the time of day unless it is midnight.
pub(crate) fn date_text(days: f64) -> String {
    let seconds = (days * SECONDS_OF_A_DAY as f64).round() as i64;
    match Timestamp::from_second(seconds) {
        Ok(time) if seconds.rem_euclid(SECONDS_OF_A_DAY) == 0 => time.strftime("%Y-%m-%d").to_string(),
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        Err(_) => days.to_string(),
    }
}

/// The day that comes so many days after 1970-01-01.
pub(crate) fn date(days: i64) -> String {
    let day = days.checked_mul(SECONDS_OF_A_DAY).and_then(|seconds| Timestamp::from_second(seconds).ok());
    day.map_or_else(|| days.to_string(), |day| day.strftime("%Y-%m-%d").to_string())
}

/// The first day of the month that comes so many months after January 1970.
pub(crate) fn month(months: i64) -> String {
    let year = i16::try_from(months.div_euclid(12).saturating_add(1970));
    let day = year.ok().and_then(|year| Date::new(year, months.rem_euclid(12) as i8 + 1, 1).ok());
    day.map_or_else(|| months.to_string(), |day| day.to_string())
}

/// The time of day after so many ticks, of which a second has 1, 10³, 10⁶ or 10⁹: 13:45:00, or 13:45:00.25.
pub(crate) fn time(ticks: i64, per_second: i64) -> String {
    moment(ticks.into(), per_second, "%H:%M:%S%.f")
}

/// The moment so many ticks after the beginning of 1970; see [`time`].
pub(crate) fn timestamp(ticks: i128, per_second: i64) -> String {
    moment(ticks, per_second, "%Y-%m-%dT%H:%M:%S%.f")
}

/// Before the year −9999 or after 9999 the number of ticks.
fn moment(ticks: i128, per_second: i64, form: &str) -> String {
    match Timestamp::from_nanosecond(ticks.saturating_mul((NANOSECONDS / per_second).into())) {
        Ok(moment) => moment.strftime(form).to_string(),
        Err(_) => ticks.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_that_are_known() {
        for (days, text) in [(0, "1970-01-01"), (-1, "1969-12-31"), (19_782, "2024-02-29"), (-25_508, "1900-03-01")] {
            assert_eq!(date(days), text);
        }
        assert_eq!(timestamp(1_709_214_300, 1), "2024-02-29T13:45:00");
        assert_eq!(timestamp(1_709_214_300_250, 1000), "2024-02-29T13:45:00.25");
        assert_eq!(timestamp(-1, 1_000_000), "1969-12-31T23:59:59.999999");
    }

    #[test]
    fn what_no_calendar_has_stays_a_number() {
        assert_eq!(date(i64::MIN), "-9223372036854775808");
        assert_eq!(timestamp(i128::MAX, 1), i128::MAX.to_string());
        assert_eq!((month(-1), month(i64::MAX)), ("1969-12-01".to_owned(), "9223372036854775807".to_owned()));
        assert_eq!(time(i64::MIN, 1), "-9223372036854775808");
    }
}
