//! Learning rates and weight decay of their own for layers and kinds of parameters.
//!
//! Where the numbers come from: by hand from W ← W − η (∂J/∂W + λ W), with zero inputs and gradients or with ones.
#![allow(clippy::unwrap_used)]

use mfnet::error::ErrorKind;
use mfnet::layer::Linear;
use mfnet::optimizer::{Gradients, Group, MatrixRule, Parameter, ParameterKind, Update};
use mfnet::{Adam, Dataset, Mse, NeuralNetwork, Optimizer, Pass, Seed, Sgd, Targets, Tensor, Trainer};

/// Two linear layers 1 → 1 whose weights and biases are 1.
fn network() -> NeuralNetwork {
    let linear = || Linear::new(Tensor::from_rows([[1.0, 1.0]])).unwrap().into();
    NeuralNetwork::from_layers(1, vec![linear(), linear()]).unwrap()
}

/// Gradients of the network, all of them `g`.
fn gradients(net: &NeuralNetwork, g: f64) -> Gradients {
    let input = Tensor::zeros(1, 1);
    let mut gradients = net.backward(&net.forward(Pass::Evaluate, &input), Tensor::zeros(1, 1));
    gradients.iter_mut().for_each(|matrix| matrix.fill(g));
    gradients
}

/// b₁ w₁ b₂ w₂ after one step with η = 0.5 and λ = 0.5.
fn after(optimizer: Optimizer, g: f64) -> Vec<f64> {
    let mut net = network();
    let mut optimizer = optimizer.weight_decay(0.5);
    optimizer.check().unwrap();
    optimizer.step(&mut net, gradients(&network(), g));
    net.parameters().flat_map(|p| p.value.iter()).copied().collect()
}

fn sgd() -> Optimizer {
    Optimizer::new(Sgd::default(), 0.5)
}

#[test]
fn decay_spares_biases_unless_asked() {
    assert_eq!(after(sgd(), 0.0), [1.0, 0.75, 1.0, 0.75]);
    assert_eq!(after(sgd().decay_biases(), 0.0), [0.75; 4]);
    let half = Group { layer: Some(1), decay: Some(0.5), ..Group::default() };
    assert_eq!(after(sgd().group(half), 0.0), [1.0, 0.75, 0.875, 0.875]);
}

#[test]
fn rates_of_layers_and_kinds_multiply() {
    let of_layer = Group { layer: Some(0), rate: 0.0, ..Group::default() };
    assert_eq!(after(sgd().group(of_layer), 1.0), [1.0, 1.0, 0.5, 0.25]);
    let of_biases = Group { kind: Some(ParameterKind::Biases), rate: 0.5, ..Group::default() };
    assert_eq!(after(sgd().group(of_biases), 1.0), [0.75, 0.25, 0.75, 0.25]);
    let last = Group { layer: Some(1), rate: 0.5, ..Group::default() };
    assert_eq!(after(sgd().group(of_biases).group(last), 1.0), [0.75, 0.25, 0.875, 0.625]);
}

/// A rule for whole matrices, W ← W − η G/‖G‖ − η λ W, biases and weights with numbers of their own.
struct Normalised;

impl MatrixRule<f64> for Normalised {
    fn name(&self) -> &str {
        "normalised"
    }

    fn states(&self) -> usize {
        0
    }

    fn update(&self, at: [Update; 2], parameter: &mut Parameter, gradient: &Tensor, _state: &mut [Tensor]) {
        let (biases, norm) = (parameter.bias_columns, gradient.norm());
        for j in 0..gradient.columns() {
            let Update { rate, decay, .. } = at[usize::from(j >= biases)];
            for (w, g) in parameter.value.column_mut(j).zip(gradient.column(j)) {
                *w -= rate * (g / norm + decay * *w);
            }
        }
    }
}

/// ‖(3 3)‖ = 3 √2; weights decay by a quarter, biases do not.
#[test]
fn a_rule_may_want_whole_matrices() {
    let step = 0.5 / 2f64.sqrt();
    let found = after(Optimizer::of_matrices(Normalised, 0.5), 3.0);
    for (found, expected) in found.iter().zip([1.0 - step, 0.75 - step, 1.0 - step, 0.75 - step]) {
        assert!((found - expected).abs() < 1e-15, "{found} is not {expected}");
    }
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let error = |group: Group| sgd().group(group).check().unwrap_err();
    for (group, message) in [
        (
            Group { rate: -1.0, ..Group::default() },
            "learning rate of a group: expected a factor of 0 or more, found -1",
        ),
        (
            Group { decay: Some(f64::NAN), ..Group::default() },
            "weight decay of a group: expected a factor of 0 or more, found NaN",
        ),
    ] {
        assert_eq!(error(group).to_string(), message);
    }
    let error = Optimizer::<f64>::new(Adam::default(), 0.0).check().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidValue(name, ..) if *name == "learning rate"));
}

/// A group's layer and kind must be there, and its factors must not make decay larger than the weights.
#[test]
fn groups_that_cannot_be() {
    let data = Dataset::new(
        "t",
        Tensor::from_rows([[1.0, 2.0]]),
        Targets::Values { columns: vec!["y".to_owned()], values: Tensor::from_rows([[1.0, 3.0]]).into() },
    )
    .unwrap();
    let error = |group: Group| {
        let trainer = Trainer::new(Mse, sgd().weight_decay(0.5).group(group));
        trainer.run(&mut NeuralNetwork::builder(1).linear(2).relu().linear(1).build(Seed(0)).unwrap(), &data)
    };
    let of = |layer, kind| Group { layer, kind, ..Group::default() };
    let embeddings = Some(ParameterKind::Embeddings);
    for (group, expected) in [
        (of(Some(3), None), "layer of a group: expected one of 3 layers, counted from 0, found 3"),
        (
            of(Some(1), None),
            "layer of a group: expected one that has parameters, found layer 1, relu, which has no parameters",
        ),
        (
            of(Some(0), embeddings),
            "layer of a group: expected one that has embeddings, found layer 0, linear 1 → 2, which has no embeddings",
        ),
        (of(None, embeddings), "kind of a group: expected one that a layer has, found embeddings"),
        (
            Group { decay: Some(4.0), ..of(Some(2), None) },
            "learning rate × weight decay: expected less than 1 (each step multiplies the weights by 1 minus this product), \
             found 0.5 × 2 = 1",
        ),
    ] {
        assert_eq!(error(group).unwrap_err().to_string(), expected);
    }
    error(Group { rate: 0.0, decay: Some(1.0), ..of(Some(2), Some(ParameterKind::Biases)) }).unwrap();
}
