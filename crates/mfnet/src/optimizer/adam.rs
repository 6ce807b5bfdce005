use super::{ElementRule, Parameter, Rule, require, require_decay, require_rate, update_by_elements};
use crate::error::Result;
use crate::tensor::kernel::vectorised;
use crate::tensor::{Scalar, Tensor};

/// Adam, as `torch.optim.Adam` defines it.
///
/// ```text
/// g ← ∂J/∂w + λ w
/// m ← β₁ m + (1 − β₁) g            v ← β₂ v + (1 − β₂) g²            (both start at 0)
/// m̂ = m / (1 − β₁ᵗ)                v̂ = v / (1 − β₂ᵗ)                 (t counts steps from 1)
/// w ← w − η m̂ / (√v̂ + ε)
/// ```
///
/// Source: Kingma and Ba 2015, algorithm 1. Weight decay λ is added to the gradient (L2); [`super::AdamW`] takes it out of the
/// moments. It spares biases unless `decay_biases`; PyTorch decays them too. Keras' ε is 10⁻⁷.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// η.
    pub learning_rate: f64,
    /// β₁, at least 0 and below 1.
    pub beta1: f64,
    /// β₂, at least 0 and below 1.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
    /// λ.
    pub weight_decay: f64,
    /// Whether weight decay applies to biases too.
    pub decay_biases: bool,
}

impl Default for Adam {
    /// η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, no decay: the paper's and PyTorch's.
    fn default() -> Self {
        Adam { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, decay_biases: false }
    }
}

impl Adam {
    /// The default with another rate.
    pub fn new(learning_rate: f64) -> Self {
        Adam { learning_rate, ..Adam::default() }
    }

    /// One step of the weights `w`, with L2 decay `lambda`.
    pub(super) fn update_weights<T: Scalar>(&self, t: u64, lambda: T, w: &mut [T], g: &[T], m: &mut [T], v: &mut [T]) {
        let (beta1, beta2) = (T::from_f64(self.beta1), T::from_f64(self.beta2));
        let (one_minus_beta1, one_minus_beta2) = (T::from_f64(1.0 - self.beta1), T::from_f64(1.0 - self.beta2));
        let correction = |beta: f64| 1.0 - beta.powf(t as f64);
        // η m̂ / (√v̂ + ε) with numerator and denominator times √(1 − β₂ᵗ), so that no correction is left in the loop
        let root = correction(self.beta2).sqrt();
        let eta = T::from_f64(self.learning_rate / correction(self.beta1) * root);
        let epsilon = T::from_f64(self.epsilon * root);
        vectorised(w.iter_mut().zip(g).zip(m).zip(v), |(((w, g), m), v)| {
            let g = *g + lambda * *w;
            *m = beta1 * *m + one_minus_beta1 * g;
            *v = beta2 * *v + one_minus_beta2 * g * g;
            *w -= eta * *m / (v.sqrt() + epsilon);
        });
    }

    pub(super) fn check_numbers(&self) -> Result<()> {
        require_rate(self.learning_rate)?;
        require_decay(self.weight_decay)?;
        for (name, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            require(name, beta, (0.0..1.0).contains(&beta), "a number from 0 to less than 1")?;
        }
        require("epsilon", self.epsilon, self.epsilon.is_finite() && self.epsilon > 0.0, "a positive number")
    }
}

impl<T: Scalar> ElementRule<T> for Adam {
    fn update(&self, step: u64, biases: bool, w: &mut [T], g: &[T], [m, v]: [&mut [T]; 2]) {
        let spared = biases && !self.decay_biases;
        let lambda = if spared { T::ZERO } else { T::from_f64(self.weight_decay) };
        self.update_weights(step, lambda, w, g, m, v);
    }
}

impl<T: Scalar> Rule<T> for Adam {
    fn name(&self) -> &str {
        "adam"
    }

    fn states(&self) -> usize {
        2
    }

    fn update(&self, step: u64, parameter: &mut Parameter<T>, gradient: &Tensor<T>, state: &mut [Tensor<T>]) {
        update_by_elements(self, step, parameter, gradient, state);
    }

    fn by_elements(&self) -> Option<&dyn ElementRule<T>> {
        Some(self)
    }

    fn learning_rate_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.learning_rate)
    }

    fn check(&self) -> Result<()> {
        self.check_numbers()
    }
}
