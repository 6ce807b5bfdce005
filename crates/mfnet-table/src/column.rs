//! [`Column`]: the fields of one column of a table.

mod codes;
mod filled;
mod rows;
mod values;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexSet;

use self::codes::Codes;
pub use self::values::{Values, View};
use crate::field::{Field, field, is_long, shortest, sort_labels};
use crate::number_format::NumberFormat;

/// A column with more distinct texts than this stores only numbers, if nearly all of its fields are
/// numbers.
const MOST_TEXTS: usize = 1024;
/// At most one in this many distinct texts may be something else than a number.
const OTHERS: usize = 10;

/// One field for each row. Each distinct text is stored once. A column with too many distinct texts
/// that are numbers stores only the numbers.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    cells: Cells,
    format: NumberFormat,
    /// Whether numbers may replace the texts.
    keeps_texts: bool,
}

#[derive(Clone, Debug)]
enum Cells {
    /// Each distinct text in the order of appearance, and for each row the index of its text.
    Texts { texts: IndexSet<Box<str>, foldhash::fast::RandomState>, of_rows: Codes },
    /// The number of each row, NaN if it has none; and the texts of rows that have another text, by
    /// row.
    Numbers { of_rows: Vec<f64>, others: Vec<(usize, Box<str>)> },
}

impl Column {
    /// Makes a column without rows, for numbers in this format. With `keeps_texts` it stores all
    /// texts, however many there are.
    pub(crate) fn new(format: NumberFormat, keeps_texts: bool) -> Self {
        let cells = Cells::Texts { texts: IndexSet::default(), of_rows: Codes::Bytes(Vec::new()) };
        Column { cells, format, keeps_texts }
    }

    /// Adds a row with this text, which is empty for a missing value. Spaces around it are ignored.
    pub(crate) fn push(&mut self, text: &str) {
        let text = text.trim();
        match &mut self.cells {
            Cells::Texts { texts, of_rows } => {
                let place = texts.get_index_of(text).unwrap_or_else(|| texts.insert_full(text.into()).0);
                of_rows.push(place);
                if place == MOST_TEXTS && texts.len() == MOST_TEXTS + 1 && !self.keeps_texts {
                    self.become_numbers();
                }
            }
            Cells::Numbers { of_rows, others } => push_number(field(text, self.format), text, of_rows, others),
        }
    }

    /// Replaces texts by numbers, if nearly all of them are numbers.
    fn become_numbers(&mut self) {
        let Cells::Texts { texts, of_rows } = &self.cells else { return };
        let fields: Vec<Field> = texts.iter().map(|text| self.field(text)).collect();
        let is_other = |field: &Field, text: &str| matches!(field, Field::Code | Field::Text) || is_long(text);
        let others = fields.iter().zip(texts).filter(|(field, text)| is_other(field, text)).count();
        if others > texts.len() / OTHERS {
            return;
        }
        let (mut numbers, mut others) = (Vec::with_capacity(of_rows.len()), Vec::new());
        of_rows.iter().for_each(|place| push_number(fields[place], &texts[place], &mut numbers, &mut others));
        self.cells = Cells::Numbers { of_rows: numbers, others };
    }

    /// The kind of a text of the column.
    pub(crate) fn field(&self, text: &str) -> Field {
        field(text, self.format)
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        match &self.cells {
            Cells::Texts { of_rows, .. } => of_rows.len(),
            Cells::Numbers { of_rows, .. } => of_rows.len(),
        }
    }

    /// The text of a row's field; empty for a missing value. If only numbers are stored, a number
    /// in its shortest form.
    pub(crate) fn text(&self, row: usize) -> Cow<'_, str> {
        match &self.cells {
            Cells::Texts { texts, of_rows } => Cow::Borrowed(&texts[of_rows.of(row)]),
            Cells::Numbers { of_rows, others } => match others.binary_search_by_key(&row, |(row, _)| *row) {
                Ok(place) => Cow::Borrowed(&others[place].1),
                Err(_) if of_rows[row].is_nan() => Cow::Borrowed(""),
                Err(_) => Cow::Owned(shortest(of_rows[row])),
            },
        }
    }

    /// The text of every row.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Cow<'_, str>> {
        (0..self.len()).map(|row| self.text(row))
    }

    /// Calls `of` with the fields, and returns a number for each row. If texts are stored, it calls
    /// `of` once for each distinct text; otherwise the text of a number is empty. Returns the first
    /// row with an error, and the error.
    pub(crate) fn values<E>(
        self: &Arc<Self>,
        of: impl Fn(Field, &str) -> Result<f64, E>,
    ) -> Result<Values, (usize, E)> {
        match &self.cells {
            Cells::Texts { texts, of_rows } => {
                // the first text with an error is that of the first row with one
                let row = |place: usize| of_rows.iter().position(|other| other == place).unwrap_or(0);
                let number = |place: usize| {
                    let text = &texts[place];
                    of(self.field(text), text).map_err(|error| (row(place), error))
                };
                Ok(Values::of(self, (0..texts.len()).map(number).collect::<Result<_, _>>()?))
            }
            Cells::Numbers { of_rows, .. } => {
                let number = |row: usize| {
                    let field = |text: &str| of(self.field(text), text);
                    let x = of_rows[row];
                    let number = if x.is_nan() { field(&self.text(row)) } else { of(Field::Number(x), "") };
                    number.map_err(|error| (row, error))
                };
                let mut are_own = true;
                for (row, x) in of_rows.iter().enumerate() {
                    let number = number(row)?;
                    are_own &= number.to_bits() == x.to_bits() || (number.is_nan() && x.is_nan());
                }
                let other = || (0..of_rows.len()).map(number).collect::<Result<Vec<_>, _>>();
                Ok(if are_own { Values::of(self, Vec::new()) } else { other()?.into() })
            }
        }
    }

    /// The numbers of all rows. If texts are stored, `numbers` has one number for each distinct
    /// text.
    fn view<'a>(&'a self, numbers: &'a [f64]) -> View<'a> {
        match &self.cells {
            Cells::Texts { of_rows: Codes::Bytes(codes), .. } => View::Bytes(codes, numbers),
            Cells::Texts { of_rows: Codes::Words(codes), .. } => View::Codes(codes, numbers),
            Cells::Numbers { of_rows, .. } => View::Numbers(of_rows),
        }
    }

    /// Frees the memory that was reserved for further rows.
    pub(crate) fn whole(mut self) -> Self {
        match &mut self.cells {
            Cells::Texts { of_rows: Codes::Bytes(codes), .. } => codes.shrink_to_fit(),
            Cells::Texts { of_rows: Codes::Words(codes), .. } => codes.shrink_to_fit(),
            Cells::Numbers { of_rows, .. } => of_rows.shrink_to_fit(),
        }
        self
    }

    /// Each distinct field with its text and the number of its rows. If only numbers are stored,
    /// the text of a number is empty, and missing fields may be left out.
    pub(crate) fn fields(&self) -> Box<dyn Iterator<Item = (Field, &str, usize)> + '_> {
        match &self.cells {
            Cells::Texts { texts, of_rows } => {
                let mut counts = vec![0; texts.len()];
                of_rows.iter().for_each(|place| counts[place] += 1);
                Box::new(texts.iter().zip(counts).map(|(text, rows)| (self.field(text), &**text, rows)))
            }
            Cells::Numbers { of_rows, others } => {
                let others = others.iter().map(|(_, text)| (self.field(text), &**text, 1));
                let numbers = of_rows.iter().filter(|x| !x.is_nan()).map(|x| (Field::Number(*x), "", 1));
                Box::new(others.chain(numbers))
            }
        }
    }

    /// Number of distinct fields that are not missing.
    pub(crate) fn different(&self) -> usize {
        match &self.cells {
            Cells::Texts { texts, .. } => texts.iter().filter(|text| self.field(text) != Field::Missing).count(),
            Cells::Numbers { of_rows, others } => {
                let numbers = of_rows.iter().filter(|x| !x.is_nan()).map(|x| (x + 0.0).to_bits());
                let others: HashSet<&str> = others.iter().map(|(_, text)| &**text).collect();
                numbers.collect::<HashSet<_, foldhash::fast::RandomState>>().len() + others.len()
            }
        }
    }

    /// The distinct texts in order, and for each row the index of its text; NaN for a missing
    /// value. Numbers have their shortest form, so that 3 and 3.0 are the same.
    pub(crate) fn levels(self: &Arc<Self>) -> (Vec<String>, Values) {
        let canonical = |text: &str| match self.field(text) {
            Field::Number(x) if x.is_finite() && !is_long(text) => shortest(x),
            Field::Missing => String::new(),
            _ => text.to_owned(),
        };
        let texts: Vec<String> = match &self.cells {
            Cells::Texts { texts, .. } => texts.iter().map(|text| canonical(text)).collect(),
            Cells::Numbers { .. } => self.texts().map(|text| canonical(&text)).collect(),
        };
        let mut levels: Vec<String> = texts.iter().filter(|text| !text.is_empty()).cloned().collect();
        sort_labels(&mut levels);
        levels.dedup();
        let places: HashMap<&str, f64> = levels.iter().map(String::as_str).zip((0..).map(f64::from)).collect();
        let places = texts.iter().map(|text| places.get(text.as_str()).copied().unwrap_or(f64::NAN)).collect();
        let values = match &self.cells {
            Cells::Texts { .. } => Values::of(self, places),
            Cells::Numbers { .. } => places.into(),
        };
        (levels, values)
    }
}

/// Adds a row to numbers, or to what else stands there.
fn push_number(field: Field, text: &str, of_rows: &mut Vec<f64>, others: &mut Vec<(usize, Box<str>)>) {
    let x = if let Field::Number(x) = field { x } else { f64::NAN };
    if !x.is_finite() && !text.is_empty() {
        others.push((of_rows.len(), text.into()));
    }
    of_rows.push(if x.is_finite() { x } else { f64::NAN });
}
