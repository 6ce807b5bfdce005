//! The learning-rate range test.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use mfnet::data::BUILT_IN;
use mfnet::fit::Plan;
use mfnet::layer::{AnyLayer, Linear};
use mfnet::optimizer::{Clip, Lbfgs, OptimizerName, RProp, Schedule};
use mfnet::train::{Averaging, RateTest, SampleOrder};
use mfnet::{
    AdamW, CrossEntropy, Dataset, Dtype, Loss, Mse, NeuralNetwork, Optimizer, Pass, Preprocessing, Recipe, Seed, Sgd,
    Targets, Tensor, Threads, Trainer,
};

fn go_on(_: &RateTest) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn of_values(name: &str, x: [f64; 4], y: [f64; 4]) -> Dataset {
    let values = Targets::Values { columns: vec!["y".to_owned()], values: Tensor::from_rows([y]).into() };
    Dataset::new(name, Tensor::from_rows([x]), values).unwrap()
}

/// Part of the digits, scaled.
fn digits() -> Dataset {
    let data = Dataset::built_in("digits").unwrap().select(&(0..250).collect::<Vec<_>>()).unwrap();
    Preprocessing::fit(&data).apply(&data)
}

fn network(data: &Dataset) -> NeuralNetwork {
    let builder = NeuralNetwork::builder(data.features()).linear(12).relu().dropout(0.2);
    builder.linear(data.classes()).build(Seed(3)).unwrap()
}

/// Gradient descent on a quadratic function: with x = ±1 and y = 3 x − 1, the loss is |e|², where e is the
/// error of (b, w), and its second derivatives are L = 2. A step multiplies e by 1 − η L, so the loss falls
/// for η < 2/L = 1 and grows for η > 1.
#[test]
fn a_quadratic_function_diverges_above_two_by_l() {
    let data = of_values("line", [1.0, -1.0, 1.0, -1.0], [2.0, -4.0, 2.0, -4.0]);
    let net = NeuralNetwork::builder(1).linear(1).build(Seed(0)).unwrap();
    let test = Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.5)).batch_size(4).find_rate(&net, &data).unwrap();
    let RateTest { rates, losses, smoothed, suggestion } = &test;
    assert_eq!(rates[0], 1e-6);
    let growth = 1e7_f64.powf(1.0 / 199.0);
    for i in 1..losses.len() {
        // two powers
        assert!((rates[i] / rates[i - 1] / growth - 1.0).abs() < 1e-12, "{i}");
        let factor = (1.0 - 2.0 * rates[i - 1]).powi(2);
        // an error of 1e-15 in (b, w), where e is at least 1e-4
        if losses[i] > 1e-8 && rates[i] < 0.3 {
            assert!((losses[i] / losses[i - 1] - factor).abs() < 1e-10, "{i}");
        }
        assert_eq!(losses[i] < losses[i - 1], rates[i - 1] < 1.0, "{i}");
    }
    // it stopped before the last rate, and only then
    let last = smoothed.len() - 1;
    let lowest = |end: usize| smoothed[..end].iter().copied().fold(f64::INFINITY, f64::min);
    assert!(rates[last] < 10.0 && smoothed[last] > 4.0 * lowest(last));
    assert!((1..last).all(|i| smoothed[i] <= 4.0 * lowest(i)));
    // a training with the suggestion converges
    let at = test.lowest().unwrap();
    assert_eq!((smoothed[at], *suggestion), (lowest(last), Some(rates[at] / 10.0)));
    assert!((0.05..1.0).contains(&suggestion.unwrap()), "{suggestion:?}");
}

/// The losses are those of a loop of one's own that sets the rate before each step, to the bit, over several
/// epochs and with clipping and dropout. The smoothed losses are those of fastai's `AvgSmoothLoss`.
#[test]
fn the_curve_is_that_of_a_loop() {
    let data = digits();
    let optimizer = || Optimizer::new(AdamW::default(), 0.3).weight_decay(0.5).clip(Clip::Global(1.0));
    let trainer = Trainer::new(CrossEntropy, optimizer()).batch_size(30).seed(Seed(5)).order(SampleOrder::AsTheyAre);
    let net = network(&data);
    let test = trainer.find_rate(&net, &data).unwrap();
    assert!(test.losses.len() > 100 && test.suggestion.is_some());

    let (x, y): (Tensor, Tensor) = (data.inputs(), data.targets().matrix());
    let (mut by_hand, mut rule, mut val) = (net.clone(), optimizer().length(9, 23), 0.0);
    let all: Vec<usize> = (0..250).collect();
    let batches = (1..).flat_map(|epoch| (1..).zip(all.chunks(30)).map(move |(step, batch)| (epoch, step, batch)));
    for (i, (epoch, step, batch)) in batches.take(test.losses.len()).enumerate() {
        let (x, y) = (x.select_columns(batch), y.select_columns(batch));
        rule.set_learning_rate(test.rates[i]);
        let trace = by_hand.forward(Pass::Train { seed: Seed(5), epoch, step }, &x);
        let loss = CrossEntropy.value(trace.output(), &y);
        assert_eq!(test.losses[i], loss, "{i}");
        let gradients = by_hand.backward(&trace, CrossEntropy.gradient(trace.output(), &y));
        rule.step(&mut by_hand, gradients);
        // torch.lerp(loss, val, 0.98), then divided by 1 − 0.98^count
        val = loss + 0.98 * (val - loss);
        let smoothed = val / (1.0 - 0.98_f64.powi(i as i32 + 1));
        assert!((test.smoothed[i] - smoothed).abs() <= 1e-12 * smoothed, "{i}");
    }
}

/// What decides which weights are kept, schedules and averages do not change the test, and neither does the
/// number of threads.
#[test]
fn only_the_steps_count() {
    let data = digits();
    let net = network(&data);
    let trainer = Trainer::new(CrossEntropy, Optimizer::new(AdamW::default(), 1e-3));
    let expected = Threads::new(1).unwrap().install(|| trainer.find_rate(&net, &data)).unwrap();
    let schedules = Optimizer::new(AdamW::default(), 0.5).schedule(Schedule::OneCycle).warm_up(2.0);
    let other = Trainer::new(CrossEntropy, schedules)
        .epochs(1)
        .validate_on(&data)
        .early_stopping(1)
        .keep_start()
        .average(Averaging::Exponential { decay: 0.9 });
    assert_eq!(Threads::new(3).unwrap().install(|| other.find_rate(&net, &data)).unwrap(), expected);
}

/// With AdamW, a step multiplies weights by 1 − η λ, and the optimizer refuses η λ ≥ 1.
#[test]
fn rates_that_the_optimizer_refuses_are_not_tried() {
    let data = digits();
    let optimizer = Optimizer::new(AdamW::default(), 1e-6).weight_decay(1000.0);
    let test = Trainer::new(CrossEntropy, optimizer).find_rate(&network(&data), &data).unwrap();
    let last = test.rates.last().unwrap();
    assert!(*last < 1e-3 && last * 1e7_f64.powf(1.0 / 199.0) >= 1e-3, "{last}");
}

/// The gradient is 0 from the start: y has nothing to do with x.
#[test]
fn no_suggestion_if_no_rate_lowers_the_loss() {
    let data = of_values("noise", [1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0]);
    let zero: AnyLayer<f64> = Linear::new(Tensor::from_rows([[0.0, 0.0]])).unwrap().into();
    let net = NeuralNetwork::from_layers(1, vec![zero]).unwrap();
    let test = Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.5)).batch_size(4).find_rate(&net, &data).unwrap();
    assert_eq!((test.losses, test.suggestion), (vec![1.0; 200], None));
}

#[test]
fn a_test_that_is_stopped_or_short_suggests_nothing() {
    let data = digits();
    let trainer = Trainer::new(CrossEntropy, Optimizer::new(AdamW::default(), 1e-3));
    let after = |steps: usize| {
        move |test: &RateTest| {
            if test.rates.len() == steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    };
    let stopped = trainer.find_rate_while(&network(&data), &data, after(150)).unwrap();
    assert_eq!((stopped.losses.len(), stopped.suggestion), (150, None));
    assert!(stopped.lowest().is_some());
    // samples for two epochs of two steps
    let lists = SampleOrder::Listed(vec![(0..60).collect(), (60..120).collect()]);
    let short = trainer.order(lists).find_rate(&network(&data), &data).unwrap();
    assert_eq!((short.rates.len(), short.rates[0], short.lowest(), short.suggestion), (4, 1e-6, None, None));
    assert!((short.rates[3] - 10.0).abs() < 1e-12);
}

/// A step whose weights are all 0 has no loss.
#[test]
fn steps_without_weight_are_left_out() {
    let data = digits();
    let weights = (0..250).map(|i| if i < 50 { 0.0 } else { 1.0 }).collect();
    let data = data.with_weights(weights).unwrap();
    let trainer = Trainer::new(CrossEntropy, Optimizer::new(Sgd::default(), 1e-3)).batch_size(50);
    let test = trainer.order(SampleOrder::AsTheyAre).find_rate(&network(&data), &data).unwrap();
    assert!(test.losses.iter().all(|loss| *loss > 0.0) && test.rates[0] > 1e-6);
}

/// As those of a training.
#[test]
fn settings_and_data_are_checked() {
    let (data, trainer) = (digits(), Trainer::new(CrossEntropy, Optimizer::new(AdamW::default(), 1e-3)));
    let refused =
        |trainer: Trainer, data: &Dataset| trainer.find_rate(&network(&digits()), data).unwrap_err().to_string();
    assert_eq!(refused(trainer.clone().batch_size(0), &data), "batch size: expected at least 1, found 0");
    assert!(refused(trainer.clone(), &Dataset::built_in("diabetes").unwrap()).contains("64 input features"));
    let none = trainer.order(SampleOrder::Listed(Vec::new()));
    assert!(refused(none, &data).starts_with("order of the samples: expected "));
}

#[test]
fn rules_without_a_rate_are_refused() {
    let data = digits();
    let refused = |optimizer: Optimizer| {
        let error = Trainer::new(CrossEntropy, optimizer).find_rate(&network(&data), &data).unwrap_err();
        error.to_string()
    };
    let expected = "optimizer: expected one that follows a learning rate, found ";
    assert_eq!(refused(Optimizer::new(RProp::default(), 0.01)), format!("{expected}rprop"));
    assert_eq!(refused(Optimizer::lbfgs(Lbfgs::default(), 1.0)), format!("{expected}lbfgs"));
    let boxed: Box<dyn mfnet::optimizer::Rule<f64>> = Box::new(RProp::default());
    assert_eq!(refused(Optimizer::new(boxed, 0.01)), format!("{expected}rprop"));
    for optimizer in [OptimizerName::Rprop, OptimizerName::Lbfgs] {
        let plan = Plan::new(BUILT_IN[0].table().unwrap(), &Recipe { optimizer, ..Recipe::default() }).unwrap();
        let message =
            format!("`optimizer` {optimizer} has no learning rate to find: it chooses the lengths of its steps");
        assert_eq!(plan.find_rate(&mut go_on).unwrap_err().to_string(), message);
    }
}

/// The test of a fit is that of its trainer, in both types of numbers.
#[test]
fn the_test_of_a_fit() {
    let of = |recipe: Recipe| {
        let recipe = Recipe { hidden: Some(vec![16]), ..recipe };
        Plan::new(BUILT_IN[0].table().unwrap(), &recipe).unwrap().find_rate(&mut go_on).unwrap()
    };
    let usual = of(Recipe::default());
    let f32 = of(Recipe { dtype: Some(Dtype::F32), ..Recipe::default() });
    // roundings of f32
    assert!(usual.losses != f32.losses && (usual.losses[9] - f32.losses[9]).abs() < 1e-4);
    // of an ensemble, the first network
    assert_eq!(of(Recipe { ensemble: Some(2), ..Recipe::default() }), usual);
    // sgd clips only with its usual learning rate, and the training will have another one
    let sgd = |learning_rate| of(Recipe { optimizer: OptimizerName::Sgd, learning_rate, ..Recipe::default() });
    assert_eq!(sgd(None), sgd(Some(0.2)));
}
