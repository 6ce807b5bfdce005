//! What tests of golden numbers share: reading them, and comparing with them.
#![allow(dead_code)]

use mfnet::layer::{AnyLayer, Linear};
use mfnet::{Activation, NeuralNetwork, Tensor};
use serde_json::Value;

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

pub(crate) fn indices(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect()
}

/// A matrix whose samples are rows in the file and columns here.
pub(crate) fn samples(rows: &Value) -> Tensor {
    let rows: Vec<Vec<f64>> = rows.as_array().unwrap().iter().map(numbers).collect();
    Tensor::from_columns(rows[0].len(), rows.concat()).unwrap()
}

pub(crate) fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (found - expected).abs() / expected.abs().max(1.0);
    assert!(error <= tolerance, "{what}: found {found:e}, expected {expected:e}, {error:e} apart");
}

pub(crate) fn assert_all_close(found: &Tensor, expected: &Tensor, tolerance: f64, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    found.iter().zip(expected.iter()).for_each(|(found, expected)| assert_close(*found, *expected, tolerance, what));
}

/// A linear layer; in the file, W has shape (outputs, inputs).
fn linear(layer: &Value) -> AnyLayer<f64> {
    let (w, b) = (layer["weight"].as_array().unwrap(), numbers(&layer["bias"]));
    let w: Vec<Vec<f64>> = w.iter().map(numbers).collect();
    let parameters = Tensor::from_fn(b.len(), 1 + w[0].len(), |j, k| if k == 0 { b[j] } else { w[j][k - 1] });
    Linear::new(parameters).unwrap().into()
}

/// Four inputs, and tanh between two linear layers.
pub(crate) fn network(layers: &Value) -> NeuralNetwork {
    NeuralNetwork::from_layers(4, vec![linear(&layers[0]), Activation::Tanh.into(), linear(&layers[1])]).unwrap()
}
