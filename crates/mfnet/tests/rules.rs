//! Optimizer rules are those of PyTorch, over 60 steps in f64, and L-BFGS over 50.
//!
//! Where the numbers come from: golden/rules.json, written by golden/rules_golden.py, which names its versions. Lion is
//! there as its article has it.
//!
//! Why 1e-10, relative where numbers are larger than 1: the two round in different orders some thousand times, and powers
//! such as ρ₂ᵗ come from different libraries.
#![allow(clippy::unwrap_used)]

use mfnet::layer::{AnyLayer, Linear};
use mfnet::optimizer::{Adadelta, Adagrad, AmsGrad, Lbfgs, Lion, NAdam, OptimizerName, RAdam, RProp, RmsProp, Rule};
use mfnet::{
    Activation, Adam, Dataset, Loss, Mse, NeuralNetwork, Optimizer, Pass, Preprocessing, Seed, Sgd, Tensor, Trainer,
};
use serde_json::Value;

const TOLERANCE: f64 = 1e-10;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/rules.json")).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().filter(|list| !list.is_empty()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(|number| number.as_f64().unwrap()).collect()
}

/// A matrix whose samples are rows in the file and columns here.
fn samples(rows: &Value) -> Tensor {
    let rows: Vec<Vec<f64>> = list(rows).iter().map(numbers).collect();
    Tensor::from_columns(rows[0].len(), rows.concat()).unwrap()
}

/// `[b | W]` of a layer; in the file, W has shape (outputs, inputs).
fn parameters(layer: &Value) -> Tensor {
    let (w, b) = (list(&layer["weight"]), numbers(&layer["bias"]));
    let w: Vec<Vec<f64>> = w.iter().map(numbers).collect();
    Tensor::from_fn(b.len(), 1 + w[0].len(), |j, k| if k == 0 { b[j] } else { w[j][k - 1] })
}

fn rule(name: &str) -> Box<dyn Rule<f64>> {
    let other = Adam { beta1: 0.8, beta2: 0.95, ..Adam::default() };
    match name {
        "adagrad" => Box::new(Adagrad::default()),
        "adadelta" => Box::new(Adadelta::default()),
        "rmsprop" => Box::new(RmsProp::default()),
        "rmsprop, momentum" => Box::new(RmsProp { momentum: 0.8, ..RmsProp::default() }),
        "rmsprop, centered" => Box::new(RmsProp { momentum: 0.5, centered: true, rho: 0.9, ..RmsProp::default() }),
        "amsgrad" => Box::new(AmsGrad::default()),
        "nadam" => Box::new(NAdam::default()),
        "nadam, other numbers" => Box::new(NAdam { adam: other, momentum_decay: 0.1 }),
        "radam" => Box::new(RAdam::default()),
        "radam, other numbers" => Box::new(RAdam(other)),
        "lion" => Box::new(Lion::default()),
        "rprop" => Box::new(RProp::default()),
        other => panic!("no rule is called {other}"),
    }
}

fn assert_close(found: f64, expected: f64, what: &str) {
    let error = (found - expected).abs() / expected.abs().max(1.0);
    assert!(error <= TOLERANCE, "{what}: found {found:e}, PyTorch has {expected:e}, {error:e} apart");
}

#[test]
fn trajectories() {
    let golden = golden();
    let batches = list(&golden["batches"]);
    for trajectory in list(&golden["trajectories"]) {
        let name = trajectory["name"].as_str().unwrap();
        let [first, second] = list(&golden["weights"]) else { panic!("the network has two linear layers") };
        let linear = |layer| AnyLayer::from(Linear::new(parameters(layer)).unwrap());
        let layers = vec![linear(first), Activation::Tanh.into(), linear(second)];
        let mut net = NeuralNetwork::from_layers(4, layers).unwrap();
        let decay = trajectory["weight_decay"].as_f64().unwrap();
        let rate = trajectory["learning_rate"].as_f64().unwrap();
        let optimizer = match name {
            "lbfgs" => Optimizer::lbfgs(Lbfgs::default(), rate),
            _ => Optimizer::new(rule(name), rate),
        };
        let mut optimizer = optimizer.weight_decay(decay);
        let name = format!("{name}, decay {decay}");
        for (step, expected) in list(&trajectory["losses"]).iter().enumerate() {
            let is_for_all = name.starts_with("rprop") || name.starts_with("lbfgs");
            let batch = &batches[if is_for_all { 0 } else { step % batches.len() }];
            let (x, y) = (samples(&batch["inputs"]), samples(&batch["values"]));
            let evaluated = |net: &NeuralNetwork| {
                let trace = net.forward(Pass::Evaluate, &x);
                (Mse.value(trace.output(), &y), net.backward(&trace, Mse.gradient(trace.output(), &y)))
            };
            let (found, mut gradients) = evaluated(&net);
            assert_close(found, expected.as_f64().unwrap(), &format!("{name}, loss of step {step}"));
            if name.starts_with("lbfgs") {
                optimizer.search(&mut net, (found, &mut gradients), &mut |net: &mut NeuralNetwork, gradients| {
                    let (value, new) = evaluated(net);
                    *gradients = new;
                    value
                });
            } else {
                optimizer.step(&mut net, gradients);
            }
            if let Some(expected) = trajectory["weights_at"].get((step + 1).to_string()) {
                for (found, expected) in net.parameters().zip(list(expected)) {
                    let expected = parameters(expected);
                    assert_eq!(found.value.shape(), expected.shape());
                    for (found, expected) in found.value.iter().zip(expected.iter()) {
                        assert_close(*found, *expected, &format!("{name}, weights after step {}", step + 1));
                    }
                }
            }
        }
    }
}

/// Every rule of the table is in the file, except those of torch.rs.
#[test]
fn every_rule_is_compared() {
    let golden = golden();
    for rule in OptimizerName::ALL {
        let name = rule.word();
        let is_elsewhere = ["sgd", "adam", "adamw"].contains(&name);
        let is_here = list(&golden["trajectories"]).iter().any(|of| of["name"].as_str().unwrap() == name);
        assert!(is_here != is_elsewhere, "{name}");
        assert_eq!(rule.optimizer::<f64>(Sgd::default(), 0.01).name(), name);
    }
}

/// Each rule lowers the loss, with both types; a network of 70 units has weights beside its panels, which stay zero.
#[test]
fn every_rule_learns() {
    let data = Dataset::built_in("diabetes").unwrap();
    let data = Preprocessing::fit(&data).apply(&data);
    for name in OptimizerName::ALL {
        let rate = match name.word() {
            "adadelta" => 1.0,
            "lion" => 0.001,
            "lbfgs" => 1.0,
            _ => 0.01,
        };
        let batch = if [OptimizerName::Rprop, OptimizerName::Lbfgs].contains(&name) { data.samples() } else { 32 };
        let builder = || NeuralNetwork::builder(10).linear(70).tanh().linear(1);
        let trainer = Trainer::new(Mse, name.optimizer(Sgd::default(), rate)).epochs(30).batch_size(batch);
        let mut net = builder().build(Seed(0)).unwrap();
        let history = trainer.run(&mut net, &data).unwrap();
        let loss = history.epochs.last().unwrap().loss;
        assert!(loss < 0.6, "{name}: {loss}");
        let trainer = Trainer::new(Mse, name.optimizer(Sgd::default(), rate)).epochs(30).batch_size(batch);
        let mut net = builder().dtype::<f32>().build(Seed(0)).unwrap();
        let single = trainer.run(&mut net, &data).unwrap().epochs.last().unwrap().loss;
        assert!((single - loss).abs() < 0.05, "{name}: {single} and {loss}");
    }
}

#[test]
fn settings_that_cannot_be() {
    let check = |rule: &dyn Rule<f64>| rule.check(0.01, 0.0).unwrap_err().to_string();
    for (rule, expected) in [
        (&Adagrad { epsilon: 0.0 } as &dyn Rule<f64>, "epsilon: expected a positive number, found 0"),
        (&Adadelta { rho: 1.0, epsilon: 1e-6 }, "rho: expected a number from 0 to less than 1, found 1"),
        (
            &RmsProp { momentum: -0.1, ..RmsProp::default() },
            "momentum: expected a number from 0 to less than 1, found -0.1",
        ),
        (
            &NAdam { momentum_decay: f64::NAN, ..NAdam::default() },
            "momentum decay: expected 0 or a positive number, found NaN",
        ),
        (&Lion { beta1: 1.5, beta2: 0.99 }, "beta1: expected a number from 0 to less than 1, found 1.5"),
        (
            &RProp { factors: [1.5, 1.2], ..RProp::default() },
            "factor that shortens steps: expected a number between 0 and 1, found 1.5",
        ),
        (
            &RProp { step_sizes: [2.0, 1.0], ..RProp::default() },
            "smallest step size: expected at most the largest step size, found 2",
        ),
    ] {
        assert_eq!(check(rule), expected);
    }
    assert!(Rule::<f64>::check(&Lion::default(), 0.5, 2.0).is_err(), "such decay flips the signs of the weights");
}
