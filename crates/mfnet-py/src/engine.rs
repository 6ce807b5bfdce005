//! Networks, losses and optimizers for a loop of one's own in Python.
//!
//! The objects hold the library's own values, so a batch goes from the data to the updated weights without a
//! copy. Arrays are made only where Python asks for them; their rows are samples.

use std::mem;
use std::sync::Arc;

use mfnet::data::{Batches, Rows};
use mfnet::fit::OptimizerName;
use mfnet::layer::LayerSpec;
use mfnet::loss::{LossName, Weights};
use mfnet::model::AnyNetwork;
use mfnet::network::Trace;
use mfnet::optimizer::{Clip, Gradients, Optimizer, Schedule};
use mfnet::{Dataset, NeuralNetwork, Pass, Scalar, Seed, Sgd, Targets, Tensor, Threads};
use numpy::{PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{array, matrix, parameters, rows};
use crate::errors::{guarded, raised};
use crate::model::record;
use crate::pools;
use crate::trainer::{Settings, Watcher};

/// A loss by its name, such as huber:1.35.
#[pyclass(module = "mfnet._core", frozen)]
pub(crate) struct Loss {
    name: LossName,
}

#[pymethods]
impl Loss {
    #[new]
    fn new(name: &str) -> PyResult<Self> {
        guarded(|| Ok(Loss { name: name.parse().map_err(PyValueError::new_err)? }))
    }

    #[getter]
    fn name(&self) -> String {
        self.name.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Loss({:?})", self.name.to_string())
    }
}

/// Samples with their targets, copied once and stored in their own type.
#[pyclass(module = "mfnet._core", frozen)]
pub(crate) struct Data {
    data: Dataset,
}

/// Samples in the type in which they are stored.
#[derive(FromPyObject)]
enum Stored<'py> {
    F64(PyReadonlyArray2<'py, f64>),
    F32(PyReadonlyArray2<'py, f32>),
    Bytes(PyReadonlyArray2<'py, u8>),
}

impl Stored<'_> {
    /// The number of features, and the numbers.
    fn rows(&self) -> (usize, Rows) {
        match self {
            Stored::F64(array) => (array.as_array().ncols(), rows(&array.as_array()).into_owned().into()),
            Stored::F32(array) => (array.as_array().ncols(), rows(&array.as_array()).into_owned().into()),
            Stored::Bytes(array) => (array.as_array().ncols(), rows(&array.as_array()).into_owned().into()),
        }
    }
}

/// Values of shape (samples, outputs), or the indices of classes and their number.
#[derive(FromPyObject)]
enum Target<'py> {
    Values(PyReadonlyArray2<'py, f64>),
    Classes(PyReadonlyArray1<'py, i64>, usize),
}

#[pymethods]
impl Data {
    #[new]
    fn new(x: Stored<'_>, y: Target<'_>, weight: Option<PyReadonlyArray1<'_, f64>>) -> PyResult<Self> {
        guarded(|| {
            let (features, stored) = x.rows();
            let targets = match y {
                Target::Values(values) => {
                    let outputs = values.as_array().ncols();
                    let values =
                        Tensor::from_columns(outputs, rows(&values.as_array()).into_owned()).map_err(raised)?;
                    let columns = (0..outputs).map(|i| i.to_string()).collect();
                    Targets::Values { columns, values: values.into() }
                }
                Target::Classes(indices, classes) => {
                    let index = |index: &i64| usize::try_from(*index).unwrap_or(usize::MAX);
                    let indices: Vec<usize> = indices.as_array().iter().map(index).collect();
                    if indices.iter().any(|index| *index >= classes) {
                        return Err(PyValueError::new_err(format!("y: expected classes from 0 to {}", classes - 1)));
                    }
                    let labels = (0..classes).map(|class| class.to_string()).collect();
                    Targets::Classes { column: "y".to_owned(), labels, indices }
                }
            };
            let data = Dataset::from_rows("data", features, stored, targets).map_err(raised)?;
            let data = match weight {
                Some(weight) => data.with_weights(weight.as_array().to_vec()).map_err(raised)?,
                None => data,
            };
            Ok(Data { data })
        })
    }

    /// The numbers of samples, features and outputs.
    fn shape(&self) -> (usize, usize, usize) {
        (self.data.samples(), self.data.features(), self.data.outputs())
    }
}

/// The layers of a network, as JSON has them.
fn layers(json: &str) -> PyResult<Vec<LayerSpec>> {
    serde_json::from_str(json).map_err(|error| PyValueError::new_err(format!("layers: {error}")))
}

/// Refuses a matrix of another shape; shapes are shown with samples first, as arrays have them.
fn check_shape<T: Scalar>(what: &str, expected: &Tensor<T>, found: &Tensor<T>) -> PyResult<()> {
    let [expected, found] = [expected, found].map(|matrix| (matrix.columns(), matrix.rows()));
    match expected == found {
        true => Ok(()),
        false => {
            Err(PyValueError::new_err(format!("{what}: expected an array of shape {expected:?}, found {found:?}")))
        }
    }
}

/// The classes for one type of number.
macro_rules! classes {
    ($type:ty, $network:ident, $batches:ident, $batch:ident, $trace:ident, $delta:ident, $gradients:ident, $optimizer:ident) => {
        /// A network.
        #[pyclass(module = "mfnet._core")]
        pub(crate) struct $network {
            net: NeuralNetwork<$type>,
            threads: &'static Threads,
        }

        #[pymethods]
        impl $network {
            #[new]
            fn new(features: usize, layers: &str, seed: u64, n_threads: Option<usize>) -> PyResult<Self> {
                guarded(|| {
                    let builder = NeuralNetwork::builder(features).dtype::<$type>();
                    let builder = self::layers(layers)?.into_iter().fold(builder, |builder, layer| builder.spec(layer));
                    let net = builder.build(Seed(seed)).map_err(raised)?;
                    Ok($network { net, threads: pools::pool(pools::count(n_threads)?)? })
                })
            }

            /// The forward pass.
            fn forward(&self, py: Python<'_>, batch: PyRef<'_, $batch>) -> PyResult<$trace> {
                guarded(|| {
                    let (pass, inputs) = (batch.pass, Arc::clone(&batch.inputs));
                    if inputs.rows() != self.net.inputs() {
                        let (expected, found) = (self.net.inputs(), inputs.rows());
                        return Err(PyValueError::new_err(format!(
                            "forward: expected {expected} features, found {found}"
                        )));
                    }
                    let (net, threads) = (&self.net, self.threads);
                    Ok($trace { trace: py.detach(|| threads.install(|| net.forward(pass, inputs))) })
                })
            }

            /// The backward pass.
            fn backward(
                &self,
                py: Python<'_>,
                trace: PyRef<'_, $trace>,
                mut delta: PyRefMut<'_, $delta>,
            ) -> PyResult<$gradients> {
                guarded(|| {
                    check_shape("backward", trace.trace.output(), &delta.matrix)?;
                    let delta = mem::replace(&mut delta.matrix, Tensor::zeros(0, 0));
                    let (net, threads, trace) = (&self.net, self.threads, &trace.trace);
                    Ok($gradients { gradients: Some(py.detach(|| threads.install(|| net.backward(trace, delta)))) })
                })
            }

            /// The outputs of samples.
            fn predict<'py>(
                &self,
                py: Python<'py>,
                x: PyReadonlyArray2<'py, $type>,
            ) -> PyResult<Bound<'py, PyArray2<$type>>> {
                guarded(|| {
                    let (net, threads, x) = (&self.net, self.threads, matrix(&x)?);
                    array(py, &py.detach(|| threads.install(|| net.predict(&x))).map_err(raised)?)
                })
            }

            /// Trains the network. Returns the results of each epoch, and the exception that ended the training.
            #[allow(clippy::too_many_arguments)]
            fn train<'py>(
                slf: &Bound<'py, Self>,
                data: &Data,
                validation: Option<PyRef<'py, Data>>,
                loss: &Loss,
                optimizer: PyRef<'py, $optimizer>,
                settings: Settings,
                on_epoch: Option<Py<PyAny>>,
            ) -> PyResult<(Vec<Bound<'py, PyDict>>, Option<PyErr>)> {
                guarded(|| {
                    let (py, (net, threads)) = (slf.py(), {
                        let this = slf.try_borrow()?;
                        (this.net.clone(), this.threads)
                    });
                    let validation = validation.as_ref().map(|validation| &validation.data);
                    let trainer = settings.trainer(loss.name, optimizer.optimizer.clone(), validation)?;
                    let own = slf.clone().unbind();
                    // the network is borrowed for no longer than this, so that callbacks can use it
                    let show = |net: &NeuralNetwork<$type>| {
                        Python::attach(|py| own.borrow_mut(py).net.clone_from(net));
                    };
                    let mut watcher = Watcher::new(on_epoch, &show);
                    let mut session = trainer.start(net, &data.data).map_err(raised)?;
                    let result = py.detach(|| threads.install(|| session.run(&mut watcher)));
                    let interrupted = watcher.interrupted.take();
                    let (net, history) = session.into_parts();
                    slf.try_borrow_mut()?.net = net;
                    let error = interrupted.or(result.err().map(raised));
                    Ok((history.epochs.iter().map(|epoch| record(py, epoch)).collect::<PyResult<_>>()?, error))
                })
            }

            /// Copies of the parameters of each layer.
            fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyArray2<$type>>>> {
                guarded(|| Ok(self.net.parameters().map(|parameter| self::parameters(py, &parameter.value)).collect()))
            }

            /// Replaces the parameters.
            fn set_parameters(&mut self, parameters: Vec<PyReadonlyArray2<'_, $type>>) -> PyResult<()> {
                guarded(|| {
                    let new = |array: &PyReadonlyArray2<'_, $type>| {
                        let array = array.as_array();
                        Tensor::from_fn(array.nrows(), array.ncols(), |i, j| array[(i, j)])
                    };
                    let new: Vec<_> = parameters.iter().map(new).collect();
                    let old: Vec<_> = self.net.parameters_mut().collect();
                    if new.len() != old.len() {
                        let message = format!("expected {} arrays, found {}", old.len(), new.len());
                        return Err(PyValueError::new_err(message));
                    }
                    for (old, new) in old.iter().zip(&new) {
                        let (expected, found) = (old.value.shape(), new.shape());
                        if expected != found {
                            let message =
                                format!("a parameter: expected an array of shape {expected:?}, found {found:?}");
                            return Err(PyValueError::new_err(message));
                        }
                    }
                    old.into_iter().zip(new).for_each(|(old, new)| old.value = new);
                    Ok(())
                })
            }

            /// The numbers of inputs, outputs and parameters, and a line for each layer.
            fn shape(&self) -> (usize, usize, usize, Vec<String>) {
                let lines = self.net.layers().iter().map(|layer| layer.name()).collect();
                (self.net.inputs(), self.net.outputs(), self.net.parameter_count(), lines)
            }

            /// A copy.
            fn copy(&self) -> Self {
                $network { net: self.net.clone(), threads: self.threads }
            }
        }

        /// The batches of an epoch.
        #[pyclass(module = "mfnet._core")]
        pub(crate) struct $batches {
            batches: Batches<'static, $type>,
        }

        #[pymethods]
        impl $batches {
            #[new]
            fn new(data: PyRef<'_, Data>, size: usize, shuffle: bool, seed: u64, epoch: usize) -> PyResult<Self> {
                guarded(|| {
                    let batches = data.data.clone().into_batches(size);
                    let batches = match shuffle {
                        true => batches.shuffled(Seed(seed), epoch),
                        false => batches.of_epoch(Seed(seed), epoch),
                    };
                    Ok($batches { batches })
                })
            }

            fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
                slf
            }

            fn __next__(&mut self) -> PyResult<Option<$batch>> {
                guarded(|| {
                    Ok(self.batches.next().map(|batch| {
                        let (pass, weights) = (batch.pass(), batch.weights());
                        let weights = weights.of_samples.map(|of_samples| (of_samples.to_vec(), weights.divisor));
                        let (inputs, targets) = batch.into_parts();
                        $batch { pass, inputs: Arc::new(inputs), targets, weights }
                    }))
                })
            }
        }

        /// Samples with their targets.
        #[pyclass(module = "mfnet._core", frozen)]
        pub(crate) struct $batch {
            pass: Pass,
            inputs: Arc<Tensor<$type>>,
            targets: Tensor<$type>,
            weights: Option<(Vec<f64>, f64)>,
        }

        impl $batch {
            fn weights(&self) -> Weights<'_> {
                match &self.weights {
                    Some((of_samples, divisor)) => Weights { of_samples: Some(of_samples), divisor: *divisor },
                    None => Weights::equal(self.inputs.columns()),
                }
            }
        }

        #[pymethods]
        impl $batch {
            /// A batch of arrays, in a training step or in none.
            #[new]
            fn new(
                x: PyReadonlyArray2<'_, $type>,
                y: PyReadonlyArray2<'_, $type>,
                step: Option<(u64, usize, usize)>,
            ) -> PyResult<Self> {
                guarded(|| {
                    let (inputs, targets) = (matrix(&x)?, matrix(&y)?);
                    if inputs.columns() != targets.columns() {
                        let (samples, found) = (inputs.columns(), targets.columns());
                        return Err(PyValueError::new_err(format!(
                            "y: expected {samples} rows, as x has, found {found}"
                        )));
                    }
                    let pass = step.map_or(Pass::Evaluate, |(seed, epoch, step)| Pass::Train {
                        seed: Seed(seed),
                        epoch,
                        step,
                    });
                    Ok($batch { pass, inputs: Arc::new(inputs), targets, weights: None })
                })
            }

            #[getter]
            fn x<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<$type>>> {
                guarded(|| array(py, &self.inputs))
            }

            #[getter]
            fn y<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<$type>>> {
                guarded(|| array(py, &self.targets))
            }

            fn __len__(&self) -> usize {
                self.inputs.columns()
            }
        }

        /// The outputs of all layers.
        #[pyclass(module = "mfnet._core", frozen)]
        pub(crate) struct $trace {
            trace: Trace<'static, $type>,
        }

        #[pymethods]
        impl $trace {
            #[getter]
            fn output<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<$type>>> {
                guarded(|| array(py, self.trace.output()))
            }

            /// The output of the layer with this number.
            fn layer<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Bound<'py, PyArray2<$type>>> {
                guarded(|| {
                    let layers = self.trace.layers();
                    match number < layers {
                        true => array(py, self.trace.layer_output(number)),
                        false => Err(PyIndexError::new_err(format!("layer {number} of {layers}"))),
                    }
                })
            }

            /// The loss.
            fn loss(&self, loss: &Loss, batch: PyRef<'_, $batch>) -> PyResult<f64> {
                guarded(|| {
                    check_shape("the targets", self.trace.output(), &batch.targets)?;
                    let loss = loss.name.loss::<$type>();
                    loss.check(batch.targets.rows()).map_err(raised)?;
                    Ok(loss.weighted_value(self.trace.output(), &batch.targets, batch.weights()))
                })
            }

            /// The loss and its gradient by the output.
            fn loss_and_gradient(&self, loss: &Loss, batch: PyRef<'_, $batch>) -> PyResult<(f64, $delta)> {
                guarded(|| {
                    let output = self.trace.output();
                    check_shape("the targets", output, &batch.targets)?;
                    let loss = loss.name.loss::<$type>();
                    loss.check(batch.targets.rows()).map_err(raised)?;
                    let mut matrix = Tensor::zeros(output.rows(), output.columns());
                    let value = match batch.weights().divisor {
                        0.0 => 0.0,
                        _ => loss.value_and_gradient(output, &batch.targets, batch.weights(), &mut matrix),
                    };
                    Ok((value, $delta { matrix }))
                })
            }
        }

        /// The gradient of the loss by the output.
        #[pyclass(module = "mfnet._core")]
        pub(crate) struct $delta {
            matrix: Tensor<$type>,
        }

        #[pymethods]
        impl $delta {
            #[new]
            fn new(array: PyReadonlyArray2<'_, $type>) -> PyResult<Self> {
                guarded(|| Ok($delta { matrix: matrix(&array)? }))
            }

            fn numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<$type>>> {
                guarded(|| array(py, &self.matrix))
            }
        }

        /// The gradients of the loss by the parameters.
        #[pyclass(module = "mfnet._core")]
        pub(crate) struct $gradients {
            /// Until a step takes them.
            gradients: Option<Gradients<$type>>,
        }

        impl $gradients {
            fn get(&self) -> PyResult<&Gradients<$type>> {
                self.gradients.as_ref().ok_or_else(|| PyValueError::new_err(USED))
            }
        }

        #[pymethods]
        impl $gradients {
            /// Copies of the gradients, in the order and the shapes of the parameters.
            fn numpy<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyArray2<$type>>>> {
                guarded(|| Ok(self.get()?.iter().map(|gradient| parameters(py, gradient)).collect()))
            }

            /// The norm of all gradients together.
            fn norm(&self) -> PyResult<f64> {
                guarded(|| Ok(self.get()?.norm()))
            }
        }

        /// An optimizer with its state.
        #[pyclass(module = "mfnet._core")]
        pub(crate) struct $optimizer {
            optimizer: Optimizer<$type>,
        }

        #[pymethods]
        impl $optimizer {
            #[new]
            #[allow(clippy::too_many_arguments)]
            fn new(
                name: &str,
                learning_rate: f64,
                momentum: f64,
                nesterov: bool,
                weight_decay: f64,
                l1: f64,
                clip_norm: f64,
                schedule: &str,
                length: Option<(usize, usize)>,
            ) -> PyResult<Self> {
                guarded(|| {
                    let name: OptimizerName = name.parse().map_err(PyValueError::new_err)?;
                    if name == OptimizerName::Lbfgs {
                        return Err(PyValueError::new_err("lbfgs makes its steps itself: it is for Model.fit"));
                    }
                    let schedule: Schedule = schedule.parse().map_err(PyValueError::new_err)?;
                    let optimizer = name.optimizer::<$type>(Sgd { momentum, nesterov }, learning_rate);
                    let mut optimizer = optimizer.weight_decay(weight_decay).l1(l1).schedule(schedule);
                    if clip_norm > 0.0 {
                        optimizer = optimizer.clip(Clip::Global(clip_norm));
                    }
                    if let Some((steps, epochs)) = length {
                        optimizer = optimizer.length(steps, epochs);
                    }
                    Ok($optimizer { optimizer })
                })
            }

            /// Changes the parameters.
            fn step(
                &mut self,
                py: Python<'_>,
                mut network: PyRefMut<'_, $network>,
                mut gradients: PyRefMut<'_, $gradients>,
            ) -> PyResult<()> {
                guarded(|| {
                    let of_net = network.net.parameters().map(|parameter| parameter.value.shape());
                    if !gradients.get()?.iter().map(Tensor::shape).eq(of_net) {
                        return Err(PyValueError::new_err("step: these gradients are those of another network"));
                    }
                    let taken = gradients.gradients.take().ok_or_else(|| PyValueError::new_err(USED))?;
                    let (threads, net, optimizer) = (network.threads, &mut network.net, &mut self.optimizer);
                    py.detach(|| threads.install(|| optimizer.step(net, taken)));
                    Ok(())
                })
            }

            #[getter]
            fn rate(&self) -> f64 {
                self.optimizer.rate()
            }
        }
    };
}

/// A network for Python.
pub(crate) fn network<'py>(py: Python<'py>, net: &AnyNetwork) -> PyResult<Bound<'py, PyAny>> {
    let threads = pools::pool(pools::count(None)?)?;
    Ok(match net {
        AnyNetwork::F32(net) => Bound::new(py, Network32 { net: net.clone(), threads })?.into_any(),
        AnyNetwork::F64(net) => Bound::new(py, Network64 { net: net.clone(), threads })?.into_any(),
    })
}

/// Adds the classes for both types of number.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    macro_rules! add {
        ($($class:ty),*) => { $(module.add_class::<$class>()?;)* };
    }
    add!(Network32, Batches32, Batch32, Trace32, Delta32, Gradients32, Optimizer32);
    add!(Network64, Batches64, Batch64, Trace64, Delta64, Gradients64, Optimizer64);
    Ok(())
}

const USED: &str = "these gradients were used in a step";

classes!(f32, Network32, Batches32, Batch32, Trace32, Delta32, Gradients32, Optimizer32);
classes!(f64, Network64, Batches64, Batch64, Trace64, Delta64, Gradients64, Optimizer64);
