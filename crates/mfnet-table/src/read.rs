//! Chooses the reader of a file by its first bytes: text or another format.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use encoding_rs::Encoding;

use crate::calendar::DateOrder;
use crate::column::Column;
use crate::error::{Error, FileProblem, Result};
use crate::file::{Watched, decompressed, sha256};
use crate::notation::{Delimiter, FileForm, Quoting};
use crate::number_format::Hints;
#[cfg(feature = "numpy")]
use crate::numpy;
#[cfg(feature = "parquet")]
use crate::parquet;
use crate::table::Table;
use crate::text::{self, BEGINNING, Known};

/// Number of bytes read from the system at a time.
const BUFFER: usize = 1 << 17;
const PARQUET: &str = "Parquet";
/// Number of bytes that decide whether a file is text.
const LOOKED_AT: usize = 1024;

/// The kind of file that begins with these bytes.
const KINDS: [(&[u8], &str); 12] = [
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
    /// For a text, the first lines decide about the delimiter, the quotes, the header, and what
    /// stands above and below it: comments, `sep=;`, units. The delimiter is the one that leaves
    /// numbers whole and all rows equally long. Columns without a header are called `0`, `1`, … A
    /// text is UTF-8, UTF-16 or Windows-1252.
    ///
    /// All rows of a column decide how its numbers are written: 1234.5 or 1234,5, with or without
    /// groups (1,234.5, 1.234,5, 1'234.5, 1 234,5), and with the same unit beside all of them ($, %,
    /// kg). They also decide about the order of day, month and year in dates.
    ///
    /// [`Table::description`] says what was detected. [`ReadTable`] sets it instead.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read. [`Error::Data`], with line and column, if the file
    /// is empty, damaged, or of another kind, or if it has no rows, a row of another length, a
    /// column name twice, a quote that does not close, or bytes that are not text.
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

    /// Sets what separates the fields of a text, instead of detecting it.
    pub fn delimiter(mut self, delimiter: Delimiter) -> Self {
        self.known.delimiter = Some(delimiter);
        self
    }

    /// Sets how quotes enclose the fields of a text, instead of detecting it.
    pub fn quoting(mut self, quoting: Quoting) -> Self {
        self.known.quoting = Some(quoting);
        self
    }

    /// Sets the encoding of a text, instead of detecting it, by a label of the web: `utf-8`,
    /// `windows-1252`, `shift_jis`, … An unknown label changes nothing; see [`is_encoding`].
    pub fn encoding(mut self, label: &str) -> Self {
        self.known.encoding = Encoding::for_label(label.trim().as_bytes()).or(self.known.encoding);
        self
    }

    /// Sets the decimal sign of numbers with two readings, such as 1.234 or 1,234.
    pub fn decimal_comma(mut self, comma: bool) -> Self {
        self.known.decimal = Some(if comma { b',' } else { b'.' });
        self
    }

    /// Sets the order of dates with two readings, such as 01/02/2024.
    pub fn dates(mut self, order: DateOrder) -> Self {
        self.known.dates = Some(order);
        self
    }

    /// Adds words for missing values, in all columns.
    pub fn missing<C: Into<String>>(mut self, words: impl IntoIterator<Item = C>) -> Self {
        self.known.missing.extend(words.into_iter().map(Into::into));
        self
    }

    /// Names columns that the file should have. If one of them stands in the first line of a text,
    /// this line holds the column names.
    pub fn expect<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.known.names.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Reads what has two readings, such as the number 1.250, as in another file: its delimiter if
    /// it splits the lines, its words for missing values, the numbers and dates of its columns.
    pub fn like(mut self, form: &FileForm) -> Self {
        self.known.missing.extend(form.missing.iter().cloned());
        self.known.quoting = self.known.quoting.or(form.quoting);
        let encoding = form.encoding.as_ref().and_then(|label| Encoding::for_label(label.as_bytes()));
        self.known.encoding = self.known.encoding.or(encoding);
        self.known.form = Some(form.clone());
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
        let plain = plain.strip_suffix(".gz").unwrap_or(&plain);
        let file = File::open(path).map_err(Error::io(path))?;
        let usual =
            [(".tsv", '\t'), (".tab", '\t'), (".csv", ',')].into_iter().find(|(ending, _)| plain.ends_with(ending));
        self.known.usual_delimiter = usual.map(|(_, delimiter)| Delimiter::Character(delimiter));
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
        if is_text(&bytes) {
            let text = text::read(name, &bytes, plain, &self.known, &self.keep_texts)?;
            let mut table = Table::new(name, text.columns, text.description, text.header, text.digest)?;
            table.lines = Some(text.lines);
            table.form.delimiter = (text.delimiter != Delimiter::Character(',')).then_some(text.delimiter);
            table.form.quoting = self.known.quoting;
            table.form.encoding = self.known.encoding.map(|encoding| encoding.name().to_owned());
            table.form.missing = self.known.missing;
            table.form.named = text.header && table.columns().iter().all(|name| name.parse::<usize>().is_ok());
            return Ok(table);
        }
        let Some((_, format, columns)) = READERS.iter().find(|(first, ..)| bytes.starts_with(first)) else {
            let found = KINDS.iter().find(|(first, _)| bytes.starts_with(first)).map(|(_, kind)| *kind);
            return Err(Error::data(name, FileProblem::NotText(found)));
        };
        plain.read_to_end(&mut bytes).map_err(unreadable)?;
        let digest = sha256([&bytes[..]]);
        let mut columns = columns(name, bytes)?;
        for (_, column) in &mut columns {
            column.count();
            column.decide(Hints::default(), self.known.dates);
        }
        // an array of NumPy has columns of numbers, an archive and one of records of names
        let header = *format == PARQUET || !columns.iter().all(|(name, _)| name.parse::<usize>().is_ok());
        Table::new(name, columns, (*format).to_owned(), header, digest)
    }
}

/// Whether these are the first bytes of a text: not those of another format, and few zero bytes,
/// unless it is UTF-16.
fn is_text(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    let is_other = |(first, _): &(&[u8], &str)| start.starts_with(first);
    let utf_16 = text::encoding::detect(start).0 != encoding_rs::UTF_8;
    let zeros = start.iter().filter(|byte| **byte == 0).count();
    let is_known =
        KINDS.iter().any(|kind| is_other(kind)) || READERS.iter().any(|(first, ..)| start.starts_with(first));
    utf_16 || (!is_known && 50 * zeros <= start.len())
}

/// Whether an encoding has this label.
pub fn is_encoding(label: &str) -> bool {
    Encoding::for_label(label.trim().as_bytes()).is_some()
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
        assert_eq!(message("a,b\n\n1,2,3,4\n"), "t.csv, line 3: expected 2 fields as in the first row, found 4");
        let wide = ",".repeat(MOST_COLUMNS);
        assert_eq!(message(&wide), "t.csv, line 1: expected at most 1048576 columns, found more");
        assert_eq!(message("a,a\n1,2\n"), "t.csv, column \"a\": two columns have this name");
        let bytes = b"a,b\n1,\xc3\xb6\n3,\xff\n";
        let error = ReadTable::new().read_from("t.csv", &bytes[..]).unwrap_err();
        let expected = "t.csv, line 3: expected UTF-8 text as above, found other bytes; to read them anyway, set `encoding`, such as windows-1252";
        assert_eq!(error.to_string(), expected);
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
