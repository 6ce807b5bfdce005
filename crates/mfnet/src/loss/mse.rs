use super::{Loss, scaled_difference, squared_error};
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

    fn value(&self, output: &Tensor<T>, target: &Tensor<T>) -> f64 {
        squared_error(output, target) / count(output)
    }

    fn gradient_into(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) {
        scaled_difference(output, target, T::from_f64(2.0 / count(output)), delta);
    }
}

/// m n.
fn count<T: Scalar>(output: &Tensor<T>) -> f64 {
    (output.rows() * output.columns()) as f64
}
