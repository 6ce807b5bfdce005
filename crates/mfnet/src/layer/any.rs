//! [`AnyLayer`], and the table of the library's layers.

use super::{Activation, Layer, Linear, Residual};
use super::{AlphaDropout, BatchNorm, Dropout, Embedding, LayerNorm, Noise, Parametric, Prelu, Scale};
use crate::error::Result;
use crate::tensor::Scalar;

/// Calls a macro with the table of layers. A row: the variant of [`AnyLayer`] and [`LayerSpec`](super::LayerSpec), the layer,
/// and its settings, which recipes and model files write.
macro_rules! layers {
    ($macro:ident) => {
        $macro! {
            /// [`Dropout`](super::Dropout).
            Dropout(Dropout) from super::Dropout;
            /// [`AlphaDropout`](super::AlphaDropout).
            AlphaDropout(AlphaDropout) from super::AlphaDropout;
            /// [`Noise`](super::Noise).
            Noise(Noise) from super::Noise;
            /// [`BatchNorm`](super::BatchNorm).
            BatchNorm(BatchNorm<T>) from super::BatchNormSettings;
            /// [`LayerNorm`](super::LayerNorm).
            LayerNorm(LayerNorm<T>) from super::LayerNormSettings;
            /// [`Scale`](super::Scale).
            Scale(Scale<T>) from super::ScaleSettings;
            /// [`Prelu`](super::Prelu).
            Prelu(Prelu<T>) from super::PreluSettings;
            /// [`Parametric`](super::Parametric).
            Parametric(Parametric<T>) from super::ParametricSettings;
            /// [`Embedding`](super::Embedding).
            Embedding(Embedding<T>) from super::EmbeddingSettings;
        }
    };
}
pub(super) use layers;

macro_rules! any_layer {
    ($($(#[$doc:meta])* $layer:ident($type:ty) from $settings:ty;)*) => {
        /// A layer in a network: one of the library's, or a user's.
        ///
        /// ```
        /// use mfnet::layer::{AnyLayer, Dropout, Linear};
        /// use mfnet::{Activation, NeuralNetwork, Tensor};
        /// let layers: Vec<AnyLayer<f64>> = vec![
        ///     Linear::new(Tensor::from_rows([[0.0, 1.0, -1.0]]))?.into(),
        ///     Activation::Relu.into(),
        ///     Dropout::new(0.2)?.into(),
        /// ];
        /// let net = NeuralNetwork::from_layers(2, layers)?;
        /// assert_eq!(net.layers()[1].name(), "relu");
        /// # Ok::<(), mfnet::Error>(())
        /// ```
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum AnyLayer<T: Scalar> {
            /// Z = b 1ᵀ + W A.
            Linear(Linear<T>),
            /// A = g(Z).
            Activation(Activation<T>),
            /// A + f(A), f a sequence of layers.
            Residual(Residual<T>),
            $($(#[$doc])* $layer($type),)*
            /// A layer of your own.
            Custom(Box<dyn Layer<T>>),
        }

        impl<T: Scalar> AnyLayer<T> {
            /// Whether the layer, or one in its block, draws random numbers in training.
            pub(crate) fn is_random(&self) -> bool {
                matches!(self, AnyLayer::Noise(_)) || self.drops() || self.children().iter().any(AnyLayer::is_random)
            }

            /// Whether the layer, or one in its block, is dropout.
            pub(crate) fn drops(&self) -> bool {
                matches!(self, AnyLayer::Dropout(_) | AnyLayer::AlphaDropout(_))
                    || self.children().iter().any(AnyLayer::drops)
            }

            /// A layer that computes something, or a block of such.
            fn part(&self) -> std::result::Result<&dyn Layer<T>, &Residual<T>> {
                match self {
                    AnyLayer::Linear(layer) => Ok(layer),
                    AnyLayer::Activation(layer) => Ok(layer),
                    AnyLayer::Residual(block) => Err(block),
                    $(AnyLayer::$layer(layer) => Ok(layer),)*
                    AnyLayer::Custom(layer) => Ok(layer.as_ref()),
                }
            }

            fn part_mut(&mut self) -> std::result::Result<&mut dyn Layer<T>, &mut Residual<T>> {
                match self {
                    AnyLayer::Linear(layer) => Ok(layer),
                    AnyLayer::Activation(layer) => Ok(layer),
                    AnyLayer::Residual(block) => Err(block),
                    $(AnyLayer::$layer(layer) => Ok(layer),)*
                    AnyLayer::Custom(layer) => Ok(layer.as_mut()),
                }
            }
        }

        $(impl<T: Scalar> From<$type> for AnyLayer<T> {
            fn from(layer: $type) -> Self {
                AnyLayer::$layer(layer)
            }
        })*
    };
}
layers!(any_layer);

impl<T: Scalar> AnyLayer<T> {
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
