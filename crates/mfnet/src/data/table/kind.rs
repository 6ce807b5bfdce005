//! What a column of a table is: guessed from its fields, and how a field of each kind becomes a number.

use std::fmt::{Display, Formatter};

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::column::{Column, Field, shortest};
use crate::error::DataProblem;

/// Texts of which more than half differ are names, unless they are as few as this.
const FEW_TEXTS: usize = 20;
/// Characters of a text that are shown.
const EXAMPLE: usize = 30;
/// Texts among so many fields are strays.
const STRAY: usize = 10;
/// What the numbers of rows, and keys of other tables, are called.
const IDENTIFIERS: [&str; 18] = [
    "id",
    "ids",
    "index",
    "idx",
    "key",
    "uuid",
    "guid",
    "row",
    "rowid",
    "rownum",
    "row_number",
    "rownames",
    "row_names",
    "obs",
    "case",
    "nr",
    "no",
    "#",
];
/// Names that end so are of the same sort.
const IDENTIFIER_ENDINGS: [&str; 6] = ["_id", "-id", " id", ".id", "Id", "ID"];
const UNNAMED: &str = "Unnamed: ";

const TRUE: [&str; 4] = ["true", "yes", "t", "y"];
const FALSE: [&str; 4] = ["false", "no", "f", "n"];

/// The largest number that is read: means and differences of such numbers are finite, and a network learns nothing from larger ones.
pub(super) const LARGEST: f64 = 1e300;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// How the fields of a column become numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As they stand.
    Number,
    /// 1 for true or yes, 0 for false or no.
    Boolean,
    /// Days since the beginning of 1970.
    Date,
    /// The number of the text among all of the column.
    Category,
}

/// Why a column is no feature.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOut {
    /// It has no value.
    Empty,
    /// No two rows are alike, and it is called like a key or an index.
    Identifier,
    /// Text that differs from row to row, as names do.
    Names {
        /// How many different texts.
        different: usize,
        /// In how many rows that have one.
        rows: usize,
        /// One of them.
        example: String,
    },
}

/// In a few words.
impl Display for LeftOut {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            LeftOut::Empty => f.write_str("no values"),
            LeftOut::Identifier => f.write_str("an identifier: no two rows alike"),
            LeftOut::Names { different, rows, example } => {
                write!(f, "{different} different texts in {rows} rows, such as {example:?}")
            }
        }
    }
}

/// A column that would be numbers but for a few fields, and is text because of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrayText {
    /// The column.
    pub column: String,
    /// The first text in it.
    pub text: String,
    /// How many of its fields are text.
    pub fields: usize,
}

impl StrayText {
    /// Of a column that was not guessed to be numbers, if nearly all of it is.
    pub(crate) fn of(name: &str, column: &Column) -> Option<Self> {
        let tally = column.tally();
        if tally.texts == 0 || tally.codes > 0 || STRAY * tally.texts > tally.present() {
            return None;
        }
        let text = column.texts().find(|text| column.field(text) == Field::Text)?;
        Some(StrayText { column: name.to_owned(), text: text.into_owned(), fields: tally.texts })
    }
}

/// What a column is by its name and fields.
pub(crate) fn guess(name: &str, column: &Column) -> Result<Reading, LeftOut> {
    let tally = column.tally();
    if tally.present() == 0 {
        return Err(LeftOut::Empty);
    }
    let key = |field, _: &str| !matches!(field, Field::Number(x) if x.fract() != 0.0);
    if is_identifier(name) && tally.present() > 1 && column.all(key) && column.different() == tally.present() {
        return Err(LeftOut::Identifier);
    }
    if tally.texts + tally.codes == 0 {
        return Ok(Reading::Number);
    }
    for kind in [Reading::Boolean, Reading::Date] {
        if column.all(|field, text| value(kind, field, text).is_ok()) {
            return Ok(kind);
        }
    }
    let different = column.different();
    if different > FEW_TEXTS && 2 * different > tally.present() {
        let example = column.texts().find(|text| column.field(text) == Field::Text).unwrap_or_default();
        let example = example.chars().take(EXAMPLE).collect();
        return Err(LeftOut::Names { different, rows: tally.present(), example });
    }
    Ok(Reading::Category)
}

fn is_identifier(name: &str) -> bool {
    IDENTIFIERS.contains(&name.to_lowercase().as_str())
        || IDENTIFIER_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.starts_with(UNNAMED)
}

/// A field as a number; NaN for a missing one. Categories have none of their own.
pub(crate) fn value(kind: Reading, field: Field, text: &str) -> Result<f64, DataProblem> {
    let found = || text.to_owned();
    match (kind, field) {
        (_, Field::Missing) => Ok(f64::NAN),
        (Reading::Boolean, _) => boolean(field, text).ok_or_else(|| DataProblem::NotABoolean { found: found() }),
        (Reading::Date, _) => date(text).ok_or_else(|| DataProblem::NotADate { found: found() }),
        (_, Field::Number(x)) if x.abs() <= LARGEST => Ok(x),
        (_, Field::Number(x)) => {
            let found = if text.is_empty() { shortest(x) } else { found() };
            Err(if x.is_finite() { DataProblem::TooLarge { found } } else { DataProblem::NotFinite { found } })
        }
        (_, Field::Code) => text.parse().map_err(|_| DataProblem::NotANumber { found: found() }),
        (_, Field::Text) => Err(DataProblem::NotANumber { found: found() }),
    }
}

fn boolean(field: Field, text: &str) -> Option<f64> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match field {
        Field::Number(x) if x == 0.0 || x == 1.0 => Some(x),
        Field::Text if is_one_of(&TRUE) => Some(1.0),
        Field::Text if is_one_of(&FALSE) => Some(0.0),
        _ => None,
    }
}

/// Days since the beginning of 1970 of a date as ISO 8601 has it, alone or with a time of day.
fn date(text: &str) -> Option<f64> {
    let digits = |range: std::ops::Range<usize>| {
        text.as_bytes().get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    if !(digits(0..4) && digits(5..7) && digits(8..10)) || text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let seconds = match text.parse::<Timestamp>() {
        Ok(time) => time.as_duration().as_secs_f64(),
        Err(_) => {
            text.parse::<DateTime>().ok()?.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_secs_f64()
        }
    };
    Some(seconds / DAY)
}

/// The date of a number of days, with the time of day unless it is midnight.
pub(crate) fn date_text(days: f64) -> String {
    let seconds = (days * DAY).round() as i64;
    match Timestamp::from_second(seconds) {
        Ok(time) if seconds.rem_euclid(DAY as i64) == 0 => time.strftime("%Y-%m-%d").to_string(),
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        Err(_) => days.to_string(),
    }
}

impl Column {
    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.count(|field, rows| match field {
            Field::Missing => {}
            Field::Number(_) => tally.numbers += rows,
            Field::Code => tally.codes += rows,
            Field::Text => tally.texts += rows,
        });
        tally
    }
}

/// In how many rows stands what.
#[derive(Default)]
struct Tally {
    numbers: usize,
    codes: usize,
    texts: usize,
}

impl Tally {
    fn present(&self) -> usize {
        self.numbers + self.codes + self.texts
    }
}
