//! Reads text (CSV, TSV and similar) in one pass.

// a module uses only modules to its left: encoding, lines, row → rows → sample → header → above, below → dialect → shape
mod above;
mod below;
mod dialect;
pub(crate) mod encoding;
mod header;
mod lines;
mod row;
mod rows;
mod sample;
mod shape;

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};

use encoding_rs::{Encoding, UTF_8};
use sha2::{Digest, Sha256};

pub(crate) use self::dialect::Dialect;
use self::encoding::{Decoded, detect};
pub use self::lines::Lines;
use self::rows::Rows;
use self::shape::{Shape, Shaped};
use crate::column::Column;
use crate::described::forms;
use crate::error::{Error, FileProblem, Problem, Result};
use crate::file::{Watched, hexadecimal};
use crate::known::Known;
use crate::notation::{Delimiter, Quoting};

/// The dialect is detected from this many bytes. The rest is read in pieces of this size.
pub(crate) const BEGINNING: usize = 1 << 18;

/// The characters with a meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Syntax {
    pub(crate) delimiter: Delimiter,
    pub(crate) quoting: Quoting,
    /// The byte that ends a line.
    pub(crate) newline: u8,
}

/// What a text holds.
pub(crate) struct Text {
    /// The columns with their names.
    pub(crate) columns: Vec<(String, Column)>,
    pub(crate) header: bool,
    pub(crate) delimiter: Delimiter,
    /// What was detected, in words.
    pub(crate) description: String,
    /// What was skipped, in words.
    pub(crate) skipped: Vec<String>,
    pub(crate) lines: Lines,
    /// SHA-256 of the bytes.
    pub(crate) digest: String,
}

/// Reads a table from text. The caller gives its first [`BEGINNING`] bytes, or all. The columns
/// with these names keep their texts.
pub(crate) fn read(
    name: &str,
    beginning: &[u8],
    rest: impl Read,
    known: &Known,
    keep_texts: &[String],
) -> Result<Text> {
    let (shown, mark) = detect(beginning);
    let start = &beginning[mark..];
    let encoding = known.encoding().unwrap_or(shown);
    let is_sure = mark > 0 || shown != UTF_8 || known.encoding().is_some();
    let (found, mut hash) = (Cell::new(encoding), Sha256::new());
    let hashed = Watched { from: start.chain(rest), seen: |bytes: &[u8]| hash.update(bytes) };
    let decoded = Decoded::new(BufReader::with_capacity(BEGINNING, hashed), encoding, is_sure, &found);
    let mut from = BufReader::with_capacity(BEGINNING, decoded);
    let failed = |error| Error::io(name.as_ref())(error);
    let head = from.fill_buf().map_err(failed)?;
    let dialect = Dialect::detect(name, head, beginning.len() < BEGINNING, known)?;
    from.consume(dialect.skipped_bytes);
    let mut rows = Rows::new(name, from, dialect.syntax, 1 + dialect.skipped_lines);
    let Some((line, _, first)) = rows.next()? else { return Err(Error::data(name, FileProblem::Empty)) };
    let first: Vec<String> = first.map(|text| text.trim().to_owned()).collect();
    let (names, data) = match &dialect.names {
        Some(names) => (names.clone(), Some(first)),
        None => (first, None),
    };
    let mut shape = Shape::new(name, &dialect, (names, line), keep_texts, &known.missing)?;
    if let Some(first) = data {
        shape.push(line, 0, first.iter().map(String::as_str))?;
    }
    loop {
        let pushed = match rows.next()? {
            Some((line, empty, fields)) => shape.push(line, empty, fields),
            None => break,
        };
        pushed.map_err(|error| with_rest(error, &shape, &mut rows))?;
    }
    let Shaped { names, mut columns, lines, skipped } = shape.finish()?;
    let encoding = found.get();
    drop(rows);
    let mut named: Vec<(&str, &mut Column)> = names.iter().map(String::as_str).zip(&mut columns).collect();
    known.decide(&mut named, dialect.syntax.delimiter == Delimiter::Character(','));
    let description = described(&names, &columns, &dialect, encoding, &skipped);
    let digest = hexadecimal(hash.finalize(), "");
    let columns = names.into_iter().zip(columns).collect();
    let (header, delimiter) = (dialect.header, dialect.syntax.delimiter);
    Ok(Text { columns, header, delimiter, description, skipped, lines, digest })
}

/// The error of a row, with the last line of the file if no row after it fits either, as below a table.
fn with_rest(mut error: Error, shape: &Shape<'_>, rows: &mut Rows<'_, impl BufRead>) -> Error {
    if shape.rows() == 0 {
        return error;
    }
    let mut found = None;
    while let Ok(Some((line, _, fields))) = rows.next() {
        if shape.fits(fields.len()) {
            return error;
        }
        found = Some(line);
    }
    if let Error::Data { problem: Problem::File(FileProblem::RowLength { last, .. }), .. } = &mut error {
        *last = found;
    }
    error
}

/// Describes everything that was detected.
fn described(
    names: &[String],
    columns: &[Column],
    dialect: &Dialect,
    encoding: &'static Encoding,
    skipped: &[String],
) -> String {
    let mut said = vec![dialect.to_string()];
    if encoding != UTF_8 {
        said.push(format!("{} text", encoding.name()));
    }
    said.extend(forms(names.iter().zip(columns)));
    if !dialect.header {
        said.push("no header: columns are numbered from 0".to_owned());
    }
    said.extend(skipped.iter().cloned());
    said.join(", ")
}
