//! The display during training: on a terminal, the progress bar, and below it the curves of the losses
//! so far. Elsewhere, a line from time to time.

use std::time::{Duration, Instant};

use console::Term;
use indicatif::ProgressBar;
use mfnet::text::{grouped, significant, sparkline};
use mfnet::train::{EpochRecord, Step};

use crate::output::{is_terminal, message, progress_bar};

/// The shortest time between two changes of the display.
const SHOW_AFTER: Duration = Duration::from_millis(50);
/// Without a terminal, the time until the first line, and the longest time between two lines. In
/// between, each line comes after as much time again as has passed, halved.
const FIRST_LINE: Duration = Duration::from_secs(5);
const LONGEST_SILENCE: Duration = Duration::from_secs(300);
/// The largest and the smallest number of blocks in a curve.
const MOST_BLOCKS: usize = 48;
const FEWEST_BLOCKS: usize = 4;
/// The largest number of characters of a loss.
const NUMBER: usize = 8;

/// The bar and the curves, or the lines.
pub(super) struct Display {
    pub(super) bar: ProgressBar,
    /// When the next line is due; `None` on a terminal, and if nothing is shown.
    next_line: Option<Duration>,
    samples: u64,
    started: Instant,
    shown: Instant,
}

impl Display {
    pub(super) fn new(quiet: bool) -> Self {
        let bar = progress_bar(quiet, "epoch {prefix} {wide_bar} {percent:>3} %  {eta} left\n{msg}");
        let now = Instant::now();
        let next_line = (!quiet && !is_terminal()).then_some(FIRST_LINE);
        Display { bar, next_line, samples: 0, started: now, shown: now }
    }

    /// Prints a line if it is time for one.
    fn line(&mut self, text: impl FnOnce() -> String) {
        let Some(due) = self.next_line else { return };
        let past = self.started.elapsed();
        if past >= due {
            message(&text());
            self.next_line = Some(after(past));
        }
    }

    /// Shows that the linear model is being fitted.
    pub(super) fn baseline(&mut self, steps: usize) {
        self.line(|| format!("fitting the linear model for comparison: step {steps}"));
    }

    /// Shows the step after these epochs.
    pub(super) fn step(&mut self, step: &Step, epochs: &[EpochRecord]) {
        self.samples += step.samples as u64;
        self.line(|| progress(step, epochs));
        if self.bar.is_hidden() || self.shown.elapsed() < SHOW_AFTER {
            return;
        }
        self.shown = Instant::now();
        let rate = self.samples as f64 / self.started.elapsed().as_secs_f64();
        let (_, width) = Term::stderr().size();
        self.bar.set_length(step.epochs.saturating_mul(step.steps) as u64);
        self.bar.set_prefix(format!("{}/{}", step.epoch, step.epochs));
        self.bar.set_message(lines(epochs, step.loss, rate, width.into()));
        self.bar.set_position(((step.epoch - 1) * step.steps + step.step) as u64);
    }
}

/// When the next line is due, this long after the start.
fn after(past: Duration) -> Duration {
    past + (past / 2).min(LONGEST_SILENCE)
}

/// Where a training is, in one line: "epoch 12 of 100, loss 0.0231, validation loss 0.0312".
fn progress(step: &Step, epochs: &[EpochRecord]) -> String {
    let last = epochs.last();
    let loss = significant(last.map_or(step.loss, |epoch| epoch.loss), 3);
    let validation = last.and_then(|epoch| epoch.validation_loss);
    let validation = validation.map_or_else(String::new, |loss| format!(", validation loss {}", significant(loss, 3)));
    format!("epoch {} of {}, loss {loss}{validation}", grouped(step.epoch), grouped(step.epochs))
}

/// The losses of these epochs, of an ensemble those of the first network, in lines that fit this
/// width. `loss` is the loss of the last batch;
/// in the first epoch there is no other.
fn lines(epochs: &[EpochRecord], loss: f64, rate: f64, width: usize) -> String {
    let of_first = || epochs.iter().filter(|epoch| epoch.network.is_none_or(|network| network == 1));
    let training: Vec<f64> = of_first().map(|epoch| epoch.loss).collect();
    let validation: Vec<f64> = of_first().filter_map(|epoch| epoch.validation_loss).collect();
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
            ..EpochRecord::default()
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
    fn lines_become_rarer() {
        let mut past = FIRST_LINE;
        let seconds = std::iter::from_fn(|| {
            let now = past;
            past = after(past);
            Some(now.as_secs())
        });
        assert_eq!(seconds.take(6).collect::<Vec<_>>(), [5, 7, 11, 16, 25, 37]);
        assert_eq!(after(Duration::from_secs(86_400)), Duration::from_secs(86_700));
    }

    #[test]
    fn a_line() {
        let step = Step { network: None, epoch: 2, epochs: 1000, step: 3, steps: 7, samples: 32, loss: 0.25 };
        let record = |validation_loss| EpochRecord { epoch: 1, loss: 0.5, validation_loss, ..EpochRecord::default() };
        assert_eq!(progress(&step, &[]), "epoch 2 of 1 000, loss 0.250");
        assert_eq!(progress(&step, &[record(None)]), "epoch 2 of 1 000, loss 0.500");
        assert_eq!(progress(&step, &[record(Some(0.75))]), "epoch 2 of 1 000, loss 0.500, validation loss 0.750");
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
