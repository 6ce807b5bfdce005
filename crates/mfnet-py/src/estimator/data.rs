//! Arrays of NumPy as samples of the library.

use std::ops::{Add, Range};
use std::thread;

use mfnet::data::{Rows, Samples};
use mfnet::{Dataset, Scalar, Targets, Tensor};
use numpy::ndarray::{ArrayView1, ArrayView2, Axis, s};
use numpy::{Element, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;

use crate::errors::raised;

/// A type of networks: `f32` or `f64`.
pub(super) trait Number: Scalar + Element + Copy {
    /// Whether it is `f64`.
    const IS_DOUBLE: bool;
}

impl Number for f32 {
    const IS_DOUBLE: bool = false;
}

impl Number for f64 {
    const IS_DOUBLE: bool = true;
}

/// Features: a matrix, or a sparse matrix by rows.
#[derive(FromPyObject)]
pub(super) enum Inputs<'py> {
    F64(PyReadonlyArray2<'py, f64>),
    F32(PyReadonlyArray2<'py, f32>),
    Bytes(PyReadonlyArray2<'py, u8>),
    Sparse(Sparse<'py>),
}

/// A matrix in compressed sparse rows: number of columns, start of each row, columns, values.
#[derive(FromPyObject)]
pub(super) struct Sparse<'py>(usize, Places<'py>, Places<'py>, Values<'py>);

#[derive(FromPyObject)]
enum Places<'py> {
    Short(PyReadonlyArray1<'py, i32>),
    Long(PyReadonlyArray1<'py, i64>),
}

#[derive(FromPyObject)]
enum Values<'py> {
    F64(PyReadonlyArray1<'py, f64>),
    F32(PyReadonlyArray1<'py, f32>),
}

/// Targets: the class of each sample, or numbers for each output.
#[derive(FromPyObject)]
pub(super) enum Outputs<'py> {
    Classes(PyReadonlyArray1<'py, i64>),
    Numbers(PyReadonlyArray2<'py, f64>),
}

impl Inputs<'_> {
    /// Copies the features of some samples once, in the narrower of their type and T.
    pub(super) fn rows<T: Number>(&self, samples: Range<usize>, threads: usize) -> PyResult<Rows> {
        let some = s![samples.clone(), ..];
        Ok(match self {
            Inputs::F64(x) if T::IS_DOUBLE => same(&x.as_array().slice(some), threads)?.into(),
            Inputs::F64(x) => copied(&x.as_array().slice(some), |x| x as f32)?.into(),
            Inputs::F32(x) => same(&x.as_array().slice(some), threads)?.into(),
            Inputs::Bytes(x) => same(&x.as_array().slice(some), threads)?.into(),
            Inputs::Sparse(x) => match &x.3 {
                Values::F64(values) if T::IS_DOUBLE => x.dense(samples, &values.as_array(), |x| x)?.into(),
                Values::F64(values) => x.dense(samples, &values.as_array(), |x| x as f32)?.into(),
                Values::F32(values) => x.dense(samples, &values.as_array(), |x| x)?.into(),
            },
        })
    }

    /// How many samples to copy together for a prediction: all, but few of a sparse matrix, whose dense form may
    /// not fit into memory.
    pub(super) fn together(&self) -> usize {
        if matches!(self, Inputs::Sparse(_)) { 1024 } else { self.samples().max(1) }
    }

    pub(super) fn samples(&self) -> usize {
        match self {
            Inputs::F64(x) => x.as_array().nrows(),
            Inputs::F32(x) => x.as_array().nrows(),
            Inputs::Bytes(x) => x.as_array().nrows(),
            Inputs::Sparse(x) => x.1.len().saturating_sub(1),
        }
    }

    pub(super) fn features(&self) -> usize {
        match self {
            Inputs::F64(x) => x.as_array().ncols(),
            Inputs::F32(x) => x.as_array().ncols(),
            Inputs::Bytes(x) => x.as_array().ncols(),
            Inputs::Sparse(x) => x.0,
        }
    }
}

fn out_of_memory(numbers: impl std::fmt::Display) -> PyErr {
    PyMemoryError::new_err(format!("X has {numbers} numbers, which do not fit into memory"))
}

/// Room for this many numbers.
fn room<V>(numbers: Option<usize>) -> PyResult<Vec<V>> {
    let mut room = Vec::new();
    let count = numbers.ok_or_else(|| out_of_memory("more than 2⁶⁴"))?;
    room.try_reserve_exact(count).map_err(|_| out_of_memory(count))?;
    Ok(room)
}

/// Columns of an array that is not stored by rows are read this many rows at a time.
const TOGETHER: usize = 64;

/// More numbers than this are copied by several threads, because new memory takes longer than the copy.
const MANY: usize = 1 << 18;

/// The numbers row by row, in their own type.
fn same<V: Copy + Default + Send + Sync>(x: &ArrayView2<'_, V>, threads: usize) -> PyResult<Vec<V>> {
    let Some(numbers) = x.as_slice() else { return copied(x, |x| x) };
    let mut all = room(Some(numbers.len()))?;
    if threads == 1 || numbers.len() < MANY {
        all.extend_from_slice(numbers);
        return Ok(all);
    }
    drop(all);
    let mut all = vec![V::default(); numbers.len()];
    let part = numbers.len().div_ceil(threads);
    thread::scope(|scope| {
        for (to, from) in all.chunks_mut(part).zip(numbers.chunks(part)) {
            scope.spawn(|| to.copy_from_slice(from));
        }
    });
    Ok(all)
}

fn copied<S: Copy, V: Copy + Default>(x: &ArrayView2<'_, S>, convert: impl Fn(S) -> V) -> PyResult<Vec<V>> {
    let mut all = room(x.nrows().checked_mul(x.ncols()))?;
    if let Some(numbers) = x.as_slice() {
        all.extend(numbers.iter().map(|x| convert(*x)));
        return Ok(all);
    }
    for block in x.axis_chunks_iter(Axis(0), TOGETHER) {
        let (start, width) = (all.len(), block.ncols());
        all.resize(start + block.len(), V::default());
        for (j, column) in block.columns().into_iter().enumerate() {
            for (i, x) in column.iter().enumerate() {
                all[start + i * width + j] = convert(*x);
            }
        }
    }
    Ok(all)
}

impl Places<'_> {
    fn get(&self, i: usize) -> Option<usize> {
        match self {
            Places::Short(places) => places.as_array().get(i).and_then(|place| usize::try_from(*place).ok()),
            Places::Long(places) => places.as_array().get(i).and_then(|place| usize::try_from(*place).ok()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Places::Short(places) => places.as_array().len(),
            Places::Long(places) => places.as_array().len(),
        }
    }
}

impl Sparse<'_> {
    /// All numbers of some rows, row by row. Values at the same place are added.
    fn dense<S: Copy, V: Copy + Default + Add<Output = V>>(
        &self,
        rows: Range<usize>,
        values: &ArrayView1<'_, S>,
        convert: impl Fn(S) -> V,
    ) -> PyResult<Vec<V>> {
        let Sparse(width, starts, columns, _) = self;
        let numbers = rows.len().checked_mul(*width);
        // asks for the memory before it is written; zeros from the system take none until then
        drop(room::<V>(numbers)?);
        let mut all = vec![V::default(); numbers.unwrap_or(0)];
        let wrong = || PyValueError::new_err("X: a sparse matrix whose indices do not fit its shape");
        for (row, to) in rows.zip(all.chunks_mut((*width).max(1))) {
            let places = starts.get(row).zip(starts.get(row + 1)).ok_or_else(wrong)?;
            for place in places.0..places.1 {
                let column = columns.get(place).filter(|column| column < width).ok_or_else(wrong)?;
                to[column] = to[column] + convert(*values.get(place).ok_or_else(wrong)?);
            }
        }
        Ok(all)
    }
}

impl Outputs<'_> {
    /// The targets; `classes` is the number of outputs for classes.
    fn targets(&self, outputs: usize) -> PyResult<Targets> {
        let names = || (0..outputs).map(|i| i.to_string()).collect();
        match self {
            Outputs::Classes(classes) => {
                let index = |class: &i64| usize::try_from(*class).unwrap_or(usize::MAX);
                let indices = classes.as_array().iter().map(index).collect();
                Ok(Targets::Classes { column: "y".to_owned(), labels: names(), indices })
            }
            Outputs::Numbers(numbers) => {
                let y = numbers.as_array();
                let values = Tensor::from_columns(outputs, y.iter().copied().collect()).map_err(raised)?;
                Ok(Targets::Values { columns: names(), values: Samples::from(values) })
            }
        }
    }
}

/// The weights of samples.
pub(super) type SampleWeights<'py> = Option<PyReadonlyArray1<'py, f64>>;

/// A data set of arrays.
pub(super) fn dataset<T: Number>(
    x: &Inputs<'_>,
    y: &Outputs<'_>,
    weights: &SampleWeights<'_>,
    (outputs, threads): (usize, usize),
) -> PyResult<Dataset> {
    let data = Dataset::from_rows("X", x.features(), x.rows::<T>(0..x.samples(), threads)?, y.targets(outputs)?)
        .map_err(raised)?;
    match weights {
        Some(weights) => data.with_weights(weights.as_array().to_vec()).map_err(raised),
        None => Ok(data),
    }
}

/// Some samples as the columns of a matrix.
pub(super) fn columns<T: Number>(rows: &Rows, features: usize, samples: Range<usize>) -> mfnet::Result<Tensor<T>> {
    let places = samples.start * features..samples.end * features;
    let numbers = match rows {
        Rows::F64(numbers) => numbers[places].iter().map(|x| T::from_f64(*x)).collect(),
        Rows::F32(numbers) => numbers[places].iter().map(|x| T::from_f64(f64::from(*x))).collect(),
        Rows::Bytes(bytes) => bytes[places].iter().map(|x| T::from_f64(f64::from(*x))).collect(),
        _ => Vec::new(),
    };
    Tensor::from_columns(features, numbers)
}
