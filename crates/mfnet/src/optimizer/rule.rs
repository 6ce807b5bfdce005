use super::Parameter;
use crate::error::Result;
use crate::tensor::{Scalar, Tensor};

/// What the [`super::Optimizer`] decides about one step of some weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// t, from 1.
    pub step: u64,
    /// η: learning rate, schedule and group multiplied.
    pub rate: f64,
    /// λ: weight decay, 0 for what it spares.
    pub decay: f64,
}

/// How a weight moves, given its gradient and what is remembered of it: the formula of an optimizer.
///
/// ```text
/// W ← W − η ∂J/∂W         the paper's rule; others replace ∂J/∂W by something they remember
/// ```
///
/// Each weight moves by its own gradient and state alone, so a rule is applied to a piece of a matrix as soon as the piece's
/// gradient is there. A rule that needs a whole matrix at once is a [`MatrixRule`]. A new rule is one file that implements this.
pub trait Rule<T: Scalar>: Send + Sync {
    /// The name that summaries and model files show.
    fn name(&self) -> &str;

    /// How many numbers the rule remembers of each weight, at most 4; they start at 0.
    fn states(&self) -> usize;

    /// Moves some weights by one step. `gradient` and each of `state` are as long as `weights`.
    fn update(&self, at: Update, weights: &mut [T], gradient: &[T], state: &mut [&mut [T]]);

    /// Whether the rule is W ← W − η (∂J/∂W + λ W) and nothing else. Training then moves the weights where their gradient is
    /// computed. Must give the same bits as [`Rule::update`].
    fn is_plain_descent(&self) -> bool {
        false
    }

    /// Checks the rule's numbers, and that they fit a learning rate and a weight decay, both known to be finite.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) naming the number that cannot be.
    fn check(&self, _rate: f64, _decay: f64) -> Result<()> {
        Ok(())
    }
}

/// How a matrix of parameters moves as a whole. See [`Rule`], which is enough for most and faster.
pub trait MatrixRule<T: Scalar>: Send + Sync {
    /// The name that summaries and model files show.
    fn name(&self) -> &str;

    /// How many matrices of W's shape the rule remembers; they start as zeros.
    fn states(&self) -> usize;

    /// Moves `parameter` by one step: its biases as `at[0]` says, all other columns as `at[1]` says. `gradient` and each of
    /// `state` have its shape.
    fn update(&self, at: [Update; 2], parameter: &mut Parameter<T>, gradient: &Tensor<T>, state: &mut [Tensor<T>]);

    /// As [`Rule::check`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) naming the number that cannot be.
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
    fn check(&self, rate: f64, decay: f64) -> Result<()> {
        (**self).check(rate, decay)
    }
}
