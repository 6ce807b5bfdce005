//! The filled rows of a sheet, and the columns that they become.

use calamine::{DataRef, ExcelDateTime};

use crate::column::Column;
use crate::error::{FileProblem, MOST_COLUMNS};
use crate::text::Lines;

/// The number of cells that every file may have, and the number of further cells for each of its
/// bytes: a cell far on the right makes its row as long.
const CELLS: usize = 1 << 22;
const CELLS_IN_A_BYTE: usize = 64;
/// A title is in one cell above the table, in one of this many first rows.
const TITLES: usize = 10;

/// Columns with their names.
type Columns = Vec<(String, Column)>;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Whole(i64),
    Truth(bool),
    /// A date or a time as text.
    Time(String),
    Text(String),
    Error,
}

/// The rows that are not empty.
pub(super) struct Grid {
    /// The number of a row in the sheet, and its filled cells with their columns.
    rows: Vec<(u32, Vec<(u32, Value)>)>,
    /// The number of cells that the table may have.
    most: usize,
}

impl Grid {
    /// The grid of a file with this many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Grid { rows: Vec::new(), most: CELLS.saturating_add(bytes.saturating_mul(CELLS_IN_A_BYTE)) }
    }

    /// Adds a cell; cells come row by row.
    pub(super) fn push(&mut self, row: u32, column: u32, value: &DataRef<'_>) -> Result<(), FileProblem> {
        let Some(value) = of(value) else { return Ok(()) };
        match self.rows.last_mut() {
            Some((last, cells)) if *last == row => match cells.last() {
                Some((before, _)) if *before >= column => return Err(damaged("its cells are not in order")),
                _ => cells.push((column, value)),
            },
            Some((last, _)) if *last > row => return Err(damaged("its rows are not in order")),
            _ => self.rows.push((row, vec![(column, value)])),
        }
        Ok(())
    }

    /// Whether a cell is filled.
    pub(super) fn has(&self, row: u32, column: u32) -> bool {
        let of_row = self.rows.binary_search_by_key(&row, |(row, _)| *row).ok().map(|place| &self.rows[place].1);
        of_row.is_some_and(|cells| cells.binary_search_by_key(&column, |(column, _)| *column).is_ok())
    }

    /// Whether no cell is filled.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The columns with their names, the range of their cells, and whether the first row names them;
    /// and the row of the sheet that each row of the table is from.
    pub(super) fn table(self, header: Option<bool>) -> Result<(Columns, String, bool, Lines), FileProblem> {
        let mut rows = &self.rows[..];
        // titles
        let is_wide = |rows: &[(u32, Vec<_>)]| rows.first().is_some_and(|(_, cells)| cells.len() > 1);
        if let Some(first) = (0..rows.len().min(TITLES)).find(|first| is_wide(&rows[*first..])) {
            rows = &rows[first..];
        }
        let Some((first_row, _)) = rows.first() else { return Err(FileProblem::Empty) };
        let cells = || rows.iter().flat_map(|(_, cells)| cells.iter().map(|(column, _)| *column));
        let (left, right) = (cells().min().unwrap_or(0), cells().max().unwrap_or(0));
        let width = (right - left) as usize + 1;
        if width > MOST_COLUMNS {
            return Err(FileProblem::TooManyColumns);
        }
        if width.saturating_mul(rows.len()) > self.most {
            let found = format!("{} rows of {width} columns, which are nearly all empty", rows.len());
            return Err(damaged(&found));
        }
        let groups = if header == Some(false) { None } else { groups_above(rows, left, width) };
        if groups.is_some() {
            rows = &rows[1..];
        }
        let Some((_, first_cells)) = rows.first() else { return Err(FileProblem::Empty) };
        let header = header.unwrap_or_else(|| is_header(rows));
        let mut names: Vec<String> =
            (0..width).map(|i| if header { format!("Unnamed: {i}") } else { i.to_string() }).collect();
        if header {
            for (column, value) in first_cells {
                let i = (column - left) as usize;
                let group = groups.as_ref().map_or("", |groups| groups[i].as_str());
                names[i] = format!("{group} {}", value.text()).trim().to_owned();
            }
        }
        let data = &rows[usize::from(header)..];
        let Some((last_row, _)) = data.last() else {
            return Err(FileProblem::NoRows);
        };
        let mut lines = Lines::default();
        data.iter().enumerate().for_each(|(i, (row, _))| lines.push(i, u64::from(*row) + 1));
        let mut columns: Vec<Column> = names.iter().map(|_| Column::of_numbers()).collect();
        for (count, (_, cells)) in data.iter().enumerate() {
            for (column, value) in cells {
                let column = &mut columns[(column - left) as usize];
                while column.len() < count {
                    column.push_missing();
                }
                value.fill(column);
            }
        }
        for column in &mut columns {
            while column.len() < data.len() {
                column.push_missing();
            }
        }
        let range = format!("{}{}:{}{}", letters(left), first_row + 1, letters(right), last_row + 1);
        Ok((names.into_iter().zip(columns).collect(), range, header, lines))
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Value::Number(x) => crate::written::shortest(*x),
            Value::Whole(x) => x.to_string(),
            Value::Truth(x) => if *x { "True" } else { "False" }.to_owned(),
            Value::Time(text) | Value::Text(text) => text.clone(),
            Value::Error => String::new(),
        }
    }

    fn fill(&self, column: &mut Column) {
        match self {
            Value::Number(x) => column.push_number(*x),
            Value::Whole(x) => column.push_whole((*x).into()),
            Value::Truth(x) => column.push_truth(*x),
            Value::Time(text) | Value::Text(text) => column.push_text(text),
            Value::Error => column.push_missing(),
        }
    }

    fn is_text(&self) -> bool {
        matches!(self, Value::Text(text) if text.parse::<f64>().is_err())
    }
}

/// The value of a cell; nothing for an empty one.
fn of(value: &DataRef<'_>) -> Option<Value> {
    let text = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(|text| Value::Text(text.to_owned()));
    match value {
        DataRef::Empty => None,
        DataRef::Int(x) => Some(Value::Whole(*x)),
        DataRef::Float(x) => Some(Value::Number(*x)),
        DataRef::Bool(x) => Some(Value::Truth(*x)),
        DataRef::String(of) => text(of),
        DataRef::SharedString(of) => text(of),
        DataRef::DateTime(time) if time.is_duration() => Some(Value::Number(time.as_f64())),
        DataRef::DateTime(time) => Some(Value::Time(iso(time))),
        DataRef::DateTimeIso(time) | DataRef::DurationIso(time) => Some(Value::Time(time.clone())),
        DataRef::Error(_) => Some(Value::Error),
    }
}

/// A date, a time of day, or both, in the form of ISO 8601.
fn iso(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let fraction = if milli > 0 { format!(".{milli:03}") } else { String::new() };
    let of_day = format!("{hour:02}:{minute:02}:{second:02}{fraction}");
    match time.as_f64() {
        x if (0.0..1.0).contains(&x) => of_day,
        x if x.fract() == 0.0 => date,
        _ => format!("{date}T{of_day}"),
    }
}

/// Whether the first row holds names: all its cells are text, or a text is above other values.
fn is_header(rows: &[(u32, Vec<(u32, Value)>)]) -> bool {
    rows.first().is_none_or(|(_, first)| first.iter().all(|(_, value)| value.is_text())) || names_values(rows)
}

/// Whether a text of the first row is above other values.
fn names_values(rows: &[(u32, Vec<(u32, Value)>)]) -> bool {
    let Some(((_, first), rest)) = rows.split_first() else { return false };
    let below = |column: u32| {
        let value = |(_, cells): &(u32, Vec<(u32, Value)>)| {
            let place = cells.binary_search_by_key(&column, |(column, _)| *column);
            place.ok().map(|place| cells[place].1.is_text())
        };
        rest.iter().take(50).filter_map(value).collect::<Vec<_>>()
    };
    let is_name = |(column, value): &(u32, Value)| {
        let below = below(*column);
        value.is_text() && !below.is_empty() && below.iter().all(|is_text| !is_text)
    };
    first.iter().any(is_name)
}

/// The name above each column, if the first row names groups of columns, as merged cells do: it has
/// fewer cells than the second, whose cells are all text above other values.
fn groups_above(rows: &[(u32, Vec<(u32, Value)>)], left: u32, width: usize) -> Option<Vec<String>> {
    let [(_, groups), (_, names), ..] = rows else { return None };
    let are_texts = |cells: &[(u32, Value)]| cells.iter().all(|(_, value)| value.is_text());
    let are_groups = groups.len() < names.len() && names.len() == width && are_texts(names);
    if !are_groups || !names_values(&rows[1..]) {
        return None;
    }
    let mut above = vec![String::new(); width];
    for (column, value) in groups {
        above[(column - left) as usize..].fill(value.text());
    }
    Some(above)
}

/// The name of a column in a sheet: A, B, …, Z, AA, …
fn letters(column: u32) -> String {
    let (mut left, mut letters) = (column + 1, Vec::new());
    while left > 0 {
        letters.push(char::from(b'A' + ((left - 1) % 26) as u8));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

fn damaged(what: &str) -> FileProblem {
    FileProblem::Damaged(what.to_owned())
}
