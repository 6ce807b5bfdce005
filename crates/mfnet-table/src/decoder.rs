//! Runs the decoder of another crate, which may panic on damaged files.

use std::panic::resume_unwind;
use std::thread::{self, Builder};

use crate::error::{Error, FileProblem, Result};

/// The name of the thread. A program may suppress the panic messages of a thread with this name.
const THREAD: &str = "mfnet-decoder";

/// Runs `work` in a thread of its own with a stack of this size.
pub(crate) fn in_thread<T: Send>(name: &str, stack: usize, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let started = Builder::new().name(THREAD.to_owned()).stack_size(stack).spawn_scoped(scope, work);
        let failed = |error| Error::data(name, FileProblem::Other(format!("cannot start a thread: {error}")));
        started.map_err(failed)?.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
