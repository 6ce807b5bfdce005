use super::{Rule, Update, require};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// Adagrad, as in `torch.optim.Adagrad` without `lr_decay`; a schedule lowers the rate instead.
///
/// ```text
/// G ← ∂J/∂W + λ W
/// S ← S + G²                       (S starts at 0)
/// W ← W − η G / (√S + ε)
/// ```
///
/// PyTorch's usual learning rate η is 0.01; Keras uses 0.001, ε = 10⁻⁷, and S that starts at 0.1.
/// Source: Duchi, Hazan and Singer 2011, figure 1, with a diagonal matrix.
///
/// ```
/// use mfnet::Optimizer;
/// use mfnet::optimizer::Adagrad;
/// let optimizer: Optimizer = Optimizer::new(Adagrad::default(), 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adagrad {
    /// ε.
    pub epsilon: f64,
}

impl Default for Adagrad {
    /// ε = 10⁻¹⁰, as in PyTorch.
    fn default() -> Self {
        Adagrad { epsilon: 1e-10 }
    }
}

impl<T: Scalar> Rule<T> for Adagrad {
    fn name(&self) -> &str {
        "adagrad"
    }

    fn states(&self) -> usize {
        1
    }

    #[inline(never)]
    fn update(&self, Update { rate, decay, .. }: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let [sum] = state else { return };
        let (eta, lambda, epsilon) = (T::from_f64(rate), T::from_f64(decay), T::from_f64(self.epsilon));
        vectorised(w.iter_mut().zip(g).zip(sum.iter_mut()), |((w, g), sum)| {
            let g = *g + lambda * *w;
            *sum += g * g;
            *w -= eta * g / (sum.sqrt() + epsilon);
        });
    }

    fn check(&self, _rate: f64, _decay: f64) -> Result<()> {
        require("epsilon", self.epsilon, self.epsilon.is_finite() && self.epsilon > 0.0, "a positive number")
    }
}
