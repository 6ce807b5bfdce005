//! The kinds of a field's text.

use std::cmp::Ordering;

use crate::error::{CellProblem, Result};
use crate::notation::Notation;

/// The largest number that is read: means and differences of such numbers are finite, and a network learns nothing from
/// larger ones.
pub(crate) const LARGEST: f64 = 1e300;

/// Texts for missing values, as R, SQL, pandas, SAS, Excel and the files of UCI write them.
const MISSING: [&str; 35] = [
    "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NaT", "NULL", "Null", "null", "(null)",
    "None", "none", "nil", "?", "-", "--", ".", "\\N", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "#NULL!",
    "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "1.#INF",
];

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
pub(crate) fn field(text: &str, notation: &Notation) -> Field {
    if text.is_empty() {
        return Field::Missing;
    }
    if is_code(text) {
        return Field::Code;
    }
    match notation.number(text) {
        Some(x) => Field::Number(x),
        None if is_missing(text) => Field::Missing,
        None => Field::Text,
    }
}

/// A text without white space around it. Most have none, and both ends in ASCII.
#[inline]
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// Whether a text is a code: digits after a zero.
#[inline]
pub(crate) fn is_code(text: &str) -> bool {
    match text.as_bytes() {
        [b'0', rest @ ..] => rest.iter().any(|byte| *byte != b'0') && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Whether a text usually stands for a missing value, such as NA, null or ?.
pub fn is_missing(text: &str) -> bool {
    MISSING.contains(&text)
}

/// Whether a text is a whole number that `f64` may round, such as an identifier of 19 digits.
pub(crate) fn is_long(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_whole = digits.len() > 15 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole && digits.parse::<u128>().map_or(true, |x| x > 1 << f64::MANTISSA_DIGITS)
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
