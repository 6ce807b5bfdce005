use serde_json::{Map, Value, json};

use super::search::{Record, Search};
use crate::error::Result;
use crate::fit::Fit;
use crate::metric::{Comparison, Metrics};
use crate::text::{Row, counted, headline, headline_cell, score_table, significant, table};

/// The level of significance.
const RARE: f64 = 0.05;
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
        let rows: Vec<Row<'_>> = self.fits().filter_map(|(name, fit)| fit.summary.test.row(name)).collect();
        if !rows.is_empty() {
            parts.push(format!("Test rows, which no choice depends on\n{}", score_table(&rows)));
        }
        parts.extend(self.verdict()?);
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

    /// The furthest record of a trial.
    pub(crate) fn record(&self, trial: usize) -> Option<&Record> {
        self.records.iter().filter(|record| record.trial == trial).max_by_key(|record| record.rung)
    }

    /// How many trials there were.
    pub(crate) fn count(&self) -> String {
        let ranking = self.search.ranking(self.records);
        let failed = ranking.iter().filter(|record| record.score.is_none()).count();
        let failed = if failed == 0 { String::new() } else { format!("; {} failed", counted(failed, "trial")) };
        let (trials, trainings) = (counted(ranking.len(), "trial"), counted(self.records.len(), "training"));
        format!("{trials} in {trainings}{failed}")
    }

    /// The scores on the validation rows.
    pub(crate) fn scores(&self) -> String {
        let metric = match self.search.folds() {
            1 => format!("validation {}", self.search.metric().title()),
            _ => format!("{} in a cross-validation", self.search.metric().title()),
        };
        let score = |record: Option<&Record>| record.and_then(|record| record.score).map(|score| significant(score, 4));
        let best = self.search.best(self.records);
        let of_best = score(best).unwrap_or_default();
        match (best, score(self.record(0))) {
            (Some(best), Some(_)) if best.trial == 0 => {
                format!("No trial has a better {metric} than the default settings: {of_best}.")
            }
            (Some(best), Some(default)) => format!(
                "Trial {} has the best {metric}: {of_best}, against {default} of the default settings.",
                best.trial
            ),
            (Some(best), None) => {
                format!("Trial {} has the best {metric}: {of_best}. The default settings failed.", best.trial)
            }
            (None, _) => String::new(),
        }
    }

    /// The settings of the default and the best trial, as lines of a table; only the head if they are
    /// equal.
    pub(crate) fn settings(&self) -> Result<Vec<(String, Vec<String>)>> {
        let (default, best) = (self.search.default().fields()?, self.best.plan.recipe().fields()?);
        let names = ["default", "best"].map(str::to_owned).to_vec();
        let differs = |field: &&String| self.search.space().has(field) && default.get(*field) != best.get(*field);
        let line = |field: &String| (field.clone(), [&default, &best].map(|of| written(&of[field])).to_vec());
        Ok([(String::new(), names)].into_iter().chain(best.keys().filter(differs).map(line)).collect())
    }

    fn settings_table(&self) -> Result<String> {
        let lines = self.settings()?;
        Ok(if lines.len() > 1 { table(&lines) } else { String::new() })
    }

    /// Whether the best settings are better than the default ones on the test rows; `None` without test
    /// rows or default.
    pub(crate) fn verdict(&self) -> Result<Option<String>> {
        let Some(default) = self.default else { return Ok(None) };
        let [Some(of_best), Some(of_default)] = [self.best, default].map(|fit| fit.summary.test.metrics.as_ref())
        else {
            return Ok(None);
        };
        let comparison = self.best.compare(&default.model)?;
        Ok(comparison.map(|comparison| sentence(&comparison, of_best, of_default)))
    }

    /// What the settings explain.
    pub(crate) fn importance(&self) -> Result<String> {
        if self.search.ranking(self.records).len() < ENOUGH {
            return Ok("There are too few trials to say what the settings explain.".to_owned());
        }
        let all = self.search.importances(self.records)?;
        let named: Vec<String> = all
            .iter()
            .filter(|(_, share)| *share >= LEAST)
            .map(|(name, share)| format!("{} {:.0} %", name.replace('_', " "), 100.0 * share))
            .collect();
        Ok(match named.is_empty() {
            true => "No setting alone explains the differences between the scores.".to_owned(),
            false => format!(
                "What explains the differences between the scores: {}. With so few trials, this is a rough guess.",
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
            "default": of(self.record(0), default),
            "best": of(best, Some(self.best)),
            "verdict": self.verdict()?,
            "importance": importances,
        }))
    }
}

/// Settings as a part of a sentence, with fields in backticks.
pub fn describe(settings: &Map<String, Value>) -> String {
    let all: Vec<String> = settings.iter().map(|(field, value)| format!("`{field}` {}", written(value))).collect();
    all.join(" ")
}

/// A value as an option has it.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(written).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn sentence(comparison: &Comparison, best: &Metrics, default: &Metrics) -> String {
    let name = headline(best).0;
    let [of_best, of_default] = [best, default].map(|metrics| headline_cell(metrics, headline(metrics).1));
    let scores = format!("the {name} is {of_best}, against {of_default}");
    let p = significant(comparison.p_value, 2);
    match comparison {
        Comparison { difference, .. } if *difference <= 0.0 => {
            format!("On the test rows, the best settings are no better than the default ones: {scores}.")
        }
        Comparison { p_value, .. } if *p_value < RARE => format!(
            "On the test rows, the best settings beat the default ones: {scores}. The difference is statistically \
             significant (p = {p})."
        ),
        _ => format!(
            "On the test rows, the best settings are better than the default ones, but the difference is not \
             statistically significant (p = {p}): {scores}."
        ),
    }
}
