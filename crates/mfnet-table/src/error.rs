//! [`Error`]: what can go wrong, with what was expected, what was found, and where.

use std::io;
use std::path::{Path, PathBuf};

/// The most columns of a table: a file of a few bytes, compressed, can have any number, and each costs memory.
pub const MOST_COLUMNS: usize = 1 << 20;

/// The result of reading.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("{}: cannot read: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        reason: io::Error,
    },
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
    /// With the file as a whole, whatever its format.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// With a text.
    #[error(transparent)]
    Text(#[from] TextProblem),
    /// With a field of a text.
    #[error(transparent)]
    Cell(#[from] CellProblem),
    /// With a field of a file that has no lines.
    #[error("{problem} in row {row}, counted from 0")]
    InRow {
        /// The row.
        row: usize,
        /// What is wrong.
        problem: CellProblem,
    },
    /// Two columns have one name.
    #[error("two columns have this name")]
    DuplicateColumn,
    /// A column is not there.
    #[error("{}", unknown_column(name, close, known))]
    UnknownColumn {
        /// The name that was asked for.
        name: String,
        /// Names like it.
        close: Vec<String>,
        /// All names.
        known: Vec<String>,
    },
}

/// What is wrong with a file, whatever its format.
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
    #[error("expected a table as text (CSV), found {}", .0.unwrap_or("bytes that are no text"))]
    NotText(Option<&'static str>),
    /// Bytes are no text.
    #[error("expected UTF-8 text, found other bytes")]
    NotUtf8,
    /// The file does not begin as its format says.
    #[error("expected {expected}, found a file that begins with {}", hexadecimal(found))]
    OtherFormat {
        /// The format, and how its files begin.
        expected: &'static str,
        /// The first bytes.
        found: Vec<u8>,
    },
    /// The format allows it, and mfnet does not read it.
    #[error("mfnet does not read {0}")]
    Unsupported(String),
    /// The file contradicts its format or itself.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The file ends too early.
    #[error("the file is cut off: expected {expected} bytes, found {found}")]
    Truncated {
        /// Bytes by its header.
        expected: u64,
        /// Bytes of the file, decompressed.
        found: u64,
    },
    /// The file goes on after its end.
    #[error("expected {expected} bytes, as the sizes in it say, found more")]
    TooLong {
        /// Bytes by its header.
        expected: u64,
    },
    /// Only the owner of a key can read the file.
    #[error("the file is encrypted")]
    Encrypted,
    /// The library that decodes the file reports something else.
    #[error("{0}")]
    Other(String),
}

/// What is wrong with a table as text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TextProblem {
    /// There is a header, and no row below it.
    #[error("the file has a header and no rows")]
    HeaderOnly,
    /// A row is shorter or longer than the first one.
    #[error("expected {expected} fields as in the first row, found {found}")]
    RowLength {
        /// Fields of the first row.
        expected: usize,
        /// Fields of this row.
        found: usize,
    },
    /// A row is so long that it is none.
    #[error("the row has more than 100 MB: a quote is missing before it")]
    LongRow,
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
        move |reason| Error::Io { path: path.to_owned(), reason }
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

/// "there is no column "x"; did you mean …?", or all names if none is close.
fn unknown_column(name: &str, close: &[String], known: &[String]) -> String {
    const SHOWN: usize = 12;
    let quoted = |names: &[String]| names.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ");
    let rest = if !close.is_empty() {
        format!("did you mean {}?", quoted(close).replace(", ", " or "))
    } else if known.len() > SHOWN {
        format!("the columns are {}, … ({} in all)", quoted(&known[..SHOWN]), known.len())
    } else {
        format!("the columns are {}", quoted(known))
    };
    format!("there is no column {name:?}; {rest}")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
