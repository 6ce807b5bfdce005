//! Pools of threads, one for each number of threads, which all work of this process shares.

use std::env;
use std::num::NonZero;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;

use mfnet::Threads;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{guarded, raised};

/// The most threads.
const MOST: usize = 1024;
/// Variables that give the number of threads, the first one first. Joblib's workers, Dask and Ray set the second
/// one to 1.
const VARIABLES: [&str; 2] = ["MFNET_NUM_THREADS", "OMP_NUM_THREADS"];

/// A pool, with the process that started it. After a fork, its threads are not in the child.
struct Pool {
    process: u32,
    threads: Threads,
}

/// Pools by their number of threads, minus 1. No lock, because a fork could copy it while it is held. Pools are
/// never dropped: in a forked child, there would be no threads to wait for.
static POOLS: [AtomicPtr<Pool>; MOST] = [const { AtomicPtr::new(ptr::null_mut()) }; MOST];

/// The pool with this many threads.
#[allow(unsafe_code)]
pub(crate) fn pool(count: usize) -> PyResult<&'static Threads> {
    let count = count.clamp(1, MOST);
    let place = &POOLS[count - 1];
    loop {
        let known = place.load(Ordering::Acquire);
        // SAFETY: a pointer in the table is that of a leaked box, which lives for ever.
        if let Some(pool) = unsafe { known.as_ref() }
            && pool.process == process::id()
        {
            return Ok(&pool.threads);
        }
        let new =
            Box::into_raw(Box::new(Pool { process: process::id(), threads: Threads::new(count).map_err(raised)? }));
        if place.compare_exchange(known, new, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: another thread was faster, and nobody else knows this box.
            drop(unsafe { Box::from_raw(new) });
        }
    }
}

/// The number of threads: the given one, that of a variable, or that of the processors that this process may use.
pub(crate) fn count(given: Option<usize>) -> PyResult<usize> {
    if let Some(count) = given {
        return valid(count).ok_or_else(|| wrong("n_threads", count));
    }
    for variable in VARIABLES {
        let Ok(text) = env::var(variable) else { continue };
        // OpenMP's variable may be a list, of which the first number is meant
        let text = text.split(',').next().unwrap_or("").trim().to_owned();
        if !text.is_empty() {
            let count: Option<usize> = text.parse().ok();
            return count.and_then(valid).ok_or_else(|| wrong(variable, text));
        }
    }
    Ok(thread::available_parallelism().map_or(1, NonZero::get).min(MOST))
}

fn valid(count: usize) -> Option<usize> {
    (1..=MOST).contains(&count).then_some(count)
}

fn wrong(name: &str, found: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("{name}: expected a number from 1 to {MOST}, found {found}"))
}

/// The number of threads that a fit uses.
#[pyfunction]
#[pyo3(signature = (n_threads=None))]
pub(crate) fn threads(n_threads: Option<usize>) -> PyResult<usize> {
    guarded(|| count(n_threads))
}
