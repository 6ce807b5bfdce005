use std::f64::consts::LN_2;

use super::elementwise::{Elementwise, elementwise};
use crate::tensor::Scalar;

/// The logarithm of the hyperbolic cosine of the error, over the m samples and n outputs, with
/// e = ŷ − y:
///
/// ```text
/// J = 1/(m n) Σ ln cosh e        ∂J/∂ŷ = tanh(e)/(m n)
/// ```
///
/// About ½ e² for small errors and |e| − ln 2 for large ones, and smooth between. Computed as
/// |e| + ln(1 + exp(−2|e|)) − ln 2, which does not overflow. As Keras' `LogCosh`.
///
/// ```
/// use mfnet::{Loss, Tensor};
/// use mfnet::loss::LogCosh;
/// let (y_hat, y) = (Tensor::from_rows([[1.0, 800.0]]), Tensor::from_rows([[0.0, 0.0]]));
/// let expected = (1.0_f64.cosh().ln() + 800.0 - 2.0_f64.ln()) / 2.0;
/// assert!((LogCosh.value(&y_hat, &y) - expected).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LogCosh;

impl Elementwise for LogCosh {
    #[inline(always)]
    fn cost(&self, output: f64, target: f64) -> f64 {
        let error = (output - target).abs();
        error + Scalar::ln_1p(Scalar::exp(-2.0 * error)) - LN_2
    }

    #[inline(always)]
    fn slope<T: Scalar>(&self, output: T, target: T) -> T {
        (output - target).tanh()
    }
}

elementwise!(LogCosh, "log-cosh");
