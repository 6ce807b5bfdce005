use super::{Adam, Rule, Update, require};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// Below this, the product of the momenta changes 1 minus itself no more.
const NOTHING: f64 = 1e-20;

/// NAdam: Adam with Nesterov momentum, as in `torch.optim.NAdam`.
///
/// ```text
/// V and S as in Adam
/// ρ₁ₜ = ρ₁ (1 − ½ · 0.96^(t · decay))          Πₜ: the product of ρ₁₁ to ρ₁ₜ
/// W ← W − η ((1 − ρ₁ₜ) G / (1 − Πₜ) + ρ₁ₜ₊₁ V / (1 − Πₜ₊₁)) / (√Ŝ + ε)
/// ```
///
/// The usual learning rate η is 0.002. Source: Dozat 2016, algorithm 8, with his schedule of the
/// momentum.
///
/// ```
/// use mfnet::Optimizer;
/// use mfnet::optimizer::NAdam;
/// let optimizer: Optimizer = Optimizer::new(NAdam::default(), 0.002);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NAdam {
    /// ρ₁, ρ₂ and ε.
    pub adam: Adam,
    /// How fast the momentum grows to ρ₁, at least 0.
    pub momentum_decay: f64,
}

impl Default for NAdam {
    /// A momentum decay of 0.004, as in PyTorch; the rest as in [`Adam`].
    fn default() -> Self {
        NAdam { adam: Adam::default(), momentum_decay: 0.004 }
    }
}

impl NAdam {
    /// The momentum of step t.
    fn momentum(&self, t: f64) -> f64 {
        self.adam.beta1 * (1.0 - 0.5 * 0.96_f64.powf(t * self.momentum_decay))
    }

    /// Πₜ. It is soon nothing: each factor is below ρ₁.
    fn product(&self, t: u64) -> f64 {
        let mut product = 1.0;
        for i in 1..=t {
            product *= self.momentum(i as f64);
            if product < NOTHING {
                return 0.0;
            }
        }
        product
    }
}

impl<T: Scalar> Rule<T> for NAdam {
    fn name(&self) -> &str {
        "nadam"
    }

    fn states(&self) -> usize {
        2
    }

    #[inline(never)]
    fn update(&self, Update { step, rate, decay }: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let [m, v] = state else { return };
        let Adam { beta1, beta2, epsilon } = self.adam;
        let (mu, next) = (self.momentum(step as f64), self.momentum(step as f64 + 1.0));
        let product = self.product(step);
        let root = (1.0 - beta2.powf(step as f64)).sqrt();
        let of_gradient = T::from_f64(rate * root * (1.0 - mu) / (1.0 - product));
        let of_moment = T::from_f64(rate * root * next / (1.0 - product * next));
        let (epsilon, lambda) = (T::from_f64(epsilon * root), T::from_f64(decay));
        let [one_minus_beta1, one_minus_beta2] = [beta1, beta2].map(|beta| T::from_f64(1.0 - beta));
        let [beta1, beta2] = [beta1, beta2].map(T::from_f64);
        vectorised(w.iter_mut().zip(g).zip(m.iter_mut()).zip(v.iter_mut()), |(((w, g), m), v)| {
            let g = *g + lambda * *w;
            *m = beta1 * *m + one_minus_beta1 * g;
            *v = beta2 * *v + one_minus_beta2 * g * g;
            *w -= (of_gradient * g + of_moment * *m) / (v.sqrt() + epsilon);
        });
    }

    fn check(&self, rate: f64, decay: f64) -> Result<()> {
        Rule::<T>::check(&self.adam, rate, decay)?;
        let decay = self.momentum_decay;
        require("momentum decay", decay, decay.is_finite() && decay >= 0.0, "0 or a positive number")
    }
}
