//! What an array of NumPy says about itself.
//!
//! ```text
//! 93 N U M P Y   version   length   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   elements
//! ```
//!
//! The header is a Python dictionary of texts, numbers, tuples and lists; it is read as data, and nothing in it is run. Source: NEP 1, *A simple
//! file format for NumPy arrays*.

use std::io::{self, Read};

use crate::error::{FileProblem, NumpyProblem, Problem};

type Result<T> = std::result::Result<T, Problem>;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// NumPy itself believes no header that is longer than a hundredth of this.
const LONGEST: u64 = 1 << 20;
/// Lists in lists.
const DEEPEST: usize = 8;

pub(super) struct Header {
    pub(super) element: Element,
    /// Whether the first dimension is the fastest.
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
    /// Bytes of all that stands before the elements.
    pub(super) length: u64,
}

/// What an element consists of: one part, unless the array is structured.
pub(super) struct Element {
    pub(super) parts: Vec<Part>,
    /// Bytes, padding included; at least 1.
    pub(super) size: usize,
}

pub(super) struct Part {
    /// Its name, if the array is structured.
    pub(super) name: Option<String>,
    pub(super) kind: Kind,
    pub(super) big_endian: bool,
    /// Where it begins, the bytes of a value, and how many values there are.
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
    /// 4 bytes a character.
    Unicode,
    Bytes,
    Time(Unit),
}

/// What a moment is counted in: so many months, days, or ticks, of which a second has so many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    Months(i64),
    Days(i64),
    Ticks { count: i64, per_second: i64 },
}

impl Header {
    pub(super) fn read(from: &mut impl Read) -> Result<Self> {
        let first = take(from, 8)?;
        if first.is_empty() {
            return Err(FileProblem::Empty.into());
        }
        if !first.starts_with(MAGIC) {
            let expected = "a NumPy array (.npy), which begins with the bytes 93 4e 55 4d 50 59";
            return Err(FileProblem::OtherFormat { expected, found: first }.into());
        }
        let of_length = match first[6..] {
            [1, _] => 2,
            [2 | 3, _] => 4,
            [version, ..] => return Err(unsupported(format!("version {version} of .npy"))),
            [] => return Err(FileProblem::Truncated { expected: 8, found: first.len() as u64 }.into()),
        };
        let digits = take(from, of_length)?;
        let length = digits.iter().rev().fold(0, |length, byte| length << 8 | u64::from(*byte));
        let before = 8 + of_length;
        if length > LONGEST {
            return Err(damaged(format!("its header would have {length} bytes")));
        }
        let header = take(from, length)?;
        let found = 8 + digits.len() as u64 + header.len() as u64;
        if found < before + length {
            return Err(FileProblem::Truncated { expected: before + length, found }.into());
        }
        // the first two versions have a byte for a character
        let text = match first[6] {
            3 => String::from_utf8(header).map_err(|_| damaged("its header is no text"))?,
            _ => header.into_iter().map(char::from).collect(),
        };
        Self::parse(&text, before + length)
    }

    fn parse(text: &str, length: u64) -> Result<Self> {
        let mut reader = Reader { rest: text };
        let fields = match reader.literal(0)? {
            Literal::Dictionary(fields) if reader.rest.trim().is_empty() => fields,
            _ => return Err(damaged("its header is no dictionary")),
        };
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            found.ok_or_else(|| damaged(format!("its header has no {name:?}")))
        };
        let element = element(field("descr")?)?;
        let Literal::Flag(fortran) = *field("fortran_order")? else {
            return Err(damaged("its header does not say True or False for \"fortran_order\""));
        };
        let sizes = if let Literal::List(sizes) = field("shape")? { &sizes[..] } else { &[Literal::None] };
        let size = |size: &Literal| if let Literal::Whole(size) = size { usize::try_from(*size).ok() } else { None };
        let shape: Option<Vec<usize>> = sizes.iter().map(size).collect();
        let shape = shape.ok_or_else(|| damaged("its header has no list of sizes for \"shape\""))?;
        Ok(Header { element, fortran, shape, length })
    }
}

pub(super) fn cannot_read(error: io::Error) -> FileProblem {
    FileProblem::Other(format!("cannot read: {error}"))
}

fn damaged(what: impl Into<String>) -> Problem {
    FileProblem::Damaged(what.into()).into()
}

fn unsupported(found: impl Into<String>) -> Problem {
    FileProblem::Unsupported(found.into()).into()
}

/// So many bytes, or those that there are.
fn take(from: &mut impl Read, count: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(count).read_to_end(&mut bytes).map_err(cannot_read)?;
    Ok(bytes)
}

fn element(of: &Literal) -> Result<Element> {
    let mut parts = Vec::new();
    let size = match of {
        Literal::Text(code) => push_part(&mut parts, None, code, 1, 0)?,
        Literal::List(fields) => fields.iter().try_fold(0, |offset, field| push_field(&mut parts, field, offset))?,
        _ => return Err(damaged("its header has no type for \"descr\"")),
    };
    if size == 0 || parts.is_empty() {
        // they would take no place in the file, however many there are
        return Err(unsupported("elements of no bytes"));
    }
    Ok(Element { parts, size })
}

/// Adds a field, (name, type) or (name, type, shape), whose name may be (title, name); where it ends.
fn push_field(parts: &mut Vec<Part>, field: &Literal, offset: usize) -> Result<usize> {
    let unnamed = || damaged("its header has a field without name and type");
    let Literal::List(field) = field else { return Err(unnamed()) };
    let (name, code, shape) = match &field[..] {
        [name, code] => (name, code, &[][..]),
        [name, code, Literal::List(shape)] => (name, code, &shape[..]),
        _ => return Err(unnamed()),
    };
    let name = match name {
        Literal::List(names) => names.last().ok_or_else(unnamed)?,
        name => name,
    };
    let Literal::Text(name) = name else { return Err(unnamed()) };
    let Literal::Text(code) = code else {
        return Err(unsupported(format!("structures in structures (field {name:?})")));
    };
    let count = shape.iter().try_fold(1usize, |count, size| match size {
        Literal::Whole(size) => count.checked_mul(usize::try_from(*size).ok()?),
        _ => None,
    });
    let count = count.ok_or_else(|| damaged(format!("field {name:?} has no size")))?;
    push_part(parts, Some(name), code, count, offset)
}

/// Adds a part with this type, unless it is padding; where it ends.
fn push_part(parts: &mut Vec<Part>, name: Option<&String>, code: &str, count: usize, offset: usize) -> Result<usize> {
    let unsupported = || unsupported(format!("elements of type {code:?}"));
    let (order, rest) = match code.as_bytes() {
        [order @ (b'<' | b'>' | b'|' | b'='), ..] => (*order, &code[1..]),
        _ => (b'<', code),
    };
    let digits = rest.get(1..).ok_or_else(unsupported)?;
    let time = digits.strip_prefix('8').filter(|_| rest.starts_with('M'));
    let size: usize = if time.is_some() { 8 } else { digits.parse().unwrap_or(0) };
    let kind = match (rest.as_bytes()[0], size) {
        (b'O', _) => return Err(NumpyProblem::PythonObjects.into()),
        (b'V', 1..) if name.is_some_and(String::is_empty) => None,
        (b'b', 1) | (b'?', _) => Some(Kind::Boolean),
        (b'i', 1 | 2 | 4 | 8) => Some(Kind::Signed),
        (b'u', 1 | 2 | 4 | 8) => Some(Kind::Unsigned),
        (b'f', 2 | 4 | 8) => Some(Kind::Float),
        (b'U', 1..) => Some(Kind::Unicode),
        (b'S' | b'a', 1..) => Some(Kind::Bytes),
        (b'M', 8) => Some(Kind::Time(time.and_then(unit).ok_or_else(unsupported)?)),
        _ => return Err(unsupported()),
    };
    let size = if kind == Some(Kind::Unicode) { size.checked_mul(4) } else { Some(size.max(1)) };
    let end = size.and_then(|size| size.checked_mul(count)).and_then(|size| size.checked_add(offset));
    let (Some(size), Some(end)) = (size, end) else { return Err(damaged("its elements are too large")) };
    if let Some(kind) = kind {
        parts.push(Part { name: name.cloned(), kind, big_endian: order == b'>', offset, size, count });
    }
    Ok(end)
}

/// \[ns\] or \[25s\].
fn unit(text: &str) -> Option<Unit> {
    let text = text.strip_prefix('[')?.strip_suffix(']')?;
    let name = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - name.len()];
    let count: i64 = if digits.is_empty() { 1 } else { digits.parse().ok()? };
    let ticks = |seconds: i64, per_second| Some(Unit::Ticks { count: count.checked_mul(seconds)?, per_second });
    match name {
        "Y" => Some(Unit::Months(count.checked_mul(12)?)),
        "M" => Some(Unit::Months(count)),
        "W" => Some(Unit::Days(count.checked_mul(7)?)),
        "D" => Some(Unit::Days(count)),
        "h" => ticks(3600, 1),
        "m" => ticks(60, 1),
        "s" => ticks(1, 1),
        "ms" => ticks(1, 1000),
        "us" | "μs" => ticks(1, 1_000_000),
        "ns" => ticks(1, 1_000_000_000),
        _ => None,
    }
}

/// A value in Python's notation.
enum Literal {
    None,
    Flag(bool),
    Whole(i64),
    Text(String),
    /// A tuple or a list.
    List(Vec<Literal>),
    Dictionary(Vec<(String, Literal)>),
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// Whether this comes next, after spaces; then it is left behind.
    fn next_is(&mut self, what: &str) -> bool {
        let rest = self.rest.trim_start();
        let after = rest.strip_prefix(what);
        self.rest = after.unwrap_or(rest);
        after.is_some()
    }

    fn literal(&mut self, depth: usize) -> Result<Literal> {
        if depth == DEEPEST {
            return Err(damaged("its header is nested too deeply"));
        }
        for (name, value) in [("None", Literal::None), ("True", Literal::Flag(true)), ("False", Literal::Flag(false))] {
            if self.next_is(name) {
                return Ok(value);
            }
        }
        for (open, close) in [("(", ")"), ("[", "]")] {
            if self.next_is(open) {
                let mut list = Vec::new();
                while !self.next_is(close) {
                    list.push(self.literal(depth + 1)?);
                    self.comma(close)?;
                }
                return Ok(Literal::List(list));
            }
        }
        if self.next_is("{") {
            let mut fields = Vec::new();
            while !self.next_is("}") {
                let Literal::Text(key) = self.literal(depth + 1)? else { return Err(self.unreadable()) };
                if !self.next_is(":") {
                    return Err(self.unreadable());
                }
                fields.push((key, self.literal(depth + 1)?));
                self.comma("}")?;
            }
            return Ok(Literal::Dictionary(fields));
        }
        for quote in ['\'', '"'] {
            if self.next_is(&quote.to_string()) {
                return self.text(quote);
            }
        }
        let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let whole = self.rest[..digits].parse().map_err(|_| self.unreadable())?;
        self.rest = &self.rest[digits..];
        // Python 2
        self.next_is("L");
        Ok(Literal::Whole(whole))
    }

    fn comma(&mut self, close: &str) -> Result<()> {
        if self.next_is(",") || self.rest.trim_start().starts_with(close) { Ok(()) } else { Err(self.unreadable()) }
    }

    /// Up to the closing quote.
    fn text(&mut self, quote: char) -> Result<Literal> {
        let mut text = String::new();
        let mut characters = self.rest.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some(escaped @ ('\\' | '\'' | '"')) => text.push(escaped),
                    _ => return Err(self.unreadable()),
                },
                character if character == quote => {
                    self.rest = characters.as_str();
                    return Ok(Literal::Text(text));
                }
                character => text.push(character),
            }
        }
        Err(self.unreadable())
    }

    fn unreadable(&self) -> Problem {
        const SHOWN: usize = 20;
        damaged(format!("its header cannot be read at {:?}", self.rest.chars().take(SHOWN).collect::<String>()))
    }
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
        assert_eq!((header.shape, header.fortran, header.element.size), (vec![3, 4], false, 8));
        let header = Header::parse("{\"shape\": (3L,), 'fortran_order': True, 'descr': '>M8[25s]'}", 0).unwrap();
        let part = &header.element.parts[0];
        assert_eq!((part.kind, part.big_endian), (Kind::Time(Unit::Ticks { count: 25, per_second: 1 }), true));
        let descr = r"[('it\'s', '<U3'), ('', '|V4'), (('title', 'x'), '<i2', (2, 3))]";
        let header = Header::parse(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ()}}"), 0).unwrap();
        let parts: Vec<_> =
            header.element.parts.iter().map(|p| (p.name.as_deref().unwrap(), p.offset, p.count)).collect();
        assert_eq!((parts, header.element.size), (vec![("it's", 0, 1), ("x", 16, 6)], 28));
    }

    #[test]
    fn what_is_wrong_with_a_header() {
        let with = |descr: &str| error(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,)}}"));
        assert_eq!(error("[]"), "the file is damaged: its header is no dictionary");
        assert_eq!(
            error("{'shape': __import__('os')}"),
            "the file is damaged: its header cannot be read at \"__import__('os')}\""
        );
        assert_eq!(error("{}"), "the file is damaged: its header has no \"descr\"");
        assert_eq!(error(&"(".repeat(1 << 20)), "the file is damaged: its header is nested too deeply");
        assert_eq!(with("'<c16'"), "mfnet does not read elements of type \"<c16\"");
        assert_eq!(with("'<U0'"), "mfnet does not read elements of type \"<U0\"");
        assert_eq!(with("'<M8'"), "mfnet does not read elements of type \"<M8\"");
        assert_eq!(with("''"), "mfnet does not read elements of type \"\"");
        assert_eq!(with("[('a', [('b', '<f8')])]"), "mfnet does not read structures in structures (field \"a\")");
        assert_eq!(with("[('a', '<f8', (9999999999, 9999999999))]"), "the file is damaged: field \"a\" has no size");
        assert_eq!(with("3"), "the file is damaged: its header has no type for \"descr\"");
        assert!(with("'|O'").starts_with("the array holds Python objects: they are stored as a pickle, a program"));
        let shape = error("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}");
        assert_eq!(shape, "the file is damaged: its header cannot be read at \"-1,)}\"");
    }
}
