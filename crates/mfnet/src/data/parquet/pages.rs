//! The pages of a column, whose counts are compared with their bytes.

use std::sync::Arc;

use ::parquet::basic::Encoding;
use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::errors::Result;
use ::parquet::file::metadata::ColumnChunkMetaData;
use ::parquet::file::reader::{ChunkReader, SerializedPageReader};

use super::measured::{Measured, number};
use super::schema::Field;
use super::{damaged, refused};
use crate::error::DataProblem;

/// The pages of one column in one row group.
pub(super) struct Pages<R: ChunkReader> {
    pages: SerializedPageReader<Measured<R>>,
    check: Check,
}

/// What is known when a page comes.
struct Check {
    optional: bool,
    /// The least number of bytes that a value takes in a dictionary; 0 if it can have none.
    size: usize,
    /// How many are still to come.
    rows: usize,
    has_dictionary: bool,
}

impl<R: ChunkReader> Pages<R> {
    pub(super) fn new(from: &Arc<R>, chunk: &ColumnChunkMetaData, field: &Field, rows: usize) -> Result<Self> {
        let mut chunk = chunk.clone();
        // some old writers say 0 if there is none
        if chunk.dictionary_page_offset().is_some_and(|place| place <= 0 || place > chunk.data_page_offset()) {
            chunk = chunk.into_builder().set_dictionary_page_offset(None).build()?;
        }
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let (start, size) = (u64::try_from(start).ok(), u64::try_from(chunk.compressed_size()).ok());
        let end = start.and_then(|start| start.checked_add(size?));
        if end.is_none_or(|end| end > from.len()) {
            return Err(refused(damaged("its pages are outside of the file")));
        }
        let from = Measured { from: from.clone(), codec: chunk.compression() };
        let pages = SerializedPageReader::new(Arc::new(from), &chunk, rows, None)?;
        let check = Check { optional: field.optional, size: field.size, rows, has_dictionary: false };
        Ok(Pages { pages, check })
    }
}

impl<R: ChunkReader> PageReader for Pages<R> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        loop {
            let page = self.pages.get_next_page()?;
            if let Some(page) = &page {
                self.check.page(page).map_err(refused)?;
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

impl<R: ChunkReader> Iterator for Pages<R> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl Check {
    fn page(&mut self, page: &Page) -> std::result::Result<(), DataProblem> {
        let (values, encoding, bytes) = match page {
            Page::DictionaryPage { num_values, buf, .. } => {
                let values = *num_values as usize;
                if buf.len().checked_div(self.size).is_none_or(|most| values > most) {
                    return Err(damaged(format!("a dictionary of {values} values has {} bytes", buf.len())));
                }
                self.has_dictionary = true;
                return Ok(());
            }
            Page::DataPage { num_values, encoding, def_level_encoding, buf, .. } => {
                let mut start = 0;
                if self.optional {
                    if *def_level_encoding != Encoding::RLE {
                        let found = format!("levels in encoding {def_level_encoding} of Parquet");
                        return Err(DataProblem::Unsupported { found });
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
        let lengths = match encoding {
            Encoding::PLAIN | Encoding::RLE | Encoding::DELTA_BINARY_PACKED | Encoding::BYTE_STREAM_SPLIT => Some(0),
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY if self.has_dictionary => Some(0),
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY => {
                return Err(damaged("a page has no dictionary before it"));
            }
            Encoding::DELTA_LENGTH_BYTE_ARRAY => differences(bytes).map(|(lengths, _)| lengths),
            // of beginnings that are those of the text before, and of the rest
            Encoding::DELTA_BYTE_ARRAY => differences(bytes)
                .and_then(|(shared, bytes)| differences(bytes).map(|(lengths, _)| lengths.max(shared))),
            _ => return Err(DataProblem::Unsupported { found: format!("values in encoding {encoding} of Parquet") }),
        };
        match lengths {
            Some(lengths) if lengths <= values as u64 => Ok(()),
            Some(lengths) => Err(damaged(format!("a page of {values} values has {lengths} lengths"))),
            None => Err(damaged("a page ends within its lengths")),
        }
    }
}

/// How many numbers there are in DELTA_BINARY_PACKED, and what comes after them.
///
/// After the sizes of blocks and the first number there are blocks: the least difference, the bits that a number has in each part, the parts.
fn differences(mut bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (block, parts) = (number(&mut bytes)?, number(&mut bytes)?);
    let (count, _first) = (number(&mut bytes)?, number(&mut bytes)?);
    let of_part = block.checked_div(parts)?;
    let mut left = count.saturating_sub(1);
    while left > 0 {
        number(&mut bytes)?;
        for bits in bytes.split_off(..usize::try_from(parts).ok()?)? {
            if left > 0 {
                let size = of_part.checked_mul((*bits).into())? / 8;
                bytes.split_off(..usize::try_from(size).ok()?)?;
                left = left.saturating_sub(of_part);
            }
        }
    }
    Some((count, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(rows: usize, page: Page) -> String {
        let mut check = Check { optional: true, size: 4, rows, has_dictionary: false };
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
        let dictionary = Page::DictionaryPage {
            buf: vec![0; 11].into(),
            num_values: 3,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        assert_eq!(error(3, dictionary), "the file is damaged: a dictionary of 3 values has 11 bytes");
        let expected = "the file is damaged: a page has no dictionary before it";
        assert_eq!(error(3, data(3, Encoding::RLE_DICTIONARY, &[0; 4])), expected);
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
        let expected = "the file is damaged: a page ends within its lengths";
        assert_eq!(error(9, data(5, Encoding::DELTA_BYTE_ARRAY, &lengths[..20])), expected);
    }
}
