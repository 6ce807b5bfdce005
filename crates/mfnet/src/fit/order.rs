//! The order in which rows are used.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::recipe::Recipe;
use crate::error::{Error, Result};
use crate::text::counted;
use crate::train::SampleOrder;

/// The order of the recipe, for data with this many rows.
pub(super) fn of(recipe: &Recipe, rows: usize, train_rows: &[usize], epochs: usize) -> Result<SampleOrder> {
    match (&recipe.batch_order, recipe.no_shuffle) {
        (Some(path), _) => read(path, rows, train_rows, epochs),
        (None, true) => Ok(SampleOrder::AsTheyAre),
        (None, false) => Ok(SampleOrder::Shuffled),
    }
}

/// Reads the lines of a file. `train_rows` are the indices of the training rows in the data.
fn read(path: &Path, rows: usize, train_rows: &[usize], epochs: usize) -> Result<SampleOrder> {
    let text = fs::read_to_string(path).map_err(Error::io(path, "read"))?;
    let places: HashMap<usize, usize> = train_rows.iter().enumerate().map(|(place, row)| (*row, place)).collect();
    let mut lists: Vec<Vec<usize>> = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').trim_end().lines()) {
        let wrong = |message: String| Error::recipe_file(format!("{}, line {number}: {message}", path.display()));
        let place = |word: &str| {
            let row = word.parse::<usize>().map_err(|_| {
                wrong(format!("expected a row number, found {word:?}"))
                    .with_help("write row numbers, counted from 0 and separated by spaces, such as 2 0 1")
            })?;
            if row >= rows {
                return Err(wrong(format!("there is no row {row}: the data has {rows} rows, counted from 0")));
            }
            places.get(&row).copied().ok_or_else(|| {
                wrong(format!("row {row}, counted from 0, is not one of the {}", counted(places.len(), "training row")))
                    .with_help("to use all rows for training, set `validation_fraction` 0 and `test_fraction` 0")
            })
        };
        let list = line.split_whitespace().map(place).collect::<Result<Vec<_>>>()?;
        let expected = lists.first().map_or(list.len().max(1), Vec::len);
        if list.len() != expected {
            return Err(wrong(format!("expected {}, found {}", counted(expected, "row"), list.len())));
        }
        lists.push(list);
    }
    if lists.is_empty() {
        return Err(Error::recipe_file(format!("{}: the file is empty", path.display()))
            .with_help("write row numbers, counted from 0 and separated by spaces, such as 2 0 1"));
    }
    if lists.len() != 1 && lists.len() != epochs {
        let message = format!("{}: expected {epochs} lines, one per epoch, or one line for all epochs", path.display());
        return Err(Error::recipe_file(format!("{message}, found {}", lists.len()))
            .with_help(format!("set `epochs` {}, or write one line per epoch", lists.len())));
    }
    Ok(SampleOrder::Listed(lists))
}
