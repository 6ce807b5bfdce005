//! Parts of tensors that threads write at the same time.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;

use super::{Scalar, Tensor};
use crate::threads::share;

/// Samples, or columns of parameters, of a strip: a whole number of the kernel's tiles. The part of a panel in it stays in the first cache.
const COLUMNS: usize = 48;

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

/// Calls `work(strip, its elements)` for every strip of `tensor`, on all threads if `operations`, the cost of all, is worth it. A
/// thread takes neighbouring strips, so that it owns whole panels where there are enough of them.
pub(crate) fn for_each_strip<T: Scalar>(
    tensor: &mut Tensor<T>,
    operations: usize,
    work: impl Fn(Strip, &mut [T]) + Sync,
) {
    for_each_strip_of([Some(tensor)], operations, |strip, [elements]| work(strip, elements));
}

/// The same for several tensors of the first one's shape; where there is none, `work` gets an empty slice.
pub(crate) fn for_each_strip_of<T: Scalar, const N: usize>(
    tensors: [Option<&mut Tensor<T>>; N],
    operations: usize,
    work: impl Fn(Strip, [&mut [T]; N]) + Sync,
) {
    let Some(shape) = tensors.iter().flatten().map(|tensor| tensor.shape()).next() else { return };
    assert!(tensors.iter().flatten().all(|tensor| tensor.shape() == shape), "tensors of one shape");
    let Some(layout) = tensors.iter().flatten().map(|tensor| tensor.layout()).next() else { return };
    let parts = tensors.map(|tensor| tensor.map(|tensor| Parts::of(tensor.storage_mut())));
    let per_panel = shape.1.div_ceil(COLUMNS);
    share(layout.panels() * per_panel, operations, &|i| {
        let first = i % per_panel * COLUMNS;
        let strip = Strip { panel: i / per_panel, columns: first..shape.1.min(first + COLUMNS) };
        let place = layout.place(strip.panel, strip.columns.clone());
        let elements = std::array::from_fn(|n| match &parts[n] {
            // SAFETY: strips with different numbers are different pieces of the storage, and each number comes once.
            Some(parts) => unsafe { parts.take(place.clone()) },
            None => &mut [],
        });
        work(strip, elements);
    });
}

/// Calls `work(i, chunk i)` for every chunk of `length` elements (the last may be shorter), on all threads if `operations`
/// is worth it.
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
