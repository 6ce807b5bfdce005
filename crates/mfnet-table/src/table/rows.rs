//! The rows of a table: some of them, those without a value, and the parts of a split.

use std::sync::Arc;

use super::Table;
use crate::error::{Error, FileProblem, Result};
use crate::found::RowPart;
use crate::places::Places;
use crate::text::Lines;

impl Table {
    /// The part of each row, if the file has a split of its own; otherwise empty.
    pub fn parts(&self) -> &[RowPart] {
        &self.parts
    }

    /// The columns of the file that cannot be read, and why.
    pub fn unread(&self) -> &[(String, FileProblem)] {
        &self.unread
    }

    /// The name of the file, the number of rows, and their lines in a text.
    pub(crate) fn file(&self) -> (String, usize, Option<Lines>) {
        (self.name.clone(), self.rows(), self.lines.clone())
    }

    /// The error about a column that cannot be read.
    pub(crate) fn check_is_read(&self, column: &str) -> Result<()> {
        match self.unread.iter().find(|(name, _)| name == column) {
            Some((_, problem)) => Err(Error::in_column(self.name(), column, problem.clone())),
            None => Ok(()),
        }
    }

    /// Whether the file has a column with this name, which may be unread.
    pub fn has(&self, column: &str) -> bool {
        self.columns().iter().any(|name| name == column) || self.unread.iter().any(|(name, _)| name == column)
    }

    /// Some of the rows, in this order. Errors name the lines of the file.
    ///
    /// # Panics
    /// If a row is out of range.
    pub fn select(&self, rows: &[usize]) -> Self {
        let places = match &self.places {
            Some(places) => places.select(rows),
            None => Places::new([self.file()]).select(rows),
        };
        let parts = if self.parts.is_empty() { Vec::new() } else { rows.iter().map(|row| self.parts[*row]).collect() };
        let columns = self.columns.iter().map(|column| Arc::new(column.select(rows))).collect();
        let mut table = self.clone();
        (table.columns, table.parts, table.places) = (columns, parts, Some(Arc::new(places)));
        table
    }

    /// The rows without a value in one of these columns. In a column of numbers, texts such as NA are
    /// missing values; in a column of text only empty fields are.
    ///
    /// # Errors
    /// As [`Table::position`].
    pub fn rows_without(&self, columns: &[String]) -> Result<Vec<usize>> {
        let mut without = vec![false; self.rows()];
        for position in self.positions(columns)? {
            let missing = self.columns[position].missing();
            without.iter_mut().zip(missing).for_each(|(without, is)| *without |= is);
        }
        Ok((0..without.len()).filter(|row| without[*row]).collect())
    }
}
