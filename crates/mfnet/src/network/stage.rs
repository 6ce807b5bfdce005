use super::NeuralNetwork;
use crate::layer::{Activation, AnyLayer, Linear};
use crate::tensor::{Scalar, Tensor};

/// A layer, or a linear layer and the activation after it, whose Z is not kept: one step of a forward pass into matrices that are kept.
#[derive(Clone, Debug)]
pub(crate) struct Stage<T: Scalar> {
    /// The layer's position in the network.
    pub(crate) layer: usize,
    /// The position of the activation that is part of the stage.
    activation: Option<usize>,
    /// Wᵀ of a linear layer that needs it.
    pub(crate) transpose: Option<Tensor<T>>,
    pub(crate) output: Tensor<T>,
}

impl<T: Scalar> Stage<T> {
    /// The stages of a network, with room for this number of samples.
    pub(crate) fn all(net: &NeuralNetwork<T>, samples: usize) -> Vec<Self> {
        let mut stages: Vec<Self> = Vec::new();
        for (layer, features) in net.output_features().iter().enumerate() {
            if let Some(last) = stages.last_mut().filter(|last| last.takes_activation(net))
                && activation(net, layer).is_some()
            {
                last.activation = Some(layer);
                continue;
            }
            let output = Tensor::zeros(*features, samples);
            let mut stage = Stage { layer, activation: None, transpose: None, output };
            stage.transpose = stage.linear(net).filter(|linear| linear.has_few_outputs()).map(Linear::transpose);
            stages.push(stage);
        }
        stages
    }

    /// Its activation.
    pub(crate) fn activation<'a>(&self, net: &'a NeuralNetwork<T>) -> Option<&'a Activation<T>> {
        activation(net, self.activation?)
    }

    /// Its layer, if that is a linear one.
    pub(crate) fn linear<'a>(&self, net: &'a NeuralNetwork<T>) -> Option<&'a Linear<T>> {
        if let AnyLayer::Linear(linear) = &net.layers()[self.layer] { Some(linear) } else { None }
    }

    fn takes_activation(&self, net: &NeuralNetwork<T>) -> bool {
        self.linear(net).is_some() && self.activation.is_none()
    }

    /// Makes Wᵀ, where it is kept, the transpose of W as it is now.
    pub(crate) fn renew_transpose(&mut self, net: &NeuralNetwork<T>) {
        let linear = self.linear(net);
        if let (Some(linear), Some(transpose)) = (linear, &mut self.transpose) {
            linear.transpose_into(transpose);
        }
    }

    /// Writes its output for this input; allocates for more samples than ever before alone.
    pub(crate) fn forward(&mut self, net: &NeuralNetwork<T>, input: &Tensor<T>) {
        self.output.set_columns(input.columns());
        match self.linear(net) {
            Some(linear) => {
                let g = self.activation(net);
                linear.forward_activated(g, self.transpose.as_ref(), input, &mut self.output);
            }
            None => net.layers()[self.layer].as_layer().forward(input, &mut self.output),
        }
    }
}

/// The layer at this position as an activation that may be part of a stage.
fn activation<T: Scalar>(net: &NeuralNetwork<T>, layer: usize) -> Option<&Activation<T>> {
    match &net.layers()[layer] {
        AnyLayer::Activation(activation) if activation.forgets_input() => Some(activation),
        _ => None,
    }
}

/// The whole forward pass: stage after stage. The last one's output.
pub(crate) fn forward<'a, T: Scalar>(
    stages: &'a mut [Stage<T>],
    net: &NeuralNetwork<T>,
    input: &'a Tensor<T>,
) -> &'a Tensor<T> {
    for s in 0..stages.len() {
        let (before, rest) = stages.split_at_mut(s);
        rest[0].forward(net, before.last().map_or(input, |before| &before.output));
    }
    stages.last().map_or(input, |last| &last.output)
}
