//! The first lines of a text, split in different ways.

use memchr::memchr;

use super::Syntax;
use super::rows::Rows;
use crate::calendar::{DateOrder, days};
use crate::error::FileProblem;
use crate::notation::{Delimiter, Quoting};
use crate::written::is_number_like;

/// Number of lines that decide.
const LINES: usize = 50;

/// The fewest lines that show columns of a fixed width.
const FEWEST: usize = 4;

/// The fields of the first lines.
pub(super) struct Sample {
    pub(super) lines: Vec<Vec<String>>,
    /// The line on which each of them begins.
    pub(super) starts: Vec<u64>,
    /// Whether quotes fit: each closes, and no text follows it.
    pub(super) quotes_fit: bool,
}

impl Sample {
    /// Splits the first lines of `start`. The last one is left out, if it may be incomplete.
    pub(super) fn new(start: &[u8], whole: bool, syntax: Syntax) -> Self {
        let mut rows = Rows::new("", start, syntax, 1);
        let (mut lines, mut quotes_fit): (Vec<(u64, Vec<String>)>, _) = (Vec::new(), true);
        while lines.len() < LINES {
            match rows.next() {
                Ok(Some((line, _, fields))) => lines.push((line, fields.map(|text| text.trim().to_owned()).collect())),
                Ok(None) => {
                    if !whole {
                        lines.pop();
                    }
                    break;
                }
                // a cut can be in the middle of a quoted field, or of a character
                Err(error) => {
                    let problem = error.file_problem();
                    quotes_fit = match problem {
                        Some(FileProblem::TextAfterQuote(_)) => false,
                        Some(FileProblem::OpenQuote(_)) => !whole,
                        _ => true,
                    };
                    break;
                }
            }
        }
        lines.retain(|(_, line)| line.len() > 1 || line.first().is_some_and(|field| !field.is_empty()));
        let (starts, lines) = lines.into_iter().unzip();
        Sample { lines, starts, quotes_fit }
    }

    /// The most frequent number of fields of a line, without an empty last one, and the part of the
    /// lines with so many. The first line may be a title.
    pub(super) fn width(&self) -> (usize, f64) {
        let counts: Vec<usize> = self.lines.iter().map(|line| fields(line)).collect();
        let of = |width: usize| counts.iter().filter(|count| **count == width).count();
        let later = &counts[usize::from(counts.len() > 2)..];
        let Some(width) = later.iter().copied().max_by_key(|width| (of(*width), *width)) else { return (0, 0.0) };
        // names may leave out the column of row names
        let names = usize::from(counts.len() > 2 && counts[0] > 1 && counts[0] + 1 == width);
        (width, (of(width) + names) as f64 / counts.len() as f64)
    }

    /// Whether nothing but runs of blanks separates columns, in nearly all lines.
    pub(super) fn has_fixed_width(&self) -> bool {
        let has_gaps =
            |line: &&Vec<String>| line.len() == 1 && line[0].split("  ").filter(|text| !text.is_empty()).count() > 2;
        let count = self.lines.iter().filter(has_gaps).count();
        self.lines.len() >= FEWEST
            && 10 * count >= 9 * self.lines.len()
            && self.lines.first().is_some_and(|line| has_gaps(&line))
    }

    /// The part of the fields below the first line that are numbers or dates.
    pub(super) fn numbers(&self) -> f64 {
        let fields = self.lines.iter().skip(1).flatten().filter(|field| !field.is_empty());
        let (mut all, mut numbers) = (0_u32, 0_u32);
        for field in fields {
            all += 1;
            numbers += u32::from(is_number_like(field) || days(field, DateOrder::DayFirst).is_some());
        }
        if all == 0 { 0.0 } else { f64::from(numbers) / f64::from(all) }
    }
}

/// The number of fields of a line, without an empty last one.
pub(super) fn fields(line: &[String]) -> usize {
    line.len() - usize::from(line.len() > 1 && line.last().is_some_and(String::is_empty))
}

/// How quotes enclose fields, for this delimiter.
pub(super) fn quoting(start: &[u8], whole: bool, delimiter: Delimiter, newline: u8) -> Quoting {
    let fits = |quoting| {
        let sample = Sample::new(start, whole, Syntax { delimiter, quoting, newline });
        sample.quotes_fit.then_some(sample)
    };
    if memchr(b'"', start).is_some() {
        // the line of the first backslash before a quote, if there is one, shows what it means
        let first = memchr::memmem::find(start, b"\\\"");
        let line = first.and_then(|place| memchr::memrchr(newline, &start[..place])).map_or(0, |end| end + 1);
        let fits_there =
            |quoting| Sample::new(&start[line..], whole, Syntax { delimiter, quoting, newline }).quotes_fit;
        let is_backslash = first.is_some() && !fits_there(Quoting::Double) && fits_there(Quoting::Backslash);
        return if is_backslash { Quoting::Backslash } else { Quoting::Double };
    }
    // apostrophes are quotes only where each field that begins with one ends with one in its line
    if memchr(b'\'', start).is_none() || !apostrophes_enclose(start, delimiter, newline) {
        return Quoting::Double;
    }
    let is_equal = |sample: &Sample| sample.lines.windows(2).all(|pair| pair[0].len() == pair[1].len());
    match fits(Quoting::Single) {
        Some(sample) if is_equal(&sample) => Quoting::Single,
        _ => Quoting::Double,
    }
}

/// Whether some fields begin with an apostrophe, and each of these ends with one in the same line.
fn apostrophes_enclose(start: &[u8], delimiter: Delimiter, newline: u8) -> bool {
    let mut some = false;
    // the last line may be cut off
    let end = memchr::memrchr(newline, start).unwrap_or(start.len());
    for line in start[..end].split(|byte| *byte == newline) {
        let mut is_open = false;
        for field in line.split(|byte| *byte == delimiter.byte()).map(<[u8]>::trim_ascii) {
            is_open |= field.first() == Some(&b'\'');
            some |= is_open;
            // an apostrophe alone opens
            is_open &= !(field.last() == Some(&b'\'') && (field.len() > 1 || !is_open));
        }
        if is_open {
            return false;
        }
    }
    some
}
