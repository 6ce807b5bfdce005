//! Prefetches memory before it is needed. On processors other than x86-64 these functions do
//! nothing.
#![cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]

#[cfg(target_arch = "x86_64")]
use super::GROUP;

/// Prefetches elements that will soon be changed.
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

/// Prefetches memory, whether it is allocated or not.
#[inline(always)]
pub(super) fn prefetch_bytes<T>(from: *const T, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for byte in (0..bytes).step_by(GROUP) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: asking reads nothing; every x86-64 has the instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast::<i8>().wrapping_add(byte)) }
    }
}

/// Prefetches the cache line of a position into the second-level cache.
#[inline(always)]
pub(super) fn prefetch_late<T>(from: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: asking reads nothing; every x86-64 has the instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast::<i8>()) }
    }
}
