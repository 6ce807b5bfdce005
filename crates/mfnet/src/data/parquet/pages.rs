//! The pages of a column: their headers, and their bytes decompressed.

use std::io::{BufRead, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::thrift::Structure;
use super::{cannot_read, damaged};
use crate::error::DataProblem;

type Result<T> = std::result::Result<T, DataProblem>;

/// No header is longer, whatever it says about the values of its page.
const LONGEST_HEADER: u64 = 1 << 24;
/// Memory that is taken on the word of a header; more comes as bytes do.
const TRUSTED: usize = 1 << 20;

/// A page of more bytes is not made of a few.
const LARGE: usize = 1 << 28;

pub(super) enum Page {
    Dictionary {
        values: usize,
        bytes: Vec<u8>,
    },
    Data {
        /// Missing ones included.
        rows: usize,
        encoding: i64,
        bytes: Vec<u8>,
        /// Where in the bytes the levels lie, which say what is missing, and where the values begin.
        levels: std::ops::Range<usize>,
        values: usize,
    },
}

impl Page {
    /// The next page; `optional` if values may be missing.
    pub(super) fn read(from: &mut impl BufRead, codec: i64, optional: bool) -> Result<Self> {
        loop {
            let header = Structure::read(&mut from.by_ref().take(LONGEST_HEADER))?;
            let size = header.size(2, "the size of a page")?;
            let stored = header.size(3, "the size of a page")? as u64;
            let mut bytes = Vec::with_capacity((stored as usize).min(TRUSTED));
            let found = from.by_ref().take(stored).read_to_end(&mut bytes).map_err(cannot_read)? as u64;
            if found < stored {
                return Err(damaged(format!("a page is cut off: expected {stored} bytes, found {found}")));
            }
            return match header.whole(1) {
                Some(0) => Self::first_version(&header, decompressed(codec, bytes, size)?, optional),
                // an index
                Some(1) => continue,
                Some(2) => {
                    let about = header.structure(7).ok_or_else(|| damaged("a dictionary has no description"))?;
                    let values = about.size(1, "the size of a dictionary")?;
                    Ok(Page::Dictionary { values, bytes: decompressed(codec, bytes, size)? })
                }
                Some(3) => Self::second_version(&header, codec, bytes, size),
                kind => Err(damaged(format!("a page has type {}", kind.unwrap_or(-1)))),
            };
        }
    }

    /// All of it is compressed, and the levels begin with their length.
    fn first_version(header: &Structure, bytes: Vec<u8>, optional: bool) -> Result<Self> {
        let about = header.structure(5).ok_or_else(|| damaged("a page has no description"))?;
        let mut levels = 0..0;
        if optional {
            match about.whole(3) {
                Some(3) => {}
                encoding => {
                    let found = format!("levels in encoding {} of Parquet", encoding.unwrap_or(-1));
                    return Err(DataProblem::Unsupported { found });
                }
            }
            let length = bytes.first_chunk().map(|length| u32::from_le_bytes(*length) as usize);
            let end = length.and_then(|length| length.checked_add(4)).filter(|end| *end <= bytes.len());
            levels = 4..end.ok_or_else(|| damaged("a page ends within its levels"))?;
        }
        let values = levels.end;
        let encoding = about.whole(2).unwrap_or(-1);
        Ok(Page::Data { rows: about.size(1, "the number of values")?, encoding, bytes, levels, values })
    }

    /// The levels are not compressed.
    fn second_version(header: &Structure, codec: i64, bytes: Vec<u8>, size: usize) -> Result<Self> {
        let about = header.structure(8).ok_or_else(|| damaged("a page has no description"))?;
        // those of lists, which a column of a table has not
        let repetitions = about.whole(6).map_or(Ok(0), |_| about.size(6, "the size of levels"))?;
        let definitions = about.whole(5).map_or(Ok(0), |_| about.size(5, "the size of levels"))?;
        let end = repetitions.checked_add(definitions).filter(|end| *end <= bytes.len().min(size));
        let end = end.ok_or_else(|| damaged("a page ends within its levels"))?;
        let codec = if about.flag(7) == Some(false) { UNCOMPRESSED } else { codec };
        let mut whole = bytes[..end].to_vec();
        whole.append(&mut decompressed(codec, bytes[end..].to_vec(), size - end)?);
        let encoding = about.whole(4).unwrap_or(-1);
        let rows = about.size(1, "the number of values")?;
        Ok(Page::Data { rows, encoding, bytes: whole, levels: repetitions..end, values: end })
    }
}

const UNCOMPRESSED: i64 = 0;

/// The bytes of a page, of which there are `size`, however few are stored.
fn decompressed(codec: i64, stored: Vec<u8>, size: usize) -> Result<Vec<u8>> {
    if size == 0 {
        return Ok(Vec::new());
    }
    // no format makes more of a byte; the two that want room for all of it at once
    let possible = |times: usize| match stored.len().saturating_mul(times) < size {
        true => Err(damaged(format!("a page of {size} bytes is stored in {}", stored.len()))),
        false => Ok(()),
    };
    if size > LARGE {
        possible(4096)?;
    }
    let bytes = match codec {
        UNCOMPRESSED => stored,
        1 => {
            possible(32)?;
            let mut bytes = vec![0; size];
            let length = snap::raw::Decoder::new().decompress(&stored, &mut bytes);
            let length = length.map_err(|error| damaged(format!("a page cannot be decompressed: {error}")))?;
            bytes.truncate(length);
            bytes
        }
        2 => up_to(size, MultiGzDecoder::new(&stored[..]))?,
        3 => return Err(DataProblem::Unsupported { found: "pages compressed with LZO".to_owned() }),
        4 => return Err(DataProblem::Unsupported { found: "pages compressed with Brotli".to_owned() }),
        5 | 7 => {
            possible(256)?;
            // two forms have the same number: that of Hadoop and the plain one
            let hadoop = if codec == 5 { hadoop(&stored, size) } else { None };
            hadoop.map_or_else(|| lz4(&stored, size), Ok)?
        }
        6 => {
            let decoder = StreamingDecoder::new(&stored[..]);
            up_to(size, decoder.map_err(|error| damaged(format!("a page cannot be decompressed: {error}")))?)?
        }
        _ => return Err(damaged(format!("pages are compressed with method {codec}"))),
    };
    match bytes.len() {
        length if length == size => Ok(bytes),
        length => Err(damaged(format!("expected a page of {size} bytes, found {length}"))),
    }
}

/// One byte more than there should be at most.
fn up_to(size: usize, from: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size.min(TRUSTED));
    let read = from.take(size as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| damaged(format!("a page cannot be decompressed: {error}")))?;
    Ok(bytes)
}

fn lz4(stored: &[u8], size: usize) -> Result<Vec<u8>> {
    let bytes = lz4_flex::block::decompress(stored, size);
    bytes.map_err(|error| damaged(format!("a page cannot be decompressed: {error}")))
}

/// Blocks, each after its two sizes, decompressed and stored.
fn hadoop(mut stored: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while !stored.is_empty() {
        let (sizes, rest) = stored.split_first_chunk::<8>()?;
        let [whole, block] =
            [0, 4].map(|i| u32::from_be_bytes([sizes[i], sizes[i + 1], sizes[i + 2], sizes[i + 3]]) as usize);
        let (block, rest) = rest.split_at_checked(block)?;
        if whole > size - bytes.len() || whole > block.len().saturating_mul(256) {
            return None;
        }
        bytes.append(&mut lz4(block, whole).ok()?);
        if bytes.len() > size {
            return None;
        }
        stored = rest;
    }
    Some(bytes)
}
