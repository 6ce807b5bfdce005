use super::Parameter;
use crate::error::Result;
use crate::tensor::{Scalar, Tensor};

/// The numbers that the [`super::Optimizer`] sets for one update of some weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// t, the number of the step, from 1.
    pub step: u64,
    /// η: learning rate times schedule times group.
    pub rate: f64,
    /// λ: weight decay; 0 for parameters that are not decayed.
    pub decay: f64,
}

/// The update formula of an optimizer: how a weight changes, given its gradient and its state.
///
/// ```text
/// W ← W − η ∂J/∂W         the paper's rule; others replace ∂J/∂W by a function of gradient and state
/// ```
///
/// Each weight depends only on its own gradient and state, so a rule is applied to a piece of a
/// matrix as soon as the piece's gradient is computed. A rule that needs a whole matrix is a
/// [`MatrixRule`].
///
/// ```
/// use mfnet::optimizer::{Rule, Update};
/// use mfnet::Optimizer;
///
/// /// W ← W − η sign(∂J/∂W)
/// struct SignDescent;
/// impl Rule<f64> for SignDescent {
///     fn name(&self) -> &str {
///         "sign-descent"
///     }
///     fn states(&self) -> usize {
///         0
///     }
///     fn update(&self, at: Update, weights: &mut [f64], gradient: &[f64], _state: &mut [&mut [f64]]) {
///         for (w, g) in weights.iter_mut().zip(gradient) {
///             *w -= at.rate * g.signum();
///         }
///     }
/// }
///
/// let optimizer = Optimizer::new(SignDescent, 0.001);
/// assert_eq!(optimizer.name(), "sign-descent");
/// ```
pub trait Rule<T: Scalar>: Send + Sync {
    /// The name in summaries and model files.
    fn name(&self) -> &str;

    /// How many numbers the state of each weight has, at most 4; they start at 0.
    fn states(&self) -> usize;

    /// Updates some weights by one step. `gradient` and each of `state` have the length of
    /// `weights`.
    fn update(&self, at: Update, weights: &mut [T], gradient: &[T], state: &mut [&mut [T]]);

    /// Whether the rule is exactly W ← W − η (∂J/∂W + λ W). Training then updates the weights where
    /// their gradient is computed. The result must be that of [`Rule::update`] to the bit.
    fn is_plain_descent(&self) -> bool {
        false
    }

    /// Whether each step follows the learning rate; false for [`RProp`](super::RProp), where it is only the
    /// first step size. [`Trainer::find_rate`](crate::Trainer::find_rate) refuses a rule that does not.
    fn follows_rate(&self) -> bool {
        true
    }

    /// Checks the settings of the rule with a learning rate and a weight decay, both finite.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) naming the invalid
    /// setting.
    fn check(&self, _rate: f64, _decay: f64) -> Result<()> {
        Ok(())
    }
}

/// An update formula for a parameter matrix as a whole. A [`Rule`] is enough for most, and faster.
///
/// ```
/// use mfnet::optimizer::{MatrixRule, Parameter, Update};
/// use mfnet::{Optimizer, Tensor};
///
/// /// W ← W − η G/‖G‖, G = ∂J/∂W
/// struct NormalizedDescent;
/// impl MatrixRule<f64> for NormalizedDescent {
///     fn name(&self) -> &str {
///         "normalized-descent"
///     }
///     fn states(&self) -> usize {
///         0
///     }
///     fn update(&self, at: [Update; 2], w: &mut Parameter<f64>, g: &Tensor<f64>, _state: &mut [Tensor<f64>]) {
///         let norm = g.iter().map(|g| g * g).sum::<f64>().sqrt().max(1e-12);
///         for (w, g) in w.value.iter_mut().zip(g.iter()) {
///             *w -= at[1].rate * g / norm;
///         }
///     }
/// }
///
/// let optimizer = Optimizer::of_matrices(NormalizedDescent, 0.1);
/// assert_eq!(optimizer.name(), "normalized-descent");
/// ```
pub trait MatrixRule<T: Scalar>: Send + Sync {
    /// The name in summaries and model files.
    fn name(&self) -> &str;

    /// How many matrices of W's shape the state has; they start as zeros.
    fn states(&self) -> usize;

    /// Updates `parameter` by one step: its biases by `at[0]`, all other columns by `at[1]`.
    /// `gradient` and each of `state` have its shape.
    fn update(&self, at: [Update; 2], parameter: &mut Parameter<T>, gradient: &Tensor<T>, state: &mut [Tensor<T>]);

    /// Checks the settings, as [`Rule::check`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) naming the invalid
    /// setting.
    fn check(&self, _rate: f64, _decay: f64) -> Result<()> {
        Ok(())
    }
}

impl<T: Scalar> Rule<T> for Box<dyn Rule<T>> {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn states(&self) -> usize {
        (**self).states()
    }
    fn update(&self, at: Update, weights: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        (**self).update(at, weights, gradient, state);
    }
    fn is_plain_descent(&self) -> bool {
        (**self).is_plain_descent()
    }
    fn follows_rate(&self) -> bool {
        (**self).follows_rate()
    }
    fn check(&self, rate: f64, decay: f64) -> Result<()> {
        (**self).check(rate, decay)
    }
}
