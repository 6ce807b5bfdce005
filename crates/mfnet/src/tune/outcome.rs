use serde_json::{Map, Value, json};

use super::record::Record;
use super::search::Search;
use crate::error::Result;
use crate::fit::{Fit, Metric, RARE};
use crate::metric::Comparison;
use crate::text::{Row, as_option, counted, score_table, significant, table};

/// A smaller importance is not named.
const LEAST: f64 = 0.02;
/// Fewer trials do not say what the settings explain.
const ENOUGH: usize = 12;

/// The result of a search, with the fits of its default and its best settings.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The search.
    pub search: &'a Search,
    /// All of its records.
    pub records: &'a [Record],
    /// The fit of trial 0; `None` if it failed, or if it is the best.
    pub default: Option<&'a Fit>,
    /// The fit of the best trial.
    pub best: &'a Fit,
}

impl Outcome<'_> {
    /// The results as text: the settings that differ, the scores on the test rows, and the importance of
    /// the settings. Fields of a recipe are in backticks.
    ///
    /// # Errors
    /// As [`Search::importances`].
    pub fn text(&self) -> Result<String> {
        let mut parts = vec![self.count(), self.scores(), self.settings_table()?];
        let rows = self.rows();
        if !rows.is_empty() {
            parts.push(format!("Test rows, which no choice depends on\n{}", score_table(&rows)));
        }
        parts.extend(self.verdict()?);
        parts.extend(self.best.summary.verdict.clone());
        parts.push(self.importance()?);
        Ok(parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(|part| format!("{}\n", part.trim_end()))
            .collect::<Vec<_>>()
            .join("\n"))
    }

    /// The fits with their names.
    pub(crate) fn fits(&self) -> impl Iterator<Item = (&'static str, &Fit)> {
        self.default.map(|fit| ("default", fit)).into_iter().chain([("best", self.best)])
    }

    /// The scores on the test rows: of the default and the best settings, and of the linear model.
    pub(crate) fn rows(&self) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = self.fits().filter_map(|(name, fit)| fit.summary.test.row(name)).collect();
        let summary = &self.best.summary;
        rows.extend(summary.baselines.linear.as_ref().map(|linear| Row {
            name: "linear model".to_owned(),
            samples: summary.test.samples,
            loss: linear.test_loss,
            metrics: &linear.metrics,
        }));
        rows
    }

    /// The record of the default settings in a rung.
    fn default_in(&self, rung: usize) -> Option<&Record> {
        self.records.iter().find(|record| (record.trial, record.rung) == (0, rung))
    }

    /// How many trials there were.
    pub(crate) fn count(&self) -> String {
        let ranking = self.search.ranking(self.records);
        let failed: Vec<&&Record> = ranking.iter().filter(|record| record.score.is_none()).collect();
        let why = failed.iter().find_map(|record| record.error.as_deref()).unwrap_or("its score is not finite");
        let failed = match failed.len() {
            0 => String::new(),
            count => format!("; {} failed, such as: {why}", counted(count, "trial")),
        };
        let (trials, trainings) = (counted(ranking.len(), "trial"), counted(self.records.len(), "training run"));
        format!("{trials} in {trainings}{failed}")
    }

    /// The scores on the validation rows.
    pub(crate) fn scores(&self) -> String {
        let Some(best) = self.search.best(self.records) else { return String::new() };
        let title = self.search.metric().title();
        let is_whole = best.rung + 1 == self.search.rungs();
        let metric = match is_whole {
            false => format!("validation {title} after {}", counted(best.epochs, "epoch")),
            true if self.search.folds() > 1 => format!("{title} in a cross-validation"),
            true => format!("validation {title}"),
        };
        let score = |record: &Record| record.score.map(|score| significant(score, 4));
        let of_best = score(best).unwrap_or_default();
        if best.trial == 0 {
            return format!("No trial has a better {metric} than the default settings: {of_best}.");
        }
        let default = match self.default_in(best.rung) {
            Some(default) => match score(default) {
                Some(default) => format!(", against {default} with the default settings."),
                None => ". The default settings failed.".to_owned(),
            },
            None => ". There was no time for the default settings.".to_owned(),
        };
        format!("Trial {} has the best {metric}: {of_best}{default}", best.trial)
    }

    /// The settings of the default and the best trial, as lines of a table; only the head if they are
    /// equal.
    pub(crate) fn settings(&self) -> Result<Vec<(String, Vec<String>)>> {
        let (default, best) = (self.search.default().fields()?, self.best.plan.recipe().fields()?);
        let names = ["default", "best"].map(str::to_owned).to_vec();
        let differs = |field: &&String| self.search.space().has(field) && default.get(*field) != best.get(*field);
        let line = |field: &String| (field.clone(), [&default, &best].map(|of| as_option(&of[field])).to_vec());
        Ok([(String::new(), names)].into_iter().chain(best.keys().filter(differs).map(line)).collect())
    }

    fn settings_table(&self) -> Result<String> {
        let lines = self.settings()?;
        Ok(if lines.len() > 1 { table(&lines) } else { String::new() })
    }

    /// Whether the best settings are better than the default ones on the test rows, by the metric of the
    /// search; `None` without test rows or default.
    pub(crate) fn verdict(&self) -> Result<Option<String>> {
        let (Some(default), (test, _)) = (self.default, self.best.plan.test()) else { return Ok(None) };
        if test.samples() == 0 {
            return Ok(None);
        }
        let metric = self.search.metric();
        let scores = [metric.of(&self.best.model, test)?, metric.of(&default.model, test)?];
        Ok(Some(sentence(metric, self.best.compare(&default.model, metric)?, scores)))
    }

    /// What the settings explain.
    pub(crate) fn importance(&self) -> Result<String> {
        if self.search.ranking(self.records).len() < ENOUGH {
            return Ok("There are too few trials to say what the settings explain.".to_owned());
        }
        let mut all = self.search.importances(self.records)?;
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        let named: Vec<String> = all
            .iter()
            .filter(|(_, share)| *share >= LEAST)
            .map(|(name, share)| format!("{} {:.0} %", name.replace('_', " "), 100.0 * share))
            .collect();
        Ok(match named.is_empty() {
            true => "No setting alone explains the differences between the scores.".to_owned(),
            false => format!(
                "What explains the differences between the scores: {}. This is a rough guess.",
                named.join(", ")
            ),
        })
    }

    /// The results as JSON.
    ///
    /// # Errors
    /// As [`Search::importances`].
    pub fn json(&self) -> Result<Value> {
        let ranking = self.search.ranking(self.records);
        let of = |record: Option<&Record>, fit: Option<&Fit>| match record {
            Some(record) => json!({
                "trial": record.trial,
                "epochs": record.epochs,
                "settings": record.settings,
                "validation": record.score,
                "test": fit.map(|fit| fit.summary.test.json()),
            }),
            None => Value::Null,
        };
        let best = self.search.best(self.records);
        let default = self.default.or(best.filter(|best| best.trial == 0).map(|_| self.best));
        let importances: Map<String, Value> =
            self.search.importances(self.records)?.into_iter().map(|(name, share)| (name, json!(share))).collect();
        Ok(json!({
            "trials": ranking.len(),
            "trainings": self.records.len(),
            "failed": ranking.iter().filter(|record| record.score.is_none()).count(),
            "metric": self.search.metric(),
            "default": of(best.and_then(|best| self.default_in(best.rung)), default),
            "best": of(best, Some(self.best)),
            "verdict": self.verdict()?,
            "importance": importances,
        }))
    }
}

/// Settings as a part of a sentence, with fields in backticks.
pub fn describe(settings: &Map<String, Value>) -> String {
    let all: Vec<String> = settings.iter().map(|(field, value)| format!("`{field}` {}", as_option(value))).collect();
    all.join(" ")
}

fn sentence(metric: Metric, comparison: Option<Comparison>, [best, default]: [f64; 2]) -> String {
    let scores = format!("the {} is {}, against {}", metric.title(), significant(best, 4), significant(default, 4));
    let is_better = if metric.rises() { best > default } else { best < default };
    if !is_better {
        return format!("On the test rows, the best settings are no better than the default ones: {scores}.");
    }
    match comparison {
        Some(Comparison { p_value, .. }) if p_value < RARE => format!(
            "On the test rows, the best settings beat the default ones: {scores}. The difference is statistically \
             significant (p = {}).",
            significant(p_value, 2)
        ),
        Some(Comparison { p_value, .. }) => format!(
            "On the test rows, the best settings are better than the default ones, but the difference is not \
             statistically significant (p = {}): {scores}.",
            significant(p_value, 2)
        ),
        None => format!("On the test rows, the best settings are better than the default ones: {scores}."),
    }
}
