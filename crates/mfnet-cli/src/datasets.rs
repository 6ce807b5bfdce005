//! `mfnet datasets`.

use std::path::PathBuf;

use mfnet::text::grouped;
use mfnet::{BUILT_IN, PUBLISHED};
use serde_json::json;

use crate::args::{DatasetsArgs, DatasetsCommand, FetchArgs, ListArgs};
use crate::failure::Failure;
use crate::fetch::fetch;
use crate::output::{print, size};
use crate::source::{built_in, is_name, published, with_names};

pub(crate) fn run(args: &DatasetsArgs) -> Result<(), Failure> {
    match &args.command {
        None => list(&args.list),
        Some(DatasetsCommand::List(args)) => list(args),
        Some(DatasetsCommand::Fetch(args)) => fetch_all(args),
    }
}

/// What the list says of a data set.
struct Entry {
    name: &'static str,
    samples: usize,
    features: usize,
    classes: usize,
    bytes: u64,
    licence: &'static str,
    description: &'static str,
    place: Place,
}

enum Place {
    BuiltIn,
    Folder(PathBuf),
    Nowhere,
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let entries = entries(args);
    if args.json {
        let entries: Vec<_> = entries.iter().map(Entry::json).collect();
        return print(&format!("{}\n", json!({ "datasets": entries })));
    }
    let header = ["name", "rows", "features", "task", "size", "licence", "where"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(header).chain(entries.iter().map(Entry::cells)).collect();
    let lines: String = rows.iter().map(|row| line(row, &rows)).collect();
    let about: String = entries.iter().map(|entry| format!("{}: {}\n", entry.name, entry.description)).collect();
    print(&format!("{lines}\n{about}"))
}

/// A line of the table, as wide as all `rows` need it; numbers stand to the right.
fn line(row: &[String; 7], rows: &[[String; 7]]) -> String {
    let cells = row.iter().enumerate().map(|(i, cell)| {
        let width = rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
        if [1, 2, 4].contains(&i) { format!("{cell:>width$}") } else { format!("{cell:width$}") }
    });
    format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
}

fn entries(args: &ListArgs) -> Vec<Entry> {
    let folders = args.folders.all();
    let built_in = BUILT_IN.into_iter().map(|known| Entry {
        name: known.name,
        samples: known.samples,
        features: known.features,
        classes: known.classes,
        bytes: known.bytes(),
        licence: known.licence,
        description: known.description,
        place: Place::BuiltIn,
    });
    let published = PUBLISHED.into_iter().map(|known| Entry {
        name: known.name,
        samples: known.samples,
        features: known.features,
        classes: known.classes,
        bytes: known.bytes(),
        licence: known.licence,
        description: known.description,
        place: known.locate(&folders).map_or(Place::Nowhere, Place::Folder),
    });
    built_in.chain(published).collect()
}

impl Entry {
    fn cells(&self) -> [String; 7] {
        let task = match self.classes {
            0 => "regression".to_owned(),
            classes => format!("classification, {classes} classes"),
        };
        let place = match &self.place {
            Place::BuiltIn => "built in".to_owned(),
            Place::Folder(folder) => folder.display().to_string(),
            Place::Nowhere => format!("not here: mfnet datasets fetch {}", self.name),
        };
        let (name, licence) = (self.name.to_owned(), self.licence.to_owned());
        [name, grouped(self.samples), grouped(self.features), task, size(self.bytes), licence, place]
    }

    fn json(&self) -> serde_json::Value {
        let folder = if let Place::Folder(folder) = &self.place { Some(folder.display().to_string()) } else { None };
        json!({
            "name": self.name,
            "rows": self.samples,
            "features": self.features,
            "task": if self.classes > 0 { "classification" } else { "regression" },
            "classes": self.classes,
            "bytes": self.bytes,
            "licence": self.licence,
            "description": self.description,
            "built_in": matches!(self.place, Place::BuiltIn),
            "folder": folder,
        })
    }
}

/// A line for each data set that says where it is now.
fn fetch_all(args: &FetchArgs) -> Result<(), Failure> {
    if let Some(name) = args.names.iter().find(|name| !is_name(name)) {
        return Err(with_names(Failure::usage(format!("there is no data set {name:?}")), name));
    }
    for name in &args.names {
        if built_in(name).is_some() {
            print(&format!("{name}: built in\n"))?;
        } else if let Some(published) = published(name) {
            print(&format!("{name}: {}\n", fetch(published, &args.folders, args.quiet)?.display()))?;
        }
    }
    Ok(())
}
