//! [`Error`]: what can go wrong, with what was expected, what was found, and where.

mod data_problem;
#[cfg(feature = "download-with")]
mod download_problem;
mod split_problem;

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

pub use data_problem::DataProblem;
#[cfg(feature = "download-with")]
pub use download_problem::{DownloadProblem, Refusal};
use mfnet_table::{Table, place};
pub use split_problem::SplitProblem;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error: [`Error::kind`] has its parts, and `Display` writes them as a sentence. It has the
/// size of a pointer.
///
/// ```
/// use mfnet::Tensor;
/// use mfnet::error::ErrorKind;
/// let error = Tensor::from_columns(2, vec![1.0, 2.0, 3.0]).unwrap_err();
/// assert!(matches!(error.kind(), ErrorKind::Shape(operation, ..) if *operation == "Tensor::from_columns"));
/// assert_eq!(error.to_string(), "Tensor::from_columns: expected columns of 2, found 3");
/// ```
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<ErrorKind>);

/// The sentence of `Display`: this is what `fn main() -> mfnet::Result<()>` prints.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error(Box::new(kind))
    }
}

/// What went wrong, with what was expected, what was found, and where.
///
/// ```
/// use mfnet::Table;
/// use mfnet::error::ErrorKind;
/// let error = Table::read("no-such.csv").map_err(mfnet::Error::from).unwrap_err();
/// match error.kind() {
///     ErrorKind::Io { path, .. } => assert_eq!(path.to_str(), Some("no-such.csv")),
///     other => panic!("{other}"),
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file could not be read or written.
    #[error("{}: cannot {action}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operation: "read", "write", …
        action: &'static str,
        /// The error of the operating system.
        reason: io::Error,
    },
    /// A data file contains something unexpected.
    #[error("{}: {problem}", place(file, *line, column.as_deref()))]
    Data {
        /// The file, or the name of a built-in data set.
        file: String,
        /// The line, counted from 1, if the problem has one.
        line: Option<u64>,
        /// The column's name or number, if the problem has one.
        column: Option<String>,
        /// What was expected and what was found.
        problem: DataProblem,
    },
    /// Files of a published data set are missing.
    #[error("{name}: {what}")]
    NoData {
        /// The data set.
        name: String,
        /// The missing files, and what was found where.
        what: String,
        /// A folder one level above or below the given ones that contains the files.
        nearby: Option<PathBuf>,
    },
    /// No mirror delivered a file of a published data set.
    #[cfg(feature = "download-with")]
    #[error("{name}: cannot download {file} {}", download_problem::listed(refusals))]
    Download {
        /// The data set.
        name: String,
        /// The file.
        file: String,
        /// The problem of each mirror, in the order in which they were tried.
        refusals: Vec<Refusal>,
    },
    /// A model file cannot be used: what was expected and what was found.
    #[error("{path}: {1}", path = .0.display())]
    ModelFile(PathBuf, ModelProblem),
    /// Matrices or sizes do not fit together: the operation, the expected shape, and the shape
    /// found.
    #[error("{0}: expected {1}, found {2}")]
    Shape(&'static str, String, String),
    /// A setting has an invalid value: its name, the valid values, and the value found.
    #[error("{0}: expected {1}, found {2}")]
    InvalidValue(&'static str, String, String),
    /// A recipe contradicts itself or the data, or a file that it needs is invalid. Names of fields
    /// are in backticks, so that a program can write them as its options.
    #[error("{message}")]
    Recipe {
        /// The problem.
        message: String,
        /// The help: what to do about it.
        help: Vec<String>,
        /// Whether a file is wrong, not the choice of settings.
        of_file: bool,
    },
    /// The loss or a weight became infinite or NaN during training. The network has the last good
    /// weights.
    #[error("{what} became {value} in epoch {epoch}, step {step}; mfnet kept {kept}")]
    Diverged {
        /// "the loss" or "a weight".
        what: &'static str,
        /// The infinite or NaN value.
        value: f64,
        /// The epoch, from 1.
        epoch: usize,
        /// The step within the epoch, from 1.
        step: usize,
        /// Which weights the network has now.
        kept: KeptWeights,
    },
    /// A checkpoint of another training: the setting that differs, and its values there and here.
    #[error("{path}: the checkpoint is of another training: its {what} is {there}, not {here}", path = .path.display())]
    OtherTraining {
        /// The checkpoint.
        path: PathBuf,
        /// The setting.
        what: String,
        /// Its value in the checkpoint.
        there: String,
        /// Its value in this training.
        here: String,
    },
    /// There is too little memory for a training.
    #[error("the training needs about {needed} of memory, more than there is")]
    OutOfMemory {
        /// How much it needs.
        needed: String,
        /// A smaller batch size for which there is enough memory.
        batch_size: Option<usize>,
    },
    /// A callback failed.
    #[error("{0}")]
    Callback(Box<dyn std::error::Error + Send + Sync>),
    /// A custom part of a network that has no stored form: its place, `2` in the list of layers or
    /// `1.f.0` in a block, and its name.
    #[error(
        "layer {0} ({1}) is a custom layer without Layer::stored, so a model file cannot contain it; save \
         its weights with NeuralNetwork::save_weights and load them into a network that your program builds"
    )]
    NotStorable(String, String),
    /// A plot of a report that cannot be drawn: its name and the reason.
    #[error("report: the plot {0} cannot be drawn: {1}")]
    #[cfg(feature = "report")]
    Plot(String, String),
    /// The system cannot start this many threads: the number and the system's error.
    #[error("cannot start {0} threads: {1}")]
    Threads(usize, io::Error),
}

/// A problem of a model file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelProblem {
    /// The file is no safetensors file, or is cut off or altered.
    #[error("this is not a complete safetensors file: {0}")]
    NotSafetensors(String),
    /// A safetensors file of another program.
    #[error("expected a model of mfnet, found a safetensors file without its metadata")]
    NoMetadata,
    /// A layer or activation of the program that wrote the file: which of both, and the name under
    /// which it was stored.
    #[error(
        "there is no {0} {1:?} in mfnet: if your program defines it, load the model with Model::load_with and a Registry"
    )]
    NotRegistered(&'static str, String),
    /// Something in it is not as it was written.
    #[error("the file was changed: its contents do not match the SHA-256 stored in it")]
    Altered,
    /// The metadata cannot be understood.
    #[error("the metadata cannot be read: {0}")]
    Metadata(String),
    /// The file was written in another format: the version that this program reads, and the file's.
    #[error("expected format version {0}, found {1}: the file was written by another version of mfnet")]
    Version(u32, u64),
    /// A tensor is not as the architecture or the metadata say.
    #[error("tensor {0}")]
    Tensor(String),
    /// The parts of the model do not fit together.
    #[error("{0}")]
    Inconsistent(String),
}

/// Which weights a network has after a training diverged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptWeights {
    /// The initial weights.
    Initial,
    /// The weights at the end of this epoch.
    Epoch(usize),
}

impl Display for KeptWeights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KeptWeights::Initial => f.write_str("the initial weights"),
            KeptWeights::Epoch(epoch) => write!(f, "the weights of epoch {epoch}"),
        }
    }
}

impl From<mfnet_table::Error> for Error {
    fn from(error: mfnet_table::Error) -> Self {
        let kind = match error {
            mfnet_table::Error::Io(path, reason) => ErrorKind::Io { path, action: "read", reason },
            mfnet_table::Error::Data { file, line, column, problem } => {
                ErrorKind::Data { file, line, column, problem: DataProblem::Table(problem) }
            }
        };
        kind.into()
    }
}

impl Error {
    /// The parts of the error.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// A function for `map_err` of file operations.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |reason| ErrorKind::Io { path: path.to_owned(), action, reason }.into()
    }

    pub(crate) fn shape(operation: &'static str, expected: impl Display, found: impl Display) -> Error {
        ErrorKind::Shape(operation, expected.to_string(), found.to_string()).into()
    }

    /// A setting with an invalid value.
    pub fn invalid(name: &'static str, expected: impl Display, found: impl Display) -> Error {
        ErrorKind::InvalidValue(name, expected.to_string(), found.to_string()).into()
    }

    /// A recipe that contradicts itself or the data; names of fields are in backticks.
    pub(crate) fn recipe(message: impl Into<String>) -> Error {
        ErrorKind::Recipe { message: message.into(), help: Vec::new(), of_file: false }.into()
    }

    /// A file that a recipe needs and that is invalid.
    pub(crate) fn recipe_file(message: impl Into<String>) -> Error {
        ErrorKind::Recipe { message: message.into(), help: Vec::new(), of_file: true }.into()
    }

    /// Adds a line that says what to do.
    pub(crate) fn with_help(mut self, line: impl Into<String>) -> Error {
        if let ErrorKind::Recipe { help, .. } = &mut *self.0 {
            help.push(line.into());
        }
        self
    }

    pub(crate) fn data(file: &str, problem: impl Into<DataProblem>) -> Error {
        ErrorKind::Data { file: file.to_owned(), line: None, column: None, problem: problem.into() }.into()
    }

    pub(crate) fn in_column(file: &str, column: &str, problem: impl Into<DataProblem>) -> Error {
        let column = Some(column.to_owned());
        ErrorKind::Data { file: file.to_owned(), line: None, column, problem: problem.into() }.into()
    }

    /// A problem of a row of a table, with its file and line.
    pub(crate) fn in_row(table: &Table, row: usize, column: &str, problem: impl Into<DataProblem>) -> Error {
        let ((file, line), column) = (table.place(row), Some(column.to_owned()));
        ErrorKind::Data { file: file.to_owned(), line, column, problem: problem.into() }.into()
    }

    pub(crate) fn model(path: &Path, problem: ModelProblem) -> Error {
        ErrorKind::ModelFile(path.to_owned(), problem).into()
    }
}

/// Returns an error that names a setting, unless it is `ok`.
pub(crate) fn require(name: &'static str, x: f64, ok: bool, expected: &str) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::invalid(name, expected, x)) }
}
