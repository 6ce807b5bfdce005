//! The display during training: the progress bar, and below it the curves of the losses so far.

use std::time::{Duration, Instant};

use console::Term;
use indicatif::ProgressBar;
use mfnet::text::{grouped, significant, sparkline};
use mfnet::train::{EpochRecord, Step};

use crate::output::progress_bar;

/// The shortest time between two changes of the display.
const SHOW_AFTER: Duration = Duration::from_millis(50);
/// The largest and the smallest number of blocks in a curve.
const MOST_BLOCKS: usize = 48;
const FEWEST_BLOCKS: usize = 4;
/// The largest number of characters of a loss.
const NUMBER: usize = 8;

/// The bar and the curves; hidden if stderr is not a terminal.
pub(super) struct Display {
    pub(super) bar: ProgressBar,
    samples: u64,
    started: Instant,
    shown: Instant,
}

impl Display {
    pub(super) fn new(quiet: bool) -> Self {
        let bar = progress_bar(quiet, "epoch {prefix} {wide_bar} {percent:>3} %  {eta} left\n{msg}");
        let now = Instant::now();
        Display { bar, samples: 0, started: now, shown: now }
    }

    /// Shows the step after these epochs.
    pub(super) fn step(&mut self, step: &Step, epochs: &[EpochRecord]) {
        self.samples += step.samples as u64;
        if self.bar.is_hidden() || self.shown.elapsed() < SHOW_AFTER {
            return;
        }
        self.shown = Instant::now();
        let rate = self.samples as f64 / self.started.elapsed().as_secs_f64();
        let (_, width) = Term::stderr().size();
        self.bar.set_length((step.epochs * step.steps) as u64);
        self.bar.set_prefix(format!("{}/{}", step.epoch, step.epochs));
        self.bar.set_message(lines(epochs, step.loss, rate, width.into()));
        self.bar.set_position(((step.epoch - 1) * step.steps + step.step) as u64);
    }
}

/// The losses of these epochs, in lines that fit this width. `loss` is the loss of the last batch;
/// in the first epoch there is no other.
fn lines(epochs: &[EpochRecord], loss: f64, rate: f64, width: usize) -> String {
    let training: Vec<f64> = epochs.iter().map(|epoch| epoch.loss).collect();
    let validation: Vec<f64> = epochs.iter().filter_map(|epoch| epoch.validation_loss).collect();
    let label = if validation.is_empty() { "loss".len() } else { "validation".len() };
    let blocks = MOST_BLOCKS.min(width / 2).min(width.saturating_sub(label + NUMBER + 2));
    if blocks < FEWEST_BLOCKS {
        return String::new();
    }
    let line = |name: &str, losses: &[f64], loss: f64, more: String| {
        let curve = sparkline(losses, blocks);
        let space = if losses.is_empty() { "" } else { " " };
        let line = format!("{name:label$} {curve}{space}{}", significant(loss, 3));
        let fits = line.chars().count() + 3 + more.chars().count() <= width;
        if fits { format!("{line}   {more}") } else { line }
    };
    let last = training.last().copied().unwrap_or(loss);
    let first_line = line("loss", &training, last, format!("{} samples/s", grouped(rate as usize)));
    let Some(last) = validation.last() else { return first_line };
    let lowest = validation.iter().copied().fold(f64::INFINITY, f64::min);
    let best = validation.iter().position(|loss| *loss == lowest && loss.is_finite());
    let best = best.map_or_else(String::new, |epoch| format!("lowest in epoch {}", epoch + 1));
    format!("{first_line}\n{}", line("validation", &validation, *last, best))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of epochs with these losses. There are as many validation losses, or none.
    fn of(training: &[f64], validation: &[f64], width: usize) -> String {
        let record = |(i, loss): (usize, &f64)| EpochRecord {
            epoch: i + 1,
            loss: *loss,
            validation_loss: validation.get(i).copied(),
            seconds: 0.0,
            validation_accuracy: None,
        };
        let epochs: Vec<EpochRecord> = training.iter().enumerate().map(record).collect();
        lines(&epochs, 2.5, 1234.5, width)
    }

    #[test]
    fn lines_fit_into_every_width() {
        let falling = |count: usize| -> Vec<f64> { (1..=count).map(|i| 1e-10 / i as f64).collect() };
        for (training, validation) in [(0, 0), (1, 0), (3, 0), (1, 1), (100_000, 100_000)] {
            let (training, validation) = (falling(training), falling(validation));
            for width in 0..200 {
                let lines = of(&training, &validation, width);
                assert!(lines.lines().all(|line| line.chars().count() <= width), "{lines}");
            }
        }
    }

    #[test]
    fn the_course_of_an_epoch_and_of_some() {
        assert_eq!(of(&[], &[], 80), "loss 2.50   1 234 samples/s");
        let training = [2.0, 1.0];
        assert_eq!(of(&training, &[], 30), "loss █▁ 1.00   1 234 samples/s");
        let validation = [1.0, 2.0];
        assert_eq!(
            of(&training, &validation, 80),
            "loss       █▁ 1.00   1 234 samples/s\nvalidation ▁█ 2.00   lowest in epoch 1"
        );
        assert_eq!(of(&training, &validation, 30), "loss       █▁ 1.00\nvalidation ▁█ 2.00");
        assert_eq!(of(&training, &validation, 20), "");
    }
}
