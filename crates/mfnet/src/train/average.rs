use std::fmt::{Display, Formatter};
use std::str::FromStr;

use super::kept::Weights;
use crate::error::{Result, require};
use crate::network::NeuralNetwork;
use crate::tensor::kernel::vectorised;
use crate::tensor::{Scalar, Tensor};
use crate::words::serde_as_text;

/// An average of the weights of several steps, which often predicts better than the last weights.
///
/// ```text
/// exponential   W̄ ← W̄ + (1 − decay) (W − W̄)   after each step       swa_utils.AveragedModel with
///                                                                      get_ema_multi_avg_fn(decay)
/// stochastic    W̄ ← W̄ + (W − W̄)/(n + 1)       after each epoch       swa_utils.AveragedModel
///               from the fraction `start` of all epochs on
/// ```
///
/// The first W̄ is W. The average is validated, kept and returned; the steps go on from W. With a
/// stochastic average, no epoch before `start` is kept, and early stopping waits for it. Running
/// means of batch norm are averaged too; PyTorch computes them anew with `update_bn`, and leaves them
/// out of an exponential average. Sources: Polyak and Juditsky 1992, Izmailov et al. 2018.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Averaging {
    /// The exponential moving average over the steps.
    Exponential {
        /// From 0 to less than 1.
        decay: f64,
    },
    /// Stochastic weight averaging over the epochs.
    Stochastic {
        /// The fraction of the epochs before the first that is averaged, from 0 to less than 1.
        start: f64,
    },
}

impl Averaging {
    pub(crate) fn check(self) -> Result<()> {
        let (name, x) = match self {
            Averaging::Exponential { decay } => ("decay of the average", decay),
            Averaging::Stochastic { start } => ("start of the average", start),
        };
        require(name, x, (0.0..1.0).contains(&x), "a number from 0 to less than 1")
    }
}

impl Display for Averaging {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Averaging::Exponential { decay } => write!(f, "ema:{decay}"),
            Averaging::Stochastic { start } => write!(f, "swa:{start}"),
        }
    }
}

/// Parses `ema`, `ema:DECAY`, `swa` or `swa:START`. The usual numbers are 0.999 and 0.75.
impl FromStr for Averaging {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (name, number) = text.split_once(':').map_or((text, None), |(name, number)| (name, Some(number)));
        let number = |usual: f64| number.map_or(Some(usual), |number| number.parse().ok());
        let average = match name {
            "ema" => number(0.999).map(|decay| Averaging::Exponential { decay }),
            "swa" => number(0.75).map(|start| Averaging::Stochastic { start }),
            _ => None,
        };
        let average =
            average.ok_or_else(|| format!("expected ema:DECAY or swa:START, such as ema:0.999, found {text:?}"))?;
        average.check().map_err(|error| error.to_string())?;
        Ok(average)
    }
}

serde_as_text!(Averaging);

/// The average so far.
#[derive(Clone, Debug)]
pub(super) struct Average<T: Scalar> {
    averaging: Averaging,
    pub(super) weights: Weights<T>,
    /// Number of weights that it has.
    pub(super) count: u64,
    /// A network with these weights.
    net: NeuralNetwork<T>,
}

impl<T: Scalar> PartialEq for Average<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.count, &self.weights) == (other.count, &other.weights)
    }
}

impl<T: Scalar> Average<T> {
    pub(super) fn new(averaging: Averaging, net: &NeuralNetwork<T>) -> Self {
        Average { averaging, weights: Weights::of(net), count: 0, net: net.clone() }
    }

    /// Takes the weights after a step.
    pub(super) fn end_step(&mut self, net: &NeuralNetwork<T>) {
        if let Averaging::Exponential { decay } = self.averaging {
            self.add(1.0 - decay, net);
        }
    }

    /// Takes the weights after an epoch, of this many in all. Returns the averaged network, if there
    /// is one.
    pub(super) fn end_epoch(
        &mut self,
        epoch: usize,
        epochs: usize,
        net: &NeuralNetwork<T>,
    ) -> Option<&NeuralNetwork<T>> {
        if let Averaging::Stochastic { start } = self.averaging
            && epoch as f64 > start * epochs as f64
        {
            self.add(1.0 / (self.count + 1) as f64, net);
        }
        self.network()
    }

    /// The averaged network, if there is one.
    pub(super) fn network(&mut self) -> Option<&NeuralNetwork<T>> {
        if self.count == 0 {
            return None;
        }
        self.weights.copy_to(&mut self.net);
        Some(&self.net)
    }

    /// W̄ ← W̄ + factor (W − W̄).
    fn add(&mut self, factor: f64, net: &NeuralNetwork<T>) {
        self.count += 1;
        if self.count == 1 {
            return self.weights.copy_from(net);
        }
        let factor = T::from_f64(factor);
        let mut averages = self.weights.0.iter_mut();
        net.visit_state(&mut |matrix: &Tensor<T>| {
            if let Some(average) = averages.next() {
                let pairs = average.storage_mut().iter_mut().zip(matrix.storage());
                vectorised(pairs, move |(average, w)| *average += factor * (*w - *average));
            }
        });
    }
}
