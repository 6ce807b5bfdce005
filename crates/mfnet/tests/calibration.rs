//! Temperatures and thresholds that are learned from held-out rows.
//!
//! Where the numbers come from: golden/calibration.json, written by golden/calibration_golden.py with scikit-learn.
//!
//! Why 1e-10 for the log loss and 1e-6 for the temperature: both programs search for a minimum, where the loss is flat.
#![allow(clippy::unwrap_used)]

mod golden;

use golden::{assert_close, indices, numbers, samples};
use mfnet::layer::{AnyLayer, Linear};
use mfnet::metric::{Metrics, MoreMetrics};
use mfnet::model::{OperatingRule, Prediction, Predictions};
use mfnet::{Dataset, Model, NeuralNetwork, Preprocessing, Recipe, Result, Table, Targets, Tensor, fit};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/calibration.json")).unwrap()
}

/// A model whose logits are the features of the data.
fn model(logits: Tensor, classes: &[usize], weights: &Value) -> (Model, Dataset) {
    let targets = Targets::from_labels("y", classes.iter().map(ToString::to_string));
    let count = logits.rows();
    let mut data = Dataset::new("golden", logits, targets).unwrap();
    if !weights.is_null() {
        data = data.with_weights(numbers(weights)).unwrap();
    }
    let scale = Preprocessing::fit(&data);
    let mfnet::data::Scaler::Affine(scaler) = &scale.inputs else { panic!("numbers are standardized") };
    // back to the numbers before scaling
    let back = Tensor::from_fn(count, 1 + count, |i, j| match j {
        0 => scaler.mean[i],
        j if j - 1 == i => scaler.scale[i],
        _ => 0.0,
    });
    let layers: Vec<AnyLayer<f64>> = vec![Linear::new(back).unwrap().into()];
    let net = NeuralNetwork::from_layers(count, layers).unwrap();
    (Model::new(&data, scale, net).unwrap(), data)
}

fn log_loss(model: &Model, data: &Dataset) -> f64 {
    let (_, MoreMetrics::Classification { log_loss, .. }) = model.evaluate_all(data).unwrap() else { panic!() };
    log_loss
}

#[test]
fn temperatures() {
    for case in golden()["temperatures"].as_array().unwrap() {
        let (model, data) = model(samples(&case["logits"]), &indices(&case["classes"]), &case["weights"]);
        let before = (log_loss(&model, &data), model.evaluate(&data).unwrap());
        let mut model = model.with_temperature(&data).unwrap();
        let temperature = model.temperature().unwrap();
        assert_close(temperature, case["temperature"].as_f64().unwrap(), 1e-6, "temperature");
        assert_close(log_loss(&model, &data), case["log_loss"].as_f64().unwrap(), 1e-10, "log loss");
        assert!(log_loss(&model, &data) < before.0 && model.evaluate(&data).unwrap() == before.1);
        // the loss of the training is that of the probabilities too, here with the weights of the rows
        model.training.loss = Some("cross-entropy".to_owned());
        assert_close(model.evaluate_loss(&data).unwrap().unwrap(), log_loss(&model, &data), 1e-13, "loss");
        check_rows_and_file(&model, &data);
        // learned again from the same rows
        assert_eq!(model.clone().with_temperature(&data).unwrap().temperature(), Some(temperature));
    }
}

/// Rows that are all predicted right have no best temperature: the surer, the better.
#[test]
fn rows_that_say_nothing_about_the_temperature() {
    let logits = Tensor::from_rows([[2.0, -1.0, 0.5, 3.0], [0.0, 1.0, 0.0, -2.0]]);
    let (model, data) = model(logits, &[0, 1, 0, 0], &Value::Null);
    assert_eq!(model.with_temperature(&data).unwrap().temperature(), None);
}

/// The score that a threshold reaches on the rows that it was chosen from is the best of all.
#[test]
fn thresholds() {
    for case in golden()["thresholds"].as_array().unwrap() {
        let p = numbers(&case["probabilities"]);
        let logits = Tensor::from_fn(2, p.len(), |i, j| if i == 0 { 0.0 } else { (p[j] / (1.0 - p[j])).ln() });
        let (model, data) = model(logits, &indices(&case["classes"]), &case["weights"]);
        for (rule, name) in [(OperatingRule::F1, "f1"), (OperatingRule::Balanced, "balanced")] {
            let model = model.clone().with_operating_point(1, rule, &data).unwrap();
            let Metrics::Classification { confusion, .. } = model.evaluate(&data).unwrap() else { panic!() };
            let found = if name == "f1" { confusion.of_classes()[1].f1 } else { confusion.balanced_accuracy() };
            assert_close(found, case[name].as_f64().unwrap(), 1e-12, name);
            check_rows_and_file(&model, &data);
        }
        // of a number, exactly the rows above it
        let at = model.clone().with_operating_point(1, OperatingRule::At(0.305), &data).unwrap();
        let Predictions::Classes { indices, .. } = at.predict_dataset(&data).unwrap() else { panic!() };
        assert!(indices.iter().zip(&p).all(|(class, p)| *class == usize::from(*p > 0.305)));
        // and of the other class
        let other = model.with_operating_point(0, OperatingRule::At(0.695), &data).unwrap();
        assert_eq!(other.predict_dataset(&data).unwrap(), at.predict_dataset(&data).unwrap());
    }
}

/// Rows one at a time, and a model from a file, say the same.
fn check_rows_and_file(model: &Model, data: &Dataset) {
    let Predictions::Classes { indices, probabilities, .. } = model.predict_dataset(data).unwrap() else { panic!() };
    let mut predictor = model.predictor();
    for row in [0, 1, 2, 77, 101] {
        let inputs: Vec<f64> = data.inputs().column(row).collect();
        let Prediction::Class { index, probabilities: p, .. } = predictor.predict(&inputs).unwrap() else { panic!() };
        assert_eq!((index, p.to_vec()), (indices[row], probabilities.sample(row).collect()));
    }
    let loaded = Model::from_bytes("model", &model.to_bytes().unwrap()).unwrap();
    assert_eq!(loaded.temperature(), model.temperature());
    assert_eq!(loaded.operating_point(), model.operating_point());
    assert_eq!(loaded.predict_dataset(data).unwrap(), model.predict_dataset(data).unwrap());
}

/// 300 rows, of which a seventh is of class yes, mostly those with a large x.
fn rare() -> Table {
    let row = |i: usize| {
        let (x, z) = (i * 37 % 101, i * i % 17);
        format!("{x},{z},{}\n", if x + 3 * z > 115 { "yes" } else { "no" })
    };
    Table::from_text("rare.csv", &format!("x,z,y\n{}", (0..300).map(row).collect::<String>())).unwrap()
}

fn fitted(recipe: Recipe) -> Result<fit::Fit> {
    let recipe = Recipe { hidden: Some(vec![8]), epochs: Some(4), ..recipe };
    fit(rare(), &Recipe { target: vec!["y".to_owned()], ..recipe }, &mut ())
}

#[test]
fn a_fit_with_a_temperature_and_a_threshold() {
    let plain = fitted(Recipe::default()).unwrap();
    let recipe = Recipe { calibrate: true, threshold: Some(OperatingRule::F1), ..Recipe::default() };
    let fit = fitted(recipe.clone()).unwrap();
    let threshold = fit.summary.threshold.clone().unwrap();
    assert!(threshold.class == "yes" && threshold.probability < 0.5, "{threshold:?}");
    assert!(fit.summary.temperature.is_some());
    let loss = |fit: &fit::Fit| fit.summary.validation.loss.unwrap();
    assert!(loss(&fit) < loss(&plain));
    let text = fit.text();
    assert!(
        text.contains("temperature ") && text.contains("class yes is predicted where its probability is above 0."),
        "{text}"
    );
    // the same again, and not of a model that continues without them
    assert_eq!(fitted(fit.plan.recipe()).unwrap().model.to_bytes().unwrap(), fit.model.to_bytes().unwrap());
    let input = fit::Input { start: Some(fit.model.clone()), ..fit::Input::from(rare()) };
    let next = mfnet::fit(input, &Recipe { epochs: Some(1), ..Recipe::default() }, &mut ()).unwrap();
    assert!(next.plan.introduction().contains("threshold f1"), "{}", next.plan.introduction());
    assert!(next.model.operating_point().is_none() && next.model.temperature().is_none());
    // an ensemble has one of each
    let ensemble = fitted(Recipe { ensemble: Some(2), ..recipe }).unwrap();
    let bytes = ensemble.model.to_bytes().unwrap();
    let loaded = Model::from_bytes("model", &bytes).unwrap();
    assert_eq!(
        (loaded.temperature(), loaded.operating_point()),
        (ensemble.model.temperature(), ensemble.model.operating_point())
    );
}

/// The class is that of the whole data, also where another one is rarer in a part.
#[test]
fn folds_have_the_threshold_of_one_class() {
    let row = |i: usize| format!("{i},{},{}\n", i * i % 17, if i % 100 < i { "yes" } else { "no" });
    let rows: String = (0..220).map(row).collect();
    let table = Table::from_text("days.csv", &format!("day,x,y\n{rows}")).unwrap();
    let threshold = Some(OperatingRule::At(0.2));
    let recipe =
        Recipe { target: vec!["y".to_owned()], time: Some("day".to_owned()), folds: Some(3), ..Recipe::default() };
    let recipe = Recipe { threshold, hidden: Some(vec![4]), epochs: Some(2), drop: vec![], ..recipe };
    let folds = mfnet::fit::fit_folds(table, &recipe, &mut ()).unwrap();
    assert!(folds.iter().all(|fold| fold.summary.threshold.as_ref().is_some_and(|of| of.class == "no")));
}

#[test]
fn folds_show_their_thresholds() {
    let recipe = Recipe { threshold: Some(OperatingRule::F1), folds: Some(3), ..Recipe::default() };
    let recipe = Recipe { target: vec!["y".to_owned()], hidden: Some(vec![8]), epochs: Some(4), ..recipe };
    let fits = mfnet::fit::fit_folds(rare(), &recipe, &mut ()).unwrap();
    let folds: Vec<_> = fits.into_iter().map(|fit| fit.summary).collect();
    let thresholds: Vec<f64> = folds.iter().map(|fold| fold.threshold.as_ref().unwrap().probability).collect();
    let folds = mfnet::fit::Folds { folds, ..Default::default() };
    let (text, json) = (folds.text(), folds.json());
    let lines: Vec<&str> = text.lines().collect();
    let last = |line: usize| lines[line].split_whitespace().last().unwrap();
    assert_eq!(last(0), "threshold");
    for (fold, threshold) in thresholds.iter().enumerate() {
        assert!((last(fold + 1).parse::<f64>().unwrap() - threshold).abs() < 5e-4 * threshold.max(1.0), "{text}");
        assert_eq!(json["folds"][fold]["threshold"], serde_json::json!({ "class": "yes", "probability": threshold }));
    }
    let mean = thresholds.iter().sum::<f64>() / 3.0;
    assert!((last(4).parse::<f64>().unwrap() - mean).abs() < 5e-4, "{text}");
    assert!(
        lines.contains(&"class yes is predicted where its probability is above the threshold of the fold"),
        "{text}"
    );
}

/// A threshold that finds every row of a class lowers the accuracy below that of the naive baseline; the
/// probabilities are as good as before.
#[test]
fn a_threshold_does_not_change_the_verdict() {
    let row = |i: usize| {
        let (x, z) = (i * 37 % 101, i * i % 17);
        format!("{x},{z},{}\n", if x + 3 * z > 85 { "yes" } else { "no" })
    };
    let table = Table::from_text("t.csv", &format!("x,z,y\n{}", (0..300).map(row).collect::<String>())).unwrap();
    let recipe = Recipe { hidden: Some(vec![8]), epochs: Some(30), target: vec!["y".to_owned()], ..Recipe::default() };
    let with = |threshold| {
        let recipe = Recipe { threshold: Some(OperatingRule::At(threshold)), ..recipe.clone() };
        mfnet::fit(table.clone(), &recipe, &mut ()).unwrap().summary
    };
    let [low, high] = [1e-9, 0.6].map(with);
    assert!(low.test.metrics.unwrap().headline() < high.test.metrics.unwrap().headline());
    let verdict = low.verdict.unwrap();
    assert!(verdict.contains("its log loss on 60 test rows is "), "{verdict}");
    assert_eq!(high.verdict.unwrap(), verdict);
    let plain = mfnet::fit(table.clone(), &recipe, &mut ()).unwrap().summary.verdict.unwrap();
    assert!(plain.contains("misclassifies"), "{plain}");
}

#[test]
fn what_cannot_be() {
    let none = Some(0.0);
    for (recipe, expected) in [
        (
            Recipe { threshold: Some(OperatingRule::F1), validation_fraction: none, ..Recipe::default() },
            "`threshold` f1 needs validation rows, but there are none",
        ),
        (
            Recipe { calibrate: true, validation_fraction: none, ..Recipe::default() },
            "`calibrate` needs validation rows, but there are none",
        ),
        (
            Recipe { threshold: Some(OperatingRule::At(1.0)), ..Recipe::default() },
            "threshold: expected a number above 0 and below 1, found 1",
        ),
    ] {
        assert_eq!(fitted(recipe).unwrap_err().to_string(), expected);
    }
    // a number needs no rows
    let at = Recipe { threshold: Some(OperatingRule::At(0.25)), validation_fraction: none, ..Recipe::default() };
    assert_eq!(fitted(at).unwrap().model.operating_point().unwrap().probability, 0.25);
    let digits = mfnet::data::BUILT_IN.iter().find(|data| data.name == "digits").unwrap().table().unwrap();
    let three = Recipe { threshold: Some(OperatingRule::Balanced), ..Recipe::default() };
    let error = fit(digits, &three, &mut ()).unwrap_err().to_string();
    assert_eq!(error, "`threshold` works with two classes, but the target has 10");
    let values = Recipe { target: vec!["z".to_owned()], task: Some(fit::Task::Regression), ..Recipe::default() };
    let error = fit(rare(), &Recipe { calibrate: true, ..values }, &mut ()).unwrap_err().to_string();
    assert_eq!(error, "`calibrate` needs classes, but the task is a regression");
}
