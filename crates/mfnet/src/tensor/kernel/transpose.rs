//! Transposes, in squares of a group of rows where there are instructions for it.

#[cfg(target_arch = "x86_64")]
use super::{Instructions, Panels, Vector};
use super::{Scalar, fits};

/// `to[r · to_step + c] = from[c · from_step + r]` for all rows r and columns c.
pub(crate) fn transpose<T: Scalar>(
    (from, from_step): (&[T], usize),
    (to, to_step): (&mut [T], usize),
    rows: usize,
    columns: usize,
) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(from.len() >= rows && fits(columns - 1, from_step, from.len() - rows), "the matrix is too short");
    assert!(to.len() >= columns && fits(rows - 1, to_step, to.len() - columns), "the transpose is too short");
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
    let (mut whole_rows, mut whole_columns) = (0, 0);
    #[cfg(target_arch = "x86_64")]
    if Instructions::best() != Instructions::Portable {
        let whole_groups = rows.is_multiple_of(T::GROUP) && columns.is_multiple_of(T::GROUP);
        let wide = Instructions::best() == Instructions::Avx512 && whole_groups;
        let tile = if wide { T::Avx512::SQUARE } else { T::Avx2::SQUARE };
        (whole_rows, whole_columns) = (rows - rows % tile, columns - columns % tile);
        for c in (0..whole_columns).step_by(tile) {
            for r in (0..whole_rows).step_by(tile) {
                // SAFETY: the tile lies in both matrices, and the instructions are there.
                unsafe {
                    let (from, to) = (from.as_ptr().add(c * from_step + r), to.as_mut_ptr().add(r * to_step + c));
                    if wide {
                        T::Avx512::transpose(from, from_step, to, to_step);
                    } else {
                        T::Avx2::transpose(from, from_step, to, to_step);
                    }
                }
            }
        }
    }
    for c in 0..columns {
        for r in if c < whole_columns { whole_rows } else { 0 }..rows {
            to[r * to_step + c] = from[c * from_step + r];
        }
    }
}
