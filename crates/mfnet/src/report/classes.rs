//! The confusion matrix, the scores of each class, and the most confident mistakes.

use crate::data::Samples;
use crate::metric::ConfusionMatrix;

use super::figure::{Cell, Drawing, Grid, Picture, Pictures};
use super::html::Column::{Number, Text};
use super::html::shortened;
use super::{NAME, Run, Writer, percent, side};
use crate::error::Result;
use crate::text::{as_read, counted, grouped};

/// With more classes than this, a heat map is wider than a page.
const MOST_DRAWN: usize = 1000;
/// With more classes than this, the most frequent confusions are listed too.
const MANY: usize = 20;
const MOST_PAIRS: usize = 15;
/// Number of rows of the table of classes.
const MOST_LISTED: usize = 40;
const PICTURES: usize = 15;
const ROWS: usize = 10;
/// Number of characters of a class name in a plot.
const LABEL: usize = 14;

/// The true classes, and the predictions of the network.
pub(super) struct Answers<'a> {
    pub(super) labels: &'a [String],
    pub(super) truth: &'a [usize],
    pub(super) predicted: &'a [usize],
    pub(super) probabilities: &'a Samples,
}

pub(super) fn write(run: &Run<'_>, answers: &Answers<'_>, report: &mut Writer) -> Result<()> {
    let confusion = match run.test.weights() {
        Some(weights) => ConfusionMatrix::weighted(answers.labels, answers.truth, answers.predicted, weights),
        None => ConfusionMatrix::new(answers.labels, answers.truth, answers.predicted),
    };
    report.page.heading("Classes");
    if answers.labels.len() <= MOST_DRAWN {
        draw(&confusion, report)?;
    }
    if answers.labels.len() > MANY {
        list_pairs(&confusion, report);
    }
    list_classes(&confusion, report);
    report.page.heading("Most confident mistakes");
    write_mistakes(run, answers, report)
}

fn draw(confusion: &ConfusionMatrix, report: &mut Writer) -> Result<()> {
    let (labels, classes) = (confusion.labels(), confusion.of_classes());
    let cells = confusion.pairs().map(|(row, column, count)| {
        // the square root makes a few mistakes among many correct predictions visible
        let shade = (confusion.weight(row, column) / classes[row].weight).sqrt();
        let text = if confusion.is_weighted() { as_read(confusion.weight(row, column)) } else { count.to_string() };
        Cell { row, column, shade: if shade.is_nan() { 0.0 } else { shade }, text }
    });
    let right: usize = (0..labels.len()).map(|k| confusion.count(k, k)).sum();
    let all: usize = classes.iter().map(|class| class.support).sum();
    let description = format!("{} of {} are correct", grouped(right), counted(all, "test row"));
    let grid = Grid {
        size: labels.len(),
        labels: labels.iter().map(|label| shortened(label, LABEL)).collect(),
        axes: ["true class", "predicted class"],
        cells: cells.collect(),
        key: ["few rows of the class".to_owned(), "all".to_owned()],
    };
    let cell = if confusion.is_weighted() { "adds the weights of" } else { "counts" };
    let caption = format!(
        "Each cell {cell} the test rows of a true class (row) that were predicted as a class (column). Correct predictions are on the diagonal; white cells are empty."
    );
    report.figure("confusion", "Confusion matrix", &description, &caption, Drawing::Grid(grid))
}

fn list_pairs(confusion: &ConfusionMatrix, report: &mut Writer) {
    let mistakes = confusion.mistakes();
    if mistakes.is_empty() {
        return;
    }
    let label = |class: usize| shortened(&confusion.labels()[class], NAME);
    let weight = |class, predicted| confusion.is_weighted().then(|| as_read(confusion.weight(class, predicted)));
    let row = |(class, predicted, count)| {
        [label(class), label(predicted), grouped(count)].into_iter().chain(weight(class, predicted)).collect()
    };
    report.page.paragraph("The most frequent confusions:");
    let columns = [("true class", Text), ("predicted", Text), ("rows", Number), ("weight", Number)];
    let columns = &columns[..if confusion.is_weighted() { 4 } else { 3 }];
    report.page.table(columns, mistakes.into_iter().take(MOST_PAIRS).map(row));
}

fn list_classes(confusion: &ConfusionMatrix, report: &mut Writer) {
    let mut classes = confusion.of_classes();
    let all = classes.len();
    if all > MOST_LISTED {
        // the classes with the lowest recall; unknown recalls come last
        classes.sort_by(|a, b| a.recall.total_cmp(&b.recall));
        classes.truncate(MOST_LISTED);
        report.page.paragraph(&format!("The {MOST_LISTED} classes with the lowest recall, out of {}:", grouped(all)));
    }
    let columns = [("class", Text), ("precision", Number), ("recall", Number), ("support", Number), ("weight", Number)];
    let columns = &columns[..if confusion.is_weighted() { 5 } else { 4 }];
    let rows = classes.into_iter().map(|class| {
        let weight = confusion.is_weighted().then(|| as_read(class.weight));
        let cells = [class.label, percent(class.precision), percent(class.recall), grouped(class.support)];
        cells.into_iter().chain(weight).collect()
    });
    report.page.table(columns, rows);
    let weighted = match confusion.is_weighted() {
        true => " Weight: the sum of their weights. Precision and recall use these weights.",
        false => "",
    };
    report.page.paragraph(&format!(
        "Precision: the percentage of rows predicted as the class that belong to it. Recall: the percentage of rows of the class \
         that were predicted as it. Support: the number of rows of the class.{weighted}",
    ));
}

fn write_mistakes(run: &Run<'_>, answers: &Answers<'_>, report: &mut Writer) -> Result<()> {
    let certainty = |row: &usize| answers.probabilities.number(*row, answers.predicted[*row]);
    let mut mistakes: Vec<usize> =
        (0..answers.truth.len()).filter(|row| answers.truth[*row] != answers.predicted[*row]).collect();
    mistakes.sort_by(|a, b| certainty(b).total_cmp(&certainty(a)));
    if mistakes.is_empty() {
        report.page.paragraph("There are none: every test row was predicted correctly.");
        return Ok(());
    }
    let (all, certain) = (mistakes.len(), certainty(&mistakes[0]));
    if let Some(side) = side(run.test.feature_names()) {
        mistakes.truncate(PICTURES);
        let inputs = run.test.select(&mistakes)?.inputs();
        let largest = inputs.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let picture = |(j, row): (usize, &usize)| {
            let label = |class: usize| shortened(&answers.labels[class], 6);
            let caption = [
                format!("{} as {}", label(answers.truth[*row]), label(answers.predicted[*row])),
                percent(certainty(row)),
                format!("row {}", run.fit.plan.test().1[*row]),
            ];
            Picture { pixels: inputs.column(j).map(|x| x / largest).collect(), caption }
        };
        let pictures = mistakes.iter().enumerate().map(picture).collect();
        let description =
            format!("{} of {}, the most confident with {}", mistakes.len(), counted(all, "mistake"), percent(certain));
        let caption = "True class and predicted class, the predicted probability, and the row number in the data, counted from 0.";
        let drawing = Drawing::Pictures(Pictures { side, pictures });
        return report.figure("mistakes", "Most confident mistakes", &description, caption, drawing);
    }
    let label = |class: usize| shortened(&answers.labels[class], NAME);
    let cells = |row: &usize| vec![label(answers.truth[*row]), label(answers.predicted[*row]), percent(certainty(row))];
    let rows: Vec<_> = mistakes.iter().take(ROWS).map(|row| (*row, cells(row))).collect();
    report.page.paragraph(&format!("The {} most confident of {}:", rows.len(), counted(all, "mistake")));
    report.rows(run, &[("true class", Text), ("predicted", Text), ("probability", Number)], &rows)
}
