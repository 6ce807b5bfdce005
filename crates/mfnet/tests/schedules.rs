//! Learning rate schedules are those of PyTorch.
//!
//! Where the numbers come from: golden/schedules.json, written by golden/schedules_golden.py, which names its version.
#![allow(clippy::unwrap_used)]

mod golden;

use golden::{assert_close, numbers};
use mfnet::optimizer::Schedule;
use mfnet::train::{Callback, EpochRecord, Step};
use mfnet::{Dataset, HalfMse, Loss, Mse, NeuralNetwork, Optimizer, Pass, Result, Seed, Sgd, Targets, Tensor, Trainer};
use serde_json::Value;
use std::ops::ControlFlow;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/schedules.json")).unwrap()
}

/// The rate of each step of a loop with an optimizer of rate 1.
fn rates(optimizer: Optimizer, steps_per_epoch: usize, losses: &[f64]) -> Vec<f64> {
    let mut optimizer = optimizer.length(steps_per_epoch, losses.len());
    let mut net = NeuralNetwork::builder(1).linear(1).build(Seed(0)).unwrap();
    let (x, y) = (Tensor::from_rows([[0.0]]), Tensor::from_rows([[0.0]]));
    let mut rates = Vec::new();
    for loss in losses {
        for _ in 0..steps_per_epoch {
            let trace = net.forward(Pass::Evaluate, &x);
            let gradients = net.backward(&trace, HalfMse.gradient(trace.output(), &y));
            optimizer.step(&mut net, gradients);
            rates.push(optimizer.rate());
        }
        optimizer.end_epoch(*loss);
    }
    rates
}

/// 1e-12: cosines, powers and logarithms of other libraries; PyTorch multiplies the last rate by a
/// quotient instead of computing each anew.
#[test]
fn rates_of_pytorch() {
    let golden = golden();
    let (steps, losses) = (golden["steps_per_epoch"].as_u64().unwrap() as usize, numbers(&golden["losses"]));
    let schedules = golden["schedules"].as_array().unwrap();
    for golden in schedules {
        let (name, warm_up) = (golden["name"].as_str().unwrap(), golden["warm_up"].as_f64().unwrap());
        let optimizer = Optimizer::new(Sgd::default(), 1.0).schedule(name.parse().unwrap()).warm_up(warm_up);
        let found = rates(optimizer, steps, &losses);
        for (step, (found, expected)) in found.iter().zip(numbers(&golden["rates"])).enumerate() {
            assert_close(*found, expected, 1e-12, &format!("{name} after a warm-up of {warm_up}, step {step}"));
        }
    }
    // one-cycle is compared in its own file, because PyTorch's ends one step earlier
    for name in
        "constant step exponential polynomial cosine cosine-restarts flat-cosine cosine-cycles plateau".split(' ')
    {
        let is_name = |golden: &Value| golden["name"].as_str().unwrap().split(':').next() == Some(name);
        assert!(schedules.iter().any(is_name), "{name}");
    }
}

/// Weights decay by 1 − η λ f(t) with a gradient of 0.
#[test]
fn weight_decay_has_a_schedule_of_its_own() {
    let schedule: Schedule = "polynomial".parse().unwrap();
    let mut optimizer =
        Optimizer::new(Sgd::default(), 0.1).weight_decay(0.5).decay_schedule(schedule).warm_up(1.0).length(4, 2);
    let mut net = NeuralNetwork::builder(1).linear(1).build(Seed(0)).unwrap();
    let weight = |net: &NeuralNetwork| net.parameters().next().unwrap().value[(0, 1)];
    let (x, y) = (Tensor::from_rows([[0.0]]), Tensor::from_rows([[0.0]]));
    for step in 0..8 {
        let before = weight(&net);
        let trace = net.forward(Pass::Evaluate, &x);
        let gradients = net.backward(&trace, HalfMse.gradient(trace.output(), &y));
        optimizer.step(&mut net, gradients);
        let rate = if step < 4 { 0.1 * f64::from(step + 1) / 4.0 } else { 0.1 };
        let expected = before - rate * 0.5 * (1.0 - f64::from(step) / 8.0) * before;
        assert_close(weight(&net), expected, 1e-15, &format!("step {step}"));
    }
}

struct Rates(Vec<f64>);

impl Callback<f64> for Rates {
    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        self.0.push(step.loss);
        Ok(ControlFlow::Continue(()))
    }
    fn epoch(&mut self, _: &EpochRecord, _: &NeuralNetwork) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }
}

/// A trainer with `plateau` watches the validation loss, without validation the training loss, and makes the losses of the
/// loop that calls `end_epoch` with it.
#[test]
fn a_trainer_watches_its_losses() {
    let x = Tensor::from_fn(1, 8, |_, j| j as f64 - 3.5);
    let y = Tensor::from_fn(1, 8, |_, j| (j * j) as f64 / 10.0);
    let data = |from: usize, to: usize| {
        let samples: Vec<usize> = (from..to).collect();
        let values = y.select_columns(&samples).into();
        Dataset::new("line", x.select_columns(&samples), Targets::Values { columns: vec!["y".into()], values }).unwrap()
    };
    let (train, validation) = (data(0, 6), data(6, 8));
    let start = NeuralNetwork::builder(1).linear(1).build(Seed(3)).unwrap();
    let plateau = Schedule::Plateau { patience: 0, factor: 0.5 };
    for validates in [false, true] {
        let optimizer = Optimizer::new(Sgd::default(), 0.3).schedule(plateau);
        let mut trainer = Trainer::new(Mse, optimizer.clone()).epochs(20).batch_size(6);
        if validates {
            trainer = trainer.validate_on(&validation);
        }
        let mut of_trainer = Rates(Vec::new());
        let mut session = trainer.start(start.clone(), &train).unwrap();
        session.run(&mut of_trainer).unwrap();
        let (mut net, mut optimizer) = (start.clone(), optimizer.length(1, 20));
        let mut halved = 0;
        for epoch in 0..20 {
            let batch = (train.inputs(), train.targets().matrix());
            let trace = net.forward(Pass::Evaluate, &batch.0);
            let loss = Mse.value(trace.output(), &batch.1);
            assert_close(of_trainer.0[epoch], loss, 1e-12, &format!("epoch {epoch}"));
            let gradients = net.backward(&trace, Mse.gradient(trace.output(), &batch.1));
            let before = optimizer.rate();
            optimizer.step(&mut net, gradients);
            halved += usize::from(optimizer.rate() < before);
            let watched = if validates { net.evaluate_loss(&Mse, &validation).unwrap() } else { loss };
            optimizer.end_epoch(watched);
        }
        assert!(halved > 0, "the rate fell");
    }
}

#[test]
fn texts_of_schedules() {
    for text in [
        "constant",
        "cosine",
        "one-cycle",
        "step:30:0.1",
        "exponential:0.95",
        "polynomial:2",
        "cosine-restarts:10:2",
        "flat-cosine:0.75",
        "cosine-cycles:3",
        "plateau:5:0.2",
    ] {
        assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
    }
    for (text, whole) in [
        ("polynomial", "polynomial:1"),
        ("step:30", "step:30:0.1"),
        ("cosine-restarts:5", "cosine-restarts:5:1"),
        ("flat-cosine", "flat-cosine:0.5"),
        ("cosine-cycles", "cosine-cycles:4"),
        ("plateau", "plateau:10:0.1"),
        ("plateau:0", "plateau:0:0.1"),
    ] {
        assert_eq!(text.parse::<Schedule>().unwrap().to_string(), whole);
    }
    for (text, message) in [
        ("cosin", "did you mean cosine?"),
        ("step", "expected step:EPOCHS:FACTOR, found \"step\""),
        ("step:2.5:0.1", "expected step:EPOCHS:FACTOR, found \"step:2.5:0.1\""),
        ("step:0:0.1", "epochs of a step of the schedule: expected at least 1, found 0"),
        ("step:3:1.5", "factor of the schedule: expected a number above 0 and at most 1, found 1.5"),
        ("cosine:3", "expected cosine, found \"cosine:3\""),
        ("polynomial:0", "power of the schedule: expected a number above 0, found 0"),
        ("flat-cosine:1.1", "flat part of the schedule: expected a number from 0 to 1, found 1.1"),
        ("cosine-cycles:0", "cycles of the schedule: expected a number from 1 to 30, found 0"),
        ("exponential:NaN", "factor of the schedule: expected a number above 0 and at most 1, found NaN"),
        ("plateau:1:2:3", "expected plateau:PATIENCE:FACTOR, found \"plateau:1:2:3\""),
    ] {
        let error = text.parse::<Schedule>().unwrap_err();
        assert!(error.ends_with(message), "{text}: {error}");
    }
}
