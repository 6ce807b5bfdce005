use std::fmt;

use super::NeuralNetwork;
use crate::tensor::Scalar;

/// A line for each layer: position, name, output features, parameters.
impl<T: Scalar> fmt::Display for NeuralNetwork<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (l, layer) in self.layers.iter().enumerate() {
            let layer = layer.as_layer();
            let parameters: usize = layer.parameters().iter().map(|p| p.value.iter().len()).sum();
            writeln!(
                f,
                "{l:>3}  {:<24} {:>8} features {parameters:>10} parameters",
                layer.name(),
                self.features[l + 1]
            )?;
        }
        write!(f, "     {} parameters, {}", self.parameter_count(), T::DTYPE)
    }
}
