//! All three take `y` and `prediction` of shape (outputs, samples), as matrices or as [`Samples`], and treat every output alike, as scikit-learn's defaults do.

use crate::data::Samples;

/// Root mean squared error over samples and outputs, in the target's unit:
///
/// ```text
/// √(1/(m n) Σ (ŷ − y)²)
/// ```
///
/// With several outputs scikit-learn's `root_mean_squared_error` is the mean of each output's root instead.
pub fn rmse(y: impl Into<Samples>, prediction: impl Into<Samples>) -> f64 {
    mean(y.into().iter().zip(prediction.into().iter()).map(|(y, p)| (p - y).powi(2))).sqrt()
}

/// Mean absolute error over samples and outputs, in the target's unit: 1/(m n) Σ |ŷ − y|.
pub fn mae(y: impl Into<Samples>, prediction: impl Into<Samples>) -> f64 {
    mean(y.into().iter().zip(prediction.into().iter()).map(|(y, p)| (p - y).abs()))
}

/// Coefficient of determination, the mean over outputs of
///
/// ```text
/// R² = 1 − Σ (ŷ − y)² / Σ (y − ȳ)²
/// ```
///
/// 1 for perfect predictions, 0 for those of the mean, below 0 for worse. An output whose y is constant counts 1 if predicted exactly, else 0;
/// with less than two samples R² is NaN. All this as scikit-learn's `r2_score`.
pub fn r2(y: impl Into<Samples>, prediction: impl Into<Samples>) -> f64 {
    let (y, prediction) = (y.into(), prediction.into());
    if y.len() < 2 {
        return f64::NAN;
    }
    let of_output = |i: usize| {
        let y_mean = mean(y.feature(i));
        let residual: f64 = y.feature(i).zip(prediction.feature(i)).map(|(y, p)| (p - y).powi(2)).sum();
        let total: f64 = y.feature(i).map(|y| (y - y_mean).powi(2)).sum();
        match (residual == 0.0, total == 0.0) {
            (_, false) => 1.0 - residual / total,
            (true, true) => 1.0,
            (false, true) => 0.0,
        }
    };
    mean((0..y.features()).map(of_output))
}

/// Mean and standard deviation, the population's: √(1/n Σ (x − mean)²).
pub(crate) fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
    let middle = mean(numbers.iter().copied());
    (middle, mean(numbers.iter().map(|x| (x - middle).powi(2))).sqrt())
}

/// NaN for nothing.
fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len() as f64;
    numbers.sum::<f64>() / count
}
