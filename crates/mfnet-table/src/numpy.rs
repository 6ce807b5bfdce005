//! NumPy: arrays in `.npy` files, and several of them in `.npz` archives.
//!
//! Their rows are samples. An array of Python objects is a pickle, a program, and is refused. What a header promises is not believed before the
//! elements come.

mod header;

use std::io::{BufReader, Read, Seek, SeekFrom};

use header::{Header, Kind, Part, Unit, cannot_read};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::calendar::{date, month, timestamp};
use crate::column::Column;
use crate::error::{Error, FileProblem, MOST_COLUMNS, NumpyProblem, Result};
use crate::filling::Filling;

/// What NumPy calls an array that has no name.
const UNNAMED: &str = "arr_0";
/// How names of files begin in an archive that is a table of Excel.
const EXCEL: [&str; 4] = ["[Content_Types].xml", "_rels/", "docProps/", "xl/"];
/// How much is decoded at a time.
const BLOCK: usize = 1 << 16;
/// An archive that makes more than the second of these out of its bytes, and more than so many times as much, is one made to fill memory.
const LARGEST_RATIO: u64 = 200;
const LARGEST_UNASKED: u64 = 1 << 30;

/// The columns of an array, with their names. One of n elements is a column `0`, one of shape (n, k) has columns `0` to `k − 1`; more dimensions
/// are flattened row by row; the fields of a structured one are columns of their own names. `name` is what errors call the file.
///
/// Missing numbers are NaN, missing times NaT. Times become text in the form of ISO 8601, booleans `True` and `False`. A column of whole numbers
/// with one beyond 2⁵³ becomes text, so that identifiers keep their digits.
pub(crate) fn npy(name: &str, from: impl Read) -> Result<Vec<(String, Column)>> {
    let columns = array(name, from)?.columns;
    Ok(columns.into_iter().map(|(name, filling)| (name, filling.column())).collect())
}

/// The columns of an archive of arrays, with their names: an array `X` of shape (n, k) has columns `X_0` to `X_k−1`, one of n elements a column
/// `X`. A single array without a name is as in [`npy`].
pub(crate) fn npz(name: &str, mut from: impl Read + Seek) -> Result<Vec<(String, Column)>> {
    let unreadable = |error: ZipError| {
        Error::data(
            name,
            match error {
                ZipError::Io(error) => cannot_read(error),
                ZipError::InvalidArchive(_) => FileProblem::Damaged(error.to_string()),
                error => FileProblem::Other(error.to_string()),
            },
        )
    };
    let length = from.seek(SeekFrom::End(0)).map_err(|error| Error::data(name, cannot_read(error)))?;
    let mut archive = ZipArchive::new(BufReader::new(from)).map_err(unreadable)?;
    let mut size = 0u64;
    for i in 0..archive.len() {
        let member = archive.by_index_raw(i).map_err(unreadable)?;
        if member.encrypted() {
            return Err(Error::data(name, FileProblem::Encrypted));
        }
        size = size.saturating_add(member.size());
    }
    if size > LARGEST_UNASKED && size / LARGEST_RATIO > length {
        let what = format!("it has {length} bytes and would become {size}: what does so is made to fill memory");
        return Err(Error::data(name, FileProblem::Damaged(what)));
    }
    if archive.has_overlapping_files().map_err(unreadable)? {
        return Err(Error::data(name, FileProblem::Damaged("its arrays lie in the same bytes".to_owned())));
    }
    let mut arrays = Vec::new();
    for i in 0..archive.len() {
        let member = archive.by_index(i).map_err(unreadable)?;
        let of = member.name().map_err(unreadable)?.into_owned();
        let Some(of) = of.strip_suffix(".npy") else {
            let found = match EXCEL.iter().any(|part| of.starts_with(part)) {
                true => "Excel's files".to_owned(),
                false => format!("archives with other files than arrays (here {of:?})"),
            };
            return Err(Error::data(name, FileProblem::Unsupported(found)));
        };
        // what comes after its end is noticed, and no more than that
        let most = member.size().saturating_add(1);
        arrays.push((of.to_owned(), array(&format!("{name}, array {of:?}"), member.take(most))?));
    }
    let lengths: Vec<_> = arrays.iter().map(|(name, array)| (name.clone(), array.rows)).collect();
    match lengths.first() {
        None => return Err(Error::data(name, FileProblem::NoColumns)),
        Some((_, rows)) if lengths.iter().any(|(_, others)| others != rows) => {
            return Err(Error::data(name, NumpyProblem::ArrayLengths(lengths)));
        }
        _ => {}
    }
    let alone = arrays.len() == 1 && arrays[0].0 == UNNAMED;
    let named = arrays.into_iter().flat_map(|(of, array)| {
        let whole = array.columns.len() == 1 && !array.structured;
        array.columns.into_iter().map(move |(column, filling)| {
            let name = if alone {
                column
            } else if whole {
                of.clone()
            } else {
                format!("{of}_{column}")
            };
            (name, filling.column())
        })
    });
    Ok(named.collect())
}

struct Array {
    rows: usize,
    structured: bool,
    columns: Vec<(String, Filling)>,
}

fn array(name: &str, mut from: impl Read) -> Result<Array> {
    let header = Header::read(&mut from).map_err(|problem| Error::data(name, problem))?;
    let Some((&rows, sizes)) = header.shape.split_first() else {
        let found = "an array without dimensions, which is a single value".to_owned();
        return Err(Error::data(name, FileProblem::Unsupported(found)));
    };
    if rows == 0 {
        return Err(Error::data(name, FileProblem::NoRows));
    }
    if sizes.contains(&0) {
        return Err(Error::data(name, FileProblem::NoColumns));
    }
    let elements = sizes.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
    let row = elements.and_then(|elements| elements.checked_mul(header.element.size));
    let whole = row.and_then(|row| row.checked_mul(rows)).and_then(|size| header.length.checked_add(size as u64));
    let (Some(elements), Some(row), Some(expected)) = (elements, row, whole) else {
        return Err(Error::data(name, NumpyProblem::TooLarge(header.shape)));
    };
    let in_one = header.element.parts.iter().fold(0usize, |count, part| count.saturating_add(part.count));
    if in_one == 0 {
        return Err(Error::data(name, FileProblem::NoColumns));
    }
    if elements.saturating_mul(in_one) > MOST_COLUMNS {
        return Err(Error::data(name, FileProblem::TooManyColumns));
    }
    let mut source = Source { from, read: header.length, expected };
    let mut columns = Vec::new();
    let parts = &header.element.parts;
    if header.fortran && elements > 1 {
        // element after element, all rows of it
        for stored in 0..elements {
            let place = in_c_order(stored, sizes);
            let of_element = read_rows(name, &mut source, rows, header.element.size, parts, 1)?;
            columns.extend(of_element.into_iter().map(|column| (place, column)));
        }
        columns.sort_by_key(|(place, _)| *place);
    } else {
        let of_row = read_rows(name, &mut source, rows, row, parts, elements)?;
        columns.extend(of_row.into_iter().enumerate().map(|(i, column)| (i / in_one, column)));
    }
    source.end().map_err(|problem| Error::data(name, problem))?;
    let structured = parts[0].name.is_some();
    let columns = columns.into_iter().map(|(place, ((part, i), filling))| {
        let mut name = parts[part].name.clone().unwrap_or_default();
        for (number, shown) in [(place, elements > 1 || !structured), (i, parts[part].count > 1)] {
            match shown {
                true if name.is_empty() => name = number.to_string(),
                true => name += &format!("_{number}"),
                false => {}
            }
        }
        (name, filling)
    });
    Ok(Array { rows, structured, columns: columns.collect() })
}

/// Where the element of a row stands, the last dimension fastest, that is stored at this place, the first dimension fastest.
fn in_c_order(mut stored: usize, sizes: &[usize]) -> usize {
    let mut place = vec![0; sizes.len()];
    for (i, size) in sizes.iter().enumerate() {
        place[i] = stored % size;
        stored /= size;
    }
    place.iter().zip(sizes).fold(0, |whole, (i, size)| whole * size + i)
}

/// The elements, as long as there are some.
struct Source<R> {
    from: R,
    read: u64,
    expected: u64,
}

impl<R: Read> Source<R> {
    /// So many bytes, into a buffer that grows as they come.
    fn fill(&mut self, buffer: &mut Vec<u8>, count: usize) -> Result<(), FileProblem> {
        buffer.clear();
        let found = self.from.by_ref().take(count as u64).read_to_end(buffer).map_err(cannot_read)?;
        self.read += found as u64;
        if found < count {
            return Err(FileProblem::Truncated { expected: self.expected, found: self.read });
        }
        Ok(())
    }

    /// Nothing may come after the elements.
    fn end(&mut self) -> Result<(), FileProblem> {
        let mut more = Vec::new();
        self.from.by_ref().take(1).read_to_end(&mut more).map_err(cannot_read)?;
        if more.is_empty() { Ok(()) } else { Err(FileProblem::TooLong { expected: self.expected }) }
    }
}

/// A part of the element, the number of its value, and all that is known of it.
type Filled = ((usize, usize), Filling);

/// Rows of `size` bytes, `elements` elements in each: a column for every value in a row.
fn read_rows(
    name: &str,
    source: &mut Source<impl Read>,
    rows: usize,
    size: usize,
    parts: &[Part],
    elements: usize,
) -> Result<Vec<Filled>> {
    let mut columns: Vec<Filled> = Vec::new();
    let mut buffer = Vec::new();
    let mut left = rows;
    while left > 0 {
        let count = (BLOCK / size).clamp(1, left);
        source.fill(&mut buffer, count * size).map_err(|problem| Error::data(name, problem))?;
        left -= count;
        // now that there is a row, its columns take no more memory than it does, a constant factor aside
        let first = columns.is_empty();
        let mut column = 0;
        for element in 0..elements {
            for (number, part) in parts.iter().enumerate() {
                for i in 0..part.count {
                    if first {
                        columns.push(((number, i), Filling::default()));
                    }
                    let start = element * (size / elements) + part.offset + i * part.size;
                    let cells = buffer.chunks_exact(size).map(|row| &row[start..start + part.size]);
                    let filled = fill(part, cells, &mut columns[column].1);
                    filled.map_err(|problem| {
                        let column = part.name.clone().unwrap_or_else(|| column.to_string());
                        Error::in_column(name, &column, problem)
                    })?;
                    column += 1;
                }
            }
        }
    }
    Ok(columns)
}

fn fill<'a>(part: &Part, mut cells: impl Iterator<Item = &'a [u8]>, filling: &mut Filling) -> Result<(), FileProblem> {
    let big = part.big_endian;
    match part.kind {
        Kind::Boolean => cells.for_each(|cell| filling.truth(cell != [0])),
        Kind::Float if part.size == 8 => cells.for_each(|cell| filling.number(f64::from_bits(bits(cell, big)))),
        Kind::Float if part.size == 4 => {
            cells.for_each(|cell| filling.number(f32::from_bits(bits(cell, big) as u32).into()));
        }
        Kind::Float => cells.for_each(|cell| filling.half(bits(cell, big) as u16)),
        Kind::Unsigned => cells.for_each(|cell| filling.whole(bits(cell, big).into())),
        Kind::Signed => cells.for_each(|cell| filling.whole(signed(cell, big).into())),
        Kind::Time(unit) => cells.for_each(|cell| match signed(cell, big) {
            // NaT
            i64::MIN => filling.missing(),
            x => filling.text(&moment(x, unit)),
        }),
        Kind::Bytes => cells.try_for_each(|cell| {
            let end = cell.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            filling.text(std::str::from_utf8(&cell[..end]).map_err(|_| FileProblem::NotUtf8)?);
            Ok(())
        })?,
        Kind::Unicode => cells.try_for_each(|cell| {
            let characters = cell.chunks_exact(4).map(|character| bits(character, big) as u32);
            let text: Option<String> = characters.map(char::from_u32).collect();
            filling.text(text.ok_or(FileProblem::NotUtf8)?.trim_end_matches('\0'));
            Ok(())
        })?,
    }
    Ok(())
}

/// A number of up to 8 bytes.
fn bits(cell: &[u8], big: bool) -> u64 {
    let mut word = [0; 8];
    let bytes = &mut word[..cell.len()];
    bytes.copy_from_slice(cell);
    if big {
        bytes.reverse();
    }
    u64::from_le_bytes(word)
}

fn signed(cell: &[u8], big: bool) -> i64 {
    let unused = 64 - 8 * cell.len() as u32;
    (bits(cell, big) << unused) as i64 >> unused
}

fn moment(x: i64, unit: Unit) -> String {
    match unit {
        Unit::Months(count) => month(x.saturating_mul(count)),
        Unit::Days(count) => date(x.saturating_mul(count)),
        Unit::Ticks { count, per_second } => timestamp(i128::from(x) * i128::from(count), per_second),
    }
}

#[cfg(test)]
mod tests;
