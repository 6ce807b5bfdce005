//! The kinds of columns: how they are detected, and how a field of each kind becomes a number.

use std::fmt::{Display, Formatter};

use crate::calendar::{date_text, days};
use crate::column::Column;
use crate::error::CellProblem;
use crate::field::{Field, LARGEST, field, is_long, shortest};
use crate::number_format::NumberFormat;

/// A column of text is left out if more than half of its texts differ, unless they are as few as
/// this.
const FEW_TEXTS: usize = 20;
/// Number of characters of a text that messages show.
const EXAMPLE: usize = 30;
/// If at most one of this many fields is text, messages mention it.
const STRAY: usize = 10;
/// Names of columns with row numbers or keys.
const IDENTIFIERS: &str =
    "id ids index idx key uuid guid row rowid rownum row_number rownames row_names obs case nr no #";
/// Endings of such names.
const IDENTIFIER_ENDINGS: [&str; 6] = ["_id", "-id", " id", ".id", "Id", "ID"];
const UNNAMED: &str = "Unnamed: ";

const TRUE: [&str; 4] = ["true", "yes", "t", "y"];
const FALSE: [&str; 4] = ["false", "no", "f", "n"];

/// The kind of a column, and the meaning of its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnKind {
    /// A quantity.
    Number,
    /// 1 for true or yes, 0 for false or no.
    Boolean,
    /// Days since the beginning of 1970.
    Date,
    /// The index of a level, counted from 0.
    Category {
        /// All levels of the data: in numeric order if all are numbers, else by bytes.
        levels: Vec<String>,
    },
}

impl ColumnKind {
    /// The kind as one word.
    pub fn name(&self) -> &'static str {
        match self {
            ColumnKind::Number => "number",
            ColumnKind::Boolean => "boolean",
            ColumnKind::Date => "date",
            ColumnKind::Category { .. } => "category",
        }
    }

    /// The text of a number of this kind; empty for a missing value.
    pub fn text(&self, x: f64) -> String {
        match self {
            _ if x.is_nan() => String::new(),
            ColumnKind::Number => shortest(x),
            ColumnKind::Boolean if x == 0.0 || x == 1.0 => (x == 1.0).to_string(),
            ColumnKind::Boolean => shortest(x),
            ColumnKind::Date => date_text(x),
            ColumnKind::Category { levels } => levels.get(x as usize).cloned().unwrap_or_default(),
        }
    }

    /// The number of a text of this kind, with a decimal point; NaN for a missing value. For a
    /// category, the text must be a number.
    ///
    /// # Errors
    /// [`CellProblem`] if the text is not of this kind.
    pub fn value(&self, text: &str) -> Result<f64, CellProblem> {
        self.value_of(field(text, NumberFormat::Point), text)
    }

    pub(crate) fn value_of(&self, field: Field, text: &str) -> Result<f64, CellProblem> {
        let found = || text.to_owned();
        match (self, field) {
            (_, Field::Missing) => Ok(f64::NAN),
            (ColumnKind::Boolean, _) => boolean(field, text).ok_or_else(|| CellProblem::NotABoolean(found())),
            (ColumnKind::Date, _) => days(text).ok_or_else(|| CellProblem::NotADate(found())),
            (_, Field::Number(x)) if x.abs() <= LARGEST => Ok(x),
            (_, Field::Number(x)) => {
                let found = if text.is_empty() { shortest(x) } else { found() };
                Err(if x.is_finite() { CellProblem::TooLarge(found) } else { CellProblem::NotFinite(found) })
            }
            (_, Field::Code) => text.parse().map_err(|_| CellProblem::NotANumber(found())),
            (_, Field::Text) => Err(CellProblem::NotANumber(found())),
        }
    }
}

/// Why a column is not a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOut {
    /// It has no value.
    Empty,
    /// All values differ, and the column has the name of a key or an index.
    Identifier,
    /// It holds the row weights.
    Weights,
    /// It cannot be read: the reason.
    Unread(String),
    /// Free text, which differs from row to row.
    Names {
        /// Number of distinct texts.
        different: usize,
        /// Number of rows with a text.
        rows: usize,
        /// One of them.
        example: String,
    },
}

/// The reason in a few words.
impl Display for LeftOut {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            LeftOut::Empty => f.write_str("no values"),
            LeftOut::Identifier => f.write_str("an identifier: every value is different"),
            LeftOut::Weights => f.write_str("the weight of each row"),
            LeftOut::Unread(reason) => f.write_str(reason),
            LeftOut::Names { different, rows, example } => {
                write!(f, "{different} different texts in {rows} rows, such as {example:?}")
            }
        }
    }
}

/// A column that is text only because of a few fields; all others are numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrayText {
    /// The column.
    pub column: String,
    /// The first text in it.
    pub text: String,
    /// Number of its fields that are text.
    pub fields: usize,
}

impl StrayText {
    /// For a column that was not detected as numbers, if nearly all of its fields are numbers.
    pub(crate) fn of(name: &str, column: &Column) -> Option<Self> {
        let [present, codes, texts] = tally(column);
        if texts == 0 || codes > 0 || STRAY * texts > present {
            return None;
        }
        Some(StrayText { column: name.to_owned(), text: first_text(column)?.to_owned(), fields: texts })
    }
}

/// Detects the kind of a column from its name and its fields.
pub(crate) fn guess(name: &str, column: &Column) -> Result<ColumnKind, LeftOut> {
    let [present, codes, texts] = tally(column);
    if present == 0 {
        return Err(LeftOut::Empty);
    }
    let is_fraction = |field| matches!(field, Field::Number(x) if x.fract() != 0.0);
    let no_fractions = || !column.fields().any(|(field, ..)| is_fraction(field));
    if is_identifier(name) && present > 1 && no_fractions() && column.different() == present {
        return Err(LeftOut::Identifier);
    }
    // numbers that f64 rounds are identifiers: two of them would become the same
    let long: usize = column.fields().filter(|(_, text, _)| is_long(text)).map(|(.., rows)| rows).sum();
    if texts + codes == 0 && 2 * long <= present {
        return Ok(ColumnKind::Number);
    }
    for kind in [ColumnKind::Boolean, ColumnKind::Date] {
        if column.fields().all(|(field, text, _)| kind.value_of(field, text).is_ok()) {
            return Ok(kind);
        }
    }
    let different = column.different();
    if different > FEW_TEXTS && 2 * different > present {
        let first = || column.fields().map(|(_, text, _)| text).find(|text| !text.is_empty());
        let example = first_text(column).or_else(first).unwrap_or_default().chars().take(EXAMPLE).collect();
        return Err(LeftOut::Names { different, rows: present, example });
    }
    Ok(ColumnKind::Category { levels: Vec::new() })
}

fn first_text(column: &Column) -> Option<&str> {
    column.fields().find(|(field, ..)| *field == Field::Text).map(|(_, text, _)| text)
}

fn is_identifier(name: &str) -> bool {
    IDENTIFIERS.split(' ').any(|identifier| identifier == name.to_lowercase())
        || IDENTIFIER_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.starts_with(UNNAMED)
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

/// In how many rows stands something, a code, a text.
fn tally(column: &Column) -> [usize; 3] {
    let mut tally = [0; 3];
    for (field, _, rows) in column.fields() {
        let is = [field != Field::Missing, field == Field::Code, field == Field::Text];
        tally.iter_mut().zip(is).for_each(|(count, is)| *count += rows * usize::from(is));
    }
    tally
}
