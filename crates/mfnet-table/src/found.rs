//! [`Found`]: what the reader of a format found in a file.

use crate::column::Column;
use crate::error::{Error, FileProblem, Result};
use crate::text::Lines;

/// The part of a split that a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowPart {
    /// Training.
    Train,
    /// Validation.
    Validation,
    /// Test.
    Test,
}

/// The contents of a file.
#[derive(Debug)]
pub(crate) struct Found {
    /// Columns of equal length, with their names.
    pub(crate) columns: Vec<(String, Column)>,
    /// Columns that cannot be read, and why.
    pub(crate) unread: Vec<(String, FileProblem)>,
    /// The part of each row, if the file has a split; otherwise empty.
    pub(crate) parts: Vec<RowPart>,
    /// The line of the file, or the row of the sheet, that each row is from, counted from 1.
    pub(crate) lines: Option<Lines>,
    /// The format, and what else was detected.
    pub(crate) description: String,
}

impl Found {
    /// Columns of a file in this format.
    pub(crate) fn new(description: &str, columns: Vec<(String, Column)>, unread: Vec<(String, FileProblem)>) -> Self {
        Found { columns, unread, parts: Vec::new(), lines: None, description: description.to_owned() }
    }

    /// Refuses a file without columns: the first column that cannot be read is the reason.
    pub(crate) fn checked(self, name: &str) -> Result<Self> {
        if !self.columns.is_empty() {
            return Ok(self);
        }
        Err(match self.unread.into_iter().next() {
            Some((column, problem)) => Error::in_column(name, &column, problem),
            None => Error::data(name, FileProblem::NoColumns),
        })
    }
}

/// Whether a file can be read without the column that has this problem.
#[cfg(any(feature = "numpy", feature = "parquet"))]
pub(crate) fn may_be_left_out(problem: &FileProblem) -> bool {
    matches!(problem, FileProblem::Unsupported(_) | FileProblem::NotUtf8)
}

/// The problem of the column in which pandas stores row names that have no name of their own.
#[cfg(feature = "parquet")]
pub(crate) fn of_pandas_index(column: &str) -> Option<FileProblem> {
    let number = column.strip_prefix("__index_level_")?.strip_suffix("__")?;
    let is_index = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_index.then(|| FileProblem::Other("the row numbers of a pandas table".to_owned()))
}
