//! What came out: as JSON, as text, and as what report.html shows.

use std::fmt::Write;

use std::ops::ControlFlow;

use mfnet::{Dataset, History, Metrics, Model, StopReason as Stop, linear_model_while, naive_model};
use serde_json::{Map, Value, json};

use super::folder::RunFolder;
use super::job::Job;
use super::parts::Parts;
use super::verdict::{Rival, comparison, verdict};
use crate::evaluate::scores;
use crate::failure::Failure;
use crate::output::{counted, grouped, progress_bar, significant};
use crate::report::{Course, Level, Levels, Report as Page, Run};
use crate::score_table::{Row, score_lines, score_table};
use crate::sparkline::sparkline;

/// Blocks of a curve at most.
const BLOCKS: usize = 32;

/// The models that the network has to beat on the test rows, and levels to compare its curves with.
#[derive(Default)]
struct Baselines {
    naive: Option<Rival>,
    linear: Option<Rival>,
    levels: Levels,
}

impl Baselines {
    /// Fitted to the training rows, which are scaled; scored on the test rows, which are not. None where nobody wants them, nor of what an interrupt
    /// came before.
    fn of(job: &Job<'_>, train: &Dataset, network: &Model) -> Result<Self, Failure> {
        let interrupted = || job.task.is_interrupted();
        if job.task.args.no_baselines || interrupted() || job.parts.test.samples() == 0 {
            return Ok(Baselines::default());
        }
        let Parts { validation, test, .. } = &job.parts;
        let (part, rows) =
            if validation.samples() > 0 { ("validation", validation) } else { ("training", &job.parts.train) };
        let predictions = network.predict_dataset(test)?;
        let scores = |net| -> Result<(Rival, Level), Failure> {
            let mut model = Model::new(&job.task.data, job.preprocessing.clone(), net)?;
            model.training.loss = Some(job.settings.loss_name.clone());
            let comparison =
                comparison(&predictions, &model.predict_dataset(test)?, test.targets(), test.group_numbers());
            // there is a curve of it then
            let has_accuracy = job.task.data.classes() > 0 && validation.samples() > 0;
            let accuracy = has_accuracy.then(|| model.evaluate(rows)).transpose()?.as_ref().map(Metrics::headline);
            let level = Level { loss: model.evaluate_loss(rows)?, accuracy };
            Ok((Rival { metrics: model.evaluate(test)?, comparison }, level))
        };
        let (naive, naive_level) = scores(naive_model(train)?)?;
        let bar = progress_bar(job.task.args.quiet, "linear model, to compare with: step {pos}");
        let linear = linear_model_while(train, |steps| {
            bar.set_position(steps as u64);
            if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        bar.finish_and_clear();
        let (linear, linear_level) = if interrupted() { None } else { Some(scores(linear)?) }.unzip();
        let levels = Levels { part, naive: Some(naive_level), linear: linear_level };
        Ok(Baselines { naive: Some(naive), linear, levels })
    }
}

/// Loss and metrics of the rows of a part.
struct Part {
    name: &'static str,
    samples: usize,
    loss: Option<f64>,
    metrics: Option<Metrics>,
}

/// The results of a training.
pub(super) struct Report {
    parts: [Part; 3],
    baselines: Baselines,
    /// What the verdict takes for granted.
    provided: String,
    facts: Map<String, Value>,
    stop: Stop,
    /// The losses over the epochs.
    curves: String,
    model: String,
    page: String,
}

impl Report {
    /// Scores the model, then the baselines, which are fitted to `train`, the scaled training rows.
    pub(super) fn new(
        job: &Job<'_>,
        train: &Dataset,
        model: &Model,
        history: &History,
        folder: &RunFolder,
    ) -> Result<Self, Failure> {
        let part = |name, data: &Dataset| -> Result<Part, Failure> {
            let samples = data.samples();
            if samples == 0 {
                return Ok(Part { name, samples, loss: None, metrics: None });
            }
            Ok(Part { name, samples, loss: model.evaluate_loss(data)?, metrics: Some(model.evaluate(data)?) })
        };
        let parts = [
            part("train", &job.parts.train)?,
            part("validation", &job.parts.validation)?,
            part("test", &job.parts.test)?,
        ];
        let baselines = Baselines::of(job, train, model)?;
        let facts = json!({
            "task": if job.task.data.classes() > 0 { "classification" } else { "regression" },
            "data": job.task.args.data,
            "features": job.task.data.features(),
            "parameters": model.network().parameter_count(),
            "epochs": history.epochs().len(),
            "best_epoch": history.best_epoch(),
            "start_validation_loss": history.start_validation_loss(),
            "seconds": history.seconds(),
            "samples_per_second": history.samples_per_second(),
            "seed": job.task.args.seed,
            "threads": job.task.threads.count(),
            "threads_that_worked": job.task.threads.worked().max(1),
            "dtype": job.task.dtype().to_string(),
            "output": folder.path().display().to_string(),
        });
        let facts = facts.as_object().cloned().unwrap_or_default();
        let (model, page) = (folder.model().display().to_string(), folder.report().display().to_string());
        let curves = curves(history);
        let provided = match &job.task.args.warm_start {
            Some(start) if job.task.goes_on_with_other_data() => {
                format!(
                    " That counts only if none of these rows were among the data that {} was trained on.",
                    start.display()
                )
            }
            _ => String::new(),
        };
        Ok(Report { parts, baselines, provided, facts, stop: history.stop_reason(), curves, model, page })
    }

    /// The object of `--json` and metrics.json. What is missing or not finite is null.
    pub(super) fn json(&self) -> Value {
        let mut report = self.facts.clone();
        let mut samples = Map::new();
        for part in &self.parts {
            samples.insert(part.name.to_owned(), json!(part.samples));
            let scores = part.metrics.as_ref().map(|metrics| scores(part.loss, metrics));
            report.insert(part.name.to_owned(), json!(scores));
        }
        report.insert("samples".to_owned(), Value::Object(samples));
        let headline = |rival: &Option<Rival>| rival.as_ref().map(|rival| rival.metrics.headline());
        let baselines = json!({ "naive": headline(&self.baselines.naive), "linear": headline(&self.baselines.linear) });
        report.insert("baselines".to_owned(), baselines);
        let comparison = |rival: &Option<Rival>| rival.as_ref().and_then(|rival| rival.comparison);
        let better =
            json!({ "naive": comparison(&self.baselines.naive), "linear": comparison(&self.baselines.linear) });
        report.insert("better_by".to_owned(), better);
        report.insert("verdict".to_owned(), json!(self.verdict()));
        Value::Object(report)
    }

    /// Whether nothing cut the training short.
    pub(super) fn training_is_complete(&self) -> bool {
        self.stop != Stop::Callback
    }

    /// The same for people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // writing to a String cannot fail
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let [.., test] = &self.parts;
        writeln!(text, "{}\n{}", self.outcome(), self.curves)?;
        text.push_str(&score_table(&self.rows()));
        if let Some(Metrics::Classification { confusion, .. }) = &test.metrics {
            writeln!(text, "\nConfusion of the test rows\n{confusion}")?;
        }
        if let Some(verdict) = self.verdict() {
            writeln!(text, "\n{verdict}")?;
        }
        writeln!(text, "\nsaved: {}\nto look at: {}", self.model, self.page)
    }

    pub(super) fn test_samples(&self) -> usize {
        self.parts[2].samples
    }

    /// The test scores of the network, the linear model and the naive predictor.
    pub(super) fn compared(&self) -> [Option<&Metrics>; 3] {
        let Baselines { naive, linear, .. } = &self.baselines;
        let [linear, naive] = [linear, naive].map(|rival| rival.as_ref().map(|rival| &rival.metrics));
        [self.parts[2].metrics.as_ref(), linear, naive]
    }

    /// How large the network is, how long it was trained, and how that ended.
    pub(super) fn outcome(&self) -> String {
        let number = |name: &str| self.facts.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let ended = match self.stop {
            Stop::Finished => "",
            Stop::Early => ", stopped early",
            Stop::Callback => ", interrupted",
            Stop::Diverged => ", diverged",
        };
        let [_, validation, _] = &self.parts;
        let best = match (validation.samples, number("best_epoch")) {
            (0, _) => String::new(),
            (_, 0.0) => ", none of them better on the validation rows than the start, which is kept".to_owned(),
            (_, epoch) => format!(", best epoch {epoch}"),
        };
        format!(
            "{} parameters, {}{ended}{best}, {:.2} s of training, {} samples/s",
            grouped(number("parameters") as usize),
            counted(number("epochs") as usize, "epoch"),
            number("seconds"),
            grouped(number("samples_per_second") as usize)
        )
    }

    /// A row for the network on each part, and one for each baseline on the test rows.
    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for part in &self.parts {
            let name = format!("network, {}", part.name);
            rows.extend(part.metrics.iter().map(|metrics| Row {
                name: name.clone(),
                samples: part.samples,
                loss: part.loss,
                metrics,
            }));
        }
        for (name, rival) in [("linear model, test", &self.baselines.linear), ("naive, test", &self.baselines.naive)] {
            let (name, samples) = (name.to_owned(), self.parts[2].samples);
            rows.extend(rival.iter().map(|rival| Row {
                name: name.clone(),
                samples,
                loss: None,
                metrics: &rival.metrics,
            }));
        }
        rows
    }

    /// What report.html shows.
    pub(super) fn page(&self, job: &Job<'_>, model: &Model, history: &History) -> Result<Page, Failure> {
        Page::new(&Run {
            name: &job.task.args.data,
            introduction: &job.introduction(),
            outcome: self.outcome(),
            scores: score_lines(&self.rows()),
            verdict: self.verdict(),
            course: Course {
                loss: &job.settings.loss_name,
                epochs: history.epochs(),
                best_epoch: history.best_epoch(),
                levels: &self.baselines.levels,
            },
            model,
            test: &job.parts.test,
            test_rows: &job.parts.test_rows,
            test_file: job.task.args.test_file.as_deref(),
            interrupted: job.task.is_interrupted(),
        })
    }

    /// Whether the network is worth it, in words.
    fn verdict(&self) -> Option<String> {
        let [.., test] = &self.parts;
        let (naive, linear) = (self.baselines.naive.as_ref(), self.baselines.linear.as_ref());
        Some(verdict(test.metrics.as_ref()?, test.samples, naive, linear)? + &self.provided)
    }
}

/// How the losses went, in a line each.
fn curves(history: &History) -> String {
    let epochs = history.epochs();
    let line = |name: &str, losses: &[f64]| match losses {
        [first, .., last] => {
            let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
            let number = |loss: f64| significant(loss, 3);
            let lowest = number(lowest);
            let lowest = if lowest == number(*last) { String::new() } else { format!(", lowest {lowest}") };
            format!("{name:15}  {}  {} → {}{lowest}\n", sparkline(losses, BLOCKS), number(*first), number(*last))
        }
        _ => String::new(),
    };
    let training: Vec<f64> = epochs.iter().map(|epoch| epoch.loss).collect();
    let of_epochs = epochs.iter().filter_map(|epoch| epoch.validation_loss);
    let validation: Vec<f64> = history.start_validation_loss().into_iter().chain(of_epochs).collect();
    line("training loss", &training) + &line("validation loss", &validation)
}
