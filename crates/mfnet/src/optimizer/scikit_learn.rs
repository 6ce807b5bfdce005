//! The rules of scikit-learn's `MLPClassifier` and `MLPRegressor`, so that both make the same steps.
//!
//! Its L2 penalty α/(2 D) ΣW² is divided by the divisor D of the step's loss, so the decay of the
//! optimizer is 1/D here: [`Optimizer::set_weight_decay`](super::Optimizer::set_weight_decay) before each
//! step. λ is a decay of the weights alone, as in [`super::AdamW`]. Biases have neither.

use super::{Rule, Update, require};
use crate::error::Result;
use crate::tensor::Scalar;
use crate::tensor::kernel::vectorised;

/// scikit-learn's `solver="adam"`: [`struct@super::Adam`] with ε beside √S instead of √Ŝ.
///
/// ```text
/// W ← (1 − η λ) W                  G ← ∂J/∂W + α/D W
/// V ← ρ₁ V + (1 − ρ₁) G            S ← ρ₂ S + (1 − ρ₂) G²            (both start at 0)
/// W ← W − η √(1 − ρ₂ᵗ)/(1 − ρ₁ᵗ) V / (√S + ε)
/// ```
///
/// Source: Kingma and Ba 2015, the end of section 2.
///
/// ```
/// use mfnet::Optimizer;
/// use mfnet::optimizer::scikit_learn::Adam;
/// let rule = Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, alpha: 1e-4, weight_decay: 0.0 };
/// let mut optimizer: Optimizer = Optimizer::new(rule, 0.001);
/// optimizer.set_weight_decay(1.0 / 200.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// ρ₁, at least 0 and below 1.
    pub beta1: f64,
    /// ρ₂, at least 0 and below 1.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
    /// α.
    pub alpha: f64,
    /// λ.
    pub weight_decay: f64,
}

/// scikit-learn's `solver="sgd"`: [`struct@super::Sgd`] with the learning rate inside the velocity.
///
/// ```text
/// W ← (1 − η λ) W          G ← ∂J/∂W + α/D W          V ← μ V − η G          (V starts at 0)
/// W ← W + V                                            with nesterov: W ← W + μ V − η G
/// ```
///
/// ```
/// use mfnet::Optimizer;
/// use mfnet::optimizer::scikit_learn::Sgd;
/// let rule = Sgd { momentum: 0.9, nesterov: true, alpha: 1e-4, weight_decay: 0.0 };
/// let optimizer: Optimizer = Optimizer::new(rule, 0.001);
/// assert_eq!(optimizer.name(), "sgd");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// μ, from 0 to 1.
    pub momentum: f64,
    /// Whether to look ahead.
    pub nesterov: bool,
    /// α.
    pub alpha: f64,
    /// λ.
    pub weight_decay: f64,
}

/// 1 − η λ and α/D of a step; 1 and 0 for biases.
fn shrinkage<T: Scalar>(Update { rate, decay, .. }: Update, alpha: f64, weight_decay: f64) -> (T, T) {
    let shrink = if decay > 0.0 { 1.0 - rate * weight_decay } else { 1.0 };
    (T::from_f64(shrink), T::from_f64(alpha * decay))
}

impl<T: Scalar> Rule<T> for Adam {
    fn name(&self) -> &str {
        "adam"
    }

    fn states(&self) -> usize {
        2
    }

    #[inline(never)]
    fn update(&self, at: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let [m, v] = state else { return };
        let (beta1, beta2) = (T::from_f64(self.beta1), T::from_f64(self.beta2));
        let (one_minus_beta1, one_minus_beta2) = (T::from_f64(1.0 - self.beta1), T::from_f64(1.0 - self.beta2));
        let correction = |beta: f64| 1.0 - beta.powf(at.step as f64);
        let eta = T::from_f64(at.rate * correction(self.beta2).sqrt() / correction(self.beta1));
        let (shrink, l2) = shrinkage::<T>(at, self.alpha, self.weight_decay);
        let epsilon = T::from_f64(self.epsilon);
        vectorised(w.iter_mut().zip(g).zip(m.iter_mut()).zip(v.iter_mut()), |(((w, g), m), v)| {
            let g = *g + l2 * *w;
            *m = beta1 * *m + one_minus_beta1 * g;
            *v = beta2 * *v + one_minus_beta2 * g * g;
            *w = shrink * *w - eta * *m / (v.sqrt() + epsilon);
        });
    }

    fn check(&self, _rate: f64, _decay: f64) -> Result<()> {
        for (name, beta) in [("beta_1", self.beta1), ("beta_2", self.beta2)] {
            require(name, beta, (0.0..1.0).contains(&beta), "a number from 0 to less than 1")?;
        }
        require("epsilon", self.epsilon, self.epsilon.is_finite() && self.epsilon > 0.0, "a positive number")?;
        check_penalties(self.alpha, self.weight_decay)
    }
}

impl<T: Scalar> Rule<T> for Sgd {
    fn name(&self) -> &str {
        "sgd"
    }

    fn states(&self) -> usize {
        1
    }

    #[inline(never)]
    fn update(&self, at: Update, w: &mut [T], g: &[T], state: &mut [&mut [T]]) {
        let [v] = state else { return };
        let (eta, mu) = (T::from_f64(at.rate), T::from_f64(self.momentum));
        let (shrink, l2) = shrinkage::<T>(at, self.alpha, self.weight_decay);
        vectorised(w.iter_mut().zip(g).zip(v.iter_mut()), |((w, g), v)| {
            let step = eta * (*g + l2 * *w);
            *v = mu * *v - step;
            *w = shrink * *w + if self.nesterov { mu * *v - step } else { *v };
        });
    }

    fn check(&self, _rate: f64, _decay: f64) -> Result<()> {
        require("momentum", self.momentum, (0.0..=1.0).contains(&self.momentum), "a number from 0 to 1")?;
        check_penalties(self.alpha, self.weight_decay)
    }
}

fn check_penalties(alpha: f64, weight_decay: f64) -> Result<()> {
    for (name, number) in [("alpha", alpha), ("weight_decay", weight_decay)] {
        require(name, number, number >= 0.0 && number.is_finite(), "0 or a positive number")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HalfMse, Loss, NeuralNetwork, Optimizer, Pass, Seed, Tensor};

    /// `MLPRegressor(hidden_layer_sizes=(), ...)` of scikit-learn 1.9 has the same formulas; here two steps by
    /// hand: w = 1, b = 0, x = 2, y = 0, α = 0.5, D = 1.
    #[test]
    fn two_steps_of_sgd() {
        let rule = Sgd { momentum: 0.5, nesterov: true, alpha: 0.5, weight_decay: 0.25 };
        let mut net = NeuralNetwork::builder(1).linear(1).build(Seed(0)).unwrap();
        net.parameters_mut().for_each(|p| p.value = Tensor::from_rows([[0.0, 1.0]]));
        let mut optimizer = Optimizer::new(rule, 0.125);
        optimizer.set_weight_decay(1.0);
        let (x, y) = (Tensor::from_rows([[2.0]]), Tensor::from_rows([[0.0]]));
        let (mut w, mut b, mut of_w, mut of_b): (f64, f64, f64, f64) = (1.0, 0.0, 0.0, 0.0);
        for _ in 0..2 {
            let trace = net.forward(Pass::Evaluate, &x);
            let gradients = net.backward(&trace, HalfMse.gradient(trace.output(), &y));
            optimizer.step(&mut net, gradients);
            let error = 2.0 * w + b;
            let (of, g) = (0.125 * (2.0 * error + 0.5 * w), 0.125 * error);
            (of_w, of_b) = (0.5 * of_w - of, 0.5 * of_b - g);
            w = (1.0 - 0.125 * 0.25) * w + 0.5 * of_w - of;
            b += 0.5 * of_b - g;
        }
        let found = net.parameters().next().unwrap().value.clone();
        assert!((found[(0, 0)] - b).abs() < 1e-15 && (found[(0, 1)] - w).abs() < 1e-15, "{found:?}");
    }

    /// With ε → 0 and without penalties, it is Adam.
    #[test]
    fn adam_without_epsilon() {
        let run = |mut optimizer: Optimizer| {
            let mut net = NeuralNetwork::builder(3).linear(4).tanh().linear(2).build(Seed(2)).unwrap();
            let x = Tensor::from_fn(3, 5, |i, j| (i * 5 + j) as f64 / 7.0 - 1.0);
            let y = Tensor::from_fn(2, 5, |i, j| (i + j) as f64 / 3.0);
            for _ in 0..5 {
                let trace = net.forward(Pass::Evaluate, &x);
                let gradients = net.backward(&trace, HalfMse.gradient(trace.output(), &y));
                optimizer.step(&mut net, gradients);
            }
            net.predict(&x).unwrap()
        };
        let ours = Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-300, alpha: 0.0, weight_decay: 0.0 };
        let theirs = crate::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-300 };
        let (ours, theirs) = (run(Optimizer::new(ours, 0.01)), run(Optimizer::new(theirs, 0.01)));
        assert!(ours.iter().zip(theirs.iter()).all(|(a, b)| (a - b).abs() < 1e-14));
    }
}
