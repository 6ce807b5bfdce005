use super::elementwise::{Elementwise, elementwise};
use crate::tensor::Scalar;

/// Binary cross-entropy from logits, for several labels at once, over the m samples and n labels.
/// The target y of a label is 1 or 0, or a probability:
///
/// ```text
/// p = σ(z)        J = −1/(m n) Σ (y ln p + (1 − y) ln(1 − p))        ∂J/∂z = (p − y)/(m n)
/// ```
///
/// It is computed as max(z, 0) − y z + ln(1 + exp(−|z|)), which neither overflows nor loses small
/// probabilities. As `torch.nn.BCEWithLogitsLoss()`.
///
/// ```
/// use mfnet::{Loss, Tensor};
/// use mfnet::loss::BinaryCrossEntropy;
/// let (z, y) = (Tensor::from_rows([[0.0], [0.0]]), Tensor::from_rows([[1.0], [0.0]]));
/// assert_eq!(BinaryCrossEntropy.value(&z, &y), 2_f64.ln());
/// assert_eq!(BinaryCrossEntropy.gradient(&z, &y), Tensor::from_rows([[-0.25], [0.25]]));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossEntropy;

/// σ(z).
pub(crate) fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + Scalar::exp(-z))
}

impl Elementwise for BinaryCrossEntropy {
    #[inline(always)]
    fn cost(&self, output: f64, target: f64) -> f64 {
        output.max(0.0) - target * output + Scalar::ln_1p(Scalar::exp(-output.abs()))
    }

    #[inline(always)]
    fn slope<T: Scalar>(&self, output: T, target: T) -> T {
        T::ONE / (T::ONE + (T::ZERO - output).exp()) - target
    }
}

elementwise!(BinaryCrossEntropy, "binary-cross-entropy");
