//! Predictions: the outputs of a network, with the function that ends it.

use mfnet::layer::Activation;
use mfnet::loss::softmax;
use mfnet::{NeuralNetwork, Tensor};

use super::data::Number;

/// The function after the last linear layer: `out_activation_` of scikit-learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Identity,
    Exp,
    Logistic,
    Softmax,
}

impl Link {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "softmax" => Link::Softmax,
            "logistic" => Link::Logistic,
            "exp" => Link::Exp,
            _ => Link::Identity,
        }
    }

    /// Applies it to logits, and writes them sample after sample.
    pub(super) fn write<T: Number>(self, logits: &Tensor<T>, to: &mut [T]) {
        match self {
            Link::Softmax => softmax(logits).write_columns(to),
            _ => logits.write_columns(to),
        }
        match self {
            Link::Logistic => to.iter_mut().for_each(|z| *z = Activation::Sigmoid.apply(*z)),
            Link::Exp => to.iter_mut().for_each(|z| *z = z.exp()),
            Link::Identity | Link::Softmax => {}
        }
    }
}

/// How many samples to predict at a time, so that the outputs of all layers take about 64 MB.
pub(super) fn at_a_time<T: Number>(net: &NeuralNetwork<T>) -> usize {
    let widths = net.inputs() + net.parameters().map(|p| p.value.rows()).sum::<usize>();
    ((64 << 20) / (widths * size_of::<T>()).max(1)).clamp(1, 1024)
}

/// Predicts the columns of `x`, and writes the outputs sample after sample.
pub(super) fn outputs<T: Number>(net: &NeuralNetwork<T>, link: Link, x: &Tensor<T>, to: &mut [T]) {
    match net.predict(x) {
        Ok(logits) => link.write(&logits, to),
        // the shape was checked before
        Err(_) => to.fill(T::from_f64(f64::NAN)),
    }
}
