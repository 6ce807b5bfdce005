use std::ops::ControlFlow;

use super::{EpochRecord, Session};
use crate::error::Result;
use crate::network::NeuralNetwork;
use crate::optimizer::Gradients;
use crate::tensor::Scalar;

/// Observes a training, and may stop it: a progress bar, a log, or a stopping rule of your own.
///
/// Every method may return an error, which ends the training.
/// [`ErrorKind::Callback`](crate::error::ErrorKind::Callback) holds any error.
///
/// ```
/// use std::ops::ControlFlow;
/// use mfnet::train::{Callback, EpochRecord};
/// use mfnet::{Dataset, Mse, NeuralNetwork, Optimizer, Result, Seed, Sgd, Trainer};
///
/// /// Stops after two epochs.
/// struct TwoEpochs;
/// impl Callback<f64> for TwoEpochs {
///     fn epoch(&mut self, epoch: &EpochRecord, _net: &NeuralNetwork<f64>) -> Result<ControlFlow<()>> {
///         Ok(if epoch.epoch == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
///     }
/// }
///
/// let data = Dataset::built_in("diabetes")?;
/// let mut net = NeuralNetwork::builder(10).linear(1).build(Seed(0))?;
/// let trainer = Trainer::new(Mse, Optimizer::new(Sgd::default(), 1e-6));
/// let history = trainer.run_with(&mut net, &data, &mut TwoEpochs)?;
/// assert_eq!(history.epochs.len(), 2);
/// # Ok::<(), mfnet::Error>(())
/// ```
pub trait Callback<T: Scalar>: Send {
    /// Whether [`Callback::gradients`] should be called. This is slower: weights are then updated
    /// only after all gradients are computed.
    fn wants_gradients(&self) -> bool {
        false
    }

    /// Called in each step between gradients and update, before clipping. It may change the
    /// gradients.
    ///
    /// # Errors
    /// Any error of the callback.
    fn gradients(&mut self, _step: &Step, _gradients: &mut Gradients<T>) -> Result<()> {
        Ok(())
    }

    /// Called after each step; it should be fast.
    ///
    /// # Errors
    /// Any error of the callback.
    fn step(&mut self, _step: &Step) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }

    /// Whether [`Callback::checkpoint`] should be called after this step; it should be fast.
    fn wants_checkpoint(&mut self, _step: &Step) -> bool {
        false
    }

    /// Called with the state of the training if [`Callback::wants_checkpoint`] says so, before a
    /// callback stops the training, and at its end. See [`Session::save_checkpoint`] and
    /// [`super::SaveCheckpoints`].
    ///
    /// # Errors
    /// Any error of the callback.
    fn checkpoint(&mut self, _session: &Session<T>) -> Result<()> {
        Ok(())
    }

    /// Called after each epoch with the current network.
    ///
    /// # Errors
    /// Any error of the callback.
    fn epoch(&mut self, _epoch: &EpochRecord, _net: &NeuralNetwork<T>) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }
}

/// Does nothing.
impl<T: Scalar> Callback<T> for () {}

/// Calls all of several callbacks in order; the training stops if any of them says so.
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

    fn wants_checkpoint(&mut self, step: &Step) -> bool {
        // all of them are asked, because each may count its steps
        self.iter_mut().fold(false, |wants, callback| callback.wants_checkpoint(step) | wants)
    }

    fn checkpoint(&mut self, session: &Session<T>) -> Result<()> {
        self.iter_mut().try_for_each(|callback| callback.checkpoint(session))
    }

    fn epoch(&mut self, epoch: &EpochRecord, net: &NeuralNetwork<T>) -> Result<ControlFlow<()>> {
        all(self.iter_mut().map(|callback| callback.epoch(epoch, net)))
    }
}

fn all(mut flows: impl Iterator<Item = Result<ControlFlow<()>>>) -> Result<ControlFlow<()>> {
    flows.try_fold(ControlFlow::Continue(()), |all, flow| flow.map(|flow| if flow.is_break() { flow } else { all }))
}

/// A step of the training. All numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The network of an ensemble; `None` if there is only one.
    pub network: Option<usize>,
    /// Number of the epoch.
    pub epoch: usize,
    /// The largest number of epochs.
    pub epochs: usize,
    /// Number of the step in the epoch.
    pub step: usize,
    /// Number of steps in an epoch.
    pub steps: usize,
    /// Number of samples in the batch, or in all accumulated batches.
    pub samples: usize,
    /// Loss of these samples before the step; 0 if their weights are all 0.
    pub loss: f64,
}
