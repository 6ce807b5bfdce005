//! Layers: what a network is made of. They form a tree, because a [`Residual`] block holds layers.

mod activation;
mod linear;
mod residual;

use std::fmt::Debug;

pub(crate) use activation::Keeps;
pub use activation::{Activation, ActivationName, CustomActivation};
pub use linear::Linear;
pub use residual::Residual;

pub use crate::pass::{Context, Random};
pub use crate::tensor::memo::Memo;

use crate::error::Result;
use crate::optimizer::Parameter;
use crate::tensor::{Scalar, Tensor};

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

/// A layer in a network: one of the library's, or a user's.
#[derive(Clone, Debug)]
pub enum AnyLayer<T: Scalar> {
    /// Z = b 1ᵀ + W A.
    Linear(Linear<T>),
    /// A = g(Z).
    Activation(Activation<T>),
    /// A + f(A), f a sequence of layers.
    Residual(Residual<T>),
    /// A layer of your own.
    Custom(Box<dyn Layer<T>>),
}

impl<T: Scalar> AnyLayer<T> {
    /// A layer that computes something, or a block of such.
    fn part(&self) -> std::result::Result<&dyn Layer<T>, &Residual<T>> {
        match self {
            AnyLayer::Linear(layer) => Ok(layer),
            AnyLayer::Activation(layer) => Ok(layer),
            AnyLayer::Residual(block) => Err(block),
            AnyLayer::Custom(layer) => Ok(layer.as_ref()),
        }
    }

    fn part_mut(&mut self) -> std::result::Result<&mut dyn Layer<T>, &mut Residual<T>> {
        match self {
            AnyLayer::Linear(layer) => Ok(layer),
            AnyLayer::Activation(layer) => Ok(layer),
            AnyLayer::Residual(block) => Err(block),
            AnyLayer::Custom(layer) => Ok(layer.as_mut()),
        }
    }

    /// The name that summaries and errors show.
    pub fn name(&self) -> String {
        self.part().map_or_else(Residual::name, Layer::name)
    }

    /// The number of output features for this number of input features.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the layer does not take this number.
    pub fn output_features(&self, input_features: usize) -> Result<usize> {
        match self.part() {
            Ok(layer) => layer.output_features(input_features),
            Err(block) => block.output_features(input_features),
        }
    }

    /// The layer behind the name; none for a block, which computes nothing itself.
    pub fn as_layer(&self) -> Option<&dyn Layer<T>> {
        self.part().ok()
    }

    /// The same, for changing.
    pub fn as_layer_mut(&mut self) -> Option<&mut dyn Layer<T>> {
        self.part_mut().ok()
    }

    /// The layers that a block holds; none for other layers.
    pub fn children(&self) -> &[AnyLayer<T>] {
        self.part().err().map_or(&[], Residual::layers)
    }

    pub(crate) fn children_mut(&mut self) -> &mut [AnyLayer<T>] {
        self.part_mut().err().map_or(&mut [], Residual::layers_mut)
    }

    /// Calls `visit` with every layer that computes something: this one, or those that it holds, in order.
    pub(crate) fn leaves<'a>(&'a self, visit: &mut dyn FnMut(&'a dyn Layer<T>)) {
        match self.part() {
            Ok(layer) => visit(layer),
            Err(block) => block.layers().iter().for_each(|child| child.leaves(visit)),
        }
    }

    /// The same, for changing.
    pub(crate) fn leaves_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut dyn Layer<T>)) {
        match self.part_mut() {
            Ok(layer) => visit(layer),
            Err(block) => block.layers_mut().iter_mut().for_each(|child| child.leaves_mut(visit)),
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

impl<T: Scalar> From<Residual<T>> for AnyLayer<T> {
    fn from(block: Residual<T>) -> Self {
        AnyLayer::Residual(block)
    }
}

impl<T: Scalar> From<Box<dyn Layer<T>>> for AnyLayer<T> {
    fn from(layer: Box<dyn Layer<T>>) -> Self {
        AnyLayer::Custom(layer)
    }
}
