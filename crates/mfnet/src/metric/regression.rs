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
    mean_of_errors(&y.into(), &prediction.into(), weights, |error| error.powi(2)).sqrt()
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
    mean_of_errors(&y.into(), &prediction.into(), weights, f64::abs)
}

/// The mean of `of(ŷ − y)` over outputs and weighted samples.
fn mean_of_errors(y: &Samples, prediction: &Samples, weights: Option<&[f64]>, of: impl Fn(f64) -> f64) -> f64 {
    let (weight, outputs) = (weights_of(weights, y.len()), y.features());
    let errors = y.iter().zip(prediction.iter()).enumerate();
    mean(errors.map(|(i, (y, p))| (of(p - y), weight(i / outputs))))
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
        let y_mean = mean(y.feature(i).enumerate().map(|(sample, y)| (y, weight(sample))));
        let squares = y.feature(i).zip(prediction.feature(i)).enumerate();
        let residual: f64 = squares.map(|(sample, (y, p))| weight(sample) * (p - y).powi(2)).sum();
        let total: f64 = y.feature(i).enumerate().map(|(sample, y)| weight(sample) * (y - y_mean).powi(2)).sum();
        match (residual == 0.0, total == 0.0) {
            (_, false) => 1.0 - residual / total,
            (true, true) => 1.0,
            (false, true) => 0.0,
        }
    };
    mean((0..y.features()).map(|i| (of_output(i), 1.0)))
}

/// The mean and the population standard deviation √(1/n Σ (x − mean)²).
pub(crate) fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
    let middle = mean(numbers.iter().map(|x| (*x, 1.0)));
    (middle, mean(numbers.iter().map(|x| ((x - middle).powi(2), 1.0))).sqrt())
}

/// The weighted mean of (number, weight) pairs; NaN for none.
fn mean(numbers: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, weights) = numbers.fold((0.0, 0.0), |(sum, weights), (x, weight)| (sum + weight * x, weights + weight));
    sum / weights
}
