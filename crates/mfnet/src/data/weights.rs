//! Weights of the samples and the classes of a data set.

use std::ops::RangeInclusive;
use std::sync::Arc;

use mfnet_table::LeftOut;

use super::{Dataset, Targets};
use crate::error::{DataProblem, Error, Result};

/// The range allowed for the sum of weights.
const SUMS: RangeInclusive<f64> = 1e-100..=1e100;

/// The weights of a data set. Metrics use the sample weights; losses also use the class weights.
#[derive(Clone, Debug, Default)]
pub(super) struct DataWeights {
    of_samples: Option<Arc<Vec<f64>>>,
    of_classes: Option<Arc<Vec<f64>>>,
    /// Sample weight times class weight, for each sample.
    in_loss: Option<Arc<Vec<f64>>>,
}

impl DataWeights {
    /// The weights of the samples with these indices.
    pub(super) fn select(&self, samples: &[usize]) -> Self {
        let of = |all: &Arc<Vec<f64>>| Arc::new(samples.iter().map(|sample| all[*sample]).collect::<Vec<_>>());
        let of_samples = self.of_samples.as_ref().map(of);
        let in_loss = match self.of_classes {
            Some(_) => self.in_loss.as_ref().map(of),
            None => of_samples.clone(),
        };
        DataWeights { of_samples, of_classes: self.of_classes.clone(), in_loss }
    }

    /// The same weights with the classes renumbered; a new class has weight 1.
    pub(super) fn with_labels(&self, before: &[String], labels: &[String]) -> Self {
        let of_label = |weights: &Vec<f64>, label| {
            before.iter().position(|other| other == label).map_or(1.0, |class| weights[class])
        };
        let of_classes = self.of_classes.as_deref();
        let of_classes = of_classes.map(|weights| labels.iter().map(|label| of_label(weights, label)).collect());
        DataWeights { of_classes: of_classes.map(Arc::new), ..self.clone() }
    }

    /// Multiplies each sample's weight by that of its class.
    fn joined(mut self, targets: &Targets) -> Self {
        self.in_loss = match (&self.of_classes, targets) {
            (Some(of_classes), Targets::Classes { indices, .. }) => {
                let of_sample = |sample: usize| self.of_samples.as_ref().map_or(1.0, |weights| weights[sample]);
                let in_loss = indices.iter().enumerate().map(|(sample, class)| of_sample(sample) * of_classes[*class]);
                Some(Arc::new(in_loss.collect()))
            }
            _ => self.of_samples.clone(),
        };
        self
    }
}

impl Dataset {
    /// Sets the weight of each sample. A selection of samples keeps its weights.
    ///
    /// Weights enter the loss of training and validation, the metrics and the baselines:
    ///
    /// ```text
    /// J = Σ_i w_i c_i / Σ_i w_i
    /// ```
    ///
    /// A sample of weight 2 counts as two equal samples, and one of weight 0 not at all. Only batch
    /// norm differs: its means and variances count every sample once.
    ///
    /// ```
    /// use mfnet::{Dataset, Targets, Tensor};
    /// let data = Dataset::new("t", Tensor::from_rows([[1.0, 2.0, 3.0]]), Targets::from_labels("class", ["a", "b", "a"]))?;
    /// let data = data.with_weights(vec![1.0, 0.5, 2.0])?;
    /// assert_eq!(data.select(&[2, 1])?.weights(), Some(&[2.0, 0.5][..]));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) unless there is a weight for each
    /// sample. [`ErrorKind::Data`](crate::error::ErrorKind::Data), naming the first weight that is
    /// negative or not finite; also if all weights are 0, or their sum is not between 10⁻¹⁰⁰ and
    /// 10¹⁰⁰.
    pub fn with_weights(mut self, of_samples: Vec<f64>) -> Result<Self> {
        let expected = format!("a weight for each of {} samples", self.samples());
        check(&self.name, "Dataset::with_weights", expected, self.samples(), &of_samples, "sample")?;
        self.weights.of_samples = Some(Arc::new(of_samples));
        self.weigh()
    }

    /// Sets the weight of each class in losses. Metrics do not change. A selection of samples keeps
    /// the class weights.
    ///
    /// A sample's weight in a loss is the weight of its class, times its own weight if samples have
    /// weights. This is the `weight` of PyTorch's `CrossEntropyLoss`, whose mean also divides by
    /// the sum of weights.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) unless there is a weight for each
    /// class; a regression has no classes. [`ErrorKind::Data`](crate::error::ErrorKind::Data) as
    /// for [`Dataset::with_weights`].
    pub fn with_class_weights(mut self, of_classes: Vec<f64>) -> Result<Self> {
        let expected = match self.classes() {
            0 => "a data set with classes".to_owned(),
            classes => format!("a weight for each of {classes} classes"),
        };
        check(&self.name, "Dataset::with_class_weights", expected, self.classes(), &of_classes, "class")?;
        self.weights.of_classes = Some(Arc::new(of_classes));
        self.weigh()
    }

    /// Sets sample weights from a column of the table, which is not a feature.
    pub(crate) fn weighted_by(mut self, column: &str, of_samples: Vec<f64>) -> Result<Self> {
        if of_samples.iter().all(|w| *w == 0.0) {
            return Err(Error::in_column(&self.name, column, DataProblem::NoWeight("row")));
        }
        self.left_out.push((column.to_owned(), LeftOut::Weights));
        self.with_weights(of_samples)
    }

    fn weigh(mut self) -> Result<Self> {
        self.weights = self.weights.joined(&self.targets);
        let sum = self.loss_weights().map_or(0.0, |weights| weights.iter().sum::<f64>());
        // a sum of 0 is reported when something learns from these samples, see `check_weights`
        match sum == 0.0 || SUMS.contains(&sum) {
            true => Ok(self),
            false => Err(Error::data(&self.name, DataProblem::SumOfWeights(sum))),
        }
    }

    /// The weight of each sample, see [`Dataset::with_weights`]; `None` if all weights are 1.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.of_samples.as_deref().map(Vec::as_slice)
    }

    /// The weight of each class, see [`Dataset::with_class_weights`]; `None` if all weights are 1.
    pub fn class_weights(&self) -> Option<&[f64]> {
        self.weights.of_classes.as_deref().map(Vec::as_slice)
    }

    /// The weight of each sample in a loss: its own times that of its class; `None` if all weights
    /// are 1.
    pub fn loss_weights(&self) -> Option<&[f64]> {
        self.weights.in_loss.as_deref().map(Vec::as_slice)
    }

    /// The weights that give all classes the same total weight, for each class k of the K with
    /// samples:
    ///
    /// ```text
    /// w_k = Σ_i w_i / (K Σ_{i of class k} w_i)
    /// ```
    ///
    /// w_i is the weight of sample i, 1 if samples have no weights. A class without samples has
    /// weight 1. As scikit-learn's `compute_class_weight("balanced", …)`.
    pub fn balanced_class_weights(&self) -> Vec<f64> {
        let mut of_classes = vec![0.0; self.classes()];
        if let Targets::Classes { indices, .. } = &*self.targets {
            for (sample, class) in indices.iter().enumerate() {
                of_classes[*class] += self.weights().map_or(1.0, |weights| weights[sample]);
            }
        }
        let (sum, classes) = (of_classes.iter().sum::<f64>(), of_classes.iter().filter(|w| **w > 0.0).count() as f64);
        of_classes.into_iter().map(|w| if w > 0.0 { sum / (classes * w) } else { 1.0 }).collect()
    }

    /// Returns an error if the weights leave nothing to learn or to score.
    pub(crate) fn check_weights(&self) -> Result<()> {
        match self.loss_weights() {
            Some(weights) if weights.iter().all(|w| *w == 0.0) => {
                Err(Error::data(&self.name, DataProblem::NoWeight("sample")))
            }
            _ => Ok(()),
        }
    }
}

/// Checks that these are weights.
fn check(
    name: &str,
    operation: &'static str,
    expected: String,
    count: usize,
    weights: &[f64],
    of: &'static str,
) -> Result<()> {
    if weights.len() != count || count == 0 {
        return Err(Error::shape(operation, expected, weights.len()));
    }
    if let Some(i) = weights.iter().position(|w| !w.is_finite() || *w < 0.0) {
        return Err(Error::data(name, DataProblem::NotAWeight(weights[i], of, i)));
    }
    match weights.iter().all(|w| *w == 0.0) {
        true => Err(Error::data(name, DataProblem::NoWeight(of))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Fractions, Preprocessing};
    use crate::random::Seed;
    use crate::tensor::Tensor;

    /// Twenty samples whose only feature is their number, their weight a tenth of it.
    fn data() -> Dataset {
        let x = Tensor::from_fn(1, 20, |_, j| j as f64);
        let data = Dataset::new("t", x, Targets::from_labels("class", "aabb".repeat(5).chars())).unwrap();
        data.with_weights((0..20).map(|j| j as f64 / 10.0).collect()).unwrap()
    }

    fn fit(data: &Dataset, factor: f64) -> bool {
        data.inputs().iter().zip(data.weights().unwrap()).all(|(x, w)| x * factor / 10.0 == *w)
    }

    #[test]
    fn weights_follow_their_samples() {
        let data = data().with_class_weights(vec![1.0, 4.0]).unwrap();
        let (train, validation, test) = data.split(Fractions { validation: 0.2, test: 0.3 }, Seed(1)).unwrap();
        for part in [train, validation, test] {
            assert!(fit(&part, 1.0) && part.class_weights() == Some(&[1.0, 4.0][..]));
            let Targets::Classes { indices, .. } = part.targets() else { panic!("classes") };
            let expected = part.weights().unwrap().iter().zip(indices).map(|(w, class)| w * [1.0, 4.0][*class]);
            assert_eq!(part.loss_weights().unwrap(), expected.collect::<Vec<_>>());
            let applied = Preprocessing::fit(&part).apply(&part);
            assert_eq!(applied.loss_weights(), part.loss_weights());
        }
        // classes of other numbers, as a model has them
        let targets = Targets::Classes {
            column: "class".into(),
            labels: ["b", "new", "a"].map(str::to_owned).to_vec(),
            indices: [2, 2, 0, 0].repeat(5),
        };
        let aligned = data.aligned(data.stored_inputs().clone(), targets);
        assert_eq!(aligned.class_weights(), Some(&[4.0, 1.0, 1.0][..]));
        assert_eq!(aligned.loss_weights(), data.loss_weights());
    }

    /// scikit-learn 1.7: `compute_class_weight("balanced", classes=[0, 1], y=[0, 0, 0, 1])`.
    #[test]
    fn balanced_classes() {
        let data = data().select(&[4, 5, 8, 10]).unwrap();
        let without = Dataset { weights: DataWeights::default(), ..data.clone() };
        assert_eq!(without.balanced_class_weights(), [2.0 / 3.0, 2.0]);
        let balanced = data.balanced_class_weights();
        let data = data.with_class_weights(balanced).unwrap();
        let sums = [0, 3].map(|first| data.loss_weights().unwrap()[first..][..[3, 0, 0, 1][first]].iter().sum::<f64>());
        assert!((sums[0] - sums[1]).abs() < 1e-15, "{sums:?}");
    }

    #[test]
    fn what_are_no_weights() {
        let error = |weights: Vec<f64>| data().with_weights(weights).unwrap_err().to_string();
        let of = |x: f64| [vec![1.0; 3], vec![x], vec![1.0; 16]].concat();
        for x in ["-1", "NaN", "inf"] {
            assert_eq!(
                error(of(x.parse().unwrap())),
                format!("t: expected weights that are 0 or positive numbers, found {x} for sample 3, counted from 0")
            );
        }
        assert_eq!(error(vec![0.0; 20]), "t: every sample has the weight 0: expected at least one above 0");
        assert_eq!(
            error([vec![1e150], vec![0.0; 19]].concat()),
            "t: expected weights with a sum between 1e-100 and 1e100, found 1e150: multiply all weights by the same factor"
        );
        assert_eq!(error(vec![1.0; 3]), "Dataset::with_weights: expected a weight for each of 20 samples, found 3");
        let error = |weights: Vec<f64>| data().with_class_weights(weights).unwrap_err().to_string();
        assert_eq!(
            error(vec![1.0, -2.0]),
            "t: expected weights that are 0 or positive numbers, found -2 for class 1, counted from 0"
        );
        assert_eq!(error(vec![0.0; 2]), "t: every class has the weight 0: expected at least one above 0");
        assert_eq!(error(vec![1.0]), "Dataset::with_class_weights: expected a weight for each of 2 classes, found 1");
        let values = Targets::Values { columns: vec!["y".into()], values: Tensor::zeros(1, 2).into() };
        let values = Dataset::new("t", Tensor::zeros(1, 2), values).unwrap();
        assert_eq!(
            values.with_class_weights(vec![]).unwrap_err().to_string(),
            "Dataset::with_class_weights: expected a data set with classes, found 0"
        );
    }
}
