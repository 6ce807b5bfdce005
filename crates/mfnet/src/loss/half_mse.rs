use super::{Loss, scaled_difference, squared_error};
use crate::tensor::{Scalar, Tensor};

/// The seed's loss, half the mean over samples of the squared error:
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

    fn value(&self, output: &Tensor<T>, target: &Tensor<T>) -> f64 {
        squared_error(output, target) / (2.0 * output.columns() as f64)
    }

    fn gradient_into(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) {
        scaled_difference(output, target, T::from_f64(1.0 / output.columns() as f64), delta);
    }
}
