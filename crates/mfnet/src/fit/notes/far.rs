//! Numbers far outside of the training rows, and training rows far outside of the others.

use mfnet_table::{ColumnKind, Lines, shortest};

use super::Note;
use crate::data::{Dataset, Link, Outliers, Scaler, Scaling, Targets, outliers, ranges, ranges_of};
use crate::fit::plan::Plan;
use crate::metric::mean_and_deviation;
use crate::text::{as_read, columns, counted, grouped};

/// The most columns to name in each part.
const MOST: usize = 4;
/// Training rows are far outside if the middle half of all training rows is this narrow, compared
/// with their standard deviation.
const NARROW: f64 = 0.01;
/// The rows to call far outside then: this many interquartile ranges from the middle half.
const FAR: f64 = 100.0;
/// A longer number is shortened.
const LONG: usize = 24;
/// With fewer training rows, a middle half says little.
const ENOUGH: usize = 20;
/// The smallest or the largest number of the training rows is far outside if it is further away from
/// all other numbers than this many times their range.
const RANGES: f64 = 10.0;

pub(super) fn notes(plan: &Plan) -> Vec<Note> {
    if plan.parts.train.holds_bytes() {
        return Vec::new();
    }
    of_training(plan).into_iter().chain(outside(plan)).chain(of_constants(plan)).collect()
}

/// Validation and test rows far outside of the training rows.
fn outside(plan: &Plan) -> Vec<Note> {
    let train = &plan.parts.train;
    let constant = plan.preprocessing.inputs.constant();
    let scaled = plan.preprocessing.scaled_columns();
    let mut of_columns = ranges(train.stored_inputs());
    // the network ignores these
    constant.iter().for_each(|feature| of_columns[scaled[*feature]] = None);
    let of_targets = if let Targets::Values { values, .. } = train.targets() { ranges_of(values) } else { Vec::new() };

    let mut notes = Vec::new();
    let validation = ("validation", &plan.parts.validation, &plan.parts.validation_rows);
    for (part, data, rows) in [validation, ("test", &plan.parts.test, &plan.parts.test_rows)] {
        let features = data.stored_inputs();
        let of_feature = |(i, usual): (usize, &Option<_>)| {
            outliers((&features.names[i], &features.kinds[i]), (*usual)?, features.samples.feature(i))
        };
        let mut found: Vec<(bool, Outliers)> =
            of_columns.iter().enumerate().filter_map(of_feature).map(|of| (false, of)).collect();
        if let Targets::Values { columns, values } = data.targets() {
            let of_target = |(i, usual): (usize, &Option<_>)| {
                outliers((&columns[i], &ColumnKind::Number), (*usual)?, values.feature(i))
            };
            found.extend(of_targets.iter().enumerate().filter_map(of_target).map(|of| (true, of)));
        }
        let place = |row: usize| place(lines_of(plan, part), rows[row]);
        let so = if part == "test" { "the test scores" } else { "the choice of the best epoch" };
        for (is_target, of) in found.iter().take(MOST) {
            let kind = if *is_target { "target " } else { "" };
            let text = columns::outliers(of, place, &format!("{part} "));
            let this = if of.rows == 1 { format!("This {part} row") } else { "These rows".to_owned() };
            notes.push(Note::of_doubt(format!(
                "{kind}{text}. {this} may decide {so}. Correct the value, or leave the cell empty if it is missing."
            )));
        }
        if found.len() > MOST {
            let more = counted(found.len() - MOST, "more column");
            notes.push(Note::of_doubt(format!("{more} of the {part} rows have values far outside the training rows")));
        }
    }
    notes
}

/// Training rows that are so far outside that their column, scaled, is nearly constant for all
/// others.
fn of_training(plan: &Plan) -> Vec<Note> {
    let train = &plan.parts.train;
    let place = |row: usize| place(plan.task.lines.as_ref(), plan.parts.train_rows[row]);
    let mut notes = Vec::new();
    if plan.task.start.is_none() {
        let features = train.stored_inputs();
        for (feature, column) in plan.preprocessing.scaled_columns().into_iter().enumerate() {
            let numbers: Vec<f64> = features.samples.feature(column).collect();
            let (name, kind) = (&features.names[column], &features.kinds[column]);
            // a remark names a far date; one outlier does not spoil other scalings, but a code is never a number
            let is_spoiled = matches!(plan.choices.scale, Scaling::Standard | Scaling::MinMax);
            if *kind == ColumnKind::Number
                && let Some(alone) = Alone::of(&numbers).filter(|alone| alone.rows > 1 || is_spoiled)
            {
                notes.push(Note::of_doubt(format!("{}. {}", alone.said(name, place), alone.advice())));
                continue;
            }
            let Scaler::Affine(affine) = &plan.preprocessing.inputs else { continue };
            if !is_spoiled {
                continue;
            }
            // the range of min-max scaling is several standard deviations
            let narrow = if plan.choices.scale == Scaling::MinMax { NARROW / 10.0 } else { NARROW };
            let Some(far) = Far::of(numbers, narrow * affine.scale[feature]) else { continue };
            let text = far.said(name, kind, place);
            notes.push(Note::new(format!(
                "{text}. With `scale` {}, the other rows are nearly equal. Correct the value, or use `scale` robust.",
                plan.choices.scale
            )));
        }
    }
    if let (Targets::Values { columns, values }, Some(scaled)) = (train.targets(), &plan.preprocessing.targets)
        && plan.task.start.is_none()
    {
        for (i, column) in columns.iter().enumerate() {
            let numbers: Vec<f64> = values.feature(i).collect();
            if let Some(alone) = Alone::of(&numbers) {
                let (text, advice) = (alone.said(column, place), alone.advice());
                notes.push(Note::of_doubt(format!("target {text}. It decides the loss almost alone. {advice}")));
                continue;
            }
            let deviation = match plan.preprocessing.link {
                Link::Identity => scaled.scale[i],
                Link::Log => mean_and_deviation(&numbers).1,
            };
            let Some(far) = Far::of(numbers, NARROW * deviation) else { continue };
            let text = far.said(column, &ColumnKind::Number, place);
            notes.push(Note::of_doubt(format!(
                "target {text}. It decides the loss almost alone. Correct the value, or remove the row."
            )));
        }
    }
    let more = notes.len().saturating_sub(MOST);
    notes.truncate(MOST);
    if more > 0 {
        notes.push(Note::new(format!("{} have such training rows", counted(more, "more column"))));
    }
    notes
}

/// The smallest or the largest number, far outside of all others: a code such as −9999, or a total.
struct Alone {
    value: f64,
    /// Number of rows with it, and the first of them.
    rows: usize,
    row: usize,
    /// The range of the others.
    others: [f64; 2],
}

impl Alone {
    fn of(numbers: &[f64]) -> Option<Self> {
        let present = || numbers.iter().copied().filter(|x| !x.is_nan());
        let range = |numbers: &mut dyn Iterator<Item = f64>| {
            numbers.fold([f64::INFINITY, f64::NEG_INFINITY], |[least, most], x| [least.min(x), most.max(x)])
        };
        let ends = range(&mut present());
        let of_end = |value: f64| {
            let others = range(&mut present().filter(|x| *x != value));
            let [least, most] = others;
            let distance = f64::max(least - value, value - most);
            let rows = present().filter(|x| *x == value).count();
            let is_alone = most > least && distance > RANGES * (most - least) && rows + ENOUGH <= present().count();
            let row = numbers.iter().position(|x| *x == value)?;
            is_alone.then_some(Alone { value, rows, row, others })
        };
        ends.into_iter().find_map(of_end)
    }

    fn said(&self, column: &str, place: impl Fn(usize) -> String) -> String {
        let more = match self.rows {
            1 => String::new(),
            rows => format!(" and {}", counted(rows - 1, "more training row")),
        };
        let [least, most] = self.others.map(as_read);
        format!(
            "column {column:?}, {}{more}: {} is far outside the other training rows, which go from {least} to {most}",
            place(self.row),
            as_read(self.value)
        )
    }

    fn advice(&self) -> String {
        format!(
            "Use `missing` {} if it is a missing value; otherwise correct it, or remove the row if it is a total.",
            shortest(self.value)
        )
    }
}

/// Numbers far outside of the middle half.
struct Far {
    quartiles: [f64; 2],
    rows: usize,
    /// The furthest number and its row.
    row: usize,
    value: f64,
}

impl Far {
    /// `None` unless the middle half is narrower than `narrow`.
    fn of(numbers: Vec<f64>, narrow: f64) -> Option<Self> {
        let mut present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
        if present.len() < ENOUGH {
            return None;
        }
        let last = present.len() - 1;
        let quartiles = [last / 4, 3 * last / 4].map(|place| *present.select_nth_unstable_by(place, f64::total_cmp).1);
        let middle = quartiles[1] - quartiles[0];
        if middle <= 0.0 || middle >= narrow {
            return None;
        }
        let distance = |x: f64| f64::max(quartiles[0] - x, x - quartiles[1]) / middle;
        let far = numbers.iter().enumerate().filter(|(_, x)| distance(**x) > FAR);
        let (row, value) = far.clone().max_by(|a, b| distance(*a.1).total_cmp(&distance(*b.1)))?;
        Some(Far { quartiles, rows: far.count(), row, value: *value })
    }

    fn said(&self, column: &str, kind: &ColumnKind, place: impl Fn(usize) -> String) -> String {
        let Far { quartiles: [first, third], rows, row, value } = self;
        let text = |x: f64| if *kind == ColumnKind::Number { as_read(x) } else { kind.text(x) };
        let value = if kind.text(*value).len() > LONG { as_read(*value) } else { kind.text(*value) };
        let others = match rows {
            1 => String::new(),
            rows => format!(", and {} more,", grouped(rows - 1)),
        };
        let (are, outliers) = if *rows == 1 { ("is", "an outlier") } else { ("are", "outliers") };
        format!(
            "column {column:?}, {}: {}{others} {are} {outliers}: half of the training rows are between {} and {}",
            place(*row),
            value,
            text(*first),
            text(*third)
        )
    }
}

/// Columns that are constant in the training rows, but not in others.
fn of_constants(plan: &Plan) -> Vec<Note> {
    // a model that goes on knows the training rows of its own
    if plan.task.start.is_some() {
        return Vec::new();
    }
    let (train, scaled) = (plan.parts.train.stored_inputs(), plan.preprocessing.scaled_columns());
    let of = |feature: usize| {
        let column = scaled[feature];
        let usual = train.samples.feature(column).find(|x| !x.is_nan())?;
        let differ = |data: &Dataset| {
            // but for rounding
            let is_other = |x: &f64| !x.is_nan() && (x - usual).abs() > 1e-9 * usual.abs();
            data.stored_inputs().samples.feature(column).filter(is_other).count()
        };
        let counts = [("validation", differ(&plan.parts.validation)), ("test", differ(&plan.parts.test))];
        let said = counts.iter().filter(|(_, count)| *count > 0);
        let said: Vec<String> = said.map(|(part, count)| counted(*count, &format!("{part} row"))).collect();
        let verb = if counts.iter().map(|(_, count)| count).sum::<usize>() == 1 { "has" } else { "have" };
        (!said.is_empty()).then(|| {
            Note::new(format!(
                "column {:?} is constant in the training rows, so the model ignores it; {} {verb} other values",
                train.names[column],
                said.join(" and ")
            ))
        })
    };
    plan.preprocessing.inputs.constant().into_iter().filter_map(of).take(MOST).collect()
}

/// The lines of the file that the rows of a part come from.
fn lines_of<'a>(plan: &'a Plan, part: &str) -> Option<&'a Lines> {
    match (&plan.task.test, part) {
        (Some(_), "test") => plan.task.test_lines.as_ref(),
        _ => plan.task.lines.as_ref(),
    }
}

/// Where a row is.
fn place(lines: Option<&Lines>, row: usize) -> String {
    lines.map_or_else(|| format!("row {row}, counted from 0"), |lines| format!("line {}", lines.of(row)))
}
