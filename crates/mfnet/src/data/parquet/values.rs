//! The values of a page in the encodings of Parquet, without those that are missing.

use super::bits::{Differences, Runs};
use super::damaged;
use super::footer::Physical;
use crate::error::DataProblem;

type Result<T> = std::result::Result<T, DataProblem>;

/// Some values of one column.
pub(super) enum Values {
    /// Booleans too.
    Whole(Vec<i64>),
    Floats(Vec<f64>),
    Bytes(Strings),
}

/// Byte strings one after the other.
#[derive(Default)]
pub(super) struct Strings {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Strings {
    fn push(&mut self, string: &[u8]) {
        self.bytes.extend_from_slice(string);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn get(&self, place: usize) -> Option<&[u8]> {
        let start = if place == 0 { 0 } else { *self.ends.get(place - 1)? };
        self.bytes.get(start..*self.ends.get(place)?)
    }
}

impl Values {
    pub(super) fn new(of: Physical) -> Self {
        match of {
            Physical::Boolean | Physical::Int32 | Physical::Int64 => Values::Whole(Vec::new()),
            Physical::Float | Physical::Double => Values::Floats(Vec::new()),
            Physical::Int96 | Physical::Bytes | Physical::Fixed(_) => Values::Bytes(Strings::default()),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Values::Whole(whole) => whole.clear(),
            Values::Floats(floats) => floats.clear(),
            Values::Bytes(strings) => {
                strings.bytes.clear();
                strings.ends.clear();
            }
        }
    }

    fn whole(&mut self, x: i64) {
        if let Values::Whole(whole) = self {
            whole.push(x);
        }
    }

    fn string(&mut self, string: &[u8]) {
        if let Values::Bytes(strings) = self {
            strings.push(string);
        }
    }
}

/// What the values of a page without a dictionary come from.
pub(super) enum Decoder<'a> {
    Plain {
        of: Physical,
        bytes: &'a [u8],
        bit: usize,
    },
    /// Each value transposed into this: the first bytes of all values, then the second ones, …
    Split {
        of: Physical,
        bytes: Vec<u8>,
        at: usize,
    },
    Booleans(Runs<'a>),
    Differences {
        of: Physical,
        numbers: Differences<'a>,
    },
    Lengths(Lengths<'a>),
    Prefixes {
        prefixes: Differences<'a>,
        rest: Lengths<'a>,
        last: Vec<u8>,
        /// Bytes that all of them may have.
        left: usize,
    },
}

/// Byte strings after their lengths (DELTA_LENGTH_BYTE_ARRAY).
pub(super) struct Lengths<'a> {
    lengths: Differences<'a>,
    bytes: &'a [u8],
}

impl<'a> Lengths<'a> {
    fn new(bytes: &'a [u8], rows: usize) -> Result<Self> {
        let lengths = Differences::new(bytes, rows)?;
        let bytes = &bytes[lengths.clone().end()?..];
        Ok(Lengths { lengths, bytes })
    }

    fn next(&mut self) -> Result<&'a [u8]> {
        take(&mut self.bytes, self.lengths.next()?)
    }
}

/// So many bytes from the beginning.
fn take<'a>(bytes: &mut &'a [u8], length: i64) -> Result<&'a [u8]> {
    let parts = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
    let (string, rest) = parts.ok_or_else(|| damaged(format!("a text of {length} bytes is longer than its page")))?;
    *bytes = rest;
    Ok(string)
}

impl<'a> Decoder<'a> {
    /// A dictionary, or the values of a page that has none.
    pub(super) fn plain(of: Physical, bytes: &'a [u8]) -> Self {
        Decoder::Plain { of, bytes, bit: 0 }
    }

    /// `rows` is how many values there are at most, missing ones included, `texts` how many bytes texts may have that share their beginnings.
    pub(super) fn new(of: Physical, encoding: i64, bytes: &'a [u8], rows: usize, texts: usize) -> Result<Self> {
        Ok(match (encoding, of) {
            (0, _) => Self::plain(of, bytes),
            // their length comes first
            (3, Physical::Boolean) => Decoder::Booleans(Runs::new(bytes.get(4..).unwrap_or_default(), 1)?),
            (5, Physical::Int32 | Physical::Int64) => {
                Decoder::Differences { of, numbers: Differences::new(bytes, rows)? }
            }
            (6, Physical::Bytes) => Decoder::Lengths(Lengths::new(bytes, rows)?),
            (7, Physical::Bytes | Physical::Fixed(_)) => {
                let prefixes = Differences::new(bytes, rows)?;
                let rest = Lengths::new(&bytes[prefixes.clone().end()?..], rows)?;
                Decoder::Prefixes { prefixes, rest, last: Vec::new(), left: texts }
            }
            (9, Physical::Boolean | Physical::Bytes | Physical::Int96) => {
                return Err(damaged("values without a fixed size are split into bytes"));
            }
            (9, _) => Decoder::Split { of, bytes: joined(bytes, of.size()), at: 0 },
            (3..=7, _) => {
                return Err(damaged(format!("values have encoding {encoding}, which does not fit their type")));
            }
            _ => {
                let found = format!("values in encoding {encoding} of Parquet");
                return Err(DataProblem::Unsupported { found });
            }
        })
    }

    /// Adds the next `count` values.
    pub(super) fn read(&mut self, count: usize, out: &mut Values) -> Result<()> {
        match self {
            Decoder::Plain { of: Physical::Boolean, bytes, bit } => {
                for place in *bit..*bit + count {
                    let byte = bytes.get(place / 8).ok_or_else(too_few)?;
                    out.whole(i64::from(byte >> (place % 8) & 1));
                }
                *bit += count;
            }
            Decoder::Plain { of: Physical::Bytes, bytes, .. } => {
                for _ in 0..count {
                    let (length, rest) = bytes.split_first_chunk().ok_or_else(too_few)?;
                    *bytes = rest;
                    out.string(take(bytes, u32::from_le_bytes(*length).into())?);
                }
            }
            Decoder::Plain { of, bytes, .. } => {
                let length =
                    count.checked_mul(of.size()).filter(|length| *length <= bytes.len()).ok_or_else(too_few)?;
                let (values, rest) = bytes.split_at(length);
                *bytes = rest;
                fixed(*of, values, out);
            }
            Decoder::Split { of, bytes, at } => {
                let values = bytes.get(*at..*at + count * of.size()).ok_or_else(too_few)?;
                fixed(*of, values, out);
                *at += values.len();
            }
            Decoder::Booleans(runs) => {
                let mut buffer = vec![0; count];
                runs.fill(&mut buffer)?;
                buffer.iter().for_each(|x| out.whole(i64::from(*x)));
            }
            Decoder::Differences { of, numbers } => {
                for _ in 0..count {
                    let x = numbers.next()?;
                    // differences of 32-bit numbers may overflow
                    out.whole(if *of == Physical::Int32 { i64::from(x as i32) } else { x });
                }
            }
            Decoder::Lengths(lengths) => {
                for _ in 0..count {
                    out.string(lengths.next()?);
                }
            }
            Decoder::Prefixes { prefixes, rest, last, left } => {
                for _ in 0..count {
                    let prefix = prefixes.next()?;
                    let length = usize::try_from(prefix).ok().filter(|length| *length <= last.len());
                    last.truncate(
                        length.ok_or_else(|| damaged(format!("a text shares {prefix} bytes with the one before")))?,
                    );
                    last.extend_from_slice(rest.next()?);
                    let less = left.checked_sub(last.len());
                    *left = less.ok_or_else(|| damaged("its texts are much longer than the file"))?;
                    out.string(last);
                }
            }
        }
        Ok(())
    }
}

fn too_few() -> DataProblem {
    damaged("a page has fewer values than it says")
}

/// Values of a fixed size, one after the other.
fn fixed(of: Physical, bytes: &[u8], out: &mut Values) {
    fn each<T, const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> T, to: &mut Vec<T>) {
        to.extend(bytes.as_chunks().0.iter().map(|bytes| value(*bytes)));
    }
    match (of, out) {
        (Physical::Double, Values::Floats(floats)) => each(bytes, f64::from_le_bytes, floats),
        (Physical::Float, Values::Floats(floats)) => each(bytes, |x| f32::from_le_bytes(x).into(), floats),
        (Physical::Int32, Values::Whole(whole)) => each(bytes, |x| i32::from_le_bytes(x).into(), whole),
        (Physical::Int64, Values::Whole(whole)) => each(bytes, i64::from_le_bytes, whole),
        (_, Values::Bytes(strings)) => bytes.chunks_exact(of.size()).for_each(|x| strings.push(x)),
        // Values::new chose the kind that fits
        _ => {}
    }
}

/// The bytes of each value beside each other again (BYTE_STREAM_SPLIT).
fn joined(bytes: &[u8], size: usize) -> Vec<u8> {
    let count = bytes.len() / size;
    let mut joined = vec![0; count * size];
    for (i, stream) in bytes.chunks_exact(count.max(1)).take(size).enumerate() {
        joined.iter_mut().skip(i).step_by(size).zip(stream).for_each(|(to, from)| *to = *from);
    }
    joined
}
