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

/// σ(z) = 1/(1 + e⁻ᶻ). It needs no branch; [`stable::sigmoid`](crate::tensor::stable::sigmoid) has
/// other last digits where z is negative.
#[inline(always)]
pub(crate) fn sigmoid<T: Scalar>(z: T) -> T {
    T::ONE / (T::ONE + (-z).exp())
}

impl Elementwise for BinaryCrossEntropy {
    #[inline(always)]
    fn cost(&self, output: f64, target: f64) -> f64 {
        output.max(0.0) - target * output + Scalar::ln_1p(Scalar::exp(-output.abs()))
    }

    #[inline(always)]
    fn slope<T: Scalar>(&self, output: T, target: T) -> T {
        sigmoid(output) - target
    }
}

elementwise!(BinaryCrossEntropy, "binary-cross-entropy");
