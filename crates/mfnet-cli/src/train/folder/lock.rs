//! The file that marks a folder as unfinished. A run that writes into the folder holds a lock on it.
//!
//! The operating system gives up the lock when the program ends in any way. The file stays if it
//! ends without warning, so that people and `mfnet inspect` know that the run is incomplete.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::output::UNNAMED;
use crate::source::UNFINISHED;

/// What the file says in the folder of a run.
pub(crate) const OF_RUN: &str = "A run of mfnet writes into this folder, or it was stopped before it was complete. If it was stopped, \
                    the files here are incomplete: continue with mfnet train --resume and the name of this folder, or run the command again \
                    with --force.\n";

/// A folder that no other run may use until this is dropped.
pub(crate) struct Lock {
    path: PathBuf,
    was_unfinished: bool,
    is_new: bool,
    /// Locked, and unlocked when it is closed.
    _file: File,
}

impl Lock {
    /// Locks a folder, and marks it as unfinished. A new folder that cannot be used is removed again.
    pub(crate) fn new(folder: &Path, is_new: bool, text: &str) -> Result<Self, Failure> {
        let path = folder.join(UNFINISHED);
        loop {
            let was_unfinished = path.exists();
            let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
            let mut file = file.map_err(|error| {
                if is_new {
                    // it is empty
                    let _ = fs::remove_dir(folder);
                }
                Failure::work(format!("{}: cannot write: {error}", folder.display()))
                    .help("choose another folder with --output")
            })?;
            // some network file systems have no locks; then two runs are not told apart
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                return Err(is_used(folder));
            }
            // the run that held the lock may have removed the file meanwhile
            if is_same(&file, &path) {
                // a full disk is noticed when something that matters is written
                let _ = file.write_all(text.as_bytes());
                // incomplete files of a run that was killed
                let entries = fs::read_dir(folder).into_iter().flatten().flatten();
                let unnamed = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(UNNAMED));
                unnamed.for_each(|entry| drop(fs::remove_file(entry.path())));
                return Ok(Lock { path, was_unfinished, is_new, _file: file });
            }
        }
    }

    /// Whether another run holds the lock of this folder.
    pub(crate) fn is_held(folder: &Path) -> bool {
        let Ok(file) = File::open(folder.join(UNFINISHED)) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Whether the last run in this folder was ended before it was done.
    pub(super) fn was_unfinished(&self) -> bool {
        self.was_unfinished
    }

    /// Removes the mark: the folder is complete. Also removes a new folder without a file.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
        if let (true, Some(folder)) = (self.is_new, self.path.parent()) {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The error about a folder that another run uses.
pub(super) fn is_used(folder: &Path) -> Failure {
    Failure::work(format!("{}: another run of mfnet is writing into this folder", folder.display()))
        .help("wait until it ends, or choose another folder with --output")
}

/// Whether the path still leads to this file.
#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(file), Ok(path)) => (file.dev(), file.ino()) == (path.dev(), path.ino()),
        (_, Err(error)) => error.kind() != ErrorKind::NotFound,
        (Err(_), _) => true,
    }
}

#[cfg(not(unix))]
fn is_same(_: &File, path: &Path) -> bool {
    !matches!(fs::metadata(path), Err(error) if error.kind() == ErrorKind::NotFound)
}
