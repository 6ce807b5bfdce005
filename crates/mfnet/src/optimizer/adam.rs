use super::{Rule, Update, require};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// Adam, as in `torch.optim.Adam`.
///
/// ```text
/// G ← ∂J/∂W + λ W
/// V ← ρ₁ V + (1 − ρ₁) G            S ← ρ₂ S + (1 − ρ₂) G²            (both start at 0)
/// V̂ = V / (1 − ρ₁ᵗ)                Ŝ = S / (1 − ρ₂ᵗ)                 (t counts steps from 1)
/// W ← W − η V̂ / (√Ŝ + ε)
/// ```
///
/// The weight decay λ is added to the gradient (L2); in [`super::AdamW`] it does not enter the
/// moments. Other texts call ρ₁ and ρ₂ β₁ and β₂, V and S m and v. The usual learning rate η is 0.001. Keras uses ε = 10⁻⁷. Source: Kingma and Ba 2015,
/// algorithm 1.
///
/// ```
/// use mfnet::{Adam, Optimizer};
/// let optimizer: Optimizer = Optimizer::new(Adam { beta2: 0.99, ..Adam::default() }, 0.001);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// ρ₁, at least 0 and below 1.
    pub beta1: f64,
    /// ρ₂, at least 0 and below 1.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
}

impl Default for Adam {
    /// β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, as in the article and in PyTorch.
    fn default() -> Self {
        Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl<T: Scalar> Rule<T> for Adam {
    fn name(&self) -> &str {
        "adam"
    }

    fn states(&self) -> usize {
        2
    }

    #[inline(never)]
    fn update(&self, Update { step, rate, decay }: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let [m, v] = state else { return };
        let (beta1, beta2) = (T::from_f64(self.beta1), T::from_f64(self.beta2));
        let (one_minus_beta1, one_minus_beta2) = (T::from_f64(1.0 - self.beta1), T::from_f64(1.0 - self.beta2));
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        // η m̂ / (√v̂ + ε) with numerator and denominator multiplied by √(1 − β₂ᵗ), so that the
        // loop needs no bias correction
        let root = correction(self.beta2).sqrt();
        let eta = T::from_f64(rate / correction(self.beta1) * root);
        let (epsilon, lambda) = (T::from_f64(self.epsilon * root), T::from_f64(decay));
        vectorised(w.iter_mut().zip(g).zip(m.iter_mut()).zip(v.iter_mut()), |(((w, g), m), v)| {
            let g = *g + lambda * *w;
            *m = beta1 * *m + one_minus_beta1 * g;
            *v = beta2 * *v + one_minus_beta2 * g * g;
            *w -= eta * *m / (v.sqrt() + epsilon);
        });
    }

    fn check(&self, _rate: f64, _decay: f64) -> Result<()> {
        for (name, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            require(name, beta, (0.0..1.0).contains(&beta), "a number from 0 to less than 1")?;
        }
        require("epsilon", self.epsilon, self.epsilon.is_finite() && self.epsilon > 0.0, "a positive number")
    }
}
