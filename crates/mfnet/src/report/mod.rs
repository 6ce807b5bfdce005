//! report.html: what was trained, how well, where it is wrong and what it looks at, on one page without scripts.
//!
//! All numbers come from the library; here they become tables and plots.

mod axis;
mod classes;
mod figure;
mod html;
mod importance;
mod learning;
mod png;
mod preprocessing;
mod values;

use crate::data::{Dataset, Targets};
use crate::error::{Error, Result};
use crate::fit::{Baselines, Fit, Plan};
use crate::model::{Model, Predictions};
use mfnet_table::ColumnKind;

use self::figure::{Drawing, Figure};
use self::html::{Column, Page};
use self::importance::Importances;
use crate::text::as_read;
use crate::train::EpochRecord;

/// Values of a row that are shown beside its error.
const SHOWN: usize = 6;
/// Characters of a name in a plot.
const NAME: usize = 24;

/// A fit and what its page asks for often.
struct Run<'a> {
    model: &'a Model,
    test: &'a Dataset,
    /// The numbers of the test rows in the data, or in the file of the test rows.
    test_rows: &'a [usize],
    test_file: Option<&'a str>,
    /// Someone waits for the end: nothing is computed that takes long.
    interrupted: bool,
}

/// How loss and accuracy went.
struct Course<'a> {
    /// The name of the loss.
    loss: String,
    epochs: &'a [EpochRecord],
    /// The epoch whose weights were kept.
    best_epoch: usize,
    /// The part on which the baselines were scored to compare the curves with.
    part: &'static str,
    baselines: &'a Baselines,
}

/// The report of a fit: one HTML page without scripts, its plots in it.
pub struct Report {
    /// The page.
    pub page: String,
    figures: Vec<Figure>,
}

/// A plot as two files.
pub struct Plot {
    /// The name of the files, without ending.
    pub name: String,
    /// The SVG file.
    pub svg: String,
    /// The PNG file.
    pub png: Vec<u8>,
}

impl Report {
    /// Of a fit. `command` stands at the top of the page: how the fit was called.
    ///
    /// # Errors
    /// [`crate::Error::Plot`] if a plot cannot be drawn.
    pub fn new(fit: &Fit, command: &str) -> Result<Self> {
        let (summary, plan) = (&fit.summary, &fit.plan);
        let mut report = Writer::new(&summary.data, command, &plan.introduction(), &summary.outcome());
        report.scores(&summary.score_lines(), summary.verdict.as_deref());
        let part = if summary.validation.samples > 0 { "validation" } else { "training" };
        let (epochs, best_epoch) = (fit.history.epochs(), fit.history.best_epoch());
        let course = Course { loss: plan.loss_name(), epochs, best_epoch, part, baselines: &summary.baselines };
        learning::write(&course, &mut report)?;
        let (test, test_rows) = plan.test();
        let run =
            &Run { model: &fit.model, test, test_rows, test_file: plan.test_file(), interrupted: summary.interrupted };
        if run.test.samples() == 0 {
            report.page.heading("Test rows");
            report.page.paragraph(
                "There are no test rows, so nothing is known of how good the network is on rows that it was not trained with.",
            );
        } else {
            let predictions = run.model.predict_dataset(run.test)?;
            let importances = Importances::of(run)?;
            match (&predictions, run.test.targets()) {
                (
                    Predictions::Classes { indices, probabilities, .. },
                    Targets::Classes { labels, indices: truth, .. },
                ) => {
                    let answers = classes::Answers { labels, truth, predicted: indices, probabilities };
                    classes::write(run, &answers, importances.as_ref(), &mut report)?;
                }
                (Predictions::Values { values, .. }, Targets::Values { columns, values: truth }) => {
                    values::write(run, columns, &truth.tensor(), values, importances.as_ref(), &mut report)?;
                }
                _ => {}
            }
            importance::write(run, importances.as_ref(), &mut report)?;
        }
        preprocessing::write(run, &mut report);
        Ok(report.finish(" Test rows were used for nothing but this report."))
    }

    /// Of a training that went wrong after these epochs, of which it kept one; 0 is the start.
    ///
    /// # Errors
    /// As [`Report::new`].
    pub fn diverged(plan: &Plan, command: &str, error: &Error, epochs: &[EpochRecord], kept: usize) -> Result<Self> {
        let outcome = format!("The training failed: {error}.");
        let mut report = Writer::new(plan.name(), command, &plan.introduction(), &outcome);
        let (loss, baselines) = (plan.loss_name(), &Baselines::default());
        learning::write(&Course { loss, epochs, best_epoch: kept, part: "", baselines }, &mut report)?;
        Ok(report.finish(""))
    }

    /// The plots of the page, one after the other.
    ///
    /// # Errors
    /// As [`Report::new`].
    pub fn plots(&self) -> impl Iterator<Item = Result<Plot>> {
        self.figures.iter().map(|figure| {
            let (svg, png) = (figure.svg()?, figure.png()?);
            Ok(Plot { name: figure.name.clone(), svg, png })
        })
    }
}

/// The page so far and its plots.
struct Writer {
    page: Page,
    figures: Vec<Figure>,
}

impl Writer {
    fn new(name: &str, command: &str, introduction: &str, outcome: &str) -> Self {
        let mut page = Page::new(name);
        page.lines(&format!("{command}\n\n{introduction}\n{outcome}"));
        Writer { page, figures: Vec::new() }
    }

    fn finish(mut self, remark: &str) -> Report {
        self.page.paragraph(&format!("Written by mfnet {}.{remark}", env!("CARGO_PKG_VERSION")));
        Report { page: self.page.finish(), figures: self.figures }
    }

    fn scores(&mut self, lines: &[(String, Vec<String>)], verdict: Option<&str>) {
        let Some(((_, names), rows)) = lines.split_first() else { return };
        let numbers = names.iter().map(|name| (name.as_str(), Column::Number));
        let columns: Vec<(&str, Column)> = [("", Column::Text)].into_iter().chain(numbers).collect();
        let row = |(name, cells): &(String, Vec<String>)| [vec![name.clone()], cells.clone()].concat();
        self.page.heading("Scores");
        self.page.table(&columns, &rows.iter().map(row).collect::<Vec<_>>());
        if let Some(verdict) = verdict {
            self.page.paragraph(verdict);
        }
    }

    /// Puts a plot on the page. `description` is for those who do not see it, `caption` for all.
    fn figure(&mut self, name: &str, title: &str, description: &str, caption: &str, drawing: Drawing) -> Result<()> {
        let (title, description) = (title.to_owned(), description.to_owned());
        let figure = Figure { name: name.to_owned(), title, description, drawing };
        self.page.figure(&figure.svg()?, caption);
        self.figures.push(figure);
        Ok(())
    }

    /// Rows with their first columns, and the features that count most.
    fn rows(
        &mut self,
        run: &Run<'_>,
        importances: Option<&Importances>,
        head: &[(&str, Column)],
        rows: &[(usize, Vec<String>)],
    ) -> Result<()> {
        let features = importances.map_or_else(|| (0..run.test.features()).collect(), Importances::features);
        let features = &features[..features.len().min(SHOWN)];
        let names: Vec<String> =
            features.iter().map(|feature| html::shortened(&run.test.feature_names()[*feature], NAME)).collect();
        let names = names.iter().map(|name| (name.as_str(), Column::Number));
        let columns: Vec<(&str, Column)> =
            [("row", Column::Number)].into_iter().chain(head.iter().copied()).chain(names).collect();
        let kinds = run.test.kinds();
        let inputs = run.test.select(&rows.iter().map(|row| row.0).collect::<Vec<_>>())?.inputs();
        let cells = |(j, (row, cells)): (usize, &(usize, Vec<String>))| {
            let values = features.iter().map(|feature| match &kinds[*feature] {
                ColumnKind::Number if inputs[(*feature, j)].is_finite() => as_read(inputs[(*feature, j)]),
                kind => html::shortened(&kind.text(inputs[(*feature, j)]), NAME),
            });
            [run.test_rows[*row].to_string()].into_iter().chain(cells.clone()).chain(values).collect()
        };
        self.page.table(&columns, &rows.iter().enumerate().map(cells).collect::<Vec<_>>());
        let which = match features.len() < run.test.features() {
            true if importances.is_some() => {
                format!(" Of the features the {} most important ones are shown.", features.len())
            }
            true => format!(" Of the features the first {} are shown.", features.len()),
            false => String::new(),
        };
        let of = run.test_file.map_or_else(String::new, |file| format!(" of {file}"));
        self.page
            .paragraph(&format!("Rows{of} are counted from 0, without the header, as in mfnet explain --rows.{which}"));
        Ok(())
    }
}

/// Pixels on the side of a picture, if the features are the pixels of one: as many as a square has, called pixel….
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

/// So many per cent, or a dash for what is not known.
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
