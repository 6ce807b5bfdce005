//! Results go to stdout, messages to stderr.

use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use mfnet::text::significant;

use crate::failure::Failure;

/// Writes a result to stdout. It is not an error if the reader closes the pipe early.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// The result of writing to stdout.
pub(crate) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::work(format!("standard output: cannot write: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a file, whole or not at all.
pub(crate) fn write_file(path: &Path, write: impl FnOnce(&File) -> io::Result<()>) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // a missing folder first: its error would name a temporary file
    let result = fs::metadata(folder).and_then(|_| {
        let mut builder = tempfile::Builder::new();
        // the permissions of any new file: the umask removes some
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder)?;
        write(file.as_file())?;
        file.persist(path).map_err(io::Error::from)
    });
    result.map(drop).map_err(|error| Failure::work(format!("{}: cannot write: {error}", path.display())))
}

/// The error of the file below a CSV writer, with its kind.
pub(crate) fn of_csv(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A message for people.
#[allow(clippy::print_stderr)]
pub(crate) fn message(text: &str) {
    // a closed stderr is ignored
    let _ = writeln!(io::stderr(), "{text}");
}

/// A progress bar of this form; hidden if stderr is not a terminal.
pub(crate) fn progress_bar(quiet: bool, template: &str) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

/// 54950048 as 55 MB.
pub(crate) fn size(bytes: u64) -> String {
    match bytes as f64 {
        few if few < 1e6 => format!("{} kB", significant(few / 1e3, 2)),
        many => format!("{} MB", significant(many / 1e6, 2)),
    }
}
