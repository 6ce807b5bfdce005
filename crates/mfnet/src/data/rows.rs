use std::sync::Arc;

use crate::tensor::kernel::prefetch;

/// The numbers of samples, sample after sample, in their original type. Clones share the numbers.
///
/// ```
/// use mfnet::{Dataset, Targets};
/// use mfnet::data::Rows;
/// let rows = Rows::from(vec![1.5_f32, 2.5, 3.5, 4.5]);
/// let data = Dataset::from_rows("two of two", 2, rows, Targets::from_labels("kind", ["a", "b"]))?;
/// assert_eq!(data.inputs().column(1).collect::<Vec<_>>(), [3.5, 4.5]);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Rows {
    /// 64-bit numbers.
    F64(Arc<Vec<f64>>),
    /// 32-bit numbers.
    F32(Arc<Vec<f32>>),
    /// Bytes, such as pixels: numbers from 0 to 255.
    Bytes(Arc<Vec<u8>>),
}

/// Evaluates `$body` with `$numbers` as the slice of its type.
macro_rules! each_type {
    ($rows:expr, $numbers:ident => $body:expr) => {
        match $rows {
            Rows::F64($numbers) => $body,
            Rows::F32($numbers) => $body,
            Rows::Bytes($numbers) => $body,
        }
    };
}

impl Rows {
    /// Count of the numbers.
    pub(super) fn len(&self) -> usize {
        each_type!(self, numbers => numbers.len())
    }

    /// The number at this index.
    pub(super) fn number(&self, place: usize) -> f64 {
        match self {
            Rows::F64(numbers) => numbers[place],
            Rows::F32(numbers) => numbers[place].into(),
            Rows::Bytes(bytes) => bytes[place].into(),
        }
    }

    pub(super) fn prefetch(&self, place: usize) {
        each_type!(self, numbers => prefetch(&numbers[place..=place]));
    }
}

impl From<Vec<f64>> for Rows {
    fn from(numbers: Vec<f64>) -> Self {
        Rows::F64(Arc::new(numbers))
    }
}

impl From<Vec<f32>> for Rows {
    fn from(numbers: Vec<f32>) -> Self {
        Rows::F32(Arc::new(numbers))
    }
}

impl From<Vec<u8>> for Rows {
    fn from(bytes: Vec<u8>) -> Self {
        Rows::Bytes(Arc::new(bytes))
    }
}
