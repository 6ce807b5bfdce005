//! Permutation importance, where the answer is known.
#![allow(clippy::unwrap_used)]

use mfnet::data::Scaler;
use mfnet::layer::Linear;
use mfnet::{Dataset, Model, NeuralNetwork, Preprocessing, Seed, Targets, Tensor};

const SAMPLES: usize = 2000;

/// A model that predicts Σ wᵢ xᵢ exactly, for independent features of deviation 1, and its data.
fn exact(weights: &[f64]) -> (Model, Dataset) {
    let mut rng = Seed(3).stream(mfnet::random::Purpose::Split);
    // of deviation 1: uniform from −√3 to √3
    let x = Tensor::from_fn(weights.len(), SAMPLES, |_, _| (2.0 * rng.uniform() - 1.0) * 3.0_f64.sqrt());
    let y = Tensor::from_fn(1, SAMPLES, |_, j| weights.iter().zip(x.column(j)).map(|(w, x)| w * x).sum());
    let data = Dataset::new("exact", x, Targets::Values { columns: vec!["y".into()], values: y.into() }).unwrap();
    // in the units of the scaled features and target: (w σ_x)/σ_y
    let scale = Preprocessing::fit(&data);
    let (Scaler::Affine(x), Some(y)) = (&scale.inputs, &scale.targets) else { panic!("a shift and a scale") };
    let w = Tensor::from_fn(1, 1 + weights.len(), |_, j| match j {
        0 => (weights.iter().zip(&x.mean).map(|(w, mean)| w * mean).sum::<f64>() - y.mean[0]) / y.scale[0],
        _ => weights[j - 1] * x.scale[j - 1] / y.scale[0],
    });
    let net = NeuralNetwork::from_layers(weights.len(), vec![Linear::new(w).unwrap().into()]).unwrap();
    (Model::new(&data, scale, net).unwrap(), data)
}

/// A feature dealt out anew becomes one that is independent of the target: the error is w (x′ − x), of mean square 2 w², and R² falls by
/// 2 w²/Σ w², whose standard error with 2000 samples and 10 repetitions is about 0.01.
#[test]
fn of_a_linear_model() {
    let (model, data) = exact(&[3.0, 0.0, 1.0, 2.0]);
    let groups: Vec<Vec<usize>> = vec![vec![0], vec![1], vec![2], vec![3], vec![2, 3], vec![], vec![0]];
    let importances = model.permutation_importance(&data, &groups, 10, Seed(0)).unwrap();
    for (i, expected) in [18.0 / 14.0, 0.0, 2.0 / 14.0, 8.0 / 14.0, 10.0 / 14.0].into_iter().enumerate() {
        let mean = importances[i].mean;
        assert!((mean - expected).abs() < 0.05, "{i}: expected {expected}, found {mean}");
        assert!(importances[i].std < 0.05, "{i}");
    }
    // what the model does not look at, and nothing at all
    for i in [1, 5] {
        assert_eq!((importances[i].mean, importances[i].std), (0.0, 0.0), "{i}");
    }
    // another group, and so another order
    assert!(importances[0] != importances[6]);
    assert_eq!(importances, model.permutation_importance(&data, &groups, 10, Seed(0)).unwrap());
    assert!(importances != model.permutation_importance(&data, &groups, 10, Seed(1)).unwrap());
}

/// Two classes in turn, told by one feature: without it half of the answers are right.
#[test]
fn of_classes() {
    let x = Tensor::from_fn(2, SAMPLES, |i, j| if i == 0 { 2.0 * (j % 2) as f64 - 1.0 } else { (j % 7) as f64 });
    let targets = Targets::from_labels("kind", (0..SAMPLES).map(|j| (j % 2).to_string()));
    let data = Dataset::new("two", x, targets).unwrap();
    let w = Tensor::from_rows([[0.0, -1.0, 0.0], [0.0, 1.0, 0.0]]);
    let net = NeuralNetwork::from_layers(2, vec![Linear::new(w).unwrap().into()]).unwrap();
    let model = Model::new(&data, Preprocessing::fit(&data), net).unwrap();
    let importances = model.permutation_importance(&data, &[vec![0], vec![1]], 10, Seed(0)).unwrap();
    // the standard error of a fraction of 2000 is 0.011, of the mean of ten a third of it
    assert!((importances[0].mean - 0.5).abs() < 0.02, "{importances:?}");
    assert_eq!(importances[1].mean, 0.0);
}

#[test]
fn what_is_refused() {
    let (model, data) = exact(&[1.0, 2.0]);
    let error = |data: &Dataset, groups: &[Vec<usize>], repetitions| {
        model.permutation_importance(data, groups, repetitions, Seed(0)).unwrap_err().to_string()
    };
    let none = data.select(&[]).unwrap();
    assert_eq!(error(&data, &[vec![0, 2]], 1), "permutation_importance: expected features below 2, found 2");
    assert_eq!(error(&data, &[vec![0]], 0), "repetitions: expected at least 1, found 0");
    assert_eq!(error(&none, &[vec![0]], 1), "permutation_importance: expected at least one sample, found 0");
    let digits = Dataset::built_in("digits").unwrap();
    assert!(error(&digits, &[vec![0]], 1).starts_with("evaluate: expected 2 features"));
}
