//! [`Table`]: columns with names, and what they are.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::{Display, Formatter};
use std::sync::Arc;

use crate::column::{Column, Values};
use crate::error::{CellProblem, Error, Problem, Result};
use crate::field::number;
use crate::kind::{ColumnKind, LeftOut, Reading, StrayText, guess};
use crate::number_format::NumberFormat;
use crate::text::{Dialect, Lines};

/// How many similar names an error about an unknown column offers.
const SUGGESTIONS: usize = 3;
/// How similar they must be: Jaro and Winkler's measure, 1 for equal names.
const SIMILAR: f64 = 0.8;
/// Longer names, in bytes, are not compared: it takes a time that grows with the product of their lengths.
const LONGEST_COMPARED: usize = 200;

/// A data file as named columns, a row for each sample. What a column means is decided later: by [`Table::choose`], or
/// by a model that looks for the columns that it was trained on.
///
/// Every row has as many fields as the first one, and there is at least one row. Each distinct text is kept once; of a column that has many
/// and holds numbers, the numbers.
#[derive(Clone)]
pub struct Table {
    name: String,
    names: Vec<String>,
    columns: Vec<Arc<Column>>,
    format: TableFormat,
    lines: Lines,
    digest: String,
}

/// What files that belong to the same model have in common beside the names of their columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileForm {
    /// How many columns the table has, if they have no names but are counted.
    pub counted: Option<usize>,
    /// How numbers are written.
    pub numbers: NumberFormat,
}

/// Which columns of a table are inputs, and as what, where that is not to be guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// No inputs.
    pub drop: Vec<String>,
    /// Numbers: a text is an error.
    pub numeric: Vec<String>,
    /// Categories, also where all are numbers.
    pub categorical: Vec<String>,
}

/// Which columns of a table are inputs, and why others are none: see [`Table::choose`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The position of each input, and how its fields become numbers.
    pub inputs: Vec<(usize, Reading)>,
    /// The columns that are none, and why.
    pub left_out: Vec<(String, LeftOut)>,
    /// The columns that are text because of a few fields.
    pub stray_texts: Vec<StrayText>,
}

/// How a file holds a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableFormat {
    Text(Dialect),
    #[cfg(feature = "parquet")]
    Parquet,
    /// One array, or an archive of some.
    #[cfg(feature = "numpy")]
    NumPy,
}

impl Table {
    /// A table of columns of the same length, at least one.
    pub(crate) fn new(
        name: &str,
        columns: Vec<(String, Column)>,
        format: TableFormat,
        lines: Lines,
        digest: String,
    ) -> Result<Self> {
        let (names, columns): (Vec<String>, Vec<_>) =
            columns.into_iter().map(|(name, column)| (name, Arc::new(column.whole()))).unzip();
        let mut known = HashSet::with_capacity(names.len());
        if let Some(column) = names.iter().find(|column| !known.insert(column.as_str())) {
            return Err(Error::in_column(name, column, Problem::DuplicateColumn));
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

    /// What other files have in common with this one.
    pub fn form(&self) -> FileForm {
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
        self.columns.first().map_or(0, |column| column.len())
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

    /// The text of one column's fields, without spaces around it; numbers in their shortest form in a column with many. Empty fields are empty
    /// text.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such column.
    pub fn text(&self, column: &str) -> Result<Vec<String>> {
        Ok(self.columns[self.position(column)?].texts().map(Cow::into_owned).collect())
    }

    /// The numbers of these columns.
    ///
    /// # Errors
    /// [`Error::Data`] with line, column and text of the first field that is empty, is no number, is not finite, or is
    /// beyond ±10³⁰⁰: the means of such numbers are infinite.
    pub fn numbers(&self, columns: &[String]) -> Result<Vec<Values>> {
        let of = |field, text: &str| match Reading::Number.value_of(field, text)? {
            missing if missing.is_nan() => number(text),
            number => Ok(number),
        };
        let read = |column: &String| {
            let position = self.position(column)?;
            self.columns[position].values(of).map_err(|(row, problem)| self.at(row, position, problem))
        };
        columns.iter().map(read).collect()
    }

    /// Calls `visit` with the numbers that stand in fields of a column, codes as 007 too, and in how many rows.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such column.
    pub fn count_numbers(&self, column: &str, visit: impl FnMut(f64, usize)) -> Result<()> {
        self.columns[self.position(column)?].count_numbers(visit);
        Ok(())
    }

    /// The labels of one column.
    ///
    /// # Errors
    /// [`Error::Data`] with the line of the first field that is empty.
    pub fn labels(&self, column: &str) -> Result<Vec<String>> {
        let (position, labels) = (self.position(column)?, self.text(column)?);
        match labels.iter().position(String::is_empty) {
            Some(row) => Err(self.at(row, position, CellProblem::Empty)),
            None => Ok(labels),
        }
    }

    /// The columns that are inputs beside the targets. What a column is, unless `columns` says it, is guessed from all
    /// of its fields:
    ///
    /// * numbers, where empty fields, and texts as NA, NaN, null or ?, are missing values,
    /// * booleans: true and false, yes and no, t and f, y and n, in any case,
    /// * dates: 2024-01-31, also with a time of day,
    /// * categories: other text, also among numbers, and numbers that begin with a zero, as postal codes do.
    ///
    /// Left out are columns without values, texts of which more than half differ, and whole numbers or texts that all
    /// differ and are called like a key: `id`, `index`, `user_id`, …
    ///
    /// # Errors
    /// [`Error::Data`] for a column that is not there.
    pub fn choose(&self, targets: &[String], columns: &Columns) -> Result<Choice> {
        let Columns { drop, numeric, categorical } = columns;
        for name in drop.iter().chain(numeric).chain(categorical) {
            self.position(name)?;
        }
        let mut choice = Choice { inputs: Vec::new(), left_out: Vec::new(), stray_texts: Vec::new() };
        let is_input = |name: &String| !targets.contains(name) && !drop.contains(name);
        for (position, name) in self.names.iter().enumerate().filter(|(_, name)| is_input(name)) {
            let column = &self.columns[position];
            let reading = match (numeric.contains(name), categorical.contains(name)) {
                (true, _) => Ok(Reading::Number),
                (false, true) => Ok(Reading::Category),
                (false, false) => {
                    let guess = guess(name, column);
                    if matches!(guess, Ok(Reading::Category) | Err(LeftOut::Names { .. })) {
                        choice.stray_texts.extend(StrayText::of(name, column));
                    }
                    guess
                }
            };
            match reading {
                Ok(reading) => choice.inputs.push((position, reading)),
                Err(reason) => choice.left_out.push((name.clone(), reason)),
            }
        }
        Ok(choice)
    }

    /// The numbers of the column at this position, NaN for a missing one, and what the column is then.
    ///
    /// # Errors
    /// [`Error::Data`] with line, column and text of the first field that has no such number.
    ///
    /// # Panics
    /// If there are not so many columns.
    pub fn values(&self, position: usize, reading: Reading) -> Result<(ColumnKind, Values)> {
        let column = &self.columns[position];
        let kind = match reading {
            Reading::Number => ColumnKind::Number,
            Reading::Boolean => ColumnKind::Boolean,
            Reading::Date => ColumnKind::Date,
            Reading::Category => {
                let (levels, values) = column.levels();
                return Ok((ColumnKind::Category { levels }, values));
            }
        };
        let values = column.values(|field, text| reading.value_of(field, text));
        values.map(|values| (kind, values)).map_err(|(row, problem)| self.at(row, position, problem))
    }

    /// What is wrong with a field.
    fn at(&self, row: usize, column: usize, problem: CellProblem) -> Error {
        let (file, column) = (self.name.clone(), Some(self.names[column].clone()));
        let (line, problem) = match self.format {
            TableFormat::Text(_) => (Some(self.lines.of(row)), Problem::Cell(problem)),
            #[cfg(any(feature = "numpy", feature = "parquet"))]
            _ => (None, Problem::InRow { row, problem }),
        };
        Error::Data { file, line, column, problem }
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

/// Where `column` stands among the columns of a file.
///
/// # Errors
/// [`Error::Data`] that names similar columns, or all.
pub fn position(file: &str, columns: &[String], column: &str) -> Result<usize> {
    columns.iter().position(|c| c == column).ok_or_else(|| {
        let lower = column.to_lowercase();
        let similarity = |c: &String| strsim::jaro_winkler(&lower, &c.to_lowercase());
        let comparable = columns.iter().filter(|c| c.len().max(column.len()) <= LONGEST_COMPARED);
        let mut close: Vec<(f64, &String)> = comparable.map(|c| (similarity(c), c)).collect();
        close.retain(|(similarity, _)| *similarity >= SIMILAR);
        close.sort_by(|a, b| b.0.total_cmp(&a.0));
        let problem = Problem::UnknownColumn {
            name: column.to_owned(),
            close: close.into_iter().take(SUGGESTIONS).map(|(_, c)| c.clone()).collect(),
            known: columns.to_vec(),
        };
        Error::data(file, problem)
    })
}

/// Where each of `names` stands among the columns of a file.
///
/// # Errors
/// As [`position`].
pub fn positions(file: &str, columns: &[String], names: &[String]) -> Result<Vec<usize>> {
    let mut places = HashMap::with_capacity(columns.len());
    for (place, column) in columns.iter().enumerate() {
        places.entry(column.as_str()).or_insert(place);
    }
    let of =
        |name: &String| places.get(name.as_str()).map_or_else(|| position(file, columns, name), |place| Ok(*place));
    names.iter().map(of).collect()
}
