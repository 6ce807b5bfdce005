use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use super::file::{check_text, read, sha256};
use crate::error::{DataProblem, Error, Result};
use crate::tensor::Tensor;

/// How many similar names an error about an unknown column offers.
const SUGGESTIONS: usize = 3;
/// How similar they must be: Jaro and Winkler's measure, 1 for equal names.
const SIMILAR: f64 = 0.8;

/// A data file as text: named columns, a row for each sample. What its columns mean is decided later, by
/// [`super::Dataset::from_table`] or by a model that looks for the columns it was trained on.
///
/// Every row has as many fields as the first one, and there is at least one row. The fields are parsed again for each
/// question, so that a table takes no more memory than its file.
#[derive(Clone)]
pub struct Table {
    name: String,
    bytes: Vec<u8>,
    delimiter: u8,
    has_header: bool,
    columns: Vec<String>,
    rows: usize,
}

impl Table {
    /// Reads a CSV file, plain or compressed with gzip.
    ///
    /// Fields are separated by commas; by tabs in a `.tsv` file, and by semicolons or tabs if the first line has those and no comma.
    /// Fields may be quoted as in RFC 4180. If all fields of the first line are numbers the file has no header, and its columns are
    /// called `0`, `1`, …; otherwise the first line holds the names.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Data`] with line and column if it is empty, has no rows, a row of another
    /// length, a name twice, or bytes that are no UTF-8 text; files of other kinds are recognised by their first bytes.
    pub fn read_csv(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let compressed = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
        let plain = if compressed { path.with_extension("") } else { path.to_owned() };
        let tabs = plain.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
        Self::parse(&path.display().to_string(), read(path)?, tabs.then_some(b'\t'))
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
    /// As [`Table::read_csv`].
    pub fn from_text(name: &str, text: &str) -> Result<Self> {
        Self::parse(name, text.as_bytes().to_vec(), None)
    }

    pub(super) fn parse(name: &str, mut bytes: Vec<u8>, delimiter: Option<u8>) -> Result<Self> {
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        check_text(&bytes).map_err(|problem| Error::data(name, problem))?;
        let delimiter = delimiter.unwrap_or_else(|| guess_delimiter(&bytes));
        let table = Table { name: name.to_owned(), bytes, delimiter, has_header: false, columns: Vec::new(), rows: 0 };
        table.with_columns()
    }

    /// Reads every row once: finds the names, checks the lengths, counts.
    fn with_columns(mut self) -> Result<Self> {
        let mut columns: Vec<String> = Vec::new();
        let mut lines = 0;
        let (mut header, mut length) = (false, 0);
        self.each_record(|line, record| {
            if lines == 0 {
                length = record.len();
                header = !record.iter().all(|field| field.trim().parse::<f64>().is_ok());
                columns = match header {
                    true => record.iter().map(|field| field.trim().to_owned()).collect(),
                    false => (0..length).map(|i| i.to_string()).collect(),
                };
            } else if record.len() != length {
                let problem = DataProblem::RowLength { expected: length, found: record.len() };
                return Err(Error::Data { file: self.name.clone(), line: Some(line), column: None, problem });
            }
            lines += 1;
            Ok(())
        })?;
        let rows = lines - usize::from(header);
        match (lines, rows) {
            (0, _) => return Err(Error::data(&self.name, DataProblem::Empty)),
            (_, 0) => return Err(Error::data(&self.name, DataProblem::HeaderOnly)),
            _ => {}
        }
        for (i, column) in columns.iter().enumerate() {
            if columns[..i].contains(column) {
                return Err(Error::in_column(&self.name, column, DataProblem::DuplicateColumn));
            }
        }
        (self.has_header, self.columns, self.rows) = (header, columns, rows);
        Ok(self)
    }

    /// What errors call the table: the file's path, or the name of a built-in data set.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the columns, in the order of the file.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether the file names its columns.
    pub fn has_header(&self) -> bool {
        self.has_header
    }

    /// Number of rows, without the header.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// SHA-256 of the file's bytes (decompressed, without a byte order mark), in hexadecimal digits.
    pub fn digest(&self) -> String {
        sha256([&self.bytes[..]])
    }

    /// Where the column of this name stands.
    ///
    /// # Errors
    /// [`Error::Data`] that names similar columns, or all.
    pub fn position(&self, column: &str) -> Result<usize> {
        position(&self.name, &self.columns, column)
    }

    /// The text of one column's fields, without spaces around it. Empty fields are empty text.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such column.
    pub fn text(&self, column: &str) -> Result<Vec<String>> {
        let position = self.position(column)?;
        let mut text = Vec::with_capacity(self.rows);
        self.each_row(|_, record| {
            text.push(record[position].trim().to_owned());
            Ok(())
        })?;
        Ok(text)
    }

    /// The numbers of these columns, shape (columns, rows): a row of the file becomes a column of the matrix.
    ///
    /// # Errors
    /// [`Error::Data`] with line, column and text of the first field that is empty, is no number, or is not finite.
    pub fn numbers(&self, columns: &[String]) -> Result<Tensor<f64>> {
        let positions = columns.iter().map(|column| self.position(column)).collect::<Result<Vec<_>>>()?;
        if positions.is_empty() {
            return Err(Error::data(&self.name, DataProblem::NoFeatures));
        }
        let mut elements = Vec::with_capacity(self.rows * positions.len());
        self.each_row(|line, record| {
            for &position in &positions {
                elements.push(number(&record[position]).map_err(|problem| self.at(line, position, problem))?);
            }
            Ok(())
        })?;
        Tensor::from_columns(positions.len(), elements)
    }

    /// The labels of one column.
    ///
    /// # Errors
    /// [`Error::Data`] with the line of the first field that is empty.
    pub(crate) fn labels(&self, column: &str) -> Result<Vec<String>> {
        let position = self.position(column)?;
        let mut labels = Vec::with_capacity(self.rows);
        self.each_row(|line, record| match record[position].trim() {
            "" => Err(self.at(line, position, DataProblem::EmptyCell)),
            label => {
                labels.push(label.to_owned());
                Ok(())
            }
        })?;
        Ok(labels)
    }

    fn at(&self, line: u64, position: usize, problem: DataProblem) -> Error {
        let column = Some(self.columns[position].clone());
        Error::Data { file: self.name.clone(), line: Some(line), column, problem }
    }

    /// Calls `visit` with the line and fields of each row below the header.
    fn each_row(&self, mut visit: impl FnMut(u64, &StringRecord) -> Result<()>) -> Result<()> {
        let mut header = self.has_header;
        self.each_record(|line, record| if std::mem::take(&mut header) { Ok(()) } else { visit(line, record) })
    }

    fn each_record(&self, mut visit: impl FnMut(u64, &StringRecord) -> Result<()>) -> Result<()> {
        let mut builder = ReaderBuilder::new();
        let mut reader =
            builder.has_headers(false).flexible(true).delimiter(self.delimiter).from_reader(&self.bytes[..]);
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| self.unreadable(&error))? {
            let start = record.position().map_or(0, csv::Position::byte) as usize;
            let line = record.position().map_or(0, csv::Position::line);
            visit(line + self.empty_lines(start), &record)?;
        }
        Ok(())
    }

    /// The reader's position of a record is that of the empty lines before it: how many they are.
    fn empty_lines(&self, start: usize) -> u64 {
        let skipped = self.bytes[start..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
        skipped.filter(|byte| **byte == b'\n').count() as u64
    }

    fn unreadable(&self, error: &csv::Error) -> Error {
        let line = error.position().map(csv::Position::line);
        let problem = match error.kind() {
            csv::ErrorKind::Utf8 { .. } => DataProblem::NotUtf8,
            _ => DataProblem::Other(error.to_string()),
        };
        Error::Data { file: self.name.clone(), line, column: None, problem }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table {:?}: {} columns, {} rows", self.name, self.columns.len(), self.rows)
    }
}

/// Where `column` stands among the columns of a file; the error names similar ones, or all.
pub(crate) fn position(file: &str, columns: &[String], column: &str) -> Result<usize> {
    columns.iter().position(|c| c == column).ok_or_else(|| {
        let lower = column.to_lowercase();
        let similarity = |c: &String| strsim::jaro_winkler(&lower, &c.to_lowercase());
        let mut close: Vec<(f64, &String)> = columns.iter().map(|c| (similarity(c), c)).collect();
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

/// The number in a field.
pub(super) fn number(field: &str) -> std::result::Result<f64, DataProblem> {
    let field = field.trim();
    match field.parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        Ok(_) => Err(DataProblem::NotFinite { found: field.to_owned() }),
        Err(_) if field.is_empty() => Err(DataProblem::EmptyCell),
        Err(_) => Err(DataProblem::NotANumber { found: field.to_owned() }),
    }
}

/// A comma, unless the first line has none and has semicolons or tabs.
fn guess_delimiter(bytes: &[u8]) -> u8 {
    let first = bytes.iter().take_while(|byte| **byte != b'\n');
    let count = |delimiter: u8| first.clone().filter(|byte| **byte == delimiter).count();
    match (count(b','), count(b';'), count(b'\t')) {
        (0, 0, 1..) => b'\t',
        (0, 1.., _) => b';',
        _ => b',',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(message("a,a\n1,2\n"), "t.csv, column \"a\": two columns have this name");
        let bytes = b"a,b\n1,2\n3,\xff\n".to_vec();
        let error = Table::parse("t.csv", bytes, None).unwrap_err();
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
