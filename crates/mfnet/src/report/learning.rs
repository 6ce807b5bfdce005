//! The losses of training and validation over the epochs, and the accuracy of classes.

use super::axis::Axis;
use super::figure::{Curves, Drawing, Line, Mark, Stroke};
use super::{Course, Writer};
use crate::error::Result;
use crate::fit::Baseline;
use crate::text::significant;
use crate::train::{EpochRecord, Monitor};

/// A baseline whose loss is this many times lower than every other loss is not drawn, because it
/// would compress the curves.
const FAR: f64 = 1000.0;

pub(super) fn write(course: &Course<'_>, report: &mut Writer) -> Result<()> {
    report.page.heading("Training");
    if course.epochs() == 0 {
        report.page.paragraph("The training stopped before the end of the first epoch.");
        return Ok(());
    }
    loss(course, report)?;
    accuracy(course, report)?;
    score(course, report)
}

fn loss(course: &Course<'_>, report: &mut Writer) -> Result<()> {
    let mut all_training = points(course, |record| Some(record.loss));
    let mut all_validation = points(course, |record| record.validation_loss);
    let [training, validation] = [&mut all_training, &mut all_validation].map(|all| all.remove(0));
    let is_ensemble = course.networks.len() > 1;
    let best = best(course, &validation);
    let name = course.plan.loss.word();
    let [first, last] =
        [training.first(), training.last()].map(|point| number(point.map_or(f64::NAN, |point| point.1)));
    let mut description = format!("training {name} fell from {first} to {last}");
    let unit = match course.plan.scaling_of_targets() {
        Some(scaling) => format!("{name}, of targets that are {scaling}"),
        None => name.to_owned(),
    };
    let mut caption = format!(
        "The loss of each epoch ({unit}). The training loss is the mean of the batch losses of an epoch, each computed \
         before its optimizer step."
    );
    match best {
        _ if is_ensemble => {
            caption += &format!(" There is a curve for each of the {} networks.", course.networks.len());
            if course.plan.validates() {
                caption += &format!(" Each has the weights of its epoch with the {}.", course.plan.monitor().best());
            }
        }
        Some((epoch, loss)) => {
            description += &match course.plan.monitor() {
                Monitor::Loss => format!("; validation loss lowest, {}, in epoch {epoch}", number(loss)),
                _ => format!("; validation loss {} in the best epoch, {epoch}", number(loss)),
            };
            caption += &format!(" The model has the weights of the epoch with the {}.", course.plan.monitor().best());
        }
        None if validation.is_empty() => {
            caption += " There are no validation rows, so the model has the weights of the last epoch.";
        }
        None => {
            let monitor = course.plan.monitor();
            caption += &format!(" No validation {monitor} is finite, so the model has the weights of the last epoch.");
        }
    }
    if course.plan.smooths_targets() {
        caption += " The training loss has label smoothing with a schedule; the validation loss has none.";
    }
    if course.plan.averages() {
        caption += " The weights of the model are averages; the training loss is that of the current weights, and the \
                    validation loss that of the average.";
    }

    let mut lines = vec![Line { name: "training".to_owned(), stroke: Stroke::TRAINING, points: training }];
    let other = |stroke: Stroke| move |points: Vec<(f64, f64)>| Line { name: String::new(), stroke, points };
    lines.extend(all_training.into_iter().map(other(Stroke::TRAINING)));
    if !validation.is_empty() {
        lines.push(Line { name: "validation".to_owned(), stroke: Stroke::VALIDATION, points: validation });
        lines.extend(all_validation.into_iter().map(other(Stroke::VALIDATION)));
    }
    let lowest = values(&lines).filter(|loss| loss.is_finite()).fold(f64::INFINITY, f64::min);
    let (near, far): (Vec<Line>, Vec<Line>) =
        levels(course, |level| level.loss).into_iter().partition(|line| line.points[0].1 >= lowest / FAR);
    if !near.is_empty() {
        // the baselines were scored on these rows too
        let part = if course.plan.validates() { "validation" } else { "training" };
        caption += &format!(" The horizontal lines show the losses of the baselines on the {part} rows.");
    }
    for line in far {
        caption += &format!(" The loss of the {}, {}, is too low to show.", line.name, number(line.points[0].1));
    }
    lines.extend(near);
    let y_axis = Axis::logarithmic_if_wide(values(&lines));
    let drawing = Drawing::Curves(Curves {
        x_name: "epoch",
        y_name: name,
        x_axis: Axis::numbers(course.epochs()),
        y_axis,
        lines,
        mark: best.map(mark),
    });
    report.figure("learning", "Loss over the epochs", &description, &caption, drawing)
}

/// The accuracy, for classification with validation rows.
fn accuracy(course: &Course<'_>, report: &mut Writer) -> Result<()> {
    let percent = |accuracy: f64| 100.0 * accuracy;
    let mut all = points(course, |record| record.validation_accuracy.map(percent));
    let points = all.remove(0);
    let Some((_, last)) = points.last() else { return Ok(()) };
    let best = best(course, &points);
    let mut description = format!("validation accuracy went from {:.1} % to {last:.1} %", points[0].1);
    if let Some((epoch, accuracy)) = best {
        description += &format!("; {accuracy:.1} % in epoch {epoch}");
    }
    let monitor = course.plan.monitor();
    let not = if monitor == Monitor::Accuracy { "" } else { ", not necessarily the highest accuracy" };
    let mut caption = "The percentage of validation rows that are classified correctly.".to_owned();
    caption += &match course.networks.len() {
        1 => format!(" The best epoch has the {}{not}.", monitor.best()),
        networks => format!(" There is a curve for each of the {networks} networks."),
    };
    let levels = levels(course, |level| level.accuracy.map(percent));
    if !levels.is_empty() {
        caption += " The horizontal lines show the accuracies of the baselines on the same rows.";
    }
    let validation = Line { name: "validation".to_owned(), stroke: Stroke::VALIDATION, points };
    let others = all.into_iter().map(|points| Line { name: String::new(), stroke: Stroke::VALIDATION, points });
    let lines: Vec<Line> = [validation].into_iter().chain(others).chain(levels).collect();
    let (y_name, y_axis) = ("accuracy in %", Axis::percent(values(&lines)));
    let drawing = Drawing::Curves(Curves {
        x_name: "epoch",
        y_name,
        x_axis: Axis::numbers(course.epochs()),
        y_axis,
        lines,
        mark: best.map(mark),
    });
    report.figure("accuracy", "Accuracy over the epochs", &description, &caption, drawing)
}

/// The metric that decided which epoch was kept, unless it is the accuracy or a loss.
fn score(course: &Course<'_>, report: &mut Writer) -> Result<()> {
    let mut all = points(course, |record| record.validation_score);
    let points = all.remove(0);
    let Some((_, last)) = points.last() else { return Ok(()) };
    if course.plan.monitor() == Monitor::Accuracy {
        return Ok(());
    }
    let name = match course.plan.monitor() {
        Monitor::Rmse => "RMSE of the scaled target",
        Monitor::Mae => "MAE of the scaled target",
        _ => course.plan.metric().title(),
    };
    let best = best(course, &points);
    let mut description = format!("validation {name} went from {} to {}", number(points[0].1), number(*last));
    if let Some((epoch, score)) = best {
        description += &format!("; {} in epoch {epoch}", number(score));
    }
    let caption = match course.networks.len() {
        1 => format!("The best epoch has the {}.", course.plan.monitor().best()),
        networks => format!("There is a curve for each of the {networks} networks."),
    };
    let validation = Line { name: "validation".to_owned(), stroke: Stroke::VALIDATION, points };
    let others = all.into_iter().map(|points| Line { name: String::new(), stroke: Stroke::VALIDATION, points });
    let lines: Vec<Line> = [validation].into_iter().chain(others).collect();
    let drawing = Drawing::Curves(Curves {
        x_name: "epoch",
        y_name: name,
        x_axis: Axis::numbers(course.epochs()),
        y_axis: Axis::of(values(&lines)),
        lines,
        mark: best.map(mark),
    });
    report.figure("score", &format!("{name} over the epochs"), &description, &caption, drawing)
}

/// For each network, a curve with a number for each epoch.
fn points(course: &Course<'_>, of: impl Fn(&EpochRecord) -> Option<f64>) -> Vec<Vec<(f64, f64)>> {
    let point = |record: &EpochRecord| Some((record.epoch as f64, of(record)?));
    course.networks.iter().map(|epochs| epochs.iter().filter_map(point).collect()).collect()
}

/// The epoch whose weights were kept, and the value of a curve in it, if there is one network.
fn best(course: &Course<'_>, points: &[(f64, f64)]) -> Option<(usize, f64)> {
    let is_one = course.networks.len() == 1;
    let point =
        points.iter().filter(|_| is_one).find(|point| point.0 == course.best_epoch as f64 && point.1.is_finite());
    point.map(|point| (course.best_epoch, point.1))
}

fn mark((epoch, y): (usize, f64)) -> Mark {
    Mark { x: epoch as f64, y, text: format!("best epoch: {epoch}") }
}

/// A horizontal line for each baseline with a finite number.
fn levels(course: &Course<'_>, value: impl Fn(&Baseline) -> Option<f64>) -> Vec<Line> {
    let ends = if course.epochs() == 1 { [0.96, 1.04] } else { [1.0, course.epochs() as f64] };
    let baselines = [
        ("linear model".to_owned(), Stroke::LINEAR, &course.baselines.linear),
        ("naive baseline".to_owned(), Stroke::NAIVE, &course.baselines.naive),
    ];
    let line = |(name, stroke, level): (_, _, &Option<Baseline>)| {
        let y = level.as_ref().and_then(&value).filter(|y| y.is_finite())?;
        Some(Line { name, stroke, points: ends.map(|epoch| (epoch, y)).to_vec() })
    };
    baselines.into_iter().filter_map(line).collect()
}

fn values(lines: &[Line]) -> impl Iterator<Item = f64> + Clone {
    lines.iter().flat_map(|line| line.points.iter().map(|point| point.1))
}

fn number(loss: f64) -> String {
    significant(loss, 3)
}
