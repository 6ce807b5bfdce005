//! What a Parquet file says about itself at its end.
//!
//! ```text
//! PAR1   pages of columns   footer: schema, row groups   length of the footer   PAR1
//! ```
//!
//! Source: the definition of the format, `parquet.thrift` of Apache Parquet; the numbers of fields below are its.

use std::io::{Read, Seek, SeekFrom};

use super::thrift::{Structure, Value};
use super::{Problem, Result, cannot_read, damaged};
use crate::data::MOST_COLUMNS;
use crate::error::DataProblem;

/// How a value is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Physical {
    Boolean,
    Int32,
    Int64,
    Int96,
    Float,
    Double,
    Bytes,
    /// Byte strings of this length, at least 1.
    Fixed(usize),
}

impl Physical {
    /// Bytes of a value; 1 where that depends on the value.
    pub(super) fn size(self) -> usize {
        match self {
            Physical::Boolean | Physical::Bytes => 1,
            Physical::Int32 | Physical::Float => 4,
            Physical::Int64 | Physical::Double => 8,
            Physical::Int96 => 12,
            Physical::Fixed(length) => length,
        }
    }
}

/// What a value means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    Boolean,
    Whole,
    /// Without a sign, of 32 bits and 64.
    Unsigned32,
    Unsigned64,
    Float,
    Half,
    /// Divided by 10 to this power.
    Decimal(u32),
    /// Days since 1970.
    Date,
    /// Ticks since midnight, and how many a second has.
    Time(i64),
    /// Ticks since 1970, and how many a second has.
    Timestamp(i64),
    /// Nanoseconds of a Julian day, and the day: timestamps of old files.
    JulianDay,
    Text,
    Uuid,
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) physical: Physical,
    pub(super) meaning: Meaning,
    /// Whether values may be missing.
    pub(super) optional: bool,
}

/// The values of one column in a row group.
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) codec: i64,
}

pub(super) struct RowGroup {
    pub(super) rows: usize,
    /// One for each field.
    pub(super) chunks: Vec<Chunk>,
}

pub(super) struct Footer {
    /// Bytes of the whole file.
    pub(super) length: u64,
    pub(super) fields: Vec<Field>,
    pub(super) row_groups: Vec<RowGroup>,
    /// pandas' notes on its index, in JSON.
    pub(super) pandas: Option<String>,
}

/// How a file begins and ends; the second one if its footer is encrypted.
const MAGIC: [&[u8; 4]; 2] = [b"PAR1", b"PARE"];
/// The cells that a file of any size may have, and those of each of its bytes: a table of more has no contents.
const CELLS: u64 = 1 << 22;
const CELLS_IN_A_BYTE: u64 = 1 << 10;

impl Footer {
    pub(super) fn read(from: &mut (impl Read + Seek)) -> Result<Self> {
        let length = from.seek(SeekFrom::End(0)).map_err(cannot_read)?;
        let first = piece(from, 0, length.min(4))?;
        if length == 0 {
            return Err(DataProblem::Empty.into());
        }
        if !MAGIC.iter().any(|magic| first == **magic) {
            let expected = "a Parquet file, which begins with the bytes PAR1 (50 41 52 31)";
            return Err(DataProblem::OtherFormat { expected, found: first }.into());
        }
        if length < 12 {
            return Err(damaged(format!("it is cut off after {length} bytes")).into());
        }
        let tail = piece(from, length - 8, 8)?;
        match &tail[4..] {
            b"PAR1" => {}
            b"PARE" => return Err(DataProblem::Encrypted.into()),
            _ => return Err(damaged("it is cut off: it does not end with the bytes PAR1").into()),
        }
        let size = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
        let start = (length - 8).checked_sub(size).filter(|start| *start >= 4);
        let start = start.ok_or_else(|| damaged(format!("its footer has {size} bytes, the file {length}")))?;
        let footer = piece(from, start, size)?;
        Self::parse(&Structure::read(&mut &footer[..])?, length)
    }

    fn parse(footer: &Structure, length: u64) -> Result<Self> {
        if footer.has(8) {
            return Err(DataProblem::Encrypted.into());
        }
        let schema: Vec<&Structure> = footer.structures(2).collect();
        let fields = fields(&schema)?;
        let row_groups =
            footer.structures(4).map(|group| row_group(group, fields.len())).collect::<Result<Vec<_>>>()?;
        let rows = footer.size(3, "the number of rows")?;
        let sum = row_groups.iter().fold(0usize, |sum, group| sum.saturating_add(group.rows));
        let columns = fields.len();
        if columns > MOST_COLUMNS {
            return Err(DataProblem::TooManyColumns { most: MOST_COLUMNS }.into());
        }
        let cells = (rows as u64).saturating_mul(columns as u64);
        if sum != rows || cells > CELLS.saturating_add(length.saturating_mul(CELLS_IN_A_BYTE)) {
            let what = format!("it has {rows} rows of {columns} columns, {sum} in its parts, and {length} bytes");
            return Err(damaged(what).into());
        }
        let pandas = footer.structures(5).find(|pair| pair.text(1) == Some("pandas"));
        Ok(Footer { length, fields, row_groups, pandas: pandas.and_then(|pair| pair.text(2)).map(str::to_owned) })
    }
}

fn piece(from: &mut (impl Read + Seek), start: u64, length: u64) -> Result<Vec<u8>> {
    from.seek(SeekFrom::Start(start)).map_err(cannot_read)?;
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes).map_err(cannot_read)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(damaged("it is cut off").into()) }
}

/// The schema is a tree, its nodes in the order of a walk; that of a table has one level below its root.
fn fields(schema: &[&Structure]) -> Result<Vec<Field>> {
    let Some((_, nodes)) = schema.split_first() else { return Err(damaged("it has no schema").into()) };
    nodes.iter().map(|node| field(node)).collect()
}

fn field(node: &Structure) -> Result<Field> {
    let name = node.text(4).ok_or_else(|| damaged("a column has no name"))?.to_owned();
    let of = |problem| Problem { column: Some(name.clone()), problem };
    let logical = node.structure(10).and_then(Structure::variant);
    let converted = node.whole(6);
    if node.has(5) || node.whole(3) == Some(2) {
        let found = match (logical, converted) {
            (Some((2, _)), _) | (_, Some(1 | 2)) => "a map",
            (Some((3, _)), _) | (_, Some(3)) => "a list",
            (Some((16, _)), _) => "a variant",
            _ if node.whole(3) == Some(2) => "a list",
            _ => "a struct",
        };
        return Err(of(DataProblem::Nested { found }));
    }
    let physical = match node.whole(1) {
        Some(0) => Physical::Boolean,
        Some(1) => Physical::Int32,
        Some(2) => Physical::Int64,
        Some(3) => Physical::Int96,
        Some(4) => Physical::Float,
        Some(5) => Physical::Double,
        Some(6) => Physical::Bytes,
        Some(7) => match node.whole(2) {
            // texts of no bytes would take no place, however many there are
            Some(length @ 1..=0x7fff_ffff) => Physical::Fixed(length as usize),
            length => return Err(of(damaged(format!("its values have {} bytes", length.unwrap_or(0))))),
        },
        kind => return Err(of(damaged(format!("its values have type {}", kind.unwrap_or(-1))))),
    };
    let scale = node.whole(7).unwrap_or(0);
    let meaning =
        meaning(physical, logical, converted, scale).map_err(|found| of(DataProblem::Unsupported { found }))?;
    Ok(Field { name, physical, meaning, optional: node.whole(3) == Some(1) })
}

/// The error is what is found instead.
fn meaning(
    physical: Physical,
    logical: Option<(i16, &Value)>,
    converted: Option<i64>,
    scale: i64,
) -> std::result::Result<Meaning, String> {
    let inside = |value: &Value| if let Value::Structure(inside) = value { inside.whole(1) } else { None };
    let scale = match logical {
        Some((5, value)) => inside(value).unwrap_or(scale),
        _ => scale,
    };
    let decimal = matches!(logical, Some((5, _))) || (logical.is_none() && converted == Some(5));
    if decimal {
        return match (physical, scale) {
            (Physical::Int32 | Physical::Int64 | Physical::Bytes | Physical::Fixed(_), 0..=1000) => {
                Ok(Meaning::Decimal(scale as u32))
            }
            _ => Err(format!("decimals with {scale} digits after the point")),
        };
    }
    let per_second = |value: &Value| {
        let Value::Structure(inside) = value else { return None };
        match inside.structure(2)?.variant()?.0 {
            1 => Some(1000),
            2 => Some(1_000_000),
            3 => Some(1_000_000_000),
            _ => None,
        }
    };
    let signed =
        |value: &Value| if let Value::Structure(inside) = value { inside.flag(2) != Some(false) } else { true };
    let unsigned = if physical == Physical::Int32 { Meaning::Unsigned32 } else { Meaning::Unsigned64 };
    let whole = matches!(physical, Physical::Int32 | Physical::Int64);
    let bytes = matches!(physical, Physical::Bytes | Physical::Fixed(_));
    let known = match (logical, converted) {
        (Some((6, _)), _) | (None, Some(6)) if whole => Some(Meaning::Date),
        (Some((7, value)), _) if whole => per_second(value).map(Meaning::Time),
        (None, Some(7)) if whole => Some(Meaning::Time(1000)),
        (None, Some(8)) if whole => Some(Meaning::Time(1_000_000)),
        (Some((8, value)), _) if whole => per_second(value).map(Meaning::Timestamp),
        (None, Some(9)) if whole => Some(Meaning::Timestamp(1000)),
        (None, Some(10)) if whole => Some(Meaning::Timestamp(1_000_000)),
        (Some((10, value)), _) if whole => Some(if signed(value) { Meaning::Whole } else { unsigned }),
        (None, Some(11..=14)) if whole => Some(unsigned),
        (None, Some(15..=18)) if whole => Some(Meaning::Whole),
        (Some((14, _)), _) if physical == Physical::Fixed(16) => Some(Meaning::Uuid),
        (Some((15, _)), _) if physical == Physical::Fixed(2) => Some(Meaning::Half),
        // text, an enumeration or JSON, or nothing is said: then it has to be text
        (Some((1 | 4 | 12, _)), _) | (None, Some(0 | 4 | 19)) if bytes => Some(Meaning::Text),
        // every value is missing
        (Some((11, _)), _) | (None, None) => Some(match physical {
            Physical::Boolean => Meaning::Boolean,
            Physical::Int32 | Physical::Int64 => Meaning::Whole,
            Physical::Int96 => Meaning::JulianDay,
            Physical::Float | Physical::Double => Meaning::Float,
            Physical::Bytes | Physical::Fixed(_) => Meaning::Text,
        }),
        _ => None,
    };
    known.ok_or_else(|| match (logical, converted) {
        (Some((13, _)), _) | (None, Some(20)) => "BSON".to_owned(),
        (None, Some(21)) => "intervals of time".to_owned(),
        (Some((16, _)), _) => "variants".to_owned(),
        (Some((17 | 18, _)), _) => "places on a map (GEOMETRY, GEOGRAPHY)".to_owned(),
        (Some((kind, _)), _) => format!("values of logical type {kind} stored as {physical:?}"),
        (None, kind) => format!("values of converted type {} stored as {physical:?}", kind.unwrap_or(-1)),
    })
}

fn row_group(group: &Structure, fields: usize) -> Result<RowGroup> {
    let chunks = group.structures(1).map(chunk).collect::<Result<Vec<_>>>()?;
    if chunks.len() != fields {
        return Err(damaged(format!("its schema has {fields} columns, its data {}", chunks.len())).into());
    }
    Ok(RowGroup { rows: group.size(3, "the number of rows")?, chunks })
}

fn chunk(column: &Structure) -> Result<Chunk> {
    if column.has(8) {
        return Err(DataProblem::Encrypted.into());
    }
    if let Some(file) = column.text(1) {
        let found = format!("columns that lie in other files (here {file:?})");
        return Err(DataProblem::Unsupported { found }.into());
    }
    let about = column.structure(3).ok_or_else(|| damaged("a column has no description"))?;
    let data = about.size(9, "the place of a column")?;
    // 0 is what some old writers say if there is none
    let dictionary = about.whole(11).and_then(|place| usize::try_from(place).ok()).filter(|place| *place > 0);
    let start = dictionary.map_or(data, |dictionary| dictionary.min(data)) as u64;
    Ok(Chunk { start, codec: about.whole(4).unwrap_or(0) })
}
