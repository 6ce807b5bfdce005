//! Predicted and true values, and the largest errors.

use crate::data::Samples;

use super::figure::{Drawing, Guide, Histogram, Scatter};
use super::html::Column::Number;
use super::html::shortened;
use super::{NAME, Run, Writer, as_read, evenly};
use crate::error::Result;
use crate::metric::mean_and_deviation;
use crate::text::{grouped, significant};

/// The largest number of points in a plot; more could not be distinguished.
const MOST_POINTS: usize = 1500;
/// Number of targets with plots.
const MOST_TARGETS: usize = 4;
const ROWS: usize = 10;
const DIGITS: usize = 5;

pub(super) fn write(
    run: &Run<'_>,
    columns: &[String],
    [truth, predicted]: [&Samples; 2],
    report: &mut Writer,
) -> Result<()> {
    for (i, column) in columns.iter().enumerate().take(MOST_TARGETS) {
        report.page.heading(&format!("Predictions of {column}"));
        let pairs: Vec<(f64, f64)> = truth.feature(i).zip(predicted.feature(i)).collect();
        let suffix = if columns.len() > 1 { format!("-{}", i + 1) } else { String::new() };
        draw(&shortened(column, NAME), &suffix, &pairs, report)?;
        list(run, &pairs, report)?;
    }
    if columns.len() > MOST_TARGETS {
        let others = columns.len() - MOST_TARGETS;
        report.page.paragraph(&format!("This report shows no plots of the other {others} targets."));
    }
    Ok(())
}

fn draw(column: &str, suffix: &str, pairs: &[(f64, f64)], report: &mut Writer) -> Result<()> {
    let drawn = evenly(pairs.len(), MOST_POINTS);
    let points = |of: &dyn Fn((f64, f64)) -> (f64, f64)| drawn.iter().map(|row| of(pairs[*row])).collect::<Vec<_>>();
    let sample = match drawn.len() < pairs.len() {
        true => format!(" The plot shows {} of {} rows, evenly spaced.", grouped(drawn.len()), grouped(pairs.len())),
        false => String::new(),
    };
    let rows = grouped(pairs.len());
    let (x_name, y_name) = (format!("true {column}"), format!("predicted {column}"));
    report.figure(
        &format!("predicted-true{suffix}"),
        "Predicted against true values",
        &format!("{rows} test rows around the diagonal"),
        &format!(
            "Each point is a test row: the true and the predicted {column}, in the unit of {column}. Points on the \
             line are perfect predictions.{sample}"
        ),
        Drawing::Scatter(Scatter {
            x_name,
            y_name,
            points: points(&|pair| pair),
            guide: Guide::Diagonal,
            marks: Vec::new(),
        }),
    )?;
    let residuals: Vec<f64> = pairs.iter().map(|(y, prediction)| prediction - y).collect();
    let (mean, deviation) = mean_and_deviation(&residuals);
    let (mean, deviation) = (significant(mean, 4), significant(deviation, 4));
    let description = format!("mean {mean}, standard deviation {deviation}");
    let caption = format!(
        "The number of test rows with each residual. Residual = predicted − true value, in the unit of {column}. \
         Mean {mean}, standard deviation {deviation}."
    );
    report.figure(
        &format!("residuals{suffix}"),
        "Distribution of the residuals",
        &description,
        &caption,
        Drawing::Histogram(Histogram::new(format!("residual of {column}"), &residuals)),
    )?;
    let (x_name, y_name) = (format!("predicted {column}"), "residual".to_owned());
    let points = points(&|(y, prediction)| (prediction, prediction - y));
    report.figure(
        &format!("residuals-predicted{suffix}"),
        "Residuals against predicted values",
        &format!("{rows} test rows around zero"),
        &format!(
            "Each point is a test row: the predicted {column} and its residual, in the unit of {column}. For a good \
             model, the points form an even band around zero.{sample}"
        ),
        Drawing::Scatter(Scatter { x_name, y_name, points, guide: Guide::Zero, marks: Vec::new() }),
    )
}

fn list(run: &Run<'_>, pairs: &[(f64, f64)], report: &mut Writer) -> Result<()> {
    let error = |row: &usize| (pairs[*row].1 - pairs[*row].0).abs();
    let mut largest: Vec<usize> = (0..pairs.len()).collect();
    largest.sort_by(|a, b| error(b).total_cmp(&error(a)));
    let row = |row: &usize| {
        let (y, prediction) = pairs[*row];
        let residual = significant(prediction - y, DIGITS);
        (*row, vec![as_read(y), significant(prediction, DIGITS), residual])
    };
    let rows: Vec<(usize, Vec<String>)> = largest.iter().take(ROWS).map(row).collect();
    report.page.paragraph("The largest errors:");
    report.rows(run, &[("true", Number), ("predicted", Number), ("residual", Number)], &rows)
}
