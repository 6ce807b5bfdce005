//! Prediction intervals cover as many targets as they promise, and are stored with the model.
//!
//! Where the numbers come from: the binomial distribution of the covered rows, and Lei et al. 2018: with n held-out rows, an
//! interval of a level covers a new row with a probability from the level to the level plus 1/(n + 1).
#![allow(clippy::unwrap_used)]

use mfnet::fit::{Plan, Source};
use mfnet::model::Predictions;
use mfnet::random::Purpose;
use mfnet::train::linear_model;
use mfnet::{Dataset, Fractions, Model, Preprocessing, Recipe, Seed, Table, Targets, Tensor, fit};

/// A line with noise that is far from normal, and 5000 new rows for each split.
fn data(seed: u64) -> Dataset {
    let mut rng = Seed(seed).stream(Purpose::Split);
    let x = Tensor::from_fn(2, 5400, |_, _| rng.uniform());
    let y = Tensor::from_fn(1, 5400, |_, j| 3.0 * x[(0, j)] - x[(1, j)] + rng.uniform().powi(4) * 2.0);
    Dataset::new("line", x, Targets::Values { columns: vec!["y".into()], values: y.into() }).unwrap()
}

/// The fraction of the rows whose target lies in the interval.
fn coverage(model: &Model, rows: &Dataset, level: f64) -> f64 {
    let (Predictions::Values { values, .. }, Targets::Values { values: truth, .. }) =
        (model.predict_dataset(rows).unwrap(), rows.targets())
    else {
        panic!("values")
    };
    let [lower, upper] = model.bounds(&values, level).unwrap();
    let is_in = |row: &usize| (lower.number(*row, 0)..=upper.number(*row, 0)).contains(&truth.number(*row, 0));
    (0..rows.samples()).filter(is_in).count() as f64 / rows.samples() as f64
}

/// The coverage given the held-out rows is Beta(k, n + 1 − k) with k = ⌈(n + 1) level⌉; over 40 splits its mean deviates by
/// less than four standard deviations, plus those of 5000 rows each.
#[test]
fn new_rows_are_covered_as_promised() {
    for level in [0.5, 0.8, 0.9, 0.95] {
        let splits: u32 = 40;
        let (mut sum, mut n) = (0.0, 0);
        for seed in 0..u64::from(splits) {
            let data = data(seed);
            let parts =
                data.split(Fractions { validation: 200.0 / 5400.0, test: 5000.0 / 5400.0 }, Seed(seed)).unwrap();
            let (train, held_out, test) = parts;
            let scale = Preprocessing::fit(&train);
            let net = linear_model(&scale.apply(&train)).unwrap();
            let model = Model::new(&data, scale, net).unwrap().with_intervals(&held_out).unwrap();
            n = held_out.samples();
            sum += coverage(&model, &test, level);
        }
        let rank = ((n + 1) as f64 * level).ceil();
        let expected = rank / (n + 1) as f64;
        let variance = expected * (1.0 - expected) / (n + 2) as f64 + expected * (1.0 - expected) / 5000.0;
        let found = sum / f64::from(splits);
        assert!((found - expected).abs() < 4.0 * (variance / f64::from(splits)).sqrt(), "{level}: {found}, {expected}");
    }
}

/// As `mfnet train` makes it: the test rows of a fit, within four binomial standard deviations of both kinds of rows.
#[test]
fn a_fit_has_intervals_from_its_validation_rows() {
    let mut rng = Seed(7).stream(Purpose::Split);
    let row = |_| {
        let (a, b) = (rng.uniform(), rng.uniform());
        format!("{a},{b},{}\n", (6.0 * a).sin() + b + 0.3 * (rng.uniform() + rng.uniform()))
    };
    let text: String = (0..3000).map(row).collect();
    let table = Table::from_text("waves", &format!("a,b,y\n{text}")).unwrap();
    let recipe =
        Recipe { validation_fraction: Some(0.3), epochs: Some(15), no_baselines: true, ..Recipe::of_target("y") };
    let fit = fit(table, &recipe, &mut ()).unwrap();
    let (test, _) = fit.plan.test();
    for level in [0.5, 0.9] {
        let found = coverage(&fit.model, test, level);
        let deviation = (level * (1.0 - level) * (1.0 / 600.0 + 1.0 / 900.0)).sqrt();
        assert!((found - level).abs() < 4.0 * deviation, "{level}: {found}");
    }
    // the file has them, and gives the same bytes again
    let bytes = fit.model.to_bytes().unwrap();
    let read = Model::from_bytes("model", &bytes).unwrap();
    assert_eq!(read.intervals(), fit.model.intervals());
    assert!(read.intervals().is_some() && read.to_bytes().unwrap() == bytes);
    // neither classes nor fits without validation rows have any
    let none = |recipe: Recipe, source: Source| Plan::new(source, &recipe).unwrap().run(&mut ()).unwrap().model;
    let quick = Recipe { epochs: Some(1), no_baselines: true, ..Recipe::default() };
    let table =
        |name: &str| Source::from(mfnet::data::BUILT_IN.iter().find(|of| of.name == name).unwrap().table().unwrap());
    assert!(none(quick.clone(), table("digits")).intervals().is_none());
    let without = none(Recipe { validation_fraction: Some(0.0), ..quick }, table("diabetes"));
    assert!(without.intervals().is_none());
    let values = without.predict_dataset(&Dataset::built_in("diabetes").unwrap()).unwrap();
    let Predictions::Values { values, .. } = values else { panic!("values") };
    assert!(without.bounds(&values, 0.9).unwrap_err().to_string().starts_with("interval: expected a model of values"));
}
