//! A pool of threads that share the work of a product.
//!
//! Work is cut into chunks whose borders depend only on shapes, and every chunk is computed by the
//! same instructions on any thread. So results have the same bits for any number of threads, and
//! sharing work only affects speed.
//!
//! Each thread has its own chunks, the same ones in every step, so that it finds them in its cache.
//! A thread that is done takes chunks that others have not begun. A job ends when all chunks are
//! done, even if some threads never joined: nobody waits for a thread that the system does not run
//! because other programs keep the processors busy.
//!
//! A step of a small network takes microseconds, about as long as waking a sleeping thread.
//! Therefore the threads spin briefly for the next job before they sleep. No thread pool from a
//! crate spins as briefly, which is why the pool is written here.
#![allow(unsafe_code)]

#[cfg(all(test, mfnet_loom))]
mod model;
mod sync;

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::thread;

use self::sync::{
    Arc, AtomicBool, AtomicU64, AtomicUsize, Builder, JoinHandle, LocalKey, Mutex, SPINS, UnsafeCell, park, per_thread,
    spin_loop, yield_now,
};
use crate::error::{Error, ErrorKind, Result};

/// A job with fewer floating-point operations runs on the calling thread only: 2 to 10 µs of work,
/// while calling the other threads costs up to 1 µs.
const WORTH_SHARING: usize = 500_000;
/// More threads than any current machine has; a larger number is a mistake.
const MOST: usize = 1024;

/// A fixed number of threads: the calling one and the workers of a pool.
///
/// The workers sleep while there is no work, and end when the value is dropped. Results never
/// depend on their number.
///
/// ```
/// use mfnet::{Tensor, Threads};
/// let a = Tensor::from_fn(300, 300, |i, j| (i * j) as f64);
/// let one = Threads::new(1)?.install(|| a.product(&a));
/// let three = Threads::new(3)?.install(|| a.product(&a));
/// assert_eq!(one, three);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Debug)]
pub struct Threads {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// Locked while a job runs; a second caller does its work alone.
    caller: Mutex<()>,
}

/// A job: called at most once on each thread, with the index of the thread.
type Job<'a> = &'a (dyn Fn(usize) + Sync);

#[derive(Debug)]
struct Shared {
    /// The number of the job, whether threads may still enter it, and how many workers are in it.
    state: AtomicU64,
    /// The current job, valid while a worker is in it.
    job: UnsafeCell<Option<JobPointer>>,
    stop: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Whether each thread has worked on a chunk.
    worked: Vec<AtomicBool>,
    /// The next chunk of each thread.
    next: Vec<Cursor>,
}

/// A counter in a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Cursor(AtomicUsize);

/// One worker in the job; the lower half of [`Shared::state`] counts them.
const WORKER: u64 = 1;
const WORKERS: u64 = (1 << 16) - 1;
/// Set while threads may enter the job.
const OPEN: u64 = 1 << 16;
/// One job; the rest of the state counts them.
const JOB: u64 = 1 << 17;

#[derive(Clone, Copy, Debug)]
struct JobPointer(*const (dyn Fn(usize) + Sync));

// SAFETY: `job` is written only by the thread that holds `caller`, and only while no job is open
// and no worker is in one. A worker reads it after it has entered an open job (acquire), which the
// writer opened after writing (release). The pointee is `Sync`.
unsafe impl Sync for Shared {}
// SAFETY: as above; nothing in `Shared` belongs to one thread.
unsafe impl Send for Shared {}

per_thread! {
    /// The pool that `install` made current on this thread; null for the default one.
    static CURRENT: Cell<*const Threads> = const { Cell::new(std::ptr::null()) };
    /// True on workers, during a job and in `alone`: work inside is not shared.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

impl Threads {
    /// Starts `count - 1` workers in addition to the calling thread.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] if `count` is 0 or more than 1024; [`ErrorKind::Threads`] if the
    /// system cannot start a thread.
    pub fn new(count: usize) -> Result<Self> {
        if count == 0 || count > MOST {
            return Err(Error::invalid("threads", format!("a number from 1 to {MOST}"), count));
        }
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            job: UnsafeCell::new(None),
            stop: AtomicBool::new(false),
            panic: Mutex::new(None),
            worked: (0..count).map(|_| AtomicBool::new(false)).collect(),
            next: (0..count).map(|_| Cursor::default()).collect(),
        });
        // built first, so that dropping it ends the started workers if a later one cannot be
        // started
        let mut threads = Threads { shared, workers: Vec::new(), caller: Mutex::new(()) };
        for number in 1..count {
            let shared = Arc::clone(&threads.shared);
            let worker = Builder::new()
                .name(format!("mfnet-{number}"))
                .spawn(move || work(&shared, number))
                .map_err(|reason| ErrorKind::Threads(count, reason))?;
            threads.workers.push(worker);
        }
        Ok(threads)
    }

    /// Starts as many threads as the machine offers to this process.
    ///
    /// # Errors
    /// As [`Threads::new`].
    pub fn available() -> Result<Self> {
        Self::new(processors())
    }

    /// Starts this many threads, but not many more than there are processors: those would only take
    /// the processors from each other.
    pub(crate) fn asked(count: usize) -> Result<Self> {
        if count > 2 * processors() && count <= MOST { Self::available() } else { Self::new(count) }
    }

    /// The number of threads, including the calling one.
    pub fn count(&self) -> usize {
        self.workers.len() + 1
    }

    /// Number of threads that have worked so far. Work too small to share is done by the caller and
    /// not counted.
    pub fn worked(&self) -> usize {
        self.shared.worked.iter().filter(|worked| worked.load(Ordering::Relaxed)).count()
    }

    /// Runs `program` on the calling thread; these threads share the products inside it.
    ///
    /// Without `install`, a default pool with a thread for each processor is used.
    pub fn install<R>(&self, program: impl FnOnce() -> R) -> R {
        with(&CURRENT, self, program)
    }

    /// Calls `work(i)` once for every i below `count` on at most `most` threads. Thread k of n
    /// takes i from k·count/n to (k+1)·count/n, unless others are done earlier. Returns false,
    /// without any call, if another caller is using the threads.
    fn share(&self, count: usize, most: usize, work: &(dyn Fn(usize) + Sync)) -> bool {
        let Ok(_caller) = self.caller.try_lock() else { return false };
        let threads = self.count().min(most);
        let first = |thread: usize| thread * count / threads;
        for (thread, next) in self.shared.next.iter().enumerate() {
            next.0.store(first(thread), Ordering::Relaxed);
        }
        let job = |thread: usize| {
            if thread >= threads {
                return;
            }
            for owner in (thread..threads).chain(0..thread) {
                let end = first(owner + 1);
                let next = &self.shared.next[owner].0;
                while next.load(Ordering::Relaxed) < end {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i < end {
                        work(i);
                        self.shared.worked[thread].store(true, Ordering::Relaxed);
                    }
                }
            }
        };
        let own = self.run(threads, &job);
        let of_worker = self.shared.panic.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(panic) = own.err().or(of_worker) {
            drop(_caller);
            resume_unwind(panic);
        }
        true
    }

    /// Calls `job(0)` here and `job(k)` on each worker k that arrives before that call is done, and
    /// wakes those below `threads`. The caller holds `caller`.
    fn run(&self, threads: usize, job: Job<'_>) -> thread::Result<()> {
        // SAFETY: only the lifetime is changed. The pointer is read by workers that are in the job,
        // and this function does not return or unwind before the job is closed and all have left
        // it.
        let pointer = JobPointer(unsafe { std::mem::transmute::<Job<'_>, Job<'static>>(job) });
        // SAFETY: this thread holds `caller`, no job is open and no worker is in one, so nobody
        // else touches `job`.
        self.shared.job.with_mut(|place| unsafe { *place = Some(pointer) });
        self.shared.state.fetch_add(JOB | OPEN, Ordering::Release);
        for worker in &self.workers[..threads - 1] {
            worker.thread().unpark();
        }
        INSIDE.with(|inside| inside.set(true));
        let own = catch_unwind(AssertUnwindSafe(|| job(0)));
        INSIDE.with(|inside| inside.set(false));
        self.shared.state.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0;
        while self.shared.state.load(Ordering::Acquire) & WORKERS != 0 {
            spins += 1;
            if spins < SPINS { spin_loop() } else { yield_now() }
        }
        own
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // a worker catches the panics of its jobs, so there is nothing to report
            let _ = worker.join();
        }
    }
}

/// As many threads as the machine offers to this process.
fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MOST)
}

/// The loop of a worker: wait for a job, enter it, do it, leave it.
fn work(shared: &Shared, number: usize) {
    INSIDE.with(|inside| inside.set(true));
    let mut done = 0;
    loop {
        let mut spins = 0;
        let state = loop {
            if shared.stop.load(Ordering::Acquire) {
                return;
            }
            let state = shared.state.load(Ordering::Acquire);
            if state & OPEN != 0 && state / JOB != done {
                break state;
            }
            spins += 1;
            if spins < SPINS { spin_loop() } else { park() }
        };
        if shared.state.compare_exchange(state, state + WORKER, Ordering::Acquire, Ordering::Relaxed).is_err() {
            continue;
        }
        done = state / JOB;
        // SAFETY: this worker is in the open job, so `job` was written before (acquire) and is not
        // written again before it leaves.
        let job = shared.job.with(|place| unsafe { *place });
        if let Some(JobPointer(job)) = job {
            // SAFETY: the caller keeps the job alive until all workers have left it.
            let job = unsafe { &*job };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(number))) {
                shared.panic.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(panic);
            }
        }
        shared.state.fetch_sub(WORKER, Ordering::Release);
    }
}

/// Runs `program` without sharing any work.
pub(crate) fn alone<R>(program: impl FnOnce() -> R) -> R {
    with(&INSIDE, true, program)
}

/// Runs `program` with another value of this thread-local cell, and restores the old one, even if
/// `program` panics.
fn with<V: Copy + 'static, R>(place: &'static LocalKey<Cell<V>>, value: V, program: impl FnOnce() -> R) -> R {
    struct Restore<V: Copy + 'static>(&'static LocalKey<Cell<V>>, V);
    impl<V: Copy> Drop for Restore<V> {
        fn drop(&mut self) {
            self.0.with(|place| place.set(self.1));
        }
    }
    let _restore = Restore(place, place.with(|place| place.replace(value)));
    program()
}

/// The default pool, for programs that install none.
fn default_pool() -> Option<&'static Threads> {
    static DEFAULT: OnceLock<Option<Threads>> = OnceLock::new();
    DEFAULT.get_or_init(|| Threads::available().ok()).as_ref()
}

/// Whether several threads would do this many floating-point operations faster.
pub(crate) fn is_worth_sharing(operations: usize) -> bool {
    operations >= WORTH_SHARING
}

/// Calls `work(i)` once for every i below `count`, on the current threads if `operations`, the
/// total cost, is large enough. Results must not depend on the thread.
pub(crate) fn share(count: usize, operations: usize, work: &(dyn Fn(usize) + Sync)) {
    if is_worth_sharing(operations) && count > 1 && !INSIDE.with(Cell::get) {
        let current = CURRENT.with(Cell::get);
        // SAFETY: `install` borrows its pool for as long as the pointer is current on this thread.
        let pool = if current.is_null() { default_pool() } else { Some(unsafe { &*current }) };
        // each thread gets at least half of a job worth sharing
        let most = operations / (WORTH_SHARING / 2);
        if pool.is_some_and(|pool| pool.count() > 1 && pool.share(count, most, work)) {
            return;
        }
    }
    (0..count).for_each(work);
}

#[cfg(all(test, not(mfnet_loom)))]
mod tests {
    use super::*;
    use crate::tensor::parts::for_each_chunk;

    #[test]
    fn every_chunk_once() {
        for threads in [1, 2, 3, 8] {
            let pool = Threads::new(threads).unwrap();
            let mut elements = vec![0; 1001];
            pool.install(|| {
                for _ in 0..50 {
                    for_each_chunk(&mut elements, 10, usize::MAX, |i, chunk| {
                        for (j, element) in chunk.iter_mut().enumerate() {
                            *element += i * 10 + j;
                        }
                    });
                }
            });
            assert!(elements.iter().enumerate().all(|(i, e)| *e == 50 * i), "{threads} threads");
        }
    }

    #[test]
    fn every_thread_works() {
        for threads in [2, 3, 8] {
            let pool = Threads::new(threads).unwrap();
            // nobody ends a chunk before each thread has begun one
            let barrier = std::sync::Barrier::new(threads);
            let wait = |_| {
                barrier.wait();
            };
            pool.install(|| share(threads, usize::MAX, &wait));
            assert_eq!(pool.worked(), threads);
        }
    }

    #[test]
    fn a_job_does_not_wait_for_threads_that_do_not_come() {
        let pool = Threads::new(2).unwrap();
        let here = thread::current().id();
        let begun = AtomicUsize::new(0);
        pool.install(|| {
            share(100, usize::MAX, &|_| {
                // the worker stays in its first chunk until the caller has done all others
                if begun.fetch_add(1, Ordering::Relaxed) < 100 && thread::current().id() != here {
                    while begun.load(Ordering::Relaxed) < 100 {
                        thread::yield_now();
                    }
                }
            });
        });
        assert_eq!(begun.into_inner(), 100);
    }

    #[test]
    fn sleeping_threads_wake_up() {
        let pool = Threads::new(3).unwrap();
        for _ in 0..3 {
            thread::sleep(std::time::Duration::from_millis(20));
            let mut elements = vec![0; 64];
            pool.install(|| for_each_chunk(&mut elements, 1, usize::MAX, |i, c| c[0] = i));
            assert!(elements.iter().enumerate().all(|(i, e)| *e == i));
        }
    }

    #[test]
    fn a_panic_in_a_chunk_reaches_the_caller_and_the_pool_lives_on() {
        let pool = Threads::new(2).unwrap();
        let mut elements = vec![0; 8];
        for bad in [0, 7] {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.install(|| for_each_chunk(&mut elements, 1, usize::MAX, |i, _| assert!(i != bad, "chunk")));
            }));
            assert!(result.is_err());
        }
        pool.install(|| for_each_chunk(&mut elements, 1, usize::MAX, |i, c| c[0] = i));
        assert_eq!(elements, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn work_inside_a_job_and_from_a_second_caller_is_done_alone() {
        let pool = Threads::new(2).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let mut outer = vec![0; 32];
                        pool.install(|| {
                            for_each_chunk(&mut outer, 4, usize::MAX, |i, chunk| {
                                for_each_chunk(chunk, 1, usize::MAX, |j, c| c[0] = 4 * i + j);
                            });
                        });
                        assert!(outer.iter().enumerate().all(|(i, e)| *e == i));
                    }
                });
            }
        });
    }

    #[test]
    fn many_more_threads_than_processors_are_as_many_as_processors() {
        let processors = processors();
        for (asked, expected) in [(1, 1), (2 * processors, 2 * processors), (2 * processors + 1, processors)] {
            assert_eq!(Threads::asked(asked).unwrap().count(), expected);
        }
        assert!(Threads::asked(0).is_err() && Threads::asked(MOST + 1).is_err());
    }

    #[test]
    fn counts_outside_the_range_are_refused() {
        assert!(Threads::new(0).is_err());
        assert!(Threads::new(MOST + 1).is_err());
    }
}
