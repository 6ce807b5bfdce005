//! Thrift's compact protocol, in which Parquet writes what it says about its data.
//!
//! A structure is a list of numbered fields. Everything is read, whether it is known or not, so that files of later versions are understood.
//! Memory is taken as bytes come: a length costs nothing before its data are there.

use std::io::Read;

use super::damaged;
use crate::error::DataProblem;

type Result<T> = std::result::Result<T, DataProblem>;

/// Structures in structures: Parquet's own are half as deep.
const DEEPEST: usize = 16;

pub(super) enum Value {
    Flag(bool),
    Whole(i64),
    Double,
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Structure(Structure),
    Map,
}

/// The fields of a structure by their numbers.
pub(super) struct Structure(Vec<(i16, Value)>);

impl Structure {
    pub(super) fn read(from: &mut impl Read) -> Result<Self> {
        Reader { from }.structure(0)
    }

    fn get(&self, field: i16) -> Option<&Value> {
        self.0.iter().find(|(number, _)| *number == field).map(|(_, value)| value)
    }

    pub(super) fn has(&self, field: i16) -> bool {
        self.get(field).is_some()
    }

    /// The number of the only field: how a union says what it is.
    pub(super) fn variant(&self) -> Option<(i16, &Value)> {
        self.0.first().map(|(number, value)| (*number, value))
    }

    pub(super) fn flag(&self, field: i16) -> Option<bool> {
        if let Value::Flag(flag) = self.get(field)? { Some(*flag) } else { None }
    }

    pub(super) fn whole(&self, field: i16) -> Option<i64> {
        if let Value::Whole(whole) = self.get(field)? { Some(*whole) } else { None }
    }

    /// A size, count or place.
    pub(super) fn size(&self, field: i16, what: &str) -> Result<usize> {
        let found = self.whole(field);
        found.and_then(|found| usize::try_from(found).ok()).ok_or_else(|| match found {
            Some(found) => damaged(format!("{what} is {found}")),
            None => damaged(format!("{what} is missing")),
        })
    }

    pub(super) fn text(&self, field: i16) -> Option<&str> {
        if let Value::Bytes(bytes) = self.get(field)? { std::str::from_utf8(bytes).ok() } else { None }
    }

    pub(super) fn structure(&self, field: i16) -> Option<&Structure> {
        if let Value::Structure(structure) = self.get(field)? { Some(structure) } else { None }
    }

    /// The structures of a list; none if it is missing.
    pub(super) fn structures(&self, field: i16) -> impl Iterator<Item = &Structure> {
        let list = if let Some(Value::List(list)) = self.get(field) { &list[..] } else { &[] };
        list.iter().filter_map(|value| if let Value::Structure(structure) = value { Some(structure) } else { None })
    }
}

struct Reader<'a, R> {
    from: &'a mut R,
}

impl<R: Read> Reader<'_, R> {
    fn byte(&mut self) -> Result<u8> {
        let mut byte = [0];
        self.from.read_exact(&mut byte).map_err(|_| damaged("what it says about its data is cut off"))?;
        Ok(byte[0])
    }

    fn unsigned(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(damaged("a number has more than 64 bits"))
    }

    /// 0, −1, 1, −2, … are written as 0, 1, 2, 3, …
    fn signed(&mut self) -> Result<i64> {
        let number = self.unsigned()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self.from.by_ref().take(length).read_to_end(&mut bytes) {
            Ok(found) if found as u64 == length => Ok(bytes),
            _ => Err(damaged("what it says about its data is cut off")),
        }
    }

    fn structure(&mut self, depth: usize) -> Result<Structure> {
        if depth == DEEPEST {
            return Err(damaged("what it says about its data is nested too deeply"));
        }
        let (mut fields, mut number) = (Vec::new(), 0i16);
        loop {
            let byte = self.byte()?;
            if byte == 0 {
                return Ok(Structure(fields));
            }
            number = match byte >> 4 {
                0 => self.signed()? as i16,
                step => number.wrapping_add(i16::from(step)),
            };
            let value = match byte & 0xf {
                1 => Value::Flag(true),
                2 => Value::Flag(false),
                kind => self.value(kind, depth)?,
            };
            fields.push((number, value));
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Result<Value> {
        Ok(match kind {
            // in a list a flag is a byte
            1..=2 => Value::Flag(self.byte()? == 1),
            3 => Value::Whole(i64::from(self.byte()? as i8)),
            4..=6 => Value::Whole(self.signed()?),
            7 => {
                self.bytes(8)?;
                Value::Double
            }
            8 => {
                let length = self.unsigned()?;
                Value::Bytes(self.bytes(length)?)
            }
            9 | 10 => {
                let byte = self.byte()?;
                let length = if byte >> 4 == 15 { self.unsigned()? } else { u64::from(byte >> 4) };
                let mut list = Vec::new();
                for _ in 0..length {
                    list.push(self.deeper(byte & 0xf, depth)?);
                }
                Value::List(list)
            }
            11 => {
                let length = self.unsigned()?;
                let kinds = if length > 0 { self.byte()? } else { 0 };
                for _ in 0..length {
                    self.deeper(kinds >> 4, depth)?;
                    self.deeper(kinds & 0xf, depth)?;
                }
                Value::Map
            }
            12 => Value::Structure(self.structure(depth + 1)?),
            13 => Value::Bytes(self.bytes(16)?),
            _ => return Err(damaged(format!("a field has type {kind}"))),
        })
    }

    fn deeper(&mut self, kind: u8, depth: usize) -> Result<Value> {
        if depth == DEEPEST {
            return Err(damaged("what it says about its data is nested too deeply"));
        }
        self.value(kind, depth + 1)
    }
}
