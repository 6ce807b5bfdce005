//! The bytes of a data file, whether it is compressed or not.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// How much is asked of the system at a time.
const BUFFER: usize = 1 << 16;

/// Opens a file. One that begins with the two bytes of gzip is decompressed while it is read, whatever it is called.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>> {
    let failed = || Error::io(path, "read");
    let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(failed())?);
    let compressed = file.fill_buf().map_err(failed())?.starts_with(b"\x1f\x8b");
    Ok(if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// All of its bytes.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    Ok(bytes)
}

/// SHA-256 of bytes that lie in several pieces, in hexadecimal digits.
pub(super) fn sha256<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    pieces.into_iter().for_each(|piece| hash.update(piece));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
