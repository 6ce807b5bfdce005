//! What is wrong with a file, as the crate says it and as mfnet does.

use ::parquet::errors::ParquetError;

use crate::error::FileProblem;

pub(super) fn damaged(what: impl Into<String>) -> FileProblem {
    FileProblem::Damaged(what.into())
}

/// What the crate passes on when its page reader refuses a page.
impl From<FileProblem> for ParquetError {
    fn from(problem: FileProblem) -> Self {
        ParquetError::External(Box::new(problem))
    }
}

impl From<ParquetError> for FileProblem {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::General(what) | ParquetError::NYI(what) | ParquetError::EOF(what) => damaged(what),
            ParquetError::External(error) => match error.downcast() {
                Ok(problem) => *problem,
                Err(of_decompressor) => damaged(of_decompressor.to_string()),
            },
            error => damaged(error.to_string()),
        }
    }
}
