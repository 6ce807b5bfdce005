use super::EpochRecord;
use crate::error::Result;
use crate::network::NeuralNetwork;
use crate::tensor::Scalar;

/// Something that looks on while a network trains: a progress bar, a log, a rule of your own for when to stop.
pub trait Callback<T: Scalar> {
    /// Called after each step; be quick.
    fn step(&mut self, _step: &Step) -> Flow {
        Flow::Continue
    }

    /// Called after each epoch with the network as it is.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training.
    fn epoch(&mut self, _epoch: &EpochRecord, _net: &NeuralNetwork<T>) -> Result<Flow> {
        Ok(Flow::Continue)
    }
}

/// Whether training goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With the next step.
    Continue,
    /// It stops here; what was learned stays.
    Stop,
}

impl Flow {
    /// Stop if one of the two says so.
    pub(super) fn or(self, other: Flow) -> Flow {
        if self == Flow::Stop { self } else { other }
    }
}

/// A step that was made. Numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Number of the epoch.
    pub epoch: usize,
    /// How many epochs there will be at most.
    pub epochs: usize,
    /// Number of the step in the epoch.
    pub step: usize,
    /// Steps of an epoch.
    pub steps: usize,
    /// Samples of the batch.
    pub samples: usize,
    /// Loss of the batch before the step.
    pub loss: f64,
}
