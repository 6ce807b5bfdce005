use std::ops::ControlFlow;

use super::EpochRecord;
use crate::error::Result;
use crate::network::NeuralNetwork;
use crate::optimizer::Gradients;
use crate::tensor::Scalar;

/// Something that looks on while a network trains: a progress bar, a log, a condition of your own for when to stop.
///
/// Every method may fail, which ends the training with that error; [`ErrorKind::Callback`](crate::error::ErrorKind::Callback) holds any error.
pub trait Callback<T: Scalar>: Send {
    /// Whether [`Callback::gradients`] is to be called. Weights then move only after all gradients are there, which is slower.
    fn wants_gradients(&self) -> bool {
        false
    }

    /// Called in each step between gradients and update, before clipping. May change them.
    ///
    /// # Errors
    /// Whatever goes wrong.
    fn gradients(&mut self, _step: &Step, _gradients: &mut Gradients<T>) -> Result<()> {
        Ok(())
    }

    /// Called after each step; be quick.
    ///
    /// # Errors
    /// Whatever goes wrong.
    fn step(&mut self, _step: &Step) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }

    /// Called after each epoch with the network as it is.
    ///
    /// # Errors
    /// Whatever goes wrong.
    fn epoch(&mut self, _epoch: &EpochRecord, _net: &NeuralNetwork<T>) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }
}

/// Looks on and does nothing.
impl<T: Scalar> Callback<T> for () {}

/// Several, one after the other. All are called, and the training stops if one says so.
impl<T: Scalar> Callback<T> for Vec<Box<dyn Callback<T> + '_>> {
    fn wants_gradients(&self) -> bool {
        self.iter().any(|callback| callback.wants_gradients())
    }

    fn gradients(&mut self, step: &Step, gradients: &mut Gradients<T>) -> Result<()> {
        let mut callbacks = self.iter_mut().filter(|callback| callback.wants_gradients());
        callbacks.try_for_each(|callback| callback.gradients(step, gradients))
    }

    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        all(self.iter_mut().map(|callback| callback.step(step)))
    }

    fn epoch(&mut self, epoch: &EpochRecord, net: &NeuralNetwork<T>) -> Result<ControlFlow<()>> {
        all(self.iter_mut().map(|callback| callback.epoch(epoch, net)))
    }
}

fn all(mut flows: impl Iterator<Item = Result<ControlFlow<()>>>) -> Result<ControlFlow<()>> {
    flows.try_fold(ControlFlow::Continue(()), |all, flow| flow.map(|flow| if flow.is_break() { flow } else { all }))
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
    /// Samples of the batch, or of all batches whose gradients are added up.
    pub samples: usize,
    /// Their loss before the step; 0 if their weights are all 0, for which there is none.
    pub loss: f64,
}
