//! Ctrl-C in Python, while Rust works.

use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// The time between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Looks for signals now and then. Python's handlers run in its main thread only, so elsewhere nothing happens.
pub(crate) struct Signals {
    next: Instant,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Signals { next: Instant::now() + LOOK }
    }

    /// The exception of a signal that arrived.
    pub(crate) fn check(&mut self) -> PyResult<()> {
        let now = Instant::now();
        if now < self.next {
            return Ok(());
        }
        self.next = now + LOOK;
        Python::attach(|py| py.check_signals())
    }
}
