//! Metrics of several labels at once.

use serde::Serialize;

use super::classification::weights_of;
use super::{MacroAverage, Ranking};
use crate::data::Samples;
use crate::loss::sigmoid;

/// The scores of one of several labels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelMetrics {
    /// The label.
    pub label: String,
    /// The fraction of the samples predicted to have it that have it; 0 if there are none.
    pub precision: f64,
    /// The fraction of the samples that have it that are predicted to; 0 if there are none.
    pub recall: f64,
    /// The harmonic mean of both; 0 if one of them is.
    pub f1: f64,
    /// The weight of the samples that have it.
    pub support: f64,
}

/// Whether a label with this logit is predicted: its probability, as it is stored, is above ½.
fn says(z: f64) -> bool {
    sigmoid(z) > 0.5
}

/// Counts of a label, with the weights of samples.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    true_positives: f64,
    predicted: f64,
    positives: f64,
    right: f64,
}

impl Counts {
    fn of(truth: &Samples, decided: &Samples, label: usize, weight: impl Fn(usize) -> f64) -> Self {
        let mut counts = Counts::default();
        for (sample, (y, z)) in truth.feature(label).zip(decided.feature(label)).enumerate() {
            let (is, says, weight) = (y == 1.0, says(z), weight(sample));
            counts.true_positives += if is && says { weight } else { 0.0 };
            counts.predicted += if says { weight } else { 0.0 };
            counts.positives += if is { weight } else { 0.0 };
            counts.right += if is == says { weight } else { 0.0 };
        }
        counts
    }

    fn plus(self, other: Self) -> Self {
        Counts {
            true_positives: self.true_positives + other.true_positives,
            predicted: self.predicted + other.predicted,
            positives: self.positives + other.positives,
            right: self.right + other.right,
        }
    }

    /// Precision, recall and F1; 0 instead of 0/0.
    fn scores(self) -> [f64; 3] {
        let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
        let Counts { true_positives, predicted, positives, .. } = self;
        [
            ratio(true_positives, predicted),
            ratio(true_positives, positives),
            ratio(2.0 * true_positives, predicted + positives),
        ]
    }
}

/// What is found for several labels: the accuracy of single labels and of whole samples, the F1 over
/// all labels together, the means over the labels, and each label.
pub(super) struct Found {
    pub(super) label_accuracy: f64,
    pub(super) subset_accuracy: f64,
    pub(super) micro_f1: f64,
    pub(super) average: MacroAverage,
    pub(super) of_labels: Vec<LabelMetrics>,
}

/// Compares logits with the truth; a label is predicted if its probability is above ½.
pub(super) fn compare(labels: &[String], truth: &Samples, logits: &Samples, weights: Option<&[f64]>) -> Found {
    let weight = weights_of(weights, truth.len());
    let all: f64 = (0..truth.len()).map(weight).sum();
    let counts: Vec<Counts> = (0..labels.len()).map(|label| Counts::of(truth, logits, label, weight)).collect();
    let together = counts.iter().copied().fold(Counts::default(), Counts::plus);
    let is_right =
        |sample: &usize| truth.sample(*sample).zip(logits.sample(*sample)).all(|(y, z)| (y == 1.0) == says(z));
    let of_label = |(label, counts): (&String, &Counts)| {
        let [precision, recall, f1] = counts.scores();
        LabelMetrics { label: label.clone(), precision, recall, f1, support: counts.positives }
    };
    let of_labels: Vec<LabelMetrics> = labels.iter().zip(&counts).map(of_label).collect();
    let mean = |of: fn(&LabelMetrics) -> f64| of_labels.iter().map(of).sum::<f64>() / labels.len() as f64;
    Found {
        label_accuracy: together.right / (all * labels.len() as f64),
        // not −0, the sum of nothing
        subset_accuracy: (0..truth.len()).filter(is_right).map(weight).fold(0.0, |sum, w| sum + w) / all,
        micro_f1: together.scores()[2],
        average: MacroAverage {
            precision: mean(|of| of.precision),
            recall: mean(|of| of.recall),
            f1: mean(|of| of.f1),
        },
        of_labels,
    }
}

/// The means of the ROC area and of the average precision over the labels that some samples have and
/// others have not; NaN without such a label.
pub(super) fn areas(truth: &Samples, p: &Samples, weights: Option<&[f64]>) -> (f64, f64) {
    let of_label = |label: usize| {
        let is: Vec<bool> = truth.feature(label).map(|y| y == 1.0).collect();
        let ranking = Ranking::new(&is, &p.feature(label).collect::<Vec<_>>(), weights);
        (ranking.roc_auc(), ranking.average_precision())
    };
    let all: Vec<_> = (0..p.features()).map(of_label).filter(|(roc, _)| !roc.is_nan()).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    (mean(|of| of.0), mean(|of| of.1))
}

/// The mean over samples and labels of the log loss −ln p, with p at least 2⁻⁵², and of the Brier score
/// (p − y)².
pub(super) fn errors(truth: &Samples, p: &Samples, weights: Option<&[f64]>) -> (f64, f64) {
    let weight = weights_of(weights, truth.len());
    let (mut log_loss, mut brier, mut all) = (0.0, 0.0, 0.0);
    for sample in 0..truth.len() {
        for (y, p) in truth.sample(sample).zip(p.sample(sample)) {
            let of_truth = if y == 1.0 { p } else { 1.0 - p };
            log_loss -= weight(sample) * of_truth.max(f64::EPSILON).ln();
            brier += weight(sample) * (p - y).powi(2);
            all += weight(sample);
        }
    }
    (log_loss / all, brier / all)
}
