//! report.html: the settings, the scores, the largest errors and the importance of the features, on
//! one page without scripts.
//!
//! This module makes tables and plots from numbers that the library computed.

mod axis;
mod classes;
mod figure;
mod html;
mod importance;
mod labels;
mod learning;
mod png;
mod preprocessing;
mod probabilities;
mod search;
mod values;

use std::collections::BTreeMap;

use mfnet_table::ColumnKind;

use self::figure::Drawing;
pub use self::figure::Plot;
use self::html::Column::{self, Number, Text};
use self::html::Page;
use self::importance::Importances;
use crate::data::{Dataset, Targets};
use crate::error::{Error, ErrorKind, KeptWeights, Result};
use crate::fit::{Baselines, Fit, Part, Plan, Summary};
use crate::model::Predictions;
use crate::text::{as_read, counted, headline, headline_cell, score_lines, significant};
use crate::train::EpochRecord;

/// Number of values of a row that are shown beside its error.
const SHOWN: usize = 6;
/// Number of columns that new data need which are named.
const NEEDED: usize = 8;
/// Number of characters of a name in a plot.
const NAME: usize = 24;

/// A fit with test rows, and what several sections of the page need.
struct Run<'a> {
    fit: &'a Fit,
    test: &'a Dataset,
    /// `None` if it would take too long, or the program was interrupted.
    importances: Option<Importances>,
}

/// The curves of loss and accuracy.
struct Course<'a> {
    plan: &'a Plan,
    /// The epochs of each network.
    networks: Vec<Vec<EpochRecord>>,
    /// The epoch whose weights were kept, if there is one network.
    best_epoch: usize,
    baselines: &'a Baselines,
}

/// The report of a fit: one HTML page without scripts that contains its plots.
pub struct Report {
    /// The page.
    pub page: String,
    /// The plots of the page, in order.
    pub plots: Vec<Plot>,
}

impl Course<'_> {
    /// The most epochs of a network.
    fn epochs(&self) -> usize {
        self.networks.iter().map(Vec::len).max().unwrap_or(0)
    }
}

impl Report {
    /// Makes the report of a fit. `head` is the folded text at the end of the page, such as the
    /// command line and [`Plan::introduction`].
    ///
    /// # Errors
    /// [`ErrorKind::Plot`] if a plot cannot be drawn.
    pub fn new(fit: &Fit, head: &str) -> Result<Self> {
        let Fit { summary, plan, histories, .. } = fit;
        let mut report = Writer::new(&summary.data);
        report.verdict(summary);
        report.notes(&[&summary.notes[..], &summary.remarks].concat());
        report.scores(&score_lines(&summary.rows()));
        report.more_scores(&summary.test);
        if let Some(column) = &summary.sample_weight {
            report.page.paragraph(&format!("All losses and scores use the row weights from column {column}."));
        }
        if summary.class_weight.is_some() {
            report.page.paragraph("The losses use class weights; the other scores do not.");
        }
        report.page.remark(&format!("{}.", summary.outcome()));
        for sentence in summary.calibration() {
            report.page.remark(&format!("{}{}.", sentence[..1].to_uppercase(), &sentence[1..]));
        }
        report.usage(fit);
        let networks = histories.iter().map(|history| history.epochs.clone()).collect();
        let best_epoch = fit.history().best_epoch;
        learning::write(&Course { plan, networks, best_epoch, baselines: &summary.baselines }, &mut report)?;
        let (test, _) = plan.test();
        if test.samples() == 0 {
            report.page.heading("Test rows");
            report
                .page
                .paragraph("There are no test rows, so this report cannot say how good the network is on new rows.");
        } else {
            let predictions = fit.model.predict_dataset(test)?;
            let run = &Run { fit, test, importances: Importances::of(fit, test)? };
            match (&predictions, test.targets()) {
                (
                    Predictions::Classes { indices: predicted, probabilities, .. },
                    Targets::Classes { labels, indices: truth, .. },
                ) => {
                    let answers = classes::Answers { labels, truth, predicted, probabilities };
                    classes::write(run, &answers, &mut report)?;
                    probabilities::write(run, &answers, &mut report)?;
                }
                (Predictions::Labels { .. }, _) => {
                    summary.test.metrics.iter().for_each(|metrics| labels::write(metrics, &mut report));
                }
                (Predictions::Values { values, .. }, Targets::Values { columns, values: truth }) => {
                    values::write(run, columns, [truth, values], &mut report)?;
                }
                _ => {}
            }
            importance::write(run, &mut report)?;
        }
        preprocessing::write(&fit.model, &mut report);
        let output = format!("{head}\n{}", summary.outcome());
        Ok(report.finish("The test rows were used only for scores, not for training.", &output))
    }

    /// Makes the report of a training that diverged after these epochs; `head` as in
    /// [`Report::new`].
    ///
    /// # Errors
    /// As [`Report::new`].
    pub fn diverged(plan: &Plan, head: &str, error: &Error, epochs: &[EpochRecord]) -> Result<Self> {
        let mut report = Writer::new(&plan.task.name);
        report.page.verdict("The training failed.");
        report.page.paragraph(&format!("{error}."));
        let best_epoch =
            if let ErrorKind::Diverged { kept: KeptWeights::Epoch(kept), .. } = error.kind() { *kept } else { 0 };
        report.notes(&plan.notes());
        let mut networks: BTreeMap<_, Vec<EpochRecord>> = BTreeMap::new();
        epochs.iter().for_each(|record| networks.entry(record.network).or_default().push(*record));
        let networks = networks.into_values().collect();
        learning::write(&Course { plan, networks, best_epoch, baselines: &Baselines::default() }, &mut report)?;
        Ok(report.finish("", &format!("{head}\nThe training failed: {error}.")))
    }
}

/// The page so far and its plots.
struct Writer {
    page: Page,
    plots: Vec<Plot>,
}

impl Writer {
    fn new(name: &str) -> Self {
        Writer { page: Page::new(name), plots: Vec::new() }
    }

    fn finish(mut self, remark: &str, output: &str) -> Report {
        self.page.heading("Command and settings");
        self.page.folded("Show the command, the data, the split and the settings", output);
        self.page.remark(format!("Written by mfnet {}. {remark}", env!("CARGO_PKG_VERSION")).trim_end());
        Report { page: self.page.finish(), plots: self.plots }
    }

    fn notes(&mut self, notes: &[String]) {
        if notes.is_empty() {
            return;
        }
        self.page.heading("Notes");
        notes.iter().for_each(|note| self.page.paragraph(note));
    }

    /// The verdict in words: its first part in large letters, then the scores that it rests on.
    fn verdict(&mut self, summary: &Summary) {
        match (&summary.verdict, &summary.test.metrics) {
            (Some(verdict), _) => match verdict.split_once(": ") {
                Some((large, rest)) => {
                    self.page.verdict(&format!("{large}."));
                    let mut rest = rest.chars();
                    let first = rest.next().into_iter().flat_map(char::to_uppercase);
                    self.page.paragraph(&first.chain(rest.as_str().chars()).collect::<String>());
                }
                None => self.page.verdict(verdict),
            },
            (None, Some(metrics)) => {
                let (name, score) = headline(metrics);
                let (score, rows) = (headline_cell(metrics, score), counted(summary.test.samples, "test row"));
                self.page.verdict(&match name {
                    "accuracy" => format!("The network predicts the right class for {score} of {rows}."),
                    "accuracy of labels" => format!("The network predicts {score} of the labels of {rows} right."),
                    _ => format!("The network has the {name} {score} on {rows}."),
                });
                if summary.baselines.linear.is_none() {
                    self.page.paragraph("It was not compared with a linear model and a naive baseline.");
                }
            }
            (None, None) => self.page.verdict("There are no test rows, so nobody knows how good the network is."),
        }
    }

    /// How to use the model, if it was saved.
    fn usage(&mut self, fit: &Fit) {
        let Some(folder) = &fit.summary.output else { return };
        let (model, folder) = (&fit.model, quoted(&folder.display().to_string()));
        let (columns, target) = (model.features(), model.target().columns());
        self.page.heading("Use the model");
        let more = match columns.len().saturating_sub(NEEDED) {
            0 => String::new(),
            more => format!(", and {} more", counted(more, "column")),
        };
        let needed = columns[..columns.len().min(NEEDED)].join(", ");
        self.page.paragraph(&format!(
            "To predict {} for the rows of a table (new.csv) with the columns {needed}{more}, in any order:",
            target.join(", ")
        ));
        self.page.lines(&format!("mfnet predict {folder} new.csv --output predictions.csv"));
        self.page.paragraph("To evaluate the model on other rows, in a table with the target:");
        self.page.lines(&format!("mfnet evaluate {folder} more.csv"));
        self.page.paragraph("To see its layers, its preprocessing and PyTorch code for it:");
        self.page.lines(&format!("mfnet inspect {folder}"));
    }

    fn scores(&mut self, lines: &[(String, Vec<String>)]) {
        let Some(((_, names), rows)) = lines.split_first() else { return };
        let numbers = names.iter().map(|name| (name.as_str(), Number));
        let columns: Vec<(&str, Column)> = [("", Text)].into_iter().chain(numbers).collect();
        let row = |(name, cells): &(String, Vec<String>)| [vec![name.clone()], cells.clone()].concat();
        self.page.heading("Scores");
        self.page.table(&columns, rows.iter().map(row));
    }

    /// The other metrics of the network on the test rows.
    fn more_scores(&mut self, test: &Part) {
        let Some(more) = &test.more else { return };
        let row = |(name, x): (&str, f64)| vec![name.to_owned(), significant(x, 4)];
        self.page.table(&[("network, test", Text), ("", Number)], more.named().into_iter().map(row));
    }

    /// Puts a plot on the page. `description` is for readers who cannot see it, `caption` for all
    /// readers.
    fn figure(&mut self, name: &str, title: &str, description: &str, caption: &str, drawing: Drawing) -> Result<()> {
        let (name, title, description) = (name.to_owned(), title.to_owned(), description.to_owned());
        let plot = Plot { name, title, description, drawing };
        self.page.figure(&plot.svg()?, caption);
        self.plots.push(plot);
        Ok(())
    }

    /// A table of test rows with their first columns, and with the most important features.
    fn rows(&mut self, run: &Run<'_>, head: &[(&str, Column)], rows: &[(usize, Vec<String>)]) -> Result<()> {
        let (test, all) = (run.test, run.test.features());
        let features = run.importances.as_ref().map_or_else(|| (0..all).collect(), Importances::features);
        let features = &features[..features.len().min(SHOWN)];
        let names: Vec<String> = features.iter().map(|i| test.feature_names()[*i].clone()).collect();
        let names = html::apart(&names, NAME);
        let names = names.iter().map(|name| (name.as_str(), Number));
        let columns: Vec<(&str, Column)> =
            [("row", Number)].into_iter().chain(head.iter().copied()).chain(names).collect();
        let kinds = test.kinds();
        let inputs = test.select(&rows.iter().map(|row| row.0).collect::<Vec<_>>())?.inputs();
        let cells = |(j, (row, cells)): (usize, &(usize, Vec<String>))| {
            let values = features.iter().map(|i| match &kinds[*i] {
                ColumnKind::Number if inputs[(*i, j)].is_finite() => as_read(inputs[(*i, j)]),
                _ => html::shortened(&test.feature_text(*i, inputs[(*i, j)]), NAME),
            });
            let number = run.fit.plan.test().1[*row].to_string();
            [number].into_iter().chain(cells.iter().cloned()).chain(values).collect()
        };
        self.page.table(&columns, rows.iter().enumerate().map(cells));
        let which = match features.len() {
            shown if shown == all => String::new(),
            shown if run.importances.is_some() => {
                format!(" The table shows the {shown} most important features.")
            }
            shown => format!(" The table shows the first {shown} features."),
        };
        let of = run.fit.plan.task.recipe.test_file.as_ref().map_or_else(String::new, |file| format!(" of {file}"));
        self.page.paragraph(&format!(
            "Row numbers{of} count from 0, without the header, as for mfnet explain --rows.{which}"
        ));
        Ok(())
    }
}

/// The side of a square picture in pixels, if the features are its pixels: a square number of
/// features called pixel….
fn side(features: &[String]) -> Option<usize> {
    let side = features.len().isqrt();
    let pixels = features.iter().all(|name| name.starts_with("pixel"));
    (pixels && side >= 8 && side * side == features.len()).then_some(side)
}

/// Some of many numbers, evenly spaced.
fn evenly(all: usize, most: usize) -> Vec<usize> {
    let count = all.min(most);
    (0..count).map(|i| i * all / count).collect()
}

/// A path as an argument of a shell.
fn quoted(path: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_./,:=+%@\\".contains(character);
    if !path.is_empty() && path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

/// A fraction in per cent, or a dash if it is unknown.
fn percent(fraction: f64) -> String {
    if fraction.is_nan() { "–".to_owned() } else { format!("{:.1} %", 100.0 * fraction) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_squares_of_pixels() {
        let names = |count: usize| (0..count).map(|i| format!("pixel{i}")).collect::<Vec<_>>();
        assert_eq!(side(&names(64)), Some(8));
        assert_eq!(side(&names(784)), Some(28));
        assert_eq!((side(&names(63)), side(&names(49)), side(&names(0))), (None, None, None));
        assert_eq!(side(&[names(63), vec!["age".to_owned()]].concat()), None);
    }
}
