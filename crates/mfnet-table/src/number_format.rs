//! How the numbers of a column are written.

use std::fmt::{Display, Formatter};

use serde::{Deserialize, Serialize};

use crate::written::{Tally, Written, written};

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

/// What helps to read a column whose numbers, such as 1.234, have two readings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints {
    /// The format of the same column in another file, such as the one that a model was trained on.
    pub(crate) known: Option<NumberFormat>,
    /// Whether other columns of the file show that it is not written as the other file.
    pub(crate) is_other: bool,
    /// The decimal sign of the file: of its other columns, or given by the user.
    pub(crate) decimal: Option<u8>,
    /// Whether commas separate the fields.
    pub(crate) between_commas: bool,
}

impl NumberFormat {
    /// The format of all numbers of a column. An error for a column that can be read in two ways,
    /// neither of which is that of the known format, or if the file has another format elsewhere.
    ///
    /// 1.234 and 1,234 have two readings. In this order, these decide: other numbers of the column
    /// with only one reading; the known format; the decimal sign of the file; whole numbers beside
    /// them, which would have three decimals too (beside 1.234, only those below 1000). Otherwise a
    /// point is a decimal point, and a comma a decimal comma unless commas separate the fields.
    pub(crate) fn decide(tally: &Tally, hints: Hints) -> Result<Self, NumberFormat> {
        let [points, commas] = tally.certain();
        let (either_point, either_comma) = (tally.of(Written::EitherPoint), tally.of(Written::EitherComma));
        let comma = match (points > 0, commas > 0) {
            (true, true) if !tally.is_doubtful() => {
                let has_groups = tally.of(Written::CommaGroups) + tally.of(Written::PointGroups) > 0;
                // 2,5 and 1.5 contradict each other only beside groups
                !has_groups || commas > points
            }
            (true, true) => commas > points,
            (false, false) if !tally.is_doubtful() => {
                return Ok(hints.known.unwrap_or_default());
            }
            (point, comma) if point || comma => comma,
            _ => return Self::of_doubtful(tally, hints),
        };
        Ok(match comma {
            true if either_point + tally.of(Written::PointGroups) > 0 => NumberFormat::CommaAndGroups,
            true => NumberFormat::Comma,
            false if either_comma + tally.of(Written::CommaGroups) > 0 => NumberFormat::PointAndGroups,
            false => NumberFormat::Point,
        })
    }

    /// The format of numbers that all have two readings, besides whole ones.
    fn of_doubtful(tally: &Tally, hints: Hints) -> Result<Self, NumberFormat> {
        let (points, commas) = (tally.of(Written::EitherPoint), tally.of(Written::EitherComma));
        if points > 0 && commas > 0 {
            return Ok(NumberFormat::Point);
        }
        let (decimals, groups) = match points > 0 {
            true => (NumberFormat::Point, NumberFormat::CommaAndGroups),
            false => (NumberFormat::Comma, NumberFormat::PointAndGroups),
        };
        if let Some(known) = hints.known {
            let reads = match known {
                _ if hints.is_other => false,
                NumberFormat::Point => points > 0,
                NumberFormat::Comma => commas > 0,
                NumberFormat::PointAndGroups | NumberFormat::CommaAndGroups => true,
            };
            return if reads { Ok(known) } else { Err(known) };
        }
        if let Some(decimal) = hints.decimal {
            return Ok(if (decimal == b'.') == (points > 0) { decimals } else { groups });
        }
        let (small, large) = (tally.of(Written::Small) > 0, tally.of(Written::Large) > 0);
        // 1250 beside 1.234 has no group
        let has_wholes = if points > 0 { small && !large } else { small || large };
        Ok(if has_wholes || (commas > 0 && hints.between_commas) { groups } else { decimals })
    }

    /// Parses the number in a text. It may be infinite, but not NaN.
    pub fn number(self, text: &str) -> Option<f64> {
        let (written, x) = written(text)?;
        self.read(written, x)
    }

    /// The number that is written so, if this format can read it.
    #[inline]
    pub(crate) fn read(self, written: Written, x: f64) -> Option<f64> {
        let (comma, groups) = match self {
            NumberFormat::Point => (false, false),
            NumberFormat::PointAndGroups => (false, true),
            NumberFormat::Comma => (true, false),
            NumberFormat::CommaAndGroups => (true, true),
        };
        match written {
            Written::Small | Written::Large | Written::Other => Some(x),
            Written::Point => (!(comma && groups)).then_some(x),
            Written::EitherPoint if comma => groups.then(|| (x * 1000.0).round()),
            Written::EitherPoint => Some(x),
            Written::Comma => comma.then_some(x),
            Written::EitherComma if comma => Some(x),
            Written::EitherComma => groups.then(|| (x * 1000.0).round()),
            Written::PointGroups => (comma && groups).then_some(x),
            Written::CommaGroups => (!comma && groups).then_some(x),
        }
    }

    /// Whether a number with two readings, written so, has groups in this format.
    pub(crate) fn groups(self, written: Written) -> bool {
        matches!(
            (self, written),
            (NumberFormat::PointAndGroups, Written::EitherComma) | (NumberFormat::CommaAndGroups, Written::EitherPoint)
        )
    }

    /// The decimal sign.
    pub(crate) fn decimal(self) -> u8 {
        match self {
            NumberFormat::Point | NumberFormat::PointAndGroups => b'.',
            NumberFormat::Comma | NumberFormat::CommaAndGroups => b',',
        }
    }

    /// A number of this format.
    pub(crate) fn example(self) -> &'static str {
        match self {
            NumberFormat::Point => "1234.5",
            NumberFormat::PointAndGroups => "1,234.5",
            NumberFormat::Comma => "1234,5",
            NumberFormat::CommaAndGroups => "1.234,5",
        }
    }
}

/// Describes the format; empty for the usual one.
impl Display for NumberFormat {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            NumberFormat::Point => "",
            NumberFormat::PointAndGroups => "numbers such as 1,234.5",
            NumberFormat::Comma => "numbers with a decimal comma",
            NumberFormat::CommaAndGroups => "numbers such as 1.234,5",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(fields: &[&str], hints: Hints) -> Result<NumberFormat, NumberFormat> {
        let mut tally = Tally::default();
        fields.iter().filter_map(|field| written(field)).for_each(|(written, _)| tally.add(written));
        NumberFormat::decide(&tally, hints)
    }

    #[test]
    fn formats_are_decided() {
        let of = |fields: &[&str], between_commas| decide(fields, Hints { between_commas, ..Hints::default() });
        for (fields, expected) in [
            (&["1.5", "x", ""][..], NumberFormat::Point),
            (&["2,5", "1.5"], NumberFormat::Comma),
            (&["1,234"], NumberFormat::Comma),
            (&["1.234"], NumberFormat::Point),
            (&["2,5", "1.234"], NumberFormat::CommaAndGroups),
            (&["1.234,5"], NumberFormat::CommaAndGroups),
            (&["1.904.643", "707.273"], NumberFormat::CommaAndGroups),
            (&["1,234.5", "1,234"], NumberFormat::PointAndGroups),
            (&["1,234,567"], NumberFormat::PointAndGroups),
            (&["1.234", "950"], NumberFormat::CommaAndGroups),
            (&["6,878", "71"], NumberFormat::PointAndGroups),
            (&["1.234", "950", "1250"], NumberFormat::Point),
            (&["0.234", "950"], NumberFormat::Point),
            (&["1'234.50"], NumberFormat::Point),
            (&["450\u{202f}846,39", "1\u{a0}000"], NumberFormat::Comma),
        ] {
            assert_eq!(of(fields, false), Ok(expected), "{fields:?}");
        }
        assert_eq!(of(&["1,234", "12"], true), Ok(NumberFormat::PointAndGroups));
        assert_eq!(of(&["1,955", "6,724"], true), Ok(NumberFormat::PointAndGroups));
        assert_eq!(of(&["3,14", "1,955"], true), Ok(NumberFormat::Comma));
        assert_eq!(of(&["1.234,5"], true), Ok(NumberFormat::CommaAndGroups));
    }

    /// What a column does not say, other columns and other files do.
    #[test]
    fn other_columns_and_other_files_decide() {
        let file = |fields: &[&str], decimal| decide(fields, Hints { decimal: Some(decimal), ..Hints::default() });
        assert_eq!(file(&["1.234"], b','), Ok(NumberFormat::CommaAndGroups));
        assert_eq!(file(&["1,234"], b','), Ok(NumberFormat::Comma));
        assert_eq!(file(&["1,234"], b'.'), Ok(NumberFormat::PointAndGroups));
        assert_eq!(file(&["1.234", "7,5"], b'.'), Ok(NumberFormat::CommaAndGroups));
        let known = |fields: &[&str], format| decide(fields, Hints { known: Some(format), ..Hints::default() });
        for format in [NumberFormat::CommaAndGroups, NumberFormat::PointAndGroups, NumberFormat::Point] {
            assert_eq!(known(&["1.234", "7.500"], format), Ok(format));
            assert_eq!(known(&["1.234", "7.5"], format), Ok(NumberFormat::Point));
            assert_eq!(known(&["1.234", "7,5"], format), Ok(NumberFormat::CommaAndGroups));
            assert_eq!(known(&["12"], format), Ok(format));
        }
        assert_eq!(known(&["1.234"], NumberFormat::Comma), Err(NumberFormat::Comma));
        assert_eq!(known(&["1,234", "71"], NumberFormat::Point), Err(NumberFormat::Point));
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
            (NumberFormat::PointAndGroups, "6,878", Some(6878.0)),
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
            (NumberFormat::Point, "\u{2212}3.5", Some(-3.5)),
            (NumberFormat::Point, "\u{2212}", None),
            (NumberFormat::Point, "\u{2212}\u{2212}5", None),
            (NumberFormat::Point, "450'846.39", Some(450_846.39)),
            (NumberFormat::Comma, "450\u{202f}846,39", Some(450_846.39)),
            (NumberFormat::Point, "12 345", Some(12_345.0)),
            (NumberFormat::Point, "12 34", None),
        ] {
            assert_eq!(format.number(text), expected, "{text}");
        }
    }
}
