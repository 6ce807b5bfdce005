use super::{Loss, Weights, difference, differences, squared_error, sum_of_squared_errors};
use crate::tensor::{Scalar, Tensor};

/// The paper's loss, half the mean over samples of the squared error:
///
/// ```text
/// J = 1/(2m) Σ (ŷ − y)²        ∂J/∂ŷ = (ŷ − y)/m
/// ```
///
/// The sum runs over outputs and samples, the divisor is the number of samples m alone. PyTorch has no such loss:
/// with n outputs it is n/2 times `torch.nn.MSELoss()`.
///
/// ```
/// use mfnet::{HalfMse, Loss, Tensor};
/// let (y_hat, y) = (Tensor::from_rows([[2.0, 0.0, 3.0, 1.0]]), Tensor::from_rows([[1.0, 1.0, 2.0, 2.0]]));
/// assert_eq!(HalfMse.value(&y_hat, &y), 0.5);
/// assert_eq!(HalfMse.gradient(&y_hat, &y), Tensor::from_rows([[0.25, -0.25, 0.25, -0.25]]));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HalfMse;

impl<T: Scalar> Loss<T> for HalfMse {
    fn name(&self) -> &str {
        "half-mse"
    }

    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        squared_error(output, target, sample) / 2.0
    }

    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        difference(output, target, sample, factor, delta);
    }

    fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        sum_of_squared_errors(output, target, weights) / (2.0 * weights.divisor)
    }

    fn value_and_gradient(
        &self,
        output: &Tensor<T>,
        target: &Tensor<T>,
        weights: Weights<'_>,
        delta: &mut Tensor<T>,
    ) -> f64 {
        differences(output, target, weights, 1.0, delta);
        self.weighted_value(output, target, weights)
    }
}
