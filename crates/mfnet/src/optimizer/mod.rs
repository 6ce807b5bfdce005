//! Optimizers. A [`Rule`] is the update formula of one matrix. An [`Optimizer`] applies it to a
//! network, and has the learning rate, schedule, weight decay, groups and clipping.

mod adadelta;
mod adagrad;
mod adam;
mod adamw;
mod amsgrad;
mod clip;
mod gradients;
mod group;
mod lbfgs;
mod lion;
mod nadam;
mod parameter;
mod radam;
mod rmsprop;
mod rprop;
mod rule;
mod schedule;
mod sgd;

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
pub use parameter::{Parameter, ParameterKind, Parameters};
pub use radam::RAdam;
pub use rmsprop::RmsProp;
pub use rprop::RProp;
pub use rule::{MatrixRule, Rule, Update};
use schedule::Plateau;
pub use schedule::Schedule;
pub use sgd::Sgd;

use mfnet_table::shortest;

use self::group::Factors;
use crate::error::{Error, Result, require};
use crate::tensor::parts::{MOST_STATES, for_each_strip_with, split_all};
use crate::tensor::{Scalar, Tensor};
use crate::words::words;

/// What a recipe takes for an optimizer if it does not say otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usual {
    pub(crate) rate: UsualRate,
    /// This many times the weight decay of AdamW, which follows from the data.
    pub(crate) decay: f64,
    pub(crate) schedule: Schedule,
}

/// The usual learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum UsualRate {
    Fixed(f64),
    /// This many times the rate of Adam, which follows from the data.
    OfAdam(f64),
}

/// Defines [`OptimizerName`] from a table with a row for each rule: its name, the rule (of SGD the
/// settings are given), the usual learning rate, the weight decay, and the schedule.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal, |$sgd:pat_param| $make:expr, $rate:ident($number:literal), $decay:literal, $schedule:ident;)*) => {
        words! {
            /// The name of a built-in optimizer.
            #[derive(Default)]
            OptimizerName {
                $($(#[$doc])* $rule = $name,)*
                /// [`struct@Lbfgs`], which needs all rows in a batch.
                Lbfgs = "lbfgs",
            }
        }

        impl OptimizerName {
            /// The optimizer with this name, its usual settings and this learning rate; `sgd` has the
            /// settings of SGD.
            pub fn optimizer<T: Scalar>(self, sgd: Sgd, learning_rate: f64) -> Optimizer<T> {
                match self {
                    $(OptimizerName::$rule => { let $sgd = sgd; Optimizer::new($make, learning_rate) })*
                    OptimizerName::Lbfgs => Optimizer::lbfgs(Lbfgs::default(), learning_rate),
                }
            }

            /// Whether it needs all rows in a batch.
            pub(crate) fn is_for_all_rows(self) -> bool {
                matches!(self, OptimizerName::Rprop | OptimizerName::Lbfgs)
            }

            /// The settings that a recipe leaves open.
            pub(crate) fn usual(self) -> Usual {
                match self {
                    $(OptimizerName::$rule => Usual {
                        rate: UsualRate::$rate($number),
                        decay: $decay,
                        schedule: Schedule::$schedule,
                    },)*
                    OptimizerName::Lbfgs => Usual {
                        rate: UsualRate::Fixed(1.0),
                        decay: 0.0,
                        schedule: Schedule::Constant,
                    },
                }
            }
        }
    };
}

rules! {
    /// [`struct@Sgd`].
    Sgd = "sgd", |sgd| sgd, Fixed(0.01), 0.0, Constant;
    /// [`struct@Adam`].
    Adam = "adam", |_| Adam::default(), OfAdam(1.0), 0.0, OneCycle;
    /// [`struct@AdamW`].
    #[default]
    Adamw = "adamw", |_| AdamW::default(), OfAdam(1.0), 1.0, OneCycle;
    /// [`struct@AmsGrad`].
    Amsgrad = "amsgrad", |_| AmsGrad::default(), OfAdam(1.0), 0.0, OneCycle;
    /// [`struct@NAdam`].
    Nadam = "nadam", |_| NAdam::default(), OfAdam(1.0), 0.0, OneCycle;
    /// [`struct@RAdam`].
    Radam = "radam", |_| RAdam::default(), OfAdam(1.0), 0.0, OneCycle;
    /// [`struct@Lion`], at a fifth of the rate of AdamW and five times its weight decay, as its article
    /// advises.
    Lion = "lion", |_| Lion::default(), OfAdam(0.2), 5.0, OneCycle;
    /// [`struct@RmsProp`].
    Rmsprop = "rmsprop", |_| RmsProp::default(), OfAdam(1.0), 0.0, OneCycle;
    /// [`struct@Adagrad`], at PyTorch's rate.
    Adagrad = "adagrad", |_| Adagrad::default(), Fixed(0.01), 0.0, Constant;
    /// [`struct@Adadelta`], at PyTorch's rate.
    Adadelta = "adadelta", |_| Adadelta::default(), Fixed(1.0), 0.0, Constant;
    /// [`RProp`], which needs all rows in a batch; 0.01 is its first step size.
    Rprop = "rprop", |_| RProp::default(), Fixed(0.01), 0.0, Constant;
}

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

/// Assumed cost of updating one weight, in floating-point operations, to decide whether threads
/// share the work.
const COST: usize = 16;

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

/// The rule, its update for biases and for other weights, and its state for a matrix.
pub(crate) type Pieces<'a, T> = (&'a dyn Rule<T>, [Update; 2], &'a mut [Tensor<T>]);

/// The rule's state for a matrix, and the factors for its biases and its other columns.
#[derive(Clone, Debug, PartialEq)]
struct Remembered<T: Scalar> {
    state: Vec<Tensor<T>>,
    factors: [Factors; 2],
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

    /// Whether L1 penalty and largest norm concern these parameters: weights that learn.
    fn regularises(&self, layer: usize, parameter: &Parameter<T>) -> bool {
        let kind = parameter.kind;
        kind == ParameterKind::Weights && Group::factors(&self.groups, layer, kind).rate > 0.0
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
    fn parts(
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

    /// Checks all settings.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) naming the invalid
    /// setting.
    pub fn check(&self) -> Result<()> {
        let (rate, decay) = (self.learning_rate, self.weight_decay);
        require("learning rate", rate, rate.is_finite() && rate > 0.0, "a positive number")?;
        require("weight decay", decay, decay.is_finite() && decay >= 0.0, "0 or a positive number")?;
        if let AnyRule::Elements(rule) = &self.rule {
            let states = rule.states();
            let expected = format!("at most {MOST_STATES}; a MatrixRule may have more");
            require("states of the rule", states as f64, states <= MOST_STATES, &expected)?;
        }
        self.check_rule(rate, decay)?;
        self.groups.iter().try_for_each(Group::check)?;
        self.schedule.check()?;
        for (name, x) in [("L1 penalty", self.l1), ("largest norm of a unit's weights", self.max_norm)] {
            require(name, x, x >= 0.0 && x.is_finite(), "0 or a positive number")?;
        }
        let warm_up = self.warm_up;
        require("epochs of the warm-up", warm_up, warm_up >= 0.0 && warm_up.is_finite(), "0 or a positive number")?;
        self.decay_schedule.check_without_losses("schedule of the weight decay")?;
        if self.searches() {
            self.check_search()?;
        }
        self.clip.map_or(Ok(()), Clip::check)
    }

    /// Refuses what a line search cannot follow.
    fn check_search(&self) -> Result<()> {
        let is_other_rate = |group: &Group| group.rate != 0.0 && group.rate != 1.0;
        let unfit = [
            ("clipping", self.clip.is_some()),
            ("an L1 penalty", self.l1 > 0.0),
            ("a largest norm", self.max_norm > 0.0),
            ("a schedule", self.schedule != Schedule::Constant || self.decay_schedule != Schedule::Constant),
            ("a warm-up", self.warm_up > 0.0),
            ("a learning rate of a group", self.groups.iter().any(is_other_rate)),
        ];
        match unfit.iter().find(|(_, is)| *is) {
            Some((what, _)) => Err(Error::invalid("optimizer", format!("a rule that can have {what}"), "lbfgs")),
            None => Ok(()),
        }
    }

    /// Returns an error if a group names a layer without such parameters, or if its factors make an
    /// invalid rate or decay. `kinds` has the name of each layer and the kinds of its parameters.
    pub(crate) fn check_groups(&self, kinds: &[(String, Vec<ParameterKind>)]) -> Result<()> {
        self.groups.iter().try_for_each(|group| group.check_layer(kinds))?;
        for (layer, (_, kinds)) in kinds.iter().enumerate() {
            for kind in kinds {
                let Factors { rate, decay } = Group::factors(&self.groups, layer, *kind);
                self.check_rule(self.learning_rate * rate, self.weight_decay * decay)?;
            }
        }
        Ok(())
    }

    fn check_rule(&self, rate: f64, decay: f64) -> Result<()> {
        match &self.rule {
            AnyRule::Elements(rule) => rule.check(rate, decay),
            AnyRule::Matrices(rule) => rule.check(rate, decay),
            AnyRule::Lbfgs(rule) => rule.check(),
        }
    }

    /// How many numbers the rule keeps for each weight.
    pub(crate) fn states(&self) -> usize {
        self.rule.states()
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

impl<T: Scalar> fmt::Debug for Optimizer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} after {} steps", self.name(), self.rate(), self.step)
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

/// G ← G + λ₁ sign(W), for weights without biases.
fn add_signs<T: Scalar>(l1: f64, parameter: &Parameter<T>, gradient: &mut Tensor<T>) {
    let l1 = T::from_f64(l1);
    for j in parameter.bias_columns..parameter.value.columns() {
        for (g, w) in gradient.column_mut(j).zip(parameter.value.column(j)) {
            *g += match (w > T::ZERO, w < T::ZERO) {
                (true, _) => l1,
                (_, true) => -l1,
                _ => T::ZERO,
            };
        }
    }
}

/// Scales down rows of weights whose norm, without biases, is larger than `most`.
fn limit_norms<T: Scalar>(most: f64, parameter: &mut Parameter<T>) {
    let Parameter { value, bias_columns, .. } = parameter;
    for i in 0..value.rows() {
        let squares = value.row(i).skip(*bias_columns).map(|w| w.to_f64() * w.to_f64());
        let norm = squares.sum::<f64>().sqrt();
        if norm > most {
            let factor = T::from_f64(most / norm);
            for j in *bias_columns..value.columns() {
                value[(i, j)] *= factor;
            }
        }
    }
}

/// Weight decay alone is W ← W − η λ W: with η λ ≥ 1 each step flips the signs of all weights or
/// sets them to zero.
fn require_decay_that_shrinks(rate: f64, decay: f64) -> Result<()> {
    let product = rate * decay;
    if product < 1.0 {
        return Ok(());
    }
    let expected = "less than 1 (each step multiplies the weights by 1 minus this product)";
    let [rate, decay, product] = [rate, decay, product].map(shortest);
    Err(Error::invalid("learning rate × weight decay", expected, format_args!("{rate} × {decay} = {product}")))
}
