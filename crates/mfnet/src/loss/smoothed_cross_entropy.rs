use super::{CrossEntropy, Loss, Weights, check_classes};
use crate::error::{Result, require};
use crate::tensor::{Scalar, Tensor};

/// Softmax cross-entropy with label smoothing: the targets y of K classes become
///
/// ```text
/// y′ = (1 − ε) y + ε/K        J = −1/m Σ_samples Σ_k y′_k log p_k        ∂J/∂z = (p − y′)/m
/// ```
///
/// so that no probability is driven towards 1. As `torch.nn.CrossEntropyLoss(label_smoothing=ε)`,
/// without class weights: those are weights of whole samples here, while PyTorch gives each term of
/// the sum the weight of its class k. Computed as the [`struct@CrossEntropy`] of y plus
/// ε Σ_k (y_k − 1/K) z_k. Source: Szegedy et al. 2016.
///
/// ```
/// use mfnet::{CrossEntropy, Loss, Tensor};
/// use mfnet::loss::SmoothedCrossEntropy;
/// let loss = SmoothedCrossEntropy { label_smoothing: 0.2 };
/// let (z, y) = (Tensor::from_rows([[1.0], [0.0]]), Tensor::from_rows([[1.0], [0.0]]));
/// let smoothed = Tensor::from_rows([[0.9], [0.1]]);
/// assert!((loss.value(&z, &y) - CrossEntropy.value(&z, &smoothed)).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SmoothedCrossEntropy {
    /// ε, from 0 to less than 1.
    pub label_smoothing: f64,
}

impl SmoothedCrossEntropy {
    /// ε Σ_k (y_k − ȳ) z_k of one sample, with the mean ȳ of its targets.
    fn added<T: Scalar>(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        let mean = mean_target(target, sample);
        let terms = output.column(sample).zip(target.column(sample)).map(|(z, y)| (y.to_f64() - mean) * z.to_f64());
        self.label_smoothing * terms.sum::<f64>()
    }

    /// Adds `factor` times the derivative of that.
    fn add_gradient<T: Scalar>(&self, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        let (mean, factor) = (mean_target(target, sample), factor * self.label_smoothing);
        for (delta, y) in delta.column_mut(sample).zip(target.column(sample)) {
            *delta += T::from_f64(factor * (y.to_f64() - mean));
        }
    }
}

/// 1/K Σ_k y_k.
fn mean_target<T: Scalar>(target: &Tensor<T>, sample: usize) -> f64 {
    target.column(sample).map(T::to_f64).sum::<f64>() / target.rows() as f64
}

impl<T: Scalar> Loss<T> for SmoothedCrossEntropy {
    fn name(&self) -> &str {
        "smoothed-cross-entropy"
    }

    fn described(&self) -> String {
        format!("smoothed-cross-entropy:{}", self.label_smoothing)
    }

    fn check(&self, outputs: usize) -> Result<()> {
        let fits = (0.0..1.0).contains(&self.label_smoothing);
        require("label smoothing", self.label_smoothing, fits, "a number from 0 to less than 1")?;
        check_classes(outputs)
    }

    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        CrossEntropy.cost(output, target, sample) + self.added(output, target, sample)
    }

    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        CrossEntropy.cost_gradient(output, target, sample, factor, delta);
        self.add_gradient(target, sample, factor, delta);
    }

    fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        let value = CrossEntropy.weighted_value(output, target, weights);
        let added = |sample| weights.of(sample) * self.added(output, target, sample);
        value + (0..output.columns()).map(added).sum::<f64>() / weights.divisor
    }

    fn value_and_gradient(
        &self,
        output: &Tensor<T>,
        target: &Tensor<T>,
        weights: Weights<'_>,
        delta: &mut Tensor<T>,
    ) -> f64 {
        let value = CrossEntropy.value_and_gradient(output, target, weights, delta);
        let mut added = 0.0;
        for sample in 0..output.columns() {
            added += weights.of(sample) * self.added(output, target, sample);
            self.add_gradient(target, sample, weights.factor(sample), delta);
        }
        value + added / weights.divisor
    }
}
