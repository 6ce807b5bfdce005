//! The kinds of a field's text.

use std::cmp::Ordering;

use crate::error::{CellProblem, Result};
use crate::number_format::NumberFormat;

/// The largest number that is read: means and differences of such numbers are finite, and a network learns nothing from
/// larger ones.
pub(crate) const LARGEST: f64 = 1e300;

/// Texts for missing values, as R, SQL, pandas and the files of UCI write them.
const MISSING: [&str; 13] =
    ["NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "Null", "null", "None", "none", "?", "-"];

/// The kind of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field {
    /// A missing value: empty, or a text for missing values.
    Missing,
    /// A number, possibly infinite.
    Number(f64),
    /// A code: digits after a zero, such as 007.
    Code,
    Text,
}

/// The kind of a text without spaces around it.
pub(crate) fn field(text: &str, format: NumberFormat) -> Field {
    match text.as_bytes() {
        [] => return Field::Missing,
        [b'0', rest @ ..] if rest.iter().any(|byte| *byte != b'0') && rest.iter().all(u8::is_ascii_digit) => {
            return Field::Code;
        }
        _ => {}
    }
    match format.number(text) {
        Some(x) => Field::Number(x),
        None if MISSING.contains(&text) => Field::Missing,
        None => Field::Text,
    }
}

/// Whether a text is a whole number that `f64` may round, such as an identifier of 19 digits.
pub(crate) fn is_long(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_whole = digits.len() > 15 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole && digits.parse::<u128>().map_or(true, |x| x > 1 << f64::MANTISSA_DIGITS)
}

/// The shortest text that reads as the same number.
pub fn shortest(x: f64) -> String {
    let text = format!("{x:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Parses a whole field, except for spaces around it, as a number.
///
/// # Errors
/// [`CellProblem`] unless it is a finite number within ±10³⁰⁰.
pub fn number(field: &str) -> Result<f64, CellProblem> {
    let field = field.trim();
    match field.parse::<f64>() {
        Ok(x) if x.abs() <= LARGEST => Ok(x),
        Ok(x) if x.is_finite() => Err(CellProblem::TooLarge(field.to_owned())),
        Ok(_) => Err(CellProblem::NotFinite(field.to_owned())),
        Err(_) if field.is_empty() => Err(CellProblem::Empty),
        Err(_) => Err(CellProblem::NotANumber(field.to_owned())),
    }
}

/// Sorts labels: in numeric order if all are numbers, else by bytes.
pub fn sort_labels(labels: &mut [String]) {
    if labels.iter().all(|label| number(label).is_ok()) {
        let value = |label: &String| number(label).unwrap_or(0.0);
        labels.sort_by(|a, b| value(a).partial_cmp(&value(b)).unwrap_or(Ordering::Equal).then_with(|| a.cmp(b)));
    } else {
        labels.sort();
    }
}
