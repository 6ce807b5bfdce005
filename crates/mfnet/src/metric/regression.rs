//! Metrics of values. Each takes `y` and `prediction` of shape (outputs, samples), as matrices or
//! as [`Samples`], and weights all outputs equally, as scikit-learn does by default.

use super::classification::weights_of;
use crate::data::Samples;

/// Root mean squared error over samples and outputs, in the target's unit:
///
/// ```text
/// √(1/(m n) Σ (ŷ − y)²)
/// ```
///
/// With several outputs, scikit-learn's `root_mean_squared_error` is the mean of each output's root
/// instead.
pub fn rmse(y: impl Into<Samples>, prediction: impl Into<Samples>) -> f64 {
    weighted_rmse(y, prediction, None)
}

/// Root mean squared error with sample weights; `None` means equal weights:
///
/// ```text
/// √(1/(n Σ_i w_i) Σ_i w_i Σ_outputs (ŷ − y)²)
/// ```
///
/// For one output, equal to scikit-learn's `root_mean_squared_error` with `sample_weight`.
///
/// # Panics
/// If the numbers of weights and samples differ.
pub fn weighted_rmse(y: impl Into<Samples>, prediction: impl Into<Samples>, weights: Option<&[f64]>) -> f64 {
    let (mean, unit) = mean_of_errors(&y.into(), &prediction.into(), weights, |error| error.powi(2));
    unit * mean.sqrt()
}

/// Mean absolute error over samples and outputs, in the target's unit: 1/(m n) Σ |ŷ − y|.
pub fn mae(y: impl Into<Samples>, prediction: impl Into<Samples>) -> f64 {
    weighted_mae(y, prediction, None)
}

/// Mean absolute error with sample weights: 1/(n Σ w) Σ w |ŷ − y|; `None` means equal weights. As
/// scikit-learn's `mean_absolute_error` with `sample_weight`.
///
/// # Panics
/// If the numbers of weights and samples differ.
pub fn weighted_mae(y: impl Into<Samples>, prediction: impl Into<Samples>, weights: Option<&[f64]>) -> f64 {
    let (mean, unit) = mean_of_errors(&y.into(), &prediction.into(), weights, f64::abs);
    unit * mean
}

/// The mean of `of((ŷ − y)/unit)` over outputs and weighted samples, and the unit.
fn mean_of_errors(y: &Samples, prediction: &Samples, weights: Option<&[f64]>, of: impl Fn(f64) -> f64) -> (f64, f64) {
    let (weight, outputs) = (weights_of(weights, y.len()), y.features());
    let errors = || y.iter().zip(prediction.iter()).map(|(y, p)| p - y);
    let unit = unit(errors());
    (mean(errors().enumerate().map(|(i, error)| (of(error / unit), weight(i / outputs)))), unit)
}

/// A unit for numbers whose squares are to be added: the power of two just below the largest of
/// them, so that squares of numbers in this unit do not overflow. Division by a power of two is
/// exact.
pub(super) fn unit(numbers: impl Iterator<Item = f64>) -> f64 {
    let largest = numbers.fold(0.0, |largest: f64, x| largest.max(x.abs()));
    if largest == 0.0 || largest.is_infinite() {
        return 1.0;
    }
    // the exponent alone
    f64::from_bits(largest.to_bits() & f64::INFINITY.to_bits()).max(f64::MIN_POSITIVE)
}

/// The weighted mean of numbers in their [`unit`].
pub(super) fn mean_in_unit(numbers: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let unit = unit(numbers.clone().map(|(x, _)| x));
    unit * mean(numbers.map(|(x, weight)| (x / unit, weight)))
}

/// Coefficient of determination, the mean over outputs of
///
/// ```text
/// R² = 1 − Σ (ŷ − y)² / Σ (y − ȳ)²
/// ```
///
/// It is 1 for perfect predictions, 0 for predicting the mean, and negative for worse ones. An
/// output whose y is constant counts 1 if it is predicted exactly, otherwise 0. With fewer than two
/// samples R² is NaN. All this is as in scikit-learn's `r2_score`.
pub fn r2(y: impl Into<Samples>, prediction: impl Into<Samples>) -> f64 {
    weighted_r2(y, prediction, None)
}

/// Coefficient of determination with sample weights; `None` means equal weights:
///
/// ```text
/// R² = 1 − Σ w (ŷ − y)² / Σ w (y − ȳ)²        ȳ = Σ w y / Σ w
/// ```
///
/// As scikit-learn's `r2_score` with `sample_weight`.
///
/// # Panics
/// If the numbers of weights and samples differ.
pub fn weighted_r2(y: impl Into<Samples>, prediction: impl Into<Samples>, weights: Option<&[f64]>) -> f64 {
    let (y, prediction) = (y.into(), prediction.into());
    let weight = weights_of(weights, y.len());
    if y.len() < 2 {
        return f64::NAN;
    }
    let of_output = |i: usize| {
        let y_mean = mean_in_unit((0..y.len()).map(|sample| (y.number(sample, i), weight(sample))));
        let error = |sample: usize| prediction.number(sample, i) - y.number(sample, i);
        let distance = |sample: usize| y.number(sample, i) - y_mean;
        let (residual, of_residual) = sum_of_squares(y.len(), error, weight);
        let (total, of_total) = sum_of_squares(y.len(), distance, weight);
        match (residual == 0.0, total == 0.0) {
            (_, false) => {
                let units = of_residual / of_total;
                1.0 - residual / total * units * units
            }
            (true, true) => 1.0,
            (false, true) => 0.0,
        }
    };
    mean((0..y.features()).map(|i| (of_output(i), 1.0)))
}

/// Σ w (x/unit)² and the unit.
fn sum_of_squares(samples: usize, number: impl Fn(usize) -> f64 + Copy, weight: impl Fn(usize) -> f64) -> (f64, f64) {
    let unit = unit((0..samples).map(number));
    ((0..samples).map(|sample| weight(sample) * (number(sample) / unit).powi(2)).sum(), unit)
}

/// The mean and the population standard deviation √(1/n Σ (x − mean)²).
pub(crate) fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
    let middle = mean_in_unit(numbers.iter().map(|x| (*x, 1.0)));
    let unit = unit(numbers.iter().map(|x| x - middle));
    (middle, unit * mean(numbers.iter().map(|x| (((x - middle) / unit).powi(2), 1.0))).sqrt())
}

/// The weighted mean of (number, weight) pairs; NaN for none.
fn mean(numbers: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, weights) = numbers.fold((0.0, 0.0), |(sum, weights), (x, weight)| (sum + weight * x, weights + weight));
    sum / weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    /// scikit-learn 1.9 at size 1: `r2_score`, `root_mean_squared_error` and `mean_absolute_error`.
    /// R² does not depend on the size of the numbers, the errors are proportional to it.
    #[test]
    fn numbers_of_every_size() {
        for size in [1e-300, 1e-155, 1.0, 1e155, 1e299] {
            let y = Tensor::from_rows([[1.0 * size, 2.0 * size, 4.0 * size, 7.0 * size]]);
            let prediction = Tensor::from_rows([[1.5 * size, 2.0 * size, 3.0 * size, 7.5 * size]]);
            let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-14;
            assert!(near(r2(&y, &prediction), 1.0 - 1.5 / 21.0), "{size}: {}", r2(&y, &prediction));
            assert!(near(rmse(&y, &prediction), 0.612_372_435_695_794_5 * size), "{size}: {}", rmse(&y, &prediction));
            assert!(near(mae(&y, &prediction), 0.5 * size), "{size}: {}", mae(&y, &prediction));
            let (mean, deviation) = mean_and_deviation(&y.iter().copied().collect::<Vec<_>>());
            assert!(near(mean, 3.5 * size) && near(deviation, (21.0_f64 / 4.0).sqrt() * size), "{size}: {deviation}");
        }
        // errors of another size than y
        let y = Tensor::from_rows([[1e-300, 2e-300]]);
        assert_eq!(r2(&y, Tensor::from_rows([[1e10, 2.0]])), f64::NEG_INFINITY);
        assert_eq!(r2(Tensor::from_rows([[1e200, 2e200]]), Tensor::from_rows([[1e200, 2e200 + 1e184]])), 1.0);
    }
}
