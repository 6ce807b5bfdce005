use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::plan::Plan;
use super::summary::{Part, Summary};
use crate::metric::Metrics;
use crate::text::{grouped, headline, headline_cell, table};

/// The fits of a cross-validation so far.
#[derive(Clone, Debug)]
pub struct Folds {
    /// Their summaries, fold after fold.
    pub folds: Vec<Summary>,
    /// The folder of their files, if the caller wrote some.
    pub output: Option<PathBuf>,
    plan: Plan,
}

impl Folds {
    /// Of a cross-validation that has not begun; `plan` is that of one fold.
    pub fn new(plan: &Plan) -> Self {
        Folds { folds: Vec::new(), output: None, plan: plan.clone() }
    }

    /// The object of metrics.json: those of the folds, and mean and standard deviation of their test scores.
    pub fn json(&self) -> Value {
        let task = &self.plan.task;
        let headline = |model: usize| self.spread(|fold| fold.compared()[model].map(Metrics::headline));
        json!({
            "task": task.kind(),
            "data": task.name,
            "features": task.data.features(),
            "seconds": self.folds.iter().map(|fold| fold.seconds).sum::<f64>(),
            "seed": task.recipe.seed,
            "threads": task.threads.count(),
            "dtype": task.dtype().to_string(),
            "output": self.output.as_ref().map(|output| output.display().to_string()),
            "test": self.test_scores(),
            "baselines": { "naive": headline(2), "linear": headline(1) },
            "verdict": self.verdict(),
            "folds": self.folds.iter().map(Summary::json).collect::<Vec<_>>(),
        })
    }

    /// Mean and standard deviation of each test score.
    fn test_scores(&self) -> Map<String, Value> {
        let names = self.folds.first().map_or_else(Vec::new, |fold| scores(&fold.test));
        let spread = |i: usize| self.spread(|fold| scores(&fold.test).get(i).and_then(|score| score.1));
        names.iter().enumerate().map(|(i, (name, _))| ((*name).to_owned(), json!(spread(i)))).collect()
    }

    /// Of a score of every fold; none if one of them is missing or not finite.
    fn spread(&self, of: impl Fn(&Summary) -> Option<f64>) -> Option<Spread> {
        let numbers = self.folds.iter().map(|fold| of(fold).filter(|x| x.is_finite())).collect::<Option<Vec<_>>>();
        numbers.map(|numbers| Spread::of(&numbers))
    }

    /// The results for people: a table of the test scores and the verdict; empty without test rows.
    pub fn text(&self) -> String {
        let Some(like) = self.folds.iter().find_map(|fold| fold.compared()[0]) else { return String::new() };
        let scores = |fold: &Summary| fold.compared().map(|metrics| metrics.map(|metrics| headline(metrics).1));
        let scores: Vec<[Option<f64>; 3]> = self.folds.iter().map(scores).collect();
        let cell = |score: Option<f64>| score.map_or_else(String::new, |x| headline_cell(like, x));
        let line = |name: &str, rows, [network, linear, naive]: [Option<f64>; 3]| {
            (name.to_owned(), vec![rows, cell(network), cell(linear), cell(naive)])
        };
        let header = ["rows", "network", "linear", "naive"].map(str::to_owned).to_vec();
        let mut lines = vec![(format!("test {}", headline(like).0), header)];
        for (i, fold) in self.folds.iter().enumerate() {
            lines.push(line(&format!("fold {}", i + 1), grouped(fold.test.samples), scores[i]));
        }
        let spread = |model: usize| scores.iter().map(|scores| scores[model]).collect::<Option<Vec<_>>>();
        let spread = [0, 1, 2].map(|model| spread(model).as_deref().map(Spread::of));
        lines.push(line("mean", String::new(), spread.map(|spread| Some(spread?.mean))));
        lines.push(line("± deviation", String::new(), spread.map(|spread| Some(spread?.deviation))));
        let verdict = self.verdict().map_or_else(String::new, |verdict| format!("\n{verdict}\n"));
        format!("{}{verdict}", table(&lines))
    }

    /// In how many folds the network is better than the linear model, in words.
    pub fn verdict(&self) -> Option<String> {
        let better = |fold: &Summary| match fold.compared() {
            [Some(network), Some(linear), _] => Some(network.better_than(linear)),
            _ => None,
        };
        let better = self.folds.iter().map(better).collect::<Option<Vec<_>>>()?;
        let (count, all) = (better.iter().filter(|better| **better).count(), better.len());
        let folds = match count {
            0 => format!("in none of the {all} folds"),
            count if count == all => format!("in all {all} folds"),
            count => format!("in {count} of {all} folds"),
        };
        Some(format!("On the test rows the network is better than the linear model {folds}."))
    }
}

/// Loss and metrics of a part that has rows; of several targets those of all together.
fn scores(part: &Part) -> Vec<(&'static str, Option<f64>)> {
    let of_metrics = match &part.metrics {
        None => return Vec::new(),
        Some(Metrics::Classification { accuracy, .. }) => vec![("accuracy", Some(*accuracy))],
        Some(Metrics::Regression { rmse, mae, r2, .. }) => {
            vec![("rmse", Some(*rmse)), ("mae", Some(*mae)), ("r2", Some(*r2))]
        }
    };
    [vec![("loss", part.loss)], of_metrics].concat()
}

/// Mean and standard deviation, the population's: √(1/n Σ (x − mean)²).
#[derive(Clone, Copy, Serialize)]
struct Spread {
    mean: f64,
    deviation: f64,
}

impl Spread {
    fn of(numbers: &[f64]) -> Self {
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let squares = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        Spread { mean, deviation: (squares / n).sqrt() }
    }
}
