//! What happens while a network trains: the progress bar, history.csv, the model so far, and Ctrl-C.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mfnet::{Callback, EpochRecord, Error, Flow, Model, NeuralNetwork, Scalar, Step};

use super::display::Display;
use super::folder::RunFolder;
use crate::args::TrainArgs;
use crate::failure::Failure;
use crate::output::of_csv;

/// How often the model so far is saved at most.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// Saves a network after a number of epochs, with the weights of one of them.
pub(super) type Save<'a, T> = &'a dyn Fn(&NeuralNetwork<T>, usize, usize) -> mfnet::Result<Model>;

/// Looks on for the user.
pub(super) struct Observer<'a, T: Scalar> {
    display: Display,
    path: PathBuf,
    history: csv::Writer<File>,
    epochs: Vec<EpochRecord>,
    interrupt: &'a AtomicBool,
    save: Save<'a, T>,
    saved: Instant,
    lowest: f64,
}

impl<'a, T: Scalar> Observer<'a, T> {
    pub(super) fn new(
        args: &TrainArgs,
        folder: &RunFolder,
        interrupt: &'a AtomicBool,
        save: Save<'a, T>,
    ) -> Result<Self, Failure> {
        let history = folder.start_history()?;
        Ok(Observer {
            display: Display::new(args.quiet),
            path: folder.history(),
            history,
            epochs: Vec::new(),
            interrupt,
            save,
            saved: Instant::now(),
            lowest: f64::INFINITY,
        })
    }

    /// Takes the display away; the epochs that were seen.
    pub(super) fn finish(self) -> Vec<EpochRecord> {
        self.display.finish();
        self.epochs
    }

    fn write(&mut self, record: &EpochRecord) -> std::io::Result<()> {
        let EpochRecord { epoch, loss, validation_loss, seconds, validation_accuracy } = *record;
        self.history.serialize((epoch, loss, validation_loss, seconds, validation_accuracy)).map_err(of_csv)?;
        self.history.flush()
    }
}

impl<T: Scalar> Callback<T> for Observer<'_, T> {
    fn step(&mut self, step: &Step) -> Flow {
        self.display.step(step);
        if self.interrupt.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
    }

    /// Writes the epoch to history.csv, and from time to time the model so far: the best one if there is validation.
    fn epoch(&mut self, record: &EpochRecord, net: &NeuralNetwork<T>) -> mfnet::Result<Flow> {
        self.epochs.push(*record);
        self.display.epoch(record);
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
