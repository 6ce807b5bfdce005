use super::{Rule, Update, require};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// Adadelta, as in `torch.optim.Adadelta`.
///
/// ```text
/// G ← ∂J/∂W + λ W
/// S ← ρ S + (1 − ρ) G²
/// B ← G √(B̄ + ε) / √(S + ε)
/// B̄ ← ρ B̄ + (1 − ρ) B²             (S and B̄ start at 0)
/// W ← W − η B
/// ```
///
/// The usual learning rate η is 1. Keras uses η = 0.001, ρ = 0.95 and ε = 10⁻⁷. Source: Zeiler 2012,
/// algorithm 1.
///
/// ```
/// use mfnet::Optimizer;
/// use mfnet::optimizer::Adadelta;
/// let optimizer: Optimizer = Optimizer::new(Adadelta::default(), 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adadelta {
    /// ρ, at least 0 and below 1.
    pub rho: f64,
    /// ε.
    pub epsilon: f64,
}

impl Default for Adadelta {
    /// ρ = 0.9, ε = 10⁻⁶, as in PyTorch.
    fn default() -> Self {
        Adadelta { rho: 0.9, epsilon: 1e-6 }
    }
}

impl<T: Scalar> Rule<T> for Adadelta {
    fn name(&self) -> &str {
        "adadelta"
    }

    fn states(&self) -> usize {
        2
    }

    #[inline(never)]
    fn update(&self, Update { rate, decay, .. }: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let [squares, means] = state else { return };
        let (eta, lambda, epsilon) = (T::from_f64(rate), T::from_f64(decay), T::from_f64(self.epsilon));
        let (rho, one_minus_rho) = (T::from_f64(self.rho), T::from_f64(1.0 - self.rho));
        vectorised(w.iter_mut().zip(g).zip(squares.iter_mut()).zip(means.iter_mut()), |(((w, g), s), mean)| {
            let g = *g + lambda * *w;
            *s = rho * *s + one_minus_rho * g * g;
            let b = g * (*mean + epsilon).sqrt() / (*s + epsilon).sqrt();
            *mean = rho * *mean + one_minus_rho * b * b;
            *w -= eta * b;
        });
    }

    fn check(&self, _rate: f64, _decay: f64) -> Result<()> {
        require("rho", self.rho, (0.0..1.0).contains(&self.rho), "a number from 0 to less than 1")?;
        require("epsilon", self.epsilon, self.epsilon.is_finite() && self.epsilon > 0.0, "a positive number")
    }
}
