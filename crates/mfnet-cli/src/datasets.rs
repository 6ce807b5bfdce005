//! `mfnet datasets`.

use mfnet::data::{BUILT_IN, PUBLISHED, Published};
use mfnet::fit::Task;
use mfnet::text::{escaped, grouped};
use serde::Serialize;
use serde_json::json;

use crate::args::{DatasetsArgs, DatasetsCommand, FetchArgs, ListArgs};
use crate::failure::Failure;
use crate::fetch::fetch;
use crate::output::{print, print_json, size};
use crate::source::{built_in, is_name, published, with_names};

pub(crate) fn run(args: &DatasetsArgs) -> Result<(), Failure> {
    match &args.command {
        None => list(&args.list),
        Some(DatasetsCommand::List(args)) => list(args),
        Some(DatasetsCommand::Fetch(args)) => fetch_all(args),
    }
}

/// An entry of the list of data sets.
#[derive(Serialize)]
struct Entry {
    name: &'static str,
    rows: usize,
    features: usize,
    task: Task,
    classes: usize,
    bytes: u64,
    licence: &'static str,
    description: &'static str,
    built_in: bool,
    folder: Option<String>,
}

/// The entry of a built-in or a published data set; both types have fields with the same names.
macro_rules! entry {
    ($known:expr, $built_in:literal, $folder:expr) => {{
        let (known, folder) = ($known, $folder);
        let task = if known.classes > 0 { Task::Classification } else { Task::Regression };
        let (name, rows, features, classes, bytes) =
            (known.name, known.samples, known.features, known.classes, known.bytes());
        let (licence, description) = (known.licence, known.description);
        Entry { name, rows, features, task, classes, bytes, licence, description, built_in: $built_in, folder }
    }};
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let entries = entries(args);
    if args.json {
        return print_json(&json!({ "datasets": entries }));
    }
    let header = ["name", "rows", "features", "task", "size", "licence", "where"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(header).chain(entries.iter().map(Entry::cells)).collect();
    let lines: String = rows.iter().map(|row| line(row, &rows)).collect();
    let about: String = entries.iter().map(|entry| format!("{}: {}\n", entry.name, entry.description)).collect();
    print(&format!("{lines}\n{about}"))
}

/// A line of the table, with columns as wide as all `rows` need. Numbers are aligned right.
fn line(row: &[String; 7], rows: &[[String; 7]]) -> String {
    let cells = row.iter().enumerate().map(|(i, cell)| {
        let width = rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
        if [1, 2, 4].contains(&i) { format!("{cell:>width$}") } else { format!("{cell:width$}") }
    });
    format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
}

fn entries(args: &ListArgs) -> Vec<Entry> {
    let folders = args.folders.all();
    let folder = |known: &Published| known.locate(&folders).ok().map(|folder| folder.display().to_string());
    let built_in = BUILT_IN.into_iter().map(|known| entry!(known, true, None));
    built_in.chain(PUBLISHED.into_iter().map(|known| entry!(&known, false, folder(&known)))).collect()
}

impl Entry {
    fn cells(&self) -> [String; 7] {
        let task = match self.classes {
            0 => self.task.to_string(),
            classes => format!("{}, {classes} classes", self.task),
        };
        let place = match &self.folder {
            _ if self.built_in => "built in".to_owned(),
            Some(folder) => escaped(folder).into_owned(),
            None => format!("not downloaded: mfnet datasets fetch {}", self.name),
        };
        let (name, licence) = (self.name.to_owned(), self.licence.to_owned());
        [name, grouped(self.rows), grouped(self.features), task, size(self.bytes), licence, place]
    }
}

/// Prints a line with the folder of each data set.
fn fetch_all(args: &FetchArgs) -> Result<(), Failure> {
    if let Some(name) = args.names.iter().find(|name| !is_name(name)) {
        return Err(with_names(Failure::usage(format!("there is no data set {name:?}")), name));
    }
    for name in &args.names {
        if built_in(name).is_some() {
            print(&format!("{name}: built in\n"))?;
        } else if let Some(published) = published(name) {
            let folder = fetch(published, &args.folders, args.quiet)?.display().to_string();
            print(&format!("{name}: {}\n", escaped(&folder)))?;
        }
    }
    Ok(())
}
