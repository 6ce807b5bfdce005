//! Tables of columns that a program has in memory.

use sha2::{Digest, Sha256};

use crate::column::Column;
use crate::error::{Error, FileProblem, MOST_COLUMNS, Result};
use crate::file::hexadecimal;
use crate::found::RowPart;
use crate::known::Known;
use crate::table::Table;

/// Number of elements of a column that are hashed together.
const TOGETHER: usize = 512;

/// A column in memory; see [`Table::from_columns`].
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Numbers; NaN for a missing one.
    Numbers(Vec<f64>),
    /// Whole numbers from 0 to 255, which stay bytes.
    Bytes(Vec<u8>),
    /// Texts: for each row the place of its text in the list. Another place, such as −1, is a missing text.
    Codes(Vec<i32>, Vec<String>),
}

impl Cells {
    fn rows(&self) -> usize {
        match self {
            Cells::Numbers(numbers) => numbers.len(),
            Cells::Bytes(bytes) => bytes.len(),
            Cells::Codes(codes, _) => codes.len(),
        }
    }

    fn hash(&self, hash: &mut Sha256) {
        match self {
            Cells::Numbers(numbers) => {
                for some in numbers.chunks(TOGETHER) {
                    hash.update(some.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>());
                }
            }
            Cells::Bytes(bytes) => hash.update(bytes),
            Cells::Codes(codes, texts) => {
                hash.update(format!("{texts:?}"));
                for some in codes.chunks(TOGETHER) {
                    hash.update(some.iter().flat_map(|code| code.to_le_bytes()).collect::<Vec<u8>>());
                }
            }
        }
    }
}

impl Table {
    /// A table of columns with their names, of equal length. Without a `header`, the columns have only
    /// numbers as names. `parts` has the part of each row, if the rows are divided already, or nothing.
    /// Errors call the table `name`.
    ///
    /// Fields are read as those of a file in a binary format: texts may be dates or numbers.
    ///
    /// ```
    /// use mfnet_table::{Cells, Table};
    /// let area = Cells::Numbers(vec![34.5, 61.0, f64::NAN]);
    /// let city = Cells::Codes(vec![1, 0, -1], vec!["Oslo".into(), "Rome".into()]);
    /// let table = Table::from_columns("flats", vec![("area".into(), area), ("city".into(), city)], true, Vec::new())?;
    /// assert_eq!(table.text("city")?, ["Rome", "Oslo", ""]);
    /// # Ok::<(), mfnet_table::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Data`] without rows or columns, for columns of other lengths, and for a name that two
    /// columns have.
    pub fn from_columns(name: &str, columns: Vec<(String, Cells)>, header: bool, parts: Vec<RowPart>) -> Result<Self> {
        let problem = |problem: FileProblem| Err(Error::data(name, problem));
        let rows = match columns.first() {
            None => return problem(FileProblem::NoColumns),
            Some(_) if columns.len() > MOST_COLUMNS => return problem(FileProblem::TooManyColumns),
            Some((_, cells)) => cells.rows(),
        };
        if rows == 0 {
            return problem(FileProblem::NoRows);
        }
        let mut hash = Sha256::new();
        let mut read = Vec::with_capacity(columns.len());
        for (column, cells) in columns {
            if cells.rows() != rows {
                let found = format!("{} rows, the columns before it have {rows}", cells.rows());
                return Err(Error::in_column(name, &column, FileProblem::Other(found)));
            }
            hash.update(format!("{column:?}"));
            cells.hash(&mut hash);
            let cells = match cells {
                Cells::Numbers(numbers) => Column::from_numbers(numbers),
                Cells::Bytes(bytes) => Column::from_bytes(&bytes),
                Cells::Codes(codes, texts) => Column::from_codes(&codes, &texts),
            };
            read.push((column, cells));
        }
        parts.iter().for_each(|part| hash.update([*part as u8]));
        if !parts.is_empty() && parts.len() != rows {
            return problem(FileProblem::Other(format!("{} parts of {rows} rows", parts.len())));
        }
        let mut named: Vec<(&str, &mut Column)> =
            read.iter_mut().map(|(name, column)| (name.as_str(), column)).collect();
        Known::default().decide(&mut named, false);
        let mut table = Table::new(name, read, "in memory".to_owned(), header, hexadecimal(hash.finalize(), ""))?;
        table.parts = parts;
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColumnKind, Columns};

    fn table(columns: Vec<(&str, Cells)>) -> Result<Table> {
        let columns = columns.into_iter().map(|(name, cells)| (name.to_owned(), cells)).collect();
        Table::from_columns("frame", columns, true, Vec::new())
    }

    fn codes(codes: &[i32], texts: &[&str]) -> Cells {
        Cells::Codes(codes.to_vec(), texts.iter().map(|text| (*text).to_owned()).collect())
    }

    /// The same as a file with these fields.
    #[test]
    fn columns_in_memory_are_those_of_a_file() {
        let frame = table(vec![
            ("area", Cells::Numbers(vec![1.5, f64::NAN, 3.0, 4.0])),
            ("city", codes(&[1, 0, 1, -1], &["Oslo", " Rome ", "never"])),
            ("day", codes(&[0, 1, 2, 0], &["2024-01-31", "2024-02-01", "2024-02-29"])),
            ("code", codes(&[0, 1, 0, 1], &["7", "8"])),
            ("y", Cells::Numbers(vec![1.0, 2.0, 3.0, 5.5])),
        ]);
        let text = "area,city,day,code,y\n1.5,Rome,2024-01-31,7,1\n,Oslo,2024-02-01,8,2\n3,Rome,2024-02-29,7,3\n4,,2024-01-31,8,5.5\n";
        let (frame, file) = (frame.unwrap(), Table::from_text("t.csv", text).unwrap());
        for name in file.columns() {
            assert_eq!(frame.text(name).unwrap(), file.text(name).unwrap(), "{name}");
        }
        let columns = Columns { categorical: vec!["code".to_owned()], ..Columns::default() };
        let choice = |table: &Table| table.choose(&["y".to_owned()], &columns).unwrap().inputs;
        assert_eq!(choice(&frame), choice(&file));
        assert!(choice(&frame).iter().any(|(_, kind)| *kind == ColumnKind::Date));
    }

    /// The same columns whatever the type of their numbers, as inputs, classes and values.
    #[test]
    fn bytes_are_the_numbers_that_they_are() {
        let bytes: Vec<u8> = (0..600).map(|i| (i * 37 % 256) as u8).collect();
        let of = |all: bool| {
            let few: Vec<u8> = bytes.iter().map(|byte| byte % 3).collect();
            let cells = |bytes: &[u8]| match all {
                true => Cells::Bytes(bytes.to_vec()),
                false => Cells::Numbers(bytes.iter().map(|byte| f64::from(*byte)).collect()),
            };
            table(vec![("a", cells(&bytes)), ("few", cells(&few)), ("one", cells(&[7; 600]))]).unwrap()
        };
        let (narrow, wide) = (of(true), of(false));
        for name in ["a", "few", "one"] {
            assert_eq!(narrow.text(name).unwrap(), wide.text(name).unwrap());
        }
        let choice = |table: &Table, columns: &Columns| table.choose(&["few".to_owned()], columns).unwrap().inputs;
        let categorical = Columns { categorical: vec!["a".to_owned()], ..Columns::default() };
        for columns in [Columns::default(), categorical] {
            assert_eq!(choice(&narrow, &columns), choice(&wide, &columns));
        }
        for (position, kind) in choice(&wide, &Columns::default()) {
            let numbers = |table: &Table| table.values(position, &kind).unwrap().1.iter().collect::<Vec<_>>();
            assert_eq!(numbers(&narrow), numbers(&wide));
        }
    }

    #[test]
    fn the_digest_is_that_of_the_contents() {
        let digest = |cells| table(vec![("a", cells)]).unwrap().digest();
        assert_eq!(digest(Cells::Numbers(vec![1.0, 2.0])), digest(Cells::Numbers(vec![1.0, 2.0])));
        assert_ne!(digest(Cells::Numbers(vec![1.0, 2.0])), digest(Cells::Numbers(vec![2.0, 1.0])));
        assert_ne!(digest(codes(&[0, 1], &["a", "b"])), digest(codes(&[0, 1], &["a", "c"])));
    }

    #[test]
    fn what_is_wrong_with_columns() {
        let message = |columns| table(columns).unwrap_err().to_string();
        let numbers = |rows| Cells::Numbers(vec![1.0; rows]);
        assert_eq!(message(vec![]), "frame: the table has no columns");
        assert_eq!(message(vec![("a", numbers(0))]), "frame: the table has no rows");
        let other = "frame, column \"b\": 3 rows, the columns before it have 2";
        assert_eq!(message(vec![("a", numbers(2)), ("b", numbers(3))]), other);
        let twice = "frame, column \"a\": columns 1 and 2 have this name";
        assert_eq!(message(vec![("a", numbers(2)), ("a", numbers(2))]), twice);
    }
}
