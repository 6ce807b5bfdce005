use super::{Rule, Update, require, require_decay_that_shrinks};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// Lion, with decoupled weight decay. PyTorch does not have it.
///
/// ```text
/// W ← W − η (sign(ρ₁ V + (1 − ρ₁) G) + λ W)      G = ∂J/∂W, sign(0) = 0
/// V ← ρ₂ V + (1 − ρ₂) G                          (V starts at 0)
/// ```
///
/// The article advises a learning rate η that is 3 to 10 times smaller than that of AdamW, and a
/// weight decay that is as much larger. Source: Chen et al. 2023, algorithm 2; its β₁ and β₂ are ρ₁
/// and ρ₂ here.
///
/// ```
/// use mfnet::Optimizer;
/// use mfnet::optimizer::Lion;
/// let optimizer: Optimizer = Optimizer::new(Lion::default(), 0.0001).weight_decay(1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lion {
    /// ρ₁, at least 0 and below 1.
    pub beta1: f64,
    /// ρ₂, at least 0 and below 1.
    pub beta2: f64,
}

impl Default for Lion {
    /// ρ₁ = 0.9, ρ₂ = 0.99, as in the article.
    fn default() -> Self {
        Lion { beta1: 0.9, beta2: 0.99 }
    }
}

impl<T: Scalar> Rule<T> for Lion {
    fn name(&self) -> &str {
        "lion"
    }

    fn states(&self) -> usize {
        1
    }

    #[inline(never)]
    fn update(&self, Update { rate, decay, .. }: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let [v] = state else { return };
        let [one_minus_beta1, one_minus_beta2] = [self.beta1, self.beta2].map(|beta| T::from_f64(1.0 - beta));
        let [beta1, beta2, eta, kept] = [self.beta1, self.beta2, rate, 1.0 - rate * decay].map(T::from_f64);
        vectorised(w.iter_mut().zip(g).zip(v.iter_mut()), |((w, g), v)| {
            let step = super::sign(beta1 * *v + one_minus_beta1 * *g);
            *v = beta2 * *v + one_minus_beta2 * *g;
            *w = kept * *w - eta * step;
        });
    }

    fn check(&self, rate: f64, decay: f64) -> Result<()> {
        for (name, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            require(name, beta, (0.0..1.0).contains(&beta), "a number from 0 to less than 1")?;
        }
        require_decay_that_shrinks(rate, decay)
    }
}
