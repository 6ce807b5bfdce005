//! Follows a training: updates the progress bar and history.csv, saves the model so far, and
//! handles Ctrl-C.

use std::fs::File;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use mfnet::error::{ErrorKind, KeptWeights};
use mfnet::fit::Observer;
use mfnet::train::{EpochRecord, History, Step};
use mfnet::{Model, Result};

use super::display::Display;
use super::folder::RunFolder;
use crate::interrupt;
use crate::output::{of_csv, progress_bar};

/// The shortest time between two saves of the model so far.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// The observer of a fit for the program.
pub(super) struct Watcher<'a> {
    display: Display,
    baselines: ProgressBar,
    folder: &'a RunFolder,
    /// history.csv; created in the first epoch, so that a training without an epoch keeps the file
    /// of an earlier run.
    history: Option<csv::Writer<File>>,
    epochs: Vec<EpochRecord>,
    saved: Instant,
    lowest: f64,
    /// `None` if the model of an earlier run stays.
    saved_kept: Option<Result<()>>,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(quiet: bool, folder: &'a RunFolder) -> Self {
        Watcher {
            display: Display::new(quiet),
            baselines: progress_bar(quiet, "fitting the linear model for comparison: step {pos}"),
            folder,
            history: None,
            epochs: Vec::new(),
            saved: Instant::now(),
            lowest: f64::INFINITY,
            saved_kept: None,
        }
    }

    /// Removes the display. Returns the epochs so far, and whether the weights that a diverged
    /// training kept were saved.
    pub(super) fn finish(self) -> (Vec<EpochRecord>, Option<Result<()>>) {
        self.display.bar.finish_and_clear();
        self.baselines.finish_and_clear();
        (self.epochs, self.saved_kept)
    }

    fn write(&mut self, record: &EpochRecord) -> std::io::Result<()> {
        let history = match &mut self.history {
            Some(history) => history,
            None => self.history.insert(csv::Writer::from_writer(File::create(&self.folder.history)?)),
        };
        history.serialize(record).map_err(of_csv)?;
        history.flush()
    }
}

impl Observer for Watcher<'_> {
    fn step(&mut self, step: &Step) -> ControlFlow<()> {
        self.display.step(step, &self.epochs);
        interrupt::flow()
    }

    /// Writes the epoch to history.csv, and from time to time saves the model so far: the best one,
    /// if there are validation rows.
    fn epoch(&mut self, record: &EpochRecord, so_far: &dyn Fn() -> Result<Model>) -> Result<ControlFlow<()>> {
        self.epochs.push(*record);
        self.write(record).map_err(|reason| ErrorKind::Io {
            path: self.folder.history.clone(),
            action: "write",
            reason,
        })?;
        let best = record.validation_loss.is_none_or(|loss| loss < self.lowest);
        self.lowest = record.validation_loss.map_or(self.lowest, |loss| loss.min(self.lowest));
        if best && self.saved.elapsed() > SAVE_AFTER {
            so_far()?.save(&self.folder.model)?;
            self.saved = Instant::now();
        }
        Ok(ControlFlow::Continue(()))
    }

    fn trained(&mut self, model: &Model, _: &History) -> Result<()> {
        self.display.bar.finish_and_clear();
        model.save(&self.folder.model)
    }

    fn diverged(&mut self, model: &Model, weights: KeptWeights) {
        // an untrained model never replaces the one of an earlier run
        let stays = weights == KeptWeights::Initial && self.folder.model.exists();
        self.saved_kept = (!stays).then(|| model.save(&self.folder.model));
    }

    fn baseline(&mut self, steps: usize) -> ControlFlow<()> {
        self.baselines.set_position(steps as u64);
        interrupt::flow()
    }
}
