//! The files that an earlier run left in the folder of a run.
//!
//! When a run writes its first file, they go aside into a folder inside. So files of two runs never
//! stand side by side, also if the program is killed, and nothing is lost before there is something
//! better.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use super::lock::Lock;
use super::{HISTORY, METRICS, RATES, REPORT, remove_checkpoints};
use crate::source::{EARLIER, MODEL, UNFINISHED};

/// The name of the folder while files are moved to it.
const PART: &str = ".earlier-run";

/// The files, the one that shows that a run is complete first.
const FILES: [&str; 7] = [METRICS, REPORT, HISTORY, RATES[0], RATES[1], RATES[2], MODEL];
const PLOTS: &str = "plots";
/// The beginnings of the names of all plots.
const PLOT_NAMES: [&str; 10] = [
    "accuracy",
    "calibration",
    "confusion",
    "importance",
    "learning",
    "mistakes",
    "precision-recall",
    "predicted-true",
    "residuals",
    "roc",
];

pub(super) struct Earlier {
    folder: PathBuf,
    /// Whether the files in the folder are those of a run that was killed.
    was_unfinished: bool,
    aside: Mutex<Aside>,
}

/// Where the files are.
#[derive(Clone, Copy, PartialEq)]
enum Aside {
    /// In the folder.
    No,
    /// Aside: those of a complete run, or only those of one that was killed.
    Complete,
    Unfinished,
}

impl Earlier {
    pub(super) fn new(folder: &Path, was_unfinished: bool) -> Self {
        Earlier { folder: folder.to_owned(), was_unfinished, aside: Mutex::new(Aside::No) }
    }

    /// A run that goes on has no earlier files, except those that went aside before.
    pub(super) fn of_this_run(folder: &Path) -> Self {
        Earlier { aside: Mutex::new(Aside::Complete), ..Earlier::new(folder, false) }
    }

    /// Puts the files aside, once. Files of a run that was killed do not replace those of the complete
    /// run before it.
    pub(super) fn put_aside(&self) -> io::Result<()> {
        let mut state = self.state();
        if *state != Aside::No {
            return Ok(());
        }
        let [aside, part] = [EARLIER, PART].map(|name| self.folder.join(name));
        // the files here are those of a complete run, also if the last run was killed while it moved them
        let are_complete = !self.was_unfinished || part.exists();
        let has_complete = are_complete || !files(&aside).is_empty();
        if are_complete || !has_complete {
            move_all(&self.folder, &part)?;
            if !files(&part).is_empty() {
                remove_all(&aside);
                // unless it holds other files
                fs::rename(&part, &aside).or_else(|_| move_all(&part, &aside).and_then(|()| fs::remove_dir(&part)))?;
            }
        } else {
            files(&self.folder).iter().try_for_each(|file| fs::remove_file(self.folder.join(file)))?;
            remove_folders(&self.folder);
        }
        // those of a run that was stopped
        remove_checkpoints(&self.folder);
        *state = if has_complete { Aside::Complete } else { Aside::Unfinished };
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, Aside> {
        self.aside.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Brings the files back, over those of this run. Returns whether the folder has the files of a
    /// complete run, or none at all.
    pub(super) fn bring_back(&self) -> bool {
        let mut state = self.state();
        let aside = self.folder.join(EARLIER);
        if *state == Aside::No {
            return !self.was_unfinished;
        }
        if files(&aside).is_empty() {
            return files(&self.folder).is_empty();
        }
        let is_complete = *state == Aside::Complete;
        *state = Aside::No;
        files(&self.folder).iter().for_each(|file| drop(fs::remove_file(self.folder.join(file))));
        remove_folders(&self.folder);
        for file in files(&aside).iter().rev() {
            let to = self.folder.join(file);
            // a file that cannot be moved stays aside
            let _ = to.parent().map(fs::create_dir_all);
            let _ = fs::rename(aside.join(file), to);
        }
        remove_folders(&aside);
        let _ = fs::remove_dir(&aside);
        is_complete
    }

    /// Removes the files that went aside.
    pub(super) fn remove(&self) {
        if *self.state() != Aside::No {
            remove_all(&self.folder.join(EARLIER));
        }
    }

    /// The folder with the files, if there are any.
    pub(super) fn aside(&self) -> Option<PathBuf> {
        Some(self.folder.join(EARLIER)).filter(|aside| !files(aside).is_empty())
    }

    /// Whether an earlier run left a file with this name in `folder`.
    pub(super) fn has(&self, folder: &Path, name: &str) -> bool {
        let inside = folder.strip_prefix(&self.folder).unwrap_or(Path::new(""));
        if *self.state() != Aside::No {
            self.folder.join(EARLIER).join(inside).join(name).exists()
        } else {
            folder.join(name).exists()
        }
    }
}

/// The files of a run in this folder, and of its folds, relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let folds = (1_u64..).map(|fold| PathBuf::from(format!("fold-{fold}")));
    let folds = folds.take_while(|fold| folder.join(fold).is_dir());
    let of = |inside: PathBuf| {
        let plots = fs::read_dir(folder.join(&inside).join(PLOTS)).into_iter().flatten().flatten();
        let is_plot = |name: &str| {
            PLOT_NAMES.iter().any(|plot| name.starts_with(plot)) && (name.ends_with(".svg") || name.ends_with(".png"))
        };
        let plots = plots.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_plot(name));
        let plots: Vec<PathBuf> = plots.map(|name| Path::new(PLOTS).join(name)).collect();
        FILES.into_iter().map(PathBuf::from).chain(plots).map(move |file| inside.join(file)).collect::<Vec<_>>()
    };
    let all = std::iter::once(PathBuf::new()).chain(folds).flat_map(of);
    all.filter(|file| folder.join(file).is_file()).collect()
}

/// Moves the files of a run to another folder.
fn move_all(from: &Path, to: &Path) -> io::Result<()> {
    for file in files(from) {
        let to = to.join(&file);
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::rename(from.join(&file), to)?;
    }
    remove_folders(from);
    Ok(())
}

/// Removes the files of a run in this folder, and the folder if it is empty then.
fn remove_all(folder: &Path) {
    files(folder).iter().for_each(|file| drop(fs::remove_file(folder.join(file))));
    remove_folders(folder);
    let _ = fs::remove_dir(folder);
}

/// Removes the folders of folds and plots, except those with other files.
fn remove_folders(folder: &Path) {
    let is_removed = |path: PathBuf| match fs::remove_dir(path) {
        Err(error) => error.kind() == ErrorKind::NotFound,
        Ok(()) => true,
    };
    is_removed(folder.join(PLOTS));
    let folds: Vec<PathBuf> =
        (1_u64..).map(|fold| folder.join(format!("fold-{fold}"))).take_while(|fold| fold.is_dir()).collect();
    for fold in folds {
        is_removed(fold.join(PLOTS));
        if !Lock::is_held(&fold) {
            drop(fs::remove_file(fold.join(UNFINISHED)));
        }
        is_removed(fold);
    }
}
