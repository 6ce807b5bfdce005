//! What happens while a network trains: the progress bar, history.csv, the model so far, and Ctrl-C.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use mfnet::{Callback, EpochRecord, Error, Flow, Model, NeuralNetwork, Scalar, Step};

use super::folder::RunFolder;
use crate::args::TrainArgs;
use crate::failure::Failure;
use crate::output::{of_csv, progress_bar};

/// How often the model so far is saved at most.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// How often the progress bar moves at most.
const SHOW_AFTER: Duration = Duration::from_millis(50);

/// Saves a network after a number of epochs, with the weights of one of them.
pub(super) type Save<'a, T> = &'a dyn Fn(&NeuralNetwork<T>, usize, usize) -> mfnet::Result<Model>;

/// Looks on for the user.
pub(super) struct Observer<'a, T: Scalar> {
    bar: ProgressBar,
    path: PathBuf,
    history: csv::Writer<File>,
    epochs: Vec<EpochRecord>,
    interrupt: &'a AtomicBool,
    save: Save<'a, T>,
    saved: Instant,
    lowest: f64,
    samples: u64,
    started: Instant,
    shown: Instant,
}

impl<'a, T: Scalar> Observer<'a, T> {
    pub(super) fn new(
        args: &TrainArgs,
        folder: &RunFolder,
        interrupt: &'a AtomicBool,
        save: Save<'a, T>,
    ) -> Result<Self, Failure> {
        let history = folder.start_history()?;
        let bar = progress_bar(args.quiet, "epoch {msg} {wide_bar} {percent:>3} %  {eta} left");
        let now = Instant::now();
        Ok(Observer {
            bar,
            path: folder.history(),
            history,
            epochs: Vec::new(),
            interrupt,
            save,
            saved: now,
            lowest: f64::INFINITY,
            samples: 0,
            started: now,
            shown: now,
        })
    }

    /// Takes the bar away; the epochs that were seen.
    pub(super) fn finish(self) -> Vec<EpochRecord> {
        self.bar.finish_and_clear();
        self.epochs
    }

    fn write(&mut self, record: &EpochRecord) -> std::io::Result<()> {
        self.history.serialize((record.epoch, record.loss, record.validation_loss, record.seconds)).map_err(of_csv)?;
        self.history.flush()
    }
}

impl<T: Scalar> Callback<T> for Observer<'_, T> {
    fn step(&mut self, step: &Step) -> Flow {
        self.samples += step.samples as u64;
        if !self.bar.is_hidden() && self.shown.elapsed() > SHOW_AFTER {
            self.shown = Instant::now();
            self.bar.set_length((step.epochs * step.steps) as u64);
            self.bar.set_position(((step.epoch - 1) * step.steps + step.step) as u64);
            let rate = self.samples as f64 / self.started.elapsed().as_secs_f64();
            self.bar.set_message(format!("{}/{}  loss {:.4}  {rate:.0} samples/s", step.epoch, step.epochs, step.loss));
        }
        if self.interrupt.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
    }

    /// Writes the epoch to history.csv, and from time to time the model so far: the best one if there is validation.
    fn epoch(&mut self, record: &EpochRecord, net: &NeuralNetwork<T>) -> mfnet::Result<Flow> {
        self.epochs.push(*record);
        self.write(record).map_err(|source| Error::Io { path: self.path.clone(), action: "write", source })?;
        let best = record.validation_loss.is_none_or(|loss| loss < self.lowest);
        self.lowest = record.validation_loss.map_or(self.lowest, |loss| loss.min(self.lowest));
        if best && self.saved.elapsed() > SAVE_AFTER {
            (self.save)(net, record.epoch, record.epoch)?;
            self.saved = Instant::now();
        }
        Ok(Flow::Continue)
    }
}
