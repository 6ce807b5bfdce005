//! The learning-rate range test.

use std::ops::ControlFlow;

use super::label_smoothing::LabelSmoothing;
use super::{Callback, Monitor, Step, Trainer};
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::network::NeuralNetwork;
use crate::optimizer::Schedule;
use crate::tensor::Scalar;

/// The first and the last learning rate.
const RANGE: [f64; 2] = [1e-6, 10.0];
/// β of the smoothed loss.
const BETA: f64 = 0.98;
/// The test stops above this many times the lowest smoothed loss.
const TIMES_LOWEST: f64 = 4.0;
/// The suggestion ignores the first tenth of the steps, whose smoothed losses are means of few losses.
const BEGINNING: usize = 10;
/// A rate lowers the loss if the smoothed loss falls by more than this fraction of itself.
const FALL: f64 = 1e-3;
/// The suggestion is the rate with the lowest smoothed loss divided by this.
const DIVISOR: f64 = 10.0;

/// A learning-rate range test: the losses of a training whose learning rate grows from step to step. See
/// [`Trainer::find_rate`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateTest {
    /// The learning rate of each step.
    pub rates: Vec<f64>,
    /// The loss of each step, before its update.
    pub losses: Vec<f64>,
    /// The smoothed loss of each step.
    pub smoothed: Vec<f64>,
    /// A tenth of the rate with the lowest smoothed loss. `None` if no rate lowered the loss, or if the
    /// test was stopped.
    pub suggestion: Option<f64>,
}

impl RateTest {
    /// The largest number of steps.
    pub const STEPS: usize = 200;

    /// The index of the lowest smoothed loss after the first tenth of all steps; `None` if there is none.
    ///
    /// ```
    /// use mfnet::train::RateTest;
    /// let smoothed = (0..100_i32).map(|step| f64::from((step - 60).pow(2))).collect();
    /// assert_eq!(RateTest { smoothed, ..RateTest::default() }.lowest(), Some(60));
    /// ```
    pub fn lowest(&self) -> Option<usize> {
        let later = self.smoothed.iter().enumerate().skip(Self::STEPS / BEGINNING);
        later.reduce(|lowest, other| if other.1 < lowest.1 { other } else { lowest }).map(|(step, _)| step)
    }

    /// Adds a step. Returns whether the loss is so high that the test is over.
    fn add(&mut self, rate: f64, loss: f64, unscaled: &mut f64) -> bool {
        *unscaled = BETA * *unscaled + (1.0 - BETA) * loss;
        self.rates.push(rate);
        self.losses.push(loss);
        let smoothed = *unscaled / (1.0 - BETA.powi(self.losses.len() as i32));
        self.smoothed.push(smoothed);
        let lowest = self.smoothed.iter().copied().fold(f64::INFINITY, f64::min);
        // 4 times the lowest one, also if losses may be negative
        smoothed > lowest + (TIMES_LOWEST - 1.0) * lowest.abs()
    }

    fn suggest(&mut self) {
        let before = self.smoothed.get(Self::STEPS / BEGINNING).copied().unwrap_or(f64::NAN);
        let lowest = self.lowest().filter(|step| before - self.smoothed[*step] > FALL * before.abs());
        self.suggestion = lowest.map(|step| self.rates[step] / DIVISOR);
    }
}

/// The learning rate of step i of n, counted from 0.
fn rate(step: usize, steps: usize) -> f64 {
    let [first, last] = RANGE;
    first * (last / first).powf(step as f64 / (steps - 1).max(1) as f64)
}

/// The loss of the last step.
struct LastLoss(Option<f64>);

impl<T: Scalar> Callback<T> for LastLoss {
    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        self.0 = Some(step.loss);
        Ok(ControlFlow::Continue(()))
    }
}

impl<T: Scalar> Trainer<T> {
    /// Finds a learning rate: trains a copy of the network for 200 steps with a rate that grows, and
    /// suggests a tenth of the rate with the lowest smoothed loss (a learning-rate range test).
    ///
    /// ```text
    /// η(i) = 10⁻⁶ · (10⁷)^(i/199)               i: the step, from 0
    /// m(i) = β m(i − 1) + (1 − β) J(i)          J: the loss of the step, β = 0.98, m(−1) = 0
    /// s(i) = m(i)/(1 − β^(i + 1))               the smoothed loss
    /// ```
    ///
    /// The batches, their order, clipping, weight decay and all else are as in the training, except that
    /// there are as many epochs as 200 steps need, and that schedules, the warm-up, validation and
    /// averages do not apply. The test ends early if s is above 4 times the lowest s so far, if the loss
    /// or a weight is not finite, or at the first rate that the optimizer refuses (η λ ≥ 1 with weight
    /// decay). The suggestion does not look at the first 20 steps, whose s are means of few losses; it is
    /// `None` if s does not fall by a thousandth after them.
    ///
    /// ```
    /// use mfnet::{AdamW, CrossEntropy, Dataset, NeuralNetwork, Optimizer, Preprocessing, Seed, Trainer};
    /// let data = Dataset::built_in("digits")?;
    /// let data = Preprocessing::fit(&data).apply(&data);
    /// let net = NeuralNetwork::builder(data.features()).linear(32).relu().linear(data.classes()).build(Seed(0))?;
    /// // the rate of this optimizer does not matter
    /// let trainer = Trainer::new(CrossEntropy, Optimizer::new(AdamW::default(), 1e-3));
    /// let test = trainer.find_rate(&net, &data)?;
    /// assert!((1e-4..0.1).contains(&test.suggestion.unwrap()));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// Source: Smith 2017, "Cyclical learning rates for training neural networks", who lets the rate grow
    /// linearly over several epochs and reads the smallest and the largest useful rate off a plot of the
    /// accuracy. The geometric growth, the smoothing and the end are those of fastai's `lr_find`, which
    /// makes 100 steps from 10⁻⁷; the suggestion is its `minimum`, where its default is `valley`.
    ///
    /// # Errors
    /// As [`Trainer::start`], and [`ErrorKind::InvalidValue`] for a rule that does not follow the learning
    /// rate ([`Rule::follows_rate`](crate::optimizer::Rule::follows_rate)).
    pub fn find_rate(&self, net: &NeuralNetwork<T>, train: &Dataset) -> Result<RateTest> {
        self.find_rate_while(net, train, |_| ControlFlow::Continue(()))
    }

    /// As [`Trainer::find_rate`]; `look` is called after each step with the test so far, and may stop it.
    ///
    /// # Errors
    /// As [`Trainer::find_rate`].
    pub fn find_rate_while(
        &self,
        net: &NeuralNetwork<T>,
        train: &Dataset,
        mut look: impl FnMut(&RateTest) -> ControlFlow<()>,
    ) -> Result<RateTest> {
        if !self.optimizer.follows_rate() {
            return Err(Error::invalid("optimizer", "one that follows a learning rate", self.optimizer.name()));
        }
        let trainer = self.of_rates(train);
        let steps = RateTest::STEPS.min(trainer.epochs.saturating_mul(trainer.steps(train.samples())));
        let mut session = trainer.start(net.clone(), train)?;
        let (mut test, mut unscaled) = (RateTest::default(), 0.0);
        for rate in (0..steps).map(|step| rate(step, steps)) {
            if !trainer.fits_rate(net, rate) {
                break;
            }
            let mut last = LastLoss(None);
            let made = session.step_at(rate, &mut last);
            // a step whose weights are all 0 has no loss
            let loss = last.0.filter(|loss| *loss != 0.0 || train.loss_weights().is_none());
            let is_over = loss.is_some_and(|loss| test.add(rate, loss, &mut unscaled));
            match made {
                Err(error) if matches!(error.kind(), ErrorKind::Diverged { .. }) => break,
                made => made?,
            };
            if look(&test).is_break() {
                return Ok(test);
            }
            if is_over {
                break;
            }
        }
        test.suggest();
        Ok(test)
    }

    /// The same training for the steps of a range test.
    fn of_rates(&self, train: &Dataset) -> Self {
        let steps = self.steps(train.samples()).max(1);
        let optimizer = self.optimizer.clone().schedule(Schedule::Constant).decay_schedule(Schedule::Constant);
        let mut optimizer = optimizer.warm_up(0.0);
        optimizer.set_learning_rate(RANGE[0]);
        Trainer {
            optimizer,
            epochs: self.order.most_epochs().min(RateTest::STEPS.div_ceil(steps)),
            validation: None,
            patience: None,
            min_delta: 0.0,
            monitor: Monitor::Loss,
            average: None,
            keep_start: false,
            phases: false,
            smoothing: self.smoothing.map(|smoothing| LabelSmoothing { schedule: Schedule::Constant, ..smoothing }),
            dropout_schedule: Schedule::Constant,
            ..self.clone()
        }
    }

    /// Whether the optimizer takes this learning rate.
    fn fits_rate(&self, net: &NeuralNetwork<T>, rate: f64) -> bool {
        let mut optimizer = self.optimizer.clone();
        optimizer.set_learning_rate(rate);
        optimizer.check().is_ok() && optimizer.check_groups(&net.parameter_kinds()).is_ok()
    }
}
