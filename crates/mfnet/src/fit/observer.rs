use std::ops::ControlFlow;
use std::path::Path;

use serde_json::Value;

use super::plan::Plan;
use crate::error::{KeptWeights, Result};
use crate::model::{AnyNetwork, Model};
use crate::network::NeuralNetwork;
use crate::optimizer::Gradients;
use crate::tensor::Scalar;
#[cfg(feature = "tensorboard")]
use crate::train::TensorBoard;
use crate::train::{Callback, EpochRecord, History, Session, Step, Watch, save};

/// Observes a fit, and may stop it: a progress bar, a log, Ctrl-C. `&mut ()` does nothing.
///
/// ```
/// use std::ops::ControlFlow;
/// use mfnet::fit::Observer;
/// use mfnet::train::Step;
/// use mfnet::{Recipe, Table, fit};
///
/// /// Stops the training after ten steps.
/// struct TenSteps(usize);
/// impl Observer for TenSteps {
///     fn step(&mut self, _step: &Step) -> ControlFlow<()> {
///         self.0 += 1;
///         if self.0 == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
///     }
/// }
///
/// let rows: String = (0..60).map(|i| format!("{i},{}\n", i * i % 37)).collect();
/// let table = Table::from_text("flats.csv", &format!("area,price\n{rows}"))?;
/// let mut observer = TenSteps(0);
/// fit(table, &Recipe::of_target("price"), &mut observer)?;
/// assert_eq!(observer.0, 10);
/// # Ok::<(), mfnet::Error>(())
/// ```
pub trait Observer: Send {
    /// Called after each step; it should be fast. [`ControlFlow::Break`] ends the training; the
    /// network is then scored. The networks of an ensemble are trained side by side: it is called from
    /// time to time with the last step of one of them, also after it ended the training, until all
    /// have stopped.
    fn step(&mut self, _step: &Step) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Whether [`Observer::gradients`] should be called in the next step, which then computes all
    /// gradients before it updates a weight. It should be fast.
    fn wants_gradients(&self) -> bool {
        false
    }

    /// Whether [`Observer::gradients`] should be called for the last step of each epoch of an ensemble,
    /// for each network after all have made the epoch. It is asked before the training.
    fn wants_gradients_of_ensembles(&self) -> bool {
        false
    }

    /// Called between gradients and update; `gradients` returns those of each matrix. Of an ensemble
    /// see [`Observer::wants_gradients_of_ensembles`].
    ///
    /// # Errors
    /// Any error of the observer; it ends the fit.
    fn gradients(&mut self, _step: &Step, _gradients: &dyn Fn() -> Vec<Vec<f64>>) -> Result<()> {
        Ok(())
    }

    /// Whether [`Observer::checkpoint`] should be called after this step; it should be fast.
    fn wants_checkpoint(&mut self, _step: &Step) -> bool {
        false
    }

    /// Called if [`Observer::wants_checkpoint`] says so, before the observer ends the training, and at
    /// the end of the training. `save` writes the state of the fit to a file, with a value that
    /// [`Plan::of_observer`] returns; [`Plan::resume`] continues from it.
    ///
    /// # Errors
    /// Any error of the observer; it ends the fit.
    fn checkpoint(&mut self, _save: &dyn Fn(&Path, &Value) -> Result<()>) -> Result<()> {
        Ok(())
    }

    /// Called after each epoch; of an ensemble, for each network after all have made the epoch.
    /// `so_far` makes a model of the current weights.
    ///
    /// # Errors
    /// Any error of the observer; it ends the fit.
    fn epoch(&mut self, _epoch: &EpochRecord, _so_far: &dyn Fn() -> Result<Model>) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }

    /// Called after the training, before scoring, with the history of each network.
    ///
    /// # Errors
    /// Any error of the observer; it ends the fit.
    fn trained(&mut self, _model: &Model, _histories: &[History]) -> Result<()> {
        Ok(())
    }

    /// Called if the training diverged, with a model of the last good weights. The fit then ends
    /// with [`ErrorKind::Diverged`](crate::error::ErrorKind::Diverged).
    fn diverged(&mut self, _model: &Model, _kept: KeptWeights) {}

    /// Called before the baselines are fitted, and before each step of the linear model.
    /// [`ControlFlow::Break`] skips the rest of them.
    fn baseline(&mut self, _steps: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Observer for () {}

#[cfg(feature = "tensorboard")]
impl Observer for TensorBoard {
    fn wants_gradients(&self) -> bool {
        self.is_last_step()
    }

    fn wants_gradients_of_ensembles(&self) -> bool {
        true
    }

    fn gradients(&mut self, step: &Step, gradients: &dyn Fn() -> Vec<Vec<f64>>) -> Result<()> {
        self.write_gradients(step, gradients().into_iter())
    }

    fn step(&mut self, step: &Step) -> ControlFlow<()> {
        self.made(step);
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, record: &EpochRecord, so_far: &dyn Fn() -> Result<Model>) -> Result<ControlFlow<()>> {
        self.record(record)?;
        match &so_far()?.networks()[record.network.map_or(0, |network| network - 1)] {
            AnyNetwork::F64(net) => self.weights(record.epoch, net)?,
            AnyNetwork::F32(net) => self.weights(record.epoch, net)?,
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The numbers of each matrix.
fn numbers<T: Scalar>(gradients: &Gradients<T>) -> Vec<Vec<f64>> {
    gradients.iter().map(|matrix| matrix.iter().map(|g| g.to_f64()).collect()).collect()
}

/// Passes the events of a training to an observer.
pub(super) struct Watcher<'a> {
    pub(super) plan: &'a Plan,
    pub(super) observer: &'a mut dyn Observer,
}

impl<T: Scalar> Callback<T> for Watcher<'_>
where
    AnyNetwork: From<NeuralNetwork<T>>,
{
    fn wants_gradients(&self) -> bool {
        self.observer.wants_gradients()
    }

    fn gradients(&mut self, step: &Step, gradients: &mut Gradients<T>) -> Result<()> {
        self.observer.gradients(step, &|| numbers(gradients))
    }

    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        Ok(self.observer.step(step))
    }

    fn wants_checkpoint(&mut self, step: &Step) -> bool {
        self.observer.wants_checkpoint(step)
    }

    fn checkpoint(&mut self, session: &Session<T>) -> Result<()> {
        Watch::checkpoint(self, &[session])
    }

    fn epoch(&mut self, record: &EpochRecord, net: &NeuralNetwork<T>) -> Result<ControlFlow<()>> {
        let so_far = || self.plan.model(vec![net.clone().into()], &[(record.epoch, record.epoch)]);
        self.observer.epoch(record, &so_far)
    }
}

/// Of an ensemble.
impl<T: Scalar> Watch<T> for Watcher<'_>
where
    AnyNetwork: From<NeuralNetwork<T>>,
{
    fn step(&mut self, step: &Step) -> ControlFlow<()> {
        self.observer.step(step)
    }

    fn wants_checkpoint(&mut self, step: &Step) -> bool {
        self.observer.wants_checkpoint(step)
    }

    fn checkpoint(&mut self, sessions: &[&Session<T>]) -> Result<()> {
        let plan = self.plan;
        self.observer.checkpoint(&|path, of_observer| save(sessions, path, &plan.about(of_observer)?))
    }

    fn wants_gradients(&self) -> bool {
        self.observer.wants_gradients_of_ensembles()
    }

    fn gradients(&mut self, step: &Step, gradients: &Gradients<T>) -> Result<()> {
        self.observer.gradients(step, &|| numbers(gradients))
    }

    fn epoch(&mut self, record: &EpochRecord, sessions: &[&Session<T>]) -> Result<ControlFlow<()>> {
        let so_far = || {
            let epochs = |session: &&Session<T>| session.history().epochs.len();
            let trained: Vec<_> = sessions.iter().map(epochs).map(|epochs| (epochs, epochs)).collect();
            self.plan.model(sessions.iter().map(|session| session.network_so_far().into()).collect(), &trained)
        };
        self.observer.epoch(record, &so_far)
    }
}
