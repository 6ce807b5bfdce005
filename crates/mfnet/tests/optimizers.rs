//! Every rule on the same problems, one row a rule; and gradient clipping.
//!
//! Where the numbers come from: the problem is a least-squares fit whose normal equations are diagonal, so that its
//! optimum, with and without a penalty, is a division; first steps are the formulas of docs/mathematics.md, section 7, by
//! hand. Later steps are compared with PyTorch in torch.rs.
//!
//! Why these tolerances: each stands with its test.
#![allow(clippy::unwrap_used)]

use mfnet::layer::{AnyLayer, Linear};
use mfnet::optimizer::{Clip, Gradients, Rule, Schedule};
use mfnet::{
    Adam, AdamW, Dataset, HalfMse, Loss, NeuralNetwork, Optimizer, Pass, Scalar, Sgd, Targets, Tensor, Trainer,
};

/// The numbers that an optimizer has for every rule.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    learning_rate: f64,
    weight_decay: f64,
    decay_biases: bool,
}

/// A rule of the library.
struct Row<T: Scalar> {
    name: &'static str,
    rule: fn() -> Box<dyn Rule<T>>,
    /// (η, λ, w, g) to w after the first step.
    first_step: fn(f64, f64, f64, f64) -> f64,
    /// Whether λ w is part of the gradient, so that the rule comes to rest where J + λ/2 w² is least. A rule with
    /// decoupled decay comes to rest where J is.
    penalty: bool,
}

/// Add a rule, add a row.
fn rows<T: Scalar>() -> Vec<Row<T>> {
    vec![
        Row {
            name: "SGD",
            rule: || Box::new(Sgd { momentum: 0.0, nesterov: false }),
            first_step: |eta, lambda, w, g| w - eta * (g + lambda * w),
            penalty: true,
        },
        Row {
            name: "SGD with momentum",
            rule: || Box::new(Sgd { momentum: 0.9, nesterov: false }),
            first_step: |eta, lambda, w, g| w - eta * (g + lambda * w),
            penalty: true,
        },
        Row {
            name: "SGD with Nesterov's momentum",
            rule: || Box::new(Sgd { momentum: 0.9, nesterov: true }),
            first_step: |eta, lambda, w, g| w - eta * (1.0 + 0.9) * (g + lambda * w),
            penalty: true,
        },
        Row {
            name: "Adam",
            rule: || Box::new(ADAM),
            first_step: |eta, lambda, w, g| adam_step(eta, w, g + lambda * w),
            penalty: true,
        },
        Row {
            name: "AdamW",
            rule: || Box::new(AdamW(ADAM)),
            first_step: |eta, lambda, w, g| adam_step(eta, w - eta * lambda * w, g),
            penalty: false,
        },
    ]
}

/// β₂ = 0.95 so that v̂ is forgotten faster than [`train`] lowers the rate: with decoupled decay the step is zero where
/// ∂J/∂w = −λ w √v̂, which is the minimum of J as v̂ goes to 0.
const ADAM: Adam = Adam { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };

impl<T: Scalar> Row<T> {
    /// One that has not made a step.
    fn optimizer(&self, Numbers { learning_rate, weight_decay, decay_biases }: Numbers) -> Optimizer<T> {
        let optimizer = Optimizer::new((self.rule)(), learning_rate).weight_decay(weight_decay);
        if decay_biases { optimizer.decay_biases() } else { optimizer }
    }
}

/// In the first step m̂ = g and v̂ = g².
fn adam_step(eta: f64, w: f64, g: f64) -> f64 {
    w - eta * g / (g.abs() + 1e-8)
}

/// Without decay, with decay that spares biases, with decay of biases too; all with η = 0.1.
fn numbers() -> [Numbers; 3] {
    let of = |weight_decay, decay_biases| Numbers { learning_rate: 0.1, weight_decay, decay_biases };
    [of(0.0, false), of(0.05, false), of(0.05, true)]
}

impl Numbers {
    /// λ of a column of `[b | W]`.
    fn lambda(self, column: usize) -> f64 {
        if column == 0 && !self.decay_biases { 0.0 } else { self.weight_decay }
    }
}

/// `[b | W]` at which the line fits exactly.
const TRUTH: [f64; 3] = [0.5, 2.0, -1.0];
/// (1/m) Σ ã², for the bias 1 and for the inputs of [`train`].
const CURVATURE: [f64; 3] = [1.0, 1.0, 4.0];

/// `[b | W]` after these steps of a least-squares fit from zero. The rate falls by the factor `fall` a step.
///
/// The inputs (±1, ±2) are orthogonal to each other and to the ones: ∂J/∂w_k = c_k (w_k − truth_k).
fn train<T: Scalar>(row: &Row<T>, numbers: Numbers, steps: usize, fall: f64) -> Vec<f64> {
    let x = Tensor::from_rows([[1.0, 1.0, -1.0, -1.0], [2.0, -2.0, 2.0, -2.0]]);
    let [b, w1, w2] = TRUTH;
    let y = Tensor::from_fn(1, 4, |_, i| b + w1 * x[(0, i)] + w2 * x[(1, i)]);
    let (x, y) = (x.map(T::from_f64), y.map(T::from_f64));
    let mut net = network([Tensor::zeros(1, 3)]);
    let falling = Schedule::Step { every: 1, factor: fall };
    let mut optimizer = row.optimizer(numbers).schedule(falling).length(1, steps);
    for _ in 0..steps {
        let trace = net.forward(Pass::Evaluate, &x);
        let gradients = net.backward(&trace, HalfMse.gradient(trace.output(), &y));
        optimizer.step(&mut net, gradients);
    }
    net.parameters().flat_map(|p| p.value.iter()).map(|w| w.to_f64()).collect()
}

/// Linear layers with these `[b | W]`, one after the other.
fn network<T: Scalar, const L: usize>(parameters: [Tensor<T>; L]) -> NeuralNetwork<T> {
    let inputs = parameters[0].columns() - 1;
    let layers = parameters.map(|p| AnyLayer::from(Linear::new(p).unwrap()));
    NeuralNetwork::from_layers(inputs, layers.into()).unwrap()
}

/// `[b | W]` after a first step with the gradient `g`.
fn first_step(mut optimizer: Optimizer, w: &Tensor, g: &Tensor) -> Tensor {
    let mut net = network([w.clone()]);
    let x = Tensor::zeros(net.inputs(), 1);
    let mut gradients = net.backward(&net.forward(Pass::Evaluate, &x), Tensor::zeros(net.outputs(), 1));
    gradients.iter_mut().for_each(|gradient| gradient.copy_from(g));
    optimizer.step(&mut net, gradients);
    net.parameters().next().unwrap().value.clone()
}

/// 1e-6: the rates add up to 20, so gradient descent has e⁻²⁰ of its way left; Adam stays within some steps of a rate that
/// falls to e⁻²⁰ of the first.
#[test]
fn the_optimum_is_reached() {
    for row in rows::<f64>() {
        for numbers in numbers() {
            let found = train(&row, numbers, 4_000, 0.995);
            for (k, w) in found.iter().enumerate() {
                let lambda = if row.penalty { numbers.lambda(k) } else { 0.0 };
                let optimum = CURVATURE[k] * TRUTH[k] / (CURVATURE[k] + lambda);
                assert!((w - optimum).abs() < 1e-6, "{} {numbers:?}: {w} is not {optimum}", row.name);
            }
        }
    }
}

/// 1e-15 relative to 1: some roundings of numbers of size 1. Biases and weights, gradients of all sizes and zero.
#[test]
fn the_first_step_is_the_formula() {
    let w = Tensor::from_rows([[0.7, -0.3, 1.9], [-0.1, 0.0, -1.2]]);
    let g = Tensor::from_rows([[0.2, -3.0, 0.0], [0.0, 1e-9, 4e3]]);
    for row in rows() {
        for numbers in numbers() {
            let after = first_step(row.optimizer(numbers), &w, &g);
            for (i, k) in (0..2).flat_map(|i| (0..3).map(move |k| (i, k))) {
                let (w, g) = (w[(i, k)], g[(i, k)]);
                let by_hand = (row.first_step)(numbers.learning_rate, numbers.lambda(k), w, g);
                let error = (after[(i, k)] - by_hand).abs() / by_hand.abs().max(1.0);
                assert!(error <= 1e-15, "{} {numbers:?} w {w} g {g}: {} is not {by_hand}", row.name, after[(i, k)]);
            }
        }
    }
}

#[test]
fn a_zero_gradient_without_decay_leaves_every_bit() {
    let w = Tensor::from_rows([[0.7, -0.0, 1e-310], [f64::MAX, 0.1, -1e-20]]);
    let bits = |w: &Tensor| w.iter().map(|w| w.to_bits()).collect::<Vec<_>>();
    for row in rows() {
        let after = first_step(row.optimizer(numbers()[0]), &w, &Tensor::zeros(2, 3));
        assert_eq!(bits(&after), bits(&w), "{}", row.name);
    }
}

/// With a zero gradient decay alone moves anything.
#[test]
fn decay_spares_biases_unless_asked() {
    let w = Tensor::from_rows([[0.5, 0.5, -0.5]]);
    let [_, sparing, all] = numbers();
    for row in rows() {
        for (numbers, bias_moves) in [(sparing, false), (all, true)] {
            let after = first_step(row.optimizer(numbers), &w, &Tensor::zeros(1, 3));
            let moved: Vec<bool> =
                after.iter().zip(w.iter()).map(|(after, before)| after.abs() < before.abs()).collect();
            assert_eq!(moved, [bias_moves, true, true], "{}", row.name);
            assert!(bias_moves || after[(0, 0)].to_bits() == 0.5f64.to_bits(), "{}", row.name);
        }
    }
}

/// 1e-4: a hundred steps, each with a few roundings of 6e-8.
#[test]
fn f32_follows_f64() {
    for (row, wide) in rows::<f32>().iter().zip(rows::<f64>()) {
        for numbers in numbers() {
            let both = train(row, numbers, 100, 1.0).into_iter().zip(train(&wide, numbers, 100, 1.0));
            for (narrow, wide) in both {
                assert!((narrow - wide).abs() < 1e-4, "{} {numbers:?}: {narrow} is not {wide}", row.name);
            }
        }
    }
}

#[test]
fn the_rules_of_the_table_pass_their_own_check() {
    for row in rows::<f64>() {
        for numbers in numbers() {
            row.optimizer(numbers).check().unwrap();
        }
    }
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let (sgd, adam) = (Sgd::default(), Adam::default());
    let of_sgd = |sgd, rate| Optimizer::<f64>::new(sgd, rate);
    let of_adam = |adam, rate| Optimizer::<f64>::new(adam, rate);
    let of_adamw = |adam, rate| Optimizer::<f64>::new(AdamW(adam), rate);
    let rate = "learning rate: expected a positive number, found";
    let shrinks = "learning rate × weight decay: expected less than 1 (each step multiplies the weights by 1 minus this product), found";
    let decay = "weight decay: expected 0 or a positive number, found";
    let momentum = "momentum: expected a number from 0 to less than 1, found";
    let beta1 = "beta1: expected a number from 0 to less than 1, found";
    let beta2 = "beta2: expected a number from 0 to less than 1, found";
    let epsilon = "epsilon: expected a positive number, found";
    let nan = f64::NAN;
    let rows: Vec<(Optimizer, String)> = vec![
        (of_sgd(sgd, 0.0), format!("{rate} 0")),
        (of_sgd(sgd, -0.1), format!("{rate} -0.1")),
        (of_sgd(sgd, nan), format!("{rate} NaN")),
        (of_sgd(sgd, f64::INFINITY), format!("{rate} inf")),
        (of_sgd(sgd, 0.1).weight_decay(-0.5), format!("{decay} -0.5")),
        (of_sgd(sgd, 0.1).weight_decay(nan), format!("{decay} NaN")),
        (of_sgd(Sgd { momentum: 1.0, ..sgd }, 0.1), format!("{momentum} 1")),
        (of_sgd(Sgd { momentum: -0.9, ..sgd }, 0.1), format!("{momentum} -0.9")),
        (of_sgd(Sgd { momentum: nan, ..sgd }, 0.1), format!("{momentum} NaN")),
        (
            of_sgd(Sgd { nesterov: true, ..sgd }, 0.1),
            "momentum: expected a positive number with nesterov, found 0".to_owned(),
        ),
        (of_adam(adam, -1.0), format!("{rate} -1")),
        (of_adam(adam, 1e-3).weight_decay(-1.0), format!("{decay} -1")),
        (of_adam(Adam { beta1: 1.0, ..adam }, 1e-3), format!("{beta1} 1")),
        (of_adam(Adam { beta1: -0.1, ..adam }, 1e-3), format!("{beta1} -0.1")),
        (of_adam(Adam { beta2: 1.5, ..adam }, 1e-3), format!("{beta2} 1.5")),
        (of_adam(Adam { beta2: nan, ..adam }, 1e-3), format!("{beta2} NaN")),
        (of_adam(Adam { epsilon: 0.0, ..adam }, 1e-3), format!("{epsilon} 0")),
        (of_adam(Adam { epsilon: nan, ..adam }, 1e-3), format!("{epsilon} NaN")),
        (of_sgd(sgd, 0.1).weight_decay(20.0), format!("{shrinks} 0.1 × 20 = 2")),
        (of_adamw(adam, 0.001).weight_decay(1000.0), format!("{shrinks} 0.001 × 1000 = 1")),
        (of_adamw(adam, nan), format!("{rate} NaN")),
        (of_adamw(adam, 1e-3).weight_decay(-1.0), format!("{decay} -1")),
        (of_adamw(Adam { beta1: 1.0, ..adam }, 1e-3), format!("{beta1} 1")),
    ];
    for (optimizer, message) in rows {
        assert_eq!(optimizer.check().unwrap_err().to_string(), message);
    }
}

#[test]
#[should_panic(expected = "the gradients belong to another network")]
fn gradients_of_another_network_are_refused() {
    let (_, gradients) = known_gradients(1.0);
    Optimizer::new(Sgd::default(), 0.1).step(&mut network([Tensor::zeros(2, 4)]), gradients);
}

/// Two linear layers and the gradients \[2.25 3\] and \[3 4\] times `size`: norms 3.75, 5 and together 6.25.
///
/// With W⁽¹⁾ = 1 and W⁽²⁾ = ¾ the first layer passes on the inputs (2 1); Δ⁽²⁾ = (1 2) gives \[Δ1 | ΔAᵀ\] = \[3 4\] there
/// and ¾ of it in the first layer.
fn known_gradients(size: f64) -> (NeuralNetwork, Gradients) {
    let net = network([Tensor::from_rows([[0.0, 1.0]]), Tensor::from_rows([[0.0, 0.75]])]);
    let x = Tensor::from_rows([[2.0, 1.0]]);
    let gradients = net.backward(&net.forward(Pass::Evaluate, &x), Tensor::from_rows([[size, 2.0 * size]]));
    (net, gradients)
}

fn of_both_layers(gradients: &Gradients) -> [f64; 4] {
    gradients.iter().flat_map(Tensor::iter).copied().collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn the_known_gradients_are_known() {
    let (_, gradients) = known_gradients(1.0);
    assert_eq!(of_both_layers(&gradients), [2.25, 3.0, 3.0, 4.0]);
    assert_eq!(gradients.norm(), 6.25);
}

/// The expected factors hold the 10⁻⁶ of the formula, so the only error is that of a rounding or two.
#[test]
fn clipping_by_the_global_norm_keeps_the_direction() {
    for (limit, factor) in [(1.25, 1.25 / (6.25 + 1e-6)), (6.0, 6.0 / (6.25 + 1e-6)), (6.25 + 1e-6, 1.0), (100.0, 1.0)]
    {
        let (_, mut gradients) = known_gradients(1.0);
        gradients.clip_global_norm(limit);
        assert_close(of_both_layers(&gradients), [2.25, 3.0, 3.0, 4.0].map(|g| g * factor));
        assert!(gradients.norm() <= limit);
    }
}

#[test]
fn clipping_by_layer_shortens_the_long_ones_alone() {
    let second = 4.0 / (5.0 + 1e-6);
    let (_, mut gradients) = known_gradients(1.0);
    gradients.clip_each_layer_norm(4.0);
    assert_close(of_both_layers(&gradients), [2.25, 3.0, 3.0 * second, 4.0 * second]);

    let first = 1.0 / (3.75 + 1e-6);
    let second = 1.0 / (5.0 + 1e-6);
    let (_, mut gradients) = known_gradients(1.0);
    gradients.clip_each_layer_norm(1.0);
    assert_close(of_both_layers(&gradients), [2.25 * first, 3.0 * first, 3.0 * second, 4.0 * second]);
}

/// Of each layer, / 3.75 and 5: without the 10⁻⁶ of the formula.
#[test]
fn clipping_without_an_epsilon_is_exact() {
    let (mut net, gradients) = known_gradients(1.0);
    let mut optimizer = Optimizer::new(Sgd::default(), 1.0).clip(Clip::PerLayerExactly(4.0));
    optimizer.step(&mut net, gradients);
    let weights: Vec<f64> = net.parameters().flat_map(|parameter| parameter.value.iter().copied()).collect();
    assert_eq!(weights, [-2.25, 1.0 - 3.0, -3.0 * 0.8, 0.75 - 4.0 * 0.8]);
}

#[test]
fn limits_that_cannot_be_are_refused() {
    let targets = Targets::Values { columns: vec!["y".to_owned()], values: Tensor::zeros(1, 2).into() };
    let data = Dataset::new("zeros", Tensor::zeros(1, 2), targets).unwrap();
    let (mut net, _) = known_gradients(1.0);
    for (limit, found) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        for clip in [Clip::Global(limit), Clip::PerLayer(limit), Clip::PerLayerExactly(limit)] {
            let error =
                Trainer::new(HalfMse, Optimizer::new(Sgd::default(), 0.1).clip(clip)).run(&mut net, &data).unwrap_err();
            let message = format!("gradient norm to clip at: expected a positive number, found {found}");
            assert_eq!(error.to_string(), message);
        }
    }
}

/// The direction is that of the known gradients: [2.25, 3, 3, 4] / 6.25, and of each layer / 3.75 and 5.
#[test]
fn clipping_of_gradients_whose_squares_overflow() {
    for size in [1e160, 1e300, 4e307] {
        let (_, mut gradients) = known_gradients(size);
        gradients.clip_global_norm(1.0);
        let found = of_both_layers(&gradients);
        for (found, expected) in found.into_iter().zip([0.36, 0.48, 0.48, 0.64]) {
            assert!((found / expected - 1.0).abs() < 1e-14, "{size}: {found}");
        }
        let (_, mut gradients) = known_gradients(size);
        gradients.clip_each_layer_norm(1.0);
        for (found, expected) in of_both_layers(&gradients).into_iter().zip([0.6, 0.8, 0.6, 0.8]) {
            assert!((found / expected - 1.0).abs() < 1e-14, "{size}: {found}");
        }
    }
}

#[test]
fn clipping_does_not_hide_nan() {
    for clip in [Gradients::clip_global_norm, Gradients::clip_each_layer_norm] {
        let (_, mut gradients) = known_gradients(f64::NAN);
        clip(&mut gradients, 1.0);
        assert!(of_both_layers(&gradients).iter().all(|g| g.is_nan()));
    }
}

#[test]
fn nothing_is_clipped_unless_asked() {
    let (mut net, gradients) = known_gradients(1e9);
    Optimizer::new(Sgd::default(), 1.0).step(&mut net, gradients);
    let moved: Vec<f64> = net.parameters().flat_map(|p| p.value.iter()).copied().collect();
    assert_eq!(moved, [-2.25e9, 1.0 - 3e9, -3e9, 0.75 - 4e9]);
}

fn assert_close(found: [f64; 4], expected: [f64; 4]) {
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-15 * expected.abs(), "{found} is not {expected}");
    }
}
