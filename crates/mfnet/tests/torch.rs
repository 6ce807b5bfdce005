//! Activations, losses and training are those of PyTorch, in f64 to twelve digits.
//!
//! Where the numbers come from: golden/torch.json, written by golden/torch_golden.py, and golden/activations.json, written by
//! golden/activations_golden.py. Both name their versions. There a sample is a row; here it is a column.
//!
//! Why 1e-12, relative where numbers are larger than 1: the two sum in different orders and take exponentials from
//! different libraries, so each operation may differ by a rounding of 1e-16. The longest of these programs, 100 steps of
//! training, rounds some thousand times one after the other.
#![allow(clippy::unwrap_used)]

use mfnet::layer::{ActivationName, AnyLayer, Linear};
use mfnet::optimizer::Rule;
use mfnet::{
    Activation, Adam, AdamW, CrossEntropy, HalfMse, Loss, Mse, NeuralNetwork, Optimizer, Pass, Seed, Sgd, Tensor,
};
use serde_json::Value;

const TOLERANCE: f64 = 1e-12;

/// For activations: PyTorch's GELU loses digits where z is negative, and its softplus is z where z is large.
const TOLERANCE_OF_ACTIVATIONS: f64 = 1e-10;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/torch.json")).unwrap()
}

/// The elements of a list in the file. No list of it is empty.
fn list(value: &Value) -> &[Value] {
    value.as_array().filter(|list| !list.is_empty()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

/// A matrix whose samples are rows in the file and columns here.
fn samples(rows: &Value) -> Tensor {
    let rows: Vec<Vec<f64>> = list(rows).iter().map(numbers).collect();
    Tensor::from_columns(rows[0].len(), rows.concat()).unwrap()
}

/// One-hot columns for a list of classes.
fn one_hot(classes: &Value, outputs: usize) -> Tensor {
    let classes: Vec<u64> = list(classes).iter().map(|class| class.as_u64().unwrap()).collect();
    Tensor::from_fn(outputs, classes.len(), |k, i| if k as u64 == classes[i] { 1.0 } else { 0.0 })
}

/// `[b | W]` of a layer; in the file, W has shape (outputs, inputs).
fn parameters(layer: &Value) -> Tensor {
    let (w, b) = (list(&layer["weight"]), numbers(&layer["bias"]));
    let w: Vec<Vec<f64>> = w.iter().map(numbers).collect();
    Tensor::from_fn(b.len(), 1 + w[0].len(), |j, k| if k == 0 { b[j] } else { w[j][k - 1] })
}

fn linear(layer: &Value) -> AnyLayer<f64> {
    Linear::new(parameters(layer)).unwrap().into()
}

fn loss(name: &Value) -> Box<dyn Loss<f64>> {
    match text(name) {
        "half_mse" => Box::new(HalfMse),
        "mse" => Box::new(Mse),
        "cross_entropy" => Box::new(CrossEntropy),
        other => panic!("no loss is called {other}"),
    }
}

fn optimizer(settings: &Value) -> Optimizer {
    let weight_decay = settings["weight_decay"].as_f64().unwrap_or(0.0);
    let decay_biases = settings["decay_biases"].as_bool().unwrap_or(false);
    let optimizer = Optimizer::new(rule(settings), number(&settings["learning_rate"])).weight_decay(weight_decay);
    if decay_biases { optimizer.decay_biases() } else { optimizer }
}

fn rule(settings: &Value) -> Box<dyn Rule<f64>> {
    let adam = || Adam {
        beta1: number(&settings["beta1"]),
        beta2: number(&settings["beta2"]),
        epsilon: number(&settings["epsilon"]),
    };
    match text(&settings["kind"]) {
        "sgd" => Box::new(Sgd {
            momentum: settings["momentum"].as_f64().unwrap_or(0.0),
            nesterov: settings["nesterov"].as_bool().unwrap_or(false),
        }),
        "adam" => Box::new(adam()),
        "adamw" => Box::new(AdamW(adam())),
        other => panic!("no rule is called {other}"),
    }
}

fn assert_close(found: f64, expected: f64, what: &str) {
    assert_within(TOLERANCE, found, expected, what);
}

fn assert_within(tolerance: f64, found: f64, expected: f64, what: &str) {
    let error = (found - expected).abs() / expected.abs().max(1.0);
    assert!(error <= tolerance, "{what}: found {found:e}, PyTorch has {expected:e}, {error:e} apart");
}

fn assert_all_close(found: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (found, expected) in found.iter().zip(expected.iter()) {
        assert_close(*found, *expected, what);
    }
}

#[test]
fn activations_and_their_derivatives() {
    for case in list(&golden()["activations"]) {
        let g = Activation::from_label(text(&case["name"])).unwrap();
        let (z, a, derivative) = (numbers(&case["x"]), numbers(&case["g"]), numbers(&case["dg"]));
        for ((z, a), derivative) in z.into_iter().zip(a).zip(derivative) {
            assert_close(g.apply(z), a, &format!("{} of {z}", g.label()));
            assert_close(g.derivative(z), derivative, &format!("derivative of {} at {z}", g.label()));
        }
    }
}

/// The case of an activation.
fn of(cases: &Value, name: ActivationName) -> &Value {
    let case = list(cases).iter().find(|case| text(&case["name"]) == name.word());
    case.unwrap_or_else(|| panic!("golden/activations.json has no {name}"))
}

#[test]
fn every_activation_and_its_derivative() {
    let golden: Value = serde_json::from_str(include_str!("golden/activations.json")).unwrap();
    for name in ActivationName::ALL {
        let (g, case) = (Activation::from(name), of(&golden["values"], name));
        let (z, a, derivative) = (numbers(&golden["points"]), numbers(&case["g"]), numbers(&case["dg"]));
        for ((z, a), derivative) in z.into_iter().zip(a).zip(derivative) {
            assert_within(TOLERANCE_OF_ACTIVATIONS, g.apply(z), a, &format!("{name} of {z}"));
            let what = format!("derivative of {name} at {z}");
            assert_within(TOLERANCE_OF_ACTIVATIONS, g.derivative(z), derivative, &what);
        }
    }
}

/// A network of three layers, 50 steps.
#[test]
fn training_with_every_activation() {
    let golden: Value = serde_json::from_str(include_str!("golden/activations.json")).unwrap();
    let setup = &golden["training_setup"];
    let (x, y) = (samples(&setup["inputs"]), samples(&setup["targets"]));
    for name in ActivationName::ALL {
        let case = of(&golden["training"], name);
        let layers = list(&setup["weights"]).iter().flat_map(|layer| [linear(layer), Activation::from(name).into()]);
        let mut net = NeuralNetwork::from_layers(5, layers.take(5).collect()).unwrap();
        let mut optimizer = Optimizer::new(Sgd { momentum: 0.9, ..Sgd::default() }, 0.05);
        for (step, expected) in numbers(&case["losses"]).into_iter().enumerate() {
            let trace = net.forward(Pass::Train { seed: Seed(0), epoch: 1, step: step + 1 }, &x);
            let what = format!("{name}, loss of step {step}");
            assert_within(TOLERANCE_OF_ACTIVATIONS, Mse.value(trace.output(), &y), expected, &what);
            let gradients = net.backward(&trace, Mse.gradient(trace.output(), &y));
            optimizer.step(&mut net, gradients);
        }
        for (found, expected) in net.parameters().zip(list(&case["final"])) {
            for (found, expected) in found.value.iter().zip(parameters(expected).iter()) {
                assert_within(TOLERANCE_OF_ACTIVATIONS, *found, *expected, &format!("{name}, weights at the end"));
            }
        }
    }
}

#[test]
fn losses_and_their_gradients() {
    for case in list(&golden()["losses"]) {
        let what = format!("{} {}", case["name"], case["case"]);
        let loss = loss(&case["name"]);
        let (y_hat, y) = (samples(&case["output"]), samples(&case["target"]));
        assert_close(loss.value(&y_hat, &y), number(&case["value"]), &what);
        assert_all_close(&loss.gradient(&y_hat, &y), &samples(&case["gradient"]), &what);
    }
}

/// Every rule, with and without clipping: 60 steps over three batches, the losses before all and the weights after some.
#[test]
fn training() {
    let golden = golden();
    let (setup, trajectories) = (&golden["trajectory_setup"], &golden["trajectories"]);
    let (batches, weights) = (list(&setup["batches"]), list(&setup["weights"]));
    for trajectory in list(trajectories) {
        let name = text(&trajectory["name"]);
        let [first, second] = weights else { panic!("the network has two linear layers") };
        let layers = vec![linear(first), Activation::Tanh.into(), linear(second)];
        let mut net = NeuralNetwork::from_layers(4, layers).unwrap();
        let loss = loss(&trajectory["loss"]);
        let mut optimizer = optimizer(&trajectory["optimizer"]);

        for (step, expected) in list(&trajectory["losses"]).iter().enumerate() {
            let batch = &batches[step % batches.len()];
            let x = samples(&batch["inputs"]);
            let y =
                if loss.name() == "cross-entropy" { one_hot(&batch["classes"], 3) } else { samples(&batch["values"]) };

            let trace = net.forward(Pass::Evaluate, &x);
            assert_close(loss.value(trace.output(), &y), number(expected), &format!("{name}, loss of step {step}"));
            let delta = loss.gradient(trace.output(), &y);
            let mut gradients = net.backward(&trace, delta);
            let clip = &trajectory["clip"];
            match clip["kind"].as_str() {
                Some("global_norm") => gradients.clip_global_norm(number(&clip["limit"])),
                Some("layer_norm") => gradients.clip_each_layer_norm(number(&clip["limit"])),
                Some(other) => panic!("no clipping is called {other}"),
                None => {}
            }
            optimizer.step(&mut net, gradients);

            if let Some(expected) = trajectory["weights_at"].get((step + 1).to_string()) {
                for (found, expected) in net.parameters().zip(list(expected)) {
                    assert_all_close(
                        &found.value,
                        &parameters(expected),
                        &format!("{name}, weights after step {}", step + 1),
                    );
                }
            }
        }
    }
}

/// Two linear layers without an activation between them, where the paper's constant row would be
/// trained: 100 steps leave it exactly (1 0 … 0), the features of ones exactly ones, and everything
/// else as in PyTorch, which has neither.
#[test]
fn linear_after_linear() {
    let golden = golden();
    let case = &golden["linear_linear"];
    let (x, y) = (samples(&case["inputs"]), samples(&case["targets"]));
    for run in list(&case["runs"]) {
        let weight_decay = number(&run["weight_decay"]);
        let layers = list(&case["initial"]).iter().map(linear).collect();
        let mut net = NeuralNetwork::from_layers(x.rows(), layers).unwrap();
        let decay_biases = run["decay_biases"].as_bool().unwrap();
        let optimizer = Optimizer::new(Sgd::default(), number(&case["learning_rate"])).weight_decay(weight_decay);
        let mut optimizer = if decay_biases { optimizer.decay_biases() } else { optimizer };
        for (step, expected) in list(&run["losses"]).iter().enumerate() {
            let trace = net.forward(Pass::Evaluate, &x);
            let what = format!("decay {weight_decay}, loss of step {step}");
            assert_close(HalfMse.value(trace.output(), &y), number(expected), &what);
            let gradients = net.backward(&trace, HalfMse.gradient(trace.output(), &y));
            optimizer.step(&mut net, gradients);
        }
        let trace = net.forward(Pass::Evaluate, &x);
        for (l, expected) in list(&run["final"]).iter().enumerate() {
            let AnyLayer::Linear(linear) = &net.layers()[l] else { panic!("layer {l} is linear") };
            assert_all_close(linear.matrix(), &parameters(expected), &format!("decay {weight_decay}, layer {l}"));
            let constant: Vec<f64> = linear.augmented().row(0).collect();
            assert!(constant[0] == 1.0 && constant[1..].iter().all(|w| *w == 0.0), "{constant:?}");
            assert!(trace.layer_output(l).augmented().row(0).all(|a| a == 1.0));
        }
    }
}
