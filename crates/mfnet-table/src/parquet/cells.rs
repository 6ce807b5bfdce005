//! Converts stored values to numbers and texts.

use half::f16;

use super::schema::Meaning;
use crate::calendar::{Unit, moment};
use crate::column::Column;
use crate::error::{FileProblem, Result};
use crate::file::hexadecimal;

/// The Julian day of 1970-01-01.
const JULIAN_1970: i128 = 2_440_588;
const NANOSECONDS_OF_A_DAY: i128 = 86_400_000_000_000;
/// The number of bytes of the largest decimal: 38 digits.
const LONGEST_DECIMAL: usize = 16;

/// A value as it is stored.
pub(super) enum Value<'a> {
    Truth(bool),
    Whole(i64),
    Number(f64),
    Bytes(&'a [u8]),
}

/// Adds a value to its column.
pub(super) fn fill(value: Value, meaning: Meaning, column: &mut Column) -> Result<(), FileProblem> {
    match (value, meaning) {
        (Value::Truth(x), _) => column.push_truth(x),
        (Value::Number(x), _) => column.push_number(x),
        (Value::Whole(x), Meaning::Unsigned32) => column.push_whole((x as u32).into()),
        (Value::Whole(x), Meaning::Unsigned64) => column.push_whole((x as u64).into()),
        (Value::Whole(x), Meaning::Decimal(scale)) => decimal(x.into(), scale, column),
        (Value::Whole(x), Meaning::Moment(unit)) => column.push_text(&moment(x.into(), unit)),
        (Value::Whole(x), _) => column.push_whole(x.into()),
        (Value::Bytes(bytes), Meaning::Decimal(scale)) => {
            // the most significant byte, which has the sign, comes first
            let sign = if bytes.first().is_some_and(|byte| *byte >= 0x80) { -1 } else { 0 };
            let (padding, digits) = bytes.split_at(bytes.len().saturating_sub(LONGEST_DECIMAL));
            let x = digits.iter().fold(sign, |x, byte| x << 8 | i128::from(*byte));
            // bytes before these only repeat the sign
            if padding.iter().any(|byte| *byte != sign as u8) || (x < 0) != (sign < 0) {
                return Err(FileProblem::Unsupported("decimals of more than 38 digits".to_owned()));
            }
            decimal(x, scale, column);
        }
        (Value::Bytes([low, high]), Meaning::Half) => column.push_number(f16::from_le_bytes([*low, *high]).into()),
        (Value::Bytes([of_day @ .., d0, d1, d2, d3]), Meaning::JulianDay) => {
            let day = i128::from(u32::from_le_bytes([*d0, *d1, *d2, *d3])) - JULIAN_1970;
            let of_day = of_day.iter().rev().fold(0i64, |x, byte| x << 8 | i64::from(*byte));
            let nanoseconds = day * NANOSECONDS_OF_A_DAY + i128::from(of_day);
            column.push_text(&moment(nanoseconds, Unit::Tick(1_000_000_000)));
        }
        (Value::Bytes(bytes), Meaning::Uuid) => {
            let digits = hexadecimal(bytes, "");
            let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or_default());
            column.push_text(&parts.join("-"));
        }
        (Value::Bytes(bytes), _) => column.push_text(str::from_utf8(bytes).map_err(|_| FileProblem::NotUtf8)?),
    }
    Ok(())
}

/// x / 10ˢᶜᵃˡᵉ, the nearest number to it.
fn decimal(x: i128, scale: u32, column: &mut Column) {
    match scale {
        0 => column.push_whole(x),
        _ => column.push_number(format!("{x}e-{scale}").parse().unwrap_or(f64::NAN)),
    }
}
