//! Which reader a file needs: by its first bytes a text, or a file of another format.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use super::dialect::Known;
use super::{Column, FileForm, Lines, NumberFormat, Table, TableFormat, text};
use crate::data::file::{LOOKED_AT, check_text, decompressed, sha256};
#[cfg(feature = "numpy")]
use crate::data::numpy;
#[cfg(feature = "parquet")]
use crate::data::parquet;
use crate::error::{Error, Result};

/// How much is asked of the system at a time.
const BUFFER: usize = 1 << 17;

/// How a table is read, where it is not as usual.
#[derive(Default)]
pub struct ReadTable<'a> {
    keep_texts: Vec<String>,
    header: Option<bool>,
    like: Option<NumberFormat>,
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
        self.header = Some(names);
        self
    }

    /// Where numbers could be meant in several ways, as 1.250 could, they are read as those of another file.
    pub(crate) fn like(mut self, form: FileForm) -> Self {
        self.like = Some(form.numbers);
        self
    }

    /// Calls `progress` with the number of bytes of the file that were read, from time to time.
    pub fn progress<'b>(self, progress: &'b mut dyn FnMut(u64)) -> ReadTable<'b> {
        let ReadTable { keep_texts, header, like, .. } = self;
        ReadTable { keep_texts, header, like, progress: Some(progress) }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read(self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        let compressed = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
        let plain = if compressed { path.with_extension("") } else { path.to_owned() };
        let tabs = plain.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
        let name = path.display().to_string();
        let file = File::open(path).map_err(Error::io(path, "read"))?;
        self.read_as(&name, file, tabs.then_some(b'\t'))
    }

    /// Reads what `from` gives, from its beginning to its end; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read_from(self, name: &str, from: impl Read) -> Result<Table> {
        self.read_as(name, from, None)
    }

    fn read_as(self, name: &str, from: impl Read, delimiter: Option<u8>) -> Result<Table> {
        let mut none = |_| {};
        let counted = Counted { from, count: 0, progress: self.progress.unwrap_or(&mut none) };
        let unreadable = |error| Error::io(name.as_ref(), "read")(error);
        let mut plain = decompressed(BufReader::with_capacity(BUFFER, counted)).map_err(unreadable)?;
        let mut start = Vec::new();
        plain.by_ref().take(LOOKED_AT as u64).read_to_end(&mut start).map_err(unreadable)?;
        let others = check_text(&start).err();
        let mut whole = Cursor::new(start.clone()).chain(plain);
        let Some(problem) = others else {
            return text::read(
                name,
                whole,
                &Known { delimiter, header: self.header, numbers: self.like },
                &self.keep_texts,
            );
        };
        let Some((format, columns)) = format_of(&start) else { return Err(Error::data(name, problem)) };
        let mut bytes = Vec::new();
        whole.read_to_end(&mut bytes).map_err(unreadable)?;
        let digest = sha256([&bytes[..]]);
        Table::new(name, columns(name, bytes)?, format, Lines::default(), digest)
    }
}

/// The columns with their names of a file with these bytes, which errors call by this name.
type ReadColumns = fn(&str, Vec<u8>) -> Result<Vec<(String, Column)>>;

/// By the first bytes of a file that is no text: its format and what reads it.
fn format_of(start: &[u8]) -> Option<(TableFormat, ReadColumns)> {
    match start {
        #[cfg(feature = "parquet")]
        [b'P', b'A', b'R', b'1' | b'E', ..] => {
            Some((TableFormat::Parquet, |name, bytes| parquet::columns(name, bytes::Bytes::from(bytes))))
        }
        #[cfg(feature = "numpy")]
        [b'\x93', b'N', b'U', b'M', b'P', b'Y', ..] => {
            Some((TableFormat::NumPy, |name, bytes| numpy::npy(name, &bytes[..])))
        }
        #[cfg(feature = "numpy")]
        [b'P', b'K', b'\x03', b'\x04', ..] => {
            Some((TableFormat::NumPy, |name, bytes| numpy::npz(name, Cursor::new(bytes))))
        }
        _ => None,
    }
}

/// Says how much was read.
struct Counted<'a, R> {
    from: R,
    count: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let count = self.from.read(to)?;
        self.count += count as u64;
        (self.progress)(self.count);
        Ok(count)
    }
}
