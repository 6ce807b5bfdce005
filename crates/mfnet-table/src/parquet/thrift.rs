//! Thrift's compact protocol, in which Parquet writes what it says about its data: a walk through it, before the crate takes memory and time on its
//! word.

use std::io::Read;

/// Structures in structures: Parquet's own are half as deep.
const DEEPEST: usize = 16;

/// Calls `see` with every whole number of a structure and the fields that lead to it. Nothing if it is cut off, or has a list of more elements than
/// bytes are left, or what the crate counts otherwise: maps, lists of flags.
pub(super) fn walk(from: &mut impl Read, left: u64, see: &mut impl FnMut(&[i16], i64)) -> Option<()> {
    Walk { from, left, path: Vec::new(), see }.structure()
}

struct Walk<'a, R, S> {
    from: &'a mut R,
    left: u64,
    path: Vec<i16>,
    see: &'a mut S,
}

impl<R: Read, S: FnMut(&[i16], i64)> Walk<'_, R, S> {
    fn structure(&mut self) -> Option<()> {
        if self.path.len() == DEEPEST {
            return None;
        }
        self.path.push(0);
        loop {
            let byte = self.byte()?;
            let (step, kind) = (i16::from(byte >> 4), byte & 0xf);
            if kind == 0 {
                self.path.pop();
                return Some(());
            }
            let explicit = if step == 0 { Some(self.signed()? as i16) } else { None };
            let field = self.path.last_mut()?;
            *field = explicit.unwrap_or(field.wrapping_add(step));
            if kind > 2 {
                self.value(kind)?;
            }
        }
    }

    fn value(&mut self, kind: u8) -> Option<()> {
        match kind {
            3 => self.skip(1),
            4..=6 => {
                let x = self.signed()?;
                (self.see)(&self.path, x);
                Some(())
            }
            7 => self.skip(8),
            8 => {
                let length = self.unsigned()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let kind = head & 0xf;
                let count = if head >> 4 == 15 { self.unsigned()? } else { u64::from(head >> 4) };
                if count > self.left || self.path.len() == DEEPEST {
                    return None;
                }
                self.path.push(0);
                for _ in 0..count {
                    self.value(kind)?;
                }
                self.path.pop();
                Some(())
            }
            12 => self.structure(),
            13 => self.skip(16),
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.left = self.left.checked_sub(1)?;
        self.from.read_exact(&mut byte).ok()?;
        Some(byte[0])
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.left = self.left.checked_sub(count)?;
        let skipped = std::io::copy(&mut self.from.by_ref().take(count), &mut std::io::sink()).ok()?;
        (skipped == count).then_some(())
    }

    fn unsigned(&mut self) -> Option<u64> {
        number(|| self.byte())
    }

    /// 0, −1, 1, −2, … are written as 0, 1, 2, 3, …
    fn signed(&mut self) -> Option<i64> {
        self.unsigned().map(signed)
    }
}

/// Seven bits a byte, the lowest ones first, until a byte has no 1 above them.
pub(super) fn number(mut next: impl FnMut() -> Option<u8>) -> Option<u64> {
    let mut x = 0;
    for shift in (0..64).step_by(7) {
        let byte = next()?;
        x |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(x);
        }
    }
    None
}

pub(super) fn signed(x: u64) -> i64 {
    (x >> 1) as i64 ^ -((x & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(bytes: &[u8]) -> Option<Vec<(Vec<i16>, i64)>> {
        let mut found = Vec::new();
        walk(&mut &*bytes, bytes.len() as u64, &mut |path, x| found.push((path.to_vec(), x)))?;
        Some(found)
    }

    #[test]
    fn whole_numbers_are_seen() {
        // 1: 3, 2: a list of 1 and -1, 5: a structure with 1: true and, as a field with its number, 4: 64; a text of 2 bytes, a number with a fraction
        let bytes = b"\x15\x06\x19\x25\x02\x01\x3c\x11\x05\x08\x80\x01\x00\x18\x02ab\x17\0\0\0\0\0\0\0\0\0";
        let expected = [(vec![1], 3), (vec![2, 0], 1), (vec![2, 0], -1), (vec![5, 4], 64)];
        assert_eq!(numbers(bytes).as_deref(), Some(&expected[..]));
        (0..bytes.len()).for_each(|end| assert_eq!(numbers(&bytes[..end]), None));
    }

    #[test]
    fn lists_have_elements() {
        // structures: 2 that are there, 2³¹ − 1 that are not; flags; a map
        assert!(numbers(b"\x19\x2c\0\0\0").is_some());
        for bytes in [&b"\x19\xfc\xff\xff\xff\xff\x07\0\0\0"[..], b"\x19\x21\x01\x01\0", b"\x1b\x01\x55\0\0\0"] {
            assert_eq!(numbers(bytes), None);
        }
        // lists of lists
        assert_eq!(numbers(&[&b"\x19"[..], &[0x19; 100], &[0; 10]].concat()), None);
    }
}
