//! Parquet: tables stored column by column, decoded by the crate `parquet`.
//!
//! It reads tables whose columns are numbers, texts, dates, times or booleans.
//!
//! A damaged file may make the crate panic, which `catch_unwind` turns into an error. It cannot
//! catch three other failures: too large an allocation or a stack overflow, which end the program,
//! and very long run times. These checks prevent them:
//!
//! | check | what a file of a few kB would do without it |
//! |---|---|
//! | `believable`: children of the schema | each structure asks for 16 GB |
//! | `believable`: structures of the schema; [`STACK`] | the crate follows them by recursion and overflows the stack |
//! | `thrift`: types as the format has them | the other checks of footer and headers see other numbers than the crate |
//! | `thrift`: no maps, no lists of flags | the crate passes over 2³¹ elements without bytes: 9 s for 11 bytes |
//! | `measured`: sizes of pages | a header asks for 2 GB, a page of zeros becomes so many |
//! | `pages`: values of a dictionary | 2³¹ of them, 32 bytes each, are asked for |
//! | `pages`: values of pages, numbers of lengths | 2⁶² lengths are asked for, or 2²² in each of many pages |
//! | `pages`: sums of lengths (`Limits::shared`) | texts that share their beginnings become 5 GB |
//! | `Limits::pages` | columns that overlap are decompressed again and again |
//! | `Limits::cells` | a text of megabytes stands in each of millions of rows |
//! | `rows` | a few bytes stand for billions of equal cells |
//! | `schema`: values of at least a byte | texts of no bytes take no place, however many there are |
//!
//! The other checks in this module only give better messages.

// a module uses only modules to its left: fault → limits, thrift → schema, measured → pages, cells
mod cells;
mod fault;
mod limits;
mod measured;
mod pages;
mod schema;
mod thrift;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread::{self, Builder};

use ::parquet::basic::Compression;
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use ::parquet::data_type::{AsBytes, DataType};
use ::parquet::file::metadata::{
    ColumnChunkMetaData, FooterTail, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader,
    ParquetStatisticsPolicy,
};
use bytes::Bytes;
use cells::Value;
use fault::damaged;
use limits::Limits;
use pages::Pages;
use schema::Field;
use serde_json::Value as Json;

use crate::column::Column;
use crate::error::{Error, FileProblem, MOST_COLUMNS, Result};

/// The name of the thread that decodes.
const THREAD: &str = "parquet";
/// Its stack: [`MOST_STRUCTURES`] of 16 kB.
const STACK: usize = 1 << 28;
/// Number of rows decoded at a time.
const ROWS: usize = 1024;
/// The number of cells that every file may have, and the number of further cells for each of its
/// bytes.
const CELLS: u64 = 1 << 22;
const CELLS_IN_A_BYTE: u64 = 1 << 10;
/// The largest number of structures in a schema. Each may be inside the one before, and the crate
/// follows them by recursion.
const MOST_STRUCTURES: u64 = 1 << 14;
/// Number of bytes after a signed footer. A footer is signed if it is readable but the columns are
/// encrypted.
const SIGNATURE: usize = 28;

/// The columns of a file, of equal length, with their names. The index of a pandas table is not a
/// column, as in `pandas.read_parquet`.
///
/// Dates and times become text in the form of ISO 8601, and booleans become `True` and `False`. A
/// column of whole numbers becomes text if one is beyond 2⁵³, so that identifiers keep their
/// digits. Errors call the file `name`.
pub(crate) fn columns(name: &str, file: Bytes) -> Result<Vec<(String, Column)>> {
    // a program may suppress the panic messages of a thread with this name
    thread::scope(|scope| {
        let work = Builder::new().name(THREAD.to_owned()).stack_size(STACK).spawn_scoped(scope, || decoded(name, file));
        let work =
            work.map_err(|error| Error::data(name, FileProblem::Other(format!("cannot start a thread: {error}"))))?;
        work.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn decoded(name: &str, file: Bytes) -> Result<Vec<(String, Column)>> {
    // the crate panics if lengths in a page lead beyond its end
    let table = catch_unwind(AssertUnwindSafe(|| table(name, &file)));
    table.unwrap_or_else(|_| Err(Error::data(name, damaged("a page ends within its values"))))
}

fn table(name: &str, file: &Bytes) -> Result<Vec<(String, Column)>> {
    let error = |problem| Error::data(name, problem);
    let metadata = footer(file).map_err(error)?;
    // the schema is a tree; that of a table has one level below its root
    let nodes = metadata.file_metadata().schema().get_fields().iter();
    let fields = nodes.map(|node| schema::field(node).map_err(|problem| Error::in_column(name, node.name(), problem)));
    let fields = fields.collect::<Result<Vec<_>>>()?;
    let notes = metadata.file_metadata().key_value_metadata().into_iter().flatten();
    let notes = notes.filter(|pair| pair.key == "pandas").find_map(|pair| pair.value.as_deref());
    let index = notes.map(index_columns).unwrap_or_default();
    let is_column = |field: &Field| !index.contains(&field.name);
    if !fields.iter().any(is_column) {
        return Err(error(FileProblem::NoColumns));
    }
    if fields.len() > MOST_COLUMNS {
        return Err(error(FileProblem::TooManyColumns));
    }
    let length = file.len() as u64;
    let rows = rows(&metadata, fields.len(), length).map_err(error)?;
    if rows.iter().all(|rows| *rows == 0) {
        return Err(error(FileProblem::NoRows));
    }
    let limits = Arc::new(Limits::new(length));
    let mut columns = Vec::new();
    for (i, field) in fields.into_iter().enumerate().filter(|(_, field)| is_column(field)) {
        let mut column = Column::of_numbers();
        for (group, rows) in metadata.row_groups().iter().zip(&rows) {
            read_chunk(file, group.column(i), &field, *rows, &limits, &mut column)
                .map_err(|problem| Error::in_column(name, &field.name, problem))?;
        }
        columns.push((field.name, column));
    }
    Ok(columns)
}

/// Reads the footer: the metadata between the pages and the last bytes of the file, `length of the
/// footer, PAR1`.
fn footer(file: &Bytes) -> Result<ParquetMetaData, FileProblem> {
    let length = file.len();
    if file.is_empty() {
        return Err(FileProblem::Empty);
    }
    if !file.starts_with(b"PAR1") && !file.starts_with(b"PARE") {
        let expected = "a Parquet file, which begins with the bytes PAR1 (50 41 52 31)";
        return Err(FileProblem::OtherFormat(expected, file[..length.min(4)].to_vec()));
    }
    let tail = file[4..].last_chunk().ok_or_else(|| damaged(format!("it is cut off after {length} bytes")))?;
    let tail = FooterTail::try_new(tail).map_err(|_| damaged("it is cut off: it does not end with the bytes PAR1"))?;
    if tail.is_encrypted_footer() {
        return Err(FileProblem::Encrypted);
    }
    let (size, end) = (tail.metadata_length(), length - 8);
    let start = end.checked_sub(size).filter(|start| *start >= 4);
    let start = start.ok_or_else(|| damaged(format!("its footer has {size} bytes, the file {length}")))?;
    let footer = &file[start..end];
    believable(footer)?;
    let options = ParquetMetaDataOptions::new()
        .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
    let parse = |footer| ParquetMetaDataReader::decode_metadata_with_options(footer, Some(&options));
    if parse(&footer[..size.saturating_sub(SIGNATURE)]).is_ok() {
        return Err(FileProblem::Encrypted);
    }
    Ok(parse(footer)?)
}

/// Checks that a footer follows the format, and that its schema has no more children than the
/// footer has bytes, because the crate takes memory for them.
fn believable(footer: &[u8]) -> Result<(), FileProblem> {
    let size = footer.len() as u64;
    let (mut structures, mut children) = (0, 0u64);
    let walked = thrift::walk(footer, thrift::FOOTER, |path, x| {
        if *path == [2, 0, 5] && x != 0 {
            structures += 1;
            children = children.saturating_add(u64::try_from(x).unwrap_or(0));
        }
    });
    if walked.is_none() || children > size || structures > MOST_STRUCTURES {
        return Err(damaged("its footer ends within its lists"));
    }
    Ok(())
}

/// The number of rows of each row group.
fn rows(metadata: &ParquetMetaData, columns: usize, length: u64) -> Result<Vec<usize>, FileProblem> {
    let rows = metadata.row_groups().iter().map(|group| usize::try_from(group.num_rows()).ok());
    let rows = rows.collect::<Option<Vec<_>>>().ok_or_else(|| damaged("a number of rows is negative"))?;
    let sum = rows.iter().fold(0usize, |sum, rows| sum.saturating_add(*rows));
    let whole = metadata.file_metadata().num_rows();
    let cells = (sum as u64).saturating_mul(columns as u64);
    if i64::try_from(sum) != Ok(whole) || cells > CELLS.saturating_add(length.saturating_mul(CELLS_IN_A_BYTE)) {
        let what =
            format!("it has {whole} rows of {columns} columns, {sum} rows in its row groups, and {length} bytes");
        return Err(damaged(what));
    }
    Ok(rows)
}

/// The columns that pandas uses as row names. An index of consecutive numbers is not stored as a
/// column.
fn index_columns(notes: &str) -> Vec<String> {
    let notes: Json = serde_json::from_str(notes).unwrap_or_default();
    let names = notes["index_columns"].as_array().into_iter().flatten();
    names.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// The values of one column in one row group.
fn read_chunk(
    file: &Bytes,
    chunk: &ColumnChunkMetaData,
    field: &Field,
    rows: usize,
    limits: &Arc<Limits>,
    column: &mut Column,
) -> Result<(), FileProblem> {
    if let Some(file) = chunk.file_path() {
        return Err(FileProblem::Unsupported(format!("columns that lie in other files (here {file:?})")));
    }
    let unsupported = |codec| Err(FileProblem::Unsupported(format!("pages compressed with {codec}")));
    match chunk.compression() {
        Compression::LZO => return unsupported("LZO"),
        Compression::BROTLI(_) => return unsupported("Brotli"),
        _ => {}
    }
    let pages = Box::new(Pages::new(file, chunk, field, rows, limits)?);
    let cell = |value: Option<Value>| {
        let Some(value) = value else {
            column.push_missing();
            return Ok(());
        };
        if let Value::Bytes(bytes) = value {
            limits.cells.take(bytes.len() as u64)?;
        }
        cells::fill(value, field.meaning, column)
    };
    match get_column_reader(chunk.column_descr_ptr(), pages) {
        ColumnReader::BoolColumnReader(from) => read(from, rows, |x| Value::Truth(*x), cell),
        ColumnReader::Int32ColumnReader(from) => read(from, rows, |x| Value::Whole((*x).into()), cell),
        ColumnReader::Int64ColumnReader(from) => read(from, rows, |x| Value::Whole(*x), cell),
        ColumnReader::Int96ColumnReader(from) => read(from, rows, |x| Value::Bytes(x.as_bytes()), cell),
        ColumnReader::FloatColumnReader(from) => read(from, rows, |x| Value::Number((*x).into()), cell),
        ColumnReader::DoubleColumnReader(from) => read(from, rows, |x| Value::Number(*x), cell),
        ColumnReader::ByteArrayColumnReader(from) => read(from, rows, |x| Value::Bytes(x.data()), cell),
        ColumnReader::FixedLenByteArrayColumnReader(from) => read(from, rows, |x| Value::Bytes(x.data()), cell),
    }
}

/// Calls `cell` with the result of `value` for each row, or with `None` if the value is missing.
fn read<T: DataType>(
    mut from: ColumnReaderImpl<T>,
    mut rows: usize,
    value: impl Fn(&T::T) -> Value,
    mut cell: impl FnMut(Option<Value>) -> Result<(), FileProblem>,
) -> Result<(), FileProblem> {
    // 1 for a row with a value; empty if no value may be missing
    let (mut there, mut values) = (Vec::new(), Vec::new());
    while rows > 0 {
        there.clear();
        values.clear();
        let (count, ..) = from.read_records(rows.min(ROWS), Some(&mut there), None, &mut values)?;
        if count == 0 {
            return Err(damaged(format!("{rows} values are missing")));
        }
        rows -= count;
        let mut values = values.iter().map(&value);
        for row in 0..count {
            match there.get(row) {
                Some(0) => cell(None)?,
                _ => cell(Some(values.next().ok_or_else(|| damaged("a value is missing"))?))?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
