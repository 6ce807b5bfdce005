//! The state of an optimizer: its position in the schedules, and what its rule remembers.

use mfnet_table::shortest;

use super::schedule::Plateau;
use super::{Optimizer, Parameters};
use crate::tensor::{Scalar, Tensor};

impl<T: Scalar> Optimizer<T> {
    /// Begins the schedules anew, for this length; states stay.
    pub(crate) fn begin_again(&mut self, steps_per_epoch: usize, epochs: usize) {
        self.begin = self.step;
        self.plateau = Plateau::new();
        if self.searches() {
            // gradients of other samples are of another function
            self.matrices.clear();
        }
        self.set_length(steps_per_epoch, epochs);
    }

    /// The number of steps before the schedules began.
    pub(crate) fn begin(&self) -> u64 {
        self.begin
    }

    /// How many numbers the rule keeps for each weight.
    pub(crate) fn states(&self) -> usize {
        self.rule.states()
    }

    /// Number of steps so far.
    pub fn steps_made(&self) -> u64 {
        self.step
    }

    /// What the rule remembers of each matrix of parameters, one matrix after the other; empty before
    /// the first step.
    ///
    /// ```
    /// use mfnet::{HalfMse, Loss, NeuralNetwork, Optimizer, Pass, Seed, Sgd, Tensor};
    /// let mut net = NeuralNetwork::builder(2).linear(1).build(Seed(0))?;
    /// let (x, y) = (Tensor::from_rows([[1.0], [2.0]]), Tensor::from_rows([[3.0]]));
    /// let rule = Sgd { momentum: 0.9, ..Sgd::default() };
    /// let mut step = |optimizer: &mut Optimizer, net: &mut NeuralNetwork| {
    ///     let trace = net.forward(Pass::Evaluate, &x);
    ///     let gradients = net.backward(&trace, HalfMse.gradient(trace.output(), &y));
    ///     optimizer.step(net, gradients);
    /// };
    /// let mut optimizer = Optimizer::new(rule, 0.1);
    /// step(&mut optimizer, &mut net);
    /// let mut other = Optimizer::new(rule, 0.1);
    /// other.resume(&mut net, optimizer.steps_made(), optimizer.states_of_matrices().cloned().collect());
    /// let mut copy = net.clone();
    /// step(&mut optimizer, &mut net);
    /// step(&mut other, &mut copy);
    /// assert!(net.parameters().eq(copy.parameters()));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    pub fn states_of_matrices(&self) -> impl Iterator<Item = &Tensor<T>> {
        self.matrices.iter().flatten().flat_map(|remembered| &remembered.state)
    }

    /// Continues after this many steps, with what the rule remembered; see
    /// [`Optimizer::states_of_matrices`]. Matrices of another shape are left out.
    pub fn resume(&mut self, net: &mut impl Parameters<T>, steps: u64, states: Vec<Tensor<T>>) {
        let (of_rule, mut states) = (self.states(), states.into_iter());
        let mut number = 0;
        net.visit_parameters_mut(&mut |layer, parameter| {
            let (_, _, state) = self.parts((number, layer), parameter);
            for (to, from) in state.iter_mut().zip(states.by_ref().take(of_rule)) {
                if to.shape() == from.shape() {
                    *to = from;
                }
            }
            number += 1;
        });
        self.step = steps;
    }

    /// Continues after this many steps, the schedules after those since `begin` and epochs with these
    /// losses, with this state of each matrix of the network.
    pub(crate) fn set_state(
        &mut self,
        (begin, steps): (u64, u64),
        losses: impl Iterator<Item = f64>,
        net: &mut impl Parameters<T>,
        states: Vec<Vec<Tensor<T>>>,
    ) {
        (self.begin, self.step) = (begin, steps);
        self.plateau = Plateau::new();
        losses.for_each(|loss| self.end_epoch(loss));
        self.matrices.clear();
        let (mut states, mut number) = (states.into_iter(), 0);
        net.visit_parameters_mut(&mut |layer, parameter| {
            if let Some(read) = states.next() {
                let (_, _, state) = self.parts((number, layer), parameter);
                state.iter_mut().zip(read).for_each(|(to, from)| *to = from);
            }
            number += 1;
        });
    }

    /// The settings, for comparing two trainings.
    pub(crate) fn described_settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("optimizer", self.name().to_owned()),
            ("learning rate", shortest(self.learning_rate)),
            ("weight decay", shortest(self.weight_decay)),
            ("schedule", format!("{:?}", self.schedule)),
            ("warm-up", shortest(self.warm_up)),
            ("schedule of the weight decay", self.decay_schedule.to_string()),
            ("clipping", format!("{:?}", self.clip)),
            ("L1 penalty", shortest(self.l1)),
            ("largest norm of a unit's weights", shortest(self.max_norm)),
            ("groups", format!("{:?}", self.groups)),
        ]
    }

    /// Whether both have made the same number of steps and have the same state.
    pub(crate) fn is_where(&self, other: &Self) -> bool {
        (self.begin, self.step) == (other.begin, other.step)
            && self.matrices == other.matrices
            && self.plateau == other.plateau
    }
}
