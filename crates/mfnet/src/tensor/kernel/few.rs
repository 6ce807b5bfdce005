//! The product of a layer with few outputs: vectors run along the inputs, k, instead of along the
//! outputs.
//!
//! Each element has a sum for each lane of a group of rows, a chain of multiply-adds over the
//! groups; the lanes are added at the end. Meanwhile a tile of some columns of both factors stays
//! in registers.

use std::ops::Range;

use super::{GROUP, Instructions, Panels, Scalar, Vector, fits};

/// The product of the transpose of `left`, which has few columns, and `right`: two matrices with
/// equally many rows, in panels.
pub(crate) struct Few<'a, T> {
    pub(crate) left: &'a [T],
    pub(crate) left_columns: usize,
    pub(crate) right: &'a [T],
    pub(crate) right_columns: usize,
    pub(crate) rows: usize,
    /// Added to each row of the product.
    pub(crate) start: &'a [T],
}

/// Writes the columns `columns` of start + leftᵀ · right, `height` elements apart.
///
/// An element is a sum for each lane of a group of rows, and then of the lanes by halves, in the
/// same order wherever it is.
///
/// # Panics
/// If a slice is too short.
#[inline(never)]
pub(crate) fn few<T: Scalar>(few: &Few<'_, T>, columns: Range<usize>, height: usize, out: &mut [T]) {
    few_with(Instructions::best(), few, columns, height, out);
}

/// [`few`] with these instructions, which the processor must have.
pub(super) fn few_with<T: Scalar>(
    instructions: Instructions,
    few: &Few<'_, T>,
    columns: Range<usize>,
    height: usize,
    out: &mut [T],
) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    unsafe fn avx512<T: Scalar>(few: &Few<'_, T>, columns: Range<usize>, height: usize, out: &mut [T]) {
        // SAFETY: the caller's.
        unsafe { few_columns::<T::Avx512, 4, 5>(few, columns, height, out) }
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<T: Scalar>(few: &Few<'_, T>, columns: Range<usize>, height: usize, out: &mut [T]) {
        // SAFETY: the caller's.
        unsafe { few_columns::<T::Avx2, 2, 2>(few, columns, height, out) }
    }
    // if the count overflows, nothing fits
    let rows = few.rows.checked_next_multiple_of(T::GROUP).unwrap_or(usize::MAX);
    assert!(fits(few.left_columns, rows, few.left.len()), "the left factor is too short");
    assert!(fits(few.right_columns, rows, few.right.len()), "the right factor is too short");
    assert!(few.start.len() >= few.left_columns, "the start is too short");
    assert!(columns.start <= columns.end && columns.end <= few.right_columns, "columns of the right factor");
    assert!(height >= few.left_columns && fits(columns.len(), height, out.len()), "the result is too short");
    // SAFETY: the slices are as long as the kernels reach, and the instructions are there.
    unsafe {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => avx512(few, columns, height, out),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => avx2(few, columns, height, out),
            Instructions::Portable => few_columns::<T::Portable, 1, 2>(few, columns, height, out),
        }
    }
}

/// All columns, `RIGHT` of the right factor and `LEFT` of the left one at a time.
///
/// # Safety
/// The slices are long enough, as `few_with` checks, and the processor has the instructions of `V`.
#[inline(always)]
unsafe fn few_columns<V: Vector, const RIGHT: usize, const LEFT: usize>(
    few: &Few<'_, V::Element>,
    columns: Range<usize>,
    height: usize,
    out: &mut [V::Element],
) where
    V::Element: Scalar,
{
    let mut j = columns.start;
    let mut out = out.chunks_mut(RIGHT * height);
    // SAFETY: as this function's.
    unsafe {
        while j + RIGHT <= columns.end {
            few_tiles::<V, RIGHT, LEFT>(few, j, height, out.next().unwrap_or_default());
            j += RIGHT;
        }
        for out in out.next().unwrap_or_default().chunks_mut(height).take(columns.end - j) {
            few_tiles::<V, 1, LEFT>(few, j, height, out);
            j += 1;
        }
    }
}

/// `RIGHT` columns of the right factor from j on by all of the left one.
///
/// # Safety
/// As [`few_columns`].
#[inline(always)]
unsafe fn few_tiles<V: Vector, const RIGHT: usize, const LEFT: usize>(
    few: &Few<'_, V::Element>,
    j: usize,
    height: usize,
    out: &mut [V::Element],
) where
    V::Element: Scalar,
{
    let mut i = 0;
    // SAFETY: as this function's.
    unsafe {
        while i + LEFT <= few.left_columns {
            few_tile::<V, RIGHT, LEFT>(few, i, j, height, out);
            i += LEFT;
        }
        match few.left_columns - i {
            4 if LEFT > 4 => few_tile::<V, RIGHT, 4>(few, i, j, height, out),
            3 if LEFT > 3 => few_tile::<V, RIGHT, 3>(few, i, j, height, out),
            2 if LEFT > 2 => few_tile::<V, RIGHT, 2>(few, i, j, height, out),
            1 if LEFT > 1 => few_tile::<V, RIGHT, 1>(few, i, j, height, out),
            _ => {}
        }
    }
}

/// Adds the products of columns `step` elements apart, over some groups of rows.
///
/// # Safety
/// As [`few_columns`].
#[inline(always)]
unsafe fn products_of_groups<V: Vector, const RIGHT: usize, const LEFT: usize>(
    sums: &mut [[V; LEFT]; RIGHT],
    mut a: *const V::Element,
    mut b: *const V::Element,
    step: usize,
    groups: usize,
) {
    let group = GROUP / size_of::<V::Element>();
    // SAFETY: as this function's.
    unsafe {
        for _ in 0..groups {
            let mut x = [V::zero(); LEFT];
            for (l, x) in x.iter_mut().enumerate() {
                *x = V::load(a.add(l * step));
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let y = V::load(b.add(r * step));
                for (sum, x) in sums.iter_mut().zip(x) {
                    *sum = sum.plus(x, y);
                }
            }
            (a, b) = (a.add(group), b.add(group));
        }
    }
}

/// Columns of both factors from i and j on.
///
/// # Safety
/// As [`few_columns`].
#[inline(always)]
unsafe fn few_tile<V: Vector, const RIGHT: usize, const LEFT: usize>(
    few: &Few<'_, V::Element>,
    i: usize,
    j: usize,
    height: usize,
    out: &mut [V::Element],
) where
    V::Element: Scalar,
{
    let (group, panel) = (V::Element::GROUP, V::Element::PANEL);
    // SAFETY: every place lies before the ends that `few_with` checked.
    unsafe {
        let mut sums = [[V::zero(); LEFT]; RIGHT];
        // after the last whole panel these are no places of the factors, and never read
        let (mut a, mut b) = (few.left.as_ptr().wrapping_add(i * panel), few.right.as_ptr().wrapping_add(j * panel));
        for _ in 0..few.rows / panel {
            products_of_groups(&mut sums, a, b, panel, panel / group);
            (a, b) = (a.wrapping_add(panel * few.left_columns), b.wrapping_add(panel * few.right_columns));
        }
        // the last panel
        let first = few.rows / panel * panel;
        let (whole, step) = (few.rows / group * group, (few.rows - first).next_multiple_of(group));
        let (a, b) =
            (few.left.as_ptr().add(first * few.left_columns), few.right.as_ptr().add(first * few.right_columns));
        products_of_groups(&mut sums, a.add(i * step), b.add(j * step), step, (whole - first) / group);
        if whole < few.rows {
            // padding rows are not elements
            let rest = few.rows - whole;
            let part = |factor: &[V::Element], columns: usize, column: usize| {
                let mut lanes = [V::Element::ZERO; GROUP];
                let from = first * columns + column * step + whole % panel;
                lanes[..rest].copy_from_slice(&factor[from..from + rest]);
                V::load(lanes.as_ptr())
            };
            for (r, sums) in sums.iter_mut().enumerate() {
                let y = part(few.right, few.right_columns, j + r);
                for (l, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.plus(part(few.left, few.left_columns, i + l), y);
                }
            }
        }
        for (sums, out) in sums.into_iter().zip(out.chunks_mut(height)) {
            for (sum, (out, start)) in sums.into_iter().zip(out[i..].iter_mut().zip(&few.start[i..])) {
                *out = *start + sum.sum();
            }
        }
    }
}
