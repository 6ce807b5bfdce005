//! Classifications with a rare class: accuracy says little about them.
//!
//! A network that never predicts a class of 4 % of the rows is right on 96 % of them. So the
//! verdict compares log losses, which measure the probabilities, and tells how many rows of the
//! rare class are found.

use super::baselines::Answers;
use super::plan::Plan;
use crate::data::{Dataset, Targets};
use crate::metric::{ConfusionMatrix, Metrics, Ranking};
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
    /// Says how many test rows of the class the network finds, in one test or in those of all folds, and
    /// what may find more, unless the recipe has chosen class weights or a threshold.
    pub(super) fn found<'a>(&self, tests: impl Iterator<Item = &'a Metrics> + Clone, has_chosen: bool) -> String {
        let Rare { class, label, share } = self;
        let confusions = tests.filter_map(|metrics| match metrics {
            Metrics::Classification { confusion, .. } => Some(confusion),
            Metrics::Labels { .. } | Metrics::Regression { .. } => None,
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
        let more = if confusions.clone().all(|of| of.labels().len() == 2) { "`threshold` f1 or " } else { "" };
        let said =
            format!("The network finds {} of {rows} of {rare} ({weighted} {}).", grouped(found), percent(recall));
        match recall < FOUND && !has_chosen {
            true => format!("{said} To find more of them, use {more}`class_weight` balanced."),
            false => said,
        }
    }
}

/// The area under the precision-recall curve of the rare class, for the network and the linear model.
#[derive(Clone, Debug)]
pub(super) struct Precision {
    network: f64,
    linear: Option<f64>,
    /// The share of the class: the area for probabilities that say nothing.
    chance: f64,
}

impl Precision {
    /// Scores what models say about the test rows.
    pub(super) fn of(rare: &Rare, test: &Dataset, network: &Answers, linear: Option<&Answers>) -> Option<Self> {
        let Targets::Classes { indices, .. } = test.targets() else { return None };
        let is_rare: Vec<bool> = indices.iter().map(|class| *class == rare.class).collect();
        let ranking = |answers: &Answers| match &answers.predictions {
            Predictions::Classes { probabilities, .. } => {
                let scores: Vec<f64> = probabilities.feature(rare.class).collect();
                Some(Ranking::new(&is_rare, &scores, test.weights()))
            }
            Predictions::Labels { .. } | Predictions::Values { .. } => None,
        };
        let network = ranking(network)?;
        let chance = network.positives() / (network.positives() + network.negatives());
        let linear = linear.and_then(ranking).map(|ranking| ranking.average_precision());
        (chance > 0.0).then(|| Precision { network: network.average_precision(), linear, chance })
    }

    /// A sentence after the one about recall.
    pub(super) fn sentence(&self) -> String {
        let linear =
            self.linear.map_or_else(String::new, |x| format!("{} for the linear model and ", significant(x, 3)));
        format!(
            " The area under its precision-recall curve is {}, against {linear}{} for chance.",
            significant(self.network, 3),
            significant(self.chance, 3)
        )
    }
}

pub(super) fn percent(fraction: f64) -> String {
    format!("{} %", significant(100.0 * fraction, 2))
}
