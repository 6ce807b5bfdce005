//! The trainer is the loop of the README: both end in the same bits. And what it adds: validation, stopping, going back.
#![allow(clippy::unwrap_used)]

use mfnet::{
    Adam, Callback, Clip, CrossEntropy, Dataset, EpochRecord, Flow, Fractions, KeptWeights, Loss, Mse, NeuralNetwork,
    Optimizer, Preprocessing, Purpose, SampleOrder, Scalar, Schedule, Seed, Sgd, Step, Stop, Targets, Tensor, Trainer,
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

fn loop_and_trainer_agree<T: Scalar>(name: &str, loss: impl Loss<T> + Copy, clip: Option<Clip>, schedule: Schedule) {
    let (train, _) = data(name);
    assert_ne!(train.samples() % 32, 0);
    let mut net = network::<T>(&train);
    let before = bits(&net);
    let mut optimizer = Optimizer::new(Adam::default(), 0.01);
    let (mut step, steps) = (0, train.samples().div_ceil(32));
    for epoch in 1..=3 {
        for batch in train.batches(32).shuffled(Seed(5), epoch) {
            let trace = net.forward(batch.pass(), batch.inputs());
            let delta = loss.gradient(trace.output(), batch.targets());
            let mut gradients = net.backward(&trace, delta);
            match clip {
                Some(Clip::Global(norm)) => gradients.clip_global_norm(norm),
                Some(Clip::PerLayer(norm)) => gradients.clip_each_layer_norm(norm),
                None => {}
            }
            optimizer.rule_mut().learning_rate = 0.01 * schedule.factor(step, steps, 3);
            optimizer.step(&mut net, gradients);
            step += 1;
        }
    }
    let mut trained = network::<T>(&train);
    let trainer = Trainer::new(loss, Optimizer::new(Adam::default(), 0.01)).epochs(3).batch_size(32).seed(Seed(5)).schedule(schedule);
    let trainer = match clip {
        Some(clip) => trainer.clip(clip),
        None => trainer,
    };
    trainer.run(&mut trained, &train).unwrap();
    assert_eq!(bits(&net), bits(&trained));
    assert_ne!(bits(&net), before);
}

#[test]
fn the_loop_and_the_trainer_end_in_the_same_bits() {
    loop_and_trainer_agree::<f64>("digits", CrossEntropy, None, Schedule::Constant);
    loop_and_trainer_agree::<f32>("digits", CrossEntropy, Some(Clip::Global(0.1)), Schedule::Cosine);
    loop_and_trainer_agree::<f64>("diabetes", Mse, Some(Clip::PerLayer(0.1)), Schedule::Step { every: 2, factor: 0.5 });
    loop_and_trainer_agree::<f32>("diabetes", Mse, None, Schedule::OneCycle);
}

#[test]
fn the_mean_loss_weighs_batches_by_their_size() {
    let (train, _) = data("diabetes");
    // a rate so small that the weights stay as they are
    let mut net = network::<f64>(&train);
    let whole = net.evaluate_loss(&Mse, &train).unwrap();
    let history = Trainer::new(Mse, Optimizer::new(Sgd::default(), 1e-300)).epochs(1).batch_size(100).run(&mut net, &train).unwrap();
    assert!((history.epochs()[0].loss - whole).abs() < 1e-12 * whole);
}

#[test]
fn the_best_epoch_is_kept() {
    let (train, validation) = data("diabetes");
    let run = |epochs, patience| {
        let mut net = network::<f64>(&train);
        let trainer =
            Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(epochs).validate_on(&validation).early_stopping(patience);
        let history = trainer.run(&mut net, &train).unwrap();
        (bits(&net), history, net.evaluate_loss(&Mse, &validation).unwrap())
    };
    let (kept, history, loss) = run(60, 100);
    let losses: Vec<f64> = history.epochs().iter().map(|epoch| epoch.validation_loss.unwrap()).collect();
    let best = history.best_epoch();
    assert!(best < 60, "the network must have got worse again, or the test shows nothing");
    assert!(losses.iter().all(|l| *l >= losses[best - 1]));
    assert_eq!(loss, losses[best - 1]);
    // without validation the weights of that epoch are the last ones
    let mut net = network::<f64>(&train);
    Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(best).run(&mut net, &train).unwrap();
    assert_eq!(bits(&net), kept);
    // patience
    let (_, history, _) = run(60, 3);
    assert_eq!((history.stop(), history.epochs().len()), (Stop::Early, history.best_epoch() + 3));
}

/// A network that was trained before keeps its weights if nothing better comes, and loses them without `keep_start`.
#[test]
fn the_start_may_be_the_best() {
    let (train, validation) = data("diabetes");
    let mut trained = network::<f64>(&train);
    Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(2).validate_on(&validation).run(&mut trained, &train).unwrap();
    let loss = trained.evaluate_loss(&Mse, &validation).unwrap();
    let trainer = |rate| Trainer::new(Mse, Optimizer::new(Adam::default(), rate)).epochs(6).validate_on(&validation).early_stopping(4);

    let mut net = trained.clone();
    let history = trainer(3.0).keep_start().run(&mut net, &train).unwrap();
    assert_eq!((history.best_epoch(), history.start_validation_loss()), (0, Some(loss)));
    assert_eq!((history.stop(), history.epochs().len()), (Stop::Early, 4));
    assert_eq!(bits(&net), bits(&trained));
    let mut net = trained.clone();
    let history = trainer(3.0).run(&mut net, &train).unwrap();
    assert!(history.best_epoch() > 0 && net.evaluate_loss(&Mse, &validation).unwrap() > loss);
    assert_eq!(history.start_validation_loss(), None);

    // where an epoch is better, it is kept; without validation the last one is
    let mut net = trained.clone();
    let history = trainer(1e-4).keep_start().run(&mut net, &train).unwrap();
    assert!(history.best_epoch() > 0 && net.evaluate_loss(&Mse, &validation).unwrap() < loss);
    let mut net = trained.clone();
    let history = Trainer::new(Mse, Optimizer::new(Adam::default(), 3.0)).epochs(2).keep_start().run(&mut net, &train).unwrap();
    assert_eq!((history.best_epoch(), history.start_validation_loss()), (2, None));
}

#[test]
fn the_validation_accuracy_of_classes() {
    let (train, validation) = data("digits");
    let mut net = network::<f32>(&train);
    let trainer = Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 0.01)).epochs(8).validate_on(&validation);
    let history = trainer.run(&mut net, &train).unwrap();
    let accuracies: Vec<f64> = history.epochs().iter().map(|epoch| epoch.validation_accuracy.unwrap()).collect();
    assert!(accuracies[0] < accuracies[7], "{accuracies:?}");
    // the kept weights score what was recorded
    assert_eq!(net.evaluate(&validation).unwrap().headline(), accuracies[history.best_epoch() - 1]);
    // none without validation, none of values
    let history = Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 0.01)).epochs(1).run(&mut net, &train).unwrap();
    assert_eq!(history.epochs()[0].validation_accuracy, None);
    let (train, validation) = data("diabetes");
    let trainer = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(1).validate_on(&validation);
    let history = trainer.run(&mut network::<f64>(&train), &train).unwrap();
    assert_eq!(history.epochs()[0].validation_accuracy, None);
}

/// Stops at a step, or after an epoch.
struct StopAt {
    step: Option<(usize, usize)>,
    epoch: Option<usize>,
    seen: Vec<usize>,
}

impl Callback<f64> for StopAt {
    fn step(&mut self, step: &Step) -> Flow {
        if self.step == Some((step.epoch, step.step)) { Flow::Stop } else { Flow::Continue }
    }

    fn epoch(&mut self, epoch: &EpochRecord, net: &NeuralNetwork) -> mfnet::Result<Flow> {
        assert!(net.parameters().all(|parameter| parameter.value.is_finite()));
        self.seen.push(epoch.epoch);
        Ok(if self.epoch == Some(epoch.epoch) { Flow::Stop } else { Flow::Continue })
    }
}

#[test]
fn a_callback_may_stop_the_training() {
    let (train, _) = data("diabetes");
    let run = |step, epoch| {
        let mut net = network::<f64>(&train);
        let mut stop = StopAt { step, epoch, seen: Vec::new() };
        let history = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(5).callback(&mut stop).run(&mut net, &train).unwrap();
        assert_ne!(bits(&net), bits(&network::<f64>(&train)));
        (history.stop(), history.epochs().len(), stop.seen)
    };
    assert_eq!(run(None, None), (Stop::Finished, 5, vec![1, 2, 3, 4, 5]));
    assert_eq!(run(Some((3, 2)), None), (Stop::Callback, 2, vec![1, 2]));
    assert_eq!(run(None, Some(2)), (Stop::Callback, 2, vec![1, 2]));
}

#[test]
fn a_training_that_diverges_goes_back() {
    let (train, validation) = data("diabetes");
    // doubles the error with every step, so that it takes some epochs to overflow
    let rule = Sgd::new(30.0);
    let small = || NeuralNetwork::builder(train.features()).linear(1).build(Seed(0)).unwrap();
    let mut net = small();
    let error = Trainer::new(Mse, rule).run(&mut net, &train).unwrap_err();
    let mfnet::Error::Diverged { epoch, kept: KeptWeights::Epoch(good), .. } = error else { panic!("{error}") };
    assert_eq!(good, epoch - 1);
    let mut until = small();
    Trainer::new(Mse, rule).epochs(good).run(&mut until, &train).unwrap();
    assert_eq!(bits(&net), bits(&until));
    // with validation: the best epoch
    let mut net = small();
    let error = Trainer::new(Mse, rule).validate_on(&validation).run(&mut net, &train).unwrap_err().to_string();
    assert!(error.contains("became ") && error.ends_with("the weights of epoch 1 are kept"), "{error}");
    // in the first epoch: the initial weights
    let mut net = network::<f64>(&train);
    let before = bits(&net);
    let error = Trainer::new(Mse, Optimizer::new(Sgd::default(), 1e308)).run(&mut net, &train).unwrap_err().to_string();
    assert!(error.contains(" in epoch 1, step ") && error.ends_with("the weights of the start are kept"), "{error}");
    assert_eq!(bits(&net), before);
}

#[test]
fn settings_and_data_that_cannot_be() {
    let (train, _) = data("diabetes");
    let (digits, _) = data("digits");
    let error = |change: &dyn Fn(Trainer<'static, f64, Mse, Sgd>) -> Trainer<'static, f64, Mse, Sgd>,
                 data: &Dataset| {
        change(Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.1))).run(&mut network::<f64>(&train), data).unwrap_err().to_string()
    };
    assert_eq!(error(&|t| t.epochs(0), &train), "epochs: expected at least 1, found 0");
    assert_eq!(error(&|t| t.batch_size(0), &train), "batch size: expected at least 1, found 0");
    assert_eq!(
        error(&|t| t.early_stopping(3), &train),
        "early stopping: expected validation samples to watch, found none"
    );
    assert_eq!(
        error(&|t| t.clip(Clip::Global(-1.0)), &train),
        "gradient norm to clip at: expected a positive number, found -1"
    );
    assert_eq!(error(&|t| t, &digits), "Trainer::run: expected 10 input features, found 64");
    let two = Targets::Values { columns: vec!["a".into(), "b".into()], values: Tensor::zeros(2, 3) };
    let two = Dataset::new("two", Tensor::zeros(10, 3), two).unwrap();
    assert_eq!(error(&|t| t, &two), "Trainer::run: expected 2 outputs, as the targets have, found 1");
    let error = Trainer::new(Mse, Optimizer::new(Sgd::default(), -1.0)).run(&mut network::<f64>(&train), &train).unwrap_err().to_string();
    assert_eq!(error, "learning rate: expected a positive number, found -1");
}

/// The same orders, written in three ways: by the trainer, as lists, and as data in that order.
#[test]
fn orders_of_the_samples() {
    let (train, _) = data("digits");
    let trained = |data: &Dataset, order: SampleOrder, epochs: usize, batch_size: usize| {
        let mut net = network::<f64>(data);
        let trainer = Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 0.01)).epochs(epochs).batch_size(batch_size).seed(Seed(5));
        trainer.order(order).run(&mut net, data).map(|history| (bits(&net), history.epochs()[epochs - 1].loss))
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
