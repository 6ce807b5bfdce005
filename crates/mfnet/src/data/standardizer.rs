use serde::{Deserialize, Serialize};

use crate::tensor::Tensor;

/// Brings every feature to mean 0 and standard deviation 1 over the samples that it was fitted on:
///
/// ```text
/// x ← (x − μ)/σ        μ = 1/m Σ x        σ = √(1/m Σ (x − μ)²)
/// ```
///
/// σ is the population's, as in scikit-learn's `StandardScaler`. A constant feature has nothing to scale: its σ is 1, so that it becomes 0.
/// Fit it on training samples only; what it learned of others would flatter their scores.
///
/// ```
/// use mfnet::Tensor;
/// use mfnet::data::Standardizer;
/// let x = Tensor::from_rows([[1.0, 3.0], [5.0, 5.0]]);
/// let standardizer = Standardizer::fit(&x);
/// assert_eq!(standardizer.apply(&x), Tensor::from_rows([[-1.0, 1.0], [0.0, 0.0]]));
/// assert_eq!(standardizer.constant(), [1]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardizer {
    /// μ, or another shift, of each feature.
    pub mean: Vec<f64>,
    /// σ, or another scale, of each feature; 1 for a constant one.
    pub scale: Vec<f64>,
    constant: Vec<usize>,
}

impl Standardizer {
    /// μ and σ of each row of `x`, shape (features, samples). At least one sample.
    pub fn fit(x: &Tensor<f64>) -> Self {
        Self::of(features(x), mean_and_deviation)
    }

    /// From the numbers of each feature; a scale of 0 is that of a constant one.
    pub(super) fn of(
        features: impl Iterator<Item = Vec<f64>>,
        shift_and_scale: impl Fn(Vec<f64>) -> (f64, f64),
    ) -> Self {
        let mut standardizer = Standardizer { mean: Vec::new(), scale: Vec::new(), constant: Vec::new() };
        for (i, numbers) in features.enumerate() {
            let (shift, scale) = shift_and_scale(numbers);
            if scale <= 0.0 {
                standardizer.constant.push(i);
            }
            standardizer.mean.push(shift);
            standardizer.scale.push(if scale > 0.0 { scale } else { 1.0 });
        }
        standardizer
    }

    /// The same shift and scale for all features.
    pub(super) fn common_to(features: usize, shift: f64, scale: f64) -> Self {
        Standardizer { mean: vec![shift; features], scale: vec![scale; features], constant: Vec::new() }
    }

    /// One μ and σ for all features, of values that occur as often as it is said.
    pub(super) fn of_counts(features: usize, values: impl Iterator<Item = (f64, u64)> + Clone) -> Self {
        let m = values.clone().map(|(_, count)| count).sum::<u64>() as f64;
        let mean_of = |f: &dyn Fn(f64) -> f64| values.clone().map(|(x, count)| f(x) * count as f64).sum::<f64>() / m;
        let mean = mean_of(&|x| x);
        let scale = mean_of(&|x| (x - mean).powi(2)).sqrt();
        if scale > 0.0 {
            return Self::common_to(features, mean, scale);
        }
        Standardizer { constant: (0..features).collect(), ..Self::common_to(features, mean, 1.0) }
    }

    /// μ and σ, if they are the same for all features.
    pub fn common(&self) -> Option<(f64, f64)> {
        let (mean, scale) = (*self.mean.first()?, *self.scale.first()?);
        let same = self.mean.iter().all(|x| *x == mean) && self.scale.iter().all(|x| *x == scale);
        same.then_some((mean, scale))
    }

    /// (x − μ)/σ.
    ///
    /// # Panics
    /// If `x` has another number of features.
    pub fn apply(&self, x: &Tensor<f64>) -> Tensor<f64> {
        assert_eq!(x.rows(), self.mean.len(), "features");
        Tensor::from_fn(x.rows(), x.columns(), |i, j| (x[(i, j)] - self.mean[i]) / self.scale[i])
    }

    /// μ + σ x, the way back.
    ///
    /// # Panics
    /// If `x` has another number of features.
    pub fn invert(&self, x: &Tensor<f64>) -> Tensor<f64> {
        assert_eq!(x.rows(), self.mean.len(), "features");
        Tensor::from_fn(x.rows(), x.columns(), |i, j| self.mean[i] + self.scale[i] * x[(i, j)])
    }

    /// The features that had one value in all samples.
    pub fn constant(&self) -> &[usize] {
        &self.constant
    }

    /// Whether there is a finite mean and a positive scale for every feature, as [`Standardizer::fit`] makes them.
    pub(crate) fn is_usable(&self) -> bool {
        self.scale.len() == self.mean.len()
            && self.scale.iter().all(|scale| *scale > 0.0)
            && self.constant.iter().all(|feature| *feature < self.mean.len())
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.mean.len()
    }
}

/// The numbers of each row of `x`.
pub(super) fn features(x: &Tensor<f64>) -> impl Iterator<Item = Vec<f64>> + '_ {
    (0..x.rows()).map(|i| x.row(i).collect())
}

/// μ and σ; (x, 0) of equal numbers.
pub(super) fn mean_and_deviation(x: Vec<f64>) -> (f64, f64) {
    let (m, first) = (x.len() as f64, x.first().copied().unwrap_or(0.0));
    if x.iter().all(|x| *x == first) {
        return (first, 0.0);
    }
    let mean = x.iter().sum::<f64>() / m;
    // squares of differences divided by the largest, so that none overflows or vanishes
    let largest = x.iter().map(|x| (x - mean).abs()).fold(0.0, f64::max);
    let scale = largest * (x.iter().map(|x| ((x - mean) / largest).powi(2)).sum::<f64>() / m).sqrt();
    // of the smallest number that there is, a part is 0
    (mean, if scale > 0.0 { scale } else { largest })
}

/// Median and interquartile range; the range, if the middle half has one value.
pub(super) fn median_and_middle(mut x: Vec<f64>) -> (f64, f64) {
    x.sort_unstable_by(f64::total_cmp);
    let last = (x.len() - 1) as f64;
    let middle = between(&x, 0.75 * last) - between(&x, 0.25 * last);
    (between(&x, 0.5 * last), if middle > 0.0 { middle } else { x[x.len() - 1] - x[0] })
}

/// The smallest value and the range.
pub(super) fn least_and_range(mut x: Vec<f64>) -> (f64, f64) {
    x.sort_unstable_by(f64::total_cmp);
    (x[0], x[x.len() - 1] - x[0])
}

/// The number at a place of a sorted row, in between by the line through the two beside it.
pub(super) fn between(sorted: &[f64], place: f64) -> f64 {
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_numbers_have_a_scale() {
        let smallest = f64::from_bits(1);
        let x = Tensor::from_rows([[0.0, 0.0, 0.0, 0.0, smallest]]);
        let standardizer = Standardizer::fit(&x);
        assert_eq!(standardizer.scale, [smallest]);
        assert!(standardizer.is_usable());
    }
}
