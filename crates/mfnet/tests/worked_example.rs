//! The worked example of the paper, section 3.3: every printed matrix, exactly.
//!
//! The paper has two misprints, which its own later matrices expose: the second row of X is
//! `2 3 2 3` (printed 2 2 2 3), and the last row of W⁽¹⁾ is `1 1 0` (printed 1 0 0; updated `1 1 6`,
//! printed 1 0 6). All numbers are exact in binary, so nothing is rounded, and the test requires
//! equality. The paper's factor 1/4 is multiplied out.
#![allow(clippy::unwrap_used)]

use mfnet::explain::Walkthrough;
use mfnet::layer::{AnyLayer, Linear};
use mfnet::{Activation, HalfMse, Loss, NeuralNetwork, Optimizer, Pass, Sgd, Tensor};

/// The rows of a matrix as the paper writes them, times `factor`.
fn matrix<const R: usize, const C: usize>(factor: f64, rows: [[f64; C]; R]) -> Tensor {
    Tensor::from_rows(rows).map(|x| factor * x)
}

#[test]
fn every_matrix_of_section_3_3() {
    let walk = Walkthrough::worked_example().unwrap();
    let z1 = [[1.0, 1.0, 1.0, 1.0], [2.0, 3.0, 2.0, 3.0], [3.0, 4.0, 4.0, 5.0], [2.0, 2.0, 3.0, 3.0]];
    let z2 = [[1.0, 1.0, 1.0, 1.0], [5.0, 6.0, 6.0, 7.0], [3.0, 6.0, 3.0, 6.0]];
    let z3 = [[1.0, 1.0, 1.0, 1.0], [2.0, 0.0, 3.0, 1.0]];
    let delta3 = [[0.0, 0.0, 0.0, 0.0], [1.0, -1.0, 1.0, -1.0]];
    let delta2 = [[0.0, 0.0, 0.0, 0.0], [1.0, -1.0, 1.0, -1.0], [-1.0, 1.0, -1.0, 1.0]];
    let dj_da1 = [[2.0, -2.0, 2.0, -2.0], [0.0, 0.0, 0.0, 0.0], [-2.0, 2.0, -2.0, 2.0], [3.0, -3.0, 3.0, -3.0]];
    let delta1 = [[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [-2.0, 2.0, -2.0, 2.0], [3.0, -3.0, 3.0, -3.0]];
    for (name, expected) in [
        ("A0", matrix(1.0, [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 2.0, 2.0], [2.0, 3.0, 2.0, 3.0]])),
        ("W1", matrix(1.0, [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]])),
        ("Z1", matrix(1.0, z1)),
        ("A1", matrix(1.0, z1)),
        ("W2", matrix(1.0, [[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0], [-1.0, 1.0, 2.0, -2.0]])),
        ("Z2", matrix(1.0, z2)),
        ("A2", matrix(1.0, z2)),
        ("W3", matrix(1.0, [[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]])),
        ("Z3", matrix(1.0, z3)),
        ("A3", matrix(1.0, z3)),
        ("Y", matrix(1.0, [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 2.0, 2.0]])),
        ("dJ_dA3", matrix(0.25, delta3)),
        ("dJ_dZ3", matrix(0.25, delta3)),
        ("dJ_dW3", matrix(0.25, [[0.0, 0.0, 0.0], [0.0, -2.0, -6.0]])),
        ("dJ_dA2", matrix(0.25, delta2)),
        ("dJ_dZ2", matrix(0.25, delta2)),
        ("dJ_dW2", matrix(0.25, [[0.0, 0.0, 0.0, 0.0], [0.0, -2.0, -2.0, 0.0], [0.0, 2.0, 2.0, 0.0]])),
        ("dJ_dA1", matrix(0.25, dj_da1)),
        ("dJ_dZ1", matrix(0.25, delta1)),
        ("dJ_dW1", matrix(0.25, [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 4.0], [0.0, 0.0, -6.0]])),
        ("dJ_dA0", matrix(0.25, [[3.0, -3.0, 3.0, -3.0], [1.0, -1.0, 1.0, -1.0], [-2.0, 2.0, -2.0, 2.0]])),
    ] {
        assert_eq!(walk.get(name), Some(&expected), "{name}");
    }
    assert_eq!(walk.loss(), Some(0.5));
    for (name, expected) in updated() {
        assert_eq!(walk.updated(name), Some(&expected), "{name}");
    }
}

/// The weights after the update with η = 4.
fn updated() -> [(&'static str, Tensor); 3] {
    [
        ("W1", matrix(1.0, [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, -3.0], [1.0, 1.0, 6.0]])),
        ("W2", matrix(1.0, [[1.0, 0.0, 0.0, 0.0], [1.0, 3.0, 2.0, 1.0], [-1.0, -1.0, 0.0, -2.0]])),
        ("W3", matrix(1.0, [[1.0, 0.0, 0.0], [0.0, 3.0, 5.0]])),
    ]
}

#[test]
fn the_loop_of_a_user_ends_in_the_same_weights() {
    let mut net = NeuralNetwork::from_layers(
        2,
        vec![
            Linear::new(Tensor::from_rows([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]])).unwrap().into(),
            Activation::Identity.into(),
            Linear::new(Tensor::from_rows([[1.0, 1.0, 0.0, 1.0], [-1.0, 1.0, 2.0, -2.0]])).unwrap().into(),
            Linear::new(Tensor::from_rows([[0.0, 1.0, -1.0]])).unwrap().into(),
        ],
    )
    .unwrap();
    let x = Tensor::from_rows([[1.0, 1.0, 2.0, 2.0], [2.0, 3.0, 2.0, 3.0]]);
    let y = Tensor::from_rows([[1.0, 1.0, 2.0, 2.0]]);
    let trace = net.forward(Pass::Evaluate, &x);
    let delta = HalfMse.gradient(trace.output(), &y);
    let gradients = net.backward(&trace, delta);
    Optimizer::new(Sgd::default(), 4.0).step(&mut net, gradients);
    let linear = net.layers().iter().filter_map(|layer| match layer {
        AnyLayer::Linear(linear) => Some(linear.augmented()),
        _ => None,
    });
    assert_eq!(linear.collect::<Vec<_>>(), updated().map(|(_, matrix)| matrix));
}

/// The contract of `explain --json`.
#[test]
fn the_names_of_the_json() {
    let json = serde_json::to_value(Walkthrough::worked_example().unwrap()).unwrap();
    let names = "A0 Z1 A1 Z2 A2 Z3 A3 Y loss dJ_dA3 dJ_dZ3 dJ_dW3 dJ_dA2 dJ_dZ2 dJ_dW2 dJ_dA1 dJ_dZ1 dJ_dW1 dJ_dA0 W1 W2 W3 updated";
    let mut names: Vec<&str> = names.split(' ').collect();
    names.sort_unstable();
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), names);
    assert_eq!(json["dJ_dW3"], serde_json::json!([[0.0, 0.0, 0.0], [0.0, -0.5, -1.5]]));
    assert_eq!(json["loss"], 0.5);
    assert_eq!(json["updated"]["W1"][3], serde_json::json!([1.0, 1.0, 6.0]));
    // no minus sign on a zero
    assert!(!json.to_string().contains("-0.0"), "{json}");
}

#[test]
fn the_walk_of_any_network() {
    let net = NeuralNetwork::builder(2).linear(3).relu().linear(2).build(mfnet::Seed(1)).unwrap();
    let x = Tensor::from_rows([[0.5, -1.0], [2.0, 1.0]]);
    let y = Tensor::from_rows([[1.0, 0.0], [0.0, 1.0]]);
    let walk = Walkthrough::of(&net, &mfnet::CrossEntropy, &x, Some(&y), 0.1).unwrap();
    let p = walk.get("P").unwrap();
    // the softmax of A2 without its row of ones; NumPy: exp(z) / exp(z).sum(axis=0)
    let z = walk.get("A2").unwrap();
    let softmax = |i, j: usize| z[(i + 1, j)].exp() / (z[(1, j)].exp() + z[(2, j)].exp());
    assert_eq!((p.shape(), walk.get("Y").unwrap()), ((2, 2), &y));
    assert!((0..2).all(|j| (0..2).all(|i| (p[(i, j)] - softmax(i, j)).abs() < 1e-15)));
    let delta = walk.get("dJ_dA2").unwrap();
    assert!((0..2).all(|j| (0..2).all(|i| (delta[(i + 1, j)] - (p[(i, j)] - y[(i, j)]) / 2.0).abs() < 1e-15)));
    // the constant row of W̃ᵀ Δ̃ and the rest of it, by the definition
    let (w2, delta2) = (walk.get("W2").unwrap(), walk.get("dJ_dZ2").unwrap());
    let mut product = Tensor::zeros(4, 2);
    product.set_product(w2.transposed(), delta2);
    assert!(product.iter().zip(walk.get("dJ_dA1").unwrap().iter()).all(|(a, b)| (a - b).abs() < 1e-15));
    // forward alone
    let walk = Walkthrough::of(&net, &mfnet::CrossEntropy, &x, None, 0.1).unwrap();
    assert!(walk.get("P").is_some() && walk.get("Y").is_none() && walk.loss().is_none());
    let json = serde_json::to_value(walk).unwrap();
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["A0", "A1", "A2", "P", "W1", "W2", "Z1", "Z2"]);
    // what cannot be shown
    let error = |net: &NeuralNetwork, x: &Tensor, y: &Tensor| {
        Walkthrough::of(net, &HalfMse, x, Some(y), 0.1).unwrap_err().to_string()
    };
    assert_eq!(error(&net, &y, &x.select_columns(&[0])), "explain: expected targets (2, 2), found (2, 1)");
    assert_eq!(error(&net, &Tensor::zeros(3, 1), &y), "explain: expected 2 input features, found 3");
    let twice = NeuralNetwork::builder(2).linear(2).relu().tanh().build(mfnet::Seed(0)).unwrap();
    let walk = Walkthrough::of(&twice, &HalfMse, &x, Some(&y), 0.1).unwrap();
    let tanh = walk.get("H1_1").unwrap().iter().zip(walk.get("A1").unwrap().iter()).skip(1).take(2);
    assert!(tanh.into_iter().all(|(h, a)| (h.tanh() - a).abs() < 1e-15));
}
