//! Metrics are those of scikit-learn, with and without weights.
//!
//! Where the numbers come from: golden/metrics.json, written by golden/metrics_golden.py, which names its versions.
#![allow(clippy::unwrap_used)]

mod golden;

use golden::{assert_close, indices, numbers, samples};
use mfnet::metric::{
    ConfusionMatrix, MoreMetrics, Ranking, brier_score, calibration, calibration_error, d2_quantile,
    explained_variance, log_loss, mape, max_error, median_absolute_error, quantile_loss, top_k_accuracy,
};
use mfnet::{Targets, Tensor};
use serde_json::Value;

/// Some hundred additions in another order.
const TOLERANCE: f64 = 1e-12;

fn cases(task: &str) -> Vec<Value> {
    let golden: Value = serde_json::from_str(include_str!("golden/metrics.json")).unwrap();
    golden[task].as_array().unwrap().clone()
}

fn weights(case: &Value) -> Option<Vec<f64>> {
    (!case["weights"].is_null()).then(|| numbers(&case["weights"]))
}

#[test]
fn metrics_of_classes() {
    for case in cases("classification") {
        let (classes, p, weights) = (indices(&case["true"]), samples(&case["p"]), weights(&case));
        let weights = weights.as_deref();
        let name = case["case"].as_str().unwrap();
        let check = |found: f64, metric: &str| {
            assert_close(found, case["scores"][metric].as_f64().unwrap(), TOLERANCE, &format!("{name}, {metric}"));
        };
        let labels: Vec<String> = (0..p.rows()).map(|k| k.to_string()).collect();
        let predicted = p.argmax();
        let confusion = match weights {
            Some(weights) => ConfusionMatrix::weighted(&labels, &classes, &predicted, weights),
            None => ConfusionMatrix::new(&labels, &classes, &predicted),
        };
        check(confusion.balanced_accuracy(), "balanced_accuracy");
        check(confusion.kappa(), "kappa");
        check(confusion.matthews(), "matthews");
        check(log_loss(&classes, &p, weights), "log_loss");
        check(brier_score(&classes, &p, weights), "brier_score");
        check(calibration_error(&classes, &p, weights), "calibration_error");
        check(top_k_accuracy(&classes, &p, 2, weights), "top_2");
        check(top_k_accuracy(&classes, &p, 1, weights), "accuracy");
        let mean = confusion.weighted_average();
        for (found, expected) in
            [mean.precision, mean.recall, mean.f1].iter().zip(numbers(&case["scores"]["weighted_average"]))
        {
            assert_close(*found, expected, TOLERANCE, name);
        }
        let (roc, precision) = (numbers(&case["scores"]["roc_auc"]), numbers(&case["scores"]["average_precision"]));
        for k in 0..p.rows() {
            let is_of_class: Vec<bool> = classes.iter().map(|class| *class == k).collect();
            let ranking = Ranking::new(&is_of_class, &p.row(k).collect::<Vec<_>>(), weights);
            assert_close(ranking.roc_auc(), roc[k], TOLERANCE, &format!("{name}, ROC area of {k}"));
            assert_close(ranking.average_precision(), precision[k], TOLERANCE, &format!("{name}, precision of {k}"));
        }
        // together: of two classes the second, otherwise the mean
        let targets = Targets::Classes { column: "class".to_owned(), labels, indices: classes };
        let all = serde_json::to_value(MoreMetrics::of(&p, &targets, weights)).unwrap();
        let mean = |of: &[f64]| if of.len() == 2 { of[1] } else { of.iter().sum::<f64>() / of.len() as f64 };
        for (metric, expected) in [("roc_auc", mean(&roc)), ("average_precision", mean(&precision))] {
            assert_close(all[metric].as_f64().unwrap(), expected, TOLERANCE, &format!("{name}, {metric}"));
        }
        for metric in ["balanced_accuracy", "kappa", "matthews", "log_loss", "brier_score", "calibration_error"] {
            check(all[metric].as_f64().unwrap(), metric);
        }
    }
}

#[test]
fn metrics_of_values() {
    for case in cases("regression") {
        let (y, prediction, weights) = (samples(&case["y"]), samples(&case["prediction"]), weights(&case));
        let weights = weights.as_deref();
        let name = case["case"].as_str().unwrap();
        let check = |found: f64, metric: &str| {
            assert_close(found, case["scores"][metric].as_f64().unwrap(), TOLERANCE, &format!("{name}, {metric}"));
        };
        check(median_absolute_error(&y, &prediction, weights), "median_absolute_error");
        check(max_error(&y, &prediction), "max_error");
        check(mape(&y, &prediction, weights), "mape");
        check(explained_variance(&y, &prediction, weights), "explained_variance");
        check(d2_quantile(&y, &prediction, 0.5, weights), "d2_absolute_error");
        check(d2_quantile(&y, &prediction, 0.9, weights), "d2_quantile_0.9");
        check(quantile_loss(&y, &prediction, 0.9, weights), "quantile_loss_0.9");
        let columns = (0..y.rows()).map(|i| format!("y{i}")).collect();
        let targets = Targets::Values { columns, values: (&y).into() };
        let all = serde_json::to_value(MoreMetrics::of(&prediction, &targets, weights)).unwrap();
        for metric in ["median_absolute_error", "max_error", "mape", "explained_variance", "d2_absolute_error"] {
            check(all[metric].as_f64().unwrap(), metric);
        }
    }
}

/// Scores that say nothing: one class, no samples, constant targets, weights of 0, NaN.
#[test]
fn where_metrics_have_no_value() {
    let p = Tensor::from_rows([[0.75, 0.25], [0.25, 0.75]]);
    let one = Ranking::new(&[true, true], &[0.25, 0.75], None);
    assert!(one.roc_auc().is_nan() && one.average_precision() == 1.0);
    let none = Ranking::new(&[false, false], &[0.25, 0.75], None);
    assert!(none.roc_auc().is_nan() && none.average_precision().is_nan());
    assert!(
        log_loss(&[], Tensor::zeros(2, 0), None).is_nan() && calibration(&[], Tensor::zeros(2, 0), None).is_empty()
    );
    assert_eq!(log_loss(&[0, 1], &p, Some(&[0.0, 1.0])), -(0.75_f64.ln()));
    // a wrong class of probability 0 costs −log 2⁻⁵², also with weight 0
    let sure = Tensor::from_rows([[1.0], [0.0]]);
    assert_eq!(log_loss(&[1], &sure, None), 52.0 * 2.0_f64.ln());
    let (y, constant) = (Tensor::from_rows([[1.0, 2.0, 4.0]]), Tensor::from_rows([[3.0, 3.0, 3.0]]));
    assert_eq!((d2_quantile(&constant, &constant, 0.5, None), d2_quantile(&constant, &y, 0.5, None)), (1.0, 0.0));
    assert_eq!((explained_variance(&constant, &constant, None), explained_variance(&constant, &y, None)), (1.0, 0.0));
    assert!(max_error(&y, Tensor::from_rows([[f64::NAN, 2.0, 4.0]])).is_nan());
    let targets = Targets::Values { columns: vec!["y".into()], values: Tensor::from_rows([[0.0, 1.0]]).into() };
    let MoreMetrics::Regression { mape, .. } = MoreMetrics::of(Tensor::from_rows([[1.0, 1.0]]), &targets, None) else {
        panic!("values")
    };
    assert_eq!(mape, None);
}
