//! Training: the loop, once.

mod baseline;
mod callback;
mod history;
mod kept;
mod lbfgs;
mod order;
mod phases;
mod whitening;
mod workspace;

use std::time::Instant;

pub use baseline::{linear_model, linear_model_while, naive_model};
pub use callback::{Callback, Flow, Step};
pub use history::{EpochRecord, History, Stop};
pub use order::SampleOrder;
pub use phases::Phases;

use self::kept::{Kept, first_not_finite};
use self::workspace::Workspace;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::network::NeuralNetwork;
use crate::network::evaluate::LossOver;
use crate::optimizer::{Clip, Optimizer, Rule, Schedule};
use crate::random::Seed;
use crate::tensor::Scalar;

/// Trains a network: the loop of `forward`, `gradient`, `backward`, `step` over all batches of all epochs.
///
/// It computes what that loop computes, to the last bit, in matrices that it keeps from step to step. The order of the samples in
/// an epoch is a function of the seed and the epoch's number alone, unless [`Trainer::order`] says another one.
///
/// ```
/// use mfnet::{Adam, CrossEntropy, Dataset, Fractions, NeuralNetwork, Preprocessing, Seed, Trainer};
/// let data = Dataset::built_in("digits")?;
/// let (train, validation, test) = data.split(Fractions { validation: 0.1, test: 0.2 }, Seed(0))?;
/// let scale = Preprocessing::fit(&train);
/// let mut net = NeuralNetwork::builder(data.features()).linear(32).relu().linear(data.classes()).build(Seed(0))?;
/// let history = Trainer::new(CrossEntropy, Adam::default())
///     .epochs(5)
///     .validate_on(&scale.apply(&validation))
///     .run(&mut net, &scale.apply(&train))?;
/// assert_eq!(history.epochs().len(), 5);
/// assert!(net.evaluate(&scale.apply(&test))?.headline() > 0.85);
/// # Ok::<(), mfnet::Error>(())
/// ```
pub struct Trainer<'a, T: Scalar, L, R> {
    loss: L,
    optimizer: Optimizer<T, R>,
    /// The rule's rate before any schedule.
    rate: Option<f64>,
    epochs: usize,
    batch_size: usize,
    seed: Seed,
    order: SampleOrder,
    clip: Option<Clip>,
    schedule: Schedule,
    validation: Option<&'a Dataset>,
    patience: Option<usize>,
    keep_start: bool,
    phases: bool,
    callbacks: Vec<&'a mut dyn Callback<T>>,
}

impl<'a, T: Scalar, L: Loss<T>, R: Rule<T>> Trainer<'a, T, L, R> {
    /// 100 epochs in batches of 32, seed 0, a constant rate, no clipping, no validation.
    pub fn new(loss: L, mut rule: R) -> Self {
        Trainer {
            loss,
            rate: rule.learning_rate_mut().copied(),
            optimizer: Optimizer::new(rule),
            epochs: 100,
            batch_size: 32,
            seed: Seed(0),
            order: SampleOrder::Shuffled,
            clip: None,
            schedule: Schedule::Constant,
            validation: None,
            patience: None,
            keep_start: false,
            phases: false,
            callbacks: Vec::new(),
        }
    }

    /// How many epochs: how often every sample is used, unless [`Trainer::order`] lists them.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// How many samples a step uses; the last step of an epoch takes what is left.
    pub fn batch_size(mut self, samples: usize) -> Self {
        self.batch_size = samples;
        self
    }

    /// From which the order of the samples follows.
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// In which order the samples are taken; otherwise shuffled.
    pub fn order(mut self, order: SampleOrder) -> Self {
        self.order = order;
        self
    }

    /// Shortens long gradients before each step.
    pub fn clip(mut self, clip: Clip) -> Self {
        self.clip = Some(clip);
        self
    }

    /// Changes the rule's rate from step to step.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Computes the loss of these samples after each epoch, and of classes the accuracy. The network ends with the weights of the epoch where it was
    /// lowest, not with the last ones.
    pub fn validate_on(mut self, validation: &'a Dataset) -> Self {
        self.validation = Some(validation);
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

    /// Measures how long each phase of a step takes, for [`History::phases`]; costs some 0.1 µs a step.
    pub fn measure_phases(mut self) -> Self {
        self.phases = true;
        self
    }

    /// Something that looks on, and may stop the training.
    pub fn callback(mut self, callback: &'a mut dyn Callback<T>) -> Self {
        self.callbacks.push(callback);
        self
    }

    /// Trains `net` on `train` and says how it went.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a setting that cannot be, [`Error::Shape`] if the data do not fit the network, [`Error::Data`] for data
    /// without samples, and for such that are not numbers alone; [`Error::Diverged`] if the loss or a weight becomes infinite or NaN: then the network holds the weights of the epoch
    /// that the error names. An error of a callback ends the training.
    pub fn run(mut self, net: &mut NeuralNetwork<T>, train: &Dataset) -> Result<History> {
        self.check(net, train)?;
        let whole_gradients = self.clip.is_some() || self.optimizer.rule().by_elements().is_none();
        let mut work =
            Workspace::new(net, train, self.batch_size.min(self.order.length(train.samples())), whole_gradients);
        if self.phases {
            work.measure_phases();
        }
        let mut validation = self.validation.map(|data| LossOver::new(net, data));
        let mut kept = Kept::of(net, validation.is_some());
        let mut history = History::with_room_for(self.epochs);
        if self.keep_start {
            history.start = validation.as_mut().map(|validation| validation.loss_and_accuracy(net, &self.loss).0);
            kept.offer(0, history.start, net);
        }
        for epoch in 1..=self.epochs {
            let clock = Instant::now();
            let (loss, flow) = self.all_steps(epoch, net, train, &mut work, &mut kept)?;
            history.seconds += clock.elapsed().as_secs_f64();
            history.samples += work.samples_used();
            if flow == Flow::Stop {
                history.stop = Stop::Callback;
                break;
            }
            let (validation_loss, validation_accuracy) =
                validation.as_mut().map(|validation| validation.loss_and_accuracy(net, &self.loss)).unzip();
            kept.offer(epoch, validation_loss, net);
            let record = EpochRecord {
                epoch,
                loss,
                validation_loss,
                seconds: history.seconds,
                validation_accuracy: validation_accuracy.flatten(),
            };
            history.epochs.push(record);
            let mut flow = Flow::Continue;
            for callback in &mut self.callbacks {
                flow = flow.or(callback.epoch(&record, net)?);
            }
            if flow == Flow::Stop {
                history.stop = Stop::Callback;
                break;
            }
            if epoch < self.epochs
                && self.patience.is_some_and(|patience| epoch - kept.best_epoch().unwrap_or(0) >= patience)
            {
                history.stop = Stop::Early;
                break;
            }
        }
        history.phases = work.phases();
        history.best_epoch = kept.best_epoch();
        kept.restore_best(net);
        Ok(history)
    }

    /// One epoch: every sample once, or as the order lists them. The mean loss of its samples, and whether a callback wants to go on.
    fn all_steps(
        &mut self,
        epoch: usize,
        net: &mut NeuralNetwork<T>,
        train: &Dataset,
        work: &mut Workspace<T>,
        kept: &mut Kept<T>,
    ) -> Result<(f64, Flow)> {
        let mut sum = 0.0;
        let mut flow = Flow::Continue;
        let steps = work.start_epoch(|order| self.order.write(epoch, train.samples(), self.seed, order));
        for step in 1..=steps {
            let samples = work.gather(train);
            let loss = work.forward_and_loss(net, &self.loss);
            if !loss.is_finite() {
                let kept = kept.restore(net, epoch);
                return Err(Error::Diverged { what: "the loss", value: loss, epoch, step, kept });
            }
            if step == 1 {
                kept.start_epoch(net);
            }
            self.set_rate((epoch - 1) * steps + step - 1, steps);
            work.backward_and_step(net, self.clip, &mut self.optimizer);
            sum += loss * samples as f64;
            let done = Step { epoch, epochs: self.epochs, step, steps, samples, loss };
            for callback in &mut self.callbacks {
                flow = flow.or(callback.step(&done));
            }
            if flow == Flow::Stop {
                break;
            }
        }
        match first_not_finite(net) {
            Some(value) => {
                let kept = kept.restore(net, epoch);
                Err(Error::Diverged { what: "a weight", value, epoch, step: steps, kept })
            }
            None => Ok((sum / work.samples_used() as f64, flow)),
        }
    }

    /// The rate of a step that is counted from 0 over all epochs.
    fn set_rate(&mut self, step: usize, steps_per_epoch: usize) {
        if let (Some(first), Some(rate)) = (self.rate, self.optimizer.rule_mut().learning_rate_mut()) {
            *rate = first * self.schedule.factor(step, steps_per_epoch, self.epochs);
        }
    }

    fn check(&self, net: &NeuralNetwork<T>, train: &Dataset) -> Result<()> {
        for (name, count) in [("epochs", self.epochs), ("batch size", self.batch_size)] {
            if count == 0 {
                return Err(Error::invalid(name, "at least 1", 0));
            }
        }
        if self.patience == Some(0) {
            return Err(Error::invalid("early stopping", "at least 1 epoch", 0));
        }
        if self.patience.is_some() && self.validation.is_none() {
            return Err(Error::invalid("early stopping", "validation samples to watch", "none"));
        }
        self.optimizer.rule().check()?;
        self.schedule.check()?;
        if self.schedule != Schedule::Constant && self.rate.is_none() {
            return Err(Error::invalid("schedule", "a rule that has a learning rate", self.optimizer.rule().name()));
        }
        self.clip.map_or(Ok(()), Clip::check)?;
        for data in [Some(train), self.validation].into_iter().flatten() {
            net.check_input("Trainer::run", data.features())?;
            net.check_outputs("Trainer::run", data.outputs())?;
            if data.samples() == 0 {
                return Err(Error::data(data.name(), mfnet_table::FileProblem::Empty));
            }
            data.check_numbers()?;
        }
        self.order.check(self.epochs, train.samples())
    }
}
