//! [`NeuralNetwork`]: a list of layers, its forward pass and its backward pass.

mod builder;
pub(crate) mod evaluate;
mod gradient_check;
mod predictor;
pub(crate) mod stage;
mod summary;
mod trace;

pub use builder::Builder;
pub use gradient_check::{GradientCheck, gradient_check};
pub use predictor::Predictor;
pub use trace::Trace;

use crate::error::{Error, Result};
use crate::layer::AnyLayer;
use crate::optimizer::{Gradients, Parameter, Parameters};
use crate::tensor::{Scalar, Tensor};

/// A feed-forward network: layers, each the input of the next.
///
/// ```
/// use mfnet::{NeuralNetwork, Seed, Tensor};
/// let net = NeuralNetwork::builder(4).linear(8).relu().linear(3).build(Seed(0))?;
/// assert_eq!(net.parameter_count(), 8 * (4 + 1) + 3 * (8 + 1));
/// let logits = net.predict(&Tensor::zeros(4, 10))?;
/// assert_eq!(logits.shape(), (3, 10));
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct NeuralNetwork<T: Scalar = f64> {
    /// Features of the input and of the output of each layer; one more than layers.
    features: Vec<usize>,
    layers: Vec<AnyLayer<T>>,
}

impl NeuralNetwork<f64> {
    /// Starts a network that takes this number of features; in `f64` unless [`Builder::dtype`] says otherwise.
    pub fn builder(features: usize) -> Builder<f64> {
        Builder::new(features)
    }
}

impl<T: Scalar> NeuralNetwork<T> {
    /// The network with these layers.
    ///
    /// # Errors
    /// [`Error::Shape`] if a layer does not take what the one before it gives, or there is no layer.
    pub fn from_layers(features: usize, layers: Vec<AnyLayer<T>>) -> Result<Self> {
        if layers.is_empty() {
            return Err(Error::shape("NeuralNetwork", "at least one layer", "none"));
        }
        let mut all = vec![features];
        for layer in &layers {
            all.push(layer.as_layer().output_features(all[all.len() - 1])?);
        }
        Ok(NeuralNetwork { features: all, layers })
    }

    /// Number of input features.
    pub fn inputs(&self) -> usize {
        self.features[0]
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.features[self.layers.len()]
    }

    /// The layers in order.
    pub fn layers(&self) -> &[AnyLayer<T>] {
        &self.layers
    }

    /// Features of the output of each layer.
    pub(crate) fn output_features(&self) -> &[usize] {
        &self.features[1..]
    }

    pub(crate) fn layers_mut(&mut self) -> &mut [AnyLayer<T>] {
        &mut self.layers
    }

    /// How many numbers training changes.
    pub fn parameter_count(&self) -> usize {
        self.parameters().map(|p| p.value.rows() * p.value.columns()).sum()
    }

    /// Every matrix of parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter<T>> {
        self.layers.iter().flat_map(|layer| layer.as_layer().parameters())
    }

    /// The forward pass: A⁽⁰⁾ = `input`, A⁽ˡ⁾ = layer l of A⁽ˡ⁻¹⁾, all kept in the trace.
    ///
    /// # Panics
    /// If `input` has another number of features; [`NeuralNetwork::predict`] and [`crate::Trainer`] give an error instead.
    pub fn forward<'a>(&self, input: &'a Tensor<T>) -> Trace<'a, T> {
        assert_eq!(input.rows(), self.inputs(), "features of the input");
        let mut outputs = self.outputs_for(input.columns());
        self.forward_into(input, &mut outputs);
        Trace { input, outputs }
    }

    /// The backward pass: from `delta` = ∂J/∂(output) to ∂J/∂W of every layer.
    ///
    /// ```text
    /// ∂J/∂W⁽ˡ⁾ from A⁽ˡ⁻¹⁾ and ∂J/∂A⁽ˡ⁾, then ∂J/∂A⁽ˡ⁻¹⁾, layer by layer from the last to the first
    /// ```
    ///
    /// # Panics
    /// If `delta` does not have the output's shape, or the trace is that of a network with other layers.
    pub fn backward(&self, trace: &Trace<'_, T>, delta: Tensor<T>) -> Gradients<T> {
        self.all_gradients(trace, delta).1
    }

    /// The same, and ∂J/∂(output of each layer).
    pub(crate) fn all_gradients(&self, trace: &Trace<'_, T>, delta: Tensor<T>) -> (Vec<Tensor<T>>, Gradients<T>) {
        assert_eq!(delta.shape(), trace.output().shape(), "shape of delta");
        let features = trace.outputs.iter().map(Tensor::rows);
        assert!(
            trace.input.rows() == self.inputs() && features.eq(self.output_features().iter().copied()),
            "the trace is that of another network"
        );
        let mut deltas = self.outputs_for(trace.input.columns());
        deltas[self.layers.len() - 1] = delta;
        let mut gradients = self.zero_gradients();
        self.backward_into(trace.input, &trace.outputs, &mut deltas, &mut gradients);
        (deltas, gradients)
    }

    /// Error unless the network takes `features`.
    pub(crate) fn check_input(&self, operation: &'static str, features: usize) -> Result<()> {
        if features == self.inputs() {
            return Ok(());
        }
        Err(Error::shape(operation, format!("{} input features", self.inputs()), features))
    }

    /// Error unless the network gives `outputs`.
    pub(crate) fn check_outputs(&self, operation: &'static str, outputs: usize) -> Result<()> {
        if outputs == self.outputs() {
            return Ok(());
        }
        Err(Error::shape(operation, format!("{outputs} outputs, as the targets have"), self.outputs()))
    }

    /// A matrix for the output of every layer.
    pub(crate) fn outputs_for(&self, samples: usize) -> Vec<Tensor<T>> {
        self.features[1..].iter().map(|features| Tensor::zeros(*features, samples)).collect()
    }

    /// A zero matrix for the gradient of every parameter.
    pub(crate) fn zero_gradients(&self) -> Gradients<T> {
        let of = |layer: &AnyLayer<T>| {
            layer.as_layer().parameters().iter().map(|p| Tensor::zeros(p.value.rows(), p.value.columns())).collect()
        };
        Gradients::new(self.layers.iter().map(of).collect())
    }

    /// The forward pass into kept matrices.
    pub(crate) fn forward_into(&self, input: &Tensor<T>, outputs: &mut [Tensor<T>]) {
        for (l, layer) in self.layers.iter().enumerate() {
            let (before, rest) = outputs.split_at_mut(l);
            layer.as_layer().forward(before.last().unwrap_or(input), &mut rest[0]);
        }
    }

    /// The backward pass with kept matrices; `deltas[l]` becomes ∂J/∂(output of layer l), the last one is given.
    pub(crate) fn backward_into(
        &self,
        input: &Tensor<T>,
        outputs: &[Tensor<T>],
        deltas: &mut [Tensor<T>],
        gradients: &mut Gradients<T>,
    ) {
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let layer = layer.as_layer();
            let input = if l == 0 { input } else { &outputs[l - 1] };
            let (before, rest) = deltas.split_at_mut(l);
            layer.parameter_gradients(input, &outputs[l], &rest[0], gradients.layer_mut(l));
            // nobody needs ∂J/∂A⁽⁰⁾
            if let Some(dj_dinput) = before.last_mut() {
                layer.input_gradient(input, &outputs[l], &rest[0], dj_dinput);
            }
        }
    }
}

impl<T: Scalar> Parameters<T> for NeuralNetwork<T> {
    fn parameters_mut(&mut self) -> impl Iterator<Item = &mut Parameter<T>> {
        self.layers.iter_mut().flat_map(|layer| layer.as_layer_mut().parameters_mut())
    }
}
