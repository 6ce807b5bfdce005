use super::{Parameter, Rule, column_decay, require, require_decay, require_rate};
use crate::error::Result;
use crate::tensor::{Scalar, Tensor};

/// Stochastic gradient descent with momentum, as `torch.optim.SGD` defines it (dampening 0).
///
/// ```text
/// g ← ∂J/∂w + λ w
/// v ← μ v + g                      (v starts at 0)
/// w ← w − η v                      plain momentum; with μ = 0 the seed's rule w ← w − η ∂J/∂w
/// w ← w − η (g + μ v)              Nesterov
/// ```
///
/// Here and in PyTorch the rate multiplies the whole velocity; in Sutskever et al. 2013 and TensorFlow it is inside
/// (v ← μ v + η g), which differs when the rate changes. Weight decay λ spares biases unless `decay_biases`;
/// PyTorch decays them too.
///
/// ```
/// use mfnet::Sgd;
/// let rule = Sgd { momentum: 0.9, nesterov: true, ..Sgd::new(0.01) };
/// # assert_eq!(rule.weight_decay, 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// η.
    pub learning_rate: f64,
    /// μ, at least 0 and below 1.
    pub momentum: f64,
    /// Nesterov's form of the step.
    pub nesterov: bool,
    /// λ.
    pub weight_decay: f64,
    /// Whether weight decay applies to biases too.
    pub decay_biases: bool,
}

impl Sgd {
    /// The seed's rule: no momentum, no decay.
    pub fn new(learning_rate: f64) -> Self {
        Sgd { learning_rate, momentum: 0.0, nesterov: false, weight_decay: 0.0, decay_biases: false }
    }
}

impl<T: Scalar> Rule<T> for Sgd {
    fn name(&self) -> &str {
        "sgd"
    }

    fn states(&self) -> usize {
        usize::from(self.momentum != 0.0)
    }

    fn update(&self, _step: u64, parameter: &mut Parameter<T>, gradient: &Tensor<T>, state: &mut [Tensor<T>]) {
        let (eta, mu) = (T::from_f64(self.learning_rate), T::from_f64(self.momentum));
        let decay = column_decay(parameter, self.weight_decay, self.decay_biases);
        for j in 0..gradient.columns() {
            let lambda = decay(j);
            let w = parameter.value.column_slice_mut(j);
            let g = w.iter().zip(gradient.column_slice(j)).map(|(w, g)| *g + lambda * *w);
            match state {
                [] => {
                    for (w, g) in w.iter_mut().zip(gradient.column_slice(j)) {
                        *w -= eta * (*g + lambda * *w);
                    }
                }
                [v, ..] => {
                    let v = v.column_slice_mut(j);
                    for (v, g) in v.iter_mut().zip(g) {
                        *v = mu * *v + g;
                    }
                    for ((w, g), v) in w.iter_mut().zip(gradient.column_slice(j)).zip(v) {
                        let g = *g + lambda * *w;
                        *w -= eta * if self.nesterov { g + mu * *v } else { *v };
                    }
                }
            }
        }
    }

    fn check(&self) -> Result<()> {
        require_rate(self.learning_rate)?;
        require_decay(self.weight_decay)?;
        require("momentum", self.momentum, (0.0..1.0).contains(&self.momentum), "a number from 0 to less than 1")?;
        require("momentum", self.momentum, !self.nesterov || self.momentum > 0.0, "a positive number with nesterov")
    }
}
