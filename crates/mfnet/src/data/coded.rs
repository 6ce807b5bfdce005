//! Converts the numbers of a column to the features that a network reads.

use std::f64::consts::TAU;
use std::sync::Arc;

use mfnet_table::{Values, View};

use super::{Rows, Scaler};
use crate::tensor::kernel::prefetch;

/// Average number of days in a year of the Gregorian calendar; below, in a week.
const YEAR: f64 = 365.2425;
const WEEK: f64 = 7.0;

/// x ← (x − shift)/scale, the same for all features.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    pub(super) shift: f64,
    pub(super) scale: f64,
}

impl Unit {
    /// Numbers as they are.
    pub(super) const ONE: Unit = Unit { shift: 0.0, scale: 1.0 };

    pub(super) fn of(self, x: f64) -> f64 {
        (x - self.shift) / self.scale
    }
}

/// Where the numbers of a column are stored.
#[derive(Clone, Debug)]
pub(super) enum Column {
    /// A column of a table.
    Values(Values),
    /// Stored rows: one feature of `features`.
    Feature { rows: Rows, unit: Unit, feature: usize, features: usize },
}

impl Column {
    /// The number of a row, NaN if it is missing.
    #[inline]
    pub(super) fn number(&self, row: usize) -> f64 {
        match self {
            Column::Values(values) => values.row(row),
            Column::Feature { rows, unit, feature, features } => unit.of(rows.number(row * features + feature)),
        }
    }

    /// Applies `number` to each number.
    pub(super) fn map(&self, number: impl Fn(f64) -> f64) -> Self {
        Column::Values(match self {
            Column::Values(values) => values.map(number),
            Column::Feature { rows, features, .. } => {
                (0..rows.len() / features).map(|row| number(self.number(row))).collect::<Vec<_>>().into()
            }
        })
    }

    /// Prefetches the number of a row.
    #[inline]
    pub(super) fn prefetch(&self, row: usize) {
        match self {
            Column::Values(values) => match values.view() {
                View::Numbers(numbers) => prefetch(&numbers[row..=row]),
                View::Codes(codes, _) => prefetch(&codes[row..=row]),
                View::Bytes(codes, _) => prefetch(&codes[row..=row]),
            },
            Column::Feature { rows, feature, features, .. } => rows.prefetch(row * features + feature),
        }
    }
}

/// How one feature is scaled.
#[derive(Clone, Debug)]
pub(crate) enum Scale {
    /// By shift and factor.
    Affine(Unit),
    /// By its rank, with the scaler of all features.
    Rank(Arc<Scaler>, usize),
}

impl Scale {
    /// The scale of one feature among all that are scaled.
    pub(super) fn of_feature(scaler: &Arc<Scaler>, feature: usize) -> Self {
        match &**scaler {
            Scaler::Affine(affine) => {
                Scale::Affine(Unit { shift: affine.mean[feature], scale: affine.divisor(feature) })
            }
            Scaler::Quantiles(_) => Scale::Rank(Arc::clone(scaler), feature),
        }
    }

    #[inline]
    pub(super) fn of(&self, x: f64) -> f64 {
        match self {
            Scale::Affine(unit) => unit.of(x),
            Scale::Rank(scaler, feature) => scaler.apply_to(*feature, x),
        }
    }
}

/// The features that a number of a column becomes. Features that are not written are 0.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    /// The number as it is; a missing number stays NaN.
    Plain,
    /// The scaled number, with `gap` in place of a missing one; optionally a feature that marks
    /// missing numbers.
    Number { scale: Option<Scale>, gap: f64, missing: bool },
    /// Days, scaled; sine and cosine of the year, the week and optionally the day; optionally a
    /// feature that marks missing dates.
    Date { scale: Scale, fill: f64, times: bool, missing: bool },
    /// 1 in one of the features. The number is the index of that feature; negative means none.
    OneHot,
}

impl Code {
    /// Calls `write(feature, number)`; features are counted from the column's first one.
    #[inline]
    pub(crate) fn write(&self, x: f64, mut write: impl FnMut(usize, f64)) {
        match self {
            Code::Plain => write(0, x),
            Code::Number { scale, gap, missing } => {
                write(0, if x.is_nan() { *gap } else { scale.as_ref().map_or(x, |scale| scale.of(x)) });
                if *missing && x.is_nan() {
                    write(1, 1.0);
                }
            }
            Code::Date { scale, fill, times, missing } => {
                let days = if x.is_nan() { *fill } else { x };
                write(0, scale.of(days));
                let periods = [YEAR, WEEK, 1.0].into_iter().take(2 + usize::from(*times));
                let mut next = 1;
                for period in periods {
                    let (sin, cos) = (TAU * (days / period).fract()).sin_cos();
                    write(next, sin);
                    write(next + 1, cos);
                    next += 2;
                }
                if *missing && x.is_nan() {
                    write(next, 1.0);
                }
            }
            Code::OneHot if x >= 0.0 => write(x as usize, 1.0),
            Code::OneHot => {}
        }
    }
}

/// A column and its code.
#[derive(Clone, Debug)]
pub(super) struct Coded {
    pub(super) column: Column,
    pub(super) code: Code,
    /// Index of the column's first feature.
    pub(super) first: usize,
}

impl Coded {
    /// Calls `write(feature, number)` for a row; features are counted from the first of all
    /// columns.
    #[inline]
    pub(super) fn write(&self, row: usize, mut write: impl FnMut(usize, f64)) {
        self.code.write(self.column.number(row), |feature, x| write(self.first + feature, x));
    }
}
