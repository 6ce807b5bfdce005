//! Tables from files and from the standard input.

use std::fs;
use std::io;
use std::path::Path;

use mfnet::{Error, ReadTable, Table};

use crate::failure::Failure;
use crate::output::progress_bar;
use crate::source::with_names;

/// What names the standard input.
pub(crate) const STDIN: &str = "-";
/// Smaller files are read before a person sees a bar.
const LARGE: u64 = 1 << 25;

/// Reads the table that DATA names; the columns of these names keep their texts.
pub(crate) fn table(data: &str, quiet: bool, keep_texts: &[String]) -> Result<Table, Failure> {
    let reader = ReadTable::new().keep_texts(keep_texts);
    if data == STDIN {
        return Ok(reader.read_from("standard input", io::stdin().lock())?);
    }
    let path = Path::new(data);
    let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let bar = progress_bar(quiet || bytes < LARGE, "reading {wide_bar} {percent:>3} %  {bytes_per_sec}  {eta} left");
    bar.set_length(bytes);
    let mut progress = |bytes| bar.set_position(bytes);
    let table = reader.progress(&mut progress).read(path);
    bar.finish_and_clear();
    table.map_err(|error| match error {
        Error::Io { .. } if !path.exists() => with_names(error.into(), data),
        error => error.into(),
    })
}
