//! Puts the rows of a text into columns. Rows that differ in a known way are recognised: an empty
//! last field, row names without a header, a header that comes again.

use super::Lines;
use super::below::Below;
use super::dialect::Dialect;
use crate::column::Column;
use crate::error::{Error, FileProblem, MOST_COLUMNS, Result};

/// The column of row names, as pandas calls a column without a name.
const ROW_NAMES: &str = "Unnamed: 0";
/// Number of characters of a line that an error shows.
const SHOWN: usize = 40;

pub(super) struct Shape<'a> {
    name: &'a str,
    has_header: bool,
    /// The first row of the table, with or without names, and its line.
    first: Vec<String>,
    first_line: u64,
    columns: Vec<Column>,
    lines: Lines,
    missing: &'a [String],
    rows: usize,
    /// The lines of the last rows, if these have no value.
    empty: Vec<u64>,
    /// Whether the last column has no value so far.
    last_is_empty: bool,
    /// What stands between the names and the rows, and the number of its lines that are still to come.
    below: Option<Below>,
    skips: usize,
    headers: usize,
}

/// The columns of a text.
pub(super) struct Shaped {
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Column>,
    pub(super) lines: Lines,
    /// What was skipped, in words.
    pub(super) skipped: Vec<String>,
}

impl<'a> Shape<'a> {
    /// `first` is the first row, which begins in this line.
    pub(super) fn new(
        name: &'a str,
        dialect: &Dialect,
        (first, line): (Vec<String>, u64),
        keep_texts: &[String],
        missing: &'a [String],
    ) -> Result<Self> {
        let mut shape = Shape {
            name,
            has_header: dialect.header,
            columns: first.iter().map(|name| Column::new(keep_texts.contains(name))).collect(),
            first,
            first_line: line,
            lines: Lines::default(),
            missing,
            rows: 0,
            empty: Vec::new(),
            last_is_empty: true,
            below: dialect.below,
            skips: dialect.below.map_or(0, |below| below.lines),
            headers: 0,
        };
        if !dialect.header {
            let first = shape.first.clone();
            shape.columns = (0..first.len()).map(|i| Column::new(keep_texts.contains(&i.to_string()))).collect();
            shape.push(line, 0, first.iter().map(String::as_str))?;
        }
        Ok(shape)
    }

    /// Adds a row, which follows this many empty lines.
    pub(super) fn push<'t>(
        &mut self,
        line: u64,
        empty: usize,
        fields: impl ExactSizeIterator<Item = &'t str> + Clone,
    ) -> Result<()> {
        let width = self.columns.len();
        if width == 1 {
            // an empty line is a row without a value; several may stand in one line, if carriage
            // returns separate them and line feeds count the lines
            let before = |before: u64| line.saturating_sub(1 + before).max(1);
            self.empty.extend((0..empty as u64).rev().map(before));
        }
        // an editor of old leaves Ctrl-Z at the end
        if fields.len() == 1 && fields.clone().all(|text| matches!(text.trim(), "" | "\u{1a}")) {
            if width == 1 {
                self.empty.push(line);
            }
            return Ok(());
        }
        if self.has_header && self.is_header(fields.clone()) {
            self.headers += 1;
            return Ok(());
        }
        if self.skips > 0 {
            self.skips -= 1;
            return Ok(());
        }
        if fields.len() != width {
            self.fit(line, fields.clone())?;
        } else if fields.clone().all(|text| text.trim().is_empty()) {
            self.empty.push(line);
            return Ok(());
        }
        for line in std::mem::take(&mut self.empty) {
            self.columns.iter_mut().for_each(|column| column.push(""));
            self.lines.push(self.rows, line);
            self.rows += 1;
        }
        let mut last = "";
        let mut filled = 0;
        for (column, text) in self.columns.iter_mut().zip(fields) {
            let text = if self.missing.is_empty() || !is_one_of(self.missing, text.trim()) { text } else { "" };
            column.push(text);
            (last, filled) = (text, filled + 1);
        }
        if filled < self.columns.len() {
            self.columns[filled..].iter_mut().for_each(|column| column.push(""));
            last = "";
        }
        self.last_is_empty = self.last_is_empty && last.trim().is_empty();
        self.lines.push(self.rows, line);
        self.rows += 1;
        Ok(())
    }

    /// Number of rows so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether a row of this many fields may fit.
    pub(super) fn fits(&self, fields: usize) -> bool {
        fields == self.columns.len()
    }

    fn is_header<'t>(&self, mut fields: impl ExactSizeIterator<Item = &'t str>) -> bool {
        let mut names = self.first.iter();
        fields.len() == names.len()
            && fields.next().map(str::trim) == names.next().map(String::as_str)
            && fields.map(str::trim).eq(names.map(String::as_str))
    }

    /// Makes a row of another length fit, if only an empty last field is more or less, or if the
    /// header is one field shorter than all rows.
    fn fit<'t>(&mut self, line: u64, fields: impl ExactSizeIterator<Item = &'t str>) -> Result<()> {
        let (expected, found) = (self.columns.len(), fields.len());
        let last = fields.last();
        let has_empty_last = last.is_some_and(|text| text.trim().is_empty());
        let is_first = self.has_header && self.rows == 0 && self.empty.is_empty();
        match found {
            _ if found > MOST_COLUMNS => return Err(Error::in_line(self.name, line, FileProblem::TooManyColumns)),
            // the header ends with a delimiter
            _ if is_first && found + 1 == expected && self.first.last().is_some_and(String::is_empty) => {
                self.first.pop();
                self.columns.pop();
            }
            // row names, or rows that end with a delimiter
            _ if is_first && found == expected + 1 => self.columns.push(Column::new(false)),
            _ if found == expected + 1 && has_empty_last => {}
            _ if found + 1 == expected && self.last_is_empty && expected > 2 => {}
            _ => {
                let text = if found == 1 { last.map(|text| text.trim().chars().take(SHOWN).collect()) } else { None };
                let problem = FileProblem::RowLength { expected, first: self.first_line, found, text, last: None };
                return Err(Error::in_line(self.name, line, problem));
            }
        }
        Ok(())
    }

    /// The columns with their names.
    pub(super) fn finish(mut self) -> Result<Shaped> {
        if self.rows == 0 {
            return Err(Error::data(self.name, FileProblem::OnlyHeader));
        }
        let mut skipped = Vec::new();
        let has_row_names = self.has_header && self.columns.len() > self.first.len();
        if has_row_names && self.rows == 1 && !self.last_is_empty {
            // one row says too little to take a field for its name
            let (expected, found) = (self.first.len(), self.columns.len());
            let problem = FileProblem::RowLength { expected, first: self.first_line, found, text: None, last: None };
            return Err(Error::in_line(self.name, self.lines.of(0), problem));
        }
        let is_nameless = !self.has_header || has_row_names || self.first.last().is_some_and(String::is_empty);
        let ends_empty = self.columns.len() > 2 && self.last_is_empty && is_nameless;
        if ends_empty {
            self.columns.pop();
            skipped.push("an empty field at the end of the lines skipped".to_owned());
        }
        let mut names: Vec<String> = match self.has_header {
            true => self.first.into_iter().take(self.columns.len()).collect(),
            false => (0..self.columns.len()).map(|i| i.to_string()).collect(),
        };
        for (i, name) in names.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
            // the name that pandas gives it
            *name = format!("Unnamed: {i}");
        }
        if has_row_names && !ends_empty {
            names.insert(0, ROW_NAMES.to_owned());
            skipped.push(format!("row names in a column without a name, called {ROW_NAMES:?}"));
        }
        skipped.extend(self.below.map(|below| below.said.to_owned()));
        let times = |count: usize, one: &str, many: &str| match count {
            1 => one.to_owned(),
            count => format!("{count} {many}"),
        };
        if self.headers > 0 {
            skipped.push(times(self.headers, "1 repeated header skipped", "repeated headers skipped"));
        }
        if !self.empty.is_empty() && names.len() > 1 {
            skipped.push(times(self.empty.len(), "1 empty row at the end skipped", "empty rows at the end skipped"));
        }
        Ok(Shaped { names, columns: self.columns, lines: self.lines, skipped })
    }
}

/// Whether a text is one of the words for missing values, or the same number as one.
fn is_one_of(words: &[String], text: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok().filter(|_| text.ends_with(|c: char| c.is_ascii_digit()));
    words.iter().any(|word| word == text || number(word).is_some_and(|x| number(text) == Some(x)))
}
