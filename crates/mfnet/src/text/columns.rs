//! Describes in words how the columns of a table are interpreted.

use std::borrow::Borrow;

use mfnet_table::{ColumnKind, Remark};

use crate::data::{Dataset, Encoder, Outliers, Scaler, Usual};
use crate::model::UnknownLevels;

use super::{DIGITS, as_read, counted, escaped, grouped, significant};

/// The most names to list.
const SHOWN: usize = 4;
/// A line that is odd in at least this many columns is likely to be no row.
const SEVERAL: usize = 3;
/// A longer number is shortened.
const LONG: usize = 24;
/// The most levels of a category to list.
const LEVELS: usize = 8;

/// Describes the features: "5 features: 3 numbers, 1 category (city), 1 date (when)"; without the
/// kinds if all are numbers.
pub fn features(data: &Dataset) -> String {
    let all = counted(data.features(), "feature");
    let is_number = |kind: &ColumnKind| *kind == ColumnKind::Number;
    if data.kinds().iter().all(is_number) {
        return all;
    }
    let of_kind = |(name, plural): (&str, &str)| {
        let columns = data.kinds().iter().zip(data.feature_names()).filter(|(kind, _)| kind.name() == name);
        let columns: Vec<&str> = columns.map(|(_, column)| column.as_str()).collect();
        let names = if name == "number" { String::new() } else { format!(" ({})", listed(&all_escaped(&columns))) };
        let called = if columns.len() == 1 { name } else { plural };
        (!columns.is_empty()).then(|| format!("{} {called}{names}", columns.len()))
    };
    let kinds = [("number", "numbers"), ("boolean", "booleans"), ("date", "dates"), ("category", "categories")];
    let kinds: Vec<String> = kinds.into_iter().filter_map(of_kind).collect();
    format!("{all}: {}", kinds.join(", "))
}

/// Lines such as "left out: id (an identifier: every value is different)" and "missing values: 17
/// in rooms, 23 in area", if there are such columns.
pub fn left_out_and_missing(data: &Dataset) -> String {
    let left_out = data.left_out().iter().map(|(column, why)| format!("{} ({why})", escaped(column))).collect();
    let of =
        |(column, count): (&String, usize)| (count > 0).then(|| format!("{} in {}", grouped(count), escaped(column)));
    let missing = data.feature_names().iter().zip(data.missing()).filter_map(of).collect();
    let lines: [(&str, Vec<String>); 2] = [("left out", left_out), ("missing values", missing)];
    let some = lines.iter().filter(|(_, columns)| !columns.is_empty());
    some.map(|(what, columns)| format!("\n{what}: {}", listed(columns))).collect()
}

/// Describes the levels that a model does not know, a line for each column.
pub fn unknown_levels(unknown: &[UnknownLevels]) -> String {
    let line = |unknown: &UnknownLevels| {
        let UnknownLevels { column, levels, rows, rare } = unknown;
        let quoted: Vec<String> = levels.iter().map(|level| format!("{level:?}")).collect();
        let taken = if *rare { "mfnet treats these values as rare" } else { "mfnet predicts from the other columns" };
        let rows = counted(*rows, "row");
        let column = escaped(column);
        let have = if unknown.rows == 1 { "has a value that is" } else { "have values that are" };
        format!("column {column}: {rows} {have} new or rare: {}; {taken}\n", listed(&quoted))
    };
    unknown.iter().map(line).collect::<String>().trim_end().to_owned()
}

/// A sentence for each remark about a column. A line that is odd in several columns has one.
pub fn remarks(remarks: &[Remark]) -> Vec<String> {
    let line_of = |remark: &Remark| match remark {
        Remark::Odd { line: Some(line), fields: 1, .. } => Some(*line),
        _ => None,
    };
    let in_line = |line: u64| remarks.iter().filter(move |remark| line_of(remark) == Some(line));
    let sentence = |(i, remark): (usize, &Remark)| match line_of(remark).map(|line| (line, in_line(line).count())) {
        Some((line, columns)) if columns >= SEVERAL => {
            let is_first = remarks[..i].iter().all(|other| line_of(other) != Some(line));
            let shown: Vec<String> =
                in_line(line).take(SEVERAL).map(|remark| escaped(remark.column()).into()).collect();
            is_first.then(|| {
                format!(
                    "{columns} columns, such as {}, are not read as numbers or dates because of line {line}; if it is no \
                     row of the table, remove it",
                    shown.join(", ")
                )
            })
        }
        _ => Some(escaped(&remark.to_string()).into_owned()),
    };
    remarks.iter().enumerate().filter_map(sentence).collect()
}

/// Describes the outliers of a column. `place` names a row, such as "line 7"; `part` is the part
/// that the rows belong to, such as "validation ".
pub fn outliers(outliers: &Outliers, place: impl Fn(usize) -> String, part: &str) -> String {
    let Outliers { column, rows, row, value, kind, usual } = outliers;
    let text = |x: &f64| match kind {
        ColumnKind::Number => as_read(*x),
        kind => kind.text(*x),
    };
    let range = match usual {
        Usual::Between(least, most) => format!(", which go from {} to {}", text(least), text(most)),
        Usual::Mean(centre, _) => format!(", whose mean is {}", text(centre)),
        Usual::Median(centre, _) => format!(", whose median is {}", text(centre)),
    };
    let distance = match usual.distance(*value) {
        far if far < 1e4 => grouped(far.round() as usize),
        far => significant(far.min(f64::MAX), 2),
    };
    let whole = kind.text(*value);
    let (place, text) = (place(*row), if whole.len() > LONG { text(value) } else { whole });
    let away = match usual {
        Usual::Between(..) => format!("{distance} times their range away"),
        Usual::Mean(..) => format!("{distance} standard deviations away"),
        Usual::Median(..) => format!("{distance} interquartile ranges away"),
    };
    match rows {
        1 => format!("column {column:?}, {place}: {text} is far outside the training rows{range} ({away})"),
        rows => format!(
            "column {column:?}: {} {part}rows are far outside the training rows{range}; the furthest is {text} in {place} ({away})",
            grouped(*rows)
        ),
    }
}

/// Describes what an encoder does with its column.
pub fn encoded(encoder: &Encoder) -> String {
    let gaps = |fill: String, missing: bool| {
        let said = if missing { ", with an indicator feature" } else { "" };
        format!("; missing values become {fill}{said}")
    };
    match encoder {
        Encoder::Number { fill, missing } => format!("scaled{}", gaps(as_read(*fill), *missing)),
        Encoder::Boolean { fill, missing } => format!("0 or 1{}", gaps(as_read(*fill), *missing)),
        Encoder::Date { fill, missing, times } => {
            let cycles = if *times { "year, week and day" } else { "year and week" };
            let fill = ColumnKind::Date.text(*fill);
            format!("days, scaled; sine and cosine of {cycles}{}", gaps(fill, *missing))
        }
        Encoder::Category { levels, others, missing } => {
            let shown = levels.iter().take(LEVELS).map(|level| escaped(level).into_owned());
            let more = (levels.len() > LEVELS).then(|| format!("… ({} in all)", levels.len()));
            let others = others.then(|| "all others".to_owned());
            let missing = missing.then(|| "missing".to_owned());
            let levels: Vec<String> = shown.chain(more).chain(others).chain(missing).collect();
            format!("one-hot: {}", levels.join(", "))
        }
    }
}

/// Describes the scaling of a number x for this many columns: the formula, and for each column the
/// names and values of its constants. There are no constants if all columns share them.
pub fn scaling(scaler: &Scaler, columns: usize) -> (String, &'static [&'static str], Vec<Vec<f64>>) {
    match scaler {
        Scaler::Affine(affine) => match affine.common() {
            Some((shift, scale)) if columns > 1 => {
                let (shift, scale) = (significant(shift, DIGITS), significant(scale, DIGITS));
                let of = "with one shift and scale for all features, computed from the training rows";
                (format!("becomes (x − {shift}) / {scale}, {of}"), &[], Vec::new())
            }
            _ => {
                let numbers = affine.mean.iter().zip(&affine.scale).map(|(shift, scale)| vec![*shift, *scale]);
                let text = "becomes (x − shift) / scale, with shift and scale computed from the training rows";
                let text = if affine.constant().is_empty() {
                    text.to_owned()
                } else {
                    format!("{text}; 0 if it is constant there")
                };
                (text, &["shift", "scale"], numbers.collect())
            }
        },
        Scaler::Quantiles(quantiles) => {
            let count = quantiles.values.first().map_or(0, Vec::len);
            let of = |values: &Vec<f64>| vec![values[0], values[(values.len() - 1) / 2], values[values.len() - 1]];
            let text = format!("is mapped to a normal distribution by {count} quantiles of the training rows");
            (text, &["smallest", "middle", "largest"], quantiles.values.iter().map(of).collect())
        }
    }
}

/// Escapes each name.
pub fn all_escaped<S: Borrow<str>>(names: &[S]) -> Vec<String> {
    names.iter().map(|name| escaped(name.borrow()).into_owned()).collect()
}

/// Lists the first names, which are escaped where needed.
pub fn listed<S: Borrow<str>>(names: &[S]) -> String {
    let more = if names.len() > SHOWN { format!(" and {} more", grouped(names.len() - SHOWN)) } else { String::new() };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}
