//! Describes how numbers and dates are written.

use crate::calendar::DateOrder;
use crate::column::Column;
use crate::field::Field;
use crate::kind::ColumnKind;

/// Number of columns that a description names.
const SHOWN: usize = 4;

/// How some columns are written.
struct Form<'a> {
    text: String,
    /// For numbers, whether the decimal sign is a guess.
    of_numbers: Option<bool>,
    columns: Vec<&'a str>,
}

/// How numbers and dates are written that are not written as usual, with their columns.
pub(crate) fn forms<'a>(columns: impl Iterator<Item = (&'a String, &'a Column)>) -> Vec<String> {
    let mut forms: Vec<Form> = Vec::new();
    let mut all = 0;
    for (name, column) in columns {
        all += usize::from(column.is_of_numbers());
        let numbers = numbers(column).map(|(text, is_doubtful)| (text, Some(is_doubtful)));
        let Some((text, of_numbers)) = numbers.or_else(|| Some((dates(column)?, None))) else { continue };
        match forms.iter_mut().find(|form| form.text == text && form.of_numbers == of_numbers) {
            Some(form) => form.columns.push(name),
            None => forms.push(Form { text, of_numbers, columns: vec![name] }),
        }
    }
    let of = |Form { text, of_numbers, columns }: Form| {
        let shown = &columns[..columns.len().min(SHOWN)];
        let names = match columns.len() {
            some if some == all && of_numbers.is_some() => String::new(),
            some if some > SHOWN => format!(" in {} and {} more", shown.join(", "), some - SHOWN),
            _ => format!(" in {}", shown.join(" and ")),
        };
        format!("{text}{names}{}", if of_numbers == Some(true) { " (`decimal` changes this)" } else { "" })
    };
    forms.into_iter().map(of).collect()
}

/// How the numbers of a column are written, if not as usual, and whether the decimal sign is a guess.
fn numbers(column: &Column) -> Option<(String, bool)> {
    if !column.is_of_numbers() {
        return None;
    }
    let notation = column.notation();
    let mut text = notation.numbers.to_string();
    if text.is_empty() && column.is_doubtful() {
        text = "numbers with a decimal point".to_owned();
    }
    if let Some(unit) = &notation.unit {
        let first = column.find(|field, text| matches!(field, Field::Number(_)) && unit.written(text).is_some());
        let example = match first {
            Some((_, example)) => example,
            None => unit.example(if text.is_empty() { "1234" } else { notation.numbers.example() }),
        };
        text = match (unit.before.is_empty() && unit.after.is_empty(), text.is_empty()) {
            (true, true) => "negative numbers in parentheses".to_owned(),
            (true, false) => format!("{text}, negative ones in parentheses"),
            (false, _) => format!("numbers such as {example}"),
        };
    }
    // a column with other texts is not read as numbers
    let are_read = || column.fields_with_text().all(|(field, ..)| matches!(field, Field::Number(_) | Field::Missing));
    (!text.is_empty() && are_read()).then_some((text, column.is_doubtful()))
}

/// The order of day, month and year in the dates of a column, if it follows from them and is not as
/// usual. A remark says what is a guess.
fn dates(column: &Column) -> Option<String> {
    let order = column.notation().dates.filter(|order| matches!(order, DateOrder::DayFirst | DateOrder::MonthFirst))?;
    let is_date = |(field, text, _)| ColumnKind::Date.value_of(field, text, column.notation()).is_ok();
    let is_known = !column.has_doubtful_dates() && column.fields().all(is_date);
    is_known.then(|| format!("dates as {}", order.words()))
}
