//! What the columns of a table were taken for, in words.

use mfnet::{ColumnKind, Dataset, LeftOut};

use crate::output::counted;

/// How many names are listed.
const SHOWN: usize = 4;

/// "5 features: 3 numbers, 1 category (city), 1 date (when)"; nothing of kinds if all are numbers.
pub(crate) fn features(data: &Dataset) -> String {
    let all = counted(data.features(), "feature");
    let is_number = |kind: &ColumnKind| *kind == ColumnKind::Number;
    if data.kinds().iter().all(is_number) {
        return all;
    }
    let of_kind = |name: &str, plural: &str| {
        let columns = data.kinds().iter().zip(data.feature_names()).filter(|(kind, _)| kind.name() == name);
        let columns: Vec<&str> = columns.map(|(_, column)| column.as_str()).collect();
        let names = if name == "number" { String::new() } else { format!(" ({})", listed(&columns)) };
        match columns.len() {
            0 => None,
            1 => Some(format!("1 {name}{names}")),
            count => Some(format!("{count} {plural}{names}")),
        }
    };
    let kinds = [("number", "numbers"), ("boolean", "booleans"), ("date", "dates"), ("category", "categories")];
    let kinds: Vec<String> = kinds.into_iter().filter_map(|(name, plural)| of_kind(name, plural)).collect();
    format!("{all}: {}", kinds.join(", "))
}

/// "left out: id (an identifier: no two rows alike)", if there are such columns.
pub(crate) fn left_out(left_out: &[(String, LeftOut)]) -> Option<String> {
    let columns: Vec<String> = left_out.iter().map(|(column, why)| format!("{column} ({why})")).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    (!columns.is_empty()).then(|| format!("left out: {}", listed(&columns)))
}

/// The first names.
pub(crate) fn listed(names: &[&str]) -> String {
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}
