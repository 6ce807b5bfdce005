//! Where data and models come from.

use std::fs;
use std::path::{Path, PathBuf};

use mfnet::{
    BUILT_IN, BuiltIn, Columns, DataProblem, Dataset, Error, IdxFolder, IdxProblem, Model, PUBLISHED, Predictions,
    Published, SplitBy, Table, Target,
};

use crate::args::{DataFolders, Task, word};
use crate::columns;
use crate::failure::Failure;
use crate::fetch;
use crate::output::{counted, message};
use crate::read::{self, Reading};

/// How similar a mistyped name must be: Jaro and Winkler's measure, 1 for equal names.
const SIMILAR: f64 = 0.8;

/// How many runs of a folder an error names.
const RUNS_SHOWN: usize = 8;

/// What DATA names: a table, whose columns get their meaning later, or samples that have it already.
pub(crate) enum Source {
    /// A built-in data set or a file.
    Table(Table),
    /// A published data set or a folder of images, what tells it from others, and where it comes from.
    Samples { data: Dataset, digest: String, origin: String },
}

impl Source {
    /// Reads DATA: a name, or else a file. A published data set that is nowhere is downloaded.
    pub(crate) fn read(data: &str, folders: &DataFolders, reading: Reading<'_>) -> Result<Self, Failure> {
        if let Some(built_in) = built_in(data) {
            return Ok(Source::Table(built_in.table()?));
        }
        if let Some(published) = published(data) {
            let folder = fetch::locate_or_fetch(published, folders, reading.quiet)?;
            let data = published.read(&folder).map_err(|error| fetch::failure(error, published, &folder))?;
            let origin = format!(" from {}", folder.display());
            return Ok(Source::Samples { data, digest: published.digest(), origin });
        }
        if Path::new(data).is_dir() {
            return images(data);
        }
        Ok(Source::Table(read::table(data, reading)?))
    }

    /// What errors call it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Source::Table(table) => table.name(),
            Source::Samples { data, .. } => data.name(),
        }
    }

    /// Where it comes from: the folder of a published data set, how a file was understood.
    pub(crate) fn origin(&self) -> String {
        match self {
            Source::Table(table) if built_in(table.name()).is_some() => String::new(),
            Source::Table(table) => format!(" ({})", table.description()),
            Source::Samples { origin, .. } => origin.clone(),
        }
    }

    /// What tells it from other data.
    pub(crate) fn digest(&self) -> String {
        match self {
            Source::Table(table) => table.digest(),
            Source::Samples { digest, .. } => digest.clone(),
        }
    }

    /// The text of a column.
    pub(crate) fn text(&self, column: &str) -> Result<Vec<String>, Failure> {
        Ok(match self {
            Source::Table(table) => table.text(column)?,
            Source::Samples { data, .. } => data.text(column)?,
        })
    }

    /// What is learned from it, with --target, --task, and the options for columns.
    pub(crate) fn into_dataset(
        self,
        target: Option<&str>,
        task: Option<Task>,
        columns: &Columns,
    ) -> Result<Dataset, Failure> {
        match self {
            Source::Table(table) => Ok(Dataset::from_table_with(&table, &target_of(&table, target, task)?, columns)?),
            Source::Samples { data, .. } => {
                let known = &data.targets().columns()[0];
                let is = if data.classes() > 0 { Task::Classification } else { Task::Regression };
                if let Some(other) = target.filter(|target| target != known) {
                    let message = format!("--target {other} does not fit {}: expected {known}", data.name());
                    return Err(Failure::usage(message).help("leave --target out: the data set has one target"));
                }
                if let Some(other) = task.filter(|task| *task != is) {
                    let message = format!("--task {} does not fit {}: expected {}", word(other), data.name(), word(is));
                    return Err(Failure::usage(message));
                }
                if *columns != Columns::default() {
                    let message =
                        format!("{}: --drop, --numeric and --categorical are for tables of your own", data.name());
                    return Err(Failure::usage(message));
                }
                Ok(data)
            }
        }
    }

    /// Inputs and targets of a model.
    pub(crate) fn dataset_for(&self, model: &Model) -> Result<Dataset, Failure> {
        Ok(match self {
            Source::Table(table) => model.dataset(table)?,
            Source::Samples { data, .. } => model.align(data)?,
        })
    }

    /// The data with the marks by which they were split.
    pub(crate) fn marked(&self, data: Dataset, by: &SplitBy) -> Result<Dataset, Failure> {
        Ok(match by {
            SplitBy::Groups { column, .. } | SplitBy::Fold { groups: Some(column), .. } => {
                data.grouped_by(column, &self.text(column)?)?
            }
            SplitBy::Column { column, .. } => data.parted_by(column, &self.text(column)?)?,
            _ => data,
        })
    }

    /// Says what the model does not know in it.
    pub(crate) fn warn_of_unknown_levels(&self, model: &Model) -> Result<(), Failure> {
        if let Source::Table(table) = self {
            let unknown = model.unknown_levels(table)?;
            if !unknown.is_empty() {
                message(&columns::unknown_levels(&unknown));
            }
        }
        Ok(())
    }

    /// The columns that a list means: names, with commas between them unless a column's name has one.
    pub(crate) fn named(&self, lists: &[String]) -> Vec<String> {
        let is_column = |name: &String| matches!(self, Source::Table(table) if table.columns().contains(name));
        let names = |list: &String| match is_column(list) {
            true => vec![list.clone()],
            false => split_names(list),
        };
        lists.iter().flat_map(names).collect()
    }

    /// What a model predicts for every row.
    pub(crate) fn predict(&self, model: &Model) -> Result<Predictions, Failure> {
        Ok(match self {
            Source::Table(table) => model.predict(table)?,
            Source::Samples { data, .. } => model.predict_dataset(data)?,
        })
    }
}

/// A folder of IDX files.
fn images(folder: &str) -> Result<Source, Failure> {
    let images = IdxFolder::read(folder).map_err(|error| match error {
        Error::Data { problem: DataProblem::Idx(IdxProblem::NoFiles { .. }), .. } => with_names(error.into(), folder),
        error => error.into(),
    })?;
    let digest = images.digest().to_owned();
    Ok(Source::Samples { data: images.into_data(), digest, origin: String::new() })
}

/// The built-in data set of this name, unless there is no such one.
pub(crate) fn built_in(data: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|built_in| built_in.name == data)
}

/// The published data set of this name, unless there is no such one.
pub(crate) fn published(data: &str) -> Option<&'static Published> {
    PUBLISHED.iter().find(|published| published.name == data)
}

/// The data sets that are known by name.
fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|known| known.name).chain(PUBLISHED.iter().map(|known| known.name))
}

/// Whether DATA has one target and one task, which are known.
pub(crate) fn is_known(data: &str) -> bool {
    is_name(data) || Path::new(data).is_dir()
}

/// Whether DATA is the name of a data set.
pub(crate) fn is_name(data: &str) -> bool {
    names().any(|name| name == data)
}

/// The name that was probably meant.
fn similar_name(data: &str) -> Option<&'static str> {
    let similarity = |name: &str| strsim::jaro_winkler(&data.to_lowercase(), name);
    names().filter(|name| similarity(name) >= SIMILAR).max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
}

/// Helps someone who meant the name of a data set.
pub(crate) fn with_names(failure: Failure, data: &str) -> Failure {
    let failure = match similar_name(data) {
        Some(name) => failure.help(format!("did you mean {name}?")),
        None => failure,
    };
    // a path was meant
    if data.contains(['.', '/', '\\']) {
        return failure;
    }
    failure.help(format!("data sets known by name are {}", names().collect::<Vec<_>>().join(", ")))
}

/// The names between commas.
pub(crate) fn split_names(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().to_owned()).collect()
}

/// What --target and --task mean for this table.
fn target_of(table: &Table, target: Option<&str>, task: Option<Task>) -> Result<Target, Failure> {
    let name = table.name();
    let Some(target) = target.or(built_in(name).map(|built_in| built_in.target)) else {
        let columns =
            table.columns().iter().take(12).map(|column| format!("{column:?}")).collect::<Vec<_>>().join(", ");
        let more = if table.columns().len() > 12 { ", …" } else { "" };
        return Err(Failure::usage(format!("{name}: --target must name the column to predict"))
            .help(format!("the columns are {columns}{more}")));
    };
    // a name with a comma in it, before several names
    let columns: Vec<String> = match table.position(target) {
        Ok(_) => vec![target.to_owned()],
        Err(_) => split_names(target),
    };
    for (i, column) in columns.iter().enumerate() {
        table.position(column).map_err(|error| match column.parse::<usize>() {
            Ok(_) if table.has_header() => Failure::from(error).help(
                "columns have numbers in a file without header; here the first line, which holds text, was read as one",
            ),
            _ => error.into(),
        })?;
        if columns[..i].contains(column) {
            return Err(Failure::usage(format!("--target names the column {column:?} twice")));
        }
    }
    match (task, &columns[..]) {
        (Some(Task::Classification), [column]) => Ok(Target::classes(column)),
        (Some(Task::Classification), _) => {
            Err(Failure::usage(format!("a classification has one target column, not {}", columns.len())))
        }
        (Some(Task::Regression), _) => Ok(Target::values(columns)),
        (None, _) => Ok(Target::Guess(columns)),
    }
}

/// Reads MODEL: a model file or the folder of a run.
pub(crate) fn model(path: &Path) -> Result<Model, Failure> {
    let file = model_file(path);
    if path.is_dir() && !file.exists() {
        return Err(no_run(path));
    }
    Ok(Model::load(&file)?)
}

/// The file of MODEL.
pub(crate) fn model_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("model.safetensors") } else { path.to_owned() }
}

/// A folder without a model: says which runs are inside.
fn no_run(folder: &Path) -> Failure {
    let inside = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut runs: Vec<PathBuf> = inside.filter(|path| path.is_dir() && model_file(path).exists()).collect();
    runs.sort();
    let expected = format!("{}: expected a model file or the folder of a run", folder.display());
    match runs.len() {
        0 => Failure::work(format!("{expected}, found a folder without model.safetensors")),
        count => {
            let names: Vec<String> = runs.iter().take(RUNS_SHOWN).map(|run| run.display().to_string()).collect();
            let more = if count > RUNS_SHOWN { ", …" } else { "" };
            Failure::work(format!("{expected}, found a folder of {}", counted(count, "run")))
                .help(format!("name one: {}{more}", names.join(", ")))
        }
    }
}
