//! The confusion matrix, the scores of each class, and the most confident mistakes.

use crate::data::Samples;
use crate::metric::ConfusionMatrix;

use super::figure::{Cell, Drawing, Grid, Hue, Picture, Pictures};
use super::html::Column::{Number, Text};
use super::html::{apart, shortened};
use super::{NAME, Run, Writer, percent, side};
use crate::error::Result;
use crate::text::{as_read, columns, counted, grouped};

/// With more classes than this, a heat map is wider than a page.
const MOST_DRAWN: usize = 1000;
/// With more classes than this, the most frequent confusions are listed too.
const MANY: usize = 20;
const MOST_PAIRS: usize = 15;
/// Number of rows of the table of classes.
const MOST_LISTED: usize = 40;
const PICTURES: usize = 16;
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
    if let Some(sentence) = missed(&confusion) {
        report.page.paragraph(&sentence);
    }
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
        let share = confusion.weight(row, column) / classes[row].weight;
        let text = if confusion.is_weighted() { as_read(confusion.weight(row, column)) } else { count.to_string() };
        let of_class = if share.is_nan() { Vec::new() } else { vec![format!("{:.0}%", 100.0 * share)] };
        let hue = if row == column { Hue::Blue } else { Hue::Vermillion };
        // the square root makes a few mistakes among many correct predictions visible
        let shade = if share.is_nan() { 0.0 } else { share.sqrt() };
        Cell { row, column, hue, shade, text: [vec![text], of_class].concat() }
    });
    let right: usize = (0..labels.len()).map(|k| confusion.count(k, k)).sum();
    let all: usize = classes.iter().map(|class| class.support).sum();
    let description = format!("{} of {} are correct", grouped(right), counted(all, "test row"));
    let grid = Grid {
        size: labels.len(),
        labels: apart(labels, LABEL),
        axes: ["true class", "predicted class"],
        cells: cells.collect(),
        key: [(Hue::Blue, "correct"), (Hue::Vermillion, "wrong")]
            .map(|(hue, what)| (hue, [format!("{what}: few"), "all rows of the class".to_owned()]))
            .to_vec(),
    };
    let cell = if confusion.is_weighted() { "adds the weights of" } else { "counts" };
    let caption = format!(
        "Each cell {cell} the test rows of a true class (row) that were predicted as a class (column), and shows their \
         percentage of the true class. A larger percentage has a darker colour: blue for correct predictions (on the \
         diagonal), orange for wrong ones (off the diagonal)."
    );
    report.figure("confusion", "Confusion matrix", &description, &caption, Drawing::Grid(grid))
}

/// A sentence about the classes whose test rows are all wrong.
fn missed(confusion: &ConfusionMatrix) -> Option<String> {
    let mut classes = confusion.of_classes();
    classes.retain(|class| class.support > 0 && class.recall == 0.0);
    let (first, others) = classes.split_first()?;
    let rows = |support| counted(support, "test row");
    Some(match others.len() {
        0 => format!("The class {} is always missed: all of its {} are wrong.", first.label, rows(first.support)),
        _ => {
            let names: Vec<String> = classes.iter().map(|class| shortened(&class.label, NAME)).collect();
            let all = rows(classes.iter().map(|class| class.support).sum());
            let count = grouped(classes.len());
            format!("{count} classes are always missed: all of their {all} are wrong: {}.", columns::listed(&names))
        }
    })
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
    let columns = [
        ("class", Text),
        ("precision", Number),
        ("recall", Number),
        ("F1", Number),
        ("support", Number),
        ("weight", Number),
    ];
    let columns = &columns[..if confusion.is_weighted() { 6 } else { 5 }];
    let rows = classes.into_iter().map(|class| {
        let weight = confusion.is_weighted().then(|| as_read(class.weight));
        let scores = [class.precision, class.recall, class.f1].map(percent);
        let cells = [vec![class.label], scores.to_vec(), vec![grouped(class.support)]].concat();
        cells.into_iter().chain(weight).collect()
    });
    report.page.table(columns, rows);
    let weighted = match confusion.is_weighted() {
        true => " Weight: the sum of their weights. The scores use these weights.",
        false => "",
    };
    report.page.paragraph(&format!(
        "Precision: the percentage of rows predicted as the class that belong to it. Recall: the percentage of rows of the class \
         that were predicted as it. F1: the harmonic mean of both. Support: the number of rows of the class.{weighted}",
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
    report.page.paragraph(&match (rows.len(), all) {
        (_, 1) => "The only mistake:".to_owned(),
        (shown, all) if shown == all => format!("All {}, the most confident first:", counted(all, "mistake")),
        (shown, all) => format!("The {shown} most confident of {}:", counted(all, "mistake")),
    });
    report.rows(run, &[("true class", Text), ("predicted", Text), ("probability", Number)], &rows)
}
