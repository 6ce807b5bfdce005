//! Training that goes on with other rows, and layers that do not learn.
//!
//! Where the numbers come from: the same training by hand, with a loop of steps.
#![allow(clippy::unwrap_used)]

use mfnet::fit::{Input, OptimizerName};
use mfnet::optimizer::{Group, Lbfgs, Rule, Schedule, Update};
use mfnet::train::{Averaging, Checkpoint, SampleOrder};
use mfnet::{
    Adam, Dataset, Loss, Mse, NeuralNetwork, Optimizer, Pass, Preprocessing, Recipe, Scalar, Seed, Sgd, Table, Tensor,
    Trainer, fit,
};

fn data() -> Dataset {
    let data = Dataset::built_in("diabetes").unwrap();
    Preprocessing::fit(&data).apply(&data)
}

fn part(from: usize, to: usize) -> Dataset {
    data().select(&(from..to).collect::<Vec<_>>()).unwrap()
}

fn network() -> NeuralNetwork {
    NeuralNetwork::builder(10).linear(8).tanh().linear(1).build(Seed(3)).unwrap()
}

fn state<T: Scalar>(net: &NeuralNetwork<T>) -> Vec<Tensor<T>> {
    net.parameters().map(|parameter| parameter.value.clone()).collect()
}

/// The loop of the README over both parts.
fn by_hand(optimizers: &mut [Optimizer; 2], parts: [(&Dataset, usize); 2]) -> NeuralNetwork {
    let mut net = network();
    for (number, (data, epochs)) in parts.into_iter().enumerate() {
        // the same optimizer goes on, unless there is a second one
        let number = if optimizers[1].name() == optimizers[0].name() { number } else { 0 };
        for _ in 0..epochs {
            for batch in data.batches(32) {
                let trace = net.forward(Pass::Evaluate, batch.inputs());
                let gradients = net.backward(&trace, Mse.gradient(trace.output(), batch.targets()));
                optimizers[number].step(&mut net, gradients);
            }
        }
    }
    net
}

/// Adam, whose moments go on; and SGD, which has none, with a schedule that begins anew.
#[test]
fn it_is_the_loop_over_both_parts() {
    let (first, second) = (part(0, 96), part(96, 160));
    let adam = || Optimizer::new(Adam::default(), 0.01);
    let cycle = || Optimizer::new(Sgd::default(), 0.1).schedule(Schedule::OneCycle);
    let none = || Optimizer::new(Sgd::default(), 1.0);
    let cases = [(adam(), [adam(), none()]), (cycle(), [cycle().length(3, 2), cycle().length(2, 1)])];
    for (optimizer, mut optimizers) in cases {
        let trainer = Trainer::new(Mse, optimizer).epochs(2).batch_size(32).order(SampleOrder::AsTheyAre);
        let mut session = trainer.start(network(), &first).unwrap();
        session.run(&mut ()).unwrap();
        session.fit_more(&second, 1, &mut ()).unwrap();
        assert_eq!((session.history().epochs.len(), session.history().samples), (3, 2 * 96 + 64));
        let expected = by_hand(&mut optimizers, [(&first, 2), (&second, 1)]);
        assert!(state(session.network()) == state(&expected));
        assert!(session.fit_more(&second, 0, &mut ()).is_err());
    }
}

/// Two trainings, the second with the state of the first one's optimizer, are the loop with one optimizer.
#[test]
fn a_training_with_the_optimizer_of_another() {
    let (first, second) = (part(0, 96), part(96, 160));
    let folder = tempfile::tempdir().unwrap();
    let rules = [OptimizerName::Sgd, OptimizerName::Adam, OptimizerName::Adamw, OptimizerName::Nadam];
    for name in rules.into_iter().chain([OptimizerName::Lion, OptimizerName::Rmsprop, OptimizerName::Adagrad]) {
        let sgd = Sgd { momentum: 0.9, nesterov: false };
        let optimizer = || name.optimizer(sgd, 0.01).weight_decay(0.01);
        let trainer =
            |epochs| Trainer::new(Mse, optimizer()).epochs(epochs).batch_size(32).order(SampleOrder::AsTheyAre);
        let mut session = trainer(2).start(network(), &first).unwrap();
        session.run(&mut ()).unwrap();
        let path = folder.path().join(format!("{name}.safetensors"));
        session.save_checkpoint(&path, &serde_json::Value::Null).unwrap();
        let checkpoint = Checkpoint::read(&path).unwrap();
        let go_on = |takes: bool| {
            let mut session = trainer(3).start(session.network().clone(), &second).unwrap();
            if takes {
                session.take_optimizer(&checkpoint).unwrap();
            }
            session.run(&mut ()).unwrap();
            state(session.network())
        };
        // the loop takes the second optimizer only if it is of the same rule
        let other = if name == OptimizerName::Sgd { OptimizerName::Adam } else { OptimizerName::Sgd };
        let expected = state(&by_hand(&mut [optimizer(), other.optimizer(sgd, 0.01)], [(&first, 2), (&second, 3)]));
        assert!(go_on(true) == expected, "{name}");
        assert!(go_on(false) != expected, "{name}");
    }
}

/// The best weights are of an earlier epoch than the state, an average has its own matrices, and a schedule
/// begins anew.
#[test]
fn the_optimizer_of_a_training_with_validation() {
    let (first, second, validation) = (part(0, 96), part(96, 160), part(300, 400));
    let trainer = |optimizer: Optimizer| Trainer::new(Mse, optimizer).epochs(2).batch_size(32);
    let adam = || Optimizer::new(Adam::default(), 0.02);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let of_first = trainer(adam()).validate_on(&validation).average(Averaging::Exponential { decay: 0.9 });
    let mut session = of_first.start(network(), &first).unwrap();
    session.run(&mut ()).unwrap();
    session.save_checkpoint(&path, &serde_json::Value::Null).unwrap();
    let mut plain = trainer(adam()).start(network(), &first).unwrap();
    plain.run(&mut ()).unwrap();
    let plain_path = folder.path().join("plain.safetensors");
    plain.save_checkpoint(&plain_path, &serde_json::Value::Null).unwrap();
    // validation and averages change no moment
    let [of_first, of_plain] = [&path, &plain_path].map(|path| {
        let optimizer = adam().schedule(Schedule::Cosine);
        let mut session = trainer(optimizer).start(network(), &second).unwrap();
        session.take_optimizer(&Checkpoint::read(path).unwrap()).unwrap();
        session.run(&mut ()).unwrap();
        state(session.network())
    });
    assert!(of_first == of_plain);
}

/// A rule with the name of Adam and without a state.
struct NotAdam;

impl Rule<f64> for NotAdam {
    fn name(&self) -> &str {
        "adam"
    }
    fn states(&self) -> usize {
        0
    }
    fn update(&self, _: Update, _: &mut [f64], _: &[f64], _: &mut [&mut [f64]]) {}
}

#[test]
fn optimizers_that_cannot_go_on() {
    let data = part(0, 96);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let trainer = |optimizer: Optimizer| Trainer::new(Mse, optimizer).epochs(2);
    let adam = || Optimizer::new(Adam::default(), 0.01);
    let mut session = trainer(adam()).start(network(), &data).unwrap();
    session.run(&mut ()).unwrap();
    session.save_checkpoint(&path, &serde_json::Value::Null).unwrap();
    let checkpoint = Checkpoint::read(&path).unwrap();
    let of_another = format!("{}: the checkpoint is of another training: its ", path.display());
    let refused = |optimizer: Optimizer, net: NeuralNetwork| {
        let mut session = trainer(optimizer).batch_size(96).start(net, &data).unwrap();
        let before = session.clone();
        let message = session.take_optimizer(&checkpoint).unwrap_err().to_string();
        assert!(session == before, "it is unchanged");
        message
    };
    assert_eq!(
        refused(Optimizer::new(Sgd::default(), 0.01), network()),
        format!("{of_another}optimizer is adam, not sgd")
    );
    let smaller = NeuralNetwork::builder(10).linear(4).tanh().linear(1).build(Seed(3)).unwrap();
    assert_eq!(refused(adam(), smaller), format!("{of_another}matrices is 8×11 1×9, not 4×11 1×5"));
    assert_eq!(
        refused(Optimizer::new(NotAdam, 0.01), network()),
        format!("{}: tensor 0.optimizer.*: expected 0 of them, found 4", path.display())
    );
    assert_eq!(
        refused(Optimizer::lbfgs(Lbfgs::default(), 1.0), network()),
        "optimizer: expected a rule that can go on from another training, found lbfgs"
    );
    let net = NeuralNetwork::builder(10).dtype::<f32>().linear(8).tanh().linear(1).build(Seed(3)).unwrap();
    let mut of_f32 = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).start(net, &data).unwrap();
    let message = of_f32.take_optimizer(&checkpoint).unwrap_err().to_string();
    assert_eq!(message, format!("{of_another}number type is f64, not f32"));
    let message = session.take_optimizer(&checkpoint).unwrap_err().to_string();
    assert_eq!(message, "steps of the session: expected none, found 6");
}

/// With validation, early stopping, an average and a plateau: from a checkpoint of the second part to the same bits.
#[test]
fn a_checkpoint_of_the_second_part() {
    let (first, second, validation) = (part(0, 96), part(96, 160), part(300, 400));
    let optimizer = Optimizer::new(Adam::default(), 0.02).schedule(Schedule::Plateau { patience: 0, factor: 0.5 });
    let trainer = Trainer::new(Mse, optimizer).epochs(2).batch_size(32).validate_on(&validation).early_stopping(2);
    let trainer = trainer.average(Averaging::Exponential { decay: 0.9 });
    let mut session = trainer.start(network(), &first).unwrap();
    session.run(&mut ()).unwrap();
    session.fit_more(&second, 1, &mut ()).unwrap();
    let mut whole = session.clone();
    whole.fit_more(&first, 4, &mut ()).unwrap();

    /// Writes a checkpoint in the last but one epoch.
    struct After<'a>(&'a std::path::Path);
    impl mfnet::train::Callback<f64> for After<'_> {
        fn wants_checkpoint(&mut self, step: &mfnet::train::Step) -> bool {
            (step.epoch, step.step) == (6, 1)
        }
        fn checkpoint(&mut self, session: &mfnet::train::Session) -> mfnet::Result<()> {
            if session.position() == (6, 1) {
                session.save_checkpoint(self.0, &serde_json::Value::Null)
            } else {
                Ok(())
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    session.fit_more(&first, 4, &mut After(&path)).unwrap();
    assert!(session == whole);
    let mut resumed = trainer.epochs(7).start(network(), &first).unwrap();
    resumed.restore(&Checkpoint::read(&path).unwrap()).unwrap();
    resumed.run(&mut ()).unwrap();
    assert!(resumed == whole, "{:?}", resumed.history());
}

/// Each rule leaves the weights of a layer of rate 0 as they are, and moves the others.
#[test]
fn no_rule_moves_a_frozen_layer() {
    let data = data();
    for name in OptimizerName::ALL {
        let optimizer = name.optimizer(Sgd { momentum: 0.5, nesterov: true }, 0.05).weight_decay(0.1);
        let optimizer = optimizer.group(Group { layer: Some(0), rate: 0.0, ..Group::default() });
        let trainer = Trainer::new(Mse, optimizer).epochs(3).batch_size(data.samples());
        let (before, mut net) = (network(), network());
        trainer.run(&mut net, &data).unwrap();
        let (before, after) = (state(&before), state(&net));
        assert!(before[0] == after[0] && before[1] != after[1], "{name}");
    }
}

fn flats() -> Table {
    let rows: String = (0..120).map(|i| format!("{},{},{}\n", i % 13, i * i % 7, i * i % 37)).collect();
    Table::from_text("flats.csv", &format!("a,b,rent\n{rows}")).unwrap()
}

#[test]
fn a_fit_with_frozen_layers() {
    let recipe = |freeze: &[usize]| Recipe { freeze: freeze.to_vec(), epochs: Some(2), ..Recipe::default() };
    let new = Recipe { hidden: Some(vec![6, 5]), task: Some(fit::Task::Regression), ..Recipe::of_target("rent") };
    let first = fit(flats(), &Recipe { epochs: Some(2), ..new.clone() }, &mut ()).unwrap().model;
    let go_on =
        |freeze: &[usize]| fit(Input { start: Some(first.clone()), ..Input::from(flats()) }, &recipe(freeze), &mut ());
    let weights = |model: &mfnet::Model| {
        let mfnet::model::AnyNetwork::F64(net) = model.network() else { panic!("it is in f64") };
        state(net)
    };
    let next = go_on(&[0, 2]).unwrap();
    assert!(next.plan.introduction().contains(", layers 0, 2 frozen"), "{}", next.plan.introduction());
    let (before, after) = (weights(&first), weights(&next.model));
    assert!(before[..2] == after[..2] && before[2] != after[2]);
    for (freeze, expected) in [
        (&[0, 1][..], "`freeze`: layer 1, relu, has no parameters"),
        (&[9], "`freeze`: there is no layer 9"),
        (&[4, 0, 2], "`freeze` 4,0,2: no layer would learn"),
    ] {
        assert_eq!(go_on(freeze).unwrap_err().to_string(), expected);
    }
}
