//! Reads NumPy's arrays: one in a `.npy` file, several in a `.npz` archive.
//!
//! The rows of an array are samples. An array of Python objects is refused, because it is a pickle,
//! which is a program. Memory is taken as the elements arrive, not as the header promises.

mod header;

use std::io::{Cursor, Read};

use half::f16;
use header::{Header, Kind, Part};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::calendar::moment;
use crate::column::Column;
use crate::error::{Error, FileProblem, Result};

/// The name that NumPy gives an array without a name.
const UNNAMED: &str = "arr_0";
/// The beginning of file names in an Excel file, which is an archive too.
const EXCEL: [&str; 4] = ["[Content_Types].xml", "_rels/", "docProps/", "xl/"];
/// Number of bytes decoded at a time.
const BLOCK: usize = 1 << 16;
/// An archive is refused as made to fill memory if it decompresses to more than the second number
/// of bytes, and to more than the first number times its size.
const LARGEST_RATIO: u64 = 200;
const LARGEST_UNASKED: u64 = 1 << 30;

/// The columns of an array, with their names. An array of n elements is a column `0`; an array of
/// shape (n, k) has columns `0` to `k − 1`. More dimensions are flattened row by row. The fields of
/// a structured array are columns with their own names. Errors call the file `name`.
///
/// Missing numbers are NaN, missing times NaT. Times become text in the form of ISO 8601, and
/// booleans become `True` and `False`. A column of whole numbers becomes text if one is beyond 2⁵³,
/// so that identifiers keep their digits.
pub(crate) fn npy(name: &str, bytes: &[u8]) -> Result<Vec<(String, Column)>> {
    Ok(array(name, bytes)?.0)
}

/// The columns of an archive of arrays, with their names. An array `X` of shape (n, k) has columns
/// `X_0` to `X_k−1`; an array of n elements is a column `X`. A single array without a name is read
/// as by [`npy`].
pub(crate) fn npz(name: &str, bytes: &[u8]) -> Result<Vec<(String, Column)>> {
    let mut archive = opened(bytes).map_err(|problem| Error::data(name, problem))?;
    let mut arrays = Vec::new();
    for i in 0..archive.len() {
        let (of, bytes) = member(&mut archive, i).map_err(|problem| Error::data(name, problem))?;
        let (columns, structured) = array(&format!("{name}, array {of:?}"), &bytes)?;
        arrays.push((of, columns, structured));
    }
    let rows: Vec<usize> = arrays.iter().map(|(_, columns, _)| columns[0].1.len()).collect();
    if rows.is_empty() {
        return Err(Error::data(name, FileProblem::NoColumns));
    }
    if rows.iter().any(|other| *other != rows[0]) {
        let lengths: Vec<_> = arrays.iter().zip(rows).map(|((of, ..), rows)| format!("{rows} in {of:?}")).collect();
        let found = format!("arrays with different numbers of rows: {}", lengths.join(", "));
        return Err(Error::data(name, FileProblem::Unsupported(found)));
    }
    if arrays.len() == 1 && arrays[0].0 == UNNAMED {
        return Ok(arrays.swap_remove(0).1);
    }
    let named = arrays.into_iter().flat_map(|(of, columns, structured)| {
        let whole = columns.len() == 1 && !structured;
        let name = move |column| if whole { of.clone() } else { format!("{of}_{column}") };
        columns.into_iter().map(move |(column, cells)| (name(column), cells))
    });
    Ok(named.collect())
}

/// Opens an archive, unless it is made to fill memory.
fn opened(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, FileProblem> {
    let length = bytes.len() as u64;
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut size = 0u64;
    for i in 0..archive.len() {
        size = size.saturating_add(archive.by_index_raw(i)?.size());
    }
    if size > LARGEST_UNASKED && size / LARGEST_RATIO > length {
        let what = format!("it has {length} bytes and would become {size}: such a file is made to fill memory");
        return Err(FileProblem::Damaged(what));
    }
    if archive.has_overlapping_files()? {
        return Err(FileProblem::Damaged("its arrays overlap".to_owned()));
    }
    Ok(archive)
}

/// The name of an array in an archive, and its bytes.
fn member(archive: &mut ZipArchive<Cursor<&[u8]>>, i: usize) -> Result<(String, Vec<u8>), FileProblem> {
    let member = archive.by_index(i)?;
    let name = member.name()?.into_owned();
    let Some(of) = name.strip_suffix(".npy") else {
        return Err(FileProblem::Unsupported(match EXCEL.iter().any(|part| name.starts_with(part)) {
            true => "Excel's files".to_owned(),
            false => format!("archives with other files than arrays (here {name:?})"),
        }));
    };
    // bytes after the end are noticed but not read; memory is taken as the bytes arrive
    let most = member.size().saturating_add(1);
    let mut bytes = Vec::new();
    member.take(most).read_to_end(&mut bytes).map_err(ZipError::Io)?;
    Ok((of.to_owned(), bytes))
}

impl From<ZipError> for FileProblem {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => FileProblem::Encrypted,
            ZipError::Io(error) => FileProblem::Other(format!("cannot read: {error}")),
            ZipError::InvalidArchive(_) => FileProblem::Damaged(error.to_string()),
            error => FileProblem::Other(error.to_string()),
        }
    }
}

/// One value of one element of each row.
struct Values<'a> {
    name: String,
    part: &'a Part,
    /// Its offset in the first row, and the number of bytes to the same value of the next row.
    start: usize,
    step: usize,
    column: Column,
}

/// At least one column with its name, and whether the array is structured.
fn array(name: &str, bytes: &[u8]) -> Result<(Vec<(String, Column)>, bool)> {
    let (header, bytes) = Header::read(bytes).map_err(|problem| Error::data(name, problem))?;
    let (rows, elements) = (header.shape[0], header.elements());
    let structured = header.parts[0].name.is_some();
    let mut columns = Vec::new();
    for element in 0..elements {
        let (place, step) = header.place(element);
        for part in &header.parts {
            for i in 0..part.count {
                let element = (elements > 1 || !structured).then(|| element.to_string());
                let i_shown = (part.count > 1).then(|| i.to_string());
                let name: Vec<_> = part.name.clone().into_iter().chain(element).chain(i_shown).collect();
                let start = place + part.offset + i * part.size;
                columns.push(Values { name: name.join("_"), part, start, step, column: Column::of_numbers() });
            }
        }
    }
    // a few rows at a time, so that those of many columns stay in the cache
    let at_a_time = (BLOCK / columns[0].step).max(1);
    for first in (0..rows).step_by(at_a_time) {
        for values in &mut columns {
            for row in first..rows.min(first + at_a_time) {
                let cell = &bytes[values.start + row * values.step..][..values.part.size];
                fill(values.part, cell, &mut values.column)
                    .map_err(|problem| Error::in_column(name, &values.name, problem))?;
            }
        }
    }
    Ok((columns.into_iter().map(|values| (values.name, values.column)).collect(), structured))
}

/// Adds a value to its column.
fn fill(part: &Part, cell: &[u8], column: &mut Column) -> Result<(), FileProblem> {
    let bits = |cell| bits(cell, part.big_endian);
    let signed = || {
        let unused = 64 - 8 * part.size as u32;
        (bits(cell) << unused) as i64 >> unused
    };
    match part.kind {
        Kind::Boolean => column.push_truth(cell != [0]),
        Kind::Float if part.size == 8 => column.push_number(f64::from_bits(bits(cell))),
        Kind::Float if part.size == 4 => column.push_number(f32::from_bits(bits(cell) as u32).into()),
        Kind::Float => column.push_number(f16::from_bits(bits(cell) as u16).into()),
        Kind::Unsigned => column.push_whole(bits(cell).into()),
        Kind::Signed => column.push_whole(signed().into()),
        // NaT
        Kind::Time(..) if signed() == i64::MIN => column.push_missing(),
        Kind::Time(count, unit) => column.push_text(&moment(i128::from(signed()) * i128::from(count), unit)),
        Kind::Bytes => {
            let text = str::from_utf8(cell).map_err(|_| FileProblem::NotUtf8)?;
            column.push_text(text.trim_end_matches('\0'));
        }
        Kind::Unicode => {
            let text: Option<String> = cell.chunks_exact(4).map(|four| char::from_u32(bits(four) as u32)).collect();
            column.push_text(text.ok_or(FileProblem::NotUtf8)?.trim_end_matches('\0'));
        }
    }
    Ok(())
}

/// A number of up to 8 bytes.
fn bits(cell: &[u8], big_endian: bool) -> u64 {
    let more = |x, byte: &u8| x << 8 | u64::from(*byte);
    if big_endian { cell.iter().fold(0, more) } else { cell.iter().rev().fold(0, more) }
}

#[cfg(test)]
mod tests;
