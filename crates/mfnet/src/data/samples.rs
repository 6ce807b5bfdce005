use std::sync::Arc;

use super::{Scaler, Scaling, Standardizer};
use crate::tensor::kernel::{Body, prefetch, with_vectors};
use crate::tensor::parts::{Columns, for_each_columns};
use crate::tensor::{Scalar, Tensor};

/// What one number is taken to cost, in floating-point operations, for the decision whether to share the work.
const COST: usize = 8;
/// How many samples ahead memory is asked for one of this many bytes: late enough to find it still in the first cache, early enough for
/// memory to answer, and for many small ones already during the batch before.
pub(super) fn ahead(bytes: usize) -> usize {
    (6144 / bytes.max(1)).clamp(8, 64)
}

/// The inputs of some samples, in the type in which they came: bytes stay bytes. They become numbers of the network's type while a
/// batch is gathered.
///
/// Choosing samples copies no numbers.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    features: usize,
    /// Sample after sample, those included that are not chosen.
    values: Arc<Values>,
    chosen: Vec<usize>,
}

#[derive(Debug)]
enum Values {
    Numbers(Vec<f64>),
    Bytes { bytes: Arc<Vec<u8>>, unit: Unit },
}

/// x ← (x − shift)/scale, one for all features.
#[derive(Clone, Copy, Debug)]
struct Unit {
    shift: f64,
    scale: f64,
}

impl Samples {
    /// The columns of a matrix.
    pub(crate) fn from_tensor(inputs: &Tensor<f64>) -> Self {
        Self::of(inputs.rows(), inputs.columns(), Values::Numbers(inputs.iter().copied().collect()))
    }

    /// Samples of numbers, sample after sample. At least one feature.
    pub(crate) fn from_numbers(features: usize, numbers: Vec<f64>) -> Self {
        Self::of(features, numbers.len() / features.max(1), Values::Numbers(numbers))
    }

    /// Samples of bytes, sample after sample. At least one feature.
    pub(crate) fn from_bytes(features: usize, bytes: Vec<u8>) -> Self {
        let count = bytes.len() / features;
        Self::of(features, count, Values::Bytes { bytes: Arc::new(bytes), unit: Unit { shift: 0.0, scale: 1.0 } })
    }

    fn of(features: usize, count: usize, values: Values) -> Self {
        Samples { features, values: Arc::new(values), chosen: (0..count).collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.chosen.len()
    }

    pub(crate) fn holds_bytes(&self) -> bool {
        matches!(*self.values, Values::Bytes { .. })
    }

    pub(crate) fn features(&self) -> usize {
        self.features
    }

    /// Those with these numbers, in this order.
    pub(crate) fn select(&self, samples: &[usize]) -> Self {
        let chosen = samples.iter().map(|sample| self.chosen[*sample]).collect();
        Samples { features: self.features, values: Arc::clone(&self.values), chosen }
    }

    /// One feature of every sample.
    pub(crate) fn feature(&self, i: usize) -> impl Iterator<Item = f64> + '_ {
        self.chosen.iter().map(move |sample| self.number(sample * self.features + i))
    }

    /// The features of one sample.
    fn numbers_of(&self, sample: usize) -> impl Iterator<Item = f64> + '_ {
        let start = self.chosen[sample] * self.features;
        (start..start + self.features).map(|place| self.number(place))
    }

    fn number(&self, place: usize) -> f64 {
        match &*self.values {
            Values::Numbers(numbers) => numbers[place],
            Values::Bytes { bytes, unit } => (f64::from(bytes[place]) - unit.shift) / unit.scale,
        }
    }

    /// Whether a number is missing.
    pub(crate) fn has_gaps(&self) -> bool {
        let Values::Numbers(numbers) = &*self.values else { return false };
        let of = |sample: &usize| &numbers[sample * self.features..(sample + 1) * self.features];
        self.chosen.iter().any(|sample| of(sample).iter().any(|x| x.is_nan()))
    }

    /// How many numbers of each feature are missing.
    pub(crate) fn gaps(&self) -> Vec<usize> {
        let mut gaps = vec![0; self.features];
        if let Values::Numbers(numbers) = &*self.values {
            for sample in &self.chosen {
                let of_sample = &numbers[sample * self.features..][..self.features];
                gaps.iter_mut().zip(of_sample).for_each(|(gaps, x)| *gaps += usize::from(x.is_nan()));
            }
        }
        gaps
    }

    /// Some of the features, in this order.
    pub(crate) fn columns(&self, features: &[usize]) -> Self {
        let mut numbers = vec![0.0; features.len() * self.len()];
        for (i, feature) in features.iter().enumerate() {
            let places = numbers.iter_mut().skip(i).step_by(features.len());
            places.zip(self.feature(*feature)).for_each(|(place, x)| *place = x);
        }
        Self::from_numbers(features.len(), numbers)
    }

    /// As a matrix of shape (features, samples).
    pub(crate) fn tensor(&self) -> Tensor<f64> {
        let mut tensor = Tensor::zeros(self.features, self.len());
        self.write(&(0..self.len()).collect::<Vec<_>>(), &mut tensor);
        tensor
    }

    /// Writes the first samples with these numbers into the columns of a matrix. Of the others, which are wanted next, memory is asked for the first few.
    pub(crate) fn write<T: Scalar>(&self, samples: &[usize], to: &mut Tensor<T>) {
        let operations = COST * to.columns() * self.features;
        match &*self.values {
            Values::Numbers(numbers) => self.write_from(numbers, samples, to, operations, T::from_f64),
            Values::Bytes { bytes, unit } => {
                let (shift, factor) = (T::from_f64(unit.shift), T::from_f64(1.0 / unit.scale));
                self.write_from(bytes, samples, to, operations, move |byte| (T::from(byte) - shift) * factor);
            }
        }
    }

    /// The same, each number converted.
    fn write_from<T: Scalar, V: Copy + Sync>(
        &self,
        values: &[V],
        samples: &[usize],
        to: &mut Tensor<T>,
        operations: usize,
        convert: impl Fn(V) -> T + Copy + Sync,
    ) {
        let panels = to.layout().panels();
        for_each_columns(to, operations, |columns| {
            with_vectors(Rows { values, of: self, samples, columns, panels, convert });
        });
    }

    /// What scales them. Bytes share one unit, and so one scale of all features where that is a matter of shift and factor.
    pub(crate) fn scaler(&self, scaling: Scaling) -> Scaler {
        match (&*self.values, scaling) {
            (Values::Bytes { bytes, unit: Unit { shift, scale } }, Scaling::Standard) => {
                let mut counts = [0u64; 256];
                for sample in &self.chosen {
                    for byte in &bytes[sample * self.features..(sample + 1) * self.features] {
                        counts[usize::from(*byte)] += 1;
                    }
                }
                let of = |byte: usize| (byte as f64 - shift) / scale;
                Scaler::Affine(Standardizer::of_counts(self.features, (0..256).map(|byte| (of(byte), counts[byte]))))
            }
            (Values::Bytes { unit: Unit { shift, scale }, .. }, Scaling::MinMax) => {
                Scaler::Affine(Standardizer::common_to(self.features, -shift / scale, 255.0 / scale))
            }
            _ => Scaler::fit(scaling, &self.tensor()),
        }
    }

    /// The samples as a network sees them.
    ///
    /// # Panics
    /// If the scaler is for another number of features.
    pub(crate) fn scaled(&self, by: &Scaler) -> Self {
        assert_eq!(self.features, by.features(), "features");
        let common = if let Scaler::Affine(affine) = by { affine.common() } else { None };
        if let (Values::Bytes { bytes, unit }, Some((mean, deviation))) = (&*self.values, common) {
            let unit = Unit { shift: unit.shift + mean * unit.scale, scale: unit.scale * deviation };
            let values = Arc::new(Values::Bytes { bytes: Arc::clone(bytes), unit });
            return Samples { features: self.features, values, chosen: self.chosen.clone() };
        }
        let mut numbers = Vec::with_capacity(self.features * self.len());
        for sample in 0..self.len() {
            // a gap where training had none is in the middle
            numbers.extend(
                self.numbers_of(sample).enumerate().map(|(i, x)| if x.is_nan() { 0.0 } else { by.apply_to(i, x) }),
            );
        }
        Self::from_numbers(self.features, numbers)
    }
}

/// Some columns of a batch, written from the rows of a table.
struct Rows<'a, T: Scalar, V, C> {
    values: &'a [V],
    of: &'a Samples,
    /// Of the whole batch, and those that are wanted next.
    samples: &'a [usize],
    columns: Columns<'a, T>,
    panels: usize,
    convert: C,
}

impl<T: Scalar, V: Copy, C: Fn(V) -> T> Body for Rows<'_, T, V, C> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let features = self.of.features;
        let ahead = ahead(size_of::<V>() * features);
        let numbers = self.columns.numbers();
        for first in numbers.clone().step_by(ahead) {
            for panel in 0..self.panels {
                let (to, height) = self.columns.panel(panel);
                let feature = panel * T::PANEL;
                let length = T::PANEL.min(features - feature);
                let to = to[(first - numbers.start) * height..].chunks_exact_mut(height);
                for (j, to) in (first..numbers.end.min(first + ahead)).zip(to) {
                    // samples of a batch lie anywhere, and memory answers late: first where they lie, then their numbers
                    if let (0, Some(much_later)) = (panel, self.samples.get(j + 2 * ahead)) {
                        prefetch(&self.of.chosen[*much_later..=*much_later]);
                    }
                    if let Some(later) = self.samples.get(j + ahead) {
                        let later = self.of.chosen[*later] * features + feature;
                        prefetch(&self.values[later..=later]);
                        if panel + 1 == self.panels {
                            prefetch(&self.values[later + length - 1..later + length]);
                        }
                    }
                    let from = &self.values[self.of.chosen[self.samples[j]] * features + feature..][..length];
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

    /// Bytes and the same numbers in a matrix, scaled alike.
    #[test]
    fn bytes_are_the_numbers_that_they_are() {
        let bytes: Vec<u8> = (0..200).map(|i| (i * 37 % 256) as u8).collect();
        let numbers = Tensor::from_columns(100, bytes.iter().map(|byte| f64::from(*byte)).collect()).unwrap();
        let samples = Samples::from_bytes(100, bytes);
        assert_eq!(samples.tensor(), numbers);
        assert!(samples.feature(3).eq([111.0, 227.0]), "37 · 3 and 37 · 103, modulo 256");
        assert_eq!(samples.select(&[1, 1]).tensor(), numbers.select_columns(&[1, 1]));

        let standardizer = samples.scaler(Scaling::Standard);
        let scaled = samples.scaled(&standardizer).tensor();
        let n = scaled.iter().len() as f64;
        assert!((scaled.iter().sum::<f64>() / n).abs() < 1e-12, "mean 0");
        assert!((scaled.norm().powi(2) / n - 1.0).abs() < 1e-12, "deviation 1");
        let expected = standardizer.apply(&numbers);
        assert!(scaled.iter().zip(expected.iter()).all(|(a, b)| (a - b).abs() < 1e-14));

        // scaled twice, and with a scale for each feature
        let again = samples.scaled(&standardizer).scaled(&standardizer).tensor();
        assert!(again.iter().zip(standardizer.apply(&expected).iter()).all(|(a, b)| (a - b).abs() < 1e-13));
        let of_each = Scaler::fit(Scaling::Standard, &numbers);
        assert_eq!(samples.scaled(&of_each).tensor(), of_each.apply(&numbers));
    }
}
