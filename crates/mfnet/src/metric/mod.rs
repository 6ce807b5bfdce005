//! Metrics: how good predictions are, in units that people use.

mod classification;
mod regression;

use std::fmt;

pub use classification::{ConfusionMatrix, accuracy};
pub use regression::{mae, r2, rmse};
use serde::Serialize;

use crate::data::{Targets, largest};
use crate::tensor::Tensor;

/// The metrics of a task.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Metrics {
    /// For classes.
    Classification {
        /// The fraction of samples whose class was predicted.
        accuracy: f64,
        /// Which classes were taken for which.
        #[serde(skip)]
        confusion: ConfusionMatrix,
    },
    /// For values, in the target's own unit.
    Regression {
        /// Root of the mean squared error.
        rmse: f64,
        /// Mean absolute error.
        mae: f64,
        /// Coefficient of determination.
        r2: f64,
    },
}

impl Metrics {
    /// Compares outputs (classes × samples, the largest is the prediction; or values) with targets.
    ///
    /// # Panics
    /// If the outputs are not as many as the targets.
    pub fn of(output: &Tensor<f64>, targets: &Targets) -> Self {
        assert_eq!(output.shape(), (targets.outputs(), targets.samples()), "shapes of output and target");
        match targets {
            Targets::Classes { labels, indices, .. } => {
                let predicted = largest(output);
                Metrics::Classification {
                    accuracy: accuracy(indices, &predicted),
                    confusion: ConfusionMatrix::new(labels, indices, &predicted),
                }
            }
            Targets::Values { values, .. } => {
                Metrics::Regression { rmse: rmse(values, output), mae: mae(values, output), r2: r2(values, output) }
            }
        }
    }

    /// The one number that stands for the others: accuracy or RMSE.
    pub fn headline(&self) -> f64 {
        match self {
            Metrics::Classification { accuracy, .. } => *accuracy,
            Metrics::Regression { rmse, .. } => *rmse,
        }
    }

    /// Whether the headline is better than another one: more accuracy, or less RMSE.
    pub fn better_than(&self, other: f64) -> bool {
        match self {
            Metrics::Classification { accuracy, .. } => *accuracy > other,
            Metrics::Regression { rmse, .. } => *rmse < other,
        }
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metrics::Classification { accuracy, confusion } => {
                write!(f, "accuracy {:.2} %\n\n{confusion}", 100.0 * accuracy)
            }
            Metrics::Regression { rmse, mae, r2 } => write!(f, "RMSE {rmse:.6}, MAE {mae:.6}, R² {r2:.4}"),
        }
    }
}
