//! Back-propagation against central differences: every activation with every loss, in networks of one to four layers and
//! in batches of several shapes; and that the check finds formulas that are wrong.
//!
//! Where the numbers come from: weights and data from seeded streams. A draw that brings an activation near a kink is thrown
//! away and the next seed taken, because there the difference is wrong and not the gradient.
//!
//! Why 1e-6: central differences with h = 1e-5 are themselves wrong by about 1e-10, from h² and from rounding over h. A
//! term forgotten in a formula shows at 1e-3 and above, as the wrong formulas at the end prove.
#![allow(clippy::unwrap_used)]

mod blocks;

use mfnet::layer::{ActivationName, AnyLayer, Backward, Context, Layer, Linear, Memo};
use mfnet::loss::softmax;
use mfnet::network::{GradientCheck, gradient_check};
use mfnet::optimizer::Parameter;
use mfnet::random::{Purpose, Rng};
use mfnet::{Activation, CrossEntropy, HalfMse, Loss, Mse, NeuralNetwork, Pass, Result, Scalar, Seed, Tensor};

const TOLERANCE: f64 = 1e-6;
/// What a wrong formula exceeds.
const WRONG: f64 = 1e-3;
/// No z before an activation may be nearer to a kink of it. A step of h in one parameter moves z by some h, about 1e-4 at most.
const KINK: f64 = 1e-3;

#[derive(Clone, Copy, Debug)]
struct Shape {
    inputs: usize,
    hidden: usize,
    outputs: usize,
    samples: usize,
}

/// One of everything; one sample; one input; one output; more samples than a product multiplies at a time.
fn shapes() -> Vec<Shape> {
    let shape = |(inputs, hidden, outputs, samples)| Shape { inputs, hidden, outputs, samples };
    [(1, 1, 1, 1), (4, 3, 3, 1), (1, 3, 2, 4), (3, 4, 1, 5), (3, 4, 2, 5), (2, 3, 3, 70)].map(shape).to_vec()
}

fn activations() -> Vec<Activation> {
    let own = Activation::custom("own", |z: f64| z.exp().ln_1p(), |z| 1.0 / (1.0 + (-z).exp()));
    ActivationName::ALL.into_iter().map(Activation::from).chain([own]).collect()
}

/// Where g′ jumps.
fn kinks(g: &Activation) -> &'static [f64] {
    match g {
        Activation::Relu | Activation::LeakyRelu | Activation::Selu => &[0.0],
        Activation::HardSigmoid | Activation::HardSwish => &[-3.0, 3.0],
        _ => &[],
    }
}

/// A loss, and how targets of a shape are drawn for it.
struct Case {
    name: &'static str,
    loss: Box<dyn Loss<f64>>,
    targets: fn(usize, usize, &mut Rng) -> Tensor,
}

fn losses() -> Vec<Case> {
    let soft = |rows, columns, rng: &mut Rng| softmax(&uniform(rows, columns, rng));
    let of_any_sum = |rows, columns, rng: &mut Rng| uniform(rows, columns, rng).map(f64::abs);
    vec![
        Case { name: "half-mse", loss: Box::new(HalfMse), targets: uniform },
        Case { name: "mse", loss: Box::new(Mse), targets: uniform },
        Case { name: "cross-entropy, one-hot targets", loss: Box::new(CrossEntropy), targets: one_hot },
        Case { name: "cross-entropy, soft targets", loss: Box::new(CrossEntropy), targets: soft },
        Case { name: "cross-entropy, targets of any sum", loss: Box::new(CrossEntropy), targets: of_any_sum },
    ]
}

/// Numbers from −2 to 2.
fn uniform(rows: usize, columns: usize, rng: &mut Rng) -> Tensor {
    Tensor::from_fn(rows, columns, |_, _| 4.0 * rng.uniform() - 2.0)
}

/// One class for each column.
fn one_hot(rows: usize, columns: usize, rng: &mut Rng) -> Tensor {
    let classes: Vec<u64> = (0..columns).map(|_| rng.below(rows as u64)).collect();
    Tensor::from_fn(rows, columns, |i, j| if i as u64 == classes[j] { 1.0 } else { 0.0 })
}

/// A linear layer whose biases are not zero either.
fn linear(inputs: usize, outputs: usize, rng: &mut Rng) -> AnyLayer<f64> {
    Linear::new(uniform(outputs, inputs + 1, rng)).unwrap().into()
}

/// The first `layers` of: linear, g, linear, g.
///
/// With two, all parameters stand before g, so that all gradients went through g's `input_gradient`; with three, those of
/// the first layer also went through the second linear layer's.
fn network(g: &Activation, layers: usize, shape: Shape, rng: &mut Rng) -> NeuralNetwork {
    let between = if layers > 2 { shape.hidden } else { shape.outputs };
    let (first, second) = (linear(shape.inputs, between, rng), linear(between, shape.outputs, rng));
    let all = [first, g.clone().into(), second, g.clone().into()];
    NeuralNetwork::from_layers(shape.inputs, all.into_iter().take(layers).collect()).unwrap()
}

/// Whether an activation of the network has a z within [`KINK`] of a kink.
fn near_a_kink(net: &NeuralNetwork, input: &Tensor) -> bool {
    let trace = net.forward(Pass::Evaluate, input);
    (1..net.layers().len()).any(|l| match &net.layers()[l] {
        AnyLayer::Activation(g) => {
            trace.layer_output(l - 1).iter().any(|z| kinks(g).iter().any(|kink| (z - kink).abs() < KINK))
        }
        _ => false,
    })
}

fn check(g: &Activation, layers: usize, shape: Shape, case: &Case) -> GradientCheck {
    for seed in 0.. {
        let mut rng = Seed(seed).stream(Purpose::Split);
        let mut net = network(g, layers, shape, &mut rng);
        let x = uniform(shape.inputs, shape.samples, &mut rng);
        let y = (case.targets)(shape.outputs, shape.samples, &mut rng);
        if !near_a_kink(&net, &x) {
            return gradient_check(&mut net, &case.loss, &x, &y).unwrap();
        }
    }
    unreachable!("some seed is far from every kink")
}

#[test]
fn every_activation_with_every_loss() {
    for g in activations() {
        for case in losses() {
            for shape in shapes() {
                for layers in 1..=4 {
                    let error = check(&g, layers, shape, &case).relative_error;
                    assert!(error < TOLERANCE, "{} {} {shape:?} {layers} layers: {error:e}", g.label(), case.name);
                }
            }
        }
    }
}

/// g′ is the central difference of g, and has come to an end where |z| is large.
#[test]
fn derivatives_are_differences_and_end_as_they_must() {
    for name in ActivationName::ALL {
        let g: Activation = name.into();
        for i in -400..400 {
            let (z, h) = (f64::from(i) * 0.0317 + 0.0013, 1e-5);
            let difference = (g.apply(z + h) - g.apply(z - h)) / (2.0 * h);
            assert!((g.derivative(z) - difference).abs() < TOLERANCE, "{name} at {z}");
        }
        let (below, above) = match name {
            ActivationName::Identity => (1.0, 1.0),
            ActivationName::LeakyRelu => (0.01, 1.0),
            ActivationName::Selu => (0.0, 1.0507009873554805),
            ActivationName::Sigmoid | ActivationName::Tanh | ActivationName::HardSigmoid => (0.0, 0.0),
            _ => (0.0, 1.0),
        };
        for z in [50.0, 750.0, 1e5, 1e30] {
            // sums of a few roundings, and where a function has an exponential for its end, e⁻⁵⁰
            for (found, expected) in [(g.derivative(-z), below), (g.derivative(z), above)] {
                assert!((found - expected).abs() < 1e-15, "{name} at ±{z}: {found}");
            }
            assert!(g.apply(-z).is_finite() && g.apply(z).is_finite(), "{name} of ±{z}");
        }
    }
}

/// A⁽ᴸ⁾ by the formulas of the layers and of the sum, and the smallest |z| before a ReLU but 0.
fn by_hand(layers: &[AnyLayer<f64>], input: &Tensor) -> (Tensor, f64) {
    layers.iter().fold((input.clone(), f64::INFINITY), |(a, nearest), layer| {
        let Some(leaf) = layer.as_layer() else {
            let (f, near) = by_hand(layer.children(), &a);
            return (Tensor::from_fn(a.rows(), a.columns(), |i, j| a[(i, j)] + f[(i, j)]), near.min(nearest));
        };
        let mut output = Tensor::zeros(leaf.output_features(a.rows()).unwrap(), a.columns());
        leaf.forward(&Context::default(), &a, &mut output, &mut Memo::new());
        let is_relu = matches!(layer, AnyLayer::Activation(Activation::Relu));
        // what is exactly 0 was made so by a ReLU before, whose own z is not near 0
        let zs = a.iter().map(|z| z.abs()).filter(|z| is_relu && *z > 0.0);
        (output, zs.fold(nearest, f64::min))
    })
}

/// Blocks in all places, with biases that are not zero either.
#[test]
fn residual_blocks_with_every_loss() {
    for case in losses() {
        for samples in [1, 5, 70] {
            for mut net in blocks::networks(3, 4, 2) {
                let drawn = (0..).find_map(|seed| {
                    let mut rng = Seed(seed).stream(Purpose::Split);
                    for w in net.parameters_mut().flat_map(|parameter| parameter.value.iter_mut()) {
                        *w = 2.0 * rng.uniform() - 1.0;
                    }
                    let x = uniform(3, samples, &mut rng);
                    let (output, near) = by_hand(net.layers(), &x);
                    (near > KINK).then(|| (x, (case.targets)(2, samples, &mut rng), output))
                });
                let (x, y, output) = drawn.unwrap();
                assert_eq!(net.forward(Pass::Evaluate, &x).output(), &output, "{net}");
                assert_eq!(net.predict(&x).unwrap(), output, "{net}");
                let check = gradient_check(&mut net, &case.loss, &x, &y).unwrap();
                assert!(check.relative_error < TOLERANCE, "{} {samples} samples: {check:?}\n{net}", case.name);
            }
        }
    }
}

/// A check of zeros with zeros would pass whatever the formula. Only where it must be is a gradient zero: one class has
/// probability 1 whatever the logit.
#[test]
fn the_table_has_gradients_to_compare() {
    let shape = Shape { inputs: 3, hidden: 4, outputs: 2, samples: 5 };
    for g in activations() {
        for case in losses() {
            let mut rng = Seed(0).stream(Purpose::Split);
            let net = network(&g, 4, shape, &mut rng);
            let x = uniform(3, 5, &mut rng);
            let trace = net.forward(Pass::Evaluate, &x);
            let gradients = net.backward(&trace, case.loss.gradient(trace.output(), &(case.targets)(2, 5, &mut rng)));
            for l in [0, 2] {
                assert!(gradients.layer(l)[0].norm() > 1e-3, "{} {} layer {l}", g.label(), case.name);
            }
        }
    }
}

#[test]
fn all_parameters_are_compared_and_left_as_they_were() {
    let mut net = NeuralNetwork::builder(3).linear(4).tanh().linear(2).build(Seed(1)).unwrap();
    let before: Vec<Parameter> = net.parameters().cloned().collect();
    let (x, y) = (Tensor::from_fn(3, 5, |i, j| (i + j) as f64), Tensor::zeros(2, 5));
    let check = gradient_check(&mut net, &Mse, &x, &y).unwrap();
    assert_eq!(check.parameters, 4 * (3 + 1) + 2 * (4 + 1));
    assert!(check.largest_difference < TOLERANCE);
    assert_eq!(net.parameters().cloned().collect::<Vec<_>>(), before);
}

/// 1 − a, where 1 − a² is right.
#[test]
fn a_wrong_activation_is_found() {
    let wrong = Activation::custom("tanh", f64::tanh, |z| 1.0 - z.tanh());
    let case = Case { name: "mse", loss: Box::new(Mse), targets: uniform };
    let shape = Shape { inputs: 3, hidden: 4, outputs: 2, samples: 5 };
    for layers in 2..=4 {
        let error = check(&wrong, layers, shape, &case).relative_error;
        assert!(error > WRONG, "{layers} layers: {error:e}");
    }
}

/// (ŷ − y)/m, where 2 (ŷ − y)/(m n) is right.
#[test]
fn a_wrong_loss_is_found() {
    struct Wrong;
    impl<T: Scalar> Loss<T> for Wrong {
        fn name(&self) -> &str {
            "wrong"
        }
        fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
            Mse.cost(output, target, sample)
        }
        fn cost_gradient(&self, y_hat: &Tensor<T>, y: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
            HalfMse.cost_gradient(y_hat, y, sample, factor, delta);
        }
    }
    let case = Case { name: "wrong", loss: Box::new(Wrong), targets: uniform };
    let shape = Shape { inputs: 3, hidden: 4, outputs: 3, samples: 5 };
    let error = check(&Activation::Tanh, 3, shape, &case).relative_error;
    assert!(error > WRONG, "{error:e}");
}

/// ∂J/∂β = Σδ over samples is right; here the last sample alone counts.
#[test]
fn a_wrong_parameter_gradient_is_found() {
    #[derive(Clone, Debug)]
    struct Shift([Parameter; 1]);
    impl Layer<f64> for Shift {
        fn name(&self) -> String {
            "shift".to_owned()
        }
        fn output_features(&self, input_features: usize) -> Result<usize> {
            Ok(input_features)
        }
        fn forward(&self, _at: &Context, input: &Tensor, output: &mut Tensor, _memo: &mut Memo<f64>) {
            let beta = &self.0[0].value;
            *output = Tensor::from_fn(input.rows(), input.columns(), |i, j| input[(i, j)] + beta[(i, 0)]);
        }
        fn backward(&self, _at: &Context, pass: Backward<'_, f64>) {
            let Backward { delta, gradients, input_gradient, .. } = pass;
            input_gradient.into_iter().for_each(|input_gradient| input_gradient.copy_from(delta));
            gradients[0] = delta.select_columns(&[delta.columns() - 1]);
        }
        fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter)) {
            visit("beta", &self.0[0]);
        }
        fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter)) {
            visit("beta", &mut self.0[0]);
        }
    }
    let shift = Shift([Parameter::biases(Tensor::zeros(2, 1))]);
    let mut net = NeuralNetwork::builder(2).layer(shift).build(Seed(0)).unwrap();
    let x = uniform(2, 4, &mut Seed(0).stream(Purpose::Split));
    let error = gradient_check(&mut net, &Mse, &x, &Tensor::zeros(2, 4)).unwrap().relative_error;
    assert!(error > WRONG, "{error:e}");
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let mut net = NeuralNetwork::builder(3).linear(2).build(Seed(0)).unwrap();
    let rows = [
        ((2, 5), (2, 5), "gradient_check: expected 3 input features, found 2"),
        ((3, 5), (2, 4), "gradient_check: expected targets (2, 5), found (2, 4)"),
        ((3, 5), (5, 2), "gradient_check: expected targets (2, 5), found (5, 2)"),
    ];
    for (input, target, message) in rows {
        let (x, y) = (Tensor::zeros(input.0, input.1), Tensor::zeros(target.0, target.1));
        assert_eq!(gradient_check(&mut net, &Mse, &x, &y).unwrap_err().to_string(), message);
    }
}

#[test]
fn layers_that_do_not_fit_are_refused() {
    let linear =
        |inputs: usize, outputs| AnyLayer::from(Linear::new(Tensor::<f64>::zeros(outputs, inputs + 1)).unwrap());
    let rows = [
        (vec![], "NeuralNetwork: expected at least one layer, found none"),
        (vec![linear(4, 2)], "Linear: expected 4 input features, found 3"),
        (vec![linear(3, 2), Activation::Tanh.into(), linear(3, 1)], "Linear: expected 3 input features, found 2"),
    ];
    for (layers, message) in rows {
        assert_eq!(NeuralNetwork::from_layers(3, layers).unwrap_err().to_string(), message);
    }
    for (rows, columns) in [(0, 3), (2, 1), (2, 0)] {
        let error = Linear::new(Tensor::<f64>::zeros(rows, columns)).unwrap_err();
        let message = "Linear: expected [b | W] with at least one output and one input, found ";
        assert_eq!(error.to_string(), format!("{message}{rows}×{columns}"));
    }
}
