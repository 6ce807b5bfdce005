//! Several files that are parts of one table.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, FileProblem, Problem, Result};
use crate::file::sha256;
use crate::notation::FileForm;
use crate::places::Places;
use crate::read::ReadTable;
use crate::table::Table;

impl ReadTable<'_> {
    /// Reads several files with the same columns, in any order, as one table: the rows of the first
    /// file, then those of the second, and so on. Files without rows add none. `read` reads one of
    /// them with a prepared reader.
    ///
    /// # Errors
    /// Those of `read`. [`Error::Data`] if a file is given twice, or has other columns than the
    /// first.
    pub fn read_several<P: AsRef<Path>>(
        self,
        paths: &[P],
        mut read: impl FnMut(&Path, ReadTable<'_>) -> Result<Table>,
    ) -> Result<Table> {
        let mut known = HashSet::new();
        let twice =
            paths.iter().map(AsRef::as_ref).find(|path| path.canonicalize().is_ok_and(|path| !known.insert(path)));
        if let Some(path) = twice {
            return Err(Error::data(
                &path.display().to_string(),
                FileProblem::Other("the file is given twice".to_owned()),
            ));
        }
        let (mut tables, mut empty): (Vec<Table>, Vec<Error>) = (Vec::new(), Vec::new());
        for path in paths {
            let reader = self.same_settings();
            let reader = match tables.first() {
                Some(first) if first.lines.is_some() => reader.like(first.form()).header(first.has_header()),
                _ => reader,
            };
            match read(path.as_ref(), reader) {
                Ok(table) => tables.push(table),
                Err(error) if paths.len() > 1 && is_without_rows(&error) => empty.push(error),
                Err(error) => return Err(error),
            }
        }
        match (tables.len(), empty.pop()) {
            (0, Some(error)) => Err(error),
            (1, None) => Ok(tables.remove(0)),
            (_, last) => joined(&tables, empty.len() + usize::from(last.is_some())),
        }
    }
}

/// Whether a file has nothing, or only column names, as systems write for an empty part.
fn is_without_rows(error: &Error) -> bool {
    let Error::Data { problem: Problem::File(problem), .. } = error else { return false };
    matches!(problem, FileProblem::Empty | FileProblem::NoRows | FileProblem::OnlyHeader)
}

/// One table of the rows of several, beside which this many files had no rows.
fn joined(tables: &[Table], empty: usize) -> Result<Table> {
    let first = &tables[0];
    for table in tables {
        let other = |what: String| {
            Err(Error::data(table.name(), FileProblem::OtherColumns { first: first.name().to_owned(), what }))
        };
        let all = |table: &Table| table.columns().len() + table.unread.len();
        let missing = |from: &Table, of: &Table| {
            let names = of.columns().iter().chain(of.unread.iter().map(|(name, _)| name));
            names.into_iter().find(|name| !from.has(name)).cloned()
        };
        if first.has_header() != table.has_header() || (!first.has_header() && all(first) != all(table)) {
            let names = |table: &Table| if table.has_header() { "with names" } else { "without names" };
            return other(format!(
                "found {} columns {}, expected {} columns {}",
                all(table),
                names(table),
                all(first),
                names(first)
            ));
        }
        if let Some(column) = missing(table, first) {
            return other(format!("the column {column:?} is missing"));
        }
        if let Some(column) = missing(first, table) {
            return other(format!("found another column, {column:?}"));
        }
        if table.parts.is_empty() != first.parts.is_empty() {
            return other("only one of the files has a split".to_owned());
        }
    }
    let mut unread: Vec<(String, FileProblem)> = Vec::new();
    for (name, problem) in tables.iter().flat_map(|table| &table.unread) {
        if !unread.iter().any(|(known, _)| known == name) {
            unread.push((name.clone(), problem.clone()));
        }
    }
    let mut columns = Vec::new();
    for name in first.columns().iter().filter(|name| !unread.iter().any(|(unread, _)| unread == *name)) {
        let mut column = first.columns[first.position(name)?].without_rows();
        for table in tables {
            let part = &table.columns[table.position(name)?];
            if let Some(problem) = part.contradiction().filter(|_| part.is_of_numbers() || column.is_of_dates()) {
                return Err(Error::in_column(table.name(), name, problem));
            }
            column.append(part);
        }
        columns.push((name.clone(), column));
    }
    if columns.is_empty() {
        return Err(Error::data(first.name(), FileProblem::NoColumns));
    }
    let others = tables.len() + empty - 1;
    let name = format!("{} and {others} other {}", first.name(), if others == 1 { "file" } else { "files" });
    let without = match empty {
        0 => String::new(),
        1 => ", 1 of them without rows".to_owned(),
        _ => format!(", {empty} of them without rows"),
    };
    let description = format!("{} files{without}; {}", tables.len() + empty, first.description());
    let digests: String = tables.iter().map(|table| table.digest() + "\n").collect();
    let mut table = Table::new(&name, columns, description, first.has_header(), sha256([digests.as_bytes()]))?;
    table.form = FileForm { columns: table.form.columns, ..first.form.clone() };
    table.skipped = tables.iter().flat_map(|table| &table.skipped).cloned().collect();
    table.parts = tables.iter().flat_map(|table| table.parts.iter().copied()).collect();
    (table.unread, table.places) = (unread, Some(Arc::new(Places::new(tables.iter().map(Table::file)))));
    Ok(table)
}
