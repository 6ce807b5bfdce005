//! What the text of a field is.

use std::cmp::Ordering;

use crate::error::{CellProblem, Result};
use crate::number_format::NumberFormat;

/// The largest number that is read: means and differences of such numbers are finite, and a network learns nothing from
/// larger ones.
pub(crate) const LARGEST: f64 = 1e300;

/// Texts in place of numbers that say that there is none: what R, SQL, pandas and the files of UCI write.
const MISSING: [&str; 13] =
    ["NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "Null", "null", "None", "none", "?", "-"];

/// What a field is taken for, beside a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field {
    /// Nothing, or a text that says so.
    Missing,
    /// Infinite ones too.
    Number(f64),
    /// Digits after a zero: 007 is no quantity.
    Code,
    Text,
}

/// What a text is, without spaces around it.
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

/// The shortest text that reads as the same number.
pub fn shortest(x: f64) -> String {
    let text = format!("{x:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The number that is the whole field, spaces around it aside.
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
