//! [`Tensor`]: a matrix of features × samples. The only module that knows how its elements lie in memory.

mod augmented;
pub(crate) mod product;
mod scalar;

use std::fmt;
use std::ops::{Index, IndexMut};

pub use product::Operand;
pub use scalar::{Dtype, Scalar};

use crate::error::{Error, Result};

/// A matrix. Inputs, outputs and deltas have shape (features, samples), a sample is a column; a layer's
/// parameters have shape (outputs, 1 + inputs).
///
/// It holds no constant row: the row of ones of the seed's mathematics is shown by [`Tensor::augmented`].
/// How the elements lie in memory is not part of the interface; reach them by (row, column) or by iterators,
/// which run down the first column, then the second, and so on.
///
/// ```
/// use mfnet::Tensor;
/// let x = Tensor::from_rows([[1.0, 1.0, 2.0, 2.0], [2.0, 3.0, 2.0, 3.0]]);
/// assert_eq!((x.rows(), x.columns()), (2, 4));
/// assert_eq!(x[(1, 3)], 3.0);
/// assert_eq!(x.augmented().row(0).collect::<Vec<_>>(), [1.0; 4]);
/// ```
#[derive(Clone, PartialEq)]
pub struct Tensor<T: Scalar = f64> {
    rows: usize,
    columns: usize,
    /// Column after column.
    elements: Vec<T>,
}

impl<T: Scalar> Tensor<T> {
    /// A matrix of zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Tensor { rows, columns, elements: vec![T::ZERO; rows * columns] }
    }

    /// The matrix whose element in row i and column j is `f(i, j)`.
    pub fn from_fn(rows: usize, columns: usize, mut f: impl FnMut(usize, usize) -> T) -> Self {
        let mut elements = Vec::with_capacity(rows * columns);
        for j in 0..columns {
            elements.extend((0..rows).map(|i| f(i, j)));
        }
        Tensor { rows, columns, elements }
    }

    /// The matrix with these rows, as one writes it on paper.
    pub fn from_rows<const R: usize, const C: usize>(rows: [[T; C]; R]) -> Self {
        Self::from_fn(R, C, |i, j| rows[i][j])
    }

    /// The matrix whose columns stand one after the other in `elements`; each column is a sample.
    ///
    /// # Errors
    /// [`Error::Shape`] if `elements` are not a whole number of columns.
    pub fn from_columns(rows: usize, elements: Vec<T>) -> Result<Self> {
        if rows == 0 || !elements.len().is_multiple_of(rows) {
            return Err(Error::shape("Tensor::from_columns", format!("columns of {rows}"), elements.len()));
        }
        Ok(Tensor { rows, columns: elements.len() / rows, elements })
    }

    /// Number of rows: features or outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns: samples.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// (rows, columns).
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The elements of one column, from the top.
    pub fn column(&self, j: usize) -> impl ExactSizeIterator<Item = T> + '_ {
        self.column_slice(j).iter().copied()
    }

    /// The elements of one row, from the left.
    pub fn row(&self, i: usize) -> impl ExactSizeIterator<Item = T> + '_ {
        (0..self.columns).map(move |j| self[(i, j)])
    }

    /// All elements, column by column.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.elements.iter()
    }

    /// All elements for changing, column by column.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut T> {
        self.elements.iter_mut()
    }

    /// Sets every element to `x`.
    pub fn fill(&mut self, x: T) {
        self.elements.fill(x);
    }

    /// Makes `self` equal to `other` without allocating where there is room.
    pub fn copy_from(&mut self, other: &Self) {
        (self.rows, self.columns) = other.shape();
        self.elements.clone_from(&other.elements);
    }

    /// The matrix of f(x) for every element x.
    pub fn map<U: Scalar>(&self, f: impl Fn(T) -> U) -> Tensor<U> {
        Tensor { rows: self.rows, columns: self.columns, elements: self.elements.iter().map(|x| f(*x)).collect() }
    }

    /// The columns with these numbers, in this order.
    pub fn select_columns(&self, columns: &[usize]) -> Self {
        let mut elements = Vec::with_capacity(self.rows * columns.len());
        for &j in columns {
            elements.extend_from_slice(self.column_slice(j));
        }
        Tensor { rows: self.rows, columns: columns.len(), elements }
    }

    /// Whether no element is infinite or NaN.
    pub fn is_finite(&self) -> bool {
        self.elements.iter().all(|x| x.is_finite())
    }

    /// √Σx², summed column by column in `f64`.
    pub fn norm(&self) -> f64 {
        self.elements.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>().sqrt()
    }

    /// Changes the number of columns; new ones are zero. Allocates only beyond the largest size so far.
    pub(crate) fn set_columns(&mut self, columns: usize) {
        self.columns = columns;
        self.elements.resize(self.rows * columns, T::ZERO);
    }

    /// All elements as they lie in memory; tensors of one shape lie alike.
    pub(crate) fn storage(&self) -> &[T] {
        &self.elements
    }

    /// All elements as they lie in memory, for changing.
    pub(crate) fn storage_mut(&mut self) -> &mut [T] {
        &mut self.elements
    }

    pub(crate) fn column_slice(&self, j: usize) -> &[T] {
        &self.elements[j * self.rows..(j + 1) * self.rows]
    }

    pub(crate) fn column_slice_mut(&mut self, j: usize) -> &mut [T] {
        &mut self.elements[j * self.rows..(j + 1) * self.rows]
    }
}

/// Element in row `.0` and column `.1`.
impl<T: Scalar> Index<(usize, usize)> for Tensor<T> {
    type Output = T;

    fn index(&self, (i, j): (usize, usize)) -> &T {
        assert!(i < self.rows, "row {i} of a matrix with {} rows", self.rows);
        &self.elements[j * self.rows + i]
    }
}

impl<T: Scalar> IndexMut<(usize, usize)> for Tensor<T> {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut T {
        assert!(i < self.rows, "row {i} of a matrix with {} rows", self.rows);
        &mut self.elements[j * self.rows + i]
    }
}

/// Row by row, as on paper.
impl<T: Scalar> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = f.precision();
        let text: Vec<Vec<String>> = (0..self.rows)
            .map(|i| self.row(i).map(|x| precision.map_or_else(|| x.to_string(), |p| format!("{x:.p$}"))).collect())
            .collect();
        let width = text.iter().flatten().map(String::len).max().unwrap_or(0);
        for (i, row) in text.iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|cell| format!("{cell:>width$}")).collect();
            write!(f, "{}[{}]", if i == 0 { "" } else { "\n" }, cells.join(" "))?;
        }
        Ok(())
    }
}

impl<T: Scalar> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor {}×{} {}\n{self}", self.rows, self.columns, T::DTYPE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_rows_and_columns() {
        let x = Tensor::from_rows([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(x.column(1).collect::<Vec<_>>(), [2.0, 5.0]);
        assert_eq!(x.row(1).collect::<Vec<_>>(), [4.0, 5.0, 6.0]);
        assert_eq!(x.iter().copied().collect::<Vec<_>>(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(x.select_columns(&[2, 0]), Tensor::from_rows([[3.0, 1.0], [6.0, 4.0]]));
        assert_eq!(x.to_string(), "[1 2 3]\n[4 5 6]");
        assert_eq!(Tensor::from_rows([[3.0f32, 4.0]]).norm(), 5.0);
    }

    #[test]
    fn columns_must_be_whole() {
        let error = Tensor::from_columns(2, vec![1.0, 2.0, 3.0]).unwrap_err();
        assert_eq!(error.to_string(), "Tensor::from_columns: expected columns of 2, found 3");
    }

    #[test]
    #[should_panic(expected = "row 2 of a matrix with 2 rows")]
    fn a_row_outside_is_not_the_next_column() {
        let _ = Tensor::<f64>::zeros(2, 3)[(2, 0)];
    }
}
