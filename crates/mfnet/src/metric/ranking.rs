//! How well scores put the samples of a class before the others.

use super::classification::weights_of;

/// The samples of one threshold: all with the same score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The score; samples with this score or a larger one are predicted as the class.
    pub score: f64,
    /// The weight of the samples of the class that are predicted as it.
    pub true_positives: f64,
    /// The weight of the other samples that are predicted as the class.
    pub false_positives: f64,
}

/// How often a class is predicted for each threshold of its score, from the largest score to the
/// smallest: what the ROC curve and the precision-recall curve are made of.
///
/// ```
/// use mfnet::metric::Ranking;
/// let ranking = Ranking::new(&[true, false, true, false], &[0.9, 0.8, 0.7, 0.1], None);
/// assert_eq!((ranking.thresholds().len(), ranking.roc_auc()), (4, 0.75));
/// assert!((ranking.average_precision() - 5.0 / 6.0).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    thresholds: Vec<Threshold>,
    /// The weight of the samples of the class, and of the others.
    positives: f64,
    negatives: f64,
}

impl Ranking {
    /// Ranks samples by the score of a class, with sample weights; `None` means equal weights.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn new(is_of_class: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Self {
        assert_eq!(is_of_class.len(), scores.len(), "classes and scores");
        let weight = weights_of(weights, scores.len());
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_unstable_by(|i, j| scores[*j].total_cmp(&scores[*i]).then(i.cmp(j)));
        let mut ranking = Ranking { thresholds: Vec::new(), positives: 0.0, negatives: 0.0 };
        for sample in order {
            let side = if is_of_class[sample] { &mut ranking.positives } else { &mut ranking.negatives };
            *side += weight(sample);
            let (true_positives, false_positives) = (ranking.positives, ranking.negatives);
            let threshold = Threshold { score: scores[sample], true_positives, false_positives };
            match ranking.thresholds.last_mut() {
                Some(last) if last.score == threshold.score => *last = threshold,
                _ => ranking.thresholds.push(threshold),
            }
        }
        ranking
    }

    /// A threshold for each different score, the largest first.
    pub fn thresholds(&self) -> &[Threshold] {
        &self.thresholds
    }

    /// The weight of the samples of the class.
    pub fn positives(&self) -> f64 {
        self.positives
    }

    /// The weight of the other samples.
    pub fn negatives(&self) -> f64 {
        self.negatives
    }

    /// The area under the ROC curve, true positives over false positives: the probability that a
    /// sample of the class has a larger score than another sample, where equal scores count half. NaN
    /// if one of both is missing. As scikit-learn's `roc_auc_score` with `sample_weight`.
    pub fn roc_auc(&self) -> f64 {
        let (mut area, mut before) = (0.0, (0.0, 0.0));
        for Threshold { true_positives, false_positives, .. } in &self.thresholds {
            area += (false_positives - before.1) * (true_positives + before.0) / 2.0;
            before = (*true_positives, *false_positives);
        }
        area / (self.positives * self.negatives)
    }

    /// The average precision, a sum under the precision-recall curve:
    ///
    /// ```text
    /// Σₙ (Rₙ − Rₙ₋₁) Pₙ        Pₙ, Rₙ: precision and recall at the n-th threshold
    /// ```
    ///
    /// NaN without samples of the class. As scikit-learn's `average_precision_score` with
    /// `sample_weight`.
    pub fn average_precision(&self) -> f64 {
        let (mut sum, mut before) = (0.0, 0.0);
        for Threshold { true_positives, false_positives, .. } in &self.thresholds {
            let predicted = true_positives + false_positives;
            // a threshold whose samples all have weight 0
            if predicted > 0.0 {
                sum += (true_positives - before) * true_positives / predicted;
            }
            before = *true_positives;
        }
        sum / self.positives
    }
}
