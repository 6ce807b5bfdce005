use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use serde::Serialize;
use serde_json::{Value, json};

use super::baselines::{Baseline, Baselines, verdict};
use super::imbalance::{Precision, Rare};
use super::names::Task;
use super::notes::is_many;
use super::plan::Plan;
use crate::data::{Dataset, Target};
use crate::error::Result;
use crate::metric::{Metrics, MoreMetrics};
use crate::model::Model;
use crate::tensor::Dtype;
use crate::text::{Row, columns, counted, escaped, grouped, score_table, significant, sparkline};
use crate::train::{History, Monitor, StopReason, Trainer};

/// The largest number of blocks in a curve.
const BLOCKS: usize = 32;

/// The result of a fit.
///
/// ```
/// use mfnet::{Recipe, Table, fit};
/// let rows: String = (0..60).map(|i| format!("{i},{}\n", i * i % 37)).collect();
/// let table = Table::from_text("flats.csv", &format!("area,price\n{rows}"))?;
/// let fit = fit(table, &Recipe { epochs: Some(3), ..Recipe::of_target("price") }, &mut ())?;
/// assert_eq!(fit.history().epochs.len(), 3);
/// println!("{}", fit.model.predict_row([("area", 30.0.into())])?);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fit {
    /// The model, ready to be saved.
    pub model: Model,
    /// The history of the training, for each network of an ensemble.
    pub histories: Vec<History>,
    /// Scores, baselines and verdict.
    pub summary: Summary,
    /// The plan: everything that was decided before the training.
    pub plan: Plan,
}

impl Fit {
    /// The results as text: the losses as curves, a table of scores, and the verdict.
    pub fn text(&self) -> String {
        let summary = &self.summary;
        let calibration: String = summary.calibration().iter().map(|line| format!("{line}\n")).collect();
        let mut text =
            format!("{}\n{calibration}{}\n{}", summary.outcome(), self.curves(), score_table(&summary.rows()));
        // writing to a String cannot fail
        if let Some(Metrics::Classification { confusion, .. }) = &summary.test.metrics {
            let weighted = if confusion.is_weighted() { " (sums of weights)" } else { "" };
            let _ = writeln!(text, "\nConfusion matrix of the test rows{weighted}\n{confusion}");
        }
        if let Some(verdict) = &summary.verdict {
            let _ = writeln!(text, "\n{verdict}");
        }
        text
    }

    /// The history of the training; of an ensemble, that of the first network.
    pub fn history(&self) -> &History {
        &self.histories[0]
    }

    /// The curves of the losses, one line each; of an ensemble, those of the first network.
    fn curves(&self) -> String {
        let history = self.history();
        let epochs = &history.epochs;
        let whose = if self.histories.len() > 1 { "\nthe first network" } else { "" };
        let line = |name: &str, losses: &[f64]| match losses {
            [first, .., last] => {
                let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
                let number = |loss: f64| significant(loss, 3);
                let lowest = number(lowest);
                let lowest = if lowest == number(*last) || lowest == "inf" {
                    String::new()
                } else {
                    format!(", lowest {lowest}")
                };
                format!("{name:15}  {}  {} → {}{lowest}\n", sparkline(losses, BLOCKS), number(*first), number(*last))
            }
            _ => String::new(),
        };
        let training: Vec<f64> = epochs.iter().map(|epoch| epoch.loss).collect();
        let of_epochs = epochs.iter().filter_map(|epoch| epoch.validation_loss);
        let validation: Vec<f64> = history.start_validation_loss.into_iter().chain(of_epochs).collect();
        let curves = line("training loss", &training) + &line("validation loss", &validation);
        if whose.is_empty() || curves.is_empty() { curves } else { format!("{whose}\n{curves}") }
    }
}

/// Whether an epoch, or the start, had a finite number of what is watched.
fn has_finite_score(monitor: Monitor, history: &History) -> bool {
    let of_epochs = history.epochs.iter().map(|epoch| monitor.watched(epoch));
    of_epochs.chain([history.start_validation_loss]).flatten().any(f64::is_finite) || history.epochs.is_empty()
}

/// A note on a network that was still improving, but is not better than the linear model.
fn still_falling(plan: &Plan, histories: &[History], baselines: &Baselines) -> Option<String> {
    let comparison = match &baselines.scored {
        Some(scored) => scored.comparison("linear model"),
        None => baselines.linear.as_ref()?.comparison,
    };
    let is_behind = comparison?.difference <= 0.0;
    let is_last = |history: &History| {
        let is_trained = has_finite_score(plan.monitor(), history) && history.stop == StopReason::Finished;
        is_trained && history.best_epoch > 0 && history.best_epoch == history.epochs.len()
    };
    (is_behind && plan.validates() && histories.iter().all(is_last)).then(|| {
        format!(
            "the last epoch had the {}, so the network may be worse than the linear model because it was not trained \
             enough: try more `epochs` or a larger `learning_rate`",
            plan.monitor().best()
        )
    })
}

/// Sentences after the verdict about test rows that do not suit a test, and about a rare class.
fn doubts(plan: &Plan, test: &Part, baselines: &Baselines) -> String {
    let mut doubts = String::new();
    if let (Some(rare), Some(metrics)) = (plan.rare(), &test.metrics) {
        doubts += &format!(
            " {}",
            rare.found([metrics].into_iter(), plan.class_weights().is_some() || plan.task.recipe.threshold.is_some())
        );
        doubts += &baselines.precision.as_ref().map_or_else(String::new, Precision::sentence);
    }
    doubts + &doubt_of_copies(plan.findings().copies, test.samples)
}

/// A sentence about copies of training rows among the test rows, if there are many.
pub(super) fn doubt_of_copies(copies: usize, rows: usize) -> String {
    if !is_many(copies, rows) {
        return String::new();
    }
    let (copies, rows) = (grouped(copies), counted(rows, "test row"));
    format!(" But {copies} of {rows} are equal to training rows, so the scores may be too good for new rows.")
}

/// Counts the test rows whose prediction is not a finite number.
fn not_finite(model: &Model, test: &Dataset, scores: &Part) -> Result<Option<String>> {
    let is_finite = match &scores.metrics {
        Some(Metrics::Regression { rmse, .. }) => rmse.is_finite(),
        Some(Metrics::Classification { .. } | Metrics::Labels { .. }) => scores.loss.is_none_or(f64::is_finite),
        None => true,
    };
    if is_finite {
        return Ok(None);
    }
    let count = model.predict_dataset(test)?.not_finite().count();
    let are = if count == 1 { "is" } else { "are" };
    let of = counted(test.samples(), "prediction");
    Ok((count > 0).then(|| format!("{} of {of} for the test rows {are} not finite", grouped(count))))
}

/// Loss and metrics of the rows of a part.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// Number of rows.
    #[serde(skip)]
    pub samples: usize,
    /// The loss that the model was trained with, with the weights of rows and classes.
    pub loss: Option<f64>,
    /// The metrics, with the weights of rows; `None` without rows.
    #[serde(flatten)]
    pub metrics: Option<Metrics>,
    /// Metrics that take longer; `None` without rows.
    #[serde(flatten)]
    pub more: Option<MoreMetrics>,
}

impl Part {
    /// Scores a model on data that are not scaled.
    ///
    /// # Errors
    /// As [`Model::evaluate`].
    pub fn of(model: &Model, data: &Dataset) -> Result<Self> {
        let samples = data.samples();
        if samples == 0 {
            return Ok(Part { samples, loss: None, metrics: None, more: None });
        }
        let (metrics, more) = model.evaluate_all(data)?;
        Ok(Part { samples, loss: model.evaluate_loss(data)?, metrics: Some(metrics), more: Some(more) })
    }

    /// Loss and metrics as JSON; null without rows, and for numbers that are not finite.
    pub fn json(&self) -> Value {
        json!(self.metrics.is_some().then_some(self))
    }

    /// The row of a table of scores.
    pub fn row(&self, name: impl Into<String>) -> Option<Row<'_>> {
        let Part { samples, loss, metrics, .. } = self;
        metrics.as_ref().map(|metrics| Row { name: name.into(), samples: *samples, loss: *loss, metrics })
    }
}

/// The scores of a fit and of its baselines, and facts about the training.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct Summary {
    pub task: Task,
    /// The name of the data.
    pub data: String,
    /// The columns that the model predicts from.
    pub features: usize,
    /// The columns that were left out, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, String>,
    /// What a user should know about columns, a sentence for each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Number of parameters, of all networks.
    pub parameters: usize,
    /// Number of epochs that were run; of an ensemble, the most of a network.
    pub epochs: usize,
    /// The epoch whose weights the model has.
    /// `None` if no epoch had a finite validation loss; the model then has the weights of the last
    /// one. Of an ensemble, that of the first network.
    pub best_epoch: Option<usize>,
    /// The training of each network of an ensemble; empty for one network.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ensemble: Vec<Member>,
    /// Facts about a warm start.
    pub start_validation_loss: Option<f64>,
    /// Seconds of the training loop alone. Networks of an ensemble are trained side by side: the sum of
    /// their seconds, divided by the number of those that are trained at once.
    pub seconds: f64,
    /// Samples per second, of all networks together.
    pub samples_per_second: f64,
    pub seed: u64,
    pub threads: usize,
    pub threads_that_worked: usize,
    pub dtype: Dtype,
    /// The column of row weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_weight: Option<String>,
    /// The weight of each class in the loss, by label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_weight: Option<BTreeMap<String, f64>>,
    /// The temperature of the probabilities, if one was asked for; 1 if no other is better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// From which probability on a class is predicted, if it is not the most probable one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    pub train: Part,
    pub validation: Part,
    pub test: Part,
    #[serde(skip)]
    pub baselines: Baselines,
    /// Whether the network beats the baselines, in words.
    pub verdict: Option<String>,
    /// What may spoil the result: [`Plan::notes`], and what the scores show.
    pub notes: Vec<String>,
    /// The rarest class, if it is rare.
    #[serde(skip)]
    pub(super) rare: Option<Rare>,
    /// Number of test rows that are equal to a training row.
    #[serde(skip)]
    pub(super) copies: usize,
    #[serde(skip)]
    pub stop: StopReason,
    /// What decided which weights were kept.
    #[serde(skip)]
    pub monitor: Monitor,
    /// Whether the observer stopped the training or the baselines.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// The folder of the fit's files, if the caller wrote some.
    #[serde(skip)]
    pub output: Option<PathBuf>,
}

/// From which probability on a class is predicted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The label of the class.
    pub class: String,
    /// The probability.
    pub probability: f64,
}

impl Threshold {
    /// That of a model.
    pub fn of(model: &Model) -> Option<Self> {
        let (point, Target::Classes { labels, .. }) = (model.operating_point()?, model.target()) else { return None };
        Some(Threshold { class: labels[point.class].clone(), probability: point.probability })
    }
}

impl Display for Threshold {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "class {} is predicted where its probability is above {}",
            escaped(&self.class),
            significant(self.probability, 3)
        )
    }
}

/// The training of a network of an ensemble.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// Its seed.
    pub seed: u64,
    /// Number of epochs that were run.
    pub epochs: usize,
    /// As [`Summary::best_epoch`].
    pub best_epoch: Option<usize>,
    /// Why its training ended.
    pub stop: StopReason,
}

impl Summary {
    pub(super) fn new(plan: &Plan, model: &Model, histories: &[History], baselines: Baselines) -> Result<Self> {
        let (task, parts) = (&plan.task, &plan.parts);
        let test = Part::of(model, &parts.test)?;
        let provided = match task.start_name() {
            Some(start) if task.goes_on_with_other_data() => {
                format!(" This is valid only if {start} was not trained on any of these test rows.")
            }
            _ => String::new(),
        };
        let verdict = test
            .metrics
            .as_ref()
            .and_then(|metrics| verdict(metrics, (test.samples, parts.test.weights().is_some()), &baselines));
        let verdict = verdict.map(|verdict| verdict + &doubts(plan, &test, &baselines));
        let is_lost = |history: &History| plan.validates() && !has_finite_score(plan.monitor(), history);
        let best_epoch = |history: &History| (!is_lost(history)).then_some(history.best_epoch);
        let mut notes = plan.notes();
        if histories.iter().any(is_lost) {
            notes.push(format!(
                "no epoch had a finite validation {}, so early stopping did not work, and the model has the weights of the last \
                 epoch",
                plan.monitor()
            ));
        }
        notes.extend(not_finite(model, &parts.test, &test)?);
        notes.extend(still_falling(plan, histories, &baselines));
        let member = |(k, history): (usize, &History)| Member {
            seed: Trainer::<f64>::seed_of(task.recipe.seed, k).0,
            epochs: history.epochs.len(),
            best_epoch: best_epoch(history),
            stop: history.stop,
        };
        let members: Vec<Member> = histories.iter().enumerate().map(member).collect();
        let count = members.len();
        let has_stopped = |reason| members.iter().any(|member| member.stop == reason);
        let stop = match members.iter().all(|member| member.stop == StopReason::Early) {
            _ if has_stopped(StopReason::Callback) => StopReason::Callback,
            true => StopReason::Early,
            false => StopReason::Finished,
        };
        let side_by_side = count.min(task.threads.count());
        let seconds = histories.iter().map(|history| history.seconds).sum::<f64>() / side_by_side as f64;
        let samples = histories.iter().map(|history| history.samples).sum::<usize>();
        let worked = if count > 1 { task.worked.load(Ordering::Relaxed) } else { task.threads.worked() };
        Ok(Summary {
            task: task.kind(),
            data: task.name.clone(),
            features: task.data.features(),
            remarks: columns::remarks(task.data.remarks()),
            left_out: task.data.left_out().iter().map(|(column, why)| (column.clone(), why.to_string())).collect(),
            parameters: model.parameter_count(),
            epochs: match stop {
                // those that all have made
                StopReason::Callback => members.iter().map(|member| member.epochs).min(),
                _ => members.iter().map(|member| member.epochs).max(),
            }
            .unwrap_or(0),
            best_epoch: members[0].best_epoch,
            start_validation_loss: histories[0].start_validation_loss,
            seconds,
            samples_per_second: samples as f64 / seconds,
            seed: task.recipe.seed,
            threads: task.threads.count(),
            threads_that_worked: worked.max(1),
            dtype: task.dtype(),
            sample_weight: task.recipe.sample_weight.clone(),
            class_weight: plan.class_weights(),
            temperature: task.recipe.calibrate.then(|| model.temperature().unwrap_or(1.0)),
            threshold: Threshold::of(model),
            train: Part::of(model, &parts.train)?,
            validation: Part::of(model, &parts.validation)?,
            test,
            baselines,
            verdict: verdict.map(|verdict| verdict + &provided),
            notes,
            rare: plan.rare(),
            copies: plan.findings().copies,
            stop,
            monitor: plan.monitor(),
            interrupted: stop == StopReason::Callback,
            ensemble: if count > 1 { members } else { Vec::new() },
            output: None,
        })
    }

    /// The object of metrics.json and of `mfnet train --json`. Missing values, and numbers that are
    /// not finite, are null.
    pub fn json(&self) -> Value {
        let Baselines { naive, linear, .. } = &self.baselines;
        let of_each =
            |of: fn(&Baseline) -> Value| json!({ "naive": naive.as_ref().map(of), "linear": linear.as_ref().map(of) });
        let Summary { train, validation, test, .. } = self;
        let mut json = json!(self);
        json["output"] = json!(self.output.as_ref().map(|output| output.display().to_string()));
        json["samples"] = json!({ "train": train.samples, "validation": validation.samples, "test": test.samples });
        json["baselines"] = of_each(|baseline| json!(baseline.metrics.headline()));
        json["better_by"] = of_each(|baseline| json!(baseline.comparison));
        if let Some(scored) = &self.baselines.scored {
            let of = |rival: &str| json!(scored.comparison(rival));
            json[scored.score.key()] = json!({ "naive": of("naive baseline"), "linear": of("linear model") });
        }
        for (name, part) in [("train", train), ("validation", validation), ("test", test)] {
            json[name] = part.json();
        }
        json
    }

    /// The test metrics of the network, the linear model and the naive baseline.
    pub(super) fn compared(&self) -> [Option<&Metrics>; 3] {
        let Baselines { naive, linear, .. } = &self.baselines;
        let [linear, naive] = [linear, naive].map(|baseline| baseline.as_ref().map(|baseline| &baseline.metrics));
        [self.test.metrics.as_ref(), linear, naive]
    }

    /// The size of the network, the length of the training, and how it ended.
    pub fn outcome(&self) -> String {
        let ended = match self.stop {
            StopReason::Finished => "",
            StopReason::Early => ", stopped early",
            StopReason::Callback => ", interrupted",
            StopReason::Diverged => ", diverged",
        };
        let members = &self.ensemble;
        let best = match (self.validation.samples, self.best_epoch) {
            (0, _) => String::new(),
            _ if !members.is_empty() => {
                let of = |member: &Member| member.best_epoch.map_or("none".to_owned(), grouped);
                format!(", best epochs {}", members.iter().map(of).collect::<Vec<_>>().join(", "))
            }
            (_, None) => {
                format!(", no finite validation {}, so the weights are those of the last epoch", self.monitor)
            }
            (_, Some(0)) => {
                format!(", no epoch improved the validation {}, so the weights are unchanged", self.monitor)
            }
            (_, Some(epoch)) => format!(", best epoch {epoch}"),
        };
        let networks = if members.is_empty() { String::new() } else { format!("{} networks, ", members.len()) };
        let (fewest, most) = (members.iter().map(|member| member.epochs).min().unwrap_or(self.epochs), self.epochs);
        let range = if fewest < most { format!("{} to ", grouped(fewest)) } else { String::new() };
        format!(
            "{networks}{} parameters, {range}{}{ended}{best}, {:.2} s of training, {} samples/s",
            grouped(self.parameters),
            counted(most, "epoch"),
            self.seconds,
            grouped(self.samples_per_second as usize)
        )
    }

    /// Sentences about the temperature and the threshold.
    pub fn calibration(&self) -> Vec<String> {
        let of_temperature = |temperature: f64| {
            let rows = counted(self.validation.samples, "validation row");
            if temperature == 1.0 {
                return format!("temperature 1: {rows} show no better one");
            }
            let way = if temperature > 1.0 { "less certain" } else { "more certain" };
            let temperature = significant(temperature, 4);
            format!("temperature {temperature}, from {rows}: it makes the probabilities {way}")
        };
        let threshold = self.threshold.iter().map(ToString::to_string);
        self.temperature.map(of_temperature).into_iter().chain(threshold).collect()
    }

    /// The rows of a table of scores: one for the network on each part, and one for each baseline on the test rows.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let parts = [("train", &self.train), ("validation", &self.validation), ("test", &self.test)];
        let network = parts.into_iter().filter_map(|(name, part)| part.row(format!("network, {name}")));
        let Baselines { naive, linear, .. } = &self.baselines;
        let baselines = [("linear model, test", linear), ("naive baseline, test", naive)].into_iter();
        let baselines = baselines.filter_map(|(name, baseline)| {
            let Baseline { metrics, test_loss: loss, .. } = baseline.as_ref()?;
            Some(Row { name: name.to_owned(), samples: self.test.samples, loss: *loss, metrics })
        });
        network.chain(baselines).collect()
    }
}
