use std::fmt;

use super::NeuralNetwork;
use crate::tensor::Scalar;

/// A line for each layer: position, name, output features, parameters.
impl<T: Scalar> fmt::Display for NeuralNetwork<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((l, layer), features) in self.layers.iter().enumerate().zip(self.output_features()) {
            let mut parameters = 0;
            layer.leaves(&mut |leaf| leaf.parameters(&mut |_, p| parameters += p.value.iter().len()));
            writeln!(f, "{l:>3}  {:<24} {features:>8} features {parameters:>10} parameters", layer.name())?;
        }
        write!(f, "     {} parameters, {}", self.parameter_count(), T::DTYPE)
    }
}
