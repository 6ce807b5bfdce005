//! Chooses the reader of a file by its first bytes: text or another format.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use encoding_rs::Encoding;

#[cfg(feature = "zip")]
use crate::archive;
use crate::calendar::DateOrder;
use crate::column::Column;
use crate::described::forms;
use crate::error::{Error, FileProblem, Problem, Result};
#[cfg(feature = "excel")]
use crate::excel;
#[cfg(any(feature = "numpy", feature = "parquet"))]
use crate::file::sha256;
use crate::file::{Watched, decompressed};
use crate::found::Found;
use crate::json;
use crate::known::Known;
use crate::notation::{Delimiter, FileForm, Quoting};
#[cfg(feature = "numpy")]
use crate::numpy;
use crate::other_formats::recognised;
#[cfg(feature = "parquet")]
use crate::parquet;
use crate::table::Table;
use crate::text::{self, BEGINNING};

/// Number of bytes read from the system at a time.
const BUFFER: usize = 1 << 17;
/// Number of bytes that decide whether a file is text.
const LOOKED_AT: usize = 1024;
const ZIP: &[u8] = b"PK\x03\x04";
/// Kinds of files, as an error calls them.
const EXCEL: &str = "an Excel workbook";
#[cfg(feature = "numpy")]
const ARRAY: &str = "a file of NumPy";
/// The most archives inside each other.
#[cfg(feature = "zip")]
const DEEPEST: u8 = 2;

/// The kind of file that begins with these bytes.
const KINDS: [(&[u8], &str); 3] = [
    (
        ZIP,
        "a zip archive, as Excel's .xlsx files and NumPy's .npz files are (features \"zip\", \"excel\" and \"numpy\" of mfnet read those)",
    ),
    (b"PAR1", "a Parquet file, which the feature \"parquet\" of mfnet reads"),
    (b"\x93NUMPY", "a NumPy array (.npy), which the feature \"numpy\" of mfnet reads"),
];

impl Table {
    /// Reads a table from a file. Formats: text, JSON (an object for each row), Parquet (feature
    /// `parquet`), NumPy's `.npy` and `.npz` (`numpy`), Excel's `.xlsx` (`excel`), each plain or
    /// compressed with gzip, Zstandard (`zstd`) or as the only file of a zip archive (`zip`). The
    /// first bytes of the file decide.
    ///
    /// Columns that cannot be read, such as lists, are left out: see [`Table::unread`]. An archive
    /// with arrays such as `x_train`, `y_train`, `x_test` and `y_test` is a table with a split: see
    /// [`Table::parts`].
    ///
    /// For a text, the first lines decide about the delimiter, the quotes, the header, and what
    /// stands above and below it: a title, comments, `sep=;`, units. The delimiter is the one that leaves
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
    dropped: Vec<String>,
    sheet: Option<String>,
    memory: Option<u64>,
    /// Number of archives around the file.
    depth: u8,
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

    /// Sets the number of lines above the table of a text, such as a title. By default, a title is
    /// detected.
    pub fn skip_lines(mut self, lines: u64) -> Self {
        self.known.skipped_lines = lines;
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
        self.known.form = Some(form.clone());
        self
    }

    /// Sets columns that are not needed: the file is read even if they are damaged.
    pub fn dropped<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.dropped.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Sets the sheet of an Excel workbook, instead of the first. Other files have no sheets.
    pub fn sheet(mut self, name: impl Into<String>) -> Self {
        self.sheet = Some(name.into());
        self
    }

    /// Sets the number of bytes that a compressed file may become. By default it may become 128 MB,
    /// or 200 times its size.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// The same settings, without progress.
    pub(crate) fn same_settings<'b>(&self) -> ReadTable<'b> {
        let ReadTable { keep_texts, known, dropped, sheet, memory, depth, .. } = self;
        let (keep_texts, dropped, sheet) = (keep_texts.clone(), dropped.clone(), sheet.clone());
        ReadTable { keep_texts, known: known.clone(), dropped, sheet, memory: *memory, depth: *depth, progress: None }
    }

    /// Calls `progress` from time to time with the number of bytes read so far.
    pub fn progress<'b>(self, progress: &'b mut dyn FnMut(u64)) -> ReadTable<'b> {
        let ReadTable { keep_texts, known, dropped, sheet, memory, depth, .. } = self;
        ReadTable { keep_texts, known, dropped, sheet, memory, depth, progress: Some(progress) }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read(mut self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        let name = path.display().to_string();
        self.known.usual_delimiter = usual_delimiter(&name);
        let file = File::open(path).map_err(Error::io(path))?;
        self.read_from(&name, file)
    }

    /// Reads a table from `from`, to its end. Errors call it `name`.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read_from(self, name: &str, from: impl Read) -> Result<Table> {
        self.read_any(name, Box::new(from)).map_err(|error| match error {
            Error::Io(path, reason) => match FileProblem::too_large(&reason) {
                Some(problem) => Error::data(name, problem),
                None => Error::Io(path, reason),
            },
            error => error,
        })
    }

    fn read_any<'r>(mut self, name: &str, from: Box<dyn Read + 'r>) -> Result<Table> {
        let mut none = |_| {};
        let (progress, mut count) = (self.progress.take().unwrap_or(&mut none), 0);
        let seen = |bytes: &[u8]| {
            count += bytes.len() as u64;
            progress(count);
        };
        let counted = Watched { from, seen };
        let unreadable = |error| Error::io(name.as_ref())(error);
        let mut plain = decompressed(BufReader::with_capacity(BUFFER, counted), self.memory).map_err(unreadable)?;
        let mut bytes = Vec::new();
        plain.by_ref().take(BEGINNING as u64).read_to_end(&mut bytes).map_err(unreadable)?;
        if let Some(problem) = recognised(&bytes) {
            return Err(Error::data(name, problem));
        }
        let no_sheets = || Error::data(name, FileProblem::NoSheets);
        if is_text(&bytes) {
            if self.sheet.is_some() {
                return Err(no_sheets());
            }
            if json::is_json(&bytes) {
                let (found, digest) = json::read(name, &bytes, plain)?;
                return self.table(name, "JSON", found, true, digest);
            }
            let text = text::read(name, &bytes, plain, &self.known, &self.keep_texts)?;
            let mut table =
                Table::new(name, self.without_twins(text.columns), text.description, text.header, text.digest)?;
            (table.lines, table.skipped) = (Some(text.lines), text.skipped);
            table.form.delimiter = (text.delimiter != Delimiter::Character(',')).then_some(text.delimiter);
            table.form.quoting = self.known.quoting();
            table.form.encoding = self.known.encoding().map(|encoding| encoding.name().to_owned());
            table.form.missing = self.known.missing;
            table.form.named = text.header && table.columns().iter().all(|name| name.parse::<usize>().is_ok());
            return Ok(table);
        }
        // an unknown format is not read to its end
        let is_known = [ZIP, b"PAR", b"\x93NUMPY"].iter().any(|first| bytes.starts_with(first));
        if is_known {
            plain.read_to_end(&mut bytes).map_err(unreadable)?;
        }
        drop(plain);
        #[cfg(feature = "zip")]
        if bytes.starts_with(ZIP) {
            return self.archive(name, &bytes);
        }
        if self.sheet.is_some() {
            return Err(no_sheets());
        }
        // PAR1, or PARE for an encrypted one
        #[cfg(feature = "parquet")]
        if bytes.starts_with(b"PAR") {
            let digest = sha256([&bytes[..]]);
            let found = parquet::columns(name, bytes.into(), &self.dropped)?;
            return self.table(name, "a Parquet file", found, true, digest);
        }
        #[cfg(feature = "numpy")]
        if bytes.starts_with(b"\x93NUMPY") {
            let found = numpy::npy(name, &bytes)?;
            let header = has_names(&found);
            return self.table(name, ARRAY, found, header, sha256([&bytes[..]]));
        }
        let found = KINDS.iter().find(|(first, _)| bytes.starts_with(first)).map(|(_, kind)| *kind);
        Err(Error::data(name, FileProblem::NotText(found)))
    }

    /// Reads a zip archive: arrays of NumPy, a workbook, or a single file in any format.
    #[cfg(feature = "zip")]
    fn archive(mut self, name: &str, bytes: &[u8]) -> Result<Table> {
        let error = |problem| Error::data(name, problem);
        let mut archive = archive::opened(bytes, self.memory).map_err(error)?;
        let files = archive::files(&mut archive).map_err(error)?;
        if let Some(problem) = archive::other_document(&files) {
            return Err(error(problem));
        }
        #[cfg(feature = "excel")]
        if files.iter().any(|(_, file)| file.starts_with("xl/")) {
            let found = excel::read(name, bytes, self.sheet.as_deref(), &self.known, self.memory)?;
            let (found, header, digest) = found;
            return self.table(name, EXCEL, found, header, digest);
        }
        #[cfg(feature = "numpy")]
        if files.iter().any(|(_, file)| file.ends_with(".npy")) {
            if self.sheet.is_some() {
                return Err(error(FileProblem::NoSheets));
            }
            let found = numpy::npz(name, bytes, &self.dropped, self.memory)?;
            let header = has_names(&found);
            return self.table(name, ARRAY, found, header, sha256([bytes]));
        }
        let (i, file) = archive::only_file(&files).map_err(error)?;
        if self.depth >= DEEPEST {
            return Err(error(FileProblem::Unsupported("archives inside archives".to_owned())));
        }
        self.depth += 1;
        self.known.usual_delimiter = usual_delimiter(file);
        let from = archive::member(&mut archive, i).map_err(error)?;
        self.read_any(name, Box::new(from))
    }

    /// The columns without those of the same name that are not needed: dropped ones, and those that a
    /// model does not use.
    fn without_twins(&self, columns: Vec<(String, Column)>) -> Vec<(String, Column)> {
        let Known { names, form, .. } = &self.known;
        let is_used = |name: &String| {
            form.is_none() || names.is_empty() || names.contains(name) || self.keep_texts.contains(name)
        };
        let mut counts: HashMap<String, usize> = HashMap::new();
        columns.iter().for_each(|(name, _)| *counts.entry(name.clone()).or_default() += 1);
        let is_kept = |name: &String| counts[name] == 1 || (is_used(name) && !self.dropped.contains(name));
        columns.into_iter().filter(|(name, _)| is_kept(name)).collect()
    }

    /// A table of what was found in a file of this kind.
    fn table(&self, name: &str, kind: &'static str, found: Found, header: bool, digest: String) -> Result<Table> {
        self.known.check_not_text(name, kind, kind == EXCEL)?;
        let Found { mut columns, unread, parts, lines, mut description } = found;
        columns.iter_mut().for_each(|(_, column)| column.forget(&self.known.missing));
        let mut named: Vec<(&str, &mut Column)> =
            columns.iter_mut().map(|(name, column)| (name.as_str(), column)).collect();
        self.known.decide(&mut named, false);
        for form in forms(columns.iter().map(|(name, column)| (name, column))) {
            description = format!("{description}, {form}");
        }
        let mut table = Table::new(name, self.without_twins(columns), description, header, digest)?;
        if let Some((column, _)) = unread.iter().find(|(column, _)| table.columns().contains(column)) {
            return Err(Error::in_column(name, column, Problem::DuplicateColumn(Vec::new())));
        }
        table.form.missing.clone_from(&self.known.missing);
        (table.unread, table.parts, table.lines) = (unread, parts, lines);
        Ok(table)
    }
}

/// Whether columns have names: an array of NumPy has columns of numbers, an archive and an array of
/// records have names.
#[cfg(feature = "numpy")]
fn has_names(found: &Found) -> bool {
    !found.columns.iter().all(|(name, _)| name.parse::<usize>().is_ok())
}

/// The delimiter that the name of a file suggests.
fn usual_delimiter(name: &str) -> Option<Delimiter> {
    let lower = name.to_lowercase();
    let plain = [".gz", ".zst", ".zip"].iter().find_map(|ending| lower.strip_suffix(ending)).unwrap_or(&lower);
    let known = [(".tsv", '\t'), (".tab", '\t'), (".csv", ',')];
    known.iter().find(|(ending, _)| plain.ends_with(ending)).map(|(_, delimiter)| Delimiter::Character(*delimiter))
}

/// Whether these are the first bytes of a text: not those of another format, and few zero bytes,
/// unless it is UTF-16.
fn is_text(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    let is_other = |(first, _): &(&[u8], &str)| start.starts_with(first);
    let utf_16 = text::encoding::detect(start).0 != encoding_rs::UTF_8;
    let zeros = start.iter().filter(|byte| **byte == 0).count();
    // a text may begin with such letters; another format also has bytes that text does not have
    let has_binary = start.iter().any(|byte| *byte < b'\t');
    let is_known = has_binary && (KINDS.iter().any(is_other) || start.starts_with(b"PAR"));
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
        assert_eq!(message("a,b\n1,2\n3\n"), "t.csv, line 3: expected 2 fields as in line 1, found 1: \"3\"");
        assert_eq!(message("a,b\n\n1,2,3,4\n"), "t.csv, line 3: expected 2 fields as in line 1, found 4");
        let wide = ",".repeat(MOST_COLUMNS);
        assert_eq!(message(&wide), "t.csv, line 1: expected at most 1048576 columns, found more");
        assert_eq!(message("a,a\n1,2\n"), "t.csv, column \"a\": columns 1 and 2 have this name");
        let bytes = b"a,b\n1,\xc3\xb6\n3,\xff\n";
        let error = ReadTable::new().read_from("t.csv", &bytes[..]).unwrap_err();
        let expected = "t.csv, line 3: expected UTF-8 text as in the lines above, found other bytes: the file mixes encodings; write this line in UTF-8 too";
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
