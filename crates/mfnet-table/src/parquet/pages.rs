//! Reads the pages of a column, and compares their counts with their bytes.

use std::sync::Arc;

use ::parquet::basic::Encoding;
use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::errors::Result;
use ::parquet::file::metadata::ColumnChunkMetaData;
use ::parquet::file::reader::SerializedPageReader;
use bytes::Bytes;

use super::fault::damaged;
use super::limits::Limits;
use super::measured::Measured;
use super::schema::Field;
use super::thrift::{signed, unsigned};
use crate::error::FileProblem;

/// A dictionary may have this many values that no row uses, such as categories of rows that were
/// not written.
const UNUSED: usize = 1 << 20;

/// The pages of one column in one row group.
pub(super) struct Pages {
    pages: SerializedPageReader<Measured>,
    check: Check,
}

/// What is known about a column before a page arrives.
struct Check {
    optional: bool,
    /// Number of values still to come.
    rows: usize,
    limits: Arc<Limits>,
}

impl Pages {
    pub(super) fn new(
        file: &Bytes,
        chunk: &ColumnChunkMetaData,
        field: &Field,
        rows: usize,
        limits: &Arc<Limits>,
    ) -> Result<Self> {
        let mut chunk = chunk.clone();
        // some old writers give 0 if there is no dictionary
        if chunk.dictionary_page_offset().is_some_and(|place| place <= 0 || place > chunk.data_page_offset()) {
            chunk = chunk.into_builder().set_dictionary_page_offset(None).build()?;
        }
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let (start, size) = (u64::try_from(start).ok(), u64::try_from(chunk.compressed_size()).ok());
        let end = start.and_then(|start| start.checked_add(size?));
        if end.is_none_or(|end| end > file.len() as u64) {
            return Err(damaged("its pages are outside of the file").into());
        }
        limits.pages.take(size.unwrap_or(u64::MAX))?;
        let measured = Measured { file: file.clone(), codec: chunk.compression() };
        let pages = SerializedPageReader::new(Arc::new(measured), &chunk, rows, None)?;
        Ok(Pages { pages, check: Check { optional: field.optional, rows, limits: limits.clone() } })
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        loop {
            let page = self.pages.get_next_page()?;
            if let Some(page) = &page {
                self.check.page(page)?;
                // the crate would take it for the end
                if page.is_data_page() && page.num_values() == 0 {
                    continue;
                }
            }
            return Ok(page);
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl Check {
    fn page(&mut self, page: &Page) -> std::result::Result<(), FileProblem> {
        let (values, encoding, bytes) = match page {
            Page::DictionaryPage { num_values, .. } => match *num_values as usize {
                values if values > self.rows.saturating_add(UNUSED) => {
                    return Err(damaged(format!("a dictionary has {values} values for {} rows", self.rows)));
                }
                _ => return Ok(()),
            },
            Page::DataPage { num_values, encoding, def_level_encoding, buf, .. } => {
                let mut start = 0;
                if self.optional {
                    if *def_level_encoding != Encoding::RLE {
                        let found = format!("levels in encoding {def_level_encoding} of Parquet");
                        return Err(FileProblem::Unsupported(found));
                    }
                    let length = buf.first_chunk().map(|length| u32::from_le_bytes(*length) as usize);
                    start = length.map_or(usize::MAX, |length| length.saturating_add(4));
                }
                (*num_values as usize, *encoding, buf.get(start..))
            }
            Page::DataPageV2 { num_values, encoding, def_levels_byte_len, rep_levels_byte_len, buf, .. } => {
                let start = def_levels_byte_len.saturating_add(*rep_levels_byte_len) as usize;
                (*num_values as usize, *encoding, buf.get(start..))
            }
        };
        let bytes = bytes.ok_or_else(|| damaged("a page ends within its levels"))?;
        self.rows = (self.rows.checked_sub(values))
            .ok_or_else(|| damaged(format!("a page of {values} values has more of them than there are rows")))?;
        match encoding {
            Encoding::PLAIN | Encoding::RLE | Encoding::DELTA_BINARY_PACKED | Encoding::BYTE_STREAM_SPLIT => Ok(()),
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY => Ok(()),
            Encoding::DELTA_LENGTH_BYTE_ARRAY => lengths(bytes, values as u64).map(|_| ()),
            // of beginnings that are those of the text before, and of the rest
            Encoding::DELTA_BYTE_ARRAY => {
                let (beginnings, after) = lengths(bytes, values as u64)?;
                let (rest, _) = lengths(after, values as u64)?;
                self.limits.shared.take(beginnings.saturating_add(rest))
            }
            _ => Err(FileProblem::Unsupported(format!("values in encoding {encoding} of Parquet"))),
        }
    }
}

/// The sum of at most this many lengths in DELTA_BINARY_PACKED, and the bytes after them. It leaves
/// out negative lengths, which the crate refuses.
fn lengths(bytes: &[u8], values: u64) -> std::result::Result<(u64, &[u8]), FileProblem> {
    match lengths_within(bytes, values) {
        Some((count, ..)) if count > values => Err(damaged(format!("a page of {values} values has {count} lengths"))),
        Some((_, sum, after)) => Ok((sum, after)),
        None => Err(damaged("a page ends within its lengths")),
    }
}

/// Returns the count of the lengths, their sum, and the bytes after them. The encoding has the
/// sizes of blocks, the first number, and then blocks. A block has the smallest difference, the
/// number of bits of the numbers of each part, and the parts.
fn lengths_within(mut bytes: &[u8], values: u64) -> Option<(u64, u64, &[u8])> {
    let (block, parts) = (unsigned(&mut bytes)?, unsigned(&mut bytes)?);
    let (count, first) = (unsigned(&mut bytes)?, signed(&mut bytes)?);
    let of_part = block.checked_div(parts)?;
    if count > values {
        // they need not have bytes
        return Some((count, 0, bytes));
    }
    // the crate cuts numbers off to 32 bits, too
    let mut length = first as i32;
    let (mut left, mut sum) = (count.saturating_sub(1), u64::try_from(length).unwrap_or(0));
    while left > 0 {
        let least = signed(&mut bytes)? as i32;
        for width in bytes.split_off(..usize::try_from(parts).ok()?)? {
            if left > 0 {
                let size = of_part.checked_mul((*width).into())? / 8;
                let part = bytes.split_off(..usize::try_from(size).ok()?)?;
                for i in 0..left.min(of_part) {
                    let more = bits(part, i as usize * usize::from(*width), (*width).into());
                    length = length.wrapping_add(least).wrapping_add(more as i32);
                    sum = sum.saturating_add(u64::try_from(length).unwrap_or(0));
                }
                left = left.saturating_sub(of_part);
            }
        }
    }
    Some((count, sum, bytes))
}

/// The number of this many bits, lowest bit first; only 32 bits are kept.
fn bits(bytes: &[u8], start: usize, width: usize) -> u32 {
    let mut eight = [0; 8];
    let bytes = bytes.get(start / 8..).unwrap_or_default();
    eight.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    let x = u64::from_le_bytes(eight) >> (start % 8);
    (x & ((1 << width.min(32)) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the encodings of Parquet's specification; the numbers of its example, 7, 5, 3, 1, 2, 3, 4, 5.
    #[test]
    fn lengths_are_counted_and_added() {
        // blocks of 8 in 1 part; 8 numbers, the first is 7; at least -2 more, in 2 bits each
        let bytes = b"\x08\x01\x08\x0e\x03\x02\xc0\x3f!";
        assert_eq!(lengths_within(bytes, 8), Some((8, 7 + 5 + 3 + 1 + 2 + 3 + 4 + 5, &b"!"[..])));
        assert!(lengths_within(&bytes[..7], 8).is_none());
    }

    #[test]
    fn values_that_no_row_has() {
        let values = (UNUSED + 4) as u32;
        let buf = vec![0; 4 * values as usize].into();
        let dictionary = Page::DictionaryPage { buf, num_values: values, encoding: Encoding::PLAIN, is_sorted: false };
        assert_eq!(error(3, dictionary), "the file is damaged: a dictionary has 1048580 values for 3 rows");
    }

    fn error(rows: usize, page: Page) -> String {
        let mut check = Check { optional: true, rows, limits: Arc::new(Limits::new(9)) };
        check.page(&page).unwrap_err().to_string()
    }

    fn data(num_values: u32, encoding: Encoding, bytes: &'static [u8]) -> Page {
        let levels = Encoding::RLE;
        let buf = bytes.into();
        Page::DataPage {
            buf,
            num_values,
            encoding,
            def_level_encoding: levels,
            rep_level_encoding: levels,
            statistics: None,
        }
    }

    #[test]
    fn pages_that_contradict_themselves() {
        let expected = "the file is damaged: a page of 4 values has more of them than there are rows";
        assert_eq!(error(3, data(4, Encoding::PLAIN, &[0; 4])), expected);
        let expected = "the file is damaged: a page ends within its levels";
        assert_eq!(error(3, data(3, Encoding::PLAIN, &[0; 3])), expected);
        assert_eq!(error(3, data(3, Encoding::PLAIN, &[1, 0, 0, 0])), expected);
        let expected = "mfnet does not read values in encoding ALP of Parquet";
        assert_eq!(error(3, data(3, Encoding::ALP, &[0; 4])), expected);
        // blocks of 128 in 4 parts; 5 lengths of 0, then 6 of 0
        let lengths = b"\0\0\0\0\x80\x01\x04\x05\0\0\0\0\0\0\x80\x01\x04\x06\0\0\0\0\0\0";
        let expected = "the file is damaged: a page of 4 values has 5 lengths";
        assert_eq!(error(9, data(4, Encoding::DELTA_LENGTH_BYTE_ARRAY, lengths)), expected);
        let expected = "the file is damaged: a page of 5 values has 6 lengths";
        assert_eq!(error(9, data(5, Encoding::DELTA_BYTE_ARRAY, lengths)), expected);
        // 2⁶² lengths in one part without bytes
        let lengths = b"\0\0\0\0\x80\x80\x80\x80\x80\x80\x80\x80\x40\x01\x80\x80\x80\x80\x80\x80\x80\x80\x40\0\0\0";
        let expected = "the file is damaged: a page of 5 values has 4611686018427387904 lengths";
        assert_eq!(error(9, data(5, Encoding::DELTA_LENGTH_BYTE_ARRAY, lengths)), expected);
        let lengths = b"\0\0\0\0\x80\x01\x04\x05\0\0\0\0\0\0\x80\x01\x04\x06\0\0\0\0\0\0";
        let expected = "the file is damaged: a page ends within its lengths";
        assert_eq!(error(9, data(6, Encoding::DELTA_BYTE_ARRAY, &lengths[..20])), expected);
    }
}
