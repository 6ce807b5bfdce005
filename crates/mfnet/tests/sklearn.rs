//! Metrics, scaling and baselines are those of scikit-learn.
//!
//! Where the numbers come from: golden/sklearn.json, written by golden/sklearn_golden.py, which names its versions. There a sample is a
//! row; here it is a column.
#![allow(clippy::unwrap_used)]

mod golden;

use mfnet::data::Standardizer;
use mfnet::loss::{LossName, softmax};
use mfnet::metric::{ConfusionMatrix, Metrics, accuracy, mae, r2, rmse};
use mfnet::train::{linear_model, linear_model_for, naive_model, naive_model_for};
use mfnet::{CrossEntropy, Dataset, NeuralNetwork, Targets, Tensor};
use serde_json::Value;

use golden::{assert_all_close, assert_close, indices, numbers, samples};

/// Formulas of a few sums: roundings of 1e-16.
const ROUNDING: f64 = 1e-13;
/// Two ways to the same optimum, both stopped when the gradient is about 1e-8: what is left is that, over the smallest curvature.
const OPTIMUM: f64 = 1e-6;

fn golden(key: &str) -> Value {
    let mut golden: Value = serde_json::from_str(include_str!("golden/sklearn.json")).unwrap();
    golden[key].take()
}

fn cases(key: &str) -> Vec<Value> {
    let cases = golden(key).as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

#[test]
fn classification_metrics() {
    for case in cases("scores") {
        let (classes, predicted) = (indices(&case["true"]), indices(&case["predicted"]));
        assert_close(accuracy(&classes, &predicted), case["accuracy"].as_f64().unwrap(), ROUNDING, "accuracy");
        let labels: Vec<String> = (0..case["classes"].as_u64().unwrap()).map(|label| label.to_string()).collect();
        let expected: Vec<Vec<usize>> = case["confusion"].as_array().unwrap().iter().map(indices).collect();
        let confusion = ConfusionMatrix::new(&labels, &classes, &predicted);
        let found = |i| (0..labels.len()).map(|j| confusion.count(i, j)).collect::<Vec<_>>();
        assert_eq!((0..labels.len()).map(found).collect::<Vec<_>>(), expected);
        let (precision, recall) = (numbers(&case["precision"]), numbers(&case["recall"]));
        for (k, scores) in confusion.of_classes().iter().enumerate() {
            assert_close(scores.precision, precision[k], ROUNDING, "precision");
            assert_close(scores.recall, recall[k], ROUNDING, "recall");
            assert_eq!((&scores.label, scores.support), (&labels[k], indices(&case["support"])[k]));
        }
    }
}

/// As JSON, with 0 for scores that are undefined. Where the numbers come from: golden/class_scores.json, written by
/// golden/class_scores_golden.py.
#[test]
fn scores_of_classes_as_json() {
    let golden: Value = serde_json::from_str(include_str!("golden/class_scores.json")).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let (name, truth) = (case["case"].as_str().unwrap(), indices(&case["true"]));
        let classes = case["classes"].as_u64().unwrap() as usize;
        let labels: Vec<String> = (0..classes).map(|label| label.to_string()).collect();
        let predicted = indices(&case["predicted"]);
        let confusion = match &case["weights"] {
            Value::Null => ConfusionMatrix::new(&labels, &truth, &predicted),
            weights => ConfusionMatrix::weighted(&labels, &truth, &predicted, &numbers(weights)),
        };
        let found = serde_json::to_value(Metrics::Classification { accuracy: 0.0, confusion }).unwrap();
        for (row, expected) in case["confusion_matrix"].as_array().unwrap().iter().enumerate() {
            let found = numbers(&found["confusion_matrix"][row]);
            numbers(expected).iter().zip(found).for_each(|(x, found)| assert_close(found, *x, ROUNDING, name));
        }
        for (k, found) in found["classes"].as_array().unwrap().iter().enumerate() {
            assert_eq!(found["label"], labels[k], "{name}");
            assert_eq!(found["support"].as_f64(), case["support"][k].as_f64(), "{name}");
            for score in ["precision", "recall", "f1"] {
                let expected = case[score][k].as_f64().unwrap();
                assert_close(found[score].as_f64().unwrap(), expected, ROUNDING, &format!("{score}, {name}"));
            }
        }
        for (score, expected) in ["precision", "recall", "f1"].iter().zip(numbers(&case["macro_average"])) {
            let found = found["macro_average"][score].as_f64().unwrap();
            assert_close(found, expected, ROUNDING, &format!("mean {score}, {name}"));
        }
    }
}

#[test]
fn regression_metrics() {
    for case in cases("errors") {
        let (y, prediction, what) = (samples(&case["y"]), samples(&case["prediction"]), case["case"].as_str().unwrap());
        for (name, metric) in
            [("rmse", rmse(&y, &prediction)), ("mae", mae(&y, &prediction)), ("r2", r2(&y, &prediction))]
        {
            assert_close(metric, case[name].as_f64().unwrap(), ROUNDING, &format!("{name}, {what}"));
        }
    }
}

#[test]
fn standard_scaler() {
    let golden = golden("standard_scaler");
    let x = samples(&golden["x"]);
    let standardizer = Standardizer::fit(&x);
    let of = |numbers: &[f64]| Tensor::from_columns(4, numbers.to_vec()).unwrap();
    assert_all_close(&of(&standardizer.mean), &of(&numbers(&golden["mean"])), ROUNDING, "mean");
    assert_all_close(&of(&standardizer.scale), &of(&numbers(&golden["scale"])), ROUNDING, "scale");
    // a mean of 1e7 leaves nine digits of a feature
    assert_all_close(&standardizer.apply(&x), &samples(&golden["scaled"]), 1e-8, "scaled");
    assert_eq!(standardizer.constant(), [3]);
    assert_all_close(&standardizer.invert(&standardizer.apply(&x)), &x, ROUNDING, "there and back");
}

fn predicted(net: &NeuralNetwork, x: &Value) -> Tensor {
    net.predict(&samples(x)).unwrap()
}

#[test]
fn linear_regression() {
    for case in cases("linear_regression") {
        let targets = Targets::Values { columns: vec!["a".into(), "b".into()], values: samples(&case["y"]).into() };
        let data = Dataset::new("golden", samples(&case["x"]), targets).unwrap();
        let net = linear_model(&data).unwrap();
        assert_all_close(
            &predicted(&net, &case["new"]),
            &samples(&case["prediction"]),
            OPTIMUM,
            &case["case"].to_string(),
        );
        // the naive model is the mean of the training targets
        let naive = predicted(&naive_model(&data).unwrap(), &case["new"]);
        let y = samples(&case["y"]);
        for i in 0..2 {
            let mean = y.row(i).sum::<f64>() / y.columns() as f64;
            assert!(naive.row(i).all(|p| (p - mean).abs() < ROUNDING));
        }
    }
}

#[test]
fn logistic_regression() {
    for case in cases("logistic_regression") {
        let labels = indices(&case["labels"]);
        let targets = Targets::from_labels("class", labels.iter().map(ToString::to_string));
        let data = Dataset::new("golden", samples(&case["x"]), targets).unwrap();
        let p = softmax(&predicted(&linear_model(&data).unwrap(), &case["new"]));
        assert_all_close(&p, &samples(&case["probabilities"]), OPTIMUM, &case["case"].to_string());
        // the naive model predicts the most frequent class
        let count = |class: usize| labels.iter().filter(|label| **label == class).count();
        let most = (0..data.classes()).map(count).max().unwrap();
        let naive = predicted(&naive_model(&data).unwrap(), &case["new"]).argmax();
        assert!(naive.iter().all(|class| count(*class) == most));
        // and its loss is the entropy of the classes
        let frequencies = (0..data.classes()).map(|class| count(class) as f64 / labels.len() as f64);
        let entropy: f64 = frequencies.map(|f| -f * f.ln()).sum();
        let loss = naive_model(&data).unwrap().evaluate_loss(&CrossEntropy, &data).unwrap();
        assert_close(loss, entropy, ROUNDING, "entropy");
    }
}

/// The models of another loss, with weights and without. Where the numbers come from: golden/baselines.json, written by
/// golden/baselines_golden.py.
///
/// The one of `poisson` is the same. The others have squared errors up to 0.01, so their loss may be half of that larger than
/// the least one; it cannot be lower.
#[test]
fn linear_models_of_other_losses() {
    let golden: Value = serde_json::from_str(include_str!("golden/baselines.json")).unwrap();
    let x = samples(&golden["inputs"]);
    let models = golden["models"].as_array().unwrap();
    assert_eq!(models.len(), 6);
    for model in models {
        let name = model["loss"].as_str().unwrap();
        let (loss, y) = (name.parse::<LossName>().unwrap(), numbers(&model["y"]));
        let expected = Tensor::from_rows([<[f64; 80]>::try_from(numbers(&model["prediction"])).unwrap()]);
        let values = Tensor::from_rows([<[f64; 80]>::try_from(y).unwrap()]);
        let targets = Targets::Values { columns: vec!["y".into()], values: (&values).into() };
        let mut data = Dataset::new("golden", x.clone(), targets).unwrap();
        if !model["weights"].is_null() {
            data = data.with_weights(numbers(&model["weights"])).unwrap();
        }
        let net = linear_model_for(&data, loss, |_| std::ops::ControlFlow::Continue(())).unwrap();
        let found = net.predict(&x).unwrap();
        let of = |prediction: &Tensor| {
            let divisor = data.weights().map_or(80.0, |weights| weights.iter().sum());
            loss.loss().weighted_value(
                prediction,
                &values,
                mfnet::loss::Weights { of_samples: data.weights(), divisor },
            )
        };
        if name == "poisson" {
            assert_all_close(&found, &expected.map(f64::ln), OPTIMUM, name);
        } else {
            let (ours, least) = (of(&found), of(&expected));
            assert!(ours >= least - ROUNDING && ours < least + 0.005, "{name}: {ours}, the least is {least}");
        }
        // the best constant: no other one is better
        let naive = naive_model_for(&data, loss).unwrap().predict(&x).unwrap();
        let b = naive[(0, 0)];
        for other in [b - 1e-3, b + 1e-3, b - 0.1, b + 0.1] {
            assert!(of(&naive) <= of(&naive.map(|_| other)) + ROUNDING, "{name}: {other} is better than {b}");
        }
    }
}
