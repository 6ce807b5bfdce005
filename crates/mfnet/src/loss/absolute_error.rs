use super::elementwise::{Elementwise, elementwise};
use crate::tensor::Scalar;

/// Mean absolute error over the m samples and n outputs:
///
/// ```text
/// J = 1/(m n) Σ |ŷ − y|        ∂J/∂ŷ = sign(ŷ − y)/(m n), and 0 where ŷ = y
/// ```
///
/// Its minimum is the median of y given x, so single wild targets do not matter. As
/// `torch.nn.L1Loss()` and Keras' `MeanAbsoluteError`.
///
/// ```
/// use mfnet::{Loss, Tensor};
/// use mfnet::loss::Mae;
/// let (y_hat, y) = (Tensor::from_rows([[3.0, 0.0]]), Tensor::from_rows([[1.0, 1.0]]));
/// assert_eq!(Mae.value(&y_hat, &y), 1.5);
/// assert_eq!(Mae.gradient(&y_hat, &y), Tensor::from_rows([[0.5, -0.5]]));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Mae;

impl Elementwise for Mae {
    #[inline(always)]
    fn cost(&self, output: f64, target: f64) -> f64 {
        (output - target).abs()
    }

    #[inline(always)]
    fn slope<T: Scalar>(&self, output: T, target: T) -> T {
        let error = output - target;
        match (error > T::ZERO, error < T::ZERO) {
            (true, _) => T::ONE,
            (_, true) => -T::ONE,
            // 0, or NaN
            _ => error,
        }
    }
}

elementwise!(Mae, "mae");
