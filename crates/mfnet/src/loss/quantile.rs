use super::Huber;
use super::elementwise::{Elementwise, elementwise};
use crate::error::{Result, require};
use crate::tensor::Scalar;

/// The quantile loss, also called pinball loss, over the m samples and n outputs, with e = y − ŷ:
///
/// ```text
/// J = 1/(m n) Σ ρ(e)        ρ(e) = τ e           ∂ρ/∂ŷ = −τ        e > 0
///                           ρ(e) = (τ − 1) e     ∂ρ/∂ŷ = 1 − τ     e < 0, and 0 for e = 0
/// ```
///
/// Its minimum is the τ-quantile of y given x: with τ = 0.9, nine of ten targets lie below the
/// prediction. As scikit-learn's `mean_pinball_loss(alpha=τ)`. With τ = ½ it is half of
/// [`struct@super::Mae`]. Source: Koenker and Bassett 1978.
///
/// ```
/// use mfnet::{Loss, Tensor};
/// use mfnet::loss::Quantile;
/// let (y_hat, y) = (Tensor::from_rows([[4.0, 0.0]]), Tensor::from_rows([[2.0, 2.0]]));
/// assert_eq!(Quantile { level: 0.75 }.value(&y_hat, &y), (0.25 * 2.0 + 0.75 * 2.0) / 2.0);
/// assert_eq!(Quantile { level: 0.75 }.gradient(&y_hat, &y), Tensor::from_rows([[0.125, -0.375]]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// τ, above 0 and below 1.
    pub level: f64,
}

impl Elementwise for Quantile {
    #[inline(always)]
    fn cost(&self, output: f64, target: f64) -> f64 {
        let error = target - output;
        if error < 0.0 { (self.level - 1.0) * error } else { self.level * error }
    }

    #[inline(always)]
    fn slope<T: Scalar>(&self, output: T, target: T) -> T {
        let (error, level) = (output - target, T::from_f64(self.level));
        match (error > T::ZERO, error < T::ZERO) {
            (true, _) => T::ONE - level,
            (_, true) => -level,
            // 0, or NaN
            _ => error,
        }
    }

    fn check(&self) -> Result<()> {
        let fits = self.level > 0.0 && self.level < 1.0;
        require("level of the quantile loss", self.level, fits, "a number above 0 and below 1")
    }
}

elementwise!(Quantile, "quantile", level);

/// The quantile loss with ρ replaced by a parabola for errors up to `width`, so that it has a second
/// derivative there and L-BFGS converges:
///
/// ```text
/// ρ(e) = |τ − [e < 0]| e²/(2 width)  for |e| ≤ width,  and  |τ − [e < 0]| (|e| − width/2)  beyond
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct SmoothQuantile {
    pub(crate) level: f64,
    pub(crate) width: f64,
}

impl Elementwise for SmoothQuantile {
    fn cost(&self, output: f64, target: f64) -> f64 {
        let side = if target < output { 1.0 - self.level } else { self.level };
        side * Huber { delta: self.width }.cost(output, target) / self.width
    }

    fn slope<T: Scalar>(&self, output: T, target: T) -> T {
        let side = if target < output { 1.0 - self.level } else { self.level };
        T::from_f64(side / self.width) * Huber { delta: self.width }.slope(output, target)
    }
}

elementwise!(SmoothQuantile, "smooth-quantile");
