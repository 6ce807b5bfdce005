//! What the machine can do: multiply and add, read memory, and meet between two threads.
//!
//! The loops of the peak need instructions that a program for every processor has to ask for, and so a call that the compiler cannot check.
#![allow(unsafe_code)]

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// Independent sums, enough to hide the latency of an addition.
const SUMS: usize = 12;
const ROUNDS: usize = 1_000_000;

/// Sums of products in registers of `$lanes` lanes; floating-point operations done.
#[cfg(target_arch = "x86_64")]
macro_rules! multiply_add {
    ($name:ident, $features:literal, $lanes:literal, $splat:ident, $fma:ident) => {
        #[target_feature(enable = $features)]
        pub(super) fn $name() -> f64 {
            let (a, b) = (black_box($splat(1.0)), black_box($splat(-1e-9)));
            let mut sums = [$splat(1.0); SUMS];
            for _ in 0..ROUNDS {
                for sum in &mut sums {
                    *sum = $fma(a, b, *sum);
                }
            }
            black_box(sums);
            2.0 * (ROUNDS * SUMS * $lanes) as f64
        }
    };
}
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{ROUNDS, SUMS, black_box};
    multiply_add!(f32_avx512, "avx512f", 16, _mm512_set1_ps, _mm512_fmadd_ps);
    multiply_add!(f64_avx512, "avx512f", 8, _mm512_set1_pd, _mm512_fmadd_pd);
    multiply_add!(f32_avx2, "avx2,fma", 8, _mm256_set1_ps, _mm256_fmadd_ps);
    multiply_add!(f64_avx2, "avx2,fma", 4, _mm256_set1_pd, _mm256_fmadd_pd);
}

/// The fastest loop of multiply-adds that this processor runs; none where there is no such loop for it.
fn fastest(f32: bool) -> Option<fn() -> f64> {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: each is chosen where its instructions are there.
        if is_x86_feature_detected!("avx512f") {
            return Some(if f32 { || unsafe { x86::f32_avx512() } } else { || unsafe { x86::f64_avx512() } });
        }
        // SAFETY: as above.
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Some(if f32 { || unsafe { x86::f32_avx2() } } else { || unsafe { x86::f64_avx2() } });
        }
    }
    None
}

/// Floating-point operations a second of this many threads at once, the best of three tries.
pub(crate) fn peak(f32: bool, threads: usize) -> Option<f64> {
    let work = fastest(f32)?;
    let once = || {
        let barrier = Barrier::new(threads);
        let of_one = || {
            barrier.wait();
            let clock = Instant::now();
            work() / clock.elapsed().as_secs_f64()
        };
        thread::scope(|scope| {
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(of_one)).collect();
            handles.into_iter().filter_map(|handle| handle.join().ok()).sum::<f64>()
        })
    };
    (0..3).map(|_| once()).reduce(f64::max)
}

/// Bytes a second that this many threads read from memory.
pub(crate) fn bandwidth(threads: usize) -> f64 {
    const BYTES: usize = 256 << 20;
    let memory = vec![1u64; BYTES / 8];
    let once = || {
        let clock = Instant::now();
        thread::scope(|scope| {
            for part in memory.chunks(memory.len().div_ceil(threads)) {
                scope.spawn(move || black_box(part.iter().fold(0u64, |sum, x| sum.wrapping_add(*x))));
            }
        });
        BYTES as f64 / clock.elapsed().as_secs_f64()
    };
    (0..3).map(|_| once()).fold(0.0, f64::max)
}

/// Seconds of a meeting of two threads that spin: it tells how far apart their processors are.
pub(crate) fn barrier() -> f64 {
    const MEETINGS: usize = 200_000;
    let turn = AtomicUsize::new(0);
    let mine = |which: usize| {
        for i in 0..MEETINGS {
            while turn.load(Ordering::Acquire) != 2 * i + which {
                std::hint::spin_loop();
            }
            turn.store(2 * i + which + 1, Ordering::Release);
        }
    };
    let clock = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| mine(0));
        mine(1);
    });
    clock.elapsed().as_secs_f64() / MEETINGS as f64
}
