//! What the pool takes from the standard library, and under `--cfg mfnet_loom` from `loom`, which
//! tries every order of its steps.

#[cfg(not(mfnet_loom))]
mod of_std {
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
    pub(crate) use std::sync::{Arc, Mutex};
    pub(crate) use std::thread::{Builder, JoinHandle, LocalKey, park, yield_now};
    pub(crate) use std::thread_local as per_thread;

    /// How often a waiting thread looks for work before it sleeps; about 50 µs.
    pub(crate) const SPINS: usize = 10_000;

    /// [`std::cell::UnsafeCell`] with the interface of loom's, which notices two threads in it at
    /// once.
    #[derive(Debug)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            UnsafeCell(std::cell::UnsafeCell::new(value))
        }

        /// `read` gets the place of the value, to read it.
        pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
            read(self.0.get())
        }

        /// `write` gets the place of the value, to write it.
        pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }
    }
}
#[cfg(not(mfnet_loom))]
pub(super) use of_std::*;

#[cfg(mfnet_loom)]
mod of_loom {
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
    pub(crate) use loom::sync::{Arc, Mutex};
    pub(crate) use loom::thread::{Builder, JoinHandle, LocalKey, park, yield_now};

    /// A thread sleeps at once: looking again finds nothing new.
    pub(crate) const SPINS: usize = 1;

    /// loom's `thread_local!` takes no `const`.
    macro_rules! per_thread {
        ($($(#[$attribute:meta])* static $name:ident: $type:ty = const { $value:expr };)*) => {
            loom::thread_local! { $($(#[$attribute])* static $name: $type = $value;)* }
        };
    }
    pub(crate) use per_thread;
}
#[cfg(mfnet_loom)]
pub(super) use of_loom::*;
