//! Parquet: tables stored column by column.
//!
//! Tables whose columns are numbers, texts, dates and times, booleans; with the encodings and compressions that pandas, polars, Arrow, DuckDB and
//! Spark write. The sizes and counts of a file are not believed before its data come, so that a damaged one costs neither a panic nor memory.

mod bits;
mod cells;
mod footer;
mod pages;
mod thrift;
mod values;

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use bits::Runs;
use footer::{Chunk, Field, Footer};
use pages::Page;
use serde_json::Value;
use values::{Decoder, Values};

use super::filling::Filling;
use super::table::Column;
use crate::error::{DataProblem, Error};

/// How much is asked of the system at a time.
const BUFFER: usize = 1 << 16;
/// Rows that are decoded at a time.
const ROWS: usize = 4096;

/// Texts that share their beginnings are longer than their file, but not without end: the bytes of all, and more for each byte of the file.
const TEXTS: usize = 1 << 26;
const TEXTS_IN_A_BYTE: usize = 64;

/// So many values of a dictionary may be those of no row, as categories of which a part of the rows was written.
const UNUSED: usize = 1 << 20;

/// What is wrong, and with which column.
struct Problem {
    column: Option<String>,
    problem: DataProblem,
}

impl From<DataProblem> for Problem {
    fn from(problem: DataProblem) -> Self {
        Problem { column: None, problem }
    }
}

type Result<T> = std::result::Result<T, Problem>;

fn damaged(what: impl Into<String>) -> DataProblem {
    DataProblem::Damaged { what: what.into() }
}

fn cannot_read(error: io::Error) -> DataProblem {
    DataProblem::Other(format!("cannot read: {error}"))
}

/// The columns of a file, of equal length, with their names. The index of a pandas table is none of them, as in `pandas.read_parquet`.
///
/// Dates and times become text in the form of ISO 8601, booleans `True` and `False`. A column of whole numbers with one beyond 2⁵³ becomes text,
/// so that identifiers keep their digits. `name` is what errors call the file.
pub(crate) fn columns(name: &str, from: impl Read + Seek) -> crate::error::Result<Vec<(String, Column)>> {
    table(from).map_err(|Problem { column, problem }| match column {
        Some(column) => Error::in_column(name, &column, problem),
        None => Error::data(name, problem),
    })
}

fn table(mut from: impl Read + Seek) -> Result<Vec<(String, Column)>> {
    let Footer { length, fields, row_groups, pandas } = Footer::read(&mut from)?;
    let index = pandas.map(|notes| index_columns(&notes)).unwrap_or_default();
    let is_column = |field: &Field| !index.contains(&field.name);
    if !fields.iter().any(is_column) {
        return Err(DataProblem::NoColumns.into());
    }
    if row_groups.iter().all(|group| group.rows == 0) {
        return Err(DataProblem::NoRows.into());
    }
    let mut from = BufReader::with_capacity(BUFFER, from);
    let mut limits = Limits { bytes: length, texts: usize::try_from(length).unwrap_or(usize::MAX) };
    limits.texts = limits.texts.saturating_mul(TEXTS_IN_A_BYTE).saturating_add(TEXTS);
    let mut columns = Vec::new();
    for (i, field) in fields.into_iter().enumerate().filter(|(_, field)| is_column(field)) {
        let mut filling = Filling::default();
        for group in &row_groups {
            read_chunk(&mut from, &group.chunks[i], &field, group.rows, &mut limits, &mut filling)
                .map_err(|problem| Problem { column: Some(field.name.clone()), problem })?;
        }
        columns.push((field.name, filling.column()));
    }
    Ok(columns)
}

/// What pandas took for names of rows. An index of numbers one after the other is no column, and stands there in another form.
fn index_columns(notes: &str) -> Vec<String> {
    let notes: Value = serde_json::from_str(notes).unwrap_or_default();
    let names = notes["index_columns"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What may still come, so that a file of a few bytes does not fill the memory or take hours.
struct Limits {
    /// Bytes of pages: each is that of one column.
    bytes: u64,
    /// Bytes of texts that share their beginnings.
    texts: usize,
}

/// The values of one column in one row group.
fn read_chunk(
    from: &mut BufReader<impl Read + Seek>,
    chunk: &Chunk,
    field: &Field,
    mut rows: usize,
    limits: &mut Limits,
    filling: &mut Filling,
) -> std::result::Result<(), DataProblem> {
    let (mut place, mut dictionary) = (chunk.start, None);
    from.seek(SeekFrom::Start(place)).map_err(cannot_read)?;
    while rows > 0 {
        let page = Page::read(from, chunk.codec, field.optional)?;
        let start = std::mem::replace(&mut place, from.stream_position().map_err(cannot_read)?);
        let left = limits.bytes.checked_sub(place - start);
        limits.bytes = left.ok_or_else(|| damaged("its columns lie in the same bytes"))?;
        match page {
            Page::Dictionary { values, bytes } => {
                if values > rows.saturating_add(UNUSED) {
                    return Err(damaged(format!("a dictionary has {values} values for {rows} rows")));
                }
                let mut all = Values::new(field.physical);
                Decoder::plain(field.physical, &bytes).read(values, &mut all)?;
                dictionary = Some(all);
            }
            Page::Data { rows: more, encoding, bytes, levels, values } => {
                rows = rows
                    .checked_sub(more)
                    .ok_or_else(|| damaged(format!("{more} values are more than it has rows")))?;
                let levels = field.optional.then(|| &bytes[levels]);
                let mut source = match (encoding, &dictionary, &bytes[values..]) {
                    // the bits of a place, and the places; nothing where all values are missing
                    (2 | 8, Some(dictionary), bytes) => {
                        let (width, places) = bytes.split_first().unwrap_or((&0, &[]));
                        Source::Places(Runs::new(places, usize::from(*width))?, dictionary)
                    }
                    (2 | 8, None, _) => return Err(damaged("a page has no dictionary before it")),
                    (_, _, bytes) => Source::Values(Decoder::new(field.physical, encoding, bytes, more, limits.texts)?),
                };
                read_page(levels, &mut source, field, more, filling)?;
                if let Source::Values(Decoder::Prefixes { left, .. }) = source {
                    limits.texts = left;
                }
            }
        }
    }
    Ok(())
}

/// Where a page has its values from.
enum Source<'a> {
    Values(Decoder<'a>),
    /// They stand once each in a dictionary.
    Places(Runs<'a>, &'a Values),
}

fn read_page(
    levels: Option<&[u8]>,
    source: &mut Source<'_>,
    field: &Field,
    rows: usize,
    filling: &mut Filling,
) -> std::result::Result<(), DataProblem> {
    // 1 where there is a value
    let mut levels = levels.map(|levels| Runs::new(levels, 1)).transpose()?;
    let (mut there, mut places, mut values) = ([1; ROWS], [0; ROWS], Values::new(field.physical));
    for start in (0..rows).step_by(ROWS) {
        let there = &mut there[..(rows - start).min(ROWS)];
        if let Some(levels) = &mut levels {
            levels.fill(there)?;
        }
        let count = there.iter().filter(|level| **level == 1).count();
        match source {
            Source::Values(decoder) => {
                values.clear();
                // a page of which all is missing may have nothing to decode
                if count > 0 {
                    decoder.read(count, &mut values)?;
                }
                cells::fill(field.meaning, &values, |i| i, there, filling)?;
            }
            Source::Places(runs, dictionary) => {
                runs.fill(&mut places[..count])?;
                cells::fill(field.meaning, dictionary, |i| places[i] as usize, there, filling)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
