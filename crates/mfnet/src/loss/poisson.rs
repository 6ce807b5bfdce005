use super::elementwise::{Elementwise, elementwise};
use crate::tensor::Scalar;

/// The Poisson loss, for counts and other targets y ≥ 0, over the m samples and n outputs. The
/// network's output z is the logarithm of the mean:
///
/// ```text
/// J = 1/(m n) Σ (exp(z) − y z)        ∂J/∂z = (exp(z) − y)/(m n)
/// ```
///
/// It is the negative logarithm of the Poisson probability of y, without the part that does not
/// depend on z. As `torch.nn.PoissonNLLLoss()`; scikit-learn's `PoissonRegressor` minimises the same.
///
/// A fit divides the targets by their mean, and predicts that mean times exp(z).
///
/// ```
/// use mfnet::{Loss, Tensor};
/// use mfnet::loss::Poisson;
/// let (z, y) = (Tensor::from_rows([[0.0, 0.0]]), Tensor::from_rows([[3.0, 0.0]]));
/// assert_eq!(Poisson.value(&z, &y), 1.0);
/// assert_eq!(Poisson.gradient(&z, &y), Tensor::from_rows([[-1.0, 0.5]]));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Poisson;

impl Elementwise for Poisson {
    #[inline(always)]
    fn cost(&self, output: f64, target: f64) -> f64 {
        Scalar::exp(output) - target * output
    }

    #[inline(always)]
    fn slope<T: Scalar>(&self, output: T, target: T) -> T {
        output.exp() - target
    }
}

elementwise!(Poisson, "poisson");
