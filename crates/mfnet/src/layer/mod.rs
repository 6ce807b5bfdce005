//! Layers, the parts of a network. They form a tree, because a [`Residual`] block contains layers.

mod activation;
mod alpha_dropout;
mod any;
mod batch_norm;
mod dropout;
mod elementwise;
mod embedding;
mod layer_norm;
mod linear;
mod noise;
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
pub use noise::Noise;
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

/// The buffer that counts batches. Model files store it as an integer, as PyTorch does.
pub(crate) const COUNT: &str = "num_batches_tracked";

/// A layer: a function of a matrix of samples, with its derivatives.
///
/// Implement it for a custom layer, which [`crate::Trainer`] and training loops of your own can
/// train. Matrices have shape (features, samples), without a constant row. A layer owns
///
/// * **parameters**, which the optimizer updates,
/// * **buffers**, which it keeps but which are not trained, such as running means,
/// * no state of a pass: what `backward` needs from `forward` goes into the [`Memo`], and the
///   [`Context`] says whether this is training.
///
/// Derive `Clone` and `Debug` for it.
///
/// ```
/// use mfnet::layer::{Backward, Context, Layer, Memo};
/// use mfnet::{NeuralNetwork, Seed, Tensor};
///
/// /// A = Z ⊙ Z
/// #[derive(Clone, Debug)]
/// struct Square;
/// impl Layer<f64> for Square {
///     fn name(&self) -> String {
///         "square".to_owned()
///     }
///     fn forward(&self, _at: &Context, input: &Tensor, output: &mut Tensor, _memo: &mut Memo<f64>) {
///         for (a, z) in output.iter_mut().zip(input.iter()) {
///             *a = z * z;
///         }
///     }
///     fn backward(&self, _at: &Context, pass: Backward<'_, f64>) {
///         let Some(dj_dz) = pass.input_gradient else { return };
///         for ((d, z), delta) in dj_dz.iter_mut().zip(pass.input.iter()).zip(pass.delta.iter()) {
///             *d = 2.0 * z * delta;
///         }
///     }
/// }
///
/// let net = NeuralNetwork::builder(2).layer(Square).build(Seed(0))?;
/// let squares = net.predict(&Tensor::from_rows([[3.0], [-2.0]]))?;
/// assert_eq!(squares, Tensor::from_rows([[9.0], [4.0]]));
/// # Ok::<(), mfnet::Error>(())
/// ```
pub trait Layer<T: Scalar>: BoxedClone<T> + Debug + Send + Sync {
    /// The name in summaries and errors.
    fn name(&self) -> String;

    /// The number of output features for this number of input features; by default the same number.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the layer does not take this number.
    fn output_features(&self, input_features: usize) -> Result<usize> {
        Ok(input_features)
    }

    /// Writes the layer's output for `input` into all of `output`.
    fn forward(&self, at: &Context, input: &Tensor<T>, output: &mut Tensor<T>, memo: &mut Memo<T>);

    /// Writes the gradients of the parameters and, if it is needed, of the input; see [`Backward`].
    fn backward(&self, at: &Context, pass: Backward<'_, T>);

    /// Calls `visit` with the name and the matrix of each parameter, always in the same order.
    fn parameters<'a>(&'a self, _visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {}

    /// As [`Layer::parameters`], mutable.
    fn parameters_mut<'a>(&'a mut self, _visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {}

    /// Calls `visit` with the name and the matrix of each buffer, always in the same order.
    fn buffers<'a>(&'a self, _visit: &mut dyn FnMut(&'static str, &'a Tensor<T>)) {}

    /// As [`Layer::buffers`], mutable.
    fn buffers_mut<'a>(&'a mut self, _visit: &mut dyn FnMut(&'static str, &'a mut Tensor<T>)) {}

    /// The name and the settings from which a [`crate::model::Registry`] makes the layer again;
    /// parameters and buffers are stored separately. `None` if model files cannot store the layer.
    fn stored(&self) -> Option<(&'static str, serde_json::Value)> {
        None
    }

    /// The smallest number of samples in a training pass. [`crate::Trainer`] rejects smaller
    /// batches.
    fn least_samples(&self) -> usize {
        1
    }

    /// Updates the buffers after a step, from the memo of its forward pass. Called only for layers
    /// with buffers.
    fn renew_buffers(&mut self, _memo: &Memo<T>) {}
}

/// The inputs of a layer's backward pass, and the matrices that it writes.
#[derive(Debug)]
pub struct Backward<'a, T: Scalar> {
    /// The input of `forward`.
    pub input: &'a Tensor<T>,
    /// The output of `forward`.
    pub output: &'a Tensor<T>,
    /// What `forward` kept in the memo.
    pub memo: &'a Memo<T>,
    /// ∂J/∂output.
    pub delta: &'a Tensor<T>,
    /// To be written completely: ∂J/∂W of the parameter matrices, in their order.
    pub gradients: &'a mut [Tensor<T>],
    /// To be written completely: ∂J/∂input. `None` for the first layer of a network.
    pub input_gradient: Option<&'a mut Tensor<T>>,
}

/// Clones a layer of unknown type; implemented for every layer that is `Clone`.
pub trait BoxedClone<T: Scalar> {
    /// A clone of the layer.
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
