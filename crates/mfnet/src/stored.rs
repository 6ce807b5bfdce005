//! Tensors in safetensors files, for model files and checkpoints.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{TensorView, View};
use safetensors::{SafeTensorError, SafeTensors};

use crate::error::{Error, ModelProblem, Result};
use crate::files;
use crate::tensor::{Dtype, Scalar, Tensor};

/// A tensor as stored in a file.
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) dtype: safetensors::Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

/// Numbers in memory that become a tensor of a file when it is written.
pub(crate) struct Kept<'a, T: Scalar> {
    pub(crate) name: String,
    shape: Vec<usize>,
    of: Of<'a, T>,
}

enum Of<'a, T: Scalar> {
    Matrix(&'a Tensor<T>),
    Numbers(&'a [f64]),
}

impl<'a, T: Scalar> Kept<'a, T> {
    /// A whole matrix, column by column: its transpose in row-major order.
    pub(crate) fn of(name: String, matrix: &'a Tensor<T>) -> Self {
        Kept { name, shape: vec![matrix.columns(), matrix.rows()], of: Of::Matrix(matrix) }
    }

    /// Numbers that are no matrix of the network.
    pub(crate) fn of_numbers(name: String, numbers: &'a [f64]) -> Self {
        Kept { name, shape: vec![numbers.len()], of: Of::Numbers(numbers) }
    }

    /// The numbers as the file holds them.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(View::data_len(&self));
        match self.of {
            Of::Matrix(matrix) => matrix.iter().for_each(|x| bytes.extend_from_slice(x.to_le_bytes().as_ref())),
            Of::Numbers(numbers) => numbers.iter().for_each(|x| bytes.extend_from_slice(&f64::to_le_bytes(*x))),
        }
        bytes
    }
}

impl<T: Scalar> View for &Kept<'_, T> {
    fn dtype(&self) -> safetensors::Dtype {
        match self.of {
            Of::Matrix(_) => type_of(T::DTYPE),
            Of::Numbers(_) => safetensors::Dtype::F64,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.bytes())
    }

    fn data_len(&self) -> usize {
        let size = if matches!(self.of, Of::Matrix(_)) { size_of::<T>() } else { size_of::<f64>() };
        size * self.shape.iter().product::<usize>()
    }
}

/// Writes a file of such tensors, one at a time, beside its place, flushes it to disk and renames it.
pub(crate) fn write_kept<T: Scalar>(
    path: &Path,
    tensors: &[Kept<'_, T>],
    metadata: HashMap<String, String>,
) -> std::io::Result<()> {
    let beside = path.with_file_name(files::unnamed_name(path));
    let views = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    let written = safetensors::serialize_to_file(views, Some(metadata), &beside).map_err(|error| match error {
        SafeTensorError::IoError(error) => error,
        error => std::io::Error::other(error),
    });
    // a file that was only read can be flushed too
    let done = written.and_then(|()| fs::File::open(&beside)?.sync_all()).and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        let _ = fs::remove_file(&beside);
    }
    done
}

/// Reads a matrix of this shape that was stored as [`Kept::of`].
pub(crate) fn matrix<T: Scalar>(
    file: &SafeTensors<'_>,
    name: &str,
    (rows, columns): (usize, usize),
) -> Result<Tensor<T>, ModelProblem> {
    let tensor = find(file, name, &[columns, rows])?;
    check_type(&tensor, name, T::DTYPE)?;
    let mut matrix = Tensor::zeros(rows, columns);
    for (x, bytes) in matrix.iter_mut().zip(tensor.data().chunks_exact(size_of::<T>())) {
        *x = T::from_le_bytes(bytes).unwrap_or(T::ZERO);
    }
    Ok(matrix)
}

/// Reads numbers that were stored as [`Kept::of_numbers`].
pub(crate) fn numbers(file: &SafeTensors<'_>, name: &str) -> Result<Vec<f64>, ModelProblem> {
    let tensor = file.tensor(name).map_err(|_| missing(name))?;
    check_type(&tensor, name, Dtype::F64)?;
    Ok(tensor.data().chunks_exact(size_of::<f64>()).filter_map(<f64 as Scalar>::from_le_bytes).collect())
}

fn missing(name: &str) -> ModelProblem {
    ModelProblem::Tensor(format!("{name} is missing"))
}

/// The tensor with this name and shape.
pub(crate) fn find<'a>(file: &SafeTensors<'a>, name: &str, shape: &[usize]) -> Result<TensorView<'a>, ModelProblem> {
    let tensor = file.tensor(name).map_err(|_| missing(name))?;
    if tensor.shape() != shape {
        return Err(ModelProblem::Tensor(format!("{name}: expected shape {shape:?}, found {:?}", tensor.shape())));
    }
    Ok(tensor)
}

/// Returns an error if the numbers of a tensor have another type.
pub(crate) fn check_type(tensor: &TensorView<'_>, name: &str, dtype: Dtype) -> Result<(), ModelProblem> {
    if tensor.dtype() == type_of(dtype) {
        return Ok(());
    }
    let found = format!("{:?}", tensor.dtype()).to_lowercase();
    Err(ModelProblem::Tensor(format!("{name}: expected {dtype}, found {found}")))
}

pub(crate) fn type_of(dtype: Dtype) -> safetensors::Dtype {
    match dtype {
        Dtype::F64 => safetensors::Dtype::F64,
        Dtype::F32 => safetensors::Dtype::F32,
    }
}

/// The bytes of a file; errors call it `path`.
pub(crate) fn serialized(
    path: &Path,
    tensors: &[Stored],
    metadata: Option<HashMap<String, String>>,
) -> Result<Vec<u8>> {
    let views = tensors.iter().map(|Stored { name, dtype, shape, bytes }| {
        let view = TensorView::new(*dtype, shape.clone(), bytes);
        view.map(|view| (name.as_str(), view)).map_err(|error| not_written(path, error))
    });
    let views = views.collect::<Result<Vec<_>>>()?;
    safetensors::serialize(views, metadata).map_err(|error| not_written(path, error))
}

/// Writes a file beside its place, flushes it to disk and renames it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // check the folder first: the error for a missing one would name a temporary file
    fs::metadata(folder)?;
    let mut file = files::unnamed(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

pub(crate) fn not_written(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::io(path, "write")(std::io::Error::other(error))
}
