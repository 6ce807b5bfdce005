//! Averages of weights are those of PyTorch; what is watched decides which weights are kept and when training stops.
//!
//! Where the numbers come from: golden/averages.json, written by golden/averages_golden.py, which names its version; and the
//! metrics of the network after each epoch.
#![allow(clippy::unwrap_used)]

mod golden;

use std::ops::ControlFlow;

use golden::{assert_all_close, network, samples};
use mfnet::metric::Metrics;
use mfnet::train::{Averaging, Callback, EpochRecord, Monitor, SampleOrder, StopReason};
use mfnet::{
    Adam, CrossEntropy, Dataset, Fractions, Mse, NeuralNetwork, Optimizer, Preprocessing, Result, Seed, Sgd, Targets,
    Trainer,
};
use serde_json::Value;

/// 1e-12: some thousand roundings in another order. Also if the training is stopped in the middle and restored.
#[test]
fn averages_of_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("golden/averages.json")).unwrap();
    let (inputs, values) = (samples(&golden["inputs"]), samples(&golden["values"]));
    let columns = (0..3).map(|i| format!("y{i}")).collect();
    let data = Dataset::new("golden", inputs, Targets::Values { columns, values: values.into() }).unwrap();
    let (epochs, batch) =
        (golden["epochs"].as_u64().unwrap() as usize, golden["batch_size"].as_u64().unwrap() as usize);
    let averages = golden["averages"].as_array().unwrap();
    assert_eq!(averages.len(), 4);
    for average in averages {
        let name = average["name"].as_str().unwrap();
        let trainer = Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.2))
            .epochs(epochs)
            .batch_size(batch)
            .order(SampleOrder::AsTheyAre)
            .average(name.parse().unwrap());
        let start = network(&golden["weights"]);
        let mut session = trainer.start(start.clone(), &data).unwrap();
        for _ in 0..20 {
            session.step(&mut ()).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        session.save_checkpoint(&path, &Value::Null).unwrap();
        let mut restored = trainer.start(start, &data).unwrap();
        restored.restore(&mfnet::train::Checkpoint::read(&path).unwrap()).unwrap();
        assert!(restored == session, "{name}");
        for session in [&mut session, &mut restored] {
            session.run(&mut ()).unwrap();
            for (found, expected) in session.network().parameters().zip(network(&average["weights"]).parameters()) {
                assert_all_close(&found.value, &expected.value, 1e-12, name);
            }
        }
        assert!(restored == session, "{name}");
    }
}

/// The networks after each epoch.
#[derive(Default)]
struct Networks(Vec<NeuralNetwork<f32>>);

impl Callback<f32> for Networks {
    fn epoch(&mut self, _: &EpochRecord, net: &NeuralNetwork<f32>) -> Result<ControlFlow<()>> {
        self.0.push(net.clone());
        Ok(ControlFlow::Continue(()))
    }
}

fn parts(name: &str) -> (Dataset, Dataset) {
    let data = Dataset::built_in(name).unwrap();
    let (train, validation, _) = data.split(Fractions { validation: 0.3, test: 0.2 }, Seed(1)).unwrap();
    let scale = Preprocessing::fit(&train);
    (scale.apply(&train), scale.apply(&validation))
}

fn trained(
    monitor: Monitor,
    train: &Dataset,
    validation: &Dataset,
) -> (Networks, NeuralNetwork<f32>, mfnet::train::History) {
    let start = NeuralNetwork::builder(train.features()).dtype::<f32>().linear(12).relu().linear(train.outputs());
    let (mut net, mut networks) = (start.build(Seed(4)).unwrap(), Networks::default());
    let optimizer = || Optimizer::new(Adam::default(), 0.02);
    let trainer = match train.classes() {
        0 => Trainer::new(Mse, optimizer()),
        _ => Trainer::new(CrossEntropy, optimizer()),
    };
    let trainer = trainer.epochs(12).validate_on(validation).monitor(monitor);
    let history = trainer.run_with(&mut net, train, &mut networks).unwrap();
    (networks, net, history)
}

/// The score of each epoch is that of the network after it, and the first best one is kept.
#[test]
fn the_best_by_each_metric_is_kept() {
    for monitor in Monitor::ALL {
        let for_classes = monitor.is_for_classes();
        for name in
            ["digits", "diabetes"].into_iter().filter(|name| for_classes.is_none_or(|is| is == (*name == "digits")))
        {
            let (train, validation) = parts(name);
            let (networks, net, history) = trained(monitor, &train, &validation);
            let score = |net: &NeuralNetwork<f32>| match (monitor, net.evaluate(&validation).unwrap()) {
                (Monitor::Accuracy, metrics) => Some(metrics.headline()),
                (Monitor::BalancedAccuracy, Metrics::Classification { confusion, .. }) => {
                    Some(confusion.balanced_accuracy())
                }
                (Monitor::F1, Metrics::Classification { confusion, .. }) => Some(confusion.macro_average().f1),
                (Monitor::Rmse, Metrics::Regression { rmse, .. }) => Some(rmse),
                (Monitor::Mae, Metrics::Regression { mae, .. }) => Some(mae),
                (Monitor::R2, Metrics::Regression { r2, .. }) => Some(r2),
                _ => None,
            };
            let scores: Vec<Option<f64>> = networks.0.iter().map(score).collect();
            let recorded: Vec<Option<f64>> = history.epochs.iter().map(|epoch| epoch.validation_score).collect();
            if scores[0].is_some() {
                assert_eq!(scores, recorded, "{monitor}");
            }
            // areas are in metrics.rs; the loss has no score
            assert_eq!(recorded[0].is_none(), monitor == Monitor::Loss, "{monitor}");
            let watched: Vec<f64> = history
                .epochs
                .iter()
                .map(|epoch| epoch.validation_score.or(epoch.validation_loss).unwrap())
                .map(|score| if monitor.rises() { -score } else { score })
                .collect();
            let lowest = watched.iter().copied().fold(f64::INFINITY, f64::min);
            let first = watched.iter().position(|x| *x == lowest).unwrap();
            assert_eq!(history.best_epoch, first + 1, "{monitor}: {watched:?}");
            for (kept, of_epoch) in net.parameters().zip(networks.0[first].parameters()) {
                assert_eq!(kept.value, of_epoch.value, "{monitor}");
            }
        }
    }
}

#[test]
fn small_improvements_do_not_count() {
    let (train, validation) = parts("diabetes");
    let start = NeuralNetwork::builder(10).linear(1).build(Seed(4)).unwrap();
    let run = |min_delta: f64| {
        let trainer = Trainer::new(Mse, Optimizer::new(Sgd::default(), 1e-3)).epochs(400).validate_on(&validation);
        trainer.early_stopping(3).min_delta(min_delta).run(&mut start.clone(), &train).unwrap()
    };
    let (all, large) = (run(0.0), run(0.01));
    assert_eq!(large.stop, StopReason::Early);
    assert!(large.epochs.len() < all.epochs.len());
    let losses: Vec<f64> = large.epochs.iter().map(|epoch| epoch.validation_loss.unwrap()).collect();
    let (mut reference, mut last) = (losses[0], 0);
    for (epoch, loss) in losses.iter().enumerate() {
        if *loss < reference - 0.01 {
            (reference, last) = (*loss, epoch);
        }
        assert_eq!(epoch - last >= 3, epoch + 1 == losses.len(), "epoch {epoch}: {losses:?}");
    }
    // the weights of the lowest loss are kept all the same
    let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses[large.best_epoch - 1], lowest);
    assert!(large.best_epoch > last + 1);
}

#[test]
fn what_cannot_be_watched_or_averaged() {
    let (train, validation) = parts("diabetes");
    let trainer = || Trainer::new(Mse, Optimizer::new(Sgd::default(), 1e-3)).epochs(2);
    let message = |trainer: Trainer| {
        let net = NeuralNetwork::builder(10).linear(1).build(Seed(4)).unwrap();
        trainer.start(net, &train).unwrap_err().to_string()
    };
    assert_eq!(message(trainer().monitor(Monitor::Rmse)), "monitor: expected validation samples to watch, found none");
    let accuracy = trainer().monitor(Monitor::Accuracy).validate_on(&validation);
    assert_eq!(message(accuracy), "monitor: expected a metric of values, found accuracy");
    assert_eq!(message(trainer().min_delta(-1.0)), "minimum change: expected 0 or a positive number, found -1");
    let average = Averaging::Exponential { decay: 1.0 };
    assert_eq!(
        message(trainer().average(average)),
        "decay of the average: expected a number from 0 to less than 1, found 1"
    );
    for (text, message) in [
        ("ema:1", "decay of the average: expected a number from 0 to less than 1, found 1"),
        ("mean", "expected ema:DECAY or swa:START, such as ema:0.999, found \"mean\""),
    ] {
        assert_eq!(text.parse::<Averaging>().unwrap_err(), message);
    }
    assert_eq!("swa".parse(), Ok(Averaging::Stochastic { start: 0.75 }));
}
