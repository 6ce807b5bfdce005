//! What is wrong with a file, and with which of its columns.

use std::io;

use ::parquet::errors::ParquetError;

use crate::error::{FileProblem, Problem};

/// What is wrong, and with which column.
pub(super) struct Fault {
    pub(super) column: Option<String>,
    pub(super) problem: Problem,
}

impl<P: Into<Problem>> From<P> for Fault {
    fn from(problem: P) -> Self {
        Fault { column: None, problem: problem.into() }
    }
}

pub(super) fn damaged(what: impl Into<String>) -> FileProblem {
    FileProblem::Damaged(what.into())
}

/// What the crate passes on when its page reader refuses a page.
pub(super) fn refused(problem: FileProblem) -> ParquetError {
    ParquetError::External(Box::new(problem))
}

impl From<ParquetError> for Fault {
    fn from(error: ParquetError) -> Self {
        let problem: FileProblem = match error {
            ParquetError::General(what) | ParquetError::NYI(what) | ParquetError::EOF(what) => damaged(what),
            ParquetError::External(error) => match error.downcast() {
                Ok(problem) => *problem,
                // of the system, or else of a decompressor
                Err(error) => match error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
                    Some(_) => FileProblem::Other(format!("cannot read: {error}")),
                    None => damaged(error.to_string()),
                },
            },
            error => damaged(error.to_string()),
        };
        problem.into()
    }
}
