//! [`Tensor`]: a matrix of features × samples. This module decides how its elements are laid out in
//! memory.
//!
//! The rows are cut into panels of 64 (`f32`) or 32 (`f64`), 256 bytes. The last panel has the
//! remaining rows, padded to a multiple of 64 bytes. Each panel is stored column after column,
//! followed by the next panel:
//!
//! ```text
//! [panel][column][row of the panel]        element (i, j) of f32: panel i/64, column j, row i mod 64
//! ```
//!
//! So the kernel multiplies a whole column of a panel at once, for parameters, activations and
//! deltas alike, and the columns of a panel that one thread takes are contiguous. Padding rows are
//! no elements: they start as zeros, and whatever is written there is never used.

mod augmented;
mod elementary;
mod elements;
pub(crate) mod kernel;
pub(crate) mod memo;
pub(crate) mod parts;
pub(crate) mod product;
mod scalar;
pub(crate) mod stable;
mod sums;

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut, Range};

use aligned_vec::{AVec, ConstAlign};

use elements::{Elements, ElementsMut};
use kernel::Panels;
pub(crate) use memo::Memo;
pub use product::Operand;
pub use scalar::{Dtype, Scalar};
pub(crate) use sums::root_of_squares;

use crate::error::{Error, Result};

/// Elements aligned to a cache line.
type Storage<T> = AVec<T, ConstAlign<{ kernel::GROUP }>>;

/// Memory layout of a tensor of this shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout<T> {
    rows: usize,
    columns: usize,
    of: PhantomData<T>,
}

impl<T: Scalar> Layout<T> {
    /// Number of panels.
    pub(crate) fn panels(self) -> usize {
        self.rows.div_ceil(T::PANEL)
    }

    /// Number of rows of a panel, with padding.
    #[inline]
    pub(crate) fn height(self, panel: usize) -> usize {
        (self.rows - panel * T::PANEL).next_multiple_of(T::GROUP).min(T::PANEL)
    }

    /// The range of these columns of a panel in memory.
    #[inline]
    pub(crate) fn place(self, panel: usize, columns: Range<usize>) -> Range<usize> {
        let (start, height) = (panel * T::PANEL * self.columns, self.height(panel));
        start + columns.start * height..start + columns.end * height
    }

    /// The panel and the first column of a range in memory.
    pub(crate) fn at(self, place: &Range<usize>) -> (usize, usize) {
        let panel = place.start / (T::PANEL * self.columns).max(1);
        (panel, (place.start - panel * T::PANEL * self.columns) / self.height(panel))
    }

    /// Number of groups of rows.
    #[inline]
    pub(crate) fn groups(self) -> usize {
        self.rows.div_ceil(T::GROUP)
    }

    /// The range of some columns of a group of rows, with padding, and the distance between
    /// columns.
    #[inline]
    pub(crate) fn group(self, group: usize, columns: &Range<usize>) -> (Range<usize>, usize) {
        let (panel, within) = (group * T::GROUP / T::PANEL, group * T::GROUP % T::PANEL);
        let Range { start, end } = self.place(panel, columns.clone());
        let height = self.height(panel);
        (start + within..(end + within + T::GROUP).saturating_sub(height), height)
    }

    /// The range of one column of a panel, without padding.
    #[inline]
    pub(crate) fn piece(self, panel: usize, column: usize) -> Range<usize> {
        let start = self.place(panel, column..column).start;
        start..start + T::PANEL.min(self.rows - panel * T::PANEL)
    }
}

/// Number of elements of a matrix, with padding; `None` if there is not enough memory.
fn length<T: Scalar>(rows: usize, columns: usize) -> Option<usize> {
    let length = rows.checked_next_multiple_of(T::GROUP)?.checked_mul(columns)?;
    (length <= isize::MAX as usize / size_of::<T>()).then_some(length)
}

/// Number of elements of a matrix, with padding.
///
/// # Panics
/// If there is not enough memory.
fn expect_length<T: Scalar>(rows: usize, columns: usize) -> usize {
    length::<T>(rows, columns).unwrap_or_else(|| panic!("a tensor of {rows}×{columns} does not fit into memory"))
}

/// A matrix. Inputs, outputs and deltas have shape (features, samples): a column is a sample. The
/// parameters of a layer have shape (outputs, 1 + inputs).
///
/// It does not store the constant row of ones of the paper; [`Tensor::augmented`] shows it. The
/// memory layout is not part of the interface: access elements by (row, column), or by iterators,
/// which go column by column.
///
/// ```
/// use mfnet::Tensor;
/// let x = Tensor::from_rows([[1.0, 1.0, 2.0, 2.0], [2.0, 3.0, 2.0, 3.0]]);
/// assert_eq!((x.rows(), x.columns()), (2, 4));
/// assert_eq!(x[(1, 3)], 3.0);
/// assert_eq!(x.augmented().row(0).collect::<Vec<_>>(), [1.0; 4]);
/// ```
#[derive(Clone)]
pub struct Tensor<T: Scalar = f64> {
    rows: usize,
    columns: usize,
    /// Elements, panel after panel.
    elements: Storage<T>,
}

impl<T: Scalar> Tensor<T> {
    /// A matrix of zeros.
    ///
    /// # Panics
    /// If there is not enough memory.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        let elements = AVec::__from_elem(kernel::GROUP, T::ZERO, expect_length::<T>(rows, columns));
        Tensor { rows, columns, elements }
    }

    /// Bytes of a column of a matrix with this many rows, with padding.
    pub(crate) fn bytes_of_column(rows: usize) -> usize {
        rows.div_ceil(T::GROUP).saturating_mul(T::GROUP * size_of::<T>())
    }

    /// The matrix with elements `f(i, j)` in row i and column j; `f` is called column by column.
    ///
    /// # Panics
    /// As [`Tensor::zeros`].
    pub fn from_fn(rows: usize, columns: usize, mut f: impl FnMut(usize, usize) -> T) -> Self {
        let mut tensor = Self::zeros(rows, columns);
        for j in 0..columns {
            for i in 0..rows {
                tensor[(i, j)] = f(i, j);
            }
        }
        tensor
    }

    /// The matrix with these rows.
    pub fn from_rows<const R: usize, const C: usize>(rows: [[T; C]; R]) -> Self {
        Self::from_fn(R, C, |i, j| rows[i][j])
    }

    /// The matrix with the columns of `elements`, one after the other; each column is a sample.
    ///
    /// ```
    /// use mfnet::Tensor;
    /// let x = Tensor::from_columns(2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    /// assert_eq!(x, Tensor::from_rows([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]));
    /// let mut elements = [0.0; 6];
    /// x.write_columns(&mut elements);
    /// assert_eq!(elements, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if `elements` is not a whole number of
    /// columns, or has more rows than memory can hold.
    pub fn from_columns(rows: usize, elements: Vec<T>) -> Result<Self> {
        match elements.len().checked_div(rows) {
            Some(columns) if columns * rows == elements.len() && length::<T>(rows, columns).is_some() => {
                let mut tensor = Self::zeros(rows, columns);
                tensor.read_columns(&elements);
                Ok(tensor)
            }
            _ => Err(Error::shape("Tensor::from_columns", format!("columns of {rows}"), elements.len())),
        }
    }

    /// Copies `elements` into all columns, one after the other.
    ///
    /// # Panics
    /// If there is another number of elements.
    pub fn read_columns(&mut self, elements: &[T]) {
        assert_eq!(elements.len(), self.rows * self.columns, "read_columns: the number of elements");
        self.runs().for_each(|(place, piece)| self.elements[place].copy_from_slice(&elements[piece]));
    }

    /// Copies all columns into `elements`, one after the other.
    ///
    /// # Panics
    /// If `elements` has another length.
    pub fn write_columns(&self, elements: &mut [T]) {
        assert_eq!(elements.len(), self.rows * self.columns, "write_columns: the number of elements");
        self.runs().for_each(|(place, piece)| elements[piece].copy_from_slice(&self.elements[place]));
    }

    /// The parts of columns that are contiguous in memory: their places there, and among the elements
    /// column by column.
    fn runs(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<T> {
        let (layout, rows) = (self.layout(), self.rows);
        (0..layout.panels()).flat_map(move |panel| {
            (0..layout.columns).map(move |column| {
                let place = layout.piece(panel, column);
                let start = column * rows + panel * T::PANEL;
                (place.clone(), start..start + place.len())
            })
        })
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
    ///
    /// # Panics
    /// If there is no such column.
    pub fn column(&self, j: usize) -> impl ExactSizeIterator<Item = T> + '_ {
        self.expect_column(j);
        Elements::new(self, j..j + 1).copied()
    }

    /// The elements of one row, from the left.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, i: usize) -> impl ExactSizeIterator<Item = T> + '_ {
        self.expect_row(i);
        (0..self.columns).map(move |j| self[(i, j)])
    }

    /// All elements, column by column.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> + Clone {
        Elements::new(self, 0..self.columns)
    }

    /// All elements, mutable, column by column.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut T> {
        ElementsMut::new(self)
    }

    /// Sets every element to `x`.
    pub fn fill(&mut self, x: T) {
        self.elements.fill(x);
    }

    /// Copies `other` into `self`; allocates only if it needs more memory.
    pub fn copy_from(&mut self, other: &Self) {
        (self.rows, self.columns) = other.shape();
        self.elements.clear();
        self.elements.extend_from_slice(&other.elements);
    }

    /// Applies f to every element.
    pub fn map<U: Scalar>(&self, f: impl Fn(T) -> U) -> Tensor<U> {
        Tensor::from_fn(self.rows, self.columns, |i, j| f(self[(i, j)]))
    }

    /// The columns with these indices, in this order.
    ///
    /// # Panics
    /// If there is no such column, or as [`Tensor::zeros`].
    pub fn select_columns(&self, columns: &[usize]) -> Self {
        columns.iter().for_each(|&j| self.expect_column(j));
        Self::from_fn(self.rows, columns.len(), |i, j| self[(i, columns[j])])
    }

    /// The row of the largest element of each column (the first of equal ones): the class with the
    /// largest logit.
    ///
    /// ```
    /// use mfnet::Tensor;
    /// assert_eq!(Tensor::from_rows([[0.1, 2.0, 1.0], [0.7, -1.0, 1.0]]).argmax(), [1, 0, 0]);
    /// ```
    pub fn argmax(&self) -> Vec<usize> {
        (0..self.columns).map(|j| self.argmax_of(j)).collect()
    }

    /// The row of the largest element of one column.
    pub(crate) fn argmax_of(&self, j: usize) -> usize {
        (1..self.rows).fold(0, |best, i| if self[(i, j)] > self[(best, j)] { i } else { best })
    }

    /// Whether all elements are finite.
    pub fn is_finite(&self) -> bool {
        self.iter().all(|x| x.is_finite())
    }

    /// Each column becomes `factor` times itself plus the rest of 1 times the next one, the last with the
    /// first.
    pub(crate) fn mix_with_next(&mut self, factor: T, room: &mut Vec<T>) {
        let (layout, columns, rest) = (self.layout(), self.columns, T::ONE - factor);
        for panel in 0..layout.panels() {
            let height = layout.height(panel);
            let elements = &mut self.elements[layout.place(panel, 0..columns)];
            room.clear();
            room.extend_from_slice(&elements[..height]);
            for j in 0..columns {
                let (column, next) = elements[j * height..].split_at_mut(height);
                let next = if j + 1 < columns { &next[..height] } else { &room[..] };
                kernel::vectorised(column.iter_mut().zip(next), |(x, y)| *x = factor * *x + rest * *y);
            }
        }
    }

    /// Multiplies every element by `factor`.
    pub(crate) fn scale(&mut self, factor: T) {
        parts::for_each_chunk(&mut self.elements, 4096, self.rows * self.columns, |_, elements| {
            kernel::vectorised(elements.iter_mut(), |x| *x *= factor);
        });
    }

    /// Adds another matrix of the same shape, element by element.
    pub(crate) fn add(&mut self, other: &Self) {
        assert_eq!(self.shape(), other.shape(), "shapes of the terms");
        parts::for_each_chunk(&mut self.elements, 4096, self.rows * self.columns, |i, elements| {
            let other = &other.elements[i * 4096..];
            kernel::vectorised(elements.iter_mut().zip(other), |(x, y)| *x += *y);
        });
    }

    /// The elements of one column, mutable, from the top.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn column_mut(&mut self, j: usize) -> impl Iterator<Item = &mut T> {
        self.expect_column(j);
        let (layout, rows) = (self.layout(), self.rows);
        let panels = self.elements.chunks_mut((T::PANEL * self.columns).max(1)).enumerate();
        panels.flat_map(move |(panel, elements)| {
            let (height, rows) = (layout.height(panel), T::PANEL.min(rows - panel * T::PANEL));
            elements[j * height..][..rows].iter_mut()
        })
    }

    /// Changes the number of columns; the elements are unspecified. Allocates only beyond the
    /// largest size so far.
    pub(crate) fn set_columns(&mut self, columns: usize) {
        if columns != self.columns {
            self.elements.resize(expect_length::<T>(self.rows, columns), T::ZERO);
            self.columns = columns;
            // clear the padding of the last panel, which has moved
            let last = self.rows / T::PANEL * T::PANEL * columns;
            self.elements[last..].fill(T::ZERO);
        }
    }

    /// Sets the padding to 0.
    pub(crate) fn clear_padding(&mut self) {
        let (layout, columns) = (self.layout(), self.columns);
        let Some(last) = layout.panels().checked_sub(1) else { return };
        let rows = self.rows - last * T::PANEL;
        let panel = &mut self.elements[layout.place(last, 0..columns)];
        panel.chunks_exact_mut(layout.height(last)).for_each(|column| column[rows..].fill(T::ZERO));
    }

    /// The elements of a matrix with one column, in order.
    pub(crate) fn only_column(&self) -> &[T] {
        assert!(self.columns == 1, "one column");
        &self.elements[..self.rows]
    }

    pub(crate) fn only_column_mut(&mut self) -> &mut [T] {
        assert!(self.columns == 1, "one column");
        &mut self.elements[..self.rows]
    }

    /// All elements in memory order, which is the same for tensors of one shape.
    pub(crate) fn storage(&self) -> &[T] {
        &self.elements
    }

    /// All elements in memory order, mutable.
    pub(crate) fn storage_mut(&mut self) -> &mut [T] {
        &mut self.elements
    }

    /// The memory layout.
    pub(crate) fn layout(&self) -> Layout<T> {
        Layout { rows: self.rows, columns: self.columns, of: PhantomData }
    }

    /// A panel, column after column.
    pub(crate) fn panel(&self, panel: usize) -> &[T] {
        &self.elements[self.layout().place(panel, 0..self.columns)]
    }

    /// Some columns of a group of rows, and the distance between columns.
    pub(crate) fn group(&self, group: usize, columns: &Range<usize>) -> (&[T], usize) {
        let (place, step) = self.layout().group(group, columns);
        (&self.elements[place], step)
    }

    /// Number of rows of a group, without padding.
    pub(crate) fn rows_in(&self, group: usize) -> usize {
        T::GROUP.min(self.rows - group * T::GROUP)
    }

    /// One column of a panel, without padding.
    pub(crate) fn piece(&self, panel: usize, column: usize) -> &[T] {
        &self.elements[self.layout().piece(panel, column)]
    }

    /// The pieces of a column.
    pub(crate) fn pieces(&self, column: usize) -> impl Iterator<Item = &[T]> {
        (0..self.layout().panels()).map(move |panel| self.piece(panel, column))
    }

    fn expect_row(&self, i: usize) {
        assert!(i < self.rows, "row {i} of a matrix with {} rows", self.rows);
    }

    fn expect_column(&self, j: usize) {
        assert!(j < self.columns, "column {j} of a matrix with {} columns", self.columns);
    }

    /// The position of an element in memory.
    ///
    /// # Panics
    /// If there is no such row or column.
    fn index_of(&self, (i, j): (usize, usize)) -> usize {
        self.expect_row(i);
        self.expect_column(j);
        self.layout().place(i / T::PANEL, j..j + 1).start + i % T::PANEL
    }
}

impl<T: Scalar> PartialEq for Tensor<T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.iter().eq(other.iter())
    }
}

/// Element in row `.0` and column `.1`.
impl<T: Scalar> Index<(usize, usize)> for Tensor<T> {
    type Output = T;

    fn index(&self, place: (usize, usize)) -> &T {
        &self.elements[self.index_of(place)]
    }
}

impl<T: Scalar> IndexMut<(usize, usize)> for Tensor<T> {
    fn index_mut(&mut self, place: (usize, usize)) -> &mut T {
        let place = self.index_of(place);
        &mut self.elements[place]
    }
}

/// Writes the matrix row by row.
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
    }

    #[test]
    fn columns_must_be_whole() {
        let error = Tensor::from_columns(2, vec![1.0, 2.0, 3.0]).unwrap_err();
        assert_eq!(error.to_string(), "Tensor::from_columns: expected columns of 2, found 3");
    }

    #[test]
    #[should_panic(expected = "column 3 of a matrix with 3 columns")]
    fn a_column_outside_is_not_the_next_panel() {
        let _ = Tensor::<f64>::zeros(65, 3).column(3);
    }

    #[test]
    #[should_panic(expected = "row 2 of a matrix with 2 rows")]
    fn a_row_outside_is_refused_where_there_are_no_columns() {
        let _ = Tensor::<f64>::zeros(2, 0).row(2);
    }

    #[test]
    #[should_panic(expected = "column 1 of a matrix with 1 columns")]
    fn selected_columns_are_those_that_are_there() {
        let _ = Tensor::<f64>::zeros(0, 1).select_columns(&[0, 1]);
    }

    #[test]
    #[should_panic(expected = "a tensor of 8×2305843009213693952 does not fit into memory")]
    fn what_has_more_elements_than_a_number_counts_is_refused() {
        let a = Tensor::<f64>::zeros(8, 1 << 61);
        a.product(a.transposed());
    }

    #[test]
    fn memory_has_an_end() {
        assert_eq!(length::<f64>(9, 3), Some(48));
        assert_eq!(length::<f32>(1 << 62, 0), Some(0));
        assert_eq!(length::<f64>(1, (1 << 57) - 1), Some((1 << 60) - 8));
        for (rows, columns) in [(1, 1 << 57), (8, 1 << 61), (1 << 61, 8), (usize::MAX, 0), (usize::MAX, usize::MAX)] {
            assert_eq!(length::<f64>(rows, columns), None, "{rows}×{columns}");
        }
        let error = Tensor::<f64>::from_columns(usize::MAX, Vec::new()).unwrap_err();
        assert!(matches!(error.kind(), crate::error::ErrorKind::Shape(..)), "{error}");
    }

    #[test]
    #[should_panic(expected = "row 2 of a matrix with 2 rows")]
    fn a_row_outside_is_not_the_next_column() {
        let _ = Tensor::<f64>::zeros(2, 3)[(2, 0)];
    }
}
