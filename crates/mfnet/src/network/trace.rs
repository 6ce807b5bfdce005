use std::sync::Arc;

use super::plan::Plan;
use super::run::{Room, Run, Transposes};
use crate::tensor::{Scalar, Tensor};

/// The result of a forward pass: the input and the output of every layer. The backward pass needs
/// it.
#[derive(Clone, Debug)]
pub struct Trace<'a, T: Scalar = f64> {
    pub(super) run: Run,
    pub(super) input: &'a Tensor<T>,
    pub(super) room: Room<T>,
    pub(super) transposes: Transposes<T>,
    pub(super) plan: Arc<Plan>,
}

impl<T: Scalar> Trace<'_, T> {
    /// The input A⁽⁰⁾, shape (features, samples).
    pub fn input(&self) -> &Tensor<T> {
        self.input
    }

    /// The output of the layer at this index of
    /// [`NeuralNetwork::layers`](crate::NeuralNetwork::layers), where a residual block is one
    /// layer. ([`crate::layer::Context::layer`], gradients and groups also count the layers inside
    /// blocks.)
    pub fn layer_output(&self, index: usize) -> &Tensor<T> {
        &self.room.outputs[self.plan.ends[index]]
    }

    /// The output of an operation of the readable plan.
    pub(crate) fn operation_output(&self, operation: usize) -> &Tensor<T> {
        &self.room.outputs[operation]
    }

    /// The output Ŷ of the last layer, shape (outputs, samples).
    pub fn output(&self) -> &Tensor<T> {
        self.room.outputs.last().unwrap_or(self.input)
    }
}
