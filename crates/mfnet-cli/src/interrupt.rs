//! Signals that ask the program to end: Ctrl-C (SIGINT), SIGTERM and SIGHUP.
//!
//! A signal that the caller told the program to ignore stays ignored. `nohup` ignores SIGHUP, and a
//! shell ignores SIGINT for the commands of a script that it runs in the background.

use std::fs;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Once};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

#[cfg(unix)]
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// The signal that arrived; 0 if none did.
static RAISED: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);
/// Whether a signal ends the program at once: the second one does, and each one where nobody looks.
static AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on, the first signal is only noted, and the second one ends the program at once.
pub(crate) fn watch() {
    static HANDLERS: Once = Once::new();
    AT_ONCE.store(is_raised(), Ordering::Relaxed);
    HANDLERS.call_once(|| {
        let ignored = ignored();
        for signal in SIGNALS.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0) {
            // handlers run in this order; without them, the signal ends the program as usual
            let _ = flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&AT_ONCE));
            let _ = flag::register_usize(signal, Arc::clone(&RAISED), signal as usize);
            let _ = flag::register(signal, Arc::clone(&AT_ONCE));
        }
    });
}

/// The signals that the caller told the program to ignore; bit n − 1 is signal n. Only Linux says.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or(0)
}

/// From now on a signal ends the program at once.
pub(crate) fn look_away() {
    AT_ONCE.store(true, Ordering::Relaxed);
}

/// Whether a signal arrived.
pub(crate) fn is_raised() -> bool {
    RAISED.load(Ordering::Relaxed) != 0
}

/// The exit code after the signal, as shells use it: 130 after SIGINT, 143 after SIGTERM.
pub(crate) fn code() -> u8 {
    u8::try_from(128 + RAISED.load(Ordering::Relaxed)).unwrap_or(u8::MAX)
}

/// Stops the running work if a signal arrived.
pub(crate) fn flow() -> ControlFlow<()> {
    if is_raised() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
