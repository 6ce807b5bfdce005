//! Numbers, tables and curves as text for people.

pub mod columns;
mod score_table;
mod sparkline;

pub(crate) use score_table::r2_cell;
pub use score_table::{Row, headline, headline_cell, score_lines, score_table, table};
pub use sparkline::sparkline;

use serde_json::Value;

pub use crate::escape::{escaped, is_unprintable};
pub use crate::words::{similar, split_names};

/// The longest number to show in full, in characters; below, the digits of a longer one.
const LONGEST: usize = 10;
pub(crate) const DIGITS: usize = 6;

/// Groups digits: 1234567 becomes 1 234 567.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}

/// A number with its noun: "1 row", "1 234 rows".
pub fn counted(number: usize, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A number as in the data, if that is short.
pub fn as_read(x: f64) -> String {
    let exact = x.to_string();
    if exact.len() <= LONGEST { exact } else { significant(x, DIGITS) }
}

/// A value of a recipe as an option of the command line has it: lists and tables with commas, `none` for
/// nothing.
pub fn as_option(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(as_option).collect::<Vec<_>>().join(","),
        Value::Object(values) => {
            let values = values.iter().map(|(name, value)| format!("{name}:{}", as_option(value)));
            values.collect::<Vec<_>>().join(",")
        }
        value => value.to_string(),
    }
}

/// A number with this many significant digits; very large and very small numbers with an exponent.
pub fn significant(x: f64, digits: usize) -> String {
    let after_first = digits - 1;
    match x.abs() {
        0.0 => "0".to_owned(),
        size if !size.is_finite() => x.to_string(),
        size if (1e-4..1e7).contains(&size) => {
            format!("{x:.*}", (after_first as i32 - size.log10().floor() as i32).max(0) as usize)
        }
        _ => format!("{x:.after_first$e}"),
    }
}
