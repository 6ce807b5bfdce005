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
    pub(crate) fn steps_made(&self) -> u64 {
        self.step
    }

    /// The state of all matrices.
    pub(crate) fn states_of_matrices(&self) -> impl Iterator<Item = &Tensor<T>> {
        self.matrices.iter().flatten().flat_map(|remembered| &remembered.state)
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
