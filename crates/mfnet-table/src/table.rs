//! [`Table`]: named columns, and their kinds.

mod rows;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Formatter;
use std::sync::Arc;

use crate::column::{Column, Values};
use crate::error::{CellProblem, Error, FileProblem, Problem, Result};
use crate::field::{Field, number};
use crate::found::RowPart;
use crate::kind::{ColumnKind, LeftOut, Remark, far_date, first_code, guess, odd, same_label};
use crate::notation::{FileForm, Notation};
use crate::places::Places;
use crate::setting::quoted;
use crate::text::Lines;
use crate::written::{is_number_like, shortest};

/// Number of similar names, or of all names, in an error about an unknown column.
const SUGGESTIONS: usize = 3;
const SHOWN: usize = 12;
/// The smallest similarity of such names: Jaro–Winkler, 1 for equal names.
const SIMILAR: f64 = 0.8;
/// Names with more bytes are not compared, because the time grows with the product of both lengths.
const LONGEST_COMPARED: usize = 200;

/// A data file as named columns, with one row for each sample. The kind of a column is decided
/// later: by [`Table::choose`], or by a model that finds the columns that it was trained on.
///
/// A table has at least one row, and all rows have the same number of fields. Each distinct text is
/// stored once. If a column holds very many distinct numbers, only the numbers are stored.
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
    pub(crate) columns: Vec<Arc<Column>>,
    pub(crate) form: FileForm,
    description: String,
    /// The rows and lines that were skipped, in words.
    pub(crate) skipped: Vec<String>,
    /// Of a text.
    pub(crate) lines: Option<Lines>,
    digest: String,
    /// The columns of the file that cannot be read, and why.
    pub(crate) unread: Vec<(String, FileProblem)>,
    /// The part of each row, if the file has a split; otherwise empty.
    pub(crate) parts: Vec<RowPart>,
    /// The file and the line of each row, if they are not those of a single whole file.
    pub(crate) places: Option<Arc<Places>>,
}

/// The columns whose use is set by the caller instead of detected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Columns that are not inputs.
    pub drop: Vec<String>,
    /// Columns of numbers; a text in them is an error.
    pub numeric: Vec<String>,
    /// Columns of categories, even if they contain only numbers.
    pub categorical: Vec<String>,
}

/// The input columns of a table, and why other columns were left out; see [`Table::choose`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The position and the kind of each input; categories have no levels yet.
    pub inputs: Vec<(usize, ColumnKind)>,
    /// The columns that were left out, and why.
    pub left_out: Vec<(String, LeftOut)>,
    /// What a user should know about columns.
    pub remarks: Vec<Remark>,
}

impl Table {
    /// Makes a table from at least one column; all have the same length. Errors call the file
    /// `name`; `description` says what was detected.
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
            let same = (1..).zip(&names).filter(|(_, other)| *other == column).map(|(number, _)| number);
            return Err(Error::in_column(name, column, Problem::DuplicateColumn(same.collect())));
        }
        let unusual = |(name, column): (&String, &Arc<Column>)| {
            column.unusual_notation().map(|notation| (name.clone(), notation.clone()))
        };
        let form = FileForm {
            counted: (!header).then_some(names.len()),
            columns: names.iter().zip(&columns).filter_map(unusual).collect(),
            ..FileForm::default()
        };
        let name = name.to_owned();
        let (lines, unread, parts, places, skipped) = (None, Vec::new(), Vec::new(), None, Vec::new());
        Ok(Table { name, names, columns, form, description, skipped, lines, digest, unread, parts, places })
    }

    /// The name that errors use: the file's path, or the name of a built-in data set.
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

    /// The format that other files share with this one.
    pub fn form(&self) -> &FileForm {
        &self.form
    }

    /// The format of the file, as it was detected.
    pub fn description(&self) -> String {
        self.description.clone()
    }

    /// What was skipped below the column names, in words: empty rows at the end, repeated headers, …
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Number of rows, without the header.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.len())
    }

    /// The line of the file on which a row begins, or its row in a sheet, counted from 1; `None` for a
    /// file without lines.
    pub fn line(&self, row: usize) -> Option<u64> {
        match &self.places {
            Some(places) => places.of(row).2,
            None => self.lines.as_ref().map(|lines| lines.of(row)),
        }
    }

    /// The file of a row and its line, as [`Table::line`]. Of several files, the one that has the row.
    pub fn place(&self, row: usize) -> (&str, Option<u64>) {
        match &self.places {
            Some(places) => {
                let (file, _, line) = places.of(row);
                (file, line)
            }
            None => (&self.name, self.line(row)),
        }
    }

    /// The lines of all rows; `None` for a file without lines, and for several files.
    pub fn lines(&self) -> Option<Lines> {
        if self.places.is_some() { None } else { self.lines.clone() }
    }

    /// SHA-256 of the file's bytes (decompressed, without a byte order mark), in hexadecimal digits.
    pub fn digest(&self) -> String {
        self.digest.clone()
    }

    /// The position of the column with this name.
    ///
    /// # Errors
    /// [`Error::Data`] that names similar columns, or all.
    pub fn position(&self, column: &str) -> Result<usize> {
        self.check_is_read(column)?;
        position(&self.name, &self.names, column).map_err(|error| self.not_found(error))
    }

    /// The error about a column that is not there. It may be in the first line, which was read as data.
    fn not_found(&self, mut error: Error) -> Error {
        let Error::Data { problem: Problem::UnknownColumn(column, others), .. } = &mut error else { return error };
        let is_in_first_line = self.columns.iter().any(|other| other.len() > 0 && other.text(0) == **column);
        let sheets = self.description.strip_prefix("Excel, ").filter(|rest| rest.contains(" (others: "));
        let sheet = sheets.and_then(|sheets| sheets.split_once("), ")).map(|(sheet, _)| format!("{sheet})"));
        if !self.has_header() && is_in_first_line {
            *others = format!("the first line, which holds {column:?}, was read as data: use `header` yes");
        } else if !self.has_header() && self.lines.is_some() && column.parse::<usize>().is_err() {
            *others = format!(
                "no header was found, so the columns are numbered from 0 to {}; if the first line holds names, use `header` yes",
                self.names.len().saturating_sub(1)
            );
        } else if let Some(sheet) = sheet {
            *others = format!("this is the {sheet}; choose another one with `sheet`, or: {others}");
        } else if let [only] = &self.names[..]
            && only.contains(&**column)
        {
            *others = format!("the only column is {only:?}; say what separates the fields with `delimiter`");
        } else if self.rows() == 1
            && let Some((key, _)) = self.unread.first()
        {
            let (path, file) = (quoted(&format!(".{key:?}[]")), quoted(&self.name));
            *others = format!(
                "the file is a single JSON object; if its key {key:?} holds the rows, take them out: jq -c {path} {file} > rows.jsonl"
            );
        }
        error
    }

    /// The positions of the columns with these names.
    ///
    /// # Errors
    /// As [`Table::position`].
    pub fn positions(&self, columns: &[String]) -> Result<Vec<usize>> {
        columns.iter().try_for_each(|column| self.check_is_read(column))?;
        positions(&self.name, &self.names, columns).map_err(|error| self.not_found(error))
    }

    /// The texts of a column, without spaces around them. An empty field is an empty text. If only
    /// the numbers of the column are stored, they have their shortest form.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such column.
    pub fn text(&self, column: &str) -> Result<Vec<String>> {
        Ok(self.columns[self.position(column)?].texts().map(Cow::into_owned).collect())
    }

    /// The numbers of these columns.
    ///
    /// # Errors
    /// [`Error::Data`] with line, column and text of the first field that is empty, not a number,
    /// not finite, or beyond ±10³⁰⁰ (means of such numbers may be infinite).
    pub fn numbers(&self, columns: &[String]) -> Result<Vec<Values>> {
        columns.iter().map(|column| self.values_of(column, present_number)).collect()
    }

    /// Truth values in these columns, as 1 and 0: true and false, yes and no, 1 and 0, and so on.
    ///
    /// # Errors
    /// [`Error::Data`] with line, column and text of the first field that is empty or something else.
    pub fn truths(&self, columns: &[String]) -> Result<Vec<Values>> {
        let of = |field, text: &str| match ColumnKind::Boolean.value_of(field, text, &Notation::default())? {
            missing if missing.is_nan() => Err(CellProblem::Empty),
            truth => Ok(truth),
        };
        columns.iter().map(|column| self.values_of(column, of)).collect()
    }

    /// Whether a column has nothing but truth values, both of them.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such column.
    pub fn holds_truths(&self, column: &str) -> Result<bool> {
        self.position(column)?;
        let Ok(values) = self.truths(&[column.to_owned()]) else { return Ok(false) };
        Ok(values.iter().all(|values| values.iter().any(|x| x == 0.0) && values.iter().any(|x| x == 1.0)))
    }

    /// The row weights in a column.
    ///
    /// # Errors
    /// [`Error::Data`] with line, column and text of the first field that is not a number from 0 to
    /// 10³⁰⁰.
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

    /// Calls `of` with each field of a column, and returns the numbers.
    fn values_of(&self, column: &str, of: impl Fn(Field, &str) -> Result<f64, CellProblem>) -> Result<Values> {
        let position = self.position(column)?;
        if let Some(problem) = self.columns[position].contradiction() {
            return Err(Error::in_column(&self.name, column, problem));
        }
        self.columns[position].values(of).map_err(|(row, problem)| self.at(row, position, problem))
    }

    /// The distinct numbers of a column, including codes such as 007, and the number of rows with
    /// each.
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

    /// The labels of one column. Labels that mean the same get the same text: 1 and 1.0, TRUE and
    /// True; see [`same_label`].
    ///
    /// # Errors
    /// [`Error::Data`] with the line of the first field that is empty.
    pub fn labels(&self, column: &str) -> Result<Vec<String>> {
        let (position, mut labels) = (self.position(column)?, self.text(column)?);
        if let Some(row) = labels.iter().position(String::is_empty) {
            return Err(self.at(row, position, CellProblem::Empty));
        }
        let mut spellings: HashMap<String, Vec<(String, usize)>> = HashMap::new();
        for label in &labels {
            let known = spellings.entry(same_label(label)).or_default();
            match known.iter_mut().find(|(spelling, _)| spelling == label) {
                Some((_, rows)) => *rows += 1,
                None => known.push((label.clone(), 1)),
            }
        }
        if spellings.values().any(|spellings| spellings.len() > 1) {
            for label in &mut labels {
                let key = same_label(label);
                let known = &spellings[&key];
                // a number has its shortest form, a word its most frequent one
                *label = match number(&key) {
                    Ok(_) if known.len() > 1 => key,
                    _ => known.iter().rev().max_by_key(|(_, rows)| rows).map_or(key, |(spelling, _)| spelling.clone()),
                };
            }
        }
        Ok(labels)
    }

    /// The texts of a column of labels that mean the same, such as Yes and yes, if there are such.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such column.
    pub fn spellings(&self, column: &str) -> Result<Vec<Vec<String>>> {
        let mut of_labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for label in self.text(column)? {
            of_labels.entry(same_label(&label)).or_default().insert(label);
        }
        let several = of_labels.into_values().filter(|spellings| spellings.len() > 1);
        Ok(several.map(|spellings| spellings.into_iter().collect()).collect())
    }

    /// Chooses the input columns besides the targets. Unless `columns` sets it, the kind of a
    /// column is detected from all of its fields:
    ///
    /// * numbers; empty fields and texts such as NA, NaN, null or ? are missing values,
    /// * booleans: true and false, yes and no, t and f, y and n, in any case,
    /// * dates: 2024-01-31, with or without a time of day,
    /// * categories: all other text, even if most fields are numbers, and numbers that begin with a
    ///   zero, such as postal codes.
    ///
    /// These columns are left out: columns without values; texts if more than half of them differ;
    /// whole numbers or texts that all differ, if the column has the name of a key: `id`, `index`,
    /// `user_id`, …
    ///
    /// # Errors
    /// [`Error::Data`] for a missing column.
    pub fn choose(&self, targets: &[String], columns: &Columns) -> Result<Choice> {
        let Columns { drop, numeric, categorical } = columns;
        let is_unread = |name: &String| self.unread.iter().any(|(unread, _)| unread == name);
        for name in drop.iter().filter(|name| !is_unread(name)).chain(numeric).chain(categorical) {
            self.position(name)?;
        }
        let mut choice = Choice { inputs: Vec::new(), left_out: Vec::new(), remarks: Vec::new() };
        let is_input = |name: &String| !targets.contains(name) && !drop.contains(name);
        for (position, name) in self.names.iter().enumerate().filter(|(_, name)| is_input(name)) {
            let column = &self.columns[position];
            let kind = match (numeric.contains(name), categorical.contains(name)) {
                (true, _) => Ok(ColumnKind::Number),
                (false, true) => Ok(ColumnKind::Category { levels: Vec::new() }),
                (false, false) => {
                    let guess = guess(name, column);
                    choice.remarks.extend(self.remark(name, column, &guess));
                    guess
                }
            };
            match kind {
                Ok(kind) => choice.inputs.push((position, kind)),
                Err(reason) => choice.left_out.push((name.clone(), reason)),
            }
        }
        let unread = self.unread.iter().filter(|(name, _)| is_input(name));
        choice.left_out.extend(unread.map(|(name, problem)| (name.clone(), LeftOut::Unread(problem.to_string()))));
        // row numbers that stand alone are a time or a place
        if choice.inputs.is_empty()
            && let [(name, LeftOut::RowNumbers { .. })] = &choice.left_out[..]
            && let Ok(position) = self.position(name)
        {
            choice.remarks.push(Remark::RowNumbers { column: name.clone() });
            choice.left_out.clear();
            choice.inputs.push((position, ColumnKind::Number));
        }
        Ok(choice)
    }

    /// What a user should know about a column of this kind.
    fn remark(&self, name: &str, column: &Column, kind: &Result<ColumnKind, LeftOut>) -> Option<Remark> {
        let line = |row| self.line(row);
        match kind {
            Ok(ColumnKind::Category { .. }) => match first_code(column) {
                Some(text) => Some(Remark::Codes { column: name.to_owned(), text }),
                None => odd(name, column, line),
            },
            Err(LeftOut::Names { .. }) => odd(name, column, line),
            Ok(ColumnKind::Date) if column.has_doubtful_dates() => {
                Some(Remark::Dates { column: name.to_owned(), order: column.notation().dates.unwrap_or_default() })
            }
            Ok(ColumnKind::Date) => far_date(name, column, line),
            _ => None,
        }
    }

    /// The column at this position as numbers of this kind; NaN for a missing value. A category has
    /// the levels that occur in the column.
    ///
    /// # Errors
    /// [`Error::Data`] with line, column and text of the first field that is not of this kind.
    ///
    /// # Panics
    /// If the position is not that of a column.
    pub fn values(&self, position: usize, kind: &ColumnKind) -> Result<(ColumnKind, Values)> {
        let column = &self.columns[position];
        if let ColumnKind::Category { .. } = kind {
            let (levels, values) = column.levels();
            return Ok((ColumnKind::Category { levels }, values));
        }
        if let (ColumnKind::Number | ColumnKind::Date, Some(problem)) = (kind, column.contradiction()) {
            return Err(Error::in_column(&self.name, &self.names[position], problem));
        }
        let values = column.values(|field, text| kind.value_of(field, text, column.notation()));
        values.map(|values| (kind.clone(), values)).map_err(|(row, problem)| self.at(row, position, problem))
    }

    /// The texts of the column at this position that mean false and true as a
    /// [`ColumnKind::Boolean`]; if several mean the same, the most frequent. `None` without a text
    /// for each.
    ///
    /// ```
    /// use mfnet_table::Table;
    /// let table = Table::from_text("t.csv", "smokes,age\nno,34\nyes,45\nNo,50\nno,61\n")?;
    /// assert_eq!(table.boolean_words(0), Some(["no".to_owned(), "yes".to_owned()]));
    /// assert_eq!(table.boolean_words(1), None);
    /// # Ok::<(), mfnet_table::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the position is not that of a column.
    pub fn boolean_words(&self, position: usize) -> Option<[String; 2]> {
        let mut words = [None, None];
        let column = &self.columns[position];
        for (field, text, rows) in column.fields_with_text().filter(|(_, text, _)| !text.is_empty()) {
            let Ok(value) = ColumnKind::Boolean.value_of(field, text, column.notation()) else { return None };
            if !value.is_nan() {
                let word: &mut Option<(&str, usize)> = &mut words[usize::from(value == 1.0)];
                if word.is_none_or(|(_, most)| rows > most) {
                    *word = Some((text, rows));
                }
            }
        }
        let [no, yes] = words.map(|word| word.map(|(text, _)| text.to_owned()));
        no.zip(yes).map(<[String; 2]>::from)
    }

    /// The problem of a field.
    fn at(&self, row: usize, column: usize, problem: CellProblem) -> Error {
        let (file, row, line) = match &self.places {
            Some(places) => places.of(row),
            None => (self.name.as_str(), row, self.lines.as_ref().map(|lines| lines.of(row))),
        };
        let problem = if line.is_some() { Problem::Cell(problem) } else { Problem::InRow(row, problem) };
        Error::Data { file: file.to_owned(), line, column: Some(self.names[column].clone()), problem }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table {:?}: {} columns, {} rows", self.name, self.names.len(), self.rows())
    }
}

/// The number of a field that is not missing.
fn present_number(field: Field, text: &str) -> Result<f64, CellProblem> {
    match ColumnKind::Number.value_of(field, text, &Notation::default())? {
        missing if missing.is_nan() => number(text),
        number => Ok(number),
    }
}

/// The position of `column` among the columns of a file.
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
        let unnamed = columns.iter().filter(|c| c.starts_with("Unnamed: ")).count();
        let others = if columns.iter().all(|c| is_number_like(c)) && columns.iter().any(|c| c.contains('.')) {
            format!("{others}, so the first line seems to be data: write a line with the column names above it")
        } else if unnamed > 1 && 2 * unnamed >= columns.len() {
            format!("{others}, so the first line seems to be a title: skip it with --skip-lines 1")
        } else {
            others
        };
        Error::data(file, Problem::UnknownColumn(column.to_owned(), others))
    })
}

/// The positions of `names` among the columns of a file.
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
