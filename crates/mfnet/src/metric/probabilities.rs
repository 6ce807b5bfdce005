//! How good probabilities are.

use super::classification::weights_of;
use crate::data::Samples;

/// The least probability that a logarithm is taken of, as in scikit-learn.
const LEAST: f64 = f64::EPSILON;
/// Number of intervals of [`calibration`].
const BINS: usize = 15;

/// The log loss, the mean of −log p of each sample's class:
///
/// ```text
/// −1/Σw Σ_i w_i log p_i        p_i: the probability of the class of sample i, at least 2⁻⁵²
/// ```
///
/// `probabilities` have shape (classes, samples). As scikit-learn's `log_loss`.
///
/// ```
/// use mfnet::Tensor;
/// use mfnet::metric::log_loss;
/// let probabilities = Tensor::from_rows([[0.5, 0.25], [0.5, 0.75]]);
/// assert_eq!(log_loss(&[0, 0], &probabilities, None), (2.0_f64.ln() + 4.0_f64.ln()) / 2.0);
/// ```
///
/// # Panics
/// If the numbers of classes, samples and weights do not fit.
pub fn log_loss(classes: &[usize], probabilities: impl Into<Samples>, weights: Option<&[f64]>) -> f64 {
    let p = probabilities.into();
    mean(classes, &p, weights, |sample, class| -p.number(sample, class).max(LEAST).ln())
}

/// The Brier score, the mean squared error of the probabilities:
///
/// ```text
/// 1/Σw Σ_i w_i Σ_k (p_ik − y_ik)²        y: 1 for the class of the sample, otherwise 0
/// ```
///
/// With two classes, half of it: both have the same error. As scikit-learn's `brier_score_loss`.
///
/// # Panics
/// As [`log_loss`].
pub fn brier_score(classes: &[usize], probabilities: impl Into<Samples>, weights: Option<&[f64]>) -> f64 {
    let p = probabilities.into();
    let of_sample = |sample: usize, class: usize| -> f64 {
        let squared = |(k, p): (usize, f64)| (p - f64::from(k == class)).powi(2);
        p.sample(sample).enumerate().map(squared).sum()
    };
    mean(classes, &p, weights, of_sample) / if p.features() == 2 { 2.0 } else { 1.0 }
}

/// The fraction of samples whose class is among the k classes of largest score; of equal scores the
/// first class is the largest. `scores` are probabilities or logits of shape (classes, samples). As
/// scikit-learn's `top_k_accuracy_score`, which counts a sample with equal scores by another rule.
///
/// # Panics
/// As [`log_loss`].
pub fn top_k_accuracy(classes: &[usize], scores: impl Into<Samples>, k: usize, weights: Option<&[f64]>) -> f64 {
    let scores = scores.into();
    let of_sample = |sample: usize, class: usize| {
        let own = scores.number(sample, class);
        let before = |(i, score): &(usize, f64)| *score > own || *score == own && *i < class;
        f64::from(u8::from(scores.sample(sample).enumerate().filter(before).count() < k))
    };
    mean(classes, &scores, weights, of_sample)
}

/// The samples whose largest probability lies in one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CalibrationBin {
    /// The weight of these samples.
    pub weight: f64,
    /// Their mean largest probability.
    pub confidence: f64,
    /// Their accuracy.
    pub accuracy: f64,
}

/// Confidence and accuracy of the samples in each of 15 intervals (j/15, (j + 1)/15] of their
/// largest probability, without the intervals that have no samples. In a calibrated model both are
/// equal.
///
/// # Panics
/// As [`log_loss`].
pub fn calibration(
    classes: &[usize],
    probabilities: impl Into<Samples>,
    weights: Option<&[f64]>,
) -> Vec<CalibrationBin> {
    let p = probabilities.into();
    check(classes, &p);
    let weight = weights_of(weights, classes.len());
    let mut bins = [CalibrationBin::default(); BINS];
    for (sample, class) in classes.iter().enumerate() {
        let predicted = p.argmax(sample);
        let confidence = p.number(sample, predicted);
        let bin = &mut bins[((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1];
        bin.weight += weight(sample);
        bin.confidence += weight(sample) * confidence;
        bin.accuracy += if predicted == *class { weight(sample) } else { 0.0 };
    }
    let filled = bins.into_iter().filter(|bin| bin.weight > 0.0);
    filled
        .map(|CalibrationBin { weight, confidence, accuracy }| CalibrationBin {
            weight,
            confidence: confidence / weight,
            accuracy: accuracy / weight,
        })
        .collect()
}

/// The expected calibration error, the mean distance of confidence and accuracy over the intervals
/// of [`calibration`]:
///
/// ```text
/// Σ_b w_b/Σw |accuracy_b − confidence_b|
/// ```
///
/// Source: Guo, Pleiss, Sun and Weinberger 2017.
///
/// # Panics
/// As [`log_loss`].
pub fn calibration_error(classes: &[usize], probabilities: impl Into<Samples>, weights: Option<&[f64]>) -> f64 {
    let bins = calibration(classes, probabilities, weights);
    let all: f64 = bins.iter().map(|bin| bin.weight).sum();
    bins.iter().map(|bin| bin.weight * (bin.accuracy - bin.confidence).abs()).sum::<f64>() / all
}

/// The weighted mean over the samples of a function of a sample and its class.
fn mean(classes: &[usize], p: &Samples, weights: Option<&[f64]>, of_sample: impl Fn(usize, usize) -> f64) -> f64 {
    check(classes, p);
    let weight = weights_of(weights, classes.len());
    let sums = classes.iter().enumerate().fold((0.0, 0.0), |(sum, all), (sample, class)| {
        let w = weight(sample);
        (sum + if w > 0.0 { w * of_sample(sample, *class) } else { 0.0 }, all + w)
    });
    sums.0 / sums.1
}

fn check(classes: &[usize], p: &Samples) {
    assert_eq!(classes.len(), p.len(), "classes and samples");
    assert!(classes.iter().all(|class| *class < p.features()), "classes and probabilities");
}
