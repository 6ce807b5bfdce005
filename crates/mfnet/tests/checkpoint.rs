//! A training that was stopped continues to the same bits.
//!
//! Where the numbers come from: the same training without a stop.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use mfnet::error::ErrorKind;
use mfnet::optimizer::{Clip, Lbfgs, Schedule};
use mfnet::train::{Averaging, Callback, Checkpoint, Every, Monitor, SaveCheckpoints, Session, Step, StopReason};
use mfnet::{
    Adam, AdamW, CrossEntropy, Dataset, Fractions, NeuralNetwork, Optimizer, Preprocessing, Result, Scalar, Seed, Sgd,
    Threads, Trainer,
};
use serde_json::{Value, json};

/// 200 images of digits: training and validation rows.
fn data() -> (Dataset, Dataset) {
    let digits = Dataset::built_in("digits").unwrap().select(&(0..200).collect::<Vec<_>>()).unwrap();
    let (train, validation, _) = digits.split(Fractions { validation: 0.2, test: 0.1 }, Seed(1)).unwrap();
    let scale = Preprocessing::fit(&train);
    (scale.apply(&train), scale.apply(&validation))
}

fn network<T: Scalar>() -> NeuralNetwork<T> {
    let builder = NeuralNetwork::builder(64)
        .dtype::<T>()
        .linear(12)
        .batch_norm()
        .relu()
        .dropout(0.3)
        .linear(12)
        .tanh()
        .linear(10);
    builder.build(Seed(3)).unwrap()
}

/// Trainings with everything that has a state.
fn trainers<T: Scalar>(validation: &Dataset) -> Vec<Trainer<T>> {
    let adamw = || Optimizer::new(AdamW::default(), 0.01).weight_decay(0.1).schedule(Schedule::OneCycle);
    let of = |optimizer| Trainer::new(CrossEntropy, optimizer).epochs(6).batch_size(16).seed(Seed(5));
    vec![
        of(adamw()).validate_on(validation).early_stopping(2),
        of(Optimizer::new(Sgd { momentum: 0.9, nesterov: true }, 0.05).clip(Clip::Global(0.5))).accumulate(3).shards(2),
        of(Optimizer::new(Adam::default(), 0.01)).validate_on(validation).keep_start(),
        of(Optimizer::new(Sgd::default(), 0.1)).mixup(0.3),
        of(Optimizer::new(Sgd::default(), 0.1))
            .dropout_schedule(Schedule::Cosine)
            .label_smoothing(0.1, Schedule::OneCycle)
            .validate_on(validation),
        of(Optimizer::new(Sgd::default(), 0.5).schedule(Schedule::Plateau { patience: 0, factor: 0.5 }).warm_up(1.5))
            .validate_on(validation)
            .monitor(Monitor::BalancedAccuracy)
            .early_stopping(2)
            .min_delta(0.02),
        of(Optimizer::new(Adam::default(), 0.02).l1(1e-3).max_norm(1.0).decay_schedule(Schedule::Cosine))
            .validate_on(validation)
            .average(Averaging::Exponential { decay: 0.9 }),
        of(Optimizer::new(Adam::default(), 0.02)).validate_on(validation).average(Averaging::Stochastic { start: 0.4 }),
    ]
}

/// Writes a checkpoint after this step of the training, counted over all epochs.
struct After<'a>(usize, &'a Path);

impl<T: Scalar> Callback<T> for After<'_> {
    fn wants_checkpoint(&mut self, _: &Step) -> bool {
        self.0 = self.0.wrapping_sub(1);
        self.0 == 0
    }

    fn checkpoint(&mut self, session: &Session<T>) -> Result<()> {
        if self.0 == 0 { session.save_checkpoint(self.1, &json!({ "x": [1, "ä"] })) } else { Ok(()) }
    }
}

fn every_step_can_be_the_last<T: Scalar>() {
    let (train, validation) = data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    for (number, trainer) in trainers::<T>(&validation).into_iter().enumerate() {
        let mut whole = trainer.start(network(), &train).unwrap();
        whole.run(&mut ()).unwrap();
        let steps = whole.history().epochs.len() * 140_usize.div_ceil(if number == 1 { 48 } else { 16 });
        for step in (1..=steps).step_by(4) {
            let mut stopped = trainer.start(network(), &train).unwrap();
            stopped.run(&mut After(step, &path)).unwrap();
            assert!(stopped == whole, "a checkpoint changes nothing");
            let checkpoint = Checkpoint::read(&path).unwrap();
            assert_eq!(checkpoint.about(), &json!({ "x": [1, "ä"] }));
            let threads = Threads::new([1, 2, 3][step % 3]).unwrap();
            let mut resumed = trainer.start(network(), &train).unwrap();
            resumed.restore(&checkpoint).unwrap();
            assert_eq!(resumed.position(), checkpoint.position());
            assert_eq!(checkpoint.epochs().unwrap(), resumed.history().epochs);
            // to the end by steps or by epochs
            threads.install(|| match step % 2 {
                0 => while resumed.step(&mut ()).unwrap().is_some() {},
                _ => resumed.run(&mut ()).unwrap(),
            });
            assert!(resumed == whole, "training {number}, step {step} of {steps}: {:?}", resumed.history());
        }
    }
}

#[test]
fn a_training_continues_to_the_same_bits() {
    every_step_can_be_the_last::<f64>();
    every_step_can_be_the_last::<f32>();
}

/// L-BFGS, whose pairs are more than its steps at first and fewer later.
#[test]
fn a_line_search_continues_to_the_same_bits() {
    let (train, validation) = data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let network = || NeuralNetwork::builder(64).linear(12).tanh().linear(10).build(Seed(3)).unwrap();
    let optimizer = Optimizer::lbfgs(Lbfgs { pairs: 4 }, 1.0).weight_decay(0.01);
    let trainer =
        Trainer::new(CrossEntropy, optimizer).epochs(12).batch_size(200).seed(Seed(5)).validate_on(&validation);
    let mut whole = trainer.start(network(), &train).unwrap();
    whole.run(&mut ()).unwrap();
    for step in 1..12 {
        let mut stopped = trainer.start(network(), &train).unwrap();
        stopped.run(&mut After(step, &path)).unwrap();
        let mut resumed = trainer.start(network(), &train).unwrap();
        resumed.restore(&Checkpoint::read(&path).unwrap()).unwrap();
        assert_eq!(resumed.position(), (step, 1));
        Threads::new([1, 2, 3][step % 3]).unwrap().install(|| resumed.run(&mut ()).unwrap());
        assert!(resumed == whole && stopped == whole, "{step}");
    }
    // what a line search cannot have
    let dropout = NeuralNetwork::builder(64).linear(12).residual(|b| b.dropout(0.1)).linear(10).build(Seed(3)).unwrap();
    let expected =
        "network: expected layers and samples without random numbers for lbfgs, found dropout, noise or mixtures";
    assert_eq!(trainer.start(dropout, &train).unwrap_err().to_string(), expected);
    let of = |net: NeuralNetwork, trainer: &Trainer| trainer.start(net, &train).unwrap_err().to_string();
    let norm = NeuralNetwork::builder(64).linear(12).batch_norm().linear(10).build(Seed(3)).unwrap();
    assert_eq!(
        of(norm, &trainer),
        "network: expected layers without running means for lbfgs, found batch norm or another one that has some"
    );
    let expected = "batch size: expected all samples in a step for lbfgs, 140 here, found 139";
    assert_eq!(of(network(), &trainer.clone().batch_size(139)), expected);
    let clipped = Optimizer::<f64>::lbfgs(Lbfgs::default(), 1.0).clip(Clip::Global(1.0));
    let expected = "optimizer: expected a rule that can have clipping, found lbfgs";
    assert_eq!(clipped.check().unwrap_err().to_string(), expected);
    let none = Optimizer::<f64>::lbfgs(Lbfgs { pairs: 0 }, 1.0).check().unwrap_err().to_string();
    assert_eq!(none, "pairs of L-BFGS: expected a number from 1 to 100, found 0");
}

/// A callback that stops after this number of steps.
struct Stop(usize);

impl<T: Scalar> Callback<T> for Stop {
    fn step(&mut self, _: &Step) -> Result<ControlFlow<()>> {
        self.0 -= 1;
        Ok(if self.0 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

/// Also a stop in the last step of an epoch, before its validation.
#[test]
fn a_training_that_a_callback_stopped_goes_on() {
    let (train, validation) = data();
    let trainer = &trainers::<f64>(&validation)[0];
    let mut whole = trainer.start(network(), &train).unwrap();
    whole.run(&mut ()).unwrap();
    for steps in [1, 8, 9, 10, 26, 27] {
        let folder = tempfile::tempdir().unwrap();
        let mut stopped = trainer.start(network(), &train).unwrap();
        let callbacks: Vec<Box<dyn Callback<f64>>> =
            vec![Box::new(Stop(steps)), Box::new(SaveCheckpoints::new(folder.path(), Every::Epochs(100)))];
        stopped.run(&mut { callbacks }).unwrap();
        assert_eq!(stopped.stop_reason(), Some(StopReason::Callback));
        let (checkpoint, damaged) = SaveCheckpoints::newest(folder.path()).unwrap();
        assert!(damaged.is_empty());
        let mut resumed = trainer.start(network(), &train).unwrap();
        resumed.restore(&checkpoint.unwrap()).unwrap();
        assert_eq!(resumed.stop_reason(), None);
        resumed.run(&mut ()).unwrap();
        assert!(resumed == whole, "{steps}");
    }
}

#[test]
fn the_last_two_checkpoints_are_kept_and_a_damaged_one_is_named() {
    let (train, validation) = data();
    let trainer = &trainers::<f64>(&validation)[3];
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("checkpoint");
    assert!(SaveCheckpoints::newest(&place).unwrap().0.is_none());
    trainer.run_with(&mut network(), &train, &mut SaveCheckpoints::new(&place, Every::Epochs(2))).unwrap();
    let names = || {
        let entries = fs::read_dir(&place).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    // after epochs 2 and 4, and at the end
    assert_eq!(names(), ["2.safetensors", "3.safetensors"]);
    let newest = || SaveCheckpoints::newest(&place).unwrap();
    assert_eq!(newest().0.unwrap().position().0, 6);
    let bytes = fs::read(place.join("3.safetensors")).unwrap();
    for (what, damaged) in [
        ("cut off", bytes[..bytes.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("altered", {
            let mut bytes = bytes.clone();
            let last = bytes.len() - 9;
            bytes[last] ^= 1;
            bytes
        }),
    ] {
        fs::write(place.join("3.safetensors"), &damaged).unwrap();
        let (checkpoint, errors) = newest();
        assert_eq!(checkpoint.unwrap().position(), (4, 9), "{what}");
        let [error] = &errors[..] else { panic!("{what}: {errors:?}") };
        assert!(matches!(error.kind(), ErrorKind::ModelFile(path, _) if path.ends_with("3.safetensors")), "{error}");
    }
    // it goes on with the next number
    trainer.run_with(&mut network(), &train, &mut SaveCheckpoints::new(&place, Every::Epochs(6))).unwrap();
    assert_eq!(names(), ["3.safetensors", "4.safetensors"]);
    SaveCheckpoints::remove(&place);
    assert!(!place.exists());
}

#[test]
fn a_checkpoint_of_another_training_is_refused() {
    let (train, validation) = data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let trainer = |rate| Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), rate)).epochs(2).batch_size(16);
    let mut session = trainer(0.01).start(network::<f64>(), &train).unwrap();
    session.epoch(&mut ()).unwrap();
    session.save_checkpoint(&path, &Value::Null).unwrap();
    let checkpoint = Checkpoint::read(&path).unwrap();
    let other = NeuralNetwork::builder(64).linear(11).relu().linear(10).build(Seed(3)).unwrap();
    let all = |session: Result<Session<f64>>| {
        let mut session = session.unwrap();
        let before = session.clone();
        let error = session.restore(&checkpoint).unwrap_err().to_string();
        assert!(session == before);
        error.split_once("the checkpoint is of another training: its ").unwrap().1.to_owned()
    };
    let half = train.select(&(0..70).collect::<Vec<_>>()).unwrap();
    for (session, expected) in [
        (trainer(0.02).start(network(), &train), "learning rate is 0.01, not 0.02"),
        (trainer(0.01).epochs(3).start(network(), &train), "epochs is 2, not 3"),
        (trainer(0.01).batch_size(32).start(network(), &train), "batch size is 16, not 32"),
        (trainer(0.01).seed(Seed(9)).start(network(), &train), "seed is 0, not 9"),
        (trainer(0.01).validate_on(&validation).start(network(), &train), "validation samples is 0, not 40"),
        (trainer(0.01).start(network(), &half), "training samples is 140, not 70"),
        (
            Trainer::new(CrossEntropy, Optimizer::new(Sgd::default(), 0.01))
                .epochs(2)
                .batch_size(16)
                .start(network(), &train),
            "optimizer is adam, not sgd",
        ),
    ] {
        assert_eq!(all(session), expected);
    }
    assert!(all(trainer(0.01).start(other, &train)).starts_with("matrices is 12×65 "));
    let mut single = Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 0.01)).epochs(2).batch_size(16);
    let error = single.start(network::<f32>(), &train).unwrap().restore(&checkpoint).unwrap_err().to_string();
    assert!(error.ends_with("its number type is f64, not f32"), "{error}");
    single = single.epochs(2);
    drop(single);
    // another file
    let model = folder.path().join("weights.safetensors");
    network::<f64>().save_weights(&model).unwrap();
    let error = Checkpoint::read(&model).unwrap_err().to_string();
    assert!(
        error.ends_with("expected a checkpoint of mfnet, found a safetensors file without its metadata"),
        "{error}"
    );
}
