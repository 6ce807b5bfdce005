//! Numbers far outside of those that a model was trained on.

use mfnet_table::ColumnKind;

use super::{Features, Preprocessing, Samples, Scaler, Scaling};

/// A number is an outlier if it is further outside of the training rows than this many times their
/// range.
const RANGES: f64 = 10.0;
/// Where only mean and standard deviation are known, or median and interquartile range: if it is
/// further away than this many of them.
const SPREADS: f64 = 200.0;

/// A column with numbers far outside of the training rows, such as −9999 in place of a missing
/// value.
///
/// A number is far outside if it is more than ten times the range of the training rows below their
/// smallest or above their largest number. A model file with standard or robust scaling does not
/// have the range; then the limit is 200 standard deviations from the mean, or 200
/// interquartile ranges from the median. Columns that are constant in the training rows have no such numbers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outliers {
    /// The name of the column.
    pub column: String,
    /// Number of rows with such a number.
    pub rows: usize,
    /// The row whose number is furthest outside, counted from 0.
    pub row: usize,
    /// That number.
    pub value: f64,
    /// The kind of the column.
    pub kind: ColumnKind,
    /// The usual numbers.
    pub usual: Usual,
}

/// The usual numbers of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Usual {
    /// From the smallest to the largest number of the training rows.
    Between(f64, f64),
    /// Mean and standard deviation of the training rows.
    Mean(f64, f64),
    /// Median and interquartile range of the training rows.
    Median(f64, f64),
}

impl Usual {
    /// The range of some numbers; NaN is a missing one. `None` if there are not two different ones.
    pub(crate) fn range_of(numbers: impl Iterator<Item = f64>) -> Option<Self> {
        let (least, most) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        (least < most).then_some(Usual::Between(least, most))
    }

    /// How far outside a number is, in ranges, standard deviations or interquartile ranges; 0
    /// inside.
    pub fn distance(self, x: f64) -> f64 {
        match self {
            // divided before the difference, which could overflow
            Usual::Between(least, most) => {
                let range = most - least;
                f64::max(least / range - x / range, x / range - most / range).max(0.0)
            }
            Usual::Mean(centre, spread) | Usual::Median(centre, spread) => (x / spread - centre / spread).abs(),
        }
    }

    fn is_outside(self, x: f64) -> bool {
        let limit = if let Usual::Between(..) = self { RANGES } else { SPREADS };
        self.distance(x) > limit
    }
}

/// The outliers of a column, if it has any.
pub(crate) fn outliers(
    (column, kind): (&str, &ColumnKind),
    usual: Usual,
    numbers: impl Iterator<Item = f64>,
) -> Option<Outliers> {
    let mut found: Option<Outliers> = None;
    for (row, value) in numbers.enumerate().filter(|(_, x)| usual.is_outside(*x)) {
        let rows = found.as_ref().map_or(0, |outliers| outliers.rows) + 1;
        let is_furthest = found.as_ref().is_none_or(|outliers| usual.distance(value) > usual.distance(outliers.value));
        found = match found {
            Some(outliers) if !is_furthest => Some(Outliers { rows, ..outliers }),
            _ => Some(Outliers { column: column.to_owned(), rows, row, value, kind: kind.clone(), usual }),
        };
    }
    found
}

/// Whether the numbers of a column of this kind have a size.
pub(crate) fn has_size(kind: &ColumnKind) -> bool {
    matches!(kind, ColumnKind::Number | ColumnKind::Date)
}

impl Preprocessing {
    /// The columns of other rows that have outliers, by what the scalers, fitted with this scaling,
    /// know of the training rows.
    pub(crate) fn outliers(&self, scaling: Scaling, columns: &Features) -> Vec<Outliers> {
        if columns.samples.holds_bytes() {
            return Vec::new();
        }
        let constant = self.inputs.constant();
        let scaled = self.scaled_columns().into_iter().enumerate();
        let varying = scaled.filter(|(feature, _)| constant.binary_search(feature).is_err());
        let of = |(feature, column): (usize, usize)| {
            let (name, kind) = (&columns.names[column], &columns.kinds[column]);
            let usual = self.inputs.usual(scaling, feature);
            has_size(kind).then(|| outliers((name, kind), usual, columns.samples.feature(column)))?
        };
        varying.filter_map(of).collect()
    }
}

impl Scaler {
    /// The usual numbers of a feature.
    fn usual(&self, scaling: Scaling, feature: usize) -> Usual {
        match self {
            Scaler::Affine(affine) => {
                let (shift, scale) = (affine.mean[feature], affine.scale[feature]);
                match scaling {
                    Scaling::MinMax => Usual::Between(shift, shift + scale),
                    Scaling::Robust => Usual::Median(shift, scale),
                    Scaling::Standard | Scaling::Quantile => Usual::Mean(shift, scale),
                }
            }
            Scaler::Quantiles(quantiles) => {
                let values = &quantiles.values[feature];
                Usual::Between(values[0], values[values.len() - 1])
            }
        }
    }
}

/// For each column whose numbers have a size, the range of these samples.
pub(crate) fn ranges(columns: &Features) -> Vec<Option<Usual>> {
    let range =
        |(i, kind): (usize, &ColumnKind)| has_size(kind).then(|| Usual::range_of(columns.samples.feature(i)))?;
    columns.kinds.iter().enumerate().map(range).collect()
}

/// For each target of a regression, the range of these samples.
pub(crate) fn ranges_of(values: &Samples) -> Vec<Option<Usual>> {
    (0..values.features()).map(|i| Usual::range_of(values.feature(i))).collect()
}
