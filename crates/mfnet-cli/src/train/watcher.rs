//! Follows a training: updates the progress bar and history.csv, saves the model so far, and
//! handles Ctrl-C.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use mfnet::error::{ErrorKind, KeptWeights};
use mfnet::fit::{Observer, Plan};
use mfnet::text::escaped;
use mfnet::train::{Checkpoint, EpochRecord, Every, History, Monitor, SaveCheckpoints, Step, TensorBoard};
use mfnet::{Model, Result};
use serde_json::Value;

use super::display::Display;
use super::folder::RunFolder;
use super::history::{Form, HistoryFile};
use super::resume;
use crate::args::Outputs;
use crate::failure::with_options;
use crate::interrupt;
use crate::output::{message, progress_bar};

/// The shortest time between two saves of the model so far.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// The usual time between two checkpoints.
const CHECKPOINT_AFTER: Duration = Duration::from_secs(30);

/// The observer of a fit for the program.
pub(super) struct Watcher<'a> {
    display: Display,
    baselines: ProgressBar,
    folder: &'a RunFolder,
    /// Created in the first epoch, so that a training without an epoch keeps the files of an earlier
    /// run.
    history: HistoryFile,
    /// The file of `--log`.
    log: Option<(PathBuf, HistoryFile)>,
    /// The event files of `--tensorboard`.
    board: Option<TensorBoard>,
    /// Whether a file could not be written during the training.
    has_warned: bool,
    epochs: Vec<EpochRecord>,
    saved: Instant,
    monitor: Monitor,
    /// The lowest watched number so far.
    lowest: f64,
    /// `None` if the model of an earlier run stays.
    saved_kept: Option<Result<()>>,
    is_trained: bool,
    checkpoints: SaveCheckpoints,
    /// Whether a checkpoint is due, and whether one was written.
    is_due: bool,
    has_checkpoint: bool,
    /// Whether the complete run keeps its last checkpoint.
    keeps_checkpoint: bool,
}

/// What the observer saw.
pub(super) struct Watched {
    pub(super) epochs: Vec<EpochRecord>,
    /// Whether the weights that a diverged training kept were saved; `None` if the model of an
    /// earlier run stays.
    pub(super) kept: Option<Result<()>>,
    /// Whether the training ended and its model was saved.
    pub(super) is_trained: bool,
}

impl<'a> Watcher<'a> {
    /// The observer of a fit that begins, or goes on from a checkpoint.
    pub(super) fn new(
        outputs: &Outputs,
        plan: &Plan,
        folder: &'a RunFolder,
        from: Option<&Checkpoint>,
    ) -> Result<Self> {
        let quiet = outputs.quiet;
        let about = from.map_or_else(|| resume::about(&folder.path), |from| Plan::of_observer(from).clone());
        let every = outputs.checkpoint_every.unwrap_or(Every::Time(CHECKPOINT_AFTER));
        let epochs = from.map_or_else(|| Ok(Vec::new()), Checkpoint::epochs)?;
        let monitor = plan.recipe().monitor;
        let watched = epochs.iter().filter_map(|epoch| monitor.watched(epoch));
        let board = outputs.tensorboard.as_ref().map(|path| board(path, plan, folder, &epochs)).transpose()?;
        Ok(Watcher {
            board,
            display: Display::new(quiet),
            baselines: progress_bar(quiet, "fitting the linear model for comparison: step {pos}"),
            monitor,
            lowest: watched.fold(f64::INFINITY, f64::min),
            folder,
            history: HistoryFile::default(),
            log: outputs.log.clone().map(|path| (path, HistoryFile::new(Form::Json))),
            has_warned: false,
            epochs,
            saved: Instant::now(),
            saved_kept: None,
            is_trained: false,
            checkpoints: SaveCheckpoints::new(&folder.checkpoints, every).about(about),
            is_due: false,
            has_checkpoint: from.is_some(),
            keeps_checkpoint: outputs.keep_checkpoint,
        })
    }

    /// Removes the display.
    pub(super) fn finish(self) -> Watched {
        self.display.bar.finish_and_clear();
        self.baselines.finish_and_clear();
        Watched { epochs: self.epochs, kept: self.saved_kept, is_trained: self.is_trained }
    }

    /// Says, once, that a file cannot be written. The training goes on.
    fn warn(&mut self, problem: &str) {
        if !self.has_warned {
            self.has_warned = true;
            self.display.bar.suspend(|| message(&format!("warning: {}; the training goes on", escaped(problem))));
        }
    }

    /// Saves the model, and the history if a part of it is missing.
    fn save(&mut self, model: &Model) -> Result<()> {
        let (folder, path) = (self.folder, &self.folder.history);
        let mut saved = folder.save(model);
        if saved.is_err() {
            // the disk may be full: the model is more important than the history
            self.history.clear(path);
            saved = folder.save(model);
        }
        if !self.history.is_complete(path, &self.epochs)
            && let Err(error) = self.history.write_again(path, &self.epochs)
        {
            let path = path.display().to_string();
            message(&format!("warning: {}: cannot write all epochs: {error}", escaped(&path)));
        }
        if let Some((path, log)) = &mut self.log
            && !log.is_complete(path, &self.epochs)
            && let Err(error) = log.write_again(path, &self.epochs)
        {
            let path = path.display().to_string();
            message(&format!("warning: {}: cannot write all epochs: {error}", escaped(&path)));
        }
        saved
    }
}

/// The event files of a fit, which begin with what was decided.
fn board(path: &Path, plan: &Plan, folder: &RunFolder, epochs: &[EpochRecord]) -> Result<TensorBoard> {
    // each fold has a folder of its own
    let fold = folder.path.file_name().filter(|_| plan.recipe().folds.is_some());
    let mut board = TensorBoard::new(fold.map_or_else(|| path.to_owned(), |fold| path.join(fold)))?;
    if let Some(last) = epochs.last() {
        board.continue_from(last.epoch + 1)?;
        return Ok(board);
    }
    let text = with_options(&plan.introduction());
    board.text("plan", 0, &text.replace('\n', "\n\n"))?;
    Ok(board)
}

fn of_file(path: &Path, reason: io::Error) -> ErrorKind {
    ErrorKind::Io { path: path.to_owned(), action: "write", reason }
}

impl Observer for Watcher<'_> {
    fn wants_gradients(&self) -> bool {
        self.board.as_ref().is_some_and(Observer::wants_gradients)
    }

    fn wants_gradients_of_ensembles(&self) -> bool {
        self.board.as_ref().is_some_and(Observer::wants_gradients_of_ensembles)
    }

    fn gradients(&mut self, step: &Step, gradients: &dyn Fn() -> Vec<Vec<f64>>) -> Result<()> {
        let written = self.board.as_mut().map_or(Ok(()), |board| board.gradients(step, gradients));
        written.or_else(|error| {
            self.warn(&error.to_string());
            Ok(())
        })
    }

    fn step(&mut self, step: &Step) -> ControlFlow<()> {
        if let Some(board) = &mut self.board {
            let _ = Observer::step(board, step);
        }
        self.display.step(step, &self.epochs);
        interrupt::flow()
    }

    /// Writes the epoch to history.csv, and from time to time saves the model so far: the best one,
    /// if there are validation rows; of an ensemble, all networks when one has become better.
    fn epoch(&mut self, record: &EpochRecord, so_far: &dyn Fn() -> Result<Model>) -> Result<ControlFlow<()>> {
        self.epochs.push(*record);
        self.folder.begin().map_err(|reason| of_file(&self.folder.path, reason))?;
        let path = &self.folder.history;
        if let Err(reason) = self.history.write(path, &self.epochs) {
            self.warn(&of_file(path, reason).to_string());
        }
        let written = self.log.as_mut().map(|(path, log)| (log.write(path, &self.epochs), path.clone()));
        if let Some((Err(reason), path)) = written {
            self.warn(&of_file(&path, reason).to_string());
        }
        if let Some(Err(error)) = self.board.as_mut().map(|board| Observer::epoch(board, record, so_far)) {
            self.warn(&error.to_string());
        }
        let watched = self.monitor.watched(record);
        let best = watched.is_none_or(|watched| watched < self.lowest);
        self.lowest = watched.map_or(self.lowest, |watched| watched.min(self.lowest));
        if best && self.saved.elapsed() > SAVE_AFTER {
            if let Err(error) = self.folder.save(&so_far()?) {
                self.warn(&error.to_string());
            }
            self.saved = Instant::now();
        }
        Ok(ControlFlow::Continue(()))
    }

    fn wants_checkpoint(&mut self, step: &Step) -> bool {
        self.is_due = self.checkpoints.is_due(step);
        self.is_due
    }

    /// Writes a checkpoint when it is due, after a signal, and at the end of a training that has one or
    /// keeps it.
    fn checkpoint(&mut self, save: &dyn Fn(&Path, &Value) -> Result<()>) -> Result<()> {
        if self.is_due || self.has_checkpoint || self.keeps_checkpoint || interrupt::is_raised() {
            let begun = self.folder.begin().map_err(|reason| of_file(&self.folder.path, reason).into());
            match begun.and_then(|()| self.checkpoints.write(save)) {
                Ok(()) => self.has_checkpoint = true,
                Err(error) => self.warn(&error.to_string()),
            }
        }
        Ok(())
    }

    fn trained(&mut self, model: &Model, _: &[History]) -> Result<()> {
        self.display.bar.finish_and_clear();
        self.save(model)?;
        self.is_trained = true;
        Ok(())
    }

    fn diverged(&mut self, model: &Model, weights: KeptWeights) {
        // an untrained model never replaces the one of an earlier run
        let stays = weights == KeptWeights::Initial && self.folder.has_earlier_model();
        self.saved_kept = if stays { None } else { Some(self.save(model)) };
    }

    fn baseline(&mut self, steps: usize) -> ControlFlow<()> {
        self.baselines.set_position(steps as u64);
        self.display.baseline(steps);
        interrupt::flow()
    }
}
