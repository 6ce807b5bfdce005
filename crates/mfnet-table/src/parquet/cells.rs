//! What values mean: numbers and texts.

use super::schema::Meaning;
use crate::calendar::{date, time, timestamp};
use crate::error::{FileProblem, Result};
use crate::filling::Filling;

/// The day of 1970-01-01 in the count of astronomers.
const JULIAN_1970: i128 = 2_440_588;
const NANOSECONDS_OF_A_DAY: i128 = 86_400_000_000_000;
/// More digits than any database has.
const LONGEST_DECIMAL: usize = 16;

pub(super) fn of_whole(meaning: Meaning, x: i64, filling: &mut Filling) {
    match meaning {
        Meaning::Unsigned32 => filling.whole(i128::from(x as u32)),
        Meaning::Unsigned64 => filling.whole(i128::from(x as u64)),
        Meaning::Decimal(scale) => decimal(x.into(), scale, filling),
        Meaning::Date => filling.text(&date(x)),
        Meaning::Time(per_second) => filling.text(&time(x, per_second)),
        Meaning::Timestamp(per_second) => filling.text(&timestamp(x.into(), per_second)),
        _ => filling.whole(x.into()),
    }
}

pub(super) fn of_bytes(meaning: Meaning, bytes: &[u8], filling: &mut Filling) -> Result<(), FileProblem> {
    match (meaning, bytes) {
        (Meaning::Decimal(_), bytes) if bytes.len() > LONGEST_DECIMAL => {
            let found = format!("decimals of {} bytes", bytes.len());
            return Err(FileProblem::Unsupported(found));
        }
        (Meaning::Decimal(scale), bytes) => {
            // the most significant byte first, which has the sign
            let sign = if bytes.first().is_some_and(|byte| *byte >= 0x80) { -1 } else { 0 };
            decimal(bytes.iter().fold(sign, |x, byte| x << 8 | i128::from(*byte)), scale, filling);
        }
        (Meaning::Half, [low, high]) => filling.half(u16::from_le_bytes([*low, *high])),
        (Meaning::JulianDay, [of_day @ .., d0, d1, d2, d3]) => {
            let day = i128::from(u32::from_le_bytes([*d0, *d1, *d2, *d3])) - JULIAN_1970;
            let of_day = of_day.iter().rev().fold(0i64, |x, byte| x << 8 | i64::from(*byte));
            filling.text(&timestamp(day * NANOSECONDS_OF_A_DAY + i128::from(of_day), 1_000_000_000));
        }
        (Meaning::Uuid, bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or_default());
            filling.text(&parts.join("-"));
        }
        (_, bytes) => filling.text(std::str::from_utf8(bytes).map_err(|_| FileProblem::NotUtf8)?),
    }
    Ok(())
}

/// x / 10ˢᶜᵃˡᵉ, the nearest number to it.
fn decimal(x: i128, scale: u32, filling: &mut Filling) {
    match scale {
        0 => filling.whole(x),
        _ => filling.number(format!("{x}e-{scale}").parse().unwrap_or(f64::NAN)),
    }
}
