//! Tables that other programs wrote, and what these read in them: see tests/golden/table_files_golden.py, which names their versions.
#![allow(unsafe_code, clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic;
use std::path::Path;
use std::sync::Once;

use serde_json::Value;

use crate::column::Column;
use crate::error::Result;

type Columns = Vec<(String, Column)>;

/// The most memory that a damaged file of a few kB may take, in bytes.
const MOST: isize = 8 << 20;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tables")
}

pub(crate) fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

/// The names of the files with this ending, or of those that all can read.
pub(crate) fn readable(ending: &str) -> Vec<String> {
    let expected = expected();
    let names: Vec<String> =
        expected.as_object().unwrap().keys().filter(|name| name.ends_with(ending)).cloned().collect();
    assert!(!names.is_empty());
    names
}

fn expected() -> Value {
    serde_json::from_str(include_str!("../tests/golden/table_files.json")).unwrap()
}

/// Whether every cell is as the other program has it.
pub(crate) fn compare(name: &str, found: &Columns) {
    compare_with(&expected()[name], name, found);
}

/// Whether every cell is as expected: for each column its name and its cells.
pub(crate) fn compare_with(expected: &Value, name: &str, found: &Columns) {
    let names = |value: &Value| value.as_array().unwrap().iter().map(|c| c[0].as_str().unwrap().to_owned()).collect();
    let names: Vec<String> = names(expected);
    assert_eq!(found.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), names, "{name}");
    for (i, (column, cells)) in found.iter().enumerate() {
        let expected = expected[i][1].as_array().unwrap();
        assert_eq!(cells.len(), expected.len(), "{name}, column {column}");
        for (row, expected) in expected.iter().enumerate() {
            let found = cells.text(row);
            let same = match expected {
                Value::Null => found.is_empty(),
                Value::Number(x) => found.parse() == Ok(x.as_f64().unwrap()),
                text => text.as_str() == Some(&found),
            };
            assert!(same, "{name}, column {column}, row {row}: expected {expected}, found {found:?}");
        }
    }
}

/// Reads every beginning of a file, and the file with each byte altered: an error or a table, without a panic and without much memory.
pub(crate) fn damage(name: &str, read: impl Fn(&[u8]) -> Result<Columns>) {
    damage_bytes(name, &file(name), 1, read);
}

/// The same for the bytes of a file, at one in `step` places.
pub(crate) fn damage_bytes(name: &str, whole: &[u8], step: usize, read: impl Fn(&[u8]) -> Result<Columns>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // one of a library may be caught, and is not told of: a backtrace takes much memory
            let ours = panic.location().is_none_or(|at| !Path::new(at.file()).is_absolute());
            if ours || !DAMAGING.get() {
                PANICKED.set(true);
                usual(panic);
            }
        }));
    });
    let try_it = |bytes: &[u8]| {
        let before = HELD.get();
        HIGHEST.set(before);
        DAMAGING.set(true);
        let result = read(bytes);
        DAMAGING.set(false);
        assert!(!PANICKED.get(), "{name}");
        let most = HIGHEST.get() - before;
        assert!(most < MOST, "{name}: {most} bytes of memory");
        if let Err(error) = &result {
            assert!(error.to_string().len() < 1000, "{name}: {error}");
        }
        result
    };
    for length in (0..whole.len()).step_by(step) {
        assert!(try_it(&whole[..length]).is_err(), "{name}, {length} bytes of it");
    }
    let mut altered = whole.to_vec();
    for place in (0..altered.len()).step_by(step) {
        for change in [0x01, 0x80, 0xff] {
            altered[place] ^= change;
            let _ = try_it(&altered);
            altered[place] ^= change;
        }
    }
}

/// The system's allocator, which knows how much this thread holds and how much it has held.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static HIGHEST: Cell<isize> = const { Cell::new(0) };
    /// Whether a damaged file is being read, and whether code of ours panicked then.
    static DAMAGING: Cell<bool> = const { Cell::new(false) };
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

fn count(more: isize) {
    HELD.set(HELD.get() + more);
    HIGHEST.set(HIGHEST.get().max(HELD.get()));
}

// SAFETY: every call is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's.
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller's.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
