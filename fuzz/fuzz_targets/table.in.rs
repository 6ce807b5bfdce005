// What the targets of all kinds of tables do: they differ in their seeds and dictionaries.

#[path = "../../crates/mfnet/tests/readers/mod.rs"]
mod readers;

use std::panic::{set_hook, take_hook};
use std::thread;

libfuzzer_sys::fuzz_target!(
    init: {
        // panics of the crate in the thread of this name are damaged files
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            let ours = panic.location().is_none_or(|at| at.file().contains("crates/mfnet"));
            if ours || thread::current().name() != Some("mfnet-decoder") {
                usual(panic);
            }
        }));
    },
    |bytes: &[u8]| readers::table(bytes)
);
