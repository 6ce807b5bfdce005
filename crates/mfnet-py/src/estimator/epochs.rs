//! The epochs of a fit, with scikit-learn's rules for the learning rate and for stopping.

use mfnet::optimizer::scikit_learn::{Adam, Sgd};
use mfnet::optimizer::{Clip, Schedule};
use mfnet::train::Stepper;
use mfnet::{Dataset, Loss, NeuralNetwork, Optimizer, Pass, Seed, Trainer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::data::Number;
use super::lbfgs::{self, Limits};
use super::losses;
use super::mt19937::Mt19937;
use super::output::Link;
use super::score::score;
use crate::errors::raised;
use crate::signals::Signals;

/// What the estimator says about a fit.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Settings {
    pub(super) solver: String,
    pub(super) loss: String,
    pub(super) alpha: f64,
    pub(super) batch_size: usize,
    pub(super) learning_rate: String,
    pub(super) learning_rate_init: f64,
    pub(super) power_t: f64,
    pub(super) max_iter: usize,
    pub(super) tol: f64,
    pub(super) momentum: f64,
    pub(super) nesterovs_momentum: bool,
    pub(super) early_stopping: bool,
    pub(super) beta_1: f64,
    pub(super) beta_2: f64,
    pub(super) epsilon: f64,
    pub(super) n_iter_no_change: f64,
    pub(super) max_fun: usize,
    pub(super) weight_decay: f64,
    pub(super) clip_norm: Option<f64>,
    pub(super) schedule: Option<String>,
    /// Seed of the dropout.
    pub(super) seed: u64,
    /// Whether this is one epoch of `partial_fit`.
    pub(super) incremental: bool,
    /// Whether the callback gets the weights.
    pub(super) shows_weights: bool,
    pub(super) n_threads: Option<usize>,
    /// Of the fit before, if this one goes on: samples seen, epochs without improvement, best loss or score,
    /// learning rate.
    pub(super) t: usize,
    pub(super) no_improvement: usize,
    pub(super) best: f64,
    pub(super) rate: f64,
}

/// The samples of a fit.
pub(super) struct Data {
    pub(super) train: Dataset,
    /// Validation samples, and their weights in the score.
    pub(super) validation: Option<(Dataset, Option<Vec<f64>>)>,
    /// What shuffles, unless the samples keep their order.
    pub(super) random: Option<Mt19937>,
}

/// A fit in progress, or its result.
pub(super) struct Progress<T: Number> {
    pub(super) net: NeuralNetwork<T>,
    pub(super) optimizer: Option<Optimizer<T>>,
    pub(super) n_iter: usize,
    pub(super) t: usize,
    pub(super) loss: f64,
    pub(super) losses: Vec<f64>,
    pub(super) validation_losses: Vec<f64>,
    pub(super) scores: Vec<f64>,
    pub(super) no_improvement: usize,
    pub(super) best: f64,
    pub(super) rate: f64,
    /// 0 if it converged or was stopped, 1 at a limit, 2 if L-BFGS failed; as SciPy's status.
    pub(super) status: u8,
    pub(super) message: String,
    /// What ended it early: Ctrl-C, or an error of the callback.
    pub(super) error: Option<PyErr>,
}

impl<T: Number> Progress<T> {
    pub(super) fn new(net: NeuralNetwork<T>, settings: &Settings) -> Self {
        Progress {
            net,
            optimizer: None,
            n_iter: 0,
            t: settings.t,
            loss: f64::NAN,
            losses: Vec::new(),
            validation_losses: Vec::new(),
            scores: Vec::new(),
            no_improvement: settings.no_improvement,
            best: settings.best,
            rate: settings.rate,
            status: 0,
            message: String::new(),
            error: None,
        }
    }
}

/// Called after each epoch with its number, the loss, the score and a message, and the network; returns whether to
/// stop.
pub(super) type OnEpoch<'a, T> = &'a mut dyn FnMut(usize, f64, Option<f64>, &str, &NeuralNetwork<T>) -> PyResult<bool>;

/// Below this learning rate, "adaptive" stops.
const LEAST_RATE: f64 = 1e-6;

/// Trains by epochs.
pub(super) fn train<T: Number>(
    progress: &mut Progress<T>,
    settings: &Settings,
    data: &mut Data,
    link: Link,
    optimizer: Option<Optimizer<T>>,
    on_epoch: Option<OnEpoch<'_, T>>,
) -> PyResult<()> {
    let loss = || losses::loss::<T>(&settings.loss, progress.net.outputs()).map_err(PyValueError::new_err);
    let mut optimizer = match optimizer {
        Some(optimizer) => optimizer,
        None => self::optimizer(settings)?,
    };
    optimizer.set_learning_rate(progress.rate);
    optimizer.set_weight_decay(1.0);
    let trainer = Trainer::new(loss()?, optimizer).epochs(settings.max_iter).batch_size(settings.batch_size);
    let steps = trainer.stepper(progress.net.clone(), &data.train).map_err(raised)?;
    let mut fit = Fit { steps, of_validation: loss()?, settings, data, link, signals: Signals::new(), kept: None };
    if settings.early_stopping {
        fit.kept = Some(progress.net.clone());
    }
    fit.run(progress, on_epoch);
    let Fit { steps, kept, .. } = fit;
    let (net, optimizer) = steps.into_parts();
    progress.net = kept.unwrap_or(net);
    progress.optimizer = Some(optimizer);
    Ok(())
}

/// An optimizer without state.
pub(super) fn optimizer<T: Number>(settings: &Settings) -> PyResult<Optimizer<T>> {
    let Settings { alpha, weight_decay, .. } = *settings;
    let rate = settings.learning_rate_init;
    let mut optimizer = if settings.solver == "sgd" {
        let (momentum, nesterov) = (settings.momentum, settings.nesterovs_momentum);
        Optimizer::new(Sgd { momentum, nesterov, alpha, weight_decay }, rate)
    } else {
        let (beta1, beta2, epsilon) = (settings.beta_1, settings.beta_2, settings.epsilon);
        Optimizer::new(Adam { beta1, beta2, epsilon, alpha, weight_decay }, rate)
    };
    if let Some(norm) = settings.clip_norm {
        optimizer = optimizer.clip(Clip::Global(norm));
    }
    if let Some(schedule) = &settings.schedule {
        let schedule: Schedule = schedule.parse().map_err(PyValueError::new_err)?;
        optimizer = optimizer.schedule(schedule);
    }
    Ok(optimizer)
}

struct Fit<'a, T: Number> {
    steps: Stepper<T>,
    of_validation: Box<dyn Loss<T>>,
    settings: &'a Settings,
    data: &'a mut Data,
    link: Link,
    signals: Signals,
    /// The network of the best score.
    kept: Option<NeuralNetwork<T>>,
}

impl<T: Number> Fit<'_, T> {
    fn run(&mut self, progress: &mut Progress<T>, mut on_epoch: Option<OnEpoch<'_, T>>) {
        let samples = self.data.train.samples();
        let mut order: Vec<usize> = (0..samples).collect();
        let mut shuffled: Vec<usize> = Vec::new();
        for _ in 0..self.settings.max_iter {
            if let Some(random) = &mut self.data.random {
                // scikit-learn shuffles numbers from 0, and takes the last order by them
                shuffled.clear();
                shuffled.extend(0..samples);
                random.shuffle(&mut shuffled);
                shuffled.iter_mut().for_each(|place| *place = order[*place]);
                std::mem::swap(&mut order, &mut shuffled);
            }
            // other masks of dropout than in all epochs before, those of other calls too
            match self.epoch(progress.t + 1, &order) {
                Ok(loss) => progress.loss = loss,
                Err(error) => {
                    progress.error = Some(error);
                    return;
                }
            }
            progress.n_iter += 1;
            progress.t += samples;
            progress.losses.push(progress.loss);
            self.validate(progress);
            if self.settings.solver == "sgd" && self.settings.learning_rate == "invscaling" {
                progress.rate =
                    self.settings.learning_rate_init / ((progress.t + 1) as f64).powf(self.settings.power_t);
                self.steps.optimizer_mut().set_learning_rate(progress.rate);
            }
            // for a schedule that depends on losses
            let watched = progress.validation_losses.last().copied().unwrap_or(progress.loss);
            self.steps.optimizer_mut().end_epoch(watched);
            let stops = self.stops(progress);
            if let Some(on_epoch) = &mut on_epoch {
                let (loss, score) = (progress.loss, progress.scores.last().copied());
                match on_epoch(progress.n_iter, loss, score, &progress.message, self.steps.network()) {
                    Ok(false) => {}
                    Ok(true) => {
                        progress.status = 0;
                        return;
                    }
                    Err(error) => {
                        progress.error = Some(error);
                        return;
                    }
                }
            }
            if stops || self.settings.incremental {
                progress.status = 0;
                return;
            }
            progress.status = 1;
            let is_lost = !progress.loss.is_finite() && self.kept.is_none();
            if is_lost && !self.steps.network().parameters().all(|p| p.value.is_finite()) {
                return;
            }
        }
    }

    /// The steps of an epoch; returns the mean of the batch losses, by samples, with the penalty.
    fn epoch(&mut self, epoch: usize, order: &[usize]) -> PyResult<f64> {
        let (size, alpha) = (self.settings.batch_size, self.settings.alpha);
        let mut sum = 0.0;
        for (step, first) in (1..).zip((0..order.len()).step_by(size)) {
            let (rest, count) = (&order[first..], size.min(order.len() - first));
            let divisor = match self.data.train.loss_weights() {
                Some(weights) => rest[..count].iter().map(|sample| weights[*sample]).sum(),
                None => count as f64,
            };
            if divisor > 0.0 {
                self.steps.optimizer_mut().set_weight_decay(1.0 / divisor);
                let penalty = if alpha > 0.0 { 0.5 * alpha * squares(self.steps.network()) / divisor } else { 0.0 };
                let pass = Pass::Train { seed: Seed(self.settings.seed), epoch, step };
                sum += (self.steps.step(rest, count, pass) + penalty) * count as f64;
            }
            self.signals.check()?;
        }
        Ok(sum / order.len() as f64)
    }

    /// Loss and score of the validation samples; counts the epochs without improvement.
    fn validate(&mut self, progress: &mut Progress<T>) {
        let net = self.steps.network();
        if let Some((data, weights)) = &self.data.validation {
            progress.scores.push(score(net, self.link, data, weights.as_deref()));
            let loss = net.evaluate_loss(&*self.of_validation, data);
            progress.validation_losses.push(loss.unwrap_or(f64::NAN));
        }
        let (tol, best) = (self.settings.tol, progress.best);
        let improves_too_little = match (&mut self.kept, progress.scores.last()) {
            (Some(kept), Some(score)) => {
                if *score > best {
                    progress.best = *score;
                    kept.clone_from(net);
                }
                *score < best + tol
            }
            _ => {
                if progress.loss < best {
                    progress.best = progress.loss;
                }
                progress.loss > best - tol
            }
        };
        progress.no_improvement = if improves_too_little { progress.no_improvement + 1 } else { 0 };
    }

    /// Whether to stop, because of epochs without improvement; "adaptive" lowers the learning rate first.
    fn stops(&mut self, progress: &mut Progress<T>) -> bool {
        progress.message.clear();
        let most = self.settings.n_iter_no_change;
        if progress.no_improvement as f64 <= most {
            return false;
        }
        let what = if self.kept.is_some() { "Validation score" } else { "Training loss" };
        let tol = self.settings.tol;
        let message = format!("{what} did not improve more than tol={tol:.6} for {most} consecutive epochs.");
        let is_adaptive = self.settings.solver == "sgd" && self.settings.learning_rate == "adaptive";
        if is_adaptive && progress.rate > LEAST_RATE {
            progress.rate /= 5.0;
            self.steps.optimizer_mut().set_learning_rate(progress.rate);
            progress.message = format!("{message} Setting learning rate to {:.6}", progress.rate);
            progress.no_improvement = 0;
            return false;
        }
        let too_small = if is_adaptive { " Learning rate too small." } else { "" };
        progress.message = format!("{message}{too_small} Stopping.");
        true
    }
}

/// ΣW², without biases.
fn squares<T: Number>(net: &NeuralNetwork<T>) -> f64 {
    net.parameters().map(|p| p.sum_of_squares()).sum()
}

/// L-BFGS computes the gradients of this many samples at a time, so that it needs little memory and soon sees Ctrl-C.
const AT_A_TIME: usize = 4096;

/// Minimises the loss of all samples by L-BFGS.
pub(super) fn minimize(
    progress: &mut Progress<f64>,
    settings: &Settings,
    data: &Data,
    mut on_epoch: Option<OnEpoch<'_, f64>>,
) -> PyResult<()> {
    let loss = losses::loss::<f64>(&settings.loss, progress.net.outputs()).map_err(PyValueError::new_err)?;
    let samples = data.train.samples();
    let size = samples.min(AT_A_TIME);
    let rule = Sgd { momentum: 0.0, nesterov: false, alpha: 0.0, weight_decay: 0.0 };
    let trainer = Trainer::new(loss, Optimizer::new(rule, 1.0)).batch_size(size);
    let mut steps = trainer.stepper(progress.net.clone(), &data.train).map_err(raised)?;
    let order: Vec<usize> = (0..samples).collect();
    let weight = |some: &[usize]| match data.train.loss_weights() {
        Some(weights) => some.iter().map(|sample| weights[*sample]).sum(),
        None => some.len() as f64,
    };
    let divisor = weight(&order);
    let mut net = progress.net.clone();
    let mut shown = progress.net.clone();
    let mut signals = Signals::new();
    let limits = Limits { iterations: settings.max_iter, evaluations: settings.max_fun, gradient: settings.tol };
    let mut evaluate = |x: &[f64], g: &mut [f64]| {
        unpack(x, &mut net);
        steps.change(|to| to.clone_from(&net));
        let l2 = settings.alpha / divisor;
        let mut places = g.iter_mut().zip(x);
        for parameter in net.parameters() {
            let (rows, biases) = (parameter.value.rows(), parameter.value.rows() * parameter.bias_columns);
            let of_matrix = places.by_ref().take(rows * parameter.value.columns());
            of_matrix.enumerate().for_each(|(i, (g, w))| *g = if i < biases { 0.0 } else { l2 * w });
        }
        let mut value = 0.5 * l2 * squares(&net);
        for some in order.chunks(size) {
            let share = weight(some) / divisor;
            let (of_some, gradients) = steps.gradients(some, some.len(), Pass::Evaluate);
            value += share * of_some;
            let mut places = g.iter_mut();
            for gradient in gradients.iter() {
                for j in 0..gradient.columns() {
                    gradient.column(j).zip(&mut places).for_each(|(dj_dw, g)| *g += share * dj_dw);
                }
            }
            signals.check()?;
        }
        Ok(value)
    };
    let mut iteration = |number: usize, value: f64, x: &[f64]| match &mut on_epoch {
        Some(on_epoch) => {
            unpack(x, &mut shown);
            on_epoch(number, value, None, "", &shown)
        }
        None => Ok(false),
    };
    let (outcome, result) = lbfgs::minimize(packed(&progress.net), limits, &mut evaluate, &mut iteration);
    unpack(&outcome.x, &mut progress.net);
    (progress.n_iter, progress.loss) = (outcome.iterations, outcome.value);
    (progress.status, progress.message) = (outcome.status, outcome.message.to_owned());
    progress.error = result.err();
    Ok(())
}

/// All parameters, matrix by matrix and column by column.
fn packed(net: &NeuralNetwork<f64>) -> Vec<f64> {
    net.parameters().flat_map(|p| (0..p.value.columns()).flat_map(|j| p.value.column(j))).collect()
}

fn unpack(x: &[f64], net: &mut NeuralNetwork<f64>) {
    let mut numbers = x.iter();
    for parameter in net.parameters_mut() {
        for j in 0..parameter.value.columns() {
            parameter.value.column_mut(j).zip(&mut numbers).for_each(|(w, x)| *w = *x);
        }
    }
}
