//! Reads NumPy's arrays: one in a `.npy` file, several in a `.npz` archive.
//!
//! The rows of an array are samples. An array of Python objects is refused, because it is a pickle,
//! which is a program. Memory is taken as the elements arrive, not as the header promises.

mod header;
mod parts;

use std::io::Read;

use half::f16;
use header::{Header, Kind, Part};
use zip::result::ZipError;

use crate::archive::{Archive, member, opened};
use crate::calendar::moment;
use crate::column::Column;
use crate::error::{Error, FileProblem, Problem, Result};
use crate::found::{Found, may_be_left_out};

const NUMPY: &str = "NumPy";
/// The name that NumPy gives an array without a name.
const UNNAMED: &str = "arr_0";
/// Number of bytes decoded at a time.
const BLOCK: usize = 1 << 16;

/// The columns of an array, with their names. An array of n elements is a column `0`; an array of
/// shape (n, k) has columns `0` to `k − 1`. More dimensions are flattened row by row. The fields of
/// a structured array are columns with their own names. Errors call the file `name`.
///
/// Missing numbers are NaN, missing times NaT. Times become text in the form of ISO 8601, and
/// booleans become `True` and `False`. A column of whole numbers becomes text if one is beyond 2⁵³,
/// so that identifiers keep their digits.
pub(crate) fn npy(name: &str, bytes: &[u8]) -> Result<Found> {
    Ok(Found::new(NUMPY, array(name, bytes)?.0, Vec::new()))
}

/// The columns of an archive of arrays, with their names. An array `X` of shape (n, k) has columns
/// `X_0` to `X_k−1`; an array of n elements is a column `X`. A single array without a name is read
/// as by [`npy`].
///
/// Arrays that cannot be read are left out: those of Python objects, single values, any that is
/// `dropped`, and those with another number of rows than most. Arrays such as `x_train`, `y_train`,
/// `x_test` and `y_test` are a table with a split.
pub(crate) fn npz(name: &str, bytes: &[u8], dropped: &[String], memory: Option<u64>) -> Result<Found> {
    let error = |problem| Error::data(name, problem);
    let mut archive = opened(bytes, memory).map_err(error)?;
    let (mut arrays, mut unread) = (Vec::new(), Vec::new());
    for i in 0..archive.len() {
        let (of, bytes) = of_member(&mut archive, i).map_err(error)?;
        match array(&format!("{name}, array {of:?}"), &bytes) {
            Ok((columns, structured)) => arrays.push(Array { of, columns, structured }),
            Err(Error::Data { problem: Problem::File(problem), .. })
                if may_be_left_out(&problem) || dropped.contains(&of) =>
            {
                unread.push((of, problem));
            }
            Err(error) => return Err(error),
        }
    }
    let (arrays, parts) = parts::joined(arrays).map_err(error)?;
    let mut arrays = of_most_rows(arrays, parts.len(), &mut unread).map_err(error)?;
    if arrays.len() == 1 && unread.is_empty() && arrays[0].of == UNNAMED {
        return Ok(Found::new(NUMPY, arrays.swap_remove(0).columns, unread));
    }
    let named = arrays.into_iter().flat_map(|Array { of, columns, structured }| {
        let whole = columns.len() == 1 && !structured;
        let name = move |column| if whole { of.clone() } else { format!("{of}_{column}") };
        columns.into_iter().map(move |(column, cells)| (name(column), cells))
    });
    Found { parts, ..Found::new(NUMPY, named.collect(), unread) }.checked(name)
}

/// An array of an archive.
struct Array {
    of: String,
    /// At least one.
    columns: Vec<(String, Column)>,
    structured: bool,
}

impl Array {
    fn rows(&self) -> usize {
        self.columns[0].1.len()
    }
}

/// Leaves out arrays with another number of rows than the split, or than most of them without one.
fn of_most_rows(
    arrays: Vec<Array>,
    of_split: usize,
    unread: &mut Vec<(String, FileProblem)>,
) -> Result<Vec<Array>, FileProblem> {
    let count = |rows: usize| arrays.iter().filter(|array| array.rows() == rows).count();
    let most = arrays.iter().map(|array| (count(array.rows()), array.rows())).max();
    let Some((most, rows)) = most else { return Ok(arrays) };
    let rows = if of_split > 0 { of_split } else { rows };
    let rivals = arrays.iter().filter(|array| array.rows() != rows).any(|array| count(array.rows()) == most);
    if of_split == 0 && (rivals || (most == 1 && arrays.len() > 1)) {
        let lengths: Vec<_> = arrays.iter().map(|array| format!("{} in {:?}", array.rows(), array.of)).collect();
        let found = format!("arrays with different numbers of rows: {}", lengths.join(", "));
        return Err(FileProblem::Unsupported(found));
    }
    let (same, others): (Vec<_>, Vec<_>) = arrays.into_iter().partition(|array| array.rows() == rows);
    let problem = |array: &Array| FileProblem::Other(format!("{} rows, the other arrays have {rows}", array.rows()));
    unread.extend(others.into_iter().map(|array| (array.of.clone(), problem(&array))));
    Ok(same)
}

/// The name of an array in an archive, and its bytes.
fn of_member(archive: &mut Archive<'_>, i: usize) -> Result<(String, Vec<u8>), FileProblem> {
    let name = archive.by_index_raw(i)?.name()?.into_owned();
    let Some(of) = name.strip_suffix(".npy") else {
        return Err(FileProblem::Unsupported(format!("archives with other files than arrays (here {name:?})")));
    };
    // memory is taken as the bytes arrive
    let mut bytes = Vec::new();
    member(archive, i)?.read_to_end(&mut bytes).map_err(ZipError::Io)?;
    Ok((of.to_owned(), bytes))
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
