use super::{Adam, Rule, Update};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// Fewer gradients than this say too little about their variance.
const ENOUGH: f64 = 5.0;

/// RAdam: Adam whose rate is small while the second moment is uncertain, as in `torch.optim.RAdam`.
///
/// ```text
/// V and S as in Adam
/// ν_∞ = 2/(1 − ρ₂) − 1             ν_t = ν_∞ − 2 t ρ₂ᵗ/(1 − ρ₂ᵗ)
/// r_t = √((ν_t − 4)(ν_t − 2) ν_∞ / ((ν_∞ − 4)(ν_∞ − 2) ν_t))
/// W ← W − η r_t V̂ √(1 − ρ₂ᵗ)/(√S + ε)      if ν_t > 5
/// W ← W − η V̂                              otherwise
/// ```
///
/// The usual learning rate η is 0.001. The article has no ε, and 4 in place of 5. Source: Liu et al.
/// 2020, algorithm 2; its ρ_t is ν_t here.
///
/// ```
/// use mfnet::Optimizer;
/// use mfnet::optimizer::RAdam;
/// let optimizer: Optimizer = Optimizer::new(RAdam::default(), 0.001);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RAdam(
    /// ρ₁, ρ₂ and ε.
    pub Adam,
);

impl<T: Scalar> Rule<T> for RAdam {
    fn name(&self) -> &str {
        "radam"
    }

    fn states(&self) -> usize {
        2
    }

    #[inline(never)]
    fn update(&self, Update { step, rate, decay }: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let [m, v] = state else { return };
        let Adam { beta1, beta2, epsilon } = self.0;
        let (t, power) = (step as f64, beta2.powf(step as f64));
        let rate = rate / (1.0 - beta1.powf(t));
        let limit = 2.0 / (1.0 - beta2) - 1.0;
        let length = limit - 2.0 * t * power / (1.0 - power);
        let of_length = |length: f64| (length - 4.0) * (length - 2.0) / length;
        // the denominator is √S + ε, or 1
        let (eta, of_root, rest) = if length > ENOUGH {
            (rate * (of_length(length) / of_length(limit)).sqrt() * (1.0 - power).sqrt(), 1.0, epsilon)
        } else {
            (rate, 0.0, 1.0)
        };
        let [eta, of_root, rest, lambda] = [eta, of_root, rest, decay].map(T::from_f64);
        let [one_minus_beta1, one_minus_beta2] = [beta1, beta2].map(|beta| T::from_f64(1.0 - beta));
        let [beta1, beta2] = [beta1, beta2].map(T::from_f64);
        vectorised(w.iter_mut().zip(g).zip(m.iter_mut()).zip(v.iter_mut()), |(((w, g), m), v)| {
            let g = *g + lambda * *w;
            *m = beta1 * *m + one_minus_beta1 * g;
            *v = beta2 * *v + one_minus_beta2 * g * g;
            *w -= eta * *m / (of_root * v.sqrt() + rest);
        });
    }

    fn check(&self, rate: f64, decay: f64) -> Result<()> {
        Rule::<T>::check(&self.0, rate, decay)
    }
}
