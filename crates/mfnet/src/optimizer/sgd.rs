use super::{
    ElementRule, Parameter, Rule, require, require_decay, require_decay_that_shrinks, require_rate, update_by_elements,
};
use crate::error::Result;
use crate::tensor::kernel::vectorised;
use crate::tensor::{Descent, Scalar, Tensor};

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
    /// λ; η λ is below 1.
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

impl<T: Scalar> ElementRule<T> for Sgd {
    fn update(&self, _step: u64, biases: bool, w: &mut [T], g: &[T], [v, _]: [&mut [T]; 2]) {
        let (eta, mu) = (T::from_f64(self.learning_rate), T::from_f64(self.momentum));
        let spared = biases && !self.decay_biases;
        let lambda = if spared { T::ZERO } else { T::from_f64(self.weight_decay) };
        if self.momentum == 0.0 {
            vectorised(w.iter_mut().zip(g), |(w, g)| *w -= eta * (*g + lambda * *w));
        } else {
            vectorised(w.iter_mut().zip(g).zip(v), |((w, g), v)| {
                let g = *g + lambda * *w;
                *v = mu * *v + g;
                *w -= eta * if self.nesterov { g + mu * *v } else { *v };
            });
        }
    }

    fn descent(&self) -> Option<Descent<T>> {
        let (eta, lambda) = (T::from_f64(self.learning_rate), T::from_f64(self.weight_decay));
        (self.momentum == 0.0).then_some(Descent { eta, lambda })
    }
}

impl<T: Scalar> Rule<T> for Sgd {
    fn name(&self) -> &str {
        "sgd"
    }

    fn states(&self) -> usize {
        usize::from(self.momentum != 0.0)
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
        require_rate(self.learning_rate)?;
        require_decay(self.weight_decay)?;
        require_decay_that_shrinks(self.learning_rate, self.weight_decay)?;
        require("momentum", self.momentum, (0.0..1.0).contains(&self.momentum), "a number from 0 to less than 1")?;
        require("momentum", self.momentum, !self.nesterov || self.momentum > 0.0, "a positive number with nesterov")
    }
}
