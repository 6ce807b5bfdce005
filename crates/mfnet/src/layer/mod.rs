//! Layers: what a network is made of. They form a tree, because a [`Residual`] block holds layers.

mod activation;
mod alpha_dropout;
mod any;
mod batch_norm;
mod dropout;
mod elementwise;
mod embedding;
mod layer_norm;
mod linear;
mod parametric;
mod prelu;
mod residual;
mod scale;
mod spec;

use std::fmt::Debug;

pub(crate) use activation::Keeps;
pub use activation::{Activation, ActivationName, CustomActivation};
pub use alpha_dropout::AlphaDropout;
pub use any::AnyLayer;
pub use batch_norm::{BatchNorm, BatchNormSettings};
pub use dropout::Dropout;
pub(crate) use dropout::Mask;
pub use embedding::{Embedding, EmbeddingSettings};
pub use layer_norm::{LayerNorm, LayerNormSettings};
pub use linear::Linear;
pub use parametric::{Parametric, ParametricSettings};
pub use prelu::{Prelu, PreluSettings};
pub use residual::Residual;
pub use scale::{Scale, ScaleSettings};
pub use spec::LayerSpec;

pub use crate::pass::{Context, Random};
pub use crate::tensor::memo::Memo;

use crate::error::Result;
use crate::optimizer::Parameter;
use crate::tensor::{Scalar, Tensor};

/// The buffer that counts batches. A model file has it as a whole number, as PyTorch does.
pub(crate) const COUNT: &str = "num_batches_tracked";

/// One layer: a function of a matrix of samples, and its derivatives.
///
/// Implement it for a layer of your own: it trains in [`crate::Trainer`] and in a loop of your own alike. Matrices have shape
/// (features, samples) and hold features alone; there is no constant row to skip. A layer owns
///
/// * **parameters**, which the optimizer moves,
/// * **buffers**, which it keeps but which are not trained, such as running means,
/// * nothing of a pass: what `backward` needs from `forward` goes into the [`Memo`], and whether this is training is in the
///   [`Context`].
///
/// Derive `Clone` and `Debug` for it.
pub trait Layer<T: Scalar>: BoxedClone<T> + Debug + Send + Sync {
    /// The name that summaries and errors show.
    fn name(&self) -> String;

    /// The number of output features for this number of input features; the same unless overridden.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the layer does not take this number.
    fn output_features(&self, input_features: usize) -> Result<usize> {
        Ok(input_features)
    }

    /// Writes the layer's function of `input` over all of `output`.
    fn forward(&self, at: &Context, input: &Tensor<T>, output: &mut Tensor<T>, memo: &mut Memo<T>);

    /// Writes the gradients of the parameters and, where somebody needs it, of the input; see [`Backward`].
    fn backward(&self, at: &Context, pass: Backward<'_, T>);

    /// Calls `visit` with the name and the matrix of each parameter, always in the same order.
    fn parameters<'a>(&'a self, _visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {}

    /// The same, for changing.
    fn parameters_mut<'a>(&'a mut self, _visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {}

    /// Calls `visit` with the name and the matrix of each buffer, always in the same order.
    fn buffers<'a>(&'a self, _visit: &mut dyn FnMut(&'static str, &'a Tensor<T>)) {}

    /// The same, for changing.
    fn buffers_mut<'a>(&'a mut self, _visit: &mut dyn FnMut(&'static str, &'a mut Tensor<T>)) {}

    /// The name under which a [`crate::model::Registry`] makes the layer again, and its settings, from which it does; parameters and
    /// buffers are stored beside. None for a layer that no model file can hold.
    fn stored(&self) -> Option<(&'static str, serde_json::Value)> {
        None
    }

    /// The fewest samples that a training pass of it can learn from. [`crate::Trainer`] refuses batches with fewer.
    fn least_samples(&self) -> usize {
        1
    }

    /// Changes the buffers after a step, from what its forward pass kept. Called only for a layer that has buffers.
    fn renew_buffers(&mut self, _memo: &Memo<T>) {}
}

/// The backward pass of one layer: what its forward pass left, and what is to be written.
#[derive(Debug)]
pub struct Backward<'a, T: Scalar> {
    /// What `forward` was given.
    pub input: &'a Tensor<T>,
    /// What it wrote.
    pub output: &'a Tensor<T>,
    /// What it kept besides.
    pub memo: &'a Memo<T>,
    /// ∂J/∂output.
    pub delta: &'a Tensor<T>,
    /// To be written, all of each: ∂J/∂W of the matrices of parameters, in their order.
    pub gradients: &'a mut [Tensor<T>],
    /// To be written, all of it: ∂J/∂input. None for the first layer of a network.
    pub input_gradient: Option<&'a mut Tensor<T>>,
}

/// Copies a layer whose type is not known; every layer that is `Clone` has it.
pub trait BoxedClone<T: Scalar> {
    /// A copy.
    fn boxed_clone(&self) -> Box<dyn Layer<T>>;
}

impl<T: Scalar, L: Layer<T> + Clone + 'static> BoxedClone<T> for L {
    fn boxed_clone(&self) -> Box<dyn Layer<T>> {
        Box::new(self.clone())
    }
}

impl<T: Scalar> Clone for Box<dyn Layer<T>> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}
