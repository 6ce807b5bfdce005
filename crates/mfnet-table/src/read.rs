//! Chooses the reader of a file by its first bytes: text or another format.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::column::Column;
use crate::error::{Error, FileProblem, Result};
use crate::file::{Watched, decompressed, sha256};
#[cfg(feature = "numpy")]
use crate::numpy;
#[cfg(feature = "parquet")]
use crate::parquet;
use crate::table::{FileForm, Table};
use crate::text::{self, BEGINNING, Known};

/// Number of bytes read from the system at a time.
const BUFFER: usize = 1 << 17;
const PARQUET: &str = "Parquet";
/// Number of bytes that decide whether a file is text.
const LOOKED_AT: usize = 1024;

/// The kind of file that begins with these bytes.
const KINDS: [(&[u8], &str); 14] = [
    (b"\0\0\x08\x03", "IDX images: name the folder that holds them and their labels"),
    (b"\0\0\x08\x01", "IDX labels: name the folder that holds them and their images"),
    (
        b"PK\x03\x04",
        "a zip archive, as Excel's .xlsx files and NumPy's .npz files are (the feature \"numpy\" of mfnet reads those)",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document, as Excel's .xls files are"),
    (b"PAR1", "a Parquet file, which the feature \"parquet\" of mfnet reads"),
    (b"ARROW1", "an Arrow file"),
    (b"\x93NUMPY", "a NumPy array (.npy), which the feature \"numpy\" of mfnet reads"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x1f\x8b", "a gzip file inside a gzip file"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
];

/// Reads the columns and their names from the bytes of a file. Errors call the file by this name.
type ReadColumns = fn(&str, Vec<u8>) -> Result<Vec<(String, Column)>>;

/// The formats that are not text: their first bytes, and their readers.
const READERS: &[(&[u8], &str, ReadColumns)] = &[
    // PAR1, or PARE for an encrypted one
    #[cfg(feature = "parquet")]
    (b"PAR", PARQUET, |name, bytes| parquet::columns(name, bytes.into())),
    #[cfg(feature = "numpy")]
    (b"\x93NUMPY", "NumPy", |name, bytes| numpy::npy(name, &bytes)),
    #[cfg(feature = "numpy")]
    (b"PK\x03\x04", "NumPy", |name, bytes| numpy::npz(name, &bytes)),
];

impl Table {
    /// Reads a table from a file. Formats: text, Parquet (feature `parquet`), NumPy's `.npy` and
    /// `.npz` (feature `numpy`), each plain or compressed with gzip. The first bytes of the file
    /// decide.
    ///
    /// For a text, the first lines decide about the delimiter (comma, tab, semicolon or |; always
    /// tab in a `.tsv` file), the quote character (" as in RFC 4180, or ') and the header. The
    /// first line is not a header if it has numbers where the lines below have numbers, or a text
    /// that occurs again below it. Columns without a header are called `0`, `1`, … Numbers are
    /// written as 1234.5 or, unless commas separate the fields, as 1234,5; the other of the two
    /// characters may separate thousands. The first lines decide about that too.
    /// [`Table::description`] says what was detected.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read. [`Error::Data`], with line and column, if the file
    /// is empty, damaged, or of another kind, or if it has no rows, a row of another length, a
    /// column name twice, or bytes that are not UTF-8 text.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        ReadTable::new().read(path)
    }

    /// Reads a table from a text in memory. Errors call it `name`.
    ///
    /// ```
    /// use mfnet_table::Table;
    /// let table = Table::from_text("flowers", "length,species\n5.1,setosa\n7.0,versicolor\n")?;
    /// assert_eq!(table.columns(), ["length", "species"]);
    /// assert_eq!(table.text("species")?, ["setosa", "versicolor"]);
    /// # Ok::<(), mfnet_table::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn from_text(name: &str, text: &str) -> Result<Self> {
        ReadTable::new().read_from(name, text.as_bytes())
    }
}

/// Settings for reading a table.
#[derive(Default)]
pub struct ReadTable<'a> {
    keep_texts: Vec<String>,
    known: Known,
    progress: Option<&'a mut dyn FnMut(u64)>,
}

impl ReadTable<'_> {
    /// The default settings: everything is detected.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the texts of these columns unchanged, even if they are numbers: 1.50 stays 1.50.
    pub fn keep_texts<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.keep_texts.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Sets whether the first line of a text holds the column names, instead of detecting it.
    pub fn header(mut self, names: bool) -> Self {
        self.known.header = Some(names);
        self
    }

    /// Reads ambiguous numbers, such as 1.250, as in another file.
    pub fn like(mut self, form: FileForm) -> Self {
        self.known.numbers = Some(form.numbers);
        self
    }

    /// Calls `progress` from time to time with the number of bytes read so far.
    pub fn progress<'b>(self, progress: &'b mut dyn FnMut(u64)) -> ReadTable<'b> {
        ReadTable { keep_texts: self.keep_texts, known: self.known, progress: Some(progress) }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read(mut self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let plain = name.to_lowercase();
        let tabs = plain.strip_suffix(".gz").unwrap_or(&plain).ends_with(".tsv");
        let file = File::open(path).map_err(Error::io(path))?;
        self.known.delimiter = tabs.then_some(b'\t');
        self.read_from(&name, file)
    }

    /// Reads a table from `from`, to its end. Errors call it `name`.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read_from(self, name: &str, from: impl Read) -> Result<Table> {
        let mut none = |_| {};
        let (progress, mut count) = (self.progress.unwrap_or(&mut none), 0);
        let seen = |bytes: &[u8]| {
            count += bytes.len() as u64;
            progress(count);
        };
        let counted = Watched { from, seen };
        let unreadable = |error| Error::io(name.as_ref())(error);
        let mut plain = decompressed(BufReader::with_capacity(BUFFER, counted)).map_err(unreadable)?;
        let mut bytes = Vec::new();
        plain.by_ref().take(BEGINNING as u64).read_to_end(&mut bytes).map_err(unreadable)?;
        // text does not contain the control characters before the tab
        if bytes.iter().take(LOOKED_AT).all(|byte| *byte >= b'\t') {
            let (columns, dialect, lines, digest) = text::read(name, &bytes, plain, &self.known, &self.keep_texts)?;
            let mut table = Table::new(name, columns, dialect.to_string(), dialect.header, digest)?;
            (table.form.numbers, table.lines) = (dialect.numbers, Some(lines));
            return Ok(table);
        }
        let Some((_, format, columns)) = READERS.iter().find(|(first, ..)| bytes.starts_with(first)) else {
            let found = KINDS.iter().find(|(first, _)| bytes.starts_with(first)).map(|(_, kind)| *kind);
            return Err(Error::data(name, FileProblem::NotText(found)));
        };
        plain.read_to_end(&mut bytes).map_err(unreadable)?;
        let digest = sha256([&bytes[..]]);
        let columns = columns(name, bytes)?;
        // an array of NumPy has columns of numbers, an archive and one of records of names
        let header = *format == PARQUET || !columns.iter().all(|(name, _)| name.parse::<usize>().is_ok());
        Table::new(name, columns, (*format).to_owned(), header, digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::MOST_COLUMNS;

    fn message(text: &str) -> String {
        Table::from_text("t.csv", text).unwrap_err().to_string()
    }

    #[test]
    fn a_header_is_a_line_with_text() {
        let table = Table::from_text("t.csv", "\u{feff}a, b\n1, 2\n\n3,4\n").unwrap();
        assert_eq!(table.columns(), ["a", "b"]);
        assert_eq!(table.numbers(&["b".into(), "a".into()]).unwrap(), [[2.0, 4.0], [1.0, 3.0]]);
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
