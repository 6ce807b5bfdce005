//! Rows of a column: some of them, those of another column after them, and those without a value.

use std::borrow::Cow;

use super::{Cells, Column};
use crate::field::{Field, field, is_long};

impl Column {
    /// Some of the rows, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let mut column = self.without_rows();
        rows.iter().for_each(|row| column.push_row(self, *row));
        column
    }

    /// Removes the rows after this many. Their texts stay known.
    pub(crate) fn truncate(&mut self, rows: usize) {
        match &mut self.cells {
            Cells::Texts { of_rows, .. } => of_rows.truncate(rows),
            Cells::Numbers { of_rows, others, either } => {
                of_rows.truncate(rows);
                either.truncate(rows);
                others.truncate(others.partition_point(|(row, _)| *row < rows));
            }
        }
    }

    /// Adds the rows of another column. Its numbers are written as those of this column.
    pub(crate) fn append(&mut self, other: &Self) {
        (0..other.len()).for_each(|row| self.push_row(other, row));
    }

    /// For each row, whether it has no value. Texts such as NA are missing values in a column of
    /// numbers; in a column of text only empty fields are.
    pub(crate) fn missing(&self) -> Vec<bool> {
        let count = |of: fn(Field) -> bool| self.fields().filter(|(field, ..)| of(*field)).map(|f| f.2).sum::<usize>();
        let numbers = count(|field| matches!(field, Field::Number(_) | Field::Code));
        let is_text = count(|field| field == Field::Text) > numbers;
        let is_missing = |row| match self.number(row) {
            Some(_) => false,
            None => {
                let text = self.text(row);
                text.is_empty() || (!is_text && self.field(&text) == Field::Missing)
            }
        };
        (0..self.len()).map(is_missing).collect()
    }

    /// A column for such values.
    pub(crate) fn without_rows(&self) -> Self {
        let cells = match &self.cells {
            Cells::Texts { .. } => Column::new(self.keeps_texts).cells,
            Cells::Numbers { .. } => Cells::Numbers { of_rows: Vec::new(), others: Vec::new(), either: Vec::new() },
        };
        Column { cells, notation: self.notation.clone(), contradiction: self.contradiction.clone(), ..*self }
    }

    /// The number of a row, if the column stores numbers.
    fn number(&self, row: usize) -> Option<f64> {
        match &self.cells {
            Cells::Numbers { of_rows, .. } => Some(of_rows[row]).filter(|x| !x.is_nan()),
            Cells::Texts { .. } => None,
        }
    }

    /// Adds a row of another column.
    fn push_row(&mut self, other: &Self, row: usize) {
        let text = other.text(row);
        let number = match other.number(row) {
            Some(x) => Some(x),
            None if self.notation == other.notation => None,
            // a number that this column would read in another way, or not
            None => match other.field(&text) {
                Field::Number(x) if x.is_finite() => Some(x),
                _ => None,
            },
        };
        let text = match (number, &mut self.cells) {
            (Some(x), Cells::Numbers { of_rows, .. }) => return of_rows.push(x),
            (Some(x), Cells::Texts { .. }) => Cow::Owned(self.notation.write(x)),
            (None, _) => text,
        };
        // a column of a binary format keeps all texts once it has one
        let becomes_text = self.keeps_texts && !text.is_empty() && matches!(self.cells, Cells::Numbers { .. });
        if becomes_text {
            let numbers = std::mem::replace(self, Column { notation: self.notation.clone(), ..Column::new(true) });
            numbers.texts().for_each(|text| self.push_decided(&text));
        }
        self.push_decided(&text);
    }

    /// Adds a row to a column whose notation is decided.
    fn push_decided(&mut self, text: &str) {
        if let Cells::Numbers { of_rows, others, .. } = &mut self.cells {
            let number = match field(text, &self.notation) {
                Field::Number(x) if x.is_finite() && !is_long(text) => x,
                _ => f64::NAN,
            };
            if number.is_nan() && !text.is_empty() {
                others.push((of_rows.len(), text.into()));
            }
            of_rows.push(number);
        } else {
            let keeps_texts = std::mem::replace(&mut self.keeps_texts, true);
            self.push(text);
            self.keeps_texts = keeps_texts;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number_format::Hints;

    fn texts(column: &Column) -> Vec<String> {
        column.texts().map(Cow::into_owned).collect()
    }

    fn decided(fields: &[impl AsRef<str>]) -> Column {
        let mut column = Column::new(false);
        fields.iter().for_each(|text| column.push(text.as_ref()));
        column.count(None);
        column.decide(Hints::default(), None, None);
        column
    }

    #[test]
    fn rows_are_chosen_and_joined() {
        for comma in [false, true] {
            let mut column = decided(&["1", "", "a", "NA"]);
            assert_eq!(texts(&column.select(&[2, 0, 0])), ["a", "1", "1"]);
            // so many numbers that their texts are not stored
            let many =
                (0..2000).map(|i| format!("{i}.5")).map(|text| if comma { text.replace('.', ",") } else { text });
            let mut numbers = decided(&many.collect::<Vec<_>>());
            column.append(&numbers.select(&[1999, 1]));
            let values: Vec<_> = [4, 5].map(|row| column.field(&column.text(row))).into();
            assert_eq!(values, [Field::Number(1999.5), Field::Number(1.5)]);
            numbers.append(&decided(&["x", "", "7"]));
            assert_eq!(texts(&numbers.select(&[2000, 2001, 2002])), ["x", "", "7"]);
        }
    }

    /// Files of one table may write numbers in different ways.
    #[test]
    fn joined_columns_have_the_same_numbers() {
        let mut column = decided(&["7.5", "8"]);
        column.append(&decided(&["1,234.5", "950"]));
        column.append(&decided(&["1.234,5", "2,5", "n.k."]));
        column.append(&decided(&["$3.5", "$1,000"]));
        let fields: Vec<Field> = (0..column.len()).map(|row| column.field(&column.text(row))).collect();
        let expected = [7.5, 8.0, 1234.5, 950.0, 1234.5, 2.5, f64::NAN, 3.5, 1000.0];
        for (row, (field, expected)) in fields.iter().zip(expected).enumerate() {
            assert_eq!(*field, if row == 6 { Field::Text } else { Field::Number(expected) }, "row {row}");
        }
    }

    #[test]
    fn missing_values_of_numbers_and_texts() {
        for (fields, missing) in [
            (&["1", "", "NA", "2.5"][..], [false, true, true, false]),
            (&["a", "", "NA", "b"], [false, true, false, false]),
            (&["007", "?", "012", ""], [false, true, false, true]),
            (&["inf", "", "1", "2"], [false, true, false, false]),
        ] {
            let column = decided(fields);
            assert_eq!(column.missing(), missing, "{fields:?}");
        }
    }
}
