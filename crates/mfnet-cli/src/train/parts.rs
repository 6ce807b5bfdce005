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
        let (official, seed) = (data.has_official_split(), Seed(args.split_seed.unwrap_or(args.seed)));
        let divided = |validation: Option<f64>| -> Result<_, Failure> {
            let by = match args.test_fraction {
                None if official => SplitBy::Official { validation },
                test => SplitBy::Fractions(Fractions {
                    validation: validation.unwrap_or(0.0),
                    test: test.unwrap_or(TEST_FRACTION),
                }),
            };
            if matches!(by, SplitBy::Fractions(Fractions { validation, test }) if validation + test >= 1.0) {
                let message = "--test-fraction and --validation-fraction together leave no training rows";
                return Err(Failure::usage(message));
            }
            let split = Split::new(by, seed);
            let parts = split.apply(data)?;
            Ok((split, parts))
        };
        let (split, (train, validation, test)) = match args.validation_fraction {
            Some(fraction) => divided(Some(fraction))?,
            None => {
                // official validation rows, or else a tenth, where there are some
                let tenth = (data.samples() >= WORTH_VALIDATING).then_some(Some(VALIDATION_FRACTION));
                let ways = [official.then_some(None), tenth].into_iter().flatten();
                let fits =
                    ways.filter_map(|way| divided(way).ok()).find(|(_, (_, validation, _))| validation.samples() > 0);
                fits.map_or_else(|| divided(Some(0.0)), Ok)?
            }
        };
        if args.early_stopping.is_some_and(|patience| patience > 0) && validation.samples() == 0 {
            return Err(
                Failure::usage("--early-stopping needs validation rows to watch").help("add --validation-fraction 0.1")
            );
        }
        let overruled = official && matches!(split.by, SplitBy::Fractions(_));
        Ok(Parts { train, validation, test, split, overruled })
    }

    /// By what the rows were divided, and how many came into each part.
    pub(super) fn described(&self) -> String {
        let seed = self.split.seed;
        let by = match &self.split.by {
            SplitBy::Fractions(_) if self.overruled => format!("split by seed {seed}, not the official one"),
            SplitBy::Fractions(_) => format!("split by seed {seed}"),
            SplitBy::Official { validation: Some(fraction) } if *fraction > 0.0 => {
                format!("official test rows, validation rows drawn by seed {seed}")
            }
            SplitBy::Official { validation: Some(_) } => "official test rows".to_owned(),
            SplitBy::Official { validation: None } => "official split".to_owned(),
            SplitBy::Groups { .. } | SplitBy::Column { .. } | SplitBy::Fold { .. } => String::new(),
        };
        let [train, validation, test] = [&self.train, &self.validation, &self.test].map(|part| grouped(part.samples()));
        format!("{by}: {train} training, {validation} validation, {test} test rows")
    }
}
