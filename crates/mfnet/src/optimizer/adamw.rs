use super::{Adam, Parameter, Rule, column_decay};
use crate::error::Result;
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
    /// The numbers; `weight_decay` means the decoupled decay.
    pub Adam,
);

impl Default for AdamW {
    /// Adam's numbers with λ = 0.01, as PyTorch's.
    fn default() -> Self {
        AdamW(Adam { weight_decay: 0.01, ..Adam::default() })
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
        let [m, v] = state else { unreachable!("states() is 2") };
        let decay = column_decay(parameter, self.0.learning_rate * self.0.weight_decay, self.0.decay_biases);
        for j in 0..gradient.columns() {
            let (w, g) = (parameter.value.column_slice_mut(j), gradient.column_slice(j));
            let kept = T::ONE - decay(j);
            for w in w.iter_mut() {
                *w *= kept;
            }
            self.0.update_column(step, T::ZERO, w, g, m.column_slice_mut(j), v.column_slice_mut(j));
        }
    }

    fn check(&self) -> Result<()> {
        self.0.check_numbers()
    }
}
