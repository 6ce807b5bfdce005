//! Limits for how much a file may become when it is decoded.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::fault::damaged;
use crate::error::FileProblem;

/// Texts that share their beginnings may be longer than their file. They may have this many bytes
/// in all, and further bytes for each byte of the file.
const TEXTS: u64 = 1 << 26;
const TEXTS_IN_A_BYTE: u64 = 64;
/// A text of a dictionary may be in many cells. It takes memory once, but is read for each cell.
const CHARACTERS: u64 = 1 << 30;
const CHARACTERS_IN_A_BYTE: u64 = 1 << 16;

/// What a file may still become, so that a file of a few bytes cannot fill the memory or take
/// hours.
pub(super) struct Limits {
    /// Bytes of pages; each byte belongs to one column.
    pub(super) pages: Limit,
    /// Bytes of texts that share their beginnings.
    pub(super) shared: Limit,
    /// Bytes of the texts of all cells.
    pub(super) cells: Limit,
}

/// The rest of a limit, and the problem of a file that exceeds it.
pub(super) struct Limit(AtomicU64, &'static str);

impl Limits {
    /// The limits of a file with this many bytes.
    pub(super) fn new(length: u64) -> Self {
        let of = |size: u64, in_a_byte, what| Limit(size.saturating_add(length.saturating_mul(in_a_byte)).into(), what);
        let long = "its texts are much longer than the file";
        Limits {
            pages: of(0, 1, "its columns overlap"),
            shared: of(TEXTS, TEXTS_IN_A_BYTE, long),
            cells: of(CHARACTERS, CHARACTERS_IN_A_BYTE, long),
        }
    }
}

impl Limit {
    pub(super) fn take(&self, size: u64) -> Result<(), FileProblem> {
        let taken = self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(size));
        taken.map(|_| ()).map_err(|_| damaged(self.1))
    }
}
