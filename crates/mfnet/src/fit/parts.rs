//! Which rows are training, validation and test rows.

use super::task::Task;
use crate::data::{Dataset, Fractions, SplitBy};
use crate::error::{DataProblem, Error, ErrorKind, Result, SplitProblem};
use crate::model::Split;
use crate::random::Seed;
use crate::text::{counted, escaped, grouped};

/// Default fraction of test rows, without an official split.
const TEST_FRACTION: f64 = 0.2;

/// Default fraction of validation rows, without an official split.
const VALIDATION_FRACTION: f64 = 0.1;
/// With fewer rows, a tenth of them would be too few to validate on.
const WORTH_VALIDATING: usize = 50;

/// The rows of each part, in the order of the file.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) train: Dataset,
    pub(super) validation: Dataset,
    pub(super) test: Dataset,
    /// The indices of the training rows in the data.
    pub(super) train_rows: Vec<usize>,
    /// The indices of the validation rows in the data.
    pub(super) validation_rows: Vec<usize>,
    /// The indices of the test rows in their file.
    pub(super) test_rows: Vec<usize>,
    pub(super) split: Split,
}

impl Parts {
    /// The parts of a fit, or of one fold, counted from 1.
    pub(super) fn new(task: &Task, fold: Option<usize>) -> Result<Self> {
        let (recipe, data) = (&task.recipe, &task.data);
        // parts from a column or an official split
        let given = (fold.is_none() && recipe.test_fraction.is_none() && data.has_official_split())
            || recipe.split_column.is_some();
        let parts = match (recipe.validation_fraction, &recipe.split_column) {
            (Some(_), Some(column)) if Self::divided(task, fold, None)?.validation.samples() > 0 => {
                let message = format!(
                    "`validation_fraction` cannot be used: the column {column:?} already names validation rows"
                );
                return Err(Error::recipe(message));
            }
            (Some(fraction), _) => Self::divided(task, fold, Some(fraction))?,
            (None, _) => {
                // given validation rows, or else a tenth if that is enough
                let tenth = (data.samples() >= WORTH_VALIDATING).then_some(Some(VALIDATION_FRACTION));
                let mut ways = [given.then_some(None), tenth].into_iter().flatten();
                let found = ways.find_map(|way| match Self::divided(task, fold, way) {
                    Ok(parts) if parts.validation.samples() == 0 => None,
                    Err(error) if leaves_none_to_validate(&error) => None,
                    parts => Some(parts),
                });
                found.unwrap_or_else(|| Self::divided(task, fold, Some(0.0)))?
            }
        };
        parts.check(task)?;
        Ok(parts)
    }

    fn divided(task: &Task, fold: Option<usize>, validation: Option<f64>) -> Result<Self> {
        let by = split_by(task, fold, validation);
        if let SplitBy::Fractions(fractions) | SplitBy::Groups { fractions, .. } | SplitBy::Time { fractions, .. } = &by
            && fractions.validation + fractions.test >= 1.0
        {
            return Err(Error::recipe("`test_fraction` and `validation_fraction` together leave no training rows"));
        }
        let split = Split::new(by.clone(), Seed(task.recipe.split_seed()));
        let (train_rows, validation_rows, test_rows) = task.data.split_indices(by, Seed(split.seed))?;
        let (train, validation) = (task.data.select(&train_rows)?, task.data.select(&validation_rows)?);
        let (test, test_rows) = match &task.test {
            Some(test) => (test.clone(), (0..test.samples()).collect()),
            None => (task.data.select(&test_rows)?, test_rows),
        };
        Ok(Parts { train, validation, test, train_rows, validation_rows, test_rows, split })
    }

    /// Other divisions of the training and validation rows, each with a fold of them as validation rows and
    /// without test rows. `None` if these parts are not random, or if the rows cannot be divided so.
    pub(super) fn folds(&self, task: &Task, count: usize) -> Option<Vec<Self>> {
        let groups = match &self.split.by {
            SplitBy::Fractions(_) => None,
            SplitBy::Groups { column, .. } => Some(column.clone()),
            _ => return None,
        };
        let mut rows = [&self.train_rows[..], &self.validation_rows].concat();
        rows.sort_unstable();
        let data = task.data.select(&rows).ok()?;
        let fold = |number| {
            let by = SplitBy::Fold { number, of: count, validation: 0.0, groups: groups.clone() };
            let (train, _, validation) = data.split_indices(by, Seed(self.split.seed)).ok()?;
            let [train_rows, validation_rows] =
                [train, validation].map(|part| part.into_iter().map(|row| rows[row]).collect::<Vec<_>>());
            let [train, validation, test] = [&train_rows[..], &validation_rows, &[]].map(|rows| task.data.select(rows));
            let (train, validation, test) = (train.ok()?, validation.ok()?, test.ok()?);
            let split = self.split.clone();
            let parts = Parts { train, validation, test, train_rows, validation_rows, test_rows: Vec::new(), split };
            parts.weighted(task).ok()
        };
        (1..=count).map(fold).collect()
    }

    fn check(&self, task: &Task) -> Result<()> {
        let recipe = &task.recipe;
        // do not test a model on its training rows
        if self.test.samples() > 0 && task.may_have_seen(&self.split) {
            return Err(match &recipe.test_file {
                Some(file) => {
                    Error::recipe(format!("`warm_start`: the model was trained on rows of {file}, the test file"))
                        .with_help("choose a `test_file` that the model was not trained on")
                }
                None => Error::recipe("`warm_start`: the model was trained on this data with another split, so it may have seen the test rows")
                    .with_help("use the split of that training (`seed` or `split_seed`, `test_fraction`, `validation_fraction`, …)")
                    .with_help("or switch the test off: `test_fraction` 0"),
            });
        }
        if recipe.early_stopping.is_some_and(|patience| patience > 0) && self.validation.samples() == 0 {
            let problem = Error::recipe("`early_stopping` needs validation rows to watch");
            return Err(problem.with_help("add `validation_fraction` 0.1"));
        }
        Ok(())
    }

    /// Describes the split and the number of rows in each part.
    pub(super) fn described(&self, task: &Task) -> String {
        let seed = self.split.seed;
        let drawn = |fraction: &Option<f64>| match fraction {
            Some(fraction) if *fraction > 0.0 => format!(", random validation rows (seed {seed})"),
            _ => String::new(),
        };
        let by = match &self.split.by {
            SplitBy::Fractions(_) if task.data.has_official_split() => {
                format!("random split (seed {seed}) instead of the official one")
            }
            SplitBy::Fractions(_) | SplitBy::Groups { .. } => format!("random split (seed {seed})"),
            SplitBy::Official { validation: None } => "official split".to_owned(),
            SplitBy::Official { validation } => format!("official test rows{}", drawn(validation)),
            SplitBy::Column { column, validation } => {
                format!("split by column {}{}", escaped(column), drawn(validation))
            }
            SplitBy::Fold { number, of, .. } => format!("fold {number} of {of} (seed {seed})"),
            SplitBy::Time { column, .. } => format!("split by time (column {})", escaped(column)),
            SplitBy::TimeFold { column, number, of, .. } => {
                format!("fold {number} of {of} over time (column {})", escaped(column))
            }
        };
        rows(task, &by, [self])
    }
}

/// Whether the only problem is that no rows are left for validation.
fn leaves_none_to_validate(error: &Error) -> bool {
    use SplitProblem::{EmptyPart, FewGroups, NoGroupToSpare, RareClasses};
    let ErrorKind::Data { problem: DataProblem::Split(problem), .. } = error.kind() else { return false };
    matches!(
        problem,
        EmptyPart { part: "validation", .. }
            | RareClasses { part: "validation", .. }
            | NoGroupToSpare { part: "validation", .. }
            | FewGroups { what: "parts", .. }
    )
}

/// The number of rows in each part, as a range over several splits, and the column that groups
/// rows.
pub(super) fn rows<'a>(task: &Task, by: &str, parts: impl IntoIterator<Item = &'a Parts>) -> String {
    let sizes: Vec<_> = parts
        .into_iter()
        .map(|Parts { train, validation, test, .. }| [train, validation, test].map(Dataset::samples))
        .collect();
    let [train, validation, test] = [0, 1, 2].map(|part| {
        let of = || sizes.iter().map(|sizes| sizes[part]);
        match (of().min().unwrap_or(0), of().max().unwrap_or(0)) {
            (least, most) if least == most => grouped(most),
            (least, most) => format!("{} to {}", grouped(least), grouped(most)),
        }
    });
    let file = task.recipe.test_file.as_ref().map_or_else(String::new, |file| format!(" from {}", escaped(file)));
    let groups = task.recipe.group.as_ref().map_or_else(String::new, |column| {
        format!("; {} of {}, each in one part", counted(task.data.groups(), "group"), escaped(column))
    });
    let none = match validation == "0" && task.recipe.validation_fraction != Some(0.0) {
        true => "; none can be spared for validation, so there is no early stopping",
        false => "",
    };
    let rows = if test == "1" { "row" } else { "rows" };
    format!("{by}: {train} training, {validation} validation, {test} test {rows}{file}{groups}{none}")
}

/// How the rows are split, with this fraction of validation rows or with the given ones.
fn split_by(task: &Task, fold: Option<usize>, validation: Option<f64>) -> SplitBy {
    let recipe = &task.recipe;
    if let (Some(number), Some(of), Some(column)) = (fold, recipe.folds, recipe.time.clone()) {
        return SplitBy::TimeFold { column, number, of, validation: validation.unwrap_or(0.0) };
    }
    if let (Some(number), Some(of)) = (fold, recipe.folds) {
        return SplitBy::Fold { number, of, validation: validation.unwrap_or(0.0), groups: recipe.group.clone() };
    }
    if let Some(column) = recipe.split_column.clone() {
        return SplitBy::Column { column, validation };
    }
    if recipe.test_fraction.is_none() && task.data.has_official_split() {
        return SplitBy::Official { validation };
    }
    let test = if task.test.is_some() { 0.0 } else { recipe.test_fraction.unwrap_or(TEST_FRACTION) };
    let fractions = Fractions { validation: validation.unwrap_or(0.0), test };
    match (recipe.group.clone(), recipe.time.clone()) {
        (Some(column), _) => SplitBy::Groups { column, fractions },
        (_, Some(column)) => SplitBy::Time { column, fractions },
        (None, None) => SplitBy::Fractions(fractions),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;
    use crate::fit::Recipe;

    /// Each training and validation row is a validation row of one fold; test rows are in none. Groups
    /// stay together.
    #[test]
    fn folds_divide_training_and_validation_rows() {
        let rows: String = (0..90).map(|i| format!("{i},{},{}\n", i * i % 37, i % 9)).collect();
        let table = Table::from_text("rows.csv", &format!("x,y,g\n{rows}")).unwrap();
        for group in [None, Some("g".to_owned())] {
            let recipe = Recipe { group, ..Recipe::of_target("y") };
            let task = Task::new(table.clone().into(), &recipe).unwrap();
            let parts = Parts::new(&task, None).unwrap();
            let folds = parts.folds(&task, 3).unwrap();
            let sorted = |rows: Vec<usize>| {
                let mut rows = rows;
                rows.sort_unstable();
                rows
            };
            let of_parts = sorted([&parts.train_rows[..], &parts.validation_rows].concat());
            assert_eq!(sorted(folds.iter().flat_map(|fold| fold.validation_rows.clone()).collect()), of_parts);
            for fold in &folds {
                assert_eq!(sorted([&fold.train_rows[..], &fold.validation_rows].concat()), of_parts);
                assert_eq!((fold.train.samples(), fold.test.samples()), (fold.train_rows.len(), 0));
                let is_in = |rows: &[usize], group: usize| rows.iter().any(|row| row % 9 == group);
                let is_torn = |group| is_in(&fold.train_rows, group) && is_in(&fold.validation_rows, group);
                assert!(recipe.group.is_none() || !(0..9).any(is_torn));
            }
        }
        let rows: String = (0..60).map(|i| format!("{i},{i},{}\n", ["train", "validation", "test"][i % 3])).collect();
        let table = Table::from_text("rows.csv", &format!("x,y,part\n{rows}")).unwrap();
        let recipe = Recipe { split_column: Some("part".to_owned()), ..Recipe::of_target("y") };
        let task = Task::new(table.into(), &recipe).unwrap();
        assert!(Parts::new(&task, None).unwrap().folds(&task, 3).is_none());
    }
}
