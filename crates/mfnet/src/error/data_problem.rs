use mfnet_table::{CellProblem, FileProblem, Problem};

use super::{IdxProblem, SplitProblem};

/// What is wrong with data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataProblem {
    /// With a table or its file.
    #[error(transparent)]
    Table(Problem),
    /// With IDX files.
    #[error(transparent)]
    Idx(#[from] IdxProblem),
    /// With a file of a published data set.
    #[error(transparent)]
    Published(#[from] PublishedProblem),
    /// With the split that was asked for.
    #[error(transparent)]
    Split(#[from] SplitProblem),
    /// No column is left to learn from.
    #[error("there is no column beside the target to learn from{}", left_out.iter().map(|column| format!("; {column}")).collect::<String>())]
    NoFeatures {
        /// The columns that are no features, and why.
        left_out: Vec<String>,
    },
    /// An infinite number or NaN in a matrix, whose feature or target column is the error's column.
    #[error("expected finite numbers, found {found} in sample {sample}, counted from 0")]
    NotFiniteSample {
        /// The number.
        found: f64,
        /// The sample's number.
        sample: usize,
    },
    /// Inputs that are no numbers yet.
    #[error("expected numbers without gaps, found {found}: encode the data with Preprocessing first")]
    NotEncoded {
        /// "a category", "a date", "a missing value".
        found: &'static str,
    },
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
    /// Columns of a file without header, of which there are too few or too many.
    #[error("expected {expected} columns, found {found}")]
    ColumnCount {
        /// The number, or numbers, that fit.
        expected: String,
        /// The number that was found.
        found: usize,
    },
    /// A row number that is not there.
    #[error("there is no row {row}: the rows are numbered 0 to {last}")]
    NoSuchRow {
        /// The number.
        row: usize,
        /// The last one.
        last: usize,
    },
}

/// What is wrong with a file of a published data set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishedProblem {
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
    /// A published file with other contents.
    #[error("expected the published contents, whose SHA-256 is {expected}, found {found}")]
    Digest {
        /// SHA-256 of the published file's bytes, decompressed.
        expected: String,
        /// Of this file's.
        found: String,
    },
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
