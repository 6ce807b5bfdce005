//! Layers: what a network is a list of.

mod activation;
mod linear;

use std::fmt::Debug;

pub use activation::{Activation, CustomActivation};
pub use linear::Linear;

use crate::error::Result;
use crate::optimizer::Parameter;
use crate::tensor::{Scalar, Tensor};

/// One layer: a function of a matrix of samples, and its derivatives.
///
/// Write your own by implementing it; it trains in [`crate::Trainer`] and in a loop of your own alike. Matrices have shape
/// (features, samples) and hold features alone: there is no constant row to skip. All state of a pass is in the arguments, so that
/// a backward pass cannot run before a forward pass. Derive `Clone` and `Debug` for it.
///
/// `input` is what `forward` was given, `output` what it wrote, `delta` is ∂J/∂output.
pub trait Layer<T: Scalar>: BoxedClone<T> + Debug + Send + Sync {
    /// The name that summaries and errors show.
    fn name(&self) -> String;

    /// The number of output features for this number of input features.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the layer does not take this number.
    fn output_features(&self, input_features: usize) -> Result<usize>;

    /// Writes the layer's function of `input` over all of `output`.
    fn forward(&self, input: &Tensor<T>, output: &mut Tensor<T>);

    /// Writes ∂J/∂input over all of `input_gradient`.
    fn input_gradient(&self, input: &Tensor<T>, output: &Tensor<T>, delta: &Tensor<T>, input_gradient: &mut Tensor<T>);

    /// Writes ∂J/∂W of each matrix of parameters over all of the matrix of `gradients` with the same index.
    fn parameter_gradients(
        &self,
        _input: &Tensor<T>,
        _output: &Tensor<T>,
        _delta: &Tensor<T>,
        _gradients: &mut [Tensor<T>],
    ) {
    }

    /// What training changes; none unless overridden.
    fn parameters(&self) -> &[Parameter<T>] {
        &[]
    }

    /// The same, for changing.
    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut []
    }
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

/// A layer in a network: one of the library's, or a user's.
#[derive(Clone, Debug)]
pub enum AnyLayer<T: Scalar> {
    /// Z = b 1ᵀ + W A.
    Linear(Linear<T>),
    /// A = g(Z).
    Activation(Activation<T>),
    /// Any other.
    Custom(Box<dyn Layer<T>>),
}

impl<T: Scalar> AnyLayer<T> {
    /// The layer behind the name.
    pub fn as_layer(&self) -> &dyn Layer<T> {
        match self {
            AnyLayer::Linear(layer) => layer,
            AnyLayer::Activation(layer) => layer,
            AnyLayer::Custom(layer) => layer.as_ref(),
        }
    }

    /// The same, for changing.
    pub fn as_layer_mut(&mut self) -> &mut dyn Layer<T> {
        match self {
            AnyLayer::Linear(layer) => layer,
            AnyLayer::Activation(layer) => layer,
            AnyLayer::Custom(layer) => layer.as_mut(),
        }
    }
}

impl<T: Scalar> From<Linear<T>> for AnyLayer<T> {
    fn from(layer: Linear<T>) -> Self {
        AnyLayer::Linear(layer)
    }
}

impl<T: Scalar> From<Activation<T>> for AnyLayer<T> {
    fn from(layer: Activation<T>) -> Self {
        AnyLayer::Activation(layer)
    }
}

impl<T: Scalar> From<Box<dyn Layer<T>>> for AnyLayer<T> {
    fn from(layer: Box<dyn Layer<T>>) -> Self {
        AnyLayer::Custom(layer)
    }
}
