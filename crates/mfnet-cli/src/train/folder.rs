//! The folder of a run, which belongs to one run at a time.

mod earlier;
mod lock;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mfnet::Model;
use mfnet::report::Report;
use mfnet::train::SaveCheckpoints;

use self::earlier::Earlier;
pub(crate) use self::lock::Lock;
use self::lock::OF_RUN;
use super::metrics;
use crate::args::TrainArgs;
use crate::failure::Failure;
use crate::output::write_file;
use crate::source::{self, MODEL};

/// The names of the files of a run, beside the model.
const HISTORY: &str = "history.csv";
const METRICS: &str = "metrics.json";
const REPORT: &str = "report.html";
/// The folder of checkpoints.
pub(crate) const CHECKPOINTS: &str = "checkpoint";

/// The folder for the model, the history, the metrics and the report.
pub(crate) struct RunFolder {
    pub(crate) path: PathBuf,
    pub(super) model: PathBuf,
    pub(super) history: PathBuf,
    pub(super) report: PathBuf,
    metrics: PathBuf,
    pub(super) checkpoints: PathBuf,
    /// Whether the run goes on from an earlier process.
    pub(super) is_resumed: bool,
    is_fold: bool,
    /// The files of an earlier run in this folder, or in the one that holds this fold.
    earlier: Arc<Earlier>,
    /// Whether a model of this run is in the folder, or in a fold.
    has_model: Arc<AtomicBool>,
    /// Whether all files of this run are there.
    is_done: AtomicBool,
    lock: Lock,
}

impl RunFolder {
    /// Refuses a folder that exists or that another run uses, before any work is done.
    pub(super) fn check(args: &TrainArgs) -> Result<(), Failure> {
        let Some(path) = args.output.as_deref().filter(|path| path.exists()) else { return Ok(()) };
        if !path.is_dir() {
            let found = format!("{}: expected a folder for the output, found a file", path.display());
            return Err(Failure::work(found));
        }
        Self::check_is_free(path)?;
        if args.force { Ok(()) } else { Err(exists(path)) }
    }

    /// Makes the folder of `--output`, or the next runs/NAME-N, and locks it.
    pub(super) fn create(args: &TrainArgs) -> Result<Self, Failure> {
        if let Some(path) = &args.output {
            let parent = path.parent().unwrap_or(Path::new(""));
            fs::create_dir_all(parent)
                .or_else(|error| if parent.as_os_str().is_empty() { Ok(()) } else { Err(error) })
                .map_err(|error| cannot_create(path, &error))?;
            return match fs::create_dir(path) {
                Ok(()) => Self::own(path.clone(), true),
                Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => match args.force {
                    true => Self::own(path.clone(), false),
                    // another run made it since the check
                    false if Lock::is_held(path) => Err(lock::is_used(path)),
                    false => Err(exists(path)),
                },
                Err(error) => Err(cannot_create(path, &error)),
            };
        }
        Self::own(numbered(&run_name(&args.fit.data[0]))?, true)
    }

    fn own(path: PathBuf, is_new: bool) -> Result<Self, Failure> {
        let lock = Lock::new(&path, is_new, OF_RUN)?;
        let earlier = Arc::new(Earlier::new(&path, lock.was_unfinished()));
        Ok(Self::of(path, lock, earlier, Arc::default()))
    }

    /// Locks the folder of a run that goes on.
    pub(crate) fn resume(path: &Path) -> Result<Self, Failure> {
        let lock = Lock::new(path, false, OF_RUN)?;
        // the results of a run that was interrupted are not those of the whole run
        [METRICS, REPORT].iter().for_each(|name| drop(fs::remove_file(path.join(name))));
        let earlier = Arc::new(Earlier::of_this_run(path));
        let has_model = Arc::new(AtomicBool::new(true));
        Ok(RunFolder { is_resumed: true, ..Self::of(path.to_owned(), lock, earlier, has_model) })
    }

    /// Refuses a folder that another run uses.
    pub(super) fn check_is_free(path: &Path) -> Result<(), Failure> {
        if Lock::is_held(path) { Err(lock::is_used(path)) } else { Ok(()) }
    }

    fn of(path: PathBuf, lock: Lock, earlier: Arc<Earlier>, has_model: Arc<AtomicBool>) -> Self {
        let [model, history, report, metrics, checkpoints] =
            [MODEL, HISTORY, REPORT, METRICS, CHECKPOINTS].map(|name| path.join(name));
        let (is_resumed, is_fold, is_done) = (false, false, AtomicBool::new(false));
        RunFolder {
            path,
            model,
            history,
            report,
            metrics,
            checkpoints,
            is_resumed,
            is_fold,
            earlier,
            has_model,
            is_done,
            lock,
        }
    }

    /// Makes the folder of a fold inside.
    pub(super) fn of_fold(&self, number: usize) -> Result<Self, Failure> {
        let path = self.path.join(format!("fold-{number}"));
        let is_new = !path.exists();
        fs::create_dir_all(&path).map_err(|error| cannot_create(&path, &error))?;
        let lock = Lock::new(&path, is_new, OF_RUN)?;
        let fold = Self::of(path, lock, Arc::clone(&self.earlier), Arc::clone(&self.has_model));
        Ok(RunFolder { is_fold: true, is_resumed: self.is_resumed, ..fold })
    }

    /// Makes room for the first file of this run: those of an earlier run go aside.
    pub(super) fn begin(&self) -> io::Result<()> {
        self.earlier.put_aside()
    }

    /// Whether an earlier run left a model here.
    pub(super) fn has_earlier_model(&self) -> bool {
        self.earlier.has(&self.path, MODEL)
    }

    /// Saves the model. The folder is made again if somebody removed it.
    pub(super) fn save(&self, model: &Model) -> mfnet::Result<()> {
        if !self.path.exists() {
            // if it cannot be made, saving gives the error
            let _ = fs::create_dir_all(&self.path);
        }
        let aside = |reason| mfnet::error::ErrorKind::Io { path: self.path.clone(), action: "write", reason };
        self.begin().map_err(aside)?;
        model.save(&self.model)?;
        self.has_model.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Notes that all files of this run, or of a fold, are there.
    pub(super) fn finish(&self) {
        self.is_done.store(true, Ordering::Relaxed);
        self.lock.remove();
    }

    /// Removes the checkpoints, except those of a fold: they are needed until the last fold is complete.
    pub(super) fn forget_checkpoints(&self) {
        if !self.is_fold {
            remove_checkpoints(&self.path);
        }
    }

    /// Ends the run. If it did not come as far as a model, an earlier run's files come back. Says where
    /// they are if they do not.
    pub(crate) fn close(self) -> Option<String> {
        if self.is_done.load(Ordering::Relaxed) {
            self.earlier.remove();
            return None;
        }
        if !self.has_model.load(Ordering::Relaxed) {
            if self.earlier.bring_back() {
                self.lock.remove();
            }
            return None;
        }
        self.earlier.aside().map(|folder| format!("the files of the earlier run are in {}", folder.display()))
    }

    /// Writes metrics.json, whole or not at all.
    pub(super) fn write_metrics(&self, metrics: &serde_json::Value) -> Result<(), Failure> {
        write_file(&self.metrics, |mut file| {
            let mut bytes = Vec::new();
            metrics::write(&mut bytes, metrics)?;
            file.write_all(&bytes)
        })
    }

    /// Writes report.html, and its plots into plots/ if asked for.
    pub(super) fn write_report(&self, report: &Report, plots: bool) -> Result<(), Failure> {
        write_report(report, &self.path, plots)
    }
}

/// Writes a report and its plots into a folder.
pub(crate) fn write_report(report: &Report, folder: &Path, plots: bool) -> Result<(), Failure> {
    write_file(&folder.join(REPORT), |mut file| file.write_all(report.page.as_bytes()))?;
    if !plots {
        return Ok(());
    }
    let folder = folder.join("plots");
    fs::create_dir_all(&folder)
        .map_err(|error| Failure::work(format!("{}: cannot create the folder: {error}", folder.display())))?;
    for plot in &report.plots {
        for (ending, bytes) in [("svg", plot.svg()?.into_bytes()), ("png", plot.png()?)] {
            write_file(&folder.join(format!("{}.{ending}", plot.name)), |mut file| file.write_all(&bytes))?;
        }
    }
    Ok(())
}

/// Removes the checkpoints in the folder of a run, and those of its folds.
fn remove_checkpoints(run: &Path) {
    let folds = (1_u64..).map(|fold| run.join(format!("fold-{fold}"))).take_while(|fold| fold.is_dir());
    [run.to_owned()].into_iter().chain(folds).for_each(|folder| SaveCheckpoints::remove(folder.join(CHECKPOINTS)));
}

/// Makes the folder runs/NAME-N with the first free number.
pub(crate) fn numbered(name: &OsStr) -> Result<PathBuf, Failure> {
    let runs = Path::new("runs");
    fs::create_dir_all(runs).map_err(|error| cannot_create(runs, &error))?;
    for number in 1_u64.. {
        let mut numbered = name.to_owned();
        numbered.push(format!("-{number}"));
        let path = runs.join(numbered);
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot_create(&path, &error)),
        }
    }
    Err(Failure::work("runs: no free number for a new folder"))
}

fn exists(path: &Path) -> Failure {
    Failure::work(format!("{}: the output folder already exists", path.display()))
        .help("choose another folder with --output, or replace the files of the earlier run with --force")
}

pub(crate) fn cannot_create(path: &Path, error: &io::Error) -> Failure {
    Failure::work(format!("{}: cannot create the output folder: {error}", path.display()))
        .help("choose another folder with --output")
}

/// The built-in name, or the file's name without its endings.
pub(crate) fn run_name(data: &Path) -> OsString {
    if data == Path::new(source::STDIN) {
        return "stdin".into();
    }
    let file = data.file_name().unwrap_or(data.as_os_str());
    let before_endings = match file.to_str() {
        Some(text) => text.split('.').next().unwrap_or(text).into(),
        None => data.file_prefix().unwrap_or(file).to_owned(),
    };
    match source::is_name(data) || before_endings.is_empty() {
        true => file.to_owned(),
        false => before_endings,
    }
}
