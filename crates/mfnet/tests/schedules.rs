//! Learning rate schedules are those of PyTorch, and so are those of weight decay, dropout and label smoothing.
//!
//! Where the numbers come from: golden/schedules.json, written by golden/schedules_golden.py, which names its version;
//! for dropout and label smoothing, a loop of steps by hand.
#![allow(clippy::unwrap_used)]

mod golden;

use golden::{assert_close, numbers};
use mfnet::layer::{AlphaDropout, AnyLayer, Dropout, LayerSpec, Residual};
use mfnet::loss::{BinaryCrossEntropy, SmoothedCrossEntropy};
use mfnet::optimizer::{Lbfgs, Schedule};
use mfnet::train::{Callback, EpochRecord, SampleOrder, Step};
use mfnet::{
    Activation, Adam, CrossEntropy, Dataset, Dtype, HalfMse, Loss, Mse, NeuralNetwork, Optimizer, Pass, Preprocessing,
    Result, Scalar, Seed, Sgd, Targets, Tensor, Threads, Trainer,
};
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

/// The same layers with these probabilities of dropout, one after the other.
fn with_probabilities<T: Scalar>(layers: &[AnyLayer<T>], p: &mut impl Iterator<Item = f64>) -> Vec<AnyLayer<T>> {
    let layer = |layer: &AnyLayer<T>| match layer {
        AnyLayer::Dropout(_) => Dropout::new(p.next().unwrap()).unwrap().into(),
        AnyLayer::AlphaDropout(_) => AlphaDropout::new(p.next().unwrap()).unwrap().into(),
        AnyLayer::Residual(block) => Residual::new(with_probabilities(block.layers(), &mut *p)).unwrap().into(),
        other => other.clone(),
    };
    layers.iter().map(layer).collect()
}

/// The probabilities of the layers of `dropping`: fused after ReLU, after GELU and in a block, alone after a
/// linear layer, and alpha dropout.
const PROBABILITIES: [f64; 5] = [0.5, 0.3, 0.4, 0.2, 0.1];

fn dropping<T: Scalar>(data: &Dataset) -> NeuralNetwork<T> {
    let [a, b, c, d, e] = PROBABILITIES;
    let builder = NeuralNetwork::builder(data.features()).dtype::<T>().linear(24).relu().dropout(a);
    let builder = builder.linear(24).activation(Activation::Gelu).dropout(b);
    let builder = builder.residual(|block| block.linear(24).relu().dropout(c)).linear(16).dropout(d);
    let builder = builder.spec(LayerSpec::AlphaDropout(AlphaDropout::new(e).unwrap()));
    builder.linear(data.classes()).build(Seed(2)).unwrap()
}

fn digits() -> Dataset {
    let data = Dataset::built_in("digits").unwrap().select(&(0..90).collect::<Vec<_>>()).unwrap();
    Preprocessing::fit(&data).apply(&data)
}

/// Two epochs of three steps of a loop of one's own: dropout layers with p f(t), made anew for each step, and
/// targets (1 − ε f(t)) y + ε f(t)/K.
fn by_hand<T: Scalar>(data: &Dataset, first_epoch: usize, net: &mut NeuralNetwork<T>, rule: &mut Optimizer<T>) {
    let (dropout, smoothing): (Schedule, Schedule) =
        ("cosine-cycles:2".parse().unwrap(), "polynomial".parse().unwrap());
    let all: Vec<usize> = (0..data.samples()).collect();
    let of = |x: &Tensor| Tensor::from_fn(x.rows(), x.columns(), |i, j| T::from_f64(x[(i, j)]));
    let [x, y] = [of(&data.inputs()), of(&data.targets().matrix())];
    let batches = (0..2).flat_map(|epoch| (1..).zip(all.chunks(32)).map(move |(step, batch)| (epoch, step, batch)));
    for (t, (epoch, step, batch)) in batches.enumerate() {
        let factor = dropout.factor(t, 3, 2);
        let mut p = PROBABILITIES.into_iter().map(|p| factor * p);
        let mut of_step =
            NeuralNetwork::from_layers(data.features(), with_probabilities(net.layers(), &mut p)).unwrap();
        let epsilon = 0.2 * smoothing.factor(t, 3, 2);
        let (kept, share) = (T::from_f64(1.0 - epsilon), T::from_f64(epsilon / 10.0));
        let mut targets = y.select_columns(batch);
        targets.iter_mut().for_each(|y| *y = kept * *y + share);
        let inputs = x.select_columns(batch);
        let trace = of_step.forward(Pass::Train { seed: Seed(7), epoch: first_epoch + epoch, step }, &inputs);
        let gradients = of_step.backward(&trace, CrossEntropy.gradient(trace.output(), &targets));
        rule.step(&mut of_step, gradients);
        let layers = with_probabilities(of_step.layers(), &mut PROBABILITIES.into_iter());
        *net = NeuralNetwork::from_layers(data.features(), layers).unwrap();
    }
}

fn scheduled<T: Scalar>(optimizer: Optimizer<T>) -> Trainer<T> {
    let trainer = Trainer::new(CrossEntropy, optimizer).epochs(2).batch_size(32).seed(Seed(7));
    let trainer = trainer.order(SampleOrder::AsTheyAre).dropout_schedule("cosine-cycles:2".parse().unwrap());
    trainer.label_smoothing(0.2, "polynomial".parse().unwrap())
}

fn state<T: Scalar>(net: &NeuralNetwork<T>) -> Vec<Tensor<T>> {
    net.parameters().map(|parameter| parameter.value.clone()).collect()
}

fn is_the_loop<T: Scalar>() {
    let data = digits();
    let adam = || Optimizer::new(Adam::default(), 0.01);
    let (mut expected, mut rule) = (dropping(&data), adam());
    by_hand(&data, 1, &mut expected, &mut rule);
    for threads in [1, 3] {
        let mut session = scheduled(adam()).start(dropping::<T>(&data), &data).unwrap();
        Threads::new(threads).unwrap().install(|| session.run(&mut ())).unwrap();
        assert!(state(session.network()) == state(&expected), "{threads}");
    }
    // with other rows, the schedules begin anew
    let mut session = scheduled(adam()).start(dropping::<T>(&data), &data).unwrap();
    session.run(&mut ()).unwrap();
    by_hand(&data, 3, &mut expected, &mut rule);
    session.fit_more(&data, 2, &mut ()).unwrap();
    assert!(state(session.network()) == state(&expected));
    // the layers keep their probabilities
    assert_eq!(session.network().layers()[2].name(), "dropout 0.5");
    // whole gradients
    let mut accumulated = scheduled(adam()).accumulate(2).start(dropping::<T>(&data), &data).unwrap();
    let mut whole = scheduled(adam()).batch_size(64).start(dropping::<T>(&data), &data).unwrap();
    for session in [&mut accumulated, &mut whole] {
        session.run(&mut ()).unwrap();
    }
    let largest = state(accumulated.network()).iter().zip(&state(whole.network())).fold(0.0, |largest, (a, b)| {
        a.iter().zip(b.iter()).fold(largest, |largest: f64, (a, b)| largest.max((a.to_f64() - b.to_f64()).abs()))
    });
    // the order of additions
    assert!(largest < if T::DTYPE == Dtype::F64 { 1e-12 } else { 1e-3 }, "{largest}");
}

/// To the bit, in both types of numbers.
#[test]
fn dropout_and_label_smoothing_have_schedules() {
    is_the_loop::<f64>();
    is_the_loop::<f32>();
}

/// A constant schedule of the dropout changes no bit. One of the label smoothing is the loss with label
/// smoothing; 1e-12 for the order of additions.
#[test]
fn constant_schedules() {
    let data = digits();
    let of = |trainer: Trainer| {
        let mut net = dropping(&data);
        let history = trainer.epochs(3).run(&mut net, &data).unwrap();
        (state(&net), history.epochs.last().unwrap().loss)
    };
    let sgd = || Optimizer::new(Sgd::default(), 0.1);
    let plain = of(Trainer::new(CrossEntropy, sgd()));
    assert!(plain == of(Trainer::new(CrossEntropy, sgd()).dropout_schedule(Schedule::Constant)));
    let smoothed = of(Trainer::new(SmoothedCrossEntropy { label_smoothing: 0.1 }, sgd()));
    let by_trainer = of(Trainer::new(CrossEntropy, sgd()).label_smoothing(0.1, Schedule::Constant));
    assert_close(by_trainer.1, smoothed.1, 1e-12, "loss");
    assert!((plain.1 - smoothed.1).abs() > 1e-3);
    for (a, b) in by_trainer.0.iter().zip(&smoothed.0) {
        assert!(a.iter().zip(b.iter()).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}

#[test]
fn schedules_of_dropout_and_label_smoothing_that_are_refused() {
    let (data, houses) = (digits(), Dataset::built_in("diabetes").unwrap());
    let sgd = || Optimizer::new(Sgd::default(), 0.1);
    let refused = |trainer: Trainer| trainer.run(&mut dropping(&data), &data).unwrap_err().to_string();
    let plateau = Schedule::Plateau { patience: 1, factor: 0.5 };
    let cross_entropy = || Trainer::new(CrossEntropy, sgd());
    let without = "expected one that does not depend on losses, found plateau:1:0.5";
    assert_eq!(refused(cross_entropy().dropout_schedule(plateau)), format!("schedule of the dropout: {without}"));
    let message = format!("schedule of the label smoothing: {without}");
    assert_eq!(refused(cross_entropy().label_smoothing(0.1, plateau)), message);
    let message = "label smoothing: expected a number from 0 to less than 1, found 1";
    assert_eq!(refused(cross_entropy().label_smoothing(1.0, Schedule::Cosine)), message);
    assert!(
        refused(cross_entropy().dropout_schedule(Schedule::Exponential { factor: 2.0 })).starts_with("factor of the")
    );
    let mut net = NeuralNetwork::builder(10).linear(1).build(Seed(0)).unwrap();
    let error = Trainer::new(Mse, sgd()).label_smoothing(0.1, Schedule::Cosine).run(&mut net, &houses).unwrap_err();
    assert_eq!(error.to_string(), "label smoothing: expected classes, found values");
    let labels = Targets::Labels {
        columns: vec!["y".into()],
        labels: vec!["a".into(), "b".into()],
        separator: Some("|".into()),
        truth: Tensor::from_fn(2, 90, |i, j| f64::from(u8::from((i + j) % 2 == 0))).into(),
    };
    let several = Dataset::new("labels", data.inputs(), labels).unwrap();
    let mut net = NeuralNetwork::builder(64).linear(2).build(Seed(0)).unwrap();
    let trainer = Trainer::new(BinaryCrossEntropy, sgd()).label_smoothing(0.1, Schedule::Cosine);
    let error = trainer.run(&mut net, &several).unwrap_err();
    assert_eq!(error.to_string(), "label smoothing: expected classes, found several labels at once");
    let lbfgs: Trainer = Trainer::new(CrossEntropy, Optimizer::lbfgs(Lbfgs::default(), 1.0)).batch_size(90);
    let error = lbfgs.label_smoothing(0.1, Schedule::Cosine).run(&mut dropping(&data), &data).unwrap_err();
    let message = "schedule of the label smoothing: expected one that is constant for lbfgs, found another one";
    assert_eq!(error.to_string(), message);
}
