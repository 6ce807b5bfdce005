//! What a recipe must be before any data are read.

use serde_json::{Map, Value};

use super::choices::Choices;
use super::names::OptimizerName;
use super::recipe::Recipe;
use super::training;
use crate::error::{Error, RecipeProblem, Result};

/// Settings that exclude each other, as options.
const CONFLICTS: [(&str, &[&str]); 6] = [
    (
        "--warm-start",
        &[
            "--target",
            "--task",
            "--hidden",
            "--activation",
            "--dtype",
            "--header",
            "--drop",
            "--numeric",
            "--categorical",
            "--scale",
        ],
    ),
    ("--clip-norm", &["--clip-layer-norm"]),
    ("--batch-order", &["--no-shuffle", "--folds"]),
    ("--test-file", &["--test-fraction", "--split-column", "--folds"]),
    ("--split-column", &["--test-fraction", "--group", "--folds"]),
    ("--folds", &["--test-fraction"]),
];

impl Recipe {
    /// Checks everything that can be checked without data.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a value that a field cannot have, [`Error::Recipe`] for fields that contradict
    /// each other.
    pub fn check(&self) -> Result<()> {
        self.check_values().map_err(|(field, expected, found)| Error::invalid(field, expected, found))?;
        self.check_conflicts()?;
        if self.optimizer != OptimizerName::Sgd && (self.momentum != 0.0 || self.nesterov) {
            let option = if self.nesterov { "--nesterov" } else { "--momentum" };
            let message = format!("{option} belongs to --optimizer sgd, not to {}", self.optimizer);
            return Err(RecipeProblem::new(message).into());
        }
        if self.nesterov && self.momentum == 0.0 {
            return Err(RecipeProblem::new("--nesterov needs --momentum").with_help("add --momentum 0.9").into());
        }
        training::check(self, &Choices::before_reading(self))
    }

    /// The first field with a value that it cannot have, what is expected there, and what was found.
    pub(super) fn check_values(&self) -> std::result::Result<(), (&'static str, String, String)> {
        if let Some(size) = self.hidden.iter().flatten().find(|size| **size == 0) {
            return Err(("hidden", "sizes of at least 1".to_owned(), size.to_string()));
        }
        let counts = [
            ("batch_size", self.batch_size, 1),
            ("epochs", self.epochs, 1),
            ("threads", self.threads, 1),
            ("folds", self.folds, 2),
        ];
        for (field, count, least) in counts {
            if let Some(count) = count.filter(|count| *count < least) {
                return Err((field, format!("a whole number of at least {least}"), count.to_string()));
            }
        }
        type Fits = fn(f64) -> bool;
        let positive: (Fits, _) = (|x| x > 0.0, "a positive number");
        let not_negative: (Fits, _) = (|x| x >= 0.0, "0 or a positive number");
        let below_one: (Fits, _) = (|x| (0.0..1.0).contains(&x), "a number from 0 to less than 1");
        let numbers = [
            ("learning_rate", self.learning_rate, positive),
            ("momentum", Some(self.momentum), below_one),
            ("weight_decay", self.weight_decay, not_negative),
            ("clip_norm", Some(self.clip_norm), not_negative),
            ("clip_layer_norm", Some(self.clip_layer_norm), not_negative),
            ("test_fraction", self.test_fraction, below_one),
            ("validation_fraction", self.validation_fraction, below_one),
        ];
        for (field, number, (fits, expected)) in numbers {
            if let Some(number) = number.filter(|x| !x.is_finite() || !fits(*x)) {
                return Err((field, expected.to_owned(), number.to_string()));
            }
        }
        Ok(())
    }

    fn check_conflicts(&self) -> Result<()> {
        let given = self.given()?;
        let is_given = |option: &str| given.contains_key(&field(option));
        CONFLICTS.iter().filter(|(option, _)| is_given(option)).try_for_each(|pair| refuse(pair, is_given))
    }

    /// Refuses what a model to go on from has already.
    pub(super) fn check_goes_on(&self) -> Result<()> {
        let given = self.given()?;
        refuse(&CONFLICTS[0], |option| given.contains_key(&field(option)))
    }

    /// The fields whose values are not the default ones.
    pub(super) fn given(&self) -> Result<Map<String, Value>> {
        let usual = Recipe::default().fields()?;
        let fields = self.fields()?.into_iter();
        Ok(fields.filter(|(field, value)| usual.get(field).unwrap_or(&Value::Null) != value).collect())
    }
}

/// Refuses options that are given beside the first one.
fn refuse((option, others): &(&str, &[&str]), is_given: impl Fn(&str) -> bool) -> Result<()> {
    match others.iter().find(|other| is_given(other)) {
        Some(other) => Err(RecipeProblem::new(format!("{option} cannot be used with {other}")).into()),
        None => Ok(()),
    }
}

/// The field of an option: `--test-file` sets `test_file`.
fn field(option: &str) -> String {
    option.trim_start_matches('-').replace('-', "_")
}
