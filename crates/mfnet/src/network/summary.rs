use std::fmt;

use super::NeuralNetwork;
use crate::layer::AnyLayer;
use crate::tensor::Scalar;

/// A line for each layer: its index among the leaves, name, output features and number of
/// parameters. The layers of a block follow it, indented.
impl<T: Scalar> fmt::Display for NeuralNetwork<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_layers(f, self.layers(), (0, self.inputs()), &mut 0)?;
        write!(f, "     {} parameters, {}", self.parameter_count(), T::DTYPE)
    }
}

fn write_layers<T: Scalar>(
    f: &mut fmt::Formatter<'_>,
    layers: &[AnyLayer<T>],
    (depth, mut features): (usize, usize),
    leaf: &mut usize,
) -> fmt::Result {
    for layer in layers {
        let inputs = features;
        features = layer.output_features(inputs).unwrap_or(inputs);
        match layer.as_layer() {
            Some(of_leaf) => {
                let (mut parameters, name) = (0, format!("{:1$}{2}", "", 2 * depth, of_leaf.name()));
                of_leaf.parameters(&mut |_, p| parameters += p.value.iter().len());
                writeln!(f, "{leaf:>3}  {name:<24} {features:>8} features {parameters:>10} parameters")?;
                *leaf += 1;
            }
            None => {
                writeln!(f, "     {:1$}residual: input plus", "", 2 * depth)?;
                write_layers(f, layer.children(), (depth + 1, inputs), leaf)?;
            }
        }
    }
    Ok(())
}
