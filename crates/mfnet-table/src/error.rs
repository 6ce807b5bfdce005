//! [`Error`]: what can go wrong, with what was expected, what was found, and where.

use std::io;
use std::path::{Path, PathBuf};

use crate::file::hexadecimal;

/// The most columns of a table: a file of a few bytes, compressed, can have any number, and each costs memory.
pub const MOST_COLUMNS: usize = 1 << 20;

/// The result of reading.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("{file}: cannot read: {1}", file = .0.display())]
    Io(PathBuf, io::Error),
    /// A file does not hold what was expected.
    #[error("{}: {problem}", place(file, *line, column.as_deref()))]
    Data {
        /// The file.
        file: String,
        /// The line, counted from 1, where one is to blame.
        line: Option<u64>,
        /// The column's name or number, where one is to blame.
        column: Option<String>,
        /// What was expected and what was found.
        problem: Problem,
    },
}

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// With the file.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// With a field of a text.
    #[error(transparent)]
    Cell(#[from] CellProblem),
    /// With a field of a file that has no lines, in this row.
    #[error("{1} in row {0}, counted from 0")]
    InRow(usize, CellProblem),
    /// Two columns have one name.
    #[error("two columns have this name")]
    DuplicateColumn,
    /// A column of this name is not there, but others, as the second text says.
    #[error("there is no column {0:?}; {1}")]
    UnknownColumn(String, String),
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The table has no rows.
    #[error("the table has no rows")]
    NoRows,
    /// The table has no columns.
    #[error("the table has no columns")]
    NoColumns,
    /// The table has more columns than [`MOST_COLUMNS`].
    #[error("expected at most {MOST_COLUMNS} columns, found more")]
    TooManyColumns,
    /// The file is of another kind.
    #[error("expected a table as text (CSV), found {}", .0.unwrap_or("bytes that are not text"))]
    NotText(Option<&'static str>),
    /// Bytes are no text.
    #[error("expected UTF-8 text, found other bytes")]
    NotUtf8,
    /// The file does not begin as its format says.
    #[error("expected {0}, found a file that begins with {found}", found = hexadecimal(.1, " "))]
    OtherFormat(&'static str, Vec<u8>),
    /// The format allows it, and mfnet does not read it.
    #[error("mfnet does not read {0}")]
    Unsupported(String),
    /// The file contradicts its format or itself.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The file ends too early: its bytes by its header, and those that are there, decompressed.
    #[error("the file is cut off: expected {0} bytes, found {1}")]
    Truncated(u64, u64),
    /// The file goes on after its end, which is after so many bytes by its header.
    #[error("expected {0} bytes according to its header, found more")]
    TooLong(u64),
    /// Only the owner of a key can read the file.
    #[error("the file is encrypted")]
    Encrypted,
    /// Something else.
    #[error("{0}")]
    Other(String),
    /// A row of a text is shorter or longer than the first one.
    #[error("expected {expected} fields as in the first row, found {found}")]
    RowLength {
        /// Fields of the first row.
        expected: usize,
        /// Fields of this row.
        found: usize,
    },
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CellProblem {
    /// It is empty.
    #[error("expected a value, found an empty cell")]
    Empty,
    /// It is a text where a number belongs.
    #[error("expected a number, found {0:?}")]
    NotANumber(String),
    /// It is an infinite number or NaN.
    #[error("expected a finite number, found {0:?}")]
    NotFinite(String),
    /// It is a number so large that sums of such are infinite.
    #[error("expected a number between -1e300 and 1e300, found {0:?}")]
    TooLarge(String),
    /// It is no weight, but this: a text in quotes, or an empty cell.
    #[error("expected a weight (0 or a positive number), found {0}")]
    NotAWeight(String),
    /// It is a text where a truth value belongs.
    #[error("expected true or false, yes or no, found {0:?}")]
    NotABoolean(String),
    /// It is a text where a date belongs.
    #[error("expected a date such as 2024-01-31, with a time of day or without, found {0:?}")]
    NotADate(String),
}

impl Error {
    /// For `map_err` of file operations.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |reason| Error::Io(path.to_owned(), reason)
    }

    pub(crate) fn data(file: &str, problem: impl Into<Problem>) -> Error {
        Error::Data { file: file.to_owned(), line: None, column: None, problem: problem.into() }
    }

    pub(crate) fn in_line(file: &str, line: u64, problem: impl Into<Problem>) -> Error {
        Error::Data { file: file.to_owned(), line: Some(line), column: None, problem: problem.into() }
    }

    pub(crate) fn in_column(file: &str, column: &str, problem: impl Into<Problem>) -> Error {
        Error::Data { file: file.to_owned(), line: None, column: Some(column.to_owned()), problem: problem.into() }
    }
}

/// Where a problem is, as errors write it: `flats.csv, line 3, column "rent"`.
pub fn place(file: &str, line: Option<u64>, column: Option<&str>) -> String {
    let line = line.map_or_else(String::new, |line| format!(", line {line}"));
    let column = column.map_or_else(String::new, |column| format!(", column {column:?}"));
    format!("{file}{line}{column}")
}
