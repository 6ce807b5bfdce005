use serde::Serialize;

use super::labels;
use super::{
    ConfusionMatrix, MacroAverage, Ranking, brier_score, calibration_error, d2_quantile, explained_variance, log_loss,
    mape, max_error, median_absolute_error, top_k_accuracy,
};
use crate::data::{Samples, Targets};

/// With fewer classes than twice this number, accuracy says as much as the accuracy of the first k.
const TOP: usize = 5;
/// More scores than this take too long to sort for each class.
const MOST_SORTED: usize = 50_000_000;

/// The metrics that a report shows besides [`super::Metrics`]; they take longer.
///
/// ```
/// use mfnet::metric::MoreMetrics;
/// use mfnet::{Targets, Tensor};
/// let targets = Targets::from_labels("animal", ["cat", "dog", "dog", "cat"]);
/// let p = Tensor::from_rows([[0.75, 0.25, 0.5, 1.0], [0.25, 0.75, 0.5, 0.0]]); // rows: cat, dog
/// let MoreMetrics::Classification { roc_auc, balanced_accuracy, .. } = MoreMetrics::of(p, &targets, None) else { panic!() };
/// assert_eq!((roc_auc, balanced_accuracy), (Some(1.0), 0.75));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MoreMetrics {
    /// Metrics of classes and their probabilities.
    Classification {
        /// [`ConfusionMatrix::balanced_accuracy`].
        balanced_accuracy: f64,
        /// With two classes, the label of the second one, whose areas are given.
        #[serde(skip_serializing_if = "Option::is_none")]
        positive_class: Option<String>,
        /// The area under the ROC curve, [`Ranking::roc_auc`]: with two classes that of the second
        /// one, otherwise the mean over the classes, each against all others. `None` for too many
        /// classes and rows.
        roc_auc: Option<f64>,
        /// [`Ranking::average_precision`], in the same way.
        average_precision: Option<f64>,
        /// [`log_loss`].
        log_loss: f64,
        /// [`brier_score`].
        brier_score: f64,
        /// [`calibration_error`].
        calibration_error: f64,
        /// [`ConfusionMatrix::kappa`].
        kappa: f64,
        /// [`ConfusionMatrix::matthews`].
        matthews: f64,
        /// [`ConfusionMatrix::weighted_average`].
        weighted_average: MacroAverage,
        /// [`top_k_accuracy`] with k = 5; `None` for fewer than 10 classes.
        #[serde(skip_serializing_if = "Option::is_none")]
        top_5_accuracy: Option<f64>,
    },
    /// Metrics of several labels at once and their probabilities, over all labels.
    Labels {
        /// The mean area under the ROC curves of the labels that some samples have and others have not.
        /// `None` for too many labels and rows.
        roc_auc: Option<f64>,
        /// The mean of their average precisions, in the same way.
        average_precision: Option<f64>,
        /// The mean of −ln p of all labels.
        log_loss: f64,
        /// The mean of (p − y)² of all labels.
        brier_score: f64,
    },
    /// Metrics of values, in the unit of the target. With several targets, those in a unit mix
    /// theirs.
    Regression {
        /// [`median_absolute_error`].
        median_absolute_error: f64,
        /// [`max_error`].
        max_error: f64,
        /// [`mape`]; `None` if a target is 0.
        mape: Option<f64>,
        /// [`explained_variance`].
        explained_variance: f64,
        /// [`d2_quantile`] with level ½.
        d2_absolute_error: f64,
    },
}

impl MoreMetrics {
    /// Compares predictions with targets, with sample weights; `None` means equal weights. Predictions
    /// are probabilities of shape (classes, samples), those of labels, or values.
    ///
    /// # Panics
    /// If predictions, targets and weights have different numbers of samples, or predictions and
    /// targets of rows.
    pub fn of(predictions: impl Into<Samples>, targets: &Targets, weights: Option<&[f64]>) -> Self {
        let predictions = predictions.into();
        let predicted: Vec<usize> = match targets {
            Targets::Classes { .. } => (0..predictions.len()).map(|sample| predictions.argmax(sample)).collect(),
            Targets::Labels { .. } | Targets::Values { .. } => Vec::new(),
        };
        Self::of_decided(&predictions, &predicted, targets, weights)
    }

    /// As [`MoreMetrics::of`], with other predicted classes than the most probable ones.
    pub(crate) fn of_decided(
        predictions: &Samples,
        predicted: &[usize],
        targets: &Targets,
        weights: Option<&[f64]>,
    ) -> Self {
        let (found, expected) = ((predictions.features(), predictions.len()), (targets.outputs(), targets.samples()));
        assert_eq!(found, expected, "shapes of predictions and targets");
        match targets {
            Targets::Classes { labels, indices, .. } => {
                let confusion = match weights {
                    Some(weights) => ConfusionMatrix::weighted(labels, indices, predicted, weights),
                    None => ConfusionMatrix::new(labels, indices, predicted),
                };
                let p = predictions;
                let (roc_auc, average_precision) = areas(indices, p, weights).unzip();
                MoreMetrics::Classification {
                    positive_class: if let [_, second] = &labels[..] { Some(second.clone()) } else { None },
                    balanced_accuracy: confusion.balanced_accuracy(),
                    roc_auc,
                    average_precision,
                    log_loss: log_loss(indices, p, weights),
                    brier_score: brier_score(indices, p, weights),
                    calibration_error: calibration_error(indices, p, weights),
                    kappa: confusion.kappa(),
                    matthews: confusion.matthews(),
                    weighted_average: confusion.weighted_average(),
                    top_5_accuracy: (labels.len() >= 2 * TOP).then(|| top_k_accuracy(indices, p, TOP, weights)),
                }
            }
            Targets::Labels { truth, .. } => {
                let is_small = predictions.features().saturating_mul(predictions.len()) <= MOST_SORTED;
                let areas = is_small.then(|| labels::areas(truth, predictions, weights));
                let ((roc_auc, average_precision), (log_loss, brier_score)) =
                    (areas.unzip(), labels::errors(truth, predictions, weights));
                MoreMetrics::Labels { roc_auc, average_precision, log_loss, brier_score }
            }
            Targets::Values { values, .. } => MoreMetrics::Regression {
                median_absolute_error: median_absolute_error(values, predictions, weights),
                max_error: max_error(values, predictions),
                mape: values.iter().all(|y| y != 0.0).then(|| mape(values, predictions, weights)),
                explained_variance: explained_variance(values, predictions, weights),
                d2_absolute_error: d2_quantile(values, predictions, 0.5, weights),
            },
        }
    }

    /// The metrics with their names, for people; the first is most often of interest.
    pub fn named(&self) -> Vec<(&'static str, f64)> {
        let all = match *self {
            MoreMetrics::Classification {
                balanced_accuracy,
                roc_auc,
                average_precision,
                log_loss,
                brier_score,
                calibration_error,
                kappa,
                matthews,
                top_5_accuracy,
                ..
            } => vec![
                ("balanced accuracy", Some(balanced_accuracy)),
                ("accuracy of the first 5", top_5_accuracy),
                ("area under the ROC curve", roc_auc),
                ("average precision", average_precision),
                ("log loss", Some(log_loss)),
                ("Brier score", Some(brier_score)),
                ("calibration error", Some(calibration_error)),
                ("Cohen's kappa", Some(kappa)),
                ("Matthews correlation", Some(matthews)),
            ],
            MoreMetrics::Labels { roc_auc, average_precision, log_loss, brier_score } => vec![
                ("area under the ROC curve", roc_auc),
                ("average precision", average_precision),
                ("log loss of a label", Some(log_loss)),
                ("Brier score of a label", Some(brier_score)),
            ],
            MoreMetrics::Regression {
                median_absolute_error,
                max_error,
                mape,
                explained_variance,
                d2_absolute_error,
            } => {
                vec![
                    ("median absolute error", Some(median_absolute_error)),
                    ("largest error", Some(max_error)),
                    ("mean percentage error, in %", mape.map(|share| 100.0 * share)),
                    ("explained variance", Some(explained_variance)),
                    ("D² of the absolute error", Some(d2_absolute_error)),
                ]
            }
        };
        all.into_iter().filter_map(|(name, x)| Some((name, x?))).collect()
    }
}

/// The ROC area and the average precision: of the second of two classes, or the means over the
/// classes that some samples have and others have not. NaN without such a class.
pub(crate) fn areas(classes: &[usize], p: &Samples, weights: Option<&[f64]>) -> Option<(f64, f64)> {
    if p.features().saturating_mul(p.len()) > MOST_SORTED {
        return None;
    }
    let first = if p.features() == 2 { 1 } else { 0 };
    let of_class = |k: usize| {
        let is_of_class: Vec<bool> = classes.iter().map(|class| *class == k).collect();
        let ranking = Ranking::new(&is_of_class, &p.feature(k).collect::<Vec<_>>(), weights);
        (ranking.roc_auc(), ranking.average_precision())
    };
    let all: Vec<_> = (first..p.features()).map(of_class).filter(|(roc, _)| !roc.is_nan()).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    Some((mean(|of| of.0), mean(|of| of.1)))
}
