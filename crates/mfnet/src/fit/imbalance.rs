//! Classifications with a rare class: accuracy says little about them.
//!
//! A network that never predicts a class of 4 % of the rows is right on 96 % of them. So the
//! verdict compares log losses, which measure the probabilities, and tells how many rows of the
//! rare class are found.

use super::baselines::{Answers, sentence};
use super::plan::Plan;
use crate::data::{Dataset, Targets};
use crate::metric::{Comparison, ConfusionMatrix, Metrics, weighted_accuracy};
use crate::model::Predictions;
use crate::text::{counted, escaped, grouped, significant};

/// A class is rare if it has fewer than this fraction of the rows,
const RARE: f64 = 0.2;
/// and fewer than this fraction of the rows that it would have if all classes had as many.
const RARE_OF_EQUAL: f64 = 0.5;
/// From this recall on, there is nothing to advise.
const FOUND: f64 = 0.9;

/// The rarest class, if it is rare.
#[derive(Clone, Debug)]
pub(super) struct Rare {
    pub(super) class: usize,
    label: String,
    /// Its fraction of all rows.
    share: f64,
}

impl Plan {
    /// The rarest class, if it is rare among the rows of all parts.
    pub(super) fn rare(&self) -> Option<Rare> {
        let parts = [&self.parts.train, &self.parts.validation, &self.parts.test];
        let labels = self.task.data.labels();
        let mut counts = vec![0_usize; labels.len()];
        for part in parts {
            if let Targets::Classes { indices, .. } = part.targets() {
                indices.iter().for_each(|class| counts[*class] += 1);
            }
        }
        let all: usize = counts.iter().sum();
        let (class, rows) = counts.iter().copied().enumerate().min_by_key(|(_, rows)| *rows)?;
        let share = rows as f64 / all as f64;
        let limit = f64::min(RARE, RARE_OF_EQUAL / labels.len() as f64);
        (share < limit).then(|| Rare { class, label: labels[class].clone(), share })
    }
}

impl Rare {
    /// Says how many test rows of the class the network finds, in one test or in those of all
    /// folds, and what may find more.
    pub(super) fn found<'a>(
        &self,
        tests: impl Iterator<Item = &'a Metrics> + Clone,
        has_class_weights: bool,
    ) -> String {
        let Rare { class, label, share } = self;
        let confusions = tests.filter_map(|metrics| match metrics {
            Metrics::Classification { confusion, .. } => Some(confusion),
            Metrics::Regression { .. } => None,
        });
        let of_class = |confusion: &ConfusionMatrix| -> (usize, f64) {
            let pairs = confusion.pairs().filter(|(truth, ..)| truth == class);
            pairs.fold((0, 0.0), |(rows, weight), (_, predicted, count)| {
                (rows + count, weight + confusion.weight(*class, predicted))
            })
        };
        let (rows, weight) = confusions.clone().map(of_class).fold((0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        let found: usize = confusions.clone().map(|confusion| confusion.count(*class, *class)).sum();
        let recall = confusions.clone().map(|confusion| confusion.weight(*class, *class)).sum::<f64>() / weight;
        let rare = format!("class {}, which has {} of all rows", escaped(label), percent(*share));
        if rows == 0 {
            return format!("No test row is of {rare}, so the scores say nothing about it.");
        }
        let weighted = if confusions.clone().any(ConfusionMatrix::is_weighted) { "weighted recall" } else { "recall" };
        let rows = counted(rows, "test row");
        let said =
            format!("The network finds {} of {rows} of {rare} ({weighted} {}).", grouped(found), percent(recall));
        match recall < FOUND && !has_class_weights {
            true => format!("{said} To find more of them, use `class_weight` balanced."),
            false => said,
        }
    }
}

/// The network and its rivals on test rows with a rare class.
#[derive(Clone, Debug)]
pub(super) struct Imbalance {
    /// How predictions are scored.
    pub(super) score: &'static str,
    rows: usize,
    network: f64,
    /// The rivals with name, score and comparison.
    rivals: Vec<(&'static str, f64, Comparison)>,
}

impl Imbalance {
    /// Scores predictions by log loss. A training with class weights does not aim at it; there, by
    /// the accuracy with these weights.
    pub(super) fn of(test: &Dataset, network: &Answers, rivals: &[(&'static str, &Answers)]) -> Option<Self> {
        let Targets::Classes { indices: truth, .. } = test.targets() else { return None };
        let groups = test.group_numbers();
        // only the row weights belong to the log loss
        let (score, weights) = match test.class_weights() {
            None => ("log loss", test.weights()),
            Some(_) => ("accuracy with class weights", test.loss_weights()),
        };
        let by_loss = test.class_weights().is_none();
        let mut compared = Vec::new();
        let mut of_network = f64::NAN;
        for (name, rival) in rivals {
            let (of_us, of_them, comparison) = if by_loss {
                let [ours, theirs] = [network, rival].map(|answers| &answers.log_losses[..]);
                let comparison = Comparison::of_losses([ours, theirs], weights, groups);
                (mean(ours, weights), mean(theirs, weights), comparison)
            } else {
                let (Predictions::Classes { indices: ours, .. }, Predictions::Classes { indices: theirs, .. }) =
                    (&network.predictions, &rival.predictions)
                else {
                    return None;
                };
                let comparison = Comparison::of_weighted_classes(truth, [ours, theirs], weights, groups);
                let accuracy = |predicted: &[usize]| weighted_accuracy(truth, predicted, weights);
                (accuracy(ours), accuracy(theirs), comparison)
            };
            of_network = of_us;
            compared.push((*name, of_them, comparison));
        }
        Some(Imbalance { score, rows: truth.len(), network: of_network, rivals: compared })
    }

    /// The comparison with a rival.
    pub(super) fn comparison(&self, rival: &str) -> Option<Comparison> {
        self.rivals.iter().find(|(name, ..)| *name == rival).map(|(.., comparison)| *comparison)
    }

    /// Whether the network beats its baselines, as [`super::baselines::verdict`].
    pub(super) fn verdict(&self) -> Option<String> {
        sentence(["naive baseline", "linear model"].map(|name| (name, self.comparison(name))), &|names| {
            let cell = |x: f64| if self.score == "log loss" { significant(x, 4) } else { percent(x) };
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

fn percent(fraction: f64) -> String {
    format!("{} %", significant(100.0 * fraction, 2))
}
