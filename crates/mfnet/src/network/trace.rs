use crate::tensor::{Scalar, Tensor};

/// What a forward pass computed: the input and the output of every layer. A backward pass starts from it.
#[derive(Clone, Debug)]
pub struct Trace<'a, T: Scalar = f64> {
    pub(super) input: &'a Tensor<T>,
    pub(super) outputs: Vec<Tensor<T>>,
}

impl<T: Scalar> Trace<'_, T> {
    /// A⁽⁰⁾, shape (features, samples).
    pub fn input(&self) -> &Tensor<T> {
        self.input
    }

    /// The output of the layer at this position in the list of layers.
    pub fn layer_output(&self, index: usize) -> &Tensor<T> {
        &self.outputs[index]
    }

    /// Ŷ, the output of the last layer.
    pub fn output(&self) -> &Tensor<T> {
        self.outputs.last().unwrap_or(self.input)
    }
}
