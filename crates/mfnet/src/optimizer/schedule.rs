use std::f64::consts::PI;
use std::fmt::{Display, Formatter};
use std::str::FromStr;

use super::require;
use crate::error::Result;
use crate::words::serde_as_text;

/// A learning rate schedule: step t of T uses the rate η f(t), where η is the optimizer's learning
/// rate.
///
/// ```text
/// constant     f = 1
/// step         f = factorᵏ, k = ⌊epochs so far / every⌋                      torch.optim.lr_scheduler.StepLR
/// cosine       f = ½ (1 + cos π t/T)                                         CosineAnnealingLR, called after each step
/// one-cycle    f = from 1/25 to 1 by half a cosine in the first 0.3 T,       OneCycleLR
///              then to 1/250000 by another
/// ```
///
/// t counts the steps of all epochs from 0. Sources: Loshchilov and Hutter 2017 (cosine), Smith and
/// Topin 2018 (one-cycle). PyTorch's OneCycleLR moves Adam's `beta1` or the momentum too unless told not to,
/// and reaches each end one step earlier.
///
/// ```
/// use mfnet::optimizer::Schedule;
/// let rates: Vec<f64> = (0..4).map(|epoch| Schedule::Step { every: 2, factor: 0.1 }.factor(epoch, 1, 4)).collect();
/// assert_eq!(rates, [1.0, 1.0, 0.1, 0.1]);
/// assert_eq!(Schedule::Cosine.factor(50, 10, 10), 0.5);
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
    /// Half a cosine wave from η to 0.
    Cosine,
    /// Rises in the first three tenths of all steps, then falls to nearly 0.
    OneCycle,
}

/// One-cycle schedule: the fraction of steps in which the rate rises; below, the factors at start
/// and end.
const RISE: f64 = 0.3;
const FIRST: f64 = 1.0 / 25.0;
const LAST: f64 = FIRST / 1e4;

impl Schedule {
    /// f(t) of step t, counted from 0 over all epochs.
    pub fn factor(self, step: usize, steps_per_epoch: usize, epochs: usize) -> f64 {
        let all = (steps_per_epoch as f64 * epochs as f64).max(1.0);
        let done = step as f64 / all;
        match self {
            Schedule::Constant => 1.0,
            Schedule::Step { every, factor } => factor.powi((step / steps_per_epoch.max(1) / every.max(1)) as i32),
            Schedule::Cosine => between(1.0, 0.0, done),
            Schedule::OneCycle if done < RISE => between(FIRST, 1.0, done / RISE),
            Schedule::OneCycle => between(1.0, LAST, (done - RISE) / (1.0 - RISE)),
        }
    }

    pub(crate) fn check(self) -> Result<()> {
        if let Schedule::Step { every, factor } = self {
            require("epochs of a step of the schedule", every as f64, every > 0, "at least 1")?;
            let fits = factor > 0.0 && factor <= 1.0;
            require("factor of the schedule", factor, fits, "a number above 0 and at most 1")?;
        }
        Ok(())
    }
}

/// The name that the command line uses.
impl Display for Schedule {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Schedule::Constant => f.write_str("constant"),
            Schedule::Step { every, factor } => write!(f, "step:{every}:{factor}"),
            Schedule::Cosine => f.write_str("cosine"),
            Schedule::OneCycle => f.write_str("one-cycle"),
        }
    }
}

/// Parses `constant`, `cosine`, `one-cycle` or `step:EPOCHS:FACTOR`.
impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let step = || {
            let (every, factor) = text.strip_prefix("step:")?.split_once(':')?;
            Some(Schedule::Step { every: every.parse().ok()?, factor: factor.parse().ok()? })
        };
        let word =
            [Schedule::Constant, Schedule::Cosine, Schedule::OneCycle].into_iter().find(|s| s.to_string() == text);
        word.or_else(step).filter(|schedule| schedule.check().is_ok()).ok_or_else(|| {
            "expected constant, cosine, one-cycle, or step:EPOCHS:FACTOR with a factor up to 1, as in step:30:0.1"
                .to_owned()
        })
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
