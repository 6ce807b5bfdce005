use std::sync::{Arc, OnceLock};

use mfnet_table::Values;

use super::coded::{Code, Coded, Column, Unit};
use super::{Rows, Scaler, Scaling, Standardizer};
use crate::tensor::kernel::{Body, Panels, prefetch, with_vectors};
use crate::tensor::parts::{Columns, for_each_columns};
use crate::tensor::{Scalar, Tensor};

/// Assumed cost of gathering one number, in floating-point operations, to decide whether threads
/// share the work.
const COST: usize = 8;
/// How many samples ahead a column's numbers are prefetched.
const AHEAD: usize = 16;
/// Number of features of rows that are read together, because neighbours share a cache line.
const NEIGHBOURS: usize = 8;
/// How many samples ahead to prefetch a sample of this many bytes: late enough for it to be still
/// in the first-level cache, early enough for memory to answer.
pub(super) fn ahead(bytes: usize) -> usize {
    (6144 / bytes.max(1)).clamp(8, 64)
}

/// The numbers of some samples, stored where they were read and in their original type: typed
/// columns, or rows of numbers or bytes. They are converted to the network's type, encoded and
/// scaled when a batch is gathered.
///
/// Clones and selections share the numbers.
///
/// ```
/// use mfnet::Tensor;
/// use mfnet::data::Samples;
/// let samples = Samples::from(Tensor::from_rows([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
/// assert_eq!((samples.features(), samples.len(), samples.number(2, 1)), (2, 3, 6.0));
/// ```
#[derive(Clone, Debug)]
pub struct Samples {
    features: usize,
    source: Source,
    /// The rows of the source that are samples.
    chosen: Arc<Vec<u32>>,
    /// Whether all numbers of the source are finite, once somebody asked.
    are_finite: Arc<OnceLock<bool>>,
}

#[derive(Clone, Debug)]
enum Source {
    Rows(Rows, Unit),
    Columns(Arc<[Coded]>),
}

impl Samples {
    /// Rows of numbers, sample after sample, with at least one feature.
    pub(crate) fn from_rows(features: usize, rows: impl Into<Rows>) -> Self {
        let rows = rows.into();
        let count = rows.len() / features.max(1);
        Self::all(features, count, Source::Rows(rows, Unit::ONE))
    }

    /// The columns of a table with this many rows.
    pub(crate) fn from_columns(rows: usize, columns: impl IntoIterator<Item = Values>) -> Self {
        let plain = |(first, values)| Coded { column: Column::Values(values), code: Code::Plain, first };
        let columns: Arc<[Coded]> = columns.into_iter().enumerate().map(plain).collect();
        Self::all(columns.len(), rows, Source::Columns(columns))
    }

    fn all(features: usize, count: usize, source: Source) -> Self {
        // 2³² rows do not fit into memory
        Samples { features, source, chosen: Arc::new((0..count as u32).collect()), are_finite: Arc::default() }
    }

    /// The same samples with other features.
    pub(super) fn coded(&self, features: usize, columns: impl IntoIterator<Item = Coded>) -> Self {
        let source = Source::Columns(columns.into_iter().collect());
        Samples { features, source, chosen: Arc::clone(&self.chosen), are_finite: Arc::default() }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    pub(crate) fn holds_bytes(&self) -> bool {
        matches!(self.source, Source::Rows(Rows::Bytes(_), _))
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The samples with these indices, in this order.
    pub(crate) fn select(&self, samples: &[usize]) -> Self {
        let chosen = Arc::new(samples.iter().map(|sample| self.chosen[*sample]).collect());
        Samples { chosen, ..self.clone() }
    }

    /// As `select`. If `chosen` is a selection of `before` by the same indices, shares its list of
    /// rows where these samples share that of `before`.
    pub(super) fn select_as(&self, before: &Self, chosen: &Self, samples: &[usize]) -> Self {
        if Arc::ptr_eq(&self.chosen, &before.chosen) {
            return Samples { chosen: Arc::clone(&chosen.chosen), ..self.clone() };
        }
        self.select(samples)
    }

    /// The same samples; shares the list of rows with `other` if both lists are equal.
    pub(super) fn sharing(self, other: &Self) -> Self {
        if self.chosen == other.chosen { Samples { chosen: Arc::clone(&other.chosen), ..self } } else { self }
    }

    /// The values of one feature in every sample.
    ///
    /// # Panics
    /// If there is no such feature.
    pub fn feature(&self, i: usize) -> impl ExactSizeIterator<Item = f64> + '_ {
        (0..self.len()).map(move |sample| self.number(sample, i))
    }

    /// The features of one sample.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn sample(&self, sample: usize) -> impl ExactSizeIterator<Item = f64> + '_ {
        (0..self.features).map(move |i| self.number(sample, i))
    }

    /// All numbers, sample after sample.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = f64> + '_ {
        let features = self.features.max(1);
        (0..self.features * self.len()).map(move |place| self.number(place / features, place % features))
    }

    /// One feature of one sample.
    ///
    /// # Panics
    /// If there is no such sample or feature.
    pub fn number(&self, sample: usize, feature: usize) -> f64 {
        assert!(feature < self.features, "feature {feature} of {}", self.features);
        let row = self.chosen[sample] as usize;
        match &self.source {
            Source::Rows(rows, unit) => unit.of(rows.number(row * self.features + feature)),
            Source::Columns(columns) => {
                let coded = &columns[columns.partition_point(|coded| coded.first <= feature) - 1];
                let mut number = 0.0;
                coded.write(row, |i, x| {
                    if i == feature {
                        number = x;
                    }
                });
                number
            }
        }
    }

    /// The index of a sample's largest feature; among equal ones, the first.
    pub(crate) fn argmax(&self, sample: usize) -> usize {
        let is_larger = |i, best| self.number(sample, i) > self.number(sample, best);
        (1..self.features).fold(0, |best, i| if is_larger(i, best) { i } else { best })
    }

    /// The numbers of each feature, one feature after the other.
    pub(super) fn feature_by_feature(&self) -> impl Iterator<Item = Vec<f64>> + '_ {
        let together = if matches!(self.source, Source::Rows(..)) { NEIGHBOURS } else { 1 };
        (0..self.features).step_by(together).flat_map(move |first| {
            let features = first..self.features.min(first + together);
            let mut numbers: Vec<Vec<f64>> = features.clone().map(|_| Vec::with_capacity(self.len())).collect();
            for sample in 0..self.len() {
                features.clone().zip(&mut numbers).for_each(|(i, numbers)| numbers.push(self.number(sample, i)));
            }
            numbers
        })
    }

    /// Whether a number is missing.
    pub(crate) fn has_gaps(&self) -> bool {
        !self.cannot_have_gaps()
            && !self.all_are_finite()
            && self.feature_by_feature().any(|numbers| numbers.iter().any(|x| x.is_nan()))
    }

    /// Whether all numbers of the rows are finite; false for columns.
    fn all_are_finite(&self) -> bool {
        *self.are_finite.get_or_init(|| match &self.source {
            Source::Rows(Rows::F64(numbers), _) => all_finite(numbers),
            Source::Rows(Rows::F32(numbers), _) => all_finite(numbers),
            Source::Rows(Rows::Bytes(_), _) => true,
            Source::Columns(_) => false,
        })
    }

    /// Whether no number can be missing: bytes always exist, and an encoder fills gaps.
    fn cannot_have_gaps(&self) -> bool {
        self.holds_bytes() || self.are_encoded()
    }

    /// The number of missing values of each feature.
    pub(crate) fn gaps(&self) -> Vec<usize> {
        if self.cannot_have_gaps() {
            return vec![0; self.features];
        }
        self.feature_by_feature().map(|numbers| numbers.iter().filter(|x| x.is_nan()).count()).collect()
    }

    /// The first number that is not finite, with its sample and feature.
    pub(super) fn not_finite(&self) -> Option<(f64, usize, usize)> {
        if self.all_are_finite() {
            return None;
        }
        let of_sample = |sample| (0..self.features).map(move |i| (self.number(sample, i), sample, i));
        (0..self.len()).flat_map(of_sample).find(|(x, ..)| !x.is_finite())
    }

    /// Replaces each x by `number(feature, x)`.
    pub(crate) fn map(&self, number: impl Fn(usize, f64) -> f64) -> Self {
        let features = self.features.max(1);
        let numbers = self.iter().enumerate().map(|(place, x)| number(place % features, x));
        Self::from_rows(self.features, numbers.collect::<Vec<_>>())
    }

    /// One feature as a column; the samples must not be encoded.
    pub(super) fn column(&self, feature: usize) -> Column {
        match &self.source {
            Source::Rows(rows, unit) => {
                Column::Feature { rows: rows.clone(), unit: *unit, feature, features: self.features }
            }
            Source::Columns(columns) => columns[feature].column.clone(),
        }
    }

    /// Whether the samples are encoded while a batch is gathered.
    pub(super) fn are_encoded(&self) -> bool {
        matches!(&self.source, Source::Columns(columns) if columns.iter().any(|coded| !matches!(coded.code, Code::Plain)))
    }

    /// A selection of the features, in this order.
    pub(crate) fn columns(&self, features: &[usize]) -> Self {
        if self.are_encoded() {
            return self.written_out().columns(features);
        }
        let plain = |(first, i): (usize, &usize)| Coded { column: self.column(*i), code: Code::Plain, first };
        self.coded(features.len(), features.iter().enumerate().map(plain))
    }

    /// The same samples, encoded, as rows of numbers.
    pub(super) fn written_out(&self) -> Self {
        let Source::Columns(columns) = &self.source else { return self.clone() };
        let mut numbers = vec![0.0; self.features * self.len()];
        for coded in columns.iter() {
            for (to, row) in numbers.chunks_exact_mut(self.features.max(1)).zip(&*self.chosen) {
                coded.write(*row as usize, |feature, x| to[feature] = x);
            }
        }
        Self::from_rows(self.features, numbers)
    }

    /// The numbers as a matrix of shape (features, samples).
    pub fn tensor(&self) -> Tensor<f64> {
        let mut tensor = Tensor::zeros(self.features, self.len());
        self.write(&(0..self.len()).collect::<Vec<_>>(), &mut tensor);
        tensor
    }

    /// Writes the first samples with these indices into the columns of `to`. The next few indices
    /// are prefetched.
    pub(crate) fn write<T: Scalar>(&self, samples: &[usize], to: &mut Tensor<T>) {
        let operations = COST * to.columns() * self.features;
        match &self.source {
            Source::Rows(Rows::F64(numbers), _) => self.write_rows(numbers, samples, to, operations, T::from_f64),
            Source::Rows(Rows::F32(numbers), _) => {
                self.write_rows(numbers, samples, to, operations, |x| T::from_f64(x.into()));
            }
            Source::Rows(Rows::Bytes(bytes), unit) => {
                let (shift, factor) = (T::from_f64(unit.shift), T::from_f64(1.0 / unit.scale));
                self.write_rows(bytes, samples, to, operations, move |byte| (T::from(byte) - shift) * factor);
            }
            Source::Columns(columns) => self.write_columns(columns, samples, to, operations),
        }
    }

    /// Writes samples from rows, and converts each number.
    fn write_rows<T: Scalar, V: Copy + Sync>(
        &self,
        values: &[V],
        samples: &[usize],
        to: &mut Tensor<T>,
        operations: usize,
        convert: impl Fn(V) -> T + Copy + Sync,
    ) {
        let panels = to.layout().panels();
        for_each_columns(to, operations, |columns| {
            with_vectors(Gather {
                values,
                features: self.features,
                chosen: &self.chosen,
                samples,
                columns,
                panels,
                convert,
            });
        });
    }

    /// Writes samples from columns, and encodes each number.
    fn write_columns<T: Scalar>(&self, coded: &[Coded], samples: &[usize], to: &mut Tensor<T>, operations: usize) {
        let panels = to.layout().panels();
        let row = |sample: usize| self.chosen[sample] as usize;
        for_each_columns(to, operations, |mut columns| {
            let numbers = columns.numbers();
            (0..panels).for_each(|panel| columns.panel(panel).0.fill(T::ZERO));
            for coded in coded {
                for j in numbers.clone() {
                    if let Some(later) = samples.get(j + AHEAD) {
                        coded.column.prefetch(row(*later));
                    }
                    coded.write(row(samples[j]), |feature, x| {
                        let (to, height) = columns.panel(feature / T::PANEL);
                        to[(j - numbers.start) * height + feature % T::PANEL] = T::from_f64(x);
                    });
                }
            }
        });
    }

    /// Fits a scaler to these samples. Bytes share one scale for all features, unless it is by
    /// rank.
    pub(crate) fn scaler(&self, scaling: Scaling) -> Scaler {
        match (&self.source, scaling) {
            (Source::Rows(Rows::Bytes(bytes), unit), Scaling::Standard) => {
                let mut counts = [0u64; 256];
                for row in self.chosen.iter().map(|row| *row as usize) {
                    for byte in &bytes[row * self.features..(row + 1) * self.features] {
                        counts[usize::from(*byte)] += 1;
                    }
                }
                let values = (0..256).map(|byte| (unit.of(byte as f64), counts[byte]));
                Scaler::Affine(Standardizer::of_counts(self.features, values))
            }
            (Source::Rows(Rows::Bytes(_), Unit { shift, scale }), Scaling::MinMax) => {
                Scaler::Affine(Standardizer::common_to(self.features, -shift / scale, 255.0 / scale))
            }
            _ => Scaler::of(scaling, self.feature_by_feature()),
        }
    }

    /// Bytes with another unit; `None` unless they are bytes and all features share one scale, and
    /// none is constant.
    pub(super) fn in_unit(&self, by: &Scaler) -> Option<Self> {
        let Source::Rows(rows @ Rows::Bytes(_), unit) = &self.source else { return None };
        let Scaler::Affine(affine) = by else { return None };
        let (mean, deviation) = affine.common().filter(|_| affine.constant().is_empty())?;
        let unit = Unit { shift: unit.shift + mean * unit.scale, scale: unit.scale * deviation };
        Some(Samples { source: Source::Rows(rows.clone(), unit), ..self.clone() })
    }
}

/// Whether all numbers are finite: 0 x is 0 if and only if x is. Sums side by side become vectors.
fn all_finite<T: Scalar>(numbers: &[T]) -> bool {
    numbers.chunks(1024).all(|chunk| {
        let mut sums = [T::ZERO; 16];
        let groups = chunk.chunks_exact(16);
        let rest = groups.remainder().iter().all(|x| x.is_finite());
        for group in groups {
            sums.iter_mut().zip(group).for_each(|(sum, x)| *sum += *x * T::ZERO);
        }
        rest && sums.iter().all(|sum| *sum == T::ZERO)
    })
}

/// The columns of a matrix of shape (features, samples).
impl From<&Tensor<f64>> for Samples {
    fn from(matrix: &Tensor<f64>) -> Self {
        Self::from_rows(matrix.rows(), matrix.iter().copied().collect::<Vec<_>>())
    }
}

impl From<Tensor<f64>> for Samples {
    fn from(matrix: Tensor<f64>) -> Self {
        Self::from(&matrix)
    }
}

impl From<&Samples> for Samples {
    fn from(samples: &Samples) -> Self {
        samples.clone()
    }
}

/// Whether the numbers are equal; NaN equals nothing.
impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        (self.features, self.len()) == (other.features, other.len()) && self.iter().eq(other.iter())
    }
}

/// Some columns of a batch, gathered from rows.
struct Gather<'a, T: Scalar, V, C> {
    values: &'a [V],
    features: usize,
    /// The rows that are samples.
    chosen: &'a [u32],
    /// The samples of the whole batch, then those to prefetch.
    samples: &'a [usize],
    columns: Columns<'a, T>,
    panels: usize,
    convert: C,
}

impl<T: Scalar, V: Copy, C: Fn(V) -> T> Body for Gather<'_, T, V, C> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (features, chosen) = (self.features, self.chosen);
        let ahead = ahead(size_of::<V>() * features);
        let numbers = self.columns.numbers();
        for first in numbers.clone().step_by(ahead) {
            for panel in 0..self.panels {
                let (to, height) = self.columns.panel(panel);
                let feature = panel * T::PANEL;
                let length = T::PANEL.min(features - feature);
                let to = to[(first - numbers.start) * height..].chunks_exact_mut(height);
                for (j, to) in (first..numbers.end.min(first + ahead)).zip(to) {
                    // samples of a batch are scattered in memory: prefetch first their indices,
                    // then their numbers
                    if let (0, Some(much_later)) = (panel, self.samples.get(j + 2 * ahead)) {
                        prefetch(&chosen[*much_later..=*much_later]);
                    }
                    if let Some(later) = self.samples.get(j + ahead) {
                        let later = chosen[*later] as usize * features + feature;
                        prefetch(&self.values[later..=later]);
                        if panel + 1 == self.panels {
                            prefetch(&self.values[later + length - 1..later + length]);
                        }
                    }
                    let from = &self.values[chosen[self.samples[j]] as usize * features + feature..][..length];
                    for (to, from) in to.iter_mut().zip(from) {
                        *to = (self.convert)(*from);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Features, Link, Preprocessing};

    fn scaled(samples: &Samples, scaler: &Scaler) -> Samples {
        let names = (0..samples.features()).map(|i| i.to_string()).collect();
        let scaling = Preprocessing { columns: None, inputs: scaler.clone(), targets: None, link: Link::Identity };
        scaling.encode(&Features::of_numbers(names, samples.clone())).samples
    }

    /// Bytes and the same numbers in a matrix, scaled alike.
    #[test]
    fn bytes_are_the_numbers_that_they_are() {
        let bytes: Vec<u8> = (0..200).map(|i| (i * 37 % 256) as u8).collect();
        let numbers = Tensor::from_columns(100, bytes.iter().map(|byte| f64::from(*byte)).collect()).unwrap();
        let samples = Samples::from_rows(100, bytes);
        assert_eq!(samples.tensor(), numbers);
        assert!(samples.feature(3).eq([111.0, 227.0]), "37 · 3 and 37 · 103, modulo 256");
        assert_eq!(samples.select(&[1, 1]).tensor(), numbers.select_columns(&[1, 1]));

        let standardizer = samples.scaler(Scaling::Standard);
        let once = scaled(&samples, &standardizer);
        let scaled_numbers = once.tensor();
        let n = scaled_numbers.iter().len() as f64;
        assert!((scaled_numbers.iter().sum::<f64>() / n).abs() < 1e-12, "mean 0");
        assert!((scaled_numbers.norm().powi(2) / n - 1.0).abs() < 1e-12, "deviation 1");
        let expected = standardizer.apply(&numbers);
        assert!(scaled_numbers.iter().zip(expected.iter()).all(|(a, b)| (a - b).abs() < 1e-14));

        // scaled twice, and with a scale for each feature
        let again = scaled(&once, &standardizer).tensor();
        assert!(again.iter().zip(standardizer.apply(&expected).iter()).all(|(a, b)| (a - b).abs() < 1e-13));
        let of_each = Scaler::fit(Scaling::Standard, &numbers);
        assert_eq!(scaled(&samples, &of_each).tensor(), of_each.apply(&numbers));
    }
}
