use std::sync::Arc;

use super::plan::Plan;
use super::run::{Room, Run, Transposes};
use crate::tensor::{Scalar, Tensor};

/// What a forward pass computed: the input and the output of every layer. A backward pass starts from it.
#[derive(Clone, Debug)]
pub struct Trace<'a, T: Scalar = f64> {
    pub(super) run: Run,
    pub(super) input: &'a Tensor<T>,
    pub(super) room: Room<T>,
    pub(super) transposes: Transposes<T>,
    pub(super) plan: Arc<Plan>,
}

impl<T: Scalar> Trace<'_, T> {
    /// A⁽⁰⁾, shape (features, samples).
    pub fn input(&self) -> &Tensor<T> {
        self.input
    }

    /// The output of the layer at this position in the network's list of layers, in which a residual block is one. ([`crate::layer::Context::layer`],
    /// gradients and groups count the layers in blocks too.)
    pub fn layer_output(&self, index: usize) -> &Tensor<T> {
        &self.room.outputs[self.plan.ends[index]]
    }

    /// What an operation of the readable plan wrote.
    pub(crate) fn operation_output(&self, operation: usize) -> &Tensor<T> {
        &self.room.outputs[operation]
    }

    /// Ŷ, the output of the last layer.
    pub fn output(&self) -> &Tensor<T> {
        self.room.outputs.last().unwrap_or(self.input)
    }
}
