//! Text: CSV, TSV and the like, read in one pass.

mod dialect;
mod lines;

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::memchr_iter;
use sha2::{Digest, Sha256};

pub(crate) use self::dialect::{Dialect, Known};
pub(crate) use self::lines::Lines;
use crate::column::Column;
use crate::error::{Error, FileProblem, MOST_COLUMNS, Result, TextProblem};
use crate::file::hexadecimal;

/// How many bytes are asked for at a time; from the first of them the dialect is guessed.
const BUFFER: usize = 1 << 18;
/// The most bytes of a row: a longer one has lost a quote.
const LONGEST: usize = 1 << 27;

/// A table that was read from text.
pub(crate) struct Text {
    /// With their names.
    pub(crate) columns: Vec<(String, Column)>,
    pub(crate) dialect: Dialect,
    pub(crate) lines: Lines,
    /// SHA-256 of the bytes.
    pub(crate) digest: String,
}

/// Reads a table as text; the columns of these names keep their texts.
pub(crate) fn read(name: &str, from: impl Read, known: &Known, keep_texts: &[String]) -> Result<Text> {
    let bytes = Bytes::begin(from).map_err(Error::io(name.as_ref()))?;
    let dialect = Dialect::guess(bytes.here(), bytes.ended, known);
    let mut rows = Rows::new(name, dialect, bytes);
    let Some((line, first)) = rows.next()? else { return Err(Error::data(name, FileProblem::Empty)) };
    let first: Vec<String> = first
        .texts()
        .map(|text| text.map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or_else(|| Error::in_line(name, line, FileProblem::NotUtf8))?;
    let names = match dialect.header {
        true => first.iter().enumerate().map(|(i, name)| named(i, name)).collect(),
        false => (0..first.len()).map(|i| i.to_string()).collect::<Vec<_>>(),
    };
    let column = |name: &String| Column::new().with_format(dialect.numbers).keeping_texts(keep_texts.contains(name));
    let mut columns: Vec<Column> = names.iter().map(column).collect();
    let mut lines = Lines::default();
    if !dialect.header {
        lines.push(0, line);
        columns.iter_mut().zip(&first).for_each(|(column, text)| column.push(text));
    }
    let mut row = usize::from(!dialect.header);
    while let Some((line, fields)) = rows.next()? {
        if fields.count() != columns.len() {
            let problem = TextProblem::RowLength { expected: columns.len(), found: fields.count() };
            return Err(Error::in_line(name, line, problem));
        }
        for (column, text) in columns.iter_mut().zip(fields.texts()) {
            column.push(text.ok_or_else(|| Error::in_line(name, line, FileProblem::NotUtf8))?);
        }
        lines.push(row, line);
        row += 1;
    }
    if row == 0 {
        return Err(Error::data(name, TextProblem::HeaderOnly));
    }
    let digest = hexadecimal(rows.bytes.hash.finalize());
    Ok(Text { columns: names.into_iter().zip(columns).collect(), dialect, lines, digest })
}

/// A column without a name gets the one that pandas gives it.
fn named(position: usize, name: &str) -> String {
    match name.trim() {
        "" => format!("Unnamed: {position}"),
        name => name.to_owned(),
    }
}

/// The bytes of a file, a piece at a time.
struct Bytes<R> {
    from: R,
    piece: Vec<u8>,
    /// Of the piece, what was not used yet.
    next: usize,
    end: usize,
    ended: bool,
    hash: Sha256,
}

impl<R: Read> Bytes<R> {
    /// The first piece, without a byte order mark.
    fn begin(from: R) -> io::Result<Self> {
        let mut bytes = Bytes { from, piece: vec![0; BUFFER], next: 0, end: 0, ended: false, hash: Sha256::new() };
        while bytes.end < BUFFER && !bytes.ended {
            bytes.fill()?;
        }
        if bytes.here().starts_with(b"\xef\xbb\xbf") {
            bytes.next = 3;
        }
        bytes.hash.update(&bytes.piece[bytes.next..bytes.end]);
        Ok(bytes)
    }

    fn here(&self) -> &[u8] {
        &self.piece[self.next..self.end]
    }

    /// Reads behind what is there.
    fn fill(&mut self) -> io::Result<()> {
        loop {
            match self.from.read(&mut self.piece[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }

    /// The next piece, once this one is used.
    fn advance(&mut self) -> io::Result<()> {
        if self.next == self.end && !self.ended {
            (self.next, self.end) = (0, 0);
            self.fill()?;
            self.hash.update(&self.piece[..self.end]);
        }
        Ok(())
    }
}

/// The rows of a file, a row at a time.
struct Rows<'a, R> {
    name: &'a str,
    bytes: Bytes<R>,
    reader: Reader,
    /// The line of the next byte, counted from 1.
    line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// The fields of a row.
struct Fields<'a> {
    /// If all of it is text.
    text: Option<&'a str>,
    ends: &'a [usize],
}

impl Fields<'_> {
    fn count(&self) -> usize {
        self.ends.len()
    }

    /// None for what is no text.
    fn texts(&self) -> impl Iterator<Item = Option<&str>> {
        let mut start = 0;
        self.ends.iter().map(move |end| self.text.and_then(|text| text.get(std::mem::replace(&mut start, *end)..*end)))
    }
}

impl<'a, R: Read> Rows<'a, R> {
    fn new(name: &'a str, dialect: Dialect, bytes: Bytes<R>) -> Self {
        let reader = ReaderBuilder::new().delimiter(dialect.delimiter).quote(dialect.quote).build();
        Rows { name, bytes, reader, line: 1, text: vec![0; 1024], ends: vec![0; 64] }
    }

    /// The next row and its line; empty lines are none.
    fn next(&mut self) -> Result<Option<(u64, Fields<'_>)>> {
        let failed = |error| Error::io(self.name.as_ref())(error);
        let (mut length, mut count) = (0, 0);
        loop {
            self.bytes.advance().map_err(failed)?;
            let empty = self.bytes.here().iter().take_while(|byte| b"\r\n".contains(byte)).count();
            self.line += memchr_iter(b'\n', &self.bytes.here()[..empty]).count() as u64;
            self.bytes.next += empty;
            if empty == 0 {
                break;
            }
        }
        let line = self.line;
        loop {
            let from = self.bytes.here();
            let (result, read, written, ended) =
                self.reader.read_record(from, &mut self.text[length..], &mut self.ends[count..]);
            self.line += memchr_iter(b'\n', &from[..read]).count() as u64;
            self.bytes.next += read;
            length += written;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty => self.bytes.advance().map_err(failed)?,
                ReadRecordResult::OutputFull if length >= LONGEST => {
                    return Err(Error::in_line(self.name, line, TextProblem::LongRow));
                }
                ReadRecordResult::OutputFull => self.text.resize(2 * self.text.len(), 0),
                ReadRecordResult::OutputEndsFull if count >= MOST_COLUMNS => {
                    let problem = FileProblem::TooManyColumns;
                    return Err(Error::in_line(self.name, line, problem));
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record => {
                    let text = str::from_utf8(&self.text[..length]).ok();
                    return Ok(Some((line, Fields { text, ends: &self.ends[..count] })));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }
}
