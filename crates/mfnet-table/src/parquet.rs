//! Parquet: tables stored column by column, decoded by the crate `parquet`.
//!
//! It reads columns of numbers, texts, dates, times and booleans.
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

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

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

use crate::column::Column;
use crate::decoder::in_thread;
use crate::error::{Error, FileProblem, MOST_COLUMNS, Result};
use crate::found::{Found, may_be_left_out, of_pandas_index};

const PARQUET: &str = "Parquet";
/// The stack of the thread that decodes: [`MOST_STRUCTURES`] of 16 kB.
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

/// The columns of a file. The index of a pandas table is left out, unless it has a name. Columns that
/// cannot be read are left out too: those of a kind that a table does not hold, and any that is
/// `dropped`.
///
/// Dates and times become text in the form of ISO 8601, and booleans become `True` and `False`. A
/// column of whole numbers becomes text if one is beyond 2⁵³, so that identifiers keep their
/// digits. Errors call the file `name`.
pub(crate) fn columns(name: &str, file: Bytes, dropped: &[String]) -> Result<Found> {
    in_thread(name, STACK, || decoded(name, file, dropped))
}

fn decoded(name: &str, file: Bytes, dropped: &[String]) -> Result<Found> {
    // the crate panics if lengths in a page lead beyond its end
    let table = catch_unwind(AssertUnwindSafe(|| table(name, &file, dropped)));
    table.unwrap_or_else(|_| Err(Error::data(name, damaged("a page ends within its values"))))
}

fn table(name: &str, file: &Bytes, dropped: &[String]) -> Result<Found> {
    let error = |problem| Error::data(name, problem);
    let metadata = footer(file).map_err(error)?;
    // the schema is a tree; the columns of a table are on the level below its root
    let nodes = metadata.file_metadata().schema().get_fields();
    if nodes.len() > MOST_COLUMNS {
        return Err(error(FileProblem::TooManyColumns));
    }
    let (mut fields, mut unread, mut chunk) = (Vec::new(), Vec::new(), 0);
    for node in nodes {
        let column = of_pandas_index(node.name()).map_or_else(|| schema::field(node), Err);
        match column {
            Ok(field) => fields.push((chunk, field)),
            Err(problem) if is_left_out(node.name(), &problem, dropped) => {
                unread.push((node.name().to_owned(), problem));
            }
            Err(problem) => return Err(Error::in_column(name, node.name(), problem)),
        }
        chunk += schema::leaves(node);
    }
    if fields.is_empty() {
        return Found::new(PARQUET, Vec::new(), unread).checked(name);
    }
    let length = file.len() as u64;
    let rows = rows(&metadata, fields.len(), length).map_err(error)?;
    if rows.iter().all(|rows| *rows == 0) {
        return Err(error(FileProblem::NoRows));
    }
    let limits = Arc::new(Limits::new(length));
    let mut columns = Vec::new();
    for (i, field) in fields {
        let mut column = Column::of_numbers();
        let read = metadata.row_groups().iter().zip(&rows).try_for_each(|(group, rows)| {
            let chunk = group.columns().get(i).ok_or_else(|| damaged("a row group has too few columns"))?;
            read_chunk(file, chunk, &field, *rows, &limits, &mut column)
        });
        match read {
            Ok(()) => columns.push((field.name, column)),
            Err(problem) if is_left_out(&field.name, &problem, dropped) => unread.push((field.name, problem)),
            Err(problem) => return Err(Error::in_column(name, &field.name, problem)),
        }
    }
    Found::new(PARQUET, columns, unread).checked(name)
}

/// Whether the file is read without this column, which has a problem.
fn is_left_out(column: &str, problem: &FileProblem, dropped: &[String]) -> bool {
    may_be_left_out(problem) || of_pandas_index(column).is_some() || dropped.iter().any(|name| name == column)
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
    let compression = match chunk.compression() {
        Compression::LZO => Some("LZO"),
        Compression::BROTLI(_) if !cfg!(feature = "brotli") => Some("Brotli"),
        _ => None,
    };
    if let Some(compression) = compression {
        return Err(FileProblem::Unsupported(format!("pages compressed with {compression}")));
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
