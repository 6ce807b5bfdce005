//! Optimizers. A [`Rule`] is the update formula of one matrix. An [`Optimizer`] applies it to a
//! network, and has the learning rate, schedule, weight decay, groups and clipping.

mod adadelta;
mod adagrad;
mod adam;
mod adamw;
mod amsgrad;
mod check;
mod clip;
mod gradients;
mod group;
mod lbfgs;
mod lion;
mod nadam;
mod name;
mod parameter;
mod radam;
mod regularise;
mod rmsprop;
mod rprop;
mod rule;
mod schedule;
pub mod scikit_learn;
mod sgd;
mod state;
mod step;

use std::fmt;
use std::sync::Arc;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamw::AdamW;
pub use amsgrad::AmsGrad;
pub use clip::Clip;
pub use gradients::Gradients;
pub use group::Group;
pub use lbfgs::Lbfgs;
pub use lion::Lion;
pub use nadam::NAdam;
pub use name::OptimizerName;
pub(crate) use name::UsualRate;
pub use parameter::{Parameter, ParameterKind, Parameters};
pub use radam::RAdam;
pub use rmsprop::RmsProp;
pub use rprop::RProp;
pub use rule::{MatrixRule, Rule, Update};
use schedule::Plateau;
pub use schedule::Schedule;
pub use sgd::Sgd;

use self::check::require_decay_that_shrinks;
use self::step::Remembered;
use crate::error::require;
use crate::tensor::Scalar;

/// −1, 0 or 1.
#[inline(always)]
fn sign<T: Scalar>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x < T::ZERO {
        T::ZERO - T::ONE
    } else {
        T::ZERO
    }
}

/// An update rule, with its settings and its state for every parameter matrix.
///
/// ```
/// use mfnet::{HalfMse, Loss, NeuralNetwork, Optimizer, Pass, Seed, Sgd, Tensor};
/// let mut net = NeuralNetwork::builder(2).linear(1).build(Seed(0))?;
/// let (x, y) = (Tensor::from_rows([[1.0], [2.0]]), Tensor::from_rows([[3.0]]));
/// let mut optimizer = Optimizer::new(Sgd::default(), 0.1);
/// for _ in 0..50 {
///     let trace = net.forward(Pass::Evaluate, &x);
///     let delta = HalfMse.gradient(trace.output(), &y);
///     let gradients = net.backward(&trace, delta);
///     optimizer.step(&mut net, gradients);
/// }
/// assert!((net.predict(&x)?[(0, 0)] - 3.0).abs() < 1e-9);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone)]
pub struct Optimizer<T: Scalar = f64> {
    rule: AnyRule<T>,
    learning_rate: f64,
    weight_decay: f64,
    groups: Vec<Group>,
    /// λ₁, and the largest norm of a unit's weights; 0 for none.
    l1: f64,
    max_norm: f64,
    clip: Option<Clip>,
    schedule: Schedule,
    /// Epochs in which the learning rate rises.
    warm_up: f64,
    plateau: Plateau,
    decay_schedule: Schedule,
    /// Length of the schedules: steps in an epoch, and epochs.
    length: (usize, usize),
    /// Number of steps so far, and learning rate and weight decay of the current one.
    step: u64,
    rate: f64,
    decay: f64,
    /// The number of steps before the schedules began.
    begin: u64,
    /// The state of each parameter matrix that was updated.
    matrices: Vec<Option<Remembered<T>>>,
}

#[derive(Clone)]
enum AnyRule<T: Scalar> {
    Elements(Arc<dyn Rule<T>>),
    Matrices(Arc<dyn MatrixRule<T>>),
    Lbfgs(Lbfgs),
}

impl<T: Scalar> AnyRule<T> {
    fn states(&self) -> usize {
        match self {
            AnyRule::Elements(rule) => rule.states(),
            AnyRule::Matrices(rule) => rule.states(),
            AnyRule::Lbfgs(rule) => rule.states(),
        }
    }
}

impl<T: Scalar> Optimizer<T> {
    /// A new optimizer without weight decay and clipping, with a constant learning rate.
    pub fn new(rule: impl Rule<T> + 'static, learning_rate: f64) -> Self {
        Self::of(AnyRule::Elements(Arc::new(rule)), learning_rate)
    }

    /// As `new`, with a rule for whole matrices.
    pub fn of_matrices(rule: impl MatrixRule<T> + 'static, learning_rate: f64) -> Self {
        Self::of(AnyRule::Matrices(Arc::new(rule)), learning_rate)
    }

    /// L-BFGS, which needs all samples in a step; the learning rate is the first length that its line
    /// search tries, usually 1.
    pub fn lbfgs(rule: Lbfgs, learning_rate: f64) -> Self {
        Self::of(AnyRule::Lbfgs(rule), learning_rate)
    }

    fn of(rule: AnyRule<T>, learning_rate: f64) -> Self {
        Optimizer {
            rule,
            learning_rate,
            weight_decay: 0.0,
            groups: Vec::new(),
            l1: 0.0,
            max_norm: 0.0,
            clip: None,
            schedule: Schedule::Constant,
            warm_up: 0.0,
            plateau: Plateau::new(),
            decay_schedule: Schedule::Constant,
            length: (1, 1),
            step: 0,
            rate: learning_rate,
            decay: 0.0,
            begin: 0,
            matrices: Vec::new(),
        }
    }

    /// Sets the weight decay λ. Biases and scales are not decayed, unless a [`Group`] says so.
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.weight_decay = decay;
        self
    }

    /// Decays biases too, as PyTorch does.
    pub fn decay_biases(self) -> Self {
        self.group(Group { kind: Some(ParameterKind::Biases), decay: Some(1.0), ..Group::default() })
    }

    /// Adds λ₁ Σ |w| to the loss, over the weights without biases, scales and embeddings: their
    /// gradients get λ₁ sign(w), before clipping. Reported losses do not contain it. As Keras'
    /// `kernel_regularizer=L1(λ₁)`.
    pub fn l1(mut self, lambda: f64) -> Self {
        self.l1 = lambda;
        self
    }

    /// After each step, scales down the weights of every unit (a row of W, without the bias) whose
    /// norm is larger than this. As Keras' `kernel_constraint=MaxNorm(norm)`. Source: Srivastava et
    /// al. 2014.
    pub fn max_norm(mut self, norm: f64) -> Self {
        self.max_norm = norm;
        self
    }

    /// Sets the learning rate and the weight decay of some parameters.
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Clips gradients before each step.
    pub fn clip(mut self, clip: Clip) -> Self {
        self.clip = Some(clip);
        self
    }

    /// Changes the learning rate from step to step. In a training loop of your own, also call
    /// [`Optimizer::length`].
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Lets the learning rate rise from near 0 before the schedule, for this many epochs: step t of
    /// the w steps of the warm-up uses the rate η (t + 1)/w. The schedule has the other steps, as with
    /// PyTorch's `SequentialLR`. Source: Goyal et al. 2017.
    pub fn warm_up(mut self, epochs: f64) -> Self {
        self.warm_up = epochs;
        self
    }

    /// Changes the weight decay from step to step; a warm-up does not change it.
    pub fn decay_schedule(mut self, schedule: Schedule) -> Self {
        self.decay_schedule = schedule;
        self
    }

    /// Takes the loss of an epoch, for [`Schedule::Plateau`]: the validation loss, or without
    /// validation samples the training loss. [`crate::Trainer`] does this itself.
    pub fn end_epoch(&mut self, loss: f64) {
        if let Schedule::Plateau { patience, factor } = self.schedule {
            self.plateau.observe(loss, patience, factor);
        }
    }

    /// Sets the number of steps in an epoch and the number of epochs, for the schedules.
    /// [`crate::Trainer`] does this itself.
    pub fn length(mut self, steps_per_epoch: usize, epochs: usize) -> Self {
        self.set_length(steps_per_epoch, epochs);
        self
    }

    pub(crate) fn set_length(&mut self, steps_per_epoch: usize, epochs: usize) {
        self.length = (steps_per_epoch, epochs);
    }

    /// The name of the rule.
    pub fn name(&self) -> &str {
        match &self.rule {
            AnyRule::Elements(rule) => rule.name(),
            AnyRule::Matrices(rule) => rule.name(),
            AnyRule::Lbfgs(_) => "lbfgs",
        }
    }

    /// The learning rate η of the last step, before the factors of groups.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Sets the learning rate η of the steps that follow, which the schedule multiplies: the `lr` of a
    /// parameter group of PyTorch.
    pub fn set_learning_rate(&mut self, rate: f64) {
        self.learning_rate = rate;
    }

    /// Sets the weight decay λ of the steps that follow, which the schedule multiplies.
    pub fn set_weight_decay(&mut self, decay: f64) {
        self.weight_decay = decay;
    }

    /// Whether a step searches for its length, and so needs J at other weights.
    pub(crate) fn searches(&self) -> bool {
        matches!(self.rule, AnyRule::Lbfgs(_))
    }

    /// Whether each step follows the learning rate.
    pub(crate) fn follows_rate(&self) -> bool {
        match &self.rule {
            AnyRule::Elements(rule) => rule.follows_rate(),
            AnyRule::Matrices(_) => true,
            AnyRule::Lbfgs(_) => false,
        }
    }
}

impl<T: Scalar> fmt::Debug for Optimizer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} after {} steps", self.name(), self.rate(), self.step)
    }
}
