//! The network and its rivals on the test rows, by another score than accuracy or RMSE.

use std::fmt::{Display, Formatter};

use super::baselines::{Answers, sentence};
use super::imbalance::percent;
use super::plan::Plan;
use crate::data::{Dataset, Targets};
use crate::loss::{Kind, LossName};
use crate::metric::{Comparison, weighted_accuracy};
use crate::model::Predictions;
use crate::text::{counted, significant};

/// What scores the predictions of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Score {
    /// The mean of −log p of each row's class, if a class is rare, or if one has a threshold: the naive
    /// baseline has no threshold, and one that finds more rows of a class may lower the accuracy.
    LogLoss,
    /// The accuracy with class weights: a training with them does not aim at the log loss.
    WithClassWeights,
    /// The loss of several labels, or of a regression that is not the squared error: such a network
    /// does not aim at the least RMSE.
    Loss(LossName),
}

impl Score {
    /// What scores the network of a plan; `None` for accuracy or RMSE.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        match plan.rare() {
            Some(_) if plan.class_weights().is_some() => Some(Score::WithClassWeights),
            Some(_) => Some(Score::LogLoss),
            None if plan.task.recipe.threshold.is_some() => Some(Score::LogLoss),
            None => match plan.loss {
                LossName::Mse | LossName::HalfMse => None,
                loss => (loss.kind() != Kind::Classes).then_some(Score::Loss(loss)),
            },
        }
    }

    /// The name of its object in metrics.json.
    pub(super) fn key(self) -> &'static str {
        match self {
            Score::LogLoss => "better_by_log_loss",
            Score::WithClassWeights => "better_by_accuracy_with_class_weights",
            Score::Loss(_) => "better_by_loss",
        }
    }

    fn cell(self, x: f64) -> String {
        if self == Score::WithClassWeights { percent(x) } else { significant(x, 4) }
    }
}

impl Display for Score {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Score::LogLoss => f.write_str("log loss"),
            Score::WithClassWeights => f.write_str("accuracy with class weights"),
            Score::Loss(LossName::BinaryCrossEntropy) => f.write_str("log loss of a label"),
            Score::Loss(loss) => write!(f, "loss ({loss}, of scaled targets)"),
        }
    }
}

/// Scores of the network and of its rivals, for the verdict.
#[derive(Clone, Debug)]
pub(super) struct Scored {
    pub(super) score: Score,
    rows: usize,
    network: f64,
    /// The rivals with name, score and comparison.
    rivals: Vec<(&'static str, f64, Comparison)>,
}

impl Scored {
    /// Scores what models say about the test rows.
    pub(super) fn of(score: Score, test: &Dataset, network: &Answers, rivals: &[(&'static str, &Answers)]) -> Self {
        let groups = test.group_numbers();
        // class weights belong to no loss that is reported
        let weights = if score == Score::WithClassWeights { test.loss_weights() } else { test.weights() };
        let mut compared = Vec::new();
        let mut of_network = f64::NAN;
        for (name, rival) in rivals {
            let (of_us, of_them, comparison) = match (&network.predictions, &rival.predictions, test.targets()) {
                (
                    Predictions::Classes { indices: ours, .. },
                    Predictions::Classes { indices: theirs, .. },
                    Targets::Classes { indices: truth, .. },
                ) if score == Score::WithClassWeights => {
                    let comparison = Comparison::of_weighted_classes(truth, [ours, theirs], weights, groups);
                    let accuracy = |predicted: &[usize]| weighted_accuracy(truth, predicted, weights);
                    (accuracy(ours), accuracy(theirs), comparison)
                }
                _ => {
                    let [ours, theirs] = [network, rival].map(|answers| &answers.losses[..]);
                    let comparison = Comparison::of_losses([ours, theirs], weights, groups);
                    (mean(ours, weights), mean(theirs, weights), comparison)
                }
            };
            of_network = of_us;
            compared.push((*name, of_them, comparison));
        }
        Scored { score, rows: test.samples(), network: of_network, rivals: compared }
    }

    /// The comparison with a rival.
    pub(super) fn comparison(&self, rival: &str) -> Option<Comparison> {
        self.rivals.iter().find(|(name, ..)| *name == rival).map(|(.., comparison)| *comparison)
    }

    /// Whether the network beats its baselines, as [`super::baselines::verdict`].
    pub(super) fn verdict(&self) -> Option<String> {
        sentence(["naive baseline", "linear model"].map(|name| (name, self.comparison(name))), &|names| {
            let cell = |x: f64| self.score.cell(x);
            let score =
                |name: &&str| self.rivals.iter().find(|rival| rival.0 == *name).map_or(f64::NAN, |rival| rival.1);
            let rivals: Vec<String> =
                names.iter().map(|name| format!("{} for the {name}", cell(score(name)))).collect();
            let rows = counted(self.rows, "test row");
            format!("its {} on {rows} is {}, against {}", self.score, cell(self.network), rivals.join(" and "))
        })
    }
}

fn mean(losses: &[f64], weights: Option<&[f64]>) -> f64 {
    let weight = |j: usize| weights.map_or(1.0, |weights| weights[j]);
    let sum: f64 = losses.iter().enumerate().map(|(j, loss)| weight(j) * loss).sum();
    sum / (0..losses.len()).map(weight).sum::<f64>()
}
