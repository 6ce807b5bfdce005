//! [`Places`]: where the rows of a table are, if it was made from several files or from some of the
//! rows of a file.

use crate::text::Lines;

/// The file and the line of each row.
pub(crate) struct Places {
    files: Vec<File>,
    /// The original row of each row, if some were left out.
    rows: Option<Vec<usize>>,
}

/// A file, and its first row in the table.
#[derive(Clone)]
struct File {
    name: String,
    first: usize,
    lines: Option<Lines>,
}

impl Places {
    /// The rows of several files, one after another: the name of each, the number of its rows, and
    /// their lines in a text.
    pub(crate) fn new(files: impl IntoIterator<Item = (String, usize, Option<Lines>)>) -> Self {
        let mut first = 0;
        let file = |(name, rows, lines)| {
            let file = File { name, first, lines };
            first += rows;
            file
        };
        Places { files: files.into_iter().map(file).collect(), rows: None }
    }

    /// The file of a row, its row in the file, and its line in a text.
    pub(crate) fn of(&self, row: usize) -> (&str, usize, Option<u64>) {
        let row = self.rows.as_ref().and_then(|rows| rows.get(row).copied()).unwrap_or(row);
        let after = self.files.partition_point(|file| file.first <= row);
        let Some(file) = self.files.get(after.saturating_sub(1)) else { return ("", row, None) };
        let row = row - file.first;
        (&file.name, row, file.lines.as_ref().map(|lines| lines.of(row)))
    }

    /// The places of some of these rows.
    pub(crate) fn select(&self, chosen: &[usize]) -> Self {
        let of = |row: &usize| self.rows.as_ref().map_or(*row, |rows| rows[*row]);
        Places { files: self.files.clone(), rows: Some(chosen.iter().map(of).collect()) }
    }
}
