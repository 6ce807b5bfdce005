//! An ensemble is one model: its networks are those of fits with seeds that follow each other, and its predictions are the
//! means of theirs.
//!
//! Where the numbers come from: those other fits, and the definition of the mean.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::path::Path;

use mfnet::error::{ErrorKind, KeptWeights};
use mfnet::fit::{Input, Observer, Plan, Source};
use mfnet::loss::LossName;
use mfnet::model::{AnyNetwork, Prediction, Predictions};
use mfnet::train::{Averaging, Checkpoint, EpochRecord, Every, Monitor, SaveCheckpoints, Step, StopReason};
use mfnet::{Dataset, Dtype, Model, Recipe, Result, Seed, Table, Tensor, fit};
use serde_json::Value;

fn digits() -> Source {
    let data = Dataset::built_in("digits").unwrap().select(&(0..400).collect::<Vec<_>>()).unwrap();
    Source::Samples { data, digest: "digits".to_owned(), origin: String::new() }
}

/// Flats whose rent is a number of hundreds.
fn flats() -> Table {
    let row = |i: usize| format!("{},{},{}\n", i % 23, ["Rome", "Oslo", ""][i % 3], (i * i % 37) + i % 23);
    Table::from_text("flats.csv", &format!("area,town,rent\n{}", (0..150).map(row).collect::<String>())).unwrap()
}

fn quick() -> Recipe {
    let (hidden, epochs, batch_size) = (Some(vec![12]), Some(6), Some(16));
    Recipe { hidden, epochs, batch_size, dropout: 0.2, split_seed: Some(3), seed: 7, ..Recipe::default() }
}

fn of_rents() -> Recipe {
    Recipe { target: vec!["rent".to_owned()], task: Some(mfnet::fit::Task::Regression), ..quick() }
}

fn state(network: &AnyNetwork) -> Vec<f64> {
    let mut all = Vec::new();
    match network {
        AnyNetwork::F64(net) => net.parameters().for_each(|p| all.extend(p.value.iter().copied())),
        AnyNetwork::F32(net) => net.parameters().for_each(|p| all.extend(p.value.iter().map(|x| f64::from(*x)))),
    }
    all
}

fn numbers(predictions: &Predictions) -> Tensor<f64> {
    predictions.numbers().tensor()
}

/// The ensemble of a recipe, and the fits of its networks alone.
fn all(data: impl Fn() -> Source, recipe: &Recipe, networks: usize) -> (mfnet::fit::Fit, Vec<mfnet::fit::Fit>) {
    let ensemble = fit(data(), &Recipe { ensemble: Some(networks), ..recipe.clone() }, &mut ()).unwrap();
    let alone = |k: usize| fit(data(), &Recipe { seed: recipe.seed + k as u64, ..recipe.clone() }, &mut ()).unwrap();
    (ensemble, (0..networks).map(alone).collect())
}

#[test]
fn its_networks_are_those_of_fits_with_the_next_seeds() {
    let average = Some(Averaging::Exponential { decay: 0.9 });
    let recipes = [
        quick(),
        Recipe { dtype: Some(Dtype::F32), early_stopping: Some(1), learning_rate: Some(0.03), ..quick() },
        Recipe { average, monitor: Monitor::Accuracy, shards: Some(2), accumulate: Some(2), ..quick() },
    ];
    for recipe in recipes {
        let (ensemble, alone) = all(digits, &recipe, 3);
        assert_eq!(ensemble.model.networks().len(), 3);
        assert!(state(&ensemble.model.networks()[0]) != state(&ensemble.model.networks()[1]));
        for ((network, history), alone) in ensemble.model.networks().iter().zip(&ensemble.histories).zip(&alone) {
            assert!(state(network) == state(alone.model.network()));
            assert_eq!((history.best_epoch, history.stop), (alone.history().best_epoch, alone.history().stop));
            let losses =
                |epochs: &[EpochRecord]| epochs.iter().map(|e| (e.loss, e.validation_loss)).collect::<Vec<_>>();
            assert_eq!(losses(&history.epochs), losses(&alone.history().epochs));
        }
        let members = &ensemble.summary.ensemble;
        let found: Vec<_> = members.iter().map(|member| (member.seed, member.epochs, member.best_epoch)).collect();
        let expected = alone.iter().map(|fit| (fit.summary.seed, fit.summary.epochs, fit.summary.best_epoch));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
}

/// p = 1/K Σ pₖ, and the same for values; of a model of counts too, whose networks say logarithms.
#[test]
fn its_predictions_are_means() {
    let digits_data = Dataset::built_in("digits").unwrap();
    let rents = Dataset::from_table(&flats(), &mfnet::Target::values(["rent"])).unwrap();
    let poisson = Recipe { loss: Some(LossName::Poisson), ..of_rents() };
    let cases: [(&dyn Fn() -> Source, Recipe, &Dataset); 4] = [
        (&digits, quick(), &digits_data),
        (&|| flats().into(), of_rents(), &rents),
        (&|| flats().into(), poisson, &rents),
        (&|| flats().into(), Recipe { dtype: Some(Dtype::F32), ..of_rents() }, &rents),
    ];
    for (number, (source, recipe, data)) in cases.into_iter().enumerate() {
        let (ensemble, alone) = all(source, &recipe, 3);
        let found = numbers(&ensemble.model.predict_dataset(data).unwrap());
        let each: Vec<Tensor<f64>> =
            alone.iter().map(|fit| numbers(&fit.model.predict_dataset(data).unwrap())).collect();
        for (i, found) in found.iter().enumerate() {
            let mean = each.iter().map(|numbers| numbers.iter().nth(i).unwrap()).sum::<f64>() / 3.0;
            assert!((found - mean).abs() <= 1e-13 * mean.abs().max(1.0), "{number}: {found}, {mean}");
        }
        // one row at a time, to the same bits
        let mut predictor = ensemble.model.predictor();
        for row in [0, 5, 77] {
            let inputs: Vec<f64> = data.inputs().column(row).collect();
            let of_row = match predictor.predict(&inputs).unwrap() {
                Prediction::Class { probabilities, .. } | Prediction::Labels { probabilities, .. } => {
                    probabilities.to_vec()
                }
                Prediction::Values { values, .. } => values.to_vec(),
            };
            assert_eq!(of_row, found.column(row).collect::<Vec<_>>(), "{number}");
        }
        // the file holds it all
        let bytes = ensemble.model.to_bytes().unwrap();
        let loaded = Model::from_bytes("model", &bytes).unwrap();
        assert!(numbers(&loaded.predict_dataset(data).unwrap()) == found && loaded.to_bytes().unwrap() == bytes);
    }
}

/// The loss is that of the mean: for classes, the mean of −ln p.
#[test]
fn its_loss_is_that_of_the_mean() {
    let (ensemble, _) = all(digits, &quick(), 2);
    let data = Dataset::built_in("digits").unwrap();
    let Predictions::Classes { probabilities, .. } = ensemble.model.predict_dataset(&data).unwrap() else { panic!() };
    let mfnet::Targets::Classes { indices, .. } = data.targets() else { panic!() };
    let mean = indices.iter().enumerate().map(|(row, class)| -probabilities.number(row, *class).ln()).sum::<f64>()
        / data.samples() as f64;
    let loss = ensemble.model.evaluate_loss(&data).unwrap().unwrap();
    assert!((loss - mean).abs() < 1e-12, "{loss}, {mean}");
    let importance = ensemble.model.permutation_importance(&data, &[vec![0], (8..40).collect()], 2, Seed(1)).unwrap();
    assert!(importance[0].mean == 0.0 && importance[1].mean > 0.01, "{importance:?}");
}

/// What an observer saw: epochs, in order; and checkpoints in a folder.
struct Log {
    epochs: Vec<(Option<usize>, usize)>,
    checkpoints: Option<SaveCheckpoints>,
    /// Stops after this many calls of `step`.
    steps: usize,
}

impl Log {
    fn new(folder: Option<&Path>) -> Self {
        let checkpoints = folder.map(|folder| SaveCheckpoints::new(folder, Every::Epochs(2)));
        Log { epochs: Vec::new(), checkpoints, steps: usize::MAX }
    }
}

impl Observer for Log {
    fn step(&mut self, step: &Step) -> ControlFlow<()> {
        assert!(step.network.is_some());
        // it may be called again by networks that were in a step
        self.steps = self.steps.saturating_sub(1);
        if self.steps == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn wants_checkpoint(&mut self, step: &Step) -> bool {
        self.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.is_due(step))
    }

    fn checkpoint(&mut self, save: &dyn Fn(&Path, &Value) -> Result<()>) -> Result<()> {
        self.checkpoints.as_mut().map_or(Ok(()), |checkpoints| checkpoints.write(save))
    }

    fn epoch(&mut self, epoch: &EpochRecord, so_far: &dyn Fn() -> Result<Model>) -> Result<ControlFlow<()>> {
        self.epochs.push((epoch.network, epoch.epoch));
        assert_eq!(so_far()?.networks().len(), 3);
        Ok(ControlFlow::Continue(()))
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let mut seen = Vec::new();
    for threads in [1, 2, 3, 7] {
        let recipe = Recipe { ensemble: Some(3), early_stopping: Some(2), threads: Some(threads), ..quick() };
        let mut log = Log::new(None);
        let fit = fit(digits(), &Recipe { learning_rate: Some(0.02), ..recipe }, &mut log).unwrap();
        assert!(fit.summary.threads_that_worked >= threads.min(3).min(fit.summary.threads));
        seen.push((fit.model.to_bytes().unwrap(), log.epochs));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
    let epochs = &seen[0].1;
    assert!(epochs.is_sorted_by_key(|(network, epoch)| (*epoch, *network)) && epochs.len() > 6, "{epochs:?}");
}

/// From every checkpoint, and from a stop in between, with another number of threads.
#[test]
fn a_stopped_ensemble_goes_on_to_the_same_bits() {
    let recipe = Recipe { ensemble: Some(3), early_stopping: Some(2), learning_rate: Some(0.02), ..quick() };
    let plan = |threads: usize| Plan::new(digits(), &Recipe { threads: Some(threads), ..recipe.clone() }).unwrap();
    let whole = plan(2).run(&mut ()).unwrap();
    for steps in [1, 2, 5, 8, 12] {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log { steps, ..Log::new(Some(folder.path())) };
        let stopped = plan(1 + steps % 3).run(&mut log).unwrap();
        assert!(stopped.summary.interrupted && stopped.summary.stop == StopReason::Callback);
        let (checkpoint, damaged) = SaveCheckpoints::newest(folder.path()).unwrap();
        let checkpoint = checkpoint.unwrap();
        assert!(damaged.is_empty() && checkpoint.stop_reason().is_none());
        let before = checkpoint.epochs().unwrap();
        assert_eq!(before.iter().map(|e| (e.network, e.epoch)).collect::<Vec<_>>(), log.epochs);
        let mut rest = Log::new(None);
        let resumed = plan(1 + (steps + 1) % 3).resume(&checkpoint, &mut rest).unwrap();
        assert!(resumed.model.to_bytes().unwrap() == whole.model.to_bytes().unwrap(), "{steps}");
        let epochs = resumed.histories.iter().map(|history| history.epochs.len()).sum::<usize>();
        assert_eq!(log.epochs.len() + rest.epochs.len(), epochs);
        assert_eq!(checkpoint.path().file_name(), Checkpoint::read(checkpoint.path()).unwrap().path().file_name());
        // another number of networks is another training
        let other = Recipe { ensemble: Some(2), ..recipe.clone() };
        let error = Plan::new(digits(), &other).unwrap().resume(&checkpoint, &mut ()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::OtherTraining { what, .. } if what == "`ensemble`"), "{error}");
    }
}

#[test]
fn one_network_that_diverges() {
    #[derive(Default)]
    struct Kept(Option<(usize, KeptWeights)>);
    impl Observer for Kept {
        fn diverged(&mut self, model: &Model, kept: KeptWeights) {
            self.0 = Some((model.networks().len(), kept));
        }
    }
    let huge = Recipe {
        ensemble: Some(2),
        optimizer: mfnet::fit::OptimizerName::Sgd,
        learning_rate: Some(1e200),
        clip_norm: Some(0.0),
        ..of_rents()
    };
    let mut kept = Kept::default();
    let error = fit(flats(), &huge, &mut kept).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Diverged { .. }), "{error}");
    assert_eq!(kept.0, Some((2, KeptWeights::Initial)));
}

/// What is kept does not depend on the number of threads: the others make the epoch in which one diverged.
#[test]
fn a_diverged_ensemble_is_the_same_for_any_number_of_threads() {
    #[derive(Default)]
    struct Kept(Vec<u8>, Value);
    impl Observer for Kept {
        fn diverged(&mut self, model: &Model, _: KeptWeights) {
            self.1 = model.training.settings["epochs"].clone();
            self.0 = model.to_bytes().unwrap();
        }
    }
    let seen: Vec<_> = [1, 2, 3, 2]
        .into_iter()
        .map(|threads| {
            let recipe = Recipe {
                ensemble: Some(4),
                threads: Some(threads),
                optimizer: mfnet::fit::OptimizerName::Sgd,
                learning_rate: Some(3.0),
                momentum: 0.9,
                clip_norm: Some(0.0),
                validation_fraction: Some(0.0),
                dtype: Some(Dtype::F32),
                epochs: Some(40),
                ..of_rents()
            };
            let mut kept = Kept::default();
            let error = fit(flats(), &recipe, &mut kept).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Diverged { .. }), "{error}");
            (error.to_string(), kept.0, kept.1)
        })
        .collect();
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", seen.iter().map(|of| &of.0).collect::<Vec<_>>());
    // each network has epochs of its own
    assert!(seen[0].2.as_array().is_some_and(|epochs| epochs.len() == 4), "{}", seen[0].2);
}

#[test]
fn a_warm_start_continues_each_network() {
    let first = fit(flats(), &Recipe { ensemble: Some(2), ..of_rents() }, &mut ()).unwrap().model;
    let goes_on = |ensemble| {
        let recipe = Recipe { epochs: Some(3), ensemble, split_seed: Some(3), ..Recipe::default() };
        fit(Input { start: Some(first.clone()), ..Input::from(flats()) }, &recipe, &mut ())
    };
    let second = goes_on(None).unwrap().model;
    assert!(second.networks().len() == 2 && second.training.settings["ensemble"] == 2);
    assert!(goes_on(Some(2)).unwrap().model.to_bytes().unwrap() == second.to_bytes().unwrap());
    let error = goes_on(Some(3)).unwrap_err().to_string();
    assert_eq!(error, "`ensemble` 3 does not fit the model of `warm_start`, which has 2 networks");
}

#[test]
fn what_makes_no_ensemble() {
    for (ensemble, found) in [(0, "0"), (1001, "1001")] {
        let error = fit(flats(), &Recipe { ensemble: Some(ensemble), ..of_rents() }, &mut ()).unwrap_err().to_string();
        assert_eq!(error, format!("ensemble: expected a whole number from 1 to 1000, found {found}"));
    }
    let data = Dataset::from_table(&flats(), &mfnet::Target::values(["rent"])).unwrap();
    let scale = mfnet::Preprocessing::fit(&data);
    let of = |inputs: usize| mfnet::NeuralNetwork::builder(inputs).linear(1).build(Seed(0)).unwrap();
    let inputs = scale.features();
    let error = |networks| Model::of_ensemble(&data, scale.clone(), networks).unwrap_err().to_string();
    assert_eq!(error(Vec::new()), "networks: expected at least one, found 0");
    assert!(error(vec![of(inputs).into(), of(2).into()]).contains("2 inputs of the network"));
    let single = mfnet::NeuralNetwork::builder(inputs).dtype::<f32>().linear(1).build(Seed(0)).unwrap();
    assert!(error(vec![of(inputs).into(), single.into()]).ends_with("expected networks in f64, found one in f32"));
}
