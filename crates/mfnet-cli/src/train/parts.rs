//! Which rows are training, validation and test rows.

use mfnet::{Dataset, Fractions, Seed, Split, SplitBy};

use crate::args::TrainArgs;
use crate::failure::Failure;
use crate::output::grouped;

/// The test rows of data without an official split, unless --test-fraction says otherwise.
const TEST_FRACTION: f64 = 0.2;

/// The validation rows of data without an official split, unless --validation-fraction says otherwise.
const VALIDATION_FRACTION: f64 = 0.1;
/// Of fewer rows the tenth would say nothing.
const WORTH_VALIDATING: usize = 50;

fn validation_fraction(data: &Dataset, test: f64) -> f64 {
    if data.samples() >= WORTH_VALIDATING && test + VALIDATION_FRACTION < 1.0 { VALIDATION_FRACTION } else { 0.0 }
}

/// The rows of each part, as they are in the file.
pub(super) struct Parts {
    pub(super) train: Dataset,
    pub(super) validation: Dataset,
    pub(super) test: Dataset,
    pub(super) split: Split,
    /// The data have an official split, and --test-fraction asked for another one.
    overruled: bool,
}

impl Parts {
    pub(super) fn new(args: &TrainArgs, data: &Dataset) -> Result<Self, Failure> {
        let by = match args.test_fraction {
            None if data.has_official_split() => SplitBy::Official { validation: args.validation_fraction },
            test => SplitBy::Fractions(Fractions {
                validation: args
                    .validation_fraction
                    .unwrap_or_else(|| validation_fraction(data, test.unwrap_or(TEST_FRACTION))),
                test: test.unwrap_or(TEST_FRACTION),
            }),
        };
        if matches!(by, SplitBy::Fractions(Fractions { validation, test }) if validation + test >= 1.0) {
            return Err(Failure::usage("--test-fraction and --validation-fraction together leave no training rows"));
        }
        let split = Split::new(by, Seed(args.split_seed.unwrap_or(args.seed)));
        let (train, validation, test) = split.apply(data)?;
        if args.early_stopping.is_some_and(|patience| patience > 0) && validation.samples() == 0 {
            return Err(
                Failure::usage("--early-stopping needs validation rows to watch").help("add --validation-fraction 0.1")
            );
        }
        let overruled = data.has_official_split() && matches!(by, SplitBy::Fractions(_));
        Ok(Parts { train, validation, test, split, overruled })
    }

    /// By what the rows were divided, and how many came into each part.
    pub(super) fn described(&self) -> String {
        let seed = self.split.seed;
        let by = match self.split.by {
            SplitBy::Fractions(_) if self.overruled => format!("split by seed {seed}, not the official one"),
            SplitBy::Fractions(_) => format!("split by seed {seed}"),
            SplitBy::Official { validation: Some(fraction) } if fraction > 0.0 => {
                format!("official test rows, validation rows drawn by seed {seed}")
            }
            SplitBy::Official { validation: Some(_) } => "official test rows".to_owned(),
            SplitBy::Official { validation: None } => "official split".to_owned(),
        };
        let [train, validation, test] = [&self.train, &self.validation, &self.test].map(|part| grouped(part.samples()));
        format!("{by}: {train} training, {validation} validation, {test} test rows")
    }
}
