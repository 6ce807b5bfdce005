//! Which reader a file needs: by its first bytes a text, or a file of another format.

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

/// How much is asked of the system at a time.
const BUFFER: usize = 1 << 17;
const PARQUET: &str = "Parquet";
/// How many bytes are looked at to tell text from something else.
const LOOKED_AT: usize = 1024;

/// What begins with these bytes.
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

/// The columns with their names of a file with these bytes, which errors call by this name.
type ReadColumns = fn(&str, Vec<u8>) -> Result<Vec<(String, Column)>>;

/// The formats that are not text, by their first bytes, and what reads them.
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

/// How a table is read, where it is not as usual.
#[derive(Default)]
pub struct ReadTable<'a> {
    keep_texts: Vec<String>,
    known: Known,
    progress: Option<&'a mut dyn FnMut(u64)>,
}

impl ReadTable<'_> {
    /// As usual.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the texts of these columns as they stand, also where they are numbers: 1.50 stays 1.50.
    pub fn keep_texts<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.keep_texts.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Takes the first line of a text for the names of the columns, or for a row, and guesses nothing.
    pub fn header(mut self, names: bool) -> Self {
        self.known.header = Some(names);
        self
    }

    /// Where numbers could be meant in several ways, as 1.250 could, they are read as those of another file.
    pub fn like(mut self, form: FileForm) -> Self {
        self.known.numbers = Some(form.numbers);
        self
    }

    /// Calls `progress` with the number of bytes of the file that were read, from time to time.
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

    /// Reads what `from` gives, from its beginning to its end; `name` is what errors call it.
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
        // text has none of the control characters before the tab
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
