//! What happens while a network trains: the progress bar, history.csv, the model so far, and Ctrl-C.

use std::fs::File;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mfnet::{Callback, EpochRecord, Error, Model, NeuralNetwork, Scalar, Step};

use super::display::Display;
use super::folder::RunFolder;
use crate::args::TrainArgs;
use crate::output::of_csv;

/// How often the model so far is saved at most.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// Saves a network after a number of epochs, with the weights of one of them.
pub(super) type Save<'a, T> = &'a (dyn Fn(&NeuralNetwork<T>, usize, usize) -> mfnet::Result<Model> + Sync);

/// Looks on for the user.
pub(super) struct Observer<'a, T: Scalar> {
    display: Display,
    folder: &'a RunFolder,
    /// Begun with the first epoch, so that a training without one leaves that of an earlier run.
    history: Option<csv::Writer<File>>,
    epochs: Vec<EpochRecord>,
    interrupt: &'a AtomicBool,
    save: Save<'a, T>,
    saved: Instant,
    lowest: f64,
}

impl<'a, T: Scalar> Observer<'a, T> {
    pub(super) fn new(args: &TrainArgs, folder: &'a RunFolder, interrupt: &'a AtomicBool, save: Save<'a, T>) -> Self {
        Observer {
            display: Display::new(args.quiet),
            folder,
            history: None,
            epochs: Vec::new(),
            interrupt,
            save,
            saved: Instant::now(),
            lowest: f64::INFINITY,
        }
    }

    /// Takes the display away; the epochs that were seen.
    pub(super) fn finish(self) -> Vec<EpochRecord> {
        self.display.finish();
        self.epochs
    }

    fn write(&mut self, record: &EpochRecord) -> std::io::Result<()> {
        let EpochRecord { epoch, loss, validation_loss, seconds, validation_accuracy } = *record;
        let history = match &mut self.history {
            Some(history) => history,
            None => self.history.insert(self.folder.start_history()?),
        };
        history.serialize((epoch, loss, validation_loss, seconds, validation_accuracy)).map_err(of_csv)?;
        history.flush()
    }
}

impl<T: Scalar> Callback<T> for Observer<'_, T> {
    fn step(&mut self, step: &Step) -> mfnet::Result<ControlFlow<()>> {
        self.display.step(step);
        let interrupted = self.interrupt.load(Ordering::Relaxed);
        Ok(if interrupted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Writes the epoch to history.csv, and from time to time the model so far: the best one if there is validation.
    fn epoch(&mut self, record: &EpochRecord, net: &NeuralNetwork<T>) -> mfnet::Result<ControlFlow<()>> {
        self.epochs.push(*record);
        self.display.epoch(record);
        self.write(record).map_err(|source| Error::Io { path: self.folder.history(), action: "write", source })?;
        let best = record.validation_loss.is_none_or(|loss| loss < self.lowest);
        self.lowest = record.validation_loss.map_or(self.lowest, |loss| loss.min(self.lowest));
        if best && self.saved.elapsed() > SAVE_AFTER {
            (self.save)(net, record.epoch, record.epoch)?;
            self.saved = Instant::now();
        }
        Ok(ControlFlow::Continue(()))
    }
}
