//! Arrays of NumPy whose rows are samples, as the library has them.

use std::borrow::Cow;

use mfnet::{Scalar, Tensor};
use numpy::ndarray::{Array2, ArrayView2};
use numpy::{Element, IntoPyArray, PyArray2, PyReadonlyArray2};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// The numbers row after row, whatever their order in memory.
///
/// `PyReadonlyArray2::as_slice` has the order of memory, which is that of columns in an array of Fortran's order.
pub(crate) fn rows<'a, T: Copy>(array: &'a ArrayView2<'_, T>) -> Cow<'a, [T]> {
    match array.as_slice() {
        Some(numbers) => Cow::Borrowed(numbers),
        None => Cow::Owned(array.iter().copied().collect()),
    }
}

/// The matrix of an array whose rows are samples.
pub(crate) fn matrix<T: Scalar + Element>(array: &PyReadonlyArray2<'_, T>) -> PyResult<Tensor<T>> {
    let array = array.as_array();
    let (samples, features) = array.dim();
    if samples * features == 0 {
        return Err(PyValueError::new_err(format!(
            "expected numbers, found an array of shape ({samples}, {features})"
        )));
    }
    let mut matrix = Tensor::zeros(features, samples);
    matrix.read_columns(&rows(&array));
    Ok(matrix)
}

/// An array with a row for each column of a matrix.
pub(crate) fn array<'py, T: Scalar + Element>(
    py: Python<'py>,
    matrix: &Tensor<T>,
) -> PyResult<Bound<'py, PyArray2<T>>> {
    let (features, samples) = matrix.shape();
    let mut all = vec![T::ZERO; features * samples];
    matrix.write_columns(&mut all);
    let all = Array2::from_shape_vec((samples, features), all);
    all.map(|all| all.into_pyarray(py)).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

/// An array of the shape of a matrix of parameters.
pub(crate) fn parameters<'py, T: Scalar + Element>(py: Python<'py>, matrix: &Tensor<T>) -> Bound<'py, PyArray2<T>> {
    Array2::from_shape_fn(matrix.shape(), |place| matrix[place]).into_pyarray(py)
}
