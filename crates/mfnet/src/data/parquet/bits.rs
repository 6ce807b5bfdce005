//! Numbers of few bits each: Parquet's runs and differences.

use super::damaged;
use crate::error::DataProblem;

type Result<T> = std::result::Result<T, DataProblem>;

/// The number of `width` bits, at most 64, that begins at bit `at`.
fn packed(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let (first, shift) = (at / 8, at % 8);
    let end = (at + width).div_ceil(8);
    let word = match bytes.get(first..first + 16) {
        Some(word) => <[u8; 16]>::try_from(word).ok()?,
        None => {
            let piece = bytes.get(first..end)?;
            let mut word = [0; 16];
            word[..piece.len()].copy_from_slice(piece);
            word
        }
    };
    let number = (u128::from_le_bytes(word) >> shift) as u64;
    Some(if width == 64 { number } else { number & ((1 << width) - 1) })
}

/// A number in groups of 7 bits, the lowest first, and where the bytes go on.
fn unsigned(bytes: &[u8], at: &mut usize) -> Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at).ok_or_else(cut_off)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(damaged("a number has more than 64 bits"))
}

fn signed(bytes: &[u8], at: &mut usize) -> Result<i64> {
    let number = unsigned(bytes, at)?;
    Ok((number >> 1) as i64 ^ -((number & 1) as i64))
}

fn cut_off() -> DataProblem {
    damaged("a page has fewer values than it says")
}

/// Repeated numbers and packed ones by turns (RLE / bit-packing hybrid): levels, places in a dictionary, booleans.
pub(super) struct Runs<'a> {
    bytes: &'a [u8],
    at: usize,
    width: usize,
    /// How often `value` comes again.
    repeated: u64,
    value: u32,
    /// How many packed numbers come, and the bit at which the next one begins.
    packed: u64,
    bit: usize,
}

impl<'a> Runs<'a> {
    pub(super) fn new(bytes: &'a [u8], width: usize) -> Result<Self> {
        if width > 32 {
            return Err(damaged(format!("numbers in a page have {width} bits")));
        }
        Ok(Runs { bytes, at: 0, width, repeated: 0, value: 0, packed: 0, bit: 0 })
    }

    /// The next numbers, as many as there is room for.
    pub(super) fn fill(&mut self, mut out: &mut [u32]) -> Result<()> {
        while !out.is_empty() {
            if self.repeated > 0 {
                let count = self.repeated.min(out.len() as u64) as usize;
                out[..count].fill(self.value);
                self.repeated -= count as u64;
                out = &mut out[count..];
            } else if self.packed > 0 {
                let count = self.packed.min(out.len() as u64) as usize;
                for x in &mut out[..count] {
                    *x = packed(self.bytes, self.bit, self.width).ok_or_else(cut_off)? as u32;
                    self.bit += self.width;
                }
                self.packed -= count as u64;
                out = &mut out[count..];
            } else {
                self.next_run()?;
            }
        }
        Ok(())
    }

    fn next_run(&mut self) -> Result<()> {
        let header = unsigned(self.bytes, &mut self.at)?;
        let length = header >> 1;
        if header & 1 == 1 {
            let bytes = usize::try_from(length).ok().and_then(|groups| groups.checked_mul(self.width));
            self.packed = length.checked_mul(8).ok_or_else(cut_off)?;
            self.bit = self.at * 8;
            // some writers leave out the end of the last group
            self.at = self.at.saturating_add(bytes.unwrap_or(usize::MAX)).min(self.bytes.len());
        } else {
            let width = self.width.div_ceil(8);
            let value = self.bytes.get(self.at..self.at + width).ok_or_else(cut_off)?;
            let mut word = [0; 4];
            word[..width].copy_from_slice(value);
            self.value = u32::from_le_bytes(word);
            self.repeated = length;
            self.at += width;
        }
        Ok(())
    }
}

/// Whole numbers as packed differences (DELTA_BINARY_PACKED).
#[derive(Clone)]
pub(super) struct Differences<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Numbers of a miniblock, and miniblocks of a block.
    length: usize,
    miniblocks: usize,
    /// How many numbers are still to come, the first one included.
    left: u64,
    first: bool,
    last: i64,
    least: i64,
    /// The widths of the miniblocks that come in this block.
    widths: &'a [u8],
    /// What is left of the present miniblock.
    width: usize,
    left_of_it: usize,
    bit: usize,
}

impl<'a> Differences<'a> {
    /// There may be as many as the page has rows.
    pub(super) fn new(bytes: &'a [u8], rows: usize) -> Result<Self> {
        let mut at = 0;
        let sizes = [unsigned(bytes, &mut at)?, unsigned(bytes, &mut at)?];
        let left = unsigned(bytes, &mut at)?;
        if left > rows as u64 {
            return Err(damaged(format!("a page of {rows} rows has {left} values")));
        }
        let last = signed(bytes, &mut at)?;
        let [block, miniblocks] = sizes.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        if miniblocks == 0 || block == 0 || block % miniblocks != 0 || (block / miniblocks) % 32 != 0 || block > 1 << 24
        {
            return Err(damaged(format!("a page has blocks of {block} numbers in {miniblocks} parts")));
        }
        let length = block / miniblocks;
        let differences = Differences {
            bytes,
            at,
            length,
            miniblocks,
            left,
            first: true,
            last,
            least: 0,
            widths: &[],
            width: 0,
            left_of_it: 0,
            bit: 0,
        };
        Ok(differences)
    }

    pub(super) fn next(&mut self) -> Result<i64> {
        self.left = self.left.checked_sub(1).ok_or_else(cut_off)?;
        if std::mem::take(&mut self.first) {
            return Ok(self.last);
        }
        if self.left_of_it == 0 {
            self.next_miniblock()?;
        }
        let difference = packed(self.bytes, self.bit, self.width).ok_or_else(cut_off)?;
        self.bit += self.width;
        self.left_of_it -= 1;
        self.last = self.last.wrapping_add(self.least).wrapping_add(difference as i64);
        Ok(self.last)
    }

    fn next_miniblock(&mut self) -> Result<()> {
        if self.widths.is_empty() {
            self.least = signed(self.bytes, &mut self.at)?;
            self.widths = self.bytes.get(self.at..self.at + self.miniblocks).ok_or_else(cut_off)?;
            self.at += self.miniblocks;
        }
        let (width, widths) = self.widths.split_first().ok_or_else(cut_off)?;
        self.widths = widths;
        self.width = usize::from(*width);
        if self.width > 64 {
            return Err(damaged(format!("differences in a page have {width} bits")));
        }
        (self.left_of_it, self.bit) = (self.length, self.at * 8);
        self.at += self.length / 8 * self.width;
        Ok(())
    }

    /// Where the bytes go on after the last number, before any was taken.
    pub(super) fn end(mut self) -> Result<usize> {
        self.left = self.left.saturating_sub(1);
        while self.left > 0 {
            self.next_miniblock()?;
            self.left = self.left.saturating_sub(self.length as u64);
        }
        Ok(self.at.min(self.bytes.len()))
    }
}
