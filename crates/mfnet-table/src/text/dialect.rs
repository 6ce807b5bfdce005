//! Detects the dialect of a text from its beginning.

use std::fmt::{Display, Formatter};

use memchr::memchr;

use super::Syntax;
use super::above::Above;
use super::below::{Below, below};
use super::header::{Header, are_quoted, decide};
use super::sample::{Sample, quoting};
use crate::error::{Error, FileProblem, Result};
use crate::known::Known;
use crate::notation::{Delimiter, Quoting};

/// Usual delimiters. If two fit equally well, the first is used.
const USUAL: [char; 4] = [',', '\t', ';', '|'];
/// Delimiters that are tried if no usual one fits.
const RARE: [char; 4] = [':', '^', '~', '\u{1}'];
/// Part of the lines that have as many fields as most, with a delimiter that fits.
pub(super) const FITS: f64 = 0.9;
/// Part of the fields that are numbers, if blanks separate the fields although another delimiter
/// fits.
const MOSTLY_NUMBERS: f64 = 0.75;
/// Number of characters of a line that an error shows.
const SHOWN: usize = 60;

/// The dialect of a text.
#[derive(Clone, Debug)]
pub(crate) struct Dialect {
    pub(super) syntax: Syntax,
    /// Whether the first line holds the column names.
    pub(super) header: bool,
    /// The names, if they stand in a comment.
    pub(super) names: Option<Vec<String>>,
    /// The lines between the names and the rows.
    pub(super) below: Option<Below>,
    /// The lines above the table.
    pub(super) skipped_lines: u64,
    pub(super) skipped_bytes: usize,
    /// What these lines are, in words.
    pub(super) skipped: Vec<String>,
}

/// A table whose columns begin at the same place in each line.
const FIXED_WIDTH: FileProblem = FileProblem::OtherKind {
    found: "columns of a fixed width, aligned with blanks",
    convert: "python3 -c \"import pandas; pandas.read_fwf('FILE').to_csv('STEM-columns.csv', index=False)\"",
};

impl Dialect {
    /// Detects the dialect from the beginning of a text. It may end in the middle of a line unless
    /// it is the `whole` text.
    ///
    /// # Errors
    /// If the first line may hold names or data, and if columns have a fixed width.
    pub(super) fn detect(name: &str, start: &[u8], whole: bool, known: &Known) -> Result<Self> {
        let newline = if memchr(b'\n', start).is_some() { b'\n' } else { b'\r' };
        let mut above = Above::of(start, newline, known.skipped_lines);
        let mut known_delimiter = known.delimiter.or(above.delimiter);
        let table = &start[above.bytes..];
        let plain = |delimiter, quoting| Syntax { delimiter, quoting, newline };
        // a delimiter of another file of the same form, if it splits this one
        if known_delimiter.is_none()
            && let Some(form) = &known.form
        {
            let delimiter = form.delimiter.unwrap_or(Delimiter::Character(','));
            let sample = Sample::new(table, whole, plain(delimiter, Quoting::Double));
            known_delimiter = sample.lines.first().is_some_and(|line| line.len() > 1).then_some(delimiter);
        }
        let delimiter = known_delimiter.unwrap_or_else(|| delimiter(table, whole, newline, known.usual_delimiter));
        let quoting = known.quoting().unwrap_or_else(|| quoting(table, whole, delimiter, newline));
        let syntax = plain(delimiter, quoting);
        let mut sample = Sample::new(table, whole, syntax);
        if known_delimiter.is_none() && sample.has_fixed_width() {
            return Err(Error::data(name, FIXED_WIDTH));
        }
        let mut names = above.names(syntax, &sample);
        if names.is_none() && known.header != Some(false) && known.skipped_lines == 0 {
            above.skip_title(&mut sample, table, newline, &known.names);
        }
        let table = &start[above.bytes..];
        let header = match known.header {
            Some(false) => {
                names = None;
                false
            }
            Some(true) => true,
            None if names.is_some() => true,
            None => match decide(&sample.lines, &known.names, are_quoted(table, syntax)) {
                Header::Yes => true,
                Header::No => false,
                Header::Unclear => return Err(Error::data(name, unclear(table))),
            },
        };
        let below = if header && names.is_none() { below(&sample, &known.missing) } else { None };
        let (skipped_lines, skipped_bytes, skipped) = (above.lines, above.bytes, above.said);
        Ok(Dialect { syntax, header, names, below, skipped_lines, skipped_bytes, skipped })
    }
}

fn unclear(table: &[u8]) -> FileProblem {
    let text = String::from_utf8_lossy(table);
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let mut line = || lines.next().unwrap_or_default().chars().take(SHOWN).collect();
    FileProblem::UnclearHeader { first: line(), second: line() }
}

/// Describes the delimiter and the quotes, if they are not the usual ones.
impl Display for Dialect {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let delimiter = match self.syntax.delimiter {
            Delimiter::Character(',') => "commas".to_owned(),
            Delimiter::Character('\t') => "tabs".to_owned(),
            Delimiter::Character(';') => "semicolons".to_owned(),
            Delimiter::Character(other) => format!("{other:?}"),
            Delimiter::Spaces => "spaces".to_owned(),
        };
        write!(f, "fields separated by {delimiter}")?;
        f.write_str(match self.syntax.quoting {
            Quoting::Double => "",
            Quoting::Single => " and quoted with \"'\"",
            Quoting::Backslash => ", quotes inside fields after a backslash",
            Quoting::None => ", quotes as part of the text",
        })?;
        for skipped in &self.skipped {
            write!(f, ", {skipped}")?;
        }
        Ok(())
    }
}

/// The delimiter that leaves numbers whole and rows equal.
fn delimiter(start: &[u8], whole: bool, newline: u8, usual: Option<Delimiter>) -> Delimiter {
    let fit = |delimiter: Delimiter| {
        let quoting = quoting(start, whole, delimiter, newline);
        let sample = Sample::new(start, whole, Syntax { delimiter, quoting, newline });
        let (width, part) = sample.width();
        // parts that differ little are equal
        (if width < 2 { 0.0 } else { part }, (20.0 * sample.numbers()).round() / 20.0, width)
    };
    let score = |(part, numbers, width): (f64, f64, usize)| ((8.0 * part) as usize, (20.0 * numbers) as usize, width);
    let best = |delimiters: &[char]| {
        let fits = delimiters
            .iter()
            .map(|delimiter| (Delimiter::Character(*delimiter), fit(Delimiter::Character(*delimiter))));
        let is_usual = |delimiter| usize::from(Some(delimiter) == usual);
        let key = |(delimiter, found): &(Delimiter, (f64, f64, usize))| {
            let (part, numbers, width) = score(*found);
            (part, numbers, is_usual(*delimiter), width)
        };
        fits.rev().max_by_key(key)
    };
    let none = (Delimiter::Character(','), (0.0, 0.0, 0));
    let (delimiter, (part, numbers, _)) = best(&USUAL).unwrap_or(none);
    let (spaces, numbers_between_spaces, columns) = fit(Delimiter::Spaces);
    let fits = |part: f64| part >= FITS;
    let is_table = fits(spaces) && columns > 1;
    if is_table && numbers == 0.0 && numbers_between_spaces >= MOSTLY_NUMBERS {
        return Delimiter::Spaces;
    }
    if fits(part) {
        return delimiter;
    }
    let (rare, (rare_part, rare_numbers, width)) = best(&RARE).unwrap_or(none);
    if fits(rare_part) && (rare_numbers > 0.0 || width > 2) {
        return rare;
    }
    if is_table && numbers_between_spaces > 0.0 && part < FITS {
        return Delimiter::Spaces;
    }
    delimiter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(text: &str) -> Dialect {
        Dialect::detect("t", text.as_bytes(), true, &Known::default()).unwrap()
    }

    #[test]
    fn delimiters() {
        for (text, expected) in [
            ("a,b\n1,2\n", "commas"),
            ("a\tb c\n1\t2\n", "tabs"),
            ("a;b;c\n1;2,5;3\n", "semicolons"),
            ("name;x\nMeier, Anna;1\nHuber, Jo;2\n", "semicolons"),
            ("a|b\n1|2", "'|'"),
            ("a\n1\n2\n", "commas"),
            // a damaged line does not change the dialect
            ("a,b,y\n1,2,3\n4,5\n", "commas"),
            ("a,b;c\n\"1,2\",3;4\n", "commas"),
            ("", "commas"),
            // the header has more commas than the rows, or as many as decimal commas
            ("Länge, mm;Breite, mm;Masse, g\n4,85;3,32;17,86\n3,75;2,95;14,18\n", "semicolons"),
            ("length, mm;width, mm\n2.68;4.15\n8.49;7.76\n", "semicolons"),
            ("a b  c\n1.5 2   3\n 4.5 5 6\n", "spaces"),
            ("9.5   6   490.2\t\"ford model\"\n27.1   6   329.5\t\"opel model\"\n", "spaces"),
            ("x:y:z\n1:2:3\n4:5:6\n", "':'"),
            ("x^y\n1^2\n4^5\n", "'^'"),
            ("x\u{1}y\n1\u{1}2\n4\u{1}5\n", "'\\u{1}'"),
            ("when,what\n12:30,tea\n12:45,milk\n", "commas"),
            ("size,colour\n5 kg,light blue\n6 kg,dark red\n", "commas"),
            ("one text\nother text\nmore text\n", "commas"),
        ] {
            assert_eq!(detect(text).to_string(), format!("fields separated by {expected}"), "{text}");
        }
        assert_eq!(detect("sep=;\na;b\n1;2\n").syntax.delimiter, Delimiter::Character(';'));
    }

    #[test]
    fn quotes() {
        for (text, expected) in [
            ("a,b\n'x, y',2\n", Quoting::Single),
            ("a,b\n\"it's\",2\n", Quoting::Double),
            ("a,b\nit's,2\n", Quoting::Double),
            ("town,height\n's-Gravenhage,6\nDelft,boys'\n", Quoting::Double),
            ("a,b\n'tis,2\nx,y'\n", Quoting::Double),
            ("a,b\n\"a \\\"very\\\" good one\",2\n\"ends with \\\"\",3\n", Quoting::Backslash),
            ("a,b\n\"C:\\dir\\\",2\n\"D:\\\",3\n", Quoting::Double),
        ] {
            assert_eq!(detect(text).syntax.quoting, expected, "{text}");
        }
    }

    #[test]
    fn lines_above_the_table() {
        let skipped = |text: &str| {
            let found = detect(text);
            (found.skipped_lines, found.names.map(|names| names.join(" ")), found.below.is_some())
        };
        assert_eq!(skipped("# station\n# unit: ppm, monthly\nyear,co2\n1990,350.1\n1991,351.2\n"), (2, None, false));
        assert_eq!(skipped("#year,co2\n1990,350.1\n1991,351.2\n"), (1, Some("year co2".to_owned()), false));
        assert_eq!(skipped("#,co2\n1,350.1\n2,351.2\n"), (0, None, false));
        assert_eq!(skipped("|1x3 Cross validator\n25, Private, 5\n30, Public, 6\n"), (1, None, false));
        assert_eq!(skipped("% a\n% b\nx y\n1 2\n3 4\n"), (2, None, false));
        assert_eq!(skipped("length,kind,force\nmm,,N\n5.5,a,7\n6.5,b,8\n"), (0, None, true));
        assert_eq!(skipped("length,kind\nmm,a\n5.5,a\n6.5,b\n"), (0, None, false));
        assert_eq!(skipped("length,kind\nunknown,b\n5.5,a\n6.5,b\n"), (0, None, false));
    }
}
