//! The rows of a text, with the lines on which they begin.

use std::io::BufRead;
use std::mem::replace;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr, memchr_iter};

use super::Syntax;
use super::quotes::{Cleaned, Fault};
use crate::error::{Error, FileProblem, MOST_COLUMNS, Result};
use crate::notation::Quoting;

/// The most bytes of a row: a longer one has lost a quote.
const LONGEST: usize = 1 << 27;

/// The rows of a text, a row at a time.
pub(super) struct Rows<'a, R> {
    name: &'a str,
    pub(super) from: Cleaned<R>,
    reader: Reader,
    newline: u8,
    /// The line of the next byte, counted from 1.
    line: u64,
    /// Whether the last row ended with a carriage return, which a line feed may follow.
    after_return: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a, R: BufRead> Rows<'a, R> {
    /// `name` is what errors call the text, `line` the line of its first byte.
    pub(super) fn new(name: &'a str, from: R, syntax: Syntax, line: u64) -> Self {
        let mut reader = ReaderBuilder::new();
        reader.delimiter(syntax.delimiter.byte());
        match (syntax.quoting, syntax.quoting.byte()) {
            (Quoting::Backslash, _) => reader.escape(Some(b'\\')),
            (_, Some(quote)) => reader.quote(quote),
            (_, None) => reader.quoting(false),
        };
        let (text, ends) = (vec![0; 1024], vec![0; 64]);
        let (reader, newline) = (reader.build(), syntax.newline);
        Rows { name, from: Cleaned::new(from, syntax, line), reader, newline, line, after_return: false, text, ends }
    }

    /// The line of the next row, the number of empty lines before it, and its fields.
    pub(super) fn next(&mut self) -> Result<Option<(u64, usize, impl ExactSizeIterator<Item = &str> + Clone)>> {
        let name = self.name;
        let failed = |error| failed(name, error);
        let mut before = 0;
        loop {
            let here = self.from.fill_buf().map_err(failed)?;
            let empty = here.iter().take_while(|byte| b"\r\n".contains(byte)).count();
            let lines = memchr_iter(self.newline, &here[..empty]).count();
            // the first line feed belongs to the last row
            let ends_row = usize::from(self.after_return && lines > 0);
            self.after_return &= lines == 0;
            self.line += lines as u64;
            before += lines - ends_row;
            self.from.consume(empty);
            if empty == 0 {
                break;
            }
        }
        let line = self.line;
        let (mut length, mut count) = (0, 0);
        loop {
            let here = self.from.fill_buf().map_err(failed)?;
            let (result, read, written, ended) =
                self.reader.read_record(here, &mut self.text[length..], &mut self.ends[count..]);
            self.line += memchr_iter(self.newline, &here[..read]).count() as u64;
            self.after_return = self.newline == b'\n' && here[..read].last() == Some(&b'\r');
            self.from.consume(read);
            length += written;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if length >= LONGEST => {
                    let problem = "the row has more than 100 MB: a quote is missing before it";
                    return Err(Error::in_line(name, line, FileProblem::Other(problem.to_owned())));
                }
                ReadRecordResult::OutputFull => self.text.resize(2 * self.text.len(), 0),
                ReadRecordResult::OutputEndsFull if count >= MOST_COLUMNS => {
                    return Err(Error::in_line(name, line, FileProblem::TooManyColumns));
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record => {
                    let ends = &self.ends[..count];
                    let text = str::from_utf8(&self.text[..length]).ok();
                    let text = text.filter(|text| ends.iter().all(|end| text.is_char_boundary(*end)));
                    let text = text.ok_or_else(|| Error::in_line(name, line, FileProblem::MixedEncodings))?;
                    if memchr(0, text.as_bytes()).is_some() {
                        return Err(Error::in_line(name, line, FileProblem::ZeroByte));
                    }
                    let mut start = 0;
                    return Ok(Some((
                        line,
                        before,
                        ends.iter().map(move |end| &text[replace(&mut start, *end)..*end]),
                    )));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }
}

/// The error of a table for an error of reading its text.
fn failed(name: &str, error: std::io::Error) -> Error {
    match error.get_ref().and_then(|reason| reason.downcast_ref::<Fault>()) {
        Some(Fault { line, problem }) => Error::in_line(name, *line, problem.clone()),
        None => Error::io(name.as_ref())(error),
    }
}
