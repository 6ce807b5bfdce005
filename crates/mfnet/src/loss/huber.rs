use super::elementwise::{Elementwise, elementwise};
use crate::error::{Result, require};
use crate::tensor::Scalar;

/// The Huber loss, a squared error for small errors and an absolute error for large ones, over the
/// m samples and n outputs, with e = ŷ − y:
///
/// ```text
/// J = 1/(m n) Σ ρ(e)        ρ(e) = ½ e²             ρ′(e) = e           |e| ≤ δ
///                           ρ(e) = δ (|e| − ½ δ)    ρ′(e) = δ sign(e)   |e| > δ
/// ```
///
/// As `torch.nn.HuberLoss(delta=δ)` and Keras' `Huber`. A fit standardises its targets, so there δ
/// counts standard deviations of the target. Source: Huber 1964, who advises δ = 1.345 standard
/// deviations of the error.
///
/// ```
/// use mfnet::{Loss, Tensor};
/// use mfnet::loss::Huber;
/// let (y_hat, y) = (Tensor::from_rows([[4.0, 0.5]]), Tensor::from_rows([[1.0, 1.0]]));
/// assert_eq!(Huber { delta: 1.0 }.value(&y_hat, &y), (2.5 + 0.125) / 2.0);
/// assert_eq!(Huber { delta: 1.0 }.gradient(&y_hat, &y), Tensor::from_rows([[0.5, -0.25]]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Huber {
    /// δ, above 0.
    pub delta: f64,
}

impl Elementwise for Huber {
    #[inline(always)]
    fn cost(&self, output: f64, target: f64) -> f64 {
        let (error, delta) = ((output - target).abs(), self.delta);
        if error > delta { delta * (error - 0.5 * delta) } else { 0.5 * error * error }
    }

    #[inline(always)]
    fn slope<T: Scalar>(&self, output: T, target: T) -> T {
        let (error, delta) = (output - target, T::from_f64(self.delta));
        let below = if error > delta { delta } else { error };
        if below < -delta { -delta } else { below }
    }

    fn check(&self) -> Result<()> {
        require("delta of the huber loss", self.delta, self.delta > 0.0, "a number above 0")
    }
}

elementwise!(Huber, "huber", delta);
