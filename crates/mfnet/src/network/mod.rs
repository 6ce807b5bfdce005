//! [`NeuralNetwork`]: layers, their forward pass and their backward pass.
//!
//! `plan.rs` lowers the tree of layers to a flat list of operations; `run.rs` runs it forward and
//! backward.

mod builder;
pub(crate) mod evaluate;
mod gradient_check;
pub(crate) mod plan;
mod predictor;
pub(crate) mod run;
mod summary;
mod trace;

use std::sync::Arc;

pub use builder::Builder;
pub use gradient_check::{GradientCheck, gradient_check};
pub use predictor::Predictor;
pub use trace::{Input, Trace};

pub use crate::init::Init;

use self::plan::{Kind, Operation, Plan, Plans};
use self::run::{Room, Run, Sink, Transposes};
use crate::error::{Error, Result};
use crate::layer::{AnyLayer, Layer};
use crate::optimizer::{Gradients, Parameter, ParameterKind, Parameters};
use crate::pass::Pass;
use crate::tensor::{Scalar, Tensor, product};

/// A feed-forward network: a list of layers, each of which reads the output of the previous one.
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
    inputs: usize,
    layers: Vec<AnyLayer<T>>,
    plans: Arc<Plans>,
}

impl NeuralNetwork<f64> {
    /// Starts a network with this number of input features, in `f64` unless [`Builder::dtype`]
    /// changes it.
    pub fn builder(features: usize) -> Builder<f64> {
        Builder::new(features)
    }
}

impl<T: Scalar> NeuralNetwork<T> {
    /// Makes a network of these layers.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if a layer does not fit the previous
    /// one, or there is no layer.
    pub fn from_layers(features: usize, layers: Vec<AnyLayer<T>>) -> Result<Self> {
        if layers.is_empty() {
            return Err(Error::shape("NeuralNetwork", "at least one layer", "none"));
        }
        let plans = Arc::new(Plans::of(features, &layers)?);
        Ok(NeuralNetwork { inputs: features, layers, plans })
    }

    /// Number of input features.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.plans.readable.operations.last().map_or(self.inputs, |operation| operation.features)
    }

    /// The layers in order.
    pub fn layers(&self) -> &[AnyLayer<T>] {
        &self.layers
    }

    pub(crate) fn layers_mut(&mut self) -> &mut [AnyLayer<T>] {
        &mut self.layers
    }

    pub(crate) fn plans(&self) -> &Arc<Plans> {
        &self.plans
    }

    /// Number of parameters.
    pub fn parameter_count(&self) -> usize {
        self.parameters().map(|p| p.value.rows() * p.value.columns()).sum()
    }

    /// The leaves of the tree of layers, in order: all layers except residual blocks.
    pub fn leaves(&self) -> impl Iterator<Item = &dyn Layer<T>> {
        let mut leaves = Vec::new();
        self.layers.iter().for_each(|layer| layer.leaves(&mut |leaf| leaves.push(leaf)));
        leaves.into_iter()
    }

    /// All parameter matrices, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter<T>> {
        let mut all = Vec::new();
        self.leaves().for_each(|leaf| leaf.parameters(&mut |_, parameter| all.push(parameter)));
        all.into_iter()
    }

    /// The name of each leaf, with the kinds of its parameters.
    pub(crate) fn parameter_kinds(&self) -> Vec<(String, Vec<ParameterKind>)> {
        let of_leaf = |leaf: &dyn Layer<T>| {
            let mut kinds = Vec::new();
            leaf.parameters(&mut |_, parameter| {
                kinds.push(parameter.kind);
                kinds.extend((parameter.bias_columns > 0).then_some(ParameterKind::Biases));
            });
            (leaf.name(), kinds)
        };
        self.leaves().map(of_leaf).collect()
    }

    /// All parameter matrices, mutable, in order.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut Parameter<T>> {
        let mut all = Vec::new();
        self.leaves_mut(&mut |_, leaf| leaf.parameters_mut(&mut |_, parameter| all.push(parameter)));
        all.into_iter()
    }

    /// Calls `visit` with the index and the layer of each leaf.
    fn leaves_mut<'a>(&'a mut self, visit: &mut dyn FnMut(usize, &'a mut dyn Layer<T>)) {
        let mut number = 0;
        for layer in &mut self.layers {
            layer.leaves_mut(&mut |leaf| {
                visit(number, leaf);
                number += 1;
            });
        }
    }

    /// Calls `visit` with each matrix of parameters and buffers.
    pub(crate) fn visit_state(&self, visit: &mut dyn FnMut(&Tensor<T>)) {
        for layer in &self.layers {
            layer.leaves(&mut |leaf| {
                leaf.parameters(&mut |_, parameter| visit(&parameter.value));
                leaf.buffers(&mut |_, buffer| visit(buffer));
            });
        }
    }

    /// Calls `visit` with each matrix of parameters and buffers, mutable.
    pub(crate) fn visit_state_mut(&mut self, visit: &mut dyn FnMut(&mut Tensor<T>)) {
        self.leaves_mut(&mut |_, leaf| {
            leaf.parameters_mut(&mut |_, parameter| visit(&mut parameter.value));
            leaf.buffers_mut(&mut |_, buffer| visit(buffer));
        });
    }

    /// The forward pass: A⁽⁰⁾ = `input`, A⁽ˡ⁾ = layer l of A⁽ˡ⁻¹⁾. The trace keeps all outputs.
    /// `pass` says whether this is a training step; use [`crate::data::Batch::pass`].
    ///
    /// # Panics
    /// If `input` has another number of features. [`NeuralNetwork::predict`] and [`crate::Trainer`]
    /// return an error instead.
    pub fn forward<'a>(&self, pass: Pass, input: impl Into<Input<'a, T>>) -> Trace<'a, T> {
        let kept: Input<'a, T> = input.into();
        let input = kept.get();
        let (expected, found) = (self.inputs, input.shape());
        assert!(found.0 == expected, "forward: expected an input of shape ({expected}, samples), found {found:?}");
        let (plan, run) = (Arc::clone(&self.plans.readable), Run::of(pass));
        let (transposes, mut room) = (run::transposes(self, &plan, false), Room::new(&plan, input.columns()));
        run::forward(self, &plan, run, input, &transposes, &mut room);
        Trace { run, input: kept, room, transposes, plan }
    }

    /// The backward pass: computes ∂J/∂W of every layer from `delta` = ∂J/∂(output).
    ///
    /// ```text
    /// ∂J/∂W⁽ˡ⁾ from A⁽ˡ⁻¹⁾ and ∂J/∂A⁽ˡ⁾, then ∂J/∂A⁽ˡ⁻¹⁾, layer by layer from the last to the first
    /// ```
    ///
    /// # Panics
    /// If `delta` does not have the shape of the output, or the trace is that of a network with
    /// other layers.
    pub fn backward(&self, trace: &Trace<'_, T>, delta: Tensor<T>) -> Gradients<T> {
        self.all_gradients(trace, delta).1
    }

    /// As `backward`; also returns ∂J/∂(output) of each operation of the readable plan.
    pub(crate) fn all_gradients(&self, trace: &Trace<'_, T>, delta: Tensor<T>) -> (Vec<Tensor<T>>, Gradients<T>) {
        let (expected, found) = (trace.output().shape(), delta.shape());
        assert!(found == expected, "backward: expected a delta of shape {expected:?}, found {found:?}");
        let (plan, samples) = (&self.plans.readable, trace.input().columns());
        let of_trace = trace.plan.operations.iter().map(|operation| operation.features);
        let mine = plan.operations.iter().map(|operation| operation.features);
        let fits = trace.input().rows() == self.inputs && mine.eq(of_trace);
        assert!(fits, "backward: the trace is that of another network");
        let mut deltas: Vec<Tensor<T>> =
            plan.operations.iter().map(|operation| Tensor::zeros(operation.features, samples)).collect();
        deltas.pop();
        deltas.push(delta);
        let mut gradients = self.zero_gradients();
        let mut sink = Whole { net: self, transposes: &trace.transposes, gradients: &mut gradients };
        run::backward(plan, trace.run, trace.input(), &trace.room, &mut deltas, &mut sink);
        let with_buffers = plan.operations.iter().zip(&trace.room.memos).filter(|(operation, _)| operation.has_buffers);
        gradients.memos = with_buffers.map(|(operation, memo)| (operation.layer, memo.clone())).collect();
        (deltas, gradients)
    }

    /// Returns an error unless the network takes this many features.
    pub(crate) fn check_input(&self, operation: &'static str, features: usize) -> Result<()> {
        if features == self.inputs() {
            return Ok(());
        }
        Err(Error::shape(operation, format!("{} input features", self.inputs()), features))
    }

    /// Returns an error unless the network has this many outputs.
    pub(crate) fn check_outputs(&self, operation: &'static str, outputs: usize) -> Result<()> {
        if outputs == self.outputs() {
            return Ok(());
        }
        Err(Error::shape(operation, format!("{outputs} outputs, as the targets have"), self.outputs()))
    }

    /// Zero gradients for all parameters.
    pub(crate) fn zero_gradients(&self) -> Gradients<T> {
        let zeros = self.parameters().map(|p| Tensor::zeros(p.value.rows(), p.value.columns())).collect();
        Gradients::new(zeros, Arc::clone(&self.plans.starts))
    }
}

/// Keeps gradients whole and does not change the network.
pub(crate) struct Whole<'a, T: Scalar> {
    pub(crate) net: &'a NeuralNetwork<T>,
    pub(crate) transposes: &'a Transposes<T>,
    pub(crate) gradients: &'a mut Gradients<T>,
}

impl<T: Scalar> Sink<T> for Whole<'_, T> {
    fn network(&self) -> &NeuralNetwork<T> {
        self.net
    }

    fn transpose(&self, operation: usize) -> Option<&Tensor<T>> {
        self.transposes[operation].as_ref()
    }

    fn linear(&mut self, _o: usize, operation: &Operation, delta: &Tensor<T>, input: &Tensor<T>) {
        product::weight_gradient(delta, input, &mut self.gradients.matrices_mut()[operation.parameter]);
    }

    fn gradients(&mut self, operation: &Operation) -> (&NeuralNetwork<T>, &mut [Tensor<T>]) {
        let Operation { parameter, parameters, .. } = *operation;
        (self.net, &mut self.gradients.matrices_mut()[parameter..parameter + parameters])
    }
}

/// Lets each layer with buffers renew them from its memo of the forward pass.
pub(crate) fn renew_buffers<T: Scalar>(net: &mut NeuralNetwork<T>, plan: &Plan, room: &Room<T>) {
    for (operation, memo) in plan.operations.iter().zip(&room.memos) {
        if let (true, Kind::Layer(place)) = (operation.has_buffers, &operation.kind) {
            place.layer_mut(&mut net.layers).renew_buffers(memo);
        }
    }
}

impl<T: Scalar> Parameters<T> for NeuralNetwork<T> {
    fn visit_parameters_mut(&mut self, visit: &mut dyn FnMut(usize, &mut Parameter<T>)) {
        self.leaves_mut(&mut |number, leaf| leaf.parameters_mut(&mut |_, parameter| visit(number, parameter)));
    }

    fn renew_buffers(&mut self, gradients: &Gradients<T>) {
        self.leaves_mut(&mut |number, leaf| {
            let mine = gradients.memos.iter().filter(|(of, _)| *of == number);
            mine.for_each(|(_, memo)| leaf.renew_buffers(memo));
        });
    }
}
