//! What came out: as JSON and as text.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use mfnet::{Dataset, Flow, History, Metrics, Model, Stop, Threads, linear_model_while, naive_model};
use serde_json::{Map, Value, json};

use super::Job;
use super::folder::RunFolder;
use crate::args::word;
use crate::evaluate::scores;
use crate::failure::Failure;
use crate::output::{counted, grouped, progress_bar};
use crate::score_table::{Row, score_table};

/// The test metrics of the models that the network has to beat.
#[derive(Default)]
struct Baselines {
    naive: Option<Metrics>,
    linear: Option<Metrics>,
}

impl Baselines {
    /// Fitted to the training rows, which are scaled; scored on the test rows, which are not. None of what an interrupt came before.
    fn of(job: &Job<'_>, train: &Dataset) -> Result<Self, Failure> {
        let interrupted = || job.interrupt.load(Ordering::Relaxed);
        if interrupted() || job.parts.test.samples() == 0 {
            return Ok(Baselines::default());
        }
        let metrics = |net| Model::new(&job.data, job.preprocessing.clone(), net)?.evaluate(&job.parts.test);
        let naive = metrics(naive_model(train)?)?;
        let bar = progress_bar(job.args.quiet, "linear model, to compare with: step {pos}");
        let linear = linear_model_while(train, |steps| {
            bar.set_position(steps as u64);
            if interrupted() { Flow::Stop } else { Flow::Continue }
        })?;
        bar.finish_and_clear();
        let linear = if interrupted() { None } else { Some(metrics(linear)?) };
        Ok(Baselines { naive: Some(naive), linear })
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
    facts: Map<String, Value>,
    stop: Stop,
    model: String,
}

impl Report {
    /// Scores the model, then the baselines, which are fitted to `train`, the scaled training rows.
    pub(super) fn new(
        job: &Job<'_>,
        train: &Dataset,
        model: &Model,
        history: &History,
        threads: &Threads,
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
        let baselines = Baselines::of(job, train)?;
        let facts = json!({
            "task": if job.data.classes() > 0 { "classification" } else { "regression" },
            "data": job.args.data,
            "features": job.data.features(),
            "parameters": model.network().parameter_count(),
            "epochs": history.epochs().len(),
            "best_epoch": history.best_epoch(),
            "seconds": history.seconds(),
            "samples_per_second": history.samples_per_second(),
            "seed": job.args.seed,
            "threads": threads.count(),
            "threads_that_worked": threads.worked().max(1),
            "dtype": word(job.args.dtype),
            "output": folder.path().display().to_string(),
        });
        let facts = facts.as_object().cloned().unwrap_or_default();
        Ok(Report { parts, baselines, facts, stop: history.stop(), model: folder.model().display().to_string() })
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
        let headline = |metrics: &Option<Metrics>| metrics.as_ref().map(Metrics::headline);
        let baselines = json!({ "naive": headline(&self.baselines.naive), "linear": headline(&self.baselines.linear) });
        report.insert("baselines".to_owned(), baselines);
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
        let number = |name: &str| self.facts.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let ended = match self.stop {
            Stop::Finished => "",
            Stop::Early => ", stopped early",
            Stop::Callback => ", interrupted",
        };
        let [_, validation, test] = &self.parts;
        let best =
            if validation.samples > 0 { format!(", best epoch {}", number("best_epoch")) } else { String::new() };
        writeln!(
            text,
            "{} parameters, {}{ended}{best}, {:.2} s of training, {} samples/s\n",
            grouped(number("parameters") as usize),
            counted(number("epochs") as usize, "epoch"),
            number("seconds"),
            grouped(number("samples_per_second") as usize)
        )?;
        text.push_str(&self.table());
        if let Some(Metrics::Classification { confusion, .. }) = &test.metrics {
            writeln!(text, "\nConfusion of the test rows\n{confusion}")?;
        }
        if let Some(verdict) = self.verdict() {
            writeln!(text, "\n{verdict}")?;
        }
        writeln!(text, "\nsaved: {}", self.model)
    }

    /// A row for the network on each part, and one for each baseline on the test rows.
    fn table(&self) -> String {
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
        for (name, metrics) in [("linear model, test", &self.baselines.linear), ("naive, test", &self.baselines.naive)]
        {
            let samples = self.parts[2].samples;
            rows.extend(metrics.iter().map(|metrics| Row { name: name.to_owned(), samples, loss: None, metrics }));
        }
        score_table(&rows)
    }

    /// Says it when the network is no better than something simpler.
    fn verdict(&self) -> Option<String> {
        let [.., test] = &self.parts;
        let metrics = test.metrics.as_ref()?;
        let worse_than = |baseline: &Option<Metrics>| baseline.as_ref().is_some_and(|b| !metrics.better_than(b));
        let simpler = match (worse_than(&self.baselines.naive), worse_than(&self.baselines.linear)) {
            (true, _) => "the naive predictor, which looks at no feature",
            (false, true) => "the linear model",
            (false, false) => return None,
        };
        Some(format!("On the test rows the network is not better than {simpler}."))
    }
}
