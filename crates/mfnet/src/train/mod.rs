//! Training: a [`Trainer`] holds the settings, a [`Session`] is a training in progress.

mod average;
mod baseline;
mod callback;
mod checkpoints;
mod history;
mod kept;
mod label_smoothing;
mod lbfgs;
mod mixup;
mod monitor;
mod order;
mod phases;
mod rate_test;
mod session;
mod side_by_side;
mod stepper;
#[cfg(feature = "tensorboard")]
mod tensorboard;
mod tolerance;
mod whitening;
mod workspace;

use std::fmt;
use std::sync::Arc;

pub use average::Averaging;
pub use baseline::{linear_model, linear_model_for, linear_model_while, naive_model, naive_model_for};
pub use callback::{Callback, Step};
pub use checkpoints::{Every, SaveCheckpoints};
pub use history::{EpochRecord, History, StopReason};
pub use monitor::Monitor;
pub use order::SampleOrder;
pub use phases::Phases;
pub use rate_test::RateTest;
pub(crate) use session::save;
pub use session::{Checkpoint, Session};
pub(crate) use side_by_side::Watch;
pub(crate) use side_by_side::run as run_side_by_side;
pub use stepper::Stepper;
#[cfg(feature = "tensorboard")]
pub use tensorboard::TensorBoard;

use self::label_smoothing::LabelSmoothing;
use self::mixup::Mixup;
use self::tolerance::Tolerance;
use self::workspace::{Cut, Workspace};
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result, require};
use crate::layer::AnyLayer;
use crate::loss::Loss;
use crate::memory;
use crate::network::NeuralNetwork;
use crate::optimizer::{Optimizer, Schedule};
use crate::random::Seed;
use crate::tensor::Scalar;

/// Trains a network: the loop of `forward`, `gradient`, `backward`, `step` over the mini-batches of
/// all epochs.
///
/// It gives the same bits as that loop, and reuses its matrices from step to step. The order of the
/// samples depends only on the seed and the number of the epoch, unless [`Trainer::order`] sets it.
///
/// With weights ([`Dataset::with_weights`], [`Dataset::with_class_weights`]) the loss of a step is
///
/// ```text
/// J = Σ_i w_i c_i / Σ_i w_i        i: the samples of the step, in all accumulated batches and shards together
/// ```
///
/// A step whose weights are all 0 does not move the network.
///
/// ```
/// use mfnet::{Adam, CrossEntropy, Dataset, Fractions, NeuralNetwork, Optimizer, Preprocessing, Seed, Trainer};
/// let data = Dataset::built_in("digits")?;
/// let (train, validation, test) = data.split(Fractions { validation: 0.1, test: 0.2 }, Seed(0))?;
/// let scale = Preprocessing::fit(&train);
/// let mut net = NeuralNetwork::builder(data.features()).linear(32).relu().linear(data.classes()).build(Seed(0))?;
/// let history = Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 1e-3))
///     .epochs(5)
///     .validate_on(&scale.apply(&validation))
///     .run(&mut net, &scale.apply(&train))?;
/// assert_eq!(history.epochs.len(), 5);
/// assert!(net.evaluate(&scale.apply(&test))?.headline() > 0.85);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone)]
pub struct Trainer<T: Scalar = f64> {
    loss: Arc<dyn Loss<T>>,
    optimizer: Optimizer<T>,
    epochs: usize,
    cut: Cut,
    seed: Seed,
    order: SampleOrder,
    validation: Option<Dataset>,
    patience: Option<usize>,
    min_delta: f64,
    tolerance: Option<Tolerance>,
    monitor: Monitor,
    average: Option<Averaging>,
    keep_start: bool,
    phases: bool,
    mixup: Option<Mixup>,
    smoothing: Option<LabelSmoothing>,
    dropout_schedule: Schedule,
    /// See [`EpochRecord::network`].
    network: Option<usize>,
}

impl<T: Scalar> fmt::Debug for Trainer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trainer: {}, {:?}, {} epochs, {:?}", self.loss.name(), self.optimizer, self.epochs, self.cut)
    }
}

impl<T: Scalar> Trainer<T> {
    /// The defaults are 100 epochs, batches of 32, seed 0 and no validation.
    pub fn new(loss: impl Loss<T> + 'static, optimizer: Optimizer<T>) -> Self {
        Trainer {
            loss: Arc::new(loss),
            optimizer,
            epochs: 100,
            cut: Cut { batch_size: 32, accumulate: 1, shards: 1 },
            seed: Seed(0),
            order: SampleOrder::Shuffled,
            validation: None,
            patience: None,
            min_delta: 0.0,
            tolerance: None,
            monitor: Monitor::Loss,
            average: None,
            keep_start: false,
            phases: false,
            mixup: None,
            smoothing: None,
            dropout_schedule: Schedule::Constant,
            network: None,
        }
    }

    /// Sets the number of epochs.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// Sets the number of samples in a batch; the last batch of an epoch has the remaining samples.
    pub fn batch_size(mut self, samples: usize) -> Self {
        self.cut.batch_size = samples;
        self
    }

    /// Accumulates the gradients of this many batches for each step. Except for rounding, that is a
    /// step on one large batch, unless the network has batch norm, whose statistics are those of
    /// each batch. The last step of an epoch takes the remaining batches. Schedules count steps.
    pub fn accumulate(mut self, batches: usize) -> Self {
        self.cut.accumulate = batches;
        self
    }

    /// Cuts each batch into this many parts, a power of two, and adds their gradients in a binary
    /// tree. The sum does not depend on who computes which part. A sample draws the same random
    /// numbers in any part.
    pub fn shards(mut self, parts: usize) -> Self {
        self.cut.shards = parts;
        self
    }

    /// Sets the seed for shuffling the samples and for all random numbers of layers.
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the order of the samples; the default is shuffled.
    pub fn order(mut self, order: SampleOrder) -> Self {
        self.order = order;
        self
    }

    /// Computes the loss on these samples after each epoch, and for classes the accuracy. The
    /// network ends with the weights of the epoch with the lowest loss.
    pub fn validate_on(mut self, validation: &Dataset) -> Self {
        self.validation = Some(validation.clone());
        self
    }

    /// For a network that was trained before: its weights at the start count as epoch 0, and it
    /// keeps them if no epoch has a lower validation loss. Without validation this has no effect.
    pub fn keep_start(mut self) -> Self {
        self.keep_start = true;
        self
    }

    /// Stops when the validation loss, or the metric of [`Trainer::monitor`], has not improved for
    /// this many epochs.
    pub fn early_stopping(mut self, patience: usize) -> Self {
        self.patience = Some(patience);
        self
    }

    /// For early stopping, an improvement has to be larger than this; the default is 0. It does not
    /// change which weights are kept. As `min_delta` of Keras' `EarlyStopping`.
    pub fn min_delta(mut self, change: f64) -> Self {
        self.min_delta = change;
        self
    }

    /// Stops when the training loss of more than this many epochs in a row is not lower than the lowest
    /// one before by at least `tol`: `tol` and `n_iter_no_change` of scikit-learn's MLP. It needs no
    /// validation samples, and does not change which weights are kept.
    pub fn tolerance(mut self, tol: f64, epochs: usize) -> Self {
        self.tolerance = Some(Tolerance { tol, epochs });
        self
    }

    /// Watches a metric of the validation samples instead of their loss: the network ends with the
    /// weights of the epoch in which it was best, the first of equal ones.
    pub fn monitor(mut self, monitor: Monitor) -> Self {
        self.monitor = monitor;
        self
    }

    /// Averages the weights. The average is validated, kept and returned.
    pub fn average(mut self, averaging: Averaging) -> Self {
        self.average = Some(averaging);
        self
    }

    /// Trains on mixtures: in each batch every sample is mixed with the next one, the last with the first,
    /// inputs and targets alike.
    ///
    /// ```text
    /// x ← λ x + (1 − λ) x′        y ← λ y + (1 − λ) y′        λ ~ Beta(α, α), one for each batch
    /// ```
    ///
    /// α is above 0 and at most 4, such as 0.2. The training loss is that of the mixtures. Samples must
    /// have equal weights, and batches one shard. Source: Zhang et al. 2018, who mix with a random
    /// permutation; batches are shuffled here.
    pub fn mixup(mut self, alpha: f64) -> Self {
        self.mixup = Some(Mixup { alpha });
        self
    }

    /// Changes the probabilities of dropout and alpha dropout from step to step: a layer with the
    /// probability p drops with the probability p f(t) in step t. Epochs and steps count as for
    /// [`Optimizer::schedule`], without its warm-up. [`Schedule::Plateau`] is refused.
    ///
    /// ```
    /// use mfnet::optimizer::Schedule;
    /// use mfnet::{Adam, Dataset, Mse, NeuralNetwork, Optimizer, Preprocessing, Seed, Trainer};
    /// let data = Dataset::built_in("diabetes")?;
    /// let data = Preprocessing::fit(&data).apply(&data);
    /// let mut net = NeuralNetwork::builder(10).linear(32).relu().dropout(0.5).linear(1).build(Seed(0))?;
    /// // from 0.5 to 0 along a line
    /// let trainer = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(3);
    /// trainer.dropout_schedule(Schedule::Polynomial { power: 1.0 }).run(&mut net, &data)?;
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    pub fn dropout_schedule(mut self, schedule: Schedule) -> Self {
        self.dropout_schedule = schedule;
        self
    }

    /// Smooths the targets of classes with an ε that changes from step to step; use it with
    /// [`CrossEntropy`](crate::CrossEntropy). In step t, the targets of K classes become
    ///
    /// ```text
    /// y ← (1 − ε f(t)) y + ε f(t)/K
    /// ```
    ///
    /// The cost is then that of [`SmoothedCrossEntropy`](crate::loss::SmoothedCrossEntropy), which has one ε
    /// for all steps. The validation loss is that of targets that are not smoothed. ε is from 0 to less
    /// than 1; t and the schedule are as in [`Trainer::dropout_schedule`].
    ///
    /// ```
    /// use mfnet::optimizer::Schedule;
    /// use mfnet::{Adam, CrossEntropy, Optimizer, Trainer};
    /// let trainer: Trainer = Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 0.01));
    /// let trainer = trainer.label_smoothing(0.1, Schedule::Cosine);
    /// ```
    pub fn label_smoothing(mut self, epsilon: f64, schedule: Schedule) -> Self {
        self.smoothing = Some(LabelSmoothing { epsilon, schedule });
        self
    }

    /// Measures the time of each phase of a step, for [`History::phases`]; it costs about 0.1 µs a
    /// step. If whole gradients are needed, the complete backward pass counts as update.
    pub fn measure_phases(mut self) -> Self {
        self.phases = true;
        self
    }

    /// Trains `net` on `train` and returns the history.
    ///
    /// # Errors
    /// - [`ErrorKind::InvalidValue`] for an invalid setting
    /// - [`ErrorKind::Shape`] if the data do not fit the network
    /// - [`ErrorKind::Data`] for data without samples, or not only
    ///   numbers
    /// - [`ErrorKind::Diverged`] if the loss or a weight becomes
    ///   infinite or NaN; then the network has the weights of the epoch that the error names
    /// - [`ErrorKind::OutOfMemory`] if there is too little
    ///   memory
    pub fn run(&self, net: &mut NeuralNetwork<T>, train: &Dataset) -> Result<History> {
        self.run_with(net, train, &mut ())
    }

    /// As [`Trainer::run`], with a callback that may stop the training.
    ///
    /// # Errors
    /// As [`Trainer::run`], and those of the callback.
    pub fn run_with(
        &self,
        net: &mut NeuralNetwork<T>,
        train: &Dataset,
        callback: &mut dyn Callback<T>,
    ) -> Result<History> {
        let mut session = self.start(net.clone(), train)?;
        let result = session.run(callback);
        let (trained, history) = session.into_parts();
        *net = trained;
        result.map(|()| history)
    }

    /// Starts a training that the caller drives, step by step or epoch by epoch.
    ///
    /// # Errors
    /// As [`Trainer::run`], except divergence.
    pub fn start(&self, net: NeuralNetwork<T>, train: &Dataset) -> Result<Session<T>> {
        self.check(&net, train)?;
        self.check_memory(&net, train, 1)?;
        Ok(Session::new(self.clone(), net, train.clone()))
    }

    /// Returns an error if there is not enough memory for this many sessions.
    fn check_memory(&self, net: &NeuralNetwork<T>, train: &Dataset, sessions: usize) -> Result<()> {
        let samples = self.order.length(train.samples());
        let mut weights = 0_usize;
        net.visit_state(&mut |matrix| weights += size_of_val(matrix.storage()));
        // the network, transposed weights, weights of the start and of the best epoch, and those of
        // a model that is saved, three at a time; then the state of the optimizer
        let mut copies = 7 + self.optimizer.states();
        if self.wants_whole_gradients() {
            copies += 1;
        }
        if self.average.is_some() {
            copies += 2;
        }
        if self.optimizer.searches() {
            copies += 1;
        }
        if self.cut.shards > 1 || self.cut.accumulate > 1 {
            copies += self.cut.shards.ilog2() as usize + 2;
        }
        let of_weights = weights.saturating_mul(copies).saturating_add(size_of::<usize>().saturating_mul(samples));
        let of_batch = |batch_size| Workspace::bytes(net, train, samples, Cut { batch_size, ..self.cut });
        let needed = |batch_size| of_weights.saturating_add(of_batch(batch_size)).saturating_mul(sessions);
        let batch_size = self.cut.batch_size.min(samples).max(1);
        if memory::is_free(needed(batch_size)) {
            return Ok(());
        }
        let smaller = (0..batch_size.ilog2()).rev().map(|power| 1 << power);
        let fitting = smaller.into_iter().find(|size| memory::is_free(needed(*size)));
        Err(ErrorKind::OutOfMemory { needed: memory::written(needed(batch_size)), batch_size: fitting }.into())
    }

    /// Whether all gradients are needed before a weight is updated.
    fn wants_whole_gradients(&self) -> bool {
        !self.optimizer.moves_by_pieces() || self.cut.accumulate > 1 || self.cut.shards > 1
    }

    /// Number of steps in an epoch.
    fn steps(&self, samples: usize) -> usize {
        self.order.length(samples).div_ceil(self.cut.samples().max(1))
    }

    /// Returns an error if a layer needs more samples than the smallest part of a batch has.
    fn check_batches(&self, net: &NeuralNetwork<T>, samples: usize) -> Result<()> {
        let Some(layer) = net.leaves().max_by_key(|leaf| leaf.least_samples()) else { return Ok(()) };
        let least = layer.least_samples();
        let smallest = |batch_size: usize| {
            let sizes = [batch_size.min(samples), samples % batch_size].into_iter().filter(|size| *size > 0);
            sizes.map(|size| (size / self.cut.shards).max(1)).min().unwrap_or(least)
        };
        let Cut { batch_size, shards, .. } = self.cut;
        let found = smallest(batch_size);
        if found >= least {
            return Ok(());
        }
        let better = (batch_size..=samples.max(batch_size)).find(|size| smallest(*size) >= least);
        let better = better.map_or_else(String::new, |size| format!(" (a batch size of {size} works)"));
        let parts = if shards > 1 { format!(", each in {shards} shards") } else { String::new() };
        let expected = format!("at least {least} samples in every batch for {}{better}", layer.name());
        let found = format!("{found} in the smallest ({samples} samples in batches of {batch_size}{parts})");
        Err(Error::invalid("batch size", expected, found))
    }

    /// Refuses a line search over steps that do not have all samples, or over layers that it changes.
    fn check_search(&self, net: &NeuralNetwork<T>, train: &Dataset) -> Result<()> {
        let (steps, samples) = (self.steps(train.samples()), self.order.length(train.samples()));
        if steps > 1 {
            let expected = format!("all samples in a step for {}, {samples} here", self.optimizer.name());
            return Err(Error::invalid("batch size", expected, self.cut.samples()));
        }
        let name = self.optimizer.name();
        if matches!(&self.order, SampleOrder::Listed(lists) if lists.windows(2).any(|pair| pair[0] != pair[1])) {
            return Err(Error::invalid("order of the samples", format!("one for all epochs with {name}"), "several"));
        }
        if self.smoothing.is_some_and(|smoothing| smoothing.schedule != Schedule::Constant) {
            let expected = format!("one that is constant for {name}");
            return Err(Error::invalid("schedule of the label smoothing", expected, "another one"));
        }
        if self.mixup.is_some() || net.layers().iter().any(AnyLayer::is_random) {
            let expected = format!("layers and samples without random numbers for {name}");
            return Err(Error::invalid("network", expected, "dropout, noise or mixtures"));
        }
        let mut buffers = 0;
        net.leaves().for_each(|leaf| leaf.buffers(&mut |_, _| buffers += 1));
        if buffers > 0 {
            let expected = format!("layers without running means for {}", self.optimizer.name());
            return Err(Error::invalid("network", expected, "batch norm or another one that has some"));
        }
        Ok(())
    }

    fn check(&self, net: &NeuralNetwork<T>, train: &Dataset) -> Result<()> {
        let Cut { batch_size, accumulate, shards } = self.cut;
        for (name, count) in [("epochs", self.epochs), ("batch size", batch_size), ("accumulate", accumulate)] {
            if count == 0 {
                return Err(Error::invalid(name, "at least 1", 0));
            }
        }
        if !shards.is_power_of_two() || shards > 1024 {
            return Err(Error::invalid("shards", "a power of two up to 1024", shards));
        }
        if self.patience == Some(0) {
            return Err(Error::invalid("early stopping", "at least 1 epoch", 0));
        }
        if self.patience.is_some() && self.validation.is_none() {
            return Err(Error::invalid("early stopping", "validation samples to watch", "none"));
        }
        let fits = self.min_delta >= 0.0 && self.min_delta.is_finite();
        require("minimum change", self.min_delta, fits, "0 or a positive number")?;
        self.tolerance.map_or(Ok(()), Tolerance::check)?;
        self.monitor.check(self.validation.as_ref())?;
        if let Some(mixup) = self.mixup {
            mixup.check()?;
            if shards > 1 {
                return Err(Error::invalid("mixup", "batches of one shard", shards));
            }
            if train.loss_weights().is_some() {
                return Err(Error::invalid("mixup", "samples of equal weight", "weights"));
            }
        }
        self.dropout_schedule.check_without_losses("schedule of the dropout")?;
        self.smoothing.map_or(Ok(()), |smoothing| smoothing.check(train))?;
        self.average.map_or(Ok(()), Averaging::check)?;
        self.optimizer.check()?;
        self.optimizer.check_groups(&net.parameter_kinds())?;
        self.loss.check(net.outputs())?;
        self.check_batches(net, self.order.length(train.samples()))?;
        if self.optimizer.searches() {
            self.check_search(net, train)?;
        }
        for data in [Some(train), self.validation.as_ref()].into_iter().flatten() {
            net.check_input("Trainer::run", data.features())?;
            net.check_outputs("Trainer::run", data.outputs())?;
            if data.samples() == 0 {
                return Err(Error::data(data.name(), mfnet_table::FileProblem::Empty));
            }
            data.check_numbers()?;
            data.check_weights()?;
        }
        self.order.check(self.epochs, train.samples())
    }
}
