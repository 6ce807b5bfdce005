use std::f64::consts::PI;
use std::fmt::{Display, Formatter};
use std::str::FromStr;

use super::require;
use crate::error::{Error, Result};
use crate::words::{did_you_mean, serde_as_text};

/// A learning rate schedule: step t of T uses the rate η f(t), where η is the optimizer's learning
/// rate.
///
/// ```text
/// constant           f = 1
/// step               f = factorᵏ, k = ⌊epochs so far / every⌋                  torch.optim.lr_scheduler.StepLR
/// exponential        f = factorᵏ, k = epochs so far                            ExponentialLR
/// polynomial         f = (1 − t/T)^power                                       PolynomialLR, called after each step
/// cosine             f = ½ (1 + cos π t/T)                                     CosineAnnealingLR, called after each step
/// cosine-restarts    f = ½ (1 + cos π u/U), u of U steps in this cycle;        CosineAnnealingWarmRestarts,
///                    the first has `epochs`, each next `times` as many         called after each step
/// flat-cosine        f = 1 for t ≤ flat T, then half a cosine to 0
/// cosine-cycles      f = ½ (1 − cos 2π log₂(1 + (2ⁿ − 1) t/T)): n cycles,
///                    each twice as long as the one before
/// one-cycle          f = from 1/25 to 1 by half a cosine in the first 0.3 T,   OneCycleLR
///                    then to 1/250000 by another
/// plateau            f = factorᵏ, k = how often `patience` epochs              ReduceLROnPlateau
///                    had no lower loss
/// ```
///
/// t counts the steps of all epochs from 0, after a warm-up ([`super::Optimizer::warm_up`]) those
/// that are left. Sources: Loshchilov and Hutter 2017 (cosine), Smith and Topin 2018 (one-cycle),
/// Holzmüller, Grinsztajn and Steinwart 2024 (flat-cosine and cosine-cycles, there with flat = ½ and
/// n = 4). PyTorch's OneCycleLR moves Adam's `beta1` or the momentum too unless told not to, and
/// reaches each end one step earlier.
///
/// ```
/// use mfnet::optimizer::Schedule;
/// let rates: Vec<f64> = (0..4).map(|epoch| Schedule::Step { every: 2, factor: 0.1 }.factor(epoch, 1, 4)).collect();
/// assert_eq!(rates, [1.0, 1.0, 0.1, 0.1]);
/// assert_eq!(Schedule::Cosine.factor(50, 10, 10), 0.5);
/// assert_eq!("polynomial:2".parse(), Ok(Schedule::Polynomial { power: 2.0 }));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// A constant learning rate.
    #[default]
    Constant,
    /// Multiplies the rate by `factor` after each `every` epochs.
    Step {
        /// Epochs, at least 1.
        every: usize,
        /// Above 0 and at most 1.
        factor: f64,
    },
    /// Multiplies the rate by `factor` after each epoch.
    Exponential {
        /// Above 0 and at most 1.
        factor: f64,
    },
    /// From η to 0; a straight line with power 1.
    Polynomial {
        /// Above 0.
        power: f64,
    },
    /// Half a cosine wave from η to 0.
    Cosine,
    /// Half a cosine wave from η to 0, again and again.
    CosineRestarts {
        /// Epochs of the first cycle, at least 1.
        epochs: usize,
        /// How many times as long each cycle is as the one before, at least 1.
        times: usize,
    },
    /// Constant, then half a cosine wave to 0.
    FlatCosine {
        /// The fraction of all steps with a constant rate, from 0 to 1.
        flat: f64,
    },
    /// Whole cosine waves from 0 to η to 0, each twice as long as the one before.
    CosineCycles {
        /// Number of cycles, from 1 to 30.
        cycles: usize,
    },
    /// Rises in the first three tenths of all steps, then falls to nearly 0.
    OneCycle,
    /// Multiplies the rate by `factor` if the loss has not fallen for more than `patience` epochs:
    /// the validation loss, or without validation rows the training loss. A loss falls if it is
    /// lower than the lowest one by more than 10⁻⁴ of it.
    Plateau {
        /// Epochs to wait.
        patience: usize,
        /// Above 0 and at most 1.
        factor: f64,
    },
}

/// One-cycle schedule: the fraction of steps in which the rate rises; below, the factors at start
/// and end.
const RISE: f64 = 0.3;
const FIRST: f64 = 1.0 / 25.0;
const LAST: f64 = FIRST / 1e4;

/// The names, with their settings.
const FORMS: &str = "constant, step:EPOCHS:FACTOR, exponential:FACTOR, polynomial:POWER, cosine, cosine-restarts:EPOCHS:TIMES, \
                     flat-cosine:FRACTION, cosine-cycles:NUMBER, one-cycle, plateau:PATIENCE:FACTOR";

impl Schedule {
    /// f(t) of step t, counted from 0 over all epochs. [`Schedule::Plateau`] has 1, because its
    /// factor depends on losses.
    pub fn factor(self, step: usize, steps_per_epoch: usize, epochs: usize) -> f64 {
        self.factor_of(step, steps_per_epoch, steps_per_epoch as f64 * epochs as f64)
    }

    /// f(t) for T steps in all.
    pub(super) fn factor_of(self, step: usize, steps_per_epoch: usize, all: f64) -> f64 {
        let done = step as f64 / all.max(1.0);
        let epoch = step / steps_per_epoch.max(1);
        match self {
            Schedule::Constant | Schedule::Plateau { .. } => 1.0,
            Schedule::Step { every, factor } => factor.powi((epoch / every.max(1)) as i32),
            Schedule::Exponential { factor } => factor.powi(epoch as i32),
            Schedule::Polynomial { power } => (1.0 - done).max(0.0).powf(power),
            Schedule::Cosine => between(1.0, 0.0, done),
            Schedule::CosineRestarts { epochs, times } => {
                let (mut step, mut cycle) = (step, epochs.saturating_mul(steps_per_epoch).max(1));
                if times <= 1 {
                    step %= cycle;
                }
                while step >= cycle {
                    step -= cycle;
                    cycle = cycle.saturating_mul(times);
                }
                between(1.0, 0.0, step as f64 / cycle as f64)
            }
            Schedule::FlatCosine { flat } if done <= flat => 1.0,
            Schedule::FlatCosine { flat } => between(1.0, 0.0, (done - flat) / (1.0 - flat)),
            Schedule::CosineCycles { cycles } => {
                let growth = (cycles as f64).exp2() - 1.0;
                0.5 - 0.5 * (2.0 * PI * (1.0 + growth * done).log2()).cos()
            }
            Schedule::OneCycle if done < RISE => between(FIRST, 1.0, done / RISE),
            Schedule::OneCycle => between(1.0, LAST, (done - RISE) / (1.0 - RISE)),
        }
    }

    /// Checks a schedule of something else than the learning rate, which cannot be a plateau.
    pub(crate) fn check_without_losses(self, what: &'static str) -> Result<()> {
        self.check()?;
        match self {
            Schedule::Plateau { .. } => Err(Error::invalid(what, "one that does not depend on losses", self)),
            _ => Ok(()),
        }
    }

    pub(crate) fn check(self) -> Result<()> {
        let factor_fits = |factor: f64| {
            require("factor of the schedule", factor, factor > 0.0 && factor <= 1.0, "a number above 0 and at most 1")
        };
        let whole = |name, x: usize, most| {
            let expected =
                if most == usize::MAX { "at least 1".to_owned() } else { format!("a number from 1 to {most}") };
            require(name, x as f64, (1..=most).contains(&x), &expected)
        };
        match self {
            Schedule::Constant | Schedule::Cosine | Schedule::OneCycle => Ok(()),
            Schedule::Step { every, factor } => {
                whole("epochs of a step of the schedule", every, usize::MAX)?;
                factor_fits(factor)
            }
            Schedule::Exponential { factor } | Schedule::Plateau { factor, .. } => factor_fits(factor),
            Schedule::Polynomial { power } => {
                require("power of the schedule", power, power > 0.0 && power.is_finite(), "a number above 0")
            }
            Schedule::CosineRestarts { epochs, times } => {
                whole("epochs of the first cycle of the schedule", epochs, usize::MAX)?;
                whole("growth of the cycles of the schedule", times, usize::MAX)
            }
            Schedule::FlatCosine { flat } => {
                require("flat part of the schedule", flat, (0.0..=1.0).contains(&flat), "a number from 0 to 1")
            }
            Schedule::CosineCycles { cycles } => whole("cycles of the schedule", cycles, 30),
        }
    }
}

/// The name that the command line uses, with settings.
impl Display for Schedule {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Schedule::Constant => f.write_str("constant"),
            Schedule::Step { every, factor } => write!(f, "step:{every}:{factor}"),
            Schedule::Exponential { factor } => write!(f, "exponential:{factor}"),
            Schedule::Polynomial { power } => write!(f, "polynomial:{power}"),
            Schedule::Cosine => f.write_str("cosine"),
            Schedule::CosineRestarts { epochs, times } => write!(f, "cosine-restarts:{epochs}:{times}"),
            Schedule::FlatCosine { flat } => write!(f, "flat-cosine:{flat}"),
            Schedule::CosineCycles { cycles } => write!(f, "cosine-cycles:{cycles}"),
            Schedule::OneCycle => f.write_str("one-cycle"),
            Schedule::Plateau { patience, factor } => write!(f, "plateau:{patience}:{factor}"),
        }
    }
}

/// Parses a name with its settings, such as `cosine` or `step:30:0.1`. Settings that are left out
/// are the usual ones of PyTorch, or of the source.
impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let mut settings =
            Settings { texts: rest.map(|rest| rest.split(':').collect()).unwrap_or_default(), wrong: false };
        settings.texts.reverse();
        let schedule = match name {
            "constant" => Schedule::Constant,
            "step" => Schedule::Step { every: settings.count(None), factor: settings.number(Some(0.1)) },
            "exponential" => Schedule::Exponential { factor: settings.number(None) },
            "polynomial" => Schedule::Polynomial { power: settings.number(Some(1.0)) },
            "cosine" => Schedule::Cosine,
            "cosine-restarts" => {
                Schedule::CosineRestarts { epochs: settings.count(None), times: settings.count(Some(1)) }
            }
            "flat-cosine" => Schedule::FlatCosine { flat: settings.number(Some(0.5)) },
            "cosine-cycles" => Schedule::CosineCycles { cycles: settings.count(Some(4)) },
            "one-cycle" => Schedule::OneCycle,
            "plateau" => Schedule::Plateau { patience: settings.count(Some(10)), factor: settings.number(Some(0.1)) },
            _ => {
                let names: Vec<String> =
                    FORMS.split(", ").map(|form| form.split(':').next().unwrap_or_default().to_owned()).collect();
                let similar = did_you_mean(&names, name);
                return Err(format!("expected one of {FORMS}, found {text:?}{similar}"));
            }
        };
        if settings.wrong || !settings.texts.is_empty() {
            let form = FORMS.split(", ").find(|form| form.split(':').next() == Some(name)).unwrap_or_default();
            return Err(format!("expected {form}, found {text:?}"));
        }
        schedule.check().map_err(|error| error.to_string())?;
        Ok(schedule)
    }
}

/// The settings after a name, the first one last.
struct Settings<'a> {
    texts: Vec<&'a str>,
    /// Whether one was missing or no number.
    wrong: bool,
}

impl Settings<'_> {
    fn next<N: FromStr>(&mut self, usual: Option<N>) -> Option<N> {
        let number = self.texts.pop().map_or(usual, |text| text.parse().ok());
        self.wrong |= number.is_none();
        number
    }

    fn number(&mut self, usual: Option<f64>) -> f64 {
        self.next(usual).unwrap_or(f64::NAN)
    }

    fn count(&mut self, usual: Option<usize>) -> usize {
        self.next(usual).unwrap_or(0)
    }
}

/// The state of a schedule that depends on losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plateau {
    /// The product of all factors so far.
    pub(super) factor: f64,
    lowest: f64,
    /// Number of epochs since then, or since the last factor.
    waited: usize,
}

/// A loss falls if it is lower by more than this fraction of the lowest one.
const THRESHOLD: f64 = 1e-4;

impl Plateau {
    pub(super) fn new() -> Self {
        Plateau { factor: 1.0, lowest: f64::INFINITY, waited: 0 }
    }

    /// Takes the loss of an epoch.
    pub(super) fn observe(&mut self, loss: f64, patience: usize, factor: f64) {
        if loss < self.lowest - THRESHOLD * self.lowest.abs() || self.lowest == f64::INFINITY && loss.is_finite() {
            (self.lowest, self.waited) = (loss, 0);
            return;
        }
        self.waited += 1;
        if self.waited > patience {
            self.factor *= factor;
            self.waited = 0;
        }
    }
}

serde_as_text!(Schedule);

/// Half a cosine wave from `first` to `last`, where 0 ≤ `done` ≤ 1.
fn between(first: f64, last: f64, done: f64) -> f64 {
    last + (first - last) * (0.5 + 0.5 * (PI * done).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8)` of PyTorch 2.15.
    #[test]
    fn rates_of_pytorch() {
        let cosine: Vec<f64> = (0..8).map(|t| Schedule::Cosine.factor(t, 4, 2)).collect();
        let expected = [1.0, 0.961939766, 0.853553391, 0.691341716, 0.5, 0.308658284, 0.146446609, 0.038060234];
        assert!(cosine.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-9), "{cosine:?}");
    }

    #[test]
    fn one_cycle_rises_and_falls() {
        let rates: Vec<f64> = (0..=100).map(|t| Schedule::OneCycle.factor(t, 10, 10)).collect();
        for (t, rate) in [(0, FIRST), (30, 1.0), (100, LAST)] {
            assert!((rates[t] - rate).abs() < 1e-12 * rate, "{t}");
        }
        assert!(rates[..=30].is_sorted() && rates[30..].is_sorted_by(|a, b| a >= b));
        assert!((rates[15] - (FIRST + 1.0) / 2.0).abs() < 1e-12 && (rates[65] - (1.0 + LAST) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn impossible_steps_are_refused() {
        assert!(Schedule::Step { every: 0, factor: 0.5 }.check().is_err());
        assert!(Schedule::Step { every: 1, factor: 1.5 }.check().is_err());
        assert!(Schedule::Step { every: 1, factor: f64::NAN }.check().is_err());
    }
}
