//! Tables from files and from the standard input.

use std::fs;
use std::io;
use std::path::Path;

use mfnet::Table;
use mfnet::table::ReadTable;

use crate::output::progress_bar;

/// What names the standard input.
pub(crate) const STDIN: &str = "-";
/// Smaller files are read before a person sees a bar.
const LARGE: u64 = 1 << 25;

/// Reads the table that DATA names.
pub(crate) fn table(data: &str, reader: ReadTable<'_>, quiet: bool) -> mfnet::Result<Table> {
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
    Ok(table?)
}
