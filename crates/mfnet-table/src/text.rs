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
use crate::calendar::DateOrder;
use crate::column::Column;
use crate::described::forms;
use crate::error::{Error, FileProblem, Result};
use crate::file::{Watched, hexadecimal};
use crate::notation::{Delimiter, FileForm, Quoting};
use crate::number_format::{Hints, NumberFormat};

/// The dialect is detected from this many bytes. The rest is read in pieces of this size.
pub(crate) const BEGINNING: usize = 1 << 18;

/// The settings that are given instead of detected.
#[derive(Clone, Default)]
pub(crate) struct Known {
    pub(crate) delimiter: Option<Delimiter>,
    /// The delimiter that the name of the file suggests.
    pub(crate) usual_delimiter: Option<Delimiter>,
    pub(crate) quoting: Option<Quoting>,
    pub(crate) header: Option<bool>,
    /// Number of lines above the table.
    pub(crate) skipped_lines: u64,
    pub(crate) encoding: Option<&'static Encoding>,
    /// The decimal sign of numbers with two readings.
    pub(crate) decimal: Option<u8>,
    /// The order of dates with two readings.
    pub(crate) dates: Option<DateOrder>,
    /// Words for missing values.
    pub(crate) missing: Vec<String>,
    /// Names of columns that the user gave.
    pub(crate) names: Vec<String>,
    /// The form of another file that this one shares.
    pub(crate) form: Option<FileForm>,
}

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
    let encoding = known.encoding.unwrap_or(shown);
    let is_sure = mark > 0 || shown != UTF_8 || known.encoding.is_some();
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
    while let Some((line, empty, fields)) = rows.next()? {
        shape.push(line, empty, fields)?;
    }
    let Shaped { names, mut columns, lines, skipped } = shape.finish()?;
    let encoding = found.get();
    drop(rows);
    let description = decide(&names, &mut columns, &dialect, known, encoding, &skipped);
    let digest = hexadecimal(hash.finalize(), "");
    let columns = names.into_iter().zip(columns).collect();
    let (header, delimiter) = (dialect.header, dialect.syntax.delimiter);
    Ok(Text { columns, header, delimiter, description, skipped, lines, digest })
}

/// Decides how the columns are written, and describes everything that was detected.
fn decide(
    names: &[String],
    columns: &mut [Column],
    dialect: &Dialect,
    known: &Known,
    encoding: &'static Encoding,
    skipped: &[String],
) -> String {
    let mut certain = [0, 0];
    for column in &mut *columns {
        let tally = column.count();
        certain.iter_mut().zip(tally.certain()).for_each(|(all, some)| *all += usize::from(some > 0));
    }
    if certain == [0, 0] {
        // groups beside whole numbers, such as 1.234 beside 950, show it too
        for column in &*columns {
            match NumberFormat::decide(column.tally(), Hints::default()) {
                Ok(NumberFormat::PointAndGroups) => certain[0] += 1,
                Ok(NumberFormat::CommaAndGroups) => certain[1] += 1,
                _ => {}
            }
        }
    }
    let of_file = match certain {
        [0, 0] => None,
        [_, 0] => Some(b'.'),
        [0, _] => Some(b','),
        _ => None,
    };
    let between_commas = dialect.syntax.delimiter == Delimiter::Character(',');
    for (name, column) in names.iter().zip(&mut *columns) {
        let form = known.form.as_ref();
        let hints = Hints {
            known: form.filter(|_| known.decimal.is_none()).map(|form| form.numbers_of(name)),
            decimal: known.decimal.or(of_file),
            between_commas,
        };
        let dates = form.and_then(|form| form.columns.get(name)).and_then(|notation| notation.dates);
        column.decide(hints, known.dates.or(dates));
    }
    let mut said = vec![dialect.to_string()];
    if encoding != UTF_8 {
        said.push(format!("{} text", encoding.name()));
    }
    said.extend(forms(names.iter().zip(&*columns)));
    if !dialect.header {
        said.push("no header: columns are numbered from 0".to_owned());
    }
    said.extend(skipped.iter().cloned());
    said.join(", ")
}
