//! Tables from files and from the standard input.

use std::fs;
use std::io;
use std::path::Path;

use mfnet::{Dataset, Model, ReadTable, Table};

use crate::failure::Failure;
use crate::output::progress_bar;
use crate::source::with_names;

/// What names the standard input.
pub(crate) const STDIN: &str = "-";
/// Smaller files are read before a person sees a bar.
const LARGE: u64 = 1 << 25;

/// How DATA is read.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reading<'a> {
    pub(crate) quiet: bool,
    /// The columns whose texts are kept as they are.
    pub(crate) keep_texts: &'a [String],
    /// Whether the first line of a text has the names; guessed if it is not known.
    pub(crate) header: Option<bool>,
    /// What the file belongs to.
    pub(crate) like: Like<'a>,
}

/// What a file belongs to, and is therefore written like.
#[derive(Clone, Copy, Default)]
pub(crate) enum Like<'a> {
    #[default]
    Nothing,
    Model(&'a Model),
    Data(&'a Dataset),
}

impl<'a> Reading<'a> {
    /// For a model.
    pub(crate) fn like(model: &'a Model) -> Self {
        Reading { like: Like::Model(model), ..Reading::default() }
    }
}

/// Reads the table that DATA names.
pub(crate) fn table(data: &str, reading: Reading<'_>) -> Result<Table, Failure> {
    let Reading { quiet, keep_texts, header, like } = reading;
    let reader = match like {
        Like::Nothing => ReadTable::new(),
        Like::Model(model) => model.reader(),
        Like::Data(data) => data.reader(),
    };
    let reader = reader.keep_texts(keep_texts);
    let reader = if let Some(names) = header { reader.header(names) } else { reader };
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
        mfnet::table::Error::Io { .. } if !path.exists() => with_names(error.into(), data),
        error => error.into(),
    })
}
