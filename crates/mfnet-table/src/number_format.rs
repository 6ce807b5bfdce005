//! How a text file writes numbers.

use std::fmt::{Display, Formatter};

use serde::{Deserialize, Serialize};

/// The characters before decimals and between thousands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberFormat {
    /// 1234.5
    #[default]
    Point,
    /// 1,234.5, and 1234.5
    PointAndGroups,
    /// 1234,5, and 1234.5
    Comma,
    /// 1.234,5, and 1234,5
    CommaAndGroups,
}

impl NumberFormat {
    /// Detects the format from the fields of some lines. If they are ambiguous, it is the format of
    /// `like`, if that is known. If commas separate the fields, a comma is not a decimal comma:
    /// 3,14 without quotes would be two fields.
    pub(crate) fn guess(lines: &[Vec<String>], delimiter: u8, like: Option<Self>) -> Self {
        let any = |is_so: &dyn Fn(&str) -> bool| lines.iter().flatten().any(|text| is_so(text));
        // 1,234 may be either
        let surely_groups = |text: &str| has_commas(text) && (text.contains('.') || text.matches(',').count() > 1);
        let has_groups = if delimiter == b',' { any(&has_commas) } else { any(&surely_groups) };
        if has_groups && !any(&|text| is_decimal_comma(text) && !has_commas(text)) {
            return NumberFormat::PointAndGroups;
        }
        if delimiter == b',' {
            return NumberFormat::Point;
        }
        let has_decimal_point = any(&|text| text.contains('.') && !has_points(text) && text.parse::<f64>().is_ok());
        if any(&|text| is_decimal_comma(text) || (has_points(text) && text.contains(','))) {
            let groups = any(&has_points) && !has_decimal_point;
            return if groups { NumberFormat::CommaAndGroups } else { NumberFormat::Comma };
        }
        if has_decimal_point {
            return NumberFormat::Point;
        }
        // 1.234 may be either too; beside 950 it is grouped, because a number with decimals would
        // be 950.000 or 0.95
        let width = lines.iter().map(Vec::len).max().unwrap_or(0);
        let is_small = |text: &&str| matches!(text.len(), 1..=3) && text.bytes().all(|byte| byte.is_ascii_digit());
        let column = |i: usize| lines.iter().filter_map(move |line| line.get(i)).map(String::as_str);
        let is_large = |text: &str| text.len() > 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        let mixed =
            |i: usize| column(i).any(has_points) && column(i).any(|text| is_small(&text)) && !column(i).any(is_large);
        if (0..width).any(mixed) {
            return NumberFormat::CommaAndGroups;
        }
        like.unwrap_or_default()
    }

    /// Parses the number in a text. It may be infinite, but not NaN.
    pub fn number(self, text: &str) -> Option<f64> {
        let plain = || text.parse::<f64>().ok().filter(|x| !x.is_nan());
        match self {
            NumberFormat::Point => plain(),
            NumberFormat::PointAndGroups => plain().or_else(|| without_groups(text, ',', '.')),
            NumberFormat::Comma => plain().or_else(|| decimal(text)),
            NumberFormat::CommaAndGroups if text.contains('.') => without_groups(text, '.', ','),
            NumberFormat::CommaAndGroups => plain().or_else(|| decimal(text)),
        }
    }
}

/// Describes the format; empty for the usual one.
impl Display for NumberFormat {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            NumberFormat::Point => "",
            NumberFormat::PointAndGroups => ", numbers such as 1,234.5",
            NumberFormat::Comma => ", numbers with a decimal comma",
            NumberFormat::CommaAndGroups => ", numbers such as 1.234,5",
        })
    }
}

/// 1,234 or 1,234.5.
fn has_commas(text: &str) -> bool {
    text.contains(',') && without_groups(text, ',', '.').is_some()
}

/// 1.234 or 1.234,5.
fn has_points(text: &str) -> bool {
    text.contains('.') && without_groups(text, '.', ',').is_some()
}

fn is_decimal_comma(text: &str) -> bool {
    text.contains(',') && decimal(text).is_some()
}

/// Parses 3,14 as a number.
fn decimal(text: &str) -> Option<f64> {
    if text.contains('.') {
        return None;
    }
    text.replacen(',', ".", 1).parse().ok()
}

/// Whether a text is a number of at least two groups, with or without decimals. Each group except
/// the first has three digits.
fn without_groups(text: &str, group: char, point: char) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, decimals) = unsigned.split_once(point).unwrap_or((unsigned, ""));
    let (first, others) = whole.split_once(group)?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = matches!(first.len(), 1..=3)
        && !first.starts_with('0')
        && are_digits(first)
        && others.split(group).all(|digits| digits.len() == 3 && are_digits(digits))
        && are_digits(decimals);
    if !is_number {
        return None;
    }
    text.replace(group, "").replacen(point, ".", 1).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_guessed() {
        let like = |fields: &[&str], delimiter, like| {
            let lines: Vec<Vec<String>> = fields.iter().map(|field| vec![(*field).to_owned()]).collect();
            NumberFormat::guess(&lines, delimiter, like)
        };
        let guess = |fields: &[&str], delimiter| like(fields, delimiter, None);
        for (fields, expected) in [
            (&["1.5", "x", ""][..], NumberFormat::Point),
            (&["2,5", "1.5"], NumberFormat::Comma),
            (&["1,234"], NumberFormat::Comma),
            (&["1.234"], NumberFormat::Point),
            (&["2,5", "1.234"], NumberFormat::CommaAndGroups),
            (&["1.234,5"], NumberFormat::CommaAndGroups),
            (&["1.234.567,5", "12.5"], NumberFormat::Comma),
            (&["1,234.5", "1,234"], NumberFormat::PointAndGroups),
            (&["1,234,567"], NumberFormat::PointAndGroups),
            (&["1,234.5", "2,5"], NumberFormat::Comma),
            (&["1.234", "950"], NumberFormat::CommaAndGroups),
            (&["1.234", "950", "1250"], NumberFormat::Point),
            (&["0.234", "950"], NumberFormat::Point),
        ] {
            assert_eq!(guess(fields, b';'), expected, "{fields:?}");
        }
        assert_eq!(guess(&["1,234", "12"], b','), NumberFormat::PointAndGroups);
        assert_eq!(guess(&["1,234", "2,5"], b','), NumberFormat::Point);
        assert_eq!(guess(&["1.234,5"], b','), NumberFormat::Point);
        // an ambiguous format is that of another file
        for format in [NumberFormat::CommaAndGroups, NumberFormat::Comma, NumberFormat::Point] {
            assert_eq!(like(&["1.234", "7.500"], b';', Some(format)), format);
            assert_eq!(like(&["1.234", "7.5"], b';', Some(format)), NumberFormat::Point);
            assert_eq!(like(&["1.234", "7,5"], b';', Some(format)), NumberFormat::CommaAndGroups);
            assert_eq!(like(&["1.234"], b',', Some(format)), NumberFormat::Point);
        }
    }

    #[test]
    fn numbers() {
        for (format, text, expected) in [
            (NumberFormat::Point, "1,5", None),
            (NumberFormat::Comma, "-1,5e3", Some(-1500.0)),
            (NumberFormat::Comma, "1.5", Some(1.5)),
            (NumberFormat::Comma, "1.234,5", None),
            (NumberFormat::PointAndGroups, "-1,234,567.25", Some(-1_234_567.25)),
            (NumberFormat::PointAndGroups, "1234.5", Some(1234.5)),
            (NumberFormat::PointAndGroups, "1,23", None),
            (NumberFormat::PointAndGroups, "1,2345", None),
            (NumberFormat::PointAndGroups, "1234,567", None),
            (NumberFormat::PointAndGroups, ",567", None),
            (NumberFormat::CommaAndGroups, "1.234", Some(1234.0)),
            (NumberFormat::CommaAndGroups, "+12.345,5", Some(12_345.5)),
            (NumberFormat::CommaAndGroups, "0,5", Some(0.5)),
            (NumberFormat::CommaAndGroups, "1.5", None),
            (NumberFormat::CommaAndGroups, "1.234,5,6", None),
            (NumberFormat::Point, "NaN", None),
        ] {
            assert_eq!(format.number(text), expected, "{text}");
        }
    }
}
