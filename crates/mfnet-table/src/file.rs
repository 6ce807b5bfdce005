//! The bytes of a data file, plain or compressed with gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

/// Number of bytes read from the system at a time.
const BUFFER: usize = 1 << 16;

/// Opens a file. If it begins with the two bytes of gzip, it is decompressed while it is read,
/// whatever its name.
///
/// # Errors
/// The system's.
pub fn open(path: impl AsRef<Path>) -> io::Result<Box<dyn Read>> {
    decompressed(BufReader::with_capacity(BUFFER, File::open(path)?))
}

/// Reads bytes unchanged, or decompressed if they begin with the two bytes of gzip.
///
/// # Errors
/// Those of `from`.
pub fn decompressed<'a>(mut from: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let compressed = from.fill_buf()?.starts_with(b"\x1f\x8b");
    Ok(if compressed { Box::new(MultiGzDecoder::new(from)) } else { Box::new(from) })
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
    io::copy(&mut Watched { from: open(path)?, seen: |bytes: &[u8]| hash.update(bytes) }, &mut io::sink())?;
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
