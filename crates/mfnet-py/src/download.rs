//! Downloads through Python's own HTTP client, `python/mfnet/_download.py`: it knows the certificates and the proxy of
//! the machine, and the package needs no second implementation of TLS.

use std::io::{self, Read};
use std::time::Duration;

use mfnet::data::Client;
use mfnet::error::DownloadProblem;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// `urllib` of Python.
#[derive(Debug)]
pub(crate) struct Urllib;

/// What the module calls the problem of a URL: an HTTP status, the seconds of silence, or a text.
#[derive(FromPyObject)]
struct Problem(Option<u16>, Option<f64>, String);

impl From<Problem> for DownloadProblem {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem(Some(status), ..) => DownloadProblem::Status(status),
            Problem(_, Some(seconds), _) => DownloadProblem::Stalled(Duration::from_secs_f64(seconds)),
            Problem(_, _, text) => DownloadProblem::Connection(text),
        }
    }
}

fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("mfnet._download")
}

fn problem(py: Python<'_>, error: PyErr) -> DownloadProblem {
    let of_module = || module(py)?.call_method1("problem", (error.value(py),))?.extract::<Problem>();
    of_module().map_or_else(|_| DownloadProblem::Connection(error.to_string()), DownloadProblem::from)
}

impl Client for Urllib {
    fn get(&self, url: &str) -> Result<Box<dyn Read + Send>, DownloadProblem> {
        Python::attach(|py| match module(py).and_then(|module| module.call_method1("get", (url,))) {
            Ok(answer) => Ok(Box::new(Answer(answer.unbind())) as Box<dyn Read + Send>),
            Err(error) => Err(problem(py, error)),
        })
    }
}

/// An answer of `urlopen`.
struct Answer(Py<PyAny>);

impl Read for Answer {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let read = || -> PyResult<Bound<'_, PyBytes>> {
                Ok(module(py)?.call_method1("read", (&self.0, to.len()))?.cast_into::<PyBytes>()?)
            };
            let piece = read().map_err(|error| io::Error::other(problem(py, error)))?;
            let piece = piece.as_bytes();
            to[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        })
    }
}
