//! Errors of the library as Python's exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mfnet::Error;
use mfnet::error::ErrorKind;
use pyo3::create_exception;
use pyo3::exceptions::{PyArithmeticError, PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

create_exception!(mfnet, ModelFileError, PyValueError, "A model file that cannot be read.");
create_exception!(mfnet, DivergedError, PyArithmeticError, "A training whose numbers became infinite or NaN.");

/// Adds the exceptions to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("ModelFileError", module.py().get_type::<ModelFileError>())?;
    module.add("DivergedError", module.py().get_type::<DivergedError>())
}

/// Runs the work of a function; a panic becomes a `RuntimeError`.
///
/// PyO3 would raise its `PanicException`, which no `except Exception` catches.
pub(crate) fn guarded<R>(work: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(PyRuntimeError::new_err(format!("a mistake in mfnet: {}", words.unwrap_or("a panic"))))
    })
}

/// The exception for an error of the library.
pub(crate) fn raised(error: Error) -> PyErr {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::Io { path, reason, .. } => match reason.raw_os_error() {
            // Python chooses the subclass, such as FileNotFoundError, by the number
            Some(number) => PyOSError::new_err((number, reason_of(reason), path.display().to_string())),
            None => PyOSError::new_err(text),
        },
        ErrorKind::ModelFile(..) => ModelFileError::new_err(text),
        ErrorKind::Diverged { .. } => DivergedError::new_err(text),
        ErrorKind::OutOfMemory { .. } => PyMemoryError::new_err(text),
        ErrorKind::Threads(..) => PyRuntimeError::new_err(text),
        ErrorKind::Callback(reason) => match reason.downcast_ref::<PyErr>() {
            Some(raised) => Python::attach(|py| raised.clone_ref(py)),
            None => PyRuntimeError::new_err(text),
        },
        _ => PyValueError::new_err(text),
    }
}

/// What the system says, without its number.
fn reason_of(reason: &std::io::Error) -> String {
    let text = reason.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
