//! Training: [`Trainer`] is what can be chosen, [`Session`] is a training that is under way.

mod baseline;
mod callback;
mod history;
mod kept;
mod lbfgs;
mod order;
mod phases;
mod session;
mod whitening;
mod workspace;

use std::fmt;
use std::sync::Arc;

pub use baseline::{linear_model, linear_model_while, naive_model};
pub use callback::{Callback, Step};
pub use history::{EpochRecord, History, StopReason};
pub use order::SampleOrder;
pub use phases::Phases;
pub use session::Session;

use self::workspace::Cut;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::layer::Layer;
use crate::loss::Loss;
use crate::network::NeuralNetwork;
use crate::optimizer::Optimizer;
use crate::random::Seed;
use crate::tensor::Scalar;

/// How a network is to be trained: the loop of `forward`, `gradient`, `backward`, `step` over all batches of all epochs.
///
/// It computes what that loop computes, to the last bit, in matrices that it keeps from step to step. The order of the samples in
/// an epoch is a function of the seed and the epoch's number alone, unless [`Trainer::order`] says another one.
///
/// Samples count as much as their weights say ([`Dataset::with_weights`], [`Dataset::with_class_weights`]): the loss of a step is
///
/// ```text
/// J = Σ_i w_i c_i / Σ_i w_i        i: the samples of the step, those of all accumulated batches and shards together
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
    keep_start: bool,
    phases: bool,
}

impl<T: Scalar> fmt::Debug for Trainer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trainer: {}, {:?}, {} epochs, {:?}", self.loss.name(), self.optimizer, self.epochs, self.cut)
    }
}

impl<T: Scalar> Trainer<T> {
    /// 100 epochs in batches of 32, seed 0, no validation.
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
            keep_start: false,
            phases: false,
        }
    }

    /// How many epochs: how often every sample is used, unless [`Trainer::order`] lists them.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// How many samples a batch has; the last batch of an epoch has what is left.
    pub fn batch_size(mut self, samples: usize) -> Self {
        self.cut.batch_size = samples;
        self
    }

    /// Adds up the gradients of so many batches for each step, which is then that of one large batch, but for rounding. The
    /// last step of an epoch takes what is left. Schedules count steps.
    pub fn accumulate(mut self, batches: usize) -> Self {
        self.cut.accumulate = batches;
        self
    }

    /// Cuts each batch into so many parts, a power of two, whose gradients are added in a binary tree: a sum that does not
    /// depend on who computes which part. A sample draws the same random numbers in any part.
    pub fn shards(mut self, parts: usize) -> Self {
        self.cut.shards = parts;
        self
    }

    /// The seed of the order of the samples, and of all random numbers of layers.
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// In which order the samples are taken; otherwise shuffled.
    pub fn order(mut self, order: SampleOrder) -> Self {
        self.order = order;
        self
    }

    /// Computes the loss of these samples after each epoch, and of classes the accuracy. The network ends with the weights of the epoch where it was
    /// lowest, not with the last ones.
    pub fn validate_on(mut self, validation: &Dataset) -> Self {
        self.validation = Some(validation.clone());
        self
    }

    /// For a network that was trained before: its weights at the start count as those of epoch 0, and it keeps them where no epoch has a lower validation
    /// loss. Without validation this has no effect.
    pub fn keep_start(mut self) -> Self {
        self.keep_start = true;
        self
    }

    /// Stops when the validation loss has not become lower for this many epochs.
    pub fn early_stopping(mut self, patience: usize) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Measures how long each phase of a step takes, for [`History::phases`]; costs some 0.1 µs a step. Where whole gradients are
    /// needed, all of the backward pass counts as update.
    pub fn measure_phases(mut self) -> Self {
        self.phases = true;
        self
    }

    /// Trains `net` on `train` and says how it went.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for a setting that cannot be, [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the data do not fit the network, [`ErrorKind::Data`](crate::error::ErrorKind::Data) for data
    /// without samples, and for such that are not numbers alone; [`ErrorKind::Diverged`](crate::error::ErrorKind::Diverged) if the loss or a weight becomes infinite or NaN: then the network holds the weights of the epoch
    /// that the error names.
    pub fn run(&self, net: &mut NeuralNetwork<T>, train: &Dataset) -> Result<History> {
        self.run_with(net, train, &mut ())
    }

    /// The same with something that looks on, and may stop the training.
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

    /// A training of `net` on `train` that can be driven from outside.
    ///
    /// # Errors
    /// As [`Trainer::run`], but for what happens in training.
    pub fn start(&self, net: NeuralNetwork<T>, train: &Dataset) -> Result<Session<T>> {
        self.check(&net, train)?;
        Ok(Session::new(self.clone(), net, train.clone()))
    }

    /// Whether something needs all gradients before a weight moves.
    fn wants_whole_gradients(&self) -> bool {
        !self.optimizer.moves_by_pieces() || self.cut.accumulate > 1 || self.cut.shards > 1
    }

    /// Steps of an epoch.
    fn steps(&self, samples: usize) -> usize {
        self.order.length(samples).div_ceil(self.cut.samples())
    }

    /// Error if a layer needs more samples than the smallest part of a batch has.
    fn check_batches(&self, net: &NeuralNetwork<T>, samples: usize) -> Result<()> {
        let least = net.leaves().map(Layer::least_samples).max().unwrap_or(1);
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
        let better = better.map_or_else(String::new, |size| format!(" (a size of {size} gives them)"));
        let parts = if shards > 1 { format!(", each in {shards} shards") } else { String::new() };
        let expected = format!("batches of at least {least} samples, which batch norm needs{better}");
        let found = format!("{samples} samples in batches of {batch_size}{parts}: {found} in the smallest");
        Err(Error::invalid("batch size", expected, found))
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
        self.optimizer.check()?;
        self.optimizer.check_groups(&net.parameter_kinds())?;
        self.loss.check(net.outputs())?;
        self.check_batches(net, self.order.length(train.samples()))?;
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
