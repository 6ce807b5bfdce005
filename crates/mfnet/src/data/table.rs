mod column;
mod dialect;
mod kind;
mod lines;
mod number_format;
mod read;
mod text;

use std::collections::{HashMap, HashSet};
use std::fmt::{Display, Formatter};
use std::path::Path;

pub(crate) use column::{Column, Field, field, shortest};
use dialect::Dialect;
use kind::LARGEST;
pub use kind::{LeftOut, StrayText};
pub(crate) use kind::{Reading, date_text, guess, value};
use lines::Lines;
pub(crate) use number_format::NumberFormat;
pub use read::ReadTable;

use crate::error::{DataProblem, Error, Result};
use crate::tensor::Tensor;

/// How many similar names an error about an unknown column offers.
const SUGGESTIONS: usize = 3;
/// How similar they must be: Jaro and Winkler's measure, 1 for equal names.
const SIMILAR: f64 = 0.8;
/// Longer names, in bytes, are not compared: it takes a time that grows with the product of their lengths.
const LONGEST_COMPARED: usize = 200;

/// A data file as named columns, a row for each sample. What its columns mean is decided later, by
/// [`super::Dataset::from_table`] or by a model that looks for the columns it was trained on.
///
/// Every row has as many fields as the first one, and there is at least one row. Each distinct text is kept once; of a column that has many
/// and holds numbers, the numbers.
#[derive(Clone)]
pub struct Table {
    name: String,
    names: Vec<String>,
    columns: Vec<Column>,
    format: TableFormat,
    lines: Lines,
    digest: String,
}

/// What files that belong to the same model have in common beside the names of their columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileForm {
    /// How many columns the table has, if they have no names but are counted.
    pub(crate) counted: Option<usize>,
    pub(crate) numbers: NumberFormat,
}

/// How a file holds a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TableFormat {
    Text(Dialect),
    #[cfg(feature = "parquet")]
    Parquet,
    /// One array, or an archive of some.
    #[cfg(feature = "numpy")]
    NumPy,
}

impl Table {
    /// Reads a table, as text or, with the features of these names, as Parquet or NumPy's `.npy` and `.npz`; plain or compressed with gzip. The
    /// first bytes of the file say which it is.
    ///
    /// Of a text, which character stands between fields (comma, tab, semicolon or |; tabs in a `.tsv` file) and which around a field that has it in
    /// itself (" as in RFC 4180, or ') is guessed from the first lines, and so is whether the first line names the columns: not if it has numbers where
    /// the lines below have them, or a text that stands again below it. Then the columns are called `0`, `1`, …
    /// [`Table::description`] says what was found. Numbers may be written 1234.5, with a comma in place of the point (unless fields are between commas), and
    /// with the other of both between thousands, which is guessed from the first lines too.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Data`] with line and column if it is empty, has no rows, a row of another
    /// length, a name twice, bytes that are no UTF-8 text, or if it is a file of another kind, or one that is damaged.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        ReadTable::new().read(path)
    }

    /// The same from memory; `name` is what errors call it.
    ///
    /// ```
    /// use mfnet::Table;
    /// let table = Table::from_text("flowers", "length,species\n5.1,setosa\n7.0,versicolor\n")?;
    /// assert_eq!(table.columns(), ["length", "species"]);
    /// assert_eq!(table.text("species")?, ["setosa", "versicolor"]);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn from_text(name: &str, text: &str) -> Result<Self> {
        ReadTable::new().read_from(name, text.as_bytes())
    }

    /// A table of columns of the same length, at least one.
    fn new(
        name: &str,
        columns: Vec<(String, Column)>,
        format: TableFormat,
        lines: Lines,
        digest: String,
    ) -> Result<Self> {
        let (names, columns): (Vec<String>, Vec<Column>) = columns.into_iter().unzip();
        let mut known = HashSet::with_capacity(names.len());
        if let Some(column) = names.iter().find(|column| !known.insert(column.as_str())) {
            return Err(Error::in_column(name, column, DataProblem::DuplicateColumn));
        }
        Ok(Table { name: name.to_owned(), names, columns, format, lines, digest })
    }

    /// What errors call the table: the file's path, or the name of a built-in data set.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the columns, in the order of the file.
    pub fn columns(&self) -> &[String] {
        &self.names
    }

    /// Whether the file names its columns.
    pub fn has_header(&self) -> bool {
        match self.format {
            TableFormat::Text(dialect) => dialect.header,
            #[cfg(feature = "parquet")]
            TableFormat::Parquet => true,
            // an array has columns of numbers, an archive and one of records of names
            #[cfg(feature = "numpy")]
            TableFormat::NumPy => !self.names.iter().all(|name| name.parse::<usize>().is_ok()),
        }
    }

    pub(crate) fn form(&self) -> FileForm {
        let numbers = match self.format {
            TableFormat::Text(dialect) => dialect.numbers,
            #[cfg(any(feature = "numpy", feature = "parquet"))]
            _ => NumberFormat::default(),
        };
        FileForm { counted: (!self.has_header()).then(|| self.columns().len()), numbers }
    }

    /// How the file was understood: its format, and what of that was guessed.
    pub fn description(&self) -> String {
        self.format.to_string()
    }

    /// Number of rows, without the header.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }

    /// SHA-256 of the file's bytes (decompressed, without a byte order mark), in hexadecimal digits.
    pub fn digest(&self) -> String {
        self.digest.clone()
    }

    /// Where the column of this name stands.
    ///
    /// # Errors
    /// [`Error::Data`] that names similar columns, or all.
    pub fn position(&self, column: &str) -> Result<usize> {
        position(&self.name, &self.names, column)
    }

    /// The column of this name.
    pub(super) fn column(&self, column: &str) -> Result<&Column> {
        Ok(self.column_at(self.position(column)?))
    }

    pub(crate) fn column_at(&self, position: usize) -> &Column {
        &self.columns[position]
    }

    /// The text of one column's fields, without spaces around it; numbers in their shortest form in a column with many. Empty fields are empty
    /// text.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such column.
    pub fn text(&self, column: &str) -> Result<Vec<String>> {
        Ok(self.column(column)?.texts().map(std::borrow::Cow::into_owned).collect())
    }

    /// The numbers of these columns, shape (columns, rows): a row of the file becomes a column of the matrix.
    ///
    /// # Errors
    /// [`Error::Data`] with line, column and text of the first field that is empty, is no number, is not finite, or is
    /// beyond ±10³⁰⁰: the means of such numbers are infinite.
    pub fn numbers(&self, columns: &[String]) -> Result<Tensor<f64>> {
        if columns.is_empty() {
            return Err(Error::data(&self.name, DataProblem::NoFeatures { left_out: Vec::new() }));
        }
        let mut numbers = Tensor::zeros(columns.len(), self.rows());
        for (i, column) in columns.iter().enumerate() {
            let of = |field, text: &str| match value(Reading::Number, field, text)? {
                missing if missing.is_nan() => number(text),
                number => Ok(number),
            };
            let position = self.position(column)?;
            let written = self.column_at(position).each(of, |row, x| numbers[(i, row)] = x);
            written.map_err(|(row, problem)| self.at(row, position, problem))?;
        }
        Ok(numbers)
    }

    /// The labels of one column.
    ///
    /// # Errors
    /// [`Error::Data`] with the line of the first field that is empty.
    pub(crate) fn labels(&self, column: &str) -> Result<Vec<String>> {
        let (position, labels) = (self.position(column)?, self.text(column)?);
        match labels.iter().position(String::is_empty) {
            Some(row) => Err(self.at(row, position, DataProblem::EmptyCell)),
            None => Ok(labels),
        }
    }

    /// What is wrong with a field.
    pub(super) fn at(&self, row: usize, column: usize, problem: DataProblem) -> Error {
        let (file, column) = (self.name.clone(), Some(self.names[column].clone()));
        match self.format {
            TableFormat::Text(_) => Error::Data { file, line: Some(self.lines.of(row)), column, problem },
            #[cfg(any(feature = "numpy", feature = "parquet"))]
            _ => Error::Data {
                file,
                line: None,
                column,
                problem: DataProblem::InRow { row, problem: Box::new(problem) },
            },
        }
    }
}

impl Display for TableFormat {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            TableFormat::Text(dialect) => dialect.fmt(f),
            #[cfg(feature = "parquet")]
            TableFormat::Parquet => f.write_str("Parquet"),
            #[cfg(feature = "numpy")]
            TableFormat::NumPy => f.write_str("NumPy"),
        }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table {:?}: {} columns, {} rows", self.name, self.names.len(), self.rows())
    }
}

/// Where `column` stands among the columns of a file; the error names similar ones, or all.
pub(crate) fn position(file: &str, columns: &[String], column: &str) -> Result<usize> {
    columns.iter().position(|c| c == column).ok_or_else(|| {
        let lower = column.to_lowercase();
        let similarity = |c: &String| strsim::jaro_winkler(&lower, &c.to_lowercase());
        let comparable = columns.iter().filter(|c| c.len().max(column.len()) <= LONGEST_COMPARED);
        let mut close: Vec<(f64, &String)> = comparable.map(|c| (similarity(c), c)).collect();
        close.retain(|(similarity, _)| *similarity >= SIMILAR);
        close.sort_by(|a, b| b.0.total_cmp(&a.0));
        let problem = DataProblem::UnknownColumn {
            name: column.to_owned(),
            close: close.into_iter().take(SUGGESTIONS).map(|(_, c)| c.clone()).collect(),
            known: columns.to_vec(),
        };
        Error::data(file, problem)
    })
}

/// Where each of `names` stands among the columns of a file, as [`position`] says.
pub(crate) fn positions(file: &str, columns: &[String], names: &[String]) -> Result<Vec<usize>> {
    let mut places = HashMap::with_capacity(columns.len());
    for (place, column) in columns.iter().enumerate() {
        places.entry(column.as_str()).or_insert(place);
    }
    let of =
        |name: &String| places.get(name.as_str()).map_or_else(|| position(file, columns, name), |place| Ok(*place));
    names.iter().map(of).collect()
}

/// The number in a field.
pub(super) fn number(field: &str) -> std::result::Result<f64, DataProblem> {
    let field = field.trim();
    match field.parse::<f64>() {
        Ok(x) if x.abs() <= LARGEST => Ok(x),
        Ok(x) if x.is_finite() => Err(DataProblem::TooLarge { found: field.to_owned() }),
        Ok(_) => Err(DataProblem::NotFinite { found: field.to_owned() }),
        Err(_) if field.is_empty() => Err(DataProblem::EmptyCell),
        Err(_) => Err(DataProblem::NotANumber { found: field.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::MOST_COLUMNS;

    fn message(text: &str) -> String {
        Table::from_text("t.csv", text).unwrap_err().to_string()
    }

    #[test]
    fn a_header_is_a_line_with_text() {
        let table = Table::from_text("t.csv", "\u{feff}a, b\n1, 2\n\n3,4\n").unwrap();
        assert_eq!(table.columns(), ["a", "b"]);
        assert_eq!(table.numbers(&["b".into(), "a".into()]).unwrap(), Tensor::from_rows([[2.0, 4.0], [1.0, 3.0]]));
        let table = Table::from_text("t.csv", "1,2\n3,4\n").unwrap();
        assert_eq!((table.columns(), table.rows()), (&["0".to_owned(), "1".to_owned()][..], 2));
    }

    #[test]
    fn other_delimiters_and_quotes() {
        for text in ["a;b\n1;\"x;y\"\n", "a\tb\n1\tx;y\n", "a,b\n1,\"x;y\"\n"] {
            assert_eq!(Table::from_text("t", text).unwrap().text("b").unwrap(), ["x;y"]);
        }
    }

    #[test]
    fn what_is_wrong_with_a_file() {
        assert_eq!(message(""), "t.csv: the file is empty");
        assert_eq!(message("\n\n"), "t.csv: the file is empty");
        assert_eq!(message("a,b\n"), "t.csv: the file has a header and no rows");
        assert_eq!(message("a,b\n1,2\n3\n"), "t.csv, line 3: expected 2 fields as in the first row, found 1");
        assert_eq!(message("a,b\n\n1,2,3\n"), "t.csv, line 3: expected 2 fields as in the first row, found 3");
        let wide = ",".repeat(MOST_COLUMNS);
        assert_eq!(message(&wide), "t.csv, line 1: expected at most 1048576 columns, found more");
        assert_eq!(message("a,a\n1,2\n"), "t.csv, column \"a\": two columns have this name");
        let bytes = b"a,b\n1,2\n3,\xff\n";
        let error = ReadTable::new().read_from("t.csv", &bytes[..]).unwrap_err();
        assert_eq!(error.to_string(), "t.csv, line 3: expected UTF-8 text, found other bytes");
    }

    #[test]
    fn what_is_wrong_with_a_number() {
        let number_error = |field: &str| {
            let table = Table::from_text("t.csv", &format!("a,b\n0,1\n\n1,{field}\n")).unwrap();
            table.numbers(&["a".into(), "b".into()]).unwrap_err().to_string()
        };
        assert_eq!(number_error("x1"), "t.csv, line 4, column \"b\": expected a number, found \"x1\"");
        assert_eq!(number_error("1e999"), "t.csv, line 4, column \"b\": expected a finite number, found \"1e999\"");
        let message = "t.csv, line 4, column \"b\": expected a number between -1e300 and 1e300, found \"-1e301\"";
        assert_eq!(number_error("-1e301"), message);
        assert_eq!(number_error("NaN"), "t.csv, line 4, column \"b\": expected a finite number, found \"NaN\"");
        assert_eq!(number_error(" "), "t.csv, line 4, column \"b\": expected a value, found an empty cell");
    }

    #[test]
    fn an_unknown_column_names_the_close_ones() {
        let table = Table::from_text("t.csv", "species,petal_length,petal_width\na,1,2\n").unwrap();
        let message = |column| table.position(column).unwrap_err().to_string();
        assert_eq!(message("Speces"), "t.csv: there is no column \"Speces\"; did you mean \"species\"?");
        assert_eq!(
            message("price"),
            "t.csv: there is no column \"price\"; the columns are \"species\", \"petal_length\", \"petal_width\""
        );
    }
}
