//! The one loop that multiplies: a strip of a product, `out[·, c] = start + Σ_k left[·, k] · right(k, c)`.
//!
//! The left factor is a panel: up to 64 rows in `f32` and 32 in `f64`, column k contiguous at k · height. The right factor is read
//! element by element, and each element multiplies the whole column of the panel. A tile of the result, all rows of the panel by a
//! few columns, stays in registers while k runs; nothing is packed or copied.
//!
//! Every element of the result is one chain of fused multiply-adds over k = 0, 1, …, so it has the same bits however the
//! result is cut into strips and tiles, and on every processor with a fused multiply-add. The instruction set is chosen at run time; on a
//! processor without the instruction the product is rounded before it is added.
//!
//! With `kernel/vectors.rs`, `parts.rs` and `threads.rs` the only code that is unsafe; the functions that others call are safe.
#![allow(unsafe_code)]

mod vectors;

use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::OnceLock;

use super::Scalar;
#[cfg(target_arch = "x86_64")]
use vectors::x86;
use vectors::{PortableF32, PortableF64, Vector};

/// Bytes of a group of rows. The height of a panel is a whole number of groups.
pub(super) const GROUP: usize = 64;

/// The right factor of a strip: where its element in row k and column c lies.
///
/// The depth is cut into runs; within one, row k and column c lie at `offset(run) + k · row_step + c · column_step`.
pub struct Right<'a, T> {
    pub(super) elements: &'a [T],
    /// All rows.
    pub(super) depth: usize,
    /// Rows of a run but the last, which has what is left.
    pub(super) run: usize,
    /// From the first element of a run to that of the next.
    pub(super) run_step: usize,
    /// From a row to the next.
    pub(super) row_step: usize,
    /// From a column to the next, in a whole run and in the last one.
    pub(super) column_step: usize,
    pub(super) last_column_step: usize,
    /// From an element to the same place in the panel that comes next, for which memory is asked meanwhile; 0 for none.
    pub(super) next: usize,
}

impl<'a, T> Right<'a, T> {
    /// One column that holds `element` in every row.
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

    fn column_step(&self, last: bool) -> usize {
        if last { self.last_column_step } else { self.column_step }
    }

    /// One more than the largest place that columns before `end` reach; none if no number is so large.
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

/// Whether so many columns, `height` elements each, lie in a slice of this length.
#[inline]
fn fits(columns: usize, height: usize, length: usize) -> bool {
    columns.checked_mul(height).is_some_and(|end| end <= length)
}

/// The panel and what is added to its product.
pub struct Left<'a, T> {
    /// Column after column, `height` elements each.
    pub(super) panel: &'a [T],
    pub(super) height: usize,
    /// A column to which the products are added; zeros if none.
    pub(super) start: Option<&'a [T]>,
}

/// What becomes of a sum before it is written.
#[derive(Clone, Copy, Debug)]
pub enum Finish<'a, T> {
    /// Nothing.
    Keep,
    /// 0 if it is below 0.
    Relu,
    /// 0 unless the number at its place in this slice is above 0.
    WherePositive(&'a [T]),
    /// The sum g moves the weight w that is at its place: w − η (g + λ w).
    Descend { eta: T, lambda: T },
}

/// The instructions that this processor has, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Instructions {
    /// Those of this processor.
    #[inline]
    pub(super) fn best() -> Self {
        static BEST: OnceLock<Instructions> = OnceLock::new();
        *BEST.get_or_init(|| Self::all().next().unwrap_or(Instructions::Portable))
    }

    /// All that this processor can run. `RUSTFLAGS="--cfg mfnet_without_avx512"` leaves AVX-512 out, for measuring.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let all = [
            #[cfg(target_arch = "x86_64")]
            (
                Instructions::Avx512,
                !cfg!(mfnet_without_avx512)
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl"),
            ),
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx2, is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")),
            (Instructions::Portable, true),
        ];
        all.into_iter().filter_map(|(instructions, there)| there.then_some(instructions))
    }
}

/// Writes the columns `columns` of the product into `out`, column after column, `left.height` elements each.
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

/// A place for a strip of at most a panel's columns, on the stack.
#[repr(align(64))]
pub(super) struct Block<T>([MaybeUninit<T>; BLOCK]);

/// Elements of a block: a whole panel by as many columns, in `f32`.
const BLOCK: usize = 64 * 64;

impl<T: Scalar> Block<T> {
    /// One that holds nothing yet.
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

/// The same to memory that need not hold numbers yet, but for [`Finish::Descend`]; all of the strip is written.
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
    // SAFETY: the slices are as long as the kernels reach, and the instructions are there.
    unsafe {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => T::strip_avx512(left, right, columns, finish, out),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => T::strip_avx2(left, right, columns, finish, out),
            Instructions::Portable => tiles::<T::Portable, 1, 2>(left, right, columns, finish, out),
        }
    }
}

/// A computation that [`with_vectors`] compiles for the best vectors of this processor.
pub(crate) trait Body {
    type Output;

    /// Must be `#[inline(always)]`, and so must be what it calls; loops in it become vectors.
    fn run(self) -> Self::Output;
}

/// Runs `body`, compiled for the best vectors of this processor. Gives the same bits as `body.run()`.
#[inline]
pub(crate) fn with_vectors<B: Body>(body: B) -> B::Output {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    fn avx512<B: Body>(body: B) -> B::Output {
        body.run()
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn avx2<B: Body>(body: B) -> B::Output {
        body.run()
    }
    match Instructions::best() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions.
        Instructions::Avx512 => unsafe { avx512(body) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions.
        Instructions::Avx2 => unsafe { avx2(body) },
        Instructions::Portable => body.run(),
    }
}

/// Calls `each` for every item: [`with_vectors`] for one loop. `each` must be a few operations, so that the compiler puts it into
/// the loop.
#[inline]
pub(crate) fn vectorised<I: Iterator>(items: I, each: impl FnMut(I::Item)) {
    struct Loop<I, F>(I, F);
    impl<I: Iterator, F: FnMut(I::Item)> Body for Loop<I, F> {
        type Output = ();
        #[inline(always)]
        fn run(self) {
            self.0.for_each(self.1);
        }
    }
    with_vectors(Loop(items, each));
}

/// Two matrices of as many rows, in panels: the product of the first one's transpose and the second, for a first one of few columns.
pub struct Few<'a, T> {
    pub(super) left: &'a [T],
    pub(super) left_columns: usize,
    pub(super) right: &'a [T],
    pub(super) right_columns: usize,
    pub(super) rows: usize,
    /// What is added to a row of the product.
    pub(super) start: &'a [T],
}

/// Writes the columns `columns` of start + leftᵀ · right, `height` elements apart.
///
/// An element is a sum for each lane of a group of rows, and then of the lanes by halves, in the same order wherever it is.
///
/// # Panics
/// If a slice is too short.
pub(super) fn few<T: Scalar>(few: &Few<'_, T>, columns: Range<usize>, height: usize, out: &mut [T]) {
    few_with(Instructions::best(), few, columns, height, out);
}

/// [`few`] with these instructions, which the processor must have.
fn few_with<T: Scalar>(
    instructions: Instructions,
    few: &Few<'_, T>,
    columns: Range<usize>,
    height: usize,
    out: &mut [T],
) {
    // of one that no number is large enough for, nothing fits
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
            Instructions::Avx512 => T::few_avx512(few, columns, height, out),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => T::few_avx2(few, columns, height, out),
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
            // the rows that fill up a panel are no numbers
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
    let (mut whole_rows, mut whole_columns) = (0, 0);
    #[cfg(target_arch = "x86_64")]
    if Instructions::best() != Instructions::Portable {
        let whole_groups = rows.is_multiple_of(T::GROUP) && columns.is_multiple_of(T::GROUP);
        let wide = Instructions::best() == Instructions::Avx512 && whole_groups;
        let tile = if wide { T::GROUP } else { T::GROUP / 2 };
        (whole_rows, whole_columns) = (rows - rows % tile, columns - columns % tile);
        for c in (0..whole_columns).step_by(tile) {
            for r in (0..whole_rows).step_by(tile) {
                // SAFETY: the tile lies in both matrices, and the instructions are there.
                unsafe {
                    let (from, to) = (from.as_ptr().add(c * from_step + r), to.as_mut_ptr().add(r * to_step + c));
                    if wide {
                        T::transpose_avx512(from, from_step, to, to_step);
                    } else {
                        T::transpose_avx2(from, from_step, to, to_step);
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

/// Asks for elements that will be changed soon.
#[inline]
pub(crate) fn prefetch<T>(elements: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let first = elements.as_ptr().cast::<i8>();
        let before = first.addr() % GROUP;
        for byte in (0..before + size_of_val(elements)).step_by(GROUP) {
            // SAFETY: asking reads nothing; every x86-64 has the instruction.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(first.wrapping_sub(before).wrapping_add(byte)) }
        }
    }
}

/// Asks for memory, whether it is there or not.
#[inline(always)]
fn prefetch_bytes<T>(from: *const T, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for byte in (0..bytes).step_by(GROUP) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: asking reads nothing; every x86-64 has the instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast::<i8>().wrapping_add(byte)) }
    }
}

/// Asks for the line of a place, to be found in the second cache.
#[inline(always)]
fn prefetch_late<T>(from: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: asking reads nothing; every x86-64 has the instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast::<i8>()) }
    }
}

/// What the kernels know of an element's type.
pub trait Kernels: Sized + Copy + 'static {
    /// Elements in a group of rows.
    const GROUP: usize = GROUP / size_of::<Self>();
    /// Rows of a whole panel.
    const PANEL: usize = 4 * Self::GROUP;
    type Portable: Vector<Element = Self>;

    #[cfg(target_arch = "x86_64")]
    #[doc(hidden)]
    unsafe fn strip_avx512(
        left: &Left<'_, Self>,
        right: &Right<'_, Self>,
        columns: Range<usize>,
        finish: Finish<'_, Self>,
        out: &mut [MaybeUninit<Self>],
    );
    #[cfg(target_arch = "x86_64")]
    #[doc(hidden)]
    unsafe fn few_avx512(few: &Few<'_, Self>, columns: Range<usize>, height: usize, out: &mut [Self]);
    #[cfg(target_arch = "x86_64")]
    #[doc(hidden)]
    unsafe fn few_avx2(few: &Few<'_, Self>, columns: Range<usize>, height: usize, out: &mut [Self]);
    /// Transposes a group of rows of as many elements.
    #[cfg(target_arch = "x86_64")]
    #[doc(hidden)]
    unsafe fn transpose_avx512(from: *const Self, from_step: usize, to: *mut Self, to_step: usize);
    /// The same for half as many.
    #[cfg(target_arch = "x86_64")]
    #[doc(hidden)]
    unsafe fn transpose_avx2(from: *const Self, from_step: usize, to: *mut Self, to_step: usize);
    #[cfg(target_arch = "x86_64")]
    #[doc(hidden)]
    unsafe fn strip_avx2(
        left: &Left<'_, Self>,
        right: &Right<'_, Self>,
        columns: Range<usize>,
        finish: Finish<'_, Self>,
        out: &mut [MaybeUninit<Self>],
    );
}

/// All rows of a panel, `ROWS` groups at a time and `COLUMNS` columns at a time.
///
/// # Safety
/// The slices are long enough, as `strip_with` checks, and the processor has the instructions of `V`.
#[inline(always)]
unsafe fn tiles<V: Vector, const ROWS: usize, const COLUMNS: usize>(
    left: &Left<'_, V::Element>,
    right: &Right<'_, V::Element>,
    columns: Range<usize>,
    finish: Finish<'_, V::Element>,
    out: &mut [MaybeUninit<V::Element>],
) {
    let group = GROUP / size_of::<V::Element>();
    // SAFETY: as this function's.
    unsafe {
        for row in (0..left.height).step_by(ROWS * group) {
            let mut column = columns.start;
            let mut to = out.as_mut_ptr().cast::<V::Element>().wrapping_add(row);
            while column + COLUMNS <= columns.end {
                tile::<V, ROWS, COLUMNS>(left, right, row, columns.start, column, finish, to);
                column += COLUMNS;
                to = to.wrapping_add(COLUMNS * left.height);
            }
            if COLUMNS > 6 && column + 6 <= columns.end {
                tile::<V, ROWS, 6>(left, right, row, columns.start, column, finish, to);
                column += 6;
                to = to.wrapping_add(6 * left.height);
            }
            match columns.end - column {
                5 if COLUMNS > 5 => tile::<V, ROWS, 5>(left, right, row, columns.start, column, finish, to),
                4 if COLUMNS > 4 => tile::<V, ROWS, 4>(left, right, row, columns.start, column, finish, to),
                3 if COLUMNS > 3 => tile::<V, ROWS, 3>(left, right, row, columns.start, column, finish, to),
                2 if COLUMNS > 2 => tile::<V, ROWS, 2>(left, right, row, columns.start, column, finish, to),
                1 => tile::<V, ROWS, 1>(left, right, row, columns.start, column, finish, to),
                _ => {}
            }
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
    finish: Finish<'_, V::Element>,
    out: *mut V::Element,
) {
    let group = GROUP / size_of::<V::Element>();
    // SAFETY: every place lies before the ends that `strip_with` checked.
    unsafe {
        let mut sums = [[V::zero(); ROWS]; COLUMNS];
        if let Some(start) = left.start {
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
            let mut b = run.add(column * step);
            if step > 1 {
                // the same rows of the next tile's columns
                prefetch_bytes(b.wrapping_add(COLUMNS * step), COLUMNS * step * size_of::<V::Element>());
            }
            for _ in 0..rows {
                if COLUMNS == 6 && right.next > 0 {
                    prefetch_late(b.wrapping_add(right.next));
                }
                if COLUMNS == 1 {
                    // one column is as fast as its panel comes
                    prefetch_bytes(a.wrapping_add(2 * left.height), ROWS * GROUP);
                }
                let mut panel = [V::zero(); ROWS];
                for (r, panel) in panel.iter_mut().enumerate() {
                    *panel = V::load(a.add(r * group));
                }
                for (c, sums) in sums.iter_mut().enumerate() {
                    let factor = V::splat(*b.add(c * step));
                    for (sum, panel) in sums.iter_mut().zip(panel) {
                        *sum = sum.plus(panel, factor);
                    }
                }
                a = a.wrapping_add(left.height);
                b = b.wrapping_add(right.row_step);
            }
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

macro_rules! kernels {
    ($type:ident, $portable:ident, $avx512:ident, $avx2:ident, $transpose_512:ident, $transpose_256:ident) => {
        impl Kernels for $type {
            type Portable = $portable;

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            unsafe fn few_avx512(few: &Few<'_, Self>, columns: Range<usize>, height: usize, out: &mut [Self]) {
                // SAFETY: the caller's.
                unsafe { few_columns::<x86::$avx512, 4, 5>(few, columns, height, out) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn few_avx2(few: &Few<'_, Self>, columns: Range<usize>, height: usize, out: &mut [Self]) {
                // SAFETY: the caller's.
                unsafe { few_columns::<x86::$avx2, 2, 2>(few, columns, height, out) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            unsafe fn transpose_avx512(from: *const Self, from_step: usize, to: *mut Self, to_step: usize) {
                // SAFETY: the caller's.
                unsafe { x86::$transpose_512(from, from_step, to, to_step) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            unsafe fn transpose_avx2(from: *const Self, from_step: usize, to: *mut Self, to_step: usize) {
                // SAFETY: the caller's.
                unsafe { x86::$transpose_256(from, from_step, to, to_step) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            unsafe fn strip_avx512(
                left: &Left<'_, $type>,
                right: &Right<'_, $type>,
                columns: Range<usize>,
                finish: Finish<'_, $type>,
                out: &mut [MaybeUninit<$type>],
            ) {
                // SAFETY: the caller's.
                unsafe {
                    match left.height / <$type as Kernels>::GROUP {
                        4 => tiles::<x86::$avx512, 4, 6>(left, right, columns, finish, out),
                        3 => tiles::<x86::$avx512, 3, 6>(left, right, columns, finish, out),
                        2 => tiles::<x86::$avx512, 2, 6>(left, right, columns, finish, out),
                        // six sums alone would wait for each other
                        _ => tiles::<x86::$avx512, 1, 12>(left, right, columns, finish, out),
                    }
                }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn strip_avx2(
                left: &Left<'_, $type>,
                right: &Right<'_, $type>,
                columns: Range<usize>,
                finish: Finish<'_, $type>,
                out: &mut [MaybeUninit<$type>],
            ) {
                // SAFETY: the caller's.
                unsafe {
                    match (left.height / <$type as Kernels>::GROUP, columns.len()) {
                        // one group alone would wait for each sum
                        (4, 1) => tiles::<x86::$avx2, 4, 1>(left, right, columns, finish, out),
                        _ => tiles::<x86::$avx2, 1, 6>(left, right, columns, finish, out),
                    }
                }
            }
        }
    };
}
kernels!(f32, PortableF32, F32Avx512, F32Avx2, transpose_f32_512, transpose_f32_256);
kernels!(f64, PortableF64, F64Avx512, F64Avx2, transpose_f64_512, transpose_f64_256);

#[cfg(test)]
mod tests;
