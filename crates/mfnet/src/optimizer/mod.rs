//! Optimizers: a [`Rule`] says how one matrix of parameters moves, [`Optimizer`] applies it to all of a network.

mod adam;
mod adamw;
mod clip;
mod gradients;
mod parameter;
mod schedule;
mod sgd;

pub use adam::Adam;
pub use adamw::AdamW;
pub use clip::Clip;
pub use gradients::Gradients;
pub use parameter::{Parameter, Parameters};
pub use schedule::Schedule;
pub use sgd::Sgd;

use crate::error::{Error, Result};
use crate::tensor::parts::for_each_strip_of;
use crate::tensor::{Descent, Scalar, Tensor};

/// What a step of one weight is taken to cost, in floating-point operations, for the decision whether to share the work.
const COST: usize = 16;

/// How one matrix of parameters W moves, given its gradient: the update of an optimizer.
///
/// ```text
/// W ← W − η ∂J/∂W         the seed's rule; others replace ∂J/∂W by something they remember
/// ```
///
/// A new rule is one file that implements this, and one row in the table of `tests/optimizers.rs`.
pub trait Rule<T: Scalar>: Send + Sync {
    /// The name that summaries and model files show.
    fn name(&self) -> &str;

    /// How many matrices of W's shape the rule remembers from step to step; they start as zeros.
    fn states(&self) -> usize;

    /// Moves `parameter` by one step; `step` counts from 1. `gradient` and each of `state` have its shape.
    fn update(&self, step: u64, parameter: &mut Parameter<T>, gradient: &Tensor<T>, state: &mut [Tensor<T>]);

    /// The same rule for some weights at a time, if each weight moves by its own gradient and state alone. Training then
    /// applies it to a piece of the matrix as soon as the piece's gradient is there. Must give the same bits.
    fn by_elements(&self) -> Option<&dyn ElementRule<T>> {
        None
    }

    /// η, for a [`Schedule`] to change; none for a rule that knows no rate.
    fn learning_rate_mut(&mut self) -> Option<&mut f64> {
        None
    }

    /// Checks the rule's numbers.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] naming the number that cannot be.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A rule by which each weight moves by its own gradient and state alone.
pub trait ElementRule<T: Scalar>: Send + Sync {
    /// Moves some weights, or some biases, by one step. The slices have one length, but for `state`, whose unused ones are empty.
    fn update(&self, step: u64, biases: bool, weights: &mut [T], gradient: &[T], state: [&mut [T]; 2]);

    /// η and λ if the rule for weights (not biases) is W ← W − η (∂J/∂W + λ W): training then moves them where their gradient is
    /// computed, and nowhere else is there a gradient. Must give the same bits.
    fn descent(&self) -> Option<Descent<T>> {
        None
    }
}

/// [`Rule::update`] by a rule for elements.
fn update_by_elements<T: Scalar>(
    rule: &dyn ElementRule<T>,
    step: u64,
    parameter: &mut Parameter<T>,
    gradient: &Tensor<T>,
    state: &mut [Tensor<T>],
) {
    let (layout, biases) = (gradient.layout(), parameter.bias_columns);
    assert!(gradient.shape() == parameter.value.shape(), "the gradient has the parameter's shape");
    let [first, second] = {
        let mut state = state.iter_mut();
        [state.next(), state.next()]
    };
    let operations = COST * gradient.rows() * gradient.columns();
    for_each_strip_of([Some(&mut parameter.value), first, second], operations, |strip, [weights, first, second]| {
        let gradient = &gradient.storage()[layout.place(strip.panel, strip.columns.clone())];
        let of_biases = biases.clamp(strip.columns.start, strip.columns.end) - strip.columns.start;
        let border = of_biases * layout.height(strip.panel);
        let (weights, other_weights) = weights.split_at_mut(border);
        let (first, other_first) = first.split_at_mut(border.min(first.len()));
        let (second, other_second) = second.split_at_mut(border.min(second.len()));
        rule.update(step, true, weights, &gradient[..border], [first, second]);
        rule.update(step, false, other_weights, &gradient[border..], [other_first, other_second]);
    });
}

impl<T: Scalar> Rule<T> for Box<dyn Rule<T>> {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn states(&self) -> usize {
        (**self).states()
    }
    fn update(&self, step: u64, parameter: &mut Parameter<T>, gradient: &Tensor<T>, state: &mut [Tensor<T>]) {
        (**self).update(step, parameter, gradient, state);
    }
    fn by_elements(&self) -> Option<&dyn ElementRule<T>> {
        (**self).by_elements()
    }
    fn learning_rate_mut(&mut self) -> Option<&mut f64> {
        (**self).learning_rate_mut()
    }
    fn check(&self) -> Result<()> {
        (**self).check()
    }
}

/// A rule and what it remembers of every matrix.
///
/// ```
/// use mfnet::{HalfMse, Loss, NeuralNetwork, Optimizer, Seed, Sgd, Tensor};
/// let mut net = NeuralNetwork::builder(2).linear(1).build(Seed(0))?;
/// let (x, y) = (Tensor::from_rows([[1.0], [2.0]]), Tensor::from_rows([[3.0]]));
/// let mut optimizer = Optimizer::new(Sgd::new(0.1));
/// for _ in 0..50 {
///     let trace = net.forward(&x);
///     let delta = HalfMse.gradient(trace.output(), &y);
///     let gradients = net.backward(&trace, delta);
///     optimizer.step(&mut net, &gradients);
/// }
/// assert!((net.predict(&x)?[(0, 0)] - 3.0).abs() < 1e-9);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Optimizer<T: Scalar, R> {
    rule: R,
    step: u64,
    /// For each matrix of parameters what the rule remembers of it; empty before the first step.
    states: Vec<Vec<Tensor<T>>>,
}

impl<T: Scalar, R: Rule<T>> Optimizer<T, R> {
    /// An optimizer that has not made a step.
    pub fn new(rule: R) -> Self {
        Optimizer { rule, step: 0, states: Vec::new() }
    }

    /// Moves all parameters by one step. Allocates in the first one only.
    ///
    /// # Panics
    /// If the gradients are those of another network.
    pub fn step(&mut self, parameters: &mut impl Parameters<T>, gradients: &Gradients<T>) {
        self.begin_step();
        let mut matrices = gradients.iter();
        for (i, parameter) in parameters.parameters_mut().enumerate() {
            let gradient = matrices.next().filter(|g| g.shape() == parameter.value.shape());
            let gradient = gradient.expect("the gradients belong to another network");
            self.update(i, parameter, gradient);
        }
    }

    /// Counts a step, whose updates follow.
    pub(crate) fn begin_step(&mut self) {
        self.step += 1;
    }

    /// Moves matrix `i` of all parameters.
    pub(crate) fn update(&mut self, i: usize, parameter: &mut Parameter<T>, gradient: &Tensor<T>) {
        let (rule, step, state) = self.for_matrix(i, gradient.shape());
        rule.update(step, parameter, gradient, state);
    }

    /// What it takes to move matrix `i` of all parameters: the rule, the step, and what the rule remembers of the matrix.
    pub(crate) fn for_matrix(&mut self, i: usize, (rows, columns): (usize, usize)) -> (&R, u64, &mut [Tensor<T>]) {
        if i >= self.states.len() {
            self.states.resize_with(i + 1, Vec::new);
        }
        let state = &mut self.states[i];
        if state.len() < self.rule.states() {
            state.resize_with(self.rule.states(), || Tensor::zeros(rows, columns));
        }
        (&self.rule, self.step, state)
    }

    /// The rule.
    pub fn rule(&self) -> &R {
        &self.rule
    }

    /// The rule, to change its rate between two steps.
    pub fn rule_mut(&mut self) -> &mut R {
        &mut self.rule
    }
}

/// `x` if `ok`.
fn require(name: &'static str, x: f64, ok: bool, expected: &str) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::invalid(name, expected, x)) }
}

fn require_rate(x: f64) -> Result<()> {
    require("learning rate", x, x.is_finite() && x > 0.0, "a positive number")
}

fn require_decay(x: f64) -> Result<()> {
    require("weight decay", x, x.is_finite() && x >= 0.0, "0 or a positive number")
}

/// Decay alone is W ← W − η λ W: with η λ ≥ 1 it turns or wipes out all weights in each step.
fn require_decay_that_shrinks(rate: f64, decay: f64) -> Result<()> {
    let product = rate * decay;
    if product < 1.0 {
        return Ok(());
    }
    let expected = "less than 1, because decay multiplies each weight by 1 minus that in every step";
    Err(Error::invalid("learning rate × weight decay", expected, format_args!("{rate} × {decay} = {product}")))
}
