//! The columns of a Parquet file, and what their values mean.

use ::parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use ::parquet::schema::types::Type;

use super::fault::damaged;
use crate::calendar::Unit;
use crate::error::{FileProblem, Result};

/// Byte strings of a fixed length above this are not text.
const LONGEST_FIXED: i32 = 1 << 12;

/// The meaning of a stored value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    /// A number, a boolean or a text, as it is stored.
    Plain,
    /// Unsigned numbers of 32 or 64 bits.
    Unsigned32,
    Unsigned64,
    Half,
    /// A decimal: the number divided by 10 to this power.
    Decimal(u32),
    Moment(Unit),
    /// Nanoseconds of a Julian day, and the day: timestamps of old files.
    JulianDay,
    Uuid,
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) meaning: Meaning,
    /// Whether values may be missing.
    pub(super) optional: bool,
}

/// Makes a column from a node of the schema. The schema is a tree; that of a table has one level
/// below its root.
pub(super) fn field(node: &Type) -> Result<Field, FileProblem> {
    let about = node.get_basic_info();
    let (logical, converted) = (about.logical_type_ref(), about.converted_type());
    let repeated = about.has_repetition() && about.repetition() == Repetition::REPEATED;
    let (physical, length, scale) = match node {
        Type::PrimitiveType { physical_type, type_length, scale, .. } if !repeated => {
            (*physical_type, *type_length, *scale)
        }
        _ => {
            let found = match (logical, converted) {
                (Some(LogicalType::Map), _) | (_, ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE) => "maps",
                (Some(LogicalType::List), _) | (_, ConvertedType::LIST) => "lists",
                (Some(LogicalType::Variant(_)), _) => "variants",
                _ if repeated => "lists",
                _ => "structs",
            };
            return Err(FileProblem::Unsupported(format!("columns of {found}")));
        }
    };
    let is_fixed = physical == Physical::FIXED_LEN_BYTE_ARRAY;
    // any number of texts of 0 bytes would fit into an empty file
    if is_fixed && length < 1 {
        return Err(damaged(format!("its values have {length} bytes")));
    }
    if is_fixed && length > LONGEST_FIXED {
        return Err(FileProblem::Unsupported(format!("values of {length} bytes")));
    }
    let meaning = meaning(physical, logical, converted, scale).map_err(FileProblem::Unsupported)?;
    Ok(Field { name: about.name().to_owned(), meaning, optional: about.repetition() == Repetition::OPTIONAL })
}

/// Number of columns that the file stores for a node: one for each value of a structure.
pub(super) fn leaves(node: &Type) -> usize {
    match node {
        Type::PrimitiveType { .. } => 1,
        Type::GroupType { fields, .. } => fields.iter().map(|field| leaves(field)).sum(),
    }
}

/// The error is the kind of value that was found instead. The crate has already checked that the
/// three kinds of type agree.
fn meaning(
    physical: Physical,
    logical: Option<&LogicalType>,
    converted: ConvertedType,
    scale: i32,
) -> Result<Meaning, String> {
    Ok(match logical.map_or(converted, |logical| Some(logical.clone()).into()) {
        ConvertedType::DECIMAL => match (physical, scale) {
            (Physical::INT32 | Physical::INT64 | Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY, 0..=1000) => {
                Meaning::Decimal(scale as u32)
            }
            _ => return Err(format!("decimals with {scale} digits after the point")),
        },
        ConvertedType::DATE => Meaning::Moment(Unit::Day),
        ConvertedType::TIME_MILLIS => Meaning::Moment(Unit::TickOfDay(1000)),
        ConvertedType::TIME_MICROS => Meaning::Moment(Unit::TickOfDay(1_000_000)),
        ConvertedType::TIMESTAMP_MILLIS => Meaning::Moment(Unit::Tick(1000)),
        ConvertedType::TIMESTAMP_MICROS => Meaning::Moment(Unit::Tick(1_000_000)),
        ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
            if physical == Physical::INT32 { Meaning::Unsigned32 } else { Meaning::Unsigned64 }
        }
        ConvertedType::BSON => return Err("BSON".to_owned()),
        ConvertedType::INTERVAL => return Err("intervals of time".to_owned()),
        // these are younger than the converted types
        _ => match logical {
            Some(LogicalType::Time(_)) => Meaning::Moment(Unit::TickOfDay(1_000_000_000)),
            Some(LogicalType::Timestamp(_)) => Meaning::Moment(Unit::Tick(1_000_000_000)),
            Some(LogicalType::Uuid) => Meaning::Uuid,
            Some(LogicalType::Float16) => Meaning::Half,
            Some(LogicalType::Variant(_)) => return Err("variants".to_owned()),
            Some(LogicalType::Geometry(_) | LogicalType::Geography(_)) => {
                return Err("geographic shapes (GEOMETRY, GEOGRAPHY)".to_owned());
            }
            Some(LogicalType::_Unknown { field_id }) => return Err(format!("values of logical type {field_id}")),
            // text, an enumeration or JSON; only missing values; or no type: then bytes must be
            // text
            _ if physical == Physical::INT96 => Meaning::JulianDay,
            _ => Meaning::Plain,
        },
    })
}

#[cfg(test)]
mod tests {
    use ::parquet::schema::parser::parse_message_type;

    use super::*;

    fn read(column: &str) -> Result<Field, String> {
        let schema = parse_message_type(&format!("message t {{ {column}; }}")).unwrap();
        field(&schema.get_fields()[0]).map_err(|problem| problem.to_string())
    }

    #[test]
    fn types_without_a_logical_one() {
        for (column, meaning) in [
            ("optional int32 x (UINT_8)", Meaning::Unsigned32),
            ("optional int32 x (INT_8)", Meaning::Plain),
            ("optional int32 x (TIME_MILLIS)", Meaning::Moment(Unit::TickOfDay(1000))),
            ("optional int64 x (TIMESTAMP_MICROS)", Meaning::Moment(Unit::Tick(1_000_000))),
            ("optional int96 x", Meaning::JulianDay),
            ("optional binary x (DECIMAL(9, 2))", Meaning::Decimal(2)),
        ] {
            assert_eq!(read(column).ok().map(|field| field.meaning), Some(meaning), "{column}");
        }
    }

    #[test]
    fn what_is_not_read() {
        for (column, message) in [
            ("repeated int32 x", "mfnet does not read columns of lists"),
            ("required fixed_len_byte_array(0) x", "the file is damaged: its values have 0 bytes"),
            ("required fixed_len_byte_array(5000) x", "mfnet does not read values of 5000 bytes"),
            ("required fixed_len_byte_array(12) x (INTERVAL)", "mfnet does not read intervals of time"),
            ("required binary x (BSON)", "mfnet does not read BSON"),
        ] {
            assert_eq!(read(column).err().as_deref(), Some(message), "{column}");
        }
    }
}
