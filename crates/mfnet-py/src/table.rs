//! Data from Python: a path or a name, or columns in memory.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mfnet::Table;
use mfnet::fit::Source;
use mfnet::table::{Cells, ReadTable, RowPart};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::raised;
use crate::signals::Signals;

/// Data.
#[derive(FromPyObject)]
pub(crate) enum Data<'py> {
    Frame(Frame<'py>),
    Path(PathBuf),
}

/// Columns in memory, as `python/mfnet/_frames.py` makes them.
#[derive(FromPyObject)]
pub(crate) struct Frame<'py> {
    name: String,
    /// Whether the columns have names of their own.
    header: bool,
    columns: Vec<(String, Column<'py>)>,
    /// The part of each row: 0, 1 and 2 for training, validation and test; empty without parts.
    parts: PyReadonlyArray1<'py, u8>,
}

/// A column; its array may be a view of a larger one.
#[derive(FromPyObject)]
enum Column<'py> {
    Numbers(PyReadonlyArray1<'py, f64>),
    Singles(PyReadonlyArray1<'py, f32>),
    Bytes(PyReadonlyArray1<'py, u8>),
    Codes(PyReadonlyArray1<'py, i32>, Vec<String>),
}

impl Data<'_> {
    /// The name of the data in results.
    pub(crate) fn name(&self) -> String {
        match self {
            Data::Frame(frame) => frame.name.clone(),
            Data::Path(path) => path.display().to_string(),
        }
    }

    /// Reads the data; a reader says how a file is read.
    pub(crate) fn read<'a>(&self, py: Python<'_>, reader: impl FnOnce() -> ReadTable<'a> + Send) -> PyResult<Source> {
        match self {
            Data::Frame(frame) => Ok(frame.table()?.into()),
            Data::Path(path) => read(py, path, reader),
        }
    }
}

impl Frame<'_> {
    pub(crate) fn table(&self) -> PyResult<Table> {
        let cells = |column: &Column<'_>| match column {
            Column::Numbers(numbers) => Cells::Numbers(numbers.as_array().to_vec()),
            Column::Singles(numbers) => Cells::Numbers(numbers.as_array().iter().copied().map(f64::from).collect()),
            Column::Bytes(bytes) => Cells::Bytes(bytes.as_array().to_vec()),
            Column::Codes(codes, texts) => Cells::Codes(codes.as_array().to_vec(), texts.clone()),
        };
        let columns = self.columns.iter().map(|(name, column)| (name.clone(), cells(column))).collect();
        let part = |part: &u8| match part {
            0 => RowPart::Train,
            1 => RowPart::Validation,
            _ => RowPart::Test,
        };
        let parts = self.parts.as_array().iter().map(part).collect();
        Table::from_columns(&self.name, columns, self.header, parts).map_err(|error| raised(error.into()))
    }
}

/// Reads a named data set, a file or a folder.
fn read<'a>(py: Python<'_>, path: &Path, reader: impl FnOnce() -> ReadTable<'a> + Send) -> PyResult<Source> {
    if !path.is_dir() && !mfnet_cli::is_name(path) {
        return Ok(py.detach(|| reader().read(path)).map_err(|error| raised(error.into()))?.into());
    }
    // a download may be broken off
    let state = Mutex::new((Signals::new(), None));
    let look = || {
        let Ok(mut state) = state.lock() else { return ControlFlow::Break(()) };
        state.1 = state.0.check().err();
        if state.1.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let read = py.detach(|| mfnet_cli::read(path, reader(), &look));
    match state.into_inner() {
        Ok((_, Some(interrupted))) => Err(interrupted),
        _ => read.map_err(PyValueError::new_err),
    }
}
