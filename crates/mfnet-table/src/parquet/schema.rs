//! The columns of a Parquet file, and what their values mean.

use ::parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use ::parquet::schema::types::Type;

use super::fault::{Fault, damaged};
use crate::error::{FileProblem, ParquetProblem, Problem, Result};

/// Longer byte strings that all have the same length are no text.
const LONGEST_FIXED: i32 = 1 << 12;

/// What a value means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    /// A number, a boolean or a text, as it is stored.
    Plain,
    /// Without a sign, of 32 bits and 64.
    Unsigned32,
    Unsigned64,
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
    Uuid,
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) meaning: Meaning,
    /// Whether values may be missing.
    pub(super) optional: bool,
}

/// The schema is a tree; that of a table has one level below its root.
pub(super) fn fields(schema: &Type) -> Result<Vec<Field>, Fault> {
    schema.get_fields().iter().map(|node| field(node)).collect()
}

fn field(node: &Type) -> Result<Field, Fault> {
    let about = node.get_basic_info();
    let name = about.name().to_owned();
    let of = |problem: Problem| Fault { column: Some(name.clone()), problem };
    let (logical, converted) = (about.logical_type_ref(), about.converted_type());
    let repeated = about.has_repetition() && about.repetition() == Repetition::REPEATED;
    let (physical, length, scale) = match node {
        Type::PrimitiveType { physical_type, type_length, scale, .. } if !repeated => {
            (*physical_type, *type_length, *scale)
        }
        _ => {
            let found = match (logical, converted) {
                (Some(LogicalType::Map), _) | (_, ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE) => "a map",
                (Some(LogicalType::List), _) | (_, ConvertedType::LIST) => "a list",
                (Some(LogicalType::Variant(_)), _) => "a variant",
                _ if repeated => "a list",
                _ => "a struct",
            };
            return Err(of(ParquetProblem::Nested(found).into()));
        }
    };
    match (physical, length) {
        // texts of no bytes would take no place, however many there are
        (Physical::FIXED_LEN_BYTE_ARRAY, ..1) => {
            return Err(of(damaged(format!("its values have {length} bytes")).into()));
        }
        (Physical::FIXED_LEN_BYTE_ARRAY, length) if length > LONGEST_FIXED => {
            return Err(of(FileProblem::Unsupported(format!("values of {length} bytes")).into()));
        }
        _ => {}
    }
    let meaning =
        meaning(physical, logical, converted, scale).map_err(|found| of(FileProblem::Unsupported(found).into()))?;
    Ok(Field { name, meaning, optional: about.repetition() == Repetition::OPTIONAL })
}

/// The error is what is found instead. The crate has compared the three kinds of type with each other.
fn meaning(
    physical: Physical,
    logical: Option<&LogicalType>,
    converted: ConvertedType,
    scale: i32,
) -> Result<Meaning, String> {
    let per_second = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => 1000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    };
    let unsigned = if physical == Physical::INT32 { Meaning::Unsigned32 } else { Meaning::Unsigned64 };
    Ok(match (logical, converted) {
        (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => match (physical, scale) {
            (Physical::INT32 | Physical::INT64 | Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY, 0..=1000) => {
                Meaning::Decimal(scale as u32)
            }
            _ => return Err(format!("decimals with {scale} digits after the point")),
        },
        (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Meaning::Date,
        (Some(LogicalType::Time(time)), _) => Meaning::Time(per_second(&time.unit)),
        (None, ConvertedType::TIME_MILLIS) => Meaning::Time(1000),
        (None, ConvertedType::TIME_MICROS) => Meaning::Time(1_000_000),
        (Some(LogicalType::Timestamp(time)), _) => Meaning::Timestamp(per_second(&time.unit)),
        (None, ConvertedType::TIMESTAMP_MILLIS) => Meaning::Timestamp(1000),
        (None, ConvertedType::TIMESTAMP_MICROS) => Meaning::Timestamp(1_000_000),
        (Some(LogicalType::Integer(whole)), _) if !whole.is_signed => unsigned,
        (None, ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64) => {
            unsigned
        }
        (Some(LogicalType::Uuid), _) => Meaning::Uuid,
        (Some(LogicalType::Float16), _) => Meaning::Half,
        (Some(LogicalType::Bson), _) | (None, ConvertedType::BSON) => return Err("BSON".to_owned()),
        (None, ConvertedType::INTERVAL) => return Err("intervals of time".to_owned()),
        (Some(LogicalType::Variant(_)), _) => return Err("variants".to_owned()),
        (Some(LogicalType::Geometry(_) | LogicalType::Geography(_)), _) => {
            return Err("places on a map (GEOMETRY, GEOGRAPHY)".to_owned());
        }
        (Some(LogicalType::_Unknown { field_id }), _) => return Err(format!("values of logical type {field_id}")),
        // text, an enumeration or JSON; all is missing; or nothing is said: then bytes have to be text
        _ if physical == Physical::INT96 => Meaning::JulianDay,
        _ => Meaning::Plain,
    })
}

#[cfg(test)]
mod tests {
    use ::parquet::schema::parser::parse_message_type;

    use super::*;

    fn read(column: &str) -> Result<Field, String> {
        let schema = parse_message_type(&format!("message t {{ {column}; }}")).unwrap();
        fields(&schema).map(|mut fields| fields.remove(0)).map_err(|problem| problem.problem.to_string())
    }

    #[test]
    fn types_without_a_logical_one() {
        for (column, meaning) in [
            ("optional int32 x (UINT_8)", Meaning::Unsigned32),
            ("optional int32 x (INT_8)", Meaning::Plain),
            ("optional int32 x (TIME_MILLIS)", Meaning::Time(1000)),
            ("optional int64 x (TIMESTAMP_MICROS)", Meaning::Timestamp(1_000_000)),
            ("optional int96 x", Meaning::JulianDay),
            ("optional binary x (DECIMAL(9, 2))", Meaning::Decimal(2)),
        ] {
            assert_eq!(read(column).ok().map(|field| field.meaning), Some(meaning), "{column}");
        }
    }

    #[test]
    fn what_is_not_read() {
        for (column, message) in [
            ("repeated int32 x", "expected plain columns, found a list"),
            ("required fixed_len_byte_array(0) x", "the file is damaged: its values have 0 bytes"),
            ("required fixed_len_byte_array(5000) x", "mfnet does not read values of 5000 bytes"),
            ("required fixed_len_byte_array(12) x (INTERVAL)", "mfnet does not read intervals of time"),
            ("required binary x (BSON)", "mfnet does not read BSON"),
        ] {
            assert_eq!(read(column).err().as_deref(), Some(message), "{column}");
        }
    }
}
