use serde::{Deserialize, Serialize};

use crate::tensor::Tensor;

/// Scales every feature to mean 0 and standard deviation 1 over the samples that it was fitted on:
///
/// ```text
/// x ← (x − μ)/σ        μ = 1/m Σ x        σ = √(1/m Σ (x − μ)²)
/// ```
///
/// σ is the population standard deviation, as in scikit-learn's `StandardScaler`. A feature that is
/// constant but for rounding becomes 0, also for another value later: a network learns nothing about
/// it. Its σ is stored as 1. With m samples, scikit-learn and mfnet call a feature constant if
///
/// ```text
/// σ² ≤ m ε σ² + (m ε μ)²        ε = 2⁻⁵², the distance from 1 to the next number
/// ```
///
/// Fit it on training samples only; otherwise the test score is too optimistic.
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
    /// The mean μ, or another shift, of each feature.
    pub mean: Vec<f64>,
    /// The standard deviation σ, or another scale, of each feature; 1 for a constant one.
    pub scale: Vec<f64>,
    constant: Vec<usize>,
}

impl Standardizer {
    /// Fits μ and σ of each row of `x`, shape (features, samples), with at least one sample.
    pub fn fit(x: &Tensor<f64>) -> Self {
        Self::of(features(x), unless_constant(mean_and_deviation))
    }

    /// Fits shift and scale from the numbers of each feature; a scale of 0 marks a constant
    /// feature.
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

    /// The same shifts and scales, without constant features.
    pub(super) fn varying(&self) -> Self {
        Standardizer { constant: Vec::new(), ..self.clone() }
    }

    /// The same shift and scale for all features.
    pub(super) fn common_to(features: usize, shift: f64, scale: f64) -> Self {
        Standardizer { mean: vec![shift; features], scale: vec![scale; features], constant: Vec::new() }
    }

    /// One μ and σ for all features, from values and how often each occurs.
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

    /// Returns (x − μ)/σ, shape (features, samples); 0 for a constant feature.
    ///
    /// # Panics
    /// If `x` has another number of features.
    pub fn apply(&self, x: &Tensor<f64>) -> Tensor<f64> {
        assert_eq!(x.rows(), self.mean.len(), "features");
        Tensor::from_fn(x.rows(), x.columns(), |i, j| (x[(i, j)] - self.mean[i]) / self.divisor(i))
    }

    /// The number that divides x − μ: σ, and infinity for a constant feature, so that it becomes 0.
    pub(super) fn divisor(&self, feature: usize) -> f64 {
        if self.constant.binary_search(&feature).is_ok() { f64::INFINITY } else { self.scale[feature] }
    }

    /// Returns μ + σ x, the inverse of [`Standardizer::apply`].
    ///
    /// # Panics
    /// If `x` has another number of features.
    pub fn invert(&self, x: &Tensor<f64>) -> Tensor<f64> {
        assert_eq!(x.rows(), self.mean.len(), "features");
        Tensor::from_fn(x.rows(), x.columns(), |i, j| self.mean[i] + self.scale[i] * x[(i, j)])
    }

    /// The indices of the features that had one value in all samples, but for rounding.
    pub fn constant(&self) -> &[usize] {
        &self.constant
    }

    /// Whether [`Standardizer::fit`] could have made it: finite means and positive scales.
    pub(crate) fn is_usable(&self) -> bool {
        self.scale.len() == self.mean.len()
            && self.scale.iter().all(|scale| *scale > 0.0)
            && self.constant.iter().all(|feature| *feature < self.mean.len())
            && self.constant.is_sorted()
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

/// μ and σ; (x, 0) if all numbers equal x.
pub(super) fn mean_and_deviation(x: Vec<f64>) -> (f64, f64) {
    let (m, first) = (x.len() as f64, x.first().copied().unwrap_or(0.0));
    if x.iter().all(|x| *x == first) {
        return (first, 0.0);
    }
    let mean = x.iter().sum::<f64>() / m;
    // divide by the largest difference before squaring, so that squares neither overflow nor
    // underflow
    let largest = x.iter().map(|x| (x - mean).abs()).fold(0.0, f64::max);
    let scale = largest * (x.iter().map(|x| ((x - mean) / largest).powi(2)).sum::<f64>() / m).sqrt();
    // dividing the smallest positive number gives 0
    (mean, if scale > 0.0 { scale } else { largest })
}

/// The mean of numbers that are equal but for rounding, in the sense of [`Standardizer`].
pub(super) fn constant(x: &[f64]) -> Option<f64> {
    let (mean, scale) = mean_and_deviation(x.to_vec());
    let rounding = x.len() as f64 * f64::EPSILON;
    // roots instead of squares, which would underflow and overflow
    (scale * (1.0 - rounding).max(0.0).sqrt() <= rounding * mean.abs()).then_some(mean)
}

/// The same shift and scale, with a scale of 0 for numbers that are constant but for rounding.
pub(super) fn unless_constant(shift_and_scale: impl Fn(Vec<f64>) -> (f64, f64)) -> impl Fn(Vec<f64>) -> (f64, f64) {
    move |x| match constant(&x) {
        Some(value) => (value, 0.0),
        None => shift_and_scale(x),
    }
}

/// Median and interquartile range; the full range if the middle half has only one value, but for
/// rounding.
pub(super) fn median_and_middle(mut x: Vec<f64>) -> (f64, f64) {
    x.sort_unstable_by(f64::total_cmp);
    let last = (x.len() - 1) as f64;
    let (first, third) = (between(&x, 0.25 * last), between(&x, 0.75 * last));
    let rounding = x.len() as f64 * f64::EPSILON * first.abs().max(third.abs());
    let middle = third - first;
    (between(&x, 0.5 * last), if middle > rounding { middle } else { x[x.len() - 1] - x[0] })
}

/// Minimum and range.
pub(super) fn least_and_range(mut x: Vec<f64>) -> (f64, f64) {
    x.sort_unstable_by(f64::total_cmp);
    (x[0], x[x.len() - 1] - x[0])
}

/// The value at a fractional index of sorted numbers, linearly interpolated.
pub(super) fn between(sorted: &[f64], place: f64) -> f64 {
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Scaler, Scaling};

    /// `StandardScaler` of scikit-learn 1.9 gives the scale 1 to the first three and another to the
    /// last two; `0.1 + 0.2` is not 0.3.
    #[test]
    fn constant_but_for_rounding() {
        let of = |number: &dyn Fn(usize) -> f64| (0..300).map(number).collect::<Vec<f64>>();
        let cases = [
            (of(&|j| if j % 2 == 0 { 0.3 } else { 0.1 + 0.2 }), true),
            (of(&|j| 1e300 * (1.0 + f64::EPSILON * (j % 2) as f64)), true),
            (of(&|j| -7.0 + 1e-15 * (j % 3) as f64), true),
            (of(&|j| 1.0 + 1e-12 * (j % 2) as f64), false),
            (of(&|j| 1e-200 * (j % 2) as f64), false),
        ];
        for (numbers, is_constant) in cases {
            let x = Tensor::from_fn(1, numbers.len(), |_, j| numbers[j]);
            assert_eq!(Standardizer::fit(&x).constant().len() == 1, is_constant, "{numbers:?}");
            for scaling in Scaling::ALL {
                let scaler = Scaler::fit(scaling, &x);
                assert_eq!(scaler.constant().len() == 1, is_constant, "{scaling}: {numbers:?}");
                let other = scaler.apply(&Tensor::from_rows([[numbers[0], 5.0, -1e290, 0.31]]));
                assert!(!is_constant || other.iter().all(|x| *x == 0.0), "{scaling}: {other}");
            }
        }
    }

    /// The middle half differs by rounding alone, so the range counts.
    #[test]
    fn a_middle_half_of_rounding() {
        let number = |j: usize| match j {
            0 => 5.0,
            j if j % 2 == 0 => 0.3,
            _ => 0.1 + 0.2,
        };
        let Scaler::Affine(affine) = Scaler::fit(Scaling::Robust, &Tensor::from_fn(1, 100, |_, j| number(j))) else {
            panic!("a shift and a scale")
        };
        assert_eq!((affine.scale[0], affine.constant()), (4.7, &[][..]));
    }

    #[test]
    fn the_smallest_numbers_have_a_scale() {
        let smallest = f64::from_bits(1);
        let x = Tensor::from_rows([[0.0, 0.0, 0.0, 0.0, smallest]]);
        let standardizer = Standardizer::fit(&x);
        assert_eq!(standardizer.scale, [smallest]);
        assert!(standardizer.is_usable());
    }
}
