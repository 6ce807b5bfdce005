//! [`Error`]: what can go wrong, with what was expected, what was found, and where.

use std::io;
use std::path::{Path, PathBuf};

use crate::file::{TooLarge, hexadecimal};

/// The largest number of columns of a table. A compressed file of a few bytes can have any number,
/// and each column takes memory.
pub const MOST_COLUMNS: usize = 1 << 20;

/// The result of reading.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("{file}: cannot read: {1}", file = .0.display())]
    Io(PathBuf, io::Error),
    /// The contents of a file are not what was expected.
    #[error("{}: {problem}", place(file, *line, column.as_deref()))]
    Data {
        /// The file.
        file: String,
        /// The line, counted from 1, if the problem is in one line.
        line: Option<u64>,
        /// The name or number of the column, if the problem is in one column.
        column: Option<String>,
        /// What was expected and what was found.
        problem: Problem,
    },
}

/// A problem of a table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A problem of the file.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// A problem of a field of a text.
    #[error(transparent)]
    Cell(#[from] CellProblem),
    /// A problem of a field in this row of a file without lines.
    #[error("{1} in row {0}, counted from 0")]
    InRow(usize, CellProblem),
    /// Several columns have the same name: their numbers, from 1, as far as they are known.
    #[error("{} have this name", same(.0))]
    DuplicateColumn(Vec<usize>),
    /// There is no column of this name. The second text names the columns that exist.
    #[error("there is no column {0:?}; {1}")]
    UnknownColumn(String, String),
}

/// Columns of the same name.
fn same(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    match numbers.split_last() {
        Some((last, first)) => format!("columns {} and {last}", first.join(", ")),
        None => "two columns".to_owned(),
    }
}

/// A problem of a file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The table has no rows.
    #[error("the table has no rows")]
    NoRows,
    /// A text has only column names.
    #[error("the file has a header and no rows")]
    OnlyHeader,
    /// The table has no columns.
    #[error("the table has no columns")]
    NoColumns,
    /// The table has more columns than [`MOST_COLUMNS`].
    #[error("expected at most {MOST_COLUMNS} columns, found more")]
    TooManyColumns,
    /// The file is of another kind.
    #[error("expected a table, found {}", .0.unwrap_or("bytes that are not text"))]
    NotText(Option<&'static str>),
    /// The file has a format that mfnet recognises and does not read.
    #[error("expected a table, found {found}")]
    OtherKind {
        /// The format.
        found: &'static str,
        /// A command that converts it, or another way to a table. FILE stands for the file, and STEM
        /// for its name without its ending.
        convert: &'static str,
    },
    /// A compressed file becomes much larger than it is.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// An archive of several files, or of none: their names.
    #[error("expected an archive of one table, found {}", if .0.is_empty() { "no file in it".to_owned() } else { .0.join(", ") })]
    SeveralFiles(Vec<String>),
    /// A workbook without this sheet: its name, and the names of all sheets.
    #[error("there is no sheet {0:?}; the sheets are {sheets}", sheets = .1.join(", "))]
    UnknownSheet(String, Vec<String>),
    /// A sheet without a filled cell: its name, and the names of all sheets.
    #[error("the sheet {0:?} is empty; the sheets are {sheets}", sheets = .1.join(", "))]
    EmptySheet(String, Vec<String>),
    /// A sheet was chosen, but the file has none.
    #[error("a sheet can be chosen only in an Excel workbook (.xlsx)")]
    NoSheets,
    /// The file begins like JSON, but is not an object for each row.
    #[error("expected a JSON object for each row: {0}")]
    Json(String),
    /// A JSON file of one object, which has the rows in an array below this key. `path` is the path
    /// of jq to the rows.
    #[error("expected a JSON object for each row, found one object with the rows below the key {key:?}")]
    JsonRows {
        /// The key.
        key: String,
        /// The path to the rows.
        path: String,
    },
    /// Several files of one table have different columns.
    #[error("expected the columns of {first}: {what}")]
    OtherColumns {
        /// The first of the files.
        first: String,
        /// The difference.
        what: String,
    },
    /// The bytes are not text.
    #[error("expected UTF-8 text, found other bytes")]
    NotUtf8,
    /// A line of a text is not in the encoding that lines before it have.
    #[error(
        "expected UTF-8 text as in the lines above, found other bytes: the file mixes encodings; write this line in UTF-8 too"
    )]
    MixedEncodings,
    /// The text holds a zero byte.
    #[error("found a zero byte (NUL) in the text: the file is damaged; remove the byte")]
    ZeroByte,
    /// The file does not begin with the bytes of its format.
    #[error("expected {0}, found a file that begins with {found}", found = hexadecimal(.1, " "))]
    OtherFormat(&'static str, Vec<u8>),
    /// The format allows this, but mfnet does not read it.
    #[error("mfnet does not read {0}")]
    Unsupported(String),
    /// The file contradicts its format or itself.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The file ends too early: the number of bytes according to its header, and the number found,
    /// decompressed.
    #[error("the file is cut off: expected {0} bytes, found {1}")]
    Truncated(u64, u64),
    /// The file has more bytes than this number, which follows from its header.
    #[error("expected {0} bytes according to its header, found more")]
    TooLong(u64),
    /// The file is encrypted.
    #[error("the file is encrypted")]
    Encrypted,
    /// The numbers of a column can be read in two ways, neither of which is the known format.
    #[error("expected numbers such as {expected}, as in the data that the model was trained on, found {found:?}")]
    NumberFormat {
        /// A number in the known format.
        expected: &'static str,
        /// A number of the column.
        found: String,
    },
    /// The numbers of a column have another unit than those that are known.
    #[error("expected amounts such as {expected:?}, as in the data that the model was trained on, found {found:?}")]
    OtherUnit {
        /// An amount with the known unit.
        expected: String,
        /// An amount of the column.
        found: String,
    },
    /// The dates of a column can be read in two ways, and are not written as those that are known.
    #[error(
        "dates with points, such as {found:?}, are usually day/month/year, and the data that the model was trained on \
         has {expected}: say the order with `dates` day-first or `dates` month-first"
    )]
    DateFormat {
        /// The known order, in words.
        expected: &'static str,
        /// A date of the column.
        found: String,
    },
    /// A setting for text files, and what the file is.
    #[error("{0} can be set only for a text file, and this is {1}")]
    OnlyForText(&'static str, &'static str),
    /// A quote opens in this line, and the text ends inside it.
    #[error("the quote that opens in this line is never closed; {0}")]
    OpenQuote(&'static str),
    /// A quote opens in this line, and text follows its end.
    #[error("text follows the closing quote of a field that begins in this line; {0}")]
    TextAfterQuote(&'static str),
    /// The first line may hold names or data.
    #[error(
        "the first line may hold names or data:\n  {first}\n  {second}\nsay which with `header` yes or `header` no"
    )]
    UnclearHeader {
        /// The first line.
        first: String,
        /// The second line.
        second: String,
    },
    /// Something else.
    #[error("{0}")]
    Other(String),
    /// A row of a text has more or fewer fields than the first row.
    #[error("expected {expected} {} as in line {first}, found {found}{}{}", if *expected == 1 { "field" } else { "fields" }, text.as_ref().map_or_else(String::new, |text| format!(": {text:?}")), last.map_or_else(String::new, |last| format!("; the lines from here to the end, line {last}, do not fit")))]
    RowLength {
        /// Number of fields of the first row.
        expected: usize,
        /// The line of the first row.
        first: u64,
        /// Number of fields of this row.
        found: usize,
        /// The beginning of a row of one field.
        text: Option<String>,
        /// The last line of the file, if no further row has the right length.
        last: Option<u64>,
    },
}

/// A problem of a field.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CellProblem {
    /// It is empty.
    #[error("expected a value, found an empty cell")]
    Empty,
    /// It is not a number.
    #[error("expected a number, found {0:?}")]
    NotANumber(String),
    /// It is an infinite number or NaN.
    #[error("expected a finite number, found {0:?}")]
    NotFinite(String),
    /// It is a number so large that sums may become infinite.
    #[error("expected a number between -1e300 and 1e300, found {0:?}")]
    TooLarge(String),
    /// It is not a weight. The text says what was found: a text in quotes, or an empty cell.
    #[error("expected a weight (0 or a positive number), found {0}")]
    NotAWeight(String),
    /// It is not a boolean.
    #[error("expected true or false, yes or no, found {0:?}")]
    NotABoolean(String),
    /// It is not a date.
    #[error("expected a date such as 2024-01-31, with a time of day or without, found {0:?}")]
    NotADate(String),
}

impl FileProblem {
    /// The problem of a compressed file that becomes too large, if this is the error of reading it.
    pub fn too_large(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<TooLarge>().map(|problem| FileProblem::TooLarge(*problem))
    }
}

impl Error {
    /// Makes an error from the error of a file operation, for `map_err`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |reason| Error::Io(path.to_owned(), reason)
    }

    pub(crate) fn data(file: &str, problem: impl Into<Problem>) -> Error {
        Error::Data { file: file.to_owned(), line: None, column: None, problem: problem.into() }
    }

    /// The problem, if it is one of the file.
    pub(crate) fn file_problem(&self) -> Option<&FileProblem> {
        match self {
            Error::Data { problem: Problem::File(problem), .. } => Some(problem),
            _ => None,
        }
    }

    pub(crate) fn in_line(file: &str, line: u64, problem: impl Into<Problem>) -> Error {
        Error::Data { file: file.to_owned(), line: Some(line), column: None, problem: problem.into() }
    }

    pub(crate) fn in_column(file: &str, column: &str, problem: impl Into<Problem>) -> Error {
        Error::Data { file: file.to_owned(), line: None, column: Some(column.to_owned()), problem: problem.into() }
    }
}

/// The place of a problem: `flats.csv, line 3, column "rent"`.
pub fn place(file: &str, line: Option<u64>, column: Option<&str>) -> String {
    let line = line.map_or_else(String::new, |line| format!(", line {line}"));
    let column = column.map_or_else(String::new, |column| format!(", column {column:?}"));
    format!("{file}{line}{column}")
}
