//! [`Column`]: the fields of one column of a table.

mod codes;
mod filled;
mod rows;
mod texts;
mod values;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use self::codes::Codes;
use self::texts::Texts;
pub use self::values::{Values, View};
use crate::calendar::{DateOrder, compact_days, days};
use crate::error::FileProblem;
use crate::field::{Field, field, is_code, is_missing, sort_labels, trimmed};
use crate::notation::Notation;
use crate::number_format::{Hints, NumberFormat};
use crate::written::shortest;
use crate::written::{Tally, Unit, Written, written};

/// A column with more distinct texts than this stores only numbers, if nearly all of its fields are
/// numbers.
const MOST_TEXTS: usize = 1024;
/// At most one in this many distinct texts may be something else than a number.
const OTHERS: usize = 10;
/// Whole numbers below this are exact as `f64`.
const EXACT: f64 = (1_u64 << 53) as f64;
/// Number of days such as 20240131 that make a column one of dates.
const COMPACT: usize = 3;

/// One field for each row. Each distinct text is stored once. A column with too many distinct texts
/// that are numbers stores only the numbers.
///
/// How numbers and dates are written is decided when all rows are there: [`Column::count`] counts
/// how they are written, and [`Column::decide`] decides.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    cells: Cells,
    notation: Notation,
    /// How the numbers are written.
    tally: Tally,
    /// Whether numbers may replace the texts.
    keeps_texts: bool,
    /// What contradicts the notation of the same column in another file.
    contradiction: Option<Contradiction>,
    /// Whether dates such as 01/02/2024 could be read in another order too.
    has_doubtful_dates: bool,
}

/// What keeps a column from being read as the same column in another file, such as the one that a
/// model was trained on.
#[derive(Clone, Debug)]
enum Contradiction {
    /// The numbers have two readings, and neither is the known format, or the file is not written in
    /// it.
    Numbers(NumberFormat),
    /// The unit is not the known one: both.
    Units(Unit, Unit),
    /// The dates have two readings, and points, which go with another order than the known one.
    Dates(DateOrder),
}

#[derive(Clone, Debug)]
enum Cells {
    /// Each distinct text in the order of appearance, and for each row the index of its text.
    Texts { texts: Texts, of_rows: Codes },
    /// The number of each row, NaN if it has none; and the texts of rows that have another text, by
    /// row.
    Numbers {
        of_rows: Vec<f64>,
        others: Vec<(usize, Box<str>)>,
        /// Whether a row has a number with two readings. Rows after the last such row are left out.
        either: Vec<bool>,
    },
}

impl Column {
    /// Makes a column without rows. With `keeps_texts` it stores all texts, however many there are.
    pub(crate) fn new(keeps_texts: bool) -> Self {
        Self::of(Cells::Texts { texts: Texts::default(), of_rows: Codes::Bytes(Vec::new()) }, keeps_texts)
    }

    fn of(cells: Cells, keeps_texts: bool) -> Self {
        Column {
            cells,
            notation: Notation::default(),
            tally: Tally::default(),
            keeps_texts,
            contradiction: None,
            has_doubtful_dates: false,
        }
    }

    /// Adds a row with this text, which is empty for a missing value. Spaces around it are ignored.
    pub(crate) fn push(&mut self, text: &str) {
        let text = trimmed(text);
        match &mut self.cells {
            Cells::Texts { texts, of_rows } => {
                let place = texts.place(text);
                of_rows.push(place);
                if place == MOST_TEXTS && texts.len() == MOST_TEXTS + 1 && !self.keeps_texts {
                    self.become_numbers();
                }
            }
            Cells::Numbers { of_rows, others, either } => {
                let number = if is_code(text) { None } else { self.notation.written(text) };
                push_number(number, text, &mut self.tally, of_rows, others, either);
            }
        }
    }

    /// Replaces texts by numbers, if nearly all of them are numbers.
    fn become_numbers(&mut self) {
        let Cells::Texts { texts, of_rows } = &self.cells else { return };
        self.notation.unit = unit(texts);
        let numbers: Vec<Option<(Written, f64)>> = texts
            .iter()
            .map(|text| if is_code(text) { None } else { self.notation.written(text) })
            .map(|number| number.filter(|(written, x)| is_exact(*written, *x)))
            .collect();
        let is_other = |place: &usize| {
            let text = &*texts[*place];
            numbers[*place].is_none() && !text.is_empty() && !is_missing(text)
        };
        if (0..texts.len()).filter(is_other).count() > texts.len() / OTHERS {
            self.notation.unit = None;
            return;
        }
        let (mut all, mut others, mut either) = (Vec::with_capacity(of_rows.len()), Vec::new(), Vec::new());
        for place in of_rows.iter() {
            push_number(numbers[place], &texts[place], &mut self.tally, &mut all, &mut others, &mut either);
        }
        self.cells = Cells::Numbers { of_rows: all, others, either };
    }

    /// Counts how the numbers of all rows are written. If they have no unit of their own, they are
    /// read with the known one.
    pub(crate) fn count(&mut self, known: Option<&Unit>) -> &Tally {
        if let Cells::Texts { texts, .. } = &self.cells {
            let reads = |unit: &&Unit| texts.iter().any(|text| unit.written(text).is_some());
            self.notation.unit = unit(texts).or_else(|| known.filter(reads).cloned());
            let mut tally = Tally::default();
            let texts = texts.iter().filter(|text| !is_code(text));
            texts.filter_map(|text| self.notation.written(text)).for_each(|(written, _)| tally.add(written));
            self.tally = tally;
        }
        &self.tally
    }

    /// How many numbers are written in each way, after [`Column::count`].
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Decides how the numbers and dates of all rows are read, after [`Column::count`]. `dates` is
    /// the order of dates with two readings, if that is given, and `known` how another file writes
    /// the column.
    pub(crate) fn decide(&mut self, hints: Hints, dates: Option<DateOrder>, known: Option<&Notation>) {
        let decide = |hints| NumberFormat::decide(&self.tally, hints);
        self.notation.numbers = decide(hints).unwrap_or_else(|known| {
            self.contradiction = Some(Contradiction::Numbers(known));
            decide(Hints { known: None, ..hints }).unwrap_or_default()
        });
        if let (Some(known), Some(found)) = (known.and_then(|known| known.unit.as_ref()), &self.notation.unit)
            && !known.is_same(found)
        {
            self.contradiction = Some(Contradiction::Units(known.clone(), found.clone()));
        }
        let known_dates = known.and_then(|known| known.dates);
        match &mut self.cells {
            Cells::Numbers { of_rows, either, .. } => {
                let format = self.notation.numbers;
                if format.groups(Written::EitherPoint) || format.groups(Written::EitherComma) {
                    let grouped = of_rows.iter_mut().zip(either.iter()).filter(|(_, either)| **either);
                    grouped.for_each(|(x, _)| *x = (*x * 1000.0).round());
                }
                *either = Vec::new();
                let mut numbers = of_rows.iter().filter(|x| !x.is_nan()).take(COMPACT).peekable();
                if numbers.peek().is_some()
                    && numbers.all(|x| compact_days(*x).is_some())
                    && of_rows.iter().all(|x| x.is_nan() || compact_days(*x).is_some())
                {
                    self.notation.dates = Some(DateOrder::Compact);
                }
            }
            Cells::Texts { texts, .. } => {
                let some = || texts.iter().map(|text| &**text).filter(|text| !text.is_empty() && !is_missing(text));
                let number = |text| if is_code(text) { None } else { self.notation.number(text) };
                if let Some(found) = DateOrder::of(some(), dates.or(known_dates)) {
                    self.notation.dates = Some(found.order);
                    self.has_doubtful_dates = found.is_doubtful;
                    if found.has_points && dates.is_none() && known_dates == Some(DateOrder::MonthFirst) {
                        self.contradiction = Some(Contradiction::Dates(DateOrder::MonthFirst));
                    }
                } else if texts.len() >= COMPACT
                    && some().all(|text| number(text).is_some_and(|x| compact_days(x).is_some()))
                {
                    self.notation.dates = Some(DateOrder::Compact);
                }
            }
        }
    }

    /// How the fields are written.
    pub(crate) fn notation(&self) -> &Notation {
        &self.notation
    }

    /// Whether most fields are numbers.
    pub(crate) fn is_of_numbers(&self) -> bool {
        match &self.cells {
            Cells::Texts { texts, .. } => 2 * self.tally.all() > texts.len(),
            Cells::Numbers { .. } => true,
        }
    }

    /// Whether the fields that are not missing look like dates.
    pub(crate) fn is_of_dates(&self) -> bool {
        self.notation.dates.is_some()
    }

    /// How the fields are written, if most are numbers or dates and not written as usual.
    pub(crate) fn unusual_notation(&self) -> Option<&Notation> {
        let Notation { numbers, unit, dates } = &self.notation;
        let unusual = self.is_of_numbers() && (*numbers != NumberFormat::Point || unit.is_some());
        (unusual || !matches!(dates, None | Some(DateOrder::YearFirst))).then_some(&self.notation)
    }

    /// Whether the numbers could be read in another way too, because none of them shows the format.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.tally.is_doubtful() && self.tally.certain() == [0, 0]
    }

    /// Whether the dates could be read in another order too.
    pub(crate) fn has_doubtful_dates(&self) -> bool {
        self.has_doubtful_dates
    }

    /// What keeps the column from being read as the same column in another file.
    pub(crate) fn contradiction(&self) -> Option<FileProblem> {
        let example = |fits: &dyn Fn(&str) -> bool| match &self.cells {
            Cells::Texts { texts, .. } => texts.iter().map(|text| &**text).find(|text| fits(text)).map(str::to_owned),
            Cells::Numbers { .. } => None,
        };
        Some(match self.contradiction.as_ref()? {
            Contradiction::Numbers(known) => {
                let either =
                    |text: &str| matches!(written(text), Some((Written::EitherPoint | Written::EitherComma, _)));
                let usual = if self.tally.of(Written::EitherComma) > 0 { "1,234" } else { "1.234" };
                let found = example(&either).unwrap_or_else(|| usual.to_owned());
                FileProblem::NumberFormat { expected: known.example(), found }
            }
            Contradiction::Units(known, unit) => {
                let found = example(&|text| unit.written(text).is_some());
                FileProblem::OtherUnit {
                    expected: known.example("1"),
                    found: found.unwrap_or_else(|| unit.example("1")),
                }
            }
            Contradiction::Dates(known) => {
                let found = example(&|text| days(text, DateOrder::DayFirst).is_some()).unwrap_or_default();
                FileProblem::DateFormat { expected: known.words(), found }
            }
        })
    }

    /// The kind of a text of the column.
    pub(crate) fn field(&self, text: &str) -> Field {
        field(text, &self.notation)
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
            Cells::Numbers { of_rows, others, .. } => match others.binary_search_by_key(&row, |(row, _)| *row) {
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
    pub(crate) fn fields(&self) -> impl Iterator<Item = (Field, &str, usize)> {
        let numbers = self.numbers().iter().filter(|x| !x.is_nan()).map(|x| (Field::Number(*x), "", 1));
        self.fields_with_text().chain(numbers)
    }

    /// Those of [`Column::fields`] that are stored as text.
    pub(crate) fn fields_with_text(&self) -> Box<dyn Iterator<Item = (Field, &str, usize)> + '_> {
        match &self.cells {
            Cells::Texts { texts, of_rows } => {
                let mut counts = vec![0; texts.len()];
                of_rows.iter().for_each(|place| counts[place] += 1);
                Box::new(texts.iter().zip(counts).map(|(text, rows)| (self.field(text), &**text, rows)))
            }
            Cells::Numbers { others, .. } => Box::new(others.iter().map(|(_, text)| (self.field(text), &**text, 1))),
        }
    }

    /// The number of each row, NaN if it has none. Without rows, if texts are stored.
    pub(crate) fn numbers(&self) -> &[f64] {
        match &self.cells {
            Cells::Texts { .. } => &[],
            Cells::Numbers { of_rows, .. } => of_rows,
        }
    }

    /// Number of distinct fields that are not missing.
    pub(crate) fn different(&self) -> usize {
        match &self.cells {
            Cells::Texts { texts, .. } => texts.iter().filter(|text| self.field(text) != Field::Missing).count(),
            Cells::Numbers { of_rows, others, .. } => {
                let numbers = of_rows.iter().filter(|x| !x.is_nan()).map(|x| (x + 0.0).to_bits());
                let others: HashSet<&str> = others.iter().map(|(_, text)| &**text).collect();
                numbers.collect::<HashSet<_, foldhash::fast::RandomState>>().len() + others.len()
            }
        }
    }

    /// The distinct texts in order, and for each row the index of its text; NaN for a missing
    /// value. 3 and 3.0 are the same if the number is exact; see [`same`].
    pub(crate) fn levels(self: &Arc<Self>) -> (Vec<String>, Values) {
        let level = |text: &str| match self.field(text) {
            Field::Missing => String::new(),
            _ => same(text, &self.notation),
        };
        let texts: Vec<String> = match &self.cells {
            Cells::Texts { texts, .. } => texts.iter().map(|text| level(text)).collect(),
            Cells::Numbers { .. } => self.texts().map(|text| level(&text)).collect(),
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

    /// Number of rows that hold their own number, counted from `first`: whether the column numbers
    /// the rows.
    pub(crate) fn counts_from(&self, first: f64) -> bool {
        let number = |row: usize| match &self.cells {
            Cells::Numbers { of_rows, .. } => of_rows[row],
            Cells::Texts { texts, of_rows } => match self.field(&texts[of_rows.of(row)]) {
                Field::Number(x) => x,
                _ => f64::NAN,
            },
        };
        (0..self.len()).all(|row| number(row) == first + row as f64)
    }

    /// The first row whose field fits, and its text.
    pub(crate) fn find(&self, mut fits: impl FnMut(Field, &str) -> bool) -> Option<(usize, String)> {
        match &self.cells {
            Cells::Texts { texts, of_rows } => {
                let place = texts.iter().position(|text| fits(self.field(text), text))?;
                Some((of_rows.iter().position(|other| other == place)?, texts[place].to_string()))
            }
            Cells::Numbers { others, .. } => {
                let (row, text) = others.iter().find(|(_, text)| fits(self.field(text), text))?;
                Some((*row, text.to_string()))
            }
        }
    }
}

/// A text for comparing: all texts of the same number are the same, such as 3, 3.0 and +3, unless
/// `f64` rounds the number or it has an exponent.
pub(crate) fn same(text: &str, notation: &Notation) -> String {
    let is_plain = |text: &str| text.bytes().all(|byte| !byte.is_ascii_alphabetic());
    if is_code(text) || !is_plain(text) {
        return text.to_owned();
    }
    match notation.written(text) {
        Some((written, x)) if x.is_finite() && x.abs() < EXACT && !matches!(written, Written::Other) => {
            notation.numbers.read(written, x).map_or_else(|| text.to_owned(), |x| shortest(x + 0.0))
        }
        _ => text.to_owned(),
    }
}

/// The unit of the texts, if nearly all that are not missing have the same one.
fn unit(texts: &Texts) -> Option<Unit> {
    let present = || texts.iter().filter(|text| !text.is_empty() && !is_missing(text));
    let first = present().find(|text| written(text).is_none())?;
    let mut unit = Unit::of(first)?;
    // numbers alone stand beside nothing but numbers in parentheses
    unit.parentheses = present().any(|text| text.starts_with('(') && text.ends_with(')'));
    let (mut all, mut of_unit) = (0, 0);
    for text in present() {
        all += 1;
        of_unit += usize::from(unit.written(text).is_some());
    }
    (of_unit * OTHERS >= all * (OTHERS - 1)).then_some(unit)
}

/// Whether `f64` holds all digits of a number.
#[inline]
fn is_exact(written: Written, x: f64) -> bool {
    !matches!(written, Written::Large) || x.abs() < EXACT
}

/// Adds a row to numbers, or to what else stands there.
#[inline(always)]
fn push_number(
    number: Option<(Written, f64)>,
    text: &str,
    tally: &mut Tally,
    of_rows: &mut Vec<f64>,
    others: &mut Vec<(usize, Box<str>)>,
    either: &mut Vec<bool>,
) {
    if let Some((written, x)) = number {
        tally.add(written);
        let is_against = match written {
            Written::Point | Written::CommaGroups => tally.certain()[1] > 0,
            Written::Comma | Written::PointGroups => tally.certain()[0] > 0,
            Written::EitherPoint | Written::EitherComma => {
                either.resize(of_rows.len(), false);
                either.push(true);
                false
            }
            _ => false,
        };
        if x.is_finite() && is_exact(written, x) && !is_against {
            of_rows.push(x);
            return;
        }
    }
    if !text.is_empty() {
        others.push((of_rows.len(), text.into()));
    }
    of_rows.push(f64::NAN);
}
