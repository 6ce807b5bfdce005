//! Rows of a column: some of them, those of another column after them, and those without a value.

use std::borrow::Cow;

use super::{Cells, Column};
use crate::field::{Field, shortest};
use crate::number_format::NumberFormat;

impl Column {
    /// Some of the rows, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let mut column = self.without_rows(self.format);
        rows.iter().for_each(|row| column.push_row(self, *row));
        column
    }

    /// Removes the rows after this many. Their texts stay known.
    pub(crate) fn truncate(&mut self, rows: usize) {
        match &mut self.cells {
            Cells::Texts { of_rows, .. } => of_rows.truncate(rows),
            Cells::Numbers { of_rows, others } => {
                of_rows.truncate(rows);
                others.truncate(others.partition_point(|(row, _)| *row < rows));
            }
        }
    }

    /// Adds the rows of another column.
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

    /// A column for such values, with numbers in this format.
    pub(crate) fn without_rows(&self, format: NumberFormat) -> Self {
        match &self.cells {
            Cells::Texts { .. } => Column::new(format, self.keeps_texts),
            Cells::Numbers { .. } => {
                let cells = Cells::Numbers { of_rows: Vec::new(), others: Vec::new() };
                Column { cells, format, keeps_texts: self.keeps_texts }
            }
        }
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
        let text = match other.number(row) {
            // texts have the column's own format of numbers
            Some(x) => match &mut self.cells {
                Cells::Numbers { of_rows, .. } => return of_rows.push(x),
                Cells::Texts { .. } => match self.format {
                    NumberFormat::Point | NumberFormat::PointAndGroups => Cow::Owned(shortest(x)),
                    _ => Cow::Owned(shortest(x).replace('.', ",")),
                },
            },
            None => other.text(row),
        };
        // a column of a binary format keeps all texts once it has one
        let becomes_text = self.keeps_texts && !text.is_empty() && matches!(self.cells, Cells::Numbers { .. });
        if becomes_text {
            let numbers = std::mem::replace(self, Column::new(self.format, true));
            numbers.texts().for_each(|text| self.push(&text));
        }
        self.push(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(column: &Column) -> Vec<String> {
        column.texts().map(Cow::into_owned).collect()
    }

    #[test]
    fn rows_are_chosen_and_joined() {
        for format in [NumberFormat::Point, NumberFormat::Comma, NumberFormat::CommaAndGroups] {
            let of = |fields: &[&str]| {
                let mut column = Column::new(format, false);
                fields.iter().for_each(|text| column.push(text));
                column
            };
            let mut column = of(&["1", "", "a", "NA"]);
            assert_eq!(texts(&column.select(&[2, 0, 0])), ["a", "1", "1"]);
            // so many numbers that their texts are not stored
            let many: Vec<String> = (0..2000).map(|i| format!("{i}.5")).collect();
            let mut numbers = of(&[]);
            many.iter().for_each(|text| {
                numbers.push(&if format == NumberFormat::Point { text.clone() } else { text.replace('.', ",") });
            });
            column.append(&numbers.select(&[1999, 1]));
            let values: Vec<_> = [4, 5].map(|row| column.field(&column.text(row))).into();
            assert_eq!(values, [Field::Number(1999.5), Field::Number(1.5)]);
            numbers.append(&of(&["x", "", "7"]));
            assert_eq!(texts(&numbers.select(&[2000, 2001, 2002])), ["x", "", "7"]);
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
            let mut column = Column::new(NumberFormat::Point, false);
            fields.iter().for_each(|text| column.push(text));
            assert_eq!(column.missing(), missing, "{fields:?}");
        }
    }
}
