//! The report of a search: its best settings, all trials, and what the settings explain.

use serde_json::Value;

use super::figure::{Bars, Drawing, Guide, Scatter};
use super::html::Column::{self, Number, Text};
use super::html::apart;
use super::{NAME, Report, Writer};
use crate::error::Result;
use crate::text::{as_option, counted, score_lines, significant};
use crate::tune::{Outcome, Record, Values};

/// Number of trials in the table.
const SHOWN: usize = 30;

impl Report {
    /// Makes the report of a search; `head` as in [`Report::new`].
    ///
    /// # Errors
    /// As [`Report::new`], and [`crate::error::ErrorKind::Recipe`] for a record that does not fit the search.
    pub fn of_search(outcome: &Outcome<'_>, head: &str) -> Result<Self> {
        let mut report = Writer::new(&format!("{}: search", outcome.best.summary.data));
        report.page.verdict(&outcome.scores());
        report.page.paragraph(&format!("{}.", outcome.count()));
        report.settings(outcome)?;
        report.test_scores(outcome)?;
        report.trials(outcome);
        report.course(outcome)?;
        report.importances(outcome)?;
        report.dimensions(outcome)?;
        Ok(report.finish(
            "The test rows were used only for the scores of the default and the best settings, not for the search.",
            head,
        ))
    }
}

/// The records of the first rung that have a score: these are comparable.
fn first_rung<'a>(outcome: &Outcome<'a>) -> Vec<(&'a Record, f64)> {
    let first = outcome.records.iter().filter(|record| record.rung == 0);
    first.filter_map(|record| Some((record, record.score?))).collect()
}

/// Points of a plot: x of a record, and its score.
fn points<'a>(
    records: &[(&'a Record, f64)],
    x: &dyn Fn(&Record) -> Option<f64>,
) -> impl Iterator<Item = (&'a Record, (f64, f64))> {
    records.iter().filter_map(move |(record, score)| Some((*record, (x(record)?, *score))))
}

/// The points of the default and of the best settings.
fn marks(
    outcome: &Outcome<'_>,
    records: &[(&Record, f64)],
    x: &dyn Fn(&Record) -> Option<f64>,
) -> Vec<(String, (f64, f64))> {
    let best = outcome.search.best(outcome.records).map(|best| best.trial);
    let name = |trial: usize| match trial {
        _ if Some(trial) == best => Some("best"),
        0 => Some("default"),
        _ => None,
    };
    points(records, x).filter_map(|(record, point)| Some((name(record.trial)?.to_owned(), point))).collect()
}

impl Writer {
    fn settings(&mut self, outcome: &Outcome<'_>) -> Result<()> {
        let lines = outcome.settings()?;
        if lines.len() < 2 {
            return Ok(());
        }
        self.page.heading("Settings");
        let columns = [("", Text), ("default", Number), ("best", Number)];
        self.page.table(&columns, lines[1..].iter().map(|(name, cells)| [vec![name.clone()], cells.clone()].concat()));
        self.page.paragraph("The file best.toml has all settings. To train with them again:");
        self.page.lines("mfnet train DATA --recipe best.toml");
        Ok(())
    }

    fn test_scores(&mut self, outcome: &Outcome<'_>) -> Result<()> {
        let rows = outcome.rows();
        if rows.is_empty() {
            return Ok(());
        }
        self.scores(&score_lines(&rows));
        self.page.remark("Scores on the test rows, on which no choice depends.");
        let verdicts = outcome.verdict()?.into_iter().chain(outcome.best.summary.verdict.clone());
        verdicts.for_each(|verdict| self.page.paragraph(&verdict));
        Ok(())
    }

    fn trials(&mut self, outcome: &Outcome<'_>) {
        let ranking = outcome.search.ranking(outcome.records);
        let shown = &ranking[..ranking.len().min(SHOWN)];
        let mut fields: Vec<&String> = shown.iter().flat_map(|record| record.settings.keys()).collect();
        fields.sort_unstable();
        fields.dedup();
        let metric = outcome.search.metric().title();
        let head = [("trial", Number), ("epochs", Number), (metric, Number)];
        let columns: Vec<(&str, Column)> =
            head.into_iter().chain(fields.iter().map(|field| (field.as_str(), Number))).collect();
        let default = outcome.search.default().fields().unwrap_or_default();
        let cell = |value: &Value| match value {
            Value::Number(number) if number.is_f64() => number.as_f64().map_or_else(String::new, |x| significant(x, 3)),
            value => as_option(value),
        };
        let setting = |record: &Record, field: &String| {
            record.settings.get(field).or(default.get(field)).map_or_else(String::new, cell)
        };
        let row = |record: &&Record| {
            let score = record.score.map_or_else(|| "failed".to_owned(), |score| significant(score, 4));
            let head = [record.trial.to_string(), record.epochs.to_string(), score];
            head.into_iter().chain(fields.iter().map(|field| setting(record, field))).collect()
        };
        self.page.heading("Trials");
        self.page.table(&columns, shown.iter().map(row));
        let which = match ranking.len() {
            all if all == shown.len() => String::new(),
            all => format!(" The table shows {} of {}; trials.csv has all.", shown.len(), counted(all, "trial")),
        };
        let folds = match outcome.search.folds() {
            1 => String::new(),
            folds => format!("; after all epochs, the mean of a cross-validation in {folds} parts"),
        };
        self.page.paragraph(&format!(
            "Scores on the validation rows{folds}. Trials with more epochs come first: only those that were good enough \
             were trained to the end.{which}"
        ));
    }

    /// The scores in the order of the trials.
    fn course(&mut self, outcome: &Outcome<'_>) -> Result<()> {
        let first = first_rung(outcome);
        let point = |record: &Record| Some(record.trial as f64);
        let metric = outcome.search.metric().title();
        let drawing = Drawing::Scatter(Scatter {
            x_name: "trial".to_owned(),
            y_name: format!("validation {metric}"),
            points: points(&first, &point).map(|(_, point)| point).collect(),
            guide: Guide::None { logarithmic: false },
            marks: marks(outcome, &first, &point),
        });
        self.figure(
            "trials",
            "Scores of the trials",
            &format!("The validation {metric} of each trial after the epochs of the first rung, in the order of the trials."),
            "All trials after the same part of their epochs. Trials of later rounds are proposed from the results of those before.",
            drawing,
        )
    }

    fn importances(&mut self, outcome: &Outcome<'_>) -> Result<()> {
        self.page.heading("What the settings explain");
        let mut all = outcome.search.importances(outcome.records)?;
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        let bars = all.iter().map(|(name, share)| (name.clone(), 100.0 * share, 0.0)).collect();
        self.figure(
            "importance",
            "Importance of the settings",
            &outcome.importance()?,
            "The share of the differences between the scores that a setting explains and the others do not. This is a rough \
             guess if there are few trials.",
            Drawing::Bars(Bars { x_name: "explained (%)".to_owned(), bars }),
        )
    }

    /// The scores over the values of each setting.
    fn dimensions(&mut self, outcome: &Outcome<'_>) -> Result<()> {
        let metric = outcome.search.metric().title();
        let first = first_rung(outcome);
        let is_varied = |values: &Values| !matches!(values, Values::Choices(choices) if choices.len() < 2);
        for (name, values) in outcome.search.space().dimensions().filter(|(_, values)| is_varied(values)) {
            let value = |record: &Record| outcome.search.value(record, name);
            let drawing = match values {
                Values::Range { log, .. } => {
                    let place = |record: &Record| value(record)?.as_f64();
                    Drawing::Scatter(Scatter {
                        x_name: name.to_owned(),
                        y_name: format!("validation {metric}"),
                        points: points(&first, &place).map(|(_, point)| point).collect(),
                        guide: Guide::None { logarithmic: *log },
                        marks: marks(outcome, &first, &place),
                    })
                }
                Values::Choices(choices) => {
                    let names: Vec<String> = choices.iter().map(as_option).collect();
                    let bar = |(choice, shown): (&Value, String)| {
                        let of_choice = first.iter().filter(|(record, _)| value(record).as_ref() == Some(choice));
                        let scores: Vec<f64> = of_choice.map(|(_, score)| *score).collect();
                        let (mean, deviation) = mean_and_deviation(&scores);
                        (shown, mean, deviation)
                    };
                    let bars = choices.iter().zip(apart(&names, NAME)).map(bar).collect();
                    Drawing::Bars(Bars { x_name: format!("mean validation {metric}, with standard deviation"), bars })
                }
            };
            self.figure(
                &format!("setting-{}", name.replace('.', "-")),
                name,
                &format!("The validation {metric} of the trials for each value of {name}."),
                "",
                drawing,
            )?;
        }
        Ok(())
    }
}

fn mean_and_deviation(scores: &[f64]) -> (f64, f64) {
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count;
    (mean, (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count).sqrt())
}
