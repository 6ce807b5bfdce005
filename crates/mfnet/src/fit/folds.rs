use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::summary::{Summary, doubt_of_copies};
use crate::metric::{Metrics, mean_and_deviation};
use crate::text::{escaped, grouped, headline, headline_cell, significant, table};

/// The finished fits of a cross-validation.
#[derive(Clone, Debug, Default)]
pub struct Folds {
    /// The summary of each fold.
    pub folds: Vec<Summary>,
    /// [`Plan::notes_of`](super::Plan::notes_of) the folds.
    pub notes: Vec<String>,
    /// The folder of the files, if the caller wrote any.
    pub output: Option<PathBuf>,
}

impl Folds {
    /// The contents of metrics.json: the summaries of the folds, and mean and standard deviation of
    /// their test scores; for several targets, those of all together. A number that is missing or
    /// not finite in a fold becomes null.
    pub fn json(&self) -> Value {
        let folds: Vec<Value> = self.folds.iter().map(Summary::json).collect();
        let first = folds.first().unwrap_or(&Value::Null);
        let spread = |path: &str| Spread::of(folds.iter().map(|fold| fold.pointer(path)?.as_f64()));
        // scores are numbers, also in macro_average; other entries are those of single classes or targets
        let of = |path: &str| -> Map<String, Value> {
            let entries = first.pointer(path).and_then(Value::as_object).into_iter().flatten();
            let scores = entries.filter(|(_, score)| score.is_number() || score.is_null());
            scores.map(|(name, _)| (name.clone(), json!(spread(&format!("{path}/{name}"))))).collect()
        };
        let mut test = of("/test");
        if first["test"]["macro_average"].is_object() {
            test.insert("macro_average".to_owned(), of("/test/macro_average").into());
        }
        let mut json = json!({
            "task": first["task"],
            "data": first["data"],
            "features": first["features"],
            "seconds": self.folds.iter().map(|fold| fold.seconds).sum::<f64>(),
            "seed": first["seed"],
            "threads": first["threads"],
            "dtype": first["dtype"],
            "output": self.output.as_ref().map(|output| output.display().to_string()),
            "test": test,
            "baselines": { "naive": spread("/baselines/naive"), "linear": spread("/baselines/linear") },
            "verdict": self.verdict(),
            "notes": self.notes,
            "folds": folds,
        });
        if !first["sample_weight"].is_null() {
            json["sample_weight"] = first["sample_weight"].clone();
        }
        json
    }

    /// The results as text: a table of the test scores, and the verdict; empty without test rows.
    pub fn text(&self) -> String {
        let Some(like) = self.folds.iter().find_map(|fold| fold.compared()[0]) else { return String::new() };
        let scores = |fold: &Summary| fold.compared().map(|metrics| Some(headline(metrics?).1));
        let scores: Vec<[Option<f64>; 3]> = self.folds.iter().map(scores).collect();
        let cell = |score: Option<f64>| score.map_or_else(String::new, |x| headline_cell(like, x));
        let class = self.folds.iter().find_map(|fold| Some(&fold.threshold.as_ref()?.class));
        let probability = |fold: &Summary| fold.threshold.as_ref().map(|threshold| threshold.probability);
        let line = |name: String, rows, scores: [_; 3], threshold: Option<f64>| {
            let threshold = threshold.map_or_else(String::new, |threshold| significant(threshold, 3));
            let threshold = class.map(|_| threshold);
            (name, [vec![rows], scores.map(cell).to_vec(), threshold.into_iter().collect()].concat())
        };
        let header = ["rows", "network", "linear", "naive"].into_iter().chain(class.map(|_| "threshold"));
        let mut lines = vec![(format!("test {}", headline(like).0), header.map(str::to_owned).collect())];
        for ((number, fold), scores) in (1..).zip(&self.folds).zip(&scores) {
            lines.push(line(format!("fold {number}"), grouped(fold.test.samples), *scores, probability(fold)));
        }
        let spread = [0, 1, 2].map(|model| Spread::of(scores.iter().map(|scores| scores[model])));
        let of_threshold = Spread::of(self.folds.iter().map(probability));
        for (name, of) in
            [("mean", (|spread| spread.mean) as fn(Spread) -> f64), ("standard deviation", |spread| spread.deviation)]
        {
            lines.push(line(name.to_owned(), String::new(), spread.map(|spread| spread.map(of)), of_threshold.map(of)));
        }
        let class = class.map_or_else(String::new, |class| {
            format!(
                "\nclass {} is predicted where its probability is above the threshold of the fold\n",
                escaped(class)
            )
        });
        let verdict = self.verdict().map_or_else(String::new, |verdict| format!("\n{verdict}\n"));
        format!("{}{class}{verdict}", table(&lines))
    }

    /// Says in how many folds the network is better than the linear model.
    pub fn verdict(&self) -> Option<String> {
        let better = |fold: &Summary| match (fold.compared(), &fold.baselines.scored) {
            (_, Some(scored)) => Some(scored.comparison("linear model")?.difference > 0.0),
            ([Some(network), Some(linear), _], None) => Some(network.better_than(linear)),
            _ => None,
        };
        let better = self.folds.iter().map(better).collect::<Option<Vec<_>>>()?;
        let (count, all) = (better.iter().filter(|better| **better).count(), better.len());
        let folds = match count {
            0 => format!("in none of the {all} folds"),
            count if count == all => format!("in all {all} folds"),
            count => format!("in {count} of {all} folds"),
        };
        let first = self.folds.first()?;
        let score = first.baselines.scored.as_ref().map(|scored| scored.score);
        let by = score.map_or_else(String::new, |score| format!(", by {score}"));
        let tests = self.folds.iter().filter_map(|fold| fold.test.metrics.as_ref());
        let is_negative = |metrics: &&Metrics| matches!(metrics, Metrics::Regression { r2, .. } if *r2 < 0.0);
        let worse = match tests.clone().filter(is_negative).count() {
            // another loss does not aim at the mean
            0 => String::new(),
            _ if score.is_some() => String::new(),
            worse => format!(
                " In {worse} of {all} folds its R² is below 0: the mean of the test rows would predict them better."
            ),
        };
        let found = first.rare.as_ref().map_or_else(String::new, |rare| {
            format!(" {}", rare.found(tests.clone(), first.class_weight.is_some() || first.threshold.is_some()))
        });
        let copies = self.folds.iter().map(|fold| fold.copies).sum();
        let copies = doubt_of_copies(copies, self.folds.iter().map(|fold| fold.test.samples).sum());
        Some(format!("The network beats the linear model on the test rows {folds}{by}.{worse}{found}{copies}"))
    }
}

/// The mean and the standard deviation of a number over the folds.
#[derive(Clone, Copy, Serialize)]
struct Spread {
    mean: f64,
    deviation: f64,
}

impl Spread {
    /// `None` if a number is missing.
    fn of(numbers: impl Iterator<Item = Option<f64>>) -> Option<Self> {
        let numbers = numbers.collect::<Option<Vec<_>>>()?;
        let (mean, deviation) = mean_and_deviation(&numbers);
        Some(Spread { mean, deviation })
    }
}
