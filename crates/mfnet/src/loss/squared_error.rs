use super::elementwise::{Elementwise, elementwise};
use crate::tensor::Scalar;

/// Mean squared error, as in `torch.nn.MSELoss()`, over the m samples and n outputs:
///
/// ```text
/// J = 1/(m n) Σ (ŷ − y)²        ∂J/∂ŷ = 2 (ŷ − y)/(m n)
/// ```
///
/// scikit-learn's `MLPRegressor` minimises half of it.
///
/// ```
/// use mfnet::{Loss, Mse, Tensor};
/// let (y_hat, y) = (Tensor::from_rows([[2.0, 0.0]]), Tensor::from_rows([[1.0, 1.0]]));
/// assert_eq!(Mse.value(&y_hat, &y), 1.0);
/// assert_eq!(Mse.gradient(&y_hat, &y), Tensor::from_rows([[1.0, -1.0]]));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

/// The loss of the paper: half the squared error, averaged over the samples.
///
/// ```text
/// J = 1/(2m) Σ (ŷ − y)²        ∂J/∂ŷ = (ŷ − y)/m
/// ```
///
/// The sum runs over outputs and samples; the divisor is the number of samples m only. PyTorch has
/// no such loss: with n outputs it is n/2 times `torch.nn.MSELoss()`.
///
/// ```
/// use mfnet::{HalfMse, Loss, Tensor};
/// let (y_hat, y) = (Tensor::from_rows([[2.0, 0.0, 3.0, 1.0]]), Tensor::from_rows([[1.0, 1.0, 2.0, 2.0]]));
/// assert_eq!(HalfMse.value(&y_hat, &y), 0.5);
/// assert_eq!(HalfMse.gradient(&y_hat, &y), Tensor::from_rows([[0.25, -0.25, 0.25, -0.25]]));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HalfMse;

impl Elementwise for Mse {
    const SLOPE: f64 = 2.0;

    #[inline(always)]
    fn cost(&self, output: f64, target: f64) -> f64 {
        let error = output - target;
        error * error
    }

    #[inline(always)]
    fn slope<T: Scalar>(&self, output: T, target: T) -> T {
        output - target
    }
}

impl Elementwise for HalfMse {
    const SLOPE: f64 = 2.0;

    fn divisor(&self, _outputs: usize) -> f64 {
        2.0
    }

    #[inline(always)]
    fn cost(&self, output: f64, target: f64) -> f64 {
        Mse.cost(output, target)
    }

    #[inline(always)]
    fn slope<T: Scalar>(&self, output: T, target: T) -> T {
        Mse.slope(output, target)
    }
}

elementwise!(Mse, "mse");
elementwise!(HalfMse, "half-mse");
