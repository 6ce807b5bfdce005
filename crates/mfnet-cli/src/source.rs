//! Where data and models come from.

use std::path::{Path, PathBuf};

use mfnet::{BUILT_IN, BuiltIn, Model, Table, Target};

use crate::args::Task;
use crate::failure::Failure;

/// The built-in data set of this name, unless there is no such one.
pub(crate) fn built_in(data: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|built_in| built_in.name == data)
}

/// Reads DATA: a built-in name or a CSV file.
pub(crate) fn table(data: &str) -> Result<Table, Failure> {
    if let Some(built_in) = built_in(data) {
        return Ok(built_in.table()?);
    }
    let path = Path::new(data);
    let known = || format!("built-in data sets are {}", BUILT_IN.map(|built_in| built_in.name).join(" and "));
    if path.is_dir() {
        return Err(Failure::work(format!("{data}: expected a CSV file, found a folder")).help(known()));
    }
    let name = data.to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    if let Some(later) = [".parquet", ".npy", ".npz", ".xlsx", ".json"].iter().find(|later| name.ends_with(*later)) {
        return Err(Failure::work(format!("{data}: {later} files are not read yet")).help("save the table as CSV"));
    }
    Table::read_csv(path).map_err(|error| match error {
        mfnet::Error::Io { .. } if !path.exists() => Failure::from(error).help(known()),
        error => error.into(),
    })
}

/// What --target and --task mean for this table.
pub(crate) fn target(data: &str, table: &Table, target: Option<&str>, task: Option<Task>) -> Result<Target, Failure> {
    let Some(target) = target.or(built_in(data).map(|built_in| built_in.target)) else {
        let columns =
            table.columns().iter().take(12).map(|column| format!("{column:?}")).collect::<Vec<_>>().join(", ");
        let more = if table.columns().len() > 12 { ", …" } else { "" };
        return Err(Failure::usage(format!("{data}: --target must name the column to predict"))
            .help(format!("the columns are {columns}{more}")));
    };
    // a name with a comma in it, before several names
    let columns: Vec<String> = match table.position(target) {
        Ok(_) => vec![target.to_owned()],
        Err(_) => target.split(',').map(|column| column.trim().to_owned()).collect(),
    };
    for (i, column) in columns.iter().enumerate() {
        table.position(column)?;
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
    let file: PathBuf = if path.is_dir() { path.join("model.safetensors") } else { path.to_owned() };
    Ok(Model::load(&file)?)
}
