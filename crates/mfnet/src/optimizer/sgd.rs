use super::{Rule, Update, require, require_decay_that_shrinks};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// Stochastic gradient descent with momentum, as in `torch.optim.SGD` (dampening 0).
///
/// ```text
/// G ← ∂J/∂W + λ W
/// V ← ρ V + G                      (V starts at 0)
/// W ← W − η V                      plain momentum; with ρ = 0 the paper's rule W ← W − η ∂J/∂W
/// W ← W − η (G + ρ V)              Nesterov
/// ```
///
/// As in PyTorch, the learning rate multiplies the whole velocity. In Sutskever et al. 2013 and
/// TensorFlow it is inside (V ← ρ V + η G), which differs when the rate changes. η and λ belong to
/// the [`super::Optimizer`].
///
/// ```
/// use mfnet::{Optimizer, Sgd};
/// let optimizer: Optimizer = Optimizer::new(Sgd { momentum: 0.9, nesterov: true }, 0.01);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sgd {
    /// Momentum ρ, at least 0 and below 1.
    pub momentum: f64,
    /// Whether to use Nesterov momentum.
    pub nesterov: bool,
}

impl<T: Scalar> Rule<T> for Sgd {
    fn name(&self) -> &str {
        "sgd"
    }

    fn states(&self) -> usize {
        usize::from(self.momentum != 0.0)
    }

    #[inline(never)]
    fn update(&self, Update { rate, decay, .. }: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let (eta, lambda, mu) = (T::from_f64(rate), T::from_f64(decay), T::from_f64(self.momentum));
        let [v] = state else {
            return vectorised(w.iter_mut().zip(g), |(w, g)| *w -= eta * (*g + lambda * *w));
        };
        vectorised(w.iter_mut().zip(g).zip(v.iter_mut()), |((w, g), v)| {
            let g = *g + lambda * *w;
            *v = mu * *v + g;
            *w -= eta * if self.nesterov { g + mu * *v } else { *v };
        });
    }

    fn is_plain_descent(&self) -> bool {
        self.momentum == 0.0
    }

    fn check(&self, rate: f64, decay: f64) -> Result<()> {
        require_decay_that_shrinks(rate, decay)?;
        require("momentum", self.momentum, (0.0..1.0).contains(&self.momentum), "a number from 0 to less than 1")?;
        require("momentum", self.momentum, !self.nesterov || self.momentum > 0.0, "a positive number with nesterov")
    }
}
