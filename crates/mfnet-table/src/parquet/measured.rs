//! Gives the file to the crate, and refuses pages that claim an impossible size.

use ::parquet::basic::Compression;
use ::parquet::errors::Result;
use ::parquet::file::reader::{ChunkReader, Length};
use bytes::Bytes;

use super::fault::damaged;
use super::thrift::{PAGE, walk};

/// The memory that any header may ask for, however small its page is.
const TRUSTED: u64 = 1 << 20;
/// A page of more bytes than this cannot come from a few compressed bytes.
const LARGE: u64 = 1 << 28;
const OF_LARGE: u64 = 1 << 12;

pub(super) struct Measured {
    pub(super) file: Bytes,
    pub(super) codec: Compression,
}

impl Length for Measured {
    fn len(&self) -> u64 {
        self.file.len() as u64
    }
}

impl ChunkReader for Measured {
    type T = <Bytes as ChunkReader>::T;

    /// The crate calls this to read the header of a page, and then takes as much memory as the
    /// header says.
    fn get_read(&self, start: u64) -> Result<Self::T> {
        let header = usize::try_from(start).ok().and_then(|start| self.file.get(start..));
        let (size, stored) = header.and_then(sizes).ok_or_else(|| damaged("a page does not say its size"))?;
        let most = if size > LARGE { most(self.codec).min(OF_LARGE) } else { most(self.codec) };
        if size > (stored * most).max(TRUSTED) {
            return Err(damaged(format!("{stored} bytes of it would become a page of {size}")).into());
        }
        self.file.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.file.get_bytes(start, length)
    }
}

/// The largest number of bytes that one compressed byte can become.
fn most(codec: Compression) -> u64 {
    match codec {
        Compression::UNCOMPRESSED => 1,
        // 3 bytes repeat 64
        Compression::SNAPPY => 22,
        Compression::LZ4 | Compression::LZ4_RAW => 255,
        Compression::GZIP(_) => 1032,
        // 4 bytes are a block of 128 kB
        Compression::ZSTD(_) => 1 << 15,
        // 8 bytes are one of 16 MB
        _ => 1 << 21,
    }
}

/// The size of a page, and its stored size: the second and third field of its header.
fn sizes(header: &[u8]) -> Option<(u64, u64)> {
    let (mut size, mut stored) = (None, None);
    walk(header, PAGE, |path, x| match path {
        [2] => size = i32::try_from(x).ok(),
        [3] => stored = i32::try_from(x).ok(),
        _ => {}
    })?;
    Some((size?.try_into().ok()?, stored?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(codec: Compression, header: &'static [u8]) -> Option<String> {
        let measured = Measured { file: Bytes::from_static(header), codec };
        measured.get_read(0).err().map(|error| error.to_string())
    }

    #[test]
    fn a_page_has_a_size_that_it_can_have() {
        // a data page of 2²⁴ bytes, of which 16 are stored
        let header = b"\x15\x00\x15\x80\x80\x80\x10\x15\x20 0123456789abcdef";
        for codec in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::LZ4_RAW] {
            let expected = "External: the file is damaged: 16 bytes of it would become a page of 16777216";
            assert_eq!(error(codec, header).as_deref(), Some(expected));
        }
        assert_eq!(error(Compression::BROTLI(Default::default()), header), None);
        // another field, less than nothing, no end; a flag in place of the size, which the crate would take for 2³⁰ + 3
        let flag = b"\x15\x00\x11\x86\x80\x80\x80\x08\x15\x00\x01\x02\x06\x04\x20\x16\x20\x00";
        for header in [&b"\x15\x00\x25\x20\x15\x20"[..], b"\x15\x00\x15\x21\x15\x20", b"\x15\x00\x15\x80", flag] {
            let expected = "External: the file is damaged: a page does not say its size";
            assert_eq!(error(Compression::SNAPPY, header).as_deref(), Some(expected));
        }
    }
}
