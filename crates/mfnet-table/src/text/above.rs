//! The lines above a table: `sep=;`, comments, a title.

use memchr::{memchr, memchr_iter};

use super::Syntax;
use super::dialect::FITS;
use super::header::{Header, decide, is_value, names_values};
use super::sample::{Sample, fields};
use crate::notation::Delimiter;

/// The most lines of a title.
const LONGEST_TITLE: usize = 20;
/// Number of characters of a title that a description shows.
const SHOWN: usize = 40;

/// The lines above a table.
#[derive(Default)]
pub(super) struct Above {
    pub(super) lines: u64,
    pub(super) bytes: usize,
    pub(super) delimiter: Option<Delimiter>,
    /// The last comment, without its sign.
    last: Option<String>,
    comments: usize,
    pub(super) said: Vec<String>,
}

impl Above {
    /// The first `skipped` lines, then `sep=;` and comments.
    pub(super) fn of(start: &[u8], newline: u8, skipped: u64) -> Self {
        let mut above = Above::default();
        for end in memchr_iter(newline, start).take(skipped.try_into().unwrap_or(usize::MAX)) {
            above.lines += 1;
            above.bytes = end + 1;
        }
        match above.lines {
            0 => {}
            1 => above.said.push("the first line skipped".to_owned()),
            many => above.said.push(format!("the first {many} lines skipped")),
        }
        loop {
            let rest = &start[above.bytes..];
            let Some(end) = memchr(newline, rest) else { return above };
            let line = String::from_utf8_lossy(&rest[..end]);
            let line = line.trim();
            if above.comments == 0
                && above.delimiter.is_none()
                && let Some(sign) = line.trim_matches('"').strip_prefix("sep=")
                && let Some(delimiter) = Delimiter::from_word(if sign.is_empty() { "tab" } else { sign })
            {
                above.delimiter = Some(delimiter);
                above.said.push(format!("as the line {line} says"));
            } else if above.is_comment(line, &rest[end + 1..]) {
                above.comments += 1;
                above.last = Some(line[1..].trim().to_owned());
            } else if !(line.is_empty() && above.comments > 0) {
                break;
            }
            above.lines += 1;
            above.bytes += end + 1;
        }
        match above.comments {
            0 => {}
            1 => above.said.push("1 comment line above skipped".to_owned()),
            many => above.said.push(format!("{many} comment lines above skipped")),
        }
        above
    }

    /// Whether a line above the table is a comment: it begins with # or %, or with | and the next
    /// line does not.
    fn is_comment(&self, line: &str, rest: &[u8]) -> bool {
        let next_has = |sign: u8| rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&sign);
        match line.as_bytes().first() {
            Some(b'#') => self.comments > 0 || !is_a_name(line),
            Some(b'%') => true,
            Some(b'|') => !next_has(b'|') && line.matches('|').count() == 1,
            _ => false,
        }
    }

    /// The names of the columns, if they are the last comment: it has as many fields as the lines
    /// below, and those do not begin with names.
    pub(super) fn names(&mut self, syntax: Syntax, sample: &Sample) -> Option<Vec<String>> {
        let last = self.last.take()?;
        let fields = Sample::new(last.as_bytes(), true, syntax).lines.pop()?;
        let (width, part) = sample.width();
        let is_header = width > 1 && fields.len() == width && part >= FITS;
        let below: Vec<Vec<String>> = [vec![fields.clone()], sample.lines.clone()].concat();
        if !is_header || decide(&below, &[], false) != Header::Yes || decide(&sample.lines, &[], false) == Header::Yes {
            return None;
        }
        self.said.pop();
        match self.comments {
            1 => {}
            2 => self.said.push("1 comment line above skipped".to_owned()),
            many => self.said.push(format!("{} comment lines above skipped", many - 1)),
        }
        self.said.push("column names after #".to_owned());
        Some(fields)
    }

    /// Skips a title: lines that are shorter or longer than the table, above names of columns of
    /// values.
    pub(super) fn skip_title(&mut self, sample: &mut Sample, table: &[u8], newline: u8, wanted: &[String]) {
        let Some(count) = title(sample, wanted) else { return };
        let lines = sample.starts[count] - 1;
        let end = memchr_iter(newline, table).take(lines as usize).last();
        self.bytes += end.map_or(0, |end| end + 1);
        self.lines += lines;
        let text = beginning(&sample.lines[0]);
        self.said.push(match lines {
            1 => format!("a title skipped ({text})"),
            many => format!("a title of {many} lines skipped ({text})"),
        });
        sample.lines.drain(..count);
        sample.starts.drain(..count);
    }
}

/// Whether a line is a header whose first column is called #: `#,name,price`.
fn is_a_name(line: &str) -> bool {
    line.as_bytes().get(1).is_some_and(|byte| b",;\t|".contains(byte))
}

/// Number of the first lines that are a title, if there are any.
fn title(sample: &Sample, wanted: &[String]) -> Option<usize> {
    let (width, _) = sample.width();
    let filled = |line: &[String]| line.iter().filter(|text| !text.is_empty()).count();
    let is_short = |line: &[String]| fields(line) != width || (width > 2 && filled(line) < 2);
    let count = sample.lines.iter().take_while(|line| is_short(line)).count();
    let (lines, rest) = sample.lines.split_at(count);
    let (above, names) = (lines.last()?, rest.first()?);
    let fits = rest.iter().filter(|line| fields(line) == width).count() as f64 >= FITS * rest.len() as f64;
    // names with one field more or less are a mistake, or leave out the row names; numbers are no
    // names if such a line stands above them, also with gaps
    let is_near = fields(above).abs_diff(width) <= 1 && fields(above) > 1;
    let may_be_names = is_near && (filled(above) == fields(above) || names.iter().all(|text| is_value(text)));
    let are_wanted = wanted.iter().any(|name| names.contains(name));
    let least = if are_wanted { 2 } else { 3 };
    let is_table = width > 1 && count <= LONGEST_TITLE && rest.len() >= least && fits;
    (is_table && !may_be_names && (are_wanted || names_values(rest))).then_some(count)
}

/// The beginning of a line, for a description.
fn beginning(line: &[String]) -> String {
    let fields: Vec<&str> = line.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let text = fields.join(" ");
    let shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() { format!("{shown:?}…") } else { format!("{shown:?}") }
}
