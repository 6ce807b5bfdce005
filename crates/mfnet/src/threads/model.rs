//! The pool under loom, which runs each program below in every order of its steps, and with every
//! value that weaker memory may show.
//!
//! `RUSTFLAGS='--cfg mfnet_loom' cargo test --release -p mfnet --lib threads::model`; loom says how
//! to see the order that failed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};

use super::{Threads, WORTH_SHARING, share};

/// Tries all orders in which threads are interrupted at most this often, or as often as
/// `LOOM_MAX_PREEMPTIONS` says.
fn explore(interruptions: usize, program: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(interruptions));
    model.check(program);
}

/// Work that each chunk does once: loom sees a second thread in a chunk, or a chunk that is read
/// before it is written.
struct Chunks(Vec<loom::cell::UnsafeCell<usize>>);

// SAFETY: what the models show is that no two threads use a chunk at once.
unsafe impl Sync for Chunks {}

impl Chunks {
    fn new(count: usize) -> Self {
        Chunks((0..count).map(|_| loom::cell::UnsafeCell::new(0)).collect())
    }

    fn add_one(&self, i: usize) {
        // SAFETY: loom fails if anybody else is here.
        self.0[i].with_mut(|chunk| unsafe { *chunk += 1 });
    }

    fn are_all(&self, expected: usize) -> bool {
        // SAFETY: as above.
        self.0.iter().all(|chunk| chunk.with(|chunk| unsafe { *chunk }) == expected)
    }
}

/// `jobs` jobs of `count` chunks, one after the other; then the pool is dropped.
fn jobs(threads: usize, jobs: usize, count: usize) {
    let pool = Threads::new(threads).unwrap();
    let chunks = Chunks::new(count);
    pool.install(|| {
        for done in 1..=jobs {
            share(count, usize::MAX, &|i| chunks.add_one(i));
            // the caller sees what the workers wrote
            assert!(chunks.are_all(done));
        }
    });
}

#[test]
fn two_threads_do_each_chunk_once() {
    explore(4, || jobs(2, 2, 2));
}

#[test]
fn three_threads_do_each_chunk_once() {
    explore(2, || jobs(3, 1, 3));
}

#[test]
fn a_thread_that_nobody_woke_may_come() {
    // worth two of the three threads; loom takes a wake-up for an order between threads, so that
    // only this thread needs that of the state
    explore(2, || {
        let pool = Threads::new(3).unwrap();
        let chunks = Chunks::new(2);
        pool.install(|| share(2, WORTH_SHARING, &|i| chunks.add_one(i)));
        assert!(chunks.are_all(1));
    });
}

#[test]
fn an_idle_pool_ends() {
    explore(5, || drop(Threads::new(2).unwrap()));
    explore(5, || drop(Threads::new(3).unwrap()));
}

#[test]
fn a_panic_reaches_the_caller_after_all_have_left() {
    for bad in [0, 1] {
        explore(4, move || {
            let pool = Threads::new(2).unwrap();
            let chunks = Chunks::new(2);
            let job = AssertUnwindSafe(|| {
                share(2, usize::MAX, &|i| {
                    chunks.add_one(i);
                    if i == bad {
                        // a panic without its message, which would be printed for every order
                        resume_unwind(Box::new("chunk"));
                    }
                });
            });
            let found = pool.install(|| catch_unwind(job));
            assert_eq!(found.unwrap_err().downcast_ref::<&str>(), Some(&"chunk"));
            // the job's own things are the caller's again, and the pool lives on
            let again = Chunks::new(2);
            pool.install(|| share(2, usize::MAX, &|i| again.add_one(i)));
            assert!(again.are_all(1));
        });
    }
}

#[test]
fn work_inside_a_job_is_done_by_its_thread() {
    explore(5, || {
        let pool = Threads::new(2).unwrap();
        let chunks = Chunks::new(4);
        pool.install(|| {
            share(2, usize::MAX, &|i| share(2, usize::MAX, &|j| chunks.add_one(2 * i + j)));
        });
        assert!(chunks.are_all(1));
    });
}

#[test]
fn a_second_caller_does_its_work_alone() {
    explore(3, || {
        let pool = Arc::new(Threads::new(2).unwrap());
        let (begun, of_other) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&pool));
        let counted = Arc::clone(&begun);
        let other = loom::thread::spawn(move || {
            let chunks = Chunks::new(2);
            of_other.install(|| share(2, usize::MAX, &|i| chunks.add_one(i)));
            counted.fetch_add(1, Ordering::Relaxed);
            chunks.are_all(1)
        });
        let chunks = Chunks::new(2);
        pool.install(|| share(2, usize::MAX, &|i| chunks.add_one(i)));
        assert!(chunks.are_all(1));
        assert!(other.join().unwrap());
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    });
}
