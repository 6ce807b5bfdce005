//! How much a file may still become.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::fault::damaged;
use crate::error::FileProblem;

/// Texts that share their beginnings are longer than their file, but not without end: the bytes of all, and more for each byte of the file.
const TEXTS: u64 = 1 << 26;
const TEXTS_IN_A_BYTE: u64 = 64;
/// A text of a dictionary stands in many cells. It takes memory once, but is read with each.
const CHARACTERS: u64 = 1 << 30;
const CHARACTERS_IN_A_BYTE: u64 = 1 << 16;

/// What may still come, so that a file of a few bytes does not fill the memory or take hours.
pub(super) struct Limits {
    /// Bytes of pages: each is that of one column.
    bytes: AtomicU64,
    /// Bytes of texts that share their beginnings.
    texts: AtomicU64,
    /// Bytes of the texts of all cells.
    characters: AtomicU64,
}

impl Limits {
    pub(super) fn new(length: u64) -> Self {
        let of = |size: u64, in_a_byte| size.saturating_add(length.saturating_mul(in_a_byte)).into();
        let (texts, characters) = (of(TEXTS, TEXTS_IN_A_BYTE), of(CHARACTERS, CHARACTERS_IN_A_BYTE));
        Limits { bytes: length.into(), texts, characters }
    }

    fn take(left: &AtomicU64, size: u64, what: &str) -> Result<(), FileProblem> {
        let taken = left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(size));
        taken.map(|_| ()).map_err(|_| damaged(what))
    }

    pub(super) fn page(&self, size: u64) -> Result<(), FileProblem> {
        Self::take(&self.bytes, size, "its columns lie in the same bytes")
    }

    pub(super) fn shared(&self, size: u64) -> Result<(), FileProblem> {
        Self::take(&self.texts, size, "its texts are much longer than the file")
    }

    pub(super) fn cell(&self, text: &[u8]) -> Result<(), FileProblem> {
        Self::take(&self.characters, text.len() as u64, "its texts are much longer than the file")
    }
}
