use std::path::Path;

use mfnet_table::{CellProblem, ColumnKind, Columns, Lines, Problem, ReadTable, Table, is_missing, quoted};

use super::names::{Decimal, Task};
use super::recipe::Recipe;
use crate::data::{BUILT_IN, Dataset, SplitBy, Target};
use crate::error::{DataProblem, Error, ErrorKind, Result, SplitProblem};
use crate::model::{Model, Predictions};
use crate::tensor::Tensor;
use crate::text::counted;
use crate::train::{Checkpoint, SaveCheckpoints};
use crate::words::split_names;

/// Data as they were read: a table whose columns are not yet interpreted, or samples.
#[derive(Clone, Debug)]
pub enum Source {
    /// A built-in data set or a file.
    Table(Table),
    /// A published data set or a folder of images.
    Samples {
        /// The samples.
        data: Dataset,
        /// A SHA-256 that identifies the data.
        digest: String,
        /// The origin of the data, as part of a sentence.
        origin: String,
    },
}

impl From<Table> for Source {
    fn from(table: Table) -> Self {
        Source::Table(table)
    }
}

impl Source {
    /// The name that errors use.
    pub fn name(&self) -> &str {
        match self {
            Source::Table(table) => table.name(),
            Source::Samples { data, .. } => data.name(),
        }
    }

    /// The origin of the data: the folder of a published data set, or how a file was read.
    pub fn origin(&self) -> String {
        match self {
            Source::Table(table) if built_in_target(table.name()).is_some() => String::new(),
            Source::Table(table) => format!(" ({})", table.description()),
            Source::Samples { origin, .. } => origin.clone(),
        }
    }

    /// A SHA-256 that identifies the data.
    pub fn digest(&self) -> String {
        match self {
            Source::Table(table) => table.digest(),
            Source::Samples { digest, .. } => digest.clone(),
        }
    }

    /// The text of a column.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) if there is no such column.
    pub fn text(&self, column: &str) -> Result<Vec<String>> {
        match self {
            Source::Table(table) => Ok(table.text(column)?),
            Source::Samples { data, .. } => data.text(column),
        }
    }

    /// Whether target and task are known without a recipe.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Source::Table(table) => built_in_target(table.name()).is_some(),
            Source::Samples { .. } => true,
        }
    }

    /// Whether the file has a split of its own.
    pub(super) fn has_official_split(&self) -> bool {
        match self {
            Source::Table(table) => !table.parts().is_empty(),
            Source::Samples { .. } => true,
        }
    }

    /// The same data without the rows that have no value in one of these columns, and the number of
    /// those rows.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) for a missing column, or if no row is
    /// left.
    pub fn with_target(self, target: &[String]) -> Result<(Self, usize)> {
        let Source::Table(table) = self else { return Ok((self, 0)) };
        let (table, skipped) = with_target(table, target)?;
        Ok((Source::Table(table), skipped))
    }

    /// The names of the target columns for this table.
    pub(super) fn target_columns(&self, target: &[String]) -> Result<Vec<String>> {
        match self {
            Source::Table(table) => target_columns(table, target),
            Source::Samples { data, .. } => Ok(data.targets().columns().to_vec()),
        }
    }

    /// Interprets the data as a data set with this target.
    pub(super) fn into_dataset(self, recipe: &Recipe, columns: &Columns) -> Result<Dataset> {
        let (target, task) = (&recipe.target, recipe.task);
        match self {
            Source::Table(table) => Dataset::from_table_with(&table, &target_of(&table, recipe)?, columns),
            Source::Samples { data, .. } => {
                let known = data.targets().columns();
                let is = Task::of(data.targets());
                if recipe.label_separator.is_some() {
                    let message = "`label_separator` works only with your own tables";
                    return Err(Error::recipe(format!("{message}: {} has its target", data.name())));
                }
                if let Some(other) = target.iter().find(|target| !known.contains(target)) {
                    let known = known.join(", ");
                    let message = format!("`target` {other} does not fit {}: expected {known}", data.name());
                    let help = "leave `target` out: the data set has its target";
                    return Err(Error::recipe(message).with_help(help));
                }
                if let Some(other) = task.filter(|task| *task != is) {
                    return Err(Error::recipe(format!("`task` {other} does not fit {}: expected {is}", data.name())));
                }
                if *columns != Columns::default() {
                    let fields = "`drop`, `numeric` and `categorical`";
                    return Err(Error::recipe(format!("{}: {fields} work only with your own tables", data.name())));
                }
                Ok(data)
            }
        }
    }

    /// Reads the inputs and targets of a model.
    ///
    /// # Errors
    /// As [`Model::dataset`] and [`Model::align`].
    pub fn dataset_for(&self, model: &Model) -> Result<Dataset> {
        match self {
            Source::Table(table) => model.dataset(table),
            Source::Samples { data, .. } => model.align(data),
        }
    }

    /// Marks the data with the groups or parts of the column by which they are split.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) if the column is missing or does not
    /// split the rows.
    pub fn marked(&self, data: Dataset, by: &SplitBy) -> Result<Dataset> {
        match by {
            SplitBy::Groups { column, .. } | SplitBy::Fold { groups: Some(column), .. } => {
                data.grouped_by(column, &self.text(column)?)
            }
            SplitBy::Column { column, .. } => data.parted_by(column, &self.text(column)?),
            SplitBy::Time { column, .. } | SplitBy::TimeFold { column, .. } => {
                data.timed_by(column, &self.times(column)?)
            }
            _ => Ok(data),
        }
    }

    /// Adds weights to the data: row weights from this column, if any, and the class weights of the
    /// model's training.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data), with line, column and text, for an
    /// invalid weight.
    pub fn weighted(&self, data: Dataset, column: Option<&str>, model: &Model) -> Result<Dataset> {
        let data = match column {
            Some(column) => data.weighted_by(column, self.weights(column)?)?,
            None => data,
        };
        match model.training.class_weights() {
            Some(weights) => {
                let weights = data.labels().iter().map(|label| weights.get(label).copied().unwrap_or(1.0)).collect();
                data.with_class_weights(weights)
            }
            None => Ok(data),
        }
    }

    /// The row weights in a column.
    pub(super) fn weights(&self, column: &str) -> Result<Vec<f64>> {
        match self {
            Source::Table(table) => Ok(table.weights(column)?),
            Source::Samples { data, .. } => Err(no_weights(data)),
        }
    }

    /// The times in a column of numbers or dates.
    pub(super) fn times(&self, column: &str) -> Result<Vec<f64>> {
        let Source::Table(table) = self else {
            return Err(Error::data(self.name(), SplitProblem::NotMarked("times", column.to_owned())));
        };
        let position = table.position(column)?;
        let as_kind = |kind| table.values(position, &kind).map(|(_, values)| values.iter().collect());
        as_kind(ColumnKind::Number).or_else(|_| as_kind(ColumnKind::Date)).map_err(|error| match &error {
            mfnet_table::Error::Data {
                file,
                line,
                column,
                problem: mfnet_table::Problem::Cell(CellProblem::NotADate(text)),
            } => {
                let problem = SplitProblem::NotATime(text.clone()).into();
                ErrorKind::Data { file: file.clone(), line: *line, column: column.clone(), problem }.into()
            }
            _ => error.into(),
        })
    }

    /// Whether there is a column with this name.
    pub fn has_column(&self, column: &str) -> bool {
        matches!(self, Source::Table(table) if table.has(column))
    }

    /// Describes the levels that a model does not know, a line for each column; empty if it knows
    /// all.
    ///
    /// # Errors
    /// As [`Model::unknown_levels`].
    pub fn unknown_levels(&self, model: &Model) -> Result<String> {
        match self {
            Source::Table(table) => Ok(crate::text::columns::unknown_levels(&model.unknown_levels(table)?)),
            Source::Samples { .. } => Ok(String::new()),
        }
    }

    /// Describes missing values in columns that had none in the training rows of a model, a sentence
    /// for each column.
    ///
    /// # Errors
    /// As [`Model::new_gaps`].
    pub fn new_gaps(&self, model: &Model) -> Result<Vec<String>> {
        let Source::Table(table) = self else { return Ok(Vec::new()) };
        let all = table.rows();
        let of = |(column, rows): (String, usize)| {
            let (rows, so) = match rows {
                1 => ("1 row has no value".to_owned(), "its prediction is"),
                rows if rows == all => ("no row has a value".to_owned(), "predictions are"),
                rows => (format!("{} have no value", counted(rows, "row")), "their predictions are"),
            };
            format!("column {column:?}: {rows}, but in training every row had one; {so} less reliable")
        };
        Ok(model.new_gaps(table)?.into_iter().map(of).collect())
    }

    /// Describes numbers far outside of the training rows of a model, a sentence for each column.
    ///
    /// # Errors
    /// As [`Model::outliers`].
    pub fn outliers(&self, model: &Model) -> Result<Vec<String>> {
        let Source::Table(table) = self else { return Ok(Vec::new()) };
        let place = |row: usize| self.place(row);
        Ok(model.outliers(table)?.iter().map(|column| crate::text::columns::outliers(column, place, "")).collect())
    }

    /// Where a row is: "line 7", or "row 6, counted from 0" in a file without lines.
    pub fn place(&self, row: usize) -> String {
        let line = if let Source::Table(table) = self { table.line(row) } else { None };
        line.map_or_else(|| format!("row {row}, counted from 0"), |line| format!("line {line}"))
    }

    /// The lines of the rows.
    pub(super) fn lines(&self) -> Option<Lines> {
        if let Source::Table(table) = self { table.lines() } else { None }
    }

    /// The column of dates in whose order the rows are, if there is one.
    pub(super) fn time(&self) -> Option<String> {
        let Source::Table(table) = self else { return None };
        let kinds = table.choose(&[], &Columns::default()).ok()?.inputs.into_iter();
        let is_in_order = |(position, kind): &(usize, ColumnKind)| {
            let name = &table.columns()[*position];
            let is_time = *kind == ColumnKind::Date
                || (*kind == ColumnKind::Number && TIMES.contains(&name.to_lowercase().as_str()));
            is_time && table.values(*position, kind).is_ok_and(|(_, values)| is_in_order(values.iter()))
        };
        let found = kinds.filter(|column| is_in_order(column)).map(|(position, _)| position).next()?;
        table.columns().get(found).cloned()
    }

    /// Splits lists of names at commas, unless a column's name contains the comma.
    pub fn named(&self, lists: &[String]) -> Vec<String> {
        let names = |list: &String| match self.has_column(list) {
            true => vec![list.clone()],
            false => split_names(list),
        };
        lists.iter().flat_map(names).collect()
    }

    /// The inputs of a model's networks for every row, encoded and scaled, shape (inputs, rows).
    ///
    /// # Errors
    /// As [`Model::inputs`] and [`Model::align`].
    pub fn inputs(&self, model: &Model) -> Result<Tensor> {
        match self {
            Source::Table(table) => model.inputs(table),
            Source::Samples { data, .. } => Ok(model.preprocessing().apply(&model.align(data)?).inputs()),
        }
    }

    /// Predicts every row.
    ///
    /// # Errors
    /// As [`Model::predict`] and [`Model::predict_dataset`].
    pub fn predict(&self, model: &Model) -> Result<Predictions> {
        match self {
            Source::Table(table) => model.predict(table),
            Source::Samples { data, .. } => model.predict_dataset(data),
        }
    }
}

/// Names of columns of numbers that are times.
const TIMES: [&str; 6] = ["year", "date", "time", "datetime", "timestamp", "unixtime"];
/// With fewer different times, the order of the rows says nothing.
const TIMES_IN_ORDER: usize = 10;

/// Whether numbers rise or fall, and many of them differ; missing ones are left out.
fn is_in_order(numbers: impl Iterator<Item = f64>) -> bool {
    let (mut rises, mut falls, mut different, mut last) = (true, true, 0, f64::NAN);
    for x in numbers.filter(|x| !x.is_nan()) {
        rises &= last.is_nan() || x >= last;
        falls &= last.is_nan() || x <= last;
        different += usize::from(x != last);
        last = x;
    }
    (rises || falls) && different >= TIMES_IN_ORDER
}

type ReadTest<'a> = Box<dyn FnOnce(&str, ReadTable<'_>) -> Result<Table> + 'a>;

/// The data of a fit. A table is enough.
///
/// The warm start model is read from [`Recipe::warm_start`] and test rows from
/// [`Recipe::test_file`], unless they are given here.
pub struct Input<'a> {
    /// The name of the data in results.
    pub name: String,
    /// The data.
    pub data: Source,
    /// The model to continue training.
    pub start: Option<Model>,
    /// Reads the test file with this name, using a prepared reader.
    pub read_test: ReadTest<'a>,
}

impl<S: Into<Source>> From<S> for Input<'_> {
    fn from(data: S) -> Self {
        let data = data.into();
        let read_test: ReadTest<'_> = Box::new(|file, reader| Ok(reader.read(file)?));
        Input { name: data.name().to_owned(), data, start: None, read_test }
    }
}

impl Input<'_> {
    /// Reads the file of a table as the recipe says.
    ///
    /// # Errors
    /// As [`Table::read`] and [`Model::load`], for the model of [`Recipe::warm_start`].
    pub fn read(path: impl AsRef<Path>, recipe: &Recipe) -> Result<Self> {
        let start = recipe.start()?;
        let table = recipe.reader(start.as_ref()).read(path)?;
        Ok(Input { start, ..Input::from(table) })
    }
}

impl Recipe {
    /// A reader for the table of this recipe; `start` is the model to continue training.
    pub fn reader<'a>(&self, start: Option<&Model>) -> ReadTable<'a> {
        let reader = self.set_form(start.map_or_else(ReadTable::new, Model::reader));
        let columns = [&self.target, &self.drop, &self.numeric, &self.categorical].into_iter().flatten();
        let columns = columns.chain(&self.group).chain(&self.split_column).chain(&self.time).chain(&self.sample_weight);
        let names = columns.flat_map(|list| [vec![list.clone()], split_names(list)].concat());
        let reader = reader.expect(names).missing(self.missing.iter().flat_map(|words| split_names(words)));
        // names that are separated by commas, or that have commas in them
        let dropped = self.drop.iter().flat_map(|list| [vec![list.clone()], split_names(list)].concat());
        self.with_texts(reader, self.dividing_column()).dropped(dropped)
    }

    /// Sets how the file is written, as far as the recipe says it.
    pub fn set_form<'a>(&self, mut reader: ReadTable<'a>) -> ReadTable<'a> {
        if let Some(delimiter) = self.delimiter {
            reader = reader.delimiter(delimiter);
        }
        if let Some(quote) = self.quote {
            reader = reader.quoting(quote.quoting());
        }
        if let Some(decimal) = self.decimal {
            reader = reader.decimal_comma(decimal == Decimal::Comma);
        }
        if let Some(dates) = self.dates {
            reader = reader.dates(dates.order());
        }
        match &self.encoding {
            Some(label) => reader.encoding(label),
            None => reader,
        }
    }

    /// Sets the known header, and keeps this column as text.
    pub(super) fn with_texts<'a>(&self, reader: ReadTable<'a>, column: Option<&String>) -> ReadTable<'a> {
        let reader = reader.keep_texts(column);
        match self.header {
            Some(names) => reader.header(names),
            None => reader,
        }
    }

    /// Reads the model to continue training.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn start(&self) -> Result<Option<Model>> {
        let file = |path: &Path| if path.is_dir() { path.join("model.safetensors") } else { path.to_owned() };
        self.warm_start.as_deref().map(|path| Model::load(file(path))).transpose()
    }

    /// Reads the last checkpoint beside that model, if its optimizer goes on too.
    pub(super) fn start_optimizer(&self) -> Result<Option<Checkpoint>> {
        let Some(path) = self.warm_start.as_deref().filter(|_| self.warm_optimizer) else { return Ok(None) };
        let folder = if path.is_dir() { Some(path) } else { path.parent() };
        let folder = folder.unwrap_or(path).join("checkpoint");
        let (checkpoint, damaged) = SaveCheckpoints::newest(&folder)?;
        let none = || {
            let message = format!("`warm_optimizer`: there is no checkpoint in {}", folder.display());
            Error::recipe(message).with_help("leave `warm_optimizer` out, or train the model with `keep_checkpoint`")
        };
        match checkpoint {
            Some(checkpoint) => Ok(Some(checkpoint)),
            None => Err(damaged.into_iter().next().unwrap_or_else(none)),
        }
    }
}

/// Published data sets and folders of images have no weight column.
pub(super) fn no_weights(data: &Dataset) -> Error {
    Error::recipe(format!("`sample_weight` works only with your own tables: {} has no column of weights", data.name()))
}

/// The rows of a table that have values in all these columns, and the number of other rows.
pub(super) fn with_target(table: Table, target: &[String]) -> Result<(Table, usize)> {
    let without = table.rows_without(target)?;
    if without.is_empty() {
        return Ok((table, 0));
    }
    if without.len() == table.rows() {
        let column = target.first().map_or("", String::as_str);
        return Err(Error::in_column(table.name(), column, DataProblem::NoTargets));
    }
    let mut skipped = without.iter().copied().peekable();
    let rows: Vec<usize> = (0..table.rows()).filter(|row| skipped.next_if_eq(row).is_none()).collect();
    Ok((table.select(&rows), without.len()))
}

/// The same error; if it is about a cell of a target, or of a column that must hold numbers, with help.
pub(super) fn with_help_on_cells(error: Error, table: &Table, target: &[String], numeric: &[String]) -> Error {
    let ErrorKind::Data { column: Some(column), problem: DataProblem::Table(problem), .. } = error.kind() else {
        return error;
    };
    let is_target = target.contains(column);
    let correct = "correct the cell if it is wrong".to_owned();
    let help = match problem {
        Problem::Cell(CellProblem::NotANumber(text)) | Problem::InRow(_, CellProblem::NotANumber(text))
            if !is_missing(text) =>
        {
            let missing = format!("if it is a missing value, use `missing` {}", quoted(text));
            match is_target {
                true => vec![
                    correct,
                    format!("{missing} and `skip_missing_target`"),
                    match target.len() {
                        1 => "if the target holds classes, use `task` classification".to_owned(),
                        _ => "if the targets hold yes and no, use `task` multi-label".to_owned(),
                    },
                ],
                false if numeric.contains(column) => {
                    vec![correct, missing, format!("if the column holds categories, remove {column} from `numeric`")]
                }
                false => return error,
            }
        }
        Problem::Cell(_) | Problem::InRow(..) if is_target => {
            let count = table.rows_without(target).map_or(0, |rows| rows.len());
            if count == 0 {
                return error;
            }
            vec![
                format!("{} no target: to leave out such rows, use `skip_missing_target`", have(count)),
                "or fill the cells: every row that is used needs its target".to_owned(),
            ]
        }
        _ => return error,
    };
    help.into_iter().fold(Error::recipe_file(error.to_string()), Error::with_help)
}

fn have(rows: usize) -> String {
    format!("{} {}", counted(rows, "row"), if rows == 1 { "has" } else { "have" })
}

/// The target of the built-in data set with this name.
fn built_in_target(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|built_in| built_in.name == name).map(|built_in| built_in.target)
}

/// The target for this table, from the names and the task.
fn target_of(table: &Table, recipe: &Recipe) -> Result<Target> {
    let (columns, task) = (target_columns(table, &recipe.target)?, recipe.task);
    if let Some(separator) = &recipe.label_separator {
        return match (task, &columns[..]) {
            (None | Some(Task::MultiLabel), [column]) => {
                if !table.text(column)?.iter().any(|list| list.contains(separator.as_str())) {
                    let message = format!("`label_separator` {separator:?} is in no row of the column {column:?}");
                    return Err(
                        Error::recipe(message).with_help("give what stands between two labels, such as | or a comma")
                    );
                }
                Ok(Target::listed_labels(column, separator))
            }
            (None | Some(Task::MultiLabel), _) => Err(Error::recipe(format!(
                "`label_separator` needs one target column that lists labels, found {}",
                columns.len()
            ))),
            (Some(task), _) => Err(Error::recipe(format!("`label_separator` does not fit `task` {task}"))
                .with_help("use `task` multi-label, or leave `label_separator` out")),
        };
    }
    match (task, &columns[..]) {
        (Some(Task::MultiLabel), [column]) if !table.holds_truths(column)? => {
            let lists = table.text(column)?;
            let separator = ["|", ";", ","].into_iter().find(|sign| lists.iter().any(|list| list.contains(sign)));
            separator.map(|separator| Target::listed_labels(column, separator)).ok_or_else(|| {
                Error::recipe(format!("`task` multi-label: no row of the column {column:?} has two labels"))
                    .with_help("say what separates labels: `label_separator`, such as / or a space")
            })
        }
        (Some(Task::MultiLabel), _) => Ok(Target::labels(columns)),
        (Some(Task::Classification), [column]) => Ok(Target::classes(column)),
        (Some(Task::Classification), _) => {
            let message = format!("a classification needs one target column, found {}", columns.len());
            Err(Error::recipe(message).with_help("for several labels at once, use `task` multi-label"))
        }
        (Some(Task::Regression), _) => Ok(Target::values(columns)),
        (None, _) => Target::guess(table, &columns),
    }
}

/// The names of the target columns, at least one.
fn target_columns(table: &Table, target: &[String]) -> Result<Vec<String>> {
    let name = table.name();
    let built_in = built_in_target(name).map(str::to_owned);
    let target = if target.is_empty() { built_in.as_slice() } else { target };
    if target.is_empty() {
        let columns =
            table.columns().iter().take(12).map(|column| format!("{column:?}")).collect::<Vec<_>>().join(", ");
        let more = if table.columns().len() > 12 { ", …" } else { "" };
        return Err(Error::recipe(format!("{name}: `target` must name the column to predict"))
            .with_help(format!("the columns are {columns}{more}")));
    }
    // try a name with a comma before splitting it
    let names = |target: &String| match table.position(target) {
        Ok(_) => vec![target.clone()],
        Err(_) => split_names(target),
    };
    let columns: Vec<String> = target.iter().flat_map(names).collect();
    for (i, column) in columns.iter().enumerate() {
        table.position(column).map_err(Error::from).map_err(|error| match column.parse::<usize>() {
            Err(_) if table.has(&format!("{column}_0")) => {
                let of_array = |name: &&String| {
                    let number = name.strip_prefix(column.as_str()).and_then(|rest| rest.strip_prefix('_'));
                    number.is_some_and(|number| number.parse::<usize>().is_ok())
                };
                let names: Vec<String> = table.columns().iter().filter(of_array).take(12).cloned().collect();
                Error::recipe_file(error.to_string())
                    .with_help(format!(
                        "the array {column} has several columns: to predict all, use `target` {}",
                        names.join(",")
                    ))
                    .with_help(format!(
                        "if they are one-hot classes, save the classes in Python: {column}.argmax(axis=1)"
                    ))
            }
            Ok(_) if table.has_header() => Error::recipe_file(error.to_string())
                .with_help("mfnet read the first line as column names; if it holds data, use `header` no"),
            _ => error,
        })?;
        if columns[..i].contains(column) {
            return Err(Error::recipe(format!("`target` names the column {column:?} twice")));
        }
    }
    Ok(columns)
}
