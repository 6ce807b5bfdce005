//! The program `mfnet` as a function.

use std::ffi::OsString;

use pyo3::prelude::*;

use crate::errors::guarded;

/// Runs the program with these arguments, and returns its exit code. `command` is what starts it, for the
/// processes of a search.
#[pyfunction]
pub(crate) fn program(py: Python<'_>, arguments: Vec<OsString>, command: Vec<OsString>) -> PyResult<u8> {
    guarded(|| Ok(py.detach(|| mfnet_cli::run(arguments, command))))
}
