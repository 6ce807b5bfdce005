//! Networks of the estimators (`mfnet.sklearn`): their weights as arrays of NumPy, fits and predictions.

mod data;
mod epochs;
mod lbfgs;
mod losses;
mod mt19937;
mod output;
mod score;

use std::sync::Mutex;

use mfnet::data::Rows;
use mfnet::layer::{ActivationName, AnyLayer, Dropout, Linear};
use mfnet::network::Predictor;
use mfnet::{Activation, Dataset, NeuralNetwork, Optimizer, Tensor};
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use self::data::{Inputs, Number, Outputs, SampleWeights, dataset};
use self::epochs::{Data, OnEpoch, Progress, Settings};
use self::mt19937::Mt19937;
use self::output::Link;
use crate::errors::{guarded, raised};
use crate::pools;

/// A network of linear layers, in 32-bit or 64-bit numbers.
#[pyclass(module = "mfnet._core")]
pub(crate) struct Mlp {
    plan: Plan,
    net: Typed,
}

enum Typed {
    F32(Box<Trained<f32>>),
    F64(Box<Trained<f64>>),
}

/// What a network has besides its weights.
struct Plan {
    activations: Vec<ActivationName>,
    dropout: f64,
    link: Link,
}

/// A network with the state of its optimizer.
struct Trained<T: Number> {
    net: NeuralNetwork<T>,
    optimizer: Option<Optimizer<T>>,
    /// Made by the first prediction.
    predictor: Mutex<Option<Predictor<T>>>,
}

/// Validation samples: the indices of the others and of theirs, and their weights in the score; or samples with
/// their weights in the loss and in the score.
#[derive(FromPyObject)]
enum Validation<'py> {
    Split(PyReadonlyArray1<'py, i64>, PyReadonlyArray1<'py, i64>, SampleWeights<'py>),
    Other(Inputs<'py>, Outputs<'py>, SampleWeights<'py>, SampleWeights<'py>),
}

/// Evaluates `$body` with `$net` as the network of its type.
macro_rules! each_type {
    ($typed:expr, $net:ident => $body:expr) => {
        match $typed {
            Typed::F32($net) => $body,
            Typed::F64($net) => $body,
        }
    };
}

#[pymethods]
impl Mlp {
    /// Makes a network of these weights, shape (inputs, outputs) for each layer, and biases.
    #[new]
    fn new(
        coefs: Vec<Bound<'_, PyAny>>,
        intercepts: Vec<Bound<'_, PyAny>>,
        activations: Vec<String>,
        dropout: f64,
        link: &str,
        double: bool,
    ) -> PyResult<Self> {
        guarded(|| {
            let names = activations.iter().map(|name| activation(name)).collect::<Result<_, String>>();
            let activations = names.map_err(PyValueError::new_err)?;
            let plan = Plan { activations, dropout, link: Link::named(link) };
            let net = if double {
                Typed::F64(Box::new(Trained::new(plan.network(matrices(&coefs, &intercepts)?)?)))
            } else {
                Typed::F32(Box::new(Trained::new(plan.network(matrices(&coefs, &intercepts)?)?)))
            };
            Ok(Mlp { plan, net })
        })
    }

    /// The weights and the biases of each layer.
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<[Vec<Bound<'py, PyAny>>; 2]> {
        guarded(|| each_type!(&self.net, trained => weights(py, &trained.net)))
    }

    /// The number of steps so far, and what the optimizer remembers.
    fn optimizer_state<'py>(&self, py: Python<'py>) -> PyResult<(u64, Vec<Bound<'py, PyAny>>)> {
        guarded(|| each_type!(&self.net, trained => Ok(trained.state(py))))
    }

    /// Sets what `optimizer_state` returned; `settings` are those of the fit.
    fn resume(&mut self, settings: Settings, steps: u64, states: Vec<Bound<'_, PyAny>>) -> PyResult<()> {
        guarded(|| each_type!(&mut self.net, trained => trained.resume(&settings, steps, &states)))
    }

    /// Trains, and returns what there is to say about it.
    #[pyo3(signature = (x, y, weights, settings, validation=None, random=None, on_epoch=None))]
    #[allow(clippy::too_many_arguments)]
    fn fit<'py>(
        &mut self,
        py: Python<'py>,
        x: Inputs<'py>,
        y: Outputs<'py>,
        weights: SampleWeights<'py>,
        settings: Settings,
        validation: Option<Validation<'py>>,
        random: Option<(PyReadonlyArray1<'py, u32>, usize)>,
        on_epoch: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let Mlp { plan, net } = self;
        guarded(|| {
            let random = match random {
                Some((key, position)) => {
                    let wrong = || PyValueError::new_err("random_state: no state of MT19937");
                    Some(Mt19937::new(key.as_array().to_vec(), position).ok_or_else(wrong)?)
                }
                None => None,
            };
            let samples = (x, y, weights, validation);
            each_type!(net, trained => trained.fit(py, plan, samples, settings, random, on_epoch))
        })
    }

    /// The outputs for each row of X, shape (rows, outputs), or their logits.
    #[pyo3(signature = (x, n_threads=None, logits=false))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        x: Inputs<'py>,
        n_threads: Option<usize>,
        logits: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let link = if logits { Link::Identity } else { self.plan.link };
        guarded(|| each_type!(&self.net, trained => trained.predict(py, link, &x, n_threads)))
    }
}

/// The activation with scikit-learn's name, or the library's.
fn activation(name: &str) -> Result<ActivationName, String> {
    match name {
        "logistic" => Ok(ActivationName::Sigmoid),
        other => other.replace('_', "-").parse(),
    }
}

/// Checks the names of an activation, a loss or a schedule; returns what is wrong.
#[pyfunction]
pub(crate) fn check_name(kind: &str, name: &str) -> PyResult<Option<String>> {
    guarded(|| {
        Ok(match kind {
            "activation" => activation(name).err(),
            "schedule" => name.parse::<mfnet::optimizer::Schedule>().err(),
            _ => losses::loss::<f64>(name, 2).err(),
        })
    })
}

/// `[b | W]` of each layer.
fn matrices<T: Number>(coefs: &[Bound<'_, PyAny>], intercepts: &[Bound<'_, PyAny>]) -> PyResult<Vec<Tensor<T>>> {
    let matrix = |(coef, intercept): (&Bound<'_, PyAny>, &Bound<'_, PyAny>)| {
        let coef: PyReadonlyArray2<'_, T> = coef.extract()?;
        let intercept: PyReadonlyArray1<'_, T> = intercept.extract()?;
        let (w, b) = (coef.as_array(), intercept.as_array());
        if w.ncols() != b.len() {
            let found = format!("{} biases for weights of shape {:?}", b.len(), w.dim());
            return Err(PyValueError::new_err(format!("expected a bias for each output, found {found}")));
        }
        Tensor::from_columns(b.len(), b.iter().chain(w.iter()).copied().collect()).map_err(raised)
    };
    coefs.iter().zip(intercepts).map(matrix).collect()
}

fn weights<'py, T: Number>(py: Python<'py>, net: &NeuralNetwork<T>) -> PyResult<[Vec<Bound<'py, PyAny>>; 2]> {
    let (mut coefs, mut intercepts) = (Vec::new(), Vec::new());
    for p in net.parameters() {
        let (outputs, columns) = p.value.shape();
        let mut w = vec![T::ZERO; outputs * columns];
        p.value.write_columns(&mut w);
        let b: Vec<T> = w.drain(..outputs).collect();
        intercepts.push(b.into_pyarray(py).into_any());
        let w = Array2::from_shape_vec((columns - 1, outputs), w);
        coefs.push(w.map_err(|error| PyValueError::new_err(error.to_string()))?.into_pyarray(py).into_any());
    }
    Ok([coefs, intercepts])
}

impl Plan {
    fn network<T: Number>(&self, matrices: Vec<Tensor<T>>) -> PyResult<NeuralNetwork<T>> {
        let features = matrices.first().map_or(0, |b_w| b_w.columns().saturating_sub(1));
        let mut layers: Vec<AnyLayer<T>> = Vec::new();
        let mut activations = self.activations.iter();
        for b_w in matrices {
            layers.push(Linear::new(b_w).map_err(raised)?.into());
            if let Some(name) = activations.next() {
                if *name != ActivationName::Identity {
                    layers.push(Activation::from(*name).into());
                }
                if self.dropout > 0.0 {
                    layers.push(Dropout::new(self.dropout).map_err(raised)?.into());
                }
            }
        }
        NeuralNetwork::from_layers(features, layers).map_err(raised)
    }

    /// The same network in another type.
    fn converted<T: Number, U: Number>(&self, net: &NeuralNetwork<T>) -> PyResult<NeuralNetwork<U>> {
        self.network(net.parameters().map(|p| p.value.map(|x| U::from_f64(x.to_f64()))).collect())
    }
}

type Samples<'py> = (Inputs<'py>, Outputs<'py>, SampleWeights<'py>, Option<Validation<'py>>);

impl<T: Number> Trained<T> {
    fn new(net: NeuralNetwork<T>) -> Self {
        Trained { net, optimizer: None, predictor: Mutex::new(None) }
    }

    fn state<'py>(&self, py: Python<'py>) -> (u64, Vec<Bound<'py, PyAny>>) {
        let Some(optimizer) = &self.optimizer else { return (0, Vec::new()) };
        let array = |matrix: &Tensor<T>| {
            let mut numbers = vec![T::ZERO; matrix.rows() * matrix.columns()];
            matrix.write_columns(&mut numbers);
            numbers.into_pyarray(py).into_any()
        };
        (optimizer.steps_made(), optimizer.states_of_matrices().map(array).collect())
    }

    fn resume(&mut self, settings: &Settings, steps: u64, states: &[Bound<'_, PyAny>]) -> PyResult<()> {
        let mut optimizer = epochs::optimizer::<T>(settings)?;
        let rows: Vec<usize> = self.net.parameters().map(|p| p.value.rows()).collect();
        let of_matrix = (states.len() / rows.len().max(1)).max(1);
        let state = |(i, array): (usize, &Bound<'_, PyAny>)| {
            let numbers: PyReadonlyArray1<'_, T> = array.extract()?;
            let rows = rows.get(i / of_matrix).copied().unwrap_or(1);
            Tensor::from_columns(rows, numbers.as_array().to_vec()).map_err(raised)
        };
        let states = states.iter().enumerate().map(state).collect::<PyResult<_>>()?;
        optimizer.resume(&mut self.net, steps, states);
        self.optimizer = Some(optimizer);
        Ok(())
    }

    fn fit<'py>(
        &mut self,
        py: Python<'py>,
        plan: &Plan,
        (x, y, of_samples, validation): Samples<'py>,
        settings: Settings,
        random: Option<Mt19937>,
        on_epoch: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let threads = pools::count(settings.n_threads)?;
        let shape = (self.net.outputs(), threads);
        let all = dataset::<T>(&x, &y, &of_samples, shape)?;
        let numbers = |weights: SampleWeights<'_>| weights.map(|weights| weights.as_array().to_vec());
        let (train, validation) = match validation {
            None => (all, None),
            Some(Validation::Split(train, held_out, weights)) => {
                (selected(&all, &train)?, Some((selected(&all, &held_out)?, numbers(weights))))
            }
            Some(Validation::Other(x, y, in_loss, in_score)) => {
                (all, Some((dataset::<T>(&x, &y, &in_loss, shape)?, numbers(in_score))))
            }
        };
        let mut data = Data { train, validation, random };
        let threads = pools::pool(threads)?;
        let mut progress = Progress::new(self.net.clone(), &settings);
        let optimizer = if settings.incremental { self.optimizer.take() } else { None };
        let link = plan.link;
        let result = py.detach(|| {
            threads.install(|| {
                if settings.solver != "lbfgs" {
                    let mut call = on_epoch.map(|call| called::<T>(call, settings.shows_weights));
                    let call = call.as_mut().map(|call| call as OnEpoch<'_, T>);
                    return epochs::train(&mut progress, &settings, &mut data, link, optimizer, call);
                }
                let mut call = on_epoch.map(|call| called::<f64>(call, settings.shows_weights));
                let call = call.as_mut().map(|call| call as OnEpoch<'_, f64>);
                let mut of_doubles = Progress::new(plan.converted(&progress.net)?, &settings);
                epochs::minimize(&mut of_doubles, &settings, &data, call)?;
                progress.net = plan.converted(&of_doubles.net)?;
                (progress.n_iter, progress.loss) = (of_doubles.n_iter, of_doubles.loss);
                (progress.status, progress.message) = (of_doubles.status, of_doubles.message);
                progress.error = of_doubles.error;
                Ok(())
            })
        });
        result?;
        let about = about(py, &progress)?;
        if let Some(random) = data.random {
            about.set_item("random", (random.key.into_pyarray(py), random.position))?;
        }
        *self = Trained { net: progress.net, optimizer: progress.optimizer, predictor: Mutex::new(None) };
        Ok(about)
    }

    fn predict<'py>(
        &self,
        py: Python<'py>,
        link: Link,
        x: &Inputs<'_>,
        n_threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (features, outputs) = (x.features(), self.net.outputs());
        let (count, together) = (x.samples(), x.together());
        let mut predicted = vec![T::ZERO; count * outputs];
        let n_threads = if count == 1 { 1 } else { pools::count(n_threads)? };
        let threads = pools::pool(n_threads)?;
        for (first, to) in (0..count).step_by(together).zip(predicted.chunks_mut((together * outputs).max(1))) {
            let rows = x.rows::<T>(first..count.min(first + together), n_threads)?;
            py.detach(|| threads.install(|| self.write(link, &rows, features, to))).map_err(raised)?;
        }
        let predicted = Array2::from_shape_vec((count, outputs), predicted);
        Ok(predicted.map_err(|error| PyValueError::new_err(error.to_string()))?.into_pyarray(py).into_any())
    }

    /// Writes the outputs for rows of features, row by row.
    fn write(&self, link: Link, rows: &Rows, features: usize, to: &mut [T]) -> mfnet::Result<()> {
        let (outputs, most) = (self.net.outputs(), output::at_a_time(&self.net));
        let count = to.len() / outputs;
        let mut own;
        let mut shared = self.predictor.try_lock();
        let predictor = match &mut shared {
            Ok(shared) => shared.get_or_insert_with(|| self.net.predictor()),
            // another thread predicts
            Err(_) => {
                own = self.net.predictor();
                &mut own
            }
        };
        for (start, to) in (0..count).step_by(most).zip(to.chunks_mut(most * outputs)) {
            let columns = data::columns(rows, features, start..count.min(start + most))?;
            link.write(predictor.predict(&columns)?, to);
        }
        Ok(())
    }
}

fn selected(data: &Dataset, indices: &PyReadonlyArray1<'_, i64>) -> PyResult<Dataset> {
    let index = |index: &i64| usize::try_from(*index).unwrap_or(usize::MAX);
    data.select(&indices.as_array().iter().map(index).collect::<Vec<_>>()).map_err(raised)
}

/// Calls a function of Python after each epoch.
fn called<T: Number>(
    call: Py<PyAny>,
    shows_weights: bool,
) -> impl FnMut(usize, f64, Option<f64>, &str, &NeuralNetwork<T>) -> PyResult<bool> {
    move |number, loss, score, message, net| {
        Python::attach(|py| {
            let shown = if shows_weights { Some(weights(py, net)?) } else { None };
            call.bind(py).call1((number, loss, score, message, shown))?.is_truthy()
        })
    }
}

/// A fit in a dictionary.
fn about<'py, T: Number>(py: Python<'py>, progress: &Progress<T>) -> PyResult<Bound<'py, PyDict>> {
    let about = PyDict::new(py);
    about.set_item("n_iter", progress.n_iter)?;
    about.set_item("t", progress.t)?;
    about.set_item("loss", progress.loss)?;
    about.set_item("losses", &progress.losses)?;
    about.set_item("scores", &progress.scores)?;
    about.set_item("validation_losses", &progress.validation_losses)?;
    about.set_item("no_improvement", progress.no_improvement)?;
    about.set_item("best", progress.best)?;
    about.set_item("rate", progress.rate)?;
    about.set_item("status", progress.status)?;
    about.set_item("message", &progress.message)?;
    about.set_item("error", progress.error.as_ref().map(|error| error.value(py)))?;
    Ok(about)
}
