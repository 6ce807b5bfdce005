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
        one_minus(sum_of_squares(y.len(), error, weight), sum_of_squares(y.len(), distance, weight))
    };
    mean((0..y.features()).map(|i| (of_output(i), 1.0)))
}

/// Mean absolute percentage error, as a fraction: 1/(n Σ w) Σ w |ŷ − y|/|y|. |y| counts as at least
/// 2⁻⁵², as in scikit-learn's `mean_absolute_percentage_error`, so a y of 0 gives a very large number.
///
/// # Panics
/// If the numbers of weights and samples differ.
pub fn mape(y: impl Into<Samples>, prediction: impl Into<Samples>, weights: Option<&[f64]>) -> f64 {
    let (y, prediction) = (y.into(), prediction.into());
    let (weight, outputs) = (weights_of(weights, y.len()), y.features());
    let errors = y.iter().zip(prediction.iter()).map(|(y, p)| (p - y).abs() / y.abs().max(f64::EPSILON));
    mean(errors.enumerate().map(|(i, error)| (error, weight(i / outputs))))
}

/// The quantile loss: the mean of τ e for e = y − ŷ > 0 and (τ − 1) e otherwise, see
/// [`crate::loss::Quantile`]. As scikit-learn's `mean_pinball_loss` with `alpha` τ.
///
/// # Panics
/// If the numbers of weights and samples differ.
pub fn quantile_loss(
    y: impl Into<Samples>,
    prediction: impl Into<Samples>,
    level: f64,
    weights: Option<&[f64]>,
) -> f64 {
    let of = |error: f64| if error < 0.0 { -level * error } else { (1.0 - level) * error };
    let (mean, unit) = mean_of_errors(&y.into(), &prediction.into(), weights, of);
    unit * mean
}

/// The largest absolute error, of any output. As scikit-learn's `max_error`, which has no weights
/// either.
pub fn max_error(y: impl Into<Samples>, prediction: impl Into<Samples>) -> f64 {
    let (y, prediction) = (y.into(), prediction.into());
    // NaN stays NaN
    y.iter()
        .zip(prediction.iter())
        .map(|(y, p)| (p - y).abs())
        .fold(0.0, |most: f64, x| if most >= x || most.is_nan() { most } else { x })
}

/// The median of the absolute errors, the mean over outputs. As scikit-learn's
/// `median_absolute_error`.
///
/// # Panics
/// If the numbers of weights and samples differ.
pub fn median_absolute_error(y: impl Into<Samples>, prediction: impl Into<Samples>, weights: Option<&[f64]>) -> f64 {
    let (y, prediction) = (y.into(), prediction.into());
    let weight = weights_of(weights, y.len());
    let of_output = |i: usize| {
        let errors = y.feature(i).zip(prediction.feature(i)).map(|(y, p)| (p - y).abs());
        weighted_quantile(errors.enumerate().map(|(sample, error)| (error, weight(sample))), 0.5)
    };
    mean((0..y.features()).map(|i| (of_output(i), 1.0)))
}

/// The explained variance, the mean over outputs of
///
/// ```text
/// 1 − Var(y − ŷ)/Var(y)
/// ```
///
/// R² without the squared mean error: a constant that is added to all predictions does not change
/// it. As scikit-learn's `explained_variance_score`.
///
/// # Panics
/// If the numbers of weights and samples differ.
pub fn explained_variance(y: impl Into<Samples>, prediction: impl Into<Samples>, weights: Option<&[f64]>) -> f64 {
    let (y, prediction) = (y.into(), prediction.into());
    let weight = weights_of(weights, y.len());
    let of_output = |i: usize| {
        let error = |sample: usize| y.number(sample, i) - prediction.number(sample, i);
        let middle = |of: &dyn Fn(usize) -> f64| mean_in_unit((0..y.len()).map(|s| (of(s), weight(s))));
        let (of_error, of_y) = (middle(&error), middle(&|sample| y.number(sample, i)));
        let residual = sum_of_squares(y.len(), |sample| error(sample) - of_error, weight);
        one_minus(residual, sum_of_squares(y.len(), |sample| y.number(sample, i) - of_y, weight))
    };
    mean((0..y.features()).map(|i| (of_output(i), 1.0)))
}

/// D² of the quantile loss, the mean over outputs of
///
/// ```text
/// D² = 1 − quantile loss of ŷ / quantile loss of the τ-quantile of y
/// ```
///
/// With τ = ½ that of the absolute error: the share of it that predicting the median would leave. As
/// scikit-learn's `d2_pinball_score` and `d2_absolute_error_score`.
///
/// # Panics
/// If the numbers of weights and samples differ.
pub fn d2_quantile(y: impl Into<Samples>, prediction: impl Into<Samples>, level: f64, weights: Option<&[f64]>) -> f64 {
    let (y, prediction) = (y.into(), prediction.into());
    let weight = weights_of(weights, y.len());
    if y.len() < 2 {
        return f64::NAN;
    }
    let of_output = |i: usize| {
        let middle = weighted_quantile(y.feature(i).enumerate().map(|(sample, y)| (y, weight(sample))), level);
        let constant = prediction.columns(&[i]).map(|_, _| middle);
        let (y, prediction) = (y.columns(&[i]), prediction.columns(&[i]));
        let [loss, of_constant] =
            [&prediction, &constant].map(|prediction| quantile_loss(&y, prediction, level, weights));
        one_minus((loss, 1.0), (of_constant, 1.0))
    };
    mean((0..y.features()).map(|i| (of_output(i), 1.0)))
}

/// 1 − a/b for two sums in their units; 1 if both are 0, and 0 if only b is.
fn one_minus((a, of_a): (f64, f64), (b, of_b): (f64, f64)) -> f64 {
    match (a == 0.0, b == 0.0) {
        (_, false) => {
            let units = of_a / of_b;
            1.0 - a / b * units * units
        }
        (true, true) => 1.0,
        (false, true) => 0.0,
    }
}

/// The τ-quantile of (number, weight) pairs: the smallest number x such that at least τ of the weight
/// is at numbers up to x; if exactly τ of it is, the mean of x and the next number. Numbers of weight
/// 0 do not count. NaN without any.
pub(crate) fn weighted_quantile(numbers: impl Iterator<Item = (f64, f64)>, level: f64) -> f64 {
    let mut numbers: Vec<(f64, f64)> = numbers.filter(|(_, weight)| *weight > 0.0).collect();
    numbers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let all: f64 = numbers.iter().map(|(_, weight)| weight).sum();
    let mut sum = 0.0;
    for (i, (x, weight)) in numbers.iter().enumerate() {
        sum += weight;
        if sum > level * all || i + 1 == numbers.len() {
            return *x;
        }
        if sum == level * all {
            return 0.5 * x + 0.5 * numbers[i + 1].0;
        }
    }
    f64::NAN
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
