//! Dates and times as text, and as days since the beginning of 1970.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};

const SECONDS_OF_A_DAY: i64 = 86_400;
const NANOSECONDS: i64 = 1_000_000_000;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The order of day, month and year in the dates of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// 2024-01-31 or 2024/01/31; also 31-Jan-2024 and 2024-01, which can be read in one way only.
    #[default]
    YearFirst,
    /// 31.01.2024, 31/01/2024 or 31/01/24. Years of two digits are 1969 to 2068.
    DayFirst,
    /// 01/31/2024 or 01/31/24.
    MonthFirst,
    /// 20240131.
    Compact,
}

impl DateOrder {
    /// An example of such a date.
    pub fn example(self) -> &'static str {
        match self {
            DateOrder::YearFirst => "2024-01-31",
            DateOrder::DayFirst => "31/01/2024",
            DateOrder::MonthFirst => "01/31/2024",
            DateOrder::Compact => "20240131",
        }
    }

    /// The order in words.
    pub fn words(self) -> &'static str {
        match self {
            DateOrder::YearFirst => "year-month-day",
            DateOrder::DayFirst => "day/month/year",
            DateOrder::MonthFirst => "month/day/year",
            DateOrder::Compact => "yearmonthday",
        }
    }

    /// The order in the dates of a column; `None` if the first text is no date. A date such as
    /// 01/02/2024 has two readings: if all dates of the column do, it is the `known` order, and
    /// otherwise that of the United States, or with points that of most of Europe.
    pub(crate) fn of<'a>(texts: impl Iterator<Item = &'a str>, known: Option<DateOrder>) -> Option<FoundOrder> {
        let (mut dates, mut others) = (0, 0);
        let (mut day_first, mut month_first, mut either, mut points) = (0, 0, 0, 0);
        for text in texts {
            if let Some((a, b, separator)) = two_and_year(text) {
                dates += 1;
                points += usize::from(separator == b'.');
                match (a > 12, b > 12) {
                    (true, _) => day_first += 1,
                    (_, true) => month_first += 1,
                    _ => either += 1,
                }
            } else if days(text, DateOrder::YearFirst).is_some() {
                dates += 1;
            } else {
                others += 1;
                if others > 20 && others > dates {
                    return None;
                }
            }
        }
        if dates == 0 || others > dates {
            return None;
        }
        let has_two_readings = day_first + month_first == 0 && either > 0;
        let has_points = has_two_readings && points == either;
        let order = match (day_first > 0, month_first > 0, either) {
            (false, false, 0) => DateOrder::YearFirst,
            (true, false, _) => DateOrder::DayFirst,
            (false, true, _) => DateOrder::MonthFirst,
            (true, true, _) if day_first > month_first => DateOrder::DayFirst,
            (true, true, _) => DateOrder::MonthFirst,
            (false, false, _) => match known {
                Some(known) => known,
                None if has_points => DateOrder::DayFirst,
                None => DateOrder::MonthFirst,
            },
        };
        let is_doubtful = has_two_readings && !has_points && known.is_none();
        Some(FoundOrder { order, is_doubtful, has_points })
    }
}

/// The order in the dates of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FoundOrder {
    pub(crate) order: DateOrder,
    /// Whether it is a guess.
    pub(crate) is_doubtful: bool,
    /// Whether all dates have two readings, and points between their numbers.
    pub(crate) has_points: bool,
}

/// The first two numbers of a date such as 01/31/2024 or 1/31/24, and the character between them.
fn two_and_year(text: &str) -> Option<(i8, i8, u8)> {
    let bytes = text.as_bytes();
    let first = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
    let separator = bytes[first];
    let second = first + 1 + bytes.get(first + 1..)?.iter().position(|byte| !byte.is_ascii_digit())?;
    let year = bytes.get(second + 1..)?;
    let digits = year.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !b"/.-".contains(&separator) || bytes[second] != separator || !matches!(first, 1..=2) || !matches!(digits, 2 | 4)
    {
        return None;
    }
    matches!(second - first - 1, 1..=2).then_some(())?;
    Some((text[..first].parse().ok()?, text[first + 1..second].parse().ok()?, separator))
}

/// Parses a date, with or without a time of day, as days since the beginning of 1970.
pub(crate) fn days(text: &str, order: DateOrder) -> Option<f64> {
    if let Some(days) = iso_days(text) {
        return Some(days);
    }
    let (date, rest) = date(text, order)?;
    let (time, offset) = time(rest)?;
    let moment = date.to_datetime(time);
    let seconds = moment.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_secs_f64() - offset;
    Some(seconds / SECONDS_OF_A_DAY as f64)
}

/// Whether a text is a date, with or without a time of day, in any order.
pub fn is_date(text: &str) -> bool {
    [DateOrder::DayFirst, DateOrder::MonthFirst].into_iter().any(|order| days(text, order).is_some())
}

/// Parses a date of ISO 8601.
fn iso_days(text: &str) -> Option<f64> {
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

/// The day of a number such as 20240131, as days since the beginning of 1970.
pub(crate) fn compact_days(x: f64) -> Option<f64> {
    if x.fract() != 0.0 || !(19_000_101.0..=21_001_231.0).contains(&x) {
        return None;
    }
    let x = x as i32;
    let date = Date::new((x / 10_000) as i16, (x / 100 % 100) as i8, (x % 100) as i8).ok()?;
    days_of(date)
}

fn days_of(date: Date) -> Option<f64> {
    let seconds = date.to_datetime(Time::midnight()).duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    Some(seconds.as_secs() as f64 / SECONDS_OF_A_DAY as f64)
}

/// The date at the beginning of a text, and what follows it.
fn date(text: &str, order: DateOrder) -> Option<(Date, &str)> {
    let (first, rest) = piece(text)?;
    let (second, rest) = piece(rest.strip_prefix(['-', '/', '.', ' '])?)?;
    let separator = rest.chars().next();
    let third = rest.strip_prefix(['-', '/', '.', ' ', ',']).map(str::trim_start).and_then(piece);
    let number = |text: &str| text.parse::<i16>().ok();
    let month_of = |name: &str| {
        let short = name.get(..3)?.to_ascii_lowercase();
        MONTHS.iter().position(|month| *month == short).and_then(|place| i16::try_from(place + 1).ok())
    };
    let is_year = |text: &str| matches!(text.len(), 2 | 4) && number(text).is_some();
    let year_of = |text: &str| {
        let year = number(text)?;
        // two digits mean 1969 to 2068, as POSIX says
        let century = if text.len() > 2 { 0 } else { 1900 + 100 * i16::from(year < 69) };
        Some(century + year)
    };
    let is_short = |text: &str| matches!(text.len(), 1..=2) && number(text).is_some();
    let (year, month, day, rest) = match third {
        // 2024-01
        _ if first.len() == 4 && is_year(first) && is_short(second) && !matches!(separator, Some('-' | '/' | '.')) => {
            (number(first)?, number(second)?, 1, rest)
        }
        // 2024/01/31
        Some((third, rest)) if first.len() == 4 && is_year(first) && is_short(second) && is_short(third) => {
            (number(first)?, number(second)?, number(third)?, rest)
        }
        // 31-Jan-2024
        Some((third, rest)) if is_short(first) && month_of(second).is_some() && is_year(third) => {
            (year_of(third)?, month_of(second)?, number(first)?, rest)
        }
        // January 31, 2024
        Some((third, rest)) if month_of(first).is_some() && is_short(second) && is_year(third) => {
            (year_of(third)?, month_of(first)?, number(second)?, rest)
        }
        Some((third, rest)) if is_short(first) && is_short(second) && is_year(third) => {
            let (day, month) = match order {
                DateOrder::DayFirst => (first, second),
                DateOrder::MonthFirst => (second, first),
                DateOrder::YearFirst | DateOrder::Compact => return None,
            };
            (year_of(third)?, number(month)?, number(day)?, rest)
        }
        _ => return None,
    };
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some((date, rest))
}

/// The digits or letters at the beginning of a text, and what follows them.
fn piece(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let end = match first {
        '0'..='9' => text.find(|c: char| !c.is_ascii_digit()),
        'a'..='z' | 'A'..='Z' => text.find(|c: char| !c.is_ascii_alphabetic()),
        _ => return None,
    };
    Some(text.split_at(end.unwrap_or(text.len())))
}

/// The time of day after a date, midnight if nothing follows, and the seconds between it and UTC.
fn time(text: &str) -> Option<(Time, f64)> {
    let text = text.strip_prefix('T').unwrap_or(text).trim_start();
    if text.is_empty() {
        return Some((Time::midnight(), 0.0));
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(text.len());
    let (clock, rest) = text.split_at(end);
    let mut parts = clock.splitn(3, ':');
    let mut hour: i8 = parts.next()?.parse().ok()?;
    let minute: i8 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next().map_or(Some(0.0), |part| part.parse().ok())?;
    let rest = rest.trim();
    let rest = match rest.get(..2).map(str::to_ascii_uppercase).as_deref() {
        Some(half @ ("AM" | "PM")) => {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if half == "PM" { 12 } else { 0 };
            rest[2..].trim_start()
        }
        _ => rest,
    };
    let nanosecond = (seconds.fract() * NANOSECONDS as f64) as i32;
    let time = Time::new(hour, minute, seconds as i8, nanosecond).ok()?;
    Some((time, offset(rest)?))
}

/// The seconds between a zone and UTC: Z, UTC, GMT, +01, +0100, +01:00.
fn offset(zone: &str) -> Option<f64> {
    let zone = zone.strip_prefix("UTC").or_else(|| zone.strip_prefix("GMT")).unwrap_or(zone);
    if matches!(zone, "" | "Z" | "z") {
        return Some(0.0);
    }
    let sign = match zone.as_bytes()[0] {
        b'+' => 1.0,
        b'-' => -1.0,
        _ => return None,
    };
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 2 | 4) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    let minutes = if minutes.is_empty() { 0.0 } else { minutes.parse::<f64>().ok()? };
    Some(sign * (hours.parse::<f64>().ok()? * 3600.0 + minutes * 60.0))
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
