//! The losses of training and validation over the epochs.

use super::figure::{Curves, Drawing, Line, Stroke};
use super::{Course, Writer};
use crate::failure::Failure;
use crate::output::significant;

/// A baseline whose loss is so many times lower than any other is not drawn: it would press the curves together.
const FAR: f64 = 1000.0;

pub(super) fn write(course: &Course<'_>, report: &mut Writer) -> Result<(), Failure> {
    let epochs = course.epochs;
    report.page.heading("Learning");
    let Some(last) = epochs.last() else {
        report.page.paragraph("No epoch was finished.");
        return Ok(());
    };
    let training = epochs.iter().map(|record| (record.epoch as f64, record.loss)).collect();
    let validation: Vec<(f64, f64)> =
        epochs.iter().filter_map(|record| Some((record.epoch as f64, record.validation_loss?))).collect();
    let best = course.best_epoch;
    let best = validation.iter().find(|(epoch, _)| *epoch == best as f64).map(|(_, loss)| (best, *loss));

    let mut lines = vec![Line { name: "training".to_owned(), stroke: Stroke::Training, points: training }];
    if !validation.is_empty() {
        lines.push(Line { name: "validation".to_owned(), stroke: Stroke::Validation, points: validation });
    }
    let losses = lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let lowest = losses.filter(|loss| loss.is_finite()).fold(f64::INFINITY, f64::min);
    let ends = if epochs.len() == 1 { [0.96, 1.04] } else { [1.0, epochs.len() as f64] };
    let mut below = String::new();
    for (name, stroke, loss) in
        [("linear model", Stroke::Linear, course.baselines.linear), ("naive", Stroke::Naive, course.baselines.naive)]
    {
        match loss {
            Some(loss) if loss < lowest / FAR => {
                below = format!(" The loss of the {name}, {}, is far below.", number(loss));
            }
            Some(loss) if loss.is_finite() => {
                lines.push(Line { name: name.to_owned(), stroke, points: ends.map(|epoch| (epoch, loss)).to_vec() });
            }
            _ => {}
        }
    }

    let name = course.loss.to_owned();
    let mut description = format!("training {name} fell from {} to {}", number(epochs[0].loss), number(last.loss));
    let mut caption = "The training loss is the mean over the batches of an epoch, each before its step.".to_owned();
    match best {
        Some((epoch, loss)) => {
            description += &format!("; validation loss lowest, {}, in epoch {epoch}", number(loss));
            caption += " The weights of the epoch with the lowest validation loss were kept.";
        }
        None => caption += " Without validation rows the weights of the last epoch were kept.",
    }
    if lines.iter().any(|line| matches!(line.stroke, Stroke::Linear | Stroke::Naive)) {
        caption += &format!(" The level lines are the losses of the baselines on the {} rows.", course.baselines.part);
    }
    caption += &below;
    let drawing = Drawing::Curves(Curves { y_name: name, epochs: epochs.len(), lines, best });
    report.figure("learning", "Loss over the epochs", &description, &caption, drawing)
}

fn number(loss: f64) -> String {
    significant(loss, 3)
}
