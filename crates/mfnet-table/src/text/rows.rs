//! The rows of a text, with the lines on which they begin.

use std::io::BufRead;
use std::mem::replace;

use memchr::{memchr, memchr_iter};

use super::Syntax;
use super::row::Row;
use crate::error::{Error, FileProblem, MOST_COLUMNS, Result};

/// The most bytes of a row: a longer one has lost a quote.
const LONGEST: usize = 1 << 27;

/// The rows of a text, a row at a time.
pub(super) struct Rows<'a, R> {
    name: &'a str,
    from: R,
    row: Row,
    /// Whether the last row ended with a carriage return, which a line feed may follow.
    after_return: bool,
}

impl<'a, R: BufRead> Rows<'a, R> {
    /// `name` is what errors call the text, `line` the line of its first byte.
    pub(super) fn new(name: &'a str, from: R, syntax: Syntax, line: u64) -> Self {
        Rows { name, from, row: Row::new(syntax, line), after_return: false }
    }

    /// The line of the next row, the number of empty lines before it, and its fields.
    pub(super) fn next(&mut self) -> Result<Option<(u64, usize, impl ExactSizeIterator<Item = &str> + Clone)>> {
        let mut empty = 0;
        let line = loop {
            empty += self.empty_lines()?;
            let line = self.row.line;
            if !self.read_row(line)? {
                return Ok(None);
            }
            if !self.row.is_empty() {
                break line;
            }
            empty += 1;
        };
        let (text, ends) = self.row.fields();
        let text = str::from_utf8(text).map_err(|_| Error::in_line(self.name, line, FileProblem::MixedEncodings))?;
        if memchr(0, text.as_bytes()).is_some() {
            return Err(Error::in_line(self.name, line, FileProblem::ZeroByte));
        }
        let mut start = 0;
        Ok(Some((line, empty, ends.iter().map(move |end| &text[replace(&mut start, end + 1)..*end]))))
    }

    /// Reads to the next line with something in it. Returns the number of lines before it.
    fn empty_lines(&mut self) -> Result<usize> {
        let mut empty = 0;
        loop {
            let here = self.from.fill_buf().map_err(Error::io(self.name.as_ref()))?;
            let count = here.iter().take_while(|byte| b"\r\n".contains(byte)).count();
            let lines = memchr_iter(self.row.syntax.newline, &here[..count]).count();
            // the first line feed belongs to the last row
            let ends_row = usize::from(self.after_return && lines > 0);
            self.after_return &= lines == 0;
            self.row.line += lines as u64;
            empty += lines - ends_row;
            self.from.consume(count);
            if count == 0 {
                return Ok(empty);
            }
        }
    }

    /// Reads the row that begins in this line. Returns whether there is one.
    fn read_row(&mut self, line: u64) -> Result<bool> {
        self.row.clear();
        loop {
            let here = self.from.fill_buf().map_err(Error::io(self.name.as_ref()))?;
            let is_over = here.is_empty();
            let taken = if is_over { self.row.finish().map(|is_whole| (0, is_whole)) } else { self.row.take(here) };
            let (count, is_whole) = taken.map_err(|problem| Error::in_line(self.name, self.row.opened, problem))?;
            self.after_return = self.row.syntax.newline == b'\n' && here[..count].last() == Some(&b'\r');
            self.from.consume(count);
            let (text, ends) = self.row.fields();
            if ends.len() > MOST_COLUMNS {
                return Err(Error::in_line(self.name, line, FileProblem::TooManyColumns));
            }
            if text.len() > LONGEST {
                let problem = "the row has more than 100 MB: a quote is missing before it";
                return Err(Error::in_line(self.name, line, FileProblem::Other(problem.to_owned())));
            }
            if is_whole || is_over {
                return Ok(is_whole);
            }
        }
    }
}
