//! Weights of samples and classes are those of PyTorch, scikit-learn and statsmodels.
//!
//! Where the numbers come from: golden/weights.json, written by golden/weights_golden.py, which names its versions. There a sample
//! is a row; here it is a column.
#![allow(clippy::unwrap_used)]

mod golden;

use std::ops::ControlFlow;

use mfnet::explain::Walkthrough;
use mfnet::layer::Linear;
use mfnet::loss::softmax;
use mfnet::metric::{
    Comparison, ConfusionMatrix, Metrics, weighted_accuracy, weighted_mae, weighted_r2, weighted_rmse,
};
use mfnet::train::{Callback, SampleOrder, Session, Step, linear_model, naive_model};
use mfnet::{
    Activation, AdamW, CrossEntropy, Dataset, Fractions, HalfMse, Loss, Mse, NeuralNetwork, Optimizer, Preprocessing,
    Result, Scalar, Seed, Sgd, Targets, Tensor, Threads, Trainer,
};
use serde_json::Value;

use golden::{assert_all_close, assert_close, indices, numbers, samples};

/// Formulas of a few sums, roundings of 1e-16.
const ROUNDING: f64 = 1e-13;
/// Fifty steps, each of some roundings of 1e-16 that the next ones pass on.
const STEPS: f64 = 1e-10;
/// Two ways to the same optimum, as in sklearn.rs.
const OPTIMUM: f64 = 1e-6;

fn golden(key: &str) -> Value {
    let mut golden: Value = serde_json::from_str(include_str!("golden/weights.json")).unwrap();
    golden[key].take()
}

fn cases(key: &str) -> Vec<Value> {
    let cases = golden(key).as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

/// `[b | W]` of the layers of a network in the file.
fn layers(of: &Value) -> Vec<Tensor> {
    let layer = |layer: &Value| {
        let (w, b): (Vec<Vec<f64>>, _) =
            (layer["weight"].as_array().unwrap().iter().map(numbers).collect(), numbers(&layer["bias"]));
        Tensor::from_fn(b.len(), 1 + w[0].len(), |j, k| if k == 0 { b[j] } else { w[j][k - 1] })
    };
    of.as_array().unwrap().iter().map(layer).collect()
}

fn values(values: Tensor) -> Targets {
    Targets::Values { columns: (0..values.rows()).map(|i| format!("y{i}")).collect(), values: values.into() }
}

fn classes(indices: &[usize]) -> Targets {
    Targets::from_labels("class", indices.iter().map(ToString::to_string))
}

fn state<T: Scalar>(net: &NeuralNetwork<T>) -> Vec<Tensor<T>> {
    net.parameters().map(|parameter| parameter.value.clone()).collect()
}

/// The losses of all steps.
#[derive(Default)]
struct Losses(Vec<f64>);

impl<T: Scalar> Callback<T> for Losses {
    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        self.0.push(step.loss);
        Ok(ControlFlow::Continue(()))
    }
}

/// The trainer and the loop of the README, to the same bits.
#[test]
fn training() {
    for case in cases("trainings") {
        let what = format!("{}, {}, {}", case["name"], case["loss"], case["optimizer"]);
        let of_classes = case["loss"] == "cross_entropy";
        let targets = if of_classes { classes(&indices(&case["classes"])) } else { values(samples(&case["values"])) };
        let mut data = Dataset::new("golden", samples(&case["inputs"]), targets).unwrap();
        if case["name"] != "classes alone" {
            data = data.with_weights(numbers(&case["sample_weights"])).unwrap();
        }
        if !case["class_weights"].is_null() {
            data = data.with_class_weights(numbers(&case["class_weights"])).unwrap();
        }
        let initial = layers(&case["initial"]);
        let linear = |i: usize| Linear::new(initial[i].clone()).unwrap().into();
        let net = NeuralNetwork::from_layers(4, vec![linear(0), Activation::Tanh.into(), linear(1)]).unwrap();
        let optimizer = match case["optimizer"].as_str().unwrap() {
            "sgd" => Optimizer::new(Sgd::default(), 0.05),
            _ => Optimizer::new(AdamW::default(), 0.01),
        };
        let loss = || -> Box<dyn Loss<f64>> { if of_classes { Box::new(CrossEntropy) } else { Box::new(Mse) } };
        let (mut trained, mut losses) = (net.clone(), Losses::default());
        let trainer = Trainer::new(loss(), optimizer.clone()).epochs(17).batch_size(8).order(SampleOrder::AsTheyAre);
        trainer.run_with(&mut trained, &data, &mut losses).unwrap();
        let expected = numbers(&case["losses"]);
        assert_eq!(losses.0.len(), expected.len());
        losses.0.iter().zip(&expected).for_each(|(found, expected)| assert_close(*found, *expected, STEPS, &what));
        for (found, expected) in trained.parameters().zip(layers(&case["final"])) {
            assert_all_close(&found.value, &expected, STEPS, &what);
        }

        let (loss, mut net, mut optimizer) = (loss(), net, optimizer);
        for epoch in 1..=17 {
            for batch in data.batches(8).of_epoch(Seed(0), epoch) {
                let trace = net.forward(batch.pass(), batch.inputs());
                let delta = loss.weighted_gradient(trace.output(), batch.targets(), batch.weights());
                let gradients = net.backward(&trace, delta);
                optimizer.step(&mut net, gradients);
            }
        }
        assert!(state(&net) == state(&trained), "{what}");
    }
}

#[test]
fn classification_metrics() {
    for case in cases("scores") {
        let (truth, predicted, weights) =
            (indices(&case["true"]), indices(&case["predicted"]), numbers(&case["weights"]));
        let accuracy = weighted_accuracy(&truth, &predicted, Some(&weights));
        assert_close(accuracy, case["accuracy"].as_f64().unwrap(), ROUNDING, "accuracy");
        let labels: Vec<String> = (0..case["classes"].as_u64().unwrap()).map(|label| label.to_string()).collect();
        let confusion = ConfusionMatrix::weighted(&labels, &truth, &predicted, &weights);
        for (i, row) in case["confusion"].as_array().unwrap().iter().enumerate() {
            numbers(row)
                .iter()
                .enumerate()
                .for_each(|(j, w)| assert_close(confusion.weight(i, j), *w, ROUNDING, "sums"));
        }
        let [precision, recall, support] = ["precision", "recall", "support"].map(|name| numbers(&case[name]));
        for (k, scores) in confusion.of_classes().iter().enumerate() {
            assert_close(scores.precision, precision[k], ROUNDING, "precision");
            assert_close(scores.recall, recall[k], ROUNDING, "recall");
            assert_close(scores.weight, support[k], ROUNDING, "support");
            assert_eq!(scores.support, truth.iter().filter(|class| **class == k).count());
        }
    }
}

#[test]
fn regression_metrics() {
    for case in cases("errors") {
        let (y, prediction, weights) = (samples(&case["y"]), samples(&case["prediction"]), numbers(&case["weights"]));
        let weights = Some(&weights[..]);
        for (name, metric) in [
            ("rmse", weighted_rmse(&y, &prediction, weights)),
            ("mae", weighted_mae(&y, &prediction, weights)),
            ("r2", weighted_r2(&y, &prediction, weights)),
        ] {
            assert_close(metric, case[name].as_f64().unwrap(), ROUNDING, &format!("{name}, {}", case["case"]));
        }
    }
}

#[test]
fn baselines_of_values() {
    let case = golden("linear_regression");
    let data = Dataset::new("golden", samples(&case["x"]), values(samples(&case["y"]))).unwrap();
    let data = data.with_weights(numbers(&case["weights"])).unwrap();
    let new = samples(&case["new"]);
    let linear = linear_model(&data).unwrap().predict(&new).unwrap();
    assert_all_close(&linear, &samples(&case["prediction"]), OPTIMUM, "linear");
    let naive = naive_model(&data).unwrap().predict(&new).unwrap().select_columns(&[0]);
    assert_all_close(&naive, &samples(&case["naive"]), ROUNDING, "naive");
}

/// The naive model has the frequencies of the classes, whatever their weights.
#[test]
fn baselines_of_classes() {
    for case in cases("logistic_regression") {
        let data = Dataset::new("golden", samples(&case["x"]), classes(&indices(&case["labels"]))).unwrap();
        let mut data = data.with_weights(numbers(&case["weights"])).unwrap();
        if !case["class_weights"].is_null() {
            data = data.with_class_weights(numbers(&case["class_weights"])).unwrap();
        }
        let new = samples(&case["new"]);
        let p = softmax(&linear_model(&data).unwrap().predict(&new).unwrap());
        assert_all_close(&p, &samples(&case["probabilities"]), OPTIMUM, &case["class_weights"].to_string());
        let naive = softmax(&naive_model(&data).unwrap().predict(&new).unwrap()).select_columns(&[0]);
        assert_all_close(&naive, &samples(&case["naive"]), ROUNDING, "naive");
    }
}

#[test]
fn balanced_classes() {
    for case in cases("balanced") {
        let labels = indices(&case["labels"]);
        let mut data = Dataset::new("golden", Tensor::zeros(1, labels.len()), classes(&labels)).unwrap();
        if !case["weights"].is_null() {
            data = data.with_weights(numbers(&case["weights"])).unwrap();
        }
        for (found, expected) in data.balanced_class_weights().iter().zip(numbers(&case["balanced"])) {
            assert_close(*found, expected, ROUNDING, "balanced");
        }
    }
}

#[test]
fn comparisons() {
    for case in cases("comparisons") {
        let (weights, groups) = (numbers(&case["weights"]), indices(&case["groups"]));
        let of = |groups: Option<&[usize]>| match case["y"].is_null() {
            true => {
                let [truth, first, second] = ["true", "first", "second"].map(|name| indices(&case[name]));
                Comparison::of_weighted_classes(&truth, [&first, &second], Some(&weights), groups)
            }
            false => {
                let [y, first, second] = ["y", "first", "second"].map(|name| samples(&case[name]));
                let comparison =
                    Comparison::of_weighted_values(&y, [(&first).into(), (&second).into()], Some(&weights), groups);
                let r2 = |prediction: &Tensor| weighted_r2(&y, prediction, Some(&weights));
                assert_close(comparison.difference, r2(&first) - r2(&second), ROUNDING, "R²");
                comparison
            }
        };
        for (found, expected) in [(of(None), &case["alone"]), (of(Some(&groups)), &case["grouped"])] {
            for (name, found) in
                [("difference", found.difference), ("standard_error", found.standard_error), ("p_value", found.p_value)]
            {
                assert_close(found, expected[name].as_f64().unwrap(), ROUNDING, name);
            }
        }
    }
}

fn digits() -> [Dataset; 2] {
    let data = Dataset::built_in("digits").unwrap();
    let (train, validation, _) = data.split(Fractions { validation: 0.2, test: 0.5 }, Seed(0)).unwrap();
    let scale = Preprocessing::fit(&train);
    [&train, &validation].map(|part| scale.apply(part))
}

fn diabetes() -> [Dataset; 2] {
    let data = Dataset::built_in("diabetes").unwrap();
    let (train, validation, _) = data.split(Fractions { validation: 0.2, test: 0.2 }, Seed(0)).unwrap();
    let scale = Preprocessing::fit(&train);
    [&train, &validation].map(|part| scale.apply(part))
}

/// Whole numbers from 0 to 3.
fn with_whole_weights(data: Dataset) -> Dataset {
    let weights = (0..data.samples()).map(|i| ((i * 7 + i / 3) % 4) as f64).collect();
    data.with_weights(weights).unwrap()
}

fn ones(data: &Dataset) -> Dataset {
    data.clone().with_weights(vec![1.0; data.samples()]).unwrap()
}

fn session<T: Scalar>(
    loss: impl Loss<T> + 'static,
    [train, validation]: &[Dataset; 2],
    change: impl Fn(Trainer<T>) -> Trainer<T>,
) -> Session<T> {
    let net = NeuralNetwork::builder(train.features()).dtype::<T>().linear(24).relu().linear(train.outputs());
    let trainer = Trainer::new(loss, Optimizer::new(AdamW::default(), 1e-3)).epochs(3).batch_size(50);
    let trainer = change(trainer).validate_on(validation);
    let mut session = trainer.start(net.build(Seed(1)).unwrap(), train).unwrap();
    session.run(&mut ()).unwrap();
    session
}

/// A weight of 2 is a row that stands there twice: losses and gradients but for rounding, metrics exactly where sums are exact.
#[test]
fn whole_weights_are_repeated_rows() {
    for [data, _] in [digits(), diabetes()] {
        let weighted = with_whole_weights(data.clone());
        let times = |i: usize| weighted.weights().unwrap()[i] as usize;
        let rows: Vec<usize> = (0..data.samples()).flat_map(|i| vec![i; times(i)]).collect();
        let repeated = data.select(&rows).unwrap();
        let net =
            NeuralNetwork::builder(data.features()).linear(8).tanh().linear(data.outputs()).build(Seed(0)).unwrap();
        let loss: &dyn Loss<f64> = if data.classes() > 0 { &CrossEntropy } else { &Mse };
        let of = |data: &Dataset| {
            let batch = data.batches(data.samples()).next().unwrap();
            let trace = net.forward(batch.pass(), batch.inputs());
            let gradients =
                net.backward(&trace, loss.weighted_gradient(trace.output(), batch.targets(), batch.weights()));
            let value = loss.weighted_value(trace.output(), batch.targets(), batch.weights());
            (value, net.evaluate_loss(loss, data).unwrap(), gradients, net.evaluate(data).unwrap())
        };
        let ((value, loss, gradients, metrics), (value_2, loss_2, gradients_2, metrics_2)) =
            (of(&weighted), of(&repeated));
        assert_close(value, value_2, ROUNDING, "loss of a batch");
        assert_close(loss, loss_2, ROUNDING, "loss");
        gradients.iter().zip(gradients_2.iter()).for_each(|(a, b)| assert_all_close(a, b, ROUNDING, "gradient"));
        match (metrics, metrics_2) {
            (
                Metrics::Classification { accuracy, confusion },
                Metrics::Classification { accuracy: a, confusion: c },
            ) => {
                assert_eq!(accuracy, a);
                c.pairs().for_each(|(i, j, count)| assert_eq!(confusion.weight(i, j), count as f64));
            }
            (one, other) => {
                assert_close(one.headline(), other.headline(), ROUNDING, "RMSE");
                assert_close(one.score(), other.score(), ROUNDING, "R²");
            }
        }
        // the same optimum, and the same mean
        let predicted = |model: NeuralNetwork| model.predict(&data.inputs()).unwrap();
        let linear = |data: &Dataset| predicted(linear_model(data).unwrap());
        let p = |output: Tensor| if data.classes() > 0 { softmax(&output) } else { output };
        assert_all_close(&p(linear(&weighted)), &p(linear(&repeated)), 1e-5, "linear");
        let naive = |data: &Dataset| predicted(naive_model(data).unwrap());
        assert_all_close(&naive(&weighted), &naive(&repeated), ROUNDING, "naive");
    }
}

fn weights_of_one<T: Scalar>() {
    let ways = [
        |trainer: Trainer<T>| trainer,
        |trainer: Trainer<T>| trainer.accumulate(3),
        |trainer: Trainer<T>| trainer.shards(4),
    ];
    for way in ways {
        let data = digits();
        let with_ones = data.each_ref().map(ones);
        assert!(session(CrossEntropy, &data, way) == session(CrossEntropy, &with_ones, way));
        let of_classes =
            data.each_ref().map(|part| part.clone().with_class_weights(vec![1.0; part.classes()]).unwrap());
        assert!(session(CrossEntropy, &data, way) == session(CrossEntropy, &of_classes, way));
        let data = diabetes();
        assert!(session(Mse, &data, way) == session(Mse, &data.each_ref().map(ones), way));
    }
}

#[test]
fn weights_of_one_change_no_bit() {
    weights_of_one::<f64>();
    weights_of_one::<f32>();
    for [data, _] in [digits(), diabetes()] {
        let with_ones = ones(&data);
        for model in [linear_model, naive_model] {
            let (model, same) = (model(&data).unwrap(), model(&with_ones).unwrap());
            // the features' curvature is summed as one product, with weights as another
            state(&model).iter().zip(&state(&same)).for_each(|(a, b)| assert_all_close(a, b, OPTIMUM, "model"));
            assert_eq!(model.evaluate(&data).unwrap().headline(), model.evaluate(&with_ones).unwrap().headline());
            assert_eq!(model.evaluate(&data).unwrap().score(), model.evaluate(&with_ones).unwrap().score());
        }
    }
}

fn bits_of_threads<T: Scalar>() {
    let data = digits().map(with_whole_weights).map(|part| {
        let of_classes = (0..part.classes()).map(|class| 0.1 + class as f64).collect();
        part.with_class_weights(of_classes).unwrap()
    });
    let values = diabetes().map(with_whole_weights);
    let on = |threads: usize| {
        let work = || {
            let one_epoch = |t: Trainer<T>| t.epochs(1);
            let sessions =
                [session(CrossEntropy, &data, one_epoch), session(CrossEntropy, &data, |t| t.shards(2).epochs(1))];
            (
                sessions.into_iter().chain([session(Mse, &values, |t| t)]).collect::<Vec<_>>(),
                linear_model(&values[0]).unwrap(),
            )
        };
        Threads::new(threads).unwrap().install(work)
    };
    let (sessions, model) = on(1);
    for threads in [2, 3, 5] {
        let (same, linear) = on(threads);
        assert!(same == sessions && state(&linear) == state(&model), "{threads} threads");
    }
}

#[test]
fn same_bits_for_every_number_of_threads() {
    bits_of_threads::<f64>();
    bits_of_threads::<f32>();
}

/// Batches of a step, and parts of a batch, are divided by the weights of the whole step: but for rounding it is that of one batch.
#[test]
fn steps_of_parts_are_those_of_one_batch() {
    let data = digits().map(with_whole_weights);
    let one = session::<f64>(CrossEntropy, &data, |trainer| trainer.batch_size(200));
    for (accumulate, shards) in [(4, 1), (1, 8), (4, 2)] {
        let batch = 200 / accumulate;
        let way = |trainer: Trainer<f64>| trainer.batch_size(batch).accumulate(accumulate).shards(shards);
        let parts = session(CrossEntropy, &data, way);
        for (a, b) in state(one.network()).iter().zip(&state(parts.network())) {
            // AdamW divides by the root of squares, which are small where gradients are
            assert_all_close(a, b, 1e-8, "parts");
        }
        let (a, b) = (one.history().epochs[2].loss, parts.history().epochs[2].loss);
        assert_close(a, b, 1e-8, "training loss");
    }
}

/// Steps whose weights are all 0 leave everything as it is, wherever they stand in an epoch.
#[test]
fn a_step_without_weight_is_none() {
    let [data, validation] = digits();
    let (batch, all) = (50, 300);
    let data = data.select(&(0..all).collect::<Vec<_>>()).unwrap();
    let silent = |i: usize| [0, 3, 5].contains(&(i / batch));
    let weights: Vec<f64> = (0..all).map(|i| if silent(i) { 0.0 } else { (i % 3) as f64 }).collect();
    let weighted = data.with_weights(weights).unwrap();
    let rest = weighted.select(&(0..all).filter(|i| !silent(*i)).collect::<Vec<_>>()).unwrap();
    for shards in [1, 2] {
        let of = |data: &Dataset| {
            let data = [data.clone(), validation.clone()];
            let way = |trainer: Trainer<f64>| trainer.order(SampleOrder::AsTheyAre).shards(shards);
            session(CrossEntropy, &data, way)
        };
        let (with, without) = (of(&weighted), of(&rest));
        assert!(state(with.network()) == state(without.network()));
        assert_eq!(with.history().best_epoch, without.history().best_epoch);
        for (a, b) in with.history().epochs.iter().zip(&without.history().epochs) {
            assert_eq!((a.loss, a.validation_loss), (b.loss, b.validation_loss));
        }
        assert_eq!((with.history().samples, without.history().samples), (3 * all, 3 * all / 2));
    }
}

/// Of the weight of the validation samples, not of their number.
#[test]
fn validation_is_weighted() {
    let [train, validation] = digits();
    let weighted = with_whole_weights(validation).with_class_weights((1..=10).map(f64::from).collect()).unwrap();
    let session = session(CrossEntropy, &[train, weighted.clone()], |trainer| trainer.epochs(1));
    let record = session.history().epochs[0];
    let net = session.network();
    assert_eq!(record.validation_loss, Some(net.evaluate_loss(&CrossEntropy, &weighted).unwrap()));
    assert_eq!(record.validation_accuracy, Some(net.evaluate(&weighted).unwrap().headline()));
    let output = net.predict(&weighted.inputs()).unwrap();
    let weights = weighted.weights().unwrap();
    assert_eq!(
        record.validation_accuracy,
        Some(Metrics::weighted(&output, weighted.targets(), Some(weights)).headline())
    );
    // the loss has the weights of the classes too
    let Targets::Classes { indices, .. } = weighted.targets() else { panic!("classes") };
    let y = weighted.targets().matrix();
    let of_sample = |i: usize| weights[i] * (1.0 + indices[i] as f64);
    let sum: f64 = (0..indices.len()).map(|i| of_sample(i) * CrossEntropy.cost(&output, &y, i)).sum();
    let expected = sum / (0..indices.len()).map(of_sample).sum::<f64>();
    assert_close(record.validation_loss.unwrap(), expected, ROUNDING, "validation loss");
}

#[test]
fn weights_that_leave_nothing_to_learn() {
    let [train, validation] = digits();
    let none_of = |data: &Dataset| {
        let weights = (0..data.samples()).map(|i| f64::from(i == 0)).collect();
        data.clone().with_weights(weights).unwrap().select(&[1, 2, 3]).unwrap()
    };
    let net = || NeuralNetwork::builder(64).linear(10).build(Seed(0)).unwrap();
    let trainer = || Trainer::new(CrossEntropy, Optimizer::new(Sgd::default(), 0.1)).epochs(1);
    let message = "digits: every sample has the weight 0: expected at least one above 0";
    let error = trainer().run(&mut net(), &none_of(&train)).unwrap_err().to_string();
    assert_eq!(error, message);
    let error = trainer().validate_on(&none_of(&validation)).run(&mut net(), &train).unwrap_err().to_string();
    assert_eq!(error, message);
    assert_eq!(linear_model(&none_of(&train)).unwrap_err().to_string(), message);
}

/// By hand: outputs 0 and targets 1, 2 and 3, so costs of ½, 2 and 4½ with half the squared error.
#[test]
fn a_walkthrough_with_weights() {
    let net = NeuralNetwork::from_layers(1, vec![Linear::new(Tensor::zeros(1, 2)).unwrap().into()]).unwrap();
    let (x, y) = (Tensor::from_rows([[1.0, 2.0, 3.0]]), Tensor::from_rows([[1.0, 2.0, 3.0]]));
    let walk = Walkthrough::of_weighted(&net, &HalfMse, &x, (&y, &[1.0, 0.0, 3.0]), 0.5).unwrap();
    assert_eq!(walk.loss(), Some((0.5 + 3.0 * 4.5) / 4.0));
    assert_eq!(walk.get("w"), Some(&Tensor::from_rows([[1.0, 0.0, 3.0]])));
    assert_eq!(walk.get("dJ_dA1"), Some(&Tensor::from_rows([[0.0; 3], [-0.25, 0.0, -2.25]])));
    assert_eq!(walk.get("dJ_dW1"), Some(&Tensor::from_rows([[0.0, 0.0], [-2.5, -0.25 - 6.75]])));
    let error =
        |weights: &[f64]| Walkthrough::of_weighted(&net, &HalfMse, &x, (&y, weights), 0.5).unwrap_err().to_string();
    let expected = "weights: expected one for each sample, with a sum above 0, found 3 for 3 samples, with the sum 0";
    assert_eq!(error(&[0.0; 3]), expected);
    assert_eq!(
        error(&[1.0]),
        "weights: expected one for each sample, with a sum above 0, found 1 for 3 samples, with the sum 1"
    );
}
