//! How a table is read: the kind of each column, its missing values, and what it holds.

use mfnet::Table;
use mfnet::table::{Choice, ColumnKind, Columns, Values};
use mfnet::text::{as_read, columns, counted, escaped};
use serde_json::{Value, json};

use super::shown;
use crate::failure::{Failure, with_options};

/// Number of columns described.
const COLUMNS: usize = 200;
/// Number of levels of a category that are shown.
const LEVELS: usize = 5;

/// A column that would be a feature, or the reason why it would not.
struct Row {
    name: String,
    kind: Result<ColumnKind, NoFeature>,
    missing: usize,
    /// What it holds, in words.
    holds: String,
}

enum NoFeature {
    LeftOut(String),
    /// It would be one, but a field is wrong.
    Wrong(String),
}

/// The table in words.
pub(super) fn text(table: &Table) -> Result<String, Failure> {
    let (rows, choice) = rows(table)?;
    let size = format!("{}, {}", counted(table.rows(), "row"), counted(rows.len(), "column"));
    let mut lines =
        vec![format!("{} ({}): {size}", escaped(table.name()), with_options(&table.description())), String::new()];
    let width = |of: fn(&Row) -> String| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
    let (name, missing) = (width(|row| row.name.clone()), width(|row| row.missing.to_string()).max(7));
    lines.push(format!("{:name$}  {:8}  {:>missing$}  values", "column", "kind", "missing"));
    for i in shown(rows.len(), COLUMNS) {
        let Some(Row { name: column, kind, missing: count, holds }) = i.map(|i| &rows[i]) else {
            lines.push("…".to_owned());
            continue;
        };
        lines.push(match kind {
            Ok(kind) => format!("{column:name$}  {:8}  {count:>missing$}  {holds}", kind.name()),
            Err(NoFeature::LeftOut(why)) => {
                format!("{column:name$}  left out  {count:>missing$}  {}", with_options(why))
            }
            Err(NoFeature::Wrong(why)) => format!("{column:name$}  error     {count:>missing$}  {why}"),
        });
    }
    let remarks = columns::remarks(&choice.remarks);
    lines.extend((!remarks.is_empty()).then(String::new));
    lines.extend(remarks.iter().map(|remark| with_options(remark)));
    lines.push(String::new());
    Ok(lines.join("\n"))
}

/// The table as JSON.
pub(super) fn json(table: &Table) -> Result<Value, Failure> {
    let (rows, _) = rows(table)?;
    let column = |row: Row| match row.kind {
        Ok(kind) => json!({ "name": row.name, "kind": kind.name(), "missing": row.missing, "values": row.holds }),
        Err(NoFeature::LeftOut(why)) => json!({ "name": row.name, "left_out": why, "missing": row.missing }),
        Err(NoFeature::Wrong(why)) => json!({ "name": row.name, "error": why, "missing": row.missing }),
    };
    let columns: Vec<Value> = rows.into_iter().map(column).collect();
    Ok(json!({ "description": table.description(), "rows": table.rows(), "columns": columns }))
}

fn rows(table: &Table) -> Result<(Vec<Row>, Choice), Failure> {
    let choice = table.choose(&[], &Columns::default()).map_err(mfnet::Error::from)?;
    let of = |(position, name): (usize, &String)| {
        let left_out = choice.left_out.iter().find(|(other, _)| other == name);
        let chosen = choice.inputs.iter().find(|(other, _)| *other == position);
        let name_shown = escaped(name).into_owned();
        let missing = || table.rows_without(std::slice::from_ref(name)).map_or(0, |rows| rows.len());
        let Some((_, kind)) = chosen else {
            let why = left_out.map_or_else(String::new, |(_, why)| escaped(&why.to_string()).into_owned());
            let kind = Err(NoFeature::LeftOut(why));
            return Row { name: name_shown, kind, missing: missing(), holds: String::new() };
        };
        let (kind, values) = match table.values(position, kind) {
            Ok(found) => found,
            Err(error) => {
                let kind = Err(NoFeature::Wrong(escaped(&error.to_string()).into_owned()));
                return Row { name: name_shown, kind, missing: missing(), holds: String::new() };
            }
        };
        let missing = values.iter().filter(|x| x.is_nan()).count();
        let holds = holds(table, position, &kind, &values);
        Row { name: name_shown, kind: Ok(kind), missing, holds }
    };
    let mut rows: Vec<Row> = table.columns().iter().enumerate().map(of).collect();
    // those that cannot be read
    for (name, why) in choice.left_out.iter().filter(|(name, _)| !table.columns().contains(name)) {
        let kind = Err(NoFeature::LeftOut(escaped(&why.to_string()).into_owned()));
        rows.push(Row { name: escaped(name).into_owned(), kind, missing: 0, holds: String::new() });
    }
    Ok((rows, choice))
}

/// What a column holds.
fn holds(table: &Table, position: usize, kind: &ColumnKind, values: &Values) -> String {
    let present = || values.iter().filter(|x| !x.is_nan());
    let (least, most) = present().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
    match kind {
        _ if least > most => String::new(),
        ColumnKind::Category { levels } => {
            let first: Vec<String> = levels.iter().take(LEVELS).map(|level| escaped(level).into_owned()).collect();
            let more = if levels.len() > LEVELS { ", …" } else { "" };
            format!("{}: {}{more}", counted(levels.len(), "level"), first.join(", "))
        }
        ColumnKind::Boolean => {
            table.boolean_words(position).map_or_else(|| "0, 1".to_owned(), |words| escaped(&words.join(", ")).into())
        }
        ColumnKind::Number => format!("{} to {}", as_read(least), as_read(most)),
        other => format!("{} to {}", other.text(least), other.text(most)),
    }
}
