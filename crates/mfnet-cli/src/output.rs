//! Results go to stdout, messages to stderr.

use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;

/// Characters of a number that is shown whole, and digits of one that is not.
const LONGEST: usize = 10;
const DIGITS: usize = 6;

/// Writes a result to stdout. A reader who has seen enough and closes the pipe is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// What writing to stdout came to.
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
        // as any new file has them: the umask takes some away
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder)?;
        write(file.as_file())?;
        file.persist(path).map_err(io::Error::from)
    });
    result.map(drop).map_err(|error| Failure::work(format!("{}: cannot write: {error}", path.display())))
}

/// The error of the file under a CSV writer, its kind kept.
pub(crate) fn of_csv(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A message for people.
#[allow(clippy::print_stderr)]
pub(crate) fn message(text: &str) {
    // a closed stderr is nobody's concern
    let _ = writeln!(io::stderr(), "{text}");
}

/// A progress bar of this form; hidden where no person looks on.
pub(crate) fn progress_bar(quiet: bool, template: &str) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

/// 1234567 as 1 234 567.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}

/// "1 row", "1 234 rows".
pub(crate) fn counted(number: usize, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// 54950048 as 55 MB.
pub(crate) fn size(bytes: u64) -> String {
    match bytes as f64 {
        few if few < 1e6 => format!("{} kB", significant(few / 1e3, 2)),
        many => format!("{} MB", significant(many / 1e6, 2)),
    }
}

/// A number as it stands in the data, if that is short.
pub(crate) fn as_read(x: f64) -> String {
    let exact = x.to_string();
    if exact.len() <= LONGEST { exact } else { significant(x, DIGITS) }
}

/// A number with so many significant digits; very large and very small numbers with an exponent.
pub(crate) fn significant(x: f64, digits: usize) -> String {
    let after_first = digits - 1;
    match x.abs() {
        0.0 => "0".to_owned(),
        size if (1e-4..1e7).contains(&size) => {
            format!("{x:.*}", (after_first as i32 - size.log10().floor() as i32).max(0) as usize)
        }
        _ => format!("{x:.after_first$e}"),
    }
}
