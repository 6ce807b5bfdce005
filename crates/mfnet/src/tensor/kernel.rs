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
//! With `threads.rs` and `parts.rs` one of the three modules with unsafe code; its functions are safe.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::OnceLock;

use super::Scalar;

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
}

impl<'a, T> Right<'a, T> {
    /// One column that holds `element` in every row.
    pub(super) fn constant(element: &'a T, depth: usize) -> Self {
        let elements = std::slice::from_ref(element);
        Right { elements, depth, run: usize::MAX, run_step: 0, row_step: 0, column_step: 0, last_column_step: 0 }
    }

    fn column_step(&self, last: bool) -> usize {
        if last { self.last_column_step } else { self.column_step }
    }

    /// One more than the largest place that columns before `end` reach.
    fn reach(&self, end: usize) -> usize {
        if self.depth == 0 || end == 0 {
            return 0;
        }
        let last = (self.depth - 1) / self.run;
        let of_run = |run: usize, rows: usize| {
            run * self.run_step + (rows - 1) * self.row_step + (end - 1) * self.column_step(run == last) + 1
        };
        let of_last = of_run(last, self.depth - last * self.run);
        if last == 0 { of_last } else { of_last.max(of_run(last - 1, self.run)) }
    }
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
    assert!(left.panel.len() >= right.depth * height, "the left factor is too short");
    assert!(left.start.is_none_or(|start| start.len() >= height), "the start is too short");
    assert!(
        columns.start <= columns.end && right.elements.len() >= right.reach(columns.end),
        "the right factor is too short"
    );
    assert!(out.len() >= columns.len() * height, "the result is too short");
    if let Finish::WherePositive(by) = finish {
        assert!(by.len() >= columns.len() * height, "the mask is too short");
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

/// Calls `each` for every item: a loop over elements, compiled for the best vectors of this processor. Gives the same bits as the loop
/// itself. `each` must be a few operations, so that the compiler puts it into the loop.
#[inline]
pub(crate) fn vectorised<I: Iterator>(items: I, each: impl FnMut(I::Item)) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    fn avx512<I: Iterator>(items: I, each: impl FnMut(I::Item)) {
        items.for_each(each);
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn avx2<I: Iterator>(items: I, each: impl FnMut(I::Item)) {
        items.for_each(each);
    }
    match Instructions::best() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions.
        Instructions::Avx512 => unsafe { avx512(items, each) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions.
        Instructions::Avx2 => unsafe { avx2(items, each) },
        Instructions::Portable => items.for_each(each),
    }
}

/// Σ x y over pieces of equal lengths, each at most a panel's column: a sum for each lane of a panel, then the sums of the lanes two by two.
/// The order follows from the lengths alone.
pub(super) fn dot<'a, T: Scalar>(pieces: impl Iterator<Item = (&'a [T], &'a [T])>) -> T {
    // SAFETY: the instructions are there.
    unsafe {
        match Instructions::best() {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => T::dot_avx512(pieces),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => T::dot_avx2(pieces),
            Instructions::Portable => dot_with::<T, T::Portable>(pieces),
        }
    }
}

/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn dot_with<'a, T: Scalar, V: Vector<Element = T>>(pieces: impl Iterator<Item = (&'a [T], &'a [T])>) -> T {
    // SAFETY: the instructions are this function's promise; every place lies in a group of the slices.
    unsafe {
        let mut sums = [V::zero(); 4];
        // by a number that is known to the compiler, so that the sums stay in registers
        let add = |sums: &mut [V; 4], r: usize, x: V, y: V| match r {
            0 => sums[0] = sums[0].plus(x, y),
            1 => sums[1] = sums[1].plus(x, y),
            2 => sums[2] = sums[2].plus(x, y),
            _ => sums[3] = sums[3].plus(x, y),
        };
        for (x, y) in pieces {
            if let (Some(x), Some(y)) = (x.get(..T::PANEL), y.get(..T::PANEL)) {
                for (r, sum) in sums.iter_mut().enumerate() {
                    let (x, y) = (V::load(x.as_ptr().add(r * T::GROUP)), V::load(y.as_ptr().add(r * T::GROUP)));
                    *sum = sum.plus(x, y);
                }
                continue;
            }
            let whole = x.len().min(y.len()) / T::GROUP;
            for r in 0..whole {
                let (x, y) = (V::load(x.as_ptr().add(r * T::GROUP)), V::load(y.as_ptr().add(r * T::GROUP)));
                add(&mut sums, r, x, y);
            }
            let (x, y) = (&x[whole * T::GROUP..], &y[whole * T::GROUP..]);
            if !x.is_empty() {
                let (mut a, mut b) = ([T::ZERO; GROUP], [T::ZERO; GROUP]);
                a[..x.len()].copy_from_slice(x);
                b[..y.len()].copy_from_slice(y);
                add(&mut sums, whole, V::load(a.as_ptr()), V::load(b.as_ptr()));
            }
        }
        let one = V::splat(T::ONE);
        sums[0].plus(sums[1], one).plus(sums[2].plus(sums[3], one), one).sum()
    }
}

/// `to[r · to_step + c] = from[c · from_step + r]` for all rows r and columns c.
pub(super) fn transpose<T: Scalar>(
    (from, from_step): (&[T], usize),
    (to, to_step): (&mut [T], usize),
    rows: usize,
    columns: usize,
) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(from.len() >= (columns - 1) * from_step + rows, "the matrix is too short");
    assert!(to.len() >= (rows - 1) * to_step + columns, "the transpose is too short");
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
    unsafe fn dot_avx512<'a>(pieces: impl Iterator<Item = (&'a [Self], &'a [Self])>) -> Self;
    #[cfg(target_arch = "x86_64")]
    #[doc(hidden)]
    unsafe fn dot_avx2<'a>(pieces: impl Iterator<Item = (&'a [Self], &'a [Self])>) -> Self;
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

/// A group of rows, 64 bytes, in registers.
pub trait Vector: Copy {
    type Element: Copy;

    unsafe fn zero() -> Self;
    unsafe fn splat(x: Self::Element) -> Self;
    /// From memory.
    unsafe fn load(from: *const Self::Element) -> Self;
    /// To memory.
    unsafe fn store(self, to: *mut Self::Element);
    /// self + a b.
    unsafe fn plus(self, a: Self, b: Self) -> Self;
    /// 0 where it is below 0.
    unsafe fn relu(self) -> Self;
    /// 0 unless `by` is above 0.
    unsafe fn where_positive(self, by: Self) -> Self;
    /// self − η (g + λ self), each operation rounded.
    unsafe fn descended(self, g: Self, eta: Self, lambda: Self) -> Self;
    /// The sum of all: the upper half added to the lower one, until one is left.
    unsafe fn sum(self) -> Self::Element;
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
            let mut to = out.as_mut_ptr().cast::<V::Element>().add(row);
            while column + COLUMNS <= columns.end {
                tile::<V, ROWS, COLUMNS>(left, right, row, columns.start, column, finish, to);
                column += COLUMNS;
                to = to.add(COLUMNS * left.height);
            }
            if COLUMNS > 6 && column + 6 <= columns.end {
                tile::<V, ROWS, 6>(left, right, row, columns.start, column, finish, to);
                column += 6;
                to = to.add(6 * left.height);
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
        let mut a = left.panel.as_ptr().add(row);
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
                a = a.add(left.height);
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

/// Plain arrays, which the compiler turns into the vectors of any processor.
macro_rules! portable {
    ($name:ident, $type:ident, $count:expr) => {
        #[derive(Clone, Copy)]
        pub struct $name([$type; $count]);

        impl Vector for $name {
            type Element = $type;

            #[inline(always)]
            unsafe fn zero() -> Self {
                $name([0.0; $count])
            }
            #[inline(always)]
            unsafe fn splat(x: $type) -> Self {
                $name([x; $count])
            }
            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                // SAFETY: the caller's.
                $name(unsafe { from.cast::<[$type; $count]>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                // SAFETY: the caller's.
                unsafe { to.cast::<[$type; $count]>().write_unaligned(self.0) }
            }
            #[inline(always)]
            unsafe fn plus(mut self, a: Self, b: Self) -> Self {
                for i in 0..$count {
                    // a fused multiply-add without its instruction would be a slow function
                    self.0[i] = if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
                        a.0[i].mul_add(b.0[i], self.0[i])
                    } else {
                        self.0[i] + a.0[i] * b.0[i]
                    };
                }
                self
            }
            #[inline(always)]
            unsafe fn relu(self) -> Self {
                $name(self.0.map(|x| if x < 0.0 { 0.0 } else { x }))
            }
            #[inline(always)]
            unsafe fn where_positive(mut self, by: Self) -> Self {
                for i in 0..$count {
                    self.0[i] = if by.0[i] > 0.0 { self.0[i] } else { 0.0 };
                }
                self
            }
            #[inline(always)]
            unsafe fn descended(mut self, g: Self, eta: Self, lambda: Self) -> Self {
                for i in 0..$count {
                    self.0[i] -= eta.0[i] * (g.0[i] + lambda.0[i] * self.0[i]);
                }
                self
            }
            #[inline(always)]
            unsafe fn sum(mut self) -> $type {
                let mut width = $count;
                while width > 1 {
                    width /= 2;
                    for i in 0..width {
                        self.0[i] += self.0[i + width];
                    }
                }
                self.0[0]
            }
        }
    };
}
portable!(PortableF32, f32, 16);
portable!(PortableF64, f64, 8);

/// `$count` registers as one group of rows.
#[cfg(target_arch = "x86_64")]
macro_rules! registers {
    ($name:ident, $type:ident, $register:ident, $count:expr, $zero:ident, $splat:ident, $load:ident, $store:ident, $fma:ident, $halves:ident, $max:ident, $where_positive:ident, [$add:ident, $subtract:ident, $multiply:ident]) => {
        #[derive(Clone, Copy)]
        pub(super) struct $name([$register; $count]);

        impl Vector for $name {
            type Element = $type;

            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the processor has the instructions, as every caller promises; here and below.
                $name(unsafe { [$zero(); $count] })
            }
            #[inline(always)]
            unsafe fn splat(x: $type) -> Self {
                // SAFETY: as above.
                $name(unsafe { [$splat(x); $count] })
            }
            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                // SAFETY: as above.
                let mut registers = unsafe { [$zero(); $count] };
                for (i, register) in registers.iter_mut().enumerate() {
                    // SAFETY: as above; the caller may read a group.
                    *register = unsafe { $load(from.add(i * GROUP / size_of::<$type>() / $count)) };
                }
                $name(registers)
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                for i in 0..$count {
                    // SAFETY: as above; the caller may write a group.
                    unsafe { $store(to.add(i * GROUP / size_of::<$type>() / $count), self.0[i]) }
                }
            }
            #[inline(always)]
            unsafe fn plus(mut self, a: Self, b: Self) -> Self {
                for i in 0..$count {
                    // SAFETY: as above.
                    self.0[i] = unsafe { $fma(a.0[i], b.0[i], self.0[i]) };
                }
                self
            }
            #[inline(always)]
            unsafe fn relu(self) -> Self {
                // SAFETY: as above. Of 0 and NaN it is the second, NaN.
                $name(self.0.map(|x| unsafe { $max($zero(), x) }))
            }
            #[inline(always)]
            unsafe fn where_positive(mut self, by: Self) -> Self {
                for (x, by) in self.0.iter_mut().zip(by.0) {
                    // SAFETY: as above.
                    *x = unsafe { $where_positive(*x, by) };
                }
                self
            }
            #[inline(always)]
            unsafe fn descended(mut self, g: Self, eta: Self, lambda: Self) -> Self {
                for (i, w) in self.0.iter_mut().enumerate() {
                    // SAFETY: as above.
                    *w = unsafe { $subtract(*w, $multiply(eta.0[i], $add(g.0[i], $multiply(lambda.0[i], *w)))) };
                }
                self
            }
            #[inline(always)]
            unsafe fn sum(self) -> $type {
                // SAFETY: as above.
                unsafe { $halves(self.0) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{GROUP, Vector};

    registers!(
        F32Avx512,
        f32,
        __m512,
        1,
        _mm512_setzero_ps,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        sum_f32_512,
        _mm512_max_ps,
        where_positive_f32_512,
        [_mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps]
    );
    registers!(
        F64Avx512,
        f64,
        __m512d,
        1,
        _mm512_setzero_pd,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd,
        sum_f64_512,
        _mm512_max_pd,
        where_positive_f64_512,
        [_mm512_add_pd, _mm512_sub_pd, _mm512_mul_pd]
    );
    registers!(
        F32Avx2,
        f32,
        __m256,
        2,
        _mm256_setzero_ps,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        sum_f32_256,
        _mm256_max_ps,
        where_positive_f32_256,
        [_mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps]
    );
    registers!(
        F64Avx2,
        f64,
        __m256d,
        2,
        _mm256_setzero_pd,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd,
        sum_f64_256,
        _mm256_max_pd,
        where_positive_f64_256,
        [_mm256_add_pd, _mm256_sub_pd, _mm256_mul_pd]
    );

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn where_positive_f32_512(x: __m512, by: __m512) -> __m512 {
        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(by, _mm512_setzero_ps()), x)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn where_positive_f64_512(x: __m512d, by: __m512d) -> __m512d {
        _mm512_maskz_mov_pd(_mm512_cmp_pd_mask::<_CMP_GT_OQ>(by, _mm512_setzero_pd()), x)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn where_positive_f32_256(x: __m256, by: __m256) -> __m256 {
        _mm256_and_ps(x, _mm256_cmp_ps::<_CMP_GT_OQ>(by, _mm256_setzero_ps()))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn where_positive_f64_256(x: __m256d, by: __m256d) -> __m256d {
        _mm256_and_pd(x, _mm256_cmp_pd::<_CMP_GT_OQ>(by, _mm256_setzero_pd()))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn sum_f32_512([x]: [__m512; 1]) -> f32 {
        let x = _mm512_castps_pd(x);
        let halves = [_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd::<1>(x)];
        sum_f32_256(halves.map(|half| _mm256_castpd_ps(half)))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn sum_f32_256([low, high]: [__m256; 2]) -> f32 {
        let eight = _mm256_add_ps(low, high);
        let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn sum_f64_512([x]: [__m512d; 1]) -> f64 {
        sum_f64_256([_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd::<1>(x)])
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn sum_f64_256([low, high]: [__m256d; 2]) -> f64 {
        let four = _mm256_add_pd(low, high);
        let two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd::<1>(four));
        _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
    }

    /// Sixteen rows of sixteen.
    ///
    /// # Safety
    /// Both places hold them.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn transpose_f32_512(from: *const f32, from_step: usize, to: *mut f32, to_step: usize) {
        for q in 0..4 {
            // SAFETY: the caller's.
            let [a, b, c, d] =
                std::array::from_fn(|i| unsafe { quarters(from.add(i * from_step + 4 * q), 4 * from_step) });
            let (ab, cd) = (_mm512_castps_pd(_mm512_unpacklo_ps(a, b)), _mm512_castps_pd(_mm512_unpacklo_ps(c, d)));
            let (ef, gh) = (_mm512_castps_pd(_mm512_unpackhi_ps(a, b)), _mm512_castps_pd(_mm512_unpackhi_ps(c, d)));
            let rows = [
                _mm512_unpacklo_pd(ab, cd),
                _mm512_unpackhi_pd(ab, cd),
                _mm512_unpacklo_pd(ef, gh),
                _mm512_unpackhi_pd(ef, gh),
            ];
            for (r, row) in rows.into_iter().enumerate() {
                // SAFETY: the caller's.
                unsafe { _mm512_storeu_ps(to.add((4 * q + r) * to_step), _mm512_castpd_ps(row)) }
            }
        }
    }

    /// Eight rows of eight.
    ///
    /// # Safety
    /// Both places hold them.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn transpose_f64_512(from: *const f64, from_step: usize, to: *mut f64, to_step: usize) {
        for q in 0..4 {
            let [a, b] = std::array::from_fn(|i| {
                // SAFETY: the caller's.
                let from = unsafe { from.add(i * from_step + 2 * q) };
                // SAFETY: the caller's.
                _mm512_castps_pd(unsafe { quarters(from.cast(), 4 * from_step) })
            });
            // SAFETY: the caller's.
            unsafe {
                _mm512_storeu_pd(to.add(2 * q * to_step), _mm512_unpacklo_pd(a, b));
                _mm512_storeu_pd(to.add((2 * q + 1) * to_step), _mm512_unpackhi_pd(a, b));
            }
        }
    }

    /// Four times 16 bytes, each `step` numbers of four bytes after the one before.
    ///
    /// # Safety
    /// The places hold them.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn quarters(from: *const f32, step: usize) -> __m512 {
        // SAFETY: the caller's.
        unsafe {
            let x = _mm512_castps128_ps512(_mm_loadu_ps(from));
            let x = _mm512_insertf32x4::<1>(x, _mm_loadu_ps(from.add(step)));
            let x = _mm512_insertf32x4::<2>(x, _mm_loadu_ps(from.add(2 * step)));
            _mm512_insertf32x4::<3>(x, _mm_loadu_ps(from.add(3 * step)))
        }
    }

    /// Eight rows of eight.
    ///
    /// # Safety
    /// Both places hold them.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn transpose_f32_256(from: *const f32, from_step: usize, to: *mut f32, to_step: usize) {
        // SAFETY: the caller's.
        unsafe {
            let c: [__m256; 8] = std::array::from_fn(|i| _mm256_loadu_ps(from.add(i * from_step)));
            // pairs, then fours, then halves
            let p: [__m256; 8] = std::array::from_fn(|i| match i % 2 {
                0 => _mm256_unpacklo_ps(c[i], c[i + 1]),
                _ => _mm256_unpackhi_ps(c[i - 1], c[i]),
            });
            let q: [__m256; 8] = std::array::from_fn(|i| {
                let (low, high) = (p[i / 4 * 4 + i % 4 / 2], p[i / 4 * 4 + i % 4 / 2 + 2]);
                if i % 2 == 0 { _mm256_shuffle_ps::<0x44>(low, high) } else { _mm256_shuffle_ps::<0xee>(low, high) }
            });
            for i in 0..4 {
                _mm256_storeu_ps(to.add(i * to_step), _mm256_permute2f128_ps::<0x20>(q[i], q[i + 4]));
                _mm256_storeu_ps(to.add((i + 4) * to_step), _mm256_permute2f128_ps::<0x31>(q[i], q[i + 4]));
            }
        }
    }

    /// Four rows of four.
    ///
    /// # Safety
    /// Both places hold them.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn transpose_f64_256(from: *const f64, from_step: usize, to: *mut f64, to_step: usize) {
        // SAFETY: the caller's.
        unsafe {
            let c: [__m256d; 4] = std::array::from_fn(|i| _mm256_loadu_pd(from.add(i * from_step)));
            let (p, q) = (_mm256_unpacklo_pd(c[0], c[1]), _mm256_unpackhi_pd(c[0], c[1]));
            let (r, s) = (_mm256_unpacklo_pd(c[2], c[3]), _mm256_unpackhi_pd(c[2], c[3]));
            _mm256_storeu_pd(to, _mm256_permute2f128_pd::<0x20>(p, r));
            _mm256_storeu_pd(to.add(to_step), _mm256_permute2f128_pd::<0x20>(q, s));
            _mm256_storeu_pd(to.add(2 * to_step), _mm256_permute2f128_pd::<0x31>(p, r));
            _mm256_storeu_pd(to.add(3 * to_step), _mm256_permute2f128_pd::<0x31>(q, s));
        }
    }
}

macro_rules! kernels {
    ($type:ident, $portable:ident, $avx512:ident, $avx2:ident, $transpose_512:ident, $transpose_256:ident) => {
        impl Kernels for $type {
            type Portable = $portable;

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            unsafe fn dot_avx512<'a>(pieces: impl Iterator<Item = (&'a [Self], &'a [Self])>) -> Self {
                // SAFETY: the caller's.
                unsafe { dot_with::<Self, x86::$avx512>(pieces) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn dot_avx2<'a>(pieces: impl Iterator<Item = (&'a [Self], &'a [Self])>) -> Self {
                // SAFETY: the caller's.
                unsafe { dot_with::<Self, x86::$avx2>(pieces) }
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
mod tests {
    use super::*;

    /// A panel, a right factor and a place for the product, with strides that no tensor has; NaN wherever nothing may be read.
    fn product<T: Scalar>(
        instructions: Instructions,
        number: &impl Fn(usize) -> f64,
        [groups, depth, run, gap, first, columns]: [usize; 6],
        by_rows: bool,
        with_start: bool,
    ) -> Vec<f64> {
        let nan = T::from_f64(f64::NAN);
        let height = groups * T::GROUP;
        let panel: Vec<T> = (0..depth * height).map(|i| T::from_f64(number(i))).collect();
        let start: Vec<T> = (0..height).map(|i| T::from_f64(number(i + 5))).collect();
        let runs = depth.div_ceil(run);
        let last = depth - (runs - 1) * run;
        let end = first + columns;
        let mut right =
            Right { elements: &[], depth, run, run_step: 0, row_step: 1, column_step: 0, last_column_step: 0 };
        if by_rows {
            right.row_step = end + gap;
            (right.column_step, right.last_column_step) = (1, 1);
            right.run_step = run * right.row_step;
        } else {
            (right.column_step, right.last_column_step) = (run + gap, last + gap);
            right.run_step = end * (run + gap);
        }
        let mut elements = vec![nan; right.reach(end)];
        for k in 0..depth {
            for c in first..end {
                let place = k / run * right.run_step + k % run * right.row_step;
                let step = right.column_step(k / run == runs - 1);
                elements[place + c * step] = T::from_f64(number(3 * k + 7 * c + 1));
            }
        }
        right.elements = &elements;
        let left = Left { panel: &panel, height, start: with_start.then_some(&start) };
        let mut out = vec![nan; columns * height];
        let by: Vec<T> = (0..columns * height).map(|i| T::from_f64(number(i + 2))).collect();
        let finish = [Finish::Keep, Finish::Relu, Finish::WherePositive(&by)][depth % 3];
        strip_with(instructions, &left, &right, first..end, finish, &mut out);
        out.into_iter().map(T::to_f64).collect()
    }

    /// A path rounds at most 2 depth times, each time by at most ε/2 of a sum of at most depth + 1 terms.
    fn every_path_over_odd_shapes<T: Scalar>(number: impl Fn(usize) -> f64, tolerance: f64) {
        for depth in [1, 2, 3, 31, 64, 65, 130] {
            for run in [1, 5, 32, 64, 1000] {
                for (first, columns) in [(0, 1), (3, 2), (1, 3), (0, 4), (2, 5), (0, 6), (5, 7), (0, 48), (4, 47)] {
                    for groups in 1..=4 {
                        for (by_rows, with_start) in [(false, true), (true, false)] {
                            let shape = [groups, depth, run, depth % 3, first, columns];
                            let of = |instructions| product::<T>(instructions, &number, shape, by_rows, with_start);
                            let expected = of(Instructions::Portable);
                            assert!(expected.iter().all(|x| x.is_finite()), "{shape:?} reads what is no element");
                            for instructions in Instructions::all() {
                                for (x, y) in of(instructions).iter().zip(&expected) {
                                    assert!(
                                        (x - y).abs() <= tolerance * (2 * depth * (depth + 1)) as f64,
                                        "{instructions:?} {shape:?} {x} {y}"
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn every_path_gives_the_same_for_whole_numbers() {
        let number = |i: usize| (i * 7 % 23) as f64 - 11.0;
        every_path_over_odd_shapes::<f32>(number, 0.0);
        every_path_over_odd_shapes::<f64>(number, 0.0);
    }

    #[test]
    fn every_path_rounds_alike() {
        let number = |i: usize| (i as f64 * 0.7).sin();
        every_path_over_odd_shapes::<f32>(number, f64::from(f32::EPSILON));
        every_path_over_odd_shapes::<f64>(number, f64::EPSILON);
    }

    /// Against a chain of fused multiply-adds written down as such.
    #[test]
    fn an_element_is_one_chain_in_the_order_of_k() {
        let number = |i: usize| (i as f64 * 0.7).sin();
        for instructions in Instructions::all().filter(|i| *i != Instructions::Portable) {
            let (depth, height, columns) = (99, 4 * f64::GROUP, 7);
            let out = product::<f64>(instructions, &number, [4, depth, 64, 0, 0, columns], false, true);
            for c in 0..columns {
                for i in 0..height {
                    let chain = |sum: f64, k: usize| number(k * height + i).mul_add(number(3 * k + 7 * c + 1), sum);
                    assert_eq!(out[c * height + i], (0..depth).fold(number(i + 5), chain), "{instructions:?}");
                }
            }
        }
    }

    fn dots_of_odd_lengths<T: Scalar>() {
        let number = |i: usize, salt: usize| T::from_f64(((i * 7 + salt) % 13) as f64 - 6.0);
        for length in [0, 1, 7, 8, 15, 16, 17, 33, 63, 64, 65, 128, 200] {
            let (x, y): (Vec<T>, Vec<T>) = (0..length).map(|i| (number(i, 3), number(i, 5))).unzip();
            let expected: T = x.iter().zip(&y).map(|(x, y)| *x * *y).sum();
            let pieces = || x.chunks(T::PANEL).zip(y.chunks(T::PANEL));
            assert_eq!(dot(pieces()), expected);
            // SAFETY: every processor runs the portable path.
            assert_eq!(unsafe { dot_with::<T, T::Portable>(pieces()) }, expected);
            #[cfg(target_arch = "x86_64")]
            if Instructions::all().any(|instructions| instructions == Instructions::Avx2) {
                // SAFETY: the instructions are there.
                assert_eq!(unsafe { T::dot_avx2(pieces()) }, expected);
            }
        }
    }

    #[test]
    fn every_dot_gives_the_same_for_whole_numbers() {
        dots_of_odd_lengths::<f32>();
        dots_of_odd_lengths::<f64>();
    }

    fn transposes_of_odd_shapes<T: Scalar>() {
        for (rows, columns) in [(0, 3), (1, 1), (4, 4), (8, 8), (7, 9), (16, 5), (64, 64), (33, 17)] {
            let (from_step, to_step) = (rows + 3, columns + 1);
            let from: Vec<T> = (0..columns * from_step).map(|i| T::from_f64(i as f64)).collect();
            let mut to = vec![T::ZERO; rows * to_step];
            transpose((&from, from_step), (&mut to, to_step), rows, columns);
            for r in 0..rows {
                for c in 0..to_step {
                    let expected = if c < columns { from[c * from_step + r] } else { T::ZERO };
                    assert_eq!(to[r * to_step + c], expected, "{rows}×{columns}");
                }
            }
        }
    }

    #[test]
    fn transposes() {
        transposes_of_odd_shapes::<f32>();
        transposes_of_odd_shapes::<f64>();
    }

    #[test]
    fn sums_are_finished() {
        let left = Left { panel: &[1.0; 8], height: 8, start: None };
        let numbers = [-1.0, -0.0, 0.0, 2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let masks = numbers.map(|x| [x; 8]);
        for instructions in Instructions::all() {
            for x in numbers {
                let of = |finish: Finish<'_, f64>| {
                    let mut out = [5.0f64; 8];
                    strip_with(instructions, &left, &Right::constant(&x, 1), 0..1, finish, &mut out);
                    out
                };
                let same = |found: [f64; 8], expected: f64| {
                    assert!(found.iter().all(|y| *y == expected || y.is_nan() && expected.is_nan()), "{x} {found:?}");
                };
                same(of(Finish::Keep), x);
                same(of(Finish::Relu), if x < 0.0 { 0.0 } else { x });
                // 5 is what was there
                same(of(Finish::Descend { eta: 0.1, lambda: 0.3 }), 5.0 - 0.1 * (x + 0.3 * 5.0));
                for by in &masks {
                    same(of(Finish::WherePositive(by)), if by[0] > 0.0 { x } else { 0.0 });
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "the right factor is too short")]
    fn short_slices_are_refused() {
        let right = Right {
            elements: &[1.0; 8],
            depth: 3,
            run: 3,
            run_step: 0,
            row_step: 1,
            column_step: 3,
            last_column_step: 3,
        };
        let left = Left { panel: &[0.0; 24], height: 8, start: None };
        strip(&left, &right, 0..3, Finish::Keep, &mut [0.0; 24]);
    }
}
