//! Which rows are training, validation and test rows.

use mfnet::{Dataset, Fractions, Seed, Split, SplitBy};

use super::task::Task;
use crate::failure::Failure;
use crate::output::{counted, grouped};

/// The test rows of data without an official split, unless --test-fraction says otherwise.
const TEST_FRACTION: f64 = 0.2;

/// The validation rows of data without an official split, unless --validation-fraction says otherwise.
const VALIDATION_FRACTION: f64 = 0.1;
/// Of fewer rows the tenth would say nothing.
const WORTH_VALIDATING: usize = 50;

/// The rows of each part, as they are in the file.
pub(super) struct Parts {
    pub(super) train: Dataset,
    pub(super) validation: Dataset,
    pub(super) test: Dataset,
    /// The numbers of the training rows in the data.
    pub(super) train_rows: Vec<usize>,
    /// The numbers of the test rows in their file.
    pub(super) test_rows: Vec<usize>,
    pub(super) split: Split,
}

impl Parts {
    /// Those of a run, or of one fold, counted from 1.
    pub(super) fn new(task: &Task<'_>, fold: Option<usize>) -> Result<Self, Failure> {
        let (args, data) = (task.args, &task.data);
        let divided = |validation: Option<f64>| -> Result<Parts, Failure> {
            let by = split_by(task, fold, validation);
            if let SplitBy::Fractions(fractions) | SplitBy::Groups { fractions, .. } = &by
                && fractions.validation + fractions.test >= 1.0
            {
                let message = "--test-fraction and --validation-fraction together leave no training rows";
                return Err(Failure::usage(message));
            }
            let split = Split::new(by.clone(), Seed(args.split_seed.unwrap_or(args.seed)));
            let (train_rows, validation, test_rows) = data.split_numbers(by, Seed(split.seed))?;
            let (train, validation) = (data.select(&train_rows)?, data.select(&validation)?);
            Ok(match &task.test {
                Some(test) => {
                    let test_rows = (0..test.samples()).collect();
                    Parts { train, validation, test: test.clone(), train_rows, test_rows, split }
                }
                None => Parts { train, validation, test: data.select(&test_rows)?, train_rows, test_rows, split },
            })
        };
        // those of a column or of an official split
        let given = (fold.is_none() && args.test_fraction.is_none() && data.has_official_split())
            || args.split_column.is_some();
        let parts = match (args.validation_fraction, &args.split_column) {
            (Some(_), Some(column)) if divided(None)?.validation.samples() > 0 => {
                let message = format!("--validation-fraction does not fit: the column {column:?} has validation rows");
                return Err(Failure::usage(message));
            }
            (Some(fraction), _) => divided(Some(fraction))?,
            (None, _) => {
                // given ones, or else a tenth, where there are some
                let tenth = (data.samples() >= WORTH_VALIDATING).then_some(Some(VALIDATION_FRACTION));
                let ways = [given.then_some(None), tenth].into_iter().flatten();
                let fits = ways.filter_map(|way| divided(way).ok()).find(|parts| parts.validation.samples() > 0);
                fits.map_or_else(|| divided(Some(0.0)), Ok)?
            }
        };
        // what a model was trained on is not to be tested on
        if parts.test.samples() > 0 && task.may_have_seen(&parts.split) {
            if let Some(file) = &args.test_file {
                let message = format!("--warm-start: the model was trained on rows of {file}, the test file");
                return Err(Failure::usage(message).help("name other rows with --test-file"));
            }
            let message =
                "--warm-start: the model was trained on other rows of the same data, which may be test rows here";
            return Err(Failure::usage(message)
                .help("divide the data as they were then (--seed or --split-seed, --test-fraction, --validation-fraction, …)")
                .help("or do without a test: --test-fraction 0"));
        }
        if args.early_stopping.is_some_and(|patience| patience > 0) && parts.validation.samples() == 0 {
            return Err(
                Failure::usage("--early-stopping needs validation rows to watch").help("add --validation-fraction 0.1")
            );
        }
        Ok(parts)
    }

    /// By what the rows were divided, and how many came into each part.
    pub(super) fn described(&self, task: &Task<'_>) -> String {
        let seed = self.split.seed;
        let drawn = |fraction: &Option<f64>| match fraction {
            Some(fraction) if *fraction > 0.0 => format!(", validation rows drawn by seed {seed}"),
            _ => String::new(),
        };
        let by = match &self.split.by {
            SplitBy::Fractions(_) if task.data.has_official_split() => {
                format!("split by seed {seed}, not the official one")
            }
            SplitBy::Fractions(_) | SplitBy::Groups { .. } => format!("split by seed {seed}"),
            SplitBy::Official { validation: None } => "official split".to_owned(),
            SplitBy::Official { validation } => format!("official test rows{}", drawn(validation)),
            SplitBy::Column { column, validation } => format!("split by column {column}{}", drawn(validation)),
            SplitBy::Fold { number, of, .. } => format!("fold {number} of {of} by seed {seed}"),
        };
        let [train, validation, test] = [&self.train, &self.validation, &self.test].map(|part| grouped(part.samples()));
        let file = task.args.test_file.as_ref().map_or_else(String::new, |file| format!(" from {file}"));
        format!("{by}: {train} training, {validation} validation, {test} test rows{file}{}", groups(task))
    }
}

/// What keeps rows together, if something does.
pub(super) fn groups(task: &Task<'_>) -> String {
    let of =
        |column: &String| format!("; no group of {column} on both sides: {}", counted(task.data.groups(), "group"));
    task.args.group.as_ref().map_or_else(String::new, of)
}

/// By what the rows are divided, with this fraction of validation rows, or with those that are given.
fn split_by(task: &Task<'_>, fold: Option<usize>, validation: Option<f64>) -> SplitBy {
    let args = task.args;
    if let (Some(number), Some(of)) = (fold, args.folds) {
        return SplitBy::Fold { number, of, validation: validation.unwrap_or(0.0), groups: args.group.clone() };
    }
    if let Some(column) = args.split_column.clone() {
        return SplitBy::Column { column, validation };
    }
    if args.test_fraction.is_none() && task.data.has_official_split() {
        return SplitBy::Official { validation };
    }
    let test = if task.test.is_some() { 0.0 } else { args.test_fraction.unwrap_or(TEST_FRACTION) };
    let fractions = Fractions { validation: validation.unwrap_or(0.0), test };
    match args.group.clone() {
        Some(column) => SplitBy::Groups { column, fractions },
        None => SplitBy::Fractions(fractions),
    }
}
