//! Metrics: how good predictions are, in units that people use.

mod classification;
mod comparison;
mod labels;
mod more;
mod probabilities;
mod ranking;
mod regression;

use std::fmt;

pub(crate) use classification::right;
pub use classification::{ClassScores, ConfusionMatrix, MacroAverage, accuracy, weighted_accuracy};
pub use comparison::Comparison;
pub use labels::LabelMetrics;
pub use more::MoreMetrics;
pub(crate) use more::areas;
pub use probabilities::{CalibrationBin, brier_score, calibration, calibration_error, log_loss, top_k_accuracy};
pub use ranking::{Ranking, Threshold};
pub(crate) use regression::mean_and_deviation;
pub use regression::{
    d2_quantile, explained_variance, mae, mape, max_error, median_absolute_error, quantile_loss, r2, rmse,
    weighted_mae, weighted_r2, weighted_rmse,
};
use serde::Serialize;

use crate::data::{Samples, Targets};

/// The metrics of a task.
///
/// ```
/// use mfnet::metric::Metrics;
/// use mfnet::{Targets, Tensor};
/// let targets = Targets::from_labels("animal", ["cat", "dog", "dog", "dog"]);
/// let logits = Tensor::from_rows([[2.0, 0.0, 1.0, 0.0], [1.0, 3.0, 0.0, 1.0]]); // rows: cat, dog
/// assert_eq!(Metrics::of(&logits, &targets).headline(), 0.75);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Metrics {
    /// Metrics of classes.
    Classification {
        /// The fraction of samples whose class was predicted.
        accuracy: f64,
        /// How often each class was predicted as each class; precision, recall and F1.
        #[serde(flatten)]
        confusion: ConfusionMatrix,
    },
    /// Metrics of several labels at once. A label is predicted if its probability is above ½.
    Labels {
        /// The fraction of labels that are right, over all samples and labels: 1 minus scikit-learn's
        /// `hamming_loss`.
        label_accuracy: f64,
        /// The fraction of samples whose labels are all right, scikit-learn's `accuracy_score`.
        subset_accuracy: f64,
        /// F1 over all samples and labels together.
        micro_f1: f64,
        /// The means of precision, recall and F1 over the labels.
        macro_average: MacroAverage,
        /// The scores of each label.
        labels: Vec<LabelMetrics>,
    },
    /// Metrics of values, in the unit of the target. With several targets, `rmse` and `mae` mix
    /// their units.
    Regression {
        /// Root mean squared error.
        rmse: f64,
        /// Mean absolute error.
        mae: f64,
        /// Coefficient of determination R²; with several targets, the mean of theirs.
        r2: f64,
        /// The metrics of each target, if there are several.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        targets: Vec<TargetMetrics>,
    },
}

/// The metrics of one of several targets, in its own unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetMetrics {
    /// The name of the column.
    pub column: String,
    /// Root mean squared error.
    pub rmse: f64,
    /// Mean absolute error.
    pub mae: f64,
    /// Coefficient of determination R².
    pub r2: f64,
}

impl Metrics {
    /// Compares outputs with targets. Outputs are logits of shape (classes, samples), whose largest
    /// is the prediction, logits of labels, or values; a matrix or [`Samples`].
    ///
    /// # Panics
    /// If outputs and targets have different numbers of samples or rows.
    pub fn of(output: impl Into<Samples>, targets: &Targets) -> Self {
        Self::weighted(output, targets, None)
    }

    /// As [`Metrics::of`] with sample weights, such as
    /// [`Dataset::weights`](crate::Dataset::weights).
    ///
    /// # Panics
    /// If outputs, targets and weights have different numbers of samples, or outputs and targets of
    /// rows.
    pub fn weighted(output: impl Into<Samples>, targets: &Targets, weights: Option<&[f64]>) -> Self {
        let output = output.into();
        let (found, expected) = ((output.features(), output.len()), (targets.outputs(), targets.samples()));
        assert_eq!(found, expected, "shapes of output and target");
        match targets {
            Targets::Classes { labels, indices, .. } => {
                let predicted: Vec<usize> = (0..output.len()).map(|sample| output.argmax(sample)).collect();
                Metrics::Classification {
                    accuracy: weighted_accuracy(indices, &predicted, weights),
                    confusion: match weights {
                        Some(weights) => ConfusionMatrix::weighted(labels, indices, &predicted, weights),
                        None => ConfusionMatrix::new(labels, indices, &predicted),
                    },
                }
            }
            Targets::Labels { labels, truth, .. } => {
                let found = labels::compare(labels, truth, &output, weights);
                let labels::Found { label_accuracy, subset_accuracy, micro_f1, average, of_labels } = found;
                Metrics::Labels { label_accuracy, subset_accuracy, micro_f1, macro_average: average, labels: of_labels }
            }
            Targets::Values { columns, values } => {
                let all = |y: &Samples, prediction: &Samples| {
                    let rmse = weighted_rmse(y, prediction, weights);
                    (rmse, weighted_mae(y, prediction, weights), weighted_r2(y, prediction, weights))
                };
                let of_each = |(i, column): (usize, &String)| {
                    let (rmse, mae, r2) = all(&values.columns(&[i]), &output.columns(&[i]));
                    TargetMetrics { column: column.clone(), rmse, mae, r2 }
                };
                let several = if columns.len() > 1 { &columns[..] } else { &[] };
                let targets = several.iter().enumerate().map(of_each).collect();
                let (rmse, mae, r2) = all(values, &output);
                Metrics::Regression { rmse, mae, r2, targets }
            }
        }
    }

    /// The metric to show first: accuracy, of labels that of single labels, or RMSE. RMSE mixes the units of several targets.
    pub fn headline(&self) -> f64 {
        match self {
            Metrics::Classification { accuracy, .. } | Metrics::Labels { label_accuracy: accuracy, .. } => *accuracy,
            Metrics::Regression { rmse, .. } => *rmse,
        }
    }

    /// The score, larger for better predictions: accuracy or R², as scikit-learn's `score`.
    pub fn score(&self) -> f64 {
        match self {
            Metrics::Classification { accuracy, .. } | Metrics::Labels { label_accuracy: accuracy, .. } => *accuracy,
            Metrics::Regression { r2, .. } => *r2,
        }
    }

    /// Whether these metrics are better than others of the same data: larger accuracy, or smaller
    /// RMSE. With several targets, whose units may differ, larger R².
    pub fn better_than(&self, other: &Metrics) -> bool {
        match self {
            Metrics::Regression { rmse, targets, .. } if targets.is_empty() => *rmse < other.headline(),
            _ => self.score() > other.score(),
        }
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metrics::Classification { accuracy, confusion } => {
                write!(f, "accuracy {:.2} %\n\n{confusion}", 100.0 * accuracy)
            }
            Metrics::Labels { label_accuracy, subset_accuracy, macro_average, .. } => {
                let [labels, subsets] = [label_accuracy, subset_accuracy].map(|x| format!("{:.2} %", 100.0 * x));
                write!(f, "accuracy of labels {labels}, of whole samples {subsets}, mean F1 {:.4}", macro_average.f1)
            }
            Metrics::Regression { rmse, mae, r2, targets } if targets.is_empty() => {
                write!(f, "RMSE {}, MAE {}, R² {}", decimals(*rmse, 6), decimals(*mae, 6), decimals(*r2, 4))
            }
            Metrics::Regression { r2, targets, .. } => {
                for TargetMetrics { column, rmse, mae, r2 } in targets {
                    let [rmse, mae, r2] = [decimals(*rmse, 6), decimals(*mae, 6), decimals(*r2, 4)];
                    writeln!(f, "{column}: RMSE {rmse}, MAE {mae}, R² {r2}")?;
                }
                write!(f, "mean R² {}", decimals(*r2, 4))
            }
        }
    }
}

/// A number with this many decimals; a very large or very small one with an exponent.
fn decimals(x: f64, digits: usize) -> String {
    let is_plain = x == 0.0 || !x.is_finite() || (0.1_f64.powi(digits as i32)..1e7).contains(&x.abs());
    if is_plain { format!("{x:.digits$}") } else { format!("{x:.digits$e}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    /// Metres and their errors of 1 and 3, and millimetres with errors of 1000 and 0.
    #[test]
    fn several_targets_have_metrics_of_their_own() {
        let values = Tensor::from_rows([[1.0, 5.0], [0.0, 2000.0]]);
        let output = Tensor::from_rows([[2.0, 8.0], [1000.0, 2000.0]]);
        let of = |columns: &[&str], values: &Tensor, output: &Tensor| {
            let columns = columns.iter().map(ToString::to_string).collect();
            Metrics::of(output, &Targets::Values { columns, values: values.into() })
        };
        let both = of(&["m", "mm"], &values, &output);
        assert_eq!(
            both.to_string(),
            "m: RMSE 2.236068, MAE 2.000000, R² -0.2500\nmm: RMSE 707.106781, MAE 500.000000, R² 0.5000\nmean R² 0.1250"
        );
        // a tenth less error in millimetres, and ten times as much in metres
        let other = of(&["m", "mm"], &values, &Tensor::from_rows([[11.0, 35.0], [900.0, 2000.0]]));
        assert!(other.headline() < both.headline() && both.better_than(&other) && !other.better_than(&both));
        let one = of(&["m"], &Tensor::from_rows([[1.0, 5.0]]), &Tensor::from_rows([[2.0, 8.0]]));
        assert_eq!(one.to_string(), "RMSE 2.236068, MAE 2.000000, R² -0.2500");
        assert_eq!(serde_json::to_value(&one).unwrap()["targets"], serde_json::Value::Null);
    }
}
