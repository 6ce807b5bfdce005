//! A column while a reader of a binary format fills it. It holds numbers until the first text
//! comes.

use super::codes::Codes;
use super::texts::Texts;
use super::{Cells, Column};
use crate::field::trimmed;
use crate::written::shortest;

/// Whole numbers up to this are exact as `f64`.
const EXACT: i128 = 1 << 53;

impl Column {
    /// Makes a column without rows. It holds numbers until the first text comes; from then on it
    /// keeps all texts.
    pub(crate) fn of_numbers() -> Self {
        Column::of(Cells::Numbers { of_rows: Vec::new(), others: Vec::new(), either: Vec::new() }, true)
    }

    /// A column of numbers; NaN is a missing value.
    pub(crate) fn from_numbers(numbers: Vec<f64>) -> Self {
        Column::of(Cells::Numbers { of_rows: numbers, others: Vec::new(), either: Vec::new() }, true)
    }

    /// A column of whole numbers, a byte for each row.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let (mut texts, mut places) = (Texts::default(), [None; 256]);
        let place = |byte: &u8| *places[usize::from(*byte)].get_or_insert_with(|| texts.place(&byte.to_string()) as u8);
        let of_rows = bytes.iter().map(place).collect();
        Column::of(Cells::Texts { texts, of_rows: Codes::Bytes(of_rows) }, true)
    }

    /// A column of texts: each row has the text at its place, or none if there is no such place.
    pub(crate) fn from_codes(codes: &[i32], levels: &[String]) -> Self {
        let mut column = Column::new(true);
        let Cells::Texts { texts, of_rows } = &mut column.cells else { return column };
        // texts stand in the order of their first rows
        let mut places = vec![None; levels.len() + 1];
        for code in codes {
            let level = usize::try_from(*code).map_or(levels.len(), |code| code.min(levels.len()));
            let text = levels.get(level).map_or("", |text| trimmed(text));
            of_rows.push(*places[level].get_or_insert_with(|| texts.place(text)));
        }
        column
    }

    pub(crate) fn push_missing(&mut self) {
        self.push_number(f64::NAN);
    }

    /// Adds a number; NaN is a missing value.
    pub(crate) fn push_number(&mut self, x: f64) {
        match &mut self.cells {
            Cells::Numbers { of_rows, .. } => of_rows.push(x),
            Cells::Texts { .. } if x.is_nan() => self.push(""),
            Cells::Texts { .. } => self.push(&shortest(x)),
        }
    }

    /// Adds a whole number. If `f64` would round it, the whole column becomes text, so that all
    /// digits stay.
    pub(crate) fn push_whole(&mut self, x: i128) {
        match &mut self.cells {
            Cells::Numbers { of_rows, .. } if x.abs() <= EXACT => of_rows.push(x as f64),
            _ => self.push_text(&x.to_string()),
        }
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        if let Cells::Numbers { .. } = self.cells {
            let numbers = std::mem::replace(self, Column::new(true));
            numbers.texts().for_each(|text| self.push(&text));
        }
        self.push(text);
    }

    /// Removes the fields that are one of these words for missing values; as a number, -999.0 is the
    /// same as -999.
    pub(crate) fn forget(&mut self, words: &[String]) {
        let numbers: Vec<f64> = words.iter().filter_map(|word| word.parse().ok()).collect();
        let is_word =
            |text: &str| words.iter().any(|word| word == text) || text.parse().is_ok_and(|x: f64| numbers.contains(&x));
        match &mut self.cells {
            Cells::Numbers { of_rows, others, .. } => {
                of_rows.iter_mut().filter(|x| numbers.contains(x)).for_each(|x| *x = f64::NAN);
                others.retain(|(_, text)| !is_word(text));
            }
            Cells::Texts { texts, .. } if texts.iter().any(|text| is_word(text)) => {
                let all = std::mem::replace(self, Column::new(true));
                all.texts().for_each(|text| self.push(if is_word(&text) { "" } else { &text }));
            }
            Cells::Texts { .. } => {}
        }
    }

    /// Adds a boolean, written as pandas and NumPy do.
    pub(crate) fn push_truth(&mut self, x: bool) {
        self.push_text(if x { "True" } else { "False" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_missing_values() {
        let words = ["-999".to_owned(), "k.A.".to_owned()];
        let (mut numbers, mut texts) = (Column::of_numbers(), Column::of_numbers());
        for x in [-999.0, 2.5] {
            numbers.push_number(x);
            texts.push_number(x);
        }
        ["k.A.", "a"].iter().for_each(|text| texts.push_text(text));
        [&mut numbers, &mut texts].into_iter().for_each(|column| column.forget(&words));
        assert_eq!(numbers.texts().collect::<Vec<_>>(), ["", "2.5"]);
        assert_eq!(texts.texts().collect::<Vec<_>>(), ["", "2.5", "", "a"]);
        assert_eq!(texts.different(), 2);
    }

    #[test]
    fn digits_are_kept() {
        let mut column = Column::of_numbers();
        column.push_whole(7);
        column.push_missing();
        column.push_whole(EXACT);
        column.push_whole(EXACT + 1);
        column.push_missing();
        column.push_whole(i64::MIN.into());
        let expected = ["7", "", "9007199254740992", "9007199254740993", "", "-9223372036854775808"];
        assert_eq!(column.texts().collect::<Vec<_>>(), expected);
    }
}
