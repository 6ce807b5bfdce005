use super::plan::Plan;
use crate::error::{KeptWeights, Result};
use crate::model::{AnyNetwork, Model};
use crate::network::NeuralNetwork;
use crate::tensor::Scalar;
use crate::train::{Callback, EpochRecord, History, Step};
use std::ops::ControlFlow;

/// Something that looks on during a fit: a progress bar, a log, Ctrl-C. `&mut ()` is one that does nothing.
pub trait Observer: Send {
    /// Called after each step; be quick. [`ControlFlow::Break`] ends the training, and what was learned is scored.
    fn step(&mut self, _step: &Step) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Called after each epoch. `so_far` makes a model of the network as it is.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the fit.
    fn epoch(&mut self, _epoch: &EpochRecord, _so_far: &dyn Fn() -> Result<Model>) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }

    /// Called after the training, before anything is scored.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the fit.
    fn trained(&mut self, _model: &Model, _history: &History) -> Result<()> {
        Ok(())
    }

    /// Called if the training diverged, with a model of the last good weights; the fit then ends with
    /// [`ErrorKind::Diverged`](crate::error::ErrorKind::Diverged).
    fn diverged(&mut self, _model: &Model, _kept: KeptWeights) {}

    /// Called before the baselines are fitted, and before each step of the linear model. [`ControlFlow::Break`] leaves out
    /// what is not done yet.
    fn baseline(&mut self, _steps: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Observer for () {}

/// Hands to an observer what a training does.
pub(super) struct Watch<'a> {
    pub(super) plan: &'a Plan,
    pub(super) observer: &'a mut dyn Observer,
}

impl<T: Scalar> Callback<T> for Watch<'_>
where
    AnyNetwork: From<NeuralNetwork<T>>,
{
    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        Ok(self.observer.step(step))
    }

    fn epoch(&mut self, record: &EpochRecord, net: &NeuralNetwork<T>) -> Result<ControlFlow<()>> {
        let so_far = || self.plan.model(net.clone(), record.epoch, record.epoch);
        self.observer.epoch(record, &so_far)
    }
}
