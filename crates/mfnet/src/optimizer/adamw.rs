use super::{Adam, Rule, Update, require_decay_that_shrinks};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// Adam with decoupled weight decay, as in `torch.optim.AdamW`.
///
/// ```text
/// W ← W − η λ W, then a step of Adam whose gradient does not include the decay
/// ```
///
/// As in PyTorch, the decay is multiplied by the learning rate η. PyTorch's default λ is 0.01, and
/// PyTorch decays biases too. Source: Loshchilov and Hutter 2019, algorithm 2.
///
/// ```
/// use mfnet::{AdamW, Optimizer};
/// let optimizer: Optimizer = Optimizer::new(AdamW::default(), 0.003).weight_decay(0.1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AdamW(
    /// ρ₁, ρ₂ and ε.
    pub Adam,
);

impl<T: Scalar> Rule<T> for AdamW {
    fn name(&self) -> &str {
        "adamw"
    }

    fn states(&self) -> usize {
        2
    }

    #[inline(never)]
    fn update(&self, at: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        if at.decay != 0.0 {
            let kept = T::ONE - T::from_f64(at.rate * at.decay);
            vectorised(w.iter_mut(), |w| *w *= kept);
        }
        self.0.update(Update { decay: 0.0, ..at }, w, g, state);
    }

    fn check(&self, rate: f64, decay: f64) -> Result<()> {
        Rule::<T>::check(&self.0, rate, decay)?;
        require_decay_that_shrinks(rate, decay)
    }
}
