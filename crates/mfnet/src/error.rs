//! [`Error`]: what can go wrong, with what was expected, what was found, and where.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// The result of everything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: "read", "write", …
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// A data file does not hold what was expected.
    #[error("{}: {problem}", place(file, *line, column))]
    Data {
        /// The file, or the name of a built-in data set.
        file: String,
        /// The line, counted from 1, where one is to blame.
        line: Option<u64>,
        /// The column's name or number, where one is to blame.
        column: Option<String>,
        /// What was expected and what was found.
        problem: DataProblem,
    },
    /// The files of a published data set are not where they were looked for.
    #[error("{name}: {}", absent(files, looked_in))]
    NoData {
        /// The data set.
        name: String,
        /// The files that are wanted.
        files: Vec<String>,
        /// The folders that were looked in, and which of the files each has not.
        looked_in: Vec<(PathBuf, Vec<String>)>,
    },
    /// A model file cannot be used.
    #[error("{}: {problem}", path.display())]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        problem: ModelProblem,
    },
    /// Matrices or sizes do not fit together.
    #[error("{operation}: expected {expected}, found {found}")]
    Shape {
        /// The operation that was asked for.
        operation: &'static str,
        /// The shape that fits.
        expected: String,
        /// The shape that was given.
        found: String,
    },
    /// A setting has a value that it cannot have.
    #[error("{name}: expected {expected}, found {found}")]
    InvalidValue {
        /// The setting.
        name: &'static str,
        /// The values that it can have.
        expected: String,
        /// The value that was given.
        found: String,
    },
    /// The loss or a weight became infinite or NaN during training. The network holds the last good weights.
    #[error("{what} became {value} in epoch {epoch}, step {step}; the weights of {kept} are kept")]
    Diverged {
        /// "the loss" or "a weight".
        what: &'static str,
        /// The value that it took.
        value: f64,
        /// The epoch, from 1.
        epoch: usize,
        /// The step within the epoch, from 1.
        step: usize,
        /// Which weights the network holds now.
        kept: KeptWeights,
    },
    /// A part of a network that only its author's program can rebuild.
    #[error(
        "layer {index} ({name}) is a user's own and cannot be stored in a model file; save its weights with \
         NeuralNetwork::save_weights and load them into a network that your program builds"
    )]
    NotStorable {
        /// Its position in the list of layers.
        index: usize,
        /// Its name.
        name: String,
    },
    /// The system starts no more threads.
    #[error("cannot start {count} threads: {source}")]
    Threads {
        /// How many were asked for.
        count: usize,
        /// The system's answer.
        source: io::Error,
    },
}

/// What is wrong with data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataProblem {
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// A header, and no row below it.
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
    /// Text where a number belongs.
    #[error("expected a number, found {found:?}")]
    NotANumber {
        /// The text.
        found: String,
    },
    /// An infinite number or NaN.
    #[error("expected a finite number, found {found:?}")]
    NotFinite {
        /// The text.
        found: String,
    },
    /// An empty cell.
    #[error("expected a value, found an empty cell")]
    EmptyCell,
    /// Bytes that are no text.
    #[error("expected UTF-8 text, found other bytes")]
    NotUtf8,
    /// A column that is not there.
    #[error("{}", unknown_column(name, close, known))]
    UnknownColumn {
        /// The name that was asked for.
        name: String,
        /// Names like it.
        close: Vec<String>,
        /// All names.
        known: Vec<String>,
    },
    /// Two columns of one name.
    #[error("two columns have this name")]
    DuplicateColumn,
    /// Columns of a file without header, of which there are too few or too many.
    #[error("expected {expected} columns, found {found}")]
    ColumnCount {
        /// The number, or numbers, that fit.
        expected: String,
        /// The number that was found.
        found: usize,
    },
    /// No column is left to learn from.
    #[error("there is no column beside the target to learn from")]
    NoFeatures,
    /// A target with one value.
    #[error("every row has the value {value}: there is nothing to learn")]
    ConstantTarget {
        /// The value.
        value: f64,
    },
    /// A target with one class.
    #[error("every row has the class {class:?}: expected at least two classes")]
    OneClass {
        /// The class.
        class: String,
    },
    /// A label that the model was not trained on.
    #[error("the model does not know the class {class:?}; it knows {}", known.join(", "))]
    UnknownClass {
        /// The label.
        class: String,
        /// The labels of the model.
        known: Vec<String>,
    },
    /// A part of the split has no rows.
    #[error("{part} would have no rows: {rows} rows, of which {fraction} are asked for")]
    EmptyPart {
        /// "training", "validation", "test".
        part: &'static str,
        /// Rows in all.
        rows: usize,
        /// The fraction asked for.
        fraction: f64,
    },
    /// The data set has no official split.
    #[error("the data set has no official split")]
    NoOfficialSplit,
    /// A row number that is not there.
    #[error("there is no row {row}: the rows are numbered 0 to {last}")]
    NoSuchRow {
        /// The number.
        row: usize,
        /// The last one.
        last: usize,
    },
    /// A row is shorter or longer than the format says.
    #[error("expected {expected} fields, found {found}")]
    FieldCount {
        /// Fields of the format.
        expected: usize,
        /// Fields of this row.
        found: usize,
    },
    /// A number that others are divided by.
    #[error("expected a positive number, because others are divided by it, found {found:?}")]
    NotPositive {
        /// The text.
        found: String,
    },
    /// A file that does not begin as IDX files do.
    #[error(
        "expected an IDX file, which begins with the bytes 00 00, a type and a number of dimensions, found {}",
        hexadecimal(found)
    )]
    NotIdx {
        /// The first bytes.
        found: Vec<u8>,
    },
    /// An IDX file of something else than bytes.
    #[error("expected an IDX file of bytes (type 8), found one of {found}")]
    IdxType {
        /// What it holds.
        found: &'static str,
    },
    /// An IDX file whose size no machine can count.
    #[error("an array of {} bytes is too large", shape(sizes))]
    IdxTooLarge {
        /// The sizes in its header.
        sizes: Vec<usize>,
    },
    /// An IDX file with another number of dimensions.
    #[error("expected an array of {expected} dimension{}, found {}", if *expected == "1" { "" } else { "s" }, shape(found))]
    IdxDimensions {
        /// The number that fits.
        expected: &'static str,
        /// The sizes in its header.
        found: Vec<usize>,
    },
    /// An array with a size of 0.
    #[error("the array of {} has no elements", shape(sizes))]
    NoElements {
        /// The sizes in its header.
        sizes: Vec<usize>,
    },
    /// A file that ends too early.
    #[error("the file is cut off: expected {expected} bytes, found {found}")]
    Truncated {
        /// Bytes by its header.
        expected: u64,
        /// Bytes of the file, decompressed.
        found: u64,
    },
    /// A file that goes on after its end.
    #[error("expected {expected} bytes, as the sizes in it say, found more")]
    TooLong {
        /// Bytes by its header.
        expected: u64,
    },
    /// Two files that do not belong together.
    #[error("expected a label for each of the {images} images, found {labels} labels")]
    LabelCount {
        /// Images in the one.
        images: usize,
        /// Labels in the other.
        labels: usize,
    },
    /// A published file with other contents.
    #[error("expected the published contents, whose SHA-256 is {expected}, found {found}")]
    Digest {
        /// SHA-256 of the published file's bytes, decompressed.
        expected: String,
        /// Of this file's.
        found: String,
    },
    /// Something else that the reading library reports.
    #[error("{0}")]
    Other(String),
}

/// What is wrong with a model file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelProblem {
    /// The file is no safetensors file, or is cut off or altered.
    #[error("this is not a whole safetensors file: {0}")]
    NotSafetensors(String),
    /// A safetensors file of another program.
    #[error("the file has no metadata of mfnet: it was not written by this program")]
    NoMetadata,
    /// Something in it is not as it was written.
    #[error("the file was altered: its contents do not have the SHA-256 that was stored with them")]
    Altered,
    /// The metadata cannot be understood.
    #[error("the metadata cannot be read: {0}")]
    Metadata(String),
    /// The file was written in another format.
    #[error("expected format version {expected}, found {found}: it was written by another version of mfnet")]
    Version {
        /// The version that this program reads.
        expected: u32,
        /// The file's.
        found: u64,
    },
    /// A tensor that the architecture needs is not there.
    #[error("tensor {tensor} is missing")]
    MissingTensor {
        /// Its name.
        tensor: String,
    },
    /// A tensor that the architecture does not have.
    #[error("tensor {tensor} does not belong to the architecture")]
    UnknownTensor {
        /// Its name.
        tensor: String,
    },
    /// A tensor has another shape than the architecture says.
    #[error("tensor {tensor}: expected shape {expected:?}, found {found:?}")]
    TensorShape {
        /// Its name.
        tensor: String,
        /// Shape by the architecture.
        expected: Vec<usize>,
        /// Shape in the file.
        found: Vec<usize>,
    },
    /// A tensor has another type than the metadata says.
    #[error("tensor {tensor}: expected {expected}, found {found}")]
    TensorDtype {
        /// Its name.
        tensor: String,
        /// The type that was expected.
        expected: String,
        /// The type in the file.
        found: String,
    },
    /// The parts of the model do not fit together.
    #[error("{0}")]
    Inconsistent(String),
    /// A weight or scale is infinite or NaN.
    #[error("{0} holds a number that is not finite")]
    NotFinite(String),
}

/// Which weights a network holds after training went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptWeights {
    /// The initial ones.
    Initial,
    /// Those at the end of this epoch.
    Epoch(usize),
}

impl Display for KeptWeights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KeptWeights::Initial => f.write_str("the start"),
            KeptWeights::Epoch(epoch) => write!(f, "epoch {epoch}"),
        }
    }
}

impl Error {
    /// For `map_err` of file operations.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io { path: path.to_owned(), action, source }
    }

    pub(crate) fn shape(operation: &'static str, expected: impl Display, found: impl Display) -> Error {
        Error::Shape { operation, expected: expected.to_string(), found: found.to_string() }
    }

    /// A setting with a value that it cannot have.
    pub fn invalid(name: &'static str, expected: impl Display, found: impl Display) -> Error {
        Error::InvalidValue { name, expected: expected.to_string(), found: found.to_string() }
    }

    pub(crate) fn data(file: &str, problem: DataProblem) -> Error {
        Error::Data { file: file.to_owned(), line: None, column: None, problem }
    }

    pub(crate) fn in_column(file: &str, column: &str, problem: DataProblem) -> Error {
        Error::Data { file: file.to_owned(), line: None, column: Some(column.to_owned()), problem }
    }

    pub(crate) fn model(path: &Path, problem: ModelProblem) -> Error {
        Error::ModelFile { path: path.to_owned(), problem }
    }
}

fn place(file: &str, line: Option<u64>, column: &Option<String>) -> String {
    let mut place = file.to_owned();
    if let Some(line) = line {
        place += &format!(", line {line}");
    }
    if let Some(column) = column {
        place += &format!(", column {column:?}");
    }
    place
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

/// Which files are wanted, and what was found where.
fn absent(files: &[String], looked_in: &[(PathBuf, Vec<String>)]) -> String {
    let wanted = match files {
        [file] => format!("expected the file {file}, plain or with .gz"),
        files => format!("expected the files {}, each plain or with .gz", files.join(", ")),
    };
    let found = |(folder, missing): &(PathBuf, Vec<String>)| match missing.len() {
        _ if !folder.is_dir() => format!("{}, which is no folder", folder.display()),
        all if all == files.len() => format!("{}, where none is", folder.display()),
        _ => format!("{}, where {} is missing", folder.display(), missing.join(", ")),
    };
    match looked_in {
        [] => format!("{wanted}; no folder was given to look in"),
        folders => format!("{wanted}; looked in {}", folders.iter().map(found).collect::<Vec<_>>().join("; in ")),
    }
}

/// 60000 × 28 × 28.
fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
