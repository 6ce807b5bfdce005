use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::data::Targets;
use crate::escape::escaped;
use crate::tensor::{Scalar, Tensor};

/// With more classes the table would be wider than a terminal; a list of the most frequent mistakes
/// replaces it.
const MOST_IN_A_TABLE: usize = 30;
/// The number of mistakes in that list.
const MISTAKES_SHOWN: usize = 10;

/// With more classes than this, JSON has no confusion matrix.
const MOST_IN_JSON: usize = 200;

/// Accuracy: the fraction of samples whose class was predicted; NaN without samples.
///
/// ```
/// assert_eq!(mfnet::metric::accuracy(&[0, 1, 1, 2], &[0, 1, 2, 2]), 0.75);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn accuracy(classes: &[usize], predicted: &[usize]) -> f64 {
    assert_eq!(classes.len(), predicted.len(), "classes and predictions");
    weighted_accuracy(classes, predicted, None)
}

/// Accuracy with sample weights; `None` means equal weights:
///
/// ```text
/// Σ_{i right} w_i / Σ_i w_i
/// ```
///
/// As scikit-learn's `accuracy_score` with `sample_weight`.
///
/// ```
/// assert_eq!(mfnet::metric::weighted_accuracy(&[0, 1, 1], &[0, 1, 2], Some(&[1.0, 0.5, 2.5])), 0.375);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn weighted_accuracy(classes: &[usize], predicted: &[usize], weights: Option<&[f64]>) -> f64 {
    assert_eq!(classes.len(), predicted.len(), "classes and predictions");
    let is_right = |sample: &usize| classes[*sample] == predicted[*sample];
    let weight = weights_of(weights, classes.len());
    let right: f64 = (0..classes.len()).filter(is_right).map(weight).fold(0.0, |sum, w| sum + w);
    right / (0..classes.len()).map(weight).fold(0.0, |sum, w| sum + w)
}

/// A function that returns the weight of each sample; 1 without weights.
pub(super) fn weights_of(weights: Option<&[f64]>, samples: usize) -> impl Fn(usize) -> f64 + Copy {
    assert!(weights.is_none_or(|weights| weights.len() == samples), "samples and weights");
    move |sample| weights.map_or(1.0, |weights| weights[sample])
}

/// The number of samples, of those in the columns of `output`, whose class has the largest output
/// (the first of equal ones); with weights, the sum of their weights. A NaN output is never the
/// largest. `None` for values.
pub(crate) fn right<T: Scalar>(
    output: &Tensor<T>,
    targets: &Targets,
    weights: Option<&[f64]>,
    samples: &[usize],
) -> Option<f64> {
    let Targets::Classes { indices, .. } = targets else { return None };
    let is_right = |j: usize| {
        let class = indices[samples[j]];
        let of_class = output[(class, j)];
        output.column(j).enumerate().all(|(i, z)| z < of_class || (z == of_class && i >= class))
    };
    let weight = |j: usize| weights.map_or(1.0, |weights| weights[samples[j]]);
    Some((0..output.columns()).filter(|j| is_right(*j)).map(weight).fold(0.0, |sum, w| sum + w))
}

/// The confusion matrix: how often samples of each class (row) were predicted as each class
/// (column).
///
/// ```
/// use mfnet::metric::ConfusionMatrix;
/// let labels = ["cat".to_owned(), "dog".to_owned()];
/// let confusion = ConfusionMatrix::new(&labels, &[0, 0, 1], &[0, 1, 1]);
/// assert_eq!((confusion.count(0, 0), confusion.count(0, 1)), (1, 1));
/// println!("{confusion}");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusionMatrix {
    labels: Vec<String>,
    /// Counts of the pairs that occur; with many classes most pairs do not.
    counts: BTreeMap<(usize, usize), usize>,
    /// Sums of weights, if samples have weights.
    weights: Option<BTreeMap<(usize, usize), f64>>,
}

impl ConfusionMatrix {
    /// Counts pairs of a sample's class and its predicted class, both indices into `labels`.
    ///
    /// # Panics
    /// If an index is out of range.
    pub fn new(labels: &[String], classes: &[usize], predicted: &[usize]) -> Self {
        let mut counts = BTreeMap::new();
        for (class, predicted) in classes.iter().zip(predicted) {
            assert!(*class.max(predicted) < labels.len(), "classes and labels");
            *counts.entry((*class, *predicted)).or_default() += 1;
        }
        ConfusionMatrix { labels: labels.to_vec(), counts, weights: None }
    }

    /// As [`ConfusionMatrix::new`], with sample weights. Precision and recall use sums of weights,
    /// as scikit-learn's `confusion_matrix` and `precision_recall_fscore_support` with
    /// `sample_weight`.
    ///
    /// ```
    /// use mfnet::metric::ConfusionMatrix;
    /// let labels = ["cat".to_owned(), "dog".to_owned()];
    /// let confusion = ConfusionMatrix::weighted(&labels, &[0, 0, 1], &[0, 1, 1], &[0.5, 1.5, 4.5]);
    /// assert_eq!((confusion.count(0, 1), confusion.weight(0, 1)), (1, 1.5));
    /// assert_eq!((confusion.of_classes()[0].recall, confusion.of_classes()[1].precision), (0.25, 0.75));
    /// ```
    ///
    /// # Panics
    /// If an index is out of range, or the numbers of weights and samples differ.
    pub fn weighted(labels: &[String], classes: &[usize], predicted: &[usize], weights: &[f64]) -> Self {
        assert_eq!(classes.len(), weights.len(), "samples and weights");
        let mut sums = BTreeMap::new();
        for ((class, predicted), weight) in classes.iter().zip(predicted).zip(weights) {
            *sums.entry((*class, *predicted)).or_insert(0.0) += weight;
        }
        ConfusionMatrix { weights: Some(sums), ..Self::new(labels, classes, predicted) }
    }

    /// Whether samples have weights.
    pub fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// The total weight of the samples of a class that were predicted as `predicted`; their number
    /// without weights.
    pub fn weight(&self, class: usize, predicted: usize) -> f64 {
        match &self.weights {
            Some(weights) => weights.get(&(class, predicted)).copied().unwrap_or(0.0),
            None => self.count(class, predicted) as f64,
        }
    }

    /// The number of samples of a class that were predicted as `predicted`.
    pub fn count(&self, class: usize, predicted: usize) -> usize {
        self.counts.get(&(class, predicted)).copied().unwrap_or(0)
    }

    /// The pairs that occur, as (class, predicted class, count), row by row.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.counts.iter().map(|((class, predicted), count)| (*class, *predicted, *count))
    }

    /// The labels of the rows and of the columns.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Precision, recall, F1 and support of each class. With C the counts, or the sums of weights:
    ///
    /// ```text
    /// precision of j = Cⱼⱼ / Σᵢ Cᵢⱼ        recall of i = Cᵢᵢ / Σⱼ Cᵢⱼ        support of i = Σⱼ Cᵢⱼ
    /// F1 of i = 2 Cᵢᵢ / (Σⱼ Cᵢⱼ + Σⱼ Cⱼᵢ)
    /// ```
    ///
    /// Precision is NaN if the class was never predicted, recall if it has no samples, F1 if both.
    /// scikit-learn's `precision_recall_fscore_support` returns 0 with a warning, or NaN with
    /// `zero_division=nan`. JSON has 0.
    ///
    /// ```
    /// use mfnet::metric::ConfusionMatrix;
    /// let labels = ["cat".to_owned(), "dog".to_owned()];
    /// let of_class = ConfusionMatrix::new(&labels, &[0, 0, 0, 1], &[0, 0, 1, 1]).of_classes();
    /// assert_eq!((of_class[1].precision, of_class[1].recall, of_class[1].support), (0.5, 1.0, 1));
    /// ```
    pub fn of_classes(&self) -> Vec<ClassScores> {
        let classes = self.labels.len();
        let (mut supports, mut weights, mut predictions) = (vec![0; classes], vec![0.0; classes], vec![0.0; classes]);
        for (class, predicted, count) in self.pairs() {
            let weight = self.weight(class, predicted);
            supports[class] += count;
            weights[class] += weight;
            predictions[predicted] += weight;
        }
        let of_class = |(k, label): (usize, &String)| {
            let (right, weight) = (self.weight(k, k), weights[k]);
            let (precision, recall) = (right / predictions[k], right / weight);
            let f1 = 2.0 * right / (weight + predictions[k]);
            ClassScores { label: label.clone(), precision, recall, f1, support: supports[k], weight }
        };
        self.labels.iter().enumerate().map(of_class).collect()
    }

    /// The means of precision, recall and F1 over the classes that have samples or were predicted,
    /// where NaN counts as 0: scikit-learn's `average="macro"` with `zero_division=0`. NaN without
    /// samples.
    ///
    /// ```
    /// use mfnet::metric::ConfusionMatrix;
    /// let labels = ["cat".to_owned(), "dog".to_owned(), "owl".to_owned()];
    /// let means = ConfusionMatrix::new(&labels, &[0, 0, 1], &[0, 0, 0]).macro_average();
    /// assert_eq!((means.precision, means.recall, means.f1), (1.0 / 3.0, 0.5, 0.4));
    /// ```
    pub fn macro_average(&self) -> MacroAverage {
        let mut occur = vec![false; self.labels.len()];
        self.pairs().for_each(|(class, predicted, _)| (occur[class], occur[predicted]) = (true, true));
        let classes: Vec<_> = self.of_classes().into_iter().zip(occur).filter(|(_, occurs)| *occurs).collect();
        let mean = |of: fn(&ClassScores) -> f64| {
            let sum: f64 = classes.iter().map(|(scores, _)| or_zero(of(scores))).sum();
            sum / classes.len() as f64
        };
        MacroAverage { precision: mean(|of| of.precision), recall: mean(|of| of.recall), f1: mean(|of| of.f1) }
    }

    /// The means of precision, recall and F1 over all classes, with the support of each class as its
    /// weight, where NaN counts as 0: scikit-learn's `average="weighted"` with `zero_division=0`. (Its
    /// `average="micro"` is the accuracy, if each sample has one class.)
    pub fn weighted_average(&self) -> MacroAverage {
        let classes = self.of_classes();
        let all: f64 = classes.iter().map(|of| of.weight).sum();
        let mean = |of: fn(&ClassScores) -> f64| {
            classes.iter().map(|class| class.weight * or_zero(of(class))).sum::<f64>() / all
        };
        MacroAverage { precision: mean(|of| of.precision), recall: mean(|of| of.recall), f1: mean(|of| of.f1) }
    }

    /// The balanced accuracy: the mean recall of the classes that have samples. As scikit-learn's
    /// `balanced_accuracy_score`.
    pub fn balanced_accuracy(&self) -> f64 {
        let recalls: Vec<f64> = self.of_classes().into_iter().map(|of| of.recall).filter(|x| !x.is_nan()).collect();
        recalls.iter().sum::<f64>() / recalls.len() as f64
    }

    /// Cohen's kappa, the agreement of predictions and classes beyond chance:
    ///
    /// ```text
    /// κ = (accuracy − e)/(1 − e)        e = Σ_k (samples of k)(predictions of k)/n²
    /// ```
    ///
    /// As scikit-learn's `cohen_kappa_score`; NaN if all samples and all predictions are of one class.
    /// Source: Cohen 1960.
    pub fn kappa(&self) -> f64 {
        let Sums { right, all, both, .. } = self.sums();
        let chance = both / (all * all);
        (right / all - chance) / (1.0 - chance)
    }

    /// The correlation coefficient of Matthews for any number of classes, with c right of n samples:
    ///
    /// ```text
    /// (c n − Σ_k t_k p_k)/√((n² − Σ p_k²)(n² − Σ t_k²))        t_k samples and p_k predictions of class k
    /// ```
    ///
    /// 0 if all samples, or all predictions, are of one class. As scikit-learn's
    /// `matthews_corrcoef`. Sources: Matthews 1975, Gorodkin 2004.
    pub fn matthews(&self) -> f64 {
        let Sums { right, all, both, samples, predictions } = self.sums();
        let spread = (all * all - predictions) * (all * all - samples);
        if spread > 0.0 { (right * all - both) / spread.sqrt() } else { 0.0 }
    }

    fn sums(&self) -> Sums {
        let classes = self.labels.len();
        let (mut samples, mut predictions, mut sums) = (vec![0.0; classes], vec![0.0; classes], Sums::default());
        for (class, predicted, _) in self.pairs() {
            let weight = self.weight(class, predicted);
            samples[class] += weight;
            predictions[predicted] += weight;
            sums.all += weight;
            sums.right += if class == predicted { weight } else { 0.0 };
        }
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum();
        Sums {
            both: product(&samples, &predictions),
            samples: product(&samples, &samples),
            predictions: product(&predictions, &predictions),
            ..sums
        }
    }

    /// The mistakes as (class, predicted class, count), the most frequent (or heaviest) first; ties
    /// are in the order of the classes.
    pub fn mistakes(&self) -> Vec<(usize, usize, usize)> {
        let mut mistakes: Vec<_> = self.pairs().filter(|(i, j, _)| i != j).collect();
        mistakes.sort_by(|(i, j, _), (k, l, _)| self.weight(*k, *l).total_cmp(&self.weight(*i, *j)));
        mistakes
    }
}

impl ConfusionMatrix {
    fn write_mistakes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mistakes = self.mistakes();
        let wrong: usize = mistakes.iter().map(|(.., count)| count).sum();
        let all: usize = self.counts.values().sum();
        write!(
            f,
            "{wrong} of {all} are wrong, with {} different confusions of {} classes",
            mistakes.len(),
            self.labels.len()
        )?;
        for (class, predicted, count) in mistakes.iter().take(MISTAKES_SHOWN) {
            let weight = if self.is_weighted() { short(self.weight(*class, *predicted)) } else { count.to_string() };
            let [class, predicted] = [class, predicted].map(|class| escaped(&self.labels[*class]));
            write!(f, "\n{weight:>8}  {class} predicted as {predicted}")?;
        }
        if mistakes.len() > MISTAKES_SHOWN { write!(f, "\n       …") } else { Ok(()) }
    }
}

/// Sums over a confusion matrix.
#[derive(Default)]
struct Sums {
    /// The weight of the samples that are predicted right, and of all.
    right: f64,
    all: f64,
    /// Sums over the classes of t p, t² and p², with t samples and p predictions of the class.
    both: f64,
    samples: f64,
    predictions: f64,
}

/// The scores of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassScores {
    /// The class's label.
    pub label: String,
    /// Precision: the fraction of samples predicted as this class that belong to it.
    pub precision: f64,
    /// Recall: the fraction of samples of this class that were predicted as it.
    pub recall: f64,
    /// F1: the harmonic mean of precision and recall.
    pub f1: f64,
    /// Support: the number of samples of this class.
    pub support: usize,
    /// The sum of the weights of these samples; their number without weights.
    pub weight: f64,
}

/// Means over classes; see [`ConfusionMatrix::macro_average`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct MacroAverage {
    /// The mean of the precisions.
    pub precision: f64,
    /// The mean of the recalls.
    pub recall: f64,
    /// The mean of the F1 scores.
    pub f1: f64,
}

fn or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// `classes` (label, precision, recall, F1, support and with weights their sum, of each class, with
/// 0 for an undefined score), `macro_average`, and for up to 200 classes `confusion_matrix`: a list
/// for each true class with the count of each predicted class, or the sum of their weights.
impl Serialize for ConfusionMatrix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let classes = self.labels.len();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("classes", &self.of_classes())?;
        map.serialize_entry("macro_average", &self.macro_average())?;
        if classes <= MOST_IN_JSON && self.is_weighted() {
            let row = |i| (0..classes).map(|j| self.weight(i, j)).collect();
            map.serialize_entry("confusion_matrix", &(0..classes).map(row).collect::<Vec<Vec<f64>>>())?;
        } else if classes <= MOST_IN_JSON {
            let row = |i| (0..classes).map(|j| self.count(i, j)).collect();
            map.serialize_entry("confusion_matrix", &(0..classes).map(row).collect::<Vec<Vec<usize>>>())?;
        }
        map.end()
    }
}

impl Serialize for ClassScores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("label", &self.label)?;
        for (name, score) in [("precision", self.precision), ("recall", self.recall), ("f1", self.f1)] {
            map.serialize_entry(name, &or_zero(score))?;
        }
        map.serialize_entry("support", &self.support)?;
        map.serialize_entry("weight", &self.weight)?;
        map.end()
    }
}

/// A table: true classes as rows, predicted classes as columns; off the diagonal, dots stand for
/// zeros. More than 30 classes give a list of the ten most frequent mistakes. Sums of weights have
/// four digits.
impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels.len() > MOST_IN_A_TABLE {
            return self.write_mistakes(f);
        }
        let cell = |i: usize, j: usize| match self.count(i, j) {
            0 if i != j => "·".to_owned(),
            _ if self.is_weighted() => short(self.weight(i, j)),
            count => count.to_string(),
        };
        let labels: Vec<_> = self.labels.iter().map(|label| escaped(label)).collect();
        let length = |text: &str| text.chars().count();
        let widest_cell = self.pairs().map(|(i, j, _)| length(&cell(i, j))).max().unwrap_or(0);
        let first = labels.iter().map(|label| length(label)).max().unwrap_or(0).max("true".len());
        let width = |j: usize| length(&labels[j]).max(widest_cell) + 2;
        writeln!(f, "{:first$}  predicted", "true")?;
        write!(f, "{:first$}", "")?;
        for (j, label) in labels.iter().enumerate() {
            write!(f, "{label:>0$}", width(j))?;
        }
        for (i, label) in labels.iter().enumerate() {
            write!(f, "\n{label:>first$}")?;
            for j in 0..self.labels.len() {
                write!(f, "{:>1$}", cell(i, j), width(j))?;
            }
        }
        Ok(())
    }
}

/// A sum of weights with up to four significant digits.
fn short(weight: f64) -> String {
    let rounded: f64 = format!("{weight:.3e}").parse().unwrap_or(weight);
    if (1e-4..1e7).contains(&rounded) || rounded == 0.0 { rounded.to_string() } else { format!("{rounded:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_largest_outputs_is_the_prediction() {
        let output = Tensor::from_rows([[1.0, 2.0, 0.0, f64::NAN], [1.0, 3.0, 0.5, 1.0], [0.0, 3.0, 0.5, 2.0]]);
        let count = |classes: &[usize]| {
            let labels = ["a", "b", "c"].map(str::to_owned).to_vec();
            let targets = Targets::Classes { column: "class".into(), labels, indices: classes.to_vec() };
            right(&output, &targets, None, &[0, 1, 2, 3]).map(|count| count as usize)
        };
        assert_eq!(output.argmax()[..3], [0, 1, 1]);
        assert_eq!(count(&[0, 1, 1, 2]), Some(3));
        assert_eq!(count(&[1, 2, 2, 0]), Some(0));
        assert_eq!(count(&[0, 0, 1, 1]), Some(2));
        let values = Targets::Values { columns: vec!["y".into()], values: Tensor::zeros(1, 4).into() };
        assert_eq!(right(&output, &values, None, &[0, 1, 2, 3]), None);
    }

    #[test]
    fn confusion_of_weights_as_a_table() {
        let labels = ["cat".to_owned(), "a".to_owned()];
        let classes = [0, 0, 1, 1, 1];
        let matrix = ConfusionMatrix::weighted(&labels, &classes, &[0, 0, 0, 1, 1], &[0.5, 1.0 / 3.0, 2e8, 0.0, 0.0]);
        assert_eq!(
            matrix.to_string(),
            "true  predicted\n         cat       a\n cat  0.8333       ·\n   a     2e8       0"
        );
        assert_eq!(matrix.of_classes()[1].weight, 2e8);
    }

    #[test]
    fn confusion_as_a_table() {
        let labels = ["cat".to_owned(), "a".to_owned()];
        let matrix = ConfusionMatrix::new(&labels, &[0, 0, 1, 1, 1], &[0, 0, 0, 1, 1]);
        assert_eq!(matrix.pairs().collect::<Vec<_>>(), [(0, 0, 2), (1, 0, 1), (1, 1, 2)]);
        assert_eq!(matrix.to_string(), "true  predicted\n      cat  a\n cat    2  ·\n   a    1  2");
    }

    #[test]
    fn many_classes_have_no_table() {
        let labels: Vec<String> = (0..100_000).map(|i| format!("c{i}")).collect();
        let classes: Vec<usize> = (0..100_000).collect();
        let mut predicted = classes.clone();
        (predicted[5], predicted[99_999]) = (7, 0);
        let text = ConfusionMatrix::new(&labels, &classes, &predicted).to_string();
        assert_eq!(
            text,
            "2 of 100000 are wrong, with 2 different confusions of 100000 classes\n       1  c5 predicted as c7\n       1  c99999 predicted as c0"
        );
    }

    #[test]
    fn mistakes_by_their_number_and_classes_without_samples() {
        let labels = ["a", "b", "c"].map(str::to_owned);
        let matrix = ConfusionMatrix::new(&labels, &[0, 0, 1, 1, 1], &[1, 0, 0, 0, 1]);
        assert_eq!(matrix.mistakes(), [(1, 0, 2), (0, 1, 1)]);
        let c = &matrix.of_classes()[2];
        assert!(c.precision.is_nan() && c.recall.is_nan() && c.support == 0);
    }
}
