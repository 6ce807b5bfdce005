//! Splits one row into its fields, and checks its quotes.

use memchr::{memchr2, memchr3};

use super::Syntax;
use crate::error::FileProblem;
use crate::notation::{Delimiter, Quoting};

/// What to do about quotes that do not fit.
const OF_APOSTROPHES: &str = "if apostrophes are part of the text, use `quote` double";
const WAY_OUT: &str = "write a quote inside a field twice (\"\"), or use `quote` backslash if a backslash stands before it, \
                       or `quote` none if quotes are ordinary characters";

/// Where the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// Before a field. Blanks are skipped.
    Start,
    /// In a field without quotes.
    Field,
    /// Inside quotes.
    Quoted,
    /// After a backslash inside quotes.
    Escaped,
    /// After the closing quote.
    Closed,
    /// In the blanks after it.
    Blank,
}

/// What a byte means outside quotes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    /// Part of a field.
    Field,
    Quote,
    /// A blank that does not separate fields: it says nothing before a field.
    Blank,
    Delimiter,
    LineEnd,
}

/// The row that is being read.
pub(super) struct Row {
    pub(super) syntax: Syntax,
    meanings: [Meaning; 256],
    place: Place,
    /// The line of the next byte, and the line of the last opening quote.
    pub(super) line: u64,
    pub(super) opened: u64,
    /// The fields, with one more byte after each: no character spans two fields.
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Row {
    /// `line` is the line of the first byte.
    pub(super) fn new(syntax: Syntax, line: u64) -> Self {
        let mut meanings = [Meaning::Field; 256];
        let mut set = |byte: u8, meaning| meanings[usize::from(byte)] = meaning;
        let of_blanks = if syntax.delimiter == Delimiter::Spaces { Meaning::Delimiter } else { Meaning::Blank };
        b" \t".iter().for_each(|blank| set(*blank, of_blanks));
        b"\r\n".iter().for_each(|end| set(*end, Meaning::LineEnd));
        syntax.quoting.byte().into_iter().for_each(|quote| set(quote, Meaning::Quote));
        set(syntax.delimiter.byte(), Meaning::Delimiter);
        let (text, ends) = (Vec::new(), Vec::new());
        Row { syntax, meanings, place: Place::Start, line, opened: line, text, ends }
    }

    /// Begins a row.
    pub(super) fn clear(&mut self) {
        self.place = Place::Start;
        self.text.clear();
        self.ends.clear();
    }

    /// The bytes of the fields, and where each ends. The byte there belongs to no field.
    pub(super) fn fields(&self) -> (&[u8], &[usize]) {
        (&self.text, &self.ends)
    }

    /// Whether the row has one field with nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.ends == [0]
    }

    /// Takes bytes to the end of the row, or all. Returns their number, and whether the row is
    /// complete.
    pub(super) fn take(&mut self, here: &[u8]) -> Result<(usize, bool), FileProblem> {
        let Syntax { delimiter, quoting, newline } = self.syntax;
        let splits_at_blanks = delimiter == Delimiter::Spaces;
        let mut at = 0;
        while let Some(&byte) = here.get(at) {
            let meaning = self.meanings[usize::from(byte)];
            match (self.place, meaning) {
                (Place::Start, Meaning::Blank) => at += 1,
                (Place::Start, Meaning::Delimiter) if splits_at_blanks => at += 1,
                (Place::Start, Meaning::Quote) => {
                    at += 1;
                    (self.place, self.opened) = (Place::Quoted, self.line);
                }
                // blanks at the end of a line begin no field
                (Place::Start, Meaning::LineEnd) if splits_at_blanks && !self.ends.is_empty() => {
                    self.line += u64::from(byte == newline);
                    return Ok((at + 1, true));
                }
                (Place::Start | Place::Field, _) => {
                    let (count, is_whole) = self.take_fields(&here[at..]);
                    at += count;
                    if is_whole {
                        return Ok((at, true));
                    }
                }
                (Place::Quoted, _) => at += self.take_quoted(&here[at..])?,
                (Place::Escaped, _) => {
                    at += 1;
                    self.line += u64::from(byte == newline);
                    self.text.push(byte);
                    self.place = Place::Quoted;
                }
                (Place::Closed, Meaning::Quote) if quoting != Quoting::Backslash => {
                    at += 1;
                    self.text.push(byte);
                    self.place = Place::Quoted;
                }
                (Place::Closed | Place::Blank, Meaning::Delimiter | Meaning::LineEnd) => {
                    at += 1;
                    self.end(byte);
                    if meaning == Meaning::LineEnd {
                        return Ok((at, true));
                    }
                }
                (Place::Closed | Place::Blank, Meaning::Blank) => {
                    at += 1;
                    self.place = Place::Blank;
                }
                (Place::Closed | Place::Blank, _) => return Err(self.problem(FileProblem::TextAfterQuote)),
            }
        }
        Ok((at, false))
    }

    /// Takes fields without quotes: from a field, or its beginning, up to a field that begins in
    /// another way, or to the end of the row. Returns the number of bytes, and whether the row is
    /// complete.
    fn take_fields(&mut self, here: &[u8]) -> (usize, bool) {
        let meaning = |at: usize| here.get(at).map(|byte| self.meanings[usize::from(*byte)]);
        let splits_at_blanks = self.syntax.delimiter == Delimiter::Spaces;
        let start = self.text.len();
        let mut at = 0;
        let mut is_whole = false;
        self.place = Place::Field;
        while let Some(found) = meaning(at) {
            if matches!(found, Meaning::Delimiter | Meaning::LineEnd) {
                self.ends.push(start + at);
                is_whole = found == Meaning::LineEnd;
                let goes_on = match meaning(at + 1) {
                    Some(Meaning::Field) => true,
                    Some(Meaning::Delimiter | Meaning::LineEnd) => !splits_at_blanks,
                    _ => false,
                };
                if is_whole || !goes_on {
                    self.place = Place::Start;
                    at += 1;
                    break;
                }
            }
            at += 1;
        }
        self.text.extend_from_slice(&here[..at]);
        self.line += u64::from(is_whole && here[at - 1] == self.syntax.newline);
        (at, is_whole)
    }

    /// Takes what is inside quotes, with the closing quote, or to the end of a line. Returns the
    /// number of bytes.
    fn take_quoted(&mut self, here: &[u8]) -> Result<usize, FileProblem> {
        let Syntax { quoting, newline, .. } = self.syntax;
        let quote = quoting.byte().unwrap_or(b'"');
        let end = match quoting {
            Quoting::Backslash => memchr3(quote, b'\\', newline, here),
            _ => memchr2(quote, newline, here),
        };
        let (inside, end) = here.split_at(end.unwrap_or(here.len()));
        self.text.extend_from_slice(inside);
        let Some(byte) = end.first() else { return Ok(inside.len()) };
        if *byte == quote {
            self.place = Place::Closed;
        } else if *byte != newline {
            self.place = Place::Escaped;
        } else if quoting == Quoting::Single {
            // fields in apostrophes do not span lines
            return Err(self.problem(FileProblem::OpenQuote));
        } else {
            self.line += 1;
            self.text.push(newline);
        }
        Ok(inside.len() + 1)
    }

    /// Ends the row with the text. Returns whether there is one.
    pub(super) fn finish(&mut self) -> Result<bool, FileProblem> {
        let has_field = match self.place {
            Place::Quoted | Place::Escaped => return Err(self.problem(FileProblem::OpenQuote)),
            Place::Start => !self.ends.is_empty() && self.syntax.delimiter != Delimiter::Spaces,
            Place::Field | Place::Closed | Place::Blank => true,
        };
        if has_field {
            self.end(b' ');
        }
        Ok(!self.ends.is_empty())
    }

    /// Ends a field at this byte.
    fn end(&mut self, byte: u8) {
        self.ends.push(self.text.len());
        self.text.push(byte);
        self.line += u64::from(byte == self.syntax.newline);
        self.place = Place::Start;
    }

    fn problem(&self, problem: fn(&'static str) -> FileProblem) -> FileProblem {
        problem(if self.syntax.quoting == Quoting::Single { OF_APOSTROPHES } else { WAY_OUT })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All rows, from pieces of this size; or the problem and the line of its quote.
    fn rows(text: &str, delimiter: Delimiter, quoting: Quoting, size: usize) -> Result<Vec<Vec<String>>, u64> {
        let mut row = Row::new(Syntax { delimiter, quoting, newline: b'\n' }, 1);
        let mut rows = Vec::new();
        let mut add = |row: &mut Row| {
            let (text, ends) = row.fields();
            let starts = std::iter::once(0).chain(ends.iter().map(|end| end + 1));
            rows.push(
                starts.zip(ends).map(|(start, end)| String::from_utf8_lossy(&text[start..*end]).into()).collect(),
            );
            row.clear();
        };
        for mut piece in text.as_bytes().chunks(size) {
            while !piece.is_empty() {
                let (count, is_whole) = row.take(piece).map_err(|_| row.opened)?;
                piece = &piece[count..];
                if is_whole {
                    add(&mut row);
                }
            }
        }
        if row.finish().map_err(|_| row.opened)? {
            add(&mut row);
        }
        Ok(rows)
    }

    /// Pieces of any size give the same rows, those that RFC 4180 and the forms of the settings ask
    /// for.
    #[test]
    fn fields_and_quotes() {
        let (comma, spaces) = (Delimiter::Character(','), Delimiter::Spaces);
        type Expected = Result<&'static [&'static [&'static str]], u64>;
        let cases: [(&str, Delimiter, Quoting, Expected); 17] = [
            ("a,b\n1,2", comma, Quoting::Double, Ok(&[&["a", "b"], &["1", "2"]])),
            (",\n", comma, Quoting::Double, Ok(&[&["", ""]])),
            ("a,", comma, Quoting::Double, Ok(&[&["a", ""]])),
            ("a, \"b,\n\"\"c\"\"\" ,d\n", comma, Quoting::Double, Ok(&[&["a", "b,\n\"c\"", "d"]])),
            ("5\" pipe,\"\"\n", comma, Quoting::Double, Ok(&[&["5\" pipe", ""]])),
            ("\"a\\\"b\\\\\",c\n", comma, Quoting::Backslash, Ok(&[&["a\"b\\", "c"]])),
            ("'it''s',\"x\n", comma, Quoting::Single, Ok(&[&["it's", "\"x"]])),
            ("\"a,'b\n", comma, Quoting::None, Ok(&[&["\"a", "'b"]])),
            ("  a \t b\n\n c\td  \n", spaces, Quoting::Double, Ok(&[&["a", "b"], &[""], &["c", "d"]])),
            ("a \"b c\"  ", spaces, Quoting::Double, Ok(&[&["a", "b c"]])),
            ("a\tb \n", Delimiter::Character('\t'), Quoting::Double, Ok(&[&["a", "b "]])),
            ("a,ä\r\n", comma, Quoting::Double, Ok(&[&["a", "ä"], &[""]])),
            ("a\n\"b\nc,d\n", comma, Quoting::Double, Err(2)),
            ("a\n\"b\"c\n", comma, Quoting::Double, Err(2)),
            ("a\n\"b\" \"c\"\n", comma, Quoting::Double, Err(2)),
            ("a\n'b\nc'\n", comma, Quoting::Single, Err(2)),
            ("a,\"b\\\"", comma, Quoting::Backslash, Err(1)),
        ];
        for (text, delimiter, quoting, expected) in cases {
            let owned = |row: &&[&str]| row.iter().map(|field| (*field).to_owned()).collect();
            let expected = expected.map(|rows| rows.iter().map(owned).collect::<Vec<Vec<String>>>());
            for size in 1..=text.len() {
                assert_eq!(rows(text, delimiter, quoting, size), expected, "{text:?} in pieces of {size}");
            }
        }
    }
}
