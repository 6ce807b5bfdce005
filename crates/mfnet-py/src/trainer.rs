//! `mfnet.Trainer`: whole trainings of a network from Python.

use std::ops::ControlFlow;

use mfnet::data::Dataset;
use mfnet::error::ErrorKind;
use mfnet::loss::LossName;
use mfnet::train::{Averaging, Callback, EpochRecord, SampleOrder, Step, Trainer};
use mfnet::{NeuralNetwork, Optimizer, Scalar, Seed};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::model::record;
use crate::signals::Signals;

/// What Python says about a training.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    epochs: usize,
    batch_size: usize,
    shuffle: bool,
    seed: u64,
    early_stopping: Option<usize>,
    min_delta: f64,
    monitor: String,
    tol: Option<f64>,
    n_iter_no_change: usize,
    average: Option<String>,
    mixup: f64,
}

impl Settings {
    /// The trainer of the library.
    pub(crate) fn trainer<T: Scalar>(
        &self,
        loss: LossName,
        optimizer: Optimizer<T>,
        validation: Option<&Dataset>,
    ) -> PyResult<Trainer<T>> {
        let mut trainer = Trainer::new(loss.loss::<T>(), optimizer)
            .epochs(self.epochs)
            .batch_size(self.batch_size)
            .order(if self.shuffle { SampleOrder::Shuffled } else { SampleOrder::AsTheyAre })
            .seed(Seed(self.seed))
            .min_delta(self.min_delta)
            .monitor(self.monitor.parse().map_err(PyValueError::new_err)?);
        if let Some(patience) = self.early_stopping {
            trainer = trainer.early_stopping(patience);
        }
        if let Some(tol) = self.tol {
            trainer = trainer.tolerance(tol, self.n_iter_no_change);
        }
        if let Some(average) = &self.average {
            trainer = trainer.average(average.parse::<Averaging>().map_err(PyValueError::new_err)?);
        }
        if self.mixup > 0.0 {
            trainer = trainer.mixup(self.mixup);
        }
        Ok(match validation {
            Some(validation) => trainer.validate_on(validation),
            None => trainer,
        })
    }
}

/// Looks for Ctrl-C, and calls a function of Python after each epoch.
pub(crate) struct Watcher<'a, T: Scalar> {
    signals: Signals,
    on_epoch: Option<Py<PyAny>>,
    /// Gives Python the network before it is called.
    show: &'a (dyn Fn(&NeuralNetwork<T>) + Send + Sync),
    /// The exception of Ctrl-C.
    pub(crate) interrupted: Option<PyErr>,
}

impl<'a, T: Scalar> Watcher<'a, T> {
    pub(crate) fn new(on_epoch: Option<Py<PyAny>>, show: &'a (dyn Fn(&NeuralNetwork<T>) + Send + Sync)) -> Self {
        Watcher { signals: Signals::new(), on_epoch, show, interrupted: None }
    }
}

impl<T: Scalar> Callback<T> for Watcher<'_, T> {
    fn step(&mut self, _step: &Step) -> mfnet::Result<ControlFlow<()>> {
        self.interrupted = self.signals.check().err();
        Ok(if self.interrupted.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn epoch(&mut self, epoch: &EpochRecord, net: &NeuralNetwork<T>) -> mfnet::Result<ControlFlow<()>> {
        let Some(on_epoch) = &self.on_epoch else { return Ok(ControlFlow::Continue(())) };
        (self.show)(net);
        match Python::attach(|py| on_epoch.bind(py).call1((record(py, epoch)?,))?.is_truthy()) {
            Ok(true) => Ok(ControlFlow::Break(())),
            Ok(false) => Ok(ControlFlow::Continue(())),
            Err(raised) => Err(ErrorKind::Callback(Box::new(raised)).into()),
        }
    }
}
