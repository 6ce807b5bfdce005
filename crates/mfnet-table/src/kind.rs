//! The kinds of columns: how they are detected, and how a field of each kind becomes a number.

use std::fmt::{Display, Formatter};

use crate::calendar::{DateOrder, compact_days, date_text, days};
use crate::column::{Column, same};
use crate::error::CellProblem;
use crate::field::{Field, LARGEST, field, is_long};
use crate::notation::Notation;
use crate::setting::quoted;
use crate::written::shortest;

/// A column of text is left out if more than half of its texts differ, unless they are as few as
/// this.
const FEW_TEXTS: usize = 20;
/// Number of characters of a text that messages show.
const EXAMPLE: usize = 30;
/// The most words for missing values that a remark suggests.
const FEW_WORDS: usize = 5;
/// One in this many dates may be far from the others, at a distance of this multiple of their range.
const RARE: usize = 100;
const FAR: f64 = 10.0;
/// Fewer distinct dates have no usual range.
const FEW_DATES: usize = 8;
/// A column that holds the numbers of its rows is left out if there are this many rows. In fewer
/// rows it may be chance.
const NUMBERED_ROWS: usize = 10;
/// Names of columns with row numbers or keys, without blanks, points and underscores.
const IDENTIFIERS: &str = "id ids index idx key uuid guid row rowid rownum rownumber rownames obs case nr no # sno srno \
                           slno serial serialno serialnumber record recordid instant level0 indexlevel0 unnamed";
/// Endings of such names.
const IDENTIFIER_ENDINGS: [&str; 6] = ["_id", "-id", " id", ".id", "Id", "ID"];
const UNNAMED: &str = "Unnamed: ";

const TRUE: [&str; 10] = ["true", "yes", "t", "y", "ja", "oui", "wahr", "vrai", "si", "sí"];
const FALSE: [&str; 8] = ["false", "no", "f", "n", "nein", "non", "falsch", "faux"];

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
        let notation = Notation::default();
        self.value_of(field(text, &notation), text, &notation)
    }

    pub(crate) fn value_of(&self, field: Field, text: &str, notation: &Notation) -> Result<f64, CellProblem> {
        let found = || text.to_owned();
        match (self, field) {
            (_, Field::Missing) => Ok(f64::NAN),
            (ColumnKind::Boolean, _) => boolean(field, text).ok_or_else(|| CellProblem::NotABoolean(found())),
            (ColumnKind::Date, Field::Number(x)) if notation.dates == Some(DateOrder::Compact) => compact_days(x)
                .ok_or_else(|| CellProblem::NotADate(if text.is_empty() { shortest(x) } else { found() })),
            (ColumnKind::Date, _) => {
                days(text, notation.dates.unwrap_or_default()).ok_or_else(|| CellProblem::NotADate(found()))
            }
            (_, Field::Number(x)) if x.abs() <= LARGEST => Ok(x),
            (_, Field::Number(x)) => {
                let found = if text.is_empty() { shortest(x) } else { found() };
                Err(if x.is_finite() { CellProblem::TooLarge(found) } else { CellProblem::NotFinite(found) })
            }
            (_, Field::Code) => text.parse().map_err(|_| CellProblem::NotANumber(found())),
            // another file may write 1 and 0 so
            (_, Field::Text) if text.eq_ignore_ascii_case("true") => Ok(1.0),
            (_, Field::Text) if text.eq_ignore_ascii_case("false") => Ok(0.0),
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
    /// It holds the numbers of the rows, in the order of the file.
    RowNumbers {
        /// The number of the first row.
        first: u8,
    },
    /// Codes such as 0150 that differ from row to row.
    Codes {
        /// Number of distinct codes.
        different: usize,
        /// Number of rows with a code.
        rows: usize,
        /// One of them.
        example: String,
    },
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
            LeftOut::RowNumbers { first } => {
                write!(f, "the row numbers {first}, {}, {}, …; `numeric` keeps them", first + 1, first + 2)
            }
            LeftOut::Codes { different, rows, example } => {
                write!(f, "{different} different codes in {rows} rows, such as {example:?}; `numeric` reads numbers")
            }
            LeftOut::Unread(reason) => f.write_str(reason),
            LeftOut::Names { different, rows, example } => {
                write!(f, "{different} different texts in {rows} rows, such as {example:?}")
            }
        }
    }
}

/// Something about a column that a user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remark {
    /// Most fields of the column are numbers or dates, but it is read as text because of the others.
    Odd {
        /// The column.
        column: String,
        /// The most frequent of the other texts.
        text: String,
        /// Its first line, for a text file.
        line: Option<u64>,
        /// All the other texts, if they are few.
        words: Vec<String>,
        /// Number of fields with other texts.
        fields: usize,
        /// What most fields are: numbers or dates.
        among: &'static str,
    },
    /// The column is a category because it holds codes such as 0150.
    Codes {
        /// The column.
        column: String,
        /// One of the codes.
        text: String,
    },
    /// A date is far from all others, which a mistyped year may explain.
    FarDate {
        /// The column.
        column: String,
        /// The date.
        text: String,
        /// Its line, for a text file.
        line: Option<u64>,
    },
    /// It holds the numbers of the rows, and is used only because there is no other feature.
    RowNumbers {
        /// The column.
        column: String,
    },
    /// Some of its labels mean the same, and are one class.
    Spellings {
        /// The column.
        column: String,
        /// The labels.
        labels: Vec<String>,
    },
    /// Its dates can be read in two ways.
    Dates {
        /// The column.
        column: String,
        /// How they are read.
        order: DateOrder,
    },
}

impl Remark {
    /// The column.
    pub fn column(&self) -> &str {
        match self {
            Remark::Odd { column, .. }
            | Remark::Codes { column, .. }
            | Remark::FarDate { column, .. }
            | Remark::RowNumbers { column }
            | Remark::Spellings { column, .. }
            | Remark::Dates { column, .. } => column,
        }
    }
}

/// The remark as a sentence, without a full stop. Settings are in backticks.
impl Display for Remark {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Remark::Odd { column, text, line, words, fields, among } => {
                write!(f, "{column} is not read as {among} because of {text:?}")?;
                if let Some(line) = line {
                    write!(f, " in line {line}")?;
                }
                match fields - 1 {
                    0 => {}
                    1 => f.write_str(" and 1 more such field")?,
                    more => write!(f, " and {more} more such fields")?,
                }
                let line = if *fields == 1 && line.is_some() { ", or remove the line if it is no row" } else { "" };
                // the setting splits words at commas
                match &words[..] {
                    _ if words.is_empty() || words.iter().any(|word| word.contains(',') || has_number(word)) => {
                        match fields {
                            1 => write!(f, "; correct it{line}, or leave the cell empty if the value is missing"),
                            _ => f.write_str("; correct them, or leave the cells empty if they are missing values"),
                        }
                    }
                    [word] => {
                        write!(f, "; correct it{line}, or use `missing` {} if it is a missing value", quoted(word))
                    }
                    _ => write!(
                        f,
                        "; correct them, or use `missing` {} if they are missing values",
                        quoted(&words.join(","))
                    ),
                }
            }
            Remark::Codes { column, text } => {
                write!(
                    f,
                    "{column} is a category because of codes such as {text}; to read numbers, use `numeric` {}",
                    quoted(column)
                )
            }
            Remark::FarDate { column, text, line } => {
                let line = line.map_or_else(String::new, |line| format!(" in line {line}"));
                write!(f, "{column} holds {text}{line}, which is far from all other dates; correct it if it is wrong")
            }
            Remark::RowNumbers { column } => {
                write!(f, "{column} holds the row numbers; it is used because there is no other feature")
            }
            Remark::Spellings { column, labels } => {
                let (last, first) = labels.split_last().map_or(("", &labels[..]), |(last, first)| (last, first));
                write!(f, "{} and {last} in {column} are one class", first.join(", "))
            }
            Remark::Dates { column, order } => {
                write!(f, "dates such as 01/02/2024 in {column} are read as {}; `dates` changes this", order.words())
            }
        }
    }
}

/// Whether a text begins with a number, as 23.8* and 10-20 do: it is no word for a missing value,
/// unless it has nothing but zeros, as 0000-00-00 has.
fn has_number(word: &str) -> bool {
    word.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit())
        && word.chars().any(|c| c.is_ascii_digit() && c != '0')
}

/// What keeps a column from being numbers or dates, if most of its fields are.
pub(crate) fn odd(name: &str, column: &Column, line: impl Fn(usize) -> Option<u64>) -> Option<Remark> {
    let is_date = |field: Field, text: &str| {
        field == Field::Text && ColumnKind::Date.value_of(field, text, column.notation()).is_ok()
    };
    let (mut numbers, mut dates, mut codes, mut texts) = (0, 0, 0, 0);
    for (field, text, rows) in column.fields() {
        match field {
            Field::Missing => {}
            Field::Number(_) => numbers += rows,
            Field::Code => codes += rows,
            Field::Text if is_date(field, text) => dates += rows,
            Field::Text => texts += rows,
        }
    }
    let among = match (numbers > texts + dates, dates > texts + numbers) {
        (true, _) if codes == 0 => "numbers",
        (_, true) => "dates",
        _ => return None,
    };
    let is_odd = |field: Field, text: &str| match among {
        "numbers" => field == Field::Text,
        _ => field != Field::Missing && !is_date(field, text),
    };
    let mut counts: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for (_, text, rows) in column.fields().filter(|(field, text, _)| is_odd(*field, text)) {
        *counts.entry(text).or_default() += rows;
    }
    let fields = counts.values().sum();
    let mut words: Vec<String> = match counts.len() {
        few if few <= FEW_WORDS => counts.keys().map(|word| (*word).to_owned()).collect(),
        _ => Vec::new(),
    };
    words.sort();
    let most = counts.values().copied().max()?;
    let (row, text) = column.find(|field, text| is_odd(field, text) && counts.get(text) == Some(&most))?;
    Some(Remark::Odd { column: name.to_owned(), text, line: line(row), words, fields, among })
}

/// A date that is far from nearly all others: the distance is a large multiple of their range.
pub(crate) fn far_date(name: &str, column: &Column, line: impl Fn(usize) -> Option<u64>) -> Option<Remark> {
    let of = |field, text: &str| ColumnKind::Date.value_of(field, text, column.notation()).ok();
    let mut days: Vec<f64> = column.fields().filter_map(|(field, text, _)| of(field, text)).collect();
    days.retain(|day| !day.is_nan());
    days.sort_by(f64::total_cmp);
    let rare = (days.len() / RARE).max(1);
    let usual = days.get(rare..days.len().saturating_sub(rare)).filter(|usual| usual.len() >= FEW_DATES)?;
    let (first, last) = (usual[0], usual[usual.len() - 1]);
    let far = FAR * (last - first).max(1.0);
    let is_far = |day: f64| day < first - far || day > last + far;
    let (row, text) = column.find(|field, text| of(field, text).is_some_and(is_far))?;
    Some(Remark::FarDate { column: name.to_owned(), text, line: line(row) })
}

/// Detects the kind of a column from its name and its fields.
pub(crate) fn guess(name: &str, column: &Column) -> Result<ColumnKind, LeftOut> {
    let [present, codes, texts] = tally(column);
    if present == 0 {
        return Err(LeftOut::Empty);
    }
    let is_fraction = |field| matches!(field, Field::Number(x) if x.fract() != 0.0);
    let no_fractions = || !column.fields().any(|(field, ..)| is_fraction(field));
    if texts + codes == 0
        && column.len() >= NUMBERED_ROWS
        && let Some(first) = [0, 1].into_iter().find(|first| column.counts_from(f64::from(*first)))
    {
        return Err(LeftOut::RowNumbers { first });
    }
    if is_identifier(name) && present > 1 && no_fractions() && column.different() == present {
        return Err(LeftOut::Identifier);
    }
    // numbers that f64 rounds are identifiers: two of them would become the same
    let long: usize = column.fields_with_text().filter(|(_, text, _)| is_long(text)).map(|(.., rows)| rows).sum();
    let is_number = texts + codes == 0 && 2 * long <= present;
    if is_number && column.notation().dates.is_none() {
        return Ok(ColumnKind::Number);
    }
    let is_all = |kind: &ColumnKind| {
        column.fields().all(|(field, text, _)| kind.value_of(field, text, column.notation()).is_ok())
    };
    if let Some(kind) = [ColumnKind::Boolean, ColumnKind::Date].into_iter().find(is_all) {
        // one word, such as F, says too little: other rows may have other letters
        let is_one_word = kind == ColumnKind::Boolean && !is_number && column.different() == 1;
        return Ok(if is_one_word { ColumnKind::Category { levels: Vec::new() } } else { kind });
    }
    if is_number {
        return Ok(ColumnKind::Number);
    }
    let different = column.different();
    if different > FEW_TEXTS && 2 * different > present {
        let of = |wanted: Field| column.fields().find(|(field, ..)| *field == wanted).map(|(_, text, _)| text);
        let first = || column.fields().map(|(_, text, _)| text).find(|text| !text.is_empty());
        let example = |text: Option<&str>| beginning(text.unwrap_or_default());
        return Err(match (of(Field::Text), of(Field::Code)) {
            (None, Some(code)) => LeftOut::Codes { different, rows: present, example: example(Some(code)) },
            (text, _) => LeftOut::Names { different, rows: present, example: example(text.or_else(first)) },
        });
    }
    Ok(ColumnKind::Category { levels: Vec::new() })
}

/// The first code of a column that is a category because of its codes.
pub(crate) fn first_code(column: &Column) -> Option<String> {
    let [_, codes, texts] = tally(column);
    (codes > 0 && texts == 0).then(|| column.find(|field, _| field == Field::Code).map(|(_, text)| text))?
}

/// The first characters of a text, and … if there are more.
fn beginning(text: &str) -> String {
    match text.char_indices().nth(EXAMPLE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn is_identifier(name: &str) -> bool {
    let plain: String = name.to_lowercase().chars().filter(|c| !" ._-".contains(*c)).collect();
    IDENTIFIERS.split_whitespace().any(|identifier| identifier == plain)
        || IDENTIFIER_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.starts_with(UNNAMED)
}

/// A label for comparing: 1 and 1.0 are the same, and so are TRUE and True.
pub fn same_label(label: &str) -> String {
    let lower = label.to_lowercase();
    if TRUE.contains(&lower.as_str()) || FALSE.contains(&lower.as_str()) {
        lower
    } else {
        same(label, &Notation::default())
    }
}

/// The truth value of a word such as yes or False, or of 0 and 1.
pub fn truth(text: &str) -> Option<bool> {
    let notation = Notation::default();
    boolean(field(text, &notation), text).map(|x| x == 1.0)
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
    let mut tally = [column.numbers().iter().filter(|x| !x.is_nan()).count(), 0, 0];
    for (field, _, rows) in column.fields_with_text() {
        let is = [field != Field::Missing, field == Field::Code, field == Field::Text];
        tally.iter_mut().zip(is).for_each(|(count, is)| *count += rows * usize::from(is));
    }
    tally
}
