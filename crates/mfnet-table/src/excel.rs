//! Reads a sheet of an Excel workbook (`.xlsx`), decoded by the crate `calamine`.
//!
//! The crate takes memory for as many texts as the file says, and [`check`] compares that number with
//! the bytes. It may panic on a damaged file, which becomes an error. Cells arrive one by one, so a
//! cell far away from the others takes no memory.

mod cells;

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use cells::Grid;
use sha2::{Digest, Sha256};

use crate::archive::{Archive, member, opened};
use crate::decoder::in_thread;
use crate::error::{Error, FileProblem, Result};
use crate::file::hexadecimal;
use crate::found::Found;
use crate::known::Known;

const STACK: usize = 1 << 24;
/// The most other sheets that a description names.
const SHEETS: usize = 4;
/// The number of texts in a workbook.
const COUNT: &[u8] = b"uniqueCount";
/// How the formula of a cell begins.
const FORMULAS: [&[u8]; 2] = [b"<f>", b"<f "];
/// Number of bytes looked at together.
const BLOCK: usize = 1 << 16;

/// The cells of a sheet: the one with this name, or the first. Also returns whether its first row
/// holds the column names, and a SHA-256 of the file and the name of the sheet.
///
/// Empty rows, and empty columns at the edges, are left out. Dates become text in the form of ISO
/// 8601, booleans become `True` and `False`, and errors such as #N/A missing values.
pub(crate) fn read(
    name: &str,
    bytes: &[u8],
    sheet: Option<&str>,
    known: &Known,
    memory: Option<u64>,
) -> Result<(Found, bool, String)> {
    in_thread(name, STACK, || {
        let read = || sheet_of(bytes, sheet, known, memory).map_err(|problem| Error::data(name, problem));
        let damaged = || Err(Error::data(name, FileProblem::Damaged("its sheet cannot be read".to_owned())));
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| damaged())
    })
}

fn sheet_of(
    bytes: &[u8],
    sheet: Option<&str>,
    known: &Known,
    memory: Option<u64>,
) -> Result<(Found, bool, String), FileProblem> {
    let has_formulas = check(&mut opened(bytes, memory)?)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let (visible, hidden): (Vec<_>, Vec<_>) = sheets.partition(|sheet| sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = visible.into_iter().chain(hidden).map(|sheet| sheet.name.clone()).collect();
    let chosen = match sheet {
        None => names.first().ok_or(FileProblem::NoColumns)?,
        Some(sheet) => names
            .iter()
            .find(|name| *name == sheet)
            .ok_or_else(|| FileProblem::UnknownSheet(sheet.to_owned(), names.clone()))?,
    };
    let mut cells = book.worksheet_cells_reader(chosen).map_err(damaged)?;
    let mut grid = Grid::new(bytes.len());
    while let Some(cell) = cells.next_cell().map_err(damaged)? {
        if !matches!(cell.get_value(), DataRef::Empty) {
            let (row, column) = cell.get_position();
            if u64::from(row) >= known.skipped_lines {
                grid.push(row, column, cell.get_value())?;
            }
        }
    }
    drop(cells);
    if grid.is_empty() && names.len() > 1 {
        return Err(FileProblem::EmptySheet(chosen.clone(), names));
    }
    let formulas = if has_formulas { formulas_without_values(&mut book, chosen, &grid)? } else { 0 };
    let (table, range, header, lines) = grid.table(known.header)?;
    let others: Vec<String> =
        names.iter().filter(|name| *name != chosen).take(SHEETS).map(|name| format!("{name:?}")).collect();
    let more = if names.len() > SHEETS + 1 { ", …" } else { "" };
    let of = if names.len() > 1 { format!(" (others: {}{more})", others.join(", ")) } else { String::new() };
    let digest = Sha256::new_with_prefix(bytes).chain_update(b"\0").chain_update(chosen);
    let mut found = Found::new("", table, Vec::new());
    found.lines = Some(lines);
    found.description = format!("Excel, sheet {chosen:?}{of}, {range}");
    match formulas {
        0 => {}
        1 => found.description += ", 1 formula without a value (open and save the file in Excel)",
        many => found.description += &format!(", {many} formulas without values (open and save the file in Excel)"),
    }
    Ok((found, header, hexadecimal(digest.finalize(), "")))
}

/// Number of cells with a formula whose value is not in the file, as programs other than Excel write
/// them.
fn formulas_without_values(book: &mut Xlsx<Cursor<&[u8]>>, sheet: &str, grid: &Grid) -> Result<usize, FileProblem> {
    let mut cells = book.worksheet_cells_reader(sheet).map_err(damaged)?;
    let mut count = 0;
    while let Some(cell) = cells.next_formula().map_err(damaged)? {
        let (row, column) = cell.get_position();
        count += usize::from(!cell.get_value().is_empty() && !grid.has(row, column));
    }
    Ok(count)
}

fn damaged(error: XlsxError) -> FileProblem {
    match error {
        XlsxError::Password => FileProblem::Encrypted,
        XlsxError::Io(error) => {
            FileProblem::too_large(&error).unwrap_or_else(|| FileProblem::Damaged(error.to_string()))
        }
        error => FileProblem::Damaged(error.to_string()),
    }
}

/// Decompresses every file once, so that none has more bytes than the archive says, and looks for
/// numbers of texts that are larger than the file. Returns whether there may be formulas.
fn check(archive: &mut Archive<'_>) -> Result<bool, FileProblem> {
    let mut has_formulas = false;
    for i in 0..archive.len() {
        let mut from = member(archive, i)?;
        let (mut size, mut kept, mut block) = (0, Vec::new(), vec![0; BLOCK]);
        let mut largest = 0;
        loop {
            let count = from.read(&mut block).map_err(zip::result::ZipError::Io)?;
            if count == 0 {
                break;
            }
            size += count;
            // the same in UTF-16
            kept.extend(block[..count].iter().filter(|byte| **byte != 0));
            largest = largest.max(largest_count(&kept));
            has_formulas = has_formulas || FORMULAS.iter().any(|begin| memchr::memmem::find(&kept, begin).is_some());
            // the word and its number may be in two blocks
            kept.drain(..kept.len().saturating_sub(64));
        }
        if largest > size {
            return Err(FileProblem::Damaged(format!(
                "it has {largest} texts according to its header, and {size} bytes"
            )));
        }
    }
    Ok(has_formulas)
}

/// The largest number after the word.
fn largest_count(bytes: &[u8]) -> usize {
    let after = |place: usize| {
        let rest = bytes[place + COUNT.len()..].iter().take(50);
        let digits = rest.skip_while(|byte| !byte.is_ascii_digit()).take_while(|byte| byte.is_ascii_digit());
        digits.fold(0usize, |x, digit| x.saturating_mul(10).saturating_add(usize::from(digit - b'0')))
    };
    memchr::memmem::find_iter(bytes, COUNT).map(after).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
