use super::{Adam, ElementRule, Parameter, Rule, require_decay_that_shrinks, update_by_elements};
use crate::error::Result;
use crate::tensor::kernel::vectorised;
use crate::tensor::{Scalar, Tensor};

/// Adam with decoupled weight decay, as `torch.optim.AdamW` defines it.
///
/// ```text
/// w ← w − η λ w, then a step of Adam whose gradient has no decay in it
/// ```
///
/// Source: Loshchilov and Hutter 2019, algorithm 2; here as in PyTorch the decay is multiplied by the rate η.
/// It spares biases unless `decay_biases`; PyTorch decays them too.
///
/// ```
/// use mfnet::{Adam, AdamW};
/// let rule = AdamW(Adam { weight_decay: 0.1, ..Adam::new(0.003) });
/// # assert_eq!(AdamW::default().0.weight_decay, 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW(
    /// The numbers; `weight_decay` means the decoupled decay λ, and η λ is below 1.
    pub Adam,
);

impl Default for AdamW {
    /// Adam's numbers with λ = 0.01, as PyTorch's.
    fn default() -> Self {
        AdamW(Adam { weight_decay: 0.01, ..Adam::default() })
    }
}

impl<T: Scalar> ElementRule<T> for AdamW {
    fn update(&self, step: u64, biases: bool, w: &mut [T], g: &[T], [m, v]: [&mut [T]; 2]) {
        if !biases || self.0.decay_biases {
            let kept = T::ONE - T::from_f64(self.0.learning_rate * self.0.weight_decay);
            vectorised(w.iter_mut(), |w| *w *= kept);
        }
        self.0.update_weights(step, T::ZERO, w, g, m, v);
    }
}

impl<T: Scalar> Rule<T> for AdamW {
    fn name(&self) -> &str {
        "adamw"
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
        Some(&mut self.0.learning_rate)
    }

    fn check(&self) -> Result<()> {
        self.0.check_numbers()?;
        require_decay_that_shrinks(self.0.learning_rate, self.0.weight_decay)
    }
}
