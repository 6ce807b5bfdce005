//! Results go to stdout, messages to stderr.
//!
//! Names, labels and paths may hold anything, also characters that control a terminal. Everything
//! printed here is escaped, except line breaks: those are the program's own, because the library
//! escapes the line breaks of names and labels where it makes a text of them. Files and predictions
//! keep every character.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use mfnet::text::{is_unprintable, significant};

use crate::failure::Failure;
use crate::terminal::inert;
pub(crate) use crate::terminal::message;

/// Writes a result to stdout. It is not an error if the reader closes the pipe early.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_as_it_is(&inert(text))
}

/// Writes one JSON object to stdout, on one line.
pub(crate) fn print_json(json: &impl Display) -> Result<(), Failure> {
    print_as_it_is(&inert_json(&format!("{json}\n")))
}

/// Writes the text of a file to stdout; escaped only on a terminal.
pub(crate) fn print_file(text: &str) -> Result<(), Failure> {
    if io::stdout().is_terminal() { print(text) } else { print_as_it_is(text) }
}

fn print_as_it_is(text: &str) -> Result<(), Failure> {
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

/// The beginning of the names that files have before they are complete, here and in the library.
pub(crate) const UNNAMED: &str = ".mfnet-";

/// Writes a file, whole or not at all.
pub(crate) fn write_file(path: &Path, write: impl FnOnce(&File) -> io::Result<()>) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // a missing folder first: its error would name a temporary file
    let result = fs::metadata(folder).and_then(|_| {
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNNAMED);
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

/// The same JSON, without anything that controls a terminal. Such characters stand only in strings.
fn inert_json(json: &str) -> String {
    let mut all = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\n' => all.push(character),
            _ if is_unprintable(character) => all += &format!("\\u{:04x}", u32::from(character)),
            _ => all.push(character),
        }
    }
    all
}

/// Whether messages go to a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// A progress bar of this form; hidden if stderr is not a terminal.
pub(crate) fn progress_bar(quiet: bool, template: &str) -> ProgressBar {
    if quiet || !is_terminal() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_printed_controls_a_terminal() {
        assert_eq!(inert("two\nlines\u{1b}[2J\r\n\u{9b}m"), "two\nlines\\u{1b}[2J\\r\n\\u{9b}m");
        let value = serde_json::json!({ "a\u{9b}\u{202e}": "\u{1b}[2J\u{2028}\u{7f}é" });
        let printed = inert_json(&format!("{value}\n"));
        assert_eq!(printed, "{\"a\\u009b\\u202e\":\"\\u001b[2J\\u2028\\u007fé\"}\n");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).ok(), Some(value));
    }
}
