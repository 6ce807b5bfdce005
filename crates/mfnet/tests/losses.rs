//! Every loss as a cost for each sample, a weight for each sample and a divisor.
//!
//! Where the numbers come from: J = 1/D Σ w c and ∂J/∂ŷ = w/D ∂c/∂ŷ, from the methods for one sample, and central differences;
//! golden/losses.json, written by golden/losses_golden.py, which names its versions.
#![allow(clippy::unwrap_used)]

mod golden;

use golden::{assert_all_close, assert_close, network, numbers, samples};
use mfnet::loss::{LossName, Weights};
use mfnet::random::Purpose;
use mfnet::{CrossEntropy, Loss, Mse, Optimizer, Pass, Scalar, Seed, Sgd, Tensor};
use serde_json::Value;

/// Every loss, with its usual setting and another one.
fn losses<T: Scalar>() -> Vec<Box<dyn Loss<T>>> {
    let others = ["smoothed-cross-entropy:0.3", "focal:0.5", "huber:0.2", "quantile:0.9"];
    let others = others.map(|text| text.parse::<LossName>().unwrap());
    LossName::ALL.into_iter().chain(others).map(LossName::loss).collect()
}

fn uniform<T: Scalar>(rows: usize, columns: usize, seed: u64) -> Tensor<T> {
    let mut rng = Seed(seed).stream(Purpose::Split);
    Tensor::from_fn(rows, columns, |_, _| T::from_f64(rng.uniform()))
}

/// Rows and samples on both sides of the borders of panels, groups and lanes.
const SHAPES: [(usize, usize); 5] = [(2, 1), (3, 11), (10, 40), (33, 17), (70, 130)];

/// 1e-12: some hundred additions of numbers of size 1 in another order, and for `f32` 1e-5.
fn batches_are_their_samples<T: Scalar>(tolerance: f64) {
    for (loss, (rows, samples)) in losses::<T>().iter().flat_map(|loss| SHAPES.map(|shape| (loss, shape))) {
        let (output, target): (Tensor<T>, Tensor<T>) = (uniform(rows, samples, 1), uniform(rows, samples, 2));
        let weights: Vec<f64> = (0..samples).map(|i| (i % 4) as f64 / 3.0).collect();
        for weights in [Weights::equal(samples), Weights { of_samples: Some(&weights), divisor: 7.0 }] {
            let (mut delta, mut by_samples) = (uniform(rows, samples, 3), Tensor::zeros(rows, samples));
            let value = loss.value_and_gradient(&output, &target, weights, &mut delta);
            assert_eq!(value, loss.weighted_value(&output, &target, weights), "{}", loss.name());
            let mut sum = 0.0;
            for i in 0..samples {
                sum += weights.of(i) * loss.cost(&output, &target, i);
                loss.cost_gradient(&output, &target, i, weights.factor(i), &mut by_samples);
            }
            let expected = sum / weights.divisor;
            let what = || format!("{} {rows}×{samples}: {value} and {expected}", loss.name());
            assert!((value - expected).abs() <= tolerance * expected.abs().max(1.0), "{}", what());
            let apart = delta.iter().zip(by_samples.iter()).map(|(a, b)| (*a - *b).to_f64().abs()).fold(0.0, f64::max);
            assert!(apart <= tolerance, "{}, gradients {apart} apart", what());
        }
    }
}

#[test]
fn a_batch_is_its_samples() {
    batches_are_their_samples::<f64>(1e-12);
    batches_are_their_samples::<f32>(1e-5);
}

/// 1e-6: central differences with h = 1e-5 of numbers of size 1.
#[test]
fn weighted_gradients_are_those_of_the_weighted_loss() {
    for loss in losses::<f64>() {
        let (mut output, target) = (uniform::<f64>(3, 5, 1), uniform(3, 5, 2));
        let weights = Weights { of_samples: Some(&[0.0, 1.0, 2.0, 0.5, 3.0]), divisor: 4.0 };
        let mut delta = Tensor::zeros(3, 5);
        loss.value_and_gradient(&output, &target, weights, &mut delta);
        for place in (0..3).flat_map(|i| (0..5).map(move |j| (i, j))) {
            let mut at = |h: f64| {
                output[place] += h;
                let value = loss.weighted_value(&output, &target, weights);
                output[place] -= h;
                value
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((difference - delta[place]).abs() < 1e-6, "{} at {place:?}: {difference}", loss.name());
        }
    }
}

/// The factor of the gradient is rounded once, as `2 / (m n)` in PyTorch; 2/3/11 is another number than 2/33.
#[test]
fn the_mean_squared_error_divides_once() {
    let (ones, zeros) = (Tensor::from_fn(3, 11, |_, _| 1.0), Tensor::zeros(3, 11));
    assert!(Mse.gradient(&ones, &zeros).iter().all(|d| *d == 2.0 / 33.0));
}

#[test]
fn cross_entropy_of_one_output_learns_nothing_and_is_refused() {
    let error = Loss::<f64>::check(&CrossEntropy, 1).unwrap_err().to_string();
    assert_eq!(error, "outputs of a network with cross-entropy: expected one for each class, at least 2, found 1");
}

/// A batch whose weights are all 0 has the gradient 0, not 0/0.
#[test]
fn a_batch_without_weight() {
    let (y_hat, y) = (Tensor::from_rows([[1.0, 2.0]]), Tensor::from_rows([[0.0, 0.0]]));
    let weights = mfnet::loss::Weights { of_samples: Some(&[0.0, 0.0]), divisor: 0.0 };
    assert_eq!(mfnet::Mse.weighted_gradient(&y_hat, &y, weights), Tensor::zeros(1, 2));
}

/// 1e-10 for numbers of size 1: some hundred operations in another order, and other exponential functions.
const TOLERANCE: f64 = 1e-10;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/losses.json")).unwrap()
}

#[test]
fn values_gradients_and_trajectories_of_pytorch() {
    let golden = golden();
    let batches = golden["batches"].as_array().unwrap();
    let of_losses = golden["losses"].as_array().unwrap();
    for golden_loss in of_losses {
        let name = golden_loss["name"].as_str().unwrap();
        let loss = name.parse::<LossName>().unwrap().loss::<f64>();
        let targets = golden_loss["targets"].as_str().unwrap();
        let (z, y) = (samples(&golden_loss["output"]), samples(&batches[0][targets]));
        assert_close(loss.value(&z, &y), golden_loss["value"].as_f64().unwrap(), TOLERANCE, name);
        assert_all_close(&loss.gradient(&z, &y), &samples(&golden_loss["gradient"]), TOLERANCE, name);
        let mut net = network(&golden["weights"]);
        let mut optimizer = Optimizer::new(Sgd::default(), 0.1);
        for (step, expected) in numbers(&golden_loss["losses"]).into_iter().enumerate() {
            let batch = &batches[step % batches.len()];
            let (x, y) = (samples(&batch["inputs"]), samples(&batch[targets]));
            let trace = net.forward(Pass::Evaluate, &x);
            assert_close(loss.value(trace.output(), &y), expected, TOLERANCE, &format!("{name}, step {step}"));
            let gradients = net.backward(&trace, loss.gradient(trace.output(), &y));
            optimizer.step(&mut net, gradients);
        }
        let expected = network(&golden_loss["weights_after"]);
        for (found, expected) in net.parameters().zip(expected.parameters()) {
            assert_all_close(&found.value, &expected.value, TOLERANCE, name);
        }
    }
    // half-mse is not in PyTorch
    for loss in LossName::ALL.into_iter().filter(|loss| *loss != LossName::HalfMse) {
        assert!(of_losses.iter().any(|of| of["name"].as_str() == Some(loss.word())), "{loss}");
    }
}

/// γ = 0 is the cross-entropy, and a sample that is right with probability 1 costs nothing, also where 1 − p is 0.
#[test]
fn focal_loss_at_its_ends() {
    let (z, y) = (
        Tensor::from_rows([[1.0, 800.0], [0.5, 0.0], [-2.0, -800.0]]),
        Tensor::from_rows([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]),
    );
    let focal = LossName::Focal { gamma: 0.0 }.loss::<f64>();
    assert!((focal.value(&z, &y) - CrossEntropy.value(&z, &y)).abs() < 1e-15);
    assert_all_close(&focal.gradient(&z, &y), &CrossEntropy.gradient(&z, &y), 1e-15, "gradients");
    for gamma in [0.5, 1.0, 3.0] {
        let focal = LossName::Focal { gamma }.loss::<f64>();
        assert_eq!(focal.cost(&z, &y, 1), 0.0);
        assert!(focal.gradient(&z, &y).column(1).all(|d| d == 0.0), "{gamma}");
    }
}

#[test]
fn texts_of_losses() {
    for (text, loss) in [
        ("mse", LossName::Mse),
        ("huber", LossName::Huber { delta: 1.0 }),
        ("huber:1.345", LossName::Huber { delta: 1.345 }),
        ("quantile:0.9", LossName::Quantile { level: 0.9 }),
        ("focal:0", LossName::Focal { gamma: 0.0 }),
    ] {
        assert_eq!(text.parse(), Ok(loss));
        assert_eq!(loss.to_string(), text);
    }
    assert_eq!("focal:2".parse(), Ok(LossName::Focal { gamma: 2.0 }));
    for (text, message) in [
        ("mse:2", "mse has no setting, found \"mse:2\""),
        ("huber:0", "delta of the huber loss: expected a number above 0, found 0"),
        ("huber:wide", "expected a number for delta, as in huber:1, found \"wide\""),
        ("quantile:1", "level of the quantile loss: expected a number above 0 and below 1, found 1"),
        ("quantile:NaN", "level of the quantile loss: expected a number above 0 and below 1, found NaN"),
        ("focal:-1", "gamma of the focal loss: expected 0 or a positive number, found -1"),
        ("pinball", "did you mean quantile?"),
        ("l1", "did you mean mae?"),
    ] {
        let error = text.parse::<LossName>().unwrap_err();
        assert!(error.ends_with(message), "{text}: {error}");
    }
}
