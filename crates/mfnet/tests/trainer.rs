//! The trainer is the loop of the README: both end in the same bits. And what it adds: validation, stopping, going back.
#![allow(clippy::unwrap_used)]

mod blocks;

use std::ops::ControlFlow;

use mfnet::error::{ErrorKind, KeptWeights};
use mfnet::optimizer::{Clip, Schedule};
use mfnet::random::Purpose;
use mfnet::train::{Callback, EpochRecord, SampleOrder, Step, StopReason};
use mfnet::{
    Adam, CrossEntropy, Dataset, Fractions, Loss, Mse, NeuralNetwork, Optimizer, Preprocessing, Scalar, Seed, Sgd,
    Targets, Tensor, Threads, Trainer,
};

/// Scaled training and validation samples. The sizes leave a partial batch at the end of an epoch.
fn data(name: &str) -> (Dataset, Dataset) {
    let (train, validation, _) =
        Dataset::built_in(name).unwrap().split(Fractions { validation: 0.1, test: 0.7 }, Seed(3)).unwrap();
    let scale = Preprocessing::fit(&train);
    (scale.apply(&train), scale.apply(&validation))
}

fn network<T: Scalar>(data: &Dataset) -> NeuralNetwork<T> {
    NeuralNetwork::builder(data.features())
        .dtype()
        .linear(20)
        .relu()
        .linear(10)
        .tanh()
        .linear(data.outputs())
        .build(Seed(1))
        .unwrap()
}

fn bits<T: Scalar>(net: &NeuralNetwork<T>) -> Vec<u64> {
    net.parameters().flat_map(|parameter| parameter.value.iter()).map(|w| w.to_f64().to_bits()).collect()
}

fn loop_and_trainer_agree<T: Scalar>(
    name: &str,
    loss: impl Loss<T> + Copy + 'static,
    clip: Option<Clip>,
    schedule: Schedule,
) {
    let (train, _) = data(name);
    assert_ne!(train.samples() % 32, 0);
    let mut net = network::<T>(&train);
    let before = bits(&net);
    let scheduled = Optimizer::new(Adam::default(), 0.01).schedule(schedule);
    let (mut step, steps) = (0, train.samples().div_ceil(32));
    let mut optimizer = scheduled.clone().length(steps, 3);
    for epoch in 1..=3 {
        for batch in train.batches(32).shuffled(Seed(5), epoch) {
            let trace = net.forward(batch.pass(), batch.inputs());
            let delta = loss.gradient(trace.output(), batch.targets());
            let mut gradients = net.backward(&trace, delta);
            match clip {
                Some(Clip::Global(norm)) => gradients.clip_global_norm(norm),
                Some(Clip::PerLayer(norm)) => gradients.clip_each_layer_norm(norm),
                Some(Clip::PerLayerExactly(norm)) => gradients.clip_each_layer_norm_exactly(norm),
                None => {}
            }
            optimizer.step(&mut net, gradients);
            assert_eq!(optimizer.rate(), 0.01 * schedule.factor(step, steps, 3));
            step += 1;
        }
    }
    let mut trained = network::<T>(&train);
    let optimizer = match clip {
        Some(clip) => scheduled.clip(clip),
        None => scheduled,
    };
    Trainer::new(loss, optimizer).epochs(3).batch_size(32).seed(Seed(5)).run(&mut trained, &train).unwrap();
    assert_eq!(bits(&net), bits(&trained));
    assert_ne!(bits(&net), before);
}

#[test]
fn the_loop_and_the_trainer_end_in_the_same_bits() {
    loop_and_trainer_agree::<f64>("digits", CrossEntropy, None, Schedule::Constant);
    loop_and_trainer_agree::<f32>("digits", CrossEntropy, Some(Clip::Global(0.1)), Schedule::Cosine);
    loop_and_trainer_agree::<f64>("diabetes", Mse, Some(Clip::PerLayer(0.1)), Schedule::Step { every: 2, factor: 0.5 });
    loop_and_trainer_agree::<f32>("digits", CrossEntropy, Some(Clip::PerLayerExactly(0.1)), Schedule::Constant);
    loop_and_trainer_agree::<f32>("diabetes", Mse, None, Schedule::OneCycle);
}

/// Residual blocks: the plan of the loop has a sum of its own, that of the trainer makes it where the last layer stores its output.
#[test]
fn the_loop_and_the_trainer_end_in_the_same_bits_with_residual_blocks() {
    fn of<T: Scalar>() {
        let (train, _) = data("diabetes");
        let optimizers = [
            Optimizer::new(Adam::default(), 0.01),
            Optimizer::new(Adam::default(), 0.01).clip(Clip::Global(0.1)),
            Optimizer::new(Sgd::default(), 0.01).weight_decay(0.01),
        ];
        for (net, optimizer) in
            blocks::networks::<T>(10, 20, 1).iter().flat_map(|net| optimizers.iter().map(move |o| (net, o)))
        {
            let (mut by_hand, mut of_loop) = (net.clone(), optimizer.clone());
            for epoch in 1..=3 {
                for batch in train.batches(32).shuffled(Seed(5), epoch) {
                    let trace = by_hand.forward(batch.pass(), batch.inputs());
                    let delta = Mse.gradient(trace.output(), batch.targets());
                    let gradients = by_hand.backward(&trace, delta);
                    of_loop.step(&mut by_hand, gradients);
                }
            }
            let mut trained = net.clone();
            let trainer = Trainer::new(Mse, optimizer.clone()).epochs(3).batch_size(32).seed(Seed(5));
            trainer.run(&mut trained, &train).unwrap();
            assert_eq!(bits(&by_hand), bits(&trained), "{optimizer:?}\n{net}");
            assert_ne!(bits(net), bits(&trained), "{optimizer:?}\n{net}");
        }
    }
    of::<f64>();
    of::<f32>();
}

/// Step by step, from a copy that was made in the middle of an epoch, in parts, or at once: the same bits, and sessions that are equal.
#[test]
fn a_session_goes_on_from_where_it_is() {
    fn of<T: Scalar>(change: impl Fn(Trainer<T>) -> Trainer<T>, optimizer: Optimizer<T>) {
        let (train, validation) = data("digits");
        let trainer = Trainer::new(CrossEntropy, optimizer.schedule(Schedule::Cosine)).epochs(4).seed(Seed(5));
        let trainer = change(trainer.validate_on(&validation));
        let start = |trainer: &Trainer<T>| trainer.start(network(&train), &train).unwrap();
        let mut whole = network::<T>(&train);
        let history = trainer.run(&mut whole, &train).unwrap();
        let timeless = |record: &EpochRecord| EpochRecord { seconds: 0.0, ..*record };
        let records: Vec<EpochRecord> = history.epochs.iter().map(timeless).collect();

        let (mut by_steps, mut copy, mut steps) = (start(&trainer), None, 0);
        while let Some(step) = by_steps.step(&mut ()).unwrap() {
            steps += 1;
            if (step.epoch, step.step) == (2, 2) {
                copy = Some(by_steps.clone());
            }
        }
        assert_eq!(steps, 4 * steps_of_an_epoch(&trainer, network(&train), &train));
        let mut copy = copy.unwrap();
        assert_eq!((copy.position(), copy.stop_reason(), copy.history().epochs.len()), ((2, 2), None, 1));
        // one that comes to the same place in another way
        let mut again = start(&trainer);
        assert_eq!((again.position(), again.history().epochs.len()), ((0, 0), 0));
        assert_eq!(timeless(&again.epoch(&mut ()).unwrap().unwrap()), records[0]);
        assert!(again != copy);
        again.step(&mut ()).unwrap().unwrap();
        again.step(&mut ()).unwrap().unwrap();
        assert!(again == copy && again != by_steps);
        // the rest of the epoch, one whole epoch, then all the rest
        assert_eq!(timeless(&again.epoch(&mut ()).unwrap().unwrap()), records[1]);
        assert_eq!(timeless(&again.epoch(&mut ()).unwrap().unwrap()), records[2]);
        again.run(&mut ()).unwrap();
        copy.run(&mut ()).unwrap();
        let mut at_once = start(&trainer);
        at_once.run(&mut ()).unwrap();
        for session in [&by_steps, &copy, &again, &at_once] {
            assert_eq!(bits(session.network()), bits(&whole));
            assert_eq!(session.history().epochs.iter().map(timeless).collect::<Vec<_>>(), records);
            assert_eq!(session.history().best_epoch, history.best_epoch);
            assert_eq!(session.stop_reason(), Some(history.stop));
            assert!(*session == at_once);
        }
        // what is over stays so, and another seed is another training
        assert!(at_once.step(&mut ()).unwrap().is_none() && at_once.epoch(&mut ()).unwrap().is_none());
        assert!(at_once == copy);
        let mut other = start(&trainer.clone().seed(Seed(6)));
        other.run(&mut ()).unwrap();
        assert!(other != copy);
    }
    of::<f64>(|t| t, Optimizer::new(Adam::default(), 0.01));
    of::<f32>(
        |t| t.batch_size(50),
        Optimizer::new(Sgd { momentum: 0.9, nesterov: true }, 0.01).clip(Clip::Global(0.1)),
    );
    of::<f32>(|t| t.batch_size(16).accumulate(3).shards(2), Optimizer::new(Adam::default(), 0.01));
}

/// Steps of the first epoch, as a callback sees them.
fn steps_of_an_epoch<T: Scalar>(trainer: &Trainer<T>, net: NeuralNetwork<T>, train: &Dataset) -> usize {
    let mut session = trainer.start(net, train).unwrap();
    session.step(&mut ()).unwrap().unwrap().steps
}

/// The weights after 3 epochs by gradient descent, and the loss of each epoch. The rate falls from step to step, so that a step too
/// many shows.
fn descended(change: &dyn Fn(Trainer) -> Trainer) -> (NeuralNetwork, Vec<f64>) {
    let (train, _) = data("digits");
    let optimizer = Optimizer::new(Sgd::default(), 0.1).schedule(Schedule::Cosine);
    let mut net = network(&train);
    let history = change(Trainer::new(CrossEntropy, optimizer).epochs(3).seed(Seed(5))).run(&mut net, &train).unwrap();
    (net, history.epochs.iter().map(|epoch| epoch.loss).collect())
}

/// ‖W − W′‖ / ‖W′‖ of all weights.
fn apart(net: &NeuralNetwork, other: &NeuralNetwork) -> f64 {
    let all = |net: &NeuralNetwork| net.parameters().flat_map(|p| p.value.iter()).copied().collect::<Vec<f64>>();
    let norm = |all: &mut dyn Iterator<Item = f64>| all.map(|w| w * w).sum::<f64>().sqrt();
    let (w, v) = (all(net), all(other));
    norm(&mut w.iter().zip(&v).map(|(w, v)| w - v)) / norm(&mut v.iter().copied())
}

/// 1e-12: sums in another order, so roundings of 1e-16 in some dozen steps.
#[test]
fn accumulated_batches_are_one_large_batch() {
    let (train, _) = data("digits");
    let start = network(&train);
    for (size, batches) in [(16, 3), (16, 2), (7, 4), (100, 5)] {
        // the last step has fewer batches, and its last batch fewer samples
        assert!(train.samples() % (size * batches) > 0 && train.samples() % size > 0);
        let (large, losses) = descended(&|t| t.batch_size(size * batches));
        let (net, of_batches) = descended(&|t| t.batch_size(size).accumulate(batches));
        let error = apart(&net, &large);
        assert!(error < 1e-12, "{batches} batches of {size}: {error:e}");
        assert!(losses.iter().zip(&of_batches).all(|(l, b)| (l - b).abs() < 1e-12 * l), "{losses:?} {of_batches:?}");
        // it learned, and not what it would have learned by a step a batch
        let (alone, _) = descended(&|t| t.batch_size(size));
        assert!(apart(&large, &start) > 1e-2 && apart(&large, &alone) > 1e-3);
        // parts of each batch too
        let (net, _) = descended(&|t| t.batch_size(size).accumulate(batches).shards(4));
        assert!(apart(&net, &large) < 1e-12);
    }
    let steps = |trainer: Trainer| steps_of_an_epoch(&trainer, start.clone(), &train);
    let trainer =
        |batches| Trainer::new(CrossEntropy, Optimizer::new(Sgd::default(), 0.1)).batch_size(16).accumulate(batches);
    assert_eq!([1, 2, 3, 1000].map(|batches| steps(trainer(batches))), [23, 12, 8, 1]);
}

/// The parts of a batch that has fewer samples than there are parts are empty, as those of the last batch of 7. 1e-12 as above.
#[test]
fn parts_of_a_batch_add_up_to_it() {
    let (train, _) = data("digits");
    assert_eq!(train.samples() % 16, 7);
    let (whole, losses) = descended(&|t| t.batch_size(16));
    for parts in [2, 4, 8] {
        let of_threads = [1, 2, 3]
            .map(|count| Threads::new(count).unwrap().install(|| descended(&|t| t.batch_size(16).shards(parts))));
        for (net, of_parts) in &of_threads {
            let error = apart(net, &whole);
            assert!(error < 1e-12, "{parts} parts: {error:e}");
            assert!(losses.iter().zip(of_parts).all(|(l, p)| (l - p).abs() < 1e-12 * l), "{losses:?} {of_parts:?}");
            assert_eq!((bits(net), of_parts), (bits(&of_threads[0].0), &of_threads[0].1), "{parts} parts");
        }
    }
    // one part is the batch itself, to the last bit
    let (one, _) = descended(&|t| t.batch_size(16).shards(1).accumulate(1));
    assert_eq!(bits(&one), bits(&whole));
}

#[test]
fn the_mean_loss_weighs_batches_by_their_size() {
    let (train, _) = data("diabetes");
    // a rate so small that the weights stay as they are
    let mut net = network::<f64>(&train);
    let whole = net.evaluate_loss(&Mse, &train).unwrap();
    let history = Trainer::new(Mse, Optimizer::new(Sgd::default(), 1e-300))
        .epochs(1)
        .batch_size(100)
        .run(&mut net, &train)
        .unwrap();
    assert!((history.epochs[0].loss - whole).abs() < 1e-12 * whole);
}

#[test]
fn the_best_epoch_is_kept() {
    let (train, validation) = data("diabetes");
    let run = |epochs, patience| {
        let mut net = network::<f64>(&train);
        let trainer = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01))
            .epochs(epochs)
            .validate_on(&validation)
            .early_stopping(patience);
        let history = trainer.run(&mut net, &train).unwrap();
        (bits(&net), history, net.evaluate_loss(&Mse, &validation).unwrap())
    };
    let (kept, history, loss) = run(60, 100);
    let losses: Vec<f64> = history.epochs.iter().map(|epoch| epoch.validation_loss.unwrap()).collect();
    let best = history.best_epoch;
    assert!(best < 60, "the network must have got worse again, or the test shows nothing");
    assert!(losses.iter().all(|l| *l >= losses[best - 1]));
    assert_eq!(loss, losses[best - 1]);
    // without validation the weights of that epoch are the last ones
    let mut net = network::<f64>(&train);
    Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(best).run(&mut net, &train).unwrap();
    assert_eq!(bits(&net), kept);
    // patience
    let (_, history, _) = run(60, 3);
    assert_eq!((history.stop, history.epochs.len()), (StopReason::Early, history.best_epoch + 3));
}

/// A network that was trained before keeps its weights if nothing better comes, and loses them without `keep_start`.
#[test]
fn the_start_may_be_the_best() {
    let (train, validation) = data("diabetes");
    let mut trained = network::<f64>(&train);
    Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01))
        .epochs(2)
        .validate_on(&validation)
        .run(&mut trained, &train)
        .unwrap();
    let loss = trained.evaluate_loss(&Mse, &validation).unwrap();
    let trainer = |rate| {
        Trainer::new(Mse, Optimizer::new(Adam::default(), rate)).epochs(6).validate_on(&validation).early_stopping(4)
    };

    let mut net = trained.clone();
    let history = trainer(3.0).keep_start().run(&mut net, &train).unwrap();
    assert_eq!((history.best_epoch, history.start_validation_loss), (0, Some(loss)));
    assert_eq!((history.stop, history.epochs.len()), (StopReason::Early, 4));
    assert_eq!(bits(&net), bits(&trained));
    let mut net = trained.clone();
    let history = trainer(3.0).run(&mut net, &train).unwrap();
    assert!(history.best_epoch > 0 && net.evaluate_loss(&Mse, &validation).unwrap() > loss);
    assert_eq!(history.start_validation_loss, None);

    // where an epoch is better, it is kept; without validation the last one is
    let mut net = trained.clone();
    let history = trainer(1e-4).keep_start().run(&mut net, &train).unwrap();
    assert!(history.best_epoch > 0 && net.evaluate_loss(&Mse, &validation).unwrap() < loss);
    let mut net = trained.clone();
    let history =
        Trainer::new(Mse, Optimizer::new(Adam::default(), 3.0)).epochs(2).keep_start().run(&mut net, &train).unwrap();
    assert_eq!((history.best_epoch, history.start_validation_loss), (2, None));
}

#[test]
fn the_validation_accuracy_of_classes() {
    let (train, validation) = data("digits");
    let mut net = network::<f32>(&train);
    let trainer = Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 0.01)).epochs(8).validate_on(&validation);
    let history = trainer.run(&mut net, &train).unwrap();
    let accuracies: Vec<f64> = history.epochs.iter().map(|epoch| epoch.validation_accuracy.unwrap()).collect();
    assert!(accuracies[0] < accuracies[7], "{accuracies:?}");
    // the kept weights score what was recorded
    assert_eq!(net.evaluate(&validation).unwrap().headline(), accuracies[history.best_epoch - 1]);
    // none without validation, none of values
    let history =
        Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 0.01)).epochs(1).run(&mut net, &train).unwrap();
    assert_eq!(history.epochs[0].validation_accuracy, None);
    let (train, validation) = data("diabetes");
    let trainer = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(1).validate_on(&validation);
    let history = trainer.run(&mut network::<f64>(&train), &train).unwrap();
    assert_eq!(history.epochs[0].validation_accuracy, None);
}

/// Stops at a step, or after an epoch.
struct StopAt {
    step: Option<(usize, usize)>,
    epoch: Option<usize>,
    seen: Vec<usize>,
}

fn stop_if(stop: bool) -> ControlFlow<()> {
    if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

impl Callback<f64> for StopAt {
    fn step(&mut self, step: &Step) -> mfnet::Result<ControlFlow<()>> {
        Ok(stop_if(self.step == Some((step.epoch, step.step))))
    }

    fn epoch(&mut self, epoch: &EpochRecord, net: &NeuralNetwork) -> mfnet::Result<ControlFlow<()>> {
        assert!(net.parameters().all(|parameter| parameter.value.is_finite()));
        self.seen.push(epoch.epoch);
        Ok(stop_if(self.epoch == Some(epoch.epoch)))
    }
}

#[test]
fn a_callback_may_stop_the_training() {
    let (train, _) = data("diabetes");
    let run = |step, epoch| {
        let mut net = network::<f64>(&train);
        let mut stop = StopAt { step, epoch, seen: Vec::new() };
        let trainer = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(5);
        let history = trainer.run_with(&mut net, &train, &mut stop).unwrap();
        assert_ne!(bits(&net), bits(&network::<f64>(&train)));
        (history.stop, history.epochs.len(), stop.seen)
    };
    assert_eq!(run(None, None), (StopReason::Finished, 5, vec![1, 2, 3, 4, 5]));
    assert_eq!(run(Some((3, 2)), None), (StopReason::Callback, 2, vec![1, 2]));
    assert_eq!(run(None, Some(2)), (StopReason::Callback, 2, vec![1, 2]));
}

#[test]
fn a_training_that_diverges_goes_back() {
    let (train, validation) = data("diabetes");
    // doubles the error with every step, so that it takes some epochs to overflow
    let trainer = || Trainer::new(Mse, Optimizer::new(Sgd::default(), 30.0));
    let small = || NeuralNetwork::builder(train.features()).linear(1).build(Seed(0)).unwrap();
    let mut net = small();
    let error = trainer().run(&mut net, &train).unwrap_err();
    let ErrorKind::Diverged { epoch, kept: KeptWeights::Epoch(good), .. } = *error.kind() else { panic!("{error}") };
    assert_eq!(good, epoch - 1);
    let mut until = small();
    trainer().epochs(good).run(&mut until, &train).unwrap();
    assert_eq!(bits(&net), bits(&until));
    // with validation: the best epoch
    let mut net = small();
    let error = trainer().validate_on(&validation).run(&mut net, &train).unwrap_err().to_string();
    assert!(error.contains("became ") && error.ends_with("mfnet kept the weights of epoch 1"), "{error}");
    // in the first epoch: the initial weights
    let mut net = network::<f64>(&train);
    let before = bits(&net);
    let error = Trainer::new(Mse, Optimizer::new(Sgd::default(), 1e308)).run(&mut net, &train).unwrap_err().to_string();
    assert!(error.contains(" in epoch 1, step ") && error.ends_with("mfnet kept the initial weights"), "{error}");
    assert_eq!(bits(&net), before);
}

#[test]
fn settings_and_data_that_cannot_be() {
    let (train, _) = data("diabetes");
    let (digits, _) = data("digits");
    let optimizer = || Optimizer::new(Sgd::default(), 0.1);
    let error = |change: &dyn Fn(Trainer) -> Trainer, data: &Dataset| {
        let trainer = change(Trainer::new(Mse, optimizer()));
        trainer.run(&mut network::<f64>(&train), data).unwrap_err().to_string()
    };
    assert_eq!(error(&|t| t.epochs(0), &train), "epochs: expected at least 1, found 0");
    assert_eq!(error(&|t| t.batch_size(0), &train), "batch size: expected at least 1, found 0");
    assert_eq!(error(&|t| t.accumulate(0), &train), "accumulate: expected at least 1, found 0");
    for shards in [0, 3, 2048] {
        let expected = format!("shards: expected a power of two up to 1024, found {shards}");
        assert_eq!(error(&|t| t.shards(shards), &train), expected);
    }
    assert_eq!(
        error(&|t| t.early_stopping(3), &train),
        "early stopping: expected validation samples to watch, found none"
    );
    assert_eq!(
        error(&|_| Trainer::new(Mse, optimizer().clip(Clip::Global(-1.0))), &train),
        "gradient norm to clip at: expected a positive number, found -1"
    );
    assert_eq!(error(&|t| t, &digits), "Trainer::run: expected 10 input features, found 64");
    let two = Targets::Values { columns: vec!["a".into(), "b".into()], values: Tensor::zeros(2, 3).into() };
    let two = Dataset::new("two", Tensor::zeros(10, 3), two).unwrap();
    assert_eq!(error(&|t| t, &two), "Trainer::run: expected 2 outputs, as the targets have, found 1");
    let error = Trainer::new(Mse, Optimizer::new(Sgd::default(), -1.0))
        .run(&mut network::<f64>(&train), &train)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "learning rate: expected a positive number, found -1");
}

/// The same orders, written in three ways: by the trainer, as lists, and as data in that order.
#[test]
fn orders_of_the_samples() {
    let (train, _) = data("digits");
    let trained = |data: &Dataset, order: SampleOrder, epochs: usize, batch_size: usize| {
        let mut net = network::<f64>(data);
        let trainer = Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 0.01))
            .epochs(epochs)
            .batch_size(batch_size)
            .seed(Seed(5));
        trainer.order(order).run(&mut net, data).map(|history| (bits(&net), history.epochs[epochs - 1].loss))
    };
    let shuffled = |number: usize| {
        let mut order: Vec<usize> = (0..train.samples()).collect();
        Seed(5).stream(Purpose::Epoch { number }).shuffle(&mut order);
        order
    };
    let lists: Vec<Vec<usize>> = (1..=3).map(shuffled).collect();
    let listed = trained(&train, SampleOrder::Listed(lists.clone()), 3, 32).unwrap();
    assert_eq!(listed, trained(&train, SampleOrder::Shuffled, 3, 32).unwrap());
    // a list for all epochs is the data in that order
    let once = train.select(&lists[0]).unwrap();
    let expected = trained(&once, SampleOrder::AsTheyAre, 3, 32).unwrap();
    assert_eq!(trained(&train, SampleOrder::Listed(lists[..1].to_vec()), 3, 32).unwrap(), expected);
    assert_ne!(listed.0, expected.0);
    // more samples than there are, in one batch that is larger than the data
    let twice = SampleOrder::Listed(vec![[&lists[0][..], &lists[0][..]].concat()]);
    let (_, loss) = trained(&train, twice, 2, 10 * train.samples()).unwrap();
    let (_, expected) = trained(&once, SampleOrder::AsTheyAre, 2, 10 * train.samples()).unwrap();
    assert!((loss - expected).abs() < 1e-12, "{loss} is not {expected}");
    for (lists, expected) in [
        (vec![vec![0]; 2], "order of the samples: expected a list for each of 3 epochs, or one for all, found 2"),
        (vec![], "order of the samples: expected a list for each of 3 epochs, or one for all, found 0"),
        (vec![vec![]], "order of the samples: expected 1 samples, as in the first epoch, found 0 in epoch 1"),
        (
            vec![vec![0, 1], vec![1], vec![1, 0]],
            "order of the samples: expected 2 samples, as in the first epoch, found 1 in epoch 2",
        ),
        (vec![vec![1, 9999]], "order of the samples: expected numbers from 0 to 358, found 9999 in epoch 1"),
    ] {
        let error = trained(&train, SampleOrder::Listed(lists), 3, 32).unwrap_err().to_string();
        assert_eq!(error, expected);
    }
}
