//! Fits of the seed's interface (`mfnet.train`): the loop of `python/mfnet/train.py`, in Rust.

use mfnet::loss::Weights;
use mfnet::optimizer::Clip;
use mfnet::{Activation, CrossEntropy, HalfMse, Loss, NeuralNetwork, Optimizer, Pass, Seed, Sgd, Tensor, Threads};
use numpy::ndarray::ArrayView2;
use numpy::{IntoPyArray, PyArray2, PyReadonlyArray2, PyReadwriteArray2};
use pyo3::prelude::*;

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
    net: NeuralNetwork<f64>,
    inputs: Rows,
    targets: Rows,
    loss: Box<dyn Loss<f64>>,
    threads: &'static Threads,
}

/// Samples, one after the other.
struct Rows {
    width: usize,
    numbers: Vec<f64>,
}

impl Rows {
    fn new(array: &ArrayView2<'_, f64>) -> Self {
        Rows { width: array.ncols(), numbers: array.iter().copied().collect() }
    }

    /// A matrix with neighbouring samples as its columns.
    fn block(&self, start: usize, size: usize) -> Tensor {
        let all = self.numbers.len() / self.width;
        let (start, end) = (start.min(all), start.saturating_add(size).min(all));
        let mut block = Tensor::zeros(self.width, end - start);
        block.read_columns(&self.numbers[start * self.width..end * self.width]);
        block
    }
}

#[pymethods]
impl SeedFit {
    #[new]
    fn new(
        layers: Vec<Kind>,
        inputs: PyReadonlyArray2<'_, f64>,
        targets: PyReadonlyArray2<'_, f64>,
        loss: &str,
    ) -> PyResult<Self> {
        guarded(|| {
            let mut builder = NeuralNetwork::builder(inputs.as_array().ncols());
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
            Ok(SeedFit {
                net: builder.build(Seed(0)).map_err(raised)?,
                inputs: Rows::new(&inputs.as_array()),
                targets: Rows::new(&targets.as_array()),
                loss,
                threads: pools::pool(pools::count(None)?)?,
            })
        })
    }

    /// Trains the weights in place; returns the loss of each batch before its step.
    ///
    /// Each row of `starts` has the first samples of the blocks of an epoch. With `but_last`, the last block of
    /// the last epoch is left out.
    #[allow(clippy::too_many_arguments)]
    fn run<'py>(
        &mut self,
        py: Python<'py>,
        mut weights: Vec<PyReadwriteArray2<'py, f64>>,
        starts: PyReadonlyArray2<'py, i64>,
        size: usize,
        rate: f64,
        max_norm: Option<f64>,
        but_last: bool,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        guarded(|| {
            let linears = self.net.parameters_mut();
            for (parameter, array) in linears.zip(&weights) {
                let array = array.as_array();
                parameter.value = Tensor::from_fn(array.nrows() - 1, array.ncols(), |i, j| array[(i + 1, j)]);
            }
            let starts = starts.as_array().to_owned();
            let mut optimizer = Optimizer::new(Sgd::default(), rate);
            if let Some(norm) = max_norm {
                optimizer = optimizer.clip(Clip::PerLayerExactly(norm));
            }
            let mut losses = numpy::ndarray::Array2::zeros(starts.raw_dim());
            let steps = starts.len() - usize::from(but_last);
            let blocks = starts.iter().zip(losses.iter_mut()).take(steps);
            let SeedFit { net, inputs, targets, loss, threads } = self;
            let result = py.detach(|| {
                threads.install(|| {
                    let mut signals = Signals::new();
                    for (step, (start, of_block)) in blocks.enumerate() {
                        let start = usize::try_from(*start).unwrap_or(0);
                        let x = inputs.block(start, size);
                        let y = targets.block(start, size);
                        let pass = Pass::Train { seed: Seed(0), epoch: 1, step: step + 1 };
                        let trace = net.forward(pass, &x);
                        *of_block = loss.value(trace.output(), &y);
                        let delta = loss.gradient(trace.output(), &y);
                        let gradients = net.backward(&trace, delta);
                        optimizer.step(net, gradients);
                        signals.check()?;
                    }
                    Ok(())
                })
            });
            // after Ctrl-C too
            for (parameter, array) in self.net.parameters().zip(&mut weights) {
                let mut array = array.as_array_mut();
                for i in 0..parameter.value.rows() {
                    for j in 0..parameter.value.columns() {
                        array[(i + 1, j)] = parameter.value[(i, j)];
                    }
                }
            }
            result.map(|()| losses.into_pyarray(py))
        })
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
