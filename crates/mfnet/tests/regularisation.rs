//! L1 penalties and limited norms are those of PyTorch; noise is normal, and the same however it is computed.
//!
//! Where the numbers come from: golden/regularisation.json, written by golden/regularisation_golden.py, which names its
//! version; and the moments of the normal distribution.
#![allow(clippy::unwrap_used)]

mod golden;

use golden::{assert_all_close, network, samples};
use mfnet::optimizer::{Clip, Rule};
use mfnet::{
    Adam, Dataset, Loss, Mse, NeuralNetwork, Optimizer, Pass, Preprocessing, Seed, Sgd, Targets, Tensor, Threads,
    Trainer,
};
use serde_json::Value;

/// By a loop and by a trainer. 1e-12: some hundred roundings in another order.
#[test]
fn penalties_and_limits_of_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("golden/regularisation.json")).unwrap();
    let (x, y) = (samples(&golden["inputs"]), samples(&golden["values"]));
    let columns = (0..3).map(|i| format!("y{i}")).collect();
    let data = Dataset::new("golden", x.clone(), Targets::Values { columns, values: (&y).into() }).unwrap();
    let trainings = golden["trainings"].as_array().unwrap();
    assert_eq!(trainings.len(), 4);
    for training in trainings {
        let number = |name: &str| training[name].as_f64().unwrap();
        let name = training["name"].as_str().unwrap();
        let (rule, rate): (Box<dyn Rule<f64>>, f64) =
            if name == "sgd" { (Box::new(Sgd::default()), 0.1) } else { (Box::new(Adam::default()), 0.02) };
        let mut optimizer = Optimizer::new(rule, rate).l1(number("l1")).max_norm(number("max_norm"));
        if number("clip") > 0.0 {
            optimizer = optimizer.clip(Clip::Global(number("clip")));
        }
        let (mut of_loop, mut of_trainer) = (network(&golden["weights"]), network(&golden["weights"]));
        Trainer::new(Mse, optimizer.clone()).epochs(30).batch_size(12).run(&mut of_trainer, &data).unwrap();
        for _ in 0..30 {
            let trace = of_loop.forward(Pass::Evaluate, &x);
            let gradients = of_loop.backward(&trace, Mse.gradient(trace.output(), &y));
            optimizer.step(&mut of_loop, gradients);
        }
        for net in [of_loop, of_trainer] {
            for (found, expected) in net.parameters().zip(network(&training["weights"]).parameters()) {
                assert_all_close(&found.value, &expected.value, 1e-12, name);
            }
        }
    }
}

/// The noise itself: what a layer of σ = 1 adds to zeros.
fn noise(features: usize, samples: usize, epoch: usize, step: usize) -> Tensor {
    let net = NeuralNetwork::builder(features).noise(1.0).build(Seed(0)).unwrap();
    net.forward(Pass::Train { seed: Seed(9), epoch, step }, &Tensor::zeros(features, samples)).output().clone()
}

#[test]
fn noise_is_normal() {
    let all = noise(70, 3000, 1, 1);
    let mut numbers: Vec<f64> = all.iter().copied().collect();
    let n = numbers.len() as f64;
    let moment = |k: i32| numbers.iter().map(|x| x.powi(k)).sum::<f64>() / n;
    // five standard deviations of each moment: √(15/n) for the third, √(96/n) for the fourth
    for (k, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
        let distance = (moment(k) - expected).abs();
        assert!(distance < 5.0 * (variance / n).sqrt(), "moment {k} is {}", moment(k));
    }
    // Kolmogorov's distance from the normal distribution, below 2.2/√n but for one case in ten thousand
    numbers.sort_by(f64::total_cmp);
    let normal = |z: f64| 0.5 * (1.0 + mfnet::Scalar::erf(z / 2.0_f64.sqrt()));
    let farthest = numbers.iter().enumerate().map(|(i, z)| (normal(*z) - i as f64 / n).abs()).fold(0.0, f64::max);
    assert!(farthest < 2.2 / n.sqrt(), "{farthest}");
    // neither samples nor units nor steps have the same noise
    assert!(all.column(0).ne(all.column(1)) && all.row(0).ne(all.row(1)));
    assert!(all != noise(70, 3000, 1, 2) && all != noise(70, 3000, 2, 1) && all == noise(70, 3000, 1, 1));
    let net = NeuralNetwork::builder(70).noise(1.0).build(Seed(0)).unwrap();
    assert_eq!(net.predict(&all).unwrap(), all);
}

/// On any number of threads, in parts of a batch, and with σ.
#[test]
fn noise_has_the_same_bits_however_it_is_computed() {
    let data = Dataset::built_in("diabetes").unwrap();
    let data = Preprocessing::fit(&data).apply(&data);
    let trained = |threads: usize, shards: usize| {
        let builder = NeuralNetwork::builder(10).noise(0.3).linear(70).relu().noise(0.1).linear(1);
        let mut net = builder.build(Seed(2)).unwrap();
        let trainer = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(2).batch_size(64).shards(shards);
        Threads::new(threads).unwrap().install(|| trainer.run(&mut net, &data)).unwrap();
        net.parameters().map(|parameter| parameter.value.clone()).collect::<Vec<_>>()
    };
    let one = trained(1, 1);
    for threads in [2, 3, 5] {
        assert_eq!(one, trained(threads, 1), "{threads} threads");
    }
    // the sums of a batch in parts round differently; its noise is the same
    for (a, b) in one.iter().zip(trained(1, 4)) {
        assert_all_close(a, &b, 1e-10, "4 parts");
    }
    let x = Tensor::from_fn(3, 4, |i, j| (i + j) as f64);
    let net = NeuralNetwork::builder(3).noise(0.5).build(Seed(0)).unwrap();
    let pass = Pass::Train { seed: Seed(9), epoch: 1, step: 1 };
    let found = net.forward(pass, &x);
    let expected = Tensor::from_fn(3, 4, |i, j| x[(i, j)] + 0.5 * noise(3, 4, 1, 1)[(i, j)]);
    assert_eq!(found.output(), &expected);
}
