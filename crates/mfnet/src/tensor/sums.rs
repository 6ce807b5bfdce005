//! Sums over all elements, in `f64` and in an order that depends on the shape alone: a sum for each row of a
//! panel, over some columns.

use std::ops::Range;

use super::kernel::{Body, GROUP, with_vectors};
use super::parts::sum_over_columns;
use super::{Scalar, Tensor};

impl<T: Scalar> Tensor<T> {
    /// The Frobenius norm √Σx², summed in `f64` and a fixed order. It is a number whenever √Σx² is one, even
    /// if the squares are not.
    pub fn norm(&self) -> f64 {
        let sum = self.sum_of_squares(0, |x| x);
        if is_exact(sum) {
            return sum.sqrt();
        }
        let largest = self.iter().fold(0.0, |largest: f64, x| largest.max(x.to_f64().abs()));
        if sum.is_nan() || largest == 0.0 || largest.is_infinite() {
            return sum.sqrt();
        }
        largest * self.sum_of_squares(0, |x| x / largest).sqrt()
    }

    /// Σ f(x)² over the columns from `first` on.
    pub(crate) fn sum_of_squares(&self, first: usize, of: impl Fn(f64) -> f64 + Copy + Sync) -> f64 {
        let columns = self.columns.saturating_sub(first);
        sum_over_columns(columns, 4 * self.rows * columns, |some: Range<usize>| {
            let columns = first + some.start..first + some.end;
            with_vectors(Products { left: self, right: self, columns, of: |x, y| of(x) * of(y) })
        })
    }

    /// Σ x y over the elements of two matrices of the same shape, in the order of [`Tensor::norm`].
    pub(crate) fn dot(&self, other: &Self) -> f64 {
        assert_eq!(self.shape(), other.shape(), "shapes of the factors");
        sum_over_columns(self.columns, 4 * self.rows * self.columns, |columns| {
            with_vectors(Products { left: self, right: other, columns, of: |x, y| x * y })
        })
    }
}

/// Σ f(x, y) over some columns of two matrices. Each row of a panel has its own sum, so that they become vectors.
struct Products<'a, T: Scalar, F> {
    left: &'a Tensor<T>,
    right: &'a Tensor<T>,
    columns: Range<usize>,
    of: F,
}

impl<T: Scalar, F: Fn(f64, f64) -> f64> Body for Products<'_, T, F> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut sums = [0.0; GROUP];
        for j in self.columns {
            for panel in 0..self.left.layout().panels() {
                let pair = self.left.piece(panel, j).iter().zip(self.right.piece(panel, j));
                for (sum, (x, y)) in sums.iter_mut().zip(pair) {
                    *sum += (self.of)(x.to_f64(), y.to_f64());
                }
            }
        }
        sums.iter().sum()
    }
}

/// √Σx² of numbers that are not negative; a number whenever √Σx² is one, even if the squares are
/// not.
pub(crate) fn root_of_squares(numbers: impl Iterator<Item = f64> + Clone) -> f64 {
    let sum: f64 = numbers.clone().map(|x| x.powi(2)).sum();
    let largest = numbers.clone().fold(0.0, f64::max);
    if is_exact(sum) || sum.is_nan() || largest == 0.0 || largest.is_infinite() {
        return sum.sqrt();
    }
    largest * numbers.map(|x| (x / largest).powi(2)).sum::<f64>().sqrt()
}

/// Whether a sum of squares lost nothing that matters to overflow or underflow.
fn is_exact(sum: f64) -> bool {
    (f64::MIN_POSITIVE / f64::EPSILON..=f64::MAX).contains(&sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_of_large_and_small_numbers() {
        assert_eq!(Tensor::from_rows([[3.0f32, 4.0]]).norm(), 5.0);
        for size in [1e-300, 1e-160, 1e160, 2e307] {
            let norm = Tensor::from_rows([[3.0 * size, 4.0 * size]]).norm();
            assert!((norm / (5.0 * size) - 1.0).abs() < 1e-15, "{size}: {norm}");
        }
        assert_eq!(Tensor::from_rows([[0.0, f64::NEG_INFINITY]]).norm(), f64::INFINITY);
        assert!(Tensor::from_rows([[f64::NAN, 1e300]]).norm().is_nan());
        assert_eq!(Tensor::<f64>::zeros(2, 3).norm(), 0.0);
    }
}
