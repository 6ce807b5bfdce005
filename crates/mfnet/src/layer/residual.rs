use super::AnyLayer;
use crate::error::{Error, Result};
use crate::tensor::Scalar;

/// A residual block: its input plus the output of a sequence of layers.
///
/// ```text
/// forward    Z     = A + f(A)
/// backward   ∂J/∂A = Δ + ∂J/∂A through f
/// ```
///
/// Source: He, Zhang, Ren, Sun 2016, "Deep residual learning for image recognition". f has as many
/// outputs as inputs.
///
/// ```
/// use mfnet::{NeuralNetwork, Seed};
/// let net = NeuralNetwork::builder(4)
///     .linear(8)
///     .residual(|block| block.relu().linear(16).relu().linear(8))
///     .linear(3)
///     .build(Seed(0))?;
/// assert_eq!(net.outputs(), 3);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Residual<T: Scalar = f64> {
    layers: Vec<AnyLayer<T>>,
}

impl<T: Scalar> Residual<T> {
    /// A block around these layers.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if there is no layer.
    pub fn new(layers: Vec<AnyLayer<T>>) -> Result<Self> {
        if layers.is_empty() {
            return Err(Error::shape("Residual", "at least one layer", "none"));
        }
        Ok(Residual { layers })
    }

    /// The layers of f.
    pub fn layers(&self) -> &[AnyLayer<T>] {
        &self.layers
    }

    pub(crate) fn layers_mut(&mut self) -> &mut [AnyLayer<T>] {
        &mut self.layers
    }

    /// The name in summaries and errors.
    pub fn name(&self) -> String {
        let names: Vec<String> = self.layers.iter().map(AnyLayer::name).collect();
        format!("residual ({})", names.join(", "))
    }

    /// The number of output features, which equals that of the input.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if a layer does not fit the previous
    /// one, or f has another number of outputs.
    pub fn output_features(&self, input_features: usize) -> Result<usize> {
        let outputs = self.layers.iter().try_fold(input_features, |features, layer| layer.output_features(features))?;
        if outputs != input_features {
            return Err(Error::shape("Residual", format!("{input_features} outputs, as there are inputs"), outputs));
        }
        Ok(outputs)
    }
}
