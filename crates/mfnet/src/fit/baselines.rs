//! The models that the network is compared with, and the verdict in words.

use super::imbalance::Precision;
use super::observer::Observer;
use super::plan::Plan;
use super::scored::{Score, Scored};
use super::summary::Fit;
use super::trial::Metric;
use crate::data::{Dataset, Targets};
use crate::error::Result;
use crate::loss::LossName;
use crate::metric::{Comparison, Metrics};
use crate::model::{Model, Predictions};
use crate::network::NeuralNetwork;
use crate::text::{counted, grouped, headline, headline_cell, r2_cell, significant};
use crate::train::{linear_model_for, naive_model_for};
use std::ops::ControlFlow;

/// The level of significance.
pub(crate) const RARE: f64 = 0.05;

/// The models that the network has to beat on the test rows.
#[derive(Clone, Debug, Default)]
pub struct Baselines {
    /// [`crate::train::naive_model_for`] the loss of the fit.
    pub naive: Option<Baseline>,
    /// [`crate::train::linear_model_for`] the loss of the fit.
    pub linear: Option<Baseline>,
    /// How the network compares by another score than accuracy or RMSE.
    pub(super) scored: Option<Scored>,
    /// How well its probabilities find a rare class.
    pub(super) precision: Option<Precision>,
}

/// The scores of a baseline.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// The metrics on the test rows.
    pub metrics: Metrics,
    /// How much better the network is on the test rows, by accuracy or RMSE. Classes are those that are
    /// predicted: with a threshold those of the network and of the linear model, each with its own.
    pub comparison: Option<Comparison>,
    /// Its loss on the test rows.
    pub test_loss: Option<f64>,
    /// Its loss on the validation rows, or on the training rows if there are none.
    pub loss: Option<f64>,
    /// For classification, its accuracy on the validation rows.
    pub accuracy: Option<f64>,
}

impl Baselines {
    /// Fits the baselines to the training rows, which are scaled, and scores them on the test rows,
    /// which are not. Returns no baselines if the recipe skips them or the observer stops first,
    /// and whether it stopped.
    pub(super) fn of(
        plan: &Plan,
        train: &Dataset,
        network: &Model,
        observer: &mut dyn Observer,
    ) -> Result<(Self, bool)> {
        let interrupted = observer.baseline(0) == ControlFlow::Break(());
        let test = &plan.parts.test;
        if plan.task.recipe.no_baselines || interrupted || test.samples() == 0 {
            return Ok((Baselines::default(), interrupted));
        }
        let rows = if plan.validates() { &plan.parts.validation } else { &plan.parts.train };
        let score = Score::of(plan);
        let answers = |model: &Model| Answers::of(model, test, score);
        let ours = answers(network)?;
        // the naive one has one probability for all rows: there is nothing to choose
        let baseline = |net: NeuralNetwork, is_linear: bool| -> Result<(Baseline, Answers)> {
            let mut model = Model::new(&plan.task.data, plan.preprocessing.clone(), net)?;
            model.training.loss = Some(plan.loss.to_string());
            // beside the curves of the training, which know no temperature and no threshold
            let loss = model.evaluate_loss(rows)?;
            let has_accuracy = plan.task.data.classes() > 0 && plan.validates();
            let accuracy = has_accuracy.then(|| model.evaluate(rows)).transpose()?.as_ref().map(Metrics::headline);
            if is_linear {
                plan.calibrate(&mut model)?;
            }
            let rival = answers(&model)?;
            let comparison = comparison(&ours.predictions, &rival.predictions, test);
            let (metrics, test_loss) = (model.evaluate(test)?, model.evaluate_loss(test)?);
            Ok((Baseline { metrics, comparison, test_loss, loss, accuracy }, rival))
        };
        let (naive, of_naive) = baseline(naive_model_for(train, plan.loss)?, false)?;
        let mut stopped = false;
        let linear = linear_model_for(train, plan.loss, |steps| {
            let flow = observer.baseline(steps);
            stopped |= flow == ControlFlow::Break(());
            flow
        })?;
        let linear = if stopped { None } else { Some(baseline(linear, true)?) };
        let scored = score.map(|score| {
            let of_linear = linear.as_ref().map(|(_, answers)| ("linear model", answers));
            let rivals: Vec<_> = [("naive baseline", &of_naive)].into_iter().chain(of_linear).collect();
            Scored::of(score, test, &ours, &rivals)
        });
        let of_linear = linear.as_ref().map(|(_, answers)| answers);
        let precision = plan.rare().and_then(|rare| Precision::of(&rare, test, &ours, of_linear));
        let linear = linear.map(|(linear, _)| linear);
        Ok((Baselines { naive: Some(naive), linear, scored, precision }, stopped))
    }
}

impl Fit {
    /// How much better the model is than another one on the test rows by a metric: log loss and loss by the
    /// losses of the rows, accuracy by the classes, RMSE and R² by the squared errors. `None` without test
    /// rows, and for other metrics.
    ///
    /// # Errors
    /// As [`Model::predict_dataset`].
    pub fn compare(&self, other: &Model, metric: Metric) -> Result<Option<Comparison>> {
        let (test, _) = self.plan.test();
        if test.samples() == 0 {
            return Ok(None);
        }
        let loss = match (metric, test.targets()) {
            (Metric::LogLoss, Targets::Classes { .. }) => Some(LossName::CrossEntropy),
            (Metric::LogLoss, Targets::Labels { .. }) => Some(LossName::BinaryCrossEntropy),
            (Metric::Loss, _) => Some(self.plan.loss),
            (Metric::Accuracy | Metric::Rmse | Metric::R2, _) => None,
            _ => return Ok(None),
        };
        let models = [&self.model, other];
        if let Some(loss) = loss {
            let [ours, theirs] = models.map(|model| model.losses(test, loss));
            let comparison = Comparison::of_losses([&ours?, &theirs?], test.weights(), test.group_numbers());
            return Ok(Some(comparison));
        }
        let [ours, theirs] = models.map(|model| model.predict_dataset(test));
        Ok(comparison(&ours?, &theirs?, test))
    }
}

/// What a model says about the test rows.
pub(super) struct Answers {
    pub(super) predictions: Predictions,
    /// The loss of each row, if they are compared.
    pub(super) losses: Vec<f64>,
}

impl Answers {
    fn of(model: &Model, test: &Dataset, score: Option<Score>) -> Result<Self> {
        let losses = match score {
            Some(Score::LogLoss) => model.losses(test, LossName::CrossEntropy)?,
            Some(Score::Loss(loss)) => model.losses(test, loss)?,
            Some(Score::WithClassWeights) | None => Vec::new(),
        };
        Ok(Answers { predictions: model.predict_dataset(test)?, losses })
    }
}

/// Compares the network with a rival on the same rows, with their weights and groups. Returns
/// `None` for predictions of different kinds.
fn comparison(network: &Predictions, rival: &Predictions, test: &Dataset) -> Option<Comparison> {
    let (weights, groups) = (test.weights(), test.group_numbers());
    match (network, rival, test.targets()) {
        (
            Predictions::Classes { indices: network, .. },
            Predictions::Classes { indices: rival, .. },
            Targets::Classes { indices: truth, .. },
        ) => Some(Comparison::of_weighted_classes(truth, [network, rival], weights, groups)),
        (
            Predictions::Values { values: network, .. },
            Predictions::Values { values: rival, .. },
            Targets::Values { values: truth, .. },
        ) => Some(Comparison::of_weighted_values(truth, [network.clone(), rival.clone()], weights, groups)),
        _ => None,
    }
}

/// Whether the network beats its baselines on this many test rows, with or without weights. Returns
/// `None` if a baseline that could be better is missing, or if a difference is not a number.
pub(super) fn verdict(network: &Metrics, rows: (usize, bool), baselines: &Baselines) -> Option<String> {
    if let Some(scored) = &baselines.scored {
        return scored.verdict();
    }
    let rivals = [("naive baseline", &baselines.naive), ("linear model", &baselines.linear)];
    let of = |name: &str| rivals.iter().find(|(rival, _)| *rival == name).and_then(|(_, rival)| rival.as_ref());
    let comparisons = rivals.map(|(name, rival)| (name, rival.as_ref().and_then(|rival| rival.comparison)));
    let text = sentence(comparisons, &|names| {
        let metrics = names.iter().filter_map(|name| Some((*name, &of(name)?.metrics)));
        scores(network, rows, &metrics.collect::<Vec<_>>())
    })?;
    Some(match network {
        Metrics::Regression { r2, .. } if *r2 < 0.0 => format!(
            "The network is not worth using: its R² on {} is {}, so the mean of these rows would predict them better. {text}",
            counted(rows.0, "test row"),
            r2_cell(*r2)
        ),
        _ => text,
    })
}

/// The verdict for rivals with their comparisons, the naive baseline first; `scores` writes the
/// scores of the network and of the rivals with these names.
pub(super) fn sentence(
    rivals: [(&'static str, Option<Comparison>); 2],
    scores: &dyn Fn(&[&'static str]) -> String,
) -> Option<String> {
    let mut all = Vec::new();
    for (name, comparison) in rivals {
        let comparison = comparison.filter(|comparison| comparison.difference.is_finite())?;
        if comparison.difference <= 0.0 {
            return Some(format!("The network does not beat the {name}: {}.", scores(&[name])));
        }
        all.push((name, comparison.p_value));
    }
    // also if there is no probability, because there is only one row
    if let Some((name, p)) = all.iter().find(|(_, p)| p.is_nan() || *p >= RARE) {
        let p = if p.is_nan() { String::new() } else { format!(" (p = {})", significant(*p, 2)) };
        let (scores, so) = match *name {
            "linear model" => (scores(&[name]), "The linear model may be just as good."),
            _ => (
                scores(&["naive baseline", "linear model"]),
                "The network may have learned nothing, or the test rows are too few to tell.",
            ),
        };
        return Some(format!(
            "The network is better than the {name}, but the difference is not statistically significant{p}: {scores}. {so}"
        ));
    }
    let scores = scores(&["linear model", "naive baseline"]);
    Some(format!(
        "The network beats the linear model and the naive baseline: {scores}. Both differences are statistically significant \
         (p < {RARE})."
    ))
}

/// The scores as a part of a sentence about the network.
fn scores(network: &Metrics, (rows, weighted): (usize, bool), rivals: &[(&str, &Metrics)]) -> String {
    let rows = counted(rows, "test row");
    let counts_mistakes = matches!(network, Metrics::Classification { .. }) && !weighted;
    let score = |metrics: &Metrics| {
        if counts_mistakes { mistakes(metrics) } else { headline_cell(metrics, headline(metrics).1) }
    };
    let first = if counts_mistakes {
        format!("it misclassifies {} of {rows}", score(network))
    } else {
        let name = match headline(network).0 {
            "R²" => "mean R²",
            name => name,
        };
        let weighted = if weighted { "weighted " } else { "" };
        format!("its {weighted}{name} on {rows} is {}", score(network))
    };
    let rivals = rivals.iter().map(|(name, metrics)| format!("{} for the {name}", score(metrics)));
    format!("{first}, against {}", rivals.collect::<Vec<_>>().join(" and "))
}

/// Number of wrong predictions.
fn mistakes(metrics: &Metrics) -> String {
    let Metrics::Classification { confusion, .. } = metrics else { return String::new() };
    grouped(confusion.mistakes().iter().map(|(.., count)| count).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    /// A network, a naive baseline and a linear model that are wrong on so many of 100 rows, each on the first ones.
    fn of_mistakes(network: usize, naive: usize, linear: usize) -> String {
        of_weighted_mistakes(network, naive, linear, None)
    }

    fn of_weighted_mistakes(network: usize, naive: usize, linear: usize, weights: Option<Vec<f64>>) -> String {
        let truth = Targets::from_labels("class", (0..100).map(|i| (i % 2).to_string()));
        let Targets::Classes { indices, labels, .. } = &truth else { unreachable!() };
        let output = |mistakes: usize| {
            let predicted = |j: usize| if j < mistakes { 1 - indices[j] } else { indices[j] };
            Tensor::from_fn(2, 100, |i, j| if predicted(j) == i { 1.0 } else { 0.0 })
        };
        let predictions = |output: &Tensor| Predictions::Classes {
            labels: labels.clone(),
            indices: output.argmax(),
            probabilities: output.into(),
        };
        sentence(&truth, weights, [network, naive, linear].map(output), predictions).unwrap()
    }

    fn sentence(
        truth: &Targets,
        weights: Option<Vec<f64>>,
        outputs: [Tensor; 3],
        predictions: impl Fn(&Tensor) -> Predictions,
    ) -> Option<String> {
        let test = Dataset::new("test", Tensor::zeros(1, truth.samples()), truth.clone()).unwrap();
        let test = weights.map_or(Ok(test.clone()), |weights| test.with_weights(weights)).unwrap();
        let metrics = |output: &Tensor| Metrics::weighted(output, truth, test.weights());
        let [network, naive, linear] = &outputs;
        let rival = |rival: &Tensor| Baseline {
            metrics: metrics(rival),
            comparison: comparison(&predictions(network), &predictions(rival), &test),
            test_loss: None,
            loss: None,
            accuracy: None,
        };
        let baselines =
            Baselines { naive: Some(rival(naive)), linear: Some(rival(linear)), scored: None, precision: None };
        verdict(&metrics(network), (truth.samples(), test.weights().is_some()), &baselines)
    }

    #[test]
    fn classes() {
        assert_eq!(
            of_mistakes(7, 50, 17),
            "The network beats the linear model and the naive baseline: it misclassifies 7 of 100 test rows, against 17 for the linear model and 50 for the naive baseline. Both differences are statistically significant (p < 0.05)."
        );
        // 5 rows that one alone gets right: 2 of 2⁵ throws of coins
        assert_eq!(
            of_mistakes(12, 50, 17),
            "The network is better than the linear model, but the difference is not statistically significant (p = 0.062): it misclassifies 12 of 100 test rows, against 17 for the linear model. The linear model may be just as good."
        );
        for worse in [17, 40] {
            assert_eq!(
                of_mistakes(worse, 50, 17),
                format!(
                    "The network does not beat the linear model: it misclassifies {worse} of 100 test rows, against 17 for the linear model."
                )
            );
        }
        assert_eq!(
            of_mistakes(50, 50, 17),
            "The network does not beat the naive baseline: it misclassifies 50 of 100 test rows, against 50 for the naive baseline."
        );
        assert_eq!(
            of_mistakes(49, 50, 60),
            "The network is better than the naive baseline, but the difference is not statistically significant (p = 1.0): it misclassifies 49 of 100 test rows, against 50 for the naive baseline and 60 for the linear model. The network may have learned nothing, or the test rows are too few to tell."
        );
    }

    /// The accuracies are 1 − 0.9/10.8, … : of 100 rows the first twenty weigh 0.5, the others 0.01.
    #[test]
    fn weighted_classes() {
        let weights = || Some((0..100).map(|i| if i < 20 { 0.5 } else { 0.01 }).collect());
        assert_eq!(
            of_weighted_mistakes(2, 50, 17, weights()),
            "The network beats the linear model and the naive baseline: its weighted accuracy on 100 test rows is 90.74 %, against 21.30 % for the linear model and 4.63 % for the naive baseline. Both differences are statistically significant (p < 0.05)."
        );
        assert_eq!(
            of_weighted_mistakes(17, 50, 17, weights()),
            "The network does not beat the linear model: its weighted accuracy on 100 test rows is 21.30 %, against 21.30 % for the linear model."
        );
        // where the network is better little counts
        let heavy = |i| if i < 10 { 1.0 } else { 1e-6 };
        let text = of_weighted_mistakes(10, 50, 30, Some((0..100).map(heavy).collect()));
        assert!(
            text.starts_with("The network beats the linear model and the naive baseline: its weighted accuracy"),
            "{text}"
        );
    }

    #[test]
    fn weighted_values() {
        let weights = || Some((0..30).map(|j| f64::from(j % 3 == 0)).collect());
        assert_eq!(
            of_weighted_errors([0.5, 2.0, 1.0], 1, 30, weights()).unwrap(),
            "The network beats the linear model and the naive baseline: its weighted RMSE on 30 test rows is 0.4500, against 0.9000 for the linear model and 1.800 for the naive baseline. Both differences are statistically significant (p < 0.05)."
        );
        let two = of_weighted_errors([0.5, 2.0, 1.0], 2, 30, weights()).unwrap();
        assert!(
            two.starts_with(
                "The network beats the linear model and the naive baseline: its weighted mean R² on 30 test rows is 0."
            ),
            "{two}"
        );
    }

    /// Errors of so much on every row, up and down, with a tenth of it more or less.
    fn of_errors(errors: [f64; 3], targets: usize, rows: usize) -> Option<String> {
        of_weighted_errors(errors, targets, rows, None)
    }

    fn of_weighted_errors(errors: [f64; 3], targets: usize, rows: usize, weights: Option<Vec<f64>>) -> Option<String> {
        let values = Tensor::from_fn(targets, rows, |i, j| (10 * i + (j * j) % 7) as f64);
        let columns = (0..targets).map(|i| format!("y{i}")).collect();
        let truth = Targets::Values { columns, values: (&values).into() };
        let output = |error: f64| {
            Tensor::from_fn(targets, rows, |i, j| values[(i, j)] + error * (1.0 + 0.1 * ((j % 3) as f64 - 1.0)))
        };
        let predictions = |output: &Tensor| Predictions::Values { columns: Vec::new(), values: output.into() };
        sentence(&truth, weights, errors.map(output), predictions)
    }

    #[test]
    fn values() {
        assert_eq!(
            of_errors([0.5, 2.0, 1.0], 1, 30).unwrap(),
            "The network beats the linear model and the naive baseline: its RMSE on 30 test rows is 0.5017, against 1.003 for the linear model and 2.007 for the naive baseline. Both differences are statistically significant (p < 0.05)."
        );
        assert_eq!(
            of_errors([1.0, 2.0, 1.0], 1, 30).unwrap(),
            "The network does not beat the linear model: its RMSE on 30 test rows is 1.003, against 1.003 for the linear model."
        );
        let two = of_errors([0.5, 2.0, 1.0], 2, 30).unwrap();
        assert_eq!(
            two,
            "The network beats the linear model and the naive baseline: its mean R² on 30 test rows is 0.8756, against 0.5025 for the linear model and -0.9901 for the naive baseline. Both differences are statistically significant (p < 0.05)."
        );
        // one row tells nothing
        assert_eq!(
            of_errors([0.5, 2.0, 1.0], 1, 1).unwrap(),
            "The network is better than the naive baseline, but the difference is not statistically significant: its RMSE on 1 test row is 0.4500, against 1.800 for the naive baseline and 0.9000 for the linear model. The network may have learned nothing, or the test rows are too few to tell."
        );
        // no number, no words
        assert_eq!(of_errors([1e200, 2e200, 3e200], 1, 30), None);
    }

    #[test]
    fn without_the_linear_model_nothing_is_worth_it() {
        let truth = Targets::from_labels("class", ["a", "b"]);
        let metrics =
            |wrong: bool| Metrics::of(Tensor::from_fn(2, 2, |i, j| if (i == j) == wrong { 0.0 } else { 1.0 }), &truth);
        let rival = |difference| Baseline {
            metrics: metrics(true),
            comparison: Some(Comparison { difference, standard_error: 0.01, p_value: 0.001 }),
            test_loss: None,
            loss: None,
            accuracy: None,
        };
        let naive =
            |difference| Baselines { naive: Some(rival(difference)), linear: None, scored: None, precision: None };
        assert_eq!(verdict(&metrics(false), (2, false), &Baselines::default()), None);
        assert_eq!(verdict(&metrics(false), (2, false), &naive(1.0)), None);
        let worse = verdict(&metrics(true), (2, false), &naive(0.0)).unwrap();
        assert!(worse.starts_with("The network does not beat the naive baseline"), "{worse}");
    }
}
