//! [`Table`]: columns with names, and what they are.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Formatter;
use std::sync::Arc;

use crate::column::{Column, Values};
use crate::error::{CellProblem, Error, Problem, Result};
use crate::field::{Field, number, shortest};
use crate::kind::{ColumnKind, LeftOut, StrayText, guess};
use crate::number_format::NumberFormat;
use crate::text::Lines;

/// How many similar names an error about an unknown column offers, or how many of all.
const SUGGESTIONS: usize = 3;
const SHOWN: usize = 12;
/// How similar they must be: Jaro and Winkler's measure, 1 for equal names.
const SIMILAR: f64 = 0.8;
/// Longer names, in bytes, are not compared: it takes a time that grows with the product of their lengths.
const LONGEST_COMPARED: usize = 200;

/// A data file as named columns, a row for each sample. What a column means is decided later: by [`Table::choose`], or
/// by a model that looks for the columns that it was trained on.
///
/// Every row has as many fields as the first one, and there is at least one row. Each distinct text is kept once; of a column that has many
/// and holds numbers, the numbers.
///
/// ```
/// use mfnet_table::Table;
/// let table = Table::from_text("flats.csv", "area,city\n34.5,Oslo\n61,Rome\n")?;
/// assert_eq!((table.rows(), table.columns()), (2, &["area".to_owned(), "city".to_owned()][..]));
/// assert_eq!(table.labels("city")?, ["Oslo", "Rome"]);
/// let error = table.labels("ctiy").unwrap_err().to_string();
/// assert_eq!(error, "flats.csv: there is no column \"ctiy\"; did you mean \"city\"?");
/// # Ok::<(), mfnet_table::Error>(())
/// ```
#[derive(Clone)]
pub struct Table {
    name: String,
    names: Vec<String>,
    columns: Vec<Arc<Column>>,
    pub(crate) form: FileForm,
    description: String,
    /// Of a text.
    pub(crate) lines: Option<Lines>,
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
    /// The position of each input, and its kind, of a category without the levels.
    pub inputs: Vec<(usize, ColumnKind)>,
    /// The columns that are none, and why.
    pub left_out: Vec<(String, LeftOut)>,
    /// The columns that are text because of a few fields.
    pub stray_texts: Vec<StrayText>,
}

impl Table {
    /// A table of columns of the same length, at least one. `name` is what errors call the file, `description` how it was understood.
    pub(crate) fn new(
        name: &str,
        columns: Vec<(String, Column)>,
        description: String,
        header: bool,
        digest: String,
    ) -> Result<Self> {
        let (names, columns): (Vec<String>, Vec<_>) =
            columns.into_iter().map(|(name, column)| (name, Arc::new(column.whole()))).unzip();
        let mut known = HashSet::with_capacity(names.len());
        if let Some(column) = names.iter().find(|column| !known.insert(column.as_str())) {
            return Err(Error::in_column(name, column, Problem::DuplicateColumn));
        }
        let form = FileForm { counted: (!header).then_some(names.len()), ..FileForm::default() };
        Ok(Table { name: name.to_owned(), names, columns, form, description, lines: None, digest })
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
        self.form.counted.is_none()
    }

    /// What other files have in common with this one.
    pub fn form(&self) -> FileForm {
        self.form
    }

    /// How the file was understood: its format, and what of that was guessed.
    pub fn description(&self) -> String {
        self.description.clone()
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
        columns.iter().map(|column| self.values_of(column, present_number)).collect()
    }

    /// The weights of the rows that a column holds.
    ///
    /// # Errors
    /// [`Error::Data`] with line, column and text of the first field that is no finite number of at least 0, or beyond 10³⁰⁰.
    pub fn weights(&self, column: &str) -> Result<Vec<f64>> {
        let of = |field, text: &str| {
            let found = match (text.is_empty(), field) {
                (false, _) => format!("{text:?}"),
                (true, Field::Number(x)) => format!("{:?}", shortest(x)),
                (true, _) => "an empty cell".to_owned(),
            };
            match present_number(field, text) {
                Ok(weight) if weight >= 0.0 => Ok(weight),
                Err(CellProblem::TooLarge(found)) => Err(CellProblem::TooLarge(found)),
                _ => Err(CellProblem::NotAWeight(found)),
            }
        };
        Ok(self.values_of(column, of)?.iter().collect())
    }

    /// The number that `of` makes of each field of a column.
    fn values_of(&self, column: &str, of: impl Fn(Field, &str) -> Result<f64, CellProblem>) -> Result<Values> {
        let position = self.position(column)?;
        self.columns[position].values(of).map_err(|(row, problem)| self.at(row, position, problem))
    }

    /// The numbers that stand in fields of a column, codes as 007 too, and in how many rows.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such column.
    pub fn count_numbers(&self, column: &str) -> Result<Vec<(f64, usize)>> {
        let number = |(field, text, rows): (Field, &str, usize)| match field {
            Field::Number(x) => Some((x, rows)),
            Field::Code => Some((text.parse().ok()?, rows)),
            Field::Missing | Field::Text => None,
        };
        Ok(self.columns[self.position(column)?].fields().filter_map(number).collect())
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
            let kind = match (numeric.contains(name), categorical.contains(name)) {
                (true, _) => Ok(ColumnKind::Number),
                (false, true) => Ok(ColumnKind::Category { levels: Vec::new() }),
                (false, false) => {
                    let guess = guess(name, column);
                    if matches!(guess, Ok(ColumnKind::Category { .. }) | Err(LeftOut::Names { .. })) {
                        choice.stray_texts.extend(StrayText::of(name, column));
                    }
                    guess
                }
            };
            match kind {
                Ok(kind) => choice.inputs.push((position, kind)),
                Err(reason) => choice.left_out.push((name.clone(), reason)),
            }
        }
        Ok(choice)
    }

    /// The numbers of the column at this position, NaN for a missing one, as one of this kind. The levels of a category are those of the column.
    ///
    /// # Errors
    /// [`Error::Data`] with line, column and text of the first field that has no such number.
    ///
    /// # Panics
    /// If there are not so many columns.
    pub fn values(&self, position: usize, kind: &ColumnKind) -> Result<(ColumnKind, Values)> {
        let column = &self.columns[position];
        if let ColumnKind::Category { .. } = kind {
            let (levels, values) = column.levels();
            return Ok((ColumnKind::Category { levels }, values));
        }
        let values = column.values(|field, text| kind.value_of(field, text));
        values.map(|values| (kind.clone(), values)).map_err(|(row, problem)| self.at(row, position, problem))
    }

    /// What is wrong with a field.
    fn at(&self, row: usize, column: usize, problem: CellProblem) -> Error {
        let line = self.lines.as_ref().map(|lines| lines.of(row));
        let problem = if line.is_some() { Problem::Cell(problem) } else { Problem::InRow(row, problem) };
        Error::Data { file: self.name.clone(), line, column: Some(self.names[column].clone()), problem }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table {:?}: {} columns, {} rows", self.name, self.names.len(), self.rows())
    }
}

/// The number of a field, which is not missing.
fn present_number(field: Field, text: &str) -> Result<f64, CellProblem> {
    match ColumnKind::Number.value_of(field, text)? {
        missing if missing.is_nan() => number(text),
        number => Ok(number),
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
        let close: Vec<String> = close.iter().take(SUGGESTIONS).map(|(_, c)| format!("{c:?}")).collect();
        let shown: Vec<String> = columns.iter().take(SHOWN).map(|c| format!("{c:?}")).collect();
        let others = match (close.is_empty(), columns.len()) {
            (false, _) => format!("did you mean {}?", close.join(" or ")),
            (_, all) if all > SHOWN => format!("the columns are {}, … ({all} in all)", shown.join(", ")),
            _ => format!("the columns are {}", shown.join(", ")),
        };
        Error::data(file, Problem::UnknownColumn(column.to_owned(), others))
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
