//! A step: the updates of all parameter matrices.

use super::group::Factors;
use super::regularise::{add_signs, limit_norms};
use super::{AnyRule, Gradients, Group, Optimizer, Parameter, ParameterKind, Parameters, Rule, Update};
use crate::tensor::parts::{for_each_strip_with, split_all};
use crate::tensor::{Scalar, Tensor};

/// Assumed cost of updating one weight, in floating-point operations, to decide whether threads
/// share the work.
const COST: usize = 16;

/// The rule, its update for biases and for other weights, and its state for a matrix.
pub(crate) type Pieces<'a, T> = (&'a dyn Rule<T>, [Update; 2], &'a mut [Tensor<T>]);

/// The rule's state for a matrix, and the factors for its biases and its other columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Remembered<T: Scalar> {
    pub(super) state: Vec<Tensor<T>>,
    factors: [Factors; 2],
}

impl<T: Scalar> Optimizer<T> {
    /// Updates all parameters by one step, and renews the buffers of layers. Only the first step
    /// allocates memory.
    ///
    /// # Panics
    /// If the gradients belong to another network.
    pub fn step(&mut self, net: &mut impl Parameters<T>, mut gradients: Gradients<T>) {
        self.begin_step();
        self.move_all(net, &mut gradients);
        net.renew_buffers(&gradients);
    }

    /// As `step`, after [`Optimizer::begin_step`] and without buffers.
    pub(crate) fn move_all(&mut self, net: &mut impl Parameters<T>, gradients: &mut Gradients<T>) {
        if self.l1 > 0.0 {
            let mut gradients = gradients.iter_mut();
            net.visit_parameters_mut(&mut |layer, parameter| {
                let gradient = gradients.next().filter(|_| self.regularises(layer, parameter));
                gradient.into_iter().for_each(|gradient| add_signs(self.l1, parameter, gradient));
            });
        }
        if let Some(clip) = self.clip {
            clip.apply(gradients);
        }
        if self.searches() {
            self.step_without_search(net, gradients);
            return;
        }
        let mut number = 0;
        net.visit_parameters_mut(&mut |layer, parameter| {
            let gradient = gradients.matrices().get(number).filter(|g| g.shape() == parameter.value.shape());
            self.update((number, layer), parameter, gradient.expect("the gradients belong to another network"));
            if self.max_norm > 0.0 && self.regularises(layer, parameter) {
                limit_norms(self.max_norm, parameter);
            }
            number += 1;
        });
    }

    /// Counts a step; its updates follow.
    pub(crate) fn begin_step(&mut self) {
        let ((steps_per_epoch, epochs), step) = (self.length, (self.step - self.begin) as usize);
        let warm_up = (self.warm_up * steps_per_epoch as f64).round() as usize;
        let factor = match step.checked_sub(warm_up) {
            None => (step + 1) as f64 / warm_up as f64,
            Some(step) => {
                let all = steps_per_epoch as f64 * epochs as f64 - warm_up as f64;
                self.schedule.factor_of(step, steps_per_epoch, all)
            }
        };
        self.rate = self.learning_rate * factor * self.plateau.factor;
        self.decay = self.weight_decay * self.decay_schedule.factor(step, steps_per_epoch, epochs);
        self.step += 1;
    }

    /// Updates one matrix; `place` is its index among all matrices and that of its layer.
    pub(crate) fn update(&mut self, place: (usize, usize), parameter: &mut Parameter<T>, gradient: &Tensor<T>) {
        let (rule, at, state) = self.parts(place, parameter);
        match rule {
            AnyRule::Elements(rule) => update_by_elements(rule.as_ref(), at, parameter, gradient, state),
            AnyRule::Matrices(rule) => rule.update(at, parameter, gradient, state),
            // it moves all matrices together
            AnyRule::Lbfgs(_) => {}
        }
    }

    /// Returns what is needed to update a piece of a matrix as soon as its gradient is computed;
    /// `None` if the rule needs the whole matrix.
    pub(crate) fn by_pieces(&mut self, place: (usize, usize), parameter: &Parameter<T>) -> Option<Pieces<'_, T>> {
        match self.parts(place, parameter) {
            (AnyRule::Elements(rule), at, state) => Some((rule.as_ref(), at, state)),
            (AnyRule::Matrices(_) | AnyRule::Lbfgs(_), ..) => None,
        }
    }

    /// Whether weights can be updated before all gradients are computed.
    pub(crate) fn moves_by_pieces(&self) -> bool {
        let alone = self.clip.is_none() && self.l1 == 0.0 && self.max_norm == 0.0;
        alone && matches!(self.rule, AnyRule::Elements(_))
    }

    /// The rule, this step's update for the biases and for the other columns of a matrix, and its
    /// state.
    pub(super) fn parts(
        &mut self,
        (number, layer): (usize, usize),
        parameter: &Parameter<T>,
    ) -> (&AnyRule<T>, [Update; 2], &mut [Tensor<T>]) {
        if number >= self.matrices.len() {
            self.matrices.resize_with(number + 1, || None);
        }
        let Remembered { state, factors } = self.matrices[number].get_or_insert_with(|| {
            let factors = [ParameterKind::Biases, parameter.kind];
            let factors = factors.map(|kind| Group::factors(&self.groups, layer, kind));
            let states = self.rule.states();
            let (rows, columns) = parameter.value.shape();
            Remembered { state: (0..states).map(|_| Tensor::zeros(rows, columns)).collect(), factors }
        });
        let (step, rate, decay) = (self.step, self.rate, self.decay);
        let at = factors.map(|f| Update { step, rate: rate * f.rate, decay: decay * f.decay });
        (&self.rule, at, state)
    }
}

/// Updates a whole matrix by a rule for elements.
fn update_by_elements<T: Scalar>(
    rule: &dyn Rule<T>,
    [at_biases, at_weights]: [Update; 2],
    parameter: &mut Parameter<T>,
    gradient: &Tensor<T>,
    state: &mut [Tensor<T>],
) {
    let (layout, biases, states) = (gradient.layout(), parameter.bias_columns, state.len());
    assert!(gradient.shape() == parameter.value.shape(), "the gradient has the parameter's shape");
    let operations = COST * gradient.rows() * gradient.columns();
    for_each_strip_with(&mut parameter.value, state, operations, |strip, weights, state| {
        let gradient = &gradient.storage()[layout.place(strip.panel, strip.columns.clone())];
        let of_biases = biases.clamp(strip.columns.start, strip.columns.end) - strip.columns.start;
        let border = of_biases * layout.height(strip.panel);
        let (biases, weights) = weights.split_at_mut(border);
        let (mut of_biases, mut of_weights) = split_all(state, border);
        rule.update(at_biases, biases, &gradient[..border], &mut of_biases[..states]);
        rule.update(at_weights, weights, &gradient[border..], &mut of_weights[..states]);
    });
}
