//! The bytes of a data file, plain or compressed with gzip or Zstandard.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

/// Number of bytes read from the system at a time.
const BUFFER: usize = 1 << 16;

/// The number of bytes that every compressed file may become, and the number of further bytes for
/// each of its own. Tables shrink to a tenth; a text of zeros becomes a thousandth.
const TRUSTED: u64 = 1 << 27;
const RATIO: u64 = 200;

/// Opens a file. If it begins with the first bytes of gzip or Zstandard, it is decompressed while it
/// is read, whatever its name.
///
/// # Errors
/// The system's. Reading fails if a small file becomes a very large one, see [`decompressed`].
pub fn open(path: impl AsRef<Path>) -> io::Result<Box<dyn Read>> {
    open_within(path, None)
}

/// As [`open`]; a compressed file may become this many bytes.
///
/// # Errors
/// As [`open`].
pub fn open_within(path: impl AsRef<Path>, memory: Option<u64>) -> io::Result<Box<dyn Read>> {
    decompressed(BufReader::with_capacity(BUFFER, File::open(path)?), memory)
}

/// Reads bytes unchanged, or decompressed if they begin with the first bytes of gzip or Zstandard.
///
/// Compressed bytes may become `memory` bytes. By default they may become 128 MB, and 200 more for
/// each compressed byte, so that a small file cannot fill the memory. Reading a larger one fails with
/// [`TooLarge`].
///
/// # Errors
/// Those of `from`.
pub fn decompressed<'a>(mut from: impl BufRead + 'a, memory: Option<u64>) -> io::Result<Box<dyn Read + 'a>> {
    let start = from.fill_buf()?;
    let (gzip, zstd) = (start.starts_with(b"\x1f\x8b"), start.starts_with(b"\x28\xb5\x2f\xfd"));
    let is_compressed = gzip || (zstd && cfg!(feature = "zstd"));
    if !is_compressed {
        return Ok(Box::new(from));
    }
    let taken = Rc::new(Cell::new(0));
    let counted = Rc::clone(&taken);
    let seen = move |bytes: &[u8]| counted.set(counted.get() + bytes.len() as u64);
    let from = BufReader::with_capacity(BUFFER, Watched { from, seen });
    let plain: Box<dyn Read + 'a> = match gzip {
        true => Box::new(MultiGzDecoder::new(from)),
        #[cfg(feature = "zstd")]
        false => Box::new(zstd::Decoder::with_buffer(from)?),
        #[cfg(not(feature = "zstd"))]
        false => Box::new(from),
    };
    Ok(Box::new(Limited { plain, given: 0, taken, most: memory }))
}

/// Decompressed bytes, unless they become too many.
pub(crate) struct Limited<R> {
    plain: R,
    /// Number of decompressed bytes so far.
    given: u64,
    /// Number of compressed bytes so far.
    taken: Rc<Cell<u64>>,
    /// The most bytes that they may become. By default, it depends on the compressed bytes.
    most: Option<u64>,
}

#[cfg(feature = "zip")]
impl<R> Limited<R> {
    /// A reader of `most` bytes, which so many compressed bytes become.
    pub(crate) fn new(plain: R, taken: u64, most: u64) -> Self {
        Limited { plain, given: 0, taken: Rc::new(Cell::new(taken)), most: Some(most) }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.plain.read(to)?;
        self.given += count as u64;
        let most = self.most.unwrap_or_else(|| TRUSTED.saturating_add(self.taken.get().saturating_mul(RATIO)));
        if self.given > most {
            return Err(io::Error::other(TooLarge { read: self.taken.get(), most }));
        }
        Ok(count)
    }
}

/// The error of a compressed file that becomes much larger than it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{read} compressed bytes become more than {most} bytes: such a file may be made to fill the memory")]
pub struct TooLarge {
    /// Number of compressed bytes that were read.
    pub read: u64,
    /// The largest number of bytes that they may become.
    pub most: u64,
}

/// SHA-256 of several pieces of bytes, in hexadecimal digits.
pub fn sha256<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    pieces.into_iter().for_each(|piece| hash.update(piece));
    hexadecimal(hash.finalize(), "")
}

/// SHA-256 of a file's bytes, decompressed.
///
/// # Errors
/// The system's.
pub fn digest(path: impl AsRef<Path>) -> io::Result<String> {
    let mut hash = Sha256::new();
    // nothing is kept
    let from = open_within(path, Some(u64::MAX))?;
    io::copy(&mut Watched { from, seen: |bytes: &[u8]| hash.update(bytes) }, &mut io::sink())?;
    Ok(hexadecimal(hash.finalize(), ""))
}

/// Two hexadecimal digits for each byte, and this text between bytes.
pub fn hexadecimal(bytes: impl AsRef<[u8]>, between: &str) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

/// A reader that shows `seen` what it reads.
pub(crate) struct Watched<R, F> {
    pub(crate) from: R,
    pub(crate) seen: F,
}

impl<R: Read, F: FnMut(&[u8])> Read for Watched<R, F> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            match self.from.read(to) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                count => break count?,
            }
        };
        (self.seen)(&to[..count]);
        Ok(count)
    }
}
