use std::sync::Arc;

use super::plan::Plan;
use super::run::{Room, Run, Transposes};
use crate::tensor::{Scalar, Tensor};

/// The input of a forward pass, which its [`Trace`] keeps: borrowed, or shared.
#[derive(Clone, Debug)]
pub enum Input<'a, T: Scalar = f64> {
    /// A matrix of shape (features, samples).
    Borrowed(&'a Tensor<T>),
    /// The same, so that the trace borrows nothing.
    Shared(Arc<Tensor<T>>),
}

impl<T: Scalar> Input<'_, T> {
    /// The matrix.
    pub fn get(&self) -> &Tensor<T> {
        match self {
            Input::Borrowed(input) => input,
            Input::Shared(input) => input,
        }
    }
}

impl<'a, T: Scalar> From<&'a Tensor<T>> for Input<'a, T> {
    fn from(input: &'a Tensor<T>) -> Self {
        Input::Borrowed(input)
    }
}

impl<T: Scalar> From<Arc<Tensor<T>>> for Input<'_, T> {
    fn from(input: Arc<Tensor<T>>) -> Self {
        Input::Shared(input)
    }
}

/// The result of a forward pass: the input and the output of every layer. The backward pass needs
/// it.
///
/// ```
/// use mfnet::{NeuralNetwork, Pass, Seed, Tensor};
/// let net = NeuralNetwork::builder(2).linear(3).tanh().linear(1).build(Seed(0))?;
/// let x = Tensor::from_rows([[1.0, 2.0], [3.0, 4.0]]);
/// let trace = net.forward(Pass::Evaluate, &x);
/// let (z, a) = (trace.layer_output(0), trace.layer_output(1));
/// assert_eq!(a[(2, 1)], z[(2, 1)].tanh());
/// assert_eq!(trace.output().shape(), (1, 2));
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trace<'a, T: Scalar = f64> {
    pub(super) run: Run,
    pub(super) input: Input<'a, T>,
    pub(super) room: Room<T>,
    pub(super) transposes: Transposes<T>,
    pub(super) plan: Arc<Plan>,
}

impl<T: Scalar> Trace<'_, T> {
    /// The input A⁽⁰⁾, shape (features, samples).
    pub fn input(&self) -> &Tensor<T> {
        self.input.get()
    }

    /// The output of the layer at this index of
    /// [`NeuralNetwork::layers`](crate::NeuralNetwork::layers), where a residual block is one
    /// layer. ([`crate::layer::Context::layer`], gradients and groups also count the layers inside
    /// blocks.)
    pub fn layer_output(&self, index: usize) -> &Tensor<T> {
        &self.room.outputs[self.plan.ends[index]]
    }

    /// Number of layers, as [`Trace::layer_output`] counts them.
    pub fn layers(&self) -> usize {
        self.plan.ends.len()
    }

    /// The output of an operation of the readable plan.
    pub(crate) fn operation_output(&self, operation: usize) -> &Tensor<T> {
        &self.room.outputs[operation]
    }

    /// The output Ŷ of the last layer, shape (outputs, samples).
    pub fn output(&self) -> &Tensor<T> {
        self.room.outputs.last().unwrap_or(self.input.get())
    }
}
