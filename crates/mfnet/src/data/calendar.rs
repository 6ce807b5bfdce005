//! Days and times since 1970, as text.

use std::fmt::Write;

const SECONDS_OF_A_DAY: i64 = 86_400;

/// 2024-02-29: the day that comes so many days after 1970-01-01.
///
/// Source: Hinnant, *chrono-compatible low-level date algorithms*. Years begin in March, so that the day that some have is their last one.
pub(super) fn date(days: i64) -> String {
    // eras of 400 years, the first of them begins in the year 0
    let days = i128::from(days) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i128::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The day that comes so many months after January 1970, its first.
#[cfg(feature = "numpy")]
pub(super) fn month(months: i64) -> String {
    let (year, month) = (i128::from(months).div_euclid(12) + 1970, months.rem_euclid(12) + 1);
    format!("{year:04}-{month:02}-01")
}

/// 13:45:00 or 13:45:00.250, the time of a day after so many ticks; there are 1, 10³, 10⁶ or 10⁹ in a second.
pub(super) fn time(ticks: i64, per_second: i64) -> String {
    let (seconds, fraction) = (ticks.div_euclid(per_second), ticks.rem_euclid(per_second));
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction != 0 {
        let nanoseconds = fraction * (1_000_000_000 / per_second);
        // milliseconds, microseconds or nanoseconds
        let digits = if nanoseconds % 1_000_000 == 0 {
            3
        } else if nanoseconds % 1000 == 0 {
            6
        } else {
            9
        };
        let _ = write!(text, ".{:0digits$}", nanoseconds / 10_i64.pow(9 - digits as u32));
    }
    text
}

/// 2024-02-29T13:45:00, so many ticks after the beginning of 1970.
pub(super) fn timestamp(ticks: i64, per_second: i64) -> String {
    let of_a_day = SECONDS_OF_A_DAY * per_second;
    format!("{}T{}", date(ticks.div_euclid(of_a_day)), time(ticks.rem_euclid(of_a_day), per_second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_are_known() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (59, "1970-03-01"),
            (19_782, "2024-02-29"),
            (-25_509, "1900-02-28"),
            (-25_508, "1900-03-01"),
            (11_016, "2000-02-29"),
            (-719_528, "0000-01-01"),
            (2_932_896, "9999-12-31"),
        ] {
            assert_eq!(date(days), text);
        }
    }

    #[test]
    fn times_show_as_much_as_they_have() {
        assert_eq!(timestamp(1_709_214_300, 1), "2024-02-29T13:45:00");
        assert_eq!(timestamp(1_709_214_300_250, 1000), "2024-02-29T13:45:00.250");
        assert_eq!(timestamp(-1, 1_000_000), "1969-12-31T23:59:59.999999");
        assert_eq!(timestamp(1, 1_000_000_000), "1970-01-01T00:00:00.000000001");
        assert_eq!(time(86_399_000_000, 1_000_000), "23:59:59");
        for ticks in [i64::MIN, i64::MAX] {
            for per_second in [1, 1000, 1_000_000, 1_000_000_000] {
                assert!(timestamp(ticks, per_second).contains('T'));
            }
        }
    }
}
