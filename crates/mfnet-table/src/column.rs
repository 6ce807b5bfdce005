//! The fields of one column as they were read.

mod codes;
mod values;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexSet;

use self::codes::Codes;
pub use self::values::{Values, View};
use crate::field::{Field, field, shortest, sort_labels};
use crate::number_format::NumberFormat;

/// A column with more distinct texts than this is kept as numbers, if nearly all of them are.
const MOST_TEXTS: usize = 1024;
/// One text in so many may be something else.
const OTHERS: usize = 10;

/// One field for each row. Texts are kept once each; of a column that has too many, and is numbers, the numbers alone.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    cells: Cells,
    format: NumberFormat,
    /// Whether numbers may take the place of texts.
    keeps_texts: bool,
}

#[derive(Clone, Debug)]
enum Cells {
    /// Each text once, in the order of appearance, and for each row the place of its text.
    Texts { texts: IndexSet<Box<str>, foldhash::fast::RandomState>, of_rows: Codes },
    /// NaN where there is no number; what else stands there, by row, unless nothing.
    Numbers { of_rows: Vec<f64>, others: Vec<(usize, Box<str>)> },
}

impl Column {
    /// A column without rows.
    pub(crate) fn new() -> Self {
        let cells = Cells::Texts { texts: IndexSet::default(), of_rows: Codes::Bytes(Vec::new()) };
        Column { cells, format: NumberFormat::default(), keeps_texts: false }
    }

    /// A number for each row; NaN where there is none.
    #[cfg(any(feature = "numpy", feature = "parquet"))]
    pub(crate) fn of_numbers(of_rows: Vec<f64>) -> Self {
        let cells = Cells::Numbers { of_rows, others: Vec::new() };
        Column { cells, format: NumberFormat::default(), keeps_texts: false }
    }

    /// The same column, whose numbers are written so.
    pub(crate) fn with_format(self, format: NumberFormat) -> Self {
        Column { format, ..self }
    }

    /// The same column, which keeps its texts however many they are.
    pub(crate) fn keeping_texts(self, keeps_texts: bool) -> Self {
        Column { keeps_texts, ..self }
    }

    /// A row more, whose field has this text; a missing one is empty. Spaces around it do not count.
    pub(crate) fn push(&mut self, text: &str) {
        let text = text.trim();
        match &mut self.cells {
            Cells::Texts { texts, of_rows } => {
                let place = match texts.get_index_of(text) {
                    Some(place) => place,
                    None => texts.insert_full(text.into()).0,
                };
                of_rows.push(place);
                if place == MOST_TEXTS && texts.len() == MOST_TEXTS + 1 && !self.keeps_texts {
                    self.become_numbers();
                }
            }
            Cells::Numbers { of_rows, others } => match field(text, self.format) {
                Field::Number(x) if x.is_finite() => of_rows.push(x),
                _ => {
                    if !text.is_empty() {
                        others.push((of_rows.len(), text.into()));
                    }
                    of_rows.push(f64::NAN);
                }
            },
        }
    }

    /// Leaves the texts of numbers, if nearly all are.
    fn become_numbers(&mut self) {
        let Cells::Texts { texts, of_rows } = &self.cells else { return };
        let fields: Vec<Field> = texts.iter().map(|text| field(text, self.format)).collect();
        let others = fields.iter().filter(|field| matches!(field, Field::Code | Field::Text)).count();
        if others > texts.len() / OTHERS {
            return;
        }
        let (mut numbers, mut others) = (Vec::with_capacity(of_rows.len()), Vec::new());
        for (row, place) in of_rows.iter().enumerate() {
            match fields[place] {
                Field::Number(x) if x.is_finite() => numbers.push(x),
                _ => {
                    if !texts[place].is_empty() {
                        others.push((row, texts[place].clone()));
                    }
                    numbers.push(f64::NAN);
                }
            }
        }
        self.cells = Cells::Numbers { of_rows: numbers, others };
    }

    /// What a text of the column is.
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

    /// The text of a row's field, empty for a missing one. A number in its shortest form, where the text is not kept.
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

    /// The number that `of` makes of every row's field: of each distinct text it is made once, where they are kept; where they are not, the
    /// text of a number is empty. The first row with an error, and the error.
    pub(crate) fn values<E: Clone>(
        self: &Arc<Self>,
        of: impl Fn(Field, &str) -> Result<f64, E>,
    ) -> Result<Values, (usize, E)> {
        match &self.cells {
            Cells::Texts { texts, of_rows } => {
                let numbers: Vec<_> = texts.iter().map(|text| of(field(text, self.format), text)).collect();
                // every text stands in some row
                if numbers.iter().any(Result::is_err) {
                    let of_row = |place: usize| numbers[place].clone().err();
                    let wrong = of_rows.iter().map(of_row).enumerate().find_map(|(row, error)| Some((row, error?)));
                    wrong.map_or(Ok(()), Err)?;
                }
                let numbers = numbers.into_iter().map(|number| number.unwrap_or(f64::NAN)).collect();
                Ok(Values::of_texts(Arc::clone(self), numbers))
            }
            Cells::Numbers { of_rows, others } => {
                let mut others = others.iter().peekable();
                // from the first row on that has another number
                let mut own = Vec::new();
                for (row, x) in of_rows.iter().enumerate() {
                    let value = match others.next_if(|(other, _)| *other == row) {
                        Some((_, text)) => of(field(text, self.format), text),
                        None if x.is_nan() => of(Field::Missing, ""),
                        None => of(Field::Number(*x), ""),
                    };
                    let value = value.map_err(|error| (row, error))?;
                    if own.is_empty() && value.to_bits() != x.to_bits() && !(value.is_nan() && x.is_nan()) {
                        own.reserve_exact(of_rows.len());
                        own.extend_from_slice(&of_rows[..row]);
                        own.push(value);
                    } else if !own.is_empty() {
                        own.push(value);
                    }
                }
                Ok(if own.is_empty() { Values::of_column(Arc::clone(self)) } else { own.into() })
            }
        }
    }

    /// The number of every row, where no texts are kept.
    pub(crate) fn numbers(&self) -> &[f64] {
        if let Cells::Numbers { of_rows, .. } = &self.cells { of_rows } else { &[] }
    }

    /// The place of every row's text, where texts are kept.
    fn codes(&self) -> &Codes {
        static NONE: Codes = Codes::Bytes(Vec::new());
        if let Cells::Texts { of_rows, .. } = &self.cells { of_rows } else { &NONE }
    }

    /// The same column without memory for further rows.
    pub(crate) fn whole(mut self) -> Self {
        match &mut self.cells {
            Cells::Texts { of_rows, .. } => of_rows.shrink_to_fit(),
            Cells::Numbers { of_rows, .. } => of_rows.shrink_to_fit(),
        }
        self
    }

    /// Whether it is so of every field; the text of a number is empty, where it is not kept.
    pub(crate) fn all(&self, mut is_so: impl FnMut(Field, &str) -> bool) -> bool {
        match &self.cells {
            Cells::Texts { texts, .. } => texts.iter().all(|text| is_so(self.field(text), text)),
            Cells::Numbers { of_rows, others } => {
                others.iter().all(|(_, text)| is_so(self.field(text), text))
                    && of_rows.iter().filter(|x| !x.is_nan()).all(|x| is_so(Field::Number(*x), ""))
            }
        }
    }

    /// How many different fields there are, missing ones aside.
    pub(crate) fn different(&self) -> usize {
        match &self.cells {
            Cells::Texts { texts, .. } => texts.iter().filter(|text| self.field(text) != Field::Missing).count(),
            Cells::Numbers { of_rows, others } => {
                let numbers: HashSet<u64, foldhash::fast::RandomState> =
                    of_rows.iter().filter(|x| !x.is_nan()).map(|x| (x + 0.0).to_bits()).collect();
                let others: HashSet<&str> = others.iter().map(|(_, text)| &**text).collect();
                numbers.len() + others.len()
            }
        }
    }

    /// Calls `visit` with the numbers that stand in fields, codes as 007 too, and in how many rows.
    pub(crate) fn count_numbers(&self, mut visit: impl FnMut(f64, usize)) {
        let mut visit_text = |text: &str, rows| {
            if let Some(x) = self.format.number(text) {
                visit(x, rows);
            }
        };
        match &self.cells {
            Cells::Texts { texts, of_rows } => {
                let mut rows = vec![0; texts.len()];
                of_rows.iter().for_each(|place| rows[place] += 1);
                texts.iter().zip(rows).for_each(|(text, rows)| visit_text(text, rows));
            }
            Cells::Numbers { of_rows, others } => {
                others.iter().for_each(|(_, text)| visit_text(text, 1));
                of_rows.iter().filter(|x| !x.is_nan()).for_each(|x| visit(*x, 1));
            }
        }
    }

    /// Calls `visit` with what stands in the fields and in how many rows.
    pub(crate) fn count(&self, mut visit: impl FnMut(Field, usize)) {
        match &self.cells {
            Cells::Texts { texts, of_rows } => {
                let mut rows = vec![0; texts.len()];
                of_rows.iter().for_each(|place| rows[place] += 1);
                texts.iter().zip(rows).for_each(|(text, rows)| visit(field(text, self.format), rows));
            }
            Cells::Numbers { of_rows, others } => {
                others.iter().for_each(|(_, text)| visit(field(text, self.format), 1));
                visit(Field::Number(0.0), of_rows.iter().filter(|x| !x.is_nan()).count());
            }
        }
    }

    /// The distinct texts in order, and for each row the place of its text; NaN for a missing one. Numbers in their shortest form, so that 3 and
    /// 3.0 are the same.
    pub(crate) fn levels(self: &Arc<Self>) -> (Vec<String>, Values) {
        let canonical = |text: &str| match field(text, self.format) {
            Field::Number(x) if x.is_finite() => shortest(x),
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
        let places: HashMap<&str, f64> =
            levels.iter().enumerate().map(|(i, level)| (level.as_str(), i as f64)).collect();
        let places: Vec<f64> =
            texts.iter().map(|text| places.get(text.as_str()).copied().unwrap_or(f64::NAN)).collect();
        let values = match &self.cells {
            Cells::Texts { .. } => Values::of_texts(Arc::clone(self), places),
            Cells::Numbers { .. } => places.into(),
        };
        (levels, values)
    }
}
