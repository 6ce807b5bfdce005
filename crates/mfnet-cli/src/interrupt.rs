//! Ctrl-C.

use std::ops::ControlFlow;
use std::process;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static RAISED: AtomicBool = AtomicBool::new(false);
static WATCHED: AtomicBool = AtomicBool::new(false);

/// From now on, the first Ctrl-C is only noted, and the second one ends the program at once.
pub(crate) fn watch() {
    static HANDLER: Once = Once::new();
    WATCHED.store(true, Ordering::Relaxed);
    HANDLER.call_once(|| {
        let handler = || {
            if !WATCHED.load(Ordering::Relaxed) || RAISED.swap(true, Ordering::Relaxed) {
                process::exit(130);
            }
        };
        // without a handler, Ctrl-C ends the program as usual
        let _ = ctrlc::set_handler(handler);
    });
}

/// From now on Ctrl-C ends the program at once.
pub(crate) fn look_away() {
    WATCHED.store(false, Ordering::Relaxed);
}

/// Whether Ctrl-C was pressed.
pub(crate) fn is_raised() -> bool {
    RAISED.load(Ordering::Relaxed)
}

/// Stops the running work if Ctrl-C was pressed.
pub(crate) fn flow() -> ControlFlow<()> {
    if is_raised() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
