//! Reads text (CSV, TSV and similar) in one pass.

// a module uses only modules to its left: lines, rows → dialect
mod dialect;
mod lines;
mod rows;

use std::io::{BufReader, Read};

use sha2::{Digest, Sha256};

pub(crate) use self::dialect::{Dialect, Known};
pub use self::lines::Lines;
use self::rows::Rows;
use crate::column::Column;
use crate::error::{Error, FileProblem, Result};
use crate::file::{Watched, hexadecimal};

/// The dialect is detected from this many bytes. The rest is read in pieces of this size.
pub(crate) const BEGINNING: usize = 1 << 18;

/// The columns of a text with their names, its dialect, the lines of its rows, and the SHA-256 of
/// its bytes.
type Text = (Vec<(String, Column)>, Dialect, Lines, String);

/// Reads a table from text. The caller gives its first [`BEGINNING`] bytes, or all. The columns
/// with these names keep their texts.
pub(crate) fn read(
    name: &str,
    beginning: &[u8],
    rest: impl Read,
    known: &Known,
    keep_texts: &[String],
) -> Result<Text> {
    let start = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    let dialect = Dialect::guess(start, beginning.len() < BEGINNING, known);
    let mut hash = Sha256::new();
    let hashed = Watched { from: start.chain(rest), seen: |bytes: &[u8]| hash.update(bytes) };
    let from = BufReader::with_capacity(BEGINNING, hashed);
    let mut rows = Rows::new(name, from, dialect.delimiter, dialect.quote);
    let Some((line, first)) = rows.next()? else { return Err(Error::data(name, FileProblem::Empty)) };
    let first: Vec<String> = first.map(str::to_owned).collect();
    let named = |(i, name): (usize, &String)| match name.trim() {
        _ if !dialect.header => i.to_string(),
        // the name that pandas gives it
        "" => format!("Unnamed: {i}"),
        name => name.to_owned(),
    };
    let names: Vec<String> = first.iter().enumerate().map(named).collect();
    let column = |name: &String| Column::new(dialect.numbers, keep_texts.contains(name));
    let mut columns: Vec<Column> = names.iter().map(column).collect();
    let mut lines = Lines::default();
    if !dialect.header {
        lines.push(0, line);
        columns.iter_mut().zip(&first).for_each(|(column, text)| column.push(text));
    }
    let mut row = usize::from(!dialect.header);
    while let Some((line, fields)) = rows.next()? {
        if fields.len() != columns.len() {
            let problem = FileProblem::RowLength { expected: columns.len(), found: fields.len() };
            return Err(Error::in_line(name, line, problem));
        }
        columns.iter_mut().zip(fields).for_each(|(column, text)| column.push(text));
        lines.push(row, line);
        row += 1;
    }
    if row == 0 {
        return Err(Error::data(name, FileProblem::Other("the file has a header and no rows".to_owned())));
    }
    let digest = hexadecimal(hash.finalize(), "");
    Ok((names.into_iter().zip(columns).collect(), dialect, lines, digest))
}
