//! Parts of tensors that threads write concurrently.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::kernel::Panels;
use super::{Layout, Scalar, Tensor};
use crate::threads::{is_worth_sharing, share};

/// Number of columns in a strip: a multiple of the kernel's tiles. Its part of a panel stays in the
/// first-level cache.
const COLUMNS: usize = 48;

/// Number of samples that a thread takes at a time, if it takes whole ones.
pub(crate) const SAMPLES: usize = 16;

/// A slice from which threads take parts that do not overlap.
struct Parts<'a, T> {
    first: *mut T,
    length: usize,
    of: PhantomData<&'a mut [T]>,
}

// SAFETY: every part is given out once at a time (see `take`), and T may be sent.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    fn of(slice: &'a mut [T]) -> Self {
        Parts { first: slice.as_mut_ptr(), length: slice.len(), of: PhantomData }
    }

    /// # Safety
    /// No two parts that are in use at the same time overlap.
    #[allow(clippy::mut_from_ref)]
    unsafe fn take(&self, place: Range<usize>) -> &mut [T] {
        assert!(place.start <= place.end && place.end <= self.length, "a part of the slice");
        // SAFETY: inside the slice; the rest is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(place.start), place.len()) }
    }
}

/// Some columns of one panel.
#[derive(Clone, Debug)]
pub(crate) struct Strip {
    pub(crate) panel: usize,
    pub(crate) columns: Range<usize>,
}

/// The largest number of tensors that accompany another in [`for_each_strip_with`] and
/// [`for_each_update_block`].
pub(crate) const MOST_STATES: usize = 4;

/// The same part of several tensors; empty if a tensor is absent.
type States<'a, T> = [&'a mut [T]; MOST_STATES];

/// Tensors that accompany another, to be cut into parts.
struct StateParts<'a, T>([Option<Parts<'a, T>>; MOST_STATES]);

impl<'a, T: Scalar> StateParts<'a, T> {
    fn of(shape: (usize, usize), states: &'a mut [Tensor<T>]) -> Self {
        assert!(states.len() <= MOST_STATES, "at most {MOST_STATES} tensors beside the first");
        assert!(states.iter().all(|state| state.shape() == shape), "tensors of one shape");
        let mut states = states.iter_mut();
        StateParts(std::array::from_fn(|_| states.next().map(|state| Parts::of(state.storage_mut()))))
    }

    /// # Safety
    /// That of [`Parts::take`].
    unsafe fn take(&self, place: &Range<usize>) -> States<'_, T> {
        std::array::from_fn(|n| match &self.0[n] {
            // SAFETY: the caller's promise.
            Some(parts) => unsafe { parts.take(place.clone()) },
            None => &mut [],
        })
    }
}

/// Cuts all of them at the same position.
pub(crate) fn split_all<T>(states: States<'_, T>, at: usize) -> (States<'_, T>, States<'_, T>) {
    let (mut before, mut after): (States<'_, T>, States<'_, T>) = Default::default();
    for ((state, before), after) in states.into_iter().zip(&mut before).zip(&mut after) {
        (*before, *after) = state.split_at_mut(at.min(state.len()));
    }
    (before, after)
}

/// Calls `work(strip, elements)` for every strip of `tensor`, on all threads if `operations`, the
/// total cost, is large enough. A thread takes adjacent strips, and whole panels if there are
/// enough.
pub(crate) fn for_each_strip<T: Scalar>(
    tensor: &mut Tensor<T>,
    operations: usize,
    work: impl Fn(Strip, &mut [T]) + Sync,
) {
    let (layout, columns) = (tensor.layout(), tensor.columns());
    let parts = Parts::of(tensor.storage_mut());
    for_each_place(layout, columns, operations, |strip, place| {
        // SAFETY: the places of different strips do not overlap, and each comes once.
        work(strip, unsafe { parts.take(place) });
    });
}

/// As [`for_each_strip`], with the strips of other tensors of the same shape, at most
/// [`MOST_STATES`].
pub(crate) fn for_each_strip_with<T: Scalar>(
    tensor: &mut Tensor<T>,
    states: &mut [Tensor<T>],
    operations: usize,
    work: impl Fn(Strip, &mut [T], States<'_, T>) + Sync,
) {
    let (layout, shape) = (tensor.layout(), tensor.shape());
    let states = StateParts::of(shape, states);
    let parts = Parts::of(tensor.storage_mut());
    for_each_place(layout, shape.1, operations, |strip, place| {
        // SAFETY: the places of different strips do not overlap, and each comes once.
        let (elements, states) = unsafe { (parts.take(place.clone()), states.take(&place)) };
        work(strip, elements, states);
    });
}

/// Calls `work(strip, range)` for every strip of a tensor.
#[inline]
fn for_each_place<T: Scalar>(
    layout: Layout<T>,
    columns: usize,
    operations: usize,
    work: impl Fn(Strip, Range<usize>) + Sync,
) {
    // with few strips a thread could have too many or none
    let few = is_worth_sharing(operations) && layout.panels() * columns < 16 * COLUMNS;
    let width = if few { COLUMNS / 4 } else { COLUMNS };
    // a division takes as long as a small product
    let per_panel = if (1..=width).contains(&columns) { 1 } else { columns.div_ceil(width) };
    share(layout.panels() * per_panel, operations, &|i| {
        let (panel, first) = if per_panel == 1 { (i, 0) } else { (i / per_panel, i % per_panel * width) };
        let strip = Strip { panel, columns: first..columns.min(first + width) };
        let place = layout.place(strip.panel, strip.columns.clone());
        work(strip, place);
    });
}

/// A block of an update of parameters `[b | W]`: the columns for one panel of inputs; in the first
/// block also the biases.
pub(crate) struct UpdateBlock<'a, T> {
    pub(crate) strip: Strip,
    /// The index of the panel of inputs: W's columns are rows of its transpose.
    pub(crate) input_panel: usize,
    pub(crate) elements: &'a mut [T],
    /// The same block of the rule's state.
    pub(crate) states: States<'a, T>,
    pub(crate) state_count: usize,
    /// The same weights in the transpose of W, if there is one.
    pub(crate) transposed: &'a mut [T],
}

/// Calls `work` for every block of parameters `[b | W]`, on all threads if `operations` is large
/// enough.
pub(crate) fn for_each_update_block<T: Scalar>(
    parameters: &mut Tensor<T>,
    states: &mut [Tensor<T>],
    transpose: Option<&mut Tensor<T>>,
    operations: usize,
    work: impl Fn(UpdateBlock<'_, T>) + Sync,
) {
    let (layout, (rows, columns)) = (parameters.layout(), parameters.shape());
    assert!(transpose.iter().all(|transpose| transpose.shape() == (columns - 1, rows)), "shape of the transpose");
    let state_count = states.len();
    let states = StateParts::of((rows, columns), states);
    let parts = Parts::of(parameters.storage_mut());
    let transpose = transpose.map(|transpose| (transpose.layout(), Parts::of(transpose.storage_mut())));
    let per_panel = (columns - 1).div_ceil(T::PANEL).max(1);
    share(layout.panels() * per_panel, operations, &|i| {
        let (panel, input_panel) = (i / per_panel, i % per_panel);
        let inputs = input_panel * T::PANEL..(columns - 1).min((input_panel + 1) * T::PANEL);
        let first = if input_panel == 0 { 0 } else { 1 + inputs.start };
        let strip = Strip { panel, columns: first..1 + inputs.end };
        let place = layout.place(panel, strip.columns.clone());
        let outputs = panel * T::PANEL..rows.min((panel + 1) * T::PANEL);
        // SAFETY: blocks with different numbers are different pieces of each storage, and each
        // number comes once.
        let (elements, states, transposed) = unsafe {
            let transposed = transpose.as_ref().map(|(layout, parts)| parts.take(layout.place(input_panel, outputs)));
            (parts.take(place.clone()), states.take(&place), transposed.unwrap_or_default())
        };
        work(UpdateBlock { strip, input_panel, elements, states, state_count, transposed });
    });
}

/// Some whole columns of a tensor, written by one thread.
pub(crate) struct Columns<'a, T: Scalar> {
    parts: &'a Parts<'a, T>,
    layout: Layout<T>,
    numbers: Range<usize>,
}

impl<T: Scalar> Columns<'_, T> {
    /// The indices of the columns.
    pub(crate) fn numbers(&self) -> Range<usize> {
        self.numbers.clone()
    }

    /// A panel of all these columns, column after column, and its number of rows.
    #[inline]
    pub(crate) fn panel(&mut self, panel: usize) -> (&mut [T], usize) {
        // SAFETY: as in `group`.
        let elements = unsafe { self.parts.take(self.layout.place(panel, self.numbers.clone())) };
        (elements, self.layout.height(panel))
    }

    /// One column of a panel, and its number of rows.
    #[inline]
    pub(crate) fn column(&mut self, panel: usize, column: usize) -> (&mut [T], usize) {
        assert!(self.numbers.contains(&column), "one of these columns");
        // SAFETY: as in `group`.
        let elements = unsafe { self.parts.take(self.layout.place(panel, column..column + 1)) };
        (elements, self.layout.height(panel))
    }

    /// One element.
    pub(crate) fn element(&mut self, row: usize, column: usize) -> &mut T {
        &mut self.column(row / T::PANEL, column).0[row % T::PANEL]
    }

    /// A panel from a group of rows on, in some of the columns, and its number of rows.
    #[inline]
    pub(crate) fn group(&mut self, group: usize, columns: &Range<usize>) -> (&mut [T], usize) {
        assert!(self.numbers.start <= columns.start && columns.end <= self.numbers.end, "some of these columns");
        let (place, height) = self.layout.group(group, columns);
        // SAFETY: no other value has these columns, and this one gives one piece at a time.
        (unsafe { self.parts.take(place) }, height)
    }
}

/// Calls `work` for all columns, some at a time, on all threads if `operations`, the total cost, is
/// large enough. Returns the sum of its results in the order of the columns.
pub(crate) fn sum_over_columns_of<T: Scalar>(
    tensor: &mut Tensor<T>,
    operations: usize,
    work: impl Fn(Columns<'_, T>) -> f64 + Sync,
) -> f64 {
    let (layout, columns) = (tensor.layout(), tensor.columns());
    let parts = Parts::of(tensor.storage_mut());
    sum_over_columns(columns, operations, |numbers| work(Columns { parts: &parts, layout, numbers }))
}

/// As above without writing: `work` gets the indices of some columns.
pub(crate) fn sum_over_columns(columns: usize, operations: usize, work: impl Fn(Range<usize>) -> f64 + Sync) -> f64 {
    /// The borders depend only on the number of columns, and so does the order of additions.
    const MOST: usize = 64;
    let width = columns.div_ceil(MOST).max(SAMPLES);
    let sums = [const { AtomicU64::new(0) }; MOST];
    let parts = columns.div_ceil(width);
    share(parts, operations, &|i| {
        let sum = work(i * width..columns.min((i + 1) * width));
        sums[i].store(sum.to_bits(), Ordering::Relaxed);
    });
    sums[..parts].iter().map(|sum| f64::from_bits(sum.load(Ordering::Relaxed))).sum()
}

/// Calls `work` for all columns, some at a time, on all threads if `operations`, the total cost, is
/// large enough.
pub(crate) fn for_each_columns<T: Scalar>(
    tensor: &mut Tensor<T>,
    operations: usize,
    work: impl Fn(Columns<'_, T>) + Sync,
) {
    sum_over_columns_of(tensor, operations, |columns| {
        work(columns);
        0.0
    });
}

/// Calls `work(i, chunk i)` for every chunk of `length` elements (the last may be shorter), on all
/// threads if `operations` is large enough.
pub(crate) fn for_each_chunk<T: Send>(
    elements: &mut [T],
    length: usize,
    operations: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    let total = elements.len();
    let parts = Parts::of(elements);
    share(total.div_ceil(length), operations, &|i| {
        let place = i * length..total.min((i + 1) * length);
        // SAFETY: chunks with different numbers do not overlap, and each number comes once.
        work(i, unsafe { parts.take(place) });
    });
}
