//! Checks the quotes of a text while it is read, and removes blanks that the CSV parser would take
//! as part of a field.

use std::fmt::{Display, Formatter};
use std::io::{self, BufRead, ErrorKind, Read};

use memchr::{memchr, memchr_iter, memchr2, memchr3};

use super::Syntax;
use crate::error::FileProblem;
use crate::notation::{Delimiter, Quoting};

/// What to do about quotes that do not fit.
const OF_APOSTROPHES: &str = "if apostrophes are part of the text, use `quote` double";
const WAY_OUT: &str =
    "close it, double a quote inside a field (\"\"), or use `quote` none if quotes are part of the text";

/// A problem in a line, as the reason of an error of reading.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: u64,
    pub(super) problem: FileProblem,
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for Fault {}

/// Where the last byte stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// At the beginning of a field, after blanks or not.
    Start,
    /// In a field without quotes.
    Field,
    /// Inside quotes.
    Quoted,
    /// After a backslash inside quotes.
    Escaped,
    /// After the closing quote, and blanks after it.
    Closed,
    Blank,
}

/// The text, without blanks before opening quotes. If blanks separate fields, each run of them is
/// one blank, and lines do not begin or end with one.
pub(super) struct Cleaned<R> {
    from: R,
    state: State,
    /// Number of bytes of `from` that are passed on as they are.
    direct: usize,
    /// The first byte of `state.text` that was not read.
    at: usize,
}

struct State {
    syntax: Syntax,
    place: Place,
    /// Blanks that are not passed on yet.
    blanks: Vec<u8>,
    /// The line of the next byte, and the line of the last opening quote.
    line: u64,
    opened: u64,
    text: Vec<u8>,
    /// Whether something stands before the next byte in its line.
    in_line: bool,
}

impl<R: BufRead> Cleaned<R> {
    /// `line` is the line of the first byte.
    pub(super) fn new(from: R, syntax: Syntax, line: u64) -> Self {
        let (place, blanks, text, in_line) = (Place::Start, Vec::new(), Vec::new(), false);
        let state = State { syntax, place, blanks, line, opened: line, text, in_line };
        Cleaned { from, state, direct: 0, at: 0 }
    }
}

impl State {
    fn fault(&self, problem: fn(&'static str) -> FileProblem) -> io::Error {
        let way_out = if self.syntax.quoting == Quoting::Single { OF_APOSTROPHES } else { WAY_OUT };
        io::Error::new(ErrorKind::InvalidData, Fault { line: self.opened, problem: problem(way_out) })
    }

    fn is_blank(&self, byte: u8) -> bool {
        (byte == b' ' || byte == b'\t') && (byte != self.syntax.delimiter.byte() || self.splits_at_blanks())
    }

    fn splits_at_blanks(&self) -> bool {
        self.syntax.delimiter == Delimiter::Spaces
    }

    /// The number of bytes that need no look, at the beginning of `here`.
    fn untouched(&self, here: &[u8]) -> usize {
        let has_quotes = self.syntax.quoting.byte().is_some_and(|quote| memchr(quote, here).is_some());
        if has_quotes || self.splits_at_blanks() || !self.blanks.is_empty() || self.place == Place::Escaped {
            return 0;
        }
        match self.place {
            Place::Closed => 0,
            Place::Quoted if self.syntax.quoting != Quoting::Double => 0,
            Place::Quoted => here.len(),
            // a quote may follow blanks
            _ => here.len() - here.iter().rev().take_while(|byte| self.is_blank(**byte)).count(),
        }
    }

    /// Passes over bytes that need no look.
    fn pass(&mut self, here: &[u8]) {
        self.line += memchr_iter(self.syntax.newline, here).count() as u64;
        if let Some(last) = here.last()
            && self.place != Place::Quoted
        {
            let is_border = *last == self.syntax.delimiter.byte() || *last == b'\n' || *last == b'\r';
            self.place = if is_border { Place::Start } else { Place::Field };
        }
    }

    /// Passes `here` on, byte by byte or in runs.
    fn clean(&mut self, here: &[u8]) -> io::Result<()> {
        let (delimiter, quote) = (self.syntax.delimiter.byte(), self.syntax.quoting.byte());
        let mut at = 0;
        while at < here.len() {
            let byte = here[at];
            // runs
            let run = match self.place {
                Place::Quoted => {
                    let rest = &here[at..];
                    let quote = quote.unwrap_or(b'"');
                    if self.syntax.quoting == Quoting::Backslash {
                        memchr2(quote, b'\\', rest)
                    } else {
                        memchr(quote, rest)
                    }
                }
                Place::Field if !self.splits_at_blanks() => memchr3(delimiter, b'\n', b'\r', &here[at..]),
                _ => Some(0),
            };
            let run = run.unwrap_or(here.len() - at);
            if run > 0 {
                let run = &here[at..at + run];
                let lines = memchr_iter(self.syntax.newline, run).count() as u64;
                // fields in apostrophes do not span lines
                if lines > 0 && self.place == Place::Quoted && self.syntax.quoting == Quoting::Single {
                    return Err(self.fault(FileProblem::OpenQuote));
                }
                self.line += lines;
                self.text.extend_from_slice(run);
                at += run.len();
                continue;
            }
            at += 1;
            let is_newline = byte == b'\n' || byte == b'\r';
            self.line += u64::from(byte == self.syntax.newline);
            match self.place {
                Place::Escaped => {
                    self.place = Place::Quoted;
                    self.text.push(byte);
                }
                Place::Quoted => {
                    self.place = if Some(byte) == quote { Place::Closed } else { Place::Escaped };
                    self.text.push(byte);
                }
                _ if is_newline => {
                    // blanks at the end of a line say nothing
                    self.blanks.clear();
                    (self.place, self.in_line) = (Place::Start, false);
                    self.text.push(byte);
                }
                _ if self.splits_at_blanks() && self.is_blank(byte) => {
                    self.place = Place::Start;
                    self.blanks.push(byte);
                }
                Place::Closed if Some(byte) == quote && self.syntax.quoting != Quoting::Backslash => {
                    self.place = Place::Quoted;
                    self.text.push(byte);
                }
                _ if byte == delimiter => {
                    self.text.append(&mut self.blanks);
                    (self.place, self.in_line) = (Place::Start, true);
                    self.text.push(byte);
                }
                Place::Start if Some(byte) == quote => {
                    self.separate();
                    (self.place, self.opened, self.in_line) = (Place::Quoted, self.line, true);
                    self.text.push(byte);
                }
                Place::Start if self.is_blank(byte) => self.blanks.push(byte),
                Place::Start => {
                    if !self.splits_at_blanks() {
                        self.text.append(&mut self.blanks);
                    }
                    self.separate();
                    (self.place, self.in_line) = (Place::Field, true);
                    self.text.push(byte);
                }
                Place::Field => self.text.push(byte),
                Place::Closed | Place::Blank if self.is_blank(byte) => self.place = Place::Blank,
                Place::Closed | Place::Blank => return Err(self.fault(FileProblem::TextAfterQuote)),
            }
        }
        Ok(())
    }

    /// Ends a run of blanks before a field: they become one where blanks separate fields, none
    /// elsewhere.
    fn separate(&mut self) {
        if self.splits_at_blanks() && !self.blanks.is_empty() && self.in_line {
            self.text.push(b' ');
        }
        self.blanks.clear();
    }
}

impl<R: BufRead> Read for Cleaned<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let here = self.fill_buf()?;
        let count = here.len().min(to.len());
        to[..count].copy_from_slice(&here[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Cleaned<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.state.text.len() && self.direct == 0 {
            self.at = 0;
            self.state.text.clear();
            let here = self.from.fill_buf()?;
            if here.is_empty() {
                return match self.state.place {
                    Place::Quoted | Place::Escaped => Err(self.state.fault(FileProblem::OpenQuote)),
                    _ => Ok(&[]),
                };
            }
            self.direct = self.state.untouched(here);
            if self.direct > 0 {
                self.state.pass(&here[..self.direct]);
            } else {
                let count = here.len();
                self.state.clean(here)?;
                self.from.consume(count);
            }
        }
        if self.direct > 0 {
            return Ok(&self.from.fill_buf()?[..self.direct]);
        }
        Ok(&self.state.text[self.at..])
    }

    fn consume(&mut self, count: usize) {
        if self.direct > 0 {
            self.direct -= count;
            self.from.consume(count);
        } else {
            self.at += count;
        }
    }
}
