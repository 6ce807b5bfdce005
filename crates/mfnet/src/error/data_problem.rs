use mfnet_table::{CellProblem, FileProblem, Problem};

use super::SplitProblem;

/// A problem of data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataProblem {
    /// A problem with a table or its file.
    #[error(transparent)]
    Table(Problem),
    /// A problem with an IDX file.
    #[error("{0}")]
    Idx(String),
    /// A folder without the two or four files of an image data set; the files found.
    #[error(
        "expected a folder of IDX files (train-images-idx3-ubyte and train-labels-idx1-ubyte, and optionally both t10k files), found {0}"
    )]
    NoIdxFiles(String),
    /// A problem with a file of a published data set.
    #[error("{0}")]
    Published(String),
    /// A file that is not the published one: the SHA-256 of the published file and of this file,
    /// both decompressed.
    #[error("expected the published file with SHA-256 {0}, found SHA-256 {1}")]
    Digest(String, String),
    /// A problem with the split.
    #[error(transparent)]
    Split(#[from] SplitProblem),
    /// No column is left as a feature; the other columns, and why they are not features.
    #[error("expected at least one feature column besides the target{left_out}", left_out = .0.iter().map(|column| format!("; left out {column}")).collect::<String>())]
    NoFeatures(Vec<String>),
    /// An infinite number or NaN in this sample of a matrix; the error names its feature or target
    /// column.
    #[error("expected finite numbers, found {0} in sample {1}, counted from 0")]
    NotFiniteSample(f64, usize),
    /// Inputs that are not encoded: "a category", "a date", "a missing value".
    #[error("expected numbers without missing values, found {0}: encode the data with Preprocessing first")]
    NotEncoded(&'static str),
    /// A target without any value.
    #[error("no row has a value")]
    NoTargets,
    /// A target with only this value.
    #[error("every row has the value {0}: there is nothing to learn")]
    ConstantTarget(f64),
    /// A target with only this class.
    #[error("every row has the class {0:?}: expected at least two classes")]
    OneClass(String),
    /// A target whose texts nearly all differ.
    #[error("found {different} different texts in {rows} rows, such as {example:?}: no classes")]
    NoClasses {
        /// Number of distinct texts.
        different: usize,
        /// Number of rows.
        rows: usize,
        /// One of the texts.
        example: String,
        /// Whether all texts are numbers.
        like_values: bool,
        /// Whether all texts are dates.
        like_dates: bool,
    },
    /// A label that the model was not trained on, and the known labels.
    #[error("the model does not know the class {0:?}; it knows {known}", known = .1.join(", "))]
    UnknownClass(String, Vec<String>),
    /// The same for one of several labels at once.
    #[error("the model does not know the label {0:?}; it knows {known}", known = .1.join(", "))]
    UnknownLabel(String, Vec<String>),
    /// Names of label columns that leave none of these separators for a list of labels.
    #[error(
        "each of {0} is in the name of a label, but predictions list labels between one of them: rename the column"
    )]
    NoSeparator(String),
    /// The wrong number of columns in a file without header: the expected number or numbers, and
    /// the number found.
    #[error("expected {0} columns, found {1}")]
    ColumnCount(String, usize),
    /// An invalid weight of a "sample" or a "class", with its index.
    #[error("expected weights that are 0 or positive numbers, found {0} for {1} {2}, counted from 0")]
    NotAWeight(f64, &'static str, usize),
    /// Weights that are all 0, one for each "sample", "class" or "row".
    #[error("every {0} has the weight 0: expected at least one above 0")]
    NoWeight(&'static str),
    /// Weights with this sum, whose weighted squares would overflow or underflow.
    #[error(
        "expected weights with a sum between 1e-100 and 1e100, found {0:e}: multiply all weights by the same factor"
    )]
    SumOfWeights(f64),
    /// A row index that is out of range, and the largest index.
    #[error("there is no row {0}: the rows are numbered 0 to {1}")]
    NoSuchRow(usize, usize),
}

impl From<FileProblem> for DataProblem {
    fn from(problem: FileProblem) -> Self {
        DataProblem::Table(problem.into())
    }
}

impl From<CellProblem> for DataProblem {
    fn from(problem: CellProblem) -> Self {
        DataProblem::Table(problem.into())
    }
}
