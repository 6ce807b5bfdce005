use mfnet_table::{CellProblem, FileProblem, Problem};

use super::SplitProblem;

/// What is wrong with data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataProblem {
    /// With a table or its file.
    #[error(transparent)]
    Table(Problem),
    /// With IDX files.
    #[error("{0}")]
    Idx(String),
    /// With a folder of images, which has not the files of a set of them but these.
    #[error(
        "expected a folder of IDX files (train-images-idx3-ubyte and train-labels-idx1-ubyte, and optionally both t10k files), found {0}"
    )]
    NoIdxFiles(String),
    /// With a file of a published data set.
    #[error("{0}")]
    Published(String),
    /// A file of a published data set has other contents: the SHA-256 of the published bytes, decompressed, and of this file's.
    #[error("expected the published file with SHA-256 {0}, found SHA-256 {1}")]
    Digest(String, String),
    /// With the split that was asked for.
    #[error(transparent)]
    Split(#[from] SplitProblem),
    /// No column is left to learn from; these are no features, and why.
    #[error("expected at least one feature column besides the target{left_out}", left_out = .0.iter().map(|column| format!("; {column}")).collect::<String>())]
    NoFeatures(Vec<String>),
    /// An infinite number or NaN in this sample of a matrix, whose feature or target column is the error's column.
    #[error("expected finite numbers, found {0} in sample {1}, counted from 0")]
    NotFiniteSample(f64, usize),
    /// Inputs that are no numbers yet: "a category", "a date", "a missing value".
    #[error("expected numbers without missing values, found {0}: encode the data with Preprocessing first")]
    NotEncoded(&'static str),
    /// A target with this value alone.
    #[error("every row has the value {0}: there is nothing to learn")]
    ConstantTarget(f64),
    /// A target with this class alone.
    #[error("every row has the class {0:?}: expected at least two classes")]
    OneClass(String),
    /// A label that is none of those that the model was trained on.
    #[error("the model does not know the class {0:?}; it knows {known}", known = .1.join(", "))]
    UnknownClass(String, Vec<String>),
    /// Columns of a file without header, of which there are too few or too many: the number, or numbers, that fit, and the one that was found.
    #[error("expected {0} columns, found {1}")]
    ColumnCount(String, usize),
    /// A number that is no weight, of a "sample" or a "class", and its place.
    #[error("expected weights that are 0 or positive numbers, found {0} for {1} {2}, counted from 0")]
    NotAWeight(f64, &'static str, usize),
    /// Weights of which none is above 0: of each "sample", "class", "row".
    #[error("every {0} has the weight 0: expected at least one above 0")]
    NoWeight(&'static str),
    /// Weights with this sum: with larger or smaller ones, sums of weighted squares would be infinite or 0.
    #[error("expected weights with a sum between 1e-100 and 1e100, found {0:e}: multiply all by the same number")]
    SumOfWeights(f64),
    /// There is no row of this number, but up to the other one.
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
