use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use mfnet::{Dataset, Threads};

use crate::args::TrainArgs;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::counted;
use crate::source::{self, Source};

/// What is learned, from what: the same for every training of a run.
pub(super) struct Task<'a> {
    pub(super) args: &'a TrainArgs,
    pub(super) data: Dataset,
    /// What tells the data from others.
    pub(super) digest: String,
    /// The folder of a published data set.
    folder: Option<PathBuf>,
    pub(super) threads: Threads,
    pub(super) interrupt: &'static AtomicBool,
}

impl<'a> Task<'a> {
    /// Reads the data. From now on Ctrl-C saves what is there.
    pub(super) fn read(args: &'a TrainArgs) -> Result<Self, Failure> {
        let source = Source::read(&args.data, &args.folders, args.quiet)?;
        let (digest, folder) = (source.digest(), source.folder().map(Path::to_owned));
        let data = source.into_dataset(args.target.as_deref(), args.task)?;
        let threads = args.threads.map_or_else(Threads::available, Threads::new)?;
        Ok(Task { args, data, digest, folder, threads, interrupt: interrupt::watch() })
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// The data and the target in a line.
    pub(super) fn described(&self) -> String {
        let (args, data) = (self.args, &self.data);
        let target = data.targets().columns().join(", ");
        let task = match data.classes() {
            0 => "regression".to_owned(),
            classes => format!("classification, {classes} classes"),
        };
        let is_guess = args.task.is_none() && data.targets().columns().len() == 1 && !source::is_name(&args.data);
        let other = if data.classes() > 0 { "regression" } else { "classification" };
        let guessed = if is_guess { format!(" (a guess: --task {other} if not)") } else { String::new() };
        let from = self.folder.as_ref().map_or_else(String::new, |folder| format!(" from {}", folder.display()));
        let (rows, features) = (counted(data.samples(), "row"), counted(data.features(), "feature"));
        format!("{}{from}: {rows}, {features}; target {target}: {task}{guessed}", args.data)
    }
}
