//! The bytes of a data file, whether it is compressed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::error::{DataProblem, Error, Result};

/// How much is asked of the system at a time.
const BUFFER: usize = 1 << 16;

/// Opens a file. One that begins with the two bytes of gzip is decompressed while it is read, whatever it is called.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>> {
    let file = File::open(path).map(|file| BufReader::with_capacity(BUFFER, file));
    file.and_then(decompressed).map_err(Error::io(path, "read"))
}

/// Bytes as they are, or decompressed if they begin with the two bytes of gzip.
pub(super) fn decompressed<'a>(mut from: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let compressed = from.fill_buf()?.starts_with(b"\x1f\x8b");
    Ok(if compressed { Box::new(MultiGzDecoder::new(from)) } else { Box::new(from) })
}

/// All of its bytes.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    Ok(bytes)
}

/// How many bytes are looked at to tell text from something else.
pub(super) const LOOKED_AT: usize = 1024;

/// What begins with these bytes.
const KINDS: [(&[u8], &str); 14] = [
    (b"\0\0\x08\x03", "IDX images: name the folder that holds them and their labels"),
    (b"\0\0\x08\x01", "IDX labels: name the folder that holds them and their images"),
    (
        b"PK\x03\x04",
        "a zip archive, as Excel's .xlsx files and NumPy's .npz files are (the feature \"numpy\" of mfnet reads those)",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document, as Excel's .xls files are"),
    (b"PAR1", "a Parquet file, which the feature \"parquet\" of mfnet reads"),
    (b"ARROW1", "an Arrow file"),
    (b"\x93NUMPY", "a NumPy array (.npy), which the feature \"numpy\" of mfnet reads"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x1f\x8b", "a gzip file inside a gzip file"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
];

/// Text has none of the control characters that stand before the tab. Other bytes get an error that says what they look like.
pub(super) fn check_text(bytes: &[u8]) -> std::result::Result<(), DataProblem> {
    if bytes.iter().take(LOOKED_AT).all(|byte| *byte >= b'\t') {
        return Ok(());
    }
    let found = KINDS.iter().find(|(first, _)| bytes.starts_with(first)).map(|(_, kind)| *kind);
    Err(DataProblem::NotText { found })
}

/// SHA-256 of bytes that lie in several pieces, in hexadecimal digits.
pub(super) fn sha256<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    pieces.into_iter().for_each(|piece| hash.update(piece));
    hexadecimal(hash)
}

/// The digits of a hash that has seen all bytes.
pub(super) fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
