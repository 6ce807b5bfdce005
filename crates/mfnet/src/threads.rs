//! Kept threads that share the work of a product.
//!
//! Work is cut into chunks whose borders depend on shapes alone, never on the number of threads, and every chunk
//! is computed by the same instructions whoever computes it. So results have the same bits for every thread count,
//! and whether a product is shared at all is a question of speed only.
//!
//! A step of a small network takes microseconds, and waking a sleeping thread takes about as long. Therefore the threads
//! wait for the next piece of work in a short spin before they sleep, which no thread pool of a library does as
//! briefly; this is why the pool is written here.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle};

use crate::error::{Error, Result};

/// Below this many floating-point operations a piece of work is done by the calling thread alone.
const WORTH_SHARING: usize = 1_000_000;
/// How often a waiting thread looks for work before it sleeps; about 50 µs.
const SPINS: usize = 10_000;
/// More threads than any machine of today; a larger number is a mistake.
const MOST: usize = 1024;

/// A fixed number of threads: the calling one and kept workers.
///
/// The workers sleep while there is no work and end with the value. Results never depend on their number.
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
    /// Held while a job runs; a second caller does its work alone.
    caller: Mutex<()>,
}

/// A job: called once on each thread with the thread's number.
type Job<'a> = &'a (dyn Fn(usize) + Sync);

#[derive(Debug)]
struct Shared {
    /// Raised by one for every job; workers wait for it to change.
    generation: AtomicU64,
    /// The current job, valid from a rise of `generation` until `running` is 0 again.
    job: UnsafeCell<Option<JobPointer>>,
    /// Workers that have not finished the current job.
    running: AtomicUsize,
    stop: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// For each thread whether it has worked on a chunk.
    worked: Vec<AtomicBool>,
}

#[derive(Clone, Copy)]
struct JobPointer(*const (dyn Fn(usize) + Sync));

impl std::fmt::Debug for JobPointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("job")
    }
}

// SAFETY: `job` is written only by the thread that holds `caller`, and only while `running` is 0, that is while
// no worker reads it. Workers read it after they have seen `generation` rise (acquire), which the writer raises
// after writing (release). The pointee is `Sync`.
unsafe impl Sync for Shared {}
// SAFETY: as above; nothing in `Shared` belongs to one thread.
unsafe impl Send for Shared {}

thread_local! {
    /// The pool that `install` made current on this thread; null for the default one.
    static CURRENT: Cell<*const Threads> = const { Cell::new(std::ptr::null()) };
    /// Set on workers and while a job runs: work inside a job is not shared again.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

impl Threads {
    /// Starts `count - 1` workers beside the calling thread.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `count` is 0 or more than 1024; [`Error::Threads`] if the system starts no more threads.
    pub fn new(count: usize) -> Result<Self> {
        if count == 0 || count > MOST {
            return Err(Error::invalid("threads", format!("a number from 1 to {MOST}"), count));
        }
        let shared = Arc::new(Shared {
            generation: AtomicU64::new(0),
            job: UnsafeCell::new(None),
            running: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            panic: Mutex::new(None),
            worked: (0..count).map(|_| AtomicBool::new(false)).collect(),
        });
        // built first, so that dropping it ends the workers already started if a later one cannot be
        let mut threads = Threads { shared, workers: Vec::new(), caller: Mutex::new(()) };
        for number in 1..count {
            let shared = Arc::clone(&threads.shared);
            let worker = thread::Builder::new()
                .name(format!("mfnet-{number}"))
                .spawn(move || work(&shared, number))
                .map_err(|source| Error::Threads { count, source })?;
            threads.workers.push(worker);
        }
        Ok(threads)
    }

    /// As many threads as the machine offers this process.
    ///
    /// # Errors
    /// As [`Threads::new`].
    pub fn available() -> Result<Self> {
        Self::new(thread::available_parallelism().map_or(1, usize::from).min(MOST))
    }

    /// The number of threads, the calling one included.
    pub fn count(&self) -> usize {
        self.workers.len() + 1
    }

    /// How many of the threads have worked so far; work too small to share is done by the caller and not counted.
    pub fn worked(&self) -> usize {
        self.shared.worked.iter().filter(|worked| worked.load(Ordering::Relaxed)).count()
    }

    /// Runs `program` on the calling thread; products inside it are shared by these threads.
    ///
    /// Without `install` a default pool with a thread for each processor is used.
    pub fn install<R>(&self, program: impl FnOnce() -> R) -> R {
        struct Restore(*const Threads);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(self));
        program()
    }

    /// Calls `job(k)` once for each thread number k, each on its own thread, and returns when all are done.
    /// False, with nothing called, if another caller is using the threads.
    fn run(&self, job: Job<'_>) -> bool {
        let Ok(_caller) = self.caller.try_lock() else { return false };
        // SAFETY: only the lifetime is changed. The pointer is read by workers before they lower `running`
        // for this job, and this function does not return or unwind before `running` is 0.
        let pointer = JobPointer(unsafe { std::mem::transmute::<Job<'_>, Job<'static>>(job) });
        // SAFETY: this thread holds `caller` and `running` is 0, so nobody else touches `job`.
        unsafe { *self.shared.job.get() = Some(pointer) };
        self.shared.running.store(self.workers.len(), Ordering::Relaxed);
        self.shared.generation.fetch_add(1, Ordering::Release);
        for worker in &self.workers {
            worker.thread().unpark();
        }
        INSIDE.set(true);
        let own = catch_unwind(AssertUnwindSafe(|| job(0)));
        INSIDE.set(false);
        let mut spins = 0;
        while self.shared.running.load(Ordering::Acquire) != 0 {
            spins += 1;
            if spins < SPINS { std::hint::spin_loop() } else { thread::yield_now() }
        }
        let of_worker = self.shared.panic.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(panic) = own.err().or(of_worker) {
            drop(_caller);
            resume_unwind(panic);
        }
        true
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

/// The life of a worker: wait for a job, do it, say so.
fn work(shared: &Shared, number: usize) {
    INSIDE.set(true);
    let mut seen = 0;
    loop {
        let mut spins = 0;
        loop {
            if shared.stop.load(Ordering::Acquire) {
                return;
            }
            let generation = shared.generation.load(Ordering::Acquire);
            if generation != seen {
                seen = generation;
                break;
            }
            spins += 1;
            if spins < SPINS { std::hint::spin_loop() } else { thread::park() }
        }
        // SAFETY: `generation` has risen, so `job` was written before (acquire) and is not written again
        // until this worker has lowered `running`.
        let job = unsafe { *shared.job.get() };
        if let Some(JobPointer(job)) = job {
            // SAFETY: the caller keeps the job alive until `running` is 0.
            let job = unsafe { &*job };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(number))) {
                shared.panic.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(panic);
            }
        }
        shared.running.fetch_sub(1, Ordering::Release);
    }
}

/// The pool of programs that install none.
fn default_pool() -> Option<&'static Threads> {
    static DEFAULT: OnceLock<Option<Threads>> = OnceLock::new();
    DEFAULT.get_or_init(|| Threads::available().ok()).as_ref()
}

/// Calls `work(i)` once for every i below `count`.
///
/// The numbers are shared among the current threads if `operations`, the cost of all, is worth it: thread k of
/// n takes those from k·count/n to (k+1)·count/n, always the same ones. Results must not depend on who does it.
pub(crate) fn share(count: usize, operations: usize, work: &(dyn Fn(usize) + Sync)) {
    if operations >= WORTH_SHARING && count > 1 && !INSIDE.get() {
        let current = CURRENT.get();
        // SAFETY: `install` borrows its pool for as long as the pointer is current on this thread.
        let pool = if current.is_null() { default_pool() } else { Some(unsafe { &*current }) };
        if let Some(pool) = pool.filter(|pool| pool.count() > 1) {
            let threads = pool.count();
            let done = pool.run(&|thread| {
                for i in thread * count / threads..(thread + 1) * count / threads {
                    work(i);
                    pool.shared.worked[thread].store(true, Ordering::Relaxed);
                }
            });
            if done {
                return;
            }
        }
    }
    (0..count).for_each(work);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::parts::for_each_chunk;

    fn numbers_by(threads: usize, rounds: usize) -> (Vec<usize>, usize) {
        let pool = Threads::new(threads).unwrap();
        let mut elements = vec![0; 1001];
        pool.install(|| {
            for _ in 0..rounds {
                for_each_chunk(&mut elements, 10, usize::MAX, |i, chunk| {
                    for (j, element) in chunk.iter_mut().enumerate() {
                        *element += i * 10 + j;
                    }
                });
            }
        });
        (elements, pool.worked())
    }

    #[test]
    fn every_chunk_once_and_every_thread_works() {
        for threads in [1, 2, 3, 8] {
            let (elements, worked) = numbers_by(threads, 50);
            assert!(elements.iter().enumerate().all(|(i, e)| *e == 50 * i), "{threads} threads");
            assert_eq!(worked, if threads == 1 { 0 } else { threads });
        }
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
    fn counts_outside_the_range_are_refused() {
        assert!(Threads::new(0).is_err());
        assert!(Threads::new(MOST + 1).is_err());
    }
}
