//! A cross-validation: a training for each fold, and what they come to together.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::choices::Choices;
use super::folder::RunFolder;
use super::job::Job;
use super::parts::{Parts, groups};
use super::report::Report;
use super::task::Task;
use crate::failure::Failure;
use crate::output::{grouped, message, print};
use crate::score_table::{headline, headline_cell, table};

/// Trains once for each fold, with the settings that fit the first. What is done is on disk after every fold.
pub(super) fn run(task: &Task<'_>, count: usize) -> Result<(), Failure> {
    let args = task.args;
    let parts = (1..=count).map(|fold| Parts::new(task, Some(fold))).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = parts.first() else { return Ok(()) };
    let choices = Choices::new(args, &first.train, first.validation.samples() > 0);
    let described = described(task, &parts);
    let jobs = parts.into_iter().map(|parts| Job::new(task, parts, choices.clone()));
    let jobs = jobs.collect::<Result<Vec<_>, _>>()?;
    if !args.quiet {
        let network = jobs.first().map_or_else(String::new, Job::described);
        message(&format!("{}\n{described}\n{network}", task.described()));
    }
    let mut summary = Summary { task, count, folder: RunFolder::create(args)?, folds: Vec::new() };
    for (number, job) in (1..).zip(&jobs) {
        let folder = summary.folder.of_fold(number)?;
        let report = job.run(&folder).map_err(|failure| failure.help(format!("this was fold {number} of {count}")))?;
        if task.is_interrupted() {
            return summary.interrupted(number, &folder);
        }
        if !args.quiet {
            message(&format!("fold {number} of {count}: {}", report.outcome()));
        }
        summary.folds.push(report);
        summary.folder.write_metrics(&summary.json())?;
    }
    print(&if args.json { format!("{}\n", summary.json()) } else { summary.text() })
}

/// Which rows are in the parts of all folds.
fn described(task: &Task<'_>, parts: &[Parts]) -> String {
    let range = |rows: &dyn Fn(&Parts) -> usize| {
        let sizes = || parts.iter().map(rows);
        let (least, most) = (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0));
        if least == most { grouped(most) } else { format!("{} to {}", grouped(least), grouped(most)) }
    };
    let train = range(&|parts| parts.train.samples());
    let (validation, test) = (range(&|parts| parts.validation.samples()), range(&|parts| parts.test.samples()));
    let seed = task.args.split_seed.unwrap_or(task.args.seed);
    let not_official = if task.data.has_official_split() { ", not the official split" } else { "" };
    format!(
        "{} folds by seed {seed}{not_official}: {train} training, {validation} validation, {test} test rows{}",
        parts.len(),
        groups(task)
    )
}

/// The folds so far.
struct Summary<'a> {
    task: &'a Task<'a>,
    /// Of all folds.
    count: usize,
    folder: RunFolder,
    folds: Vec<Report>,
}

impl Summary<'_> {
    /// The object of `--json` and metrics.json: those of the folds, and of their test scores mean and standard deviation.
    fn json(&self) -> Value {
        let args = self.task.args;
        let folds: Vec<Value> = self.folds.iter().map(Report::json).collect();
        let over_folds = |part: &str| -> Map<String, Value> {
            let names = folds.first().and_then(|fold| fold[part].as_object()).into_iter().flat_map(Map::keys);
            // several targets have a list of scores
            let of_numbers = names.filter(|name| folds.iter().all(|fold| !fold[part][name.as_str()].is_array()));
            let of = |name: &String| {
                let numbers = folds.iter().map(|fold| fold[part][name.as_str()].as_f64()).collect::<Option<Vec<_>>>();
                json!(numbers.map(|numbers| Spread::of(&numbers)))
            };
            of_numbers.map(|name| (name.clone(), of(name))).collect()
        };
        json!({
            "task": if self.task.data.classes() > 0 { "classification" } else { "regression" },
            "data": args.data,
            "features": self.task.data.features(),
            "seconds": folds.iter().map(|fold| fold["seconds"].as_f64()).sum::<Option<f64>>(),
            "seed": args.seed,
            "threads": self.task.threads.count(),
            "dtype": self.task.dtype().to_string(),
            "output": self.folder.path().display().to_string(),
            "test": over_folds("test"),
            "baselines": over_folds("baselines"),
            "verdict": self.verdict(),
            "folds": folds,
        })
    }

    /// The same for people.
    fn text(&self) -> String {
        let Some(like) = self.folds.iter().find_map(|fold| fold.compared()[0]) else { return String::new() };
        let of = |fold: &Report, model: usize| fold.compared()[model].map(|metrics| headline(metrics).1);
        let line = |name: String, rows: String, of: &dyn Fn(usize) -> Option<f64>| {
            let cell = |model| of(model).map_or_else(String::new, |x| headline_cell(like, x));
            (name, vec![rows, cell(0), cell(1), cell(2)])
        };
        let header = ["rows", "network", "linear", "naive"].map(str::to_owned).to_vec();
        let mut lines = vec![(format!("test {}", headline(like).0), header)];
        for (number, fold) in (1..).zip(&self.folds) {
            lines.push(line(format!("fold {number}"), grouped(fold.test_samples()), &|model| of(fold, model)));
        }
        let spread = |model: usize| {
            let numbers = self.folds.iter().map(|fold| of(fold, model)).collect::<Option<Vec<_>>>();
            numbers.map(|numbers| Spread::of(&numbers))
        };
        lines.push(line("mean".to_owned(), String::new(), &|model| spread(model).map(|spread| spread.mean)));
        lines.push(line("± deviation".to_owned(), String::new(), &|model| {
            spread(model).map(|spread| spread.deviation)
        }));
        let verdict = self.verdict().map_or_else(String::new, |verdict| format!("\n{verdict}\n"));
        let folder = self.folder.path().display();
        format!(
            "{}{verdict}\nsaved: {folder}/fold-1 to {folder}/fold-{}, each with a report.html\n",
            table(&lines),
            self.folds.len()
        )
    }

    /// In how many folds the network is worth more than what is simpler.
    fn verdict(&self) -> Option<String> {
        let better = |fold: &Report| match fold.compared() {
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

    /// What Ctrl-C came to.
    fn interrupted(&self, number: usize, folder: &RunFolder) -> Result<(), Failure> {
        if !self.task.args.json && !self.folds.is_empty() {
            print(&self.text())?;
        }
        let (model, count) = (folder.model().display().to_string(), self.count);
        message(&format!("\ninterrupted in fold {number} of {count}: its model so far is in {model}"));
        Err(Failure::interrupted())
    }
}

/// Mean and standard deviation, the population's: √(1/n Σ (x − mean)²).
#[derive(Serialize)]
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
