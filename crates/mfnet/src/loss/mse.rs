use super::{Loss, Weights, difference, differences, squared_error, sum_of_squared_errors};
use crate::tensor::{Scalar, Tensor};

/// Mean squared error as `torch.nn.MSELoss()` defines it, over the m samples and n outputs:
///
/// ```text
/// J = 1/(m n) Σ (ŷ − y)²        ∂J/∂ŷ = 2 (ŷ − y)/(m n)
/// ```
///
/// scikit-learn's `MLPRegressor` minimises half of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

impl<T: Scalar> Loss<T> for Mse {
    fn name(&self) -> &str {
        "mse"
    }

    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        squared_error(output, target, sample) / output.rows() as f64
    }

    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        difference(output, target, sample, factor * 2.0 / output.rows() as f64, delta);
    }

    fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        sum_of_squared_errors(output, target, weights) / (output.rows() as f64 * weights.divisor)
    }

    fn value_and_gradient(
        &self,
        output: &Tensor<T>,
        target: &Tensor<T>,
        weights: Weights<'_>,
        delta: &mut Tensor<T>,
    ) -> f64 {
        differences(output, target, weights, 2.0 / output.rows() as f64, delta);
        self.weighted_value(output, target, weights)
    }
}
