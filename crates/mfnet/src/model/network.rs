use crate::data::Samples;
use crate::error::Result;
use crate::network::NeuralNetwork;
use crate::network::evaluate::Reordered;
use crate::tensor::{Dtype, Tensor};

/// A network of either type; a file is read before its type is known.
#[derive(Clone, Debug)]
pub enum AnyNetwork {
    /// In `f64`.
    F64(NeuralNetwork<f64>),
    /// In `f32`.
    F32(NeuralNetwork<f32>),
}

impl From<NeuralNetwork<f64>> for AnyNetwork {
    fn from(network: NeuralNetwork<f64>) -> Self {
        AnyNetwork::F64(network)
    }
}

impl From<NeuralNetwork<f32>> for AnyNetwork {
    fn from(network: NeuralNetwork<f32>) -> Self {
        AnyNetwork::F32(network)
    }
}

/// Evaluates `$body` with `$net` as the network of its type.
macro_rules! either {
    ($any:expr, $net:ident => $body:expr) => {
        match $any {
            AnyNetwork::F64($net) => $body,
            AnyNetwork::F32($net) => $body,
        }
    };
}
pub(super) use either;

impl AnyNetwork {
    /// The type of its numbers.
    pub fn dtype(&self) -> Dtype {
        match self {
            AnyNetwork::F64(_) => Dtype::F64,
            AnyNetwork::F32(_) => Dtype::F32,
        }
    }

    pub(crate) fn as_f64(&self) -> Option<&NeuralNetwork<f64>> {
        if let AnyNetwork::F64(net) = self { Some(net) } else { None }
    }

    pub(crate) fn as_f32(&self) -> Option<&NeuralNetwork<f32>> {
        if let AnyNetwork::F32(net) = self { Some(net) } else { None }
    }

    /// Number of input features.
    pub fn inputs(&self) -> usize {
        either!(self, net => net.inputs())
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        either!(self, net => net.outputs())
    }

    /// Number of parameters.
    pub fn parameter_count(&self) -> usize {
        either!(self, net => net.parameter_count())
    }

    /// Predicts the output for every column of `input`, shape (outputs, columns).
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if `input` has another number of
    /// features.
    pub fn predict(&self, input: &Tensor<f64>) -> Result<Tensor<f64>> {
        either!(self, net => net.predict_f64(input))
    }

    /// The output for each sample, with some features permuted.
    pub(super) fn outputs_with(&self, reordered: Reordered<'_>, samples: &Samples) -> Result<Samples> {
        either!(self, net => net.outputs_with(reordered, samples))
    }
}

/// A line for each layer.
impl std::fmt::Display for AnyNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        either!(self, net => net.fmt(f))
    }
}
