//! `mfnet.Model`: a fit as the program makes it, and its model.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use mfnet::error::ErrorKind;
use mfnet::fit::{Fit, Input, Observer, Part, Plan};
use mfnet::model::Predictions;
use mfnet::report::Report;
use mfnet::train::{EpochRecord, History, Step};
use mfnet::{Dataset, Recipe, Target};
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray2};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::arrays::array;
use crate::engine;
use crate::errors::{guarded, raised};
use crate::pools;
use crate::signals::Signals;
use crate::table::{Data, Frame};

/// A trained model, with its fit if this process made it.
#[pyclass(module = "mfnet._core", frozen)]
pub(crate) struct FittedModel {
    model: mfnet::Model,
    fit: Option<Fit>,
}

/// Predictions: numbers of shape (rows, outputs), for classes also the index of each label, and for an interval
/// its ends.
type Predicted<'py> = (Bound<'py, PyArray2<f64>>, Option<Vec<usize>>, Option<[Bound<'py, PyArray2<f64>>; 2]>);

/// Fits a network. `recipe` is JSON; `test` has the test rows. Returns the exception of Ctrl-C, too.
#[pyfunction]
pub(crate) fn fit<'py>(
    py: Python<'py>,
    data: Data<'py>,
    recipe: &str,
    test: Option<Frame<'py>>,
    on_epoch: Option<Py<PyAny>>,
) -> PyResult<(FittedModel, Option<PyErr>)> {
    guarded(|| {
        let recipe = Recipe::from_json(recipe).map_err(raised)?;
        let start = recipe.start().map_err(raised)?;
        let source = data.read(py, || recipe.reader(start.as_ref()))?;
        let test = test.map(|frame| frame.table()).transpose()?;
        let name = data.name();
        let mut observer = Watcher { signals: Signals::new(), interrupted: None, on_epoch };
        let result = py.detach(|| {
            let mut input = Input { name, start, ..Input::from(source) };
            if let Some(test) = test {
                input.read_test = Box::new(|_, _| Ok(test));
            }
            Plan::new(input, &recipe)?.run(&mut observer)
        });
        let fit = result.map_err(raised)?;
        Ok((FittedModel { model: fit.model.clone(), fit: Some(fit) }, observer.interrupted))
    })
}

/// Looks for Ctrl-C, and calls a function of Python after each epoch.
struct Watcher {
    signals: Signals,
    interrupted: Option<PyErr>,
    on_epoch: Option<Py<PyAny>>,
}

impl Watcher {
    fn flow(&mut self) -> ControlFlow<()> {
        if self.interrupted.is_none() {
            self.interrupted = self.signals.check().err();
        }
        if self.interrupted.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Observer for Watcher {
    fn step(&mut self, _step: &Step) -> ControlFlow<()> {
        self.flow()
    }

    fn epoch(
        &mut self,
        epoch: &EpochRecord,
        _so_far: &dyn Fn() -> mfnet::Result<mfnet::Model>,
    ) -> mfnet::Result<ControlFlow<()>> {
        let Some(on_epoch) = &self.on_epoch else { return Ok(ControlFlow::Continue(())) };
        let stops = Python::attach(|py| on_epoch.bind(py).call1((record(py, epoch)?,))?.is_truthy());
        match stops {
            Ok(true) => Ok(ControlFlow::Break(())),
            Ok(false) => Ok(ControlFlow::Continue(())),
            Err(raised) => Err(ErrorKind::Callback(Box::new(raised)).into()),
        }
    }

    fn baseline(&mut self, _steps: usize) -> ControlFlow<()> {
        self.flow()
    }
}

/// The results of an epoch for Python.
pub(crate) fn record<'py>(py: Python<'py>, epoch: &EpochRecord) -> PyResult<Bound<'py, PyDict>> {
    let EpochRecord { network, epoch, loss, validation_loss, seconds, validation_accuracy, validation_score } = *epoch;
    let all = PyDict::new(py);
    if let Some(network) = network {
        all.set_item("network", network)?;
    }
    all.set_item("epoch", epoch)?;
    all.set_item("loss", loss)?;
    all.set_item("validation_loss", validation_loss)?;
    all.set_item("validation_accuracy", validation_accuracy)?;
    all.set_item("validation_score", validation_score)?;
    all.set_item("seconds", seconds)?;
    Ok(all)
}

/// Reads a model file, or the model in the folder of a run.
#[pyfunction]
pub(crate) fn load(path: PathBuf) -> PyResult<FittedModel> {
    guarded(|| {
        let file = if path.is_dir() { path.join("model.safetensors") } else { path };
        Ok(FittedModel { model: mfnet::Model::load(file).map_err(raised)?, fit: None })
    })
}

#[pymethods]
impl FittedModel {
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        guarded(|| Ok(FittedModel { model: mfnet::Model::from_bytes("model", bytes).map_err(raised)?, fit: None }))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        guarded(|| Ok(PyBytes::new(py, &self.model.to_bytes().map_err(raised)?)))
    }

    fn save(&self, path: PathBuf) -> PyResult<()> {
        guarded(|| self.model.save(path).map_err(raised))
    }

    /// The columns that the model predicts from.
    fn features(&self) -> Vec<String> {
        self.model.features().to_vec()
    }

    /// The kind of the target, its columns, and the labels of classes.
    fn target(&self) -> (&'static str, Vec<String>, Vec<String>) {
        let target = self.model.target();
        let (kind, labels) = match target {
            Target::Classes { labels, .. } => ("classification", labels.clone()),
            Target::Labels { labels, .. } => ("multi-label", labels.clone()),
            Target::Values { .. } => ("regression", Vec::new()),
        };
        (kind, target.columns().to_vec(), labels)
    }

    /// Copies of the networks; an ensemble has several.
    fn networks<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        guarded(|| self.model.networks().iter().map(|net| engine::network(py, net)).collect())
    }

    /// The inputs of the networks for rows.
    fn inputs<'py>(&self, py: Python<'py>, data: Data<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        guarded(|| {
            let source = data.read(py, || self.model.reader())?;
            let inputs = py.detach(|| source.inputs(&self.model)).map_err(raised)?;
            array(py, &inputs)
        })
    }

    fn parameters(&self) -> usize {
        self.model.parameter_count()
    }

    #[pyo3(signature = (data, interval=None))]
    fn predict<'py>(&self, py: Python<'py>, data: Data<'py>, interval: Option<f64>) -> PyResult<Predicted<'py>> {
        guarded(|| {
            let source = data.read(py, || self.model.reader())?;
            let threads = pools::pool(pools::count(None)?)?;
            let (predictions, bounds) = py
                .detach(|| {
                    threads.install(|| {
                        let predictions = source.predict(&self.model)?;
                        let bounds = match (&predictions, interval) {
                            (Predictions::Values { values, .. }, Some(level)) => {
                                Some(self.model.bounds(values, level)?)
                            }
                            (_, Some(_)) => {
                                return Err(mfnet::Error::invalid("interval", "a regression", "classes or labels"));
                            }
                            (_, None) => None,
                        };
                        Ok((predictions, bounds))
                    })
                })
                .map_err(raised)?;
            let rows = |numbers: &mfnet::data::Samples| {
                let shape = (numbers.len(), numbers.features());
                let all = Array2::from_shape_vec(shape, numbers.iter().collect());
                all.map(|all| all.into_pyarray(py)).map_err(|error| PyRuntimeError::new_err(error.to_string()))
            };
            let bounds = match &bounds {
                Some([lower, upper]) => Some([rows(lower)?, rows(upper)?]),
                None => None,
            };
            let numbers = rows(predictions.numbers())?;
            let indices = match predictions {
                Predictions::Classes { indices, .. } => Some(indices),
                _ => None,
            };
            Ok((numbers, indices, bounds))
        })
    }

    /// The scores on data with a target, as JSON.
    fn evaluate(&self, py: Python<'_>, data: Data<'_>) -> PyResult<String> {
        guarded(|| {
            let source = data.read(py, || self.model.reader())?;
            let threads = pools::pool(pools::count(None)?)?;
            let part = py.detach(|| {
                threads.install(|| {
                    let data: Dataset = source.dataset_for(&self.model)?;
                    Part::of(&self.model, &data)
                })
            });
            Ok(part.map_err(raised)?.json().to_string())
        })
    }

    /// What a fit has beside its model: its summary as JSON, its text, the introduction, its recipe as TOML, and
    /// the records of its epochs.
    #[pyo3(name = "fit")]
    fn of_fit<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<(String, String, String, String, Vec<Bound<'py, PyDict>>)>> {
        guarded(|| {
            let Some(fit) = &self.fit else { return Ok(None) };
            let epochs = fit.histories.iter().flat_map(|History { epochs, .. }| epochs);
            Ok(Some((
                fit.summary.json().to_string(),
                fit.text(),
                fit.plan.introduction(),
                fit.plan.recipe().to_toml().map_err(raised)?,
                epochs.map(|epoch| record(py, epoch)).collect::<PyResult<_>>()?,
            )))
        })
    }

    /// Writes the page of the fit.
    fn report(&self, path: PathBuf, head: &str) -> PyResult<()> {
        guarded(|| {
            let Some(fit) = &self.fit else {
                return Err(PyValueError::new_err("a model that was loaded has no report: only a fit has"));
            };
            let report = Report::new(fit, head).map_err(raised)?;
            let failed = |reason| raised(ErrorKind::Io { path: path.clone(), action: "write", reason }.into());
            fs::write(&path, report.page).map_err(failed)
        })
    }
}
