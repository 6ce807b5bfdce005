//! Fits of the seed's interface (`mfnet.train`): the loop of `python/mfnet/train.py`, in Rust.

use mfnet::loss::Weights;
use mfnet::optimizer::Clip;
use mfnet::train::Stepper;
use mfnet::{
    Activation, CrossEntropy, Dataset, HalfMse, Loss, NeuralNetwork, Optimizer, Pass, Seed, Sgd, Targets, Tensor,
    Threads, Trainer,
};
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray2, PyReadonlyArray2, PyReadwriteArray2};
use pyo3::prelude::*;

use crate::arrays::rows;
use crate::errors::{guarded, raised};
use crate::pools;
use crate::signals::Signals;

/// A layer: the outputs of a linear one, or the name of an activation.
#[derive(FromPyObject)]
enum Kind {
    Linear(usize),
    Activation(String),
}

/// A network and its training samples, which are copied once.
#[pyclass(module = "mfnet._core")]
pub(crate) struct SeedFit {
    steps: Stepper<f64>,
    samples: usize,
    size: usize,
    threads: &'static Threads,
}

#[pymethods]
impl SeedFit {
    /// `size` is that of the blocks, and `max_norm` the largest norm of a layer's gradient.
    #[new]
    fn new(
        py: Python<'_>,
        layers: Vec<Kind>,
        inputs: PyReadonlyArray2<'_, f64>,
        targets: PyReadonlyArray2<'_, f64>,
        loss: &str,
        size: usize,
        max_norm: Option<f64>,
    ) -> PyResult<Self> {
        guarded(|| {
            let (samples, features) = inputs.as_array().dim();
            let outputs = targets.as_array().ncols();
            let mut builder = NeuralNetwork::builder(features);
            for layer in &layers {
                builder = match layer {
                    Kind::Linear(outputs) => builder.linear(*outputs),
                    Kind::Activation(name) => builder.activation(match name.as_str() {
                        "relu" => Activation::Relu,
                        "sigmoid" => Activation::Sigmoid,
                        _ => Activation::Identity,
                    }),
                };
            }
            let loss: Box<dyn Loss<f64>> = if loss == "mse" { Box::new(SquaredError) } else { Box::new(Logits) };
            let mut optimizer = Optimizer::new(Sgd::default(), 1.0);
            if let Some(norm) = max_norm {
                optimizer = optimizer.clip(Clip::PerLayerExactly(norm));
            }
            let values = Tensor::from_columns(outputs, rows(&targets.as_array()).into_owned()).map_err(raised)?;
            let columns = (0..outputs).map(|output| output.to_string()).collect();
            let inputs = rows(&inputs.as_array()).into_owned();
            let steps = py.detach(|| {
                let targets = Targets::Values { columns, values: values.into() };
                let data = Dataset::from_rows("inputs", features, inputs, targets)?;
                Trainer::new(loss, optimizer).batch_size(size).stepper(builder.build(Seed(0))?, &data)
            });
            Ok(SeedFit { steps: steps.map_err(raised)?, samples, size, threads: pools::pool(pools::count(None)?)? })
        })
    }

    /// Trains the weights in place; returns the loss of each batch before its step.
    ///
    /// Each row of `starts` has the first samples of the blocks of an epoch. With `but_last`, the last block of
    /// the last epoch is left out.
    fn run<'py>(
        &mut self,
        py: Python<'py>,
        mut weights: Vec<PyReadwriteArray2<'py, f64>>,
        starts: PyReadonlyArray2<'py, i64>,
        rate: f64,
        but_last: bool,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        guarded(|| {
            self.steps.change(|net| {
                for (parameter, array) in net.parameters_mut().zip(&weights) {
                    let array = array.as_array();
                    for j in 0..parameter.value.columns() {
                        let column = parameter.value.column_mut(j);
                        column.zip(array.column(j).iter().skip(1)).for_each(|(to, w)| *to = *w);
                    }
                }
            });
            self.steps.optimizer_mut().set_learning_rate(rate);
            let starts = starts.as_array().to_owned();
            let mut losses = Array2::zeros(starts.raw_dim());
            let result = py.detach(|| self.threads.install(|| self.steps(&starts, but_last, &mut losses)));
            // after Ctrl-C too
            for (parameter, array) in self.steps.network().parameters().zip(&mut weights) {
                let mut array = array.as_array_mut();
                for j in 0..parameter.value.columns() {
                    let column = parameter.value.column(j);
                    array.column_mut(j).iter_mut().skip(1).zip(column).for_each(|(to, w)| *to = w);
                }
            }
            result.map(|()| losses.into_pyarray(py))
        })
    }
}

impl SeedFit {
    /// Makes the steps of some epochs, and writes the loss of each block.
    fn steps(&mut self, starts: &Array2<i64>, but_last: bool, losses: &mut Array2<f64>) -> PyResult<()> {
        let (samples, size) = (self.samples, self.size);
        let mut signals = Signals::new();
        let mut order: Vec<usize> = Vec::with_capacity(samples);
        let mut left = starts.len() - usize::from(but_last);
        for (epoch, (starts, mut losses)) in (1..).zip(starts.rows().into_iter().zip(losses.rows_mut())) {
            let place = |start: &i64| usize::try_from(*start).unwrap_or(0).min(samples);
            let block = |start: usize| start..start.saturating_add(size).min(samples);
            order.clear();
            starts.iter().for_each(|start| order.extend(block(place(start))));
            let mut rest = &order[..];
            for (step, (start, loss)) in (1..).zip(starts.iter().zip(&mut losses).take(left)) {
                let count = block(place(start)).len();
                *loss = self.steps.step(rest, count, Pass::Train { seed: Seed(0), epoch, step });
                rest = &rest[count..];
                signals.check()?;
            }
            left = left.saturating_sub(starts.len());
        }
        Ok(())
    }
}

/// J = Σ (ŷ − y)² / m, the sum over outputs and samples.
struct SquaredError;

impl Loss<f64> for SquaredError {
    fn name(&self) -> &str {
        "squared error"
    }

    fn cost(&self, output: &Tensor, target: &Tensor, sample: usize) -> f64 {
        2.0 * HalfMse.cost(output, target, sample)
    }

    fn cost_gradient(&self, output: &Tensor, target: &Tensor, sample: usize, factor: f64, delta: &mut Tensor) {
        HalfMse.cost_gradient(output, target, sample, 2.0 * factor, delta);
    }

    fn weighted_value(&self, output: &Tensor, target: &Tensor, weights: Weights<'_>) -> f64 {
        2.0 * HalfMse.weighted_value(output, target, weights)
    }

    fn value_and_gradient(&self, output: &Tensor, target: &Tensor, weights: Weights<'_>, delta: &mut Tensor) -> f64 {
        let twice = Weights { divisor: weights.divisor / 2.0, ..weights };
        HalfMse.value_and_gradient(output, target, twice, delta)
    }
}

/// Cross-entropy, with a probability of 0 taken for 1e-100.
struct Logits;

impl Loss<f64> for Logits {
    fn name(&self) -> &str {
        "cross-entropy"
    }

    fn cost(&self, output: &Tensor, target: &Tensor, sample: usize) -> f64 {
        let largest = output.column(sample).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = output.column(sample).map(|z| (z - largest).exp()).sum();
        let cost = |(z, y): (f64, f64)| match (z - largest).exp() / sum {
            0.0 => -y * 1e-100_f64.ln(),
            p => -y * p.ln(),
        };
        output.column(sample).zip(target.column(sample)).map(cost).sum()
    }

    fn cost_gradient(&self, output: &Tensor, target: &Tensor, sample: usize, factor: f64, delta: &mut Tensor) {
        CrossEntropy.cost_gradient(output, target, sample, factor, delta);
    }

    fn value_and_gradient(&self, output: &Tensor, target: &Tensor, weights: Weights<'_>, delta: &mut Tensor) -> f64 {
        CrossEntropy.value_and_gradient(output, target, weights, delta);
        self.weighted_value(output, target, weights)
    }
}
