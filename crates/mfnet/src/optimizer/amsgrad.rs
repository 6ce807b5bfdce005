use super::{Adam, Rule, Update};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// AMSGrad: Adam whose second moment never falls, as in `torch.optim.Adam(amsgrad=True)`.
///
/// ```text
/// V and S as in Adam
/// W ← W − η V̂ / (√(max S / (1 − ρ₂ᵗ)) + ε)      max S: the largest S so far
/// ```
///
/// The usual learning rate η is 0.001. In the article, V and S are not corrected for their start at
/// 0. Source: Reddi, Kale and Kumar 2018, algorithm 2.
///
/// ```
/// use mfnet::Optimizer;
/// use mfnet::optimizer::AmsGrad;
/// let optimizer: Optimizer = Optimizer::new(AmsGrad::default(), 0.001);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AmsGrad(
    /// ρ₁, ρ₂ and ε.
    pub Adam,
);

impl<T: Scalar> Rule<T> for AmsGrad {
    fn name(&self) -> &str {
        "amsgrad"
    }

    fn states(&self) -> usize {
        3
    }

    #[inline(never)]
    fn update(&self, Update { step, rate, decay }: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let [m, v, largest] = state else { return };
        let Adam { beta1, beta2, epsilon } = self.0;
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        let root = correction(beta2).sqrt();
        let eta = T::from_f64(rate / correction(beta1) * root);
        let (epsilon, lambda) = (T::from_f64(epsilon * root), T::from_f64(decay));
        let [one_minus_beta1, one_minus_beta2] = [beta1, beta2].map(|beta| T::from_f64(1.0 - beta));
        let [beta1, beta2] = [beta1, beta2].map(T::from_f64);
        let states = m.iter_mut().zip(v.iter_mut()).zip(largest.iter_mut());
        vectorised(w.iter_mut().zip(g).zip(states), |((w, g), ((m, v), largest))| {
            let g = *g + lambda * *w;
            *m = beta1 * *m + one_minus_beta1 * g;
            *v = beta2 * *v + one_minus_beta2 * g * g;
            *largest = if *v > *largest { *v } else { *largest };
            *w -= eta * *m / (largest.sqrt() + epsilon);
        });
    }

    fn check(&self, rate: f64, decay: f64) -> Result<()> {
        Rule::<T>::check(&self.0, rate, decay)
    }
}
