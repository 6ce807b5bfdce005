use super::{Rule, Update, require};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// RMSprop, as in `torch.optim.RMSprop`.
///
/// ```text
/// G ← ∂J/∂W + λ W
/// S ← ρ₂ S + (1 − ρ₂) G²           Ḡ ← ρ₂ Ḡ + (1 − ρ₂) G     (all start at 0)
/// V ← ρ₁ V + G / (√S + ε)          centered: V ← ρ₁ V + G / (√(S − Ḡ²) + ε)
/// W ← W − η V
/// ```
///
/// PyTorch calls ρ₂ alpha and ρ₁ momentum. The usual learning rate η is 0.01. Keras uses ρ₂ = 0.9 and ε = 10⁻⁷. Source:
/// Hinton, lecture 6e of "Neural Networks for Machine Learning" (2012); centered: Graves 2013,
/// section 4.2.
///
/// ```
/// use mfnet::Optimizer;
/// use mfnet::optimizer::RmsProp;
/// let optimizer: Optimizer = Optimizer::new(RmsProp { momentum: 0.9, ..RmsProp::default() }, 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// ρ₂, at least 0 and below 1.
    pub rho: f64,
    /// ε.
    pub epsilon: f64,
    /// Momentum ρ₁, at least 0 and below 1.
    pub momentum: f64,
    /// Whether the mean of the gradients is subtracted.
    pub centered: bool,
}

impl Default for RmsProp {
    /// ρ₂ = 0.99, ε = 10⁻⁸, without momentum, not centered, as in PyTorch.
    fn default() -> Self {
        RmsProp { rho: 0.99, epsilon: 1e-8, momentum: 0.0, centered: false }
    }
}

impl RmsProp {
    fn is_plain(&self) -> bool {
        self.momentum == 0.0 && !self.centered
    }
}

impl<T: Scalar> Rule<T> for RmsProp {
    fn name(&self) -> &str {
        "rmsprop"
    }

    fn states(&self) -> usize {
        if self.is_plain() { 1 } else { 3 }
    }

    #[inline(never)]
    fn update(&self, Update { rate, decay, .. }: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let (eta, lambda, epsilon) = (T::from_f64(rate), T::from_f64(decay), T::from_f64(self.epsilon));
        let (rho, one_minus_rho) = (T::from_f64(self.rho), T::from_f64(1.0 - self.rho));
        let [squares, means, velocities] = state else {
            let [squares] = state else { return };
            return vectorised(w.iter_mut().zip(g).zip(squares.iter_mut()), |((w, g), s)| {
                let g = *g + lambda * *w;
                *s = rho * *s + one_minus_rho * g * g;
                *w -= eta * (g / (s.sqrt() + epsilon));
            });
        };
        let (mu, centered) = (T::from_f64(self.momentum), if self.centered { T::ONE } else { T::ZERO });
        let states = squares.iter_mut().zip(means.iter_mut()).zip(velocities.iter_mut());
        vectorised(w.iter_mut().zip(g).zip(states), |((w, g), ((s, m), v))| {
            let g = *g + lambda * *w;
            *s = rho * *s + one_minus_rho * g * g;
            *m = centered * (rho * *m + one_minus_rho * g);
            let variance = *s - *m * *m;
            // PyTorch has NaN where rounding makes it negative
            let variance = if variance > T::ZERO { variance } else { T::ZERO };
            *v = mu * *v + g / (variance.sqrt() + epsilon);
            *w -= eta * *v;
        });
    }

    fn check(&self, _rate: f64, _decay: f64) -> Result<()> {
        for (name, share) in [("rho", self.rho), ("momentum", self.momentum)] {
            require(name, share, (0.0..1.0).contains(&share), "a number from 0 to less than 1")?;
        }
        require("epsilon", self.epsilon, self.epsilon.is_finite() && self.epsilon > 0.0, "a positive number")
    }
}
