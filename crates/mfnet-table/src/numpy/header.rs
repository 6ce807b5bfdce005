//! Reads the header of a NumPy array.
//!
//! ```text
//! 93 N U M P Y   version   length   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   elements
//! ```
//!
//! The header is a Python dictionary of texts, numbers, tuples and lists. It is read as data;
//! nothing in it is run. Source: NEP 1, *A simple file format for NumPy arrays*.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::calendar::Unit;
use crate::error::{FileProblem, MOST_COLUMNS};

type Result<T> = std::result::Result<T, FileProblem>;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// The largest length of a header. NumPy itself refuses headers longer than a hundredth of this.
const LONGEST: usize = 1 << 20;
const PYTHON_OBJECTS: &str = "Python objects: they are stored as a pickle, a program that would run when it is read; save numbers or \
                              text, for example with array.astype(float) or array.astype(str)";

pub(super) struct Header {
    /// The parts of an element: one, unless the array is structured.
    pub(super) parts: Vec<Part>,
    /// Bytes of an element, padding included; at least 1.
    pub(super) size: usize,
    /// Whether the first index changes fastest in the file.
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
    /// Number of bytes before the elements.
    length: usize,
}

pub(super) struct Part {
    /// Its name, if the array is structured.
    pub(super) name: Option<String>,
    pub(super) kind: Kind,
    pub(super) big_endian: bool,
    /// Its offset, the bytes of a value, and the number of values.
    pub(super) offset: usize,
    pub(super) size: usize,
    pub(super) count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Boolean,
    Signed,
    Unsigned,
    Float,
    /// Text with 4 bytes per character.
    Unicode,
    Bytes,
    /// Times, as multiples of this number of units.
    Time(i64, Unit),
}

/// The dictionary.
#[derive(Deserialize)]
#[serde(expecting = "a dictionary with \"descr\", \"fortran_order\" and \"shape\"")]
struct Dictionary {
    descr: Type,
    fortran_order: bool,
    shape: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a type, or a list of fields with name and type, for \"descr\"")]
enum Type {
    Plain(String),
    Structure(Vec<Field>),
}

#[derive(Deserialize)]
struct Field(Name, Type, #[serde(default)] Vec<usize>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Alone(String),
    AfterTitle(IgnoredAny, String),
}

impl Header {
    /// The header of a file, and its elements.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, &[u8])> {
        if bytes.is_empty() {
            return Err(FileProblem::Empty);
        }
        if !bytes.starts_with(MAGIC) {
            let expected = "a NumPy array (.npy), which begins with the bytes 93 4e 55 4d 50 59";
            return Err(FileProblem::OtherFormat(expected, bytes[..bytes.len().min(8)].to_vec()));
        }
        let found = bytes.len() as u64;
        let piece = |start, end| bytes.get(start..end).ok_or(FileProblem::Truncated(end as u64, found));
        let (version, start) = match piece(6, 8)?[0] {
            version @ 1 => (version, 10),
            version @ 2..=3 => (version, 12),
            version => return Err(unsupported(format!("version {version} of .npy"))),
        };
        let length = piece(8, start)?.iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte));
        if length > LONGEST {
            return Err(damaged(format!("its header would have {length} bytes")));
        }
        let text = piece(start, start + length)?;
        // the first two versions have a byte for a character
        let text = match version {
            3 => str::from_utf8(text).map_err(|_| damaged("its header is not text"))?.to_owned(),
            _ => text.iter().copied().map(char::from).collect(),
        };
        let header = Self::parse(&text, start + length)?;
        let expected = header.check()?;
        match found {
            found if found < expected => Err(FileProblem::Truncated(expected, found)),
            found if found > expected => Err(FileProblem::TooLong(expected)),
            _ => Ok((header, &bytes[start + length..])),
        }
    }

    fn parse(text: &str, length: usize) -> Result<Self> {
        let dictionary = serde_json::from_str(&json(text));
        let Dictionary { descr, fortran_order, shape } =
            dictionary.map_err(|error| damaged(format!("its header cannot be read: {error}")))?;
        let mut header = Header { parts: Vec::new(), size: 0, fortran: fortran_order, shape, length };
        match descr {
            Type::Plain(code) => header.push(None, &code, 1)?,
            Type::Structure(fields) => fields.into_iter().try_for_each(|field| header.push_field(field))?,
        }
        if header.size == 0 || header.parts.is_empty() {
            // any number of them would fit into an empty file
            return Err(unsupported("elements of 0 bytes"));
        }
        Ok(header)
    }

    fn push_field(&mut self, Field(name, of, shape): Field) -> Result<()> {
        let (Name::Alone(name) | Name::AfterTitle(_, name)) = name;
        let Type::Plain(code) = of else {
            return Err(unsupported(format!("structures in structures (field {name:?})")));
        };
        let count = shape.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
        let count = count.ok_or_else(|| damaged(format!("field {name:?} has no size")))?;
        self.push(Some(name), &code, count)
    }

    /// Adds this many values of this type to the element. Padding makes the element longer, but
    /// adds no part.
    fn push(&mut self, name: Option<String>, code: &str, count: usize) -> Result<()> {
        let unsupported = || unsupported(format!("elements of type {code:?}"));
        let mut characters = code.strip_prefix(['<', '>', '|', '=']).unwrap_or(code).chars();
        let (letter, digits) = (characters.next().ok_or_else(unsupported)?, characters.as_str());
        let time = digits.strip_prefix('8').filter(|_| letter == 'M');
        let size: usize = if time.is_some() { 8 } else { digits.parse().unwrap_or(0) };
        let kind = match (letter, size) {
            ('O', _) => return Err(FileProblem::Unsupported(PYTHON_OBJECTS.to_owned())),
            ('V', 1..) if name.as_ref().is_some_and(String::is_empty) => None,
            ('b', 1) | ('?', _) => Some(Kind::Boolean),
            ('i', 1 | 2 | 4 | 8) => Some(Kind::Signed),
            ('u', 1 | 2 | 4 | 8) => Some(Kind::Unsigned),
            ('f', 2 | 4 | 8) => Some(Kind::Float),
            ('U', 1..) => Some(Kind::Unicode),
            ('S' | 'a', 1..) => Some(Kind::Bytes),
            ('M', 8) => time.and_then(time_kind).ok_or_else(unsupported)?.into(),
            _ => return Err(unsupported()),
        };
        let size = if kind == Some(Kind::Unicode) { size.checked_mul(4) } else { Some(size.max(1)) };
        let end = size.and_then(|size| size.checked_mul(count)).and_then(|size| size.checked_add(self.size));
        let (Some(size), Some(end)) = (size, end) else { return Err(damaged("its elements are too large")) };
        let (big_endian, offset) = (code.starts_with('>'), std::mem::replace(&mut self.size, end));
        self.parts.extend(kind.map(|kind| Part { name, kind, big_endian, offset, size, count }));
        Ok(())
    }

    /// The number of bytes that the file should have.
    fn check(&self) -> Result<u64> {
        let Some((rows, sizes)) = self.shape.split_first() else {
            return Err(unsupported("an array without dimensions, which is a single value"));
        };
        if *rows == 0 {
            return Err(FileProblem::NoRows);
        }
        let values = self.parts.iter().fold(0usize, |count, part| count.saturating_add(part.count));
        if values == 0 || sizes.contains(&0) {
            return Err(FileProblem::NoColumns);
        }
        let bytes = self.shape.iter().try_fold(self.size, |size, count| size.checked_mul(*count));
        let Some(whole) = bytes.and_then(|bytes| bytes.checked_add(self.length)) else {
            let sizes = self.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ");
            return Err(unsupported(format!("arrays of {sizes} bytes")));
        };
        if self.elements().saturating_mul(values) > MOST_COLUMNS {
            return Err(FileProblem::TooManyColumns);
        }
        Ok(whole as u64)
    }

    /// Number of elements in a row.
    pub(super) fn elements(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// The offset of an element in the first row, and the number of bytes to the same element of
    /// the next row.
    pub(super) fn place(&self, element: usize) -> (usize, usize) {
        if !self.fortran {
            return (element * self.size, self.elements() * self.size);
        }
        // the last dimension changes fastest from element to element, the first one in the file
        let sizes = self.shape[1..].iter().rev();
        let (stored, _) = sizes.fold((0, element), |(stored, left), size| (stored * size + left % size, left / size));
        (stored * self.shape[0] * self.size, self.size)
    }
}

fn damaged(what: impl Into<String>) -> FileProblem {
    FileProblem::Damaged(what.into())
}

fn unsupported(found: impl Into<String>) -> FileProblem {
    FileProblem::Unsupported(found.into())
}

/// \[ns\] or \[25s\].
fn time_kind(text: &str) -> Option<Kind> {
    let text = text.strip_prefix('[')?.strip_suffix(']')?;
    let name = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - name.len()];
    let count: i64 = if digits.is_empty() { 1 } else { digits.parse().ok()? };
    let (factor, unit) = match name {
        "Y" => (12, Unit::Month),
        "M" => (1, Unit::Month),
        "W" => (7, Unit::Day),
        "D" => (1, Unit::Day),
        "h" => (3600, Unit::Tick(1)),
        "m" => (60, Unit::Tick(1)),
        "s" => (1, Unit::Tick(1)),
        "ms" => (1, Unit::Tick(1000)),
        "us" | "μs" => (1, Unit::Tick(1_000_000)),
        "ns" => (1, Unit::Tick(1_000_000_000)),
        _ => return None,
    };
    Some(Kind::Time(count.checked_mul(factor)?, unit))
}

/// Rewrites a value from Python's notation to JSON: a tuple becomes a list, and a comma before a
/// closing bracket is removed.
fn json(python: &str) -> String {
    let mut json = String::with_capacity(python.len());
    let mut quote = None;
    let mut characters = python.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', Some(_)) => match characters.next() {
                Some('\'') => json.push('\''),
                escaped => json.extend(['\\'].into_iter().chain(escaped)),
            },
            (closing, Some(opening)) if closing == opening => {
                quote = None;
                json.push('"');
            }
            ('"', Some(_)) => json.push_str("\\\""),
            (character, Some(_)) => json.push(character),
            ('\'' | '"', None) => {
                quote = Some(character);
                json.push('"');
            }
            ('(', None) => json.push('['),
            (')' | ']' | '}', None) => {
                json.truncate(json.trim_end().strip_suffix(',').map_or(json.len(), str::len));
                json.push(if character == '}' { '}' } else { ']' });
            }
            // Python 2 writes an L after a long number
            ('L', None) if json.ends_with(|last: char| last.is_ascii_digit()) => {}
            // True and False
            (character, None) => json.push(character.to_ascii_lowercase()),
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(header: &str) -> String {
        Header::parse(header, 0).err().map(|problem| problem.to_string()).unwrap_or_default()
    }

    #[test]
    fn headers_as_python_writes_them() {
        let header = Header::parse("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   \n", 0).unwrap();
        assert_eq!((header.shape, header.fortran, header.size), (vec![3, 4], false, 8));
        let header = Header::parse("{\"shape\": (3L,), 'fortran_order': True, 'descr': '>M8[25s]'}", 0).unwrap();
        let part = &header.parts[0];
        assert_eq!((part.kind, part.big_endian), (Kind::Time(25, Unit::Tick(1)), true));
        let descr = r"[('it\'s', '<U3'), ('', '|V4'), (('title', 'x'), '<i2', (2, 3))]";
        let header = Header::parse(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ()}}"), 0).unwrap();
        let parts: Vec<_> = header.parts.iter().map(|p| (p.name.as_deref().unwrap(), p.offset, p.count)).collect();
        assert_eq!((parts, header.size), (vec![("it's", 0, 1), ("x", 16, 6)], 28));
    }

    #[test]
    fn what_is_wrong_with_a_header() {
        let with = |descr: &str| error(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,)}}"));
        let unreadable = |what: &str| format!("the file is damaged: its header cannot be read: {what}");
        assert_eq!(
            error("[]"),
            unreadable(
                "invalid length 0, expected a dictionary with \"descr\", \"fortran_order\" and \"shape\" at line 1 column 2"
            )
        );
        assert_eq!(error("{'shape': __import__('os')}"), unreadable("expected value at line 1 column 11"));
        assert_eq!(error("{}"), unreadable("missing field `descr` at line 1 column 2"));
        assert_eq!(error(&"(".repeat(1 << 20)), unreadable("recursion limit exceeded at line 1 column 128"));
        assert_eq!(with("'<c16'"), "mfnet does not read elements of type \"<c16\"");
        assert_eq!(with("'<U0'"), "mfnet does not read elements of type \"<U0\"");
        assert_eq!(with("'<M8'"), "mfnet does not read elements of type \"<M8\"");
        assert_eq!(with("''"), "mfnet does not read elements of type \"\"");
        assert_eq!(with("[('a', [('b', '<f8')])]"), "mfnet does not read structures in structures (field \"a\")");
        assert_eq!(with("[('a', '<f8', (9999999999, 9999999999))]"), "the file is damaged: field \"a\" has no size");
        let expected = "expected a type, or a list of fields with name and type, for \"descr\" at line 1 column 11";
        assert_eq!(with("3"), unreadable(expected));
        assert!(with("'|O'").starts_with("mfnet does not read Python objects: they are stored as a pickle, a program"));
        let shape = error("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}");
        assert_eq!(shape, unreadable("invalid value: integer `-1`, expected usize at line 1 column 53"));
    }
}
