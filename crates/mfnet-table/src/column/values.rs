use std::sync::Arc;

use super::Column;

/// A number for each row of a column; NaN for a missing value.
///
/// It shares the numbers of the table: cloning and renumbering values copies no rows.
#[derive(Clone, Debug)]
pub struct Values {
    /// The column that holds the numbers, or the code of each row.
    column: Option<Arc<Column>>,
    /// The number of each code of the column; without a column, of each row.
    numbers: Arc<[f64]>,
}

/// The representation of values in memory.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// A number for each row.
    Numbers(&'a [f64]),
    /// A code for each row, and a number for each code.
    Codes(&'a [u32], &'a [f64]),
    /// The same with at most 256 codes.
    Bytes(&'a [u8], &'a [f64]),
}

impl From<Vec<f64>> for Values {
    fn from(numbers: Vec<f64>) -> Self {
        Values { column: None, numbers: numbers.into() }
    }
}

/// Whether the numbers are the same; NaN is equal to nothing.
impl<T: AsRef<[f64]> + ?Sized> PartialEq<T> for Values {
    fn eq(&self, numbers: &T) -> bool {
        self.iter().eq(numbers.as_ref().iter().copied())
    }
}

impl Values {
    /// The column's own numbers, or a number for each of its distinct texts.
    pub(super) fn of(column: &Arc<Column>, numbers: Vec<f64>) -> Self {
        Values { column: Some(Arc::clone(column)), numbers: numbers.into() }
    }

    /// The numbers in memory.
    pub fn view(&self) -> View<'_> {
        self.column.as_ref().map_or(View::Numbers(&self.numbers), |column| column.view(&self.numbers))
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self.view() {
            View::Numbers(numbers) => numbers.len(),
            View::Codes(codes, _) => codes.len(),
            View::Bytes(codes, _) => codes.len(),
        }
    }

    /// The number of a row.
    ///
    /// # Panics
    /// If the row is out of range.
    #[inline]
    pub fn row(&self, row: usize) -> f64 {
        match self.view() {
            View::Numbers(numbers) => numbers[row],
            View::Codes(codes, numbers) => numbers[codes[row] as usize],
            View::Bytes(codes, numbers) => numbers[usize::from(codes[row])],
        }
    }

    /// The number of every row.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.rows()).map(|row| self.row(row))
    }

    /// Applies `number` to each number; with codes, once for each code.
    pub fn map(&self, number: impl Fn(f64) -> f64) -> Self {
        match self.view() {
            View::Numbers(numbers) => numbers.iter().copied().map(number).collect::<Vec<_>>().into(),
            View::Codes(_, numbers) | View::Bytes(_, numbers) => {
                Values { column: self.column.clone(), numbers: numbers.iter().copied().map(number).collect() }
            }
        }
    }
}
