use std::sync::Arc;

use super::Standardizer;
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
    Bytes { bytes: Arc<Vec<u8>>, scaling: Scaling },
}

/// x ← (x − shift)/scale, one for all features.
#[derive(Clone, Copy, Debug)]
struct Scaling {
    shift: f64,
    scale: f64,
}

impl Samples {
    /// The columns of a matrix.
    pub(crate) fn from_tensor(inputs: &Tensor<f64>) -> Self {
        Self::of(inputs.rows(), inputs.columns(), Values::Numbers(inputs.iter().copied().collect()))
    }

    /// Samples of bytes, sample after sample. At least one feature.
    pub(crate) fn from_bytes(features: usize, bytes: Vec<u8>) -> Self {
        let count = bytes.len() / features;
        Self::of(features, count, Values::Bytes { bytes: Arc::new(bytes), scaling: Scaling { shift: 0.0, scale: 1.0 } })
    }

    fn of(features: usize, count: usize, values: Values) -> Self {
        Samples { features, values: Arc::new(values), chosen: (0..count).collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.chosen.len()
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
        self.chosen.iter().map(move |sample| match (&*self.values, sample * self.features + i) {
            (Values::Numbers(numbers), at) => numbers[at],
            (Values::Bytes { bytes, scaling }, at) => (f64::from(bytes[at]) - scaling.shift) / scaling.scale,
        })
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
            Values::Bytes { bytes, scaling } => {
                let (shift, factor) = (T::from_f64(scaling.shift), T::from_f64(1.0 / scaling.scale));
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

    /// What brings them to mean 0 and standard deviation 1. Bytes share one unit, and so one mean and one deviation of all features.
    pub(crate) fn standardizer(&self) -> Standardizer {
        match &*self.values {
            Values::Bytes { bytes, scaling: Scaling { shift, scale } } => {
                let mut counts = [0u64; 256];
                for sample in &self.chosen {
                    for byte in &bytes[sample * self.features..(sample + 1) * self.features] {
                        counts[usize::from(*byte)] += 1;
                    }
                }
                let of = |byte: usize| (byte as f64 - shift) / scale;
                Standardizer::of_counts(self.features, (0..256).map(|byte| (of(byte), counts[byte])))
            }
            Values::Numbers(_) => Standardizer::fit(&self.tensor()),
        }
    }

    /// The samples after (x − μ)/σ.
    ///
    /// # Panics
    /// If the standardizer is for another number of features.
    pub(crate) fn standardized(&self, by: &Standardizer) -> Self {
        assert_eq!(self.features, by.features(), "features");
        if let (Values::Bytes { bytes, scaling }, Some((mean, deviation))) = (&*self.values, by.common()) {
            let scaling = Scaling { shift: scaling.shift + mean * scaling.scale, scale: scaling.scale * deviation };
            let values = Arc::new(Values::Bytes { bytes: Arc::clone(bytes), scaling });
            return Samples { features: self.features, values, chosen: self.chosen.clone() };
        }
        Self::from_tensor(&by.apply(&self.tensor()))
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

        let standardizer = samples.standardizer();
        let scaled = samples.standardized(&standardizer).tensor();
        let n = scaled.iter().len() as f64;
        assert!((scaled.iter().sum::<f64>() / n).abs() < 1e-12, "mean 0");
        assert!((scaled.norm().powi(2) / n - 1.0).abs() < 1e-12, "deviation 1");
        let expected = standardizer.apply(&numbers);
        assert!(scaled.iter().zip(expected.iter()).all(|(a, b)| (a - b).abs() < 1e-14));

        // scaled twice, and with a scale for each feature
        let again = samples.standardized(&standardizer).standardized(&standardizer).tensor();
        assert!(again.iter().zip(standardizer.apply(&expected).iter()).all(|(a, b)| (a - b).abs() < 1e-13));
        let of_each = Standardizer::fit(&numbers);
        assert_eq!(samples.standardized(&of_each).tensor(), of_each.apply(&numbers));
    }
}
