//! The products of a panel: `out[·, c] = start + Σ_k left[·, k] · right(k, c)` for a strip, some
//! columns, of the result.
//!
//! The left factor is a panel: up to 64 rows in `f32` and 32 in `f64`; column k is contiguous at k
//! · height. The right factor is read element by element, and each element multiplies a whole
//! column of the panel. A tile of the result, all rows of the panel by a few columns, stays in
//! registers while k runs; with AVX2, through a part of a deep product (`strip_in_parts`). Nothing
//! is packed or copied.
//!
//! Every element of a strip is one chain of fused multiply-adds over k = 0, 1, …. So it has the
//! same bits however the result is cut into strips and tiles, and on every processor with a fused
//! multiply-add. The instruction set is selected at run time; a processor without that instruction
//! rounds the product before it is added.
//!
//! The files below have the product of few outputs (`few`), whose sums have another order, the
//! transposes, registers (`vectors`), the selection of instructions, and prefetching.
//!
//! All unsafe code is here, in the files below, in `parts.rs` and in `threads.rs`; the functions
//! that others call are safe.
#![allow(unsafe_code)]

mod few;
mod instructions;
mod prefetch;
mod transpose;
mod vectors;

use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::null;

use super::Scalar;
pub(crate) use few::{Few, few};
use instructions::Instructions;
pub(crate) use instructions::{Body, vectorised, with_vectors};
pub(crate) use prefetch::prefetch;
use prefetch::{prefetch_bytes, prefetch_late};
pub(crate) use transpose::transpose;
#[cfg(target_arch = "x86_64")]
use vectors::x86;
use vectors::{PortableF32, PortableF64, Vector};

/// Bytes in a group of rows. The height of a panel is a whole number of groups.
pub(super) const GROUP: usize = 64;

/// The right factor of a strip: the positions of its elements.
///
/// The depth is cut into runs; within a run, row k and column c are at `offset(run) + k · row_step
/// + c · column_step`.
pub(crate) struct Right<'a, T> {
    pub(super) elements: &'a [T],
    /// Number of rows.
    pub(super) depth: usize,
    /// Number of rows in a run; the last has the remaining ones.
    pub(super) run: usize,
    /// Distance between the first elements of two runs.
    pub(super) run_step: usize,
    /// Distance between two rows.
    pub(super) row_step: usize,
    /// Distance between two columns, in a whole run and in the last one.
    pub(super) column_step: usize,
    pub(super) last_column_step: usize,
    /// Distance to the same position in the next panel, which is prefetched; 0 for none.
    pub(super) next: usize,
}

impl<'a, T> Right<'a, T> {
    /// One column with `element` in every row.
    pub(super) fn constant(element: &'a T, depth: usize) -> Self {
        let elements = std::slice::from_ref(element);
        Right {
            elements,
            depth,
            run: usize::MAX,
            run_step: 0,
            row_step: 0,
            column_step: 0,
            last_column_step: 0,
            next: 0,
        }
    }

    /// The most rows that are no more than `most` and can be a part: whole runs, or some rows of
    /// the only one. All if a run has more.
    #[cfg(target_arch = "x86_64")]
    fn whole_runs(&self, most: usize) -> usize {
        match self.run {
            run if self.depth <= run => most,
            run if run <= most => most / run * run,
            _ => self.depth,
        }
    }

    /// Some of its rows, which begin with a run or are of the only one, and end so.
    #[cfg(target_arch = "x86_64")]
    fn part(&self, rows: Range<usize>) -> Self {
        let place =
            if self.depth <= self.run { rows.start * self.row_step } else { rows.start / self.run * self.run_step };
        let last_column_step = self.column_step(rows.end == self.depth || self.depth <= self.run);
        Right { elements: &self.elements[place..], depth: rows.len(), last_column_step, ..*self }
    }

    fn column_step(&self, last: bool) -> usize {
        if last { self.last_column_step } else { self.column_step }
    }

    /// One more than the largest place that columns before `end` reach; none if no number is so
    /// large.
    fn reach(&self, end: usize) -> Option<usize> {
        if self.depth == 0 || end == 0 {
            return Some(0);
        }
        // most have one run, and a division takes as long as a small product
        let last = if self.depth <= self.run { 0 } else { (self.depth - 1) / self.run };
        let of_run = |run: usize, rows: usize| {
            let row = run.checked_mul(self.run_step)?.checked_add((rows - 1).checked_mul(self.row_step)?)?;
            row.checked_add((end - 1).checked_mul(self.column_step(run == last))?)?.checked_add(1)
        };
        let of_last = of_run(last, self.depth - last * self.run)?;
        if last == 0 { Some(of_last) } else { Some(of_last.max(of_run(last - 1, self.run)?)) }
    }
}

/// Whether this many columns of `height` elements fit into a slice of this length.
#[inline]
fn fits(columns: usize, height: usize, length: usize) -> bool {
    columns.checked_mul(height).is_some_and(|end| end <= length)
}

/// The left factor: a panel, and what is added to its product.
pub(crate) struct Left<'a, T> {
    /// Column after column, `height` elements each.
    pub(super) panel: &'a [T],
    pub(super) height: usize,
    /// A column to which the products are added; `None` for zeros.
    pub(super) start: Option<&'a [T]>,
}

impl<T> Left<'_, T> {
    /// Its columns from `first` on.
    #[cfg(target_arch = "x86_64")]
    fn from(&self, first: usize) -> Self {
        let start = if first == 0 { self.start } else { None };
        Left { panel: &self.panel[first * self.height..], height: self.height, start }
    }
}

/// What is done to a sum before it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Finish<'a, T> {
    /// Nothing.
    Keep,
    /// Replaces negative sums by 0.
    Relu,
    /// Replaces the sum by 0 unless the number at its position in this slice is above 0.
    WherePositive(&'a [T]),
    /// The sum is a gradient g, which updates the weight w at its position: w − η (g + λ w).
    Descend { eta: T, lambda: T },
}

/// Writes the columns `columns` of the product into `out`, column after column, `left.height`
/// elements each.
///
/// # Panics
/// If a slice is too short, or the height is no whole number of groups.
pub(super) fn strip<T: Scalar>(
    left: &Left<'_, T>,
    right: &Right<'_, T>,
    columns: Range<usize>,
    finish: Finish<'_, T>,
    out: &mut [T],
) {
    strip_with(Instructions::best(), left, right, columns, finish, out);
}

/// Room on the stack for a strip of at most a panel's columns.
#[repr(align(64))]
pub(super) struct Block<T>([MaybeUninit<T>; BLOCK]);

/// Number of elements of a block: a whole panel by as many columns, in `f32`.
const BLOCK: usize = 64 * 64;

impl<T: Scalar> Block<T> {
    /// A block without contents.
    pub(super) fn new() -> Self {
        Block([MaybeUninit::uninit(); BLOCK])
    }

    /// [`strip`] into the block.
    pub(super) fn strip(&mut self, left: &Left<'_, T>, right: &Right<'_, T>, columns: Range<usize>) -> &[T] {
        let out = &mut self.0[..columns.len() * left.height];
        strip_to(Instructions::best(), left, right, columns, Finish::Keep, out);
        // SAFETY: `strip_to` has written all of it.
        unsafe { std::slice::from_raw_parts(out.as_ptr().cast(), out.len()) }
    }
}

/// [`strip`] with these instructions, which the processor must have.
fn strip_with<T: Scalar>(
    instructions: Instructions,
    left: &Left<'_, T>,
    right: &Right<'_, T>,
    columns: Range<usize>,
    finish: Finish<'_, T>,
    out: &mut [T],
) {
    // SAFETY: the same memory; `strip_to` writes numbers and nothing else.
    let out = unsafe { std::slice::from_raw_parts_mut(out.as_mut_ptr().cast(), out.len()) };
    strip_to(instructions, left, right, columns, finish, out);
}

/// As above; except for [`Finish::Descend`], `out` may be uninitialised. All of the strip is
/// written.
#[inline(never)]
fn strip_to<T: Scalar>(
    instructions: Instructions,
    left: &Left<'_, T>,
    right: &Right<'_, T>,
    columns: Range<usize>,
    finish: Finish<'_, T>,
    out: &mut [MaybeUninit<T>],
) {
    let height = left.height;
    assert!(height > 0 && height.is_multiple_of(T::GROUP) && height <= T::PANEL, "height of a panel");
    assert!(right.run > 0, "rows of a run");
    assert!(fits(right.depth, height, left.panel.len()), "the left factor is too short");
    assert!(left.start.is_none_or(|start| start.len() >= height), "the start is too short");
    assert!(
        columns.start <= columns.end && right.reach(columns.end).is_some_and(|end| end <= right.elements.len()),
        "the right factor is too short"
    );
    assert!(fits(columns.len(), height, out.len()), "the result is too short");
    if let Finish::WherePositive(by) = finish {
        assert!(fits(columns.len(), height, by.len()), "the mask is too short");
    }
    let out: *mut T = out.as_mut_ptr().cast();
    // SAFETY: the slices are as long as the kernels reach, and the instructions are there.
    unsafe {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => strip_avx512(left, right, columns, finish, out),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 if is_for_parts(left, right, columns.len()) => {
                strip_in_parts(left, right, columns, finish, out);
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => strip_avx2(left, right, columns, (finish, null()), out),
            Instructions::Portable => {
                tiles::<T::Portable, 1, 2>(left, right, 0..height, columns, (finish, null()), out);
            }
        }
    }
}

/// Number of rows of the right factor, and columns of the panel, in a part of a strip: two groups
/// of these columns, 8 kB, stay in the first-level cache of a core, which two threads may share. A
/// whole number of panels.
#[cfg(target_arch = "x86_64")]
const DEPTH: usize = 64;

/// Whether a strip is faster in parts: there are enough to be worth their cost, the panel is too
/// large for the first-level cache, and a part of it meets many columns.
#[cfg(target_arch = "x86_64")]
fn is_for_parts<T: Kernels>(left: &Left<'_, T>, right: &Right<'_, T>, columns: usize) -> bool {
    right.depth > 2 * DEPTH && left.height > T::GROUP && columns >= 12 && fits(columns, left.height, BLOCK)
}

/// A strip in parts of its depth, so that the panel comes from the first cache for all tiles but
/// the first ones. The sums of a part go on from those of the part before: they are the same
/// chains, with the same bits.
///
/// # Safety
/// As `strip_avx2`: the slices are long enough, as `strip_to` checks, and the processor has the
/// instructions. The strip [`is_for_parts`].
#[cfg(target_arch = "x86_64")]
#[inline(never)]
unsafe fn strip_in_parts<T: Kernels>(
    left: &Left<'_, T>,
    right: &Right<'_, T>,
    columns: Range<usize>,
    finish: Finish<'_, T>,
    out: *mut T,
) {
    let mut sums = [MaybeUninit::<T>::uninit(); BLOCK];
    let sums: *mut T = sums.as_mut_ptr().cast();
    let (length, mut first, mut before) = (right.whole_runs(DEPTH), 0, null());
    // SAFETY: the parts lie in the slices, and what is in `sums` from the second part on the first
    // one has written.
    unsafe {
        while right.depth - first > length {
            let (left, right) = (left.from(first), right.part(first..first + length));
            strip_avx2(&left, &right, columns.clone(), (Finish::Keep, before), sums);
            (first, before) = (first + length, sums.cast_const());
        }
        strip_avx2(&left.from(first), &right.part(first..right.depth), columns, (finish, before), out);
    }
}

/// The memory layout for a type, within this crate.
pub(crate) trait Panels: Sized {
    /// Elements in a group of rows.
    const GROUP: usize = GROUP / size_of::<Self>();
    /// Rows of a whole panel.
    const PANEL: usize = 4 * Self::GROUP;
}

impl<T> Panels for T {}

/// The registers for elements of a type.
pub trait Kernels: Sized + Copy + 'static {
    type Portable: Vector<Element = Self>;
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<Element = Self>;
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Element = Self>;
}

impl Kernels for f32 {
    type Portable = PortableF32;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = x86::F32Avx2;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = x86::F32Avx512;
}

impl Kernels for f64 {
    type Portable = PortableF64;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = x86::F64Avx2;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = x86::F64Avx512;
}

/// All of a strip by AVX-512.
///
/// # Safety
/// As [`tiles`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn strip_avx512<T: Kernels>(
    left: &Left<'_, T>,
    right: &Right<'_, T>,
    columns: Range<usize>,
    finish: Finish<'_, T>,
    out: *mut T,
) {
    let (rows, finish) = (0..left.height, (finish, null()));
    // SAFETY: the caller's.
    unsafe {
        match left.height / T::GROUP {
            4 => tiles::<T::Avx512, 4, 6>(left, right, rows, columns, finish, out),
            3 => tiles::<T::Avx512, 3, 6>(left, right, rows, columns, finish, out),
            2 => tiles::<T::Avx512, 2, 6>(left, right, rows, columns, finish, out),
            // six sums alone would wait for each other
            _ => tiles::<T::Avx512, 1, 12>(left, right, rows, columns, finish, out),
        }
    }
}

/// The same by AVX2.
///
/// # Safety
/// As [`tiles`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn strip_avx2<T: Kernels>(
    left: &Left<'_, T>,
    right: &Right<'_, T>,
    columns: Range<usize>,
    finish: (Finish<'_, T>, *const T),
    out: *mut T,
) {
    // SAFETY: the caller's.
    unsafe {
        match (left.height / T::GROUP, columns.len()) {
            // one group alone would wait for each sum
            (4, 1) => tiles::<T::Avx2, 4, 1>(left, right, 0..left.height, columns, finish, out),
            (groups, _) => {
                // short sums are mostly the begin and end of a tile, of which six columns at a time
                // have fewer
                let pairs = if right.depth < 16 { 0 } else { groups / 2 * 2 * T::GROUP };
                tiles::<T::Avx2, 2, 3>(left, right, 0..pairs, columns.clone(), finish, out);
                tiles::<T::Avx2, 1, 6>(left, right, pairs..left.height, columns, finish, out);
            }
        }
    }
}

/// The rows `rows` of a panel, `ROWS` groups at a time and `COLUMNS` columns at a time. The sums
/// begin with those at `before`, which lie as the result does, unless it is null; then with the
/// panel's start.
///
/// # Safety
/// The slices are long enough, as `strip_to` checks, and the processor has the instructions of `V`.
#[inline(always)]
unsafe fn tiles<V: Vector, const ROWS: usize, const COLUMNS: usize>(
    left: &Left<'_, V::Element>,
    right: &Right<'_, V::Element>,
    rows: Range<usize>,
    columns: Range<usize>,
    (finish, before): (Finish<'_, V::Element>, *const V::Element),
    out: *mut V::Element,
) {
    let group = GROUP / size_of::<V::Element>();
    // SAFETY: as this function's.
    unsafe {
        for row in rows.step_by(ROWS * group) {
            let mut column = columns.start;
            let mut to = out.wrapping_add(row);
            while column + COLUMNS <= columns.end {
                tile::<V, ROWS, COLUMNS>(left, right, row, columns.start, column, (finish, before), to);
                column += COLUMNS;
                to = to.wrapping_add(COLUMNS * left.height);
            }
            if COLUMNS > 6 && column + 6 <= columns.end {
                tile::<V, ROWS, 6>(left, right, row, columns.start, column, (finish, before), to);
                column += 6;
                to = to.wrapping_add(6 * left.height);
            }
            match columns.end - column {
                5 if COLUMNS > 5 => tile::<V, ROWS, 5>(left, right, row, columns.start, column, (finish, before), to),
                4 if COLUMNS > 4 => tile::<V, ROWS, 4>(left, right, row, columns.start, column, (finish, before), to),
                3 if COLUMNS > 3 => tile::<V, ROWS, 3>(left, right, row, columns.start, column, (finish, before), to),
                2 if COLUMNS > 2 => tile::<V, ROWS, 2>(left, right, row, columns.start, column, (finish, before), to),
                1 => tile::<V, ROWS, 1>(left, right, row, columns.start, column, (finish, before), to),
                _ => {}
            }
        }
    }
}

/// sums + Σ a b over rows of the right factor: a are `ROWS` groups of the panel's column at `a`,
/// `height` from one to the next, and b the elements of `COLUMNS` columns at `b`, with these steps
/// from a row to the next and from a column to the next. Memory is asked for `next` after b, if it
/// is above 0.
///
/// # Safety
/// They may be read, and the processor has the instructions of `V`.
#[inline(always)]
unsafe fn multiply_rows<V: Vector, const ROWS: usize, const COLUMNS: usize>(
    sums: &mut [[V; ROWS]; COLUMNS],
    mut a: *const V::Element,
    height: usize,
    mut b: *const V::Element,
    [row_step, column_step]: [usize; 2],
    rows: usize,
    next: usize,
) {
    let group = GROUP / size_of::<V::Element>();
    // SAFETY: as this function's. After the last row `a` and `b` are no places, and never read.
    unsafe {
        for _ in 0..rows {
            if next > 0 {
                prefetch_late(b.wrapping_add(next));
            }
            if COLUMNS == 1 {
                // one column is as fast as memory delivers its panel
                prefetch_bytes(a.wrapping_add(2 * height), ROWS * GROUP);
            }
            if V::REGISTERS > 1 && ROWS > 1 {
                // of sixteen registers twelve hold sums, three factors, and one a part of the panel
                let mut factors = [V::zero(); COLUMNS];
                for (c, factor) in factors.iter_mut().enumerate() {
                    *factor = V::splat(*b.add(c * column_step));
                }
                for r in 0..ROWS {
                    V::plus_each(sums, r, a.add(r * group), factors);
                }
            } else {
                let mut panel = [V::zero(); ROWS];
                for (r, panel) in panel.iter_mut().enumerate() {
                    *panel = V::load(a.add(r * group));
                }
                for (c, sums) in sums.iter_mut().enumerate() {
                    let factor = V::splat(*b.add(c * column_step));
                    for (sum, panel) in sums.iter_mut().zip(panel) {
                        *sum = sum.plus(panel, factor);
                    }
                }
            }
            a = a.wrapping_add(height);
            b = b.wrapping_add(row_step);
        }
    }
}

/// `ROWS` groups of rows from `row` on by `COLUMNS` columns from `column` on.
///
/// # Safety
/// As [`tiles`].
#[inline(always)]
unsafe fn tile<V: Vector, const ROWS: usize, const COLUMNS: usize>(
    left: &Left<'_, V::Element>,
    right: &Right<'_, V::Element>,
    row: usize,
    first: usize,
    column: usize,
    (finish, before): (Finish<'_, V::Element>, *const V::Element),
    out: *mut V::Element,
) {
    let group = GROUP / size_of::<V::Element>();
    // SAFETY: every place lies before the ends that `strip_to` checked.
    unsafe {
        let mut sums = [[V::zero(); ROWS]; COLUMNS];
        if !before.is_null() {
            let before = before.add((column - first) * left.height + row);
            for (c, sums) in sums.iter_mut().enumerate() {
                for (r, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(before.add(c * left.height + r * group));
                }
            }
        } else if let Some(start) = left.start {
            for r in 0..ROWS {
                let start = V::load(start.as_ptr().add(row + r * group));
                for sums in &mut sums {
                    sums[r] = start;
                }
            }
        }
        // after the last column this is no place of the panel, and never read
        let mut a = left.panel.as_ptr().wrapping_add(row);
        let mut run = right.elements.as_ptr();
        let mut rest = right.depth;
        while rest > 0 {
            let rows = rest.min(right.run);
            rest -= rows;
            let step = right.column_step(rest == 0);
            let b = run.add(column * step);
            if step > 1 {
                // the same rows of the next tile's columns
                prefetch_bytes(b.wrapping_add(COLUMNS * step), COLUMNS * step * size_of::<V::Element>());
            }
            let asks = if V::REGISTERS > 1 && ROWS > 1 {
                // late enough to stay in the second-level cache, once for each of its lines
                row + ROWS * group == left.height && column % group < COLUMNS
            } else {
                COLUMNS == 6
            };
            let next = if asks { right.next } else { 0 };
            // places that are known when this is compiled need no instructions
            if V::REGISTERS > 1 && step == 1 {
                multiply_rows(&mut sums, a, left.height, b, [right.row_step, 1], rows, next);
            } else {
                multiply_rows(&mut sums, a, left.height, b, [right.row_step, step], rows, next);
            }
            a = a.wrapping_add(rows * left.height);
            run = run.wrapping_add(right.run_step);
        }
        macro_rules! write {
            (|$sum:ident, $place:ident| $value:expr) => {
                for (c, sums) in sums.iter().enumerate() {
                    for (r, $sum) in sums.iter().enumerate() {
                        let $place = c * left.height + r * group;
                        $value.store(out.add($place));
                    }
                }
            };
        }
        match finish {
            Finish::Keep => write!(|sum, place| sum),
            Finish::Relu => write!(|sum, place| sum.relu()),
            Finish::WherePositive(by) => {
                let by = by.as_ptr().add((column - first) * left.height + row);
                write!(|sum, place| sum.where_positive(V::load(by.add(place))));
            }
            Finish::Descend { eta, lambda } => {
                let (eta, lambda) = (V::splat(eta), V::splat(lambda));
                write!(|sum, place| V::load(out.add(place)).descended(*sum, eta, lambda));
            }
        }
    }
}

#[cfg(test)]
mod tests;
