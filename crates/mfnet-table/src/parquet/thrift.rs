//! Thrift's compact protocol, in which Parquet writes its footer and the header of each page: a walk through it before
//! the crate takes memory and time on its word.
//!
//! The crate reads a field by its number, and ignores the type that is written before it. The walk knows the types of
//! the format and refuses others, or the same bytes would mean one thing to the walk and another one to the crate.

use self::Kind::{Any, Byte, Double, Fields, Flag, List, Text, Whole};

/// Structures in structures: Parquet's own are half as deep.
const DEEPEST: usize = 16;

/// What a field holds.
pub(super) enum Kind {
    Flag,
    Byte,
    /// A number of 16 bits or more, or that of an enumeration.
    Whole,
    Double,
    /// Or bytes.
    Text,
    List(&'static Kind),
    /// The fields of a structure, numbered from 1. The crate passes over others, by the types that they have.
    Fields(&'static [Kind]),
    /// What the crate passes over, too.
    Any,
}

/// FileMetaData: version, schema, rows, row groups, notes, writer, orders of columns.
pub(super) const FOOTER: &[Kind] = &[Whole, COLUMNS, Whole, GROUPS, NOTES, Text, ORDERS];
/// PageHeader: kind, size, stored size, checksum; the headers of data pages, index pages, dictionaries, data pages 2.
pub(super) const PAGE: &[Kind] = &[Whole, Whole, Whole, Whole, DATA, NONE, VALUES, DATA_2];
const DATA: Kind = Fields(&[Whole, Whole, Whole, Whole]);
const VALUES: Kind = Fields(&[Whole, Whole, Flag]);
const DATA_2: Kind = Fields(&[Whole, Whole, Whole, Whole, Whole, Whole, Flag]);
const NOTES: Kind = List(&Fields(&[Text, Text]));
const ORDERS: Kind = List(&Fields(&[NONE, NONE, NONE]));
const NONE: Kind = Fields(&[]);
/// SchemaElements, whose fifth field is a number of children, and the tenth a LogicalType.
const COLUMNS: Kind = List(&Fields(&[Whole, Whole, Whole, Text, Whole, Whole, Whole, Whole, Whole, LOGICAL]));
const LOGICAL: Kind = Fields(&[
    NONE, NONE, NONE, NONE, DECIMAL, NONE, TIME, TIME, Any, INTEGER, NONE, NONE, NONE, NONE, NONE, VARIANT, GEOMETRY,
    GEOGRAPHY, NONE,
]);
const DECIMAL: Kind = Fields(&[Whole, Whole]);
const TIME: Kind = Fields(&[Flag, Fields(&[NONE, NONE, NONE])]);
const INTEGER: Kind = Fields(&[Byte, Flag]);
const VARIANT: Kind = Fields(&[Byte]);
const GEOMETRY: Kind = Fields(&[Text]);
const GEOGRAPHY: Kind = Fields(&[Text, Whole]);
/// RowGroups, their ColumnChunks, SortingColumns, and the ColumnMetaData and GeospatialStatistics of each chunk.
const GROUPS: Kind = List(&Fields(&[CHUNKS, Whole, Whole, SORTED, Whole, Whole, Whole]));
const CHUNKS: Kind = List(&Fields(&[Text, Whole, METADATA, Whole, Whole, Whole, Whole]));
const SORTED: Kind = List(&Fields(&[Whole, Flag, Flag]));
const METADATA: Kind = Fields(&[
    Whole, WHOLES, TEXTS, Whole, Whole, Whole, Whole, Any, Whole, Whole, Whole, Any, Any, Whole, Whole, Any, PLACES,
]);
const WHOLES: Kind = List(&Whole);
const TEXTS: Kind = List(&Text);
const PLACES: Kind = Fields(&[BOX, WHOLES]);
const BOX: Kind = Fields(&[Double, Double, Double, Double, Double, Double, Double, Double]);

/// Calls `see` with every whole number of a structure and the fields that lead to it. Nothing if it is cut off, if a
/// field has another type than the format says, or for what the crate passes over in a time that does not depend on
/// its bytes: maps, and lists of flags.
pub(super) fn walk(bytes: &[u8], kinds: &'static [Kind], see: impl FnMut(&[i16], i64)) -> Option<()> {
    Walk { bytes, path: Vec::new(), see }.fields(kinds)
}

struct Walk<'a, S> {
    /// Those that are still to come.
    bytes: &'a [u8],
    path: Vec<i16>,
    see: S,
}

impl<S: FnMut(&[i16], i64)> Walk<'_, S> {
    fn fields(&mut self, kinds: &'static [Kind]) -> Option<()> {
        self.enter()?;
        loop {
            let byte = self.byte()?;
            let (step, wire) = (i16::from(byte >> 4), byte & 0xf);
            if wire == 0 {
                self.path.pop();
                return Some(());
            }
            let explicit = if step == 0 { Some(signed(&mut self.bytes)? as i16) } else { None };
            let field = self.path.last_mut()?;
            *field = explicit.or_else(|| field.checked_add(step))?;
            let place = usize::try_from(*field).ok().and_then(|field| field.checked_sub(1));
            let kind = place.and_then(|place| kinds.get(place)).unwrap_or(&Any);
            if !matches!((wire, kind), (1 | 2, Flag | Any)) {
                self.value(wire, kind)?;
            }
        }
    }

    fn value(&mut self, wire: u8, kind: &'static Kind) -> Option<()> {
        match (wire, kind) {
            (3, Byte | Any) => self.skip(1),
            (4..=6, Whole | Any) => {
                let x = signed(&mut self.bytes)?;
                (self.see)(&self.path, x);
                Some(())
            }
            (7, Double | Any) => self.skip(8),
            (8, Text | Any) => {
                let length = unsigned(&mut self.bytes)?;
                self.skip(length)
            }
            (9 | 10, List(_) | Any) => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { unsigned(&mut self.bytes)? } else { u64::from(head >> 4) };
                self.enter()?;
                for _ in 0..count {
                    self.value(head & 0xf, if let List(kind) = kind { kind } else { &Any })?;
                }
                self.path.pop();
                Some(())
            }
            (12, Fields(kinds)) => self.fields(kinds),
            (12, Any) => self.fields(&[]),
            (13, Any) => self.skip(16),
            _ => None,
        }
    }

    fn enter(&mut self) -> Option<()> {
        self.path.push(0);
        (self.path.len() <= DEEPEST).then_some(())
    }

    fn byte(&mut self) -> Option<u8> {
        self.bytes.split_off_first().copied()
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.bytes.split_off(..usize::try_from(count).ok()?).map(|_| ())
    }
}

/// Seven bits a byte, the lowest ones first, until a byte has no 1 above them.
pub(super) fn unsigned(bytes: &mut &[u8]) -> Option<u64> {
    let mut x = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        x |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(x);
        }
    }
    None
}

/// 0, −1, 1, −2, … are written as 0, 1, 2, 3, …
pub(super) fn signed(bytes: &mut &[u8]) -> Option<i64> {
    unsigned(bytes).map(|x| (x >> 1) as i64 ^ -((x & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: &[Kind] = &[Whole, List(&Whole), Any, Any, Fields(&[Flag]), Text, Double];

    fn numbers(bytes: &[u8]) -> Option<Vec<(Vec<i16>, i64)>> {
        let mut found = Vec::new();
        walk(bytes, KINDS, |path, x| found.push((path.to_vec(), x)))?;
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
        assert!(numbers(b"\x39\x2c\0\0\0").is_some());
        for bytes in [&b"\x39\xfc\xff\xff\xff\xff\x07\0\0\0"[..], b"\x39\x21\x01\x01\0", b"\x3b\x01\x55\0\0\0"] {
            assert_eq!(numbers(bytes), None);
        }
        // lists of lists
        assert_eq!(numbers(&[&b"\x39"[..], &[0x19; 100], &[0; 10]].concat()), None);
    }

    #[test]
    fn other_types_are_refused() {
        // a flag, a byte and a text for the number, a number for the list and in place of its texts
        for bytes in [&b"\x11\x06\0"[..], b"\x13\x06\0", b"\x18\x00\0", b"\x25\x02\0", b"\x29\x18\0\0"] {
            assert_eq!(numbers(bytes), None);
        }
    }
}
