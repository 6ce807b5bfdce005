mod checkpoint;

use std::fmt;
use std::ops::ControlFlow;
use std::time::Instant;

pub use checkpoint::Checkpoint;
pub(crate) use checkpoint::save;

use super::average::Average;
use super::kept::{Kept, first_not_finite};
use super::label_smoothing::LabelSmoothing;
use super::monitor::Waiting;
use super::tolerance::Stalled;
use super::workspace::Workspace;
use super::{Callback, EpochRecord, History, Step, StopReason, Trainer};
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::network::NeuralNetwork;
use crate::network::evaluate::LossOver;
use crate::network::run::Run;
use crate::optimizer::{Optimizer, Schedule};
use crate::pass::Pass;
use crate::tensor::Scalar;

/// A training in progress, as a value: network, state of the optimizer, best weights, history and
/// position.
///
/// Run it by steps, by epochs, or to the end. A clone continues to the same bits as the original;
/// both are equal after the same number of steps.
///
/// ```
/// use mfnet::{Dataset, Mse, NeuralNetwork, Optimizer, Preprocessing, Seed, Sgd, Trainer};
/// let data = Dataset::built_in("diabetes")?;
/// let data = Preprocessing::fit(&data).apply(&data);
/// let net = NeuralNetwork::builder(10).linear(1).build(Seed(0))?;
/// let mut session = Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.01)).epochs(3).start(net, &data)?;
/// session.step(&mut ())?;
/// let mut copy = session.clone();
/// session.run(&mut ())?;
/// while copy.step(&mut ())?.is_some() {}
/// assert!(copy == session && session.history().epochs.len() == 3);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone)]
pub struct Session<T: Scalar = f64> {
    settings: Trainer<T>,
    train: Dataset,
    net: NeuralNetwork<T>,
    optimizer: Optimizer<T>,
    kept: Kept<T>,
    history: History,
    position: Position,
    stop: Option<StopReason>,
    /// The order of the samples in this epoch; empty between epochs.
    order: Vec<usize>,
    validation: Option<LossOver<T>>,
    average: Option<Average<T>>,
    waiting: Waiting,
    stalled: Stalled,
    /// Number of epochs before the schedules began.
    schedule_epochs: usize,
    work: Workspace<T>,
}

/// Room for the steps of a training.
pub(super) fn workspace<T: Scalar>(settings: &Trainer<T>, net: &NeuralNetwork<T>, train: &Dataset) -> Workspace<T> {
    let samples = settings.order.length(train.samples());
    let mut work = Workspace::new(net, train, samples, settings.cut, settings.wants_whole_gradients());
    if settings.phases {
        work.measure_phases();
    }
    work.mix(settings.mixup);
    work
}

/// The watched metric of a network on the validation samples.
fn score<T: Scalar>(settings: &Trainer<T>, net: &NeuralNetwork<T>) -> Option<f64> {
    let score = |data: &Dataset| settings.monitor.score(net, data);
    // the data were checked before
    settings.validation.as_ref().and_then(|data| score(data).ok().flatten())
}

/// What ended some steps.
struct Steps {
    flow: ControlFlow<()>,
    /// Whether they were the last of the epoch.
    is_whole: bool,
    wants_checkpoint: bool,
}

/// The position of a training.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Position {
    /// The current epoch, from 1; 0 before the first.
    epoch: usize,
    /// Number of steps in the epoch so far.
    step: usize,
    /// Samples used in the epoch so far, the sum of their weights, and the sum of their weighted
    /// losses.
    used: usize,
    weight: f64,
    sum: f64,
}

impl<T: Scalar> Session<T> {
    /// All arguments must fit together.
    pub(super) fn new(settings: Trainer<T>, net: NeuralNetwork<T>, train: Dataset) -> Self {
        let samples = settings.order.length(train.samples());
        let mut optimizer = settings.optimizer.clone();
        optimizer.set_length(settings.steps(train.samples()), settings.epochs);
        let work = workspace(&settings, &net, &train);
        let mut validation = settings.validation.clone().map(|data| LossOver::new(&net, data));
        let mut kept = Kept::of(&net, validation.is_some());
        // reserve memory for all epochs, up to a limit
        let mut history = History { epochs: Vec::with_capacity(settings.epochs.min(10_000)), ..History::default() };
        let mut waiting = Waiting::new();
        if settings.keep_start {
            let of_start = |validation: &mut LossOver<T>| validation.loss_and_accuracy(&net, &*settings.loss).0;
            history.start_validation_loss = validation.as_mut().map(of_start);
            let (validation_loss, validation_score) = (history.start_validation_loss, score(&settings, &net));
            let start = EpochRecord { validation_loss, validation_score, ..EpochRecord::default() };
            let watched = settings.monitor.watched(&start);
            kept.offer(0, watched, &net);
            waiting.observe(0, watched, settings.min_delta);
        }
        let average = settings.average.map(|averaging| Average::new(averaging, &net));
        let order = Vec::with_capacity(samples);
        let (position, stop) = (Position::default(), None);
        Session {
            settings,
            train,
            net,
            optimizer,
            kept,
            history,
            position,
            stop,
            order,
            validation,
            average,
            waiting,
            stalled: Stalled::new(),
            schedule_epochs: 0,
            work,
        }
    }

    /// Makes one step; after the last step of an epoch, also validates and calls the callback.
    /// Returns `None` if the training is over.
    ///
    /// # Errors
    /// [`ErrorKind::Diverged`], which ends the training, and errors of the callback.
    pub fn step(&mut self, callback: &mut dyn Callback<T>) -> Result<Option<Step>> {
        if self.stop.is_some() {
            return Ok(None);
        }
        if self.is_before_end_of_epoch() {
            self.end_epoch(ControlFlow::Continue(()), callback)?;
            return self.step(callback);
        }
        let clock = Instant::now();
        let made = self.one_step(callback);
        self.history.seconds += clock.elapsed().as_secs_f64();
        let (step, flow) = made?;
        let wants = callback.wants_checkpoint(&step);
        if flow.is_break() || step.step == step.steps {
            self.end_epoch(flow, callback)?;
        }
        if wants && self.stop.is_none() {
            callback.checkpoint(self)?;
        }
        Ok(Some(step))
    }

    /// As [`Session::step`], with this learning rate.
    pub(super) fn step_at(&mut self, rate: f64, callback: &mut dyn Callback<T>) -> Result<Option<Step>> {
        self.optimizer.set_learning_rate(rate);
        self.step(callback)
    }

    /// Makes the remaining steps of the current epoch, or all steps of the next one. Returns `None`
    /// if the training ended before or during it.
    ///
    /// # Errors
    /// As [`Session::step`].
    pub fn epoch(&mut self, callback: &mut dyn Callback<T>) -> Result<Option<EpochRecord>> {
        if self.stop.is_some() {
            return Ok(None);
        }
        let mut clock = Instant::now();
        loop {
            let made = self.steps(callback);
            self.history.seconds += clock.elapsed().as_secs_f64();
            let Steps { flow, is_whole, wants_checkpoint } = made?;
            let record = if flow.is_break() || is_whole { Some(self.end_epoch(flow, callback)?) } else { None };
            if wants_checkpoint && self.stop.is_none() {
                callback.checkpoint(self)?;
            }
            if let Some(record) = record {
                return Ok(record);
            }
            clock = Instant::now();
        }
    }

    /// Trains to the end.
    ///
    /// # Errors
    /// As [`Session::step`].
    pub fn run(&mut self, callback: &mut dyn Callback<T>) -> Result<()> {
        while self.stop.is_none() {
            self.epoch(callback)?;
        }
        Ok(())
    }

    /// Goes on with other samples, for this many epochs more: online learning, or rows that came later.
    /// The network, the state of the optimizer, averages, the best weights and the history stay; L-BFGS
    /// forgets its pairs. Schedules begin anew, and early stopping counts its epochs anew. The rest of an epoch that has begun is left out.
    ///
    /// ```
    /// use mfnet::{Adam, Dataset, Mse, NeuralNetwork, Optimizer, Preprocessing, Seed, Trainer};
    /// let data = Dataset::built_in("diabetes")?;
    /// let data = Preprocessing::fit(&data).apply(&data);
    /// let part = |from: usize| data.select(&(from..from + 200).collect::<Vec<_>>());
    /// let net = NeuralNetwork::builder(10).linear(8).relu().linear(1).build(Seed(0))?;
    /// let mut session = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(3).start(net, &part(0)?)?;
    /// session.run(&mut ())?;
    /// session.fit_more(&part(200)?, 2, &mut ())?;
    /// assert_eq!(session.history().epochs.len(), 5);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// A checkpoint of such a training is restored into a session that was started on the later samples,
    /// for as many epochs in all. As scikit-learn's `partial_fit`, which makes one epoch.
    ///
    /// # Errors
    /// As [`Trainer::start`], before anything is changed, and as [`Session::run`].
    pub fn fit_more(&mut self, train: &Dataset, epochs: usize, callback: &mut dyn Callback<T>) -> Result<()> {
        // an epoch that has begun does not count
        let made = self.history.epochs.len();
        let settings = Trainer { epochs: made.saturating_add(epochs), ..self.settings.clone() };
        if epochs == 0 {
            return Err(Error::invalid("epochs", "at least 1", 0));
        }
        settings.check(&self.net, train)?;
        settings.check_memory(&self.net, train, 1)?;
        self.work = workspace(&settings, &self.net, train);
        self.optimizer.begin_again(settings.steps(train.samples()), epochs);
        self.order.clear();
        self.position = Position { epoch: made, ..Position::default() };
        self.schedule_epochs = made;
        self.waiting = Waiting { epoch: self.waiting.epoch.map(|_| made), ..self.waiting };
        self.stalled = Stalled::new();
        (self.settings, self.train, self.stop) = (settings, train.clone(), None);
        self.history.stop = StopReason::Finished;
        self.run(callback)
    }

    /// The network with its current weights; after the end, with the best ones.
    pub fn network(&self) -> &NeuralNetwork<T> {
        &self.net
    }

    /// The history so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The current epoch, from 1, and the number of its steps so far; (0, 0) before the first.
    pub fn position(&self) -> (usize, usize) {
        (self.position.epoch, self.position.step)
    }

    /// Why the training is over; `None` if it is not.
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.stop
    }

    /// The network and the history.
    pub fn into_parts(self) -> (NeuralNetwork<T>, History) {
        (self.net, self.history)
    }

    /// Makes the steps of an epoch, to its end or to a checkpoint.
    #[inline(never)]
    fn steps(&mut self, callback: &mut dyn Callback<T>) -> Result<Steps> {
        if self.is_before_end_of_epoch() {
            return Ok(Steps { flow: ControlFlow::Continue(()), is_whole: true, wants_checkpoint: false });
        }
        loop {
            let (step, flow) = self.one_step(callback)?;
            let (is_whole, wants_checkpoint) = (step.step == step.steps, callback.wants_checkpoint(&step));
            if flow.is_break() || is_whole || wants_checkpoint {
                return Ok(Steps { flow, is_whole, wants_checkpoint });
            }
        }
    }

    /// Whether all steps of an epoch are made and its end is still to come, as in a checkpoint of a
    /// training that was stopped in its last step.
    fn is_before_end_of_epoch(&self) -> bool {
        !self.order.is_empty() && self.position.used == self.order.len()
    }

    /// Whether the next step is the last one of its epoch.
    pub(super) fn is_before_last_step(&self) -> bool {
        let made = if self.order.is_empty() { 0 } else { self.position.step };
        made + 1 == self.settings.steps(self.train.samples())
    }

    /// Makes one step: gather, forward, loss, backward, update.
    #[inline(never)]
    fn one_step(&mut self, callback: &mut dyn Callback<T>) -> Result<(Step, ControlFlow<()>)> {
        let Trainer { loss, epochs, cut, seed, order, network, .. } = &self.settings;
        if self.order.is_empty() {
            let epoch = self.position.epoch + 1;
            order.write(epoch, self.train.samples(), *seed, &mut self.order);
            self.position = Position { epoch, ..Position::default() };
        }
        let Position { epoch, step, used, weight, sum } = self.position;
        let (step, steps) = (step + 1, self.order.len().div_ceil(cut.samples()));
        let rest = &self.order[used..];
        let samples = rest.len().min(cut.samples());
        let batch = (&self.train, rest, samples);
        let run = Run {
            dropout: self.factor(self.settings.dropout_schedule, (epoch, step, steps)),
            ..Run::of(Pass::Train { seed: *seed, epoch, step })
        };
        if let Some(LabelSmoothing { epsilon, schedule }) = self.settings.smoothing {
            self.work.smooth(epsilon * self.factor(schedule, (epoch, step, steps)));
        }
        // usually weights are updated during the backward pass; whole gradients are computed only
        // to be observed, accumulated or clipped
        let looks = callback.wants_gradients();
        let whole = looks || self.settings.wants_whole_gradients();
        let divisor = self.work.weigh(&self.train, &rest[..samples]);
        let value = if divisor == 0.0 {
            0.0
        } else if whole {
            self.work.keep_whole_gradients(&self.net);
            self.work.whole_gradients(&mut self.net, &**loss, batch, (run, *cut, divisor))
        } else {
            self.work.forward_and_loss(&self.net, &**loss, batch, (run, divisor))
        };
        let made = Step { network: *network, epoch, epochs: *epochs, step, steps, samples, loss: value };
        if !value.is_finite() {
            return Err(self.diverged("the loss", value, step));
        }
        if weight == 0.0 {
            self.kept.start_epoch(&self.net);
        }
        if divisor == 0.0 {
            // all weights are 0: nothing to learn in this step
        } else if whole {
            if looks {
                callback.gradients(&made, self.work.gradients_mut())?;
            }
            if self.optimizer.searches() {
                let of = (&mut self.net, &mut self.optimizer);
                self.work.search(of, (&**loss, value), batch, (run, *cut, divisor));
            } else {
                self.work.step(&mut self.net, &mut self.optimizer);
            }
        } else {
            self.work.backward_and_step(&mut self.net, run, &mut self.optimizer);
        }
        if let Some(average) = &mut self.average
            && divisor != 0.0
        {
            average.end_step(&self.net);
        }
        let (used, weight, sum) = (used + samples, weight + divisor, sum + value * divisor);
        self.position = Position { epoch, step, used, weight, sum };
        Ok((made, callback.step(&made)?))
    }

    /// f(t) of a schedule in a step of an epoch, both counted from 1.
    fn factor(&self, schedule: Schedule, (epoch, step, steps): (usize, usize, usize)) -> f64 {
        // those before the schedules began do not count
        let [before, epochs] = [epoch - 1, self.settings.epochs].map(|x| x.saturating_sub(self.schedule_epochs));
        schedule.factor(before.saturating_mul(steps) + step - 1, steps, epochs)
    }

    /// Ends an epoch, or a part of it if a callback stopped: validation, best weights, record.
    #[inline(never)]
    fn end_epoch(&mut self, flow: ControlFlow<()>, callback: &mut dyn Callback<T>) -> Result<Option<EpochRecord>> {
        if flow.is_break() {
            callback.checkpoint(self)?;
            return self.interrupt().map(|()| None);
        }
        self.leave_epoch()?;
        let Position { epoch, weight, sum, .. } = self.position;
        let (epochs, loss) = (self.settings.epochs, &*self.settings.loss);
        let averaged = self.average.as_mut().and_then(|average| average.end_epoch(epoch, epochs, &self.net));
        // before the first average no epoch can be the best one
        let is_before_start = self.settings.average.is_some() && averaged.is_none();
        let net = averaged.unwrap_or(&self.net);
        let (validation_loss, validation_accuracy) =
            self.validation.as_mut().map(|validation| validation.loss_and_accuracy(net, loss)).unzip();
        let validation_score = score(&self.settings, net);
        let record = EpochRecord {
            network: self.settings.network,
            epoch,
            loss: sum / weight,
            validation_loss,
            seconds: self.history.seconds,
            validation_accuracy: validation_accuracy.flatten(),
            validation_score,
        };
        let watched = if is_before_start { None } else { self.settings.monitor.watched(&record) };
        self.kept.offer(epoch, watched, net);
        self.waiting.observe(epoch, watched, self.settings.min_delta);
        self.history.epochs.push(record);
        self.optimizer.end_epoch(record.watched_loss());
        self.history.best_epoch = self.kept.best_epoch().unwrap_or(epoch);
        let flow = callback.epoch(&record, net)?;
        let is_stalled = self.stalled.observe(record.loss, self.settings.tolerance);
        let waited = self.waiting.waited(epoch);
        if epoch == self.settings.epochs {
            self.finish(StopReason::Finished);
        } else if is_stalled || self.settings.patience.is_some_and(|patience| waited >= patience) {
            self.finish(StopReason::Early);
        }
        if flow.is_break() || self.stop.is_some() {
            callback.checkpoint(self)?;
        }
        if flow.is_break() {
            self.finish(StopReason::Callback);
        }
        Ok(Some(record))
    }

    /// Ends the training as a callback does that stops it.
    pub(super) fn interrupt(&mut self) -> Result<()> {
        self.leave_epoch()?;
        self.finish(StopReason::Callback);
        Ok(())
    }

    /// Counts the samples of the epoch so far, unless a weight is not finite.
    fn leave_epoch(&mut self) -> Result<()> {
        if let Some(value) = first_not_finite(&self.net) {
            return Err(self.diverged("a weight", value, self.position.step));
        }
        if !self.order.is_empty() {
            self.history.samples += self.position.used;
            self.order.clear();
        }
        Ok(())
    }

    /// A copy of the current network, with averaged weights if there are some.
    pub(crate) fn network_so_far(&self) -> NeuralNetwork<T> {
        let mut net = self.net.clone();
        self.average.iter().filter(|average| average.count > 0).for_each(|average| average.weights.copy_to(&mut net));
        net
    }

    fn finish(&mut self, reason: StopReason) {
        self.stop = Some(reason);
        self.history.stop = reason;
        self.history.phases = self.work.phases();
        if let Some(average) = self.average.as_mut().filter(|average| average.count > 0) {
            average.weights.copy_to(&mut self.net);
        }
        self.kept.restore_best(&mut self.net);
    }

    /// Restores the last good weights and ends the training.
    fn diverged(&mut self, what: &'static str, value: f64, step: usize) -> Error {
        let epoch = self.position.epoch;
        let kept = self.kept.restore(&mut self.net, epoch);
        self.stop = Some(StopReason::Diverged);
        self.history.stop = StopReason::Diverged;
        ErrorKind::Diverged { what, value, epoch, step, kept }.into()
    }
}

impl<T: Scalar> PartialEq for Session<T> {
    /// Whether both are at the same position with the same numbers. Times, data and settings are
    /// not compared.
    fn eq(&self, other: &Self) -> bool {
        let state = |session: &Self| {
            let mut all = Vec::new();
            session.net.visit_state(&mut |matrix| all.push(matrix.clone()));
            all
        };
        self.position == other.position
            && self.stop == other.stop
            && self.optimizer.is_where(&other.optimizer)
            && self.kept == other.kept
            && self.average == other.average
            && self.waiting == other.waiting
            && self.stalled == other.stalled
            && self.history.is_same(&other.history)
            && state(self) == state(other)
    }
}

impl<T: Scalar> fmt::Debug for Session<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, in {:?}", self.settings, self.position)
    }
}
