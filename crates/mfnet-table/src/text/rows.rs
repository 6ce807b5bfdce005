//! The rows of a text, with the lines on which they begin.

use std::io::BufRead;
use std::mem::replace;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::memchr_iter;

use crate::error::{Error, FileProblem, MOST_COLUMNS, Result};

/// The most bytes of a row: a longer one has lost a quote.
const LONGEST: usize = 1 << 27;

/// The rows of a text, a row at a time.
pub(super) struct Rows<'a, R> {
    name: &'a str,
    pub(super) from: R,
    reader: Reader,
    /// The line of the next byte, counted from 1.
    line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a, R: BufRead> Rows<'a, R> {
    /// `name` is what errors call the text.
    pub(super) fn new(name: &'a str, from: R, delimiter: u8, quote: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).quote(quote).build();
        Rows { name, from, reader, line: 1, text: vec![0; 1024], ends: vec![0; 64] }
    }

    /// The line of the next row and its fields; empty lines are none.
    pub(super) fn next(&mut self) -> Result<Option<(u64, impl ExactSizeIterator<Item = &str>)>> {
        let name = self.name;
        let failed = |error| Error::io(name.as_ref())(error);
        loop {
            let here = self.from.fill_buf().map_err(failed)?;
            let empty = here.iter().take_while(|byte| b"\r\n".contains(byte)).count();
            self.line += memchr_iter(b'\n', &here[..empty]).count() as u64;
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
            self.line += memchr_iter(b'\n', &here[..read]).count() as u64;
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
                    let text = text.ok_or_else(|| Error::in_line(name, line, FileProblem::NotUtf8))?;
                    let mut start = 0;
                    return Ok(Some((line, ends.iter().map(move |end| &text[replace(&mut start, *end)..*end]))));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }
}
