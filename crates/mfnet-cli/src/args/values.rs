//! The types of option values.

use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use mfnet::Dtype;
use mfnet::table::is_encoding;
use mfnet::train::Every;
use serde::Serialize;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    Train,
    Validation,
    Test,
    All,
}

/// The word for the value on the command line.
pub(crate) fn word(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Sizes of hidden layers. It is a separate type because clap treats a `Vec` as an option that may
/// be repeated.
#[derive(Clone, Serialize)]
pub(crate) struct HiddenSizes(Vec<usize>);

pub(super) fn hidden_sizes(text: &str) -> Result<HiddenSizes, String> {
    if text == "none" {
        return Ok(HiddenSizes(Vec::new()));
    }
    let size = |part: &str| part.trim().parse().ok().filter(|size| *size > 0);
    let sizes: Option<Vec<usize>> = text.split(',').map(size).collect();
    sizes
        .map(HiddenSizes)
        .ok_or_else(|| "expected whole numbers of at least 1, separated by commas, such as 64,32; or none".to_owned())
}

/// One of a closed set of words.
pub(super) fn word_of<N>(words: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = N>
where
    N: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<N>())
}

pub(super) fn dtype() -> impl TypedValueParser<Value = Dtype> {
    PossibleValuesParser::new(["f64", "f32"]).map(|word| if word == "f32" { Dtype::F32 } else { Dtype::F64 })
}

pub(super) fn yes_no() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["yes", "no"]).map(|word| word == "yes")
}

/// A time such as 10m.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(Every::Time(time)) => Ok(time),
        _ => Err(format!("expected a time such as 30s, 10m or 2h, found {text:?}")),
    }
}

/// A number of processes.
pub(super) fn workers(text: &str) -> Result<usize, String> {
    number(text, |count| (1..=1000).contains(count), "a whole number from 1 to 1000")
}

fn number<N: FromStr>(text: &str, fits: impl Fn(&N) -> bool, expected: &str) -> Result<N, String> {
    text.parse().ok().filter(fits).ok_or_else(|| format!("expected {expected}"))
}

pub(super) fn encoding(label: &str) -> Result<String, String> {
    let expected = "expected an encoding such as utf-8, windows-1252, utf-16le or shift_jis";
    if is_encoding(label) { Ok(label.to_owned()) } else { Err(expected.to_owned()) }
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    number(text, |x: &f64| *x > 0.0 && x.is_finite(), "a positive number")
}

pub(super) fn not_negative(text: &str) -> Result<f64, String> {
    number(text, |x: &f64| *x >= 0.0 && x.is_finite(), "0 or a positive number")
}

pub(super) fn level(text: &str) -> Result<f64, String> {
    number(text, |x| *x > 0.0 && *x < 1.0, "a number above 0 and below 1, such as 0.9")
}

pub(super) fn below_one(text: &str) -> Result<f64, String> {
    number(text, |x| (0.0..1.0).contains(x), "a number from 0 to less than 1")
}

pub(super) fn whole<N: FromStr>(text: &str) -> Result<N, String> {
    number(text.trim(), |_| true, "a whole number of at least 0")
}

pub(super) fn at_least<const LEAST: usize>(text: &str) -> Result<usize, String> {
    number(text, |x| *x >= LEAST, &format!("a whole number of at least {LEAST}"))
}

/// The number of a row, in a list.
pub(super) fn row(text: &str) -> Result<usize, String> {
    number(text.trim(), |_| true, "row numbers separated by commas, such as 0,5,9")
}

/// A number of bytes: 8GB, 500 MB, or without a unit.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 9] = [
        ("kib", 1024.0),
        ("mib", 1048576.0),
        ("gib", 1073741824.0),
        ("kb", 1e3),
        ("mb", 1e6),
        ("gb", 1e9),
        ("tb", 1e12),
        ("g", 1e9),
        ("b", 1.0),
    ];
    let lower = text.trim().to_lowercase();
    let unit = UNITS.iter().find_map(|(unit, size)| Some((lower.strip_suffix(unit)?, *size)));
    let (number, size) = unit.unwrap_or((&lower, 1.0));
    let bytes = number.trim().parse::<f64>().ok().map(|number| number * size);
    bytes
        .filter(|bytes| (1.0..1e18).contains(bytes))
        .map(|bytes| bytes as u64)
        .ok_or_else(|| "expected a size such as 8GB or 500MB".to_owned())
}

/// A number of networks.
pub(super) fn networks(text: &str) -> Result<usize, String> {
    number(text, |x| (1..=1000).contains(x), "a whole number from 1 to 1000")
}

/// A text that is not empty.
pub(super) fn text(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("expected at least one character".to_owned()) } else { Ok(text.to_owned()) }
}

pub(super) fn shards(text: &str) -> Result<usize, String> {
    number(text, |x: &usize| x.is_power_of_two() && *x <= 1024, "a power of two up to 1024")
}
